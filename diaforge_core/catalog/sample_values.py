"""Realistic business values by the name and the form of a parameter."""

from __future__ import annotations

import datetime as dt
import random
import re
import string
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from faker import Faker

from .naming import words_of

SENTENCES: dict[str, tuple[str, ...]] = {
    "reason": (
        "The budget was cut for this quarter",
        "The customer asked for it in writing",
        "It was entered twice by mistake",
        "The contract ends this month",
        "The team moved to another building",
        "The price list has changed",
        "The project was put on hold",
        "The supplier cannot deliver in time",
        "The manager approved it on Monday",
        "The details on file are out of date",
    ),
    "message": (
        "Please send us the signed copy by Friday",
        "The delivery will arrive one day later",
        "Your request is with the finance team now",
        "We have moved the call to next week",
        "Thank you for the quick answer",
        "The new terms are in the attached offer",
        "Please confirm the meeting in Berlin",
        "Our office is closed on Thursday",
    ),
    "title": (
        "Printer on the third floor does not start",
        "Onboarding of the new sales team",
        "Renewal of the service contract",
        "Laptop order for the design group",
        "Access to the finance reports",
        "Review of the travel costs",
        "Migration of the old mailboxes",
        "Launch of the spring campaign",
        "Audit of the warehouse stock",
        "Training on the new expense tool",
    ),
    "note": (
        "Prefers to be called in the morning",
        "Met us at the trade fair in Hamburg",
        "Waiting for the answer of the legal team",
        "Should be handled before the end of the month",
        "Has asked twice about the delivery date",
        "Wants one invoice for all locations",
        "Came to us through a partner",
        "Needs a decision from the regional office",
        "Was discussed in the weekly meeting",
        "Belongs to the pilot group of the new process",
        "Works from the branch in Lyon",
        "Asked for a second offer with a longer term",
    ),
}
"""Kind of free text → short sentences without commas or quotes."""

CHOICES: dict[str, tuple[str, ...]] = {
    "industry": ("Logistics", "Healthcare", "Manufacturing", "Retail", "Insurance", "Energy", "Education", "Software"),
    "department": ("Finance", "Marketing", "Customer Care", "Engineering", "Legal", "Operations", "Procurement"),
    "currency": ("EUR", "USD", "GBP", "CHF", "SEK"),
    "country": ("Germany", "France", "Spain", "Canada", "Japan", "Brazil", "Sweden", "Italy"),
    "country_code": ("DE", "FR", "ES", "CA", "JP", "BR", "SE", "IT"),
    "language": ("German", "French", "Spanish", "Japanese", "Italian"),
    "language_code": ("de", "fr", "es", "ja", "it"),
    "locale": ("de-DE", "fr-FR", "es-ES", "en-GB", "it-IT"),
    "timezone": ("Europe/Berlin", "Europe/Paris", "America/Toronto", "Asia/Tokyo", "America/Chicago"),
    "region": ("Northern Europe", "Iberia", "Benelux", "Midwest", "Pacific Coast", "Alpine Region"),
    "job": ("Sales Manager", "Data Analyst", "Account Executive", "Plant Engineer", "Office Manager", "Controller"),
    "product": ("Standing Desk", "Label Printer", "Wireless Headset", "Pallet Scanner", "Conference Camera"),
    "role": ("Report Viewer", "Payroll Editor", "Warehouse Lead", "Support Agent", "Billing Approver"),
    "status": ("open", "in progress", "on hold", "done"),
    "priority": ("low", "medium", "high"),
    "type": ("standard", "extended", "temporary", "internal", "external"),
    "category": ("Hardware", "Travel", "Software", "Facilities", "Training", "Consulting"),
    "location": ("Berlin Office", "Lyon Warehouse", "Toronto Branch", "Madrid Plant", "Osaka Lab"),
    "tag": ("renewal", "priority", "pilot", "partner", "seasonal", "regional"),
    "source": ("Trade Fair", "Web Form", "Referral", "Newsletter", "Cold Call"),
    "method": ("bank transfer", "credit card", "direct debit"),
    "unit": ("pieces", "boxes", "hours", "kilograms"),
    "attribute": ("display name", "cost center", "phone number", "office location"),
    "application": ("Travel Portal", "Expense Desk", "Design Vault", "Payroll Hub", "Campaign Studio"),
    "group": ("Night Shift", "Field Sales", "Data Stewards", "Launch Crew", "Regional Leads"),
    "project": ("Project Harbor", "Project Birch", "Project Summit", "Project Lantern", "Project Delta"),
    "campaign": ("Spring Launch", "Partner Week", "Winter Offers", "Back to Work"),
    "skill": ("Contract Law", "Data Modelling", "Forklift Operation", "French", "Negotiation"),
    "asset": ("Projector", "Forklift", "Company Car", "Server Rack", "Badge Reader"),
    "city": ("Hamburg", "Lyon", "Toronto", "Madrid", "Osaka", "Leeds", "Chicago", "Turin", "Utrecht", "Gothenburg"),
    "street": ("Mill Road", "Harbor Street", "Station Lane", "Oak Avenue", "River Walk", "Castle Street", "Park Row"),
    "bank": ("Northern Savings Bank", "Harbor Credit Union", "First Mercantile Bank", "Alpine Trust Bank"),
    "generic": ("Harbor", "Birch", "Summit", "Lantern", "Delta", "Meadow", "Orchard", "Granite", "Comet", "Willow"),
}
"""Kind of thing → names of such things."""

_CHOICE_WORDS = (
    *((word, "country_code") for word in ("isocountry", "countrycode")),
    *(("industry", "industry"), ("sector", "industry"), ("department", "department"), ("division", "department")),
    *(("currency", "currency"), ("country", "country"), ("nationality", "country"), ("language", "language")),
    *(("locale", "locale"), ("timezone", "timezone"), ("region", "region"), ("territory", "region")),
    *(("job", "job"), ("position", "job"), ("occupation", "job"), ("designation", "job")),
    *(("product", "product"), ("item", "product"), ("material", "product"), ("article", "product")),
    *(("role", "role"), ("permission", "role"), ("status", "status"), ("state", "status"), ("priority", "priority")),
    *(("category", "category"), ("location", "location"), ("site", "location"), ("office", "location")),
    *(("warehouse", "location"), ("building", "location"), ("tag", "tag"), ("label", "tag"), ("source", "source")),
    *(("channel", "source"), ("unit", "unit"), ("application", "application"), ("app", "application")),
    *(("system", "application"), ("service", "application"), ("group", "group"), ("team", "group"), ("queue", "group")),
    *(("project", "project"), ("bank", "bank"), ("campaign", "campaign"), ("skill", "skill")),
    *(("asset", "asset"), ("device", "asset")),
    *(("attribute", "attribute"), ("field", "attribute"), ("type", "type"), ("kind", "type"), ("method", "method")),
)  # fmt: skip
"""A word of a parameter name → the kind of thing it speaks of; the first that is found counts."""
_TEXT_WORDS = {
    "reason": "reason", "justification": "reason", "cause": "reason", "purpose": "reason",
    "message": "message", "body": "message", "content": "message", "comment": "note",
    "subject": "title", "title": "title", "headline": "title", "summary": "title", "topic": "title", "goal": "title",
    "description": "note", "lessons": "note", "solution": "note", "evidence": "note", "findings": "note",
    "plan": "note", "workaround": "note", "agenda": "title", "text": "title", "outcome": "note", "terms": "note",
    "condition": "note", "symptom": "title", "memo": "note", "explanation": "reason",
    "note": "note", "notes": "note", "remarks": "note", "remark": "note", "details": "note",
    "instructions": "note", "comments": "note", "resolution": "note", "feedback": "note", "question": "message",
}  # fmt: skip
_PERSON_WORDS = frozenset(
    (
        *("contact", "employee", "user", "manager", "owner", "assignee", "requester", "approver", "candidate", "agent"),
        *(
            "recipient",
            "caller",
            "attendee",
            "reviewer",
            "lead",
            "person",
            "author",
            "buyer",
            "technician",
            "recruiter",
        ),
        *("supervisor", "delegate", "participant", "identity", "username", "customer"),
    )
)
_COMPANY_WORDS = frozenset(
    (
        *("company", "account", "vendor", "supplier", "organization", "organisation", "business", "client", "partner"),
        *("employer", "carrier", "competitor", "manufacturer", "agency"),
    )
)
_FAMILY_WORDS = frozenset(["surname", "familyname", "lastname"])
_ID_WORDS = frozenset(("id", "sid", "ids", "code", "number", "key", "ref", "reference", "no", "identifier", "uuid"))
_CODED_WORDS = frozenset(("phone", "mobile", "telephone", "fax", "country", "postal", "zip", "currency", "language"))
"""What has codes or numbers of its own kind, not identifiers."""
_EMPTY_WORDS = frozenset(("name", "value", "friendly", "unique", "with", "for", "by", "to", "of", "from"))
"""Words of a parameter name that no made-up name should end in."""
_STREET_WORDS = frozenset(["street", "address", "addressline"])
_PAST_WORDS = frozenset(
    (
        *("hire", "hired", "created", "birth", "since", "after", "past", "issued", "received", "invoice", "purchase"),
        *("incurred", "expense", "occurred"),
    )
)
_END_WORDS = frozenset(
    (
        *("end", "to", "until", "due", "expiry", "expires", "expiration", "before", "return", "close", "deadline"),
        *("finish", "through", "till", "last"),
    )
)
_DONE_WORDS = frozenset(("won", "lost", "given", "withdrawn", "sent", "paid", "made", "left", "taken", "done"))
"""What has happened by the day that a parameter such as `won_on` names."""
_START_WORDS = frozenset(["start", "from", "begin", "effective", "departure", "first"])
_NUMBERS: tuple[tuple[frozenset[str], int, int, int], ...] = (
    (frozenset(["quantity", "count", "copies", "seats", "licenses", "units", "number", "headcount"]), 2, 60, 1),
    (frozenset(["percent", "percentage", "discount", "probability", "rate", "share", "utilization"]), 5, 60, 5),
    (frozenset(["salary", "compensation", "revenue", "budget", "income"]), 42_000, 180_000, 1_000),
    (frozenset(["amount", "price", "cost", "total", "value", "fee", "limit", "payment", "sum"]), 120, 9_800, 20),
    (frozenset(["size", "employees"]), 20, 900, 10),
    (frozenset(["year"]), 2022, 2027, 1),
    (frozenset(["months", "month"]), 2, 12, 1),
    (frozenset(["days", "day"]), 2, 28, 1),
    (frozenset(["hours", "hour"]), 2, 40, 1),
    (frozenset(["minutes", "minute", "seconds", "duration", "timeout", "ttl"]), 10, 240, 5),
    (frozenset(["priority", "severity", "level", "rating", "score"]), 1, 5, 1),
    (frozenset(["latitude"]), -60, 60, 1),
    (frozenset(["longitude"]), -150, 150, 1),
)
"""Words of a parameter name → lowest, highest and step of a plausible number."""
_EXAMPLE_ID = re.compile(r"[A-Z]{0,6}[-_]?\d{3,10}")
_LOCAL = threading.local()


@dataclass(frozen=True, slots=True)
class Someone:
    """A person whose name, address and employer go together."""

    first: str
    last: str
    company: str
    domain: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        return f"{_plain(self.first)}.{_plain(self.last)}@{self.domain}"


class Values:
    """Draws values for the parameters of one call, so that they go together and differ from each other."""

    def __init__(self, rng: random.Random, locale: str, today: dt.date) -> None:
        self.rng = rng
        self.today = today
        self.fake = _faker(locale)
        self.fake.seed_instance(rng.getrandbits(48))
        self.people: dict[str, Someone] = {}
        self.afresh = False
        """Whether each name is to be of somebody new, since the one at hand is taken."""
        self.start = today + dt.timedelta(days=rng.randint(2, 25))

    def code(self, name: str) -> str:
        """A short official code, where the name speaks of a country, a language or a currency; else nothing."""
        words = set(_words(name))
        kind = next((kind for kind in ("country", "language", "currency") if kind in words), "")
        return self.rng.choice(CHOICES[kind if kind == "currency" else f"{kind}_code"]) if kind else ""

    def text(self, name: str, schema: Mapping[str, Any], entity: str) -> str:
        """A text for the parameter `name`; `entity` is the kind of thing that a bare `id` is of."""
        words = _words(name)
        return self._by_format(schema.get("format"), words) or self._by_name(words, schema, entity)

    def number(self, name: str, schema: Mapping[str, Any]) -> float:
        """A number that the name makes plausible, within the schema's limits."""
        words = set(_words(name))
        low, high, step = next(((low, high, step) for known, low, high, step in _NUMBERS if known & words), (3, 95, 1))
        bottom = schema.get("minimum", schema.get("exclusiveMinimum"))
        top = schema.get("maximum", schema.get("exclusiveMaximum"))
        if bottom is not None and (bottom > low or (top is None and bottom > high)):
            low, high = bottom, max(high, bottom + 50 * step)
        if top is not None and top < high:
            low, high = (low, top) if low <= top else (top - 50 if bottom is None else bottom, top)
        unit = schema.get("multipleOf", step if high - low >= 2 * step else 1)
        if not float(unit).is_integer() or high - low < 1:
            return self._fraction(low, high, schema)
        first = -(-low // unit) + ("exclusiveMinimum" in schema and low % unit == 0)
        last = high // unit - ("exclusiveMaximum" in schema and high % unit == 0)
        return int(self.rng.randint(int(first), max(int(first), int(last))) * unit)

    def _fraction(self, low: float, high: float, schema: Mapping[str, Any]) -> float:
        unit = schema.get("multipleOf", 0.01)
        steps = max(int((high - low) / unit), 1)
        return round(low + self.rng.randint(1, max(steps - 1, 1)) * unit, 6)

    def person(self, role: str) -> Someone:
        """The person of this role, the same each time."""
        if role not in self.people or self.afresh:
            company = self._company()
            self.people[role] = Someone(
                self.fake.first_name(), self.fake.last_name(), company, f"{_plain(company.split()[0])}.example.com"
            )
        return self.people[role]

    def _company(self) -> str:
        kind = ("Logistics", "Systems", "Foods", "Energy", "Partners", "Textiles", "Media", "Instruments")
        return f"{self.fake.last_name()} {self.rng.choice(kind)}"

    def _by_format(self, form: Any, words: list[str]) -> str:
        if form in ("date", "date-time"):
            day = self.day(words)
            hour = f"{self.rng.randint(8, 17):02d}:{self.rng.choice((0, 15, 30, 45)):02d}"
            return day.isoformat() if form == "date" else f"{day.isoformat()}T{hour}:00Z"
        if form == "time":
            return f"{self.rng.randint(8, 17):02d}:{self.rng.choice((0, 15, 30, 45)):02d}:00"
        if form in ("email", "idn-email"):
            return self.person(_role(words)).email
        if form in ("uri", "url"):
            page = self.rng.choice(("intake", "events", "reports", "forms", "portal")) + str(self.rng.randint(10, 99))
            return f"https://{self.person('').domain}/{page}"
        plain = {
            "uuid": lambda: str(uuid.UUID(int=self.rng.getrandbits(128), version=4)),
            "ipv4": lambda: f"10.{self.rng.randint(1, 250)}.{self.rng.randint(1, 250)}.{self.rng.randint(1, 250)}",
            "ipv6": lambda: f"2001:db8::{self.rng.randint(1, 9999):x}",
            "hostname": lambda: f"{self.rng.choice(CHOICES['generic']).lower()}.example.com",
            "duration": lambda: f"P{self.rng.randint(2, 20)}D",
            "phone-number": self._phone,
            "phone": self._phone,
            "iso-country-code": lambda: self.rng.choice(CHOICES["country_code"]),
            "http-method": lambda: self.rng.choice(("GET", "POST")),
        }
        return plain[form]() if form in plain else ""

    def day(self, words: list[str]) -> dt.date:
        """A day that the name makes plausible: births long ago, ends after starts, the rest within two months."""
        known = set(words)
        if "birth" in known or "birthdate" in known or "dob" in known:
            return self.today - dt.timedelta(days=self.rng.randint(8_000, 20_000))
        if known & _START_WORDS and not known & _END_WORDS:
            return self.start
        if known & _END_WORDS:
            return self.start + dt.timedelta(days=self.rng.randint(5, 60))
        done = any(word.endswith("ed") or word in _DONE_WORDS for word in words[:-1]) and words[-1] in ("on", "at")
        if done or known & _PAST_WORDS:
            return self.today - dt.timedelta(days=self.rng.randint(3, 50))
        return self.today + dt.timedelta(days=self.rng.randint(2, 45))

    def _by_name(self, words: list[str], schema: Mapping[str, Any], entity: str) -> str:
        last = words[-1] if words else ""
        joined = "".join(words)
        if last in ("iban", "bic", "vat") or {"vat", "tax", "card", "serial"} & set(words):
            return self._coded(words)
        if last in _ID_WORDS and not _CODED_WORDS & set(words):
            return self._identifier(words[:-1], schema, entity)
        return (
            self._identifier_like(schema)
            or self._contact(words, joined)
            or self._place(words, joined)
            or self._coded(words)
            or self._time_text(words)
            or self._sentence(words)
            or self._choice(words, joined)
            or self._thing(words)
        )

    def _identifier(self, words: list[str], schema: Mapping[str, Any], entity: str) -> str:
        like = self._identifier_like(schema)
        if like:
            return like
        noun = next((word for word in reversed(words) if len(word) > 2), "") or entity
        prefix = "".join(letter for letter in noun.upper() if letter in string.ascii_uppercase)[:3] or "REF"
        return f"{prefix}-{self.rng.randint(10_000, 99_999)}"

    def _identifier_like(self, schema: Mapping[str, Any]) -> str:
        """An identifier of the shape that the schema's example shows, with other digits; else nothing."""
        for example in schema.get("examples", ()):
            if isinstance(example, str) and _EXAMPLE_ID.fullmatch(example):
                return re.sub(r"\d", lambda digit: str(self.rng.randint(1, 9)), example)
        return ""

    def _contact(self, words: list[str], joined: str) -> str:
        role = _role(words)
        last = words[-1] if words else ""
        if "email" in words or "mail" in words or joined.endswith("email"):
            return self.person(role).email
        if {"phone", "mobile", "telephone", "fax", "msisdn"} & set(words) or last in ("phonenumber", "cell"):
            return self._phone()
        if joined.endswith(("firstname", "givenname")):
            return self.person(role).first
        if joined in _FAMILY_WORDS or joined.endswith(("lastname", "familyname", "surname")):
            return self.person(role).last
        if joined in ("username", "login", "userprincipalname"):
            return self.person(role).email.split("@")[0]
        if joined in ("name", "fullname", "displayname"):
            return self.person(role).name if joined != "name" else ""
        if last in _COMPANY_WORDS or (last == "name" and set(words[:-1]) & _COMPANY_WORDS):
            return self.person(role).company
        if last in _PERSON_WORDS or (last in ("name", "by") and (set(words[:-1]) & _PERSON_WORDS or last == "by")):
            return self.person(role).name
        return ""

    def _place(self, words: list[str], joined: str) -> str:
        last = words[-1] if words else ""
        if "city" in words or last in ("town", "locality"):
            return self.rng.choice(CHOICES["city"])
        if joined.endswith(("postalcode", "zipcode", "postcode", "zip")):
            return self.fake.postcode()
        if joined in ("stateprovince", "province"):
            return self.rng.choice(("Bavaria", "Ontario", "Catalonia", "Lombardy"))
        if joined.endswith("countrycode"):
            return self.rng.choice(CHOICES["country_code"])
        if joined.endswith(("languagecode", "lang")):
            return self.rng.choice(CHOICES["language_code"])
        if last in _STREET_WORDS or (last in ("line1", "1") and "address" in words):
            return f"{self.rng.randint(2, 240)} {self.rng.choice(CHOICES['street'])}"
        return ""

    def _coded(self, words: list[str]) -> str:
        """Numbers that the world gives out: accounts, cards, taxes, addresses of machines; else nothing."""
        digits = self._digits
        makers = {
            "iban": lambda: f"DE{digits(20)}",
            "bic": lambda: f"{self._letters(4)}DE{digits(2)}",
            "swift": lambda: f"{self._letters(4)}DE{digits(2)}",
            "vat": lambda: f"DE{digits(9)}",
            "tax": lambda: f"TX{digits(9)}",
            "card": lambda: f"4{digits(15)}",
            "isbn": lambda: f"978{digits(10)}",
            "sku": lambda: f"SKU-{digits(5)}",
            "serial": lambda: f"SN{digits(8)}",
            "plate": lambda: f"{self._letters(2)}-{self._letters(2)} {digits(3)}",
            "mac": lambda: ":".join(f"{self.rng.randint(16, 255):02x}" for _ in range(6)),
            "ip": lambda: self._by_format("ipv4", []),
            "host": lambda: self._by_format("hostname", []),
            "hostname": lambda: self._by_format("hostname", []),
            "domain": lambda: self.person("").domain,
            "color": lambda: self.rng.choice(("blue", "green", "grey", "red")),
            "room": lambda: f"Room {self.rng.randint(101, 499)}",
            "floor": lambda: f"Floor {self.rng.randint(1, 12)}",
            "password": lambda: f"{self.rng.choice(CHOICES['generic'])}-{digits(6)}",
        }
        found = next((word for word in words if word in makers), None)
        return makers[found]() if found else ""

    def _digits(self, count: int) -> str:
        return "".join(str(self.rng.randint(1, 9)) for _ in range(count))

    def _letters(self, count: int) -> str:
        return "".join(self.rng.choice("BCDFGHKLMNPRST") for _ in range(count))

    def _time_text(self, words: list[str]) -> str:
        if "date" in words or (words and words[-1] in ("day", "deadline", "birthday")):
            return self.day(words).isoformat()
        if words and words[-1] == "quarter":
            return f"{self.today.year}-Q{self.rng.randint(1, 4)}"
        if words and words[-1] in ("month", "period"):
            return f"{self.today.year}-{self.rng.randint(1, 12):02d}"
        if words and words[-1] == "time":
            return f"{self.rng.randint(8, 17):02d}:{self.rng.choice((0, 15, 30, 45)):02d}"
        if words and words[-1] in ("url", "uri", "link", "website", "homepage"):
            return self._by_format("uri", words)
        return ""

    def _sentence(self, words: list[str]) -> str:
        kind = next((_TEXT_WORDS[word] for word in reversed(words) if word in _TEXT_WORDS), None)
        kind = "title" if kind and "short" in words else kind
        if kind == "title" and "job" in words:
            return self.rng.choice(CHOICES["job"])
        return self.rng.choice(SENTENCES[kind]) if kind else ""

    def _choice(self, words: list[str], joined: str) -> str:
        known = {word.removesuffix("s") if len(word) > 3 else word for word in words} | set(words)
        if {"time", "zone"} <= known:
            known.add("timezone")
        kind = next((kind for word, kind in _CHOICE_WORDS if word in known or word == joined), None)
        return self.rng.choice(CHOICES[kind]) if kind else ""

    def _thing(self, words: list[str]) -> str:
        """A made-up proper name, with the parameter's own noun where that reads well."""
        noun = next((word for word in reversed(words) if word not in _EMPTY_WORDS), "")
        name = self.rng.choice(CHOICES["generic"])
        reads_well = noun.isalpha() and 3 < len(noun) < 14
        return f"{name} {noun.capitalize() if reads_well else self.rng.randint(2, 99)}"

    def _phone(self) -> str:
        return f"+1{self.rng.randint(201, 989)}555{self.rng.randint(100, 9999):04d}"


def _words(name: str) -> list[str]:
    return words_of(name) or [name.lower()]


def _role(words: list[str]) -> str:
    """Whose name or address is meant: empty for the person the call is about."""
    main = {"customer", "lead", "contact", "user", "employee", "candidate", "person", "client", "company", "account"}
    known = [word for word in words if word in _PERSON_WORDS | _COMPANY_WORDS and word not in main]
    return known[0] if known else ""


def _plain(text: str) -> str:
    """The text as lower-case ASCII letters."""
    folded = text.lower().translate(str.maketrans("äöüßáàâéèêíìóòôúùñç", "aousaaaeeeiiooouunc"))
    return "".join(letter for letter in folded if letter in string.ascii_lowercase) or "team"


def _faker(locale: str) -> Faker:
    """A generator of this thread for the locale; English where Faker does not know it."""
    known = _LOCAL.__dict__.setdefault("fakers", {})
    if locale not in known:
        try:
            known[locale] = Faker(locale.replace("-", "_"))
        except AttributeError:
            known[locale] = Faker("en_US")
    return known[locale]

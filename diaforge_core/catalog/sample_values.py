"""Realistic business values by the name and the form of a parameter."""

from __future__ import annotations

import datetime as dt
import random
import re
import string
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from faker import Faker

from .naming import words_of
from .sample_words import (
    CHOICE_WORDS,
    CHOICES,
    CLOSED_WORDS,
    CODED_WORDS,
    COMPANY_WORDS,
    DONE_WORDS,
    EMPTY_WORDS,
    END_WORDS,
    FAMILY_WORDS,
    ID_WORDS,
    NUMBERS,
    PAST_WORDS,
    PERSON_WORDS,
    PHONES,
    PLACES,
    SEEN_WORDS,
    SENTENCES,
    SPELT_NUMBERS,
    START_WORDS,
    STREET_WORDS,
    TEXT_WORDS,
    TROUBLES,
    Place,
)
from .stated_options import stated_options, stated_range
from .value_formats import CHECKS

_EXAMPLE_ID = re.compile(r"[A-Z]{0,6}[-_]?\d{3,10}")
_EXAMPLE_SID = re.compile(r"([A-Za-z]{2})[0-9A-Za-z]{32}")
_SID_PREFIX = re.compile(r"`([A-Z]{2})[0-9a-f]{32}`|\bprefix(?:ed with)? `?([A-Z]{2})\b")
_EXAMPLE_PHONE = re.compile(r"\+\d[\d ]{7,16}")
_PHONE_TEXT = re.compile(r"\bphone number|E\.164", re.IGNORECASE)
_EXAMPLE_SLUG = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)+")
_COUNTRY_CODE = re.compile(r"ISO.?3166|country code", re.IGNORECASE)
_HANDLE = re.compile(r"\b(?:device|channel|binding|chat)\b", re.IGNORECASE)
_TROUBLE = re.compile(r"\b(?:not work|down|broken|keeps happening|went wrong|fails?)\b", re.IGNORECASE)
_SHEETS = frozenset(("workbook", "worksheet", "range"))
_WON = frozenset(("lead", "leads", "prospect", "opportunity", "customer", "contact", "account", "campaign"))
"""Whom a firm comes to know by a fair or a newsletter."""
_TITLES = (("change", "change"), ("meeting", "meeting"), ("appointment", "meeting"), ("call", "meeting"))
"""A word of the tool's name → the kind of headline that its work has."""
_NO_TEXT = frozenset(("name", "version", "language", "url", "uri", "date", "time", "encoding", "length", "size"))
"""Last words of parameters that only speak of a text."""
_NOWHERE = "none"
"""A locale that has a generator of its own, so that a look at what could be drawn disturbs no draw."""
_LOCAL = threading.local()
_AT_HOME = 0.7
"""Share of calls that are about a place in the country of the locale."""


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
        return f"{self.login}@{self.domain}"

    @property
    def login(self) -> str:
        return f"{_plain(self.first)}.{_plain(self.last)}"


class Values:
    """Draws values for the parameters of one call, so that they go together and differ from each other."""

    def __init__(
        self,
        rng: random.Random,
        locale: str,
        today: dt.date,
        *,
        past: bool = False,
        ends: bool = False,
        about: Sequence[str] = (),
    ) -> None:
        """`past`: the call is about what has been, as one that reads what was stored; `ends`: it ends something.

        `about`: the words of the tool's name, by which a subject or a reason is chosen that fits the work.
        """
        self.rng = rng
        self.today = today
        self.past = past
        self.ends = ends
        self.about = frozenset(about)
        self.noun = about[-1] if about else ""
        self.country = locale[-2:]
        self.fake = _faker(locale)
        self.fake.seed_instance(rng.getrandbits(48))
        self.people: dict[str, Someone] = {}
        self.afresh = False
        """Whether each name is to be of somebody new, since the one at hand is taken."""
        self.start = today + dt.timedelta(days=-rng.randint(40, 90) if past else rng.randint(2, 25))
        self._place: Place | None = None
        self.countries: frozenset[str] = frozenset()
        """Names or codes of the only countries that the call takes; empty for any."""

    def code(self, name: str) -> str:
        """A short official code, where the name speaks of a country, a language or a currency; else nothing."""
        words = set(_words(name))
        kind = next((kind for kind in ("country", "language", "currency") if kind in words), "")
        if kind == "country":
            return self.place().code
        return self.rng.choice(CHOICES[kind if kind == "currency" else f"{kind}_code"]) if kind else ""

    def option(self, name: str, options: Sequence[Any]) -> Any:
        """One of the allowed values; the country of the call's place, and mostly its currency, where they are meant."""
        words = set(_words(name))
        place = self.place() if words & {"country", "currency"} else None
        if place and "country" in words and (own := [each for each in options if each in (place.country, place.code)]):
            return own[0]
        if place and "currency" in words and place.currency in options and self.rng.random() < _AT_HOME:
            return place.currency
        return self.rng.choice(options)

    def knows(self, name: str, schema: Mapping[str, Any]) -> bool:
        """Whether the name or the document tells what such a text is like, so that it need not be made up."""
        words = _words(name)
        return bool(
            self._by_format(schema.get("format"), words)
            or self._by_example(words, schema)
            or self._stated(name, words, schema)
            or self._known(words, schema, "")
        )

    def text(self, name: str, schema: Mapping[str, Any], entity: str) -> str:
        """A text for the parameter `name`; `entity` is the kind of thing that a bare `id` is of."""
        words = _words(name)
        return (
            self._by_format(schema.get("format"), words)
            or self._by_example(words, schema)
            or self._stated(name, words, schema)
            or self._by_name(words, schema, entity)
        )

    def _by_example(self, words: list[str], schema: Mapping[str, Any]) -> str:
        """A value of the same kind as an example that shows one: a telephone number, an address, a link."""
        for example in schema.get("examples", ()):
            if not isinstance(example, str):
                continue
            if _EXAMPLE_PHONE.fullmatch(example):
                return self._phone(spaced=" " in example)
            if re.fullmatch(r"[^@\s]+@[^@\s]+\.\w+", example):
                return self.person(_role(words)).email
            if example.startswith(("http://", "https://")):
                return self._by_format("uri", words)
            if len(example) > 2 and CHECKS["duration"](example):
                return self._duration(words)
        if (
            words[-1] not in ID_WORDS
            and {"to", "from", "caller", "number", "address"} & set(words)
            and _PHONE_TEXT.search(str(schema.get("description", "")))
        ):
            return self._phone()
        return ""

    def _stated(self, name: str, words: list[str], schema: Mapping[str, Any]) -> str:
        """One of the values that the document names; an example alone counts for what has few values."""
        if words[-1] in ID_WORDS or words[-1] in ("name", "url", "uri"):
            return ""
        options = stated_options(name, schema)
        closed = len(options) > 1 or {word.removesuffix("s") for word in words[-2:]} & CLOSED_WORDS
        return self.rng.choice(options) if options and closed else ""

    def number(self, name: str, schema: Mapping[str, Any]) -> float:
        """A number that the name makes plausible, within the schema's limits."""
        words = set(_words(name))
        low, high, step = self._range(words, schema)
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

    def _range(self, words: set[str], schema: Mapping[str, Any]) -> tuple[float, float, float]:
        """Lowest and highest plausible number and the step between: as the document says, else by the name."""
        if "year" in words:
            return (self.today.year - 1, self.today.year, 1) if self.past else (self.today.year, self.today.year + 1, 1)
        said = stated_range(schema)
        if said:
            low, high = said
            step = 10 ** max(0, len(str(int(high))) - 2)
            return max(step, -(-low // step) * step), high // step * step, step
        return next(((low, high, step) for known, low, high, step in NUMBERS if known & words), (3, 95, 1))

    def _fraction(self, low: float, high: float, schema: Mapping[str, Any]) -> float:
        unit = schema.get("multipleOf", 0.01)
        steps = max(int((high - low) / unit), 1)
        return round(low + self.rng.randint(1, max(steps - 1, 1)) * unit, 6)

    def person(self, role: str) -> Someone:
        """The person of this role, the same each time."""
        known = self.people.get(role)
        if known is None or self.afresh:
            company = self._company()
            domain = known.domain if known else f"{_plain(company.split()[0])}.example.com"
            self.people[role] = Someone(self.fake.first_name(), self.fake.last_name(), company, domain)
        return self.people[role]

    def place(self) -> Place:
        """Where the call is about, the same each time; mostly in the country of the locale."""
        if self._place is None or self.afresh:
            known = [place for place in PLACES if self.countries & {place.country, place.code}] or PLACES
            home = [place for place in known if place.code == self.country]
            self._place = self.rng.choice(home if home and self.rng.random() < _AT_HOME else known)
        return self._place

    def _company(self) -> str:
        kind = ("Logistics", "Systems", "Foods", "Energy", "Partners", "Textiles", "Media", "Instruments")
        return f"{self.fake.last_name()} {self.rng.choice(kind)}"

    def _by_format(self, form: Any, words: list[str]) -> str:
        if form in ("date", "date-time"):
            day = self.day(words)
            if form == "date-time" and day > self.start >= self.today:
                day = self.start + dt.timedelta(days=self.rng.randint(1, 3))  # nothing timed to the minute takes weeks
            hour = f"{self.rng.randint(8, 17):02d}:{self.rng.choice((0, 15, 30, 45)):02d}"
            return day.isoformat() if form == "date" else f"{day.isoformat()}T{hour}:00Z"
        if form == "time":
            return f"{self.rng.randint(8, 17):02d}:{self.rng.choice((0, 15, 30, 45)):02d}:00"
        if form in ("email", "idn-email"):
            return self._mailbox(words) or self.person(_role(words)).email
        if form in ("uri", "url"):
            page = self.rng.choice(("intake", "events", "reports", "forms", "portal")) + str(self.rng.randint(10, 99))
            return f"https://{self.person('').domain}/{page}"
        plain = {
            "uuid": lambda: str(uuid.UUID(int=self.rng.getrandbits(128), version=4)),
            "ipv4": lambda: f"10.{self.rng.randint(1, 250)}.{self.rng.randint(1, 250)}.{self.rng.randint(1, 250)}",
            "ipv6": lambda: f"2001:db8::{self.rng.randint(1, 9999):x}",
            "hostname": lambda: f"{self.rng.choice(CHOICES['generic']).lower()}.example.com",
            "duration": lambda: self._duration(words),
            "phone-number": self._phone,
            "phone": self._phone,
            "iso-country-code": lambda: self.place().code,
            "http-method": lambda: self.rng.choice(("GET", "POST")),
        }
        return plain[form]() if form in plain else ""

    def _duration(self, words: list[str]) -> str:
        short = {"minutes", "time", "timeout", "hours", "hour", "call", "meeting", "interval"} & set(words)
        return f"PT{self.rng.randrange(15, 125, 15)}M" if short else f"P{self.rng.randint(2, 20)}D"

    def _mailbox(self, words: list[str]) -> str:
        """The address of a group or a shared mailbox; nothing where a person's is meant."""
        if not {"group", "team", "shared", "mailbox", "list"} & set(words[:-1]):
            return ""
        group = self.rng.choice(CHOICES["group"]).lower().replace(" ", "-")
        return f"{group}@{self.person('').domain}"

    def day(self, words: list[str]) -> dt.date:
        """A day that the name makes plausible: births long ago, ends after starts, the rest within two months."""
        known = set(words)
        if "birth" in known or "birthdate" in known or "dob" in known:
            return self.today - dt.timedelta(days=self.rng.randint(8_000, 20_000))
        if known & SEEN_WORDS:
            return self.today - dt.timedelta(days=self.rng.randint(3, 20) + (30 if "first" in known else 0))
        if known & START_WORDS and not known & END_WORDS:
            return self.start
        if known & END_WORDS:
            return self.start + dt.timedelta(days=self.rng.randint(5, 35 if self.past else 60))
        done = any(word.endswith("ed") or word in DONE_WORDS for word in words[:-1]) and words[-1] in ("on", "at")
        if self.past or done or known & PAST_WORDS:
            return self.today - dt.timedelta(days=self.rng.randint(3, 50))
        return self.today + dt.timedelta(days=self.rng.randint(2, 45))

    def _by_name(self, words: list[str], schema: Mapping[str, Any], entity: str) -> str:
        return self._known(words, schema, entity) or self._thing(words)

    def _known(self, words: list[str], schema: Mapping[str, Any], entity: str) -> str:
        """A text of the kind that the name speaks of; nothing where it speaks of none."""
        last = words[-1] if words else ""
        joined = "".join(words)
        if last in ("iban", "bic", "vat") or {"vat", "tax", "card", "serial", "swift"} & set(words):
            return self._coded(words)
        if last in SPELT_NUMBERS or (last == "value" and "trigger" in words):
            return str(self.number(words[-1], {}))
        if last == "version":
            return f"{self.rng.randint(1, 6)}.{self.rng.randint(0, 9)}"
        if last in ("sid", "sids"):
            return self._sid(words, schema, entity)
        if last == "id" and str(schema.get("description", "")).startswith("Identifies the "):
            return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        if last in ID_WORDS and not CODED_WORDS & set(words):
            return self._identifier(words[:-1], schema, entity)
        return (
            self._slug(words, schema)
            or self._address(words, schema)
            or self._identifier_like(schema)
            or self._contact(words, entity)
            or self._coded(words)
            or self._time_text(words)
            or self._sentence(words, schema, entity)
            or self._choice(words, joined, schema)
            or self._proper_name(words)
        )

    def _identifier(self, words: list[str], schema: Mapping[str, Any], entity: str) -> str:
        like = self._identifier_like(schema)
        if like:
            return like
        noun = next((word for word in reversed(words) if len(word) > 2), "") or entity
        prefix = "".join(letter for letter in noun.upper() if letter in string.ascii_uppercase)[:3] or "REF"
        return f"{prefix}-{self.rng.randint(10_000, 99_999)}"

    def _sid(self, words: list[str], schema: Mapping[str, Any], entity: str) -> str:
        """Two letters for the kind of thing and 32 hexadecimal digits, as the document shows them."""
        shown = next(
            (found[1] for each in schema.get("examples", ()) if (found := _EXAMPLE_SID.fullmatch(str(each)))), ""
        )
        said = _SID_PREFIX.search(str(schema.get("description", "")))
        noun = next((word for word in reversed(words[:-1]) if len(word) > 2), entity)
        prefix = shown or (said and (said[1] or said[2])) or noun[:2].upper()
        return f"{prefix}{self.rng.getrandbits(128):032x}"

    def _identifier_like(self, schema: Mapping[str, Any]) -> str:
        """An identifier of the shape that the schema's example shows, with other digits; else nothing."""
        for example in schema.get("examples", ()):
            if isinstance(example, str) and _EXAMPLE_ID.fullmatch(example):
                return re.sub(r"\d", lambda digit: str(self.rng.randint(1, 9)), example)
        return ""

    def _contact(self, words: list[str], entity: str) -> str:
        joined, role = "".join(words), _role(words)
        last = words[-1] if words else ""
        if ("email" in words or "mail" in words or joined.endswith(("email", "mailbox"))) and last != "name":
            return self._mailbox(words) or self.person(role).email
        if {"phone", "mobile", "telephone", "fax", "msisdn"} & set(words) or last in ("phonenumber", "cell"):
            return self._phone()
        if joined.endswith(("firstname", "givenname", "middlename")):
            return self.person(role).first
        if joined in FAMILY_WORDS or joined.endswith(("lastname", "familyname", "surname")):
            return self.person(role).last
        if joined == "userprincipalname":
            return self.person(role).email
        if last in ("username", "login", "identity", "nickname", "alias"):
            return self.person(role).login
        called = joined in ("displayname", "friendlyname") and self._is_of_person(entity)
        if called or joined.endswith(("fullname", "emailname")):
            return self.person(role).name
        if last in COMPANY_WORDS or (last == "name" and set(words[:-1]) & COMPANY_WORDS):
            return self.person(role).company
        if last in PERSON_WORDS or (last in ("name", "by") and (set(words[:-1]) & PERSON_WORDS or _is_done_by(words))):
            return self.person(role).name
        return ""

    def _is_of_person(self, entity: str) -> bool:
        """Whether the tool's own thing is a person, as in `Directory.CreateGuestUser`."""
        return entity in PERSON_WORDS or self.noun in PERSON_WORDS

    def _address(self, words: list[str], schema: Mapping[str, Any]) -> str:
        """A part of the one address that the call is about; nothing for a name that speaks of none."""
        joined, said = "".join(words), str(schema.get("description", ""))
        last = words[-1] if words else ""
        if "city" in words or last in ("town", "locality"):
            return self.place().city
        if joined.endswith(("postalcode", "zipcode", "postcode", "zip")):
            return self.place().postcode
        if joined in ("stateprovince", "province", "stateorprovince") or (last == "state" and "address" in words):
            return self.place().region
        if joined.endswith(("countrycode", "isocountry")) or (last == "country" and _COUNTRY_CODE.search(said)):
            return self.place().code
        if last in ("country", "nationality"):
            return self.place().country
        if last in ("currency", "currencycode"):
            return self.place().currency if self.rng.random() < _AT_HOME else self.rng.choice(CHOICES["currency"])
        if joined.endswith(("languagetag", "culture")):
            return self.rng.choice(CHOICES["locale"])
        if joined.endswith(("languagecode", "lang")):
            return self.rng.choice(CHOICES["language_code"])
        if joined.endswith(("address2", "line2")):
            return f"Suite {self.rng.randint(2, 40)}"
        if words == ["address"] and _HANDLE.search(said):
            return self.person("").login
        if last == "address" and self.about & _SHEETS:
            return f"A1:{self.rng.choice('BCDEFGH')}{self.rng.randint(5, 40)}"
        if last == "region" and (re.search(r"\b(?:state|province)\b", said) or {"state", "province"} & set(words)):
            return self.place().region
        if not {"ip", "mac", "email", "mail"} & set(words) and (
            last in STREET_WORDS or joined.endswith(("address1", "line1"))
        ):
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
            "digits": lambda: digits(4),
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
        if {"date", "time"} <= set(words):
            return self._by_format("date-time", words)
        if "date" in words or (words and words[-1] in ("day", "deadline", "birthday")):
            return self.day(words).isoformat()
        if words and words[-1] == "quarter":
            day = self.day(words)
            return f"{day.year}-Q{(day.month + 2) // 3}"
        if words and words[-1] in ("month", "period"):
            return f"{self.day(words):%Y-%m}"
        if words and words[-1] == "time":
            return f"{self.rng.randint(8, 17):02d}:{self.rng.choice((0, 15, 30, 45)):02d}"
        if words and words[-1] in ("url", "uri", "link", "website", "homepage"):
            return self._by_format("uri", words)
        return ""

    def _slug(self, words: list[str], schema: Mapping[str, Any]) -> str:
        """A name for machines, where the document asks for one by its example or by `unique`; else nothing."""
        examples = [each for each in schema.get("examples", ()) if isinstance(each, str) and words_of(each) != words]
        shown = any(_EXAMPLE_SLUG.fullmatch(each) for each in examples)
        if words[-1:] != ["name"] or not (shown or "unique" in words):
            return ""
        return f"{self.rng.choice(CHOICES['generic']).lower()}-{self.rng.choice(CHOICES['search'])}"

    def _sentence(self, words: list[str], schema: Mapping[str, Any], entity: str) -> str:
        if {"search", "query", "keyword", "keywords", "q"} & set(words) or (self.past and words[-1:] == ["text"]):
            return self.rng.choice(CHOICES["search"])
        kind = _kind_of_text(words)
        if kind == "title" and ("job" in words or set(words[:-1]) & PERSON_WORDS):
            return self.rng.choice(CHOICES["job"])
        if kind == "title":
            troubled = entity in TROUBLES or _TROUBLE.search(str(schema.get("description", "")))
            kind = "trouble" if troubled else self._kind_of_title(words)
        if kind == "reason":
            kind = "ending" if self.ends else "urgent" if "emergency" in self.about else "reason"
        return self.rng.choice(SENTENCES[kind]) if kind else ""

    def _kind_of_title(self, words: list[str]) -> str:
        """What a headline is about, by the work that the tool does."""
        if words[-1:] == ["text"] and self.about & {"note", "comment"}:
            return "note"
        return next((kind for word, kind in _TITLES if word in self.about), "title")

    def _choice(self, words: list[str], joined: str, schema: Mapping[str, Any]) -> str:
        told = words if words[-1] in ("name", "zone", "title") else words[-1:]  # the last word is the noun
        known = {word.removesuffix("s") if len(word) > 3 else word for word in told} | set(told)
        if {"time", "zone"} <= known:
            known.add("timezone")
        if "type" in known and re.search(r"\bevent", str(schema.get("description", "")), re.IGNORECASE):
            known.add("event")
        kind = next((kind for word, kind in CHOICE_WORDS if word in known or word == joined), None)
        if kind == "source" and not self.about & _WON:
            return ""
        return self.rng.choice(CHOICES[kind]) if kind else ""

    def _proper_name(self, words: list[str]) -> str:
        """What somebody calls a thing of theirs, whatever it is; nothing where no name is asked for."""
        if words[-1:] != ["name"]:
            return ""
        return f"{self.rng.choice(CHOICES['named'])} {self.rng.choice(CHOICES['kind_of_name'])}"

    def _thing(self, words: list[str]) -> str:
        """A made-up text, with the parameter's own noun where that reads well."""
        noun = next((word for word in reversed(words) if word not in EMPTY_WORDS), "")
        name = self.rng.choice(CHOICES["generic"])
        reads_well = noun.isalpha() and 3 < len(noun) < 14
        return f"{name} {noun.capitalize() if reads_well else self.rng.randint(2, 99)}"

    def _phone(self, *, spaced: bool = False) -> str:
        """A number kept free for fiction in the country of the locale, in international form."""
        country, parts = self.rng.choice(PHONES.get(self.country, PHONES["US"])), []
        for part in country.split():
            parts.append("".join(str(self.rng.randint(1, 9)) if sign == "n" else sign for sign in part))
        return (" " if spaced else "").join(parts)


def is_free_text(name: str, schema: Mapping[str, Any]) -> bool:
    """Whether a value is a sentence or a headline of somebody's own."""
    return schema.get("type") == "string" and "enum" not in schema and bool(_kind_of_text(_words(name)))


def _kind_of_text(words: list[str]) -> str:
    """The kind of free text that a parameter name asks for; empty for any other value."""
    if words[-1] in CLOSED_WORDS or words[-1] in _NO_TEXT:
        return ""
    for special in ("rollback", "damage"):
        if special in words:
            return special
    kind = next((TEXT_WORDS[word] for word in reversed(words) if word in TEXT_WORDS), "")
    return "title" if kind and "short" in words else kind


@lru_cache(maxsize=65_536)
def _is_known(name: str, form: str, description: str, examples: tuple[str, ...]) -> bool:
    schema = {"format": form, "description": description, "examples": examples}
    return Values(random.Random(0), _NOWHERE, dt.date(2026, 3, 2)).knows(name, schema)


def is_known(name: str, schema: Mapping[str, Any]) -> bool:
    """Whether a text of this parameter has a kind of its own, such as a name or a day, and need not be made up."""
    examples = tuple(each for each in schema.get("examples", ()) if isinstance(each, str))
    return _is_known(name, str(schema.get("format", "")), str(schema.get("description", "")), examples)


def _is_done_by(words: list[str]) -> bool:
    """Whether a name such as `approved_by` asks who did something."""
    return words[-1:] == ["by"] and (len(words) == 1 or words[-2].endswith(("ed", "en")) or words[-2] in DONE_WORDS)


def _words(name: str) -> list[str]:
    return words_of(name) or [name.lower()]


def _role(words: list[str]) -> str:
    """Whose name or address is meant: empty for the person the call is about."""
    main = {"customer", "lead", "contact", "user", "employee", "candidate", "person", "client", "company", "account"}
    known = [word for word in words if word in PERSON_WORDS | COMPANY_WORDS and word not in main]
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

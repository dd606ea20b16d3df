"""The words that parameter names are known by, and the values that are drawn for them."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """One town with what goes with it in an address."""

    city: str
    region: str
    postcode: str
    country: str
    code: str
    currency: str


PLACES = (
    *(Place(*each, "United States", "US", "USD") for each in (
        ("Chicago", "Illinois", "60611"), ("Denver", "Colorado", "80202"), ("Atlanta", "Georgia", "30309"),
        ("Portland", "Oregon", "97205"), ("Columbus", "Ohio", "43215"), ("Raleigh", "North Carolina", "27601"),
    )),
    *(Place(*each, "United Kingdom", "GB", "GBP") for each in (
        ("Leeds", "West Yorkshire", "LS1 4AP"), ("Bristol", "Somerset", "BS1 5TR"), ("Cardiff", "Wales", "CF10 1EP"),
        ("Glasgow", "Scotland", "G2 4JR"), ("Norwich", "Norfolk", "NR2 1TF"),
    )),
    *(Place(*each, "Canada", "CA", "CAD") for each in (
        ("Toronto", "Ontario", "M5V 2T6"), ("Calgary", "Alberta", "T2P 1J9"), ("Halifax", "Nova Scotia", "B3J 1S9"),
        ("Victoria", "British Columbia", "V8W 1N6"),
    )),
    *(Place(*each, "Australia", "AU", "AUD") for each in (
        ("Brisbane", "Queensland", "4000"), ("Geelong", "Victoria", "3220"), ("Newcastle", "New South Wales", "2300"),
        ("Hobart", "Tasmania", "7000"),
    )),
    Place("Hamburg", "Hamburg", "20095", "Germany", "DE", "EUR"),
    Place("Lyon", "Rhône", "69002", "France", "FR", "EUR"),
    Place("Madrid", "Madrid", "28013", "Spain", "ES", "EUR"),
    Place("Turin", "Piedmont", "10121", "Italy", "IT", "EUR"),
    Place("Utrecht", "Utrecht", "3511 LN", "Netherlands", "NL", "EUR"),
    Place("Gothenburg", "Västra Götaland", "411 03", "Sweden", "SE", "SEK"),
    Place("Osaka", "Kansai", "530-0001", "Japan", "JP", "JPY"),
)  # fmt: skip
PHONES = {
    "US": ("+1 212 555 01nn", "+1 312 555 01nn", "+1 415 555 01nn", "+1 617 555 01nn", "+1 404 555 01nn"),
    "CA": ("+1 416 555 01nn", "+1 604 555 01nn", "+1 403 555 01nn", "+1 902 555 01nn"),
    "GB": ("+44 20 7946 0nnn", "+44 161 496 0nnn", "+44 113 496 0nnn", "+44 117 496 0nnn"),
    "AU": ("+61 2 5550 nnnn", "+61 3 5550 nnnn", "+61 7 5550 nnnn", "+61 8 5550 nnnn"),
}  # fmt: skip
"""Country → telephone numbers that are kept free for fiction; each `n` is any digit."""

SENTENCES: dict[str, tuple[str, ...]] = {
    "reason": (
        "The customer asked for it in writing",
        "The manager approved it on Monday",
        "Agreed in the weekly meeting",
        "Required by the new process",
        "The team moved to another building",
        "The auditors asked for it",
        "The project starts earlier than planned",
        "The old arrangement ends this month",
    ),
    "ending": (
        "The customer asked for it in writing",
        "It was entered twice by mistake",
        "The project was put on hold",
        "The budget was cut for this quarter",
        "It is not needed any more",
        "The contract ends this month",
        "The supplier cannot deliver in time",
        "The details were out of date",
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
    "meeting": (
        "First talk about the new contract",
        "Review of the open orders",
        "Planning for the next quarter",
        "Handover to the new team lead",
        "Feedback on the last delivery",
        "Prices for the coming year",
    ),
    "change": (
        "Move the file server to the new rack",
        "Update the firewall rules in the Leeds office",
        "Replace the switches on the second floor",
        "Raise the memory of the booking database",
        "Renew the certificate of the customer portal",
        "Switch the branch in Lyon to the new network",
    ),
    "urgent": (
        "It cannot wait for the next round of approvals",
        "Work has stopped in two branches since this morning",
        "Customers are already affected",
        "The security team asked for it today",
        "Nobody can work until it is done",
    ),
    "damage": (
        "One corner is broken off",
        "The screen has a long crack",
        "The box was wet when it arrived",
        "Two of the buttons are stuck",
        "The lid does not close any more",
    ),
    "rollback": (
        "Restore the backup of last night",
        "Go back to the version of last week",
        "Switch back to the old server",
        "Put the old settings in place again",
    ),
    "purpose": (
        "Meant for the branch in Lyon",
        "Used by the regional team",
        "Set up for the autumn review",
        "Replaces the one from last year",
        "Only for the pilot in Leeds",
        "Temporary until the new system is live",
        "For the new colleagues in Madrid",
        "Requested by the regional manager",
    ),
    "trouble": (
        "Stops working after a few minutes",
        "Very slow since Monday morning",
        "Shows an error after the last update",
        "Has not started since the weekend",
        "Works for some colleagues but not for others",
        "Fails every day around noon",
        "Went down during the night shift",
        "Does not answer in the branch in Leeds",
    ),
    "solution": (
        "Restarted the service and checked it twice",
        "Replaced the faulty part",
        "Installed the latest update",
        "Gave the account the right permissions",
        "Moved the work to another server",
        "Explained the new steps to the team",
    ),
    "note": (
        "Waiting for the answer of the legal team",
        "Should be handled before the end of the month",
        "Needs a decision from the regional office",
        "Was discussed in the weekly meeting",
        "Belongs to the pilot of the new process",
        "Replaces the one from last year",
        "Agreed with the finance team in advance",
        "Only meant for the branch in Lyon",
        "Part of the autumn review",
        "Checked with the team lead on Monday",
        "Temporary until the new system is live",
        "Requested by the regional manager",
    ),
}
"""Kind of free text → short sentences without commas or quotes."""

CHOICES: dict[str, tuple[str, ...]] = {
    "industry": ("Logistics", "Healthcare", "Manufacturing", "Retail", "Insurance", "Energy", "Education", "Software"),
    "department": ("Finance", "Marketing", "Customer Care", "Engineering", "Legal", "Operations", "Procurement"),
    "currency": ("EUR", "USD", "GBP", "CHF", "SEK"),
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
    "device": ("Reception Tablet", "Label Printer", "Meeting Room Screen", "Warehouse Scanner", "Loan Laptop"),
    "search": (
        "travel",
        "renewal",
        "payroll",
        "audit",
        "onboarding",
        "budget",
        "training",
        "archive",
        "pilot",
        "freight",
    ),
    "interval": ("day", "week", "month"),
    "event": ("order.created", "ticket.closed", "user.updated", "invoice.paid", "message.sent"),
    "street": ("Mill Road", "Harbor Street", "Station Lane", "Oak Avenue", "River Walk", "Castle Street", "Park Row"),
    "bank": ("Northern Savings Bank", "Harbor Credit Union", "First Mercantile Bank", "Alpine Trust Bank"),
    "named": (
        *("Leeds", "Lyon", "Madrid", "Hamburg", "Oakland", "Harbor", "Summit", "Lantern", "Meadow", "Orchard"),
        *("Granite", "Comet", "Willow", "Northern", "Southern", "Coastal", "Autumn", "Spring", "Winter", "Evening"),
    ),
    "kind_of_name": ("Branch", "Pilot", "Rollout", "Desk", "Trial", "Renewal", "Launch", "Shift"),
    "generic": ("Harbor", "Birch", "Summit", "Lantern", "Delta", "Meadow", "Orchard", "Granite", "Comet", "Willow"),
}
"""Kind of thing → names of such things."""

CHOICE_WORDS = (
    *(("industry", "industry"), ("sector", "industry"), ("department", "department"), ("division", "department")),
    ("language", "language"),
    *(("locale", "locale"), ("timezone", "timezone"), ("region", "region"), ("territory", "region")),
    *(("job", "job"), ("position", "job"), ("occupation", "job"), ("designation", "job")),
    *(("product", "product"), ("item", "product"), ("material", "product"), ("article", "product")),
    *(("role", "role"), ("permission", "role"), ("status", "status"), ("state", "status"), ("priority", "priority")),
    *(("category", "category"), ("location", "location"), ("site", "location"), ("office", "location")),
    *(("warehouse", "location"), ("building", "location"), ("tag", "tag"), ("label", "tag"), ("source", "source")),
    *(("channel", "source"), ("unit", "unit"), ("application", "application"), ("app", "application")),
    *(("system", "application"), ("service", "application"), ("group", "group"), ("team", "group"), ("queue", "group")),
    *(("project", "project"), ("bank", "bank"), ("campaign", "campaign"), ("skill", "skill")),
    *(("asset", "asset"), ("device", "device")),
    *(("attribute", "attribute"), ("field", "attribute"), ("event", "event"), ("type", "type"), ("kind", "type")),
    ("method", "method"),
    *(("interval", "interval"), ("granularity", "interval"), ("frequency", "interval")),
)  # fmt: skip
"""A word of a parameter name → the kind of thing it speaks of; the first that is found counts."""
TEXT_WORDS = {
    "reason": "reason", "justification": "reason", "cause": "reason", "purpose": "reason",
    "message": "message", "body": "message", "content": "message", "comment": "note",
    "subject": "title", "title": "title", "headline": "title", "summary": "title", "topic": "title", "goal": "title",
    "description": "purpose", "lessons": "note", "solution": "solution", "evidence": "note", "findings": "note",
    "plan": "note", "workaround": "solution", "agenda": "title", "text": "title", "outcome": "note", "terms": "note",
    "condition": "note", "symptom": "title", "memo": "note", "explanation": "reason",
    "note": "note", "notes": "note", "remarks": "note", "remark": "note", "details": "note",
    "instructions": "note", "comments": "note", "resolution": "solution", "feedback": "note", "question": "message",
}  # fmt: skip
PERSON_WORDS = frozenset(
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
        *("supervisor", "delegate", "participant", "customer"),
    )
)
COMPANY_WORDS = frozenset(
    (
        *("company", "account", "vendor", "supplier", "organization", "organisation", "business", "client", "partner"),
        *("employer", "carrier", "competitor", "manufacturer", "agency"),
    )
)
FAMILY_WORDS = frozenset(["surname", "familyname", "lastname"])
ID_WORDS = frozenset(("id", "sid", "ids", "code", "number", "key", "ref", "reference", "no", "identifier", "uuid"))
CODED_WORDS = frozenset(("phone", "mobile", "telephone", "fax", "country", "postal", "zip", "currency", "language"))
"""What has codes or numbers of its own kind, not identifiers."""
EMPTY_WORDS = frozenset(("name", "value", "friendly", "unique", "display", "with", "for", "by", "to", "of", "from"))
"""Words of a parameter name that no made-up name should end in."""
TROUBLES = frozenset(("incident", "problem", "outage", "bug", "fault", "defect"))
CLOSED_WORDS = frozenset(
    (
        *("type", "kind", "status", "state", "mode", "method", "category", "permission", "event", "format", "action"),
        *("behavior", "behaviour", "level", "scope", "direction", "transport", "protocol", "provider", "policy"),
    )
)
"""What has few values, so that an example of one is one of them."""
STREET_WORDS = frozenset(["street", "address", "addressline"])
PAST_WORDS = frozenset(
    (
        *("hire", "hired", "created", "birth", "since", "after", "past", "issued", "received", "invoice", "purchase"),
        *("incurred", "expense", "occurred"),
    )
)
SEEN_WORDS = frozenset(("seen", "occurred", "consumption", "detected", "observed"))
"""What can only have been."""
END_WORDS = frozenset(
    (
        *("end", "to", "until", "due", "expiry", "expires", "expiration", "before", "return", "close", "deadline"),
        *("finish", "through", "till", "last"),
    )
)
DONE_WORDS = frozenset(("won", "lost", "given", "withdrawn", "sent", "paid", "made", "left", "taken", "done"))
"""What has happened by the day that a parameter such as `won_on` names."""
START_WORDS = frozenset(["start", "from", "begin", "effective", "departure", "first"])
SPELT_NUMBERS = frozenset(
    ("amount", "threshold", "limit", "ttl", "timeout", "price", "quantity", "percent", "percentage")
)
"""What is a number even where the schema has it as a text."""
NUMBERS: tuple[tuple[frozenset[str], int, int, int], ...] = (
    (frozenset(["line", "position"]), 1, 9, 1),
    (frozenset(["quantity", "count", "copies", "seats", "licenses", "units", "number", "headcount"]), 2, 60, 1),
    (frozenset(["percent", "percentage", "discount", "probability", "rate", "share", "utilization"]), 5, 60, 5),
    (frozenset(["salary", "compensation", "revenue", "budget", "income"]), 42_000, 180_000, 1_000),
    (frozenset(["amount", "price", "cost", "total", "value", "fee", "limit", "payment", "sum"]), 120, 9_800, 20),
    (frozenset(["size", "employees"]), 20, 900, 10),
    (frozenset(["months", "month"]), 2, 12, 1),
    (frozenset(["days", "day"]), 2, 28, 1),
    (frozenset(["hours", "hour"]), 2, 40, 1),
    (frozenset(["minutes", "minute", "seconds", "duration", "timeout", "ttl"]), 10, 240, 5),
    (frozenset(["area"]), 212, 970, 1),
    (frozenset(["version", "revision"]), 1, 6, 1),
    (frozenset(["priority", "severity", "level", "rating", "score"]), 1, 5, 1),
    (frozenset(["latitude"]), -60, 60, 1),
    (frozenset(["longitude"]), -150, 150, 1),
)
"""Words of a parameter name → lowest, highest and step of a plausible number."""

"""Argument values as people say them, and back: what `spoken` writes, `heard` reads to the very same value."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..catalog.words import folded, identifier_words, shown, word_set

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MONTH = "|".join(f"{month}|{month[:3]}" for month in _MONTHS)
_DATE = re.compile(
    r"(?P<iso>\d{4}-\d{2}-\d{2})(?![\dT])"
    rf"|(?P<m1>{_MONTH})\.? (?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y1>\d{{4}})"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)? (?P<m2>{_MONTH})\.?,? (?P<y2>\d{{4}})",
    re.IGNORECASE,
)
_TIME = re.compile(r"(?:,| at)? (?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))? UTC\b", re.IGNORECASE)
_STAMP = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})Z")
"""A moment as programs write it."""
_INTEGER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?![\w]|[.,]\d)")
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w]|[.,]\d)")
_TRUE = word_set("yes true on enabled")
_TRUTH_WORD = re.compile(r"(?:yes|true|on|enabled|no|false|off|disabled)(?!\w)", re.IGNORECASE)
_NOTHING = re.compile(r"(?:null|empty)(?!\w)", re.IGNORECASE)
_END = re.compile(r",(?=\s|$)|;|\s+and\s|[.!?](?=\s|$)|\s+[—–-]\s|\n|\s\(")
"""Where a plain string stops: before the punctuation or the word that joins it to what comes next."""
_POLITE = re.compile(r"(?:\s+(?:please|thanks|thank you|thx|ok|okay|instead|then|though))+$", re.IGNORECASE)
_NEXT_CLAUSE = re.compile(
    r"(?:the|also|for|my|our|its|thanks|then|please|as (?:for|to|regards)|when it comes|with regard"
    r"|(?:regarding|concerning|about|on|with) the|here(?:'s| comes) the|(?:I|we)(?:'ve| have)"
    r"|(?:use|take|put) \S+ (?:as|for))\b",
    re.IGNORECASE,
)
_OPENERS = {"“": "”", "«": "»", "‘": "’", "'": "'"}
_AFTERWARDS = ("", ".", ", and the other thing is next.", " and the rest: more", ". That is it.", "; more", ", thanks!")
_SHORT_CODE = 4
"""Letters up to which an enum value in capitals is a code such as CHF, not a shouted word."""
_DECODER = json.JSONDecoder()


def same(a: Any, b: Any) -> bool:
    """Whether two JSON values are equal in type and content; `1` and `True` differ."""
    return type(a) is type(b) and json.dumps(a, sort_keys=True, default=str) == json.dumps(
        b, sort_keys=True, default=str
    )


def kinds(schema: dict[str, Any]) -> tuple[str, ...]:
    """The JSON types a schema declares or implies, in its order; empty when it says nothing."""
    declared = schema.get("type")
    if declared:
        return tuple(declared) if isinstance(declared, list) else (declared,)
    if "properties" in schema:
        return ("object",)
    return ("array",) if "items" in schema else ()


def _branches(schema: dict[str, Any], depth: int = 0) -> Iterator[dict[str, Any]]:
    """The schema as alternatives of one type each."""
    options = [part for key in ("oneOf", "anyOf", "allOf") for part in schema.get(key, ()) if isinstance(part, dict)]
    if options and depth < 3 and not kinds(schema) and "enum" not in schema:
        for option in options:
            yield from _branches(option, depth + 1)
        return
    for kind in kinds(schema) or ("",):
        yield {**schema, "type": kind}


@lru_cache(maxsize=4096)
def _enum_words(options: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    """Each way to say an option with the option, longest first; a way that two options share is left out."""
    ways: dict[str, Any] = {}
    twice: set[str] = set()
    for text, value in options:
        for way in {text, text.lower(), enum_said(text)} - {""}:
            key = way.casefold()
            if key in ways and not same(ways[key], value):
                twice.add(key)
            ways[key] = value
    exact = [(f"={text}", value) for text, value in options]
    return (*exact, *sorted(((way, ways[way]) for way in ways if way not in twice), key=lambda item: -len(item[0])))


def enum_said(text: str) -> str:
    """An enum code as a person says it: `IN_PROGRESS` → "in progress"; a code of symbols and digits as it is."""
    words = identifier_words(text)
    return (
        shown(words)
        if words and re.search("[A-Za-z]", text) and folded("".join(words)) == folded(text) and words != (text,)
        else text
    )


def _enum_key(options: list[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (option if isinstance(option, str) else json.dumps(option), option) for option in options if _plain(option)
    )


def _plain(option: Any) -> bool:
    return isinstance(option, str | int | float | bool) or option is None


def _boundary(text: str, end: int) -> bool:
    return end >= len(text) or not (text[end].isalnum() or text[end] == "_")


def _take_enum(options: list[Any], text: str) -> tuple[Any, int] | None:
    low = text.casefold()
    exact = [(way[1:], value) for way, value in _enum_words(_enum_key(options)) if way.startswith("=")]
    for way, value in sorted(exact, key=lambda item: -len(item[0])):
        if way and text.startswith(way) and _boundary(text, len(way)):
            return value, len(way)
    for way, value in _enum_words(_enum_key(options)):
        if not way.startswith("=") and low.startswith(way) and _boundary(text, len(way)):
            return value, len(way)
    return None


def _take_date(text: str) -> tuple[str, int] | None:
    found = _DATE.match(text)
    if not found:
        return None
    if found["iso"]:
        return found["iso"], found.end()
    month, day, year = (found["m1"] or found["m2"], found["d1"] or found["d2"], found["y1"] or found["y2"])
    number = [name[:3].lower() for name in _MONTHS].index(month[:3].lower()) + 1
    try:
        return dt.date(int(year), number, int(day)).isoformat(), found.end()
    except ValueError:
        return None


def _take_moment(text: str) -> tuple[str, int] | None:
    """A day with a time in UTC, as programs write it."""
    day = _take_date(text)
    time = _TIME.match(text, day[1]) if day else None
    if not day or not time or int(time["hour"]) > 23 or int(time["minute"]) > 59:
        return None
    clock = f"{int(time['hour']):02}:{time['minute']}:{time['second'] or '00'}"
    return f"{day[0]}T{clock}Z", time.end()


def _take_string(schema: dict[str, Any], text: str) -> tuple[Any, int] | None:
    if schema.get("format") == "date-time":
        found = _take_moment(text)
        if found:
            return found
    if schema.get("format") == "date":
        found = _take_date(text)
        if found:
            return found
    stop = _END.search(text)
    said = text[: stop.start()] if stop else text
    said = said.rstrip(" \t.!?,;")
    said = _POLITE.sub("", said)
    return (said, len(said)) if said else None


def _take_number(kind: str, text: str) -> tuple[Any, int] | None:
    found = (_INTEGER if kind == "integer" else _NUMBER).match(text)
    if not found:
        return None
    digits = found[0].replace(",", "")
    whole = re.fullmatch(r"[+-]?\d+", digits)
    return (int(digits) if whole else float(digits)), found.end()


def _items(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a list's items; empty when it says nothing about them."""
    items = schema.get("items")
    return items if isinstance(items, dict) else {}


def _take_list(schema: dict[str, Any], text: str) -> tuple[Any, int] | None:
    items = _items(schema)
    if kinds(items) and kinds(items)[0] in ("object", "array"):
        return None
    values: list[Any] = []
    place = start = 0
    while True:
        found = _take_item(items, text[start:])
        if found is None:
            return (values, place) if values else None
        values.append(found[0])
        place = start + found[1]
        joint = re.match(r", and (?=\S)| and (?=\S)|, (?!and )(?=\S)", text[place:])
        last = start and text[:start].endswith(" and ")
        lonely_and = joint and joint[0] == ", and " and len(values) < 2
        if not joint or last or lonely_and or _NEXT_CLAUSE.match(text, place + joint.end()):
            return values, place
        start = place + joint.end()


def _take_item(items: dict[str, Any], text: str) -> tuple[Any, int] | None:
    """One item of a spoken list; a plain string item has no spaces, else it stands in quotes."""
    found = heard(items, text)
    spaced = found and isinstance(found[0], str) and "enum" not in items and text[:1] not in '"“«'
    if found and spaced:
        word = re.match(r"[^\s,;]+", text)
        said = word[0].rstrip(".!?") if word else ""
        return (said, len(said)) if said and not said.endswith(":") else None
    return found


def _take_quoted(branch: dict[str, Any], text: str) -> tuple[Any, int] | None:
    if text[0] == '"':
        try:
            inside, end = _DECODER.raw_decode(text)
        except ValueError:
            close = text.find('"', 1)
            if close < 0:
                return None
            inside, end = text[1:close], close + 1
    else:
        close = text.find(_OPENERS[text[0]], 1)
        if close < 0 or (text[0] == "'" and not _boundary(text, close + 1)):
            return None
        inside, end = text[1:close], close + 1
    if branch.get("type") in ("string", "") and "enum" not in branch:
        return inside, end
    if branch.get("type") == "array":
        return _take_list(branch, text)
    found = heard(branch, inside)
    return (found[0], end) if found and found[1] == len(inside) else None


def _take(branch: dict[str, Any], text: str) -> tuple[Any, int] | None:
    kind = branch["type"]
    if text[0] in '"“«‘' or (text[0] == "'" and kind == "string"):
        found = _take_quoted(branch, text)
        if found or kind not in ("string", ""):
            return found
    if text[0] in "[{" and kind in ("array", "object", ""):
        try:
            return _DECODER.raw_decode(text)
        except ValueError:
            return None
    if "const" in branch or isinstance(branch.get("enum"), list):
        return _take_enum(branch.get("enum") or [branch["const"]], text)
    if kind == "boolean":
        found = _TRUTH_WORD.match(text)
        return (found[0].lower() in _TRUE, found.end()) if found else None
    if kind == "null":
        found = _NOTHING.match(text)
        return (None, found.end()) if found else None
    if kind in ("integer", "number"):
        return _take_number(kind, text)
    if kind == "array":
        return _take_list(branch, text)
    if kind == "object":
        return None
    if kind == "":
        return _take_number("number", text) or _take_string(branch, text)
    return _take_string(branch, text)


def heard(schema: dict[str, Any], text: str) -> tuple[Any, int] | None:
    """The value that `text` begins with and how many characters it takes; None when none of the type is there."""
    if not text or text[0].isspace():
        return None
    for branch in sorted(_branches(schema), key=lambda branch: _order(branch, text[0])):
        found = _take(branch, text)
        if found is not None:
            return found
    return None


def _order(branch: dict[str, Any], first: str) -> int:
    """The strictest type first; words in quotes are a string wherever a string will do."""
    if first in '"“«':
        return branch["type"] != "string"
    return ("null", "boolean", "integer", "number", "array", "object", "string", "").index(branch["type"])


def _ways(schema: dict[str, Any], value: Any, rng: random.Random) -> Iterator[str]:
    """Ways to say the value, the most natural first."""
    quoted = json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        yield "yes" if value else "no"
    elif isinstance(value, str):
        if any("enum" in branch for branch in _branches(schema)):
            said = enum_said(value)
            code = value.isupper() and value.isalpha() and len(value) <= _SHORT_CODE
            yield value if code else said if any(word.isupper() for word in said.split()) else said.lower()
        if any(branch.get("format") == "date" for branch in _branches(schema)):
            yield from _dates(value, rng)
        if any(branch.get("format") == "date-time" for branch in _branches(schema)):
            yield from _moments(value, rng)
        yield value
    elif isinstance(value, int | float):
        if isinstance(value, int) and abs(value) >= 10_000 and rng.random() < 0.3:
            yield f"{value:,}"
        yield quoted
    elif isinstance(value, list) and value:
        items = _items(schema)
        said = [spoken(items, item, rng, inside_list=True) for item in value]
        yield said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"
    yield quoted


def _dates(value: str, rng: random.Random) -> Iterator[str]:
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        return
    month = _MONTHS[day.month - 1]
    written = (
        f"{month} {day.day}, {day.year}",
        f"{day.day} {month} {day.year}",
        f"{month[:3]} {day.day}, {day.year}",
        value,
    )
    yield rng.choice(written)


def _moments(value: str, rng: random.Random) -> Iterator[str]:
    """A moment in UTC as a person writes it: "1 May 2026, 14:45 UTC"."""
    stamp = _STAMP.fullmatch(value)
    if stamp:
        seconds = "" if stamp[3] == ":00" else stamp[3]
        for day in _dates(stamp[1], rng):
            yield f"{day}{rng.choice((',', ' at', ''))} {stamp[2]}{seconds} UTC"


def spoken(schema: dict[str, Any], value: Any, rng: random.Random, *, inside_list: bool = False) -> str:
    """The most natural words for the value that `heard` takes back exactly, whatever follows them in a sentence."""
    for way in _ways(schema, value, rng):
        if not inside_list and all(_takes_back(schema, way, after, value) for after in _AFTERWARDS):
            return way
        if inside_list and _item_back(schema, way, value):
            return way
    return json.dumps(value, ensure_ascii=False)


def _takes_back(schema: dict[str, Any], way: str, after: str, value: Any) -> bool:
    found = heard(schema, way + after)
    return found is not None and found[1] == len(way) and same(found[0], value)


def _item_back(schema: dict[str, Any], way: str, value: Any) -> bool:
    afters = ("", ", next", " and next", ".")
    found = [_take_item(schema, way + after) for after in afters]
    return all(item is not None and item[1] == len(way) and same(item[0], value) for item in found)

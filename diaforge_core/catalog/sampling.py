"""Gold arguments: realistic values that a tool's schema accepts."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import CatalogError
from ..records.base import canonical_json
from ..records.tool import Tool
from .checking import fits, validate
from .conditions import field_schema, looked_at, needed
from .naming import words_of
from .patterns import text_like
from .sample_values import Values, is_free_text, is_known
from .sample_words import CLOSED_WORDS
from .stated_options import stated_length, stated_options

MAX_TRIES = 16
"""Draws before a schema is given up as one that contradicts itself."""
DEFAULT_TODAY = dt.date(2026, 3, 2)
"""The day that dates are drawn round where the caller names none; fixed, so that a seed decides everything."""
NESTED_SHARE = 0.5
"""Of the optional parts of a nested object: a person who states one states some of it."""
MAX_NESTING = 8
MAX_MADE_UP = 200
"""Characters of a text that are made up to reach a lower limit; no one says more."""
MAX_VALUES = 200
"""Values drawn for one call; a schema that asks for more is no call that a person could state."""
_BARE = [[word] for word in ("name", "id", "type", "code", "number", "title", "email", "phone", "status", "value")]
"""Names of parts that say nothing without the name of the whole."""
_WRAPPERS = [[word] for word in ("body", "request", "resource", "data", "payload", "input", "attributes", "properties")]
_VOID = frozenset(("", "unknown", "unknownfuturevalue", "none", "notset", "undefined", "unspecified", "other", "null"))
"""Allowed values that stand for having none."""
_AHEAD = frozenset(
    ("availability", "available", "schedule", "upcoming", "forecast", "free", "plan", "slots", "calendar")
)
_ENDING = frozenset(
    ("cancel", "close", "void", "reject", "withdraw", "decline", "return", "stop", "suspend", "lost", "end")
)
_RECORDING = frozenset(("record", "log", "report", "sick", "confirm", "acknowledge", "archived", "history"))
_FOR_MACHINES = re.compile(
    r"\b(?:json|xml|base64|twiml|etag|hash|token|certificates?|credentials|private key|secret|schemas|cursor)\b"
    r"|^attributes\b",
    re.IGNORECASE,
)
"""Texts that only machines write."""
_KEPT_BY_SERVERS = frozenset(
    (
        *("timestamp", "created", "creator", "updated", "modified", "consumed", "consumption", "revision", "deleted"),
        *("total", "changed", "resource", "original", "origin", "column", "usage", "migration", "etag", "subaccounts"),
        *("progress", "submitted", "owning", "creation", "latest", "transcript"),
    )
)
_SET_BY_SERVERS = (["size"], ["self"], ["web", "url"], ["share", "id"], ["is", "read"], ["generation"])
_READ_ONLY = re.compile(r"\bread-?only\b|cannot be (?:modified|changed)|automatically (?:populated|set)", re.IGNORECASE)
_TECHNICAL = frozenset(
    (
        *("page", "pagesize", "pagetoken", "perpage", "cursor", "offset", "limit", "skip", "top", "ifmatch", "etag"),
        *("sort", "sortby", "orderby", "order", "fields", "select", "expand", "include", "idempotencykey", "requestid"),
        *("traceid", "ifnonematch", "callback", "fmt", "format"),
    )
)
"""Parameters that a person in business never states, their words joined."""


def sample_arguments(
    tool: Tool,
    rng: random.Random,
    optional_share: float = 0.25,
    locale: str = "en-US",
    today: dt.date = DEFAULT_TODAY,
    wanted: Collection[str] = (),
) -> dict[str, Any]:
    """Arguments valid for the tool: all that is required or `wanted`, and each other one with this probability.

    The same for the same state of `rng`. Values go together (a name and its e-mail), differ from parameter to
    parameter, and never repeat the tool's name. Whatever `required_for` comes to demand on the way is
    among them. In the order of the tool's parameters. CatalogError if no draw is valid, as when a schema contradicts
    itself, or if hundreds of values would be needed.
    """
    problems: list[Any] = []
    for attempt in range(MAX_TRIES):
        share = optional_share if attempt < MAX_TRIES // 2 else 0.0
        nested = NESTED_SHARE if attempt < MAX_TRIES // 2 else 0.0
        arguments = _Draw(tool, rng, (share, nested), locale, today, wanted).arguments()
        problems = validate(tool, arguments)
        if not problems and _reachable(tool, arguments):
            return arguments
    why = f" ({problems[0]})" if problems else ""
    raise CatalogError(
        f"No valid arguments for '{tool.original_name}' could be drawn{why}. Its schema may contradict itself; "
        "correct it, or leave the tool out as a goal."
    )


def is_technical(parameter: str, schema: Mapping[str, Any]) -> bool:
    """Whether a parameter serves machinery (paging, caching, request ids, headers), so that people do not state it."""
    words = words_of(parameter)
    return (
        "".join(words) in _TECHNICAL
        or words[:1] == ["x"]
        or schema.get("deprecated") is True
        or schema.get("format") == "odata-filter"
        or (words[:1] == ["page"] and len(words) < 3)
    )


def _reachable(tool: Tool, arguments: Mapping[str, Any]) -> bool:
    """Whether asking for what is required, round by round, finds every value among these."""
    known: dict[str, Any] = {}
    for _ in range(len(arguments) + 2):
        wanted = needed(tool.parameters, known) - set(known)
        if not wanted:
            return True
        if not wanted <= set(arguments):
            return False
        known |= {name: arguments[name] for name in wanted}
    return False


class _Draw:
    """One attempt at the arguments of one call."""

    def __init__(
        self,
        tool: Tool,
        rng: random.Random,
        shares: tuple[float, float],
        locale: str,
        today: dt.date,
        wanted: Collection[str],
    ) -> None:
        self.tool = tool
        self.wanted = wanted
        self.rng = rng
        self.share, self.nested = shares
        whole = tool.original_name.replace("/", ".")
        about = words_of(whole)
        self.values = Values(rng, locale, today, past=_looks_back(tool), ends=_ends_something(tool), about=about)
        nouns = words_of(whole.rsplit(".", 1)[-1])
        self.entity = next(iter(nouns[1:]), nouns[0] if nouns else "ref")
        self.count = 0
        self.has_text = False
        self.used = {tool.name.casefold(), tool.original_name.casefold()}

    def arguments(self) -> dict[str, Any]:
        return self._object(self.tool.parameters, 0, top=True)

    def _object(self, schema: Mapping[str, Any], depth: int, parent: str = "", *, top: bool = False) -> dict[str, Any]:
        drawn: dict[str, Any] = {}
        self.values.countries = self.values.countries or _countries(schema)
        self._complete(schema, drawn, depth, parent)
        optional = [name for name in schema.get("properties", {}) if name not in drawn]
        for name in optional:
            field = schema["properties"][name]
            if not (top and name in self.wanted) and not self._is_drawn(name, field, top=top):
                continue
            if _is_for_another(name, field, schema, drawn) or (self.has_text and is_free_text(name, field)):
                continue  # of two texts of somebody's own, drawn apart, one would belie the other
            wider = {**drawn, name: self._value(name, field_schema(schema, name, drawn), depth + 1, parent)}
            if wider[name] in ({}, []):
                continue
            self._complete(schema, wider, depth, parent)
            if fits(schema, wider) or not fits(schema, drawn):
                drawn = wider
        self._fill_up(schema, drawn, depth)
        order = [name for name in schema.get("properties", {}) if name in drawn]
        return {name: drawn[name] for name in dict.fromkeys([*order, *drawn])}

    def _is_drawn(self, name: str, field: Mapping[str, Any], *, top: bool) -> bool:
        """Whether an optional value is among this call's, by chance."""
        share = self.share if top else self.nested
        return self.rng.random() < share and is_dictated(self.tool, name, field) and has_kind(name, field)

    def _complete(self, schema: Mapping[str, Any], drawn: dict[str, Any], depth: int, parent: str) -> None:
        """Adds what is required, one at a time, since each value may decide what else is; deciding ones first."""
        deciding = _deciding(schema)
        places = {name: place for place, name in enumerate(schema.get("properties", {}))}
        for _ in range(200):
            open_names = needed(schema, drawn) - set(drawn)
            if not open_names:
                return
            name = min(open_names, key=lambda each: (each not in deciding, places.get(each, len(places)), each))
            drawn[name] = self._value(name, field_schema(schema, name, drawn), depth + 1, parent)

    def _fill_up(self, schema: Mapping[str, Any], drawn: dict[str, Any], depth: int) -> None:
        """Adds optional keys, then made-up ones, until `minProperties` is reached."""
        names = [name for name in schema.get("properties", {}) if name not in drawn]
        extra = schema.get("additionalProperties")
        extra = extra if isinstance(extra, dict) else {"type": "string"}
        while len(drawn) < schema.get("minProperties", 0):
            name = names.pop(0) if names else f"field_{len(drawn) + 1}"
            drawn[name] = self._value(name, schema.get("properties", {}).get(name, extra), depth + 1)

    def _value(self, name: str, schema: Mapping[str, Any], depth: int, parent: str = "") -> Any:
        """A value for one parameter, other than those drawn before where that can be.

        `parent` is the name of what it is a part of: the name of a contact is a person's.
        """
        value = None
        if parent and words_of(name)[-1:] in _BARE:
            name = f"{parent}_{name}"
        self.count += 1
        self.has_text = self.has_text or is_free_text(name, schema)
        if self.count > MAX_VALUES:
            raise CatalogError(
                f"A call of '{self.tool.original_name}' takes more than {MAX_VALUES} values, which no one can state. "
                "Leave the tool out as a goal."
            )
        for attempt in range(8):
            self.values.afresh = attempt > 0
            value = self._one(name, schema, depth)
            key = value.casefold() if isinstance(value, str) else canonical_json(value)
            if "enum" in schema or "const" in schema or isinstance(value, (bool, dict)) or key not in self.used:
                self.used.add(key)
                break
        self.values.afresh = False
        return value

    def _one(self, name: str, schema: Mapping[str, Any], depth: int) -> Any:
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self.values.option(name, _meant(schema["enum"]))
        schema = self._settled(schema)
        kind = _kind(schema)
        if depth > MAX_NESTING and kind in ("object", "array"):
            return {} if kind == "object" else []
        if kind == "boolean":
            return self.rng.random() < 0.5
        if kind in ("integer", "number"):
            return self.values.number(name, schema)
        if kind == "array":
            return self._array(name, schema, depth)
        if kind == "object":
            return self._object(schema, depth, "" if words_of(name)[-1:] in _WRAPPERS else name)
        return None if kind == "null" else self._text(name, schema)

    def _settled(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema with one of its alternative forms chosen, where it has such and no fields of its own."""
        for key in ("allOf", "oneOf", "anyOf"):
            forms = [form for form in schema.get(key, ()) if isinstance(form, Mapping) and form.get("type") != "null"]
            if forms and "properties" not in schema:
                chosen: dict[str, Any] = {k: v for k, v in schema.items() if k != key}
                for form in forms if key == "allOf" else [self.rng.choice(forms)]:
                    chosen |= dict(form)
                return self._settled(chosen)
        return schema

    def _array(self, name: str, schema: Mapping[str, Any], depth: int) -> list[Any]:
        low, high = schema.get("minItems", 1), schema.get("maxItems", 3)
        count = max(low, min(high, self.rng.choice((1, 1, 2))))
        first = schema.get("prefixItems", ())
        items = _described(schema.get("items", {"type": "string"}), schema)
        single = _singular(name)
        drawn: list[Any] = []
        for attempt in range(count * 8):
            if len(drawn) >= min(count, 50):
                break
            field = first[len(drawn)] if len(drawn) < len(first) else items
            value = self._value(single, field, depth + 1)
            needed_twice = attempt > count * 4 and len(drawn) < low and not schema.get("uniqueItems")
            if value not in drawn or needed_twice:
                drawn.append(value)
        return drawn

    def _text(self, name: str, schema: Mapping[str, Any]) -> str:
        """A plausible text; one made from the pattern where a plausible one does not fit it."""
        schema = {**({"maxLength": most} if (most := stated_length(schema)) else {}), **schema}
        limits = {key: schema[key] for key in ("minLength", "maxLength", "pattern", "format") if key in schema}
        text = self.values.text(name, schema, self.entity)
        for plausible in (text, self.values.code(name)):
            if plausible and fits(limits, plausible):
                return plausible
        if "pattern" in schema:
            for _ in range(8):
                made = text_like(schema["pattern"], self.rng)
                if fits(limits, made):
                    return made
        return _fitted(text, schema, self.rng)


def _deciding(schema: Mapping[str, Any]) -> set[str]:
    """The keys that conditions of the schema look at."""
    names = looked_at(schema["if"]) if "if" in schema else set()
    for key in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(key, ()):
            names |= _deciding(part)
            names |= {name for name, field in part.get("properties", {}).items() if {"const", "enum"} & set(field)}
    return names


def _kind(schema: Mapping[str, Any]) -> str:
    """The type to draw: the first that is not null; guessed from other keywords where none is given."""
    given = schema.get("type")
    names = given if isinstance(given, list) else [given] if given else []
    if not names:
        kinds = (("properties", "object"), ("items", "array"), ("minimum", "number"))
        names = [kind for key, kind in kinds if key in schema]
    return next((name for name in names if name != "null"), names[0] if names else "string")


def _looks_back(tool: Tool) -> bool:
    """Whether a call is about what has been: it reads what is stored, or puts down what has happened."""
    words = set(words_of(tool.original_name))
    return not words & _AHEAD and (tool.side_effect == "read" or bool(words & _RECORDING))


def _ends_something(tool: Tool) -> bool:
    """Whether a call takes something back or brings it to an end."""
    return tool.side_effect == "destructive" or bool(set(words_of(tool.original_name)) & _ENDING)


def _meant(options: list[Any]) -> list[Any]:
    """The allowed values that a person would choose on purpose; all of them where there is none such."""
    return (
        [each for each in options if each is not None and str(each).casefold() not in _VOID]
        or [each for each in options if each is not None]
        or options
    )


def _described(items: Any, schema: Mapping[str, Any]) -> Any:
    """The schema of an array's items with what the array's own description and examples say of them."""
    if not isinstance(items, dict) or "enum" in items or _kind(items) != "string":
        return items
    examples = [one for each in schema.get("examples", ()) for one in (each if isinstance(each, list) else [each])]
    said = {"description": schema.get("description", ""), "examples": examples}
    return {key: value for key, value in said.items() if value} | items


def can_be_said(name: str, schema: Mapping[str, Any]) -> bool:
    """Whether a person would state such a value: no code for machines, nothing that is read-only, no free object."""
    if _is_free_object(schema) or schema.get("format") in ("byte", "binary", "base64", "base64url"):
        return False
    said = f"{' '.join(words_of(name))} {schema.get('description', '')}"
    kind = _kind(schema)
    if kind == "object":
        fields = schema.get("properties", {})
        return any(can_be_said(each, fields[each]) for each in schema.get("required", ()) or fields if each in fields)
    if kind == "string" and "enum" not in schema and _FOR_MACHINES.search(said):
        return False
    coded = any(isinstance(each, str) and each[:1] in ("{", "[", "<") for each in schema.get("examples", ()))
    return not coded and not _READ_ONLY.search(said) and words_of(name)[:1] != ["odata"]


def is_dictated(tool: Tool, name: str, schema: Mapping[str, Any]) -> bool:
    """Whether a person would add such an optional value of their own accord.

    Not what serves machinery, nor a code of a closed list that the document does not give, nor, in a call that changes
    something, a time that the server keeps.
    """
    words = words_of(name)
    if is_technical(name, schema) or not can_be_said(name, schema):
        return False
    if _kind(schema) == "string" and words[-1:] and words[-1] in CLOSED_WORDS:
        return "enum" in schema or "const" in schema or bool(stated_options(name, schema))
    return tool.side_effect == "read" or not (set(words) & _KEPT_BY_SERVERS or words in _SET_BY_SERVERS)


def has_kind(name: str, schema: Mapping[str, Any]) -> bool:
    """Whether a value is more than a text made up without a hint of what it is like."""
    if _kind(schema) == "array" and isinstance(items := schema.get("items"), dict):
        return has_kind(_singular(name), _described(items, schema))
    return _kind(schema) != "string" or bool({"enum", "const"} & set(schema)) or is_known(name, schema)


def _countries(schema: Mapping[str, Any]) -> frozenset[str]:
    """The countries that an object's parameter of that name lists; empty where none does."""
    listed = (
        field.get("enum", ()) for name, field in schema.get("properties", {}).items() if "country" in words_of(name)
    )
    return frozenset(each for options in listed for each in options if isinstance(each, str))


def _is_for_another(name: str, field: Mapping[str, Any], schema: Mapping[str, Any], drawn: Mapping[str, Any]) -> bool:
    """Whether name or description tie a value to a choice that was not made, such as "when it is paid by cheque"."""
    said = f"{_spaced(name)}{_spaced(str(field.get('description', '')))}"
    for key, other in schema.get("properties", {}).items():
        options = [each for each in other.get("enum", ()) if isinstance(each, str) and len(each) > 3]
        named = [each for each in options if other is not field and _spaced(each) in said]
        if named and drawn.get(key) not in named:
            return True
    return False


def _spaced(text: str) -> str:
    """The text's words in small letters, a space round each."""
    return f" {' '.join(words_of(text))} "


def _is_free_object(schema: Mapping[str, Any]) -> bool:
    """Whether a parameter is an object without declared fields, which no one can state in words."""
    return _kind(schema) == "object" and not schema.get("properties") and not schema.get("oneOf")


def _fitted(text: str, schema: Mapping[str, Any], rng: random.Random) -> str:
    """The text cut or lengthened to the schema's limits, at words where that works."""
    most, least = schema.get("maxLength", len(text) + 1_000), min(schema.get("minLength", 0), MAX_MADE_UP)
    if len(text) > most:
        cut = text[:most]
        text = cut.rsplit(" ", 1)[0] if " " in cut and len(cut.rsplit(" ", 1)[0]) >= least else cut
    while len(text) < least:
        text += rng.choice("abcdefghjkmnpqrstuvwxyz23456789")
    return text.strip() if len(text.strip()) >= least else text.strip().ljust(least, "x")


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith(("xes", "ches", "shes", "sses")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name

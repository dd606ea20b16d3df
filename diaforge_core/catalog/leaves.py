"""The values of a tool that can be spoken one by one, and what a person calls each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..records.tool import Tool
from .nouns import noun
from .profiles import profile
from .verbs import PREPOSITIONS
from .words import by_identity, folded, identifier_words, shown, word_set

_DEEPEST = 5
"""Levels of nested objects that are spoken part by part; what lies deeper is spoken as a whole."""
_LONE_WORDS = {"to": "recipient", "from": "sender", "by": "author", "q": "search text", "query": "search text"}
_LONE_DATES = dict.fromkeys(("from", "since", "after"), "start date") | dict.fromkeys(
    ("to", "until", "before"), "end date"
)
_DATES = ("date", "date-time")
"""Formats of what is a day or a time."""
_LEADING = {"from": "source", "to": "target"}
_STEMS = {
    "starts": "start", "started": "start", "ends": "end", "ended": "end", "called": "call", "created": "creation",
    "expires": "expiry", "expired": "expiry", "updated": "update", "sent": "sending", "valid": "validity",
    "hired": "hire", "ordered": "order",
}  # fmt: skip
"""Word before `at`, `on`, `after` or `before` → as a noun."""
_ENDINGS = {
    ("send", "to"): "recipient", ("mailbox", "to"): "mailbox recipient", ("requested", "for"): "beneficiary",
    ("duplicate", "of"): "original entry", ("replace", "with"): "replacement", ("ship", "from"): "shipping origin",
    ("ordered", "from"): "first order date", ("ordered", "to"): "last order date",
    ("transfer", "activities", "to"): "new owner of the activities",
}  # fmt: skip
"""Names that end in a preposition → what they are of."""
_PAST = {"given": "gave", "taken": "took", "written": "wrote", "withdrawn": "withdrew", "chosen": "chose"}
"""Participle → what the person did."""
_DEADLINES = {
    "respond": "response deadline",
    "reply": "reply deadline",
    "needed": "deadline",
    "due": "due date",
}
"""Word before `by` → the day that is meant, and no person."""
_ORDERS = {"order": "sort order", "sort": "sort order", "group": "grouping"}
_SWITCHES = word_set("is has enable disable can allow")
"""First words of what is either so or not."""
_SMALL_WORDS = word_set("at for of in on after before since until if with is are and or as not the a an be it")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z'-]*(?: [A-Za-z][A-Za-z'-]*){0,3}")
_TERSE = 2
"""Letters up to which a word is an abbreviation."""
_WRAPPERS = word_set("body request resource value etag fields alt kind payload odata http")
"""Labels, or their first words, of values that a document wraps others in, or that only machines know."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value that can be spoken by itself: a parameter, or one part of a nested object."""

    path: str
    """Dotted, such as `address.city`."""
    keys: tuple[str, ...]
    schema: dict[str, Any]
    label: str
    """Business words for it, unique in its tool."""
    required: bool
    """Whether its own object requires it."""


def parts_of(schema: dict[str, Any], depth: int = 0) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Each property of an object schema with its own schema and whether it is required; branches are merged in."""
    seen: set[str] = set()
    needed = schema.get("required")
    required = set(needed) if isinstance(needed, list | tuple) else set()
    sources = [schema]
    if depth < _DEEPEST:
        for key in ("allOf", "anyOf", "oneOf"):
            sources.extend(branch for branch in schema.get(key, ()) if isinstance(branch, dict))
        sources.extend(schema[key] for key in ("then", "else") if isinstance(schema.get(key), dict))
    for source in sources:
        for name, part in (source.get("properties") or {}).items():
            if name not in seen and isinstance(part, dict) and (source is schema or _says_type(part)):
                seen.add(name)
                yield name, part, name in required


def _says_type(schema: dict[str, Any]) -> bool:
    return any(key in schema for key in ("type", "enum", "format", "properties", "items"))


def is_object(schema: dict[str, Any]) -> bool:
    """Whether values of the schema are objects whose parts are known, so that each can be spoken by itself."""
    kind = schema.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    return ("object" in kinds or kind is None) and any(True for _ in parts_of(schema))


def _raw_leaves(
    schema: dict[str, Any], keys: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], dict[str, Any], bool]]:
    for name, part, required in parts_of(schema):
        path = (*keys, name)
        if is_object(part) and len(path) < _DEEPEST:
            yield from _raw_leaves(part, path)
        yield path, part, required


def _last_words(keys: tuple[str, ...], thing: str, schema: dict[str, Any]) -> str:
    words = ["ID" if word == "sid" else word for word in identifier_words(keys[-1])]
    if len(words) > 1 and words[0] == "x":
        words = words[1:]
    if [word.lower() for word in words] in (["id"], ["key"], ["number"]):
        before = shown(identifier_words(keys[-2])) if len(keys) > 1 else thing
        words = [*before.split(), *words[before.lower().endswith(f" {words[0].lower()}") :]] if before else words
    if len(words) == 1 and schema.get("format") in _DATES and words[0] in _LONE_DATES:
        return _LONE_DATES[words[0]]
    if len(words) == 1:
        words = [_LONE_WORDS.get(words[0], f"{words[0]} value" if words[0] in _SMALL_WORDS else words[0])]
    if len(words) > 1 and words[0] in _LEADING:
        words[0] = _LEADING[words[0]]
    return _as_noun(words) or shown(words) or "value"


def _as_noun(words: list[str]) -> str:
    """A noun phrase for an identifier such as `approved_by` or `starts_at`; "" where it is one already."""
    *before, last = words or [""]
    if not before or before[0] in _SWITCHES:
        return ""
    if tuple(words) in _ENDINGS:
        return _ENDINGS[tuple(words)]
    if last in ("after", "before"):
        said = _STEMS.get(shown(before), shown(before)).removesuffix(" date")
        return f"{'earliest' if last == 'after' else 'latest'} {said} date"
    if last == "from":
        return f"first {shown(before)} day"
    if last in ("at", "on"):
        return f"{' '.join([*before[:-1], _STEMS.get(before[-1], before[-1])])} {'time' if last == 'at' else 'date'}"
    if last == "until":
        return "last valid day" if before == ["valid"] else f"last day to {shown(before)}"
    return _by_whom(before) if last == "by" else ""


def _by_whom(before: list[str]) -> str:
    """Who did it, for a participle before `by`; else the day or the order that is meant."""
    if before[-1] in _DEADLINES and len(before) == 1:
        return _DEADLINES[before[-1]]
    done = next((at for at, word in enumerate(before) if word.endswith("ed") or word in _PAST), None)
    if done is None:
        return _ORDERS.get(before[-1], f"{shown(before)} field") if len(before) == 1 else ""
    did = _PAST.get(before[done], before[done])
    first = before[:done]
    if first and first != ["last"]:
        return f"person who {did} the {shown(first)}"
    return " ".join(["person who", *first, did, "it", *before[done + 1 :]])


def _keyed(name: str, path: str, *, ends: bool) -> str:
    """What a key in the middle of the address is of, by the segment before it: "schema" of `/schemas/{id}/versions`.

    `ends`: also a key at its end, which cannot be of what is made only now.
    """
    found = re.search(rf"/([^/{{}}]+)/\{{{re.escape(name)}\}}{'' if ends else '/'}", path)
    return noun(identifier_words(found[1])) if found else ""


def _full_words(keys: tuple[str, ...]) -> str:
    return shown([word for key in keys for word in identifier_words(key)]) or "value"


@by_identity(4096)
def _leaves(tools: Sequence[Tool]) -> tuple[Leaf, ...]:
    (tool,) = tools
    thing, makes = profile(tool).resource, profile(tool).action == "create"
    found = list(_raw_leaves(tool.parameters, ()))
    labels = [_last_words(keys, _keyed(keys[-1], tool.path, ends=makes) or thing, schema) for keys, schema, _ in found]
    for attempt in range(2):
        counts: dict[str, int] = {}
        for label in labels:
            counts[label.lower()] = counts.get(label.lower(), 0) + 1
        again = [index for index, label in enumerate(labels) if counts[label.lower()] > 1]
        for number, index in enumerate(again, 1):
            keys = found[index][0]
            if attempt == 0 and ("sid" in identifier_words(keys[-1]) or len(keys) > 1):
                labels[index] = _full_words(keys)
            elif attempt == 1:
                labels[index] = f"{labels[index]} {number}"
    return tuple(
        Leaf(".".join(keys), keys, schema, label, required)
        for (keys, schema, required), label in zip(found, labels, strict=True)
    )


def leaves(tool: Tool) -> tuple[Leaf, ...]:
    """Every value of the tool that can be spoken by itself, parts of an object before the object as a whole."""
    return _leaves((tool,))


def labels_of(tool: Tool) -> dict[str, str]:
    """Dotted path → business words, for each value of the tool that can be spoken by itself."""
    return {leaf.path: leaf.label for leaf in leaves(tool)}


@by_identity(65_536)
def _tellable(tools: Sequence[Tool]) -> dict[str, bool]:
    (tool,) = tools
    placed = {folded(name) for name in re.findall(r"\{(.*?)\}", tool.path)}
    required = set(tool.required)
    return {
        leaf.label: leaf.path in required
        for leaf in leaves(tool)
        if folded(leaf.keys[-1]) not in placed and _is_told(leaf.label)
    }


def _is_told(label: str) -> bool:
    """Whether a person would name a value so: a few plain words that are not about the form of a message."""
    plain = _PLAIN.fullmatch(label) is not None and not _WRAPPERS & {label, label.split()[0]}
    return plain and all(_is_a_word(word) for word in label.split())


def _is_a_word(word: str) -> bool:
    return len(word) > _TERSE or word.isupper() or word in _SMALL_WORDS | PREPOSITIONS | {"no", "do", "my"}


def tellable(tool: Tool) -> dict[str, bool]:
    """Label → whether the tool requires it, for each value that a person knows to have without knowing the tool.

    The keys in its address are left out, since they only name what the tool works on.
    """
    return _tellable((tool,))

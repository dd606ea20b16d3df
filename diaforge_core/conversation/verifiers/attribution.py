"""Which parameter the words give a value to: by the label beside it, by what it looks like, by the order of a span."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...catalog.leaves import Leaf, leaves
from ...catalog.words import identifier_words, meaning
from ..labels import label_pattern, leaf_named
from .amounts import foreign_unit, units_in
from .case import Case, Fault
from .moments import false_weekday
from .words import is_telling, same_value

_STARTS = frozenset(["start", "from", "begin", "first", "since", "earliest", "minimum", "min", "lower"])
_ENDS = frozenset(["end", "to", "until", "till", "last", "latest", "through", "maximum", "max", "upper"])
_SIGNS = {
    "a digit": (re.compile(r"\d"), "phone telephone mobile fax iban postcode zip"),
    "an @": (re.compile("@"), "email mail"),
    "a letter": (re.compile(r"[^\W\d_]"), "name street city country company bank"),
}
"""What a text must hold → by which last words of its name."""
_NO_DIGIT = frozenset(["city", "country", "firstname", "lastname", "surname"])
_BIND_AFTER = re.compile(
    r"\s*(?:[:=–—-]\s*)?(?:(?:is|was|are|should be|would be|will be|that'?s|it'?s|i'?d (?:take|use)|please|take|use"
    r"|put(?: down)?|enter|set to|number|to|as)[\s,:=]+){0,3}[\"“']?",
    re.IGNORECASE,
)
"""What may stand between a label and its value."""
_BIND_BEFORE = re.compile(
    r"[\"”']?\s+(?:is|are|as|for|would be|will be|should be)\s+(?:the|our|my|its|their|your)\s+", re.IGNORECASE
)
"""What may stand between a value and the label that follows it."""
_CLAUSE = re.compile(r"[,;:\n]|[.!?](?=\s|$)|\band\b", re.IGNORECASE)
_STRONGLY = 2
"""Words beside one value from which on it is drawn to another parameter, whatever stands beside the other."""
_DIRECTIONS = ("from", "to", "into", "of", "new", "old", "since", "until", "till", "between")


def misattributed(case: Case) -> Iterator[Fault]:
    """Each value of the call that the words give to another parameter, in another unit or on another day."""
    if case.goal is None or case.call is None or case.call.name != case.goal.name:
        return
    for check in (_looks_wrong, _span_reversed, _named_as_another, _changed_places, _unit, _zone):
        why = check(case)
        if why:
            yield Fault(why, case.last)
    yield from _weekday(case)


def _parts(case: Case) -> Iterator[tuple[Leaf, Any]]:
    """Each value of the call that is spoken by itself, with its place in the schema."""
    for leaf in leaves(case.goal) if case.goal else ():
        if leaf.path in case.called_parts:
            yield leaf, case.called_parts[leaf.path]


# --- what a value looks like -----------------------------------------------------------------------------------------


def _looks_wrong(case: Case) -> str:
    for leaf, value in _parts(case):
        if not isinstance(value, str) or "enum" in leaf.schema or not value.strip():
            continue
        needed, no_digit = _look_of(leaf.keys[-1])
        if needed and not _SIGNS[needed][0].search(value):
            return f"{leaf.path} is {value!r}, which holds not even {needed}"
        if no_digit and re.search(r"\d", value):
            return f"{leaf.path} is {value!r}, which holds a digit"
    return _made_as_another(case)


@lru_cache(maxsize=8192)
def _look_of(name: str) -> tuple[str, bool]:
    """What a text of this name must hold, if anything, and whether it holds no digit."""
    words = identifier_words(name)
    needed = next((sign for sign, (_, names) in _SIGNS.items() if words and words[-1] in names.split()), "")
    return needed, bool({"".join(words[-2:]), *words[-1:]} & _NO_DIGIT)


def _made_as_another(case: Case) -> str:
    """A code that is made as the examples of another parameter are, and not as its own: CT-1180 for an account."""
    codes = {
        leaf.path: (_make(value), {_make(example) for example in leaf.schema.get("examples", ())})
        for leaf, value in _parts(case)
        if isinstance(value, str) and re.search(r"[A-Za-z]", _make(value)) and re.search(r"\d", value)
    }
    for path, (make, own) in codes.items():
        if own and make not in own:
            other = next((name for name, (_, examples) in codes.items() if name != path and make in examples), "")
            if other:
                return f"{path} is {case.called_parts[path]!r}, which is made as {other} is"
    return ""


def _make(value: Any) -> str:
    """The letters and signs of a code, its digits left out."""
    return re.sub(r"\d+", "0", str(value)) if re.fullmatch(r"[A-Z]{1,6}[-_ ]?\d+(?:[-_ ]\d+)*", str(value)) else ""


# --- the order of a span ---------------------------------------------------------------------------------------------


def _span_reversed(case: Case) -> str:
    """A span of days or amounts that ends before it begins."""
    found = [(leaf, value) for leaf, value in _parts(case) if _is_a_point(value)]
    for (one, first), (other, second) in combinations(found, 2):
        if type(first) is not type(second) or one.keys[:-1] != other.keys[:-1]:
            continue
        begins, ends = (one, first), (other, second)
        if _is_span(other, one):
            begins, ends = ends, begins
        elif not _is_span(one, other):
            continue
        if begins[1] > ends[1]:
            return f"{begins[0].path} is {begins[1]!r}, which comes after {ends[0].path} = {ends[1]!r}"
    return ""


def _is_a_point(value: Any) -> bool:
    if isinstance(value, str):
        return re.match(r"\d{4}-\d\d-\d\d", value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_span(begins: Leaf, ends: Leaf) -> bool:
    """Whether two names differ only in that one begins what the other ends."""
    one, other = set(identifier_words(begins.keys[-1])), set(identifier_words(ends.keys[-1]))
    return bool(one - other and other - one and one - other <= _STARTS and other - one <= _ENDS)


# --- the label beside it ---------------------------------------------------------------------------------------------


def _named_as_another(case: Case) -> str:
    """A value that the words give by the name of another parameter, and nowhere by its own."""
    assert case.goal is not None
    named: dict[str, set[str]] = {}
    for path, value in case.called_parts.items():
        if not is_telling(value) or case.is_read(path):
            continue
        for index, _, words in case.user_turns():
            for mention in case.mentions(value, index):
                named.setdefault(path, set()).update(_labels(case, words, mention))
    for path, labels in named.items():
        if labels and path not in labels and not any(path.startswith(f"{each}.") for each in labels):
            return f"{path} is {case.called_parts[path]!r}, which the user gives as {sorted(labels)[0]}"
    return ""


def _labels(case: Case, words: str, mention: tuple[int, int]) -> Iterator[str]:
    """Paths of the values whose label is bound to what stands at `mention`."""
    assert case.goal is not None
    for label in label_pattern(case.goal).finditer(words):
        bound = (
            _BIND_AFTER.fullmatch(words, label.end(), mention[0])
            if label.end() <= mention[0]
            else _BIND_BEFORE.fullmatch(words, mention[1], label.start())
            if label.start() >= mention[1]
            else None
        )
        if bound:
            yield leaf_named(case.goal, label[0]).path


# --- two values in each other's place --------------------------------------------------------------------------------


def _changed_places(case: Case) -> str:
    """Two values of one kind that the words beside them would rather give to each other's parameters."""
    found = [(leaf, value) for leaf, value in _parts(case) if "enum" not in leaf.schema and not isinstance(value, bool)]
    for (one, first), (other, second) in combinations(found, 2):
        if type(first) is not type(second) or (case.is_read(one.path) and case.is_read(other.path)):
            continue
        if same_value(first, second) or not _alike(first, second):
            continue
        own, theirs = _own(one) - _own(other), _own(other) - _own(one)
        drawn = [_drawn(case, first, own, theirs), _drawn(case, second, theirs, own)]
        if min(drawn) > 0 or (min(drawn) >= 0 and max(drawn) >= _STRONGLY):
            return f"{one.path} = {first!r} and {other.path} = {second!r} have changed places"
    return ""


def _drawn(case: Case, value: Any, own: frozenset[str], theirs: frozenset[str]) -> int:
    """How much more the words beside a value tell of the other's parameter than of its own; directions count twice."""
    beside = _beside(case, value)
    weights = ((2 if cue.startswith("~") else 1) * (1 if cue in theirs else -1) for cue in beside & (own | theirs))
    return sum(weights)


def _alike(one: Any, other: Any) -> bool:
    if not isinstance(one, str):
        return isinstance(one, int | float)
    shapes = [re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", each)) for each in (one, other)]
    return shapes[0] == shapes[1]


def _own(leaf: Leaf) -> frozenset[str]:
    """What tells of a parameter: the stems and directions of its name, its label and its description."""
    return _cues(f"{' '.join(identifier_words(leaf.keys[-1]))} {leaf.label} {leaf.schema.get('description', '')}")


def _cues(text: str) -> frozenset[str]:
    low = text.casefold().split()
    return meaning(text) | {f"~{word}" for word in _DIRECTIONS if word in low}


def _beside(case: Case, value: Any) -> frozenset[str]:
    """What the clauses say in which the user gives a value."""
    found: set[str] = set()
    for index, _, words in case.user_turns():
        for start, end in case.mentions(value, index):
            before = [0, *(mark.end() for mark in _CLAUSE.finditer(words, 0, start))]
            after = _CLAUSE.search(words, end)
            clause = f"{words[before[-1] : start]} {words[end : after.start() if after else None]}"
            alone = not clause.strip() and words[: before[-1]].endswith(",")
            found |= _cues(words[before[-2] : start] if alone else clause)
    return frozenset(found)


# --- units and weekdays ----------------------------------------------------------------------------------------------


def _unit(case: Case) -> str:
    """A number that the user says in another unit than its parameter counts."""
    for path, value, units in measured(case):
        said = foreign_unit(value, case.user_words_before(case.last), units)
        if said:
            return f"{path} is {value!r}, which counts {' or '.join(sorted(units))}; the user says {said!r}"
    return ""


def _zone(case: Case) -> str:
    """A moment with an offset that is neither that of the zone which the system turn states nor said by the user."""
    for leaf, value in _parts(case):
        found = re.search(r"T\d\d:\d\d(?::\d\d)?(?:\.\d+)?([+-]\d\d:\d\d)$", value) if isinstance(value, str) else None
        if found and found[1] not in case.user_words_before(case.last) and not _is_of_the_zone(case, value):
            return f"{leaf.path} is {value!r}, and nobody speaks of that zone"
    return ""


def _is_of_the_zone(case: Case, moment: str) -> bool:
    try:
        given = dt.datetime.fromisoformat(moment)
        return given.astimezone(ZoneInfo(case.scenario.setting.time_zone)).utcoffset() == given.utcoffset()
    except (ValueError, ZoneInfoNotFoundError):
        return True


def measured(case: Case) -> Iterator[tuple[str, float, frozenset[str]]]:
    """Path, number and units of each number of the call, those in lists among them, whose schema names its unit."""
    for leaf, value in _parts(case):
        for path, part, schema in _numbers_in(leaf.path, value, leaf.schema):
            units = units_in(" ".join(identifier_words(path))) or units_in(str(schema.get("description", "")))
            if units:
                yield path, part, units


def _numbers_in(path: str, value: Any, schema: dict[str, Any]) -> Iterator[tuple[str, float, dict[str, Any]]]:
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        for part in value:
            yield from _numbers_in(path, part, schema["items"])
    elif isinstance(value, dict):
        for key, part in value.items():
            inner = schema.get("properties", {}).get(key, {})
            yield from _numbers_in(f"{path}.{key}", part, inner if isinstance(inner, dict) else {})
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value, schema


def _weekday(case: Case) -> Iterator[Fault]:
    """A date beside a weekday that it does not fall on."""
    for index, turn in enumerate(case.turns):
        wrong = false_weekday(f"{turn.reply}\n{turn.thought}", case.today)
        if wrong:
            yield Fault(wrong, index)

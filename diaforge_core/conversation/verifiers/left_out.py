"""What the user gave for the call and the call does not have: a labelled value, an option, an element, a code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...catalog.leaves import Leaf, leaves
from ...catalog.words import folded
from ..labels import label_pattern, leaf_named
from ..sentences import ORDINALS
from ..understanding import sentences
from .amounts import Span, measures
from .attribution import measured
from .case import Case, Fault
from .moments import dates
from .sayings import said_at
from .withdrawals import withdrawals
from .words import TELLING_LENGTH, contains, name_words, run_in

_CODE = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|https?://\S*\w|(?<![\w@./-])[A-Z]{1,6}-?\d{3,}(?:-\d+)*(?![\w@/-])"
    r"|(?<!\w)\+\d[\d ]{7,}\d",
)
"""An address, a code in capitals and digits, or a telephone number: nobody says such a thing by accident."""
_TAKES_BACK = re.compile(
    r"\b(?:not|never|instead|rather|sorry|wait|correction|correct that|mean|meant|make that|scratch|oops|mistake|wrong"
    r"|ignore|disregard|forget|scrap|strike|skip|drop|leave|omit|old|outdated|mixed|actually|without|but|except"
    r"|no longer|change|changed|replace|was)\b|n't",
    re.IGNORECASE,
)
"""Without a word of this kind nobody takes back what was said."""
_PLACES = frozenset((*ORDINALS, "last"))
"""What picks one of the choices of a question."""
_BEFORE = 30
"""Characters before a value in which a word may take it back."""
_NOT_THIS = re.compile(r"\b(?:not|never|no|without|except|but|than|instead of)\s+(?:\w+\s+)?$|n't\s+(?:\w+\s+)?$", re.I)


def left_out(case: Case) -> Iterator[Fault]:
    """Each thing that the user gave for the goal's call and that the call lacks."""
    if case.goal is None or case.call is None or case.call.name != case.goal.name:
        return
    for check in (_labelled, _chosen, _element, _unused):
        why = check(case)
        if why:
            yield Fault(why, case.last)


def _labelled(case: Case) -> str:
    """A value under the label of a parameter that the call leaves out."""
    assert case.goal is not None
    assert case.call is not None
    given = {*case.called_parts, *case.call.arguments}
    for path, read in case.goal_readings[-1].values.items():
        if path in given or any(path.startswith(f"{each}.") or each.startswith(f"{path}.") for each in given):
            continue
        withdrawn = any(path == name for name, _, _ in withdrawals(case))
        if not withdrawn and not _is_taken_back(case, read.turn, (read.start, read.end), by_name=True):
            return f"the user states {path} = {read.value!r}, which the call lacks"
    return ""


def _is_taken_back(case: Case, turn: int, span: Span, *, by_name: bool = False) -> bool:
    """Whether words before a value, or any from there on, may take it back.

    With `by_name` a sentence that names a parameter of the call is about that one.
    """
    words = case.turns[turn].reply
    start, end = span
    later = [words[end:], *(each.reply for each in case.turns[turn + 2 : case.last : 2])]
    said = [words[max(0, start - _BEFORE) : start], *(part for each in later for part in sentences(each))]
    return any(
        _TAKES_BACK.search(each)
        and _TAKES_BACK.search(case.without_values(each))
        and not (by_name and _names(case, each))
        for each in said
    )


def _names(case: Case, sentence: str) -> bool:
    """Whether a sentence names a parameter that the call gives."""
    assert case.goal is not None
    found = (leaf_named(case.goal, label[0]).path for label in label_pattern(case.goal).finditer(sentence))
    return any(path in case.called_parts for path in found)


# --- options ---------------------------------------------------------------------------------------------------------


def _chosen(case: Case) -> str:
    """An option that the user names in an answer, of a parameter that the call leaves out."""
    assert case.call is not None
    for leaf in leaves(case.goal) if case.goal else ():
        if len(leaf.keys) > 1 or leaf.path in case.call.arguments or "enum" not in leaf.schema:
            continue
        for option, span, turn in _options_named(case, leaf.schema["enum"], leaf):
            if not _is_taken_back(case, turn, span, by_name=True):
                return f"the user chooses {option!r} for {leaf.path}, which the call lacks"
    return ""


def _options_named(case: Case, options: Any, leaf: Leaf) -> Iterator[tuple[str, tuple[int, int], int]]:
    """The options that stand in the user's answers and can stand there for nothing else."""
    answers = [(index, words) for index, number, words in case.user_turns() if number > 1]
    for option in options if isinstance(options, list) else ():
        if not isinstance(option, str) or len(option) < TELLING_LENGTH or option.casefold() in _PLACES:
            continue
        for index, words in answers:
            span = said_at(option, words, case.today) if contains(words, option) else None
            if span and not _NOT_THIS.search(words[: span[0]]) and not _may_be_else(case, option, leaf, index):
                yield option, span, index


def _may_be_else(case: Case, option: str, leaf: Leaf, index: int) -> bool:
    """Whether an option in the user's words may be part of another value or of what the talk is about."""
    parts = {path: value for path, value in case.called_parts.items() if path != leaf.path}
    if any(contains(str(value), option) for value in parts.values()):
        return True
    others = (each for each in leaves(case.goal) if each.path != leaf.path) if case.goal else ()
    if any(option in str(each.schema.get("enum", "")) for each in others):
        return True
    asked = case.turns[index - 1].reply
    about = name_words(f"{asked} {[f'{tool.text} {tool.name}' for tool in case.candidates]}")
    return run_in(name_words(option), about)


# --- elements of a list ----------------------------------------------------------------------------------------------


def _element(case: Case) -> str:
    """An option that the user names beside the elements of a list that the call gives, and that is not among them."""
    for leaf in leaves(case.goal) if case.goal else ():
        value, items = case.called_parts.get(leaf.path), leaf.schema.get("items")
        if not isinstance(value, list) or not value or not isinstance(items, dict):
            continue
        for option in items.get("enum", ()):
            if isinstance(option, str) and option not in value and _stands_beside(case, option, value):
                return f"the user names {option!r} too, which {leaf.path} lacks"
    return ""


def _stands_beside(case: Case, option: str, value: list[Any]) -> bool:
    for index, _, words in case.user_turns():
        span = said_at(option, words, case.today) if contains(words, option) else None
        if span and not _NOT_THIS.search(words[: span[0]]) and not _is_taken_back(case, index, span):
            return any(said_at(each, words, case.today) for each in value)
    return False


# --- codes -----------------------------------------------------------------------------------------------------------


def _unused(case: Case) -> str:
    """An address, a code or a number to dial that the user gives and that is nowhere in the call."""
    assert case.call is not None
    event, called = case.scenario.event, ""
    for index, _, words in case.user_turns():
        for found in _CODE.finditer(words):
            called = called or folded(f"{case.call.arguments} {event.wrong if event else ''}")
            if folded(found[0]) in called or not _may_be_meant(case, found[0]):
                continue
            if not _is_taken_back(case, index, found.span()):
                return f"the user gives {found[0]}, which the call lacks"
    return _unused_day(case) or _unused_measure(case)


def _may_be_meant(case: Case, code: str) -> bool:
    """Whether a code is made like an element of a list in the call, or like a value that the call leaves out."""
    assert case.call is not None
    listed = [text for value in case.called_parts.values() if isinstance(value, list) for text in _texts(value)]
    free = [leaf for leaf in leaves(case.goal) if leaf.keys[0] not in case.call.arguments] if case.goal else []
    shown = [str(example) for leaf in free for example in leaf.schema.get("examples", ())]
    if any(_make(text) == _make(code) for text in (*listed, *shown)):
        return True
    wanted = "email" if "@" in code else "phone" if code[0] == "+" else "uri" if "://" in code else None
    return wanted is not None and any(wanted in f"{leaf.schema.get('format')} {leaf.label}" for leaf in free)


def _texts(value: Any) -> Iterator[str]:
    """The texts inside lists and objects."""
    if isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
    elif isinstance(value, str):
        yield value


def _make(code: str) -> str:
    """What a code is made like: an address, a link, a number to dial, or its letters with a sign for digits."""
    sign = next((sign for sign in ("://", "@", "+") if sign in code), "")
    return sign or re.sub(r"\d+", "0", code)


def _unused_measure(case: Case) -> str:
    """A measure in the unit of a list's elements that none of them has: "12 kg and another of 3 kg"."""
    listed = [(path, units) for path, _, units in measured(case) if path not in case.called_parts]
    has = {number for _, number, _ in measured(case)} if listed else set()
    for _, units in listed:
        for ways, words in measures(case.user_words_before(case.last), units):
            if not ways & has and not _TAKES_BACK.search(case.user_words_before(case.last)):
                return f"the user gives {words}, which the call lacks"
    return ""


def _unused_day(case: Case) -> str:
    """A day with its year beside another of a list of objects, and no element of the list is of that day."""
    lists = [value for value in case.called_parts.values() if isinstance(value, list)]
    dated = [
        item for items in lists for item in items if isinstance(item, dict) and re.search(r"\d{4}-\d\d", str(item))
    ]
    for index, _, words in case.user_turns() if dated else ():
        for day, (start, end) in dates(words, case.today):
            whole = re.search(r"\d{4}", words[start:end]) is not None
            if (
                whole
                and day.isoformat() not in str(case.called_parts)
                and not _is_taken_back(case, index, (start, end))
            ):
                return f"the user gives {words[start:end]}, which the call lacks"
    return ""

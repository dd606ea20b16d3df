"""Checks of the dialogue's frame: its form, what it ends with, and that the call fits the schema and the request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...catalog.arguments import equal_arguments, required_for, validate
from ...records.base import canonical_json
from ...records.dialogue import Turn
from ..reading import MOST_READ
from ..rollout import MAX_ASSISTANT_TURNS
from .case import Case, Fault
from .leftovers import left_over
from .outside import out_of_place
from .sayings import said_at

_MARKUP = re.compile(
    r"<\|?/?(?:im_start|im_end|tool_call|tool_response|function_call|think|assistant|user|system|endoftext)\b[^>]*>"
    r"|\{\s*\"(?:name|function|tool|arguments|parameters)\"\s*:|^\s*(?:thought|assistant|user|system|tool)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
"""What belongs to the rendering of a conversation and never to what somebody says."""


def check_format(case: Case) -> Iterator[Fault]:
    """Roles alternate from the user; each assistant turn has a thought and one of reply and call; one call, last."""
    if not case.turns:
        yield Fault("there are no turns")
        return
    before = "assistant"
    for index, turn in enumerate(case.turns):
        fault = _turn_form(turn, "user" if before != "user" else "assistant", last=index == case.last)
        if fault:
            yield Fault(fault, index)
        before = turn.speaker
    if before != "assistant":
        yield Fault("the dialogue does not end with the assistant", case.last)
    if len(case.turns) // 2 > MAX_ASSISTANT_TURNS:
        yield Fault(f"more than {MAX_ASSISTANT_TURNS} assistant turns", case.last)
    yield from out_of_place(case)
    yield from left_over(case)


def _turn_form(turn: Turn, speaker: str, *, last: bool) -> str:
    """What is wrong with the form of one turn; empty when nothing is."""
    if len(max(turn.reply, turn.thought, canonical_json(turn.call and turn.call.arguments), key=len)) > MOST_READ:
        return f"the turn holds more than {MOST_READ:,} characters, which nobody says in one go"
    if turn.speaker != speaker:
        return f"the {turn.speaker} speaks where it is the {speaker}'s turn"
    if _MARKUP.search(turn.reply):
        return f"what the {speaker} says holds a call or a mark of the transcript as text"
    if turn.speaker == "user":
        if turn.call or turn.thought:
            return "a user turn holds a call or a thought"
        return "" if _says_something(turn.reply) else "the user says nothing"
    if not _says_something(turn.thought):
        return "the assistant turn has no thought"
    if turn.call is None:
        return "" if _says_something(turn.reply) else "the assistant neither replies nor calls"
    if turn.reply.strip():
        return "the assistant replies and calls in one turn"
    return "" if last else "a call stands before the last turn"


def _says_something(text: str) -> bool:
    """Whether a text holds a word at all."""
    return any(character.isalnum() for character in text)


# --- arguments -------------------------------------------------------------------------------------------------------


def check_arguments(case: Case) -> Iterator[Fault]:
    """The arguments are valid against the goal tool's schema and equal the gold arguments (METHOD.md §4)."""
    if case.call is None or case.goal is None or case.call.name != case.goal.name:
        return
    problems = validate(case.goal, case.call.arguments)
    if problems:
        yield Fault("; ".join(f"{problem.path}: {problem.message}" for problem in problems[:3]), case.last)
        return
    comparison = equal_arguments(case.goal, case.call.arguments, due_arguments(case))
    if comparison.equal:
        padded = ", ".join(_padded(case.call.arguments))
        if padded:
            yield Fault(f"a blank stands at the beginning or the end of {padded}", case.last)
        return
    parts = (
        ("the call lacks", comparison.missing),
        ("nobody asked for", comparison.extra),
        ("the call gives another value than is wanted for", comparison.different),
    )
    yield Fault("; ".join(f"{word} {', '.join(map(str, names))}" for word, names in parts if names), case.last)


def _padded(value: Any, path: str = "") -> Iterator[str]:
    """Dotted paths of the texts that begin or end with a blank."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            yield from _padded(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, str) and value != value.strip():
        yield path


def due_arguments(case: Case) -> dict[str, Any]:
    """V* (METHOD.md §2): the gold values that the user has stated by now, and those required with them.

    One that the call gives just as it is wanted is due too: whether the user said it is for the grounding to say.
    """
    assert case.goal is not None
    gold, given = case.scenario.gold_arguments, case.call.arguments if case.call else {}
    stated = {case.parameter(path) for path in case.known_before(case.last)}
    due = {name: value for name, value in gold.items() if name in stated or _given_as_wanted(case, name, given)}
    while more := [name for name in required_for(case.goal, due) if name in gold and name not in due]:
        due |= {name: gold[name] for name in more}
    return due


def _given_as_wanted(case: Case, name: str, given: dict[str, Any]) -> bool:
    """Whether the call gives an optional gold value that the user's words hold in some form."""
    if name not in given or case.goal is None:
        return False
    gold = case.scenario.gold_arguments[name]
    same = equal_arguments(case.goal, {name: given[name]}, {name: gold}).equal
    return same and (isinstance(gold, bool) or said_at(gold, case.user_words_before(case.last), case.today) is not None)

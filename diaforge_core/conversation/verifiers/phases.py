"""Check 6: first which tool, then its values, then the call."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...records.dialogue import Turn
from ..understanding import sentences
from .case import Case, Fault
from .links import named_values
from .questions import (
    OPEN_QUESTION,
    OR,
    WH,
    asks_values,
    asks_which,
    confirms,
    is_about_tasks,
    is_confirmation,
    is_question,
)
from .thoughts import calls_now, is_ready, named_as_written, settles_on
from .withdrawals import called_off, wavers_between

_YES = re.compile(
    r"^\W*(?:yes|yep|yeah|yup|ya|ok|okay|sure|correct|right|exactly|confirm\w*|go|do it|please (?:do|go"
    r"|proceed)|agreed?"
    r"|i (?:do|agree|confirm)|absolutely|fine|proceed|perfect|indeed|all right|alright|you may|granted"
    r"|approved)\b(?! not\b)",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:(?:absolutely|certainly|definitely|of course|surely) not|no|nope|nah|not|never)\b"
    r"(?! (?:problem|objection|doubt|worries))|\b(?:don'?t|do not|stop"
    r"|cancel that|wait|hold"
    r" (?:on|off)|changed my mind|leave it|forget it|never ?mind|better not|rather not|not yet|abort|refuse|wrong)\b",
    re.IGNORECASE,
)


def check_phase_order(case: Case) -> Iterator[Fault]:
    """First which tool, then its values, then the call; a question separates where the opening fits several tools."""
    for index, turn in enumerate(case.turns):
        fault = _ahead(case, index, turn) if turn.speaker == "assistant" and _is_open(case, index) else None
        if fault:
            yield fault
    for check in (_no_separating_question, _confirmation, called_off):
        fault = check(case)
        if fault:
            yield fault
    yield from _ready_but_asks(case)


def _ahead(case: Case, index: int, turn: Turn) -> Fault | None:
    """What an assistant turn does too early, several tools being possible when it begins."""
    still_open = case.tools_before(index) if len(case.open_before(index)) > 1 else case.candidates
    if turn.call is not None:
        return Fault(f"a call while {len(still_open)} tools are still possible", index)
    if index > 2 and case.leaves_open(index - 1) and asks_which(case, index - 2) and not asks_which(case, index):
        return Fault("goes on although the user has not said which task is meant", index)
    if _goes_ahead(case, index) or _asks_both(case, index):
        return Fault(f"asks for values while {len(still_open)} tools are still possible", index)
    settled = settles_on(turn.thought, case.candidates)
    if settled:
        return Fault(f"the thought settles on {settled} while {len(still_open)} tools are possible", index)
    told = named_as_written(turn.reply, case.candidates)
    if len(told) == 1:
        return Fault(f"the reply names {told.pop()} while {len(still_open)} tools are possible", index)
    return None


def _ready_but_asks(case: Case) -> Iterator[Fault]:
    """Each thought that holds everything for known, or calls, in a turn that asks on."""
    for index in case.asked:
        thought = case.turns[index].thought
        if index < case.last and is_ready(thought) and (calls_now(thought) or not is_confirmation(case, index)):
            yield Fault("the thought says that nothing is open, yet the turn asks", index)


def _is_open(case: Case, index: int) -> bool:
    """Whether several tools are possible when the turn begins; an assistant that then asks which sees it so too."""
    if index == 1 and len(case.candidates) > 1 and case.turns[1].call is None and asks_which(case, 1):
        return True
    if index > 2 and (wavers_between(case, index - 1) or _all_declined(case, index)):
        return True
    if index > 2 and case.leaves_open(index - 1):
        return _is_open(case, index - 2)
    return len(case.open_before(index)) > 1 and not case.settled_before(index)


def _all_declined(case: Case, index: int) -> bool:
    """Whether the user has just declined all that a question offered, though one of the tools is meant."""
    return (
        case.scenario.solvable
        and case.declines(index - 1)
        and asks_which(case, index - 2)
        and not case.open_before(index)
    )


def _goes_ahead(case: Case, index: int) -> bool:
    """Whether a turn asks for values or for a yes though the tool is open."""
    asked, reply = case.asked[index], case.turns[index].reply
    if asked.kind == "confirmation" or asked.parameters:
        answered = case.beside_values(index + 1) or case.picked(index)
        return not (OR.search(reply) and answered and is_about_tasks(case, index))
    if asked.kind == "facet" and len(asked.options) < 2 and case.is_evasive(index + 1) and WH.search(reply):
        return not OR.search(reply) and named_values(reply, case.candidates)
    return asked.kind in ("other", "options") and asks_values(case, index)


def _asks_both(case: Case, index: int) -> bool:
    """Whether beside the question which task is meant a sentence of its own asks for a value."""
    parts = [part for part in sentences(case.turns[index].reply) if is_question(part)]
    if len(parts) < 2 or case.goal is None:
        return False
    plain = [part for part in parts if not OR.search(part) and not OPEN_QUESTION.search(part)]
    return len(plain) < len(parts) and any(named_values(part, case.candidates) for part in plain)


def _no_separating_question(case: Case) -> Fault | None:
    if case.readings and len(case.readings[0].open_tools) >= 2 and not any(asks_which(case, i) for i in case.asked):
        return Fault("the opening fits several tools and no question separates them", case.last)
    return None


def _confirmation(case: Case) -> Fault | None:
    """A destructive call waits for a yes where the system turn asks for it, and never follows a no."""
    if case.call is None or case.goal is None or case.call.name != case.goal.name or not confirms(case):
        return None
    asked = [index for index in case.asked if is_confirmation(case, index)]
    if not asked:
        return Fault("the destructive call is made without the confirmation that the settings ask for", case.last)
    answer = case.turns[asked[-1] + 1].reply
    asks_back = all(part.rstrip().endswith("?") for part in sentences(answer))
    if (_NO.search(answer) or case.is_evasive(asked[-1] + 1) or asks_back) and not _YES.search(answer):
        return Fault("the call follows although the user did not confirm it", case.last)
    return None

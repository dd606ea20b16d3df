"""Check 2: the dialogue ends with a call to the goal tool, or with the words that none of the tools fits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...records.tool import ToolCall
from ..labels import label_pattern
from .case import Case, Fault
from .questions import asks_which, is_question
from .thoughts import is_unfinished, named, tells_of_another

_CANNOT = re.compile(
    r"\b(?:no|none|not|nothing|neither|never|cannot|can'?t|unable|isn'?t|don'?t|doesn'?t|won'?t|outside|beyond"
    r"|lack\w*"
    r"|afraid|unfortunately|sorry|impossible|without a|out of (?:reach|scope))\b",
    re.IGNORECASE,
)
"""Without a word of this kind nobody says that something cannot be done."""
_DONE = re.compile(
    r"\b(?:done|i(?:'ve| have)\b.{0,30}\b(?:created|updated|deleted|removed|added|set|booked|sent|made|completed)"
    r"|has been (?:created|updated|deleted|removed|added|set|booked|sent|made|completed)|all set|taken care of"
    r"|i(?:'ll| will) (?:now |go ahead and )?(?:create|update|delete|remove|add|set|book|send|call|do|take))\b",
    re.IGNORECASE,
)
_DEED = re.compile(
    r"\bi(?:'ve| have)(?: now| already| just| also| instead)* (?P<deed>\w+ed|put|sent|made|written|taken|given|set)\b"
    r"|\b(?:colleague|team|request|ticket|case|it|everything) (?:was|is|has been)(?: now| already)* "
    r"(?P<passive>forwarded|informed|notified|escalated|logged|registered|recorded|filed|submitted|started|arranged)\b",
    re.IGNORECASE,
)
_NO_DEED = frozenset(
    ("checked", "looked", "searched", "considered", "compared", "tried", "needed", "reviewed", "finished", "reached",
     "listed", "named", "offered", "mentioned", "seen", "given", "understood", "noticed", "described")
)  # fmt: skip
"""What an assistant may well have done that can do nothing."""


def check_tool_call(case: Case) -> Iterator[Fault]:
    """The last turn calls the goal tool, which is in view, and nothing was called earlier; else it says none fits."""
    if case.unknown:
        yield Fault(f"the catalog has no tool {', '.join(case.unknown)}", case.last)
        return
    for index, turn in enumerate(case.turns[:-1]):
        if turn.call:
            yield Fault("a tool is called before the last turn", index)
    fault = _end(case, case.last)
    if fault:
        yield fault


def _end(case: Case, last: int) -> Fault | None:
    """What is wrong with the last turn."""
    if not case.scenario.solvable:
        return _refusal(case, last)
    if case.call is None:
        return Fault("the dialogue ends without a call though a right tool is in view", last)
    if case.call.name not in case.scenario.candidates:
        return Fault(f"the call names {case.call.name}, which is not among the tools shown", last)
    if case.call.name != case.scenario.goal_tool:
        return Fault(f"the call names {case.call.name}, the goal is {case.scenario.goal_tool}", last)
    return _thought_of_call(case, case.call, last)


def _refusal(case: Case, last: int) -> Fault | None:
    """Without a right tool in view: no call, and after a separating question the words that none fits."""
    if case.call is not None:
        return Fault("a tool is called though none fits", last)
    if not refuses(case, last):
        return Fault("no right tool is in view, yet the last turn does not say that none fits", last)
    if not any(asks_which(case, index) for index in case.asked if index < last):
        return Fault("the assistant says that none fits without having asked", last)
    return None


def refuses(case: Case, index: int) -> bool:
    """Whether a turn says that no tool fits: so read, or a denial that asks for nothing and promises nothing."""
    reply = case.turns[index].reply
    if is_question(reply) or _DONE.search(reply) or _claims_a_deed(reply):
        return False
    return case.asked[index].kind == "none_fits" or _CANNOT.search(reply) is not None


def _claims_a_deed(reply: str) -> bool:
    """Whether a reply says that something was done: by the assistant in the perfect tense, or by whom it may be."""
    return any((found["deed"] or found["passive"]).lower() not in _NO_DEED for found in _DEED.finditer(reply))


def _thought_of_call(case: Case, call: ToolCall, last: int) -> Fault | None:
    """The thought before a call speaks for the tool called, if for any, and holds nothing for missing."""
    thought = case.turns[last].thought
    favoured, refused = named(thought, case.candidates)
    if call.name in refused or (favoured and call.name not in favoured):
        others = ", ".join(sorted(favoured - {call.name})) or "another tool"
        return Fault(f"the thought speaks for {others}, the call names {call.name}", last)
    plain = label_pattern(case.goal).sub(" ", thought) if case.goal else thought
    other = "" if favoured else tells_of_another(plain, case.candidates, call.name)
    if other:
        return Fault(f"the thought tells what {other} does, the call names {call.name}", last)
    if is_unfinished(thought):
        return Fault("the thought says that something is still missing, yet the turn calls", last)
    return None

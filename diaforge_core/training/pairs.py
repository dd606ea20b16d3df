"""Pairs for the preference stage: likely mistakes in dialogues, and the mistakes that a model truly made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..catalog.arguments import equal_arguments
from ..conversation.exchange.preferences import likely_mistake
from ..conversation.rollout import says_none_fits
from ..conversation.teacher import Teacher
from ..conversation.view import View
from ..records.base import derived_seed
from ..records.dialogue import Dialogue, Turn
from ..records.pair import Pair
from ..records.tool import Tool
from ..records.trace import Trace

RIGHT = ("right", "refused")
"""Outcomes with nothing to unlearn."""


def pairs_of_dialogue(dialogue: Dialogue, tools: Sequence[Tool]) -> Iterator[Pair]:
    """One pair an assistant turn: what was done against a likely mistake (METHOD.md §6).

    Both have the thought of the turn, so that only the act tells them apart.
    """
    for index, turn in enumerate(dialogue.turns):
        if turn.speaker == "assistant":
            fault, wrong = likely_mistake(dialogue, tools, index)
            yield _pair(dialogue, index, turn, wrong.model_copy(update={"thought": turn.thought}), fault)


def pair_of_trace(trace: Trace, tools: Sequence[Tool]) -> Pair | None:
    """The first turn of a failed trace in which the model acted otherwise than the teacher, against the teacher's.

    None for a trace that did not fail, failed by an error or by the user's fault, or where both asked all along: which
    of two questions is better cannot be said.
    """
    if trace.outcome in RIGHT or trace.ended == "error" or trace.audit:
        return None
    for index, turn in enumerate(trace.turns):
        if turn.speaker != "assistant":
            continue
        view = View(tools=tuple(tools), setting=trace.scenario.setting, turns=trace.turns[:index])
        right = Teacher().act(view, derived_seed("pair", trace.id, index))
        fault = _fault(turn, right, tools)
        if fault:
            told = Dialogue(id=trace.id, scenario=trace.scenario, turns=trace.turns, assistant=trace.assistant)
            return _pair(told, index, right, turn, fault)
    return None


def _fault(turn: Turn, right: Turn, tools: Sequence[Tool]) -> str:
    """What is wrong with the turn, where the other one is right; empty if nothing can be said against it."""
    refused, refuses = (says_none_fits(one, tools) for one in (turn, right))
    if turn.call is None:
        return "asks_again" if right.call and not refused else "refuses" if refused and not refuses else ""
    if right.call is None:
        return "wrong_call" if refuses else "called_too_early"
    if turn.call.name != right.call.name:
        return "wrong_twin"
    tool = next(tool for tool in tools if tool.name == right.call.name)
    return "" if equal_arguments(tool, turn.call.arguments, right.call.arguments).equal else "wrong_value"


def _pair(dialogue: Dialogue, index: int, right: Turn, wrong: Turn, fault: str) -> Pair:
    before = dialogue.turns[:index]
    ends = (
        dialogue.model_copy(update={"id": f"{dialogue.id}@{index}", "turns": (*before, end), "verdicts": ()})
        for end in (right, wrong)
    )
    return Pair(chosen=next(ends), rejected=next(ends), fault=fault)

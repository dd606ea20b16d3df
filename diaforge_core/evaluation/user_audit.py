"""Faults of the simulated user, found in its words without a model (METHOD.md §4 "Who was at fault")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..catalog.arguments import equal_arguments
from ..conversation.hearing import hear
from ..conversation.verifiers import Case, check_leak, fold, leaves, same_value
from ..records.dialogue import Dialogue
from ..records.scenario import Scenario
from ..records.tool import Tool
from ..records.trace import USER_FAULTS, AuditMark, Trace

_WAVERING = frozenset({"corrects", "changes_mind", "two_values"})
"""Dials under which the user first says something else than the gold value: part of the scenario, no contradiction."""
_TELLING = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w|\b\d{5,}\b")
"""Words that nobody says by chance: an e-mail address, a number of five digits or more."""


def audit(trace: Trace, tools: Sequence[Tool]) -> tuple[AuditMark, ...]:
    """Every fault of the user side in the order of the turns; `tools` holds the candidates and the goal tool."""
    case = case_of(trace, tools)
    early = _EachTurn(trace, tools)
    named = _EachTurn(_without_stages(trace), tools)
    marks: list[AuditMark] = []
    for index, turn in enumerate(trace.turns):
        if turn.speaker != "user":
            continue
        marks += named.leak(index, "leak") or early.leak(index, "too_early")
        marks += _invented(case, index)
        marks += _contradictions(case, index)
        marks += _not_understood(case, index)
    return tuple(marks)


def at_fault(trace: Trace) -> bool:
    """Whether the audit on the trace blames the user."""
    return any(mark.kind in USER_FAULTS for mark in trace.audit)


def case_of(trace: Trace, tools: Sequence[Tool]) -> Case:
    """The trace as verifiers look at a conversation."""
    return Case(Dialogue(id=trace.id, scenario=trace.scenario, turns=trace.turns), tools, hear)


class _EachTurn(Case):
    """A conversation of which the leak check hears one user turn at a time, so that no leak hides another."""

    def __init__(self, trace: Trace, tools: Sequence[Tool]) -> None:
        super().__init__(Dialogue(id=trace.id, scenario=trace.scenario, turns=trace.turns), tools, hear)
        self._only = 0

    def user_turns(self) -> Iterator[tuple[int, int, str]]:
        return (heard for heard in super().user_turns() if heard[0] == self._only)

    def leak(self, index: int, kind: Any) -> list[AuditMark]:
        self._only = index
        fault = next(check_leak(self), None)
        return [AuditMark(kind=kind, turn=index, reason=_sentence(fault.reason))] if fault else []


def _without_stages(trace: Trace) -> Trace:
    scenario = Scenario.model_validate(trace.scenario.model_dump() | {"stages": ()})
    return Trace.model_validate(trace.model_dump() | {"scenario": scenario})


def _invented(case: Case, index: int) -> Iterator[AuditMark]:
    """Values that the scenario does not give the user: read as an argument, or an address or number out of nowhere."""
    gold = dict(_gold_leaves(case))
    for path, value in _said(case, index).items():
        if not _is_held(path, gold):
            yield AuditMark(
                kind="invented_value", turn=index, reason=f"The user gives {path} as {value!r}; it has none."
            )
    known = fold(f"{case.scenario.goal} {case.scenario.gold_arguments}")
    known += fold(" ".join(turn.reply for turn in case.turns[:index] if turn.speaker == "assistant"))
    for word in _TELLING.findall(case.turns[index].reply):
        if fold(word) not in known and case.scenario.dial not in _WAVERING:
            yield AuditMark(
                kind="invented_value", turn=index, reason=f"The user says {word!r}, which it does not hold."
            )


def _contradictions(case: Case, index: int) -> Iterator[AuditMark]:
    """Values other than the gold ones, and words that rule the goal tool out."""
    if case.scenario.dial in _WAVERING:
        return
    gold = dict(_gold_leaves(case))
    for path, value in _said(case, index).items():
        if path in gold and not _agrees(case, path, value, gold[path]):
            reason = f"The user gives {path} as {value!r}; the scenario has {gold[path]!r}."
            yield AuditMark(kind="contradiction", turn=index, reason=reason)
    goal = case.scenario.goal_tool
    if case.scenario.solvable and goal in case.open_before(index) and goal not in case.readings[index].open_tools:
        yield AuditMark(kind="contradiction", turn=index, reason="The user's words rule out the tool it needs.")


def _not_understood(case: Case, index: int) -> Iterator[AuditMark]:
    asked = case.asked.get(index - 1)
    if asked is not None and asked.kind == "other":
        question = case.turns[index - 1].reply
        shown = question if len(question) <= 120 else f"{question[:117]}…"
        yield AuditMark(kind="not_understood", turn=index, reason=f"The user could not tell what was asked: “{shown}”")


def _gold_leaves(case: Case) -> Iterator[tuple[str, Any]]:
    return leaves(case.scenario.gold_arguments)


def _said(case: Case, index: int) -> Mapping[str, Any]:
    """The values that this very turn states for the goal tool's parameters, by dotted path."""
    if not case.goal_readings:
        return {}
    return {path: found.value for path, found in case.goal_readings[index].values.items() if found.turn == index}


def _is_held(path: str, gold: Mapping[str, Any]) -> bool:
    """Whether the scenario gives the user a value there, as a whole or in part."""
    return any(path == held or path.startswith(f"{held}.") or held.startswith(f"{path}.") for held in gold)


def _agrees(case: Case, path: str, said: Any, gold: Any) -> bool:
    """Whether the two are one value: as folded words, or as the tool's schema compares them."""
    if same_value(said, gold) or case.goal is None:
        return True
    name, _, inner = path.partition(".")
    return not inner and not equal_arguments(case.goal, {name: said}, {name: gold}).different


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."

"""How an episode ended: exactly one outcome, assigned in the order of METHOD.md §4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from ..catalog.arguments import Comparison, equal_arguments, required_for
from ..conversation.reading import read
from ..conversation.verifiers import is_fixed, spoken
from ..records.dialogue import Turn
from ..records.tool import Tool, ToolCall
from ..records.trace import NoToolOutcome, Outcome, Trace

OUTCOMES: tuple[str, ...] = get_args(Outcome)
NO_TOOL_OUTCOMES: tuple[str, ...] = get_args(NoToolOutcome)
OUTCOME_TITLES: dict[str, str] = {
    "error": "Error",
    "right": "Right call",
    "invented_tool": "Invented tool",
    "wrong_near_duplicate": "Wrong near-duplicate",
    "wrong_other_tool": "Wrong other tool",
    "premature": "Called too early",
    "missing_key": "Argument missing",
    "extra_key": "Argument too many",
    "wrong_value": "Wrong value",
    "turn_limit": "Still asking at the turn limit",
    "abstained": "Gave up",
    "refused": "Rightly refused",
    "wrong_call": "Called though none fits",
}


def grade(trace: Trace, tools_by_name: Mapping[str, Tool]) -> Trace:
    """The trace with its outcome and one sentence on why; anything graded before is graded anew.

    `tools_by_name` holds the catalog's tools by cleaned name (original names may be keys too). KeyError if it lacks
    the goal tool of a scenario that has it in view.
    """
    outcome, reason = _solvable(trace, tools_by_name) if trace.scenario.solvable else _no_tool(trace)
    return Trace.model_validate(trace.model_dump() | {"outcome": outcome, "reason": reason})


def calls_of(trace: Trace) -> tuple[ToolCall, ...]:
    """Every call of the assistant, in order."""
    return tuple(turn.call for turn in trace.turns if turn.call is not None)


def goal_call(trace: Trace) -> tuple[int, ToolCall] | None:
    """The first call to the goal tool and the index of its turn; the episode ends there."""
    for index, turn in enumerate(trace.turns):
        if turn.call is not None and turn.call.name == trace.scenario.goal_tool:
            return index, turn.call
    return None


def gold_at(trace: Trace, index: int, tool: Tool) -> dict[str, Any]:
    """V* for the call in turn `index`: the required gold arguments and the optional ones that the user has stated.

    An optional one that the reading of the words missed counts if the call gives it and the words hold it as it is.
    """
    gold = trace.scenario.gold_arguments
    call = trace.turns[index].call
    heard = read_parameters(tool, trace.turns[:index])
    words = user_words(trace.turns[:index])
    due = heard | set(required_for(tool, gold))
    given = call.arguments if call else {}
    return {name: value for name, value in gold.items() if name in due or (name in given and spoken(value, words))}


def read_parameters(tool: Tool, turns: Sequence[Turn]) -> set[str]:
    """The top-level parameters of `tool` for which the user's words are read to give a value."""
    return {path.split(".")[0] for path in read([tool], turns).values}


def user_words(turns: Sequence[Turn]) -> str:
    """Everything the user said, a line per turn."""
    return "\n".join(turn.reply for turn in turns if turn.speaker == "user")


def compared(trace: Trace, tool: Tool) -> Comparison | None:
    """The goal call's arguments against the gold ones (METHOD.md §4); None without such a call."""
    found = goal_call(trace)
    return equal_arguments(tool, found[1].arguments, gold_at(trace, found[0], tool)) if found else None


def _solvable(trace: Trace, tools_by_name: Mapping[str, Tool]) -> tuple[Outcome, str]:
    if trace.ended == "error":
        return "error", trace.error or "The conversation could not be finished."
    goal = tools_by_name[trace.scenario.goal_tool]
    comparison = compared(trace, goal)
    if comparison is not None and comparison.equal:
        return "right", f"Called {goal.original_name} with the right arguments."
    wrong = [call.name for call in calls_of(trace) if call.name != goal.name]
    if wrong:
        return _wrong_tool(wrong, trace, tools_by_name, goal)
    if comparison is not None:
        return _wrong_arguments(trace, goal, comparison)
    if trace.ended == "turn_limit":
        return "turn_limit", "No call; the assistant was still asking when the conversation was cut off."
    return "abstained", f"No call; the assistant gave up although {goal.original_name} was right."


def _wrong_tool(wrong: list[str], trace: Trace, tools_by_name: Mapping[str, Tool], goal: Tool) -> tuple[Outcome, str]:
    """The worst kind among the wrong calls: a tool that does not exist, then a near-duplicate, then any other."""
    for name in wrong:
        if name not in tools_by_name:
            return "invented_tool", f"Called {name}, which does not exist; {goal.original_name} was right."
    for name in wrong:
        if tools_by_name[name].name in trace.scenario.candidates:
            called = tools_by_name[name].original_name
            return "wrong_near_duplicate", f"Called {called}, a near-duplicate of {goal.original_name}."
    called = tools_by_name[wrong[0]].original_name
    return "wrong_other_tool", f"Called {called}, which was not offered; {goal.original_name} was right."


def _wrong_arguments(trace: Trace, goal: Tool, comparison: Comparison) -> tuple[Outcome, str]:
    found = goal_call(trace)
    assert found is not None, "arguments are compared only where the goal tool is called"
    index, call = found
    early = _unrevealed(trace, index, goal)
    if early:
        return "premature", f"Called {goal.original_name} before the user had given {_listed(early)}."
    if comparison.missing:
        return "missing_key", f"Called {goal.original_name} without {_listed(comparison.missing)}."
    if comparison.extra:
        return "extra_key", f"Called {goal.original_name} with {_listed(comparison.extra)}, which nobody gave."
    return "wrong_value", f"Right tool, but {_values(comparison.different, call, trace.scenario.gold_arguments)}."


def _unrevealed(trace: Trace, index: int, goal: Tool) -> list[str]:
    """The required parameters whose gold value no user turn before `index` gave and no schema fixes."""
    gold, turns = trace.scenario.gold_arguments, trace.turns[:index]
    heard, words = read_parameters(goal, turns), user_words(turns)
    return [
        name
        for name in required_for(goal, gold)
        if name in gold and name not in heard and not is_fixed(goal, name) and not spoken(gold[name], words)
    ]


def _no_tool(trace: Trace) -> tuple[NoToolOutcome, str]:
    if trace.ended == "error":
        return "error", trace.error or "The conversation could not be finished."
    calls = calls_of(trace)
    if calls:
        return "wrong_call", f"Called {calls[0].name}, although none of the tools in view is right."
    if trace.ended == "none_fits":
        return "refused", "Rightly said that none of the tools fits."
    return "turn_limit", "No call, but the assistant never said that none of the tools fits."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _values(different: Sequence[str], call: ToolCall, gold: Mapping[str, Any]) -> str:
    parts = [f"{path} is {_at(call.arguments, path)!r} instead of {_at(gold, path)!r}" for path in different[:3]]
    more = len(different) - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more else "")


def _at(arguments: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; None where the path leads nowhere."""
    value: Any = arguments
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value

"""What an assistant might wrongly have done in the place of a turn: the worse side of a preference pair."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from ...catalog.arguments import required_for
from ...records.base import derived_seed
from ...records.dialogue import Dialogue, Turn
from ...records.tool import Tool, ToolCall
from ..reading import assemble, read


def likely_mistake(dialogue: Dialogue, tools: Sequence[Tool], index: int) -> tuple[str, Turn]:
    """The kind of a likely mistake and the turn that makes it, from the words before turn `index` alone.

    The same dialogue gives the same mistake.
    """
    rng = random.Random(derived_seed("dpo", dialogue.id, index))
    turn, before = dialogue.turns[index], dialogue.turns[:index]
    if turn.call is None:
        # After a refusal as after a question the eager mistake is to call with what is known.
        fault = "called_too_early" if dialogue.scenario.solvable or index < len(dialogue.turns) - 1 else "wrong_call"
        return fault, _eager_call(tools, before, rng)
    twins = [tool for tool in tools if tool.name != turn.call.name]
    fault = rng.choice(["wrong_twin", "asks_again", "refuses"] if twins else ["asks_again", "refuses"])
    if fault == "wrong_twin":
        twin = rng.choice(twins)
        return fault, _call(twin, {k: v for k, v in turn.call.arguments.items() if k in twin.properties})
    if fault == "asks_again":
        return fault, Turn(speaker="assistant", reply=_asked_again(tools, turn.call, before))
    return fault, Turn(speaker="assistant", reply="I am sorry, none of the available tools fits this request.")


def _eager_call(tools: Sequence[Tool], before: Sequence[Turn], rng: random.Random) -> Turn:
    """A call to one of the tools that are still open, with the values said so far."""
    reading = read(tools, before)
    by_name = {tool.name: tool for tool in tools}
    open_tools = [name for name in reading.open_tools if name in by_name] or list(by_name)
    tool = by_name[rng.choice(sorted(open_tools))]
    return _call(tool, assemble(tool, reading.values))


def _asked_again(tools: Sequence[Tool], call: ToolCall, before: Sequence[Turn]) -> str:
    """The last question again; without one, a question for a value of the call."""
    asked = [turn for turn in before if turn.speaker == "assistant" and turn.reply]
    if asked:
        return asked[-1].reply
    required = [name for tool in tools if tool.name == call.name for name in required_for(tool, call.arguments)]
    names = [*required, *call.arguments, "request"]
    return f"Could you give me the {names[0].replace('_', ' ')} first?"


def _call(tool: Tool, arguments: dict[str, Any]) -> Turn:
    return Turn(speaker="assistant", call=ToolCall(name=tool.name, arguments=arguments))

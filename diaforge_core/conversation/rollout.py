"""The one engine that plays a scenario between a user side and an assistant side and leaves a trace."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal, Protocol

from ..errors import DiaForgeError, RunStopped, Unanswered
from ..records.base import content_id, derived_seed
from ..records.dialogue import NOT_ACCEPTED, Turn
from ..records.scenario import Scenario
from ..records.tool import Tool, ToolCall
from ..records.trace import Trace
from .assistants import Assistant, View
from .understanding import understand

MAX_ASSISTANT_TURNS = 8
"""T_max of METHOD.md §2: a user who was asked eight times has given up."""

Ended = Literal["call", "none_fits", "turn_limit", "error"]


class User(Protocol):
    """The user side of a rollout: scripted, a model or a person."""

    def opening(self) -> Turn:
        """The first turn of the conversation."""
        ...

    def answer(self, turns: Sequence[Turn], /) -> Turn:
        """The user's next turn; the last of `turns` is an assistant's reply."""
        ...


def run_rollout(
    scenario: Scenario,
    tools: Sequence[Tool],
    user: User,
    assistant: Assistant,
    *,
    trial: int = 0,
    max_assistant_turns: int = MAX_ASSISTANT_TURNS,
    stop_at_wrong_call: bool = True,
    start: Sequence[Turn] = (),
) -> Trace:
    """The ungraded trace of one live conversation among `tools`, the candidates in the order shown.

    With `start`, the turns of a conversation that is not over, it goes on from there.

    Generation ends at the first call (METHOD.md §2). With `stop_at_wrong_call=False`, as in evaluation (§4), a call to
    another tool than the goal is answered by `NOT_ACCEPTED` and the assistant goes on. A side that fails ends the
    trace as an `error` with its message; nothing is raised for it, so that a batch goes on. Only RunStopped goes
    through: it ends the batch, and a conversation that it cut short is played again when the run is resumed.
    """
    started = time.perf_counter()
    shown = tuple(tools)
    turns = list(start)
    asked = sum(turn.speaker == "assistant" for turn in turns)
    ended: Ended = "turn_limit"
    error, unanswered = "", False
    try:
        if not turns or turns[-1].speaker == "assistant":
            turns.append(user.answer(tuple(turns)) if turns else user.opening())
        for number in range(asked + 1, max_assistant_turns + 1):
            view = View(tools=shown, setting=scenario.setting, turns=tuple(turns))
            turn = assistant.act(view, derived_seed("assistant", scenario.seed, trial, number))
            turns.append(turn)
            if turn.call is not None:
                if stop_at_wrong_call or is_goal_call(scenario, turn.call):
                    ended = "call"
                    break
                turns.append(Turn(speaker="tool", reply=NOT_ACCEPTED))
            elif says_none_fits(turn, shown):
                ended = "none_fits"
                break
            elif number < max_assistant_turns:
                turns.append(user.answer(tuple(turns)))
    except RunStopped:
        raise
    except DiaForgeError as problem:
        ended, error = "error", str(problem) or type(problem).__name__
        unanswered = isinstance(problem, Unanswered)
    side = str(getattr(user, "spec", "") or getattr(user, "family", "scripted"))
    return Trace(
        id=trace_id(scenario, assistant.spec, side, trial),
        scenario=scenario,
        trial=trial,
        turns=tuple(turns),
        assistant=assistant.spec,
        user=side,
        ended=ended,
        error=error,
        unanswered=unanswered,
        seconds=time.perf_counter() - started,
    )


def trace_id(scenario: Scenario, assistant: str, user: str, trial: int) -> str:
    """The name of this rollout's trace, known before it runs, so that a resumed run can skip it."""
    return content_id(scenario.id, assistant, user, trial)


def is_goal_call(scenario: Scenario, call: ToolCall) -> bool:
    """Whether the call names the goal tool of a scenario that has it in view."""
    return scenario.solvable and call.name == scenario.goal_tool


def says_none_fits(turn: Turn, tools: Sequence[Tool]) -> bool:
    """Whether a reply tells the user that none of `tools` does what they want."""
    return turn.call is None and understand(turn.reply, tools).kind == "none_fits"

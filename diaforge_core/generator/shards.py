"""A run cut into shards: which scenarios each holds, and what comes of each scenario wherever it is made."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from ..conversation.in_flight import in_order
from ..conversation.rollout import trace_id
from ..conversation.scenarios import draw_scenarios
from ..errors import DiaForgeError, RunStopped
from ..records.dialogue import Dialogue
from ..records.scenario import Scenario
from ..records.tool import Catalog
from ..records.trace import Trace
from .agents import Agents
from .recipe import Recipe
from .utcgen import dialogue_of

LARGEST, SMALLEST = 50, 10
"""Scenarios in a shard: half a second of a core's work when scripted, so that a stop or a loss costs little."""
WANTED = 64
"""Shards that a small run is cut into, so that its first rows are there soon and all processes have some."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one scenario: a trace and its dialogue, or why it could not even be drawn."""

    number: int
    """Of the scenario, from 0."""
    trace: Trace | None = None
    dialogue: Dialogue | None = None
    fault: str = ""
    """The fault of ours that it met, in words; its traceback is in the log."""
    undrawn: str = ""
    """Why there is no scenario of this number."""

    @property
    def ended(self) -> str:
        return self.trace.ended if self.trace else "error"

    @property
    def error(self) -> str:
        return self.trace.error if self.trace else self.undrawn

    @property
    def unanswered(self) -> bool:
        """Whether a model that was needed gave no answer at all."""
        return self.trace is not None and self.trace.unanswered

    def row(self) -> dict[str, Any]:
        """In JSON's own types, as it stands in a run folder; the same bytes wherever and whenever it is made."""
        if self.trace is None or self.dialogue is None:
            return {"undrawn": {"number": self.number, "error": self.undrawn}}
        row: dict[str, Any] = {
            "trace": self.trace.model_dump(mode="json"),
            "dialogue": self.dialogue.model_dump(mode="json"),
        }
        return row | {"fault": self.fault} if self.fault else row


def shard_size(count: int) -> int:
    """Scenarios in each shard of a run of `count`; it depends on nothing else, so that any resume finds it again."""
    return max(SMALLEST, min(LARGEST, -(-count // WANTED)))


def shard_of(count: int, number: int) -> range:
    """The numbers of the scenarios in shard `number` of a run of `count`."""
    size = shard_size(count)
    return range(number * size, min(count, (number + 1) * size))


def shards_left(count: int, done: int) -> range:
    """The numbers of the shards that are not whole once the first `done` scenarios are made."""
    size = shard_size(count)
    return range(done // size, -(-count // size))


def make(catalog: Catalog, recipe: Recipe, agents: Agents, numbers: range, at_once: int = 1) -> Generator[Made]:
    """What comes of each scenario of these numbers, in their order, `at_once` of them played at the same time.

    One bad scenario is data: a rollout that fails, a scenario that cannot be drawn, even a fault of ours. RunStopped
    and what the interpreter raises go through; so does the reason why none of the first `LARGEST` can be drawn.
    """
    yield from in_order(lambda drawn: _played(catalog, agents, drawn), _drawn(catalog, recipe, numbers), at_once)


def _drawn(catalog: Catalog, recipe: Recipe, numbers: range) -> Iterator[tuple[int, Scenario] | Made]:
    """Each number with its scenario, or why there is none; that is raised where none of the first can be drawn."""
    held: list[Made] = []
    reason: Exception | None = None
    number, some = numbers.start, False
    while number < numbers.stop:
        rest = draw_scenarios(catalog, numbers.stop - number, recipe.seed, recipe.choices, start=number)
        try:
            for scenario in rest:
                yield from held
                yield number, scenario
                held, some, number = [], True, number + 1
        except MemoryError:
            raise
        except Exception as problem:  # noqa: BLE001 - one bad scenario must not end the other thousands
            reason = reason or problem
            _log.warning("Scenario %d could not be drawn.", number, exc_info=not isinstance(problem, DiaForgeError))
            held.append(Made(number, undrawn=_words(problem)))
            number += 1
            if not some and len(held) == LARGEST:
                break
    if reason and not some:
        raise reason
    yield from held


def _played(catalog: Catalog, agents: Agents, drawn: tuple[int, Scenario] | Made) -> Made:
    if isinstance(drawn, Made):
        return drawn
    number, scenario = drawn
    try:
        trace, dialogue = agents.play(catalog, scenario)
    except (RunStopped, MemoryError):
        raise
    except DiaForgeError as problem:
        return _broken(number, catalog, agents, scenario, _words(problem))
    except Exception as problem:  # noqa: BLE001 - one bad scenario must not end the other thousands
        _log.exception("Scenario %d (%s) met a fault of DiaForge.", number, scenario.id)
        fault = _words(problem)
        return _broken(number, catalog, agents, scenario, f"{fault}. This is a fault of DiaForge; see the log.", fault)
    return Made(number, _steady(trace), dialogue)


def _broken(number: int, catalog: Catalog, agents: Agents, scenario: Scenario, error: str, fault: str = "") -> Made:
    """The record of a scenario that could not be played."""
    spec = agents.assistant.spec
    trace = Trace(
        id=trace_id(scenario, spec, "scripted", 0),
        scenario=scenario,
        turns=(),
        assistant=spec,
        ended="error",
        error=error,
    )
    return Made(number, trace, dialogue_of(trace, catalog), fault)


def _steady(trace: Trace) -> Trace:
    """The trace with the time that its models took, which their recorded answers keep; no clock gives its own again."""
    return trace.model_copy(update={"seconds": sum(turn.seconds for turn in trace.turns)})


def _words(problem: Exception) -> str:
    said = str(problem)
    return said if isinstance(problem, DiaForgeError) and said else f"{type(problem).__name__}: {said}"

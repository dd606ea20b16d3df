"""Behaviours that disturb a conversation, each with the event that makes it happen (METHOD.md §2, Behaviour dials)."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ..catalog.arguments import fits, sample_arguments
from ..catalog.leaves import leaves
from ..errors import CatalogError
from ..records.scenario import Dial, DialEvent, InformationStage, Setting
from ..records.tool import Tool
from .reading import spoken_parts

DIALS: tuple[Dial, ...] = get_args(Dial)
_TRIES = 4
"""Other calls drawn, one of whose values could be the slip."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is settled of a scenario when its dial is drawn."""

    goal: Tool
    gold: Mapping[str, Any]
    stages: Sequence[InformationStage]
    others: Sequence[str]
    """Candidates that are not the goal."""
    setting: Setting

    def turn_of(self, path: str) -> int:
        """The user turn from which on the value at a dotted path may be revealed."""
        name = path.split(".")[0]
        return min((stage.turn for stage in self.stages if name in stage.revealed), default=1)


def draw_dial(
    dials: Sequence[Dial], plan: Plan, rng: random.Random
) -> tuple[Dial, DialEvent | None] | tuple[None, None]:
    """One of the dials that this scenario has an occasion for, with its event; nothing where it has for none."""
    for dial in rng.sample(list(dials), len(dials)):
        if dial in ("terse", "impatient"):
            return dial, None
        event = _EVENTS[dial](plan, rng)
        if event:
            return dial, event
    return None, None


def _digression(plan: Plan, rng: random.Random) -> DialEvent:
    return DialEvent(turn=2)


def _correction(plan: Plan, rng: random.Random) -> DialEvent | None:
    """A value said wrongly at first."""
    parts = spoken_parts(plan.goal, plan.gold)
    schemas = {leaf.path: leaf.schema for leaf in leaves(plan.goal)}
    others = _other_values(plan, rng)
    for path in rng.sample(list(parts), len(parts)):
        wrong = _slip(schemas[path], parts[path], [each[path] for each in others if path in each], rng)
        if wrong is not None and wrong not in parts.values():
            return DialEvent(turn=plan.turn_of(path), values=(path,), wrong=wrong)
    return None


def _change_of_mind(plan: Plan, rng: random.Random) -> DialEvent | None:
    return DialEvent(turn=2, tool=rng.choice(list(plan.others))) if plan.others else None


def _two_at_once(plan: Plan, rng: random.Random) -> DialEvent | None:
    """Two values that may be said in the same turn, the one whose turn comes last first."""
    paths = list(spoken_parts(plan.goal, plan.gold))
    if len(paths) < 2:
        return None
    pair = rng.sample(paths, 2)
    return DialEvent(turn=max(map(plan.turn_of, pair)), values=tuple(pair))


def _other_answer(plan: Plan, rng: random.Random) -> DialEvent | None:
    """A value that nobody has asked for yet and that may be said in the first answer."""
    due = [path for path in spoken_parts(plan.goal, plan.gold) if plan.turn_of(path) <= 2]
    return DialEvent(turn=2, values=(rng.choice(due),)) if due else None


_EVENTS: dict[str, Callable[[Plan, random.Random], DialEvent | None]] = {
    "corrects": _correction,
    "changes_mind": _change_of_mind,
    "two_values": _two_at_once,
    "digresses": _digression,
    "answers_other_first": _other_answer,
}


def _slip(schema: dict[str, Any], value: Any, others: Sequence[Any], rng: random.Random) -> Any:
    """Another value that a person could have said by mistake; None where a slip is hard to imagine.

    `others` are what it could have been in another call.
    """
    made: list[Any] = list(others)
    if "enum" in schema:
        made = rng.sample(schema["enum"], len(schema["enum"]))
    elif isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    elif isinstance(value, int | float):
        made = [value + rng.choice((-2, -1, 1, 2)), value + 1, value - 1]
    elif re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        made = [(dt.date.fromisoformat(value) + dt.timedelta(days=rng.choice((-7, -1, 1, 7)))).isoformat()]
    return next((each for each in made if _is_slip(schema, each, value)), None)


def _is_slip(schema: dict[str, Any], wrong: Any, value: Any) -> bool:
    if type(wrong) is not type(value) or wrong == value or wrong == "" or not fits(schema, wrong):
        return False
    return not isinstance(value, str) or not _within(wrong, value)


def _within(one: str, other: str) -> bool:
    """Whether one text holds the other, so that a reader could take one for the other."""
    one, other = one.casefold(), other.casefold()
    return one in other or other in one


def _other_values(plan: Plan, rng: random.Random) -> list[dict[str, Any]]:
    """The values that other calls with the same arguments could have, by dotted path."""
    try:
        return [
            spoken_parts(
                plan.goal,
                sample_arguments(plan.goal, rng, 0.0, plan.setting.locale, plan.setting.today, plan.gold),
            )
            for _ in range(_TRIES)
        ]
    except CatalogError:
        return []

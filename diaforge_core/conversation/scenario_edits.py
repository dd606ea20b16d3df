"""Another goal, other gold arguments or other candidates for a dialogue: a scenario of its own, made from the old."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import DataError
from ..records.scenario import Aim, DialEvent, InformationStage, Scenario
from ..records.tool import Catalog, Tool
from .dialogue_diff import leaves
from .gold import business_goal
from .scenarios import questions_needed, rebuilt
from .tiers import tier_of


def with_aim(scenario: Scenario, aim: Aim, catalog: Catalog) -> Scenario:
    """The scenario of this aim; the very same one where nothing of it differs.

    A changed scenario has an id made from its content, so that nothing measured on the old one is taken for it, and
    keeps its lineage: `parent` is the old one's parent if it had one, else its id. Stages, distractors and a dial's
    event keep what still has a meaning; the questions needed are counted anew, and so is the tier where goal tool or
    candidates differ. DataError for tools that the catalog does not hold, or candidates named twice.
    """
    if aim == scenario.aim:
        return scenario
    _check(aim, catalog)
    goal = catalog.tool(aim.goal_tool)
    moved = goal.name != scenario.goal_tool
    tools = catalog.subset(list(dict.fromkeys([*aim.candidates, goal.name])))
    event = _kept_event(scenario.event, aim)
    fields = {
        **aim.model_dump(mode="json"),
        "goal": business_goal(goal) if moved and aim.goal == scenario.goal else aim.goal,
        "distractors": _distractors(scenario, aim),
        "stages": [stage.model_dump(mode="json") for stage in _kept_stages(scenario.stages, goal)],
        "event": event.model_dump(mode="json") if event else None,
        "dial": scenario.dial if event or not scenario.event else None,
        "parent": scenario.parent or scenario.id,
    }
    made = rebuilt(scenario, **fields)
    made = rebuilt(made, questions_needed=questions_needed(made, tools))
    if moved or set(aim.candidates) != set(scenario.candidates):
        made = rebuilt(made, tier=tier_of(made, tools))
    return made


def _check(aim: Aim, catalog: Catalog) -> None:
    unknown = [name for name in dict.fromkeys([aim.goal_tool, *aim.candidates]) if name not in catalog]
    if unknown:
        raise DataError(
            f"Catalog '{catalog.name}' has no tool {', '.join(unknown)}. Choose the goal tool and the candidates "
            "from its tools."
        )
    if len(set(aim.candidates)) < len(aim.candidates):
        raise DataError("A candidate is named twice. Name each tool once.")


def _distractors(scenario: Scenario, aim: Aim) -> list[str]:
    """The old ones that are still there, and every candidate that came; the goal tool is none."""
    gone = set(scenario.candidates) - set(aim.candidates)
    come = [name for name in aim.candidates if name not in scenario.candidates]
    was_goal = [scenario.goal_tool] if scenario.goal_tool in aim.candidates else []
    kept = [name for name in scenario.distractors if name not in gone]
    return [name for name in dict.fromkeys([*kept, *was_goal, *come]) if name != aim.goal_tool]


def _kept_stages(stages: Sequence[InformationStage], goal: Tool) -> list[InformationStage]:
    """The stages without parameters that the goal tool does not take."""
    kept = [
        InformationStage(turn=stage.turn, revealed=tuple(name for name in stage.revealed if name in goal.properties))
        for stage in stages
    ]
    return [stage for stage in kept if stage.revealed]


def _kept_event(event: DialEvent | None, aim: Aim) -> DialEvent | None:
    """The event, if the values and the tool that it is about are still there."""
    if event is None:
        return None
    known = _paths(aim.gold_arguments)
    there = set(event.values) <= known and (not event.tool or event.tool in aim.candidates)
    return event if there and event.tool != aim.goal_tool else None


def _paths(arguments: Mapping[str, Any]) -> set[str]:
    """Dotted paths of all leaves and of what holds them."""
    paths = {path for path, _ in leaves(arguments)}
    return paths | {".".join(path.split(".")[:end]) for path in paths for end in range(1, path.count(".") + 1)}

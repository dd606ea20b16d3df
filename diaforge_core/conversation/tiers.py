"""The four difficulty tiers: what each asks of a scenario (METHOD.md §2, Difficulty)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..records.scenario import TIERS, Scenario, Tier
from ..records.tool import Tool

DISTRACTORS: dict[Tier, tuple[int, int]] = {"baseline": (2, 3), "medium": (4, 5), "hard": (4, 5), "expert": (4, 6)}
"""Fewest and most distractors of each tier."""
EXPERT_QUESTIONS = 3
"""Clarifying questions from which on a scenario counts as expert."""
_CONDITIONS = ("if", "dependentRequired", "dependentSchemas", "oneOf", "anyOf")


def tier_of(scenario: Scenario, tools: Sequence[Tool]) -> Tier:
    """The hardest tier whose definition a scenario meets."""
    goal = next(tool for tool in tools if tool.name == scenario.goal_tool)
    if scenario.questions_needed >= EXPERT_QUESTIONS:
        return "expert"
    if is_conditional(goal):
        return "hard"
    return "medium" if len(scenario.distractors) >= DISTRACTORS["medium"][0] else "baseline"


@dataclass(frozen=True, slots=True)
class TierFigures:
    """What the scenarios of one tier, or of all, are like on average."""

    scenarios: int
    no_tool: float
    """Share without a right tool in view."""
    distractors: float
    questions: float
    """Questions needed at least."""
    turns: float
    """Assistant turns of an optimal asker: those questions, then the call or the refusal."""
    dials: float
    """Share with a behaviour that disturbs the conversation."""


def tier_figures(scenarios: Sequence[Scenario]) -> dict[str, TierFigures]:
    """Tier → its figures, easiest tier first, then those of `all`; tiers without a scenario are left out."""
    groups = {tier: [scenario for scenario in scenarios if scenario.tier == tier] for tier in TIERS}
    return {name: _figures(group) for name, group in {**groups, "all": list(scenarios)}.items() if group}


def _figures(scenarios: Sequence[Scenario]) -> TierFigures:
    count = len(scenarios)
    questions = sum(scenario.questions_needed for scenario in scenarios) / count
    return TierFigures(
        scenarios=count,
        no_tool=sum(not scenario.solvable for scenario in scenarios) / count,
        distractors=sum(len(scenario.distractors) for scenario in scenarios) / count,
        questions=questions,
        turns=questions + 1,
        dials=sum(scenario.dial is not None for scenario in scenarios) / count,
    )


def is_conditional(tool: Tool) -> bool:
    """Whether the tool's schema makes what is required depend on what is chosen."""
    schemas = [tool.parameters, *(part for part in tool.parameters.get("allOf", ()) if isinstance(part, dict))]
    return any(schema.get(key) for schema in schemas for key in _CONDITIONS)


def is_interdependent(goal: Tool, distractors: Sequence[Tool]) -> bool:
    """Whether what must be asked depends on an earlier choice: by the goal's schema, or by which tool is chosen."""
    return is_conditional(goal) or len({frozenset(tool.required) for tool in (goal, *distractors)}) > 1

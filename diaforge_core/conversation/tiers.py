"""The four difficulty tiers: what each asks of a scenario (METHOD.md §2, Difficulty)."""

from __future__ import annotations

from collections.abc import Sequence

from ..records.scenario import Scenario, Tier
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


def is_conditional(tool: Tool) -> bool:
    """Whether the tool's schema makes what is required depend on what is chosen."""
    schemas = [tool.parameters, *(part for part in tool.parameters.get("allOf", ()) if isinstance(part, dict))]
    return any(schema.get(key) for schema in schemas for key in _CONDITIONS)


def is_interdependent(goal: Tool, distractors: Sequence[Tool]) -> bool:
    """Whether what must be asked depends on an earlier choice: by the goal's schema, or by which tool is chosen."""
    return is_conditional(goal) or len({frozenset(tool.required) for tool in (goal, *distractors)}) > 1

"""Which tool was called where which was needed, for the near-duplicates that were confused most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..records.tool import Tool
from ..records.trace import Trace
from .episodes import goal_clusters
from .outcomes import calls_of

NO_CALL = ""
"""Stands in the place of the called tool where none was called."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The goal tools of one cluster of near-duplicates against what was called in their place."""

    goals: tuple[str, ...]
    """By name."""
    called: tuple[str, ...]
    """The goals first, then other tools by name, `NO_CALL` last where it occurs."""
    cells: dict[tuple[str, str], tuple[str, ...]]
    """(goal, called) → ids of the traces that ended so; only cells that are not empty."""
    confused: int
    """Traces with a call to another tool."""


def confusion(traces: Iterable[Trace]) -> dict[tuple[str, str], tuple[str, ...]]:
    """(goal tool, tool called) → ids of the traces; each stands once, and only solvable scenarios do.

    The tool called is the first wrong one, else the goal tool, else `NO_CALL`.
    """
    cells: dict[tuple[str, str], list[str]] = defaultdict(list)
    for trace in traces:
        if trace.scenario.solvable:
            goal, calls = trace.scenario.goal_tool, [call.name for call in calls_of(trace)]
            wrong = [name for name in calls if name != goal]
            cells[goal, (*wrong, *calls, NO_CALL)[0]].append(trace.id)
    return {cell: tuple(ids) for cell, ids in sorted(cells.items())}


def matrices(traces: Sequence[Trace], tools: Mapping[str, Tool], most: int = 3) -> list[Matrix]:
    """The clusters in which another tool was called most often, at most `most`, worst first, ties by name."""
    clusters = goal_clusters(traces, tools)
    by_cluster: dict[str, dict[tuple[str, str], tuple[str, ...]]] = defaultdict(dict)
    for (goal, called), ids in confusion(traces).items():
        by_cluster[clusters.get(goal, goal)][goal, called] = ids
    found = [matrix for cells in by_cluster.values() if (matrix := _matrix(cells)).confused]
    return sorted(found, key=lambda matrix: (-matrix.confused, matrix.goals))[:most]


def _matrix(cells: dict[tuple[str, str], tuple[str, ...]]) -> Matrix:
    goals = tuple(sorted({goal for goal, _ in cells}))
    others = {called for _, called in cells} - {*goals}
    called = (*goals, *sorted(others - {NO_CALL}), *sorted(others & {NO_CALL}))
    confused = sum(len(ids) for (goal, name), ids in cells.items() if name not in (goal, NO_CALL))
    return Matrix(goals, called, cells, confused)

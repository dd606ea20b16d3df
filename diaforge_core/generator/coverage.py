"""Which parts of a catalog a dataset covers: goal tools by cluster and one more trait, target against produced.

The grid of PRODUCT P17: every cell is a cluster of near-duplicates and a tier, an amount withheld or a style.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..catalog.ambiguity import Cluster, ambiguity
from ..conversation.scenarios import DEFAULT_MIX
from ..records.dialogue import Dialogue
from ..records.scenario import TIERS, Scenario
from ..records.tool import Catalog

ALONE = "tools without a near-duplicate"
Axis = Literal["tier", "withheld", "style"]
WITHHELD: tuple[str, ...] = ("nothing", "one value", "two values", "three or more")
"""How many values the user keeps back in the opening."""
STYLES: tuple[str, ...] = ("plain", "terse", "chatty", "formal", "hurried")
COLUMNS: dict[Axis, tuple[str, ...]] = {"tier": TIERS, "withheld": WITHHELD, "style": STYLES}
FILLED = 0.95
"""Share of what is missing that one filling is meant to make; the scarcest cells would cost many dialogues more."""
SLACK = 0.1
"""Part of a dialogue that is not worth one more scenario."""
OVERSHOOT = 3
"""A filling makes at most so many times what is missing."""


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One cell of the grid."""

    cluster: str
    """Name of a cluster: its first tool and how many more, or `ALONE`."""
    tools: tuple[str, ...]
    column: str
    """A tier, an amount withheld or a style, as the axis has it."""
    target: int
    """Dialogues that an even draw gives this cell."""
    produced: int

    @property
    def missing(self) -> int:
        return max(0, self.target - self.produced)


@dataclass(frozen=True, slots=True)
class Filling:
    """What is to be drawn so that cells reach their targets."""

    goal_tools: tuple[str, ...]
    shares: dict[str, float]
    """Column → its share of the scenarios, summing to 1."""
    missing: int
    """Dialogues that the cells lack."""
    count: int
    """Scenarios to attempt."""


def coverage(
    dialogues: Sequence[Dialogue],
    catalog: Catalog,
    mix: Mapping[str, float] | None = None,
    *,
    axis: Axis = "tier",
    wanted: int | None = None,
    clusters: Sequence[Cluster] | None = None,
) -> tuple[CoverageRow, ...]:
    """One row for each cluster of near-duplicates and each column of the axis, clusters in the catalog's order.

    Targets share `wanted` dialogues (by default as many as there are) out by how many tools a cluster holds and by
    the columns' shares: `mix` for tiers, even ones for styles, and those that the dialogues have for what is withheld.
    They are whole numbers that sum to it, the largest remainders rounded up. `clusters` saves looking for them again.
    """
    groups = clusters_of(catalog, clusters)
    cluster_of = {name: cluster for cluster, names in groups.items() for name in names}
    columns = [column_of(dialogue.scenario, axis) for dialogue in dialogues]
    produced = Counter(
        (cluster_of.get(dialogue.scenario.goal_tool, ALONE), column)
        for dialogue, column in zip(dialogues, columns, strict=True)
    )
    shares = _shares(axis, mix, Counter(columns))
    cells = [(cluster, column) for cluster in groups for column in COLUMNS[axis]]
    weights = [shares.get(column, 0.0) * len(groups[cluster]) for cluster, column in cells]
    targets = _shared_out(len(dialogues) if wanted is None else wanted, weights)
    return tuple(
        CoverageRow(cluster, groups[cluster], column, target, produced[cluster, column])
        for (cluster, column), target in zip(cells, targets, strict=True)
    )


def column_of(scenario: Scenario, axis: Axis) -> str:
    """The column that a scenario falls into."""
    return _COLUMN_OF[axis](scenario)


def filling(rows: Sequence[CoverageRow], accepted_share: float = 1.0) -> Filling | None:
    """What fills the cells of `rows` that are under their target; None if none is.

    Goal tools are drawn in turn and columns by share, so a cell gets its tools' part of its column's part. As many are
    drawn as fill `FILLED` of what is missing, at most `OVERSHOOT` times as many as are missing.
    """
    open_rows = [row for row in rows if row.missing]
    missing = sum(row.missing for row in open_rows)
    if not missing:
        return None
    tools = {row.cluster: row.tools for row in open_rows}
    by_column: Counter[str] = Counter()
    for row in open_rows:
        by_column[row.column] += row.missing
    shares = {column: number / missing for column, number in by_column.items()}
    size = sum(len(names) for names in tools.values())
    part = [(row.missing, len(row.tools) / size * shares[row.column]) for row in open_rows]
    needed = missing
    while sum(min(lack, needed * chance) for lack, chance in part) < FILLED * missing and needed < OVERSHOOT * missing:
        needed += max(1, missing // 50)
    count = min(needed, OVERSHOOT * missing) / max(accepted_share, 0.1)
    return Filling(
        goal_tools=tuple(name for names in tools.values() for name in names),
        shares=shares,
        missing=missing,
        count=max(1, math.ceil(count - SLACK)),
    )


def clusters_of(catalog: Catalog, clusters: Sequence[Cluster] | None = None) -> dict[str, tuple[str, ...]]:
    """Name of cluster → names of its tools; every tool of the catalog is in one."""
    groups: dict[str, tuple[str, ...]] = {}
    for cluster in ambiguity(catalog).clusters if clusters is None else clusters:
        first, *others = cluster.tools
        groups[f"{first} + {len(others)}"] = tuple(cluster.tools)
    clustered = {name for names in groups.values() for name in names}
    alone = tuple(tool.name for tool in catalog.tools if tool.name not in clustered)
    return groups | ({ALONE: alone} if alone else {})


def _shared_out(total: int, weights: Sequence[float]) -> list[int]:
    """`total` in whole parts by weight that sum to it, the largest remainders rounded up, ties in order; 0 for none."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [math.floor(part + 1e-9) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: parts[place] - exact[place])
    for place in by_remainder[: total - sum(parts)]:
        parts[place] += 1
    return parts


def _withheld(scenario: Scenario) -> str:
    late = sum(scenario.stage_of(name) > 1 for name in scenario.gold_arguments)
    return WITHHELD[min(late, len(WITHHELD) - 1)]


_COLUMN_OF: dict[Axis, Callable[[Scenario], str]] = {
    "tier": lambda scenario: scenario.tier,
    "withheld": _withheld,
    "style": lambda scenario: scenario.persona.style,
}


def _shares(axis: Axis, mix: Mapping[str, float] | None, produced: Counter[str]) -> dict[str, float]:
    """Column → its share of all dialogues, summing to 1 where there is anything to share."""
    if axis == "withheld":
        given: Mapping[str, float] = produced
    elif axis == "style":
        given = mix or dict.fromkeys(STYLES, 1.0)
    else:
        given = mix or {str(tier): share for tier, share in DEFAULT_MIX.items()}
    total = sum(given.values()) or 1.0
    return {column: share / total for column, share in given.items()}

"""What gets confused in a catalog: clusters of near-duplicates and the pairs that are riskiest to mix up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage

from ..records.tool import Catalog, SideEffect, Tool
from .neighbours import DIGITS, Closeness, nearest_of

FLOOR = 0.45
"""Average closeness from which tools count as near-duplicates."""
NEAREST = 8
"""Neighbours listed for each tool."""
RISKIEST = 60
"""Pairs listed as riskiest."""
MAX_CLUSTER = 14
"""Tools in one cluster; a bigger one says no more than "these are alike"."""
MAX_LINKED = 2_500
"""Tools of one connected part that are clustered exactly; a larger part is first cut at a higher closeness."""
RISK: dict[SideEffect, float] = {"read": 0.4, "write": 0.8, "destructive": 1.0}
"""How bad it is to make such a call by mistake; a wrong read shows the wrong record, the others change one."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Tools that are easily mistaken for one another."""

    tools: tuple[str, ...]
    """Names, in alphabetic order."""
    closeness: float
    """Mean closeness of every two of them."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tools and how risky it is to call one for the other."""

    a: str
    b: str
    closeness: float
    risk: float
    """Closeness times the weight of the more harmful side effect, a tenth more where the two differ; at most 1."""


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """The confusion map of a catalog."""

    clusters: tuple[Cluster, ...]
    """Of two or more tools, the closest clusters first."""
    nearest: dict[str, list[tuple[str, float]]]
    """Tool → its closest others, closest first."""
    riskiest: tuple[Pair, ...]
    """The pairs above the floor, riskiest first."""


def ambiguity(catalog: Catalog, floor: float = FLOOR) -> Ambiguity:
    """The clusters, neighbours and riskiest pairs of a catalog, from the tools alone; ties by name.

    Clusters by average linkage: two groups join while their mean closeness is at least `floor` and they are at most 14
    tools together, so that a chain of similar tools does not become one giant cluster.
    """
    measured = Closeness(catalog.tools)
    pairs = _close_pairs(measured, floor)
    return Ambiguity(
        clusters=_clusters(catalog.tools, pairs, floor),
        nearest=nearest_of(measured, NEAREST),
        riskiest=_riskiest(catalog.tools, pairs),
    )


def risk(a: Tool, b: Tool, closeness: float) -> float:
    """How risky it is to call one for the other, from 0 to 1."""
    worst = max(RISK[a.side_effect], RISK[b.side_effect])
    return round(min(1.0, closeness * worst * (1.1 if a.side_effect != b.side_effect else 1.0)), DIGITS)


def _close_pairs(measured: Closeness, floor: float) -> dict[tuple[int, int], float]:
    """Places of every two tools at least this close, the first below the second → their closeness."""
    pairs: dict[tuple[int, int], float] = {}
    for start, block in measured.rows():
        rows, columns = np.nonzero(block >= floor)
        later = columns > rows + start
        for row, column in zip(rows[later], columns[later], strict=True):
            pairs[int(row) + start, int(column)] = round(float(block[row, column]), DIGITS)
    return pairs


def _riskiest(tools: tuple[Tool, ...], pairs: dict[tuple[int, int], float]) -> tuple[Pair, ...]:
    found = []
    for (one, other), close in pairs.items():
        a, b = sorted((tools[one], tools[other]), key=lambda tool: tool.name)
        found.append(Pair(a.name, b.name, close, risk(a, b, close)))
    return tuple(sorted(found, key=lambda pair: (-pair.risk, -pair.closeness, pair.a, pair.b))[:RISKIEST])


def _clusters(tools: tuple[Tool, ...], pairs: dict[tuple[int, int], float], floor: float) -> tuple[Cluster, ...]:
    found: list[Cluster] = []
    for part in _connected(pairs, floor):
        part = sorted(part, key=lambda place: tools[place].name)
        table = _table(part, pairs)
        for group in _linked(table, floor):
            inner = table[np.ix_(group, group)][np.triu_indices(len(group), 1)]
            names = tuple(tools[part[place]].name for place in group)
            found.append(Cluster(names, round(float(inner.mean()), DIGITS)))
    return tuple(sorted(found, key=lambda cluster: (-cluster.closeness, -len(cluster.tools), cluster.tools)))


def _connected(pairs: dict[tuple[int, int], float], floor: float) -> list[list[int]]:
    """The groups of places that pairs connect; one that is too large is cut again at a higher closeness."""
    root: dict[int, int] = {}

    def find(place: int) -> int:
        while root.setdefault(place, place) != place:
            root[place] = root[root[place]]
            place = root[place]
        return place

    for one, other in pairs:
        root[find(one)] = find(other)
    groups: dict[int, list[int]] = {}
    for place in root:
        groups.setdefault(find(place), []).append(place)
    parts: list[list[int]] = []
    for group in groups.values():
        higher = floor + 0.05
        if len(group) > MAX_LINKED and higher < 1:
            inside = set(group)
            parts += _connected({pair: c for pair, c in pairs.items() if c >= higher and pair[0] in inside}, higher)
        else:
            parts.append(group)
    return parts


def _table(part: list[int], pairs: dict[tuple[int, int], float]) -> NDArray[np.float64]:
    """(m, m) closeness of the tools of a part; pairs below the floor count as 0 towards an average."""
    table = np.zeros((len(part), len(part)))
    for row, one in enumerate(part):
        for column in range(row + 1, len(part)):
            other = part[column]
            close = pairs.get((one, other) if one < other else (other, one), 0.0)
            table[row, column] = table[column, row] = close
    return table


def _linked(table: NDArray[np.float64], floor: float) -> list[list[int]]:
    """Groups of two or more rows; rows that a full group leaves over are grouped among themselves."""
    groups: list[list[int]] = []
    left = list(range(len(table)))
    while len(left) > 1:
        found = [[left[row] for row in group] for group in _branches(table[np.ix_(left, left)], floor)]
        if not found:
            break
        groups += found
        left = sorted(set(left) - {row for group in found for row in group})
    return groups


def _branches(table: NDArray[np.float64], floor: float) -> list[list[int]]:
    """The branches of the average-linkage tree that are at least this close and small enough."""
    distances = 1 - table[np.triu_indices(len(table), 1)]
    members: dict[int, list[int]] = {row: [row] for row in range(len(table))}
    for number, (one, other, distance, _) in enumerate(linkage(distances, method="average")):
        left, right = members.get(int(one), []), members.get(int(other), [])
        whole = left and right and len(left) + len(right) <= MAX_CLUSTER
        if whole and distance <= 1 - floor + 1e-9:  # a join that is refused leaves both branches as they are
            members[len(table) + number] = members.pop(int(one)) + members.pop(int(other))
    return [sorted(group) for group in members.values() if len(group) > 1]

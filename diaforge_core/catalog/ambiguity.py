"""What gets confused in a catalog: clusters of near-duplicates and the pairs that are riskiest to mix up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..records.tool import Catalog, SideEffect, Tool
from .closeness import SCALE
from .mining import Mined, Pairs, mine

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
_CUT = SCALE // 20
"""Steps of closeness by which such a cut is higher."""
RISK: dict[SideEffect, float] = {"read": 0.4, "write": 0.8, "destructive": 1.0}
"""How bad it is to make such a call by mistake; a wrong read shows the wrong record, the others change one."""
_HUNDREDTHS = {effect: round(weight * 100) for effect, weight in RISK.items()}


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
    """The pairs above the floor that are not banned, riskiest first; at most 60."""
    floor: float = FLOOR
    """Closeness that was used: the one asked for, or a higher one where a huge catalog has too many closer pairs."""


def ambiguity(catalog: Catalog, floor: float = FLOOR, k: int = NEAREST, mined: Mined | None = None) -> Ambiguity:
    """The clusters, neighbours and riskiest pairs of a catalog, from the tools alone; ties by name.

    Clusters by average linkage: two groups join while their mean closeness is at least `floor` and they are at most 14
    tools together, so that a chain of similar tools does not become one giant cluster. With `mined` of these very tools
    nothing is compared again, so that another floor costs little; no floor is below that of the pairs mined (0.3).
    """
    if mined is None or mined.k < k:
        mined = mine(catalog.tools, k, mined)
    pairs = mined.pairs.above(round(floor * SCALE))
    return Ambiguity(
        clusters=_clusters(mined.measured.tools, pairs),
        nearest=mined.nearest(k),
        riskiest=_riskiest(mined.measured.tools, _without(pairs, mined.measured.tools, catalog.banned)),
        floor=pairs.floor / SCALE,
    )


def risk(a: Tool, b: Tool, closeness: float) -> float:
    """How risky it is to call one for the other, from 0 to 1."""
    worst = max(_HUNDREDTHS[a.side_effect], _HUNDREDTHS[b.side_effect])
    return (
        float(_risk(np.array([round(closeness * SCALE)]), np.array([worst]), a.side_effect != b.side_effect)[0]) / SCALE
    )


def _risk(steps: NDArray, hundredths: NDArray, differ: NDArray | bool) -> NDArray[np.int64]:
    """Risk in whole steps of 1e-4; whole numbers, so that one pair and a million give the same."""
    product = steps.astype(np.int64) * hundredths * np.where(differ, 11, 10)
    return np.minimum((product + 500) // 1_000, SCALE)


def _without(pairs: Pairs, tools: Sequence[Tool], banned: Sequence[tuple[str, str]]) -> Pairs:
    """The pairs but the banned ones."""
    if not banned:
        return pairs
    place = {tool.name: index for index, tool in enumerate(tools)}
    keys = [place[a] * len(tools) + place[b] for a, b in banned if a in place and b in place]
    kept = ~np.isin(pairs.one.astype(np.int64) * len(tools) + pairs.other, np.array(keys, dtype=np.int64))
    return Pairs(pairs.one[kept], pairs.other[kept], pairs.steps[kept], pairs.floor)


def _riskiest(tools: Sequence[Tool], pairs: Pairs) -> tuple[Pair, ...]:
    """The 60 first by risk, closeness and names; places are in alphabetic order already."""
    effects = np.array([_HUNDREDTHS[tool.side_effect] for tool in tools], dtype=np.int64)
    one, other = effects[pairs.one], effects[pairs.other]
    risks = _risk(pairs.steps, np.maximum(one, other), one != other)
    rank = risks * (SCALE + 1) + pairs.steps
    if len(rank) > RISKIEST:
        hopeful = np.flatnonzero(rank >= np.partition(rank, -RISKIEST)[-RISKIEST])
    else:
        hopeful = np.arange(len(rank))
    first = hopeful[np.lexsort((pairs.other[hopeful], pairs.one[hopeful], -rank[hopeful]))][:RISKIEST]
    rows = zip(*(column[first].tolist() for column in (pairs.one, pairs.other, pairs.steps, risks)), strict=True)
    return tuple(Pair(tools[a].name, tools[b].name, close / SCALE, risky / SCALE) for a, b, close, risky in rows)


def _clusters(tools: Sequence[Tool], pairs: Pairs) -> tuple[Cluster, ...]:
    found: list[Cluster] = []
    for part, table in _parts(len(tools), pairs):
        for group in _linked(table, pairs.floor / SCALE):
            inner = table[np.ix_(group, group)][np.triu_indices(len(group), 1)]
            names = tuple(tools[part[place]].name for place in group)
            found.append(Cluster(names, round(float(inner.mean()), 4)))
    return tuple(sorted(found, key=lambda cluster: (-cluster.closeness, -len(cluster.tools), cluster.tools)))


def _parts(count: int, pairs: Pairs) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Places of each connected part in order, and the closeness of its tools; pairs below the floor count as 0."""
    part = _connected(count, pairs)
    members = np.argsort(part, kind="stable")
    edges = np.searchsorted(part[members], np.arange(part.max(initial=-1) + 2))
    inner = np.flatnonzero((part[pairs.one] == part[pairs.other]) & (part[pairs.one] >= 0))
    inner = inner[np.argsort(part[pairs.one[inner]], kind="stable")]
    inner_edges = np.searchsorted(part[pairs.one[inner]], np.arange(len(edges)))
    for number in range(len(edges) - 1):
        places = members[edges[number] : edges[number + 1]]
        at = inner[inner_edges[number] : inner_edges[number + 1]]
        one, other = np.searchsorted(places, pairs.one[at]), np.searchsorted(places, pairs.other[at])
        table = np.zeros((len(places), len(places)))
        table[one, other] = table[other, one] = pairs.steps[at] / SCALE
        yield places, table


def _connected(count: int, pairs: Pairs) -> NDArray[np.intp]:
    """The number of the part that each place is in, -1 for none: places that pairs connect.

    A part that is too large to be linked is cut again, by the pairs in it that are closer by a twentieth.
    """
    from scipy.sparse.csgraph import connected_components

    part = np.full(count, -1, dtype=np.intp)
    numbered = 0
    while len(pairs.steps):
        links = sparse.coo_array((np.ones(len(pairs.one), np.int8), (pairs.one, pairs.other)), shape=(count, count))
        label = connected_components(links, directed=False)[1]
        sizes = np.bincount(label)[label]
        whole = (sizes > 1) & ((sizes <= MAX_LINKED) | (pairs.floor + _CUT >= SCALE))
        part[whole] = numbered + np.unique(label[whole], return_inverse=True)[1]
        numbered = int(part.max(initial=-1)) + 1
        open_pairs = ~whole[pairs.one]
        pairs = Pairs(pairs.one[open_pairs], pairs.other[open_pairs], pairs.steps[open_pairs], pairs.floor)
        pairs = pairs.above(pairs.floor + _CUT)
    return part


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
    from scipy.cluster.hierarchy import linkage

    distances = 1 - table[np.triu_indices(len(table), 1)]
    members: dict[int, list[int]] = {row: [row] for row in range(len(table))}
    for number, (one, other, distance, _) in enumerate(linkage(distances, method="average")):
        left, right = members.get(int(one), []), members.get(int(other), [])
        whole = left and right and len(left) + len(right) <= MAX_CLUSTER
        if whole and distance <= 1 - floor + 1e-9:  # a join that is refused leaves both branches as they are
            members[len(table) + number] = members.pop(int(one)) + members.pop(int(other))
    return [sorted(group) for group in members.values() if len(group) > 1]

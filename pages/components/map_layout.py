"""Places for tools on a plane: near-duplicates in one island, islands that read alike near one another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import KDTree

Spots = NDArray[np.float64]
Nearest = Mapping[str, Sequence[tuple[str, float]]]

STEEPNESS = 2.0
"""Power to which closeness pulls, so that a near-duplicate outweighs several distant relatives."""
KINSHIP = 0.1
"""Pull between islands of one part that follow each other in the document; keeps a part together where the nearest
few of an island all lie within it."""
ROUNDS = 160
"""Steps of the layout; more changes nothing that the eye sees."""
STRANGERS = 6
"""Islands drawn at random in each step, from which an island is pushed away."""
SPREAD_A, SPREAD_B = 1.58, 0.9
"""Shape of the pull over distance: the curve of UMAP for a least distance of a tenth."""
SMOOTHING = 60
"""Rounds in which each island moves to the mean of its neighbours to find its region of the map."""
EVENNESS = 0.8
"""How far crowded regions are thinned out: 0 as the forces leave them, 1 everywhere alike."""
STRAIT = 0.9
"""Water between two islands, in dots."""
WIDTH = 1.3
"""How much wider than high the map is."""
COVER = 0.55
"""Share of the map that islands and their straits cover before the last overlaps are pushed out."""
PUSHES, LOOK_AGAIN = 60, 4
"""Rounds of pushing overlapping islands apart, and after how many it is looked up anew which may overlap."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the tools of a map lie."""

    spots: Spots
    """(n, 2) places in the order of the names: between -1 and 1, and in height between -1/1.3 and 1/1.3."""
    gap: float
    """Distance of two dots that lie side by side in one island: a dot may be this wide."""


def layout(
    names: Sequence[str], nearest: Nearest, groups: Iterable[Sequence[str]] = (), parts: Sequence[str] = ()
) -> Layout:
    """The same for the same input. Each of `groups` (names, no tool in two) is one island, any other tool its own.

    Neighbours pull each other and random others push, as in UMAP (McInnes et al. 2018), so that a step costs time in
    proportion to the islands; then overlapping ones are pushed apart. `parts` (one a name) keeps parts together.
    """
    islands = _islands(names, nearest, groups)
    if not islands:
        return Layout(np.zeros((0, 2)), 1.0)
    shapes = [_lattice(len(island)) for island in islands]
    radii = np.array([np.linalg.norm(shape, axis=1).max() + (1 + STRAIT) / 2 for shape in shapes])
    graph = _graph(names, nearest, islands, parts)
    chance = np.random.default_rng(0)
    centres = _apart(_evenly(_settle(_regions(len(islands), graph, chance), graph, chance), radii), radii)
    spots = np.zeros((len(names), 2))
    for island, shape, centre in zip(islands, shapes, centres, strict=True):
        spots[island] = shape + centre
    spots -= (spots.max(axis=0) + spots.min(axis=0)) / 2
    reach = float((np.abs(spots) * [1.0, WIDTH]).max()) + 0.5
    return Layout(spots / reach, 1 / reach)


def _islands(names: Sequence[str], nearest: Nearest, groups: Iterable[Sequence[str]]) -> list[list[int]]:
    """Places of the tools of each island, the one that the others are closest to first."""
    place = {name: index for index, name in enumerate(names)}
    islands = []
    for group in groups:
        inside = set(group)
        pull = dict.fromkeys(group, 0.0)
        for name in group:
            for other, close in nearest.get(name, ()):
                if other in inside:
                    pull[other] += close
        islands.append([place[name] for name in sorted(group, key=lambda name: (-pull[name], name))])
    taken = {index for island in islands for index in island}
    return islands + [[index] for index in range(len(names)) if index not in taken]


def _lattice(size: int) -> Spots:
    """(size, 2) places one apart on a honeycomb, the most central first, round their middle."""
    reach = int(np.sqrt(size)) + 2
    row, column = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1)
    spots = np.stack([column + 0.5 * (row % 2), row * np.sqrt(0.75)], axis=1)
    # Measured from beside the middle of a triangle, three or four dots make a compact shape, not a line.
    distance = np.round(np.linalg.norm(spots - (np.array([0.24, 0.27]) if size < 7 else 0.0), axis=1), 6)
    spots = spots[np.argsort(distance, kind="stable")[:size]]
    return spots - spots.mean(axis=0)


def _graph(
    names: Sequence[str], nearest: Nearest, islands: Sequence[Sequence[int]], parts: Sequence[str]
) -> sparse.csr_matrix:
    """(islands, islands) symmetric strength of the pull between islands, from 0 to 1."""
    place = {name: index for index, name in enumerate(names)}
    home = np.zeros(len(names), dtype=np.intp)
    for number, island in enumerate(islands):
        home[list(island)] = number
    found = [(place[name], place[o], c) for name in names for o, c in nearest.get(name, ()) if o in place]
    one, two, close = np.array(found, dtype=np.float64).reshape(-1, 3).T
    size = np.bincount(home, minlength=len(islands))
    one, two = home[one.astype(np.intp)], home[two.astype(np.intp)]
    pull = np.clip(close, 0, 1) ** STEEPNESS / np.minimum(size[one], size[two])
    kin = _kin(home, parts)
    shape = (len(islands), len(islands))
    graph = sparse.csr_matrix((pull, (one, two)), shape=shape)
    graph = graph + sparse.csr_matrix((np.full(len(kin), KINSHIP), (kin[:, 0], kin[:, 1])), shape=shape)
    graph.setdiag(0)
    graph = graph.maximum(graph.T).minimum(1.0).tocsr()
    graph.eliminate_zeros()
    return graph


def _kin(home: NDArray[np.intp], parts: Sequence[str]) -> NDArray[np.intp]:
    """Pairs of islands that follow each other in one part of the document."""
    last: dict[str, list[int]] = {}
    for island, part in zip(home.tolist(), parts, strict=False):
        last.setdefault(part, []).append(island)
    pairs = {pair for row in last.values() for pair in pairwise(dict.fromkeys(row))}
    return np.array(sorted(pairs), dtype=np.intp).reshape(-1, 2)


def _regions(n: int, graph: sparse.csr_matrix, chance: np.random.Generator) -> Spots:
    """A start in which neighbours are already near: two slow waves over the graph, each spread evenly by rank."""
    lazy = graph + sparse.diags(1e-3 + 0.5 * np.asarray(graph.sum(axis=1)).ravel())
    step = sparse.diags(1 / np.asarray(lazy.sum(axis=1)).ravel()) @ lazy
    waves = chance.normal(size=(n, 2))
    for _ in range(SMOOTHING):
        waves = step @ waves
        waves -= waves.mean(axis=0)
        waves[:, 1] -= waves[:, 0] * (waves[:, 0] @ waves[:, 1]) / max(1e-12, waves[:, 0] @ waves[:, 0])
        waves /= np.maximum(np.linalg.norm(waves, axis=0), 1e-12)
    return (_ranks(waves) - 0.5) * np.sqrt(n)


def _ranks(spots: Spots) -> Spots:
    """Each coordinate as its rank between 0 and 1."""
    return (spots.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") + 0.5) / len(spots)


def _settle(spots: Spots, graph: sparse.csr_matrix, chance: np.random.Generator) -> Spots:
    """The places after neighbours have pulled and strangers have pushed."""
    n = len(spots)
    places = spots.astype(np.float32)
    edges = graph.tocoo()
    pull = edges.data.astype(np.float32)
    home = np.float32(0.02 / np.sqrt(n))  # a slight pull to the middle keeps lone islands in view
    for step in range(ROUNDS):
        move = _pulled(places, edges.row, edges.col, pull, graph.indptr) - home * places
        for _ in range(STRANGERS):
            away = places - places[chance.integers(n, size=n)]
            distance = np.einsum("ij,ij->i", away, away)
            force = 2 * SPREAD_B / ((0.01 + distance) * (1 + SPREAD_A * distance**SPREAD_B)) / STRANGERS
            move += np.clip(force[:, None] * away, -4, 4)
        places = places + np.float32(1 - step / ROUNDS) * np.clip(move, -4, 4)
    return places.astype(np.float64)


def _pulled(spots: NDArray, one: NDArray, two: NDArray, pull: NDArray, starts: NDArray) -> NDArray:
    """How far each island's neighbours pull it; `one` is in order, and row i's edges begin at `starts[i]`."""
    along = spots[two] - spots[one]
    distance = np.maximum(np.einsum("ij,ij->i", along, along), 1e-6)
    power = distance ** (SPREAD_B - 1)
    force = 2 * SPREAD_A * SPREAD_B * power / (1 + SPREAD_A * power * distance) * pull
    weights = sparse.csr_matrix((force, two, starts), shape=(len(spots),) * 2)
    return weights @ spots - np.asarray(weights.sum(axis=1)).reshape(-1, 1) * spots


def _evenly(spots: Spots, radii: NDArray[np.float64]) -> Spots:
    """The places with crowded regions thinned out, scaled to the room that islands of these radii need."""
    area = np.pi * float((radii**2).sum()) / COVER
    half = np.sqrt(area / np.pi / WIDTH) * np.array([WIDTH, 1.0])
    shape = spots - np.median(spots, axis=0)
    shape /= np.maximum(np.abs(shape).mean(axis=0), 1e-9)
    reach = np.maximum(np.linalg.norm(shape, axis=1), 1e-9)
    wanted = (1 - EVENNESS) * reach / reach.max() + EVENNESS * np.sqrt(_ranks(reach[:, None]))[:, 0]
    return half * shape * (wanted / reach)[:, None]


def _apart(spots: Spots, radii: NDArray[np.float64]) -> Spots:
    """The places with overlapping islands pushed apart; the map grows while pushing alone does not help."""
    turn = np.arange(len(spots)) * 2.399963  # the golden angle: no two of one place start in the same direction
    spots = spots + 1e-3 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    one = two = np.zeros(0, dtype=np.intp)
    for step in range(PUSHES):
        if step % LOOK_AGAIN == 0:
            one, two = KDTree(spots).query_pairs(2 * radii.max() + 0.5, output_type="ndarray").T
        along = spots[one] - spots[two]
        distance = np.maximum(np.linalg.norm(along, axis=1), 1e-9)
        lacking = np.maximum(radii[one] + radii[two] - distance, 0)
        if lacking.max(initial=0.0) < 0.05:
            break
        shift = along / distance[:, None] * (0.5 * lacking)[:, None]
        for axis in (0, 1):
            spots[:, axis] += np.bincount(one, shift[:, axis], len(spots))
            spots[:, axis] -= np.bincount(two, shift[:, axis], len(spots))
        if step % LOOK_AGAIN == LOOK_AGAIN - 1:
            spots *= 1 + 0.15 * min(1.0, float((lacking > 0.2).sum()) / len(spots))
    return spots

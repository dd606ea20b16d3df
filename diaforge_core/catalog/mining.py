"""The nearest tools of every tool and all close pairs, found exactly, and found again after a few tools changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..records.tool import Tool
from . import parallel
from .closeness import COLUMNS, ROWS, SCALE, Closeness
from .vector_cache import VectorCache

PAIR_FLOOR = 0.3
"""Closeness from which on pairs are kept; lower ones have nothing in common but the business."""
MAX_PAIRS = 3_000_000
"""Pairs kept at most; where there are more, the closest are, down to a floor below which none is."""
SPARE_PAIRS = 1_000_000
"""Pairs held beyond those, so that after a few changes the floor is still known."""
SPARE = 24
"""Neighbours held beyond those asked for, so that a tool that goes seldom leaves a list too short."""
Places = NDArray[np.int32]
Steps = NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of tools, each once, in no order."""

    one: Places
    other: Places
    """The place that is later in the alphabet."""
    steps: Steps
    """Closeness in steps of 1e-4."""
    floor: int
    """Every pair at least this close is here, in steps of 1e-4."""

    def above(self, steps: int) -> Pairs:
        """Those at least this close, or all where that is below the floor."""
        if steps <= self.floor:
            return self
        chosen = self.steps >= steps
        return Pairs(self.one[chosen], self.other[chosen], self.steps[chosen], steps)

    def closest(self, most: int) -> Pairs:
        """The closest, at most so many, down to a floor that no tie crosses."""
        if len(self.steps) <= most:
            return self
        at_least = np.cumsum(np.bincount(self.steps, minlength=SCALE + 1)[::-1])[::-1]
        return self.above(int(np.argmax(at_least <= most)) if (at_least <= most).any() else SCALE + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Mined:
    """What `mine` found; places count tools in the alphabetic order of their names."""

    k: int
    measured: Closeness
    """The tools in alphabetic order, and what is needed to measure them again."""
    listed: tuple[str, ...]
    """Names in the order in which the tools were given."""
    near: Places
    """(n, k and some more) places of the closest others, closest first, ties by name; -1 where not known."""
    near_steps: Steps
    """Closeness of each in steps of 1e-4; -1 where not known."""
    held: Pairs
    """The close pairs and some more."""

    @property
    def pairs(self) -> Pairs:
        """The pairs at least 0.3 close, or where those are over three million, the closest down to one floor."""
        return self.held.closest(MAX_PAIRS)

    def nearest(self, k: int | None = None) -> dict[str, list[tuple[str, float]]]:
        """Tool name → its `k` closest others with their closeness, closest first, ties by name, tools as listed."""
        names = [tool.name for tool in self.measured.tools]
        wide = self.k if k is None else min(k, self.k)
        places, steps = self.near[:, :wide].tolist(), self.near_steps[:, :wide].tolist()
        found = {
            name: [(names[place], step / SCALE) for place, step in zip(*row, strict=True) if place >= 0]
            for name, row in zip(names, zip(places, steps, strict=True), strict=True)
        }
        return {name: found[name] for name in self.listed}


def mine(
    tools: Sequence[Tool], k: int, previous: Mined | Closeness | None = None, cache: VectorCache | None = None
) -> Mined:
    """The `k` nearest of every tool and the close pairs, exact, ties by name; the same for any order of the tools.

    With what was found of an earlier version, only tools that changed and those that lost too many neighbours are
    compared with all others; the result is the same. `cache` keeps vectors over a restart.
    """
    ordered = sorted(tools, key=lambda tool: tool.name)
    measured = Closeness(ordered, cache, previous.measured if isinstance(previous, Mined) else previous)
    listed = tuple(tool.name for tool in tools)
    return _anew(measured, k, listed)


def _anew(measured: Closeness, k: int, listed: tuple[str, ...]) -> Mined:
    count = len(measured.tools)
    width = min(k + SPARE, max(count - 1, 0))
    near, steps = np.full((count, width), -1, np.int32), np.full((count, width), -1, np.int16)
    gathered = _Gathered(round(PAIR_FLOOR * SCALE))

    def compared(rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], Places, Steps, Pairs]:
        table = compare(measured, rows)
        return rows, *nearest_in(table, width), _pairs_in(table, rows, gathered.floor)

    stretches = [np.arange(start, min(start + ROWS, count)) for start in range(0, count, ROWS)]
    for rows, places, close, pairs in parallel.each(compared, stretches) if count > ROWS else map(compared, stretches):
        near[rows], steps[rows] = places, close
        gathered.add(pairs)
    return Mined(k, measured, listed, near, steps, gathered.pairs())


def compare(measured: Closeness, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """(rows, n) closeness in whole steps; a tool is at -1 from itself."""
    table = np.empty((len(rows), len(measured.tools)), dtype=np.float32)
    for start in range(0, table.shape[1], COLUMNS):
        stop = min(start + COLUMNS, table.shape[1])
        table[:, start:stop] = measured.steps(rows, start, stop)
    table[np.arange(len(rows)), rows] = -1
    return table


def nearest_in(table: NDArray[np.float32], width: int) -> tuple[Places, Steps]:
    """Places and values of the `width` highest of each row, highest first, ties by place."""
    if width == 0:
        return np.zeros((len(table), 0), np.int32), np.zeros((len(table), 0), np.int16)
    least = _least(table, width)
    reached = table >= least[:, None]
    for row in np.flatnonzero(reached.sum(axis=1) > 16 * width):  # one tie of thousands: only its first can count
        reached[row] = _first_of(table[row], width)
    hits = np.flatnonzero(reached)
    rows, places = np.divmod(hits, table.shape[1])
    values = table.reshape(-1)[hits]
    order = np.argsort(rows * (SCALE + 2) + (SCALE - values).astype(np.int64), kind="stable")
    starts = np.searchsorted(rows, np.arange(len(table)))
    chosen = order[starts[:, None] + np.arange(width)]
    return places[chosen].astype(np.int32), values[chosen].astype(np.int16)


def _least(table: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """For each row a value that at least `width` of its entries reach, and not many more.

    The highest of each group of columns are `width` different entries or more, so the `width`-th highest of the groups
    is such a value; neighbours in the alphabet are in different groups.
    """
    groups = 8 * width
    if table.shape[1] <= groups:
        return _kth(table, width)
    highest = table[:, :groups].copy()
    for start in range(groups, table.shape[1], groups):
        part = table[:, start : start + groups]
        np.maximum(highest[:, : part.shape[1]], part, out=highest[:, : part.shape[1]])
    return _kth(highest, width)


def _kth(table: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    at = table.shape[1] - width
    return np.partition(table, at, axis=1)[:, at]


def _first_of(row: NDArray[np.float32], width: int) -> NDArray[np.bool_]:
    """Which entries are the `width` highest of a row, ties by place."""
    least = np.partition(row, len(row) - width)[len(row) - width]
    chosen = row > least
    chosen[np.flatnonzero(row == least)[: width - int(chosen.sum())]] = True
    return chosen


def _pairs_in(table: NDArray[np.float32], rows: NDArray[np.intp], floor: int) -> Pairs:
    """The pairs of a stretch of rows with all tools that come later."""
    start = int(rows[0])
    later = table[:, start:]
    one, other = np.divmod(np.flatnonzero(later >= floor), later.shape[1])
    behind = other > one
    one, other = one[behind], other[behind]
    steps = later[one, other].astype(np.int16)
    return Pairs((one + start).astype(np.int32), (other + start).astype(np.int32), steps, floor)


class _Gathered:
    """Pairs as they are found; the floor rises as soon as there are too many, so that memory stays bounded."""

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self._parts: list[Pairs] = []
        self._count = 0

    def add(self, pairs: Pairs) -> None:
        self._parts.append(pairs)
        self._count += len(pairs.steps)
        if self._count > 2 * (MAX_PAIRS + SPARE_PAIRS):
            kept = self.pairs()
            self.floor, self._parts, self._count = kept.floor, [kept], len(kept.steps)

    def pairs(self) -> Pairs:
        return joined(self._parts, self.floor).closest(MAX_PAIRS + SPARE_PAIRS)


def joined(parts: Sequence[Pairs], floor: int) -> Pairs:
    """All pairs of the parts that reach the floor."""
    parts = [part.above(floor) for part in parts] or [_NO_PAIRS]
    one, other, steps = (
        np.concatenate([getattr(part, field) for part in parts]) for field in ("one", "other", "steps")
    )
    return Pairs(one, other, steps, floor)


_NO_PAIRS = Pairs(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int16), 0)

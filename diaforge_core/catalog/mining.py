"""The nearest tools of every tool and all close pairs, found exactly, and found again after a few tools changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ..records.tool import Tool
from . import parallel
from .closeness import SCALE, Closeness
from .vector_cache import VectorCache

PAIR_FLOOR = 0.3
"""Closeness from which on pairs are kept; lower ones have nothing in common but the business."""
MAX_PAIRS = 5_000_000
"""Pairs kept at most; where there are more, the closest are, down to a floor below which none is."""
SPARE_PAIRS = 1_000_000
"""Pairs held beyond those, so that after a few changes the floor is still known."""
SPARE = 24
"""Neighbours held beyond those asked for, so that a tool that goes seldom leaves a list too short."""
MANY_CHANGED = 0.2
"""Share of tools to compare anew from which on comparing all is no slower."""
ROWS, COLUMNS = 256, 2_048
"""Tools compared at once: half a million pairs, 2 MB a table, which stay near the processor."""
Places = NDArray[np.int32]
Steps = NDArray[np.int16]
Found = TypeVar("Found")


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
        """The pairs at least 0.3 close, or where those are over five million, the closest down to one floor."""
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


def mine(tools: Sequence[Tool], k: int, previous: Mined | None = None, cache: VectorCache | None = None) -> Mined:
    """The `k` nearest of every tool and the close pairs, exact, ties by name; the same for any order of the tools.

    With what was found of an earlier version, only tools that changed and those that lost too many neighbours are
    compared with all others; the result is the same. `cache` keeps vectors over a restart.
    """
    ordered = sorted(tools, key=lambda tool: tool.name)
    measured = Closeness(ordered, cache, previous.measured if previous else None)
    listed = tuple(tool.name for tool in tools)
    mended = mend(previous, measured, k) if previous else None
    near, steps, held = mended or _anew(measured, k)
    return Mined(k, measured, listed, near, steps, held)


def _anew(measured: Closeness, k: int) -> tuple[Places, Steps, Pairs]:
    count = len(measured.tools)
    width = min(k + SPARE, max(count - 1, 0))
    near, steps = np.full((count, width), -1, np.int32), np.full((count, width), -1, np.int16)
    gathered = _Gathered(round(PAIR_FLOOR * SCALE))

    def compared(rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], Places, Steps, Pairs]:
        table = compare(measured, rows)
        return rows, *nearest_in(table, width), _pairs_in(table, rows, gathered.floor)

    for rows, places, close, pairs in _over(compared, np.arange(count)):
        near[rows], steps[rows] = places, close
        gathered.add(pairs)
    return near, steps, gathered.pairs()


def _over(work: Callable[[NDArray[np.intp]], Found], rows: NDArray[np.intp]) -> Iterator[Found]:
    """The work on each stretch of the rows, on all cores where there are many."""
    stretches = [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]
    return parallel.each(work, stretches) if len(stretches) > 1 else map(work, stretches)


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


def mend(previous: Mined, measured: Closeness, k: int) -> tuple[Places, Steps, Pairs] | None:
    """What mining `measured` anew would find, from what was found of most of its tools; None where that is not enough.

    Of a tool that did not change, the list without those that changed or went is still the head of its list among the
    unchanged. Merged with its closeness to the changed ones it is the head of the new list, as long as it was.
    """
    if previous.k != k or previous.measured.encoder != measured.encoder or len(measured.tools) < 2:
        return None
    old, new = _kept(previous.measured, measured)
    count, width = len(measured.tools), min(k + SPARE, max(len(measured.tools) - 1, 0))
    move = np.full(len(previous.measured.tools) + 1, -1, np.int32)  # the last place stands for "not known"
    move[old] = new
    near, steps = np.full((count, width), -1, np.int32), np.full((count, width), -1, np.int16)
    left, left_steps = _shortened(move[previous.near[old]], previous.near_steps[old], width)
    near[new, : left.shape[1]], steps[new, : left.shape[1]] = left, left_steps
    whole = (left >= 0).sum(axis=1) >= len(old) - 1
    changed = np.setdiff1d(np.arange(count), new)
    short = new[((left >= 0).sum(axis=1) < min(k, width)) & ~whole]
    if len(changed) + len(short) > MANY_CHANGED * count:
        return None
    sure = (near >= 0).sum(axis=1)
    last = np.where(sure > 0, np.take_along_axis(steps, np.maximum(sure - 1, 0)[:, None], axis=1)[:, 0], SCALE + 1)
    sure[new[whole]], last[new[whole]], last[changed] = width, -1, SCALE + 1
    fresh = np.isin(np.arange(count), changed)

    def compared(rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], Places, Steps, Pairs, Pairs]:
        table = compare(measured, rows)
        own = rows[fresh[rows]]
        table_of_own = table[fresh[rows]]
        pairs = _pairs_of(table_of_own, own, fresh, previous.held.floor)
        return rows, *nearest_in(table, width), pairs, _entries(table_of_own, own, last)

    pairs, entries = [_moved(previous.held, move)], [_NO_PAIRS]
    for rows, places, close, found, entered in _over(compared, np.concatenate([changed, short])):
        near[rows], steps[rows] = places, close
        pairs.append(found)
        entries.append(entered)
    last[short] = SCALE + 1
    _enter(near, steps, sure, joined(entries, 0), last)
    held = joined(pairs, previous.held.floor).closest(MAX_PAIRS + SPARE_PAIRS)
    return (near, steps, held) if _floor_is_known(held) else None


def _kept(previous: Closeness, measured: Closeness) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Old and new places of the tools whose name and content stayed, in alphabetic order."""
    place = {tool.name: at for at, tool in enumerate(previous.tools)}
    same = [
        (place[tool.name], at)
        for at, (tool, told) in enumerate(zip(measured.tools, measured.told, strict=True))
        if tool.name in place and previous.told[place[tool.name]] == told
    ]
    pairs = np.array(same, dtype=np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _shortened(near: Places, steps: Steps, width: int) -> tuple[Places, Steps]:
    """The rows without their gaps, what is known in front, at most `width` of it."""
    order = np.argsort(near < 0, axis=1, kind="stable")[:, :width]
    near, steps = np.take_along_axis(near, order, axis=1), np.take_along_axis(steps, order, axis=1)
    return near, np.where(near < 0, np.int16(-1), steps)


def _entries(table: NDArray[np.float32], rows: NDArray[np.intp], last: NDArray[np.int64]) -> Pairs:
    """Which changed tool (`one`) may enter the list of which other tool: no farther than its last."""
    one, other = np.nonzero(table >= last)
    return Pairs(rows[one].astype(np.int32), other.astype(np.int32), table[one, other].astype(np.int16), 0)


def _enter(near: Places, steps: Steps, sure: NDArray[np.intp], entries: Pairs, last: NDArray[np.int64]) -> None:
    """Merges the entries into the lists they belong to; each stays as long as it is sure."""
    wanted = last[entries.other] <= SCALE
    entering, owners, close = entries.one[wanted], entries.other[wanted], entries.steps[wanted]
    touched = np.unique(owners)
    held_rows, held_at = np.nonzero(near[touched] >= 0)
    row = np.concatenate([touched[held_rows], owners])
    place = np.concatenate([near[touched][held_rows, held_at], entering])
    close = np.concatenate([steps[touched][held_rows, held_at], close])
    order = np.lexsort((place, -close, row))
    row, place, close = row[order], place[order], close[order]
    rank = np.arange(len(row)) - np.searchsorted(row, row)
    inside = rank < sure[row]
    near[row[inside], rank[inside]] = place[inside]
    steps[row[inside], rank[inside]] = close[inside]


def _moved(pairs: Pairs, move: Places) -> Pairs:
    """The pairs of tools that stayed, at their new places."""
    one, other = move[pairs.one], move[pairs.other]
    stay = (one >= 0) & (other >= 0)
    return Pairs(one[stay], other[stay], pairs.steps[stay], pairs.floor)


def _pairs_of(table: NDArray[np.float32], rows: NDArray[np.intp], fresh: NDArray[np.bool_], floor: int) -> Pairs:
    """The pairs of changed tools with all others, those of two changed ones once."""
    one, other = np.nonzero(table >= floor)
    steps = table[one, other].astype(np.int16)
    one = rows[one]
    once = ~fresh[other] | (other > one)
    first, second = np.minimum(one, other)[once], np.maximum(one, other)[once]
    return Pairs(first.astype(np.int32), second.astype(np.int32), steps[once], floor)


def _floor_is_known(held: Pairs) -> bool:
    """Whether the pairs held decide down to which floor pairs are kept, as mining anew would."""
    return held.floor <= round(PAIR_FLOOR * SCALE) or held.closest(MAX_PAIRS).floor > held.floor

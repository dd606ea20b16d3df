"""Three parts of a dataset that share no near-duplicate tools (METHOD.md §4, "Three parts")."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..catalog import neighbours
from ..errors import DataError
from ..records.base import derived_seed
from ..records.dialogue import Dialogue
from ..records.tool import Catalog

CLOSE = 0.7
"""Closeness from which on two tools are near-duplicates, so that knowing one helps with the other.

In a family of operations on one kind of resource the nearest other tool is 0.74 close in the median; tools of different
business areas are below 0.5.
"""
STARTS = 24
"""Places from which a part is grown; the one that costs the fewest dialogues is kept."""
TOLERANCE = 0.2
"""How far from the size asked for a part made of whole components may be, as a share of it."""


@dataclass(frozen=True, slots=True)
class Split:
    """The parts in the order of the dialogues given."""

    train: tuple[Dialogue, ...]
    validation: tuple[Dialogue, ...]
    held_out: tuple[Dialogue, ...]
    dropped: tuple[str, ...]
    """Ids of the dialogues that straddle two parts."""
    closeness: float
    """No tool of one part is this close to a tool of another."""


def split(
    catalog: Catalog,
    dialogues: Sequence[Dialogue],
    held_out: float = 0.2,
    validation: float = 0.1,
    seed: int = 0,
    closeness: float = CLOSE,
) -> Split:
    """The dialogues in three parts such that no goal or candidate of one is within `closeness` of one of another.

    Where the tools fall apart into components, whole components are dealt out and nothing is lost; one giant component
    is cut: a part grows tool by tool, and dialogues that straddle the cut are dropped. The held-out and validation
    parts come near their share of all dialogues; what is dropped, the training part lacks. DataError where the tools
    cannot be parted at all.
    """
    ground = _Ground(catalog, dialogues, closeness)
    in_test, rest = ground.carve(ground.everything(), round(held_out * len(dialogues)), derived_seed("test", seed))
    in_valid, in_train = ground.carve(rest, round(validation * len(dialogues)), derived_seed("validation", seed))
    train, valid, test = (tuple(dialogues[index] for index in sorted(part)) for part in (in_train, in_valid, in_test))
    _check_sizes(dialogues, (train, valid, test), (1 - held_out - validation, validation, held_out), closeness)
    remaining = {dialogue.id for part in (train, valid, test) for dialogue in part}
    dropped = tuple(dialogue.id for dialogue in dialogues if dialogue.id not in remaining)
    return Split(train=train, validation=valid, held_out=test, dropped=dropped, closeness=closeness)


class _Ground:
    """Which dialogue uses which tool, and which tools are close, as matrices."""

    def __init__(self, catalog: Catalog, dialogues: Sequence[Dialogue], closeness: float) -> None:
        sets = [{*dialogue.scenario.candidates, dialogue.scenario.goal_tool} for dialogue in dialogues]
        names = sorted(set().union(*sets)) if sets else []
        place = {name: at for at, name in enumerate(names)}
        self.used = np.zeros((len(dialogues), len(names)), dtype=bool)
        for row, tools in enumerate(sets):
            self.used[row, [place[name] for name in tools]] = True
        self.near: np.ndarray = np.eye(len(names), dtype=bool)
        if len(names) > 1:
            self.near = self.near | (np.asarray(neighbours.closeness(catalog.subset(names))) >= closeness)
        together: np.ndarray = self.used.T.astype(np.float32) @ self.used.astype(np.float32)
        self.weight = together + 0.5 * self.near
        np.fill_diagonal(self.weight, 0)
        from scipy.sparse.csgraph import connected_components

        _, self.component = connected_components((together > 0) | self.near, directed=False)

    def everything(self) -> np.ndarray:
        return np.arange(len(self.used))

    def carve(self, rows: np.ndarray, wanted: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """About `wanted` of the dialogues `rows`, and those of the others that may stand in another part."""
        if wanted <= 0 or not len(rows):
            return rows[:0], rows
        order = list(range(self.used.shape[1]))
        random.Random(seed).shuffle(order)
        whole = self._whole_components(rows, wanted, order)
        if whole is not None:
            return whole
        grown = [self._parted(rows, self._grow(rows, wanted, order[at:] + order[:at])) for at in range(STARTS)]
        return min(grown, key=lambda parts: len(rows) - len(parts[0]) - len(parts[1]) + abs(len(parts[0]) - wanted))

    def _whole_components(
        self, rows: np.ndarray, wanted: int, order: list[int]
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Whole components that come to `wanted` dialogues, larger ones first; None when sizes do not allow it."""
        component_of = self.component[self.used[rows].argmax(axis=1)]
        sizes = np.bincount(component_of, minlength=self.component.max() + 1)
        taken: list[int] = []
        left = wanted
        seeded = dict.fromkeys(int(self.component[tool]) for tool in order)
        for component in sorted(seeded, key=lambda c: -sizes[c]):
            if 0 < sizes[component] <= left:
                taken.append(component)
                left -= sizes[component]
        if left > max(1, TOLERANCE * wanted) or left == wanted:
            return None
        inside = np.isin(component_of, taken)
        return rows[inside], rows[~inside]

    def _grow(self, rows: np.ndarray, wanted: int, order: list[int]) -> np.ndarray:
        """Rows whose tools all lie in a region grown from `order[0]` until it holds `wanted` of them."""
        used = self.used[rows]
        alive: np.ndarray = np.asarray(used.any(axis=0))
        missing: np.ndarray = used.sum(axis=1)
        attached = np.zeros(used.shape[1], dtype=np.float32)
        total = np.maximum(self.weight.sum(axis=1), 1e-6)
        outside: np.ndarray = alive.copy()
        starts = iter(tool for tool in order if alive[tool])
        while (missing == 0).sum() < wanted and outside.any():
            pull = np.where(outside, attached / total, -1.0)
            tool = int(pull.argmax()) if pull.max() > 0 else next(start for start in starts if outside[start])
            outside[tool] = False
            attached += self.weight[tool]
            missing = missing - used[:, tool]
        return rows[missing == 0]

    def _parted(self, rows: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`inside`, and those of `rows` none of whose tools is near a tool of `inside`."""
        blocked = self.near[self.used[inside].any(axis=0)].any(axis=0)
        return inside, rows[~(self.used[rows] & blocked).any(axis=1)]


def _check_sizes(
    dialogues: Sequence[Dialogue],
    parts: tuple[Sequence[Dialogue], ...],
    shares: tuple[float, float, float],
    closeness: float,
) -> None:
    """DataError when a part that was asked for is empty."""
    named = zip(("training", "validation", "held-out"), parts, shares, strict=True)
    empty = [name for name, part, share in named if share * len(dialogues) >= 1 and not part]
    if empty:
        raise DataError(
            f"The {len(dialogues)} dialogues cannot be split: the {' and '.join(empty)} part would be empty, because "
            f"their tools are all within closeness {closeness:g} of one another. Generate more dialogues over more of "
            "the catalog, or ask for smaller shares."
        )

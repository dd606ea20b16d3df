"""Whether what a model is judged by was in what it learned from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..catalog import neighbours
from ..generator.split import CLOSE
from ..records.dialogue import Dialogue
from .kept import Kept

if TYPE_CHECKING:
    from .workspace import Workspace

MOST = 20
"""Checks that are kept."""


@dataclass(frozen=True, slots=True)
class Leak:
    """What two datasets have in common."""

    dialogues: int
    """Of the judging dataset."""
    shared: int
    """Of those: dialogues that are learned from too."""
    near: int
    """Of those: dialogues with a tool that is learned from, or a near-duplicate of one."""
    closest: tuple[str, str, float] | None
    """A tool learned from, a tool judged by, and their closeness: the nearest two; None if one side has none."""

    @property
    def is_clean(self) -> bool:
        return not self.shared and not self.near


class Leaks:
    """Leak checks of one workspace's datasets."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._found: Kept[Leak] = Kept(MOST)

    def between(self, learned: str, judged: str) -> Leak:
        """What the kept dialogues of `judged` have in common with those of `learned`.

        Near-duplicates are tools within the closeness that a split keeps between its parts.
        """
        datasets = self._workspace.datasets
        key = (learned, datasets.stamp(learned), judged, datasets.stamp(judged))
        return self._found.get(key, lambda: self._between(learned, judged))

    def _between(self, learned: str, judged: str) -> Leak:
        ours, theirs = self._workspace.datasets.load(learned), self._workspace.datasets.load(judged)
        shared = {one.id for one in ours} & {one.id for one in theirs}
        names = sorted(_tools(ours)), sorted(_tools(theirs))
        if not names[0] or not names[1]:
            return Leak(len(theirs), len(shared), 0, None)
        near, closest = self._near(theirs[0], *names)
        touched = sum(not near.isdisjoint(_tools([one])) for one in theirs)
        return Leak(len(theirs), len(shared), touched, closest)

    def _near(self, one: Dialogue, learned: list[str], judged: list[str]) -> tuple[set[str], tuple[str, str, float]]:
        """Tools of `judged` that are near-duplicates of one of `learned`, and the nearest two."""
        catalog = self._workspace.catalogs.find(one.scenario.catalog, one.scenario.catalog_version)
        names = [name for name in sorted({*learned, *judged}) if name in catalog]
        place = {name: at for at, name in enumerate(names)}
        rows, columns = [n for n in learned if n in place], [n for n in judged if n in place]
        if not rows or not columns:
            return set(learned) & set(judged), (learned[0], judged[0], 0.0)
        close = neighbours.closeness(catalog.subset(names))[[place[n] for n in rows]][:, [place[n] for n in columns]]
        near = {name for name, nearest in zip(columns, close.max(axis=0).tolist(), strict=True) if nearest >= CLOSE}
        row, column = divmod(int(close.argmax()), len(columns))
        return near | (set(learned) & set(judged)), (rows[row], columns[column], float(close[row, column]))


def _tools(dialogues: Iterable[Dialogue]) -> set[str]:
    return {name for one in dialogues for name in (*one.scenario.candidates, one.scenario.goal_tool) if name}

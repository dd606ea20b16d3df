"""Whether what a model is judged by was in what it learned from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..catalog import neighbours
from ..generator.split import CLOSE
from ..records.dialogue import Dialogue
from ..records.tool import Tool
from .kept import Kept

if TYPE_CHECKING:
    from .workspace import Workspace

Used = tuple[str, str, str]
"""Catalog, its version, and the name of a tool in it."""
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
        return self._found.get(key, lambda: self.among(datasets.load(learned), judged))

    def among(self, learned: Sequence[Dialogue], judged: str) -> Leak:
        """As `between`, of dialogues that need be in no dataset."""
        theirs = self._workspace.datasets.load(judged)
        shared = {one.id for one in learned} & {one.id for one in theirs}
        near, closest = self._near(sorted(_used(learned)), sorted(_used(theirs)))
        touched = sum(not near.isdisjoint(_used([one])) for one in theirs)
        return Leak(len(theirs), len(shared), touched, closest)

    def apart(self, dialogues: Sequence[Dialogue], judged: Sequence[str]) -> list[Dialogue]:
        """Those of the dialogues, in order, that have no tool in common with the kept dialogues of these datasets, and
        none that is a near-duplicate of one of theirs."""
        theirs = [dialogue for name in judged for dialogue in self._workspace.datasets.load(name)]
        near, _ = self._near(sorted(_used(theirs)), sorted(_used(dialogues)))
        return [one for one in dialogues if near.isdisjoint(_used([one]))]

    def _near(self, learned: list[Used], judged: list[Used]) -> tuple[set[Used], tuple[str, str, float] | None]:
        """Tools of `judged` that are near-duplicates of one of `learned`, and the nearest two."""
        names = {(catalog, name) for catalog, _, name in learned}
        near = {each for each in judged if (each[0], each[2]) in names}
        tools = self._tools({*learned, *judged})
        rows, columns = [each for each in learned if each in tools], [each for each in judged if each in tools]
        if not rows or not columns:
            return near, None
        place = {each: at for at, each in enumerate(tools)}
        table = neighbours.closeness(list(tools.values()))
        close = table[[place[each] for each in rows]][:, [place[each] for each in columns]]
        near |= {each for each, nearest in zip(columns, close.max(axis=0).tolist(), strict=True) if nearest >= CLOSE}
        row, column = divmod(int(close.argmax()), len(columns))
        return near, (rows[row][2], columns[column][2], float(close[row, column]))

    def _tools(self, used: set[Used]) -> dict[Used, Tool]:
        """Each in the text that its dialogues show, in order; those that are in no kept catalog are left out."""
        found: dict[Used, Tool] = {}
        for name, version, tool in sorted(used):
            catalog = self._workspace.catalogs.find(name, version)
            if tool in catalog:
                found[name, version, tool] = catalog.tool(tool)
        return found


def _used(dialogues: Iterable[Dialogue]) -> set[Used]:
    made_of = [(one.scenario, (*one.scenario.candidates, one.scenario.goal_tool)) for one in dialogues]
    return {(one.catalog, one.catalog_version, name) for one, names in made_of for name in names if name}

"""Finding dialogues: what a filter leaves, the place of one among them, and what it could be narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ..records.queue import Filter
from ..store.dialogues import COLUMNS, SOURCE
from ..store.filters import COLUMN_OF, SAID, Reader, choices, filtered

if TYPE_CHECKING:
    from .workspace import Workspace

PARTS = (*COLUMN_OF, "candidate", "solvable", *SAID)
"""What a filter can be narrowed by besides dataset, state and text."""
MOST_CHOICES = 200
"""Values of a part that are offered; rarer ones are found by text."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a dialogue stands among those that a filter leaves."""

    total: int
    index: int | None
    """Counted from 0; None where the filter does not leave it."""
    before: str | None
    """The dialogue before it; None at the start, and where it is not among them."""
    after: str | None
    """The one after it; the first of all where it is not among them."""
    start: int
    """Index of the first of `rows`."""
    rows: pd.DataFrame
    """Those around it, in order: the columns of `Datasets.dialogues`."""


class Finding:
    """Looking for dialogues of one workspace; with `who`, as that person may see what others said of them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def count(self, found: Filter, who: str | None = None) -> int:
        """How many dialogues a filter leaves."""
        where, values = self._where(found, who)
        return self._workspace.database.rows(f"SELECT count(*) FROM {SOURCE} WHERE {where}", values)[0][0]

    def ids(self, found: Filter, who: str | None = None) -> list[str]:
        """The ids of all that a filter leaves, in the dataset's order; DataError if there is no such dataset."""
        self._workspace.datasets.check(found.dataset)
        where, values = self._where(found, who)
        rows = self._workspace.database.rows(f"SELECT d.id FROM {SOURCE} WHERE {where} ORDER BY m.position", values)
        return [row[0] for row in rows]

    def page(self, found: Filter, offset: int = 0, limit: int = 50, who: str | None = None) -> pd.DataFrame:
        """Some of what a filter leaves, in the dataset's order; DataError if there is no such dataset.

        Columns: id, version, opening, tier, goal_tool, persona, dial, solvable, turns, assistant_turns, passed,
        failed_verifier, state, decided_by, decided_at (UTC).
        """
        self._workspace.datasets.check(found.dataset)
        where, values = self._where(found, who)
        return self._workspace.database.frame(
            f"SELECT {COLUMNS} FROM {SOURCE} WHERE {where} ORDER BY m.position LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )

    def first(self, found: Filter, who: str | None = None) -> str | None:
        """The first dialogue that a filter leaves; None for none."""
        frame = self.page(found, 0, 1, who)
        return str(frame["id"].iloc[0]) if len(frame) else None

    def place(self, found: Filter, here: str, rows: int, who: str | None = None) -> Place:
        """Where a dialogue stands among those that a filter leaves, with `rows` of them around it."""
        where, values = self._where(found, who)
        query = f"""
WITH here AS (SELECT coalesce(max(position), -1) AS position FROM members WHERE dataset = ? AND dialogue = ?)
SELECT count(*), bool_or(d.id = ?), count(*) FILTER (m.position < here.position),
    arg_max(d.id, m.position) FILTER (m.position < here.position),
    arg_min(d.id, m.position) FILTER (m.position > here.position), arg_min(d.id, m.position)
FROM {SOURCE}, here WHERE {where}"""
        found_here = self._workspace.database.rows(query, [found.dataset, here, here, *values])[0]
        total, among, index, before, after, first = found_here
        start = max(0, min((index if among else 0) - rows // 2, total - rows))
        shown = self.page(found, start, rows, who)
        if not among:
            return Place(total, None, None, first, start, shown)
        return Place(total, index, before, after, start, shown)

    def choices(self, found: Filter, part: str, who: str | None = None) -> dict[str, int]:
        """Value of a part → dialogues it would leave beside the filter's other parts, most first.

        At most `MOST_CHOICES`; `yes` and `no` for what is true or not.
        """
        query, values = choices(part, found, self._reader(who, {part}), MOST_CHOICES)
        return dict(self._workspace.database.rows(query, values))

    def _where(self, found: Filter, who: str | None) -> tuple[str, list]:
        return filtered(found, self._reader(who, {part for part in SAID if getattr(found, part)}))

    def _reader(self, who: str | None, parts: set[str]) -> Reader | None:
        """Who looks; None where nothing that people said is asked for."""
        if who is None or not parts & SAID.keys():
            return None
        return Reader(who, sorted(self._workspace.queues.blind()))

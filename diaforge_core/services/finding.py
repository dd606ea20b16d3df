"""Finding dialogues: what a filter leaves, the place of one among them, and what it could be narrowed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..records.queue import Filter
from ..store.dialogues import COLUMNS
from ..store.filters import COLUMN_OF, SAID, Reader, choices, filtered

if TYPE_CHECKING:
    from .datasets import ShownState
    from .workspace import Workspace

PARTS = (*COLUMN_OF, "candidate", "solvable", *SAID)
"""What a filter can be narrowed by besides dataset, state and text."""
MOST_CHOICES = 200
"""Values of a part that are offered; rarer ones are found by text."""


@dataclass(frozen=True, slots=True)
class Row:
    """A dialogue in a list."""

    id: str
    opening: str
    state: ShownState


@dataclass(frozen=True, slots=True)
class Place:
    """Where a dialogue stands among those that a filter leaves."""

    total: int
    index: int | None
    """Counted from 0; None where the filter does not leave it."""
    before: str | None
    """The one among them that comes before it in the dataset; None for none."""
    after: str | None
    """The one that comes after it; None for none."""
    rows: tuple[Row, ...]
    """Those around it, in order."""


class Finding:
    """Looking for dialogues of one workspace; with `who`, as that person may see what others said of them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def count(self, found: Filter, who: str | None = None) -> int:
        """How many dialogues a filter leaves."""
        where, values = self._where(found, who)
        return self._workspace.database.rows(f"SELECT count(*) FROM members m WHERE {where}", values)[0][0]

    def states(self, found: Filter, who: str | None = None) -> dict[ShownState, int]:
        """State → how many dialogues the filter's other parts leave in it; absent where none."""
        where, values = filtered(found, self._reader(who, _said(found)), any_state=True)
        query = f"SELECT m.state, count(*) FROM members m WHERE {where} GROUP BY m.state"
        return dict(self._workspace.database.rows(query, values))

    def ids(self, found: Filter, who: str | None = None) -> list[str]:
        """The ids of all that a filter leaves, in the dataset's order; DataError if there is no such dataset."""
        self._workspace.datasets.check(found.dataset)
        where, values = self._where(found, who)
        rows = self._workspace.database.rows(
            f"SELECT m.dialogue FROM members m WHERE {where} ORDER BY m.position", values
        )
        return [row[0] for row in rows]

    def page(self, found: Filter, offset: int = 0, limit: int = 50, who: str | None = None) -> pd.DataFrame:
        """Some of what a filter leaves, in the dataset's order; DataError if there is no such dataset.

        Columns: id, version, opening, tier, goal_tool, persona, dial, solvable, turns, assistant_turns, passed,
        failed_verifier, state, decided_by, decided_at (UTC).
        """
        self._workspace.datasets.check(found.dataset)
        where, values = self._where(found, who)
        return self._workspace.database.frame(
            f"SELECT {COLUMNS} FROM members m WHERE {where} ORDER BY m.position LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )

    def first(self, found: Filter, who: str | None = None) -> str | None:
        """The first dialogue that a filter leaves; None for none."""
        where, values = self._where(found, who)
        query = f"SELECT m.dialogue FROM members m WHERE {where} ORDER BY m.position LIMIT 1"
        rows = self._workspace.database.rows(query, values)
        return rows[0][0] if rows else None

    def place(self, found: Filter, here: str, rows: int, who: str | None = None) -> Place:
        """Where a dialogue stands among those that a filter leaves, with at most `rows` of them around it."""
        where, values = self._where(found, who)
        query = f"""
WITH here AS (SELECT coalesce(max(position), -1) AS position FROM members WHERE dataset = ? AND dialogue = ?)
SELECT any_value(here.position), count(m.position), coalesce(bool_or(m.position = here.position), false),
    count(m.position) FILTER (m.position < here.position)
FROM here LEFT JOIN (SELECT m.position FROM members m WHERE {where}) m ON true"""
        asked = [found.dataset, here, *values]
        position, total, among, index = self._workspace.database.rows(query, asked)[0]
        near = self._near(where, values, position, rows)
        ids, here_at = [row.id for row in near], min(index, rows)
        start = max(0, min(here_at - rows // 2, len(near) - rows))
        before, after = ids[:here_at][-1:], ids[here_at + among :][:1]
        return Place(
            total,
            index if among else None,
            before[0] if before else None,
            after[0] if after else None,
            near[start : start + rows],
        )

    def choices(self, found: Filter, part: str, who: str | None = None) -> dict[str, int]:
        """Value of a part → dialogues it would leave beside the filter's other parts, most first.

        At most `MOST_CHOICES`; `yes` and `no` for what is true or not.
        """
        query, values = choices(part, found, self._reader(who, {part}), MOST_CHOICES)
        return dict(self._workspace.database.rows(query, values))

    def _near(self, where: str, values: list[Any], position: int, rows: int) -> tuple[Row, ...]:
        """What a filter leaves around a place in the dataset, at most `rows` before it and `rows` after it."""
        columns = f"SELECT m.dialogue, m.opening, m.state, m.position FROM members m WHERE {where}"
        query = f"""
FROM ({columns} AND m.position < ? ORDER BY m.position DESC LIMIT ?)
UNION ALL FROM ({columns} AND m.position >= ? ORDER BY m.position LIMIT ?) ORDER BY position"""
        found = self._workspace.database.rows(query, [*values, position, rows, *values, position, rows + 1])
        return tuple(Row(*row[:3]) for row in found)

    def _where(self, found: Filter, who: str | None) -> tuple[str, list[Any]]:
        return filtered(found, self._reader(who, _said(found)))

    def _reader(self, who: str | None, parts: set[str]) -> Reader | None:
        """Who looks; None where nothing that people said is asked for."""
        if who is None or not parts & SAID.keys():
            return None
        return Reader(who, sorted(self._workspace.queues.blind()))


def _said(found: Filter) -> set[str]:
    """The parts of a filter that ask for what people said."""
    return {part for part in SAID if getattr(found, part)}

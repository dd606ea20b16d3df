"""Every evaluation on a test part is written down: who looks at it often, tunes to it (METHOD.md §4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..records.note import Note

if TYPE_CHECKING:
    from .workspace import Workspace


class Looks:
    """The looks at the test parts of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def parts(self, dataset: str) -> list[str]:
        """Names of the test parts, by name, of which a dataset holds dialogues; itself, if it is one."""
        rows = self._workspace.database.rows(
            "SELECT DISTINCT t.dataset FROM members m JOIN members t ON t.dialogue = m.dialogue "
            "JOIN datasets d ON d.name = t.dataset AND d.part = 'test' WHERE m.dataset = ? ORDER BY t.dataset",
            [dataset],
        )
        return [row[0] for row in rows]

    def counts(self, dataset: str) -> dict[str, int]:
        """Test part of which a dataset holds dialogues → evaluations on it so far, also under its earlier names."""
        rows = self._workspace.database.rows(
            "SELECT value, count(*) FROM notes WHERE topic = 'test_look' AND stands GROUP BY value"
        )
        known = dict(rows)
        return {part: known.get(part, 0) for part in self.parts(dataset)}

    def add(self, parts: Iterable[str], run_id: str, model: str, who: str) -> None:
        """Write down that a run evaluates a model on test parts."""
        now = dt.datetime.now(dt.UTC)
        notes = [
            Note(topic="test_look", key=f"{run_id}/{place}", value=part, text=model, who=who, when=now)
            for place, part in enumerate(parts)
        ]
        if notes:
            self._workspace.notes.put(*notes)

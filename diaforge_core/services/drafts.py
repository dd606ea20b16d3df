"""What people have typed and not saved: kept as they go on, so that a closed tab or a killed server loses nothing."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from ..records.dialogue import Dialogue, Turn
from ..records.review import Draft
from ..records.scenario import Aim
from ..store.database import insert, naive
from .acts import NOBODY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .workspace import Workspace


class Drafts:
    """One draft for each person, dialogue and version that it began with."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def keep(
        self,
        dialogue: Dialogue,
        turns: Sequence[Turn],
        aim: Aim,
        who: str = "",
        unread: Mapping[str, str] | None = None,
    ) -> Draft | None:
        """The draft, stored before this returns, in place of the one on the same version; `dialogue` is that version.

        What does not differ from the dialogue is no draft: it takes an old one away and gives None.
        """
        if tuple(turns) == dialogue.turns and aim == dialogue.scenario.aim and not unread:
            self.discard(dialogue.id, who, dialogue.version)
            return None
        draft = Draft(
            who=who or NOBODY,
            dialogue=dialogue.id,
            version=dialogue.version,
            when=dt.datetime.now(dt.UTC),
            turns=tuple(turns),
            aim=aim,
            unread=dict(unread or {}),
        )
        row = {
            "who": draft.who,
            "dialogue": draft.dialogue,
            "version": draft.version,
            "moment": naive(draft.when),
            "body": draft.model_dump_json(),
        }
        with self._workspace.database.write("drafts") as cursor:
            insert(cursor, "drafts", [row], replace=True)
        return draft

    def find(self, dialogue_id: str, who: str = "") -> Draft | None:
        """This person's newest draft of a dialogue, whichever version it began with; None if there is none."""
        database, key = self._workspace.database, (who or NOBODY, dialogue_id)
        if key not in database.rows("SELECT DISTINCT who, dialogue FROM drafts"):  # few, and kept in memory
            return None
        rows = database.rows("SELECT body FROM drafts WHERE who = ? AND dialogue = ? ORDER BY moment DESC LIMIT 1", key)
        return Draft.model_validate_json(rows[0][0]) if rows else None

    def discard(self, dialogue_id: str, who: str = "", version: int | None = None) -> None:
        """Forget this person's draft of a version, by default of every version; does nothing where there is none."""
        with self._workspace.database.write("drafts") as cursor:
            cursor.execute(
                "DELETE FROM drafts WHERE who = ? AND dialogue = ? AND version = coalesce(?, version)",
                [who or NOBODY, dialogue_id, version],
            )

"""Who has which dialogue before them: a lease that lives as long as its page keeps saying so.

Leases are no decisions: they are in the database only, and a lost one costs nobody more than opening the dialogue
again. They are a lock all the same: while somebody has a dialogue, nobody else's decision or edit of it is stored.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from ..records.queue import Queue
from ..store.database import utc_now
from ..store.queues import Moment, open_items

if TYPE_CHECKING:
    from .workspace import Workspace

LEASE_SECONDS = 120.0
"""From the last beat to the end of a lease: a closed laptop gives its dialogue back within two minutes."""
BEAT_SECONDS = 20.0
"""Between two beats of a page."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a dialogue."""

    who: str
    since: dt.datetime
    """UTC."""
    queue: str
    """Id of the queue that it was served from; empty for one that was opened by its link."""


class Leases:
    """The leases of one workspace."""

    def __init__(self, workspace: Workspace, clock: Callable[[], dt.datetime] = utc_now) -> None:
        self._workspace = workspace
        self._clock = clock

    def moment(self, who: str) -> Moment:
        """Now, as a person sees it."""
        return Moment(who, self._clock() - dt.timedelta(seconds=LEASE_SECONDS))

    def others(self, dialogue_id: str, who: str) -> list[Holder]:
        """Who else has a dialogue, the longest first."""
        rows = self._workspace.database.rows(
            "SELECT who, since, queue FROM leases WHERE dialogue = ? AND who <> ? AND beat >= ? ORDER BY since, who",
            [dialogue_id, who, self.moment(who).alive_since],
        )
        return [Holder(name, since.replace(tzinfo=dt.UTC), queue) for name, since, queue in rows]

    def take(
        self, dialogue_id: str, who: str, queue: str = "", *, over: bool = False, instead: str = ""
    ) -> Holder | None:
        """None when the person has the dialogue now; else who has it. What they had `instead` is given back.

        Taking what one has keeps it: pages do so every `BEAT_SECONDS`. `over` takes it from whoever has had it
        longest; what that person would decide later is refused.
        """
        recently = self._clock() - dt.timedelta(seconds=BEAT_SECONDS / 2)
        if not over and not instead and self._has(dialogue_id, who, recently):
            return None
        with self._workspace.database.write("leases") as cursor:
            cursor.execute("DELETE FROM leases WHERE dialogue = ? AND who = ?", [instead, who])
            others = self.others(dialogue_id, who)
            if len(others) >= self._room(dialogue_id) and not self._has(dialogue_id, who):
                if not over:
                    return others[0]
                cursor.execute("DELETE FROM leases WHERE dialogue = ? AND who = ?", [dialogue_id, others[0].who])
            self.grant(cursor, dialogue_id, who, queue)
            return None

    def grant(self, cursor: duckdb.DuckDBPyConnection, dialogue_id: str, who: str, queue: str) -> None:
        """Write a lease that was found to be free, within the caller's transaction; one that there is goes on."""
        now = self._clock()
        cursor.execute("DELETE FROM leases WHERE beat < ?", [self.moment(who).alive_since])
        cursor.execute(
            "INSERT INTO leases VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET beat = excluded.beat",
            [dialogue_id, who, queue, now, now],
        )

    def held(self, queue: Queue) -> list[tuple[str, Holder]]:
        """Every dialogue of a queue that somebody has before them, with who, the longest first."""
        now = self.moment("")
        items, values = open_items(queue, now)
        rows = self._workspace.database.rows(
            f"SELECT l.dialogue, l.who, l.since, l.queue FROM leases l JOIN ({items}) i ON i.id = l.dialogue "
            "WHERE l.beat >= ? ORDER BY l.since, l.who",
            [*values, now.alive_since],
        )
        return [(key, Holder(who, since.replace(tzinfo=dt.UTC), served)) for key, who, since, served in rows]

    def release(self, dialogue_id: str, who: str) -> None:
        """Give a dialogue back."""
        with self._workspace.database.write("leases") as cursor:
            cursor.execute("DELETE FROM leases WHERE dialogue = ? AND who = ?", [dialogue_id, who])

    def refusal(self, dialogue_id: str, who: str) -> str:
        """Who has the dialogue, as the reason that nothing is stored for this person; empty if they may have it."""
        others = self.others(dialogue_id, who)
        if not others or len(others) < self._room(dialogue_id) or self._has(dialogue_id, who):
            return ""
        minutes = (self._clock().replace(tzinfo=dt.UTC) - others[0].since).total_seconds() / 60
        return (
            f"{others[0].who} has had dialogue {dialogue_id} open for {minutes:.0f} min, so nothing of yours was "
            "stored. Take it over, or go on with the next one."
        )

    def held_by_others(self, dialogues: Sequence[str], who: str) -> list[str]:
        """Those of the dialogues that somebody else has before them."""
        rows = self._workspace.database.rows(
            "SELECT DISTINCT dialogue FROM leases WHERE who <> ? AND beat >= ? AND dialogue IN (SELECT unnest(?))",
            [who, self.moment(who).alive_since, list(dialogues)],
        )
        return [row[0] for row in rows]

    def _has(self, dialogue_id: str, who: str, since: dt.datetime | None = None) -> bool:
        """Whether a person has a dialogue, with a beat since then if a time is given."""
        return bool(
            self._workspace.database.rows(
                "SELECT 1 FROM leases WHERE dialogue = ? AND who = ? AND beat >= ?",
                [dialogue_id, who, since or self.moment(who).alive_since],
            )
        )

    def _room(self, dialogue_id: str) -> int:
        """How many people may have a dialogue at once."""
        wanted = self._workspace.queues.wanted(dialogue_id)
        return wanted if wanted == 1 else max(1, wanted - len(self._workspace.opinions.on_newest(dialogue_id)))

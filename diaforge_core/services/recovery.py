"""What is mended when a workspace is opened."""

from __future__ import annotations

from ..store import decisions as table
from ..store.database import Database
from ..store.events import EventLog
from ..store.notes import apply_note


def replay_decisions(database: Database, log: EventLog) -> list[str]:
    """What was mended: decisions that stand in the events file but not in the database are put back into it.

    The database can lose a commit when its write-ahead log is damaged; the events file is written first, so it can
    only be ahead. A decision on a dialogue that is gone is counted and left out.
    """
    stored = {row[0] for row in database.rows("SELECT seq FROM decisions")}
    events = list(log.events())
    last_forgotten = {key: event.seq for event in events for key in event.forgotten}
    missing = [
        event
        for event in events
        if event.decision and event.seq not in stored and last_forgotten.get(event.decision.dialogue, 0) < event.seq
    ]
    if not missing:
        return []
    known = {row[0] for row in database.rows("SELECT dialogue FROM heads")}
    put_back = [event for event in missing if event.decision and event.decision.dialogue in known]
    with database.write() as cursor:
        table.apply(cursor, [(event.seq, event.decision, event.dialogue) for event in put_back if event.decision])
    notices = []
    if put_back:
        notices.append(
            f"{len(put_back)} decisions were missing from the database and were put back from {log.path.name}."
        )
    if len(put_back) < len(missing):
        notices.append(
            f"{len(missing) - len(put_back)} decisions in {log.path.name} are about dialogues that are no longer here."
        )
    return notices


def replay_notes(database: Database, log: EventLog) -> list[str]:
    """What was mended: notes that stand in the events file but not in the database are put back, oldest first.

    Notes about dialogues that were taken out since stay out.
    """
    stored = {row[0] for row in database.rows("SELECT seq FROM notes")}
    events = list(log.events())
    last_forgotten = {key: event.seq for event in events for key in event.forgotten}
    missing = [
        (event.seq, event.note)
        for event in events
        if event.note and event.seq not in stored and last_forgotten.get(event.note.dialogue, 0) < event.seq
    ]
    if not missing:
        return []
    with database.write() as cursor:
        for seq, note in missing:
            apply_note(cursor, seq, note)
    return [f"{len(missing)} notes were missing from the database and were put back from {log.path.name}."]

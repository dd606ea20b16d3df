"""Rows of what people decided: stored at one stroke, and what of it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb

from ..records.dialogue import Dialogue
from ..records.review import Decision, DecisionKind, ReviewState
from .database import Database, insert, naive
from .dialogues import list_anew, row_of

Entry = tuple[int, Decision, Dialogue | None]
"""Number of the event, the decision, and the version that it made."""
STATE_AFTER: dict[DecisionKind, ReviewState] = {
    "accept": "accepted",
    "reject": "rejected",
    "flag": "flagged",
    "reopen": "pending",
    "edit": "pending",
    "restore": "pending",
}
"""The state that a decision leaves, once it is the last that stands."""
STANDS = "NOT undone AND kind NOT IN ('undo', 'redo')"
_STATES = " ".join(f"WHEN '{kind}' THEN '{state}'" for kind, state in STATE_AFTER.items())
_SETTLE = f"""
UPDATE heads SET state = CASE last.kind {_STATES} ELSE 'pending' END, decided_by = coalesce(last.who, ''),
    decided_at = last.moment, reason = coalesce(last.reason, '')
FROM (SELECT touched.id, arg_max(c.kind, c.seq) AS kind, arg_max(c.who, c.seq) AS who,
        arg_max(c.moment, c.seq) AS moment, arg_max(c.reason, c.seq) AS reason
    FROM (SELECT unnest(?) AS id) touched LEFT JOIN decisions c ON c.dialogue = touched.id AND {STANDS}
    GROUP BY touched.id) last
WHERE heads.dialogue = last.id
"""
"""Sets the state of dialogues to what the last of their decisions that stands leaves."""


def apply(cursor: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> None:
    """Store decisions and the versions they made, in the order given, and set the states to what now stands."""
    if not entries:
        return
    insert(cursor, "decisions", [_row(seq, decision) for seq, decision, _ in entries])
    marks = {
        decision.reason: decision.kind == "undo" for _, decision, _ in entries if decision.kind in ("undo", "redo")
    }
    for undone in (True, False):
        marked = [target for target, mark in marks.items() if mark is undone]
        if marked:
            cursor.execute("UPDATE decisions SET undone = ? WHERE id IN (SELECT unnest(?))", [undone, marked])
    _add_versions(cursor, [new for _, _, new in entries if new is not None])
    touched = list({decision.dialogue for _, decision, _ in entries})
    cursor.execute(_SETTLE, [touched])
    list_anew(cursor, touched)


def heads(database: Database, dialogues: Sequence[str]) -> dict[str, tuple[int, ReviewState]]:
    """Newest version and state of each dialogue that is here."""
    rows = database.rows(
        "SELECT dialogue, version, state FROM heads WHERE dialogue IN (SELECT unnest(?))", [list(dialogues)]
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def standing(database: Database, dialogues: Sequence[str]) -> dict[str, Decision]:
    """The last decision that stands on each dialogue that has one."""
    rows = database.rows(
        f"SELECT arg_max(body, seq) FROM decisions WHERE dialogue IN (SELECT unnest(?)) AND {STANDS} GROUP BY dialogue",
        [list(dialogues)],
    )
    return {decision.dialogue: decision for decision in _read(rows)}


def last_act(database: Database, who: str) -> list[Decision]:
    """The decisions of the last act of a person that stands, in order; empty if there is none."""
    rows = database.rows(
        f"SELECT body FROM decisions WHERE who = ? AND {STANDS} AND act = (SELECT arg_max(act, seq) FROM decisions "
        f"WHERE who = ? AND {STANDS}) ORDER BY seq",
        [who, who],
    )
    return _read(rows)


def last_undo(database: Database, who: str) -> list[Decision]:
    """The decisions of a person's last undo that no redo has answered, in order; empty if a new act has come since."""
    rows = database.rows(
        "SELECT body FROM decisions WHERE who = ? AND kind IN ('undo', 'redo') AND seq > (SELECT coalesce(max(seq), 0) "
        "FROM decisions WHERE who = ? AND kind NOT IN ('undo', 'redo')) ORDER BY seq",
        [who, who],
    )
    open_undos: dict[str, list[Decision]] = {}
    last_redo = ""
    for decision in _read(rows):
        if decision.kind == "undo":
            open_undos.setdefault(decision.stroke, []).append(decision)
        elif decision.stroke != last_redo:
            last_redo = decision.stroke
            open_undos.popitem()
    return open_undos.popitem()[1] if open_undos else []


def others_since(database: Database, dialogues: Sequence[str], who: str, since: str) -> Decision | None:
    """The last decision of any kind that somebody else made on one of these after the decision `since`."""
    rows = database.rows(
        "SELECT body FROM decisions WHERE dialogue IN (SELECT unnest(?)) AND who <> ? AND seq > "
        "(SELECT seq FROM decisions WHERE id = ?) ORDER BY seq DESC LIMIT 1",
        [list(dialogues), who, since],
    )
    return next(iter(_read(rows)), None)


def by_id(database: Database, ids: Sequence[str]) -> dict[str, Decision]:
    """Decisions by their ids."""
    rows = database.rows("SELECT body FROM decisions WHERE id IN (SELECT unnest(?))", [list(ids)])
    return {decision.id: decision for decision in _read(rows)}


def versions(database: Database, wanted: Iterable[tuple[str, int]]) -> dict[str, Dialogue]:
    """Dialogue id → the version of it that is asked for; one that is not here is left out."""
    asked = dict(wanted)
    rows = database.rows(
        "SELECT d.body FROM dialogues d JOIN (SELECT unnest(?) AS id, unnest(?) AS version) w "
        "ON d.id = w.id AND d.version = w.version",
        [list(asked), list(asked.values())],
    )
    found = [Dialogue.model_validate_json(row[0]) for row in rows]
    return {dialogue.id: dialogue for dialogue in found}


def _row(seq: int, decision: Decision) -> dict[str, Any]:
    return {
        "seq": seq,
        "id": decision.id,
        "dialogue": decision.dialogue,
        "version": decision.version,
        "kind": decision.kind,
        "reason": decision.reason,
        "who": decision.who,
        "moment": naive(decision.when),
        "undone": False,
        "body": decision.model_dump_json(),
        "act": decision.stroke,
    }


def _add_versions(cursor: duckdb.DuckDBPyConnection, made: Sequence[Dialogue]) -> None:
    if not made:
        return
    insert(cursor, "dialogues", [row_of(dialogue) for dialogue in made])
    newest = {dialogue.id: dialogue.version for dialogue in made}
    cursor.execute(
        "UPDATE heads SET version = w.version FROM (SELECT unnest(?) AS id, unnest(?) AS version) w "
        "WHERE heads.dialogue = w.id",
        [list(newest), list(newest.values())],
    )


def _read(rows: Iterable[tuple[Any, ...]]) -> list[Decision]:
    return [Decision.model_validate_json(row[0]) for row in rows]

"""Rows of dialogues and datasets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from ..records.base import content_id
from ..records.dialogue import Dialogue, public_words
from .database import insert
from .notes import forget

SOURCE = (
    "members m JOIN heads h ON h.dialogue = m.dialogue JOIN dialogues d ON d.id = h.dialogue AND d.version = h.version"
)
"""Every dialogue of every dataset in its newest version."""
SHOWN_STATE = "CASE WHEN h.state <> 'pending' THEN h.state WHEN d.passed THEN 'pending' ELSE 'failed' END"
LISTED = (
    "opening", "tier", "goal_tool", "persona", "style", "department", "dial", "solvable", "assistant", "turns",
    "assistant_turns", "passed", "failed_verifier",
)  # fmt: skip
"""Columns of the newest version that `members` holds too."""
COLUMNS = (
    "m.dialogue AS id, m.version, m.opening, m.tier, m.goal_tool, m.persona, m.dial, m.solvable, m.turns, "
    "m.assistant_turns, m.passed, m.failed_verifier, m.state, m.decided_by, m.decided_at"
)
_LIST = f"""
UPDATE members SET version = w.version, state = w.shown, decided_by = w.decided_by, decided_at = w.decided_at,
    reason = w.reason, {", ".join(f"{name} = w.{name}" for name in LISTED)}
FROM (SELECT d.id, d.version, {SHOWN_STATE} AS shown, h.decided_by, h.decided_at, h.reason,
        {", ".join(f"d.{name}" for name in LISTED)}
    FROM heads h JOIN dialogues d ON d.id = h.dialogue AND d.version = h.version
    WHERE h.dialogue IN (SELECT unnest(?))) w
WHERE members.dialogue = w.id
"""
DATASETS_SQL = """
WITH counted AS (SELECT dataset, state, count(*) AS n, count(*) FILTER (passed) AS passed FROM members
    WHERE ? IN ('', dataset) GROUP BY dataset, state)
SELECT s.name, coalesce(sum(c.n), 0), coalesce(sum(c.n) FILTER (c.state = 'accepted'), 0),
    coalesce(sum(c.n) FILTER (c.state = 'rejected'), 0), coalesce(sum(c.n) FILTER (c.state = 'pending'), 0),
    coalesce(sum(c.n) FILTER (c.state = 'flagged'), 0), coalesce(sum(c.n) FILTER (c.state = 'failed'), 0),
    coalesce(sum(c.passed) FILTER (c.state <> 'rejected'), 0), s.created, s.parent, s.catalog, s.run
FROM datasets s LEFT JOIN counted c ON c.dataset = s.name WHERE ? IN ('', s.name)
GROUP BY ALL ORDER BY s.created DESC, s.name
"""
"""The numbers of every dataset, or, with its name in both places, of one."""


def list_anew(cursor: duckdb.DuckDBPyConnection, dialogues: Sequence[str]) -> None:
    """Have `members` show what these dialogues are now; to be done with every change of their version or state."""
    cursor.execute(_LIST, [list(dialogues)])


def add(cursor: duckdb.DuckDBPyConnection, dataset: str, dialogues: Sequence[Dialogue]) -> int:
    """How many dialogues were new to the dataset; one that is in it already is left alone.

    A dialogue that another dataset holds in the same words is shared with it; one whose id is taken by other words
    gets an id of its own, made from the old one and the dataset's name.
    """
    fresh = _renamed(cursor, dataset, dialogues)
    members = {
        row[0]
        for row in _by_id(cursor, "SELECT dialogue FROM members WHERE dataset = ? AND dialogue IN", fresh, dataset)
    }
    fresh = {key: dialogue for key, dialogue in fresh.items() if key not in members}
    known = {row[0] for row in _by_id(cursor, "SELECT dialogue FROM heads WHERE dialogue IN", fresh)}
    new = [dialogue for key, dialogue in fresh.items() if key not in known]
    insert(cursor, "dialogues", [row_of(dialogue) for dialogue in new])
    heads = [
        {
            "dialogue": item.id,
            "version": item.version,
            "state": "pending",
            "decided_by": "",
            "decided_at": None,
            "reason": "",
        }
        for item in new
    ]
    insert(cursor, "heads", heads)
    last = cursor.execute("SELECT max(position) FROM members WHERE dataset = ?", [dataset]).fetchall()[0][0]
    start = 0 if last is None else last + 1
    insert(
        cursor,
        "members",
        [{"dataset": dataset, "dialogue": key, "position": place} for place, key in enumerate(fresh, start)],
    )
    list_anew(cursor, list(fresh))
    return len(fresh)


def changed_members(cursor: duckdb.DuckDBPyConnection, dataset: str, dialogues: Sequence[Dialogue]) -> list[str]:
    """Ids of those dialogues that the dataset holds already, in other words than here."""
    rows = _by_id(
        cursor,
        "SELECT d.id, d.body FROM members m JOIN heads h ON h.dialogue = m.dialogue "
        "JOIN dialogues d ON d.id = h.dialogue AND d.version = h.version WHERE m.dataset = ? AND d.id IN",
        [dialogue.id for dialogue in dialogues],
        dataset,
    )
    stored = {key: _words(Dialogue.model_validate_json(body)) for key, body in rows}
    return [each.id for each in dialogues if each.id in stored and stored[each.id] != _words(each)]


def remove_dataset(cursor: duckdb.DuckDBPyConnection, dataset: str) -> list[str]:
    """Ids of the dialogues that went with the dataset: those that no other dataset holds."""
    rows = cursor.execute(
        "SELECT dialogue FROM members WHERE dataset = ? AND dialogue NOT IN "
        "(SELECT dialogue FROM members WHERE dataset <> ?)",
        [dataset, dataset],
    ).fetchall()
    gone = [row[0] for row in rows]
    cursor.execute("DELETE FROM members WHERE dataset = ?", [dataset])
    cursor.execute("DELETE FROM datasets WHERE name = ?", [dataset])
    for table, column in (
        ("heads", "dialogue"), ("dialogues", "id"), ("decisions", "dialogue"), ("drafts", "dialogue"),
    ):  # fmt: skip
        cursor.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT unnest(?))", [gone])
    forget(cursor, gone)
    return gone


def row_of(dialogue: Dialogue) -> dict[str, Any]:
    """The dialogue's columns."""
    scenario = dialogue.scenario
    words = [public_words(turn) for turn in dialogue.turns]
    failed = next((verdict.verifier for verdict in dialogue.verdicts if not verdict.passed), "")
    return {
        "id": dialogue.id,
        "version": dialogue.version,
        "scenario": scenario.id,
        "trace": dialogue.trace,
        "tier": scenario.tier,
        "goal_tool": scenario.goal_tool,
        "persona": f"{scenario.persona.name}, {scenario.persona.role}",
        "style": scenario.persona.style,
        "department": scenario.persona.department,
        "candidates": list(scenario.candidates),
        "dial": scenario.dial or "",
        "solvable": scenario.solvable,
        "assistant": dialogue.assistant,
        "opening": words[0] if words else "",
        "words": "\n".join(words).lower(),
        "turns": len(dialogue.turns),
        "assistant_turns": dialogue.assistant_turns,
        "passed": dialogue.passed,
        "failed_verifier": failed if dialogue.verdicts else "not verified",
        "body": dialogue.model_dump_json(),
    }


def _renamed(cursor: duckdb.DuckDBPyConnection, dataset: str, dialogues: Sequence[Dialogue]) -> dict[str, Dialogue]:
    """The dialogues by the id that they get here, in order."""
    by_id = {dialogue.id: dialogue for dialogue in dialogues}
    stored = {
        row[0]: row
        for row in _by_id(
            cursor,
            "SELECT d.id, d.body, EXISTS (FROM members m WHERE m.dialogue = d.id AND m.dataset = ?) FROM heads h "
            "JOIN dialogues d ON d.id = h.dialogue AND d.version = h.version WHERE d.id IN",
            by_id,
            dataset,
        )
    }
    renamed: dict[str, Dialogue] = {}
    for key, dialogue in by_id.items():
        if (
            key in stored
            and not stored[key][2]
            and _words(Dialogue.model_validate_json(stored[key][1])) != _words(dialogue)
        ):
            dialogue = Dialogue.model_validate(dialogue.model_dump() | {"id": content_id(key, dataset)})
        renamed[dialogue.id] = dialogue
    return renamed


def _words(dialogue: Dialogue) -> tuple[Any, ...]:
    return dialogue.scenario, tuple((turn.speaker, turn.thought, turn.reply, turn.call) for turn in dialogue.turns)


def _by_id(cursor: duckdb.DuckDBPyConnection, query: str, ids: Any, *values: Any) -> list[tuple[Any, ...]]:
    return cursor.execute(f"{query} (SELECT unnest(?))", [*values, list(ids)]).fetchall()

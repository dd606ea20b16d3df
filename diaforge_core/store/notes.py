"""Rows of notes, and what some of them move in other tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import duckdb

from ..records.note import Note, Topic
from .database import aware, naive
from .traces import BINNED

COLUMNS = "topic, key, value, text, dialogue, version, turn, gone, who, moment"


def apply_note(cursor: duckdb.DuckDBPyConnection, seq: int, note: Note) -> None:
    """Store a note; of its topic and key the newest by `seq` stands, whatever order they arrive in."""
    newer = cursor.execute(
        "SELECT count(*) FROM notes WHERE topic = ? AND key = ? AND seq > ?", [note.topic, note.key, seq]
    ).fetchall()[0][0]
    cursor.execute(
        "UPDATE notes SET stands = false WHERE topic = ? AND key = ? AND stands AND seq < ?",
        [note.topic, note.key, seq],
    )
    row = [note.topic, note.key, note.value, note.text, note.dialogue, note.version, note.turn, note.gone, note.who]
    cursor.execute(
        f"INSERT INTO notes (seq, {COLUMNS}, stands) VALUES ({', '.join('?' * 12)})",
        [seq, *row, naive(note.when), not newer and not note.gone],
    )
    effect = _EFFECTS.get((note.topic, note.key.partition("/")[0]))
    if effect and not newer:
        effect(cursor, note)


def forget(cursor: duckdb.DuckDBPyConnection, dialogues: list[str]) -> None:
    """Take out what was said about dialogues that are taken out."""
    cursor.execute("DELETE FROM notes WHERE dialogue IN (SELECT unnest(?))", [dialogues])


def note_of(row: tuple[Any, ...]) -> Note:
    """The note of a row of `COLUMNS`."""
    names = COLUMNS.replace("moment", "when").split(", ")
    return Note.model_validate(dict(zip(names, row, strict=True)) | {"when": aware(row[-1])})


def in_bin(key: str) -> str:
    """The name under which a binned dataset's members wait; no dataset of people's can have it."""
    return f"bin/{key}"


def _bin_dataset(cursor: duckdb.DuckDBPyConnection, note: Note) -> None:
    """Put a dataset aside, or bring it back under the note's `value`; its dialogues stay stored."""
    if not note.gone:
        cursor.execute("UPDATE members SET dataset = ? WHERE dataset = ?", [in_bin(note.key), note.value])
        cursor.execute("DELETE FROM datasets WHERE name = ?", [note.value])
    elif note.value:
        kept = json.loads(note.text)
        cursor.execute("UPDATE members SET dataset = ? WHERE dataset = ?", [note.value, in_bin(note.key)])
        cursor.execute(
            "INSERT OR IGNORE INTO datasets VALUES (?, ?, ?, ?, ?, ?)",
            [note.value, kept["created"], kept["parent"], kept["catalog"], kept["run"], kept.get("part", "")],
        )


def _rename_dataset(cursor: duckdb.DuckDBPyConnection, note: Note) -> None:
    """Give a dataset its new name wherever it is named: its dialogues, its parts, and the runs that made it."""
    old, new = note.key.partition("/")[2], note.value
    cursor.execute("UPDATE datasets SET name = ? WHERE name = ?", [new, old])
    cursor.execute("UPDATE datasets SET parent = ? WHERE parent = ?", [new, old])
    cursor.execute("UPDATE members SET dataset = ? WHERE dataset = ?", [new, old])
    cursor.execute("UPDATE notes SET value = ? WHERE topic = 'test_look' AND value = ?", [new, old])
    for run, text in cursor.execute("SELECT id, config FROM runs WHERE kind = 'generate'").fetchall():
        config = json.loads(text)
        if config["recipe"]["dataset"] == old:
            config["recipe"]["dataset"] = new
            cursor.execute("UPDATE runs SET config = ? WHERE id = ?", [json.dumps(config, ensure_ascii=False), run])


def _bin_run(cursor: duckdb.DuckDBPyConnection, note: Note) -> None:
    """Put a run aside, or bring it back in the state that the note's `text` tells; its traces stay stored."""
    run = note.key.partition("/")[2]
    if not note.gone:
        cursor.execute("UPDATE runs SET state = ? WHERE id = ?", [BINNED, run])
    elif note.value:
        cursor.execute("UPDATE runs SET state = ?, name = ? WHERE id = ?", [note.text, note.value, run])


def _rename_run(cursor: duckdb.DuckDBPyConnection, note: Note) -> None:
    cursor.execute("UPDATE runs SET name = ? WHERE id = ?", [note.value, note.key.partition("/")[2]])


_EFFECTS: dict[tuple[Topic, str], Callable[[duckdb.DuckDBPyConnection, Note], None]] = {
    ("bin", "dataset"): _bin_dataset,
    ("bin", "run"): _bin_run,
    ("title", "dataset"): _rename_dataset,
    ("title", "run"): _rename_run,
}
"""Topic and first part of the key → what such a note does besides being stored."""

"""The workspace's one DuckDB file: opened by its owner only, brought to the newest form, written in transactions."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from ..errors import WorkspaceError

_FIRST = """
CREATE TABLE catalogs (
    name VARCHAR, version VARCHAR, imported TIMESTAMP, tools INTEGER, skipped INTEGER, body VARCHAR,
    PRIMARY KEY (name, version));
CREATE TABLE datasets (name VARCHAR PRIMARY KEY, created TIMESTAMP, parent VARCHAR, catalog VARCHAR, run VARCHAR);
CREATE TABLE dialogues (
    id VARCHAR, version INTEGER, scenario VARCHAR, trace VARCHAR, tier VARCHAR, goal_tool VARCHAR, persona VARCHAR,
    dial VARCHAR, solvable BOOLEAN, assistant VARCHAR, opening VARCHAR, words VARCHAR, turns INTEGER,
    assistant_turns INTEGER, passed BOOLEAN, failed_verifier VARCHAR, body VARCHAR,
    PRIMARY KEY (id, version));
CREATE TABLE heads (
    dialogue VARCHAR PRIMARY KEY, version INTEGER, state VARCHAR, decided_by VARCHAR, decided_at TIMESTAMP);
CREATE TABLE members (dataset VARCHAR, dialogue VARCHAR, position BIGINT, PRIMARY KEY (dataset, dialogue));
CREATE TABLE decisions (
    seq BIGINT PRIMARY KEY, id VARCHAR, dialogue VARCHAR, version INTEGER, kind VARCHAR, who VARCHAR, moment TIMESTAMP,
    undone BOOLEAN, body VARCHAR);
CREATE TABLE runs (
    id VARCHAR PRIMARY KEY, name VARCHAR, kind VARCHAR, state VARCHAR, device BOOLEAN, config VARCHAR,
    created TIMESTAMP, started TIMESTAMP, ended TIMESTAMP, progress VARCHAR, error VARCHAR, result VARCHAR,
    ingested BIGINT);
CREATE TABLE traces (
    seq BIGINT, id VARCHAR PRIMARY KEY, raw_id VARCHAR, run VARCHAR, scenario VARCHAR, trial INTEGER, model VARCHAR,
    tier VARCHAR, goal_tool VARCHAR, called VARCHAR, outcome VARCHAR, reason VARCHAR, ended VARCHAR, opening VARCHAR,
    dial VARCHAR, solvable BOOLEAN, assistant_turns INTEGER, tokens BIGINT, seconds DOUBLE, user_fault BOOLEAN,
    words VARCHAR, body VARCHAR);
CREATE TABLE turns (
    trace VARCHAR, turn INTEGER, speaker VARCHAR, thought VARCHAR, reply VARCHAR, call_name VARCHAR,
    call_arguments VARCHAR, seconds DOUBLE, tokens BIGINT, PRIMARY KEY (trace, turn));
CREATE TABLE settings (name VARCHAR PRIMARY KEY, value VARCHAR);
"""
_CATALOG_HISTORY = """
CREATE TABLE catalog_history (
    seq BIGINT PRIMARY KEY, name VARCHAR, version VARCHAR, parent VARCHAR, imported VARCHAR, kind VARCHAR,
    note VARCHAR, who VARCHAR, moment TIMESTAMP, made_on BIGINT, shows BIGINT);
INSERT INTO catalog_history
    SELECT seq, name, version, coalesce(lag(version) OVER of_name, ''), version, 'import', '', '', imported,
        lag(seq) OVER of_name, NULL
    FROM (SELECT *, row_number() OVER (ORDER BY imported, name, version) AS seq FROM catalogs)
    WINDOW of_name AS (PARTITION BY name ORDER BY seq);
"""
"""What became current when, append-only; the last row of a name tells its current version, and `catalogs` keeps the
bodies. `imported` is the import that the version rests on, `made_on` the row whose state was current before, `shows`
the row whose state an undo or redo went to."""
_CATALOG_EDITS = "ALTER TABLE catalogs ADD COLUMN rests_on VARCHAR DEFAULT ''"
"""The version that a body holds only the difference to; empty where it is whole."""
_ACTS = """
ALTER TABLE decisions ADD COLUMN act VARCHAR DEFAULT '';
UPDATE decisions SET act = id;
CREATE TABLE drafts (
    who VARCHAR, dialogue VARCHAR, version INTEGER, moment TIMESTAMP, body VARCHAR,
    PRIMARY KEY (who, dialogue, version));
"""
"""`act`: what was done at one stroke; `drafts`: what somebody has typed and not saved, by the version it began with."""
_NOTES = """
CREATE TABLE notes (
    seq BIGINT PRIMARY KEY, topic VARCHAR, key VARCHAR, value VARCHAR, text VARCHAR, dialogue VARCHAR,
    version INTEGER, turn INTEGER, gone BOOLEAN, who VARCHAR, moment TIMESTAMP, stands BOOLEAN);
CREATE TABLE leases (
    dialogue VARCHAR, who VARCHAR, queue VARCHAR, since TIMESTAMP, beat TIMESTAMP, PRIMARY KEY (dialogue, who));
CREATE TABLE skips (queue VARCHAR, dialogue VARCHAR, who VARCHAR, moment TIMESTAMP, PRIMARY KEY (queue, dialogue, who));
"""
"""What people wrote down (`stands`: the newest of its topic and key), and who has which dialogue before them."""
_FOUND_BY = """
ALTER TABLE dialogues ADD COLUMN style VARCHAR DEFAULT '';
ALTER TABLE dialogues ADD COLUMN department VARCHAR DEFAULT '';
ALTER TABLE dialogues ADD COLUMN candidates VARCHAR[];
UPDATE dialogues SET style = coalesce(body ->> '$.scenario.persona.style', 'plain'),
    department = coalesce(body ->> '$.scenario.persona.department', ''),
    candidates = CAST(body -> '$.scenario.candidates' AS VARCHAR[]);
ALTER TABLE decisions ADD COLUMN reason VARCHAR DEFAULT '';
UPDATE decisions SET reason = coalesce(body ->> '$.reason', '');
ALTER TABLE heads ADD COLUMN reason VARCHAR DEFAULT '';
UPDATE heads SET reason = last.reason FROM (SELECT dialogue, arg_max(reason, seq) AS reason FROM decisions
    WHERE NOT undone AND kind NOT IN ('undo', 'redo') GROUP BY dialogue) last WHERE heads.dialogue = last.dialogue;
"""
"""What dialogues are found by besides: who asks and how, among which tools, and why people decided as they did."""
_LISTED = """
ALTER TABLE members ADD COLUMN version INTEGER;
ALTER TABLE members ADD COLUMN state VARCHAR;
ALTER TABLE members ADD COLUMN opening VARCHAR;
ALTER TABLE members ADD COLUMN tier VARCHAR;
ALTER TABLE members ADD COLUMN goal_tool VARCHAR;
ALTER TABLE members ADD COLUMN persona VARCHAR;
ALTER TABLE members ADD COLUMN style VARCHAR;
ALTER TABLE members ADD COLUMN department VARCHAR;
ALTER TABLE members ADD COLUMN dial VARCHAR;
ALTER TABLE members ADD COLUMN solvable BOOLEAN;
ALTER TABLE members ADD COLUMN assistant VARCHAR;
ALTER TABLE members ADD COLUMN turns INTEGER;
ALTER TABLE members ADD COLUMN assistant_turns INTEGER;
ALTER TABLE members ADD COLUMN passed BOOLEAN;
ALTER TABLE members ADD COLUMN failed_verifier VARCHAR;
ALTER TABLE members ADD COLUMN decided_by VARCHAR;
ALTER TABLE members ADD COLUMN decided_at TIMESTAMP;
ALTER TABLE members ADD COLUMN reason VARCHAR;
UPDATE members SET version = w.version, state = w.shown, opening = w.opening, tier = w.tier, goal_tool = w.goal_tool,
    persona = w.persona, style = w.style, department = w.department, dial = w.dial, solvable = w.solvable,
    assistant = w.assistant, turns = w.turns, assistant_turns = w.assistant_turns, passed = w.passed,
    failed_verifier = w.failed_verifier, decided_by = w.decided_by, decided_at = w.decided_at, reason = w.reason
FROM (SELECT d.*, h.decided_by, h.decided_at, h.reason,
        CASE WHEN h.state <> 'pending' THEN h.state WHEN d.passed THEN 'pending' ELSE 'failed' END AS shown
    FROM heads h JOIN dialogues d ON d.id = h.dialogue AND d.version = h.version) w WHERE members.dialogue = w.id;
"""
"""What lists show and filters read of each dialogue's newest version, beside its place: one table read, none joined."""
_PARTS = """
ALTER TABLE datasets ADD COLUMN part VARCHAR DEFAULT '';
UPDATE datasets SET part = 'test' WHERE parent <> '' AND name = parent || '-held-out';
"""
"""Which part of a split a dataset is, whatever it is called by now."""
_TRACES_BY_COLUMN = """
CREATE TABLE scenario_bodies (key VARCHAR PRIMARY KEY, body VARCHAR);
INSERT INTO scenario_bodies SELECT DISTINCT md5(body -> '$.scenario'), body -> '$.scenario' FROM traces;
ALTER TABLE traces RENAME TO whole_traces;
DROP TABLE turns;
CREATE TABLE traces (
    seq BIGINT, id VARCHAR PRIMARY KEY, raw_id VARCHAR, run VARCHAR, scenario VARCHAR, scenario_key VARCHAR,
    trial INTEGER, model VARCHAR, user_side VARCHAR, tier VARCHAR, goal_tool VARCHAR, called VARCHAR, outcome VARCHAR,
    reason VARCHAR, ended VARCHAR, error VARCHAR, unanswered BOOLEAN, audit VARCHAR, fault VARCHAR, opening VARCHAR,
    dial VARCHAR, solvable BOOLEAN, candidates INTEGER, closeness DOUBLE, assistant_turns INTEGER, tokens BIGINT,
    seconds DOUBLE, words VARCHAR);
CREATE TABLE turns (
    seq BIGINT, trace VARCHAR, turn INTEGER, speaker VARCHAR, thought VARCHAR, reply VARCHAR, call_name VARCHAR,
    call_arguments VARCHAR, note VARCHAR, seconds DOUBLE, tokens BIGINT);
INSERT INTO traces SELECT seq, id, raw_id, run, scenario, md5(body -> '$.scenario'), trial, model,
    coalesce(body ->> '$.user', 'scripted'), tier, goal_tool, called, outcome, reason, ended,
    coalesce(body ->> '$.error', ''), coalesce(CAST(body ->> '$.unanswered' AS BOOLEAN), false),
    CASE WHEN json_array_length(body -> '$.audit') > 0 THEN CAST(body -> '$.audit' AS VARCHAR) ELSE '' END,
    CASE WHEN list_has_any(coalesce(body ->> '$.audit[*].kind', []),
            ['leak', 'invented_value', 'contradiction', 'too_early']) THEN 'user'
        WHEN outcome IN ('', 'right', 'refused', 'error') THEN 'none' ELSE 'assistant' END,
    opening, dial, solvable, json_array_length(body -> '$.scenario.candidates'), NULL, assistant_turns, tokens, seconds,
    words FROM whole_traces ORDER BY seq;
INSERT INTO turns SELECT seq, id, turn, said ->> '$.speaker', coalesce(said ->> '$.thought', ''),
    coalesce(said ->> '$.reply', ''), said ->> '$.call.name', said -> '$.call.arguments',
    coalesce(said ->> '$.note', ''), coalesce(CAST(said ->> '$.seconds' AS DOUBLE), 0),
    coalesce(CAST(said ->> '$.tokens' AS BIGINT), 0)
FROM (SELECT seq, id, unnest(CAST(body -> '$.turns' AS JSON[])) AS said,
        unnest(range(CAST(json_array_length(body -> '$.turns') AS BIGINT))) AS turn FROM whole_traces)
ORDER BY seq, turn;
DROP TABLE whole_traces;
CREATE TABLE taken_parts (run VARCHAR, part VARCHAR);
"""
"""Traces by their columns, each scenario once, turns by the number of their trace: nothing is kept as one JSON text.
`taken_parts` names the Parquet files of runs that were taken in whole."""
MIGRATIONS: tuple[str, ...] = (
    _FIRST, _CATALOG_HISTORY, _CATALOG_EDITS, _ACTS, _NOTES, _FOUND_BY, _LISTED, _PARTS, _TRACES_BY_COLUMN,
)  # fmt: skip
"""Statements that bring a database from form i to form i + 1; only ever appended to."""

MEMORY = "2GB"
"""Of the database's own; beyond it, it works on the disk: traces come by the million, and models want the rest."""
GATHERED = "512MB"
"""Of the log beside the file, while much is taken in: the next start would read it in a few seconds."""
KEPT_ROWS, KEPT_READS = 100, 1_000
"""Rows of a read that is kept in memory, and such reads, at most."""
_ARROW = {
    "VARCHAR": pa.string(),
    "VARCHAR[]": pa.list_(pa.string()),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP": pa.timestamp("us"),
}
"""Arrow's type for each column type of ours."""


CLOSING_SECONDS = 30.0
"""How long the end waits for a read that is under way."""


class Database:
    """One open database file; every call uses a cursor of its own, so that threads do not meet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.RLock()
        """Held by every write; hold it to read and write without another write in between."""
        self._handing = threading.Lock()  # held to close, so that no further cursor is handed out
        try:
            self._connection = duckdb.connect(str(path), config={"memory_limit": MEMORY})
        except (duckdb.IOException, duckdb.SerializationException, duckdb.InternalException) as problem:
            raise WorkspaceError(
                f"The database {path} cannot be opened: {problem}. If no other program has it open, move the file "
                "away and start again: decisions are replayed from decisions.jsonl, runs from their folders."
            ) from problem
        self._kept: dict[tuple[object, ...], list[tuple[Any, ...]]] = {}
        self._migrate()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own on the same database; close it when done."""
        with self._handing:
            return self._connection.cursor()

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; the same one again before anything is written is answered from memory."""
        kept = self._kept  # another one after each commit, so that what was read before it is never put there
        # What depends on the hour is asked for once, and would crowd out the rest.
        key = None if any(isinstance(value, (list, dt.datetime)) for value in values) else (query, *values)
        if key is not None and key in kept:
            return list(kept[key])
        with self.cursor() as cursor:
            found = cursor.execute(query, list(values)).fetchall()
        if key is not None and len(found) <= KEPT_ROWS:
            if len(kept) >= KEPT_READS:
                kept.clear()
            kept[key] = found
        return list(found)

    def frame(self, query: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        """All rows of a query as a frame; page in SQL, not in the frame."""
        with self.cursor() as cursor:
            return cursor.execute(query, list(values)).df()

    @contextmanager
    def write(self, only: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor within a transaction: committed at the end, rolled back if anything is raised; one at a time.

        With the one table that is written (`only`), reads that do not name it are still answered from memory.
        WorkspaceError if the disk does not take it.
        """
        with self.lock, self.cursor() as cursor, self._on_disk():
            cursor.begin()
            try:
                yield cursor
            except BaseException:
                cursor.rollback()
                raise
            cursor.commit()
            still = list(self._kept.items()) if only else []  # in one go: other threads add to it
            self._kept = {key: found for key, found in still if only not in str(key[0])}

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """A block whose many large writes are brought into the one file seldom, not every 16 MB as else.

        What is committed is on disk all the same, in the log beside the file.
        """
        with self.cursor() as cursor:
            cursor.execute(f"SET checkpoint_threshold = '{GATHERED}'")
            try:
                yield
            finally:
                cursor.execute("RESET checkpoint_threshold")

    @contextmanager
    def _on_disk(self) -> Iterator[None]:
        """Tells what a full or failing disk means for the person who waits."""
        try:
            yield
        except (duckdb.IOException, duckdb.TransactionException) as problem:
            reason = str(problem).splitlines()[0]
            raise WorkspaceError(
                f"The database {self.path} could not be written: {reason} Nothing of this step was kept, everything "
                "before it was. Make room on the disk, then do it again."
            ) from problem

    def close(self) -> None:
        """Write everything into the one file and let it go, once the reads that are under way have ended."""
        deadline = time.monotonic() + CLOSING_SECONDS
        with self.lock, self._handing:
            while True:
                try:
                    return self._connection.close()
                except duckdb.ResourceInUseException:  # a cursor is at work; none is handed out any more
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.01)

    def _migrate(self) -> None:
        with self.write() as cursor:
            cursor.execute("CREATE TABLE IF NOT EXISTS form (number INTEGER)")
            form = cursor.execute("SELECT max(number) FROM form").fetchall()[0][0] or 0
            if form > len(MIGRATIONS):
                raise WorkspaceError(
                    f"{self.path} was written by a newer DiaForge (form {form}, this one knows {len(MIGRATIONS)}). "
                    "Update DiaForge, or choose another workspace."
                )
            for number, statements in enumerate(MIGRATIONS[form:], form + 1):
                cursor.execute(statements)
                cursor.execute("INSERT INTO form VALUES (?)", [number])


def insert(
    cursor: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]], *, replace: bool = False
) -> None:
    """Insert rows by one Arrow batch; a row whose key is there already is left out, or replaced where so asked."""
    if not rows:
        return
    columns = list(rows[0])
    types = dict(
        cursor.execute("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?", [table]).fetchall()
    )
    schema = pa.schema([(name, _ARROW[types[name]]) for name in columns])
    batch = pa.table({name: [row[name] for row in rows] for name in columns}, schema=schema)
    cursor.register("incoming", batch)
    known = "REPLACE" if replace else "IGNORE"
    cursor.execute(f"INSERT OR {known} INTO {table} ({', '.join(columns)}) SELECT * FROM incoming")
    cursor.unregister("incoming")


def utc_now() -> dt.datetime:
    """Now in UTC without a zone, as the database keeps times."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def naive(moment: dt.datetime) -> dt.datetime:
    """A time with a zone as the database keeps it."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None)


def aware(moment: dt.datetime | None) -> dt.datetime | None:
    """A stored time with its zone, UTC."""
    return moment.replace(tzinfo=dt.UTC) if moment else None

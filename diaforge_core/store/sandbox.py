"""Queries that people write, run where they can harm nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pandas as pd

from ..errors import DataError
from .database import Database
from .traces import BINNED

TIME_LIMIT_SECONDS = 10.0
"""A query that a person waits for; longer ones are mistakes such as a missing join condition."""
MEMORY = "1GB"
COPY = "traces-for-sql.duckdb"
"""The copy of traces and turns, beside the database; it may be deleted at any time."""
_RUNS = "SELECT id, name, kind, state, created, started, ended, error, result FROM runs"
_COPIED = {"traces": "SELECT * EXCLUDE (words) FROM traces", "turns": "SELECT * FROM turns"}
"""Table → what is copied of it; a trace's `words` are those of its turns."""
_one_at_a_time = threading.Lock()
"""A file that is brought up to date cannot be read meanwhile."""


def read_only_query(database: Database, query: str, limit: int) -> pd.DataFrame:
    """The first `limit` rows of one SELECT over copies of `traces`, `turns` and `runs`.

    The copy of traces and turns is a file that is brought up to date first: what was added since is appended, so that
    the first query of a large workspace takes long and no other. It has no access to files, network or settings.
    DataError with the reason if the query is no single SELECT, fails or takes longer than `TIME_LIMIT_SECONDS`.
    """
    path = database.path.with_name(COPY)
    with _one_at_a_time:
        _bring_up_to_date(database, path)
        with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": MEMORY}) as copy:
            _lock_down(database, path, copy)
            timer = threading.Timer(TIME_LIMIT_SECONDS, copy.interrupt)
            timer.start()
            try:
                return _first_rows(copy, query, limit)
            finally:
                timer.cancel()


def _first_rows(copy: duckdb.DuckDBPyConnection, query: str, limit: int) -> pd.DataFrame:
    try:
        statements = copy.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise DataError("Write one SELECT statement over traces, turns and runs; others are not run here.")
        return copy.execute(statements[0]).fetch_df_chunk(1 + limit // 2048).head(limit)
    except duckdb.InterruptException:
        raise DataError(
            f"The query took longer than {TIME_LIMIT_SECONDS:g} s and was stopped. Narrow it with WHERE or LIMIT."
        ) from None
    except duckdb.Error as problem:
        raise DataError(f"The query failed: {problem}") from problem


def _bring_up_to_date(database: Database, path: Path) -> None:
    """Append to the copy what was stored since; make it anew where traces were taken out, or it is none of ours."""
    try:
        if _append(database, path):
            return
    except duckdb.Error:  # written by another version, or broken off
        pass
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    _append(database, path)


def _append(database: Database, path: Path) -> bool:
    """Whether the copy is whole now; False where it holds traces that are stored no more."""
    with duckdb.connect(str(path), config={"threads": 2, "memory_limit": MEMORY}) as copy, database.cursor() as cursor:
        cursor.begin()  # one moment of the store, whatever is taken in meanwhile
        for name, selected in _COPIED.items():
            empty = cursor.sql(f"{selected} LIMIT 0").to_arrow_table()
            copy.register("incoming", empty)
            copy.execute(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM incoming")
            copy.unregister("incoming")
        last, number = copy.execute("SELECT coalesce(max(seq), 0), count(*) FROM traces").fetchall()[0]
        if cursor.execute("SELECT count(*) FROM traces WHERE seq <= ?", [last]).fetchall()[0][0] != number:
            return False
        copy.begin()
        for name, selected in _COPIED.items():
            new = cursor.sql(f"{selected} WHERE seq > {last}").to_arrow_reader(100_000)
            copy.register("incoming", new)
            copy.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
            copy.unregister("incoming")
        copy.commit()
    return True


def _lock_down(database: Database, path: Path, copy: duckdb.DuckDBPyConnection) -> None:
    """Show the copy, and of its runs those that are not in the bin, under the names that people use."""
    with database.cursor() as cursor:
        copy.register("incoming", cursor.sql(f"{_RUNS} WHERE state <> '{BINNED}'").to_arrow_table())
        some_binned = bool(cursor.execute("SELECT id FROM runs WHERE state = ?", [BINNED]).fetchall())
    copy.execute("CREATE TABLE runs AS SELECT * FROM incoming")
    copy.unregister("incoming")
    place = str(path).replace("'", "''")
    copy.execute(f"ATTACH '{place}' AS kept (READ_ONLY)")
    copy.execute(
        "CREATE VIEW traces AS SELECT t.*, r.name AS run_name, r.kind FROM kept.traces t JOIN runs r ON r.id = t.run"
    )
    shown = "WHERE seq IN (SELECT seq FROM traces)" if some_binned else ""
    copy.execute(f"CREATE VIEW turns AS SELECT * FROM kept.turns {shown}")
    copy.execute("SET python_enable_replacements = false")
    copy.execute("SET enable_external_access = false")
    copy.execute("SET lock_configuration = true")

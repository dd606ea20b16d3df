"""Queries that people write, run where they can harm nothing."""

from __future__ import annotations

import threading

import duckdb
import pandas as pd

from ..errors import DataError
from .database import Database
from .traces import BINNED, SOURCE

TIME_LIMIT_SECONDS = 10.0
"""A query that a person waits for; longer ones are mistakes such as a missing join condition."""
_COPIED = {
    "traces": f"t.* EXCLUDE (words, body), r.name AS run_name, r.kind AS kind FROM {SOURCE}",
    "turns": "* FROM turns",
    "runs": f"id, name, kind, state, created, started, ended, error, result FROM runs WHERE state <> '{BINNED}'",
}


def read_only_query(database: Database, query: str, limit: int) -> pd.DataFrame:
    """The first `limit` rows of one SELECT over copies of `traces`, `turns` and `runs` in memory.

    The copy has no access to files, network or settings. DataError with the reason if the query is no single SELECT,
    fails or takes longer than `TIME_LIMIT_SECONDS`.
    """
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "1GB"}) as copy:
        for name, selection in _COPIED.items():
            with database.cursor() as cursor:
                copy.register("incoming", cursor.sql(f"SELECT {selection}").to_arrow_table())
            copy.execute(f"CREATE TABLE {name} AS SELECT * FROM incoming")
            copy.unregister("incoming")
        copy.execute("SET python_enable_replacements = false")
        copy.execute("SET enable_external_access = false")
        copy.execute("SET lock_configuration = true")
        timer = threading.Timer(TIME_LIMIT_SECONDS, copy.interrupt)
        timer.start()
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
        finally:
            timer.cancel()

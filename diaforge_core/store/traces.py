"""Rows of traces and their turns: a trace's summary in one table, its turns in another, each scenario once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from ..records.base import content_id
from ..records.trace import Trace
from .database import Database
from .trace_form import TURN, Closeness, columns_of, trace_of

BINNED = "binned"
"""The state of a run that waits in the bin: no list shows it, nor its traces."""
READ_AT_ONCE = 500
"""Traces read whole by one query."""
_COLUMNS: tuple[str, ...] = (
    "seq", "id", "scenario_key", "trial", "model", "user_side", "ended", "error", "unanswered", "outcome", "reason",
    "audit", "seconds",
)  # fmt: skip
_TURN_COLUMNS = ["seq", *(field.name for field in TURN)]
_READ, _TURN_READ = ", ".join(f"t.{name}" for name in _COLUMNS), ", ".join(_TURN_COLUMNS)


def add(
    cursor: duckdb.DuckDBPyConnection, run: str, traces: Sequence[Trace], closeness: Closeness | None = None
) -> None:
    """Store a run's traces with their turns; one that is stored already is left alone."""
    take_in(cursor, run, columns_of(traces, closeness))


def take_in(cursor: duckdb.DuckDBPyConnection, run: str, table: pa.Table) -> int:
    """How many traces of a table (`trace_form.SCHEMA`) were stored; those that are stored already are left alone.

    They are numbered in their order: turns lie by that number, so that one trace's turns are read without a search.
    """
    table = _fresh(cursor, run, table)
    if not table.num_rows:
        return 0
    start = cursor.execute("SELECT coalesce(max(seq), 0) FROM traces").fetchall()[0][0]
    table = table.append_column("seq", pa.array(range(start + 1, start + 1 + table.num_rows), pa.int64()))
    _insert(cursor, "traces", table.drop_columns(["turns", "scenario_body"]))
    _insert(cursor, "turns", _turns(table))
    bodies = table.select(["scenario_key", "scenario_body"]).rename_columns(["key", "body"])
    cursor.register("incoming", bodies)
    cursor.execute("INSERT OR IGNORE INTO scenario_bodies SELECT key, any_value(body) FROM incoming GROUP BY key")
    cursor.unregister("incoming")
    return table.num_rows


def remove_run(cursor: duckdb.DuckDBPyConnection, run: str) -> None:
    """Take a run and its traces out."""
    cursor.execute("DELETE FROM turns WHERE seq IN (SELECT seq FROM traces WHERE run = ?)", [run])
    cursor.execute("DELETE FROM traces WHERE run = ?", [run])
    cursor.execute("DELETE FROM scenario_bodies WHERE key NOT IN (SELECT scenario_key FROM traces)")
    cursor.execute("DELETE FROM taken_parts WHERE run = ?", [run])
    cursor.execute("DELETE FROM runs WHERE id = ?", [run])


def stored_id(run: str, trace_id: str) -> str:
    """The trace's id in the workspace: two runs may play the same rollout."""
    return content_id(run, trace_id)


def find(database: Database, trace_id: str) -> Trace | None:
    """The trace of this id, or else the newest of the rollout that this is the id of; None for neither."""
    heads = database.rows(f"SELECT {_READ} FROM traces t WHERE t.id = ?", [trace_id])
    if not heads:
        heads = database.rows(
            f"SELECT {_READ} FROM traces t WHERE t.raw_id = ? ORDER BY t.seq DESC LIMIT 1", [trace_id]
        )
    return next(_whole(database, heads, "= ?"), None)


def read(database: Database, places: Sequence[int]) -> Iterator[Trace]:
    """The traces with these numbers (`seq`), in the order given; one that is gone is left out.

    The bounds let the database pass over all blocks of rows that lie elsewhere.
    """
    for start in range(0, len(places), READ_AT_ONCE):
        some = places[start : start + READ_AT_ONCE]
        near = f"t.seq BETWEEN {min(some)} AND {max(some)} AND t.seq IN (SELECT unnest(?))"
        heads = database.rows(f"SELECT {_READ} FROM traces t WHERE {near}", [list(some)])
        order = {seq: place for place, seq in enumerate(some)}
        yield from _whole(database, sorted(heads, key=lambda head: order[head[0]]), "IN (SELECT unnest(?))")


def _whole(database: Database, heads: Sequence[tuple[Any, ...]], which: str) -> Iterator[Trace]:
    """The traces of these rows; `which` compares with the one value there is, so that an index serves, or with many."""
    if not heads:
        return
    rows = [dict(zip(_COLUMNS, head, strict=True)) for head in heads]
    places, keys = [row["seq"] for row in rows], list({row["scenario_key"] for row in rows})
    one = which == "= ?"
    bodies = dict(database.rows(f"SELECT key, body FROM scenario_bodies WHERE key {which}", [keys[0] if one else keys]))
    near = f"seq BETWEEN {min(places)} AND {max(places)} AND seq {which}"
    turns: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for said in sorted(database.rows(f"SELECT {_TURN_READ} FROM turns WHERE {near}", [places[0] if one else places])):
        turns[said[0]].append(dict(zip(_TURN_COLUMNS, said, strict=True)))
    for row in rows:
        yield trace_of(row, bodies[row["scenario_key"]], turns[row["seq"]])


def _fresh(cursor: duckdb.DuckDBPyConnection, run: str, table: pa.Table) -> pa.Table:
    """The rows that are not stored yet, each once, with their `id` and `run`."""
    ids = [stored_id(run, raw) for raw in table["raw_id"].to_pylist()]
    seen = {row[0] for row in cursor.execute("SELECT id FROM traces WHERE id IN (SELECT unnest(?))", [ids]).fetchall()}
    mask = [not (key in seen or seen.add(key)) for key in ids]
    table = table.append_column("id", pa.array(ids)).append_column("run", pa.array([run] * len(ids), pa.string()))
    return table if all(mask) else table.filter(pa.array(mask, pa.bool_()))


def _turns(table: pa.Table) -> pa.Table:
    """The turns of all rows, flat, each with the number and the id of its trace."""
    nested = table["turns"].combine_chunks()
    owner = nested.value_parent_indices()
    flat = pa.Table.from_struct_array(nested.flatten())
    return flat.append_column("seq", table["seq"].take(owner)).append_column("trace", table["id"].take(owner))


def _insert(cursor: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    cursor.register("incoming", table)
    cursor.execute(f"INSERT INTO {name} BY NAME SELECT * FROM incoming")
    cursor.unregister("incoming")

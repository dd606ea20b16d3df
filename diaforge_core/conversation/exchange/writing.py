"""Rows as the bytes of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, BinaryIO

from .forms import Form, Row
from .messages import json_text

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_AT_ONCE = 200
"""Rows of one group of a Parquet file."""


def write_rows(rows: Iterable[Row], form: Form, file: BinaryIO) -> int:
    """How many rows were written, as JSON lines or as Parquet; the file is left open."""
    if form.suffix == "parquet":
        return _write_parquet(iter(rows), form.in_json, file)
    count = 0
    for row in rows:
        file.write(json_text(row).encode() + b"\n")
        count += 1
    return count


def _write_parquet(rows: Iterator[Row], in_json: Sequence[str], file: BinaryIO) -> int:
    import pyarrow.parquet as pq

    first = list(islice(rows, ROWS_AT_ONCE))
    if not first:
        return 0
    count = 0
    with pq.ParquetWriter(file, _table(first, in_json).schema) as writer:
        group = first
        while group:
            writer.write_table(_table(group, in_json))
            count += len(group)
            group = list(islice(rows, ROWS_AT_ONCE))
    return count


def _table(rows: Sequence[Row], in_json: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    columns = {
        name: _json_lists([row[name] for row in rows]) if name in in_json else pa.array([row[name] for row in rows])
        for name in rows[0]
    }
    return pa.table(columns)


def _json_lists(lists: Sequence[list[Any]]) -> pa.Array:
    """A column of lists whose items are JSON values, of whatever shape each is."""
    import pyarrow as pa

    items = pa.array([json_text(item) for each in lists for item in each], pa.string())
    ends = list(accumulate(map(len, lists), initial=0))
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), items.cast(pa.json_()))

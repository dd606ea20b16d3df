"""Parquet files of traces: what a run folder keeps of its conversations, and what traces are exported as."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import DataError
from .trace_form import SCHEMA

GROUP_ROWS = 10_000
"""Traces of a row group: what is taken in by one transaction."""
_MADE_OF = b"journal"
"""Key in a file's own notes: the digest of the rows that it was made of."""


def write(file: Path | BinaryIO, tables: Iterable[pa.Table], made_of: bytes = b"") -> int:
    """How many traces were written, a row group or more for each table of `SCHEMA`."""
    rows, schema = 0, SCHEMA.with_metadata({_MADE_OF: hashlib.blake2b(made_of).hexdigest()})
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for table in tables:
            writer.write_table(table.cast(schema), row_group_size=GROUP_ROWS)
            rows += table.num_rows
    return rows


def write_whole(path: Path, tables: Iterable[pa.Table], made_of: bytes) -> None:
    """The file appears whole and on disk, or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        write(file, tables, made_of)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def groups(path: Path) -> Iterator[pa.Table]:
    """The tables of a file's row groups, in order; DataError if it holds no traces or cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number, columns=SCHEMA.names).select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowException, OSError) as problem:
        raise DataError(
            f"{path} cannot be read as traces: {str(problem).splitlines()[0]} Put the file back as it was written."
        ) from problem


def is_made_of(path: Path, journal: bytes) -> bool:
    """Whether the file was made of exactly these rows."""
    notes = pq.read_schema(path).metadata or {}
    return notes.get(_MADE_OF) == hashlib.blake2b(journal).hexdigest().encode()

"""Traces as files: everything that a filter shows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, get_args

import pyarrow as pa

from ..conversation.exchange.inspect_log import write_log
from ..errors import DataError
from ..records.trace import Trace
from ..store import trace_files
from ..store.trace_form import columns_of
from .exports import replaced
from .traces import Filters

if TYPE_CHECKING:
    from .workspace import Workspace

TraceFormat = Literal["jsonl", "parquet", "inspect"]
TRACE_FORMATS: tuple[TraceFormat, ...] = get_args(TraceFormat)
"""jsonl: a trace a line; parquet: their columns, turns nested; inspect: a log that `inspect view` opens."""
SUFFIXES: dict[TraceFormat, str] = {"jsonl": "jsonl", "parquet": "parquet", "inspect": "eval"}
MOST_IN_MEMORY = 20_000
"""Traces that are given out in memory, as a browser downloads them; more are written to a file."""
MOST_IN_LOG = 100_000
"""Traces of one Inspect log: its viewer reads a summary of each at once."""
_AT_ONCE = 2_000


class TraceExports:
    """Writing traces out."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def export(self, filters: Filters, format: TraceFormat, out: str | Path) -> int:
        """How many traces were written to the file `out`, newest first; it appears whole or not at all.

        DataError for an unknown form or filter, no trace, more than a form holds, or a file that cannot be.
        """
        self._check(filters, format)
        return replaced(Path(out).expanduser(), lambda file: self._write(filters, format, file))

    def content(self, filters: Filters, format: TraceFormat) -> bytes:
        """The same file in memory; DataError for more than `MOST_IN_MEMORY` traces."""
        if self._check(filters, format) > MOST_IN_MEMORY:
            raise DataError(
                f"A browser downloads at most {MOST_IN_MEMORY:,} traces. Narrow the filter, or write the file with "
                "`python -m diaforge_core traces export`."
            )
        file = io.BytesIO()
        self._write(filters, format, file)
        return file.getvalue()

    def _check(self, filters: Filters, format: str) -> int:
        """How many traces there are to write."""
        if format not in TRACE_FORMATS:
            raise DataError(f"'{format}' is no form of traces. Use one of: {', '.join(TRACE_FORMATS)}.")
        number = self._workspace.traces.count(filters)
        if not number:
            raise DataError("No trace meets these filters, so there is nothing to export. Take one of them away.")
        if format == "inspect" and number > MOST_IN_LOG:
            raise DataError(f"An Inspect log holds at most {MOST_IN_LOG:,} traces, not {number:,}. Narrow the filter.")
        return number

    def _write(self, filters: Filters, format: TraceFormat, file: BinaryIO) -> int:
        traces = self._workspace.traces.stream(filters)
        if format == "parquet":
            return trace_files.write(file, self._tables(traces))
        if format == "inspect":
            return write_log("traces", traces, file)
        rows = 0
        for trace in traces:
            file.write(trace.model_dump_json().encode() + b"\n")
            rows += 1
        return rows

    def _tables(self, traces: Iterator[Trace]) -> Iterator[pa.Table]:
        while some := list(islice(traces, _AT_ONCE)):
            yield columns_of(some, self._workspace.traces.nearness.of)

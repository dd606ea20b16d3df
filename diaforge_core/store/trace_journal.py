"""The conversations of a run in its folder: the newest as rows, each on disk before the next, the others in Parquet.

A row can be appended safely, a Parquet file cannot; a Parquet file is read fifty times as fast. So rows are gathered in
the journal, and when they are many they are written as one more Parquet file, whole, before the journal begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..records.trace import Trace
from . import trace_files
from .run_folder import RunFolder, line_of, replace_file
from .trace_form import Closeness, columns_of, traces_of

SEAL_BYTES = 32 << 20
"""Of rows: some thousand conversations, which take a second to write as Parquet."""


class TraceJournal:
    """The conversations of one run; only its worker writes."""

    def __init__(self, folder: RunFolder, closeness: Closeness | None = None) -> None:
        self._folder = folder
        self._closeness = closeness

    def parts(self) -> list[Path]:
        """The Parquet files, in the order in which they were written."""
        return sorted(self._folder.path.glob("traces-*.parquet"))

    def traces(self) -> Iterator[Trace]:
        """Every conversation so far, in order, some thousand in memory at a time."""
        for part in self.parts():
            for table in trace_files.groups(part):
                yield from traces_of(table)
        yield from self._rows()

    def append(self, *traces: Trace) -> None:
        """More conversations, on disk before this returns."""
        self._folder.append_lines(b"".join(line_of({"trace": trace.model_dump(mode="json")}) for trace in traces))
        if self._folder.rows_path.stat().st_size >= SEAL_BYTES:
            self.seal()

    def seal(self) -> None:
        """Write the journal's conversations as one more Parquet file, then begin it anew."""
        journal, parts = self._folder.rows_path.read_bytes(), self.parts()
        part = self._folder.path / f"traces-{len(parts):05}.parquet"
        trace_files.write_whole(part, [columns_of(list(self._rows()), self._closeness)], journal)
        replace_file(self._folder.rows_path, b"")

    def repair(self) -> None:
        """Begin the journal anew where the worker was killed between the two; done before a worker appends."""
        parts, rows = self.parts(), self._folder.rows_path
        if parts and rows.exists() and trace_files.is_made_of(parts[-1], rows.read_bytes()):
            replace_file(rows, b"")

    def _rows(self) -> Iterator[Trace]:
        return (Trace.model_validate(row["trace"]) for row in self._folder.rows())

"""Browsing traces in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..errors import DataError
from ..records.tool import Tool
from ..records.trace import Trace
from ..store import traces as table
from ..store.sandbox import read_only_query

if TYPE_CHECKING:
    from .workspace import Workspace

ORDERS = {
    "newest": "t.seq DESC",
    "oldest": "t.seq",
    "longest": "t.assistant_turns DESC, t.seq",
    "slowest": "t.seconds DESC, t.seq",
    "outcome": "t.outcome, t.seq",
    "tool": "t.goal_tool, t.seq",
}


class Traces:
    """The traces of every generation and evaluation run."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def page(
        self, filters: Mapping[str, Any] | None = None, order: str = "newest", offset: int = 0, limit: int = 50
    ) -> tuple[pd.DataFrame, int]:
        """One page of traces and how many the filters leave.

        `filters` may hold run (id or name), kind ("evaluate" or "generate"), outcome, tier, goal_tool, called, model,
        scenario, dial, solvable, user_fault (each a value or a list of values) and text (looked for in all words said).
        Columns: id, run, kind, scenario, trial, model, tier, goal_tool, called, outcome, reason, opening, dial,
        solvable, assistant_turns, tokens, seconds, user_fault, ended. DataError for an unknown filter or order.
        """
        if order not in ORDERS:
            raise DataError(f"Traces cannot be ordered by '{order}'. Use one of: {', '.join(ORDERS)}.")
        where, values = table.condition(filters or {})
        frame = self._workspace.database.frame(
            f"SELECT {table.COLUMNS} FROM {table.SOURCE} WHERE {where} ORDER BY {ORDERS[order]} LIMIT ? OFFSET ?",
            [*values, limit, offset],
        )
        total = self._workspace.database.rows(f"SELECT count(*) FROM {table.SOURCE} WHERE {where}", values)[0][0]
        return frame, total

    def get(self, trace_id: str) -> Trace:
        """The trace of this id (as in the table, or as a dialogue's `trace` names it); DataError if it is not here."""
        rows = self._workspace.database.rows(
            "SELECT id, body FROM traces WHERE id = ? OR raw_id = ? ORDER BY id <> ?, seq DESC LIMIT 1",
            [trace_id, trace_id, trace_id],
        )
        if not rows:
            raise DataError(f"There is no trace {trace_id} in this workspace. Choose one from the table.")
        return _named(*rows[0])

    def run_of(self, trace_id: str) -> str:
        """Name of the run that a trace belongs to."""
        rows = self._workspace.database.rows(
            "SELECT r.name FROM traces t JOIN runs r ON r.id = t.run WHERE t.id = ?", [self.get(trace_id).id]
        )
        return rows[0][0]

    def of_run(self, run: str) -> list[Trace]:
        """All traces of a run (id or name) in the order in which they ended."""
        run_id = self._workspace.jobs.get(run).id
        rows = self._workspace.database.rows("SELECT id, body FROM traces WHERE run = ? ORDER BY seq", [run_id])
        return [_named(*row) for row in rows]

    def tools(self, trace: Trace) -> tuple[Tool, ...]:
        """The candidates that the assistant was shown, in order."""
        scenario = trace.scenario
        return self._workspace.catalogs.find(scenario.catalog, scenario.catalog_version).subset(scenario.candidates)

    def same_scenario(self, trace_id: str) -> pd.DataFrame:
        """The other traces of the same scenario: id, run, model, trial, outcome."""
        trace = self.get(trace_id)
        frame, _ = self.page({"scenario": trace.scenario.id}, limit=1000)
        return frame.loc[frame["id"] != trace.id, ["id", "run", "model", "trial", "outcome"]].reset_index(drop=True)

    def values(self, column: str) -> list[str]:
        """The distinct values of a filter's column, for a list of choices."""
        if column not in table.FILTERS:
            raise DataError(f"Traces have no filter '{column}'. Use one of: {', '.join(table.FILTERS)}.")
        rows = self._workspace.database.rows(
            f"SELECT DISTINCT CAST({table.FILTERS[column]} AS VARCHAR) AS v FROM {table.SOURCE} ORDER BY v"
        )
        return [row[0] for row in rows if row[0]]

    def sql(self, query: str, limit: int = 1000) -> pd.DataFrame:
        """The first `limit` rows of a read-only query over `traces`, `turns` and `runs`.

        It runs on a locked-down copy in memory with a time limit, so it can read or change no file and nothing of the
        workspace. DataError with the database's own words if the query fails.
        """
        return read_only_query(self._workspace.database, query, limit)


def _named(trace_id: str, body: str) -> Trace:
    """The stored trace under the id that is unique in this workspace (the same rollout may stand in two runs)."""
    return Trace.model_validate_json(body).model_copy(update={"id": trace_id})

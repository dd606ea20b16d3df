"""Looking for traces and reading them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from ..errors import DataError
from ..records.tool import Tool
from ..records.trace import Trace
from ..store import trace_filters as sql
from ..store import traces as table
from ..store.sandbox import read_only_query
from ..store.trace_filters import BIN_NAMES, ORDERS, PARTS, Filters
from ..store.trace_form import fault_of
from .kept import Kept
from .nearness import Nearness
from .review import StripStep, strip

if TYPE_CHECKING:
    from .workspace import Workspace

__all__ = ["BIN_NAMES", "COLUMNS", "ORDERS", "PARTS", "Filters", "Traces", "Window"]

COLUMNS = (
    "id", "run", "kind", "scenario", "trial", "model", "tier", "goal_tool", "called", "outcome", "reason", "opening",
    "dial", "solvable", "candidates", "closeness", "fault", "assistant_turns", "tokens", "seconds", "ended",
)  # fmt: skip
"""Of a list of traces."""
MOST_CHOICES = 200
"""Values of a part that are offered; rarer ones are found by words."""
KEPT_STRIPS = 64
_SELECTED = ", ".join(f"t.{name}" for name in COLUMNS if name != "kind")


@dataclass(frozen=True, slots=True)
class Window:
    """A page of a list of traces."""

    rows: pd.DataFrame
    """With `COLUMNS`."""
    total: int
    """Traces that the filters leave."""
    start: int
    """Place of the first row among them, counted from 0."""
    after: str | None
    """Id of the first trace of the next page; None on the last."""


class Traces:
    """The traces of every generation and evaluation run."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._strips: Kept[list[StripStep]] = Kept(KEPT_STRIPS)
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="traces-ahead")
        self.nearness = Nearness(lambda scenario: workspace.catalogs.find(scenario.catalog, scenario.catalog_version))

    def page(
        self, filters: Filters | None = None, order: str = "newest", offset: int = 0, limit: int = 50
    ) -> tuple[pd.DataFrame, int]:
        """Some traces from a place of the list on, and how many the filters leave.

        `filters` may hold each of `PARTS` (a value or a list of values) and `text`, looked for in all words said.
        DataError for an unknown filter or order (`ORDERS`, with `-` before it the other way round).
        """
        where, values = sql.condition(self._workspace.database, filters or {})
        by, down = sql.ordered_by(order)
        frame = self._rows(where, values, _ordered(by, down), limit, offset)
        return frame, self.count(filters)

    def count(self, filters: Filters | None = None) -> int:
        """How many traces the filters leave."""
        where, values = sql.condition(self._workspace.database, filters or {})
        return self._workspace.database.rows(f"SELECT count(*) FROM traces t WHERE {where}", values)[0][0]

    def window(
        self, filters: Filters | None = None, order: str = "newest", first: str | None = None, limit: int = 50
    ) -> Window:
        """The page that begins with a trace, or the first page without one or where it is not here any more.

        A trace that the filters do not leave is passed over. However deep the page, no row before it is read.
        """
        where, values = sql.condition(self._workspace.database, filters or {})
        by, down = sql.ordered_by(order)
        start, total, near, at = 0, 0, "true", []
        here = self._key(by, first) if first else None
        if here is None:
            total = self.count(filters)
        else:
            before, at = _beside(by, down, here, back=True, itself=False)
            query = f"SELECT count(*), count(*) FILTER ({before}) FROM traces t WHERE {where}"
            total, start = self._workspace.database.rows(query, [*at, *values])[0]
            near, at = _beside(by, down, here, back=False, itself=True)
        frame = self._rows(f"{where} AND {near}", [*values, *at], _ordered(by, down), limit + 1)
        after = str(frame["id"].iloc[limit]) if len(frame) > limit else None
        return Window(frame.iloc[:limit], total, start, after)

    def beside(
        self, filters: Filters, order: str, here: str, way: Literal["before", "after"], steps: int = 1
    ) -> str | None:
        """The trace so many steps from this one among those that the filters leave, or the farthest; None for none."""
        where, values = sql.condition(self._workspace.database, filters)
        by, down = sql.ordered_by(order)
        key, back = self._key(by, here), way == "before"
        if key is None:
            return None
        near, at = _beside(by, down, key, back=back, itself=False)
        rows = self._workspace.database.rows(
            f"SELECT t.id FROM traces t WHERE {where} AND {near} ORDER BY {_ordered(by, down != back)} LIMIT ?",
            [*values, *at, steps],
        )
        return rows[-1][0] if rows else None

    def choices(self, filters: Filters, part: str) -> dict[str, int]:
        """Value of a part → traces it would leave beside the other filters, most first; at most `MOST_CHOICES`."""
        if part not in PARTS:
            raise DataError(f"Traces have no filter '{part}'. Use one of: {', '.join(PARTS)}.")
        query, values = sql.choices(self._workspace.database, filters, part, MOST_CHOICES)
        return {str(value): number for value, number in self._workspace.database.rows(query, values)}

    def values(self, part: str) -> list[str]:
        """The values of a part that there are, for a list of choices."""
        return sorted(self.choices({}, part))

    def tally(self, part: str, filters: Filters | None = None) -> pd.DataFrame:
        """How the conversations ended, by one part: its value, outcome, traces, and means of turns, tokens, seconds."""
        column = "t.run" if part == "run" else sql.COLUMN_OF.get(part)
        if column is None:
            raise DataError(f"Outcomes are not counted by '{part}'. Use one of: run, {', '.join(sql.COLUMN_OF)}.")
        where, values = sql.condition(self._workspace.database, filters or {})
        frame = self._workspace.database.frame(sql.tally(column, where), values)
        names = self._run_names()
        return frame.assign(value=[names.get(key, key) for key in frame["value"]]) if part == "run" else frame

    def get(self, trace_id: str) -> Trace:
        """The trace of this id (as in the table, or as a dialogue's `trace` names it); DataError if it is not here."""
        found = table.find(self._workspace.database, trace_id)
        if found is None:
            raise DataError(f"There is no trace {trace_id} in this workspace. Choose one from the table.")
        return found

    def run_of(self, trace_id: str) -> str:
        """Name of the run that a trace belongs to."""
        rows = self._workspace.database.rows("SELECT run FROM traces WHERE id = ?", [trace_id])
        rows = rows or self._workspace.database.rows("SELECT run FROM traces WHERE id = ?", [self.get(trace_id).id])
        return self._run_names()[rows[0][0]]

    def of_run(self, run: str) -> list[Trace]:
        """All traces of a run (id or name) in the order in which they ended."""
        run_id = self._workspace.jobs.get(run).id
        rows = self._workspace.database.rows("SELECT seq FROM traces WHERE run = ? ORDER BY seq", [run_id])
        return list(table.read(self._workspace.database, [row[0] for row in rows]))

    def played(self, run_id: str) -> int:
        """Conversations of a run so far: what is worked out of them is worked out anew when there are more."""
        return self._workspace.database.rows("SELECT count(*) FROM traces WHERE run = ?", [run_id])[0][0]

    def stream(self, filters: Filters | None = None) -> Iterator[Trace]:
        """Every trace that the filters leave, whole, newest first, a few hundred in memory at a time."""
        where, values = sql.condition(self._workspace.database, filters or {})
        query = f"SELECT t.seq FROM traces t WHERE {where} ORDER BY t.seq DESC"
        yield from table.read(
            self._workspace.database, [row[0] for row in self._workspace.database.rows(query, values)]
        )

    def tools(self, trace: Trace) -> tuple[Tool, ...]:
        """The candidates that the assistant was shown, in order."""
        scenario = trace.scenario
        return self._workspace.catalogs.find(scenario.catalog, scenario.catalog_version).subset(scenario.candidates)

    def strip(self, trace: Trace) -> list[StripStep]:
        """What was open after each turn, by the public words alone."""
        return self._strips.get(trace.id, lambda: strip(self.tools(trace), trace.turns))

    def look_ahead(self, trace_id: str) -> None:
        """Read what the page shows of a trace, so that its turn comes faster; in the background."""
        self._ahead.submit(lambda: self.strip(self.get(trace_id)))

    def is_users_fault(self, trace: Trace) -> bool:
        """Whether the audit on the trace blames the simulated user."""
        return fault_of(trace) == "user"

    def same_scenario(self, trace_id: str, most: int = 1_000) -> pd.DataFrame:
        """Other traces of the same scenario, newest first: id, run, model, trial, outcome."""
        scenario = "(SELECT scenario FROM traces WHERE id = ?)"
        where, values = sql.condition(self._workspace.database, {})
        rows = self._workspace.database.rows(
            f"SELECT t.id, t.run, t.model, t.trial, t.outcome FROM traces t WHERE {where} AND t.scenario = {scenario} "
            "AND t.id <> ? ORDER BY t.seq DESC LIMIT ?",
            [*values, trace_id, trace_id, most],
        )
        names = self._run_names()
        found = [(key, names[run], *rest) for key, run, *rest in rows]
        return pd.DataFrame(found, columns=["id", "run", "model", "trial", "outcome"])

    def sql(self, query: str, limit: int = 1000) -> pd.DataFrame:
        """The first `limit` rows of a read-only query over `traces`, `turns` and `runs`.

        It runs on a locked-down copy with a time limit, so it can read or change no other file and nothing of the
        workspace. DataError with the database's own words if the query fails.
        """
        return read_only_query(self._workspace.database, query, limit)

    def _rows(self, where: str, values: list[object], order: str, limit: int, offset: int = 0) -> pd.DataFrame:
        """Rows of a list, runs by their names; only the rows that are shown are read whole."""
        some = f"SELECT t.rowid FROM traces t WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        rows = self._workspace.database.rows(
            f"SELECT {_SELECTED} FROM traces t WHERE t.rowid IN ({some}) ORDER BY {order}", [*values, limit, offset]
        )
        frame = pd.DataFrame(rows, columns=[name for name in COLUMNS if name != "kind"])
        runs = {key: (name, kind) for key, name, kind in self._runs()}
        known = [runs.get(key, (key, "")) for key in frame["run"]]
        frame = frame.assign(run=[name for name, _ in known], kind=[kind for _, kind in known])
        return frame.reindex(columns=list(COLUMNS))

    def _runs(self) -> list[tuple[str, str, str]]:
        return self._workspace.database.rows("SELECT id, name, kind FROM runs")

    def _run_names(self) -> dict[str, str]:
        return {key: name for key, name, _ in self._runs()}

    def _key(self, by: str, trace_id: str) -> tuple[object, int] | None:
        """Where a trace stands in an order; None if it is not here."""
        rows = self._workspace.database.rows(f"SELECT {by}, t.seq FROM traces t WHERE t.id = ?", [trace_id])
        return rows[0] if rows else None


def _ordered(by: str, down: bool) -> str:
    way = "DESC" if down else "ASC"
    return f"t.seq {way}" if by == "t.seq" else f"{by} {way}, t.seq {way}"


def _beside(by: str, down: bool, key: tuple[object, int], *, back: bool, itself: bool) -> sql.Sql:
    """The condition for what comes before or after a place in an order."""
    sign = "<" if back != down else ">"
    last = f"t.seq {sign}{'=' if itself else ''} ?"
    if by == "t.seq":
        return last, [key[1]]
    return f"({by} {sign} ? OR ({by} = ? AND {last}))", [key[0], key[0], key[1]]

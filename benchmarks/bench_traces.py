"""A million traces: taken in, listed, searched, opened, summed up and asked in SQL, each against its limit."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from unittest.mock import patch

import psutil
from streamlit.navigation.page import StreamlitPage
from streamlit.testing.v1 import AppTest

from benchmarks.timing import interleaved, report
from benchmarks.trace_workspace import CATALOG, RUNS, TRACES, parquet_files
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.records.note import Note
from diaforge_core.services.traces import ORDERS
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.store import trace_files
from diaforge_core.store.run_folder import RunFolder, Status
from diaforge_core.store.trace_filters import COLUMN_OF, tally
from diaforge_core.store.trace_form import traces_of
from diaforge_core.store.trace_journal import TraceJournal
from pages.components.wiring import close_all

ROOT = Path(__file__).resolve().parent.parent
ASKED = 200
"""Traces opened and pages listed for a percentile."""
JSONL = 4_000
"""Traces that are taken in from rows, for comparison."""
SUMS = ("model", "tier", "goal_tool", "closeness", "fault", "dial")
LABELLED = 2_000
WAIT = 120.0
"""Seconds."""


def main() -> None:
    """Print each figure against its limit; `DIAFORGE_BENCH_TRACES` takes another number than a million."""
    files = parquet_files(int(os.environ.get("DIAFORGE_BENCH_TRACES", TRACES)))
    root = Path(os.environ.get("DIAFORGE_BENCH", Path(__file__).resolve().parent.parent / ".cache"))
    with tempfile.TemporaryDirectory(dir=root) as folder:
        place = Path(folder) / "workspace"
        _as_runs(place, files)
        with _taken_in(place) as workspace:
            _as_jsonl(workspace, files[0])
            _say_something(workspace)
            _pages(workspace)
            _opened(workspace)
            _words(workspace)
            _sums(workspace, Path(folder) / "peer.sqlite")
            _in_sql(workspace)
        _script(place)
    memory = _peak_memory()
    report("most memory of all this, the app's page included", memory / 1e9, "GB", 4, at_most=True)


def _as_runs(place: Path, files: Sequence[Path]) -> None:
    """Run folders as their workers left them, and no database."""
    catalog, now = load_catalog(CATALOG), dt.datetime.now(dt.UTC)
    for number in range(min(RUNS, len(files))):
        config = {
            "id": f"run{number:02}",
            "name": f"evaluation {number}",
            "kind": "evaluate",
            "model": "scripted:oracle",
        }
        config |= {"created": (now + dt.timedelta(hours=number)).replace(tzinfo=None).isoformat(), "recipe": {}}
        run = RunFolder(place / "runs" / str(config["id"]))
        run.create(config, catalog)
        run.set_status(Status(state="succeeded", started=now, ended=now))
        for part, file in enumerate(files[number::RUNS]):
            shutil.copy(file, run.path / f"traces-{part:05}.parquet")


def _taken_in(place: Path) -> Workspace:
    start, busy = time.perf_counter(), time.process_time()
    workspace = open_workspace(place)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    traces, turns = workspace.database.rows("SELECT (SELECT count(*) FROM traces), (SELECT count(*) FROM turns)")[0]
    print(
        f"{traces:,} traces, {turns:,} turns in {seconds:.0f} s, {busy:.0f} s of processor time; "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    report(
        "taken in from Parquet, the opening of the workspace included",
        turns / seconds,
        "turns/s",
        100_000,
        at_most=False,
    )
    return workspace


def _as_jsonl(workspace: Workspace, file: Path) -> None:
    """The same as rows of a run folder, which is how the newest of a running evaluation arrive."""
    traces = traces_of(next(trace_files.groups(file)))[:JSONL]
    folder = RunFolder(workspace.folder / "runs" / "rows")
    config = {"id": "rows", "name": "as rows", "kind": "evaluate", "model": "scripted:oracle", "recipe": {}}
    folder.create(config | {"created": dt.datetime.now().isoformat()}, load_catalog(CATALOG))
    folder.set_status(Status(state="succeeded", ended=dt.datetime.now(dt.UTC)))
    TraceJournal(folder).append(*traces)
    seconds = _seconds(workspace.jobs.recover)
    print(f"taken in from JSONL: {sum(len(trace.turns) for trace in traces) / seconds:,.0f} turns/s")
    workspace.jobs.remove("rows")


def _say_something(workspace: Workspace) -> None:
    ids = [row[0] for row in workspace.database.rows("SELECT id FROM traces USING SAMPLE 2000 ROWS (reservoir, 1)")]
    now, label = dt.datetime.now(dt.UTC), workspace.labels.all()[0].id
    put = [
        Note(topic="trace_label", key=f"{key}/1/{label}/Ana", value=label, dialogue=key, turn=1, who="Ana", when=now)
        for key in ids[:LABELLED]
    ]
    workspace.notes.put(*put)


def _filters(workspace: Workspace) -> list[dict[str, object]]:
    """One of every part, and some of several."""
    found: list[dict[str, object]] = [{}]
    for part in (*COLUMN_OF, "run", "label"):
        for value in list(workspace.traces.choices({}, part))[:1]:
            found.append({part: value})
    return [*found, {"tier": ["hard", "expert"], "fault": "assistant"}, {"kind": "evaluate", "outcome": ["right"]}]


def _pages(workspace: Workspace) -> None:
    """The first page and one deep in the list, of every filter in several orders."""
    rng, orders = random.Random(0), tuple(sorted(ORDERS.keys() - {"opening"}))
    asked: dict[str, Callable[[], object]] = {}
    filters = _filters(workspace)
    for number in range(ASKED):
        found, order = filters[number % len(filters)], orders[number // 2 % len(orders)]
        first = None if number % 2 else _somewhere(workspace, rng)
        key = f"{found} by {order}{' deep' if first else ''}"
        asked[key] = partial(workspace.traces.window, found, order, first)

    def anew() -> None:
        with workspace.database.write():  # what was asked before a write is not answered from memory
            pass

    taken = _each("a page of 50, filtered and sorted, counted and placed", list(asked.values()), 50, anew)
    slowest, key = max(zip(taken, asked, strict=True))
    print(f"the slowest: {1_000 * slowest:.0f} ms, {key}")
    print(f"by the words of the opening: {1_000 * _seconds(lambda: workspace.traces.window({}, 'opening')):.0f} ms")
    narrowed = {"outcome": filters[1]["outcome"]}
    choices = [
        _seconds(lambda part=part: workspace.traces.choices(narrowed, part)) for part in (*COLUMN_OF, "run", "label")
    ]
    print(f"counts beside the choices: slowest of {len(choices)} parts {1_000 * max(choices):.0f} ms")


def _somewhere(workspace: Workspace, rng: random.Random) -> str:
    last = workspace.database.rows("SELECT max(seq) FROM traces")[0][0]
    query = "SELECT id FROM traces WHERE seq >= ? ORDER BY seq LIMIT 1"
    return workspace.database.rows(query, [rng.randint(1, last)])[0][0]


def _opened(workspace: Workspace) -> None:
    rng = random.Random(1)
    ids = [_somewhere(workspace, rng) for _ in range(ASKED)]
    _each("a trace opened in the store", [partial(workspace.traces.get, key) for key in ids], 5)


def _words(workspace: Workspace) -> None:
    """Words that one trace holds, some hold, none holds; over all, and within a filter of 50,000 turns."""
    words = ("file is k123456,", "no such words anywhere", "corporate email")
    taken = [_seconds(lambda text=text: workspace.traces.window({"text": text})) for text in words]
    report("slowest search in all words", max(taken), "s", 3, at_most=True)
    few = _fifty_thousand_turns(workspace)
    taken = [_seconds(lambda text=text: workspace.traces.window(few | {"text": text})) for text in words]
    report(f"slowest search within {few}", 1_000 * max(taken), "ms", 300, at_most=True)


def _fifty_thousand_turns(workspace: Workspace) -> dict[str, object]:
    """A filter whose traces lie all over and have about 50,000 turns."""
    query = """
SELECT goal_tool, sum(n)::BIGINT AS turns
FROM traces JOIN (SELECT seq, count(*) AS n FROM turns GROUP BY seq) USING (seq)
GROUP BY goal_tool ORDER BY abs(turns - 50000) LIMIT 1"""
    tool, turns = workspace.database.rows(query)[0]
    print(f"goal {tool}: {turns:,} turns")
    return {"goal_tool": tool}


def _sums(workspace: Workspace, path: Path) -> None:
    """The same sums by SQLite over the same summaries with the same index; equal first."""
    peer = _peer(workspace, path)
    queries = [tally(COLUMN_OF[part], "true") for part in SUMS]
    queries += [tally("t.run", "t.tier = 'hard'"), tally("t.model", "t.fault = 'assistant'")]
    for query in queries:
        ours, theirs = (_rounded(each) for each in (workspace.database.rows(query), peer.execute(query).fetchall()))
        if ours != theirs:
            raise SystemExit(f"The two differ on {query}. Nothing is compared.")

    def all_of_ours() -> None:
        with workspace.database.cursor() as cursor:
            for query in queries:
                cursor.execute(query).fetchall()

    def all_of_theirs() -> None:
        for query in queries:
            peer.execute(query).fetchall()

    taken = interleaved({"ours": all_of_ours, "sqlite": all_of_theirs}, 5)
    print(f"{len(queries)} sums: {1_000 * taken['ours']:.0f} ms, SQLite {1_000 * taken['sqlite']:,.0f} ms")
    report("dashboard sums, times as fast as SQLite", taken["sqlite"] / taken["ours"], "times", 30, at_most=False)
    peer.close()


def _peer(workspace: Workspace, path: Path) -> sqlite3.Connection:
    """Summaries without the words, which would only slow it down; the id is the key, as it is ours."""
    peer = sqlite3.connect(path)
    with workspace.database.cursor() as cursor:
        cursor.execute("SELECT * EXCLUDE (words) FROM traces ORDER BY seq")
        names = [column[0] for column in cursor.description or ()]
        columns = [f"{name} PRIMARY KEY" if name == "id" else name for name in names]
        peer.execute(f"CREATE TABLE traces ({', '.join(columns)})")
        while rows := cursor.fetchmany(20_000):
            peer.executemany(f"INSERT INTO traces VALUES ({', '.join('?' * len(names))})", rows)
    peer.commit()
    peer.execute("ANALYZE")
    return peer


def _rounded(rows: Sequence[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Means to nine digits: the two add in other orders."""
    return [tuple(float(f"{value:.9g}") if isinstance(value, float) else value for value in row) for row in rows]


def _in_sql(workspace: Workspace) -> None:
    query = "SELECT model, outcome, count(*) AS n FROM traces GROUP BY ALL ORDER BY model, n DESC"
    print(f"SQL box: the first query, which copies {_seconds(lambda: workspace.traces.sql(query)):.1f} s")
    turns = "SELECT speaker, count(*) AS n, sum(tokens) FROM turns GROUP BY ALL"
    print(f"SQL box: sums over traces {_seconds(lambda: workspace.traces.sql(query)):.2f} s, "
          f"over turns {_seconds(lambda: workspace.traces.sql(turns)):.2f} s")  # fmt: skip
    print(f"the database {workspace.database.path.stat().st_size / 1e9:.1f} GB, its copy for SQL "
          f"{(workspace.folder / 'traces-for-sql.duckdb').stat().st_size / 1e9:.1f} GB")  # fmt: skip


def _script(place: Path) -> None:
    """The time that the page's own script takes on the server, without the transport to the browser."""
    os.environ |= {"DIAFORGE_WORKSPACE": str(place), "DIAFORGE_USER": "Ana"}
    with open_workspace(place) as workspace:
        ids, filters = [_somewhere(workspace, random.Random(number)) for number in range(60)], _filters(workspace)
    taken: list[float] = []
    draw = StreamlitPage.run

    def timed(page: StreamlitPage) -> None:
        start = time.perf_counter()
        draw(page)
        taken.append(time.perf_counter() - start)

    with patch.object(StreamlitPage, "run", timed):
        _draw_each(ids, filters, taken)
    close_all()
    _percentile("the page's script, another filter and trace each time", taken[1:], 50)


def _draw_each(ids: Sequence[str], filters: Sequence[dict[str, object]], taken: Sequence[float]) -> None:
    for number, key in enumerate(ids):
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=WAIT)
        page.switch_page("pages/traces.py")
        page.query_params |= {"trace": [key]} | {part: _texts(v) for part, v in filters[number % len(filters)].items()}
        page.run()
        if page.exception or page.error or len(taken) <= number:
            raise SystemExit(f"Trace {key} was not drawn: {page.exception or page.error}. Nothing was timed.")


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _each(
    what: str, works: Sequence[Callable[[], object]], limit_ms: float, before: Callable[[], None] = lambda: None
) -> list[float]:
    """Seconds of each; what it took of the processors too, for a machine that has other work."""
    taken, busy = [], 0.0
    for work in works:
        before()
        start = time.process_time()
        taken.append(_seconds(work))
        busy += time.process_time() - start
    _percentile(what, taken, limit_ms)
    print(f"on average {1_000 * busy / len(works):.1f} ms of processor time")
    return taken


def _percentile(what: str, seconds: Sequence[float], limit_ms: float) -> None:
    ordered = sorted(seconds)
    print(f"{what}: median {1_000 * ordered[len(ordered) // 2]:.1f} ms; load {os.getloadavg()[0]:.1f}")
    report(f"95th percentile of {what}", 1_000 * ordered[int(0.95 * len(ordered))], "ms", limit_ms, at_most=True)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _peak_memory() -> float:
    """Bytes; the most that this process ever held where the system says it, else what it holds now."""
    if sys.platform == "linux":
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1_024
    return psutil.Process().memory_info().rss


if __name__ == "__main__":
    main()

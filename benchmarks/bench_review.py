"""Finding at size: filters, text and the Review page over 50,000 dialogues and 20,000 traces, against their limits."""

from __future__ import annotations

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.testing.v1 import AppTest

from benchmarks.review_workspace import DATASET, large_workspace
from benchmarks.timing import report
from diaforge_core.records.queue import Filter
from diaforge_core.services.finding import PARTS
from diaforge_core.services.workspace import Workspace, open_workspace
from pages.components.wiring import close_all

ROOT = Path(__file__).resolve().parent.parent
PAGES = 100
"""Drawings of the Review page that are timed."""
PATIENCE = 60.0
"""Seconds."""


def main() -> None:
    """Print each figure against its limit."""
    folder = large_workspace()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with open_workspace(folder) as workspace:
        ids = workspace.finding.ids(Filter(dataset=DATASET))
        _search_dialogues(workspace)
        _search_traces(workspace)
    _script(folder, ids)
    asyncio.run(_app(folder, ids))


def _search_dialogues(workspace: Workspace) -> None:
    """The slowest of every part of a filter with text, and of what it offers to narrow by."""
    plain = Filter(dataset=DATASET, state=None, text="file is k1")
    offered = {part: workspace.finding.choices(plain, part) for part in PARTS}
    slowest = max(_seconds(lambda part=part: workspace.finding.choices(plain, part)) for part in PARTS)
    report("slowest choice of values, with text", slowest, "s", 1, at_most=True)
    taken = {}
    for part, values in offered.items():
        if values:
            value = next(iter(values))
            wanted = {"yes": True, "no": False}.get(value, value) if part in ("solvable", "commented") else value
            found = plain.model_copy(update={part: wanted})
            taken[part] = _seconds(lambda found=found: _look(workspace, found))
    worst = max(taken, key=taken.__getitem__)
    report(f"slowest filter with text ({worst}; list, place and count)", taken[worst], "s", 1, at_most=True)
    print(f"of {', '.join(taken)}; the median takes {statistics.median(taken.values()):.3f} s")


def _look(workspace: Workspace, found: Filter) -> None:
    """What the page asks for when a filter is set."""
    first = workspace.finding.first(found, "Ana")
    if first is None:
        raise SystemExit(f"Nothing meets {found}. Nothing was timed.")
    workspace.finding.place(found, first, 9, "Ana")


def _search_traces(workspace: Workspace) -> None:
    words = {"text": "file is k1"}
    outcome = workspace.traces.values("outcome")[0]
    filters = [words, words | {"outcome": outcome}, words | {"tier": "hard"}, words | {"run": "large evaluation"}]
    slowest = max(_seconds(lambda found=found: workspace.traces.page(found)) for found in filters)
    report("slowest search of traces by text and filter", slowest, "s", 1, at_most=True)


def _script(folder: Path, ids: list[str]) -> None:
    """The time that the page's own script takes on the server, without the transport to the browser."""
    os.environ |= {"DIAFORGE_WORKSPACE": str(folder), "DIAFORGE_USER": "Ana"}
    page = AppTest.from_function(_timed, default_timeout=PATIENCE)
    page.query_params |= {"dataset": [DATASET], "state": ["pending"]}
    taken = []
    for key in ids[:: len(ids) // PAGES][:PAGES]:
        page.query_params["dialogue"] = [key]
        page.run()
        if page.exception or "taken" not in page.session_state:
            raise SystemExit(f"Dialogue {key} was not drawn. Nothing was timed.")
        taken.append(page.session_state["taken"])
        del page.session_state["taken"]
    close_all()
    taken = sorted(taken[1:])  # the first one reads the wording banks
    print(f"load {os.getloadavg()[0]:.1f}; the page's script: median {1_000 * statistics.median(taken):.0f} ms")
    report("95th percentile of the page's script", 1_000 * taken[int(0.95 * len(taken))], "ms", 50, at_most=True)


def _timed() -> None:
    """One drawing of the Review page, with its seconds in the session."""
    import runpy
    import time

    import streamlit as st

    start = time.perf_counter()
    runpy.run_path("pages/review.py")
    st.session_state["taken"] = time.perf_counter() - start


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


async def _app(folder: Path, ids: list[str]) -> None:
    """The real server: its start, the time of each drawing of the page, the memory at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        app = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            env=os.environ | {"DIAFORGE_WORKSPACE": str(folder), "DIAFORGE_USER": "Ana"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            await _measure(app, f"ws://127.0.0.1:{port}/_stcore/stream", start, ids)
        finally:
            app.terminate()
            app.wait(20)


async def _measure(app: subprocess.Popen[bytes], address: str, start: float, ids: list[str]) -> None:
    query = f"dataset={DATASET}&state=pending"
    async with await _connected(app, address) as page:
        await _draw(page, query)
        report("start, until the first dialogue is drawn", time.perf_counter() - start, "s", 5, at_most=True)
        shown = ids[:: len(ids) // PAGES][:PAGES]
        busy = _busy(app)
        taken = sorted([await _draw(page, f"{query}&dialogue={key}") for key in shown])
        worked = 1_000 * (_busy(app) - busy) / len(shown)
        print(
            f"a drawing: median {1_000 * statistics.median(taken):.0f} ms, {worked:.0f} ms of processor time in the app"
        )
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(
            f"95th percentile until the last of it is at the other end: {1_000 * taken[int(0.95 * len(taken))]:.0f} ms"
        )
        searched = [await _draw(page, f"{query}&text=file+is+k{digit}") for digit in range(1, 10)]
        report("slowest drawing with text", max(searched), "s", 1, at_most=True)
    memory = psutil.Process(app.pid).memory_info().rss / 2**30
    report("memory of the app", memory, "GiB", 1.5, at_most=True)


def _busy(app: subprocess.Popen[bytes]) -> float:
    """Seconds of processor time that the app has taken, all threads together."""
    times = psutil.Process(app.pid).cpu_times()
    return times.user + times.system


async def _connected(app: subprocess.Popen[bytes], address: str) -> websockets.ClientConnection:
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end and app.poll() is None:
        try:
            return await websockets.connect(address, subprotocols=[websockets.Subprotocol("streamlit")], max_size=None)
        except OSError:
            await asyncio.sleep(0.02)
    raise SystemExit("The app did not start. Nothing was timed.")


async def _draw(page: websockets.ClientConnection, query: str) -> float:
    """Seconds from asking for a drawing of the Review page until the last of it is here; exits if it failed."""
    ask = BackMsg()
    ask.rerun_script.query_string = query
    ask.rerun_script.page_name = "review"
    start = time.perf_counter()
    await page.send(ask.SerializeToString())
    drawn = False
    while True:
        said = await asyncio.wait_for(page.recv(decode=False), PATIENCE)
        drawn = drawn or b"Labels of turn" in said
        if ForwardMsg.FromString(said).WhichOneof("type") == "script_finished":
            break
    if not drawn:
        raise SystemExit(f"No dialogue was drawn at {query}. Nothing was timed.")
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

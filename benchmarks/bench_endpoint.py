"""An endpoint of known latency under full load: what share of what it allows gets through, and what that costs us.

The stub server is a process of its own. `data-designer` is measured on the same server where it is installed: in this
environment, or in the one whose Python `DIAFORGE_DATA_DESIGNER` names.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import SecretStr

from diaforge_core.conversation.chat_models import OpenAIModel
from diaforge_core.conversation.endpoint import IN_FLIGHT, Means
from diaforge_core.conversation.response_cache import ResponseCache

from .timing import report

LATENCY = 2.0
SECONDS = 30.0
EDGE = 4.0
"""Seconds at the start and at the end that do not count: connections open there, and threads run out of work."""
MESSAGES = [
    {"role": "system", "content": "Tools: " + "CRM_CreateLead(email*, name*, phone): adds a lead. " * 80},
    {"role": "user", "content": "I need something done about a lead."},
]
"""As long as a usual prompt of ours, 4 KB."""
PEER = Path(__file__).with_name("peer_data_designer.py")


def main() -> None:
    """Print the steady share, our CPU for each turn, and calls a second beside those of `data-designer`."""
    with stub_server(LATENCY) as url:
        rate = _ours(url)
        _peers(url, rate)


def _ours(url: str) -> float:
    """Our calls a second in the steady part."""
    with tempfile.TemporaryDirectory() as folder, ResponseCache(Path(folder) / "responses.jsonl") as cache:
        model = OpenAIModel("m", url, key=SecretStr("none"), means=Means(cache=cache))
        started, cpu = time.perf_counter(), _cpu()
        ends = _load(lambda seed: model.complete(MESSAGES, seed=seed), IN_FLIGHT, started + SECONDS)
        wall, cpu = time.perf_counter() - started, _cpu() - cpu
    steady = [end for end in ends if started + EDGE <= end < started + SECONDS - EDGE]
    rate, allowed = len(steady) / (SECONDS - 2 * EDGE), IN_FLIGHT / LATENCY
    print(f"{len(ends):,} calls in {wall:.1f} s, {IN_FLIGHT} in flight, latency {LATENCY:g} s, load {_load_average()}")
    report("share of what the latency allows, steady part", rate / allowed, "", 0.95, at_most=False)
    report("our CPU per turn, cache included", 1000 * cpu / len(ends), "ms", 4.0, at_most=True)
    return rate


def _load(ask: Callable[[int], object], threads: int, until: float) -> list[float]:
    """When each call ended, with so many threads asking one after the other."""
    ends: list[float] = []

    def work(place: int) -> None:
        seed = place
        while time.perf_counter() < until:
            ask(seed)
            ends.append(time.perf_counter())
            seed += threads

    workers = [threading.Thread(target=work, args=(place,)) for place in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return ends


def _peers(url: str, ours: float) -> None:
    python = os.environ.get("DIAFORGE_DATA_DESIGNER") or sys.executable
    if python == sys.executable and importlib.util.find_spec("data_designer") is None:
        print("data-designer is not installed here, so it is not compared; name the Python of an environment that has")
        print("it in DIAFORGE_DATA_DESIGNER.")
        return
    done = subprocess.run([python, str(PEER), url, str(IN_FLIGHT)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"data-designer did not run, so it is not compared: {done.stderr.strip().splitlines()[-1:]}")
        return
    calls, seconds, steady = (float(word) for word in done.stdout.split()[-3:])
    print(f"data-designer: {calls:,.0f} calls in {seconds:.1f} s, {steady:.1f} calls/s in its steady part")
    report("our calls a second against data-designer's", ours / steady, "times", 1.0, at_most=False)


@contextlib.contextmanager
def stub_server(latency: float) -> Iterator[str]:
    """The address of a stub server of this latency in a process of its own."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.stub_server", str(latency), "0"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _load_average() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


if __name__ == "__main__":
    main()

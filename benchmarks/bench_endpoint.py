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
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
from pydantic import SecretStr

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.chat_models import OpenAIModel
from diaforge_core.conversation.endpoint import IN_FLIGHT, Means
from diaforge_core.conversation.in_flight import in_order
from diaforge_core.conversation.response_cache import ResponseCache
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.generator.agents import open_agents
from diaforge_core.generator.recipe import Recipe

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
PEER_VARIABLE = "DIAFORGE_DATA_DESIGNER"
PEER = Path(__file__).with_name("peer_data_designer.py")


def main() -> None:
    """Print the steady share, our CPU for each turn, and calls a second beside those of `data-designer`."""
    with stub_server(LATENCY) as url:
        calls = _ours(url)
        ours = steady_rate(url, calls)
        allowed = IN_FLIGHT / LATENCY
        report("share of what the latency allows, steady part", ours / allowed, "", 0.95, at_most=False)
    with stub_server(LATENCY) as url:
        _conversations("model as assistant", url, "assistant")
    with stub_server(LATENCY, "tests.obedient_model") as url:
        _conversations("model as user and critic", url, "user", "critic")
        _conversations("words by model", url, "words")
    with stub_server(LATENCY) as url:
        _peer(url, calls, ours)


def _ours(url: str) -> int:
    """How many calls we made; their wall clock and our CPU for each are printed."""
    with tempfile.TemporaryDirectory() as folder, ResponseCache(Path(folder) / "responses.jsonl") as cache:
        model = OpenAIModel("m", url, key=SecretStr("none"), means=Means(cache=cache))
        started, cpu = time.perf_counter(), _cpu()
        calls = _load(lambda seed: model.complete(MESSAGES, seed=seed), IN_FLIGHT, started + SECONDS)
        wall, cpu = time.perf_counter() - started, _cpu() - cpu
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{calls:,} calls in {wall:.1f} s, {IN_FLIGHT} in flight, latency {LATENCY:g} s, load average {load}")
    report("our CPU per turn, cache included", 1000 * cpu / calls, "ms", 4.0, at_most=True)
    return calls


def _load(ask: Callable[[int], object], threads: int, until: float) -> int:
    """How many calls were made by so many threads, each asking one after the other."""

    def work(place: int) -> int:
        calls = 0
        while time.perf_counter() < until:
            ask(place + calls * threads)
            calls += 1
        return calls

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads)))


def _peer(url: str, calls: int, ours: float) -> None:
    """Compare with data-designer, asked for as many calls on a fresh server; one plain line where it is not there."""
    python = os.environ.get(PEER_VARIABLE) or sys.executable
    if python == sys.executable and importlib.util.find_spec("data_designer") is None:
        print(f"data-designer is not installed here and not compared; {PEER_VARIABLE} may name a Python that has it.")
        return
    started = time.perf_counter()
    command = [python, str(PEER), url, str(IN_FLIGHT), str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"data-designer did not run and is not compared: {done.stderr.strip().splitlines()[-1:]}")
        return
    theirs = steady_rate(url, calls)
    print(f"data-designer: {calls:,} calls in {time.perf_counter() - started:.1f} s, start-up and writing included")
    print(f"calls a second in the steady part: {ours:.1f} ours, {theirs:.1f} data-designer's")
    report("ours against data-designer's", ours / theirs, "times", 1.0, at_most=False)


def steady_rate(url: str, calls: int) -> float:
    """Answers a second between `EDGE` after the first request and `EDGE` before the last answer, by the server."""
    ends = sorted(httpx2.get(url).json())
    if len(ends) < calls:
        raise SystemExit(f"The server answered {len(ends):,} requests, not {calls:,}. Nothing is compared.")
    first = ends[0] - LATENCY + EDGE
    # Whole latencies only: requests that began together end together, and half a wave more or less is no rate.
    last = first + (ends[-1] - EDGE - first) // LATENCY * LATENCY
    return sum(first <= end < last for end in ends) / (last - first)


def _conversations(title: str, url: str, *sides: str) -> None:
    """Print what each request of whole conversations costs us, checked and judged, `IN_FLIGHT` at once."""
    catalog = load_catalog("enterprise_apis.json")
    recipe = Recipe.model_validate({"catalog": "demo", **dict.fromkeys(sides, f"openai:m@{url}")})
    scenarios = list(draw_scenarios(catalog, IN_FLIGHT * 2, 5))
    with tempfile.TemporaryDirectory() as folder, ResponseCache(Path(folder) / "responses.jsonl") as cache:
        means = Means(cache=cache)
        agents = open_agents(recipe, {}, Path(folder), means)
        started, cpu = time.perf_counter(), _cpu()
        made = list(in_order(lambda scenario: agents.play(catalog, scenario), scenarios, IN_FLIGHT))
        wall, cpu = time.perf_counter() - started, _cpu() - cpu
    calls, turns = means.budget.spent.calls, sum(len(trace.turns) for trace, _ in made)
    passed = sum(dialogue.passed for _, dialogue in made)
    load = f"load average {os.getloadavg()[0]:.1f}"
    print(f"{title}: {len(made)} conversations, {passed} accepted, {calls:,} calls in {wall:.1f} s, {load}")
    print(f"our CPU per call: {1000 * cpu / calls:.2f} ms, both sides and all checks included")
    report(f"our CPU per turn, {title}", 1000 * cpu / turns, "ms", 4.0, at_most=True)


@contextlib.contextmanager
def stub_server(latency: float, module: str = "tests.stub_server") -> Iterator[str]:
    """The address of a stub server of this latency in a process of its own."""
    server = subprocess.Popen([sys.executable, "-m", module, str(latency), "0"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

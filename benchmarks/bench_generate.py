"""5,000 scripted dialogues with the full cascade, by the worker and two processes as the app starts them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.corpora import CATALOGS
from benchmarks.timing import report
from diaforge_core.catalog.importing import import_folder, load_catalog
from diaforge_core.generator.recipe import Recipe
from diaforge_core.records.tool import Catalog
from diaforge_core.services.jobs import worker_environment
from diaforge_core.store.run_folder import RunFolder

COUNT = 5_000
PROCESSES = 2
"""That make dialogues; the worker that puts their rows in order comes on top."""
SECONDS = {"demo": 60.0, "twilio": 120.0}
MOST_BYTES = 1.5e9
KEPT = 0.9
TURNS = (2.3, 3.2)
"""Fewest and most assistant turns of a dialogue, on average (METHOD.md §2)."""
LOOKS_SECONDS = 0.25


@dataclass(slots=True)
class Use:
    """What a process and all below it have taken."""

    wall: float = 0.0
    cpu: float = 0.0
    """Seconds of all processes together, user and system."""
    memory: int = 0
    """Most bytes at one moment, shared pages counted once."""


def main(arguments: tuple[str, ...] = ()) -> None:
    """Print, for each catalog, time, memory, the share kept and the turns of each tier; `COUNT` can be given."""
    count = int(arguments[0]) if arguments else COUNT
    for name, catalog in _catalogs():
        with tempfile.TemporaryDirectory() as folder:
            used, rows = _generated(Path(folder) / "run", catalog, count)
        print(f"{name}, {len(catalog.tools):,} tools, {count:,} scenarios, {PROCESSES} processes:")
        _report(used, rows, SECONDS[name] * count / COUNT)


def _catalogs() -> Iterator[tuple[str, Catalog]]:
    yield "demo", load_catalog("enterprise_apis.json")
    if (CATALOGS / "twilio").exists():
        yield "twilio", import_folder(CATALOGS / "twilio", "twilio")
    else:
        print("The twilio documents are not here; that catalog was not measured.")


def _generated(path: Path, catalog: Catalog, count: int) -> tuple[Use, list[dict[str, Any]]]:
    """What a real worker used, start-up and all, and the rows that it left."""
    folder = RunFolder(path)
    recipe = Recipe(catalog=catalog.name, dataset="bench", count=count, seed=1, workers=PROCESSES)
    config = {"id": "bench", "kind": "generate", "recipe": recipe.model_dump(mode="json"), "model": "scripted:oracle"}
    folder.create(config | {"models_dir": str(path)}, catalog)
    command = [sys.executable, "-m", "diaforge_core.services.worker", str(path)]
    started = time.perf_counter()
    worker = subprocess.Popen(command, env=worker_environment(), cwd=Path(__file__).resolve().parents[1])
    used = _watched(worker)
    used.wall = time.perf_counter() - started
    if folder.status().state != "succeeded":
        raise SystemExit(f"The run ended as {folder.status()}.")
    return used, list(folder.rows())


def _watched(worker: subprocess.Popen[bytes]) -> Use:
    """What the worker and its children have taken until it ends."""
    used, seconds, ended = Use(), {}, threading.Event()
    root = psutil.Process(worker.pid)

    def look() -> None:
        while not ended.wait(LOOKS_SECONDS):
            memory = 0
            for process in _family(root):
                try:
                    times = process.cpu_times()
                    seconds[process.pid] = times.user + times.system
                    memory += process.memory_full_info().pss
                except psutil.Error:
                    continue
            used.memory = max(used.memory, memory)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    worker.wait()
    ended.set()
    watcher.join()
    used.cpu = sum(seconds.values())
    return used


def _family(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _report(used: Use, rows: list[dict[str, Any]], seconds: float) -> None:
    kept = [row["dialogue"] for row in rows if _passed(row)]
    report("wall clock, start-up included", used.wall, "s", seconds, at_most=True)
    report("CPU seconds on two cores", used.cpu / PROCESSES, "s each", seconds, at_most=True)
    report("memory of all processes", used.memory / 1e9, "GB", MOST_BYTES / 1e9, at_most=True)
    report("kept by the cascade", len(kept) / len(rows), "of all", KEPT, at_most=False)
    reasons = Counter(verdict["verifier"] for row in rows for verdict in _failures(row))
    print(f"left out, by reason: {dict(reasons.most_common(8)) or 'none'}")
    turns = _turns(kept)
    report("assistant turns a dialogue", turns, "turns", TURNS[1], at_most=True)
    report("assistant turns a dialogue", turns, "turns", TURNS[0], at_most=False)
    for tier in sorted({each["scenario"]["tier"] for each in kept}):
        of_tier = [each for each in kept if each["scenario"]["tier"] == tier]
        print(f"  {tier}: {len(of_tier):,} dialogues, {_turns(of_tier):.2f} turns")


def _failures(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The first failed verdict of a row, if it has one."""
    return [verdict for verdict in row.get("dialogue", {}).get("verdicts", ()) if not verdict["passed"]][:1]


def _passed(row: dict[str, Any]) -> bool:
    return bool(row.get("dialogue", {}).get("verdicts")) and not _failures(row)


def _turns(dialogues: list[dict[str, Any]]) -> float:
    turns = sum(turn["speaker"] == "assistant" for dialogue in dialogues for turn in dialogue["turns"])
    return turns / len(dialogues) if dialogues else 0.0


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))

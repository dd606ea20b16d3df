"""All google methods imported, embedded and their nearest five found, in a process of its own: seconds and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.corpora import MISSING, google_documents
from benchmarks.timing import report

SECONDS, GIGABYTES = 60, 2


def main() -> None:
    """Print what a fresh process takes, start of Python included; the load of the machine beside it."""
    if not google_documents():
        print(MISSING)
        return
    load = os.getloadavg()[0]
    start = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks.bench_google"], capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - start
    found = json.loads(answer.stdout)
    print(
        f"{found['tools']:,} tools, {found['skipped']} skipped; load {load:.1f} before, {os.getloadavg()[0]:.1f} after"
    )
    print(
        f"import {found['import']:.1f} s, nearest five {found['nearest']:.1f} s; {found['cpu']:.1f} s of processor time"
    )
    report("import, embed, nearest five of all", seconds, "s", SECONDS, at_most=True)
    report("peak memory", found["peak"], "GB", GIGABYTES, at_most=True)


def work() -> None:
    """Import, embed, find the nearest; print figures as JSON."""
    from diaforge_core.catalog.importing import import_catalog
    from diaforge_core.catalog.neighbours import nearest

    start = time.perf_counter()
    catalog = import_catalog(google_documents(), "google")
    read = time.perf_counter()
    near = nearest(catalog, 5)
    done = time.perf_counter()
    if any(len(row) != 5 for row in near.values()):
        raise SystemExit("Not every tool has five neighbours.")
    figures = {"import": read - start, "nearest": done - read, "cpu": time.process_time(), "peak": _peak()}
    print(json.dumps({"tools": len(catalog.tools), "skipped": len(catalog.skipped), **figures}))


def _peak() -> float:
    """Highest resident memory of this process in GB; that of a parent, which `getrusage` inherits, is not in it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1e6
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e9


if __name__ == "__main__":
    work()

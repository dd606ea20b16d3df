"""The confusion map of 28,000 tools from what was mined, and of twilio for another floor of the slider."""

from __future__ import annotations

import os
import resource
import time

from benchmarks.corpora import google_catalog, twilio_documents
from benchmarks.timing import report
from diaforge_core.catalog.ambiguity import ambiguity
from diaforge_core.catalog.importing import import_catalog
from diaforge_core.catalog.neighbours import mine
from diaforge_core.records.tool import Catalog

FLOORS = (0.35, 0.45, 0.55, 0.65)


def main() -> None:
    """Print the slowest of several floors for both, mining apart, and the memory of it all."""
    small = import_catalog(twilio_documents(), "twilio")
    report("slowest floor of the slider, twilio", _slowest(small), "s", 1, at_most=True)
    large = google_catalog()
    if large is not None:
        report("slowest map, google", _slowest(large), "s", 10, at_most=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        report("peak memory with import and mining", peak, "GB", 2, at_most=True)
    print(f"load {os.getloadavg()[0]:.1f}")


def _slowest(catalog: Catalog) -> float:
    start = time.perf_counter()
    mined = mine(catalog.tools, 8)
    print(
        f"{len(catalog.tools):,} tools mined in {time.perf_counter() - start:.1f} s, {len(mined.pairs.steps):,} pairs"
    )
    slowest = 0.0
    for floor in FLOORS:
        start = time.perf_counter()
        found = ambiguity(catalog, floor=floor, mined=mined)
        slowest = max(slowest, time.perf_counter() - start)
        print(f"floor {floor:g} (used {found.floor:g}): {len(found.clusters):,} clusters")
    return slowest


if __name__ == "__main__":
    main()

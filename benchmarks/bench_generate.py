"""Scripted dialogues with the full cascade, against the pace that 5,000 in a minute needs."""

from __future__ import annotations

import time

from benchmarks.timing import report
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.generator.utcgen import UTCGen

COUNT = 500


def main() -> None:
    """Print dialogues a second and the share that the cascade keeps."""
    catalog = load_catalog("enterprise_apis.json")
    start = time.perf_counter()
    dialogues = [dialogue for _, dialogue in UTCGen(catalog).generate(scenarios=draw_scenarios(catalog, COUNT, seed=1))]
    seconds = time.perf_counter() - start
    report("dialogues a second", len(dialogues) / seconds, "1/s", 5000 / 60, at_most=False)
    report("kept by the cascade", sum(d.passed for d in dialogues) / len(dialogues), "of all", 0.9, at_most=False)

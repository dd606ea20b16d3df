"""The search box over 28,000 tools: the slowest of many queries as people type them."""

from __future__ import annotations

import os
import random
import re
import statistics
import time
from collections.abc import Sequence

from benchmarks.corpora import google_catalog
from benchmarks.timing import report
from diaforge_core.catalog.search import ToolSearch
from diaforge_core.records.tool import Tool

TEXTS = 100
HARD = ("e", "a e i o u", "the of to in a", "s t r", "list get create update delete", "project" * 3, "x" * 3_000)


def main() -> None:
    """Print seconds to build, and the median, the 99th percentile and the slowest answer in milliseconds."""
    catalog = google_catalog()
    if catalog is None:
        return
    start = time.perf_counter()
    search = ToolSearch(catalog.tools)
    built = time.perf_counter() - start
    typed = queries(catalog.tools)
    _check(search, catalog.tools, typed[:: len(typed) // 8])
    taken = []
    for text in typed:
        start = time.perf_counter()
        search.find(text)
        taken.append(1_000 * (time.perf_counter() - start))
    taken.sort()
    print(f"{len(typed):,} queries, median {statistics.median(taken):.1f} ms, load {os.getloadavg()[0]:.1f}")
    report("index built", built, "s", 2, at_most=True)
    report("99th percentile", taken[int(0.99 * len(taken))], "ms", 100, at_most=True)
    report("slowest answer", taken[-1], "ms", 100, at_most=True)


def queries(tools: Sequence[Tool]) -> list[str]:
    """What a person has in the box after each key stroke of one to six words of a tool, and hard ones."""
    rng = random.Random(0)
    typed = list(HARD)
    while len(typed) < TEXTS * 8:
        tool = rng.choice(tools)
        words = re.findall(r"\w+", f"{tool.original_name} {tool.text}")
        text = " ".join(rng.sample(words, min(len(words), rng.randint(1, 6))))
        typed += [text[:end] for end in range(1, len(text) + 1, max(1, len(text) // 8))]
    return typed


def _check(search: ToolSearch, tools: Sequence[Tool], typed: Sequence[str]) -> None:
    """Stops unless a plain reading of every tool finds the same tools."""
    for text in typed:
        words = text.casefold().split()
        plain = {
            place
            for place, tool in enumerate(tools)
            if all(
                word
                in " ".join(
                    (tool.original_name, tool.name, tool.text, tool.group, tool.path, *tool.properties)
                ).casefold()
                for word in words
            )
        }
        if set(search.find(text).tolist()) != plain:
            raise SystemExit(f"'{text}' finds other tools than a plain reading. Nothing was timed.")


if __name__ == "__main__":
    main()

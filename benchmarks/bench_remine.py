"""Mining again after 1 % of the tools changed, against mining all of them, at 28,000 tools."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.corpora import google_catalog
from benchmarks.timing import report
from diaforge_core.catalog.neighbours import Mined, VectorCache, mine
from diaforge_core.records.tool import Tool

K, ROUNDS, SHARE = 8, 3, 0.01


def main() -> None:
    """Print the ratio with what was mined before in memory, and after a restart with the vectors on disk."""
    catalog = google_catalog()
    if catalog is None:
        return
    previous = mine(catalog.tools, K)
    with tempfile.TemporaryDirectory() as folder:
        VectorCache(Path(folder)).embed([told.text for told in previous.measured.told])
        whole, again, restarted = [], [], []
        for round_number in range(ROUNDS):
            tools = changed(catalog.tools, random.Random(round_number))
            fresh = _timed(whole, lambda tools=tools: mine(tools, K))
            mended = _timed(again, lambda tools=tools: mine(tools, K, previous))
            cached = _timed(restarted, lambda tools=tools: mine(tools, K, cache=VectorCache(Path(folder))))
            if not same(fresh, mended) or not same(fresh, cached):
                raise SystemExit("What was mended is not what mining anew finds. Nothing is compared.")
    all_of_them, part, disk = (sorted(seconds)[ROUNDS // 2] for seconds in (whole, again, restarted))
    print(f"equal; whole {all_of_them:.2f} s, after a change of 1 % {part:.2f} s, load {os.getloadavg()[0]:.1f}")
    print(f"after a restart, with the vectors from disk: {disk:.2f} s")
    report("times as fast as the whole", all_of_them / part, "x", 10, at_most=False)


def changed(tools: Sequence[Tool], rng: random.Random) -> list[Tool]:
    """The tools in another order, 1 % of them reworded, renamed or gone, a third each."""
    places = rng.sample(range(len(tools)), round(SHARE * len(tools)))
    new: list[Tool | None] = list(tools)
    for turn, place in enumerate(places):
        tool = tools[place]
        said = {"description": f"{tool.description} Each such call is written to the audit log."}
        named = {"name": f"renamed_{turn}", "original_name": f"renamed.{tool.original_name}"}
        new[place] = None if turn % 3 == 2 else tool.model_copy(update=said if turn % 3 else named)
    kept = [tool for tool in new if tool is not None]
    rng.shuffle(kept)
    return kept


def same(a: Mined, b: Mined) -> bool:
    """Whether neighbours, their closeness, the pairs and their floor are all equal."""
    return a.nearest() == b.nearest() and a.pairs.floor == b.pairs.floor and _set(a) == _set(b)


def _set(mined: Mined) -> set[tuple[int, int, int]]:
    pairs = mined.pairs
    return set(zip(pairs.one.tolist(), pairs.other.tolist(), pairs.steps.tolist(), strict=True))


def _timed(seconds: list[float], work) -> Mined:
    start = time.perf_counter()
    found = work()
    seconds.append(time.perf_counter() - start)
    return found


if __name__ == "__main__":
    main()

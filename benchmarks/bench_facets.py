"""How well questions tell near-duplicates apart in real catalogs, and sampled pairs for a study with readers."""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np

from benchmarks.corpora import CATALOGS, google_documents
from benchmarks.timing import report
from diaforge_core.catalog.duplicates import duplicate_groups
from diaforge_core.catalog.facets import Facet, best_facet, facets, indistinguishable, information
from diaforge_core.catalog.importing import import_catalog
from diaforge_core.catalog.mining import compare
from diaforge_core.catalog.neighbours import Closeness
from diaforge_core.records.tool import Tool

GOALS = 200
DISTRACTORS = 5
LOOKED_AT = 120
"""Near tools among which the distinguishable ones are sought; a method may have a dozen versions."""
PAIRS = 20
"""Pairs of each catalog in a reader study."""


# --- catalogs --------------------------------------------------------------------------------------------------------


class Near:
    """Tools whose nearest are measured when asked for, so that no matrix of all pairs is held."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.tools = tuple(tools)
        self._measured = Closeness(self.tools)

    def of(self, place: int) -> list[Tool]:
        """The tools nearest to the one at this place, nearest first, itself left out."""
        row = compare(self._measured, np.array([place]))[0]
        row[place] = -1.0
        return [self.tools[at] for at in np.argsort(-row, kind="stable")[:LOOKED_AT]]


def documents() -> dict[str, list[Path]]:
    """Catalog name → its documents, for each of the three that is present."""
    found = {
        "twilio": sorted((CATALOGS / "twilio").glob("*.json")),
        "msgraph": sorted((CATALOGS / "msgraph").glob("*.csdl")),
        "google": google_documents(),
    }
    return {name: paths for name, paths in found.items() if paths}


# --- what quotes an identifier ---------------------------------------------------------------------------------------

_MARKED = re.compile(
    r"[a-z][A-Z](?!s\b)|\w_\w|[a-z]\.[a-z]|\w/\w|(?:^|\s)/\w|[{}<>$=:]\w|\bv\d+\w*\b|\b\d{4}-\d\d-\d\d\b"
)
_PROPER = re.compile(r"\b(?:OAuth|iOS|macOS|YouTube|[A-Z]{2,}s|[A-Z][a-z]+[A-Z][A-Za-z]*)\b")
"""Product names and plurals of acronyms, which a person writes so too."""


def quoted_identifiers(facet: Facet, tools: Sequence[Tool]) -> list[str]:
    """The tokens of a facet's question and answers that only somebody who reads the documents would know.

    Judged by the spelling of the words and by the names in the documents, not by what made the facet.
    """
    secret = {name for tool in tools for name in _secret_names(tool)}
    found: list[str] = []
    for text in (facet.question, *facet.options):
        plain = _PROPER.sub("", text)
        if mark := _MARKED.search(plain):
            found.append(mark[0])
        found += [word for word in re.findall(r"[\w./-]+", text) if word.strip(".") in secret]
    return found


def _secret_names(tool: Tool) -> Iterator[str]:
    """Names of the tool, its parameters and its address that are no plain words."""
    names = [tool.name, tool.original_name, tool.path, *tool.properties, *tool.path.split("/")]
    for name in names:
        if re.search(r"[a-z][A-Z]|[_./{}]|\d", name):
            yield name


# --- figures ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """What was counted over the goals of one catalog."""

    near: int = 0
    duplicates: int = 0
    pairs: int = 0
    separated: int = 0
    short: int = 0
    facets: int = 0
    quoting: int = 0
    bits: list[float] = field(default_factory=list)
    options: list[int] = field(default_factory=list)


def measure(near: Near, goals: int, seed: int) -> Tally:
    """The counts over `goals` random tools and their near ones."""
    tally = Tally()
    places = random.Random(seed).sample(range(len(near.tools)), min(goals, len(near.tools)))
    for place in places:
        close = near.of(place)
        tally.near += len(close[:DISTRACTORS])
        tally.duplicates += sum(indistinguishable(near.tools[place], other) for other in close[:DISTRACTORS])
        six = candidates(near.tools[place], close)
        if len(six) <= DISTRACTORS:
            tally.short += 1
            continue
        _count(tally, six)
    return tally


def candidates(goal: Tool, close: Sequence[Tool]) -> list[Tool]:
    """The goal and its nearest tools of which no two are duplicates."""
    chosen = [goal]
    for other in close:
        if len(chosen) > DISTRACTORS:
            break
        if not any(indistinguishable(other, each) for each in chosen):
            chosen.append(other)
    return chosen


def _count(tally: Tally, six: Sequence[Tool]) -> None:
    known = facets(six)
    for a, b in combinations(six, 2):
        tally.pairs += 1
        tally.separated += any(
            a.name in facet.answers and b.name in facet.answers and facet.answers[a.name] != facet.answers[b.name]
            for facet in known
        )
    tally.facets += len(known)
    tally.quoting += sum(bool(quoted_identifiers(facet, six)) for facet in known)
    best = best_facet(six)
    if best:
        tally.bits.append(information(best, six))
        tally.options.append(len(best.options))


# --- reader study ----------------------------------------------------------------------------------------------------


def goal_sentence(tool: Tool) -> str:
    """What somebody who needs this tool would say, made from the document alone: no profile, no facet goes in.

    It is the summary without identifiers, the segments of the address as a trail of plain words, the area, and the
    values that the tool cannot do without.
    """
    told = _opening(tool)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)|<[^>]*>|https?://\S+", r"\1", told).replace("`", "")
    words = [_apart(word) if re.search(r"[a-z][A-Z]|_", word) else word for word in text.split() if "/" not in word]
    parts = [" ".join(words).rstrip(".") + "."]
    trail = [said for step in _steps(tool.path) if (said := _apart(step))]
    if trail:
        parts.append(f"(Where: {' > '.join(trail)}.)")
    product = tool.group if " " in tool.group else _apart(Path(tool.source).stem)
    if product and product != "prod":
        parts.append(f"(Product: {product}.)")
    given = [_apart(name) for name in tool.required if f"{{{name}}}" not in tool.path and name not in _KEYS][:4]
    if given:
        parts.append(f"(I can give: {', '.join(given)}.)")
    return " ".join(parts)


def _opening(tool: Tool) -> str:
    """The document's first sentence on the tool, with the second where that is short."""
    sentences = re.split(r"(?<=\w\.)\s+", " ".join(tool.description.split()))
    if tool.description.startswith(tool.summary.rstrip(".")) and len(sentences) > 1 and len(sentences[1]) <= _SHORT:
        return f"{sentences[0]} {sentences[1]}"
    return tool.summary


_SHORT = 80
"""Letters up to which a second sentence is no lecture."""
_KEYS = ("name", "parent", "resource", "body", "id")
"""Names of values that only say what a call works on."""


def _steps(path: str) -> list[str]:
    kept = [step.split(":")[0] for step in path.removesuffix(".json").split("/")]
    return [step for step in kept if step and "{" not in step and not re.fullmatch(r"v\d\w*|alpha|beta|[\d-]+", step)]


def _apart(identifier: str) -> str:
    """An identifier with spaces where its words meet, versions left out."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", re.sub(r"[._-]+", " ", identifier))
    return " ".join(word for word in spaced.split() if not re.fullmatch(r"[vV]?\d\w*", word)).lower()


def study_pairs(near: Near, catalog: str, count: int, seed: int) -> list[dict[str, object]]:
    """`count` random tools, each with one of its five nearest distinguishable ones: goal, question, answers, key."""
    rng = random.Random(seed)
    found: list[dict[str, object]] = []
    for place in rng.sample(range(len(near.tools)), min(len(near.tools), count * 3)):
        goal = near.tools[place]
        others = candidates(goal, near.of(place))[1:]
        if len(found) == count or not others:
            continue
        other = rng.choice(others)
        facet = best_facet((goal, other))
        if facet is None or goal.name not in facet.answers:
            continue
        found.append({"catalog": catalog, "goal": goal_sentence(goal), "question": facet.question,
                      "answers": list(facet.options), "right": facet.answers[goal.name],
                      "kind": facet.key.split(":")[0], "tool": goal.name, "other": other.name})  # fmt: skip
    return found


def write_study(path: Path, count: int = 3 * PAIRS, seed: int = 1) -> int:
    """How many pairs were written as JSON lines, `count` in all, evenly from the catalogs that are present."""
    each = documents()
    lines: list[dict[str, object]] = []
    for name in each:
        lines += study_pairs(_near(name, each[name]), name, count // len(each), seed)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    return len(lines)


# --- running ---------------------------------------------------------------------------------------------------------


def _near(name: str, paths: Sequence[Path]) -> Near:
    return Near(import_catalog(paths, name).tools)


def _milliseconds_a_pair(near: Near, work: Callable[[tuple[Tool, Tool]], object]) -> float:
    """Milliseconds for a pair that was never asked about, its tools' profiles known."""
    rng = random.Random(3)
    pairs = [(near.tools[place], near.of(place)[0]) for place in rng.sample(range(len(near.tools)), 200)]
    for pair in pairs:
        facets(pair[:1]), facets(pair[1:])
    start = time.perf_counter()
    for pair in pairs:
        work(pair)
    return (time.perf_counter() - start) / len(pairs) * 1000


def _print_figures(name: str, near: Near) -> None:
    tally = measure(near, GOALS, seed=5)
    print(f"-- {name}: {len(near.tools)} tools")
    print(f"near pairs that are duplicates: {tally.duplicates / max(1, tally.near):.3f} of {tally.near}")
    report("pairs separated", tally.separated / max(1, tally.pairs), f"of {tally.pairs}", 0.95, at_most=False)
    print(f"goals without {DISTRACTORS} distinguishable near tools: {tally.short}")
    report(
        "facets that quote an identifier", tally.quoting / max(1, tally.facets), f"of {tally.facets}", 0, at_most=True
    )
    print(
        f"best question: {statistics.fmean(tally.bits):.2f} bits of {np.log2(DISTRACTORS + 1):.2f}, "
        f"{statistics.fmean(tally.options):.1f} options"
    )
    report(
        "two tools told apart", _milliseconds_a_pair(near, lambda pair: indistinguishable(*pair)), "ms", 1, at_most=True
    )
    start = time.perf_counter()
    groups = duplicate_groups(near.tools)
    grouped = sum(len(group.tools) for group in groups)
    print(f"{len(groups)} groups of duplicates hold {grouped} tools")
    report("duplicate groups", time.perf_counter() - start, "s", 15, at_most=True)


def main(arguments: Sequence[str] = ()) -> None:
    """Print the figures of every catalog present; with `--sample 60 FILE` write pairs for readers instead."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_facets")
    parser.add_argument("--sample", nargs=2, metavar=("COUNT", "FILE"))
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(list(arguments))
    if given.sample:
        written = write_study(Path(given.sample[1]), int(given.sample[0]), given.seed)
        print(f"{written} pairs in {given.sample[1]}")
        return
    for name, paths in documents().items():
        _print_figures(name, _near(name, paths))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])

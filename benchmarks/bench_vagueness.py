"""Whether openings say something, but not which: the goal tool's rank under an encoder that is not used in mining.

`python -m benchmarks.bench_vagueness [demo|twilio|msgraph] [COUNT]` measures one catalog. The encoder weighs words and
parts of words of each tool's name and texts (TF-IDF); METHOD.md §2 sets the two bounds.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks.corpora import CATALOGS
from benchmarks.timing import report
from diaforge_core.catalog.importing import import_folder, load_catalog
from diaforge_core.catalog.words import identifier_words
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.conversation.simulated_user import ScriptedUser
from diaforge_core.records.scenario import Scenario
from diaforge_core.records.tool import Catalog, Tool

COUNT = 2_000
TOP = 20
WITHIN_TOP = 0.9
ABOVE_CHANCE = 0.15


@dataclass(frozen=True, slots=True)
class Vagueness:
    """How well openings lead to their goal tool."""

    within_top: float
    """Share of openings with the goal tool among the catalog's `TOP` nearest tools."""
    first: float
    """Share of openings to which the goal tool is nearest of its candidates; ties count in part."""
    chance: float
    """Mean of 1/n over the same candidates."""


class Encoder:
    """TF-IDF of words and of character runs over the tools' names and texts, both halves of equal weight."""

    def __init__(self, catalog: Catalog) -> None:
        self._words = TfidfVectorizer(sublinear_tf=True, stop_words="english", token_pattern=r"[a-z0-9]+")
        self._parts = TfidfVectorizer(sublinear_tf=True, analyzer="char_wb", ngram_range=(3, 5))
        texts = [_text(tool) for tool in catalog.tools]
        self._places = {tool.name: place for place, tool in enumerate(catalog.tools)}
        self._rows = csr_matrix(hstack([self._words.fit_transform(texts), self._parts.fit_transform(texts)]))

    def closeness(self, texts: Sequence[str]) -> np.ndarray:
        """(texts, tools) inner products, rounded so that equal texts tie."""
        rows = hstack([self._words.transform(texts), self._parts.transform(texts)])
        return np.round(np.asarray((csr_matrix(rows) @ self._rows.T).todense()), 6)

    def place(self, name: str) -> int:
        """The column of a tool."""
        return self._places[name]


def _text(tool: Tool) -> str:
    return f"{' '.join(identifier_words(tool.original_name))} {tool.group} {tool.text}".lower()


def vagueness(catalog: Catalog, scenarios: Sequence[Scenario], openings: Sequence[str]) -> Vagueness:
    """The figures of these openings, over the scenarios whose goal tool is in view."""
    encoder = Encoder(catalog)
    within, first, chance = [], [], []
    for start in range(0, len(openings), 256):
        for scenario, row in zip(scenarios[start:], encoder.closeness(openings[start : start + 256]), strict=False):
            if not scenario.solvable:
                continue
            own = row[encoder.place(scenario.goal_tool)]
            within.append((row > own).sum() < TOP)
            beside = np.array([row[encoder.place(name)] for name in scenario.candidates])
            first.append((own >= beside.max()) / (beside == beside.max()).sum())
            chance.append(1 / len(beside))
    return Vagueness(float(np.mean(within)), float(np.mean(first)), float(np.mean(chance)))


def opening_of(catalog: Catalog, scenario: Scenario) -> str:
    """The first words of the scenario's user, in lower case, without what holds a digit."""
    names = dict.fromkeys([*scenario.candidates, scenario.goal_tool])
    return re.sub(r"\S*\d\S*", " ", ScriptedUser(scenario, catalog.subset(list(names))).opening().reply).lower()


def main(which: Sequence[str] = ("demo", "twilio"), count: int = COUNT) -> None:
    """Print both figures of each catalog that is here."""
    for name in which:
        if name != "demo" and not (CATALOGS / name).is_dir():
            print(f"The documents of {name} are not here. Nothing was measured.")
            continue
        catalog = load_catalog("enterprise_apis.json") if name == "demo" else import_folder(CATALOGS / name, name)
        scenarios = list(draw_scenarios(catalog, count, seed=1))
        found = vagueness(catalog, scenarios, [opening_of(catalog, scenario) for scenario in scenarios])
        print(f"-- {name}: {count} openings, word and character TF-IDF over {len(catalog.tools):,} tools")
        report(f"goal within the top {TOP}", found.within_top, "of openings", WITHIN_TOP, at_most=False)
        report("goal nearest of its candidates", found.first, "of openings", found.chance + ABOVE_CHANCE, at_most=True)


if __name__ == "__main__":
    main(sys.argv[1:2] or ("demo", "twilio"), int(sys.argv[2]) if len(sys.argv) > 2 else COUNT)

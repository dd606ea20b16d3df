"""How varied a dataset is against its floors, and which of its dialogues say the same (PRODUCT P23)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversation.text_statistics import moving_average_ttr, ngram_diversity, tokens
from ..errors import CatalogError, DataError
from ..generator.diversity import Diversity, diversity, spoken_text
from ..generator.floors import Floor, floors
from ..generator.skeletons import PhraseDiversity, phrase_diversity
from ..records.dialogue import Dialogue
from ..records.tool import Catalog
from .kept import Kept

if TYPE_CHECKING:
    from .workspace import Workspace

SAME = "says the same as another dialogue"
"""The reason that a duplicate is rejected with; the id of the one that stays follows."""
FEWEST_OF_TOOL = 3
"""Dialogues of one goal tool from which on their variety is told."""


@dataclass(frozen=True, slots=True)
class ToolVariety:
    """How varied the dialogues of one goal tool are."""

    tool: str
    dialogues: int
    ngd: float
    """Distinct n-grams over all n-grams of their words, n = 1..4."""
    mattr: float
    """Distinct words in a moving window of a hundred."""


@dataclass(frozen=True, slots=True)
class Report:
    """The variety of a dataset's kept dialogues."""

    diversity: Diversity
    phrases: PhraseDiversity
    floors: tuple[Floor, ...]
    tools: tuple[ToolVariety, ...]
    """Goal tools with at least three dialogues, the least varied first."""

    @property
    def below(self) -> tuple[Floor, ...]:
        """The floors that are broken."""
        return tuple(floor for floor in self.floors if not floor.holds)


class Variety:
    """Variety and duplicates of one workspace's datasets."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._reports: Kept[Report] = Kept(16)

    def report(self, dataset: str) -> Report:
        """The report of a dataset as it stands; kept until a dialogue of it or a decision on one changes."""
        return self._reports.get((dataset, self._workspace.datasets.stamp(dataset)), lambda: self._report(dataset))

    def keep_one(self, ids: Sequence[str], keep: str, who: str = "") -> list[str]:
        """Ids of the dialogues of a cluster that are rejected now, all but `keep`; those rejected before are left.

        It is one act, which one undo takes back. DataError if `keep` is none of them, or if people accepted another
        one: nothing is changed then.
        """
        if keep not in ids:
            raise DataError(f"Dialogue {keep} is not one of these, so it cannot be the one that stays.")
        others = [self._workspace.review.get(key) for key in ids if key != keep]
        accepted = [other.dialogue.id for other in others if other.state == "accepted"]
        if accepted:
            raise DataError(
                f"Dialogue {accepted[0]} was accepted by people, so it is not rejected as a duplicate. Keep that one, "
                "or reopen it in Review."
            )
        done = self._workspace.bulk.apply(
            self._workspace.bulk.plan([other.dialogue.id for other in others], "reject", f"{SAME}: {keep}"), who
        )
        return [decision.dialogue for decision in done.act.decisions] if done.act else []

    def bring_back(self, ids: Sequence[str], who: str = "") -> None:
        """Take back the rejecting of these dialogues, as one act: they wait for review as before."""
        bulk = self._workspace.bulk
        rejected = [key for key in ids if self._workspace.review.get(key).state == "rejected"]
        bulk.apply(bulk.plan(rejected, "reopen"), who)

    def _report(self, dataset: str) -> Report:
        kept = self._workspace.datasets.load(dataset)
        spread = diversity(kept)
        phrases = phrase_diversity(kept, *self._catalogs(kept))
        return Report(spread, phrases, floors(spread, phrases), tool_varieties(kept))

    def _catalogs(self, dialogues: Sequence[Dialogue]) -> Iterator[Catalog]:
        """The catalogs whose words are no phrasing, as far as they are here."""
        for name, version in dict.fromkeys((one.scenario.catalog, one.scenario.catalog_version) for one in dialogues):
            with suppress(CatalogError):
                yield self._workspace.catalogs.find(name, version)


def tool_varieties(dialogues: Sequence[Dialogue]) -> tuple[ToolVariety, ...]:
    """One entry for each goal tool of enough dialogues, the least varied first, ties by name."""
    by_tool: dict[str, list[Dialogue]] = {}
    for dialogue in dialogues:
        by_tool.setdefault(dialogue.scenario.goal_tool, []).append(dialogue)
    found = []
    for tool, group in by_tool.items():
        if len(group) >= FEWEST_OF_TOOL:
            words = [word for dialogue in group for word in tokens(spoken_text(dialogue))]
            found.append(ToolVariety(tool, len(group), ngram_diversity(words), moving_average_ttr(words)))
    return tuple(sorted(found, key=lambda each: (each.ngd, each.tool)))

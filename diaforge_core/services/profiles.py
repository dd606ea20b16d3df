"""What a dataset is made of, in numbers that can stand beside another's, and the card that says what made it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import CatalogError
from ..generator.identity import DatasetIdentity, RunIdentity, Versions, as_markdown, versions
from ..generator.recipe import Recipe
from ..records.run import Run
from ..records.scenario import TIERS
from .reports import first_failure
from .variety import Report

if TYPE_CHECKING:
    from .workspace import Workspace

__all__ = ["DatasetIdentity", "DatasetProfile", "Profiles", "as_markdown"]


@dataclass(frozen=True, slots=True)
class DatasetProfile:
    """One dataset in numbers."""

    name: str
    dialogues: int
    passed: int
    """Passed every verifier."""
    kept: int
    """Those of them that nobody rejected."""
    rejected: dict[str, int]
    """First verifier failed → dialogues, the most frequent first."""
    tiers: dict[str, int]
    """Of the kept ones, as everything below."""
    turns: dict[int, int]
    """Assistant turns → dialogues."""
    assistant_turns: float
    """Mean per dialogue; 0 without any."""
    no_right_tool: int
    dials: dict[str, int]
    styles: dict[str, int]
    tools_covered: int
    """Different goal tools."""
    tools: int | None
    """Tools of the catalog; None where it is not here."""
    variety: Report

    @property
    def acceptance(self) -> float:
        """Share that passed every verifier, 0..1."""
        return self.passed / self.dialogues if self.dialogues else 0.0


class Profiles:
    """Profiles and identities of one workspace's datasets."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def profile(self, dataset: str) -> DatasetProfile:
        """The numbers of a dataset as it stands; DataError if there is none of this name."""
        everything = self._workspace.datasets.load(dataset, "all")
        kept = self._workspace.datasets.load(dataset)
        scenarios = [dialogue.scenario for dialogue in kept]
        turns = Counter(dialogue.assistant_turns for dialogue in kept)
        tiers = Counter(scenario.tier for scenario in scenarios)
        failures = Counter(first_failure(dialogue) for dialogue in everything if not dialogue.passed)
        return DatasetProfile(
            name=dataset,
            dialogues=len(everything),
            passed=sum(dialogue.passed for dialogue in everything),
            kept=len(kept),
            rejected=dict(failures.most_common()),
            tiers={tier: tiers[tier] for tier in TIERS},
            turns=dict(sorted(turns.items())),
            assistant_turns=sum(number * times for number, times in turns.items()) / max(1, len(kept)),
            no_right_tool=sum(not scenario.solvable for scenario in scenarios),
            dials=dict(Counter(scenario.dial for scenario in scenarios if scenario.dial).most_common()),
            styles=dict(Counter(scenario.persona.style for scenario in scenarios).most_common()),
            tools_covered=len({scenario.goal_tool for scenario in scenarios}),
            tools=self._tools(dataset),
            variety=self._workspace.variety.report(dataset),
        )

    def identity(self, dataset: str) -> DatasetIdentity:
        """What made a dataset, for its card; DataError if there is none of this name."""
        info = self._workspace.datasets.info(dataset)
        traces: list[str] = []
        catalogs: dict[str, str] = {}
        tiers: Counter[str] = Counter()
        assistants: Counter[str] = Counter()
        edited = 0
        for dialogue in self._workspace.datasets.stream(dataset):
            traces.append(dialogue.trace)
            catalogs[dialogue.scenario.catalog_version] = dialogue.scenario.catalog
            tiers[dialogue.scenario.tier] += 1
            assistants[dialogue.assistant] += 1
            edited += dialogue.version > 1
        runs, without = self._made_by(set(traces), list(self._line(dataset)))
        return DatasetIdentity(
            dataset=dataset,
            parent=info.parent,
            catalogs=catalogs,
            counts={
                "dialogues": info.dialogues,
                "kept": info.kept,
                "accepted by people": info.accepted,
                "rejected by people": info.rejected,
                "rejected by a verifier": info.failed,
                "edited by people": edited,
            },
            tiers={tier: tiers[tier] for tier in TIERS},
            assistants=dict(assistants.most_common()),
            reviewers=self._reviewers(dataset),
            runs=tuple(_identity_of(run) for run in runs),
            without_run=sum(trace in without for trace in traces),
            written_by=versions(),
        )

    def _reviewers(self, dataset: str) -> dict[str, dict[str, int]]:
        """Who → kind of decision → dialogues of the dataset on which it was made and not taken back; by name."""
        rows = self._workspace.database.rows(
            "SELECT c.who, c.kind, count(DISTINCT c.dialogue) FROM decisions c JOIN members m USING (dialogue) "
            "WHERE m.dataset = ? AND NOT c.undone AND c.kind <> 'undo' GROUP BY ALL ORDER BY ALL",
            [dataset],
        )
        found: dict[str, dict[str, int]] = {}
        for who, kind, count in rows:
            found.setdefault(who, {})[kind] = count
        return found

    def _tools(self, dataset: str) -> int | None:
        name = self._workspace.datasets.info(dataset).catalog
        try:
            return len(self._workspace.catalogs.get(name).tools) if name else None
        except CatalogError:
            return None

    def _line(self, dataset: str) -> Iterator[str]:
        """The dataset, what it was split from, and so on."""
        parents = {info.name: info.parent for info in self._workspace.datasets.names(archived=True)}
        seen: set[str] = set()
        while dataset and dataset not in seen:
            seen.add(dataset)
            yield dataset
            dataset = parents.get(dataset, "")

    def _made_by(self, traces: set[str], line: Sequence[str]) -> tuple[list[Run], set[str]]:
        """The runs that made these traces, oldest first, and the traces that none here made.

        Of several runs that made the same, those that filled a dataset of the line are named.
        """
        rows = self._workspace.database.rows(
            "SELECT run, raw_id FROM traces WHERE raw_id IN (SELECT unnest(?))", [sorted(traces)]
        )
        by_run: defaultdict[str, set[str]] = defaultdict(set)
        for run, trace in rows:
            by_run[run].add(trace)
        runs = [run for run in reversed(self._workspace.jobs.all()) if run.kind == "generate" and run.id in by_run]
        named: list[Run] = []
        for run in sorted(runs, key=lambda run: run.config["recipe"]["dataset"] not in line):
            if by_run[run.id] & traces:
                named.append(run)
                traces = traces - by_run[run.id]
        return sorted(named, key=runs.index), traces


def _identity_of(run: Run) -> RunIdentity:
    recipe = Recipe.model_validate(run.config["recipe"])
    noted = run.config.get("versions")
    return RunIdentity(
        run=run.name,
        started=(run.started or run.created).isoformat(timespec="seconds"),
        state=run.state,
        seed=recipe.seed,
        scenarios=recipe.count,
        agents={"user": recipe.user} | recipe.models,
        recipe=recipe.model_dump(mode="json"),
        versions=Versions.model_validate(noted) if noted else None,
    )

"""Evaluation runs: a model in live conversations with the simulated user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import Field

from ..conversation.scenarios import Choices, draw_scenarios
from ..errors import DataError
from ..evaluation.breakdowns import BREAKDOWNS
from ..evaluation.compare import Comparison, compare, first_differing_turn
from ..evaluation.confusion import Matrix, matrices
from ..evaluation.evaluator import check_scenarios
from ..evaluation.metrics import METRICS, Measurements, Metric, measure
from ..generator.recipe import PriceOf, SpendingLimits
from ..records.base import Record
from ..records.dialogue import Dialogue
from ..records.run import Run
from ..records.scenario import Scenario
from ..records.tool import Catalog, Tool
from ..records.trace import Trace
from .kept import Kept

if TYPE_CHECKING:
    from .workspace import Workspace


__all__ = ["BREAKDOWNS", "METRICS", "Comparison", "EvalRecipe", "Evaluation", "Matrix", "Measurements", "Metric"]

KEPT_MEASURED = 24
"""Sets of numbers that are held."""


Static = Literal["", "gold", "own"]


class EvalRecipe(Record):
    """Which model is to be evaluated, on which scenarios: of a dataset, of an earlier run, or drawn from a catalog."""

    model: str
    """Model spec."""
    run: str = ""
    """Name of the run, new in this workspace; by default made from the model."""
    scenarios: str = ""
    """Dataset whose scenarios are played; else new ones are drawn from `catalog`."""
    catalog: str = ""
    again: str = ""
    """Evaluation whose scenarios are played again, with their catalog as it is now."""
    holding: str = ""
    """Cleaned name of a tool: only scenarios that need or offer it; empty for all."""
    static: Static = ""
    """Play the user's turns of stored dialogues instead of live ones; before each turn the model sees the dialogue's
    own (`gold`) or what it said itself (`own`)."""
    count: int = Field(default=20, ge=1, le=10_000)
    """Scenarios at most."""
    trials: int = Field(default=1, ge=1, le=64)
    seed: int = Field(default=0, ge=0)
    limits: SpendingLimits = SpendingLimits()
    prices: dict[str, PriceOf] = Field(default_factory=dict)
    """Model name, as the endpoint knows it → its price; a model without one counts no money."""


@dataclass(frozen=True, slots=True)
class _Played:
    """What a recipe comes to."""

    catalog: Catalog
    scenarios: Sequence[Scenario]
    dialogues: Sequence[Dialogue] = ()
    """Of a static evaluation."""
    dataset: str = ""
    """Where the scenarios were taken from, if from one."""


class Evaluation:
    """Starting evaluations and reading their numbers."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._measured: Kept[Measurements] = Kept(KEPT_MEASURED)

    def start(self, recipe: EvalRecipe, who: str = "") -> Run:
        """The run, queued or already running in a worker; on a test part it is written down as a look at it.

        DataError unless just one of dataset, catalog and run is given, if there is no scenario, or for a static
        evaluation without a dataset or with trials; CatalogError if the catalog lacks tools that scenarios name;
        ModelError for a spec that is none.
        """
        spec = self._workspace.models.take(recipe.model)
        played = self._played(recipe)
        check_scenarios(played.catalog, played.scenarios)
        name = recipe.run or f"evaluate {recipe.model}".replace(":", " ").replace("/", " ").replace("@", " at ")
        with self._workspace.database.lock:
            looks = {part: seen + 1 for part, seen in self._workspace.looks.counts(played.dataset).items()}
            run = self._workspace.jobs.submit(
                "evaluate",
                name,
                {"recipe": recipe.model_dump(mode="json"), "model": spec, "test_looks": looks},
                catalog=played.catalog,
                scenarios=played.scenarios,
                dialogues=played.dialogues,
                numbered=not recipe.run,
            )
            self._workspace.looks.add(looks, run.id, recipe.model, who)
        return run

    def affected(self, run: str, tool: str) -> int:
        """How many of a run's scenarios need or offer a tool, and so are to be played again when it is reworded."""
        return sum(_holds(scenario, tool) for scenario in self._workspace.jobs.folder(run).scenarios())

    def again(self, run: str, tool: str, who: str = "") -> Run:
        """The run that plays with the same model, on the catalog as it is now, those of a run's scenarios that
        need or offer a tool. Errors as in `start`."""
        record = self._evaluation(run)
        old = EvalRecipe.model_validate(record.config["recipe"])
        changes = {"again": record.id, "holding": tool, "scenarios": "", "catalog": "", "run": "", "static": ""}
        return self.start(EvalRecipe.model_validate(old.model_dump() | changes), who)

    def runs(self) -> list[Run]:
        """All evaluation runs that are not archived, newest first; what was saved from the playground is none."""
        runs = self._workspace.jobs.listed()
        return [run for run in runs if run.kind == "evaluate" and not run.config.get("playground")]

    def results(self, run: str) -> Measurements:
        """The numbers of a run's traces so far; DataError if it is no evaluation or has no trace yet."""
        record = self._evaluation(run)
        traces = self._workspace.traces.of_run(record.id)
        if not traces:
            raise DataError(f"Run '{record.name}' has no trace yet. Wait for its first conversation to end.")
        faults = self._workspace.faults.of_run(record.id)
        key = (record.id, len(traces), tuple(faults.items()))
        return self._measured.get(key, lambda: measure(traces, self.tools(record.id), faults))

    def confusions(self, run: str, most: int = 3) -> list[Matrix]:
        """Which tools of the worst clusters were called for which, worst first."""
        record = self._evaluation(run)
        return matrices(self._workspace.traces.of_run(record.id), self.tools(record.id), most)

    def compare(self, run_a: str, run_b: str) -> Comparison:
        """What separates two runs, paired by scenario; DataError if they share no scenario."""
        a, b = self._evaluation(run_a), self._evaluation(run_b)
        traces = [self._workspace.traces.of_run(run.id) for run in (a, b)]
        if not {trace.scenario.id for trace in traces[0]} & {trace.scenario.id for trace in traces[1]}:
            raise DataError(
                f"Runs '{a.name}' and '{b.name}' share no scenario, so they cannot be compared. "
                "Evaluate both models on the same dataset, or on the same catalog with the same seed and count."
            )
        return compare(traces[0], traces[1], dict(self.tools(a.id)) | dict(self.tools(b.id)))

    def differing_turn(
        self, run_a: str, run_b: str, scenario_id: str, trial: int = 0
    ) -> tuple[Trace, Trace, int | None]:
        """The two runs' traces of one scenario and the index of the first turn in which they differ."""
        pair = []
        for run in (run_a, run_b):
            record = self._evaluation(run)
            found = [
                trace
                for trace in self._workspace.traces.of_run(record.id)
                if trace.scenario.id == scenario_id and trace.trial == trial
            ]
            if not found:
                raise DataError(f"Run '{record.name}' has no trace of scenario {scenario_id}.")
            pair.append(found[0])
        return pair[0], pair[1], first_differing_turn(pair[0], pair[1])

    def table(self, runs: Sequence[str] | None = None, metrics: Sequence[str] = ("acc", "ftr", "tar")) -> pd.DataFrame:
        """One row per run and metric that was measured: run, model, metric, value, low, high, n."""
        rows = []
        for record in self.runs():
            if runs is not None and record.name not in runs and record.id not in runs:
                continue
            for metric in metrics:
                estimate = record.result.get(metric)
                if estimate:
                    rows.append(
                        {"run": record.name, "model": record.config["recipe"]["model"], "metric": metric} | estimate
                    )
        return pd.DataFrame(rows, columns=["run", "model", "metric", "value", "low", "high", "n"])

    def tools(self, run: str) -> Mapping[str, Tool]:
        """Every tool of the catalog that the run was made with, by cleaned name."""
        return {tool.name: tool for tool in self._workspace.jobs.folder(run).catalog().tools}

    def _evaluation(self, run: str) -> Run:
        record = self._workspace.jobs.get(run)
        if record.kind != "evaluate":
            raise DataError(f"Run '{record.name}' is a run of kind '{record.kind}', not an evaluation.")
        return record

    def _played(self, recipe: EvalRecipe) -> _Played:
        if [bool(source) for source in (recipe.scenarios, recipe.catalog, recipe.again)].count(True) != 1:
            raise DataError(
                "Give either a dataset of scenarios (--scenarios), a catalog to draw them from (--catalog), or an "
                "evaluation to play again (--again)."
            )
        if recipe.static and (not recipe.scenarios or recipe.trials > 1):
            raise DataError(
                "A static evaluation plays the stored turns of a dataset's dialogues, once each. Name the dataset "
                "(--scenarios), and ask for one trial."
            )
        if recipe.scenarios:
            return self._of_dataset(recipe)
        if recipe.again:
            return self._of_run(recipe)
        catalog = self._workspace.catalogs.get(recipe.catalog)
        drawn = draw_scenarios(catalog, recipe.count, recipe.seed, Choices(bank="evaluation"))
        return _Played(catalog, _some(drawn, recipe, f"drawn from '{recipe.catalog}'"))

    def _of_dataset(self, recipe: EvalRecipe) -> _Played:
        dialogues = self._workspace.datasets.load(recipe.scenarios)
        by_scenario = {dialogue.scenario.id: dialogue for dialogue in dialogues}
        scenarios = _some((one.scenario for one in by_scenario.values()), recipe, f"of dataset '{recipe.scenarios}'")
        taken = [by_scenario[scenario.id] for scenario in scenarios]
        catalog = self._workspace.catalogs.of_dialogues(taken)
        return _Played(catalog, scenarios, taken if recipe.static else (), recipe.scenarios)

    def _of_run(self, recipe: EvalRecipe) -> _Played:
        """The scenarios of an earlier run, with the tools as their catalog has them now."""
        before = self._evaluation(recipe.again)
        old = self._workspace.jobs.folder(before.id).scenarios()
        if len({scenario.catalog for scenario in old}) > 1:
            raise DataError(
                f"Run '{before.name}' was played with several catalogs, so none of them can take the place of all. "
                "Evaluate on its dataset instead."
            )
        catalog = self._workspace.catalogs.get(old[0].catalog)
        now = (scenario.model_copy(update={"catalog_version": catalog.version}) for scenario in old)
        scenarios = _some(now, recipe, f"of run '{before.name}'")
        return _Played(catalog, scenarios, dataset=before.config["recipe"].get("scenarios", ""))


def _holds(scenario: Scenario, tool: str) -> bool:
    return tool in (scenario.goal_tool, *scenario.candidates)


def _some(scenarios: Iterable[Scenario], recipe: EvalRecipe, where: str) -> list[Scenario]:
    """Those that the recipe takes, in order; DataError if there is none."""
    found = [scenario for scenario in scenarios if not recipe.holding or _holds(scenario, recipe.holding)]
    if not found:
        of = f"No scenario {where} needs or offers '{recipe.holding}'" if recipe.holding else f"No scenario {where}"
        raise DataError(f"{of}: there is nothing to play. Choose another source of scenarios.")
    return found[: recipe.count]

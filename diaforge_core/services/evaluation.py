"""Evaluation runs: a model in live conversations with the simulated user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import Field

from ..conversation.scenarios import Choices, draw_scenarios
from ..errors import DataError
from ..evaluation.compare import Comparison, compare, first_differing_turn
from ..evaluation.metrics import METRICS, Measurements, Metric, measure
from ..generator.recipe import PriceOf, SpendingLimits
from ..records.base import Record
from ..records.run import Run
from ..records.scenario import Scenario
from ..records.tool import Catalog, Tool
from ..records.trace import Trace

if TYPE_CHECKING:
    from .workspace import Workspace


__all__ = ["METRICS", "Comparison", "EvalRecipe", "Evaluation", "Measurements", "Metric"]


class EvalRecipe(Record):
    """Which model is to be evaluated, on which scenarios."""

    model: str
    """Model spec."""
    run: str = ""
    """Name of the run, new in this workspace; by default made from the model."""
    scenarios: str = ""
    """Dataset whose scenarios are played; else new ones are drawn from `catalog`."""
    catalog: str = ""
    count: int = Field(default=20, ge=1, le=10_000)
    """Scenarios at most."""
    trials: int = Field(default=1, ge=1, le=64)
    seed: int = Field(default=0, ge=0)
    limits: SpendingLimits = SpendingLimits()
    prices: dict[str, PriceOf] = Field(default_factory=dict)
    """Model name, as the endpoint knows it → its price; a model without one counts no money."""


class Evaluation:
    """Starting evaluations and reading their numbers."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._measured: dict[tuple[str, int], Measurements] = {}

    def start(self, recipe: EvalRecipe) -> Run:
        """The run, queued or already running in a worker.

        DataError if neither or both of dataset and catalog are given, or there is no scenario; ModelError for a spec
        that is none.
        """
        spec = self._workspace.models.take(recipe.model)
        catalog, scenarios = self._scenarios(recipe)
        name = recipe.run or f"evaluate {recipe.model}".replace(":", " ").replace("/", " ").replace("@", " at ")
        return self._workspace.jobs.submit(
            "evaluate",
            name,
            {"recipe": recipe.model_dump(mode="json"), "model": spec},
            catalog=catalog,
            scenarios=scenarios,
            numbered=not recipe.run,
        )

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
        key = (record.id, len(traces))
        if key not in self._measured:
            self._measured[key] = measure(traces, self.tools(record.id))
        return self._measured[key]

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

    def _scenarios(self, recipe: EvalRecipe) -> tuple[Catalog, list[Scenario]]:
        if bool(recipe.scenarios) == bool(recipe.catalog):
            raise DataError(
                "Give either a dataset of scenarios (--scenarios) or a catalog to draw them from (--catalog)."
            )
        if recipe.catalog:
            catalog = self._workspace.catalogs.get(recipe.catalog)
            return catalog, list(draw_scenarios(catalog, recipe.count, recipe.seed, Choices(bank="evaluation")))
        dialogues = self._workspace.datasets.load(recipe.scenarios)
        scenarios = list({dialogue.scenario.id: dialogue.scenario for dialogue in dialogues}.values())[: recipe.count]
        if not scenarios:
            raise DataError(f"Dataset '{recipe.scenarios}' has no kept dialogue to take a scenario from.")
        catalog = self._workspace.catalogs.find(scenarios[0].catalog, scenarios[0].catalog_version)
        return catalog, scenarios

"""Evaluation runs: a model in live conversations with the simulated user."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ..errors import DataError, ModelError
from ..evaluation.breakdowns import BREAKDOWNS, in_order
from ..evaluation.compare import Comparison, Difference, compare, first_differing_turn
from ..evaluation.confusion import NO_CALL, Matrix, matrices
from ..evaluation.evaluator import check_scenarios
from ..evaluation.metrics import METRICS, Estimate, Measurements, Metric, Values, measure
from ..evaluation.paper import PAPER
from ..records.run import Run
from ..records.tool import Tool
from ..records.trace import Trace
from .evaluation_scenarios import EvalRecipe, evaluation_of, holds, scenarios_of, under_test_as
from .kept import Kept
from .shards import check_evaluation

if TYPE_CHECKING:
    from .workspace import Workspace


__all__ = [
    "BREAKDOWNS", "METRICS", "NO_CALL", "PAPER", "Comparison", "Difference", "Estimate", "EvalRecipe", "Evaluation",
    "Matrix", "Measurements", "Metric", "Point", "Values", "in_order",
]  # fmt: skip

KEPT = 24
"""Results of each kind that are held."""


@dataclass(frozen=True, slots=True)
class Point:
    """One run's place in the trend of a metric."""

    run: str
    model: str
    source: str
    """Where its scenarios are from."""
    ended: dt.datetime
    """UTC."""
    estimate: Estimate

    @property
    def line(self) -> str:
        """What it shares with the runs that it stands in line with."""
        return f"{self.model} on {self.source}"


class Evaluation:
    """Starting evaluations and reading their numbers."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._measured: Kept[Measurements] = Kept(KEPT)
        self._confused: Kept[list[Matrix]] = Kept(KEPT)
        self._compared: Kept[Comparison] = Kept(KEPT)

    def start(self, recipe: EvalRecipe, who: str = "") -> Run:
        """The run, queued or already running in a worker; on a test part it is written down as a look at it.

        DataError unless just one of dataset, catalog and run is given, if there is no scenario, or for a static
        evaluation without a dataset or with trials, or a model that cannot be spread as wanted; CatalogError if the
        catalog lacks tools that scenarios name; ModelError for a spec that is none, for worked examples where a
        script plays, or for constrained decoding where the model is not on this machine.
        """
        check_evaluation(recipe)
        spec = self._workspace.models.take(recipe.model)
        if recipe.prompt == "examples" and spec.startswith("scripted:"):
            raise ModelError(f"'{recipe.model}' is a script, which reads no worked examples. Evaluate it without them.")
        if recipe.decoding != "free" and spec.startswith(("scripted:", "openai:")):
            raise ModelError(
                f"Decoding can be constrained for models on this machine only, and '{recipe.model}' is none. Evaluate "
                "it with decoding `free`."
            )
        played = scenarios_of(self._workspace, recipe)
        check_scenarios(played.catalog, played.scenarios)
        name = recipe.run or self._name_for(recipe)
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

    def _name_for(self, recipe: EvalRecipe) -> str:
        if recipe.again:
            return f"{self._workspace.jobs.get(recipe.again).name[:56]} again"
        told = "".join(char for char in under_test_as(recipe.model_dump()) if char not in "(),")
        return f"evaluate {told}".replace(":", " ").replace("/", " ").replace("@", " at ")

    def changed(self, run: str) -> dict[str, int]:
        """Tool that reads otherwise in its catalog now → scenarios of the run that need or offer it, most first.

        Empty where the run's catalog is not here any more, or was of several.
        """
        if not self.catalog_of(run):
            return {}
        folder = self._workspace.jobs.folder(run)
        old, scenarios = folder.catalog(), folder.scenarios()
        now = self._workspace.catalogs.get(old.name)
        other = {tool.name for tool in old.tools if tool.name in now and _told(tool) != _told(now.tool(tool.name))}
        counts = {name: sum(holds(scenario, {name}) for scenario in scenarios) for name in sorted(other)}
        return dict(sorted(((name, n) for name, n in counts.items() if n), key=lambda each: -each[1]))

    def again(self, run: str, tools: Sequence[str] = (), who: str = "") -> Run:
        """The run that plays a run's scenarios with the same model, on the catalog as it is now.

        With `tools` only those that need or offer one of them: what a rewording can touch. Errors as in `start`.
        """
        record = evaluation_of(self._workspace, run)
        old = EvalRecipe.model_validate(record.config["recipe"])
        changes = {"again": record.id, "holding": tools, "scenarios": "", "catalog": "", "run": "", "static": ""}
        return self.start(EvalRecipe.model_validate(old.model_dump() | changes), who)

    def runs(self) -> list[Run]:
        """All evaluation runs that are not archived, newest first; what was saved from the playground is none."""
        runs = self._workspace.jobs.listed()
        return [run for run in runs if run.kind == "evaluate" and not run.config.get("playground")]

    def results(self, run: str) -> Measurements:
        """The numbers of a run's traces so far; DataError if it is no evaluation or has no trace yet."""
        record = evaluation_of(self._workspace, run)
        number = self._workspace.traces.played(record.id)
        if not number:
            raise DataError(f"Run '{record.name}' has no trace yet. Wait for its first conversation to end.")
        faults = self._workspace.faults.of_run(record.id)
        key = (record.id, number, tuple(faults.items()))
        return self._measured.get(key, lambda: measure(self._traces(record), self.tools(record.id), faults))

    def confusions(self, run: str, most: int = 3) -> list[Matrix]:
        """Which tools of the worst clusters were called for which, worst first."""
        record = evaluation_of(self._workspace, run)
        key = (record.id, self._workspace.traces.played(record.id), most)
        return self._confused.get(key, lambda: matrices(self._traces(record), self.tools(record.id), most))

    def compare(self, run_a: str, run_b: str) -> Comparison:
        """What separates two runs, paired by scenario; DataError if they share no scenario."""
        a, b = evaluation_of(self._workspace, run_a), evaluation_of(self._workspace, run_b)
        key = (a.id, self._workspace.traces.played(a.id), b.id, self._workspace.traces.played(b.id))
        return self._compared.get(key, lambda: self._compare(a, b))

    def _compare(self, a: Run, b: Run) -> Comparison:
        traces = [self._traces(run) for run in (a, b)]
        if not {trace.scenario.id for trace in traces[0]} & {trace.scenario.id for trace in traces[1]}:
            raise DataError(
                f"Runs '{a.name}' and '{b.name}' share no scenario, so they cannot be compared. "
                "Evaluate both models on the same dataset, or on the same catalog with the same seed and count."
            )
        return compare(traces[0], traces[1], dict(self.tools(a.id)) | dict(self.tools(b.id)))

    def _traces(self, run: Run) -> list[Trace]:
        return self._workspace.traces.of_run(run.id)

    def differing_turn(
        self, run_a: str, run_b: str, scenario_id: str, trial: int = 0
    ) -> tuple[Trace, Trace, int | None]:
        """The two runs' traces of one scenario and the index of the first turn in which they differ."""
        one, other = (self._trace_of(run, scenario_id, trial) for run in (run_a, run_b))
        return one, other, first_differing_turn(one, other)

    def _trace_of(self, run: str, scenario_id: str, trial: int) -> Trace:
        record = evaluation_of(self._workspace, run)
        rows = self._workspace.database.rows(
            "SELECT id FROM traces WHERE run = ? AND scenario = ? AND trial = ? ORDER BY seq",
            [record.id, scenario_id, trial],
        )
        if not rows:
            raise DataError(f"Run '{record.name}' has no trace of scenario {scenario_id}.")
        return self._workspace.traces.get(rows[0][0])

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
                        {"run": record.name, "model": under_test_as(record.config["recipe"]), "metric": metric}
                        | estimate
                    )
        return pd.DataFrame(rows, columns=["run", "model", "metric", "value", "low", "high", "n"])

    def baselines(self, run: str) -> dict[str, Values]:
        """Baseline → its headline numbers on the run's scenarios; empty for a run of a baseline, or an unfinished one.

        The first is the ceiling (`oracle`), the last never calls.
        """
        told = evaluation_of(self._workspace, run).result.get("baselines", {})
        return {
            name: {key: Estimate(**value) if value else None for key, value in values.items()}
            for name, values in told.items()
        }

    def trend(self, metric: str = "acc") -> list[Point]:
        """Every finished run that measured the metric, oldest first."""
        points = []
        for record in reversed(self.runs()):
            told, recipe = record.result.get(metric), record.config["recipe"]
            if told and record.ended:
                source = recipe["scenarios"] or recipe["catalog"] or "scenarios of an earlier run"
                points.append(Point(record.name, under_test_as(recipe), source, record.ended, Estimate(**told)))
        return points

    def catalog_of(self, run: str) -> str:
        """Name of the catalog that a run was played with; empty where it is not in this workspace under one name."""
        name = self._workspace.jobs.folder(run).catalog().name
        return name if name in {info.name for info in self._workspace.catalogs.names()} else ""

    def tools(self, run: str) -> Mapping[str, Tool]:
        """Every tool of the catalog that the run was made with, by cleaned name."""
        return {tool.name: tool for tool in self._workspace.jobs.folder(run).catalog().tools}


def _told(tool: Tool) -> tuple[object, ...]:
    """What of a tool a model reads."""
    return tool.summary, tool.description, tool.parameters

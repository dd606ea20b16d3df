"""The demo workspace: built by code with a fixed seed, so that no page is empty at first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..conversation import smollm2
from ..errors import DataError
from ..generator.recipe import Recipe
from ..records.review import REJECT_REASONS
from ..records.run import FINISHED, Run
from ..settings import DATA_DIR
from .evaluation import EvalRecipe
from .run_files import unpack

if TYPE_CHECKING:
    from .workspace import Workspace

CATALOG, DATASET, PERSON = "enterprise", "demo", "Demo"
DOCUMENT = DATA_DIR / "enterprise_openapi.json"
SEED = 2507
"""Not the default seed of anything, so that nobody's first own dataset holds the same dialogues."""
DIALOGUES = 150
SCENARIOS = 60
ASSISTANTS = ("oracle", "eager", "cautious", "random")
RECORDED = smollm2.TUNED_FOLDER / "evaluations"
"""Evaluations of models, packed, as scripts would take minutes for them; a copy of the project may lack them."""


class Demo:
    """Building the demo's catalog `enterprise`, dataset `demo`, evaluations of scripts, and recorded ones of models."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._mark = workspace.folder / ".demo-unfinished"
        """There from the first part of the demo to the last."""

    @property
    def is_unfinished(self) -> bool:
        """Whether the building was begun and interrupted."""
        return self._mark.exists()

    def build(self, on_progress: Callable[[Run], None] | None = None) -> dict[str, Any]:
        """What there is now: catalog, dataset, dialogues, runs; what is there already is left as it is.

        DataError if the sample catalog is not there, or if a run of the demo failed.
        """
        if not DOCUMENT.is_file():
            raise DataError(f"The sample catalog {DOCUMENT} is not there. Get the project's files again.")
        self._mark.touch()
        catalog = self._workspace.catalogs.add([(DOCUMENT.name, DOCUMENT.read_bytes())], CATALOG)
        names = {run.name for run in self._workspace.jobs.all()}
        waiting = []
        fresh = DATASET not in {info.name for info in self._workspace.datasets.names(archived=True)}
        if fresh:
            recipe = Recipe(catalog=CATALOG, dataset=DATASET, count=DIALOGUES, seed=SEED)
            waiting.append(self._workspace.generation.start(recipe))
        for assistant in ASSISTANTS:
            if _run_name(assistant) not in names:
                recipe = EvalRecipe(
                    model=f"scripted:{assistant}",
                    run=_run_name(assistant),
                    catalog=CATALOG,
                    count=SCENARIOS,
                    seed=SEED,
                )
                waiting.append(self._workspace.evaluation.start(recipe))
        for run in waiting:
            done = self._workspace.jobs.wait(run.id, on_progress)
            if done.state != "succeeded":
                raise DataError(f"The demo's run '{done.name}' is {done.state}: {done.error or 'it was stopped'}")
        for file in recorded():
            if _run_name(file.stem) not in names:
                unpack(self._workspace, file, _run_name(file.stem))
        if fresh:
            self._review()
        self._mark.unlink()
        info = self._workspace.datasets.info(DATASET)
        return {
            "catalog": CATALOG,
            "tools": len(catalog.tools),
            "dataset": DATASET,
            "dialogues": info.dialogues,
            "accepted": info.accepted,
            "rejected": info.rejected,
            "flagged": info.flagged,
            "pending": info.pending,
            "runs": own_runs(),
        }

    def reset(self, on_progress: Callable[[Run], None] | None = None) -> dict[str, Any]:
        """As `build`, after taking the demo's own parts out of the workspace; everything else stays."""
        own = set(own_runs())
        for run in self._workspace.jobs.all():
            if run.name in own or (run.config["recipe"].get("dataset") == DATASET and run.kind == "generate"):
                if run.state not in FINISHED:
                    self._workspace.jobs.cancel(run.id)
                    self._workspace.jobs.wait(run.id)
                self._workspace.jobs.remove(run.id)
        if DATASET in {info.name for info in self._workspace.datasets.names(archived=True)}:
            self._workspace.datasets.remove(DATASET)
        return self.build(on_progress)

    def _review(self) -> None:
        """Decisions in every state; about half of the dialogues stay pending, and what is decided stays as it is."""
        pending = set(self._workspace.review.queue(DATASET, "pending"))
        for place, dialogue_id in enumerate(self._workspace.review.queue(DATASET, None)):
            if dialogue_id not in pending:
                continue
            version = self._workspace.review.get(dialogue_id).dialogue.version
            if place % 10 in (0, 1, 3, 6):
                self._workspace.review.decide(dialogue_id, version, "accept", "", PERSON)
            elif place % 10 == 4:
                reason = REJECT_REASONS[place // 10 % len(REJECT_REASONS)]
                self._workspace.review.decide(dialogue_id, version, "reject", reason, PERSON)
            elif place % 20 == 8:
                self._workspace.review.decide(dialogue_id, version, "flag", "please look at the wording", PERSON)


def recorded() -> list[Path]:
    """The packed evaluations that come with the project, by name."""
    return sorted(RECORDED.glob("*.zip"))


def own_runs() -> list[str]:
    """Names of the demo's evaluations."""
    return [_run_name(name) for name in (*ASSISTANTS, *(file.stem for file in recorded()))]


def _run_name(assistant: str) -> str:
    return f"demo {assistant}"

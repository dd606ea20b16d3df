"""Run folders of generations, and real workers on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.generator.recipe import Recipe
from diaforge_core.records.run import Run
from diaforge_core.services.evaluation_scenarios import EvalRecipe
from diaforge_core.services.jobs import worker_environment
from diaforge_core.services.workspace import Workspace
from diaforge_core.store.ownership import is_alive
from diaforge_core.store.run_folder import RunFolder

from .factories import a_catalog

ROOT = Path(__file__).resolve().parent.parent
COUNT = 65
"""Scenarios of `a_recipe()`: seven shards, the last of them a short one."""
PATIENCE_SECONDS = 120.0


def a_recipe(**changes: Any) -> Recipe:
    """A recipe of `a_catalog()`, for two processes."""
    return Recipe(**{"catalog": "sample", "dataset": "d", "count": COUNT, "seed": 3, "workers": 2} | changes)


def a_run(path: Path, **changes: Any) -> RunFolder:
    """A run folder of this recipe as the app makes it, with nobody working on it."""
    folder = RunFolder(path)
    recipe = a_recipe(**changes).model_dump(mode="json")
    config = {"id": path.name, "kind": "generate", "recipe": recipe, "model": "scripted:oracle"}
    folder.create(config | {"models_dir": str(path)}, a_catalog())
    return folder


def an_evaluation(path: Path, model: str, **changes: Any) -> RunFolder:
    """A run folder of an evaluation of seven scenarios, twice each: two shards that part one scenario's trials."""
    folder = RunFolder(path)
    given = {"model": model, "catalog": "sample", "trials": 2, "seed": 4, "workers": 2} | changes
    recipe = EvalRecipe.model_validate(given).model_dump(mode="json")
    config = {"id": path.name, "kind": "evaluate", "recipe": recipe, "model": model, "models_dir": str(path)}
    folder.create(config, a_catalog(), draw_scenarios(a_catalog(), 7, seed=5))
    return folder


def said(folder: RunFolder) -> list[tuple[str, int, list[tuple[str, str, Any]]]]:
    """Scenario, trial and words of every conversation of an evaluation, by scenario and trial."""
    rows = [row["trace"] for row in folder.rows()]
    words = {trace["id"]: [(t["speaker"], t["reply"], t["call"]) for t in trace["turns"]] for trace in rows}
    return sorted((trace["scenario"]["id"], trace["trial"], words[trace["id"]]) for trace in rows)


def start(
    folder: RunFolder, before: Callable[[], None] | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A real worker on the folder; `before` is called in its process first."""
    with folder.log_path.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "diaforge_core.services.worker", str(folder.path)],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env=worker_environment() | dict(environment or {}),
            preexec_fn=before,
        )


def done(folder: RunFolder, environment: Mapping[str, str] | None = None) -> bytes:
    """The rows of the folder after a worker has finished them."""
    assert start(folder, environment=environment).wait(PATIENCE_SECONDS) == 0, folder.log()
    assert folder.status().state == "succeeded"
    return folder.rows_path.read_bytes()


def kill(workspace: Workspace, run: Run) -> None:
    """End a run's worker at once, as a crash would."""
    known = workspace.jobs.folder(run.id).process()
    assert known
    os.kill(known[0], signal.SIGKILL)
    while is_alive(*known):
        time.sleep(0.01)

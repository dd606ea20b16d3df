"""Run folders of generations and real workers on them, without a workspace."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from diaforge_core.generator.recipe import Recipe
from diaforge_core.services.jobs import worker_environment
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

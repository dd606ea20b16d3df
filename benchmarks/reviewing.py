"""A workspace full of dialogues to review."""

from __future__ import annotations

from pathlib import Path

from diaforge_core.generator.recipe import Recipe
from diaforge_core.services.demo import CATALOG, DOCUMENT
from diaforge_core.services.workspace import open_workspace

DATASET = "many"


def many_dialogues(folder: Path, count: int) -> Path:
    """The folder of a new workspace whose dataset `many` holds `count` generated dialogues, nearly all undecided."""
    with open_workspace(folder) as workspace:
        workspace.catalogs.add([(DOCUMENT.name, DOCUMENT.read_bytes())], CATALOG)
        run = workspace.generation.start(Recipe(catalog=CATALOG, dataset=DATASET, count=count, seed=1, workers=2))
        done = workspace.jobs.wait(run.id)
        if done.state != "succeeded":
            raise SystemExit(f"The run that makes the dialogues is {done.state}: {done.error}")
    return folder

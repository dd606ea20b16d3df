"""A small workspace with something on every page, and the pages run on it without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture(scope="session")
def made_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sample catalog, 14 dialogues, and two evaluations of four scenarios; never opened by a page."""
    from diaforge_core.generator.recipe import Recipe
    from diaforge_core.services.evaluation import EvalRecipe
    from diaforge_core.services.workspace import open_workspace

    folder = tmp_path_factory.mktemp("pages") / "workspace"
    document = ROOT / "data" / "enterprise_openapi.json"
    with open_workspace(folder) as workspace:
        workspace.catalogs.add([(document.name, document.read_bytes())], "enterprise")
        made = [workspace.generation.start(Recipe(catalog="enterprise", dataset="talks", count=14, seed=5))]
        made += [
            workspace.evaluation.start(
                EvalRecipe(model=f"scripted:{name}", run=name, catalog="enterprise", count=4, seed=3)
            )
            for name in ("oracle", "eager")
        ]
        for run in made:
            assert workspace.jobs.wait(run.id).state == "succeeded"
    return folder


@pytest.fixture(scope="module")
def small_workspace(made_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of it for the tests of one file, so that what others decide and name does not show here."""
    folder = tmp_path_factory.mktemp("pages") / "workspace"
    shutil.copytree(made_workspace, folder)
    return folder


@pytest.fixture
def open_page(small_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page of the app on the small workspace: `open_page("catalog", view="Pair")`."""
    yield from _opener(small_workspace, monkeypatch)


@pytest.fixture
def open_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """The same on a workspace in which there is nothing."""
    yield from _opener(tmp_path / "empty", monkeypatch)


def _opener(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    from pages.components.wiring import close_all

    monkeypatch.setenv("DIAFORGE_WORKSPACE", str(folder))
    monkeypatch.setenv("DIAFORGE_USER", "Ana")

    def open_page(name: str, **query: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        if name != "home":
            at.switch_page(f"pages/{name}.py")
        for key, value in query.items():
            at.query_params[key] = value
        return at.run()

    yield open_page
    close_all()

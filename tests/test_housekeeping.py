"""Datasets and runs renamed, archived, deleted and brought back as they were."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diaforge_core.errors import DataError, NotAllowed
from diaforge_core.generator.recipe import Recipe
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Filter
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.housekeeping import KEPT_DAYS, Kind
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog
from .test_services_data import made as made
from .test_services_review import workspace as workspace

THINGS: tuple[tuple[Kind, str], ...] = (("dataset", "d"), ("run", "one"))


@pytest.fixture
def judged(workspace: Workspace) -> str:
    """A dialogue of dataset `d` that was accepted and labelled."""
    dialogue = workspace.review.queue("d")[0]
    workspace.labels.toggle(dialogue, 1, 1, "good-question", "Ana")
    workspace.review.decide(dialogue, 1, "accept", "", "Ana")
    return dialogue


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a generating and an evaluating run, closed."""
    folder = tmp_path_factory.mktemp("ran") / "workspace"
    with open_workspace(folder) as opened:
        opened.catalogs.put(a_catalog())
        opened.jobs.wait(opened.generation.start(Recipe(catalog="sample", dataset="d", count=4)).id)
        opened.jobs.wait(
            opened.evaluation.start(EvalRecipe(model="scripted:oracle", run="one", catalog="sample", count=3)).id
        )
    return folder


@pytest.fixture
def with_runs(ran: Path, tmp_path: Path) -> Iterator[Workspace]:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(ran, folder)
    with open_workspace(folder) as opened:
        yield opened


def test_a_renamed_dataset_keeps_everything(workspace: Workspace, judged: str):
    workspace.queues.make("q", Filter(dataset="d"), who="Ana")
    workspace.comments.write_guidelines("Read.", dataset="d", who="Ana")
    before = workspace.datasets.load("d", "all")
    workspace.housekeeping.rename("dataset", "d", "better", "Ana")
    assert workspace.datasets.load("better", "all") == before
    assert workspace.datasets.info("better").accepted == 1
    assert workspace.finding.choices(Filter(dataset="better", state=None), "label") == {"good-question": 1}
    assert workspace.queues.get("q").filter.dataset == "better"
    assert workspace.queues.next_for("q", "Ana")
    found = workspace.comments.guidelines(dataset="better")
    assert found
    assert found.text == "Read."
    with pytest.raises(DataError, match="no dataset 'd'"):
        workspace.datasets.info("d")


def test_a_run_goes_on_filling_its_dataset_under_the_new_name(with_runs: Workspace):
    run = with_runs.datasets.info("d").run
    with_runs.housekeeping.rename("dataset", "d", "better", "Ana")
    assert with_runs.jobs.get(run).config["recipe"]["dataset"] == "better"
    with with_runs.database.write() as cursor:
        cursor.execute("DELETE FROM members")
        cursor.execute("UPDATE runs SET ingested = 0, state = 'running' WHERE id = ?", [run])
    with_runs.jobs.poll()
    assert with_runs.datasets.info("better").dialogues == 4


@pytest.mark.parametrize("new", ["e", "../evil", "", "bin/x"])
def test_a_name_that_is_taken_or_cannot_be_one_is_refused(workspace: Workspace, new: str):
    workspace.datasets.create("e")
    with pytest.raises(DataError, match="name"):
        workspace.housekeeping.rename("dataset", "d", new, "Ana")
    assert {info.name for info in workspace.datasets.names()} == {"d", "e"}


def test_a_deleted_dataset_comes_back_with_its_decisions_and_labels(workspace: Workspace, judged: str):
    before = workspace.datasets.load("d", "all"), workspace.datasets.info("d")
    binned = workspace.housekeeping.remove("dataset", "d", "Ana")
    assert workspace.datasets.names(archived=True) == []
    assert workspace.housekeeping.bin() == [binned]
    assert (binned.name, binned.who) == ("d", "Ana")
    assert workspace.housekeeping.restore(binned.id, "Ana") == "d"
    assert (workspace.datasets.load("d", "all"), workspace.datasets.info("d")) == before
    assert workspace.review.get(judged).state == "accepted"
    assert len(workspace.labels.of(judged)) == 1
    assert workspace.housekeeping.bin() == []


def test_a_dataset_comes_back_under_a_number_where_its_name_was_taken(workspace: Workspace, made: list[Dialogue]):
    binned = workspace.housekeeping.remove("dataset", "d", "Ana")
    workspace.datasets.create("d")
    assert workspace.housekeeping.restore(binned.id, "Ana") == "d 2"
    assert workspace.datasets.info("d 2").dialogues > 0
    with pytest.raises(DataError, match="not in the bin"):
        workspace.housekeeping.restore(binned.id, "Ana")


def test_after_thirty_days_the_bin_is_emptied(workspace: Workspace, judged: str):
    workspace.housekeeping.remove("dataset", "d", "Ana")
    now = dt.datetime.now(dt.UTC)
    assert workspace.housekeeping.purge(now + dt.timedelta(days=KEPT_DAYS - 1)) == 0
    assert workspace.housekeeping.purge(now + dt.timedelta(days=KEPT_DAYS, seconds=1)) == 1
    assert workspace.housekeeping.bin() == []
    for table in ("dialogues", "decisions", "members", "heads"):
        assert workspace.database.rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_archived_things_leave_the_lists_and_are_found_by_name(with_runs: Workspace):
    for kind, name in THINGS:
        with_runs.housekeeping.archive(kind, name, "Ana")
        assert with_runs.housekeeping.archived(kind) == [name]
    assert with_runs.datasets.names() == with_runs.evaluation.runs() == []
    assert with_runs.datasets.info("d").dialogues == 4
    assert with_runs.evaluation.results("one")
    for kind, name in THINGS:
        with_runs.housekeeping.archive(kind, name, "Ana", archived=False)
    assert len(with_runs.datasets.names()) == len(with_runs.evaluation.runs()) == 1


def test_a_deleted_run_takes_its_traces_off_the_lists_and_brings_them_back(with_runs: Workspace):
    before = with_runs.traces.page({"run": "one"})[1]
    binned = with_runs.housekeeping.remove("run", "one", "Ana")
    assert with_runs.evaluation.runs() == []
    assert with_runs.traces.page({"run": "one"})[1] == 0
    assert "one" not in with_runs.traces.values("run")
    assert list(with_runs.traces.sql("SELECT count(*) AS n FROM runs WHERE name = 'one'")["n"]) == [0]
    with_runs.jobs.recover()
    assert with_runs.evaluation.runs() == []
    assert with_runs.housekeeping.restore(binned.id, "Ana") == "one"
    assert with_runs.traces.page({"run": "one"})[1] == before == 3
    assert with_runs.jobs.get("one").state == "succeeded"


def test_a_run_in_the_bin_is_erased_with_its_folder_in_the_end(with_runs: Workspace):
    folder = with_runs.jobs.folder("one").path
    with_runs.housekeeping.remove("run", "one", "Ana")
    assert folder.exists()
    with_runs.housekeeping.purge(dt.datetime.now(dt.UTC) + dt.timedelta(days=KEPT_DAYS + 1))
    assert not folder.exists()


def test_a_renamed_run_keeps_its_name_when_the_database_is_lost(with_runs: Workspace):
    with_runs.housekeeping.rename("run", "one", "first try", "Ana")
    with_runs.housekeeping.rename("dataset", "d", "better", "Ana")
    binned = with_runs.housekeeping.remove("run", "first try", "Ana")
    folder = with_runs.folder
    with_runs.close()
    (folder / "diaforge.duckdb").unlink()
    with open_workspace(folder) as again:
        assert [info.name for info in again.datasets.names()] == ["better"]
        assert again.evaluation.runs() == []
        assert again.housekeeping.restore(binned.id, "Ana") == "first try"
        assert again.traces.page({"run": "first try"})[1] == 3


DOING: dict[str, Callable[[Workspace, str], object]] = {
    "rename": lambda w, who: w.housekeeping.rename("dataset", "d", "e", who),
    "archive": lambda w, who: w.housekeeping.archive("dataset", "d", who),
    "remove": lambda w, who: w.housekeeping.remove("dataset", "d", who),
    "restore": lambda w, who: w.housekeeping.restore("dataset/x", who),
}


@pytest.mark.parametrize("doing", DOING)
def test_an_analyst_puts_nothing_in_order(workspace: Workspace, doing: str):
    workspace.people.give("Ada", "admin", "Ada")
    with pytest.raises(NotAllowed, match="Lyn is an analyst"):
        DOING[doing](workspace, "Lyn")
    assert [info.name for info in workspace.datasets.names()] == ["d"]


@pytest.mark.parametrize("doing", ["remove", "restore"])
def test_a_reviewer_renames_and_does_not_delete(workspace: Workspace, doing: str):
    workspace.people.give("Ada", "admin", "Ada")
    workspace.people.give("Rex", "reviewer", "Ada")
    with pytest.raises(NotAllowed, match="Rex is a reviewer"):
        DOING[doing](workspace, "Rex")
    DOING["rename"](workspace, "Rex")
    assert [info.name for info in workspace.datasets.names()] == ["e"]

"""Workspaces beside each other: made, archived, deleted, brought back."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from diaforge_core.errors import DataError, NotAllowed, WorkspaceError
from diaforge_core.services import workspaces
from diaforge_core.services.housekeeping import KEPT_DAYS
from diaforge_core.services.workspace import open_workspace
from diaforge_core.settings import DATA_DIR


@pytest.fixture
def first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with another one, `second`, beside it."""
    monkeypatch.setenv("DIAFORGE_WORKSPACE", str(tmp_path / "first"))
    with open_workspace(tmp_path / "first"):
        pass
    workspaces.create(tmp_path / "first", "second")
    return tmp_path / "first"


def names(folder: Path, **more: bool) -> list[str]:
    return [info.name for info in workspaces.listed(folder, **more)]


def test_a_new_workspace_lies_beside_and_can_be_opened(first: Path):
    assert names(first) == ["first", "second"]
    with open_workspace(first.parent / "second") as second:
        assert second.is_empty
        info = next(info for info in workspaces.listed(first) if info.name == "second")
        assert str(os.getpid()) in info.opened_by


@pytest.mark.parametrize("name", ["second", "../evil", "", ".bin"])
def test_a_workspace_needs_a_free_and_plain_name(first: Path, name: str):
    with pytest.raises((WorkspaceError, DataError), match="name"):
        workspaces.create(first, name)
    assert names(first) == ["first", "second"]


def test_the_neighbours_of_the_standard_workspace_stay_out_of_the_programs_data():
    assert workspaces.home(DATA_DIR / "workspace") == DATA_DIR / "workspaces"
    assert workspaces.home(DATA_DIR / "workspaces" / "x") == DATA_DIR / "workspaces"


def test_an_archived_workspace_leaves_the_list_and_comes_back(first: Path):
    second = first.parent / "second"
    workspaces.archive(second, "Ana")
    assert names(first) == ["first"]
    assert names(first, archived=True) == ["first", "second"]
    workspaces.archive(second, "Ana", archived=False)
    assert names(first) == ["first", "second"]


def test_a_deleted_workspace_comes_back_with_all_that_was_in_it(first: Path):
    second = first.parent / "second"
    with open_workspace(second) as opened:
        opened.labels.add("own", who="Ana")
    binned = workspaces.remove(second, "Ana")
    assert (names(first), binned.name) == (["first"], "second")
    assert workspaces.bin_of(first) == [binned]
    assert workspaces.restore(binned, "Ana") == second
    assert workspaces.bin_of(first) == []
    with open_workspace(second) as opened:
        assert "own" in {label.name for label in opened.labels.all()}


def test_the_open_workspace_is_closed_before_it_is_deleted(first: Path):
    opened = open_workspace(first.parent / "second")
    workspaces.remove(first.parent / "second", "Ana", opened=opened)
    assert names(first) == ["first"]


def test_a_workspace_that_something_has_open_is_not_deleted(first: Path):
    second = first.parent / "second"
    with open_workspace(second), pytest.raises(WorkspaceError, match="open in process"):
        workspaces.remove(second, "Ana")
    assert names(first) == ["first", "second"]


def test_a_workspace_comes_back_only_to_a_free_place(first: Path):
    binned = workspaces.remove(first.parent / "second", "Ana")
    workspaces.create(first, "second")
    with pytest.raises(WorkspaceError, match="'second' again"):
        workspaces.restore(binned, "Ana")
    assert binned.path.exists()


def test_a_workspace_that_is_gone_is_named(first: Path):
    shutil.rmtree(first.parent / "second")
    with pytest.raises(WorkspaceError, match="no workspace"):
        workspaces.remove(first.parent / "second", "Ana")


def test_after_thirty_days_a_deleted_workspace_is_gone_for_good(first: Path):
    binned = workspaces.remove(first.parent / "second", "Ana")
    long_ago = time.time_ns() - (KEPT_DAYS * 86_400 + 1) * 10**9
    aged = binned.path.with_name(f"second.{long_ago}")
    binned.path.rename(aged)
    assert workspaces.bin_of(first) == []
    assert not aged.exists()


@pytest.mark.parametrize("doing", ["archive", "remove", "restore"])
def test_only_an_admin_of_a_workspace_archives_deletes_and_restores_it(first: Path, doing: str):
    second = first.parent / "second"
    with open_workspace(second) as opened:
        opened.people.give("Ada", "admin", "Ada")
        opened.people.give("Rex", "reviewer", "Ada")
    if doing == "restore":
        binned = workspaces.remove(second, "Ada")
        with pytest.raises(NotAllowed, match="Rex is a reviewer"):
            workspaces.restore(binned, "Rex")
        assert binned.path.exists()
        return
    with pytest.raises(NotAllowed, match="Rex is a reviewer"):
        getattr(workspaces, doing)(second, "Rex")
    assert names(first) == ["first", "second"]

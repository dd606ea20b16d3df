"""Workspaces beside each other: listed, made, archived, deleted and brought back.

A workspace is a folder. Its neighbours lie beside it; those of the one that ships with the program lie in a folder of
their own, so that the program's own data stays clean. What is deleted waits thirty days in a `.bin` beside them.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import WorkspaceError
from ..settings import DATA_DIR, workspace_dir
from ..store.ownership import holder
from .housekeeping import KEPT_DAYS
from .names import clean_name
from .workspace import Workspace, open_workspace

DATABASE = "diaforge.duckdb"
"""The file by which a workspace is known."""
ARCHIVED = ".archived"
BIN = ".bin"


@dataclass(frozen=True, slots=True)
class WorkspaceInfo:
    """One workspace in a line."""

    path: Path
    archived: bool
    opened_by: str
    """What has it open, such as `app (process 12)`; empty for nothing."""

    @property
    def name(self) -> str:
        return self.path.name


@dataclass(frozen=True, slots=True)
class BinnedWorkspace:
    """A deleted workspace that can be brought back."""

    path: Path
    """Where it waits."""
    name: str
    when: dt.datetime
    """UTC."""


def home(folder: Path) -> Path:
    """The folder that the neighbours of a workspace lie in."""
    return DATA_DIR / "workspaces" if folder.parent == DATA_DIR else folder.parent


def listed(folder: Path, *, archived: bool = False) -> list[WorkspaceInfo]:
    """The workspaces beside `folder`, it and the standard one included, by name; with `archived` all of them."""
    beside = {path for path in home(folder).glob("*") if (path / DATABASE).is_file()}
    known = beside | {path for path in (folder, workspace_dir()) if (path / DATABASE).is_file()}
    infos = [WorkspaceInfo(path, (path / ARCHIVED).exists(), _opened_by(path)) for path in sorted(known)]
    return [info for info in infos if archived or not info.archived or info.path == folder]


def create(beside: Path, name: str) -> Path:
    """The folder of a new, empty workspace; WorkspaceError if there is something of that name or it cannot be made."""
    path = home(beside) / clean_name(name, "workspace")
    if path.exists():
        raise WorkspaceError(f"There is a '{path.name}' in {path.parent} already. Take another name.")
    with open_workspace(path):
        return path


def archive(folder: Path, who: str, *, archived: bool = True, opened: Workspace | None = None) -> None:
    """Take a workspace off the list, or put it back. NotAllowed; WorkspaceError while another process has it."""
    with _open(folder, opened) as workspace:
        workspace.people.check(who, "remove")
        mark = folder / ARCHIVED
        mark.touch() if archived else mark.unlink(missing_ok=True)


def remove(folder: Path, who: str, *, opened: Workspace | None = None) -> BinnedWorkspace:
    """Put a workspace into the bin; `opened` is closed first. `restore` brings it back.

    NotAllowed; WorkspaceError while another process has it open or a run of it is working.
    """
    with _open(folder, opened) as workspace:
        workspace.people.check(who, "remove")
        working = workspace.jobs.unfinished()
        if working:
            raise WorkspaceError(f"Run '{working[0].name}' is working in {folder.name}. Cancel it first.")
        workspace.close()
    place = home(folder) / BIN / f"{folder.name}.{time.time_ns()}"
    place.parent.mkdir(parents=True, exist_ok=True)
    os.rename(folder, place)
    return _binned(place)


def bin_of(folder: Path) -> list[BinnedWorkspace]:
    """The deleted workspaces beside a workspace, the newest first; those whose days have ended are taken out first."""
    limit = dt.datetime.now(dt.UTC) - dt.timedelta(days=KEPT_DAYS)
    found = [_binned(path) for path in (home(folder) / BIN).glob("*.*") if (path / DATABASE).is_file()]
    for ended in (each for each in found if each.when < limit):
        shutil.rmtree(ended.path)
    return sorted((each for each in found if each.when >= limit), key=lambda each: each.when, reverse=True)


def restore(binned: BinnedWorkspace, who: str) -> Path:
    """The folder of a workspace that is back from the bin. NotAllowed; WorkspaceError if its place is taken."""
    place = binned.path.parent.parent / binned.name
    if place.exists():
        raise WorkspaceError(f"There is a '{binned.name}' again in {place.parent}. Rename that folder first.")
    with open_workspace(binned.path) as workspace:
        workspace.people.check(who, "remove")
    os.rename(binned.path, place)
    return place


@contextmanager
def _open(folder: Path, opened: Workspace | None) -> Iterator[Workspace]:
    """The workspace as this process has it open, else opened for as long as the block lasts."""
    if opened is not None:
        yield opened
        return
    if not (folder / DATABASE).is_file():
        raise WorkspaceError(f"There is no workspace {folder} (any more). Choose one from the list.")
    with open_workspace(folder) as workspace:
        yield workspace


def _opened_by(folder: Path) -> str:
    owner = holder(folder, patience_seconds=0.0)
    return f"{owner.what} (process {owner.pid})" if owner else ""


def _binned(place: Path) -> BinnedWorkspace:
    name, _, nanoseconds = place.name.rpartition(".")
    return BinnedWorkspace(place, name, dt.datetime.fromtimestamp(int(nanoseconds) / 1e9, dt.UTC))

"""Who has a workspace open: one process at a time, named for everybody else."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from ..errors import WorkspaceError
from ..records.base import Record


class Owner(Record):
    """The process that has the workspace open."""

    pid: int
    started: float
    """Start time of the process, seconds since 1970: a later process of the same number differs in it."""
    what: str
    """What it is: `app`, or the command."""
    port: int = 0
    """Loopback port that takes commands; 0 if it takes none."""
    token: str = ""
    """Secret that a command must show; the file is readable by its owner only."""


class Ownership:
    """The lock on a workspace folder; released by the operating system if the process dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / ".lock", thread_local=False)  # any thread of the app may close it
        self._owner: Owner | None = None

    def acquire(self, what: str, wait_seconds: float = 0.0) -> None:
        """Take the lock; WorkspaceError naming the holder if another has it, or if the folder cannot be written."""
        try:
            self._lock.acquire(timeout=wait_seconds)
        except Timeout:
            raise WorkspaceError(_held(self._folder)) from None
        except OSError as problem:
            raise WorkspaceError(
                f"The workspace {self._folder} cannot be written: {problem.strerror}. Change its permissions, or give "
                "another one with --workspace DIR."
            ) from problem
        self._owner = Owner(pid=os.getpid(), started=psutil.Process().create_time(), what=what)
        self._write(self._owner)

    def publish(self, port: int, token: str) -> None:
        """Let the command line know where this process takes commands."""
        assert self._owner is not None
        self._owner = Owner.model_validate(self._owner.model_dump() | {"port": port, "token": token})
        self._write(self._owner)

    def release(self) -> None:
        """Give the lock up."""
        (self._folder / "owner.json").unlink(missing_ok=True)
        self._lock.release()

    def _write(self, owner: Owner) -> None:
        partial = self._folder / f".owner.{os.getpid()}"
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(owner.model_dump_json())
        os.replace(partial, self._folder / "owner.json")


def holder(folder: Path, patience_seconds: float = 0.5) -> Owner | None:
    """The living process that has the workspace open, if any; a file left by a dead one does not count.

    Waits a moment for one that has the lock but has not written its name yet.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            owner = Owner.model_validate(json.loads((folder / "owner.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            owner = None
        if owner and is_alive(owner.pid, owner.started):
            return owner
        if not (folder / ".lock").exists() or time.monotonic() > deadline:
            return None
        time.sleep(0.05)


def is_alive(pid: int, started: float) -> bool:
    """Whether the process of this number still is the one that started then (numbers are used again)."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < 2.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _held(folder: Path) -> str:
    owner = holder(folder)
    who = f"process {owner.pid} ({owner.what})" if owner else "another process"
    return (
        f"The workspace {folder} is open in {who}, and only one process can have it open. "
        "Use that one, or close it, or give another workspace with --workspace DIR."
    )

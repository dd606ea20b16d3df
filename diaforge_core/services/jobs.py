"""Runs: queued here, done by worker processes, taken in from their folders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..records.dialogue import Dialogue
from ..records.run import Run, RunKind
from ..records.scenario import Scenario
from ..records.tool import Catalog
from ..store.run_folder import RunFolder

if TYPE_CHECKING:
    from .workspace import Workspace


class Jobs:
    """The runs of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def all(self) -> list[Run]:
        """Every run, newest first, as last taken in."""
        raise NotImplementedError

    def unfinished(self, kind: RunKind | None = None) -> list[Run]:
        """Runs that are queued or running, oldest first."""
        raise NotImplementedError

    def get(self, id_or_name: str) -> Run:
        """One run; DataError with the names there are if it is not here."""
        raise NotImplementedError

    def folder(self, id_or_name: str) -> RunFolder:
        """The run's own folder."""
        raise NotImplementedError

    def submit(
        self,
        kind: RunKind,
        name: str,
        config: dict[str, Any],
        *,
        catalog: Catalog,
        scenarios: Sequence[Scenario] = (),
        dialogues: Sequence[Dialogue] = (),
        validation: Sequence[Dialogue] = (),
        numbered: bool = False,
    ) -> Run:
        """The new run with everything copied into its folder, started if a slot is free."""
        raise NotImplementedError

    def poll(self) -> list[Run]:
        """Take in what workers have appended, start queued runs, and give the runs that are not finished."""
        raise NotImplementedError

    def cancel(self, id_or_name: str) -> Run:
        """The run, asked to stop: at once if queued, else after the row at hand; what is made stays usable."""
        raise NotImplementedError

    def resume(self, id_or_name: str) -> Run:
        """The run, going on after its last whole row; DataError if it is not failed, cancelled or lost."""
        raise NotImplementedError

    def log(self, id_or_name: str, lines: int = 200) -> str:
        """The last lines that the worker wrote."""
        raise NotImplementedError

    def wait(
        self, id_or_name: str, on_progress: Callable[[Run], None] | None = None, timeout_seconds: float | None = None
    ) -> Run:
        """The finished run; `on_progress` hears of every change meanwhile."""
        raise NotImplementedError

    def recover(self) -> None:
        """At the start: take in what happened while no app was open; a worker that is gone leaves a lost run."""
        raise NotImplementedError

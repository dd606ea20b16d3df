"""The demo workspace: built by code with a fixed seed, so that no page is empty at first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .workspace import Workspace


class Demo:
    """Building the demo's catalog `enterprise`, dataset `demo` and four recorded evaluations."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def build(self, on_progress: Callable[[str], None] | None = None) -> dict[str, object]:
        """What was made: catalog, dataset, dialogues, runs; what is there already is left as it is."""
        raise NotImplementedError

    def reset(self, on_progress: Callable[[str], None] | None = None) -> dict[str, object]:
        """As `build`, after taking the demo's own parts out of the workspace; everything else stays."""
        raise NotImplementedError

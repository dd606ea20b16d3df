"""Datasets in the forms that training tools read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .workspace import Workspace

Format = Literal["trl", "openai", "sharegpt", "dpo", "dialogues"]
FORMATS: tuple[Format, ...] = ("trl", "openai", "sharegpt", "dpo", "dialogues")


class Exports:
    """Writing datasets out."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def export(self, dataset: str, format: Format, out: str | Path) -> int:
        """How many rows were written to the file `out`, one JSON object a line, of the dataset's kept dialogues."""
        raise NotImplementedError

    def rows(self, dataset: str, format: Format) -> list[dict]:
        """The same rows without a file, for a download button."""
        raise NotImplementedError

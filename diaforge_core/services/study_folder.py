"""What a study keeps on disk: its choices, and what its short steps found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import DataError
from ..store.run_folder import replace_file
from .study_choices import StudyChoices

Facts = dict[str, Any]
"""What a step found out, as JSON."""


class StudyFolder:
    """The folder of one study; runs and datasets are not in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def report(self) -> Path:
        """Where its report is written."""
        return self.path / "report.md"

    def choices(self) -> StudyChoices | None:
        """What it was begun with; None if it was not. DataError if that cannot be read."""
        file = self.path / "choices.json"
        try:
            return StudyChoices.model_validate_json(file.read_bytes()) if file.is_file() else None
        except ValidationError as problem:
            raise DataError(f"{file} is of another version or damaged. Begin the study anew, under a new name.") from (
                problem
            )

    def begin(self, choices: StudyChoices) -> None:
        """Keep what it is made of."""
        self.path.mkdir(parents=True, exist_ok=True)
        replace_file(self.path / "choices.json", choices.model_dump_json(indent=1).encode())

    def facts(self, step: str) -> Facts | None:
        """What a step found out; None if it was not done or what it wrote cannot be read."""
        try:
            found = json.loads(self._file(step).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def keep(self, step: str, facts: Facts) -> None:
        """Keep what a step found out, in place of what it did before."""
        self._file(step).parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._file(step), json.dumps(facts, ensure_ascii=False, indent=1).encode())

    def _file(self, step: str) -> Path:
        return self.path / "facts" / f"{step.replace(':', '.')}.json"

"""What runs report at their end, as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ..records.dialogue import Dialogue

if TYPE_CHECKING:
    from ..evaluation.metrics import Measurements


class GenerationTally:
    """Counts the rows of a generation as they come in, in order."""

    def __init__(self, dataset: str) -> None:
        self.dataset = dataset
        self.asked = 0
        """Scenarios so far: played, or found impossible to draw."""
        self._accepted = self._turns = self._faults = self._undrawn = 0
        self._rejected: Counter[str] = Counter()
        self._tiers: Counter[str] = Counter()

    def add(self, row: dict[str, Any]) -> None:
        """Count one more row."""
        self.asked += 1
        if "dialogue" not in row:
            self._undrawn += 1
            return
        dialogue = Dialogue.model_validate(row["dialogue"])
        self._faults += "fault" in row
        if not dialogue.passed:
            self._rejected[first_failure(dialogue)] += 1
            return
        self._accepted += 1
        self._turns += dialogue.assistant_turns
        self._tiers[dialogue.scenario.tier] += 1

    def report(self) -> dict[str, Any]:
        """The counts so far; `faults` and `undrawn` only where there are some."""
        unusual = {"faults": self._faults, "undrawn": self._undrawn}
        return {
            "dataset": self.dataset,
            "asked": self.asked,
            "accepted": self._accepted,
            "rejected": dict(sorted(self._rejected.items())),
            "assistant_turns_per_dialogue": round(self._turns / self._accepted, 3) if self._accepted else 0.0,
            "tiers": dict(sorted(self._tiers.items())),
        } | {name: count for name, count in unusual.items() if count}


def measurements_report(measured: Measurements) -> dict[str, Any]:
    """Each metric's estimate or null by its key, and the counts and breakdowns beside them."""
    whole = plain(measured)
    values = whole.pop("values")
    return values | whole | {"per_tier": whole["by"]["tier"]}


def first_failure(dialogue: Dialogue) -> str:
    """Name of the first verifier that the dialogue fails; empty if it passes, `not verified` without verdicts."""
    if not dialogue.verdicts:
        return "not verified"
    return next((verdict.verifier for verdict in dialogue.verdicts if not verdict.passed), "")


def plain(value: Any) -> Any:
    """The value in JSON's own types: records and dataclasses as objects, sets and tuples as lists, nan as null."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted(plain(item) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

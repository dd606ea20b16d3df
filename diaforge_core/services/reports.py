"""What runs report at their end, as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from pydantic import BaseModel

from ..evaluation.metrics import Measurements
from ..records.dialogue import Dialogue


def generation_report(dataset: str, rows: Sequence[tuple[bool, str, int, str]]) -> dict[str, Any]:
    """The counts of a generation from its (passed, first failed verifier, assistant turns, tier) rows."""
    accepted = [row for row in rows if row[0]]
    turns = sum(row[2] for row in accepted) / len(accepted) if accepted else 0.0
    return {
        "dataset": dataset,
        "asked": len(rows),
        "accepted": len(accepted),
        "rejected": dict(sorted(Counter(row[1] for row in rows if not row[0]).items())),
        "assistant_turns_per_dialogue": round(turns, 3),
        "tiers": dict(sorted(Counter(row[3] for row in accepted).items())),
    }


def measurements_report(measured: Measurements) -> dict[str, Any]:
    """Each metric's estimate or null by its key, and the counts beside them."""
    values = {key: plain(value) for key, value in measured.values.items()}
    return values | {key: value for key, value in plain(measured).items() if key != "values"}


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

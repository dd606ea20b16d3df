"""What people decide about dialogues."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from .base import Record

ReviewState = Literal["pending", "accepted", "rejected", "flagged"]
DecisionKind = Literal["accept", "reject", "flag", "edit", "reopen", "undo"]
REJECT_REASONS: tuple[str, ...] = (
    "wrong tool",
    "wrong or ungrounded value",
    "asks what is known",
    "calls too early",
    "gives the answer away",
    "unnatural",
    "other",
)


class Decision(Record):
    """One act of a person on one version of a dialogue."""

    id: str
    dialogue: str
    version: int
    """The version that was on screen."""
    kind: DecisionKind
    reason: str = ""
    who: str
    when: dt.datetime
    """UTC."""

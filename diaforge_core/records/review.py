"""What people decide about dialogues."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from .base import Record
from .dialogue import Turn
from .scenario import Aim

ReviewState = Literal["pending", "accepted", "rejected", "flagged"]
DecisionKind = Literal["accept", "reject", "flag", "edit", "restore", "reopen", "undo", "redo"]
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
    """What a person did to one version of a dialogue, by itself or as a part of an act on several."""

    id: str
    dialogue: str
    version: int
    """The version that was on screen."""
    kind: DecisionKind
    reason: str = ""
    """Why; of an undo and a redo, the id of the decision that it takes back or brings back."""
    who: str
    when: dt.datetime
    """UTC."""
    act: str = ""
    """What was done at one stroke shares this id, and is undone at one stroke; empty for a decision by itself."""

    @property
    def stroke(self) -> str:
        """The act that it belongs to: its own id where it was one by itself."""
        return self.act or self.id


class Draft(Record):
    """What somebody has typed into a dialogue and not saved yet."""

    who: str
    dialogue: str
    version: int
    """The version that it began with."""
    when: dt.datetime
    """UTC, of the last change."""
    turns: tuple[Turn, ...]
    aim: Aim
    unread: dict[str, str] = Field(default_factory=dict)
    """Name of a field → its text, where that is no value of the field yet."""

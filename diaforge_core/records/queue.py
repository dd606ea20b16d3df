"""What several people review together."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from .base import Record

QueueOrder = Literal["generated", "oldest_decision", "random", "riskiest"]
"""riskiest: what a wrong call of the goal tool would do worst first, then the hardest tier, then the longest."""


class Filter(Record):
    """Which dialogues: those that meet every part that is given."""

    dataset: str
    state: Literal["pending", "accepted", "rejected", "flagged", "failed"] | None = "pending"
    """None for all."""
    text: str = ""
    """Looked for in all words said, any case."""
    tier: str | None = None
    persona: str = ""
    """`Name, role`, as lists show it."""
    style: str = ""
    """How the persona writes."""
    department: str = ""
    dial: str = ""
    """The behaviour that disturbs the conversation."""
    goal_tool: str = ""
    candidate: str = ""
    """A tool among the candidates."""
    solvable: bool | None = None
    """Whether the right tool is in view; None for either."""
    assistant: str = ""
    """Spec of the teacher that wrote the assistant's side."""
    verifier: str = ""
    """The first verifier that failed."""
    label: str = ""
    """Id of a label that somebody put on a turn."""
    reviewer: str = ""
    """Who decided, or judged it blind."""
    reason: str = ""
    """Why it was decided so."""
    commented: bool = False
    """Only what somebody commented on."""


class Queue(Record):
    """A filter that people work through, each dialogue served to one of them or, blind, to several."""

    id: str
    name: str
    filter: Filter
    order: QueueOrder = "generated"
    seed: int = 0
    """Of the random order."""
    overlap: int = Field(default=0, ge=0, le=100)
    """Percent of the dialogues that several people judge blind; a larger share holds every smaller one."""
    opinions: int = Field(default=2, ge=2, le=9)
    """How many people judge each of those."""
    people: tuple[str, ...] = ()
    """Who is served; empty for everybody."""
    archived: bool = False
    created: dt.datetime
    """UTC."""

"""Who asks, for what, among which tools: all that a rollout starts from."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import Field

from .base import Record

Tier = Literal["baseline", "medium", "hard", "expert"]
TIERS: tuple[Tier, ...] = ("baseline", "medium", "hard", "expert")
Dial = Literal["terse", "corrects", "changes_mind", "two_values", "digresses", "impatient", "answers_other_first"]
Bank = Literal["generation", "evaluation"]


class Persona(Record):
    """An enterprise user who makes requests."""

    name: str
    role: str
    department: str
    seniority: str = ""
    style: str = "plain"
    """How they write: plain, terse, chatty, formal or hurried."""
    typos: float = Field(default=0.0, ge=0.0, le=1.0)
    """Share of their turns with a slip of the keyboard."""


class InformationStage(Record):
    """What the user may reveal from one user turn on (METHOD.md §2)."""

    turn: int = Field(ge=1)
    """The user's own turn, counted from 1 (the opening)."""
    revealed: tuple[str, ...]
    """Parameter names of the goal tool."""


class DialEvent(Record):
    """What a behaviour dial makes happen once, and when; judged as it stands here (METHOD.md §2)."""

    turn: int = Field(default=2, ge=1)
    """The first of the user's own turns, counted from 1, in which it may happen."""
    values: tuple[str, ...] = ()
    """Dotted paths of the gold arguments that it is about.

    `corrects`: the one said wrongly first; `two_values`: the two said at once; `answers_other_first`: the one said
    before what was asked.
    """
    wrong: Any = None
    """`corrects`: the value said first, which the schema allows too."""
    tool: str = ""
    """`changes_mind`: cleaned name of the candidate that the user means at first."""


class Setting(Record):
    """What the system turn states besides the tools."""

    today: dt.date
    locale: str = "en-US"
    time_zone: str = "UTC"
    confirm_destructive: bool = False
    """Whether a destructive call must be confirmed once before it is made."""


class Aim(Record):
    """What people may change of a scenario: the rest of it follows or stays."""

    goal_tool: str
    """Cleaned name."""
    goal: str
    """What the user wants, in business words."""
    gold_arguments: dict[str, Any]
    candidates: tuple[str, ...] = Field(min_length=1)
    """Cleaned names in the order shown."""


class Scenario(Record):
    """A goal tool hidden among near-duplicates, gold arguments, a persona and what may be revealed when."""

    id: str
    catalog: str
    """Name of the catalog its tools come from."""
    catalog_version: str
    tier: Tier
    goal_tool: str
    """Cleaned name of the tool the request needs; absent from `candidates` when no right tool is in view."""
    goal: str
    """What the user wants, in business words."""
    gold_arguments: dict[str, Any]
    """Every value the user holds; those of optional parameters count once the user has stated them."""
    candidates: tuple[str, ...] = Field(min_length=1)
    """Cleaned names of the tools the assistant is shown, in the order shown."""
    distractors: tuple[str, ...] = ()
    """Cleaned names of the tools that the user's vague words fit too."""
    persona: Persona
    stages: tuple[InformationStage, ...]
    dial: Dial | None = None
    """The behaviour that disturbs the conversation, if any."""
    event: DialEvent | None = None
    """What that behaviour makes happen; None where it colours the whole conversation."""
    setting: Setting
    questions_needed: int = Field(ge=0)
    """Fewest non-call assistant turns of an optimal asker (METHOD.md §2)."""
    bank: Bank = "generation"
    """Which phrasing bank the user side draws from."""
    seed: int = Field(ge=0)
    parent: str = ""
    """Id of the trace or scenario this one was made from, if any."""

    @property
    def aim(self) -> Aim:
        """The part of it that people may change."""
        return Aim(
            goal_tool=self.goal_tool,
            goal=self.goal,
            gold_arguments=self.gold_arguments,
            candidates=self.candidates,
        )

    @property
    def solvable(self) -> bool:
        """Whether the goal tool is among the candidates."""
        return self.goal_tool in self.candidates

    def stage_of(self, parameter: str) -> int:
        """The first user turn in which `parameter` may be revealed; 1 for one that no stage names."""
        return min((stage.turn for stage in self.stages if parameter in stage.revealed), default=1)

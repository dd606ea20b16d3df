"""The unchangeable record of one rollout."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Record
from .dialogue import Turn
from .scenario import Scenario

Outcome = Literal[
    "error",
    "right",
    "invented_tool",
    "wrong_near_duplicate",
    "wrong_other_tool",
    "premature",
    "missing_key",
    "extra_key",
    "wrong_value",
    "turn_limit",
    "abstained",
]
"""How an episode with a right tool in view ended, in the order in which it is assigned (METHOD.md §4)."""
NoToolOutcome = Literal["error", "refused", "wrong_call", "turn_limit"]
"""How an episode without a right tool ended."""
Decoding = Literal["free", "constrained", "grounded"]
"""How a model on this machine writes: as it likes, held to what the tools in view take, or to what was said as well;
each is held to more than the one before."""
USER_FAULTS: frozenset[str] = frozenset({"leak", "invented_value", "contradiction", "too_early"})
"""Audit marks that make the user the one at fault. `not_understood` may be the assistant's own doing."""


class AuditMark(Record):
    """One fault of the simulated user, found without a model."""

    kind: Literal["leak", "invented_value", "contradiction", "too_early", "not_understood"]
    turn: int
    reason: str


class Trace(Record):
    """One live conversation as it happened."""

    id: str
    scenario: Scenario
    trial: int = Field(default=0, ge=0)
    """Redraws the user's wording, never the scenario."""
    turns: tuple[Turn, ...]
    assistant: str
    """Model spec of the assistant's side."""
    user: str = "scripted"
    """Family of the simulated user, or the spec of the model that played it."""
    ended: Literal["call", "none_fits", "turn_limit", "error"]
    error: str = ""
    """What went wrong inside the rollout; empty unless `ended` is `error` or the trace is `unanswered`."""
    unanswered: bool = False
    """Whether a model that the conversation needed, its critic included, gave no answer at all."""
    outcome: str = ""
    """An `Outcome` or `NoToolOutcome`; empty until graded."""
    reason: str = ""
    """One sentence on why that is the outcome."""
    audit: tuple[AuditMark, ...] = ()
    seconds: float = Field(default=0.0, ge=0.0)
    """Wall-clock time of the whole rollout."""

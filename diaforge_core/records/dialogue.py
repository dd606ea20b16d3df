"""What was said, and the verdicts on it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .base import Record
from .scenario import Scenario
from .tool import ToolCall

Speaker = Literal["user", "assistant", "tool"]
NOT_ACCEPTED = "This call was not accepted."
"""The one answer to a wrong call in an evaluation; it hints at nothing."""


class Turn(Record):
    """What one speaker said before the other spoke again."""

    speaker: Speaker
    thought: str = ""
    """The assistant's private reasoning; never shown to the user side."""
    reply: str = ""
    """Public words; empty where the assistant calls."""
    call: ToolCall | None = None
    seconds: float = Field(default=0.0, ge=0.0)
    """Wall-clock model time; zero for a scripted turn."""
    tokens: int = Field(default=0, ge=0)
    """Tokens a model wrote for it; zero for a scripted turn."""
    note: str = ""
    """Why the speaker did so, for people who read the trace; no other side and no verifier reads it."""


class Evidence(Record):
    """Where in the user's words an argument value comes from."""

    parameter: str
    """Dotted path of the argument, such as `address.city`."""
    value: Any
    turn: int
    start: int
    """Offset of the first character in that turn's reply."""
    end: int


class Verdict(Record):
    """One verifier's judgement of a dialogue."""

    verifier: str
    passed: bool
    reason: str = ""
    """Empty when it passed."""
    turn: int | None = None
    """Index into the dialogue's turns that the reason is about."""
    evidence: tuple[Evidence, ...] = ()
    """Where each argument of the call stands in the user's words; of the verifier `grounding` only."""


class Dialogue(Record):
    """The editable text of one conversation: the unit of review and of training data."""

    id: str = Field(min_length=1)
    scenario: Scenario
    turns: tuple[Turn, ...]
    verdicts: tuple[Verdict, ...] = ()
    assistant: str = "scripted:oracle"
    """Spec of the teacher that wrote the assistant's side."""
    trace: str = ""
    """Id of the trace it came from."""
    version: int = Field(default=1, ge=1)

    @property
    def passed(self) -> bool:
        """Whether it was verified and every verdict is a pass."""
        return bool(self.verdicts) and all(verdict.passed for verdict in self.verdicts)

    @property
    def assistant_turns(self) -> int:
        return sum(turn.speaker == "assistant" for turn in self.turns)

    def __str__(self) -> str:
        """The public words, one `User: …` or `Assistant: …` line a turn; a call as `name(arguments)`."""
        return "\n".join(f"{turn.speaker.capitalize()}: {public_words(turn)}" for turn in self.turns)


def public_words(turn: Turn) -> str:
    """What the other side sees of a turn: the reply, or the call as `[calls Name(key=value, …)]`."""
    if turn.call is None:
        return turn.reply
    arguments = ", ".join(f"{key}={value!r}" for key, value in turn.call.arguments.items())
    return f"[calls {turn.call.name}({arguments})]"

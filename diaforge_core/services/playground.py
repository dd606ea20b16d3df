"""Live conversations with a person on one side, or watching."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..records.dialogue import Turn
from ..records.scenario import Scenario
from ..records.tool import Tool, ToolCall
from ..records.trace import Trace
from .review import StripStep

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Column:
    """One model's conversation."""

    model: str
    turns: tuple[Turn, ...]
    ended: str
    """As `Trace.ended`; empty while it goes on."""
    outcome: str
    """As `Trace.outcome`; empty before the end and in free chat."""
    reason: str
    """One sentence on the outcome, or what went wrong."""


@dataclass(frozen=True, slots=True)
class Session:
    """One to three models in the same situation."""

    id: str
    tools: tuple[Tool, ...]
    """The candidates, in the order shown."""
    scenario: Scenario | None
    """None in free chat."""
    columns: tuple[Column, ...]


class Playground:
    """Sessions live in this process only; save one to keep it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def scenario(
        self, catalog: str, *, goal_tool: str | None = None, tier: str | None = None, seed: int | None = None
    ) -> Scenario:
        """One scenario of the catalog: by tool, by tier, or a surprise."""
        raise NotImplementedError

    def start(
        self,
        models: Sequence[str],
        *,
        scenario: Scenario | None = None,
        catalog: str = "",
        tools: Sequence[str] = (),
        opening: bool = False,
    ) -> Session:
        """A new session on a scenario, or free chat among `tools` of `catalog`.

        `opening=True` lets the simulated user speak first. ModelError if a model cannot be used.
        """
        raise NotImplementedError

    def get(self, session: str) -> Session:
        """The session as it stands; DataError if it is gone (after a restart of the app)."""
        raise NotImplementedError

    def send(self, session: str, text: str) -> Session:
        """The session after the person's user turn and every open column's answer."""
        raise NotImplementedError

    def say(self, session: str, text: str) -> Session:
        """The session with the person's user turn in every open column, not answered yet."""
        raise NotImplementedError

    def stream(self, session: str, column: int) -> Iterator[str]:
        """The words of one column's answer to the last user turn as they come; the turn is stored at the end."""
        raise NotImplementedError

    def step(self, session: str) -> Session:
        """The session one turn further with nobody playing: the simulated user where it is its turn, else the models."""
        raise NotImplementedError

    def act(self, session: str, reply: str = "", call: ToolCall | None = None, thought: str = "") -> Session:
        """The session after the person's own assistant turn in the first column, answered by the simulated user."""
        raise NotImplementedError

    def strip(self, session: str, column: int = 0) -> list[StripStep]:
        """The live ambiguity strip of a column."""
        raise NotImplementedError

    def trace(self, session: str, column: int = 0) -> Trace:
        """The column as a trace, graded if it was a scenario; DataError in free chat."""
        raise NotImplementedError

    def save(self, session: str, column: int = 0) -> str:
        """Id of the stored trace of a column, in the run `playground`."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop the resident model workers."""

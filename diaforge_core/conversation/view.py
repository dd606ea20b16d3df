"""What an assistant sees of a conversation, and what it does with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..records.dialogue import Turn
from ..records.scenario import Setting
from ..records.tool import Tool, ToolCall
from .reading import assemble, read


@dataclass(frozen=True, slots=True)
class View:
    """All that an assistant may see of a conversation."""

    tools: tuple[Tool, ...]
    """In the order shown."""
    setting: Setting
    turns: tuple[Turn, ...]


class Assistant(Protocol):
    """The assistant side of a rollout."""

    spec: str

    def act(self, view: View, seed: int) -> Turn:
        """The next turn: a thought with a reply or a call."""
        ...


def replying(thought: str, reply: str) -> Turn:
    """An assistant turn that speaks to the user."""
    return Turn(speaker="assistant", thought=thought, reply=reply)


def calling(tool: Tool, view: View, thought: str) -> Turn:
    """A call with the values that the words give this tool."""
    values = read((tool,), view.turns).values
    return Turn(speaker="assistant", thought=thought, call=ToolCall(name=tool.name, arguments=assemble(tool, values)))

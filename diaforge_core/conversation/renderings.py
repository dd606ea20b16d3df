"""In which form a model on this machine reads a conversation and writes its turn: ours, or its own tool template.

One form serves training and inference. A model's own chat template is taken only if tool calls and thoughts survive a
round trip through it; many templates drop calls, and then ours is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import ModelError
from ..records.dialogue import Turn
from ..records.scenario import Setting
from ..records.tool import Tool
from .own_template import VERSION, Piece, find_template
from .prompts import (
    END,
    RENDERING,
    Message,
    chat_messages,
    encode_control,
    encode_data,
    encode_message,
    encode_target,
    header,
    opening_ids,
)
from .template_check import what_is_lost

OWN = "own"
"""Asks for the model's own template, and for a refusal where it is not sound."""


class Rendering(Protocol):
    """A form of conversations, for one tokenizer."""

    @property
    def tokenizer(self) -> Any: ...

    @property
    def name(self) -> str:
        """Names exactly this form; stored with every run and adapter."""
        ...

    @property
    def native(self) -> bool:
        """Whether messages hold calls beside the words and tools are given apart, as servers want them."""
        ...

    @property
    def end(self) -> str:
        """What ends the assistant's turn."""
        ...

    def messages(
        self, setting: Setting, turns: Sequence[Turn], tools: Sequence[Tool], *, keep_thoughts: bool = False
    ) -> list[Message]:
        """The conversation as messages, the system turn first, one message a turn."""
        ...

    def pieces(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> list[Piece]:
        """The conversation's tokens; the words of each assistant message are a piece of their own.

        All before such a piece is what the model reads to write it, token by token. After a message of another side
        the last piece ends with the header of the assistant's next turn.
        """
        ...

    def target(self, turn: Turn) -> list[int]:
        """What the model is to write for this turn, thought and end included."""
        ...


def prompt_ids(rendering: Rendering, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> list[int]:
    """The tokens that the model reads before it writes its next turn."""
    return [token for piece in rendering.pieces(messages, tools) for token in piece.ids]


def is_known(name: str) -> bool:
    """Whether this version can write a rendering of this name, given the model's template."""
    return name == RENDERING or name.startswith(f"{VERSION}:")


def rendering_of(tokenizer: Any, wanted: str = "") -> Rendering:
    """The form for the model of this tokenizer: its own template if that is sound, else ours.

    `wanted` is the name that a tuned model was stored with, or `own`; ModelError if that one cannot be had.
    """
    if wanted == RENDERING:
        return Compact(tokenizer)
    own = find_template(tokenizer)
    lost = what_is_lost(own) if own else ["there is none that ends its turns"]
    if own and wanted == own.name:
        return own
    if wanted not in ("", OWN):
        known = " or ".join(f"'{one.name}'" for one in (Compact(tokenizer), own) if one)
        raise ModelError(
            f"The model was tuned on the rendering '{wanted}'; this version writes {known} for it. Tune it again, or "
            "give its folder the chat template that it was tuned with."
        )
    if own and not lost:
        return own
    if wanted == OWN:
        raise ModelError(
            f"The model's own chat template cannot be used for tool calls: {'; '.join(lost)}. Leave the choice open, "
            "and the built-in rendering is taken."
        )
    return Compact(tokenizer)


@dataclass(frozen=True)
class Compact:
    """Ours: ChatML with the tools in the system turn (see `prompts`)."""

    tokenizer: Any
    name: str = RENDERING
    native: bool = False
    end: str = END

    def messages(
        self, setting: Setting, turns: Sequence[Turn], tools: Sequence[Tool], *, keep_thoughts: bool = False
    ) -> list[Message]:
        return chat_messages(tools, setting, turns, keep_thoughts=keep_thoughts)

    def pieces(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> list[Piece]:
        found, around = [], opening_ids(self.tokenizer)
        for number, message in enumerate(messages):
            if message["role"] != "assistant":
                around += encode_message(self.tokenizer, message)
                continue
            around += encode_control(self.tokenizer, header("assistant"))
            words = encode_data(self.tokenizer, message["content"]) + encode_control(self.tokenizer, END + "\n")
            found += [Piece(around), Piece(words, number)]
            around = []
        if not messages or messages[-1]["role"] != "assistant":
            around += encode_control(self.tokenizer, header("assistant"))
        return [*found, Piece(around)] if around else found

    def target(self, turn: Turn) -> list[int]:
        return encode_target(self.tokenizer, turn)

"""A model's own chat template as a form of conversations: what it writes, cut around the words of the assistant.

Thoughts are put before the words of a turn here, not by the template. So earlier turns read the same however long the
conversation grows, whatever the template does with thoughts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ModelError
from ..records.dialogue import Turn
from ..records.scenario import Setting
from ..records.tool import Tool
from .mishaps import readable
from .prompts import CONTROL, SURROGATE, Message, encode_control, native_chat, native_message, native_tool, sanitise

VERSION = "template-1"
"""Of the way in which own templates are used; the template's hash follows it in a rendering's name."""
_ESCAPE = "\ufdd0"
"""A code point that no text has; in a call or a schema it stands before a character to be written as a JSON escape."""
_ESCAPED = re.compile(r"(?:\ufdd0|\\ufdd0)(.)", re.DOTALL)
_CALL_ID = "call00000"
"""Of every call: nine characters, as the strictest template asks for, and the same in history and target."""
_BEFORE: Message = {"role": "user", "content": "Go on."}
_AFTER: Message = {"role": "user", "content": "And?"}
"""What follows a turn while it is looked at as part of the history: templates write the last turn differently."""
_PROBE, _THOUGHT = "Seven of nine.", "Counting to nine."
_NO_TOOL = native_tool(Tool(name="probe", original_name="probe"))


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a conversation's tokens."""

    ids: list[int]
    message: int | None = None
    """Place of the assistant's message that these are the words of; None for all that stands around such words."""


@dataclass(frozen=True)
class OwnTemplate:
    """The chat template that came with the model (a `Rendering`)."""

    tokenizer: Any
    template: str
    end: str
    thought: tuple[str, str] = ("<think>", "</think>\n")
    """What stands before and after a thought."""
    native: bool = True
    _reserved: re.Pattern[str] = field(init=False, repr=False)
    """Any of the tokenizer's special tokens."""
    _control: re.Pattern[str] = field(init=False, repr=False)
    """The same, or what our own rendering takes for control."""

    def __post_init__(self) -> None:
        added = self.tokenizer.added_tokens_decoder.values()
        special = {token.content for token in added if token.special and token.content.strip()} | {self.end}
        longest_first = "|".join(map(re.escape, sorted(special, key=lambda text: (-len(text), text))))
        object.__setattr__(self, "_reserved", re.compile(longest_first))
        object.__setattr__(self, "_control", re.compile(f"{longest_first}|{CONTROL.pattern}", re.IGNORECASE))

    @property
    def name(self) -> str:
        return f"{VERSION}:{hashlib.sha256(self.template.encode()).hexdigest()[:12]}"

    def messages(
        self, setting: Setting, turns: Sequence[Turn], tools: Sequence[Tool], *, keep_thoughts: bool = False
    ) -> list[Message]:
        return native_chat(setting, turns, keep_thoughts=keep_thoughts)

    def pieces(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> list[Piece]:
        """ModelError where the template writes a shorter conversation differently than the start of a longer one."""
        return [Piece(self.encode(text), number) for text, number in self.texts(messages, tools)]

    def encode(self, text: str) -> list[int]:
        """Token ids of one piece of text."""
        return encode_control(self.tokenizer, text)

    def target(self, turn: Turn) -> list[int]:
        spoken = [_BEFORE, native_message(1, turn, keep_thought=True)]
        return next(piece.ids for piece in self.pieces(spoken) if piece.message is not None)

    def texts(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> list[tuple[str, int | None]]:
        """The pieces as text."""
        offered, said = [self._sound(native_tool(tool)) for tool in tools], [self._plain(one) for one in messages]
        last = bool(messages) and messages[-1]["role"] == "assistant"
        whole = _render(self.tokenizer, [*said, _AFTER] if last else said, offered, opening=not last)
        found: list[tuple[str, int | None]] = []
        place = 0
        for number, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            read = _render(self.tokenizer, said[:number], offered, opening=True)
            end = whole.find(self.end, len(read))
            if not whole.startswith(read) or end < 0:
                raise ModelError(
                    "The chat template writes the start of a conversation differently when it goes on, so a model "
                    "cannot be trained on it as it is used."
                )
            words = self._thought_of(message) + whole[len(read) : end + len(self.end)]
            found += [(whole[place : len(read)], None), (words, number)]
            place = end + len(self.end)
        return found if last else [*found, (whole[place:], None)]

    def _thought_of(self, message: Message) -> str:
        thought = self._words(message.get("reasoning_content", ""))
        return f"{self.thought[0]}{thought}{self.thought[1]}" if thought else ""

    def _plain(self, message: Message) -> Message:
        """The message as templates want it: sound data, no thought, arguments as an object."""
        made: Message = {"role": message["role"], "content": self._words(message["content"])}
        if "tool_call_id" in message:
            made["tool_call_id"] = _CALL_ID
        if "tool_calls" in message:
            made["tool_calls"] = [
                {
                    "id": _CALL_ID,
                    "type": "function",
                    "function": {
                        "name": self._sound(call["function"]["name"]),
                        "arguments": self._sound(json.loads(call["function"]["arguments"])),
                    },
                }
                for call in message["tool_calls"]
            ]
        return made

    def _words(self, text: str) -> str:
        """Words without anything that the tokenizer would read as control."""
        return self._reserved.sub(lambda found: f"{found[0][0]} {found[0][1:]}", sanitise(text).strip())

    def _sound(self, value: Any) -> Any:
        """JSON data whose control tokens will be escaped, without loss, once the template has written it."""
        if isinstance(value, str):
            return self._control.sub(rf"{_ESCAPE}\g<0>", SURROGATE.sub("\ufffd", value))
        if isinstance(value, dict):
            return {self._sound(key): self._sound(inner) for key, inner in value.items()}
        return [self._sound(inner) for inner in value] if isinstance(value, list) else value


def _render(tokenizer: Any, messages: Sequence[Message], tools: Sequence[Any], *, opening: bool) -> str:
    """The template's text; ModelError with its own words if it refuses."""
    with readable("The model's chat template cannot write this conversation"):
        text = tokenizer.apply_chat_template(
            list(messages),
            tools=list(tools) or None,
            add_generation_prompt=opening,
            tokenize=False,
            # The system turn states the day of the conversation; the template is not to contradict it.
            date_string="",
            strftime_now=lambda _form: "",
        )
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[1]):04x}", text)


def find_template(tokenizer: Any) -> OwnTemplate | None:
    """The tokenizer's own template, with the end of a turn and the thought as it writes them.

    None if it has none, or one that cannot write a question, an answer and another question.
    """
    answer: Message = {"role": "assistant", "content": _PROBE}
    try:
        template = tokenizer.get_chat_template(tools=[_NO_TOOL])
        read = _render(tokenizer, [_BEFORE], (), opening=True)
        last = _render(tokenizer, [_BEFORE, answer], (), opening=False)
        told = _render(tokenizer, [_BEFORE, {**answer, "reasoning_content": _THOUGHT}], (), opening=False)
    except (ModelError, ValueError, AttributeError):
        return None
    end = last[last.rfind(_PROBE) + len(_PROBE) :].strip()
    if not end:
        return None
    return OwnTemplate(tokenizer, template, end, _thought_marks(told[len(read) :]) or ("<think>", "</think>\n"))


def _thought_marks(written: str) -> tuple[str, str] | None:
    """What the template puts before and after a thought; None where it writes none that could be read back."""
    before, found, rest = written.partition(_THOUGHT)
    after = rest.partition(_PROBE)[0]
    readable = before.strip() == "<think>" and after.strip() == "</think>"
    return (before, after) if found and readable else None

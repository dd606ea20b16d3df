"""Turns as the chat messages of training tools, and such messages as turns again.

What is written is sanitised, for a training tool reads the control tokens in it as such; what is read is left as it is.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...records.dialogue import Dialogue, Turn
from ...records.tool import ToolCall
from ..assistants import View
from ..prompts import STRICT_JSON, Message, native_messages, sanitise

LEAST, MOST = -(2**63), 2**64 - 1
"""The integers that `datasets` can hold in an object."""
_THOUGHT = re.compile(r"\A\s*<think>(?P<thought>.*?)</think>\s*", re.DOTALL)
_THOUGHT_KEYS = ("thought", "reasoning_content", "reasoning", "thinking")
_SIDES = {
    "user": "user", "human": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant", "function_call": "assistant",
    "tool": "tool", "function": "tool", "observation": "tool",
}  # fmt: skip
"""The speaker's name in each form → ours."""
_SETS_THE_SCENE = ("system", "developer")


class RowProblem(ValueError):
    """Why a row cannot be read or written, as the end of a sentence."""


# ---- Writing ---------------------------------------------------------------------------------------------------------


def clean(value: Any) -> Any:
    """The JSON value with every text in it sanitised."""
    if isinstance(value, str):
        return sanitise(value)
    if isinstance(value, dict):
        return {sanitise(key): clean(inner) for key, inner in value.items()}
    return [clean(inner) for inner in value] if isinstance(value, list) else value


def json_text(value: Any) -> str:
    """The value as JSON, its characters as they are."""
    return json.dumps(value, ensure_ascii=False)


def system_message(dialogue: Dialogue) -> Message:
    """What servers with tool calling of their own get as the system turn: the tools stand beside it."""
    view = View(tools=(), setting=dialogue.scenario.setting, turns=())
    return native_messages(view)[0]


def messages_of(turns: Sequence[Turn], *, thoughts: bool, arguments_as_text: bool = False) -> list[Message]:
    """One message a turn; a thought stands as `<think>…</think>` before the words of its turn.

    `content` is always a text: templates that know no thoughts of their own print it, and some fail without it. A call
    is named by nine characters, which is what the strictest template (Mistral's) asks for. RowProblem as in
    `arguments_as_object`.
    """
    return [_message(index, turn, thoughts, arguments_as_text) for index, turn in enumerate(turns)]


def _message(index: int, turn: Turn, thoughts: bool, arguments_as_text: bool) -> Message:
    reply = sanitise(turn.reply)
    if turn.speaker == "tool":
        return {"role": "tool", "tool_call_id": _call_id(index - 1), "content": reply}
    if turn.speaker == "user":
        return {"role": "user", "content": reply}
    thought = f"<think>{sanitise(turn.thought)}</think>\n" if thoughts and turn.thought else ""
    if turn.call is None:
        return {"role": "assistant", "content": thought + reply}
    given = json_text(arguments(turn.call)) if arguments_as_text else arguments_as_object(turn.call)
    function = {"name": sanitise(turn.call.name), "arguments": given}
    call = {"id": _call_id(index), "type": "function", "function": function}
    return {"role": "assistant", "content": (thought + reply).strip(), "tool_calls": [call]}


def arguments(call: ToolCall) -> dict[str, Any]:
    """The call's arguments, sanitised; RowProblem for a number that JSON does not know."""
    if any(not math.isfinite(number) for number in _numbers(call.arguments)):
        raise RowProblem("an argument of its call is a number that JSON does not know")
    return clean(call.arguments)


def arguments_as_object(call: ToolCall) -> dict[str, Any]:
    """As `arguments`; RowProblem also for an integer that `datasets` cannot hold."""
    given = arguments(call)
    if any(isinstance(number, int) and not LEAST <= number <= MOST for number in _numbers(given)):
        raise RowProblem("an argument of its call has more digits than this form can hold")
    return given


def _call_id(index: int) -> str:
    return f"call{index:05}"


def _numbers(value: Any) -> Iterator[int | float]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, int | float):
        yield value
    for inner in inside:
        yield from _numbers(inner)


# ---- Reading ---------------------------------------------------------------------------------------------------------


def unpacked(value: Any, what: str) -> Any:
    """The value itself, or what it says where it is JSON text; RowProblem if the text is no JSON."""
    if not isinstance(value, str):
        return value
    try:
        return STRICT_JSON.decode(value)
    except (ValueError, RecursionError):
        raise RowProblem(f"{what} is a text that is not JSON") from None


def turns_of(messages: Any) -> tuple[tuple[Turn, ...], str]:
    """The turns of chat messages or of ShareGPT's, and the words of those that set the scene.

    RowProblem for what a turn here cannot hold: two calls at once, pictures, arguments that are no object.
    """
    listed = unpacked(messages, "the conversation")
    if not isinstance(listed, list):
        raise RowProblem("the conversation is no list of messages")
    turns: list[Turn] = []
    scene: list[str] = []
    for number, packed in enumerate(listed, 1):
        message = unpacked(packed, f"message {number}")
        if not isinstance(message, dict):
            raise RowProblem(f"message {number} is no object")
        role = message.get("role", message.get("from"))
        try:
            if role in _SETS_THE_SCENE:
                scene.append(_words(message))
            else:
                turns.append(_turn(role, message))
        except RowProblem as problem:
            raise RowProblem(f"message {number} {problem}") from None
    return tuple(turns), "\n".join(scene)


def _turn(role: Any, message: dict[str, Any]) -> Turn:
    speaker = _SIDES.get(role) if isinstance(role, str) else None
    if speaker is None:
        raise RowProblem(f"is said by {json.dumps(role)[:40]}, which is neither user nor assistant nor tool")
    words = _words(message)
    if speaker != "assistant":
        return Turn(speaker=speaker, reply=words)  # pyright: ignore[reportArgumentType]
    thought = next((message[key] for key in _THOUGHT_KEYS if isinstance(message.get(key), str)), "")
    if not thought and (found := _THOUGHT.match(words)):
        thought, words = found["thought"].strip(), words[found.end() :]
    calls = _calls_in_words(words) if role == "function_call" else _listed_calls(message)
    if len(calls) > 1:
        raise RowProblem(f"makes {len(calls)} calls, and a turn here makes one")
    call = _call(calls[0]) if calls else None
    return Turn(speaker="assistant", thought=thought, reply="" if role == "function_call" else words, call=call)


def _words(message: dict[str, Any]) -> str:
    content = message.get("content", message.get("value"))
    parts = content if isinstance(content, list) else [content]
    said = []
    for part in parts:
        text = part.get("text") if isinstance(part, dict) and part.get("type", "text") == "text" else part
        if text is None:
            continue
        if not isinstance(text, str):
            raise RowProblem("holds something other than text")
        said.append(text)
    return "\n".join(said)


def _listed_calls(message: dict[str, Any]) -> list[Any]:
    listed = unpacked(message.get("tool_calls") or [], "its list of calls")
    if not isinstance(listed, list):
        raise RowProblem("has a list of calls that is none")
    older = message.get("function_call")
    return listed if listed or not older else [older]


def _calls_in_words(words: str) -> list[Any]:
    found = unpacked(words, "its call")
    return found if isinstance(found, list) else [found]


def _call(packed: Any) -> ToolCall:
    call = unpacked(packed, "its call")
    inner = call.get("function", call) if isinstance(call, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(name, str) or not name:
        raise RowProblem("makes a call that names no tool")
    given = inner.get("arguments")
    try:
        values = unpacked(given if given not in (None, "") else {}, "its arguments")
    except RowProblem:
        values = None
    if not isinstance(values, dict):
        raise RowProblem(f"calls {name[:64]} with arguments that are no JSON object")
    return ToolCall(name=name, arguments=values)

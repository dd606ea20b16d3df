"""How a conversation becomes text for a model, and its text a turn again: one place for training and inference.

The format is ChatML with the tools in the system turn, `<think>…</think>` for the thought and
`<tool_call>{…}</tool_call>` for a call (templates of small models drop tool calls, so ours renders and parses them).
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..records.dialogue import Turn
from ..records.scenario import Setting
from ..records.tool import Tool, ToolCall
from .signatures import signature

if TYPE_CHECKING:
    from .assistants import View

RENDERING = "compact-1"
"""Name of exactly this rendering; stored with every run and adapter. A change of any text below needs a new name."""
START, END = "<|im_start|>", "<|im_end|>"
MAX_CALL_DEPTH = 40
"""Nesting at which a call's JSON is taken for garbage."""
MAX_NUMBER_BITS = 1024
"""Larger integers are garbage, and Python refuses to print the largest."""
CONTROL = re.compile(
    r"<(?=\||/?(?:think|tools?|tool_call|tool_response|s|bos|eos|pad|unk|start_of_turn|end_of_turn|repo_?name|file_sep"
    r"|filename|gh_stars|issue_\w+|jupyter_\w+|empty_output)\s*>)",
    re.IGNORECASE,
)
"""The `<` that opens what some tokenizer reads as control."""
SURROGATE = re.compile("[\ud800-\udfff]")
_TASK = """\
You operate enterprise tools for the user. Several tools look alike and requests are often incomplete. \
First find out which tool is meant; ask if more than one fits. Then ask for required values that are missing. \
Never invent a value. Then make exactly one call. If no tool fits, say that none of the tools fits."""
_FORMAT = """\
Think inside <think></think>, then write either a reply to the user or \
<tool_call>{"name": …, "arguments": {…}}</tool_call>."""
_CONFIRM = "Before a [destructive] call, restate its arguments once and ask the user to confirm."

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


Message = dict[str, Any]
"""One chat message: `role` (system, user, assistant; tool for servers with tool calling of their own) and `content`."""


def sanitise(text: str) -> str:
    """The text with every `<` that opens a control token replaced by `‹`, and lone surrogates by `\ufffd`."""
    return SURROGATE.sub("\ufffd", CONTROL.sub("‹", text))


def render_system(view: View) -> str:
    """The system turn: what to do, today's date, locale, zone, the confirm rule if it holds, and the tools."""
    return system_text(view.tools, view.setting)


def system_text(tools: Sequence[Tool], setting: Setting) -> str:
    """As `render_system`, without a view."""
    confirm = f"\n{_CONFIRM}" if setting.confirm_destructive else ""
    lines = sanitise("\n".join(f"- {signature(tool)}" for tool in tools))
    return f"{_TASK}\n{_FORMAT}{confirm}\n{_when(setting)}\nTools (* = required):\n{lines}"


def _when(setting: Setting) -> str:
    today = f"{_DAYS[setting.today.weekday()]} {setting.today.isoformat()}"
    return sanitise(f"Today is {today}. Locale {setting.locale}. Time zone {setting.time_zone}.")


def render_messages(view: View, *, keep_thoughts: bool = False) -> list[Message]:
    """The whole conversation as chat messages, the system turn first; earlier thoughts dropped unless kept."""
    return chat_messages(view.tools, view.setting, view.turns, keep_thoughts=keep_thoughts)


def chat_messages(
    tools: Sequence[Tool], setting: Setting, turns: Sequence[Turn], *, keep_thoughts: bool = False
) -> list[Message]:
    """As `render_messages`, without a view. Messages of a longer conversation start with those of a shorter one."""
    system: Message = {"role": "system", "content": system_text(tools, setting)}
    return [system, *(_message(turn, keep_thoughts) for turn in turns)]


def render_prompt(view: View, *, keep_thoughts: bool = False) -> str:
    """ChatML text of the conversation that ends at the header of the assistant's next turn."""
    return chat_text(render_messages(view, keep_thoughts=keep_thoughts))


def chat_text(messages: Sequence[Message]) -> str:
    """ChatML text of these messages, ending at the assistant's header."""
    body = "".join(f"{header(message['role'])}{message['content']}{END}\n" for message in messages)
    return body + header("assistant")


def header(role: str) -> str:
    """The text that opens a message of this role."""
    return f"{START}{role}\n"


def native_messages(view: View, *, keep_thoughts: bool = False) -> list[Message]:
    """The conversation for a model with tool calling of its own: tools and calls go beside the words, not in them."""
    return native_chat(view.setting, view.turns, keep_thoughts=keep_thoughts)


def native_chat(setting: Setting, turns: Sequence[Turn], *, keep_thoughts: bool = False) -> list[Message]:
    """As `native_messages`, without a view; a kept thought stands under `reasoning_content`."""
    confirm = f" {_CONFIRM}" if setting.confirm_destructive else ""
    system: Message = {"role": "system", "content": f"{_TASK}{confirm}\n{_when(setting)}"}
    return [system, *(native_message(number, turn, keep_thoughts) for number, turn in enumerate(turns))]


def native_message(number: int, turn: Turn, keep_thought: bool) -> Message:
    """The turn at this place of a conversation as a message of `native_chat`."""
    message: Message
    if turn.call is not None:
        function = {"name": turn.call.name, "arguments": json.dumps(turn.call.arguments, ensure_ascii=False)}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        message = {"role": "assistant", "content": "", "tool_calls": [call]}
    elif turn.speaker == "tool":
        message = {"role": "tool", "tool_call_id": f"call_{number - 1}", "content": turn.reply}
    else:
        message = {"role": turn.speaker, "content": sanitise(turn.reply)}
    if keep_thought and turn.speaker == "assistant" and turn.thought:
        message["reasoning_content"] = turn.thought
    return message


def native_tool(tool: Tool) -> dict[str, Any]:
    """The tool as servers and chat templates with tool calling of their own take it."""
    return {
        "type": "function",
        "function": {"name": tool.name, "description": sanitise(tool.text)[:1024], "parameters": tool.parameters},
    }


def tool_of_native(offered: dict[str, Any]) -> Tool:
    """The tool that `native_tool` writes as this."""
    function = offered["function"]
    return Tool(original_name=function["name"], **function)


def render_target(turn: Turn, *, with_thought: bool = True) -> str:
    """What the model is to write for this turn: the thought if there is one, then the call or the reply."""
    thought = sanitise(turn.thought).strip() if with_thought else ""
    body = _call_text(turn.call) if turn.call else sanitise(turn.reply).strip()
    return f"<think>{thought}</think>\n{body}" if thought else body


def _message(turn: Turn, keep_thoughts: bool) -> Message:
    if turn.speaker == "assistant":
        return {"role": "assistant", "content": render_target(turn, with_thought=keep_thoughts)}
    if turn.speaker == "tool":
        # A user message in tool clothes: servers refuse the role `tool` without a native call before it.
        return {"role": "user", "content": f"<tool_response>{sanitise(turn.reply)}</tool_response>"}
    return {"role": "user", "content": sanitise(turn.reply).strip()}


def _call_text(call: ToolCall) -> str:
    text = json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)
    # Inside JSON a control token can be written without loss.
    text = SURROGATE.sub("\ufffd", CONTROL.sub(r"\\u003c", text))
    return f"<tool_call>{text}</tool_call>"


# ---- Tokens ----------------------------------------------------------------------------------------------------------


def encode_message(tokenizer: Any, message: Message) -> list[int]:
    """Token ids of one whole message, its header and its end included."""
    head = encode_control(tokenizer, header(message["role"]))
    return head + encode_data(tokenizer, message["content"]) + encode_control(tokenizer, END + "\n")


def encode_target(tokenizer: Any, turn: Turn) -> list[int]:
    """Token ids of `render_target(turn)` and the end of the message: what the model is trained to write."""
    return encode_data(tokenizer, render_target(turn)) + encode_control(tokenizer, END)


def encode_control(tokenizer: Any, text: str) -> list[int]:
    """Token ids of text of ours, its control tokens read as such."""
    return list(tokenizer(text, add_special_tokens=False).input_ids)


def encode_data(tokenizer: Any, text: str) -> list[int]:
    """Token ids of text with data in it: whatever the tokenizer calls special is read as plain characters."""
    return list(tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids) if text else []


def opening_ids(tokenizer: Any) -> list[int]:
    """The begin-of-text token if this model's tokenizer starts every text with one, else nothing."""
    first = list(tokenizer("").input_ids)[:1]
    return first if first and first[0] == tokenizer.bos_token_id else []


# ---- Parsing ---------------------------------------------------------------------------------------------------------

_THOUGHT = re.compile(r"\A\s*(?:<think>)?(?P<thought>.*?)</think>", re.DOTALL | re.IGNORECASE)
_OPEN_THOUGHT = re.compile(r"\A\s*<think>", re.IGNORECASE)
_CALL_TAG = re.compile(r"<tool_call>|\[TOOL_CALLS\]|<\|python_tag\|>", re.IGNORECASE)
_FUNCTION_TAG = re.compile(r"<function=(?P<name>[^>\s]+)>", re.IGNORECASE)
_FENCE = re.compile(r"\A```\w*")
_NAME_KEYS, _ARGUMENT_KEYS = ("name", "tool", "tool_name", "function"), ("arguments", "parameters", "args", "input")


def parse_turn(text: str) -> Turn:
    """The assistant turn that a model's text stands for; never raises.

    The first readable call counts; words beside it and further calls go to the note. A call that cannot be read stays
    in the reply as it was written, so that it is graded as no call. `parse_turn(render_target(turn))` gives the turn
    back, up to `sanitise` and outer white space.
    """
    written = text.split(END, 1)[0]
    thought, rest = _split_thought(written)
    calls, around = _find_calls(rest)
    if not calls:
        note = "a tool call that could not be read" if _CALL_TAG.search(rest) else ""
        return Turn(speaker="assistant", thought=sanitise(thought), reply=sanitise(rest.strip()), note=note)
    notes = [f"said beside the call: {around}"] if around else []
    if len(calls) > 1:
        notes.append(f"{len(calls)} calls in one turn; the first counts")
    return Turn(speaker="assistant", thought=sanitise(thought), call=calls[0], note=sanitise("; ".join(notes)))


def call_from_json(name: str, arguments: str) -> ToolCall | None:
    """The call of a server's native answer; None if its arguments cannot be read."""
    return _as_call({"name": name, "arguments": arguments or "{}"})


def _split_thought(text: str) -> tuple[str, str]:
    """The thought and what follows it. A thought that never ends reaches to the call, or takes the whole text."""
    if match := _THOUGHT.match(text):
        return match["thought"].strip(), text[match.end() :]
    if match := _OPEN_THOUGHT.match(text):
        call = _CALL_TAG.search(text)
        end = call.start() if call else len(text)
        return text[match.end() : end].strip(), text[end:]
    return "", text


def _find_calls(text: str) -> tuple[list[ToolCall], str]:
    """The calls in the text after the thought, and the words before the first of them."""
    tag = _CALL_TAG.search(text)
    if tag:
        calls = [call for piece in _CALL_TAG.split(text[tag.start() :]) for call in _calls_in(piece)]
        return calls, text[: tag.start()].strip()
    if function := _FUNCTION_TAG.search(text):
        arguments = next(_json_values(text[function.end() :]), None)
        call = _as_call({"name": function["name"], "arguments": arguments})
        return ([call] if call else []), text[: function.start()].strip()
    return _bare_calls(text.strip()), ""


def _bare_calls(text: str) -> list[ToolCall]:
    """The calls of a text that is nothing but a JSON call, fenced or not."""
    inside = _FENCE.sub("", text).removesuffix("```").strip()
    if not inside.startswith(("{", "[")) or not inside.endswith(("}", "]")):
        return []
    value = _load(inside)
    values = value if isinstance(value, list) else [value]
    return [call for item in values if _is_explicit(item) and (call := _as_call(item))]


def _is_explicit(value: Any) -> bool:
    """Whether an object without a tag around it is meant as a call: it has arguments, not just a name."""
    if not isinstance(value, dict):
        return False
    return isinstance(value.get("function"), dict) or any(key in value for key in _ARGUMENT_KEYS)


def _calls_in(text: str) -> list[ToolCall]:
    """The calls of the first JSON value in the text: an object, or a list of them."""
    value = next(_json_values(text), None)
    values = value if isinstance(value, list) else [value]
    return [call for item in values if (call := _as_call(item))]


def _json_values(text: str) -> Iterator[Any]:
    """The first object or list in the text, if it can be read: as JSON, else as a Python literal."""
    start = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=-1)
    if start < 0:
        return
    body = text[start:]
    try:
        value, _ = STRICT_JSON.raw_decode(body)
        yield value
    except (ValueError, RecursionError):
        closing = max(body.rfind("}"), body.rfind("]"))
        if closing >= 0 and (value := _load(body[: closing + 1])) is not None:
            yield value


def _load(text: str) -> Any:
    """The value of a JSON text or of a Python literal such as small models write; None if it is neither."""
    try:
        return STRICT_JSON.decode(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return None


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


STRICT_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=_refuse)
"""Decodes JSON as its standard has it: numbers that are none, or too large, are a ValueError."""


def _as_call(value: Any) -> ToolCall | None:
    """The call that a JSON object describes in any of the usual shapes; None if it describes none."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("function"), dict):
        return _as_call(value["function"])
    name = next((value[key] for key in _NAME_KEYS if isinstance(value.get(key), str)), None)
    arguments = next((value[key] for key in _ARGUMENT_KEYS if key in value), None)
    if isinstance(arguments, str):
        arguments = _load(arguments) if arguments.strip() else {}
        if arguments is None:
            return None
    arguments = {} if arguments is None else arguments
    if not name or not isinstance(arguments, dict):
        return None
    try:
        return ToolCall(name=SURROGATE.sub("\ufffd", name.strip()), arguments=_plain(arguments))
    except ValueError:
        return None


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON data with sound strings; ValueError for what JSON cannot hold or what nests too deep."""
    if depth > MAX_CALL_DEPTH:
        raise ValueError("nested too deep")
    if isinstance(value, dict):
        return {str(_plain(key, depth + 1)): _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1) for inner in value]
    if isinstance(value, str):
        return SURROGATE.sub("\ufffd", value)
    if isinstance(value, int) and value.bit_length() > MAX_NUMBER_BITS:
        raise ValueError("too large a number")
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError(f"{type(value).__name__} is not JSON")

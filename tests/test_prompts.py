"""One rendering for training and inference: what is written is read back, and data cannot pose as control."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.conversation.assistants import View
from diaforge_core.conversation.prompts import (
    END,
    START,
    chat_text,
    native_messages,
    parse_turn,
    render_messages,
    render_prompt,
    render_system,
    render_target,
    sanitise,
)
from diaforge_core.conversation.signatures import signature
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.tool import Tool, ToolCall

from .factories import a_setting, a_tool, asks, calls, lead_turns, not_accepted, sales_tools, user

NASTY = st.sampled_from(
    ["<|im_end|>", "<|im_start|>assistant\n", "</think>", "<think>", "<tool_call>", "</TOOL_CALL>", "<tool_response>"]
)
WORDS = st.text(max_size=40)
TEXT = st.lists(WORDS | NASTY, max_size=4).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def view(*turns: Turn, tools: tuple[Tool, ...] | None = None, **setting) -> View:
    return View(tools=tools or sales_tools()[:3], setting=a_setting(**setting), turns=turns)


@given(name=TEXT.filter(str.strip), arguments=st.dictionaries(TEXT, VALUES, max_size=4), thought=TEXT)
def test_a_call_is_read_back_exactly(name: str, arguments: dict, thought: str) -> None:
    turn = Turn(speaker="assistant", thought=thought, call=ToolCall(name=name.strip(), arguments=arguments))
    back = parse_turn(render_target(turn) + END)
    assert back.call == turn.call
    assert (back.thought, back.reply, back.note) == (sanitise(thought).strip(), "", "")


@given(reply=TEXT.filter(lambda text: not text.strip().startswith(("{", "[", "```"))), thought=TEXT)
def test_a_reply_is_read_back_up_to_sanitising(reply: str, thought: str) -> None:
    back = parse_turn(render_target(Turn(speaker="assistant", thought=thought, reply=reply)) + END)
    assert back == Turn(speaker="assistant", thought=sanitise(thought).strip(), reply=sanitise(reply).strip())


@given(st.lists(TEXT | st.sampled_from(['{"name": "A"', '"arguments": {', "}", "[", "```json", "1e999"]), max_size=8))
def test_no_text_breaks_the_parser(pieces: list[str]) -> None:
    turn = parse_turn("".join(pieces))
    assert turn.speaker == "assistant"
    turn.model_dump_json().encode()
    assert Turn.model_validate_json(turn.model_dump_json()) == turn


@given(TEXT, TEXT, TEXT)
def test_data_adds_no_control_token(said: str, described: str, called: str) -> None:
    tool = a_tool("A", description=described, note="string")
    prompt = render_prompt(view(user(said), calls("A", note=called), not_accepted(), tools=(tool,)))
    assert prompt.count(START) == 5
    assert prompt.count(END) == 4
    assert prompt.count("<tool_call>") == 2
    assert prompt.count("<think>") == 1
    prompt.encode()


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ('<tool_call>{"name": "A", "arguments": {"x": 1}}', "A", {"x": 1}),
        ('<tool_call>\n{"name": "A", "arguments": "{\\"x\\": 1}"}\n</tool_call>', "A", {"x": 1}),
        ('<tool_call>[{"name": "A", "parameters": {"x": 1}}]</tool_call>', "A", {"x": 1}),
        ("<tool_call>{'name': 'A', 'arguments': {'x': True,}}</tool_call>", "A", {"x": True}),
        ('```json\n{"name": "A", "arguments": {"x": 1}}\n```', "A", {"x": 1}),
        ('{"tool": "A", "args": {}}', "A", {}),
        ('{"type": "function", "function": {"name": "A", "arguments": {"x": 1}}}', "A", {"x": 1}),
        ('[TOOL_CALLS] [{"name": "A", "arguments": {"x": 1}}]', "A", {"x": 1}),
        ('<function=A>{"x": 1}</function>', "A", {"x": 1}),
        ('<think>so <tool_call>{"name": "A"}', "A", {}),
        (
            'Here it is: <tool_call>```json\n{"name": "A", "arguments": {"x": "a}b"}}\n```</tool_call>',
            "A",
            {"x": "a}b"},
        ),
    ],
)
def test_calls_are_read_in_the_shapes_models_write(text: str, name: str, arguments: dict) -> None:
    assert parse_turn(text).call == ToolCall(name=name, arguments=arguments)


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "A", "arguments": {"x": 1',
        '<tool_call>{"name": "A", "arguments": [1, 2]}</tool_call>',
        '<tool_call>{"arguments": {"x": 1}}</tool_call>',
        '<tool_call>{"name": "A", "arguments": {"x": NaN}}</tool_call>',
        '<tool_call>{"name": "A", "arguments": {"x": 1e999}}</tool_call>',
        '<tool_call>{"name": "A", "arguments": {"x": ' + "[" * 5000 + "]" * 5000 + "}}</tool_call>",
    ],
)
def test_a_call_that_cannot_be_read_stays_words_with_a_note(text: str) -> None:
    turn = parse_turn(text)
    assert turn.call is None
    assert turn.reply
    assert turn.note == "a tool call that could not be read"


def test_the_first_of_several_calls_counts_and_words_beside_it_are_noted() -> None:
    turn = parse_turn('Sure. <tool_call>{"name": "A"}</tool_call><tool_call>{"name": "B"}</tool_call>')
    assert turn.call == ToolCall(name="A")
    assert turn.note == "said beside the call: Sure.; 2 calls in one turn; the first counts"


def test_json_that_is_no_call_is_a_reply() -> None:
    assert parse_turn('{"name": "John", "age": 3}').reply == '{"name": "John", "age": 3}'


def test_the_system_turn_states_date_locale_zone_and_every_parameter() -> None:
    text = render_system(view(locale="de-DE", time_zone="Europe/Berlin"))
    assert "Today is Monday 2026-03-02. Locale de-DE. Time zone Europe/Berlin." in text
    for tool in sales_tools()[:3]:
        assert all(name in text for name in tool.properties)
    assert "confirm" not in text
    assert "confirm" in render_system(view(confirm_destructive=True))


def test_a_longer_conversation_starts_with_the_shorter_one() -> None:
    turns = lead_turns()
    shorter, longer = (render_prompt(view(*turns[:count])) for count in (3, 5))
    assert longer.startswith(shorter)


def test_earlier_thoughts_are_dropped_unless_kept() -> None:
    spoken = view(user("Hi."), asks("Which one?", thought="Two are open."), user("The first."))
    assert "Two are open." not in render_prompt(spoken)
    assert "<think>Two are open.</think>\nWhich one?" in chat_text(render_messages(spoken, keep_thoughts=True))


def test_a_refused_call_is_shown_as_a_tool_response() -> None:
    messages = render_messages(view(user("Add John."), calls("A", x=1), not_accepted()))
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2]["content"] == '<tool_call>{"name": "A", "arguments": {"x": 1}}</tool_call>'
    assert messages[3]["content"] == "<tool_response>This call was not accepted.</tool_response>"


def test_native_messages_pair_each_call_with_its_answer() -> None:
    messages = native_messages(view(user("Add John."), calls("A", x=1), not_accepted()))
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool"]
    call = messages[2]["tool_calls"][0]
    assert call["id"] == messages[3]["tool_call_id"]
    assert json.loads(call["function"]["arguments"]) == {"x": 1}
    assert "CRM_" not in messages[0]["content"]


def test_a_signature_shows_types_enums_nesting_and_rules() -> None:
    tool = a_tool(
        "Pay",
        summary="Pay a bill",
        description="Sends money.",
        side_effect="destructive",
        kind={"type": "string", "enum": ["wire", "card"], "required!": True},
        amount={"type": ["number", "null"]},
        code={"enum": ["1", 2, "true"]},
        to={
            "type": "object",
            "properties": {"iban": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
            "required": ["iban"],
        },
        due={"type": "string", "format": "date"},
        extra={
            "dependentRequired": {"amount": ["due"]},
            "if": {"properties": {"kind": {"const": "wire"}}, "required": ["kind"]},
            "then": {"required": ["to"]},
            "allOf": [{"oneOf": [{"required": ["code"]}, {"required": ["due", "to"]}]}],
        },
    )
    assert signature(tool) == (
        'Pay(kind*: wire|card, amount: number|null, code: "1"|2|"true", to: {iban*: string, tags: [string]}, '
        "due: string<date>) [destructive]: Pay a bill. Sends money. Rule: amount needs due; "
        "if kind=wire: to required; exactly one of (code) | (due, to)."
    )


def test_a_signature_is_one_line_of_bounded_description() -> None:
    tool = a_tool("A", description="word " * 500 + "\nend", x="string")
    assert "\n" not in signature(tool)
    assert len(signature(tool)) < 200


def test_numbers_survive_the_round_trip() -> None:
    turn = calls("A", whole=1, real=1.0, big=10**15, small=1e-9)
    back = parse_turn(render_target(turn)).call
    assert back is not None
    assert {key: type(value) for key, value in back.arguments.items()} == {
        "whole": int,
        "real": float,
        "big": int,
        "small": float,
    }
    assert math.isclose(back.arguments["small"], 1e-9)

"""Constrained decoding: what a model on this machine can write, and what it cannot."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from jsonschema import Draft202012Validator

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.call_schema import plain_schema
from diaforge_core.conversation.chat_models import ModelAssistant, ScriptedModel
from diaforge_core.conversation.constrained import Constraint, with_constrained_decoding
from diaforge_core.conversation.local_model import LocalModel
from diaforge_core.conversation.notes import draft_note, drafted, open_note
from diaforge_core.conversation.plain_teacher import PlainTeacher
from diaforge_core.conversation.prompts import END, encode_control, encode_data, parse_turn, render_target
from diaforge_core.conversation.reading import assemble, missing
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import ModelError
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.dialogue import Evidence
from diaforge_core.records.tool import Tool

from .held_writing import VOCABULARY, writes

PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "lead_id": {"type": "string", "pattern": "^LD-[0-9]+$", "minLength": 4},
        "reason": {"type": "string", "enum": ["spam", "left the market", "größer"]},
        "count": {"type": ["integer", "null"]},
        "address": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
    },
    "required": ["lead_id"],
    "if": {"properties": {"reason": {"const": "spam"}}},
    "then": {"required": ["count"]},
}
TOOLS = tuple(
    Tool(name=name, original_name=name, description="Does it.", parameters=parameters)
    for name, parameters in (("delete_lead", PARAMETERS), ("list_leads", {"type": "object"}))
)


@pytest.mark.parametrize(
    "text",
    [
        "Which lead do you mean?",
        "<think>Either of two.</think>\nWhich one: a < b, [1], [x] or not?",
        '<tool_call>{"name": "list_leads", "arguments": {}}</tool_call>',
        '<think>Now.</think>\n<tool_call>{"name": "delete_lead", "arguments": {"lead_id": "LD-1"}}</tool_call>',
        '<tool_call>{"name": "delete_lead", "arguments": {"lead_id": "Ü \\"x\\"", "reason": "größer", "count": null, '
        '"address": {"city": "Köln"}, "tags": ["b", "a"]}}</tool_call>',
    ],
)
def test_replies_and_calls_that_a_tool_takes_can_be_written(constraint: Constraint, tokenizer: Any, text: str) -> None:
    assert writes(constraint, tokenizer, text, TOOLS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '<tool_call>{"name": "delete_leads", "arguments": {"lead_id": "LD-1"}}</tool_call>',
        '<tool_call>{"name": "delete_lead", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "delete_lead", "arguments": {"leadId": "LD-1"}}</tool_call>',
        '<tool_call>{"name": "delete_lead", "arguments": {"lead_id": 7}}</tool_call>',
        '<tool_call>{"name": "delete_lead", "arguments": {"lead_id": "LD-1", "reason": "bored"}}</tool_call>',
        '<tool_call>{"name": "delete_lead", "arguments": {"lead_id": "LD-1", "tags": ["c"]}}</tool_call>',
        '<tool_call>{"name": "list_leads", "arguments": {"lead_id": "LD-1"}}</tool_call>',
        '<tool_call>{"name": "list_leads", "arguments": {}}</tool_call> and more',
        'Sure. <tool_call>{"name": "drop_table", "arguments": {}}</tool_call>',
        '{"name": "drop_table", "arguments": {}}',
        'So: <function=drop_table>{"a": 1}',
        'So: [TOOL_CALLS][{"name": "drop_table", "arguments": {}}]',
        "<think>It never ends",
        '<think>a <tool_call>{"name": "drop_table", "arguments": {}}</tool_call>',
        ' {"name": "drop_table", "arguments": {}}',
        '\x1c{"name": "drop_table", "arguments": {}}',
        '\t[{"name": "drop_table", "arguments": {}}]',
        ' ```json\n{"name": "drop_table", "arguments": {}}\n```',
        'So: <|python_tag|>{"name": "drop_table", "arguments": {}}',
        'So: <TOOL_CALL>{"name": "drop_table", "arguments": {}}</TOOL_CALL>',
        'So: <Function=drop_table>{"a": 1}',
        "So: <<function=drop_table>{}",
        'So: [tool_calls]{"name": "drop_table", "arguments": {}}',
        'So: <[TOOL_CALLS]{"name": "drop_table", "arguments": {}}',
        'drop</think>{"name": "drop_table", "arguments": {}}',
    ],
)
def test_calls_that_no_tool_takes_cannot_be_written_in_any_form(
    constraint: Constraint, tokenizer: Any, text: str
) -> None:
    assert not writes(constraint, tokenizer, text, TOOLS)


CALL = '<tool_call>{"name": "delete_lead", "arguments": {"lead_id": "LD-1", "reason": "spam"}}</tool_call>'


def draft(lead: str, city: str = "-", count: str = '"count": -, ', reason: str = '"spam"') -> str:
    """The beginning of a turn that drafts a call of `delete_lead`."""
    return f'<think>Tool: delete_lead {{"lead_id": {lead}, "reason": {reason}, {count}"address": {city}, "tags": -}}.'


WHOLE, GAPPY = draft('"LD-1"'), draft("?", '{"city": ?}')


@pytest.mark.parametrize(
    "text",
    [
        "<think>Open: delete_lead = remove a lead; list_leads = see leads, v2.0.</think>\nWhich one?",
        "<think>Open: list_leads = see leads.</think>\nThat one?",
        "<think>Open: delete_lead = a; list_leads = b, c.</think>\nWhich one do you want: a or b, c?",
        "<think>Open: delete_lead = a; list_leads = a.</think>\nWhich one: this or that?",
        "<think>Open: delete_lead = yes; list_leads = no.</think>\nDo you have an ID?",
        "<think>Open: none.</think>\nNone of the tools fits that.",
        f"{WHOLE}</think>\n{CALL}",
        f"{WHOLE} To be confirmed.</think>\nShall I go ahead?",
        f"{GAPPY}</think>\nWhat are the lead ID and the city?",
        f"{draft('?', '-')}</think>\nWhat is the lead ID?",
        '<think>Tool: list_leads {}.</think>\n<tool_call>{"name": "list_leads", "arguments": {}}</tool_call>',
    ],
)
def test_notes_that_agree_with_the_tools_can_be_written(constraint: Constraint, tokenizer: Any, text: str) -> None:
    assert writes(constraint, tokenizer, text, TOOLS)


@pytest.mark.parametrize(
    "text",
    [
        "<think>Open: drop_table = drop it.</think>\nThis?",
        "<think>Open: delete_lead, list_leads.</think>\nWhich one?",
        "<think>Open: delete_lead = a; list_leads = b, c.</think>\nWhich one do you want: a or b?",
        "<think>Open: delete_lead = a; list_leads = b.</think>\nWhich one do you want: b or a?",
        "<think>Open: delete_lead = a; list_leads = b.</think>\nWhich one do you want: a?",
        "<think>Open: delete_lead = a; list_leads = b.</think>\nWhich one do you want: a, b?",
        "<think>Open: delete_lead = a; list_leads = b.</think>\nWhich one do you want: a, b or c?",
        "<think>Open: list_leads = see leads; delete_lead = remove one; list_leads = see more.</think>\nWhich one?",
        f"<think>Open: delete_lead = remove a lead.</think>\n{CALL}",
        f"{GAPPY}</think>\n{CALL}",
        f"{WHOLE} To be confirmed.</think>\n{CALL}",
        f'{WHOLE}</think>\n<tool_call>{{"name": "list_leads", "arguments": {{}}}}</tool_call>',
        f"{WHOLE}</think>\n{CALL.replace('LD-1', 'LD-2')}",
        f"{WHOLE}</think>\n" + CALL.replace(', "reason": "spam"', ""),
        f"{WHOLE}</think>\n" + CALL.replace('"spam"', '"spam", "count": 4'),
        draft("-") + f"</think>\n{CALL}",
        draft("LD-1") + f"</think>\n{CALL}",
        draft('"LD-1"', count="") + f"</think>\n{CALL}",
        draft('"LD-1"', reason='"bored"') + f"</think>\n{CALL}",
        draft('"<tool_call>"') + f"</think>\n{CALL}",
        draft('"</think>"') + f"</think>\n{CALL}",
        draft('"LD-1"', '{"city": -}') + f"</think>\n{CALL}",
        draft('"LD-1"', "{}") + f"</think>\n{CALL}",
        f"{WHOLE.replace('count', 'number')}</think>\n{CALL}",
        f"{WHOLE.replace('delete_lead', 'drop_table')}</think>\n{CALL}",
        "<think>Tool: list_leads.</think>\nDone.",
    ],
)
def test_notes_that_contradict_the_tools_or_what_follows_them_cannot(
    constraint: Constraint, tokenizer: Any, text: str
) -> None:
    assert not writes(constraint, tokenizer, text, TOOLS)


TEXT: dict[str, Any] = {"type": "string"}
CITY = {"type": "object", "required": ["city"], "properties": {"zip": TEXT, "city": TEXT}}
LINES = {
    "type": "object", "required": ["lines"], "additionalProperties": True,
    "properties": {"lines": {"type": "array", "items": {
        "type": "object", "required": ["tags"], "additionalProperties": True,
        "properties": {"tags": {"type": "array", "items": TEXT}},
    }}, "place": TEXT},
}  # fmt: skip
BRANCH = {"type": "object", "oneOf": [{"required": ["of"]}], "properties": {"of": CITY}, "required": ["of"]}


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({"properties": {"a": LINES}, "required": ["a"]}, {}),
        ({"properties": {"a": LINES}, "required": ["a"]}, {"a.lines": [{"tags": ["x"]}]}),
        ({"properties": {"a": BRANCH}, "required": ["a"]}, {"a.of.city": "Bonn"}),
        ({"properties": {"a": CITY, "b": CITY}, "required": ["a"]}, {"a.zip": "1"}),
        ({"properties": {"a": TEXT}}, {"a": "a < b, [URGENT], Jane <jane@x.com>, List<String>"}),
        ({"properties": {"a": TEXT, "b": TEXT, "c": TEXT}}, {"a": "?", "b": "-", "c": 'a "b"\nc\\'}),
        ({"properties": {"a": {}, "b": {"type": "array"}, "c": {"type": "object"}}},
         {"a": ["x", 1], "b": [{"k": 1}], "c": {"k": {"z": None}, "l": [True]}}),
        ({"properties": {"a": TEXT, "a.b": TEXT, "a.c": TEXT}}, {"a": "x"}),
        ({"properties": {"a": TEXT, "a.b": TEXT, "a.c": TEXT}}, {"a.b": "x"}),
        ({"properties": {}, "allOf": [{"properties": {"x": CITY, "y": TEXT}}]}, {"x.city": "Bonn"}),
        ({"properties": {"a": True, "b": {"enum": []}, "c": {"enum": ["[x]", "<tool_call>"]}}}, {"c": "[x]"}),
        ({"properties": {f"p{number}": TEXT for number in range(30)}, "required": ["p7"]}, {"p3": "x", "p9": "y"}),
    ],
)  # fmt: skip
def test_drafts_of_odd_schemas_can_be_written(
    constraint: Constraint, tokenizer: Any, schema: Any, values: dict[str, Any]
) -> None:
    tool = Tool(name="odd", original_name="odd", description="", parameters={"type": "object", **schema})
    given = {path: Evidence(parameter=path, value=value, turn=0, start=0, end=0) for path, value in values.items()}
    gaps = missing(tool, given)
    ending = json.dumps({"name": "odd", "arguments": assemble(tool, given)}, ensure_ascii=False)
    ending = "What is it?" if gaps else f"<tool_call>{ending}</tool_call>"
    assert writes(constraint, tokenizer, f"<think>{draft_note(tool, given, gaps)}</think>\n{ending}", (tool,))


@pytest.mark.parametrize(
    ("thought", "arguments"),
    [
        ('Tool: t {"a": "x", "b": -}.', {"a": "x"}),
        ('Tool: t {"a": "?", "b": "-", "c": "a \\"-, ?}"}.', {"a": "?", "b": "-", "c": 'a "-, ?}'}),
        ('Tool: t {"a": {"b": -, "c": {"d": -}}, "e": {}, "f": -1.5}.', {"e": {}, "f": -1.5}),
        ('Tool: t {"a": ["?", {"b": 2}], "c": {"d": null}}.', {"a": ["?", {"b": 2}], "c": {"d": None}}),
        ("Tool: t {}.", {}),
        ('Tool: t {"a": ?}.', None),
        ('Tool: t {"a": {"b": ?}}.', None),
        ('Tool: t {"a": "x"}. To be confirmed.', None),
        ('Tool: t {"a": }.', None),
        ("Open: none.", None),
        ("I will call t.", None),
    ],
)
def test_a_note_without_a_gap_drafts_a_call(thought: str, arguments: Any) -> None:
    call = drafted(thought)
    assert (call and call.arguments) == arguments
    assert call is None or call.name == "t"


@pytest.mark.parametrize("answer", ["sales [EU]", "kind = B2B", "see AC;DC records", "v2.0."])
def test_any_answer_can_be_noted(constraint: Constraint, tokenizer: Any, answer: str) -> None:
    for answers in ([("delete_lead", answer), ("list_leads", "b")], [("list_leads", "b"), ("delete_lead", answer)]):
        assert writes(constraint, tokenizer, f"<think>{open_note(answers)}</think>\nWhich one?", TOOLS)


def test_without_tools_only_words_can_be_written(constraint: Constraint, tokenizer: Any) -> None:
    assert writes(constraint, tokenizer, "<think>Open: none.</think>\nNone of the tools fits that.", ())
    assert not writes(constraint, tokenizer, '<tool_call>{"name": "list_leads", "arguments": {}}</tool_call>', ())


@pytest.mark.parametrize("seed", range(12))
def test_a_model_of_pure_noise_makes_only_calls_that_a_tool_takes(
    constraint: Constraint, tokenizer: Any, seed: int
) -> None:
    rng, draw = random.Random(seed), constraint.held_to(TOOLS)(None)
    noise = torch.Generator().manual_seed(seed)
    opening = encode_data(tokenizer, "<tool_call>")
    end, written = encode_control(tokenizer, END)[0], list[int]()
    closing = [*encode_data(tokenizer, '"'), *encode_data(tokenizer, "}"), *encode_data(tokenizer, "]"), end]
    while len(written) < 400:
        scores = torch.rand(VOCABULARY, generator=noise)
        if len(written) < len(opening):
            scores[opening[len(written)]] = 2.0
        elif rng.random() < 0.4:  # else its texts never end
            scores[closing] += 1.0
        token = draw(scores)
        if token == end:
            break
        written.append(token)
    else:
        pytest.fail("it never ended")
    call = parse_turn(tokenizer.decode(written)).call
    assert call is not None
    (tool,) = (tool for tool in TOOLS if tool.name == call.name)
    Draft202012Validator(plain_schema(tool.parameters)).validate(call.arguments)


def test_a_schema_that_contains_itself_is_held_to_its_upper_levels() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {}}
    node["properties"]["child"] = node
    held = plain_schema(node)
    depth = 0
    while held:
        held, depth = held["properties"]["child"], depth + 1
    assert depth == 7


def test_the_temperature_draws_among_what_may_come_next(tiny_llama_dir: Path) -> None:
    model = LocalModel(tiny_llama_dir, temperature=1.0)
    assistant = with_constrained_decoding(ModelAssistant(model, "hf:tiny"))
    assert isinstance(assistant, ModelAssistant)
    assert assistant.constraint is not None
    asked, held = [{"role": "user", "content": "Delete a lead."}], assistant.constraint.held_to
    first = model.complete(asked, held=held(TOOLS), seed=1, max_tokens=12)
    assert first.text == model.complete(asked, held=held(TOOLS), seed=1, max_tokens=12).text
    assert first.text != model.complete(asked, held=held(TOOLS), seed=2, max_tokens=12).text


@pytest.mark.parametrize(
    ("schema", "arguments"),
    [
        ({"properties": {"a": {"type": ["object", "null"], "properties": {"b": {}}}}}, {"a": None}),
        ({"properties": {"a": {"type": ["array", "object"], "properties": {"b": {}}}}}, {"a": [1]}),
        ({"properties": {"a": {"type": "object", "properties": {}, "additionalProperties": True}}}, {"a": {"x": 1}}),
        ({"properties": {"a": {"properties": {"b": {}}, "anyOf": [{"required": ["c"]}]}}}, {"a": {"b": 1, "c": 2}}),
        ({"allOf": [{"properties": {"a": {}}}]}, {"a": 1}),
        ({"additionalProperties": {"type": "string"}}, {"any": "x"}),
        ({"properties": {"a": {"type": "file"}}}, {"a": "x"}),
        ({"properties": {"a": {"type": None}, "b": {"required": True, "properties": {"c": {}}}}}, {"a": 1, "b": {}}),
        ({"properties": {"a": True, "b": {"const": 3}}}, {"a": [], "b": 3}),
        ({"properties": {'q"uo\\te': {"type": "string"}, "größe": {"type": "integer"}}}, {'q"uo\\te': "x", "größe": 4}),
        ({}, {}),
    ],
)
def test_odd_schemas_take_what_they_allow(constraint: Constraint, tokenizer: Any, schema: Any, arguments: Any) -> None:
    tool = Tool(name="odd", original_name="odd", description="", parameters={"type": "object", **schema})
    text = json.dumps({"name": "odd", "arguments": arguments}, ensure_ascii=False)
    assert writes(constraint, tokenizer, f"<tool_call>{text}</tool_call>", (tool,))


def test_what_the_teacher_calls_can_be_written(constraint: Constraint, tokenizer: Any) -> None:
    catalog = load_catalog("enterprise_apis.json")
    tools = {tool.name: tool for tool in catalog.tools}
    written = [
        (render_target(turn), tuple(tools[name] for name in dialogue.scenario.candidates))
        for _, dialogue in UTCGen(catalog, assistant=PlainTeacher()).generate(scenarios=draw_scenarios(catalog, 30, 4))
        for turn in dialogue.turns
        if turn.speaker == "assistant"
    ]
    assert len(written) > 60
    assert [text for text, offered in written if not writes(constraint, tokenizer, text, offered)] == []


def test_only_a_model_on_this_machine_can_be_constrained() -> None:
    with pytest.raises(ModelError, match="for models on this machine; 'scripted' is none"):
        with_constrained_decoding(ModelAssistant(ScriptedModel([]), "scripted"))

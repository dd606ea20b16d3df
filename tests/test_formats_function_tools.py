"""Tool lists of model providers, MCP servers and benchmarks, each as its maker writes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from diaforge_core.catalog.importing import import_bytes
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Catalog
from tests.test_importing import json_values, tools_or_message

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}


def read(document: Any) -> Catalog:
    return import_bytes([("tools.json", json.dumps(document).encode())], "sample")


def skipped(catalog: Catalog) -> dict[str, str]:
    return {each.where: each.why for each in catalog.skipped}


def test_chat_tools_of_a_request_body_are_read():
    function = {"name": "get_order", "description": "Gets an order.", "parameters": SCHEMA}
    (tool,) = read({"model": "m", "messages": [], "tools": [{"type": "function", "function": function}]}).tools
    assert (tool.name, tool.summary, tool.required) == ("get_order", "Gets an order.", ("id",))


def test_responses_tools_are_read_and_those_the_provider_runs_are_named():
    tools = [
        {
            "type": "function",
            "name": "get_order",
            "description": "Gets an order.",
            "parameters": SCHEMA,
            "strict": False,
        },
        {"type": "web_search", "search_context_size": "low"},
        {"type": "file_search", "vector_store_ids": ["v"]},
        {"type": "mcp", "server_label": "crm", "server_url": "https://crm.example"},
        {"type": "custom", "name": "run_sql", "format": {"type": "grammar"}},
    ]
    catalog = read({"tools": tools})
    assert [tool.name for tool in catalog.tools] == ["get_order"]
    why = skipped(catalog)
    assert list(why) == ["tool 2", "tool 3", "tool 4", "run_sql"]
    assert why["tool 2"] == "a tool of type `web_search` is run by the provider itself and is not called by name"
    assert "free text" in why["run_sql"]
    assert [each.where for each in catalog.faults] == ["run_sql"]


def test_the_tools_of_a_namespace_are_tools_like_any_other():
    inner = [{"type": "function", "name": "get_order", "parameters": SCHEMA, "defer_loading": True}]
    crm = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": inner}
    catalog = read([crm, {"type": "function", "name": "other", "parameters": SCHEMA}, {"type": "tool_search"}])
    assert [tool.name for tool in catalog.tools] == ["get_order", "other"]
    assert not catalog.faults


def test_what_a_strict_tool_must_require_but_may_be_null_is_optional():
    place = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "zip": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "required": ["city", "zip"],
        "additionalProperties": False,
    }
    schema = {
        "type": "object",
        "properties": {"place": place, "units": {"type": ["string", "null"], "enum": ["c", "f", None]}},
        "required": ["place", "units"],
        "additionalProperties": False,
    }
    strict = {"type": "function", "name": "weather", "parameters": schema, "strict": True}
    (tool,) = read([strict]).tools
    assert tool.required == ("place",)
    assert tool.properties["place"]["required"] == ["city"]
    assert tool.properties["units"]["type"] == ["string", "null"]
    (loose,) = read([{**strict, "strict": False}]).tools
    assert loose.required == ("place", "units")


def test_anthropic_tools_are_read_and_its_server_tools_named():
    tools = [
        {"name": "get_order", "description": "Gets.", "input_schema": SCHEMA, "cache_control": {"type": "ephemeral"}},
        {"type": "custom", "name": "drop_order", "input_schema": SCHEMA},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
    ]
    catalog = read({"model": "m", "tools": tools})
    assert [(tool.name, tool.side_effect) for tool in catalog.tools] == [
        ("get_order", "read"),
        ("drop_order", "destructive"),
    ]
    assert "web_search_20250305" in skipped(catalog)["web_search"]


def test_an_answer_of_an_mcp_server_keeps_titles_and_hints_and_says_that_there_are_more_pages():
    tools = [
        {
            "name": "orders/archive",
            "title": "Put an order away",
            "description": "Moves it.",
            "inputSchema": SCHEMA,
            "outputSchema": {"type": "object"},
            "annotations": {"readOnlyHint": False, "destructiveHint": False},
        },
        {"name": "peek", "inputSchema": SCHEMA, "annotations": {"title": "Look", "readOnlyHint": True}},
        {"name": "wipe", "inputSchema": SCHEMA, "annotations": {"destructiveHint": True}},
    ]
    catalog = read({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools, "nextCursor": "page-2"}})
    assert [tool.summary for tool in catalog.tools] == ["Put an order away", "Look", "Wipe"]
    assert [tool.side_effect for tool in catalog.tools] == ["write", "read", "destructive"]
    assert all(tool.side_effect_reason.startswith("The server marks") for tool in catalog.tools)
    assert [tool.group for tool in catalog.tools] == ["orders", "", ""]
    assert "page-2" in skipped(catalog)["the next page"]


def test_the_pages_of_an_mcp_server_one_a_line_are_one_list():
    pages = [
        {"jsonrpc": "2.0", "id": i, "result": {"tools": [{"name": f"t{i}", "inputSchema": SCHEMA}], **more}}
        for i, more in enumerate([{"nextCursor": "1"}, {}])
    ]
    catalog = import_bytes([("log", "\n".join(map(json.dumps, pages)).encode())], "x")
    assert [tool.name for tool in catalog.tools] == ["t0", "t1"]
    assert not catalog.skipped


BFCL = {
    "id": "simple_0",
    "question": [[{"role": "user", "content": "Find the area."}]],
    "function": [
        {
            "name": "calculate_triangle_area",
            "description": "Calculate the area of a triangle.",
            "parameters": {
                "type": "dict",
                "properties": {
                    "base": {"type": "integer", "description": "The base."},
                    "height": {"type": "float"},
                    "corner": {"type": "tuple", "items": {"type": "float"}},
                    "extra": {"type": "any"},
                    "labels": {"type": "dict", "properties": {"unit": {"type": "string"}}},
                },
                "required": ["base", "height"],
            },
        }
    ],
}


@pytest.mark.parametrize("lines", [False, True])
def test_questions_of_the_function_calling_leaderboard_give_the_functions_beside_them(lines: bool):
    second = {**BFCL, "id": "simple_1", "function": [{**BFCL["function"][0], "name": "math.sum"}, BFCL["function"][0]]}
    records = [BFCL, second]
    data = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    catalog = import_bytes([("BFCL_v3_simple.json", data.encode())], "bfcl")
    assert [tool.original_name for tool in catalog.tools] == ["calculate_triangle_area", "math.sum"]
    assert {name: each.get("type") for name, each in catalog.tools[0].properties.items()} == {
        "base": "integer", "height": "number", "corner": "array", "extra": None, "labels": "object",
    }  # fmt: skip
    assert catalog.tools[0].required == ("base", "height")
    assert skipped(catalog) == {"calculate_triangle_area": "it repeats an earlier tool word for word"}


def test_a_bare_list_of_leaderboard_functions_is_read():
    assert [tool.name for tool in read(BFCL["function"]).tools] == ["calculate_triangle_area"]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda declared: {"functionDeclarations": declared},
        lambda declared: {"tools": [{"functionDeclarations": declared}, {"googleSearch": {}}]},
        lambda declared: [{"function_declarations": declared}],
    ],
)
def test_gemini_declarations_are_read(wrap: Any):
    declared = {
        "name": "find_theaters",
        "description": "Finds theaters.",
        "parameters": {
            "type": "OBJECT",
            "properties": {
                "movie": {"type": "STRING", "nullable": True},
                "rows": {"type": "ARRAY", "items": {"type": "INTEGER"}},
            },
            "required": ["rows"],
        },
    }
    catalog = read(wrap([declared]))
    (tool,) = catalog.tools
    assert all("`googleSearch` is run by the provider" in each.why and not each.is_fault for each in catalog.skipped)
    assert tool.properties["movie"]["type"] == ["string", "null"]
    assert tool.properties["rows"] == {"type": "array", "items": {"type": "integer"}}


def test_the_counts_that_gemini_writes_as_text_are_numbers():
    schema = {"type": "OBJECT", "properties": {"rows": {"type": "ARRAY", "minItems": "1", "maxItems": "3"}}}
    (tool,) = read({"functionDeclarations": [{"name": "find", "parameters": schema}]}).tools
    assert tool.properties["rows"] == {"type": "array", "minItems": 1, "maxItems": 3}


def test_types_of_the_leaderboards_other_languages_are_read():
    types = {
        "HashMap": "object", "Hashtable": "object", "ArrayList": "array", "Array": "array", "Set": "array",
        "Queue": "array", "Stack": "array", "String": "string", "char": "string", "byte": "integer",
        "short": "integer", "long": "integer", "Bigint": "integer", "double": "number", "Boolean": "boolean",
    }  # fmt: skip
    schema = {"type": "dict", "properties": {name: {"type": name} for name in types}}
    (tool,) = read([{"name": "java.util.sort", "parameters": schema}]).tools
    assert {name: each["type"] for name, each in tool.properties.items()} == types


def test_one_tool_alone_is_a_list_of_one():
    assert [tool.name for tool in read({"name": "get_order", "input_schema": SCHEMA}).tools] == ["get_order"]


def test_json_lines_are_told_by_their_content_and_a_broken_line_is_named():
    lines = [json.dumps({"name": f"f{i}", "parameters": SCHEMA}) for i in range(3)]
    catalog = import_bytes([("questions.txt", "\n\n".join(lines).encode())], "x")
    assert [tool.name for tool in catalog.tools] == ["f0", "f1", "f2"]
    with pytest.raises(CatalogError, match=r"line 4: .*not valid JSON"):
        import_bytes([("questions.txt", "\n".join([*lines, '{"broken": ']).encode())], "x")


@settings(max_examples=150, deadline=None)
@given(json_values, json_values, st.sampled_from(["tools", "functions", "functionDeclarations", "function", "result"]))
def test_any_value_as_a_tool_gives_a_catalog_or_one_message(one: Any, other: Any, key: str):
    entries = [
        one,
        {"name": "x", "parameters": other, "strict": True},
        {"name": "y", "inputSchema": {}, "annotations": one},
    ]
    for document in ({key: entries}, [{key: entries}, other], {key: one}):
        for tool in tools_or_message(document, "tools.json"):
            Draft202012Validator.check_schema(tool.parameters)

"""What newer and older OpenAPI documents hold beyond plain parameters and one JSON body."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from diaforge_core.catalog.importing import import_bytes
from tests.test_importing import body, json_values, only, openapi, operation, read, tools_or_message


def field(name: str, place: str = "query", **rest: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": {"type": "string"}, **rest}


def test_the_query_method_and_additional_operations_of_3_2_are_read():
    item = {
        "query": operation(name="searchLeads", requestBody=body({"type": "object", "properties": {"q": {}}})),
        "additionalOperations": {"COPY": operation(name="copyLead"), "link": operation(name="linkLead")},
    }
    tools = read(openapi({"/leads": item}, "3.2.0")).tools
    assert [(tool.name, tool.method) for tool in tools] == [
        ("searchLeads", "QUERY"),
        ("copyLead", "COPY"),
        ("linkLead", "LINK"),
    ]
    assert list(tools[0].properties) == ["q"]


def test_fields_of_a_whole_query_string_stand_among_the_arguments():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    whole = {
        "name": "filter",
        "in": "querystring",
        "content": {"application/x-www-form-urlencoded": {"schema": schema}},
    }
    tool = only(openapi({"/x": {"get": operation(whole)}}, "3.2.0"))
    assert tool.required == ("city",)


def test_a_stream_is_a_list_of_its_items():
    content = {"application/jsonl": {"itemSchema": {"type": "object", "properties": {"a": {"type": "integer"}}}}}
    tool = only(openapi({"/x": {"post": operation(requestBody={"content": content, "required": True})}}, "3.2.0"))
    assert tool.properties["body"]["type"] == "array"
    assert list(tool.properties["body"]["items"]["properties"]) == ["a"]


def test_json_is_read_before_other_media_types_and_those_with_other_fields_are_named():
    same = {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}
    other = {"schema": {"type": "string"}}
    content = {"text/csv": other, "application/xml": same, "application/json": same}
    catalog = read(openapi({"/x": {"post": operation(requestBody={"content": content})}}))
    assert list(catalog.tools[0].properties) == ["a"]
    assert [(each.where, each.why) for each in catalog.skipped] == [
        ("POST /x, body as text/csv", "the operation was read with its `application/json` body instead")
    ]


@pytest.mark.parametrize(
    ("kinds", "chosen"),
    [
        (["text/plain", "multipart/form-data"], "multipart/form-data"),
        (["text/plain", "application/vnd.acme+json"], "application/vnd.acme+json"),
        (["text/plain", "text/csv"], "text/plain"),
    ],
)
def test_without_json_a_form_is_read_and_else_the_first(kinds: list[str], chosen: str):
    content = {kind: {"schema": {"type": "object", "properties": {kind: {}}}} for kind in kinds}
    assert list(only_tool(openapi({"/x": {"post": operation(requestBody={"content": content})}}))) == [chosen]


def only_tool(document: Any) -> dict[str, Any]:
    return read(document).tools[0].properties


def test_a_parameter_may_carry_json():
    schema = {"type": "object", "properties": {"from": {"type": "string"}}}
    parameter = {"name": "range", "in": "query", "content": {"application/json": {"schema": schema}}}
    assert list(only_tool(openapi({"/x": {"get": operation(parameter)}}))["range"]["properties"]) == ["from"]


def test_shared_parameters_bodies_and_path_items_are_followed():
    components = {
        "parameters": {"Page": field("page")},
        "requestBodies": {"Lead": {"required": True, **body({"$ref": "#/components/schemas/Lead"})}},
        "schemas": {"Lead": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
        "pathItems": {"Leads": {"post": operation(requestBody={"$ref": "#/components/requestBodies/Lead"})}},
    }
    item = {"$ref": "#/components/pathItems/Leads", "parameters": [{"$ref": "#/components/parameters/Page"}]}
    tool = only(openapi({"/leads": item}, "3.1.0", components=components))
    assert list(tool.properties) == ["page", "name"]
    assert tool.required == ("name",)


def test_an_operations_own_parameter_wins_over_that_of_its_path():
    item = {"parameters": [field("id", description="Any.")], "get": operation(field("id", description="This one."))}
    assert only_tool(openapi({"/x": item}))["id"]["description"] == "This one."


def test_examples_beside_a_schema_are_kept():
    shared = {"examples": {"Big": {"value": 900}}}
    number = {"name": "size", "in": "query", "schema": {"type": "integer"}}
    number["examples"] = {"small": {"value": 1}, "big": {"$ref": "#/components/examples/Big"}}
    lead = body(
        {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer", "default": 3}}}
    )
    lead["content"]["application/json"]["example"] = {"name": "Ann", "age": 4, "other": 1}
    fields = only_tool(openapi({"/x": {"post": operation(number, requestBody=lead)}}, components=shared))
    assert fields["size"]["examples"] == [1, 900]
    assert fields["name"]["examples"] == ["Ann"]
    assert "examples" not in fields["age"]


def test_what_says_who_calls_is_no_argument():
    keys = {"k": {"type": "apiKey", "in": "header", "name": "X-Acme-Key"}, "b": {"type": "http", "scheme": "bearer"}}
    places = [
        field("x-acme-key", "header"),
        field("Authorization", "header"),
        field("sid", "cookie"),
        field("X-Region", "header"),
    ]
    document = openapi({"/x": {"get": operation(*places)}}, components={"securitySchemes": keys})
    assert list(only_tool(document)) == ["X-Region"]
    old = {
        "swagger": "2.0",
        "paths": {"/x": {"get": operation(field("X-Acme-Key", "header"))}},
        "securityDefinitions": keys,
    }
    assert list(only_tool(old)) == []


def test_webhooks_are_counted_and_callbacks_left_alone():
    document = openapi(
        {"/x": {"post": operation(callbacks={"done": {"{$url}": {"post": operation(name="b")}}})}}, "3.1.0"
    )
    catalog = read({**document, "webhooks": {"newLead": {"post": operation(name="hook")}}})
    assert [tool.name for tool in catalog.tools] == ["doIt"]
    assert [(each.where, each.why) for each in catalog.skipped] == [
        ("webhooks", "calls that the service itself makes are no tools (1 here)")
    ]


def test_forms_of_a_body_that_exclude_each_other_survive():
    card = {"type": "object", "properties": {"kind": {"const": "card"}, "pan": {"type": "string"}}, "required": ["pan"]}
    bank = {
        "type": "object",
        "properties": {"kind": {"const": "bank"}, "iban": {"type": "string"}},
        "required": ["iban"],
    }
    components = {"schemas": {"Card": card, "Bank": bank}}
    either = {
        "oneOf": [{"$ref": "#/components/schemas/Card"}, {"$ref": "#/components/schemas/Bank"}],
        "discriminator": {"propertyName": "kind"},
    }
    pay = operation(requestBody={**body(either), "required": True})
    tool = only(openapi({"/pay": {"post": pay}}, components=components))
    check = Draft202012Validator(tool.parameters)
    assert check.is_valid({"body": {"kind": "card", "pan": "1"}})
    assert not check.is_valid({"body": {"kind": "card", "iban": "1"}})


def test_deprecated_operations_and_parameters_say_so():
    tool = only(openapi({"/x": {"get": operation(field("old", deprecated=True), deprecated=True)}}))
    assert tool.deprecated
    assert tool.properties["old"]["deprecated"] is True


@settings(max_examples=150, deadline=None)
@given(json_values, json_values)
def test_any_value_in_any_place_gives_a_catalog_or_one_message(one: Any, other: Any):
    item = {
        "parameters": [
            {"name": "a", "in": "querystring", "content": {"x": one}},
            {"name": "b", "in": "query", "examples": other},
        ],
        "query": operation(requestBody={"content": {"a": one, "b": {"itemSchema": other, "examples": one}}}),
        "additionalOperations": other,
    }
    for document in (
        openapi({"/a": item}, "3.2.0", components=one, webhooks=other),
        openapi({"/a": {"post": operation()}}, components={"securitySchemes": other}),
        {"openapi": one, "paths": {"/a": other}},
        {"swagger": "2.0", "paths": {"/a": {"post": one}}, "securityDefinitions": other},
    ):
        for tool in tools_or_message(document, "a.json"):
            Draft202012Validator.check_schema(tool.parameters)


def test_what_the_address_needs_and_no_parameter_declares_is_required_text_and_named():
    paths = {"/a/{x}/b/{y.z}": {"get": {"parameters": [{"name": "x", "in": "path", "schema": {"type": "integer"}}]}}}
    document = {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths}
    catalog = import_bytes([("a.json", json.dumps(document).encode())], "sample")
    (tool,) = catalog.tools
    assert tool.properties == {"x": {"type": "integer"}, "y.z": {"type": "string"}}
    assert tool.required == ("x", "y.z")
    assert [each.is_fault for each in catalog.skipped] == [False]
    assert "`y.z`" in catalog.skipped[0].why


def test_json_with_a_character_set_is_json():
    def media(field: str) -> dict[str, Any]:
        return {"schema": {"type": "object", "properties": {field: {"type": "string"}}}}

    content = {"application/x-www-form-urlencoded": media("form"), "Application/JSON; charset=utf-8": media("json")}
    document = {"openapi": "3.0.3", "paths": {"/a": {"post": {"requestBody": {"content": content}}}}}
    (tool,) = import_bytes([("a.json", json.dumps(document).encode())], "sample").tools
    assert list(tool.properties) == ["json"]


def test_a_name_without_latin_letters_is_its_own_summary():
    document = {"openapi": "3.0.3", "paths": {"/a": {"get": {"operationId": "сделка"}}}}
    (tool,) = import_bytes([("a.json", json.dumps(document).encode())], "sample").tools
    assert tool.summary == "сделка"

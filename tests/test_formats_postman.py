"""Postman collections as people export them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from diaforge_core.catalog.importing import import_bytes
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Catalog, Tool
from tests.test_importing import json_values, tools_or_message

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"


def collection(*items: Any, schema: str = SCHEMA) -> dict[str, Any]:
    return {"info": {"_postman_id": "1", "name": "Acme CRM", "schema": schema}, "item": list(items)}


def request(name: str, method: str, url: Any, **rest: Any) -> dict[str, Any]:
    return {"name": name, "request": {"method": method, "url": url, **rest}, "response": []}


def read(*items: Any) -> Catalog:
    return import_bytes([("crm.json", json.dumps(collection(*items)).encode())], "crm")


def only(*items: Any) -> Tool:
    (tool,) = read(*items).tools
    return tool


UPDATE = request(
    "Update a lead",
    "PUT",
    {
        "raw": "{{baseUrl}}/v2/leads/:lead_id?notify=true&dry_run=1&api_key=abc",
        "host": ["{{baseUrl}}"],
        "path": ["v2", "leads", ":lead_id"],
        "variable": [{"key": "lead_id", "value": "00Q5f", "description": "The lead to change."}],
        "query": [
            {"key": "notify", "value": "true", "description": {"content": "Tell the owner.", "type": "text/plain"}},
            {"key": "dry_run", "value": "1", "disabled": True},
            {"key": "api_key", "value": "abc"},
        ],
    },
    description={"content": "Changes what is known of a lead.\n\nMore on it.", "type": "text/markdown"},
    auth={"type": "bearer", "bearer": [{"key": "token", "value": TOKEN}]},
    header=[
        {"key": "Content-Type", "value": "application/json"},
        {"key": "Authorization", "value": f"Bearer {TOKEN}"},
        {"key": "X-Region", "value": "emea", "description": "(Required) Where the lead is kept."},
    ],
    body={
        "mode": "raw",
        "raw": '{\n "stage": "won",\n "score": {{score}},\n "owner": {"mail": "jo@a.example", "password": "hunter2"},\n'
        ' "tags": ["a", "b"], "due": "2026-01-31", "ok": true, "amount": 12.5, "note": null, "hook": "' + TOKEN + '"}',
        "options": {"raw": {"language": "json"}},
    },
)


def test_a_request_becomes_a_tool_with_its_path_query_header_and_body_fields():
    tool = only({"name": "Leads", "item": [UPDATE]})
    assert (tool.original_name, tool.name, tool.group) == ("Update a lead", "Update_a_lead", "Leads")
    assert (tool.method, tool.path, tool.position) == ("PUT", "/v2/leads/{lead_id}", "Leads / Update a lead")
    assert tool.description == "Changes what is known of a lead.\n\nMore on it."
    assert list(tool.properties) == [
        *("lead_id", "notify", "dry_run", "X-Region"),
        *("stage", "score", "owner", "tags", "due", "ok", "amount", "note", "hook"),
    ]
    assert tool.required == ("lead_id", "X-Region")
    assert tool.properties["lead_id"] == {"type": "string", "examples": ["00Q5f"], "description": "The lead to change."}
    assert tool.properties["notify"] == {"type": "boolean", "examples": [True], "description": "Tell the owner."}
    assert tool.properties["tags"] == {"type": "array", "items": {"type": "string", "examples": ["a"]}}
    assert tool.properties["due"]["format"] == "date"
    assert tool.properties["amount"] == {"type": "number", "examples": [12.5]}


def test_passwords_keys_and_tokens_are_never_kept():
    text = read({"name": "Leads", "item": [UPDATE]}).model_dump_json()
    for secret in (TOKEN, "hunter2", "abc", "api_key"):
        assert secret not in text, secret
    tool = only(request("Send", "POST", "https://jo:pw@x.example/bots/ghp_0123456789abcdefABCDEF/send?to=a"))
    assert tool.path == "/bots/{key}/send"
    assert list(tool.properties) == ["key", "to"]


@pytest.mark.parametrize("mode", ["urlencoded", "formdata"])
def test_form_fields_are_arguments_and_files_are_binary(mode: str):
    fields = [
        {"key": "title", "value": "Offer", "type": "text", "description": "(Required) What it is called."},
        {"key": "copy", "value": "2", "type": "text", "disabled": True, "description": "Required by nobody."},
        {"key": "scan", "type": "file", "src": "/home/jo/scan.pdf"},
    ]
    tool = only(request("Upload", "POST", "{{url}}/files", body={"mode": mode, mode: fields}))
    assert list(tool.properties) == ["title", "copy", "scan"]
    assert tool.required == ("title",)
    assert tool.properties["scan"] == {"type": "string", "format": "binary"}


def test_variables_of_a_graphql_query_are_arguments_and_the_query_is_told():
    query = "query Lead($id: ID!, $depth: Int, $filter: LeadFilter) { lead(id: $id) { name } }"
    body = {"mode": "graphql", "graphql": {"query": query, "variables": '{"filter": {"stage": "won"}, "depth": 2}'}}
    tool = only(request("Find a lead", "POST", "{{url}}/graphql", body=body))
    assert {name: each["type"] for name, each in tool.properties.items()} == {
        "filter": "object", "depth": "integer", "id": "string",
    }  # fmt: skip
    assert tool.required == ("id",)
    assert query in tool.description
    assert tool.side_effect == "read"


@pytest.mark.parametrize(
    ("query", "effect"),
    [
        ("{ lead { name } }", "read"),
        ("# Leads\nquery Leads { leads { name } }", "read"),
        ("mutation { addLead(name: 1) { id } }", "write"),
        ("query A { leads { name } } mutation B { addLead { id } }", "write"),
    ],
)
def test_a_graphql_query_only_reads(query: str, effect: str):
    body = {"mode": "graphql", "graphql": {"query": query}}
    assert only(request("Leads", "POST", "{{url}}/graphql", body=body)).side_effect == effect


def test_a_body_that_is_no_json_stands_as_one_text():
    tool = only(request("Post it", "POST", "{{url}}/x", body={"mode": "raw", "raw": "<a/>"}))
    assert tool.properties["body"]["type"] == "string"


def test_requests_of_one_name_in_several_folders_are_named_after_their_folders():
    folders = [{"name": name, "item": [request("List", "GET", f"{{{{u}}}}/{name}")]} for name in ("Leads", "Deals")]
    assert [tool.name for tool in read(*folders).tools] == ["Leads_List", "Deals_List"]


def test_folders_in_folders_are_read_in_order_and_a_bare_address_is_a_get():
    deep = {"name": "A", "item": [{"name": "B", "item": [{"name": "Look", "request": "https://x.example/a/b?page=2"}]}]}
    catalog = read(deep, request("Wipe", "DELETE", "{{u}}/all"))
    assert [(tool.position, tool.method, tool.path) for tool in catalog.tools] == [
        ("A / B / Look", "GET", "/a/b"),
        ("Wipe", "DELETE", "/all"),
    ]
    assert list(catalog.tools[0].properties) == ["page"]


def test_version_2_0_and_the_answer_of_postmans_own_api_are_read_and_version_1_says_what_to_do():
    old = collection(request("Get a lead", "GET", "{{u}}/leads/:id"), schema=SCHEMA.replace("v2.1.0", "v2.0.0"))
    for document in (old, {"collection": old}):
        (tool,) = import_bytes([("a.json", json.dumps(document).encode())], "x").tools
        assert tool.path == "/leads/{id}"
    first = collection(schema=SCHEMA.replace("v2.1.0", "v1.0.0"))
    with pytest.raises(CatalogError, match=r"version 1\. Export it as Collection v2\.1"):
        import_bytes([("a.json", json.dumps(first).encode())], "x")


def test_what_is_no_request_is_named_and_the_others_are_read():
    catalog = read({"name": "Odd"}, 7, {"name": "Folder", "item": 3}, UPDATE)
    assert {each.where: each.why for each in catalog.skipped} == {
        "Odd": "it has no request",
        "request 2": "it is neither a folder nor a request",
        "Folder": "`item` is not a list",
    }
    assert len(catalog.tools) == 1


@settings(max_examples=150, deadline=None)
@given(json_values, json_values, st.sampled_from(["raw", "urlencoded", "formdata", "graphql", "file", "none"]))
def test_any_value_as_a_request_gives_a_catalog_or_one_message(one: Any, other: Any, mode: str):
    body = {"mode": mode, mode: other}
    items = [one, {"name": one, "request": other}, request("x", "POST", one, body=body, header=other, description=one)]
    raw = request("y", "POST", {"raw": str(one), "query": other}, body={"mode": "raw", "raw": json.dumps(one)})
    for document in (collection(*items, raw), {"info": one, "item": other}, {"info": {"schema": SCHEMA}, "item": one}):
        for tool in tools_or_message(document, "a.json"):
            Draft202012Validator.check_schema(tool.parameters)

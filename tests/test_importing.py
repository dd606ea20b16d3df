"""Documents in, tools out; whatever the bytes are, a catalog or one clear message."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from diaforge_core.catalog.importing import (
    catalog_files,
    import_bytes,
    import_catalog,
    import_folder,
    import_report,
    load_catalog,
)
from diaforge_core.catalog.side_effects import side_effect_of
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Catalog, Tool

TWILIO = Path(__file__).parents[2] / "shared" / "catalogs" / "twilio"
"""Real OpenAPI documents, where this checkout has them beside it."""


def openapi(paths: dict[str, Any], version: str = "3.0.3", **rest: Any) -> dict[str, Any]:
    return {"openapi": version, "info": {"title": "t", "version": "1"}, "paths": paths, **rest}


def operation(*parameters: dict[str, Any], name: str = "doIt", **rest: Any) -> dict[str, Any]:
    return {"operationId": name, "summary": "Do it", "parameters": list(parameters), **rest}


def body(schema: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"content": {kind: {"schema": schema}}}


def read(document: Any, name: str = "a.json") -> Catalog:
    return import_bytes([(name, json.dumps(document).encode())], "sample")


def only(document: Any) -> Tool:
    (tool,) = read(document).tools
    return tool


def fails(data: bytes, name: str = "a.yaml") -> str:
    with pytest.raises(CatalogError) as caught:
        import_bytes([(name, data)], "sample")
    return str(caught.value)


# What a tool is made of


def test_path_query_and_form_fields_become_one_schema():
    path = {"name": "lead_id", "in": "path", "required": True, "schema": {"type": "string"}}
    query = {"name": "notify", "in": "query", "schema": {"type": "boolean"}, "description": "Tell the owner."}
    form = {"type": "object", "properties": {"stage": {"enum": ["new", "won"]}}, "required": ["stage"]}
    document = openapi(
        {
            "/leads/{lead_id}": {
                "parameters": [path],
                "post": operation(query, requestBody=body(form, "application/x-www-form-urlencoded")),
            }
        }
    )
    tool = only(document)
    assert list(tool.properties) == ["lead_id", "notify", "stage"]
    assert tool.required == ("lead_id", "stage")
    assert tool.properties["notify"]["description"] == "Tell the owner."
    assert (tool.method, tool.path, tool.position) == ("POST", "/leads/{lead_id}", "POST /leads/{lead_id}")


def test_nullable_becomes_a_type_with_null():
    schema = {"type": "string", "nullable": True, "enum": ["a", "b"]}
    tool = only(openapi({"/x": {"get": operation({"name": "kind", "in": "query", "schema": schema})}}))
    assert tool.properties["kind"]["type"] == ["string", "null"]
    assert tool.properties["kind"]["enum"] == ["a", "b", None]


def test_old_swagger_documents_are_read():
    document = {
        "swagger": "2.0",
        "paths": {
            "/orders": {
                "post": {
                    "operationId": "orders.create",
                    "tags": ["Orders"],
                    "parameters": [
                        {"name": "X-Trace", "in": "header", "type": "string"},
                        {"name": "order", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Order"}},
                    ],
                }
            }
        },
        "definitions": {"Order": {"required": ["sku"], "properties": {"sku": {"type": "string"}}}},
    }
    tool = only(document)
    assert (tool.name, tool.original_name, tool.group) == ("orders_create", "orders.create", "Orders")
    assert tool.required == ("sku",)


def test_conditions_of_a_body_survive():
    schema = {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}, "vat": {"type": "string"}, "day": {"type": "string"}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]},
        "then": {"required": ["vat"]},
        "dependentRequired": {"day": ["vat"]},
    }
    tool = only(openapi({"/x": {"post": operation(requestBody=body(schema))}}, "3.1.0"))
    assert tool.parameters["then"] == {"required": ["vat"]}
    assert tool.parameters["dependentRequired"] == {"day": ["vat"]}


def test_a_field_named_like_a_path_parameter_is_merged_when_it_is_the_same_and_renamed_when_not():
    path = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    for kind, names in (("string", ["id"]), ("integer", ["id", "body_id"])):
        form = {"type": "object", "properties": {"id": {"type": kind}}, "required": ["id"]}
        tool = only(openapi({"/x/{id}": {"post": operation(path, requestBody=body(form))}}))
        assert list(tool.properties) == names == list(tool.required)


def test_a_body_that_is_no_object_stands_as_one_argument():
    document = openapi({"/x": {"post": operation(requestBody={**body({"type": "array"}), "required": True})}})
    assert only(document).required == ("body",)


def test_fields_that_only_the_server_sets_are_left_out():
    schema = {
        "type": "object",
        "properties": {"id": {"type": "string", "readOnly": True}, "name": {"type": "string"}},
        "required": ["id", "name"],
    }
    assert only(openapi({"/x": {"post": operation(requestBody=body(schema))}})).required == ("name",)


@pytest.mark.parametrize(
    ("method", "name", "effect"),
    [
        ("get", "listLeads", "read"),
        ("trace", "echo", "read"),
        ("delete", "dropLead", "destructive"),
        ("post", "CRM.CreateLead", "write"),
        ("post", "searchLeads", "read"),
        ("post", "orders/cancel", "destructive"),
        ("patch", "updateLead", "write"),
        ("put", "Users_Deactivate", "destructive"),
    ],
)
def test_side_effects_come_with_a_reason(method: str, name: str, effect: str):
    found, reason = side_effect_of(method, name)
    assert found == effect
    assert reason.endswith(".")


def test_the_document_may_say_what_an_operation_does():
    tool = only(openapi({"/x": {"get": {**operation(), "x-side-effect": "destructive"}}}))
    assert tool.side_effect == "destructive"


def test_an_operation_without_a_name_is_named_after_its_address():
    tool = only(openapi({"/v1/leads/{id}/notes": {"get": {}}}))
    assert tool.name == "GET_v1_leads_id_notes"
    assert tool.summary == "Get v1 leads notes by id"
    assert tool.group == "leads"


def test_tools_of_several_documents_get_names_of_their_own():
    documents = [
        (f"acme_chat_{version}.json", json.dumps(openapi({f"/{version}/x": {"get": operation(name="Fetch")}})).encode())
        for version in ("v1", "v2")
    ]
    names = [tool.name for tool in import_bytes(documents, "both").tools]
    assert names == ["Fetch__v1", "Fetch__v2"]
    reverse = {tool.name: tool.source for tool in import_bytes(documents[::-1], "both").tools}
    assert reverse == {"Fetch__v1": "acme_chat_v1.json", "Fetch__v2": "acme_chat_v2.json"}


def test_long_odd_and_repeated_names_are_cleaned_and_stay_apart():
    names = ["a" * 80, "a" * 81, "顧客を作成", "顧客を削除", "x.y", "x/y", "Straße"]
    paths = {f"/p{i}": {"get": operation(name=name)} for i, name in enumerate(names)}
    tools = read(openapi(paths)).tools
    assert [tool.original_name for tool in tools] == names
    assert len({tool.name for tool in tools}) == len(names)


@pytest.mark.parametrize(
    "wrap", [lambda t: t, lambda t: {"tools": t}, lambda t: {"jsonrpc": "2.0", "result": {"tools": t}}]
)
def test_tool_lists_of_all_makers_are_read(wrap: Any):
    schema = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    tools = [
        {"type": "function", "function": {"name": "a.get", "description": "Gets a.", "parameters": schema}},
        {"type": "function", "name": "b_delete", "parameters": schema},
        {"name": "c", "inputSchema": schema, "annotations": {"readOnlyHint": True}},
        {"name": "d", "input_schema": schema, "x-group": "CRM", "x-original-name": "CRM.D", "x-side-effect": "write"},
    ]
    found = read(wrap(tools)).tools
    assert [tool.name for tool in found] == ["a_get", "b_delete", "c", "CRM_D"]
    assert [tool.side_effect for tool in found] == ["read", "destructive", "read", "write"]
    assert found[3].group == "CRM"


def test_yaml_is_read_as_version_1_2():
    text = b"""
openapi: 3.1.0
paths:
  /x:
    get:
      operationId: on
      parameters:
        - &p {name: country, in: query, schema: {type: string, enum: [NO, yes, 2024-01-01, 012, 0x1F, 1e3, ~]}}
    post: {operationId: two, parameters: [*p]}
"""
    catalog = import_bytes([("a.yaml", text)], "s")
    assert [tool.name for tool in catalog.tools] == ["on", "two"]
    assert catalog.tools[1].properties["country"]["enum"] == ["NO", "yes", "2024-01-01", 12, 31, 1000.0, None]


def test_the_sample_catalog_is_found_by_its_name_and_holds_the_tools_of_the_brief():
    catalog = load_catalog("enterprise_apis.json")
    names = ("CRM.CreateLead", "CRM.UpdateLead", "CRM.CreateContact", "Sales.CreateOpportunity")
    assert [tool.original_name for tool in catalog.subset(names)] == list(names)
    assert {"customer_name", "email", "phone", "industry", "company_size"} <= set(catalog.tool(names[0]).properties)
    for tool in catalog.tools:
        Draft202012Validator.check_schema(tool.parameters)


@pytest.mark.skipif(not TWILIO.is_dir(), reason="the real documents are not beside this checkout")
def test_real_documents_import_whole():
    files = sorted(TWILIO.glob("*.json"))
    catalog = import_catalog(files, "twilio")
    assert len(catalog.tools) == 1447
    assert {skipped.why for skipped in catalog.skipped} == {"it declares no operations"}
    assert len({tool.name for tool in catalog.tools}) == 1447
    for tool in catalog.tools[::20]:
        Draft202012Validator.check_schema(tool.parameters)
    assert catalog.version == import_catalog(files, "again").version


# Bad input


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00", "UTF-8"),
        (b'{"openapi": "3.0.0", "paths": {', "not valid JSON (line 1"),
        (b"openapi: 3.0.0\npaths: [", "line 2"),
        (b"just words", "not a catalog"),
        (b'{"a": 1}', "`a`"),
        (b"[1, 2]", "a list of 2"),
        (b"[]", "not a catalog"),
        (b'{"openapi": "4.0.0"}', "4.0.0"),
        (b'{"openapi": "3.0.0", "paths": []}', "paths"),
        (b'{"openapi": "3.0.0", "paths": {}}', "no operation"),
        (b"a: 1\na: 2", "twice"),
        (b"--- 1\n--- 2", "more than one"),
        (b"a: *x", "alias"),
        (b'{"openapi": NaN}', "NaN"),
        (b"[" * 100_000, "nested"),
        (b"- " * 100_000, "nested"),
        (b'{"a": 1' + b"0" * 10_000 + b"}", "digits"),
    ],
)
def test_what_is_no_catalog_is_one_message_with_the_file_name(data: bytes, part: str):
    message = fails(data)
    assert message.startswith("a.yaml: ")
    assert part in message


def test_the_good_operations_are_imported_and_the_broken_ones_named():
    paths: dict[str, Any] = {f"/ok{i}": {"get": operation(name=f"ok{i}")} for i in range(118)}
    twice = [{"name": "id", "in": "query", "schema": {"type": kind}} for kind in ("string", "integer")]
    paths["/orders"] = {"post": operation(*twice)}
    paths["/reports"] = {"get": operation({"name": "filter", "in": "query", "schema": {"type": "strnig"}})}
    catalog = read(openapi(paths))
    assert len(catalog.tools) == 118
    assert [(each.where, each.why) for each in catalog.skipped] == [
        ("POST /orders", "parameter `id` is declared twice with different types"),
        ("GET /reports", "in `filter`: `strnig` is not a type"),
    ]
    report = import_report(catalog, "crm.yaml")
    assert report.startswith("crm.yaml: 2 of 120 operations could not be read.")
    assert report.endswith("The other 118 were imported. Correct these 2 and import again, or leave them out.")


@pytest.mark.parametrize(
    ("broken", "part"),
    [
        (None, "not a mapping"),
        ({"parameters": 3}, "not a list"),
        ({"parameters": [{"in": "query"}]}, "no name"),
        ({"parameters": [{"name": "x"}]}, "path or query"),
        ({"parameters": [{"$ref": "#/nowhere"}]}, "leads nowhere"),
        ({"requestBody": []}, "requestBody"),
        ({"requestBody": body({"properties": []})}, "`properties`"),
        ({"requestBody": body({"properties": {"a": {"enum": 3}}})}, "`enum`"),
        ({"requestBody": body({"properties": {"a": {}}, "required": ["a", "b"]})}, "`b`, which is not declared"),
        ({"requestBody": body({"properties": {"a": {"maxLength": -1}}})}, "maxLength"),
        ({"x-side-effect": "terrible"}, "terrible"),
    ],
)
def test_a_broken_operation_says_why_and_leaves_the_others(broken: Any, part: str):
    catalog = read(openapi({"/ok": {"get": operation()}, "/bad": {"post": broken}}))
    assert [tool.name for tool in catalog.tools] == ["doIt"]
    ((where, why),) = [(each.where, each.why) for each in catalog.skipped]
    assert where == "POST /bad"
    assert part in why


def test_references_out_of_the_document_touch_neither_network_nor_disk(tmp_path: Path):
    secret = tmp_path / "secret.json"
    secret.write_text('{"type": "string", "description": "TOP SECRET"}')
    with socket.socket() as canary:
        canary.bind(("127.0.0.1", 0))
        canary.listen()
        canary.setblocking(False)
        refs = [f"http://127.0.0.1:{canary.getsockname()[1]}/x.json", f"file://{secret}", str(secret), "other.yaml#/a"]
        paths = {
            f"/p{i}": {"get": operation({"name": "a", "in": "query", "schema": {"$ref": ref}}, name=f"n{i}")}
            for i, ref in enumerate(refs)
        }
        catalog = read(openapi({**paths, "/ok": {"get": operation()}}))
        with pytest.raises(BlockingIOError):
            canary.accept()
    assert len(catalog.skipped) == len(refs)
    assert all("never fetched or opened" in each.why for each in catalog.skipped)
    assert "TOP SECRET" not in catalog.model_dump_json()


def test_a_schema_that_refers_to_itself_is_cut_and_says_so():
    node = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "child": {"$ref": "#/components/schemas/Node"}},
    }
    tool = only(
        openapi(
            {"/x": {"post": operation(requestBody=body({"$ref": "#/components/schemas/Node"}))}},
            components={"schemas": {"Node": node}},
        )
    )
    assert tool.properties["child"] == {"type": "object", "description": "Shortened here: it refers to itself."}


def test_references_in_a_bare_circle_are_named():
    schemas = {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}
    document = openapi(
        {
            "/ok": {"get": operation()},
            "/x": {"post": operation(requestBody=body({"$ref": "#/components/schemas/A"}))},
        },
        components={"schemas": schemas},
    )
    assert "circle" in read(document).skipped[0].why


def test_a_document_of_too_many_operations_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("diaforge_core.catalog.formats.drafts.MAX_TOOLS", 3)
    paths = {f"/p{i}": {"get": operation(name=f"n{i}")} for i in range(4)}
    assert "more than 3 operations" in fails(json.dumps(openapi(paths)).encode())


def test_doubling_references_stay_small():
    schemas: dict[str, Any] = {"S0": {"type": "string"}}
    for i in range(1, 40):
        ref = {"$ref": f"#/components/schemas/S{i - 1}"}
        schemas[f"S{i}"] = {"type": "object", "properties": {"a": ref, "b": ref}}
    started = time.monotonic()
    tool = only(
        openapi(
            {"/x": {"post": operation(requestBody=body({"$ref": "#/components/schemas/S39"}))}},
            components={"schemas": schemas},
        )
    )
    assert len(json.dumps(tool.parameters)) < 400_000
    assert "goes on for too long" in json.dumps(tool.parameters)
    assert time.monotonic() - started < 5


def test_yaml_aliases_that_multiply_are_refused_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    merges = ["a0: &a0 {k: v}", *[f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 60)]]
    started = time.monotonic()
    assert "aliases" in fails("\n".join(lines).encode())
    assert "aliases" in fails("\n".join(merges).encode())
    assert time.monotonic() - started < 5


def test_patterns_that_could_hang_are_left_out():
    fields = {"a": r"^(a+)+$", "b": r"(a|a)*b", "c": r"[", "d": r"^[A-Z]{2}\d+$", "e": r"(a{1,9}){1,30}b"}
    schema = {"type": "object", "properties": {n: {"type": "string", "pattern": p} for n, p in fields.items()}}
    tool = only(openapi({"/x": {"post": operation(requestBody=body(schema))}}))
    assert [name for name, field in tool.properties.items() if "pattern" in field] == ["d"]


def test_a_file_that_is_not_there_is_one_message(tmp_path: Path):
    with pytest.raises(CatalogError, match=r"nowhere\.json"):
        load_catalog("nowhere.json")
    with pytest.raises(CatalogError, match="No such file"):
        import_catalog([tmp_path / "gone.json"], "x")


# Several files, and folders


def as_bytes(path: str, name: str) -> bytes:
    return json.dumps(openapi({path: {"get": operation(name=name)}})).encode()


def why_skipped(catalog: Catalog) -> dict[str, str]:
    return {each.where: each.why for each in catalog.skipped}


def test_one_file_that_is_no_catalog_does_not_lose_the_others():
    files = [("a.json", as_bytes("/a", "a")), ("notes.txt", b"Dear all"), ("bad.json", b'{"openapi": ')]
    catalog = import_bytes([*files, ("v9.json", b'{"openapi": "9.0"}'), ("b.json", as_bytes("/b", "b"))], "x")
    assert [tool.name for tool in catalog.tools] == ["a", "b"]
    why = why_skipped(catalog)
    assert list(why) == ["notes.txt", "bad.json", "v9.json"]
    assert "plain text" in why["notes.txt"]
    assert "not valid JSON (line 1" in why["bad.json"]
    assert "version `9.0` is unknown" in why["v9.json"]


def test_files_of_which_none_is_a_catalog_are_all_named_in_one_message():
    with pytest.raises(CatalogError, match=r"The files: no operation[\s\S]*a\.txt[\s\S]*b\.txt"):
        import_bytes([("a.txt", b"one"), ("b.txt", b"two")], "x")


def test_a_document_given_twice_is_read_once_and_named():
    catalog = import_bytes([("a.json", as_bytes("/a", "a")), ("copy of a.json", as_bytes("/a", "a"))], "x")
    assert [tool.name for tool in catalog.tools] == ["a"]
    assert why_skipped(catalog) == {"copy of a.json": "it is the same as `a.json`, byte for byte"}


def test_a_folder_is_read_through_and_what_is_no_catalog_in_it_is_named(tmp_path: Path):
    folder = tmp_path / "apis"
    (folder / "sub" / ".git").mkdir(parents=True)
    secret = tmp_path / "secret.json"
    secret.write_bytes(as_bytes("/secret", "secret"))
    (folder / "README.md").write_text("# Our services\n\nAsk *Jo* about `them`: they know.\n")
    (folder / "z.json").write_bytes(as_bytes("/z", "z"))
    (folder / "sub" / "a.json").write_bytes(as_bytes("/a", "a"))
    (folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    (folder / "link.json").symlink_to(secret)
    (folder / "outside").symlink_to(tmp_path)
    catalog = import_folder(folder, "all")
    assert [(tool.name, tool.source) for tool in catalog.tools] == [("a", "sub/a.json"), ("z", "z.json")]
    assert set(why_skipped(catalog)) == {"README.md", "picture.png", "link.json", "outside", "sub/.git"}
    assert [path.name for path in catalog_files(folder)] == ["README.md", "picture.png", "a.json", "z.json"]
    assert load_catalog(folder).name == "apis"


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path):
    (tmp_path / "a.json").write_bytes(as_bytes("/a", "a"))
    with (tmp_path / "vast.json").open("wb") as file:
        file.truncate(60_000_000)
    assert "more than 48,000,000 bytes" in why_skipped(import_folder(tmp_path, "x"))["vast.json"]


def test_a_folder_without_a_catalog_is_one_message(tmp_path: Path):
    with pytest.raises(CatalogError, match="no file that could be read"):
        import_folder(tmp_path, "x")
    (tmp_path / "README").write_text("Nothing here.")
    with pytest.raises(CatalogError, match=r"no operation could be read[\s\S]*README"):
        import_folder(tmp_path, "x")
    with pytest.raises(CatalogError, match="no folder"):
        import_folder(tmp_path / "gone", "x")


def test_a_folder_that_is_too_large_to_be_a_catalog_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in "abc":
        (tmp_path / name).write_bytes(as_bytes(f"/{name}", name))
    monkeypatch.setattr("diaforge_core.catalog.folders.MAX_FILES", 2)
    with pytest.raises(CatalogError, match="more than 2 files"):
        import_folder(tmp_path, "x")


def test_a_file_name_of_any_bytes_is_told_as_text(tmp_path: Path):
    (tmp_path / os.fsdecode(b"caf\xe9.json")).write_bytes(as_bytes("/a", "a"))
    (tool,) = import_folder(tmp_path, "x").tools
    assert Tool.model_validate_json(tool.model_dump_json()).source == "caf?.json"


numbers = st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(
        ["type", "properties", "items", "required", "enum", "$ref", "allOf", "oneOf", "if", "then", "nullable", "a",
         "in", "name", "schema", "description", "pattern", "minimum", "default", "dependentRequired", "parameters"]
    ) | st.text(max_size=3), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40) | st.sampled_from(["../../x.json", "x" * 300, "CON", "/etc/passwd", "a\0b", "."]))
def test_a_document_of_any_file_name_is_read_and_the_name_is_only_text(name: str):
    (tool,) = import_bytes([(name, as_bytes("/a", "a"))], "x").tools
    assert Tool.model_validate_json(tool.model_dump_json()) == tool


def tools_or_message(document: Any, name: str) -> tuple[Tool, ...]:
    """The tools of a document that may be none, after a look at the message if it is none."""
    try:
        return read(document, name).tools
    except CatalogError as error:
        said = str(error)
    assert said.startswith(f"{name}: ")
    return ()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_give_a_catalog_or_one_message(data: bytes):
    said = ""
    try:
        catalog = import_bytes([("any.yaml", data)], "any")
    except CatalogError as error:
        said = str(error)
    else:
        said = "any.yaml" if catalog.tools else "nothing"
    assert "any.yaml" in said


@settings(max_examples=150, deadline=None)
@given(json_values, json_values)
def test_any_operation_gives_a_valid_tool_or_is_named(one: Any, other: Any):
    paths = {
        "/ok": {"get": operation()},
        "/one": {"post": one},
        "/two": {"post": operation({"name": "q", "in": "query", "schema": one}, requestBody=body(other))},
    }
    catalog = read(openapi(paths))
    assert catalog.tools[0].name == "doIt"
    for tool in catalog.tools:
        Draft202012Validator.check_schema(tool.parameters)
        assert Tool.model_validate_json(tool.model_dump_json()).name == tool.name


def test_only_what_should_have_become_a_tool_is_a_fault(tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps({"openapi": "3.1.0", "paths": {"/a": {"get": {"operationId": "a"}}}}))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "README.md").write_text("About: these: files")
    (tmp_path / "copy.json").write_bytes((tmp_path / "a.json").read_bytes())
    catalog = import_folder(tmp_path, "x")
    assert [each.where for each in catalog.faults] == ["broken.json"]
    assert {each.where for each in catalog.remarks} == {"README.md", "copy.json"}
    assert "README.md" not in import_report(catalog, "the folder")

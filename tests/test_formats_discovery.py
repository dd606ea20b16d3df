"""Google discovery documents: a small one in their manner, and all real ones where they are installed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from diaforge_core.catalog.importing import import_bytes, import_catalog
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Catalog, Tool
from tests.test_importing import json_values, tools_or_message

_PACKAGE = importlib.util.find_spec("googleapiclient")
_PLACES = (_PACKAGE.submodule_search_locations if _PACKAGE else None) or ["absent"]
REAL = Path(_PLACES[0]) / "discovery_cache" / "documents"
"""The documents inside of google-api-python-client, where it is installed."""

DIRECTORY = (
    "this is the directory of discovery documents, not one of them. Give the documents that it lists; "
    "nothing was imported."
)

SEND: dict[str, Any] = {
    "id": "mail.users.messages.send",
    "path": "{+name}/messages/send",
    "flatPath": "v1/users/{userId}/messages/send",
    "httpMethod": "POST",
    "description": "Sends a message. It goes out at once.",
    "parameters": {
        "name": {"type": "string", "location": "path", "required": True, "pattern": "^users/[^/]+$"},
        "labels": {"type": "string", "repeated": True, "location": "query", "description": "Labels to add."},
        "size": {"type": "integer", "format": "uint32", "default": "25", "maximum": "100", "location": "query"},
        "draft": {"type": "boolean", "default": "true", "location": "query"},
        "mask": {"type": "string", "format": "google-fieldmask", "location": "query"},
        "view": {
            "type": "string",
            "enum": ["FULL", "RAW", "NONE"],
            "enumDescriptions": ["Everything.", "As it\ncame.", ""],
            "description": "What to return.",
            "location": "query",
        },
    },
    "request": {"$ref": "Message"},
    "mediaUpload": {"accept": ["message/*"], "protocols": {}},
    "scopes": ["https://mail.example/"],
}  # fmt: skip
SCHEMAS = {
    "Message": {
        "id": "Message",
        "type": "object",
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "subject": {"type": "string", "annotations": {"required": ["mail.users.messages.send"]}},
            "at": {"type": "string", "format": "google-datetime"},
            "serial": {"type": "string", "format": "int64"},
            "body": {"type": "string", "format": "byte"},
            "wait": {"type": "string", "format": "google-duration"},
            "extra": {"type": "any"},
            "headers": {"type": "object", "additionalProperties": {"$ref": "Header"}},
            "replies": {"type": "array", "items": {"$ref": "Message"}},
        },
    },
    "Header": {"id": "Header", "type": "object", "properties": {"value": {"type": "string"}}},
}


def document(**rest: Any) -> dict[str, Any]:
    change = {**SEND, "id": "mail.users.messages.update", "httpMethod": "PUT", "mediaUpload": None}
    del change["mediaUpload"]
    messages = {"methods": {"send": SEND, "update": change}}
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "title": "Mail API",
        "servicePath": "mail/",
        "parameters": {"alt": {"type": "string", "location": "query"}, "key": {"type": "string", "location": "query"}},
        "schemas": SCHEMAS,
        "resources": {"users": {"resources": {"messages": messages}, "deprecated": True}},
        "methods": {"ping": {"id": "mail.ping", "path": "ping", "httpMethod": "GET"}},
        **rest,
    }


def read(value: Any) -> Catalog:
    return import_bytes([("mail.v1.json", json.dumps(value).encode())], "mail")


@pytest.fixture(scope="module")
def send() -> Tool:
    return read(document()).tool("mail.users.messages.send")


def test_methods_of_nested_resources_come_with_name_address_and_group(send: Tool):
    assert [tool.original_name for tool in read(document()).tools] == [
        "mail.ping",
        "mail.users.messages.send",
        "mail.users.messages.update",
    ]
    assert (send.name, send.group, send.method) == ("mail_users_messages_send", "Mail", "POST")
    assert (send.path, send.position) == (
        "/mail/v1/users/{userId}/messages/send",
        "POST /mail/v1/users/{userId}/messages/send",
    )
    assert (send.summary, send.side_effect, send.source) == ("Sends a message.", "write", "mail.v1.json")


def test_what_is_deprecated_with_its_resource_says_so(send: Tool):
    assert send.deprecated
    assert not read(document()).tool("mail.ping").deprecated


def test_parameters_and_body_are_one_schema_without_what_the_machinery_sets(send: Tool):
    assert list(send.properties) == [
        *("name", "labels", "size", "draft", "mask", "view"),
        *("subject", "at", "serial", "body", "wait", "extra", "headers", "replies", "media_body"),
    ]
    assert send.properties["labels"] == {"type": "array", "items": {"type": "string"}, "description": "Labels to add."}
    assert send.properties["size"] == {
        "type": "integer", "format": "uint32", "default": 25, "minimum": 0, "maximum": 100.0,
    }  # fmt: skip
    assert send.properties["draft"] == {"type": "boolean", "default": True}
    assert send.properties["name"]["pattern"] == "^users/[^/]+$"
    assert "message/*" in send.properties["media_body"]["description"]


def test_meanings_of_an_enums_values_are_told(send: Tool):
    assert send.properties["view"]["description"] == "What to return.\n- `FULL`: Everything.\n- `RAW`: As it came."


def test_formats_of_their_own_are_told_in_json_schemas_words(send: Tool):
    assert send.properties["at"]["format"] == "date-time"
    assert send.properties["mask"]["format"] == "google-fieldmask"
    check = Draft202012Validator(send.parameters)
    assert check.is_valid({"name": "users/1", "subject": "x", "serial": "9223372036854775807", "wait": "3.5s"})
    assert not check.is_valid({"name": "users/1", "subject": "x", "serial": "many"})
    assert not check.is_valid({"name": "users/1", "subject": "x", "wait": "a while"})


def test_a_field_is_required_for_the_methods_that_it_names_alone(send: Tool):
    assert send.required == ("name", "subject")
    assert read(document()).tool("mail.users.messages.update").required == ("name",)


def test_a_schema_that_holds_itself_is_cut(send: Tool):
    assert "refers to itself" in json.dumps(send.properties["replies"])


def test_the_directory_of_documents_says_what_to_give_instead():
    with pytest.raises(CatalogError, match="the directory of discovery documents, not one of them"):
        read({"kind": "discovery#directoryList", "discoveryVersion": "v1", "items": []})


def test_a_broken_method_is_named_and_the_others_are_read():
    methods = {
        "ok": SEND,
        "lost": {**SEND, "id": "lost", "request": {"$ref": "Nowhere"}},
        "outside": {**SEND, "id": "outside", "request": {"$ref": "http://evil.example/x"}},
        "none": 3,
        "odd": {**SEND, "id": "odd", "parameters": {"a": 1}},
    }
    catalog = read(document(resources={"a": {"methods": methods, "resources": []}, "b": 4}, methods={}))
    assert [tool.original_name for tool in catalog.tools] == ["mail.users.messages.send"]
    assert {each.where: each.why for each in catalog.skipped} == {
        "a.lost": "in `body`: the reference `Nowhere` leads to no schema of this document",
        "a.outside": "in `body`: the reference `http://evil.example/x` leads to no schema of this document",
        "a.none": "the method is not a mapping",
        "a.odd": "parameter `a` is not a mapping",
        "a.resources": "`resources` is not a mapping",
        "b": "the resource is not a mapping",
    }


def test_the_work_that_methods_with_fields_of_their_own_make_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("diaforge_core.catalog.formats.discovery.MAX_OWN_VALUES", 50)
    names = [f"m{i}" for i in range(20)]
    schemas = {"S": {"type": "object", "properties": {"a": {"type": "string", "annotations": {"required": names}}}}}
    one = {"httpMethod": "POST", "path": "x", "request": {"$ref": "S"}}
    tools = read(document(schemas=schemas, methods={n: {**one, "id": n} for n in names}, resources={})).tools
    assert [tool.required for tool in tools][:: len(tools) - 1] == [("a",), ()]


@settings(max_examples=150, deadline=None)
@given(json_values, json_values)
def test_any_value_as_a_method_or_schema_gives_a_catalog_or_one_message(one: Any, other: Any):
    odd = {**SEND, "parameters": {"p": one}, "request": other}
    for value in (
        document(resources={"r": one}, schemas=other, methods={"m": odd, "n": one}),
        document(schemas={"Message": one, "Header": other}),
        {"discoveryVersion": one, "resources": other},
    ):
        for tool in tools_or_message(value, "a.json"):
            Draft202012Validator.check_schema(tool.parameters)


@pytest.mark.skipif(not REAL.is_dir(), reason="google-api-python-client is not installed")
def test_all_real_documents_import_whole():
    files = sorted(REAL.glob("*.json"))
    catalog = import_catalog(files, "google")
    contents = {path.read_bytes() for path in files}
    assert len(catalog.tools) == sum(content.count(b'"httpMethod": "') for content in contents) > 20_000
    repeats = {each.where for each in catalog.skipped if "byte for byte" in each.why}
    assert len(repeats) == len(files) - len(contents)
    others = {each.why for each in catalog.skipped if each.where not in repeats}
    assert others <= {"it declares no operations", DIRECTORY}
    assert len({tool.name for tool in catalog.tools}) == len(catalog.tools)
    for tool in catalog.tools[::100]:
        Draft202012Validator.check_schema(tool.parameters)

"""A catalog written down and imported again is the same catalog, in each form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV31SpecValidator

from diaforge_core.catalog.exporting import EXPORTS, export_catalog
from diaforge_core.catalog.formats.joining import check_arguments
from diaforge_core.catalog.importing import import_bytes, import_catalog, load_catalog
from diaforge_core.catalog.naming import clean_name, unique_names
from diaforge_core.catalog.refs import References
from diaforge_core.catalog.schemas import SchemaProblem, SchemaReader
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Catalog, Tool
from tests.test_importing import json_values

SHARED = Path(__file__).parents[2] / "shared" / "catalogs"
"""Real documents, where this checkout has them beside it."""


def again(catalog: Catalog, form: str) -> Catalog:
    return import_bytes([("elsewhere.json", export_catalog(catalog, form))], catalog.name)


def assert_comes_back(catalog: Catalog, form: str) -> None:
    found = again(catalog, form)
    assert not found.skipped
    for tool, back in zip(catalog.tools, found.tools, strict=True):
        assert back == tool
        assert list(back.properties) == list(tool.properties)
    assert (found.pinned, found.banned, found.version) == (catalog.pinned, catalog.banned, catalog.version)


def tool(name: str, **rest: Any) -> Tool:
    fields = {"original_name": name, "summary": f"Does {name}.", "source": "a.json", "position": name, **rest}
    return Tool(name=clean_name(name), **fields)


def schema(*names: str, required: tuple[str, ...] = (), **rest: Any) -> dict[str, Any]:
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, **needed, **rest}


ODD = Catalog(
    name="odd",
    tools=(
        tool("CRM.Get", method="GET", path="/leads/{id}", parameters=schema("q", "id", required=("id",)), group="CRM"),
        tool(
            "CRM.Wipe", method="DELETE", path="/x", parameters=schema("a"), side_effect="destructive", deprecated=True
        ),
        tool("CRM.Put", method="PUT", path="/leads/{id}", parameters=schema("id", "b", required=("b", "id"))),
        tool("twice", method="GET", path="/leads/{id}", parameters=schema("id", required=("id",)), summary=""),
        tool("same shape", method="POST", path="/leads/{other}", parameters=schema("other", required=("other",))),
        tool("no address", method="QUERY", path="Leads(Id)", description="It queries.", parameters={"type": "object"}),
        tool("unfilled", method="GET", path="/v1/{name}/x", parameters=schema("parent", required=("parent",))),
        tool("rules", parameters=schema("a", "b", dependentRequired={"a": ["b"]}, description="All.", title="T")),
        tool("asked", method="GET", path="/y", parameters=schema("a", "b", dependentRequired={"a": ["b"]})),
        tool("whole", method="POST", path="/z", parameters=schema("body", additionalProperties=False)),
        tool("tools/x", method="POST", path="/tools/no_address", side_effect="read", side_effect_reason="Said so."),
    ),
    pinned=(("CRM_Get", "CRM_Put"), ("CRM_Get", "twice")),
    banned=(("CRM_Wipe", "rules"),),
)


@pytest.mark.parametrize("form", EXPORTS)
def test_tools_that_share_addresses_or_have_none_come_back_with_their_pairs(form: str):
    assert_comes_back(ODD, form)


@pytest.mark.parametrize("form", EXPORTS)
def test_the_sample_catalog_comes_back(form: str):
    assert_comes_back(load_catalog("enterprise_openapi.json"), form)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real documents are not beside this checkout")
@pytest.mark.parametrize("form", EXPORTS)
@pytest.mark.parametrize("files", ["twilio/*v2010.json", "twilio/twilio_[cv]*.json", "msgraph/*.csdl"])
def test_real_catalogs_come_back(form: str, files: str):
    catalog = import_catalog(sorted(SHARED.glob(files)), "real")
    some = Catalog(name="some", tools=catalog.tools[:: max(1, len(catalog.tools) // 400)])
    assert_comes_back(some, form)


names = st.text(st.sampled_from("abCD ._/-é{}"), min_size=1, max_size=8)
texts = st.sampled_from(["", "Gets it.", "Removes it. For good.", "One\n\ntwo", "x" * 150 + " " + "y" * 100])


@st.composite
def tools(draw: st.DrawFn) -> Tool:
    """A tool as an import makes it: any schema, in the reader's words."""
    fields = draw(st.dictionaries(names, json_values, max_size=4))
    given_schema = {
        **draw(st.dictionaries(st.sampled_from(["if", "then", "allOf", "oneOf", "title"]), json_values, max_size=2)),
        "type": "object",
        "properties": fields,
        "required": draw(st.lists(st.sampled_from(sorted(fields)), unique=True)) if fields else [],
    }
    try:
        parameters = SchemaReader(References(given_schema)).read(given_schema)
        check_arguments(parameters)
    except SchemaProblem:
        parameters = {"type": "object", "properties": {}}
    original = draw(names)
    path = "/" + "/".join(draw(st.lists(st.sampled_from(["a", "b", *(f"{{{name}}}" for name in fields)]), max_size=3)))
    return Tool(
        name=clean_name(original),
        original_name=original,
        summary=draw(texts).replace("\n", " "),
        description=draw(texts),
        parameters=parameters,
        side_effect=draw(st.sampled_from(["read", "write", "destructive"])),
        side_effect_reason=draw(texts),
        group=draw(texts),
        method=draw(st.sampled_from(["", "GET", "POST", "DELETE", "PATCH", "ACTION"])),
        path=draw(st.sampled_from(["", path])),
        source=draw(st.sampled_from(["", "a.json", "b/c.yaml"])),
        position=draw(names),
        deprecated=draw(st.booleans()),
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(tools(), min_size=1, max_size=5), st.data())
def test_any_catalog_comes_back_in_every_form(made: list[Tool], data: st.DataObject):
    unique = unique_names(made)
    pairs = sorted({tuple(sorted((one.name, other.name))) for one in unique for other in unique if one is not other})
    kinds = data.draw(st.lists(st.sampled_from(["pinned", "banned", ""]), min_size=len(pairs), max_size=len(pairs)))
    said = {kind: tuple(pair for pair, each in zip(pairs, kinds, strict=True) if each == kind) for kind in set(kinds)}
    catalog = Catalog(name="any", tools=unique, pinned=said.get("pinned", ()), banned=said.get("banned", ()))  # pyright: ignore[reportArgumentType]
    for form in EXPORTS:
        assert_comes_back(catalog, form)


@pytest.mark.parametrize("catalog", [ODD, load_catalog("enterprise_apis.json")], ids=["odd", "sample"])
def test_the_openapi_export_is_valid_openapi(catalog: Catalog):
    OpenAPIV31SpecValidator(json.loads(export_catalog(catalog, "openapi"))).validate()


def test_the_openai_export_is_what_its_interface_takes():
    for entry in json.loads(export_catalog(ODD, "openai")):
        assert entry["type"] == "function"
        assert set(entry["function"]) == {"name", "description", "parameters"}
        assert len(entry["function"]["name"]) <= 64
        assert entry["function"]["description"] or entry["function"]["name"] == "twice"
        assert entry["function"]["parameters"]["type"] == "object"


def test_the_mcp_export_is_what_a_server_answers():
    listed = json.loads(export_catalog(ODD, "mcp"))["tools"]
    assert all(entry["inputSchema"]["type"] == "object" for entry in listed)
    assert [entry["annotations"]["readOnlyHint"] for entry in listed].count(True) == 1
    allowed = {"name", "title", "description", "inputSchema", "annotations", "_meta"}
    assert {key for entry in listed for key in entry} == allowed


def test_addresses_are_kept_where_openapi_allows_them():
    paths = json.loads(export_catalog(ODD, "openapi"))["paths"]
    assert list(paths["/leads/{id}"]) == ["get", "put"]
    made = {"/tools/twice", "/tools/same_shape", "/tools/unfilled", "/tools/no_address", "/tools/tools_x"}
    assert made <= set(paths)


def test_texts_edited_in_an_export_are_the_texts_that_are_imported():
    listed = json.loads(export_catalog(ODD, "mcp"))
    listed["tools"][5]["description"] = "It finds what you ask for."
    back = import_bytes([("a.json", json.dumps(listed).encode())], "odd").tools
    assert back[5].description == "It finds what you ask for."


@pytest.mark.parametrize(
    ("kept", "part"),
    [
        ({"name": "no spaces"}, "`name`"),
        ({"side_effect": "terrible"}, "`side_effect`"),
        ({"deprecated": []}, "`deprecated`"),
        ({"arguments": 3}, "`arguments`"),
        ({"arguments": {"$ref": "http://evil.example/x"}}, "never fetched"),
        ({"arguments": {"type": "object", "required": ["x"]}}, "`x`, which is not declared"),
        ({"description": "x" * 30_000}, "20,000 characters"),
    ],
)
def test_kept_fields_that_no_export_wrote_are_named(kept: dict[str, Any], part: str):
    listed = [{"name": "ok", "parameters": {}}, {"name": "bad", "parameters": {}, "x-diaforge": kept}]
    (problem,) = import_bytes([("a.json", json.dumps(listed).encode())], "x").skipped
    assert problem.where == "bad"
    assert part in problem.why


def test_pairs_with_tools_that_are_not_there_are_named():
    listed = [
        {"name": name, "parameters": {}, "x-diaforge": {"pinned": ["b", "gone"], "banned": ["b"]}} for name in "ab"
    ]
    catalog = import_bytes([("a.json", json.dumps(listed).encode())], "x")
    assert (catalog.pinned, catalog.banned) == ((("a", "b"),), ())
    assert len(catalog.skipped) == 5


def test_an_unknown_form_is_one_message():
    with pytest.raises(CatalogError, match="openapi, openai, mcp"):
        export_catalog(ODD, "csv")


def test_a_tool_that_no_import_would_have_made_is_named():
    bad = Catalog(name="bad", tools=(tool("x", parameters={"type": "object", "required": ["nowhere"]}),))
    with pytest.raises(CatalogError, match=r"`x`: `required` names `nowhere`"):
        export_catalog(bad, "mcp")

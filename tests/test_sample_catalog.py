"""The sample catalog is what its sources say, valid, and rich enough to be confusing."""

from __future__ import annotations

import random

import pytest
from openapi_spec_validator import validate as validate_openapi

from data.sample_catalog.build import documents, openapi, type_schema
from diaforge_core.catalog.arguments import sample_arguments, validate
from diaforge_core.catalog.importing import import_catalog, load_catalog
from diaforge_core.records.tool import Catalog
from diaforge_core.settings import DATA_DIR

DOMAINS = {"CRM", "Sales", "Finance", "Procurement", "HR", "ITSM", "IAM"}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return import_catalog([DATA_DIR / "enterprise_openapi.json"], "enterprise")


@pytest.mark.parametrize("name", ["enterprise_openapi.json", "enterprise_apis.json"])
def test_the_committed_document_is_what_the_domain_files_make(name: str):
    assert (DATA_DIR / name).read_text(encoding="utf-8") == documents()[name]


def test_the_document_is_valid_openapi():
    validate_openapi(openapi())


def test_every_operation_imports_and_all_domains_are_there(catalog: Catalog):
    assert catalog.skipped == ()
    assert len(catalog.tools) >= 150
    assert {tool.group for tool in catalog.tools} == DOMAINS


def test_the_tool_list_holds_the_same_tools_as_the_document(catalog: Catalog):
    listed = load_catalog("enterprise_apis.json")
    assert [tool.original_name for tool in listed.tools] == [tool.original_name for tool in catalog.tools]
    for one, other in zip(listed.tools, catalog.tools, strict=True):
        assert one.properties.keys() == other.properties.keys(), one.name
        assert set(one.required) == set(other.required), one.name
        assert one.side_effect == other.side_effect, one.name
        assert (one.summary, one.group) == (other.summary, other.group)


def test_the_tools_of_the_brief_are_there_with_their_parameters(catalog: Catalog):
    lead = catalog.tool("CRM.CreateLead")
    assert {"customer_name", "email", "phone", "industry", "company_size"} <= set(lead.properties)
    for name in ("CRM.UpdateLead", "CRM.CreateContact", "Sales.CreateOpportunity"):
        assert name in catalog


def test_most_tools_have_mandatory_parameters_and_every_kind_of_side_effect_is_common(catalog: Catalog):
    total = len(catalog.tools)
    assert sum(bool(tool.required) for tool in catalog.tools) >= 0.71 * total
    for effect in ("read", "write", "destructive"):
        assert sum(tool.side_effect == effect for tool in catalog.tools) >= 0.1 * total, effect


def test_parameters_depend_on_each_other_in_many_tools(catalog: Catalog):
    keywords = {"if", "dependentRequired", "oneOf"}
    assert sum(bool(keywords & set(tool.parameters)) for tool in catalog.tools) >= 12
    assert all(any(word in tool.parameters for tool in catalog.tools) for word in keywords)


def test_every_parameter_says_what_it_means(catalog: Catalog):
    silent = [
        (tool.name, name)
        for tool in catalog.tools
        for name, schema in tool.properties.items()
        if not schema.get("description")
    ]
    assert silent == []


def test_sampled_arguments_of_every_tool_are_valid(catalog: Catalog):
    for tool in catalog.tools:
        for seed in range(3):
            arguments = sample_arguments(tool, random.Random(seed))
            assert validate(tool, arguments) == [], (tool.name, arguments)


def test_an_unknown_type_in_a_domain_file_is_an_error():
    with pytest.raises(ValueError, match="strng"):
        type_schema("strng")

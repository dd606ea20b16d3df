"""The search box: every word, names first, the document's order, as one types."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaforge_core.catalog.search import ToolSearch
from diaforge_core.records.tool import Tool
from tests.factories import a_tool, sales_tools

TOOLS = sales_tools()
SEARCH = ToolSearch(TOOLS)


def found(text: str, **filters: str) -> list[str]:
    return [TOOLS[place].name for place in SEARCH.find(text, **filters)]  # pyright: ignore[reportArgumentType]


def test_no_words_find_every_tool_in_the_documents_order():
    assert found("  ") == [tool.name for tool in TOOLS]


def test_every_word_must_occur_whatever_its_case():
    assert found("LEAD delete") == ["CRM_DeleteLead"]
    assert found("lead nonsense") == []


def test_half_a_word_finds_what_is_being_typed():
    assert found("oppor") == ["Sales_CreateOpportunity"]


def test_a_parameter_and_a_description_are_searched_too():
    assert found("company_size") == ["CRM_CreateLead", "CRM_CreateCustomer"]
    assert found("buys from") == ["CRM_CreateCustomer"]


def test_tools_that_hold_all_words_in_the_name_come_first():
    assert found("customer")[0] == "CRM_CreateCustomer"
    assert found("customer")[1:] == [name for name in (tool.name for tool in TOOLS) if name in found("customer")[1:]]


def test_side_effect_and_group_narrow_what_is_found():
    assert found("lead", side_effect="destructive") == ["CRM_DeleteLead"]
    assert found("", group="Sales") == ["Sales_CreateOpportunity"]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_any_words_find_what_a_plain_reading_finds(text: str):
    def holds(tool: Tool) -> bool:
        hay = " ".join((tool.original_name, tool.name, tool.text, tool.group, tool.path, *tool.properties)).casefold()
        return all(word in hay for word in text.casefold().split())

    assert sorted(found(text)) == sorted(tool.name for tool in TOOLS if holds(tool))


def test_no_tools_find_nothing():
    assert ToolSearch(()).find("lead").tolist() == []


@pytest.mark.parametrize("text", ["e", "the of a to in for", "x" * 5_000, "lead " * 5_000])
def test_a_hard_query_over_thousands_of_tools_is_answered_at_once(text: str):
    many = ToolSearch([a_tool(f"Tool{i}", summary=f"The lead number {i} of a list") for i in range(5_000)])
    start = time.perf_counter()
    answer = many.find(text)
    assert time.perf_counter() - start < 0.5
    assert answer.dtype == np.intp

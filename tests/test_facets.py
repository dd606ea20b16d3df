"""What tells operations apart, in words that a business user can answer to."""

from __future__ import annotations

import random
import re
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.catalog.facets import best_facet, facets, indistinguishable, plain_words, profile
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.catalog.leaves import labels_of, leaves
from diaforge_core.catalog.neighbours import nearest
from diaforge_core.catalog.words import folded, plural, singular, with_article
from diaforge_core.records.tool import Tool
from tests.factories import a_tool, sales_tools

BRIEF = ("CRM_CreateLead", "CRM_UpdateLead", "CRM_CreateContact", "Sales_CreateOpportunity")


def near_sets(count: int, size: int = 5):
    """Seeded sets of a tool of the sample catalog and its nearest."""
    catalog = load_catalog("enterprise_apis.json")
    near = nearest(catalog, size)
    for tool in random.Random(3).sample(catalog.tools, count):
        yield catalog.subset([tool.name, *(name for name, _ in near[tool.name] if name != tool.name)][:size])


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("customer_name", "customer name"),
        ("SipCredentialList", "SIP credential list"),
        ("api_v2010.FetchIPAddress", "API fetch IP address"),
        ("GET /leads/{id}", "get leads ID"),
        ("StartTime>", "start time after"),
        ("Api20100401Message", "API message"),
        ("", ""),
    ],
)
def test_an_identifier_reads_as_a_person_says_it(identifier: str, words: str):
    assert plain_words(identifier) == words


@given(st.text(max_size=60))
def test_any_text_gives_plain_words_without_separators(text: str):
    assert not re.search(r"[_./{}]", plain_words(text))


@pytest.mark.parametrize(
    ("name", "fields", "task"),
    [
        ("CRM_CreateLead", {}, "create a new lead"),
        ("ListInvoices", {"method": "GET"}, "see a list of invoices"),
        ("users_messages_send", {"original_name": "users.messages.send"}, "send a message"),
        ("jira_create_issue", {"original_name": "jira_create_issue"}, "create a new issue"),
        ("x1", {"original_name": "DELETE /orders/{id}", "method": "DELETE", "path": "/orders/{id}"}, "remove an order"),
        ("TrackOrder", {"summary": "Tracks where an order is"}, "track an order"),
        ("FetchUsage", {"method": "GET"}, "look up the usage"),
    ],
)
def test_the_task_of_an_operation_is_said_in_business_words(name: str, fields: dict, task: str):
    assert profile(a_tool(name, **fields)).task == task


@pytest.mark.parametrize(
    ("word", "many"), [("company", "companies"), ("address", "addresses"), ("box", "boxes"), ("key", "keys")]
)
def test_plurals_and_singulars_go_both_ways(word: str, many: str):
    assert plural(word) == many
    assert singular(many) == word


def test_articles_follow_the_sound():
    said = ["SMS", "URL", "user", "invoice", "hour"]
    assert [with_article(word) for word in said] == ["an SMS", "a URL", "a user", "an invoice", "an hour"]


def test_facets_do_not_depend_on_the_order_of_the_tools():
    tools = sales_tools()[:4]
    first = facets(tools)
    for order in permutations(tools):
        assert facets(order) == first
        assert best_facet(order) == best_facet(tools)


def test_every_facet_splits_its_tools():
    for tools in near_sets(25):
        for facet in facets(tools):
            assert len(set(facet.answers.values())) > 1
            assert set(facet.answers) <= {tool.name for tool in tools}


def test_questions_and_answers_quote_no_identifier():
    for tools in near_sets(40):
        for facet in facets(tools):
            for text in (facet.question, *facet.answers.values()):
                assert not re.search(r"\bv\d|[/{}_]|[a-z][A-Z]", text), text
                words = re.findall(r"\w+", text.casefold())
                for tool in tools:
                    name = folded(tool.original_name)
                    joined = {"".join(words[a:b]) for a in range(len(words)) for b in range(a + 2, a + 6)}
                    assert name not in joined


def test_one_question_separates_the_tools_of_the_brief():
    tools = tuple(tool for tool in sales_tools() if tool.name in BRIEF)
    facet = best_facet(tools)
    assert facet is not None
    assert len(set(facet.answers.values())) >= 3


def test_a_set_of_alike_actions_is_asked_by_its_thing():
    tools = tuple(tool for tool in sales_tools() if tool.name.split("_")[1].startswith("Create"))
    facet = best_facet(tools)
    assert facet is not None
    assert facet.key == "resource"
    assert facet.question == "Is this about a contact, a customer, a lead or an opportunity?"


def test_tools_that_differ_only_by_a_version_are_indistinguishable():
    old, new = (
        a_tool(f"CreateLead_{v}", original_name=f"CreateLead_{v}", summary="Create a lead") for v in ("v1", "v2")
    )
    assert indistinguishable(old, new)
    assert best_facet((old, new)) is None
    assert not indistinguishable(*sales_tools()[:2])


def test_a_value_that_only_one_tool_needs_separates():
    plain = a_tool("CreateOrder", original_name="CreateOrder", summary="Create an order", item="string!")
    framed = a_tool(
        "CreateOrder_2", original_name="CreateOrder", summary="Create an order", item="string!", contract_id="string!"
    )
    facet = best_facet((plain, framed))
    assert facet is not None
    assert facet.parameter == "contract_id"
    assert facet.question == "Do you have a contract ID for this?"


def test_a_tool_without_words_or_parameters_has_a_profile():
    bare = a_tool("x", original_name="x")
    assert profile(bare).task
    assert facets((bare,)) == ()
    assert best_facet((bare,)) is None


def test_labels_are_unique_in_their_tool_and_say_what_an_id_is_of():
    for tools in near_sets(40):
        for tool in tools:
            labels = [leaf.label.casefold() for leaf in leaves(tool)]
            assert len(set(labels)) == len(labels), tool.name
    tool = a_tool("GetLead", id="string!", to="string", approved_by="string")
    assert labels_of(tool) == {"id": "lead ID", "to": "recipient", "approved_by": "person it is approved by"}


@pytest.mark.parametrize(
    ("name", "path", "task"),
    [
        ("Sales.HoldOrder", "/sales/orders/{order_id}/hold", "hold an order"),
        ("Sales.DiscountQuote", "/sales/quotes/{quote_id}/discounts", "discount a quote"),
        ("CallNotification", "/calls/{sid}/notifications", "create a new call notification"),
    ],
)
def test_an_address_that_ends_in_the_name_s_first_word_makes_it_the_verb(name: str, path: str, task: str):
    text = "Put the order, the quote or the call on hold, with a discount and a notification."
    tool = Tool(name=name.replace(".", "_"), original_name=name, summary=text, method="POST", path=path)
    assert profile(tool).task == task

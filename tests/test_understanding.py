"""What an assistant asks is understood in words that are not ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.catalog.facets import facets
from diaforge_core.conversation.understanding import understand
from tests.factories import sales_tools

TOOLS = sales_tools()
LEAD = TOOLS[:1]


@pytest.mark.parametrize(
    ("question", "facet"),
    [
        ("Do you want to create a new lead or update an existing one?", "action"),
        ("new or existing?", "action"),
        ("Would you like me to add, change or delete it?", "action"),
        ("Is this about a lead, a contact or an opportunity?", "resource"),
        ("Which record type: lead, contact or opportunity?", "resource"),
        ("lead or contact?", "resource"),
        ("Should I create a new lead, change an existing contact or remove a lead?", "task"),
        ("Do you already have a lead ID?", "parameter:lead ID"),
    ],
)
def test_a_separating_question_is_known_by_its_choices(question: str, facet: str):
    asked = understand(question, TOOLS)
    assert asked.kind == "facet"
    assert facet in asked.facets


def test_every_question_of_the_facets_is_understood_as_that_facet():
    for facet in facets(TOOLS):
        asked = understand(facet.question, TOOLS)
        assert asked.kind == "facet", facet
        assert facet.key in asked.facets


def test_a_choice_in_the_words_of_the_descriptions_names_the_tools():
    asked = understand("Is he a prospect or an existing customer?", TOOLS)
    assert asked.kind == "facet"
    assert "CRM_CreateLead" in asked.tools


@pytest.mark.parametrize(
    ("question", "parameters"),
    [
        ("What's the email and phone?", ("email", "phone")),
        ("Could you tell me the lead's e-mail address?", ("email",)),
        ("Please provide the custmer name.", ("customer_name",)),
        ("To proceed I need the company size and the industry.", ("company_size", "industry")),
        ("Thanks! One more thing: which industry is the company in?", ("industry",)),
        ("Got it, a new lead. What phone number should I use?", ("phone",)),
    ],
)
def test_a_question_for_values_names_them_in_its_order(question: str, parameters: tuple[str, ...]):
    asked = understand(question, LEAD)
    assert asked.kind == "arguments"
    assert asked.parameters == parameters


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("Shall I go ahead?", "confirmation"),
        ("I'm about to remove the lead with lead ID LD-1. Do you confirm?", "confirmation"),
        ("Is everything correct?", "confirmation"),
        ("What would you like to do?", "options"),
        ("Could you tell me more about what you need?", "options"),
        ("I'm sorry, but none of the tools I have fits that.", "none_fits"),
        ("I can't help with that.", "none_fits"),
        ("None of the available functions match your request.", "none_fits"),
        ("None of the choices fits that.", "none_fits"),
        ("Sorry, but none of these fits.", "none_fits"),
        ("Bananas are yellow.", "other"),
        ("", "other"),
    ],
)
def test_the_other_kinds_of_reply_are_told_apart(reply: str, kind: str):
    assert understand(reply, TOOLS).kind == kind


@pytest.mark.parametrize(
    "reply",
    [
        "Which one do you want: a lead or a customer? If none of them fits, tell me.",
        "Do you want to delete a lead or archive one, or do none of these apply?",
        "None of these works without an ID. What is the lead ID?",
        "Please pick one: a, b or c. If none of the choices fit, just say so.",
        "None of the optional choices are needed. What is the lead ID?",
        "None of them applies to a closed lead. Shall I go ahead?",
        "Is it a lead, a contact or none of these options?",
    ],
)
def test_what_only_supposes_or_asks_whether_none_fits_is_no_refusal(reply: str):
    assert understand(reply, TOOLS).kind != "none_fits"


def test_options_come_in_the_order_of_the_words():
    asked = understand("Is this about an opportunity, a lead or a contact?", TOOLS)
    assert asked.options == ("an opportunity", "a lead", "a contact")


@given(st.text(max_size=200))
def test_any_words_are_understood_as_something(reply: str):
    assert understand(reply, TOOLS[:4]).kind

"""What words establish: the tools still possible, and values exactly as they were meant."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from diaforge_core.catalog.importing import import_catalog, load_catalog
from diaforge_core.catalog.leaves import leaves
from diaforge_core.catalog.sampling import sample_arguments
from diaforge_core.conversation.reading import assemble, missing, read, read_each, spoken_parts
from diaforge_core.conversation.spoken_values import same, spoken
from diaforge_core.conversation.wording import Wording
from diaforge_core.records.scenario import Bank
from diaforge_core.records.tool import Tool
from tests.factories import a_tool, asks, lead_turns, sales_tools, user

TOOLS = sales_tools()
STYLES = ("plain", "terse", "chatty", "formal", "hurried")
TWILIO = Path(__file__).parents[2] / "shared" / "catalogs" / "twilio" / "twilio_messaging_v1.json"


def names(*wanted: str) -> tuple[Tool, ...]:
    return tuple(tool for tool in TOOLS if tool.name in wanted)


THREE = names("CRM_CreateLead", "CRM_UpdateLead", "CRM_CreateContact")


def told(bank: Bank, style: str, tool: Tool, parts: dict, seed: int) -> str:
    """All the values of a call in one sentence, as a user of that bank and style says them."""
    words = Wording(bank, seed, style=style)
    by_path = {leaf.path: leaf for leaf in leaves(tool)}
    said = [
        words.phrase(
            "clause",
            label=by_path[path].label,
            value=spoken(by_path[path].schema, value, words.rng),
            **{"is": "is", "value_is": "is"},
        )
        for path, value in parts.items()
    ]
    joined = said[0] if len(said) == 1 else f"{', '.join(said[:-1])}{words.rng.choice((' and ', ', and '))}{said[-1]}"
    return f"{words.phrase('give')} {joined}. {words.phrase('closing')}"


def sampled(tools: Sequence[Tool], count: int) -> list[tuple[Tool, dict]]:
    rng = random.Random(11)
    drawn = [rng.choice(tools) for _ in range(count)]
    return [(tool, found) for tool in drawn if (found := sample_arguments(tool, rng, 0.4))]


def catalogs() -> list[tuple[Tool, ...]]:
    own = load_catalog("enterprise_apis.json").tools
    return [own, import_catalog([TWILIO], "twilio").tools] if TWILIO.is_file() else [own]


@pytest.mark.parametrize("bank", ["generation", "evaluation"])
def test_spoken_values_are_read_as_the_very_same_values(bank: Bank):
    for tools in catalogs():
        for seed, (tool, arguments) in enumerate(sampled(tools, 150)):
            parts = spoken_parts(tool, arguments)
            style = STYLES[seed % len(STYLES)]
            text = told(bank, style, tool, parts, seed)
            found = read((tool,), [asks("Which values should I use?"), user(text)]).values
            assert {path for path in parts if path not in found or not same(found[path].value, parts[path])} == set(), (
                text
            )
            assert assemble(tool, found) == arguments
            for evidence in found.values():
                assert 0 <= evidence.start < evidence.end <= len(text)


@pytest.mark.parametrize("bank", ["generation", "evaluation"])
def test_a_value_without_its_label_answers_the_one_question(bank: Bank):
    tool = TOOLS[0]
    for seed in range(60):
        words = Wording(bank, seed, style=STYLES[seed % 5])
        said = f"{words.phrase('give')} {words.phrase('bare', value='John Carter')}".strip().rstrip(".!")
        text = f"{said}. {words.phrase('closing')}".strip()
        found = read((tool,), [asks("What is the customer name?"), user(text)]).values
        assert found["customer_name"].value == "John Carter", text


def test_evidence_points_at_the_words_of_the_value():
    turns = [user("Hi there. The email is a@b.example, and the phone is +1 555 0100.")]
    found = read(TOOLS[:1], turns).values
    place = found["phone"]
    assert turns[place.turn].reply[place.start : place.end] == "+1 555 0100"


@pytest.mark.parametrize(
    "text",
    [
        "The email is a@b.example. Sorry, I misspoke: the email is c@d.example.",
        "email: a@b.example... no wait, email: c@d.example",
    ],
)
def test_the_last_statement_of_a_value_wins(text: str):
    assert read(TOOLS[:1], [user(text)]).values["email"].value == "c@d.example"
    later = [
        user("The email is a@b.example."),
        asks("What is the phone?"),
        user("+1 555. And the email is c@d.example."),
    ]
    assert read(TOOLS[:1], later).values["email"].value == "c@d.example"


@pytest.mark.parametrize(
    ("question", "answer", "left"),
    [
        (
            "Do you want to create a new one or change an existing one?",
            "A new one, please.",
            {"CRM_CreateLead", "CRM_CreateContact"},
        ),
        ("Do you want to create a new one or change an existing one?", "It exists already.", {"CRM_UpdateLead"}),
        ("Is this about a lead or a contact?", "It's about a contact.", {"CRM_CreateContact"}),
        ("Is this about a lead or a contact?", "The second one.", {"CRM_CreateContact"}),
        ("Is this about a lead or a contact?", "No, neither of those.", set()),
        ("Is this about a lead or a contact?", "Bananas.", {tool.name for tool in THREE}),
        ("Do you want to create a contact?", "Yes, please.", {"CRM_CreateContact"}),
        ("Do you want to create a contact?", "No.", {"CRM_CreateLead", "CRM_UpdateLead"}),
        ("Do you have a lead ID for this?", "No, there isn't one.", {"CRM_CreateLead", "CRM_CreateContact"}),
        ("Do you have a lead ID for this?", "Yes, I have that.", {"CRM_UpdateLead"}),
        (
            "Is this about a lead or a contact?",
            "A contact... no wait, I mixed that up, a lead.",
            {"CRM_CreateLead", "CRM_UpdateLead"},
        ),
    ],
)
def test_an_answer_rules_tools_out(question: str, answer: str, left: set[str]):
    reading = read(THREE, [user("I need help."), asks(question), user(answer)])
    assert set(reading.open_tools) == left


def test_an_opening_rules_out_only_what_it_speaks_against():
    assert set(read(THREE, [user("I need some help.")]).open_tools) == {tool.name for tool in THREE}
    assert set(read(THREE, [user("I need to add someone.")]).open_tools) == {"CRM_CreateLead", "CRM_CreateContact"}


def test_words_inside_values_are_no_answer():
    turns = [user('The customer name is "Delete Contact Ltd".')]
    assert len(read(THREE, turns).open_tools) == 3


def test_a_reading_follows_each_turn():
    readings = read_each(THREE, lead_turns())
    assert [len(reading.open_tools) for reading in readings] == [3, 3, 1, 1, 1, 1]
    assert readings[3].asked_parameters == {"email"}
    assert readings[4].values["phone"].value == "+1 312 555 0148"
    assert "phone" not in readings[3].values


def test_values_put_off_and_left_out_are_told_apart():
    turns = [
        asks("What are the email, phone and industry?"),
        user("I don't have the email at hand yet, let me check. No preference for the industry, leave it out."),
    ]
    reading = read(TOOLS[:1], turns)
    assert reading.deferred == {"email"}
    assert reading.declined == {"industry"}
    assert not reading.values
    later = [*turns, asks("Have you found the email?"), user("The email is a@b.example.")]
    assert read(TOOLS[:1], later).deferred == frozenset()


@pytest.mark.parametrize(("answer", "confirmed"), [("Yes, go ahead.", True), ("No, wait.", False), ("Go ahead", True)])
def test_a_confirmation_is_read(answer: str, confirmed: bool):
    reading = read(TOOLS[2:3], [asks("I'm about to remove a lead. Shall I go ahead?"), user(answer)])
    assert reading.confirmation_asked
    assert reading.confirmed is confirmed


ADDRESS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "zip": {"type": "string"}, "floor": {"type": "integer"}},
    "required": ["city", "zip"],
    "required!": True,
}


def test_nested_values_are_put_together_and_missing_parts_named():
    tool = a_tool("CreateSite", site="string!", address=ADDRESS)
    assert missing(tool, {}) == ("site", "address.city", "address.zip")
    values = read((tool,), [user("The site is North, the city is Oslo and the floor is 3.")]).values
    assert assemble(tool, values) == {"site": "North", "address": {"city": "Oslo", "floor": 3}}
    assert missing(tool, values) == ("address.zip",)


def test_a_tool_without_parameters_needs_nothing():
    tool = a_tool("Ping")
    assert missing(tool, {}) == ()
    assert assemble(tool, {}) == {}
    assert read((tool,), [user("Hello")]).values == {}


def test_a_user_speaks_of_myself_where_the_question_says_yourself():
    tools = (
        a_tool("me_notes_list", path="/me/notes", method="GET"),
        a_tool("users_notes_list", path="/users/{id}/notes", method="GET"),
    )
    asked = asks("Is it for yourself or for a user?")
    assert read(tools, [user("My notes."), asked, user("For myself.")]).open_tools == ("me_notes_list",)


def test_what_is_called_by_the_very_words_goes_before_a_longer_name():
    tools = (
        a_tool("FetchMessage", summary="Fetch a message", id="string!"),
        a_tool("UpdateMessage", summary="Update a message", id="string!"),
        a_tool("FetchMessageTemplate", summary="Fetch a message template", id="string!"),
    )
    about_messages = read(tools, [user("It's about a message.")]).open_tools
    assert set(about_messages) == {"FetchMessage", "UpdateMessage"}
    either = read(tools, [user("It's about a message or a message template, I forget which.")]).open_tools
    assert set(either) == {tool.name for tool in tools}


def test_a_correction_of_a_value_leaves_the_answer_before_it():
    tools = sales_tools()
    turns = [user("I need to get John in."), asks("Is this about a lead or a contact?")]
    taken_back = [*turns, user("A contact. No wait, a lead.")]
    corrected = [*turns, user("A lead. Before I forget, a correction: the email is b@c.example.")]
    assert read(tools, taken_back).open_tools == read(tools, corrected).open_tools
    assert all("Lead" in name for name in read(tools, corrected).open_tools)

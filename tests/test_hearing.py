"""The simulated user in evaluation hears questions in words that nobody has foreseen, and answers what was asked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.conversation.hearing import hear
from diaforge_core.conversation.reading import read
from diaforge_core.conversation.restated import misstated
from diaforge_core.conversation.simulated_user import ScriptedUser
from diaforge_core.conversation.weariness import NOT_UNDERSTOOD, asked_again, unclear
from diaforge_core.evaluation.user_audit import audit
from diaforge_core.records.trace import Trace
from tests.factories import a_catalog, a_scenario, a_tool, asks, sales_tools, user
from tests.labelled_questions import families

TOOLS = sales_tools()
HOTEL = tuple(families()["hotel"].values())


def test_a_question_that_the_facets_put_is_heard_as_it_is_understood():
    asked = hear("Is this about a lead, a contact or an opportunity?", TOOLS, TOOLS)
    assert asked.kind == "facet"
    assert asked.facets[0] == "resource"


@pytest.mark.parametrize(
    ("question", "groups"),
    [
        ("Do a group's rooms go back on sale, or is a guest's stay called off?", "releaseRoomBlock cancelReservation"),
        ("is the mony to be put on thier bill or payed back", "postFolioCharge refundFolioCharge"),
        ("Please choose:\n1. release a room block\n2. refund a charge", "releaseRoomBlock refundFolioCharge"),
        ("refundFolioCharge or postFolioCharge?", "refundFolioCharge postFolioCharge"),
    ],
)  # fmt: skip
def test_choices_in_other_words_are_told_apart(question: str, groups: str):
    asked = hear(question, HOTEL, HOTEL)
    assert asked.groups == tuple((name,) for name in groups.split())


@pytest.mark.parametrize(
    ("question", "parameters"),
    [
        ("How many people, and when do they check out?", {"guests", "departure_date"}),
        ("Who is it for? And a single, a double or a suite?", {"guest_name", "room_type"}),
        ("guest name and room type", {"guest_name", "room_type"}),
    ],
)
def test_values_in_other_words_are_known(question: str, parameters: set[str]):
    reservation = [tool for tool in HOTEL if tool.name == "createReservation"]
    asked = hear(question, reservation, HOTEL)
    assert asked.kind == "arguments"
    assert set(asked.parameters) == parameters


@pytest.mark.parametrize(
    "words",
    [
        "Möchten Sie ein Zimmer buchen oder stornieren?",
        "The user wants a room, so let me think.",
        'createReservation(guest_name="Ida", arrival_date="2025-01-01")',
        "Could you tell me whether the",
        "Breakfast is served until ten.",
        "Did you see the match last night?",
    ],
)
def test_what_asks_nothing_of_the_user_is_nothing(words: str):
    assert hear(words, HOTEL, HOTEL).kind == "other"


@given(st.text(max_size=200))
def test_any_words_are_heard_as_something(words: str):
    assert hear(words, HOTEL, HOTEL).kind


def test_an_answer_to_free_words_keeps_the_goal_and_leaves_what_it_chose():
    catalog = a_catalog(*HOTEL, name="hotel")
    scenario = a_scenario(
        catalog, goal_tool="refundFolioCharge", candidates=("postFolioCharge", "refundFolioCharge"), bank="evaluation"
    )
    for trial in range(8):
        someone = ScriptedUser(scenario, catalog.subset(list(scenario.candidates)), trial)
        turns = [user("It's about a guest's bill."), asks("Is money coming off it or going onto it?")]
        answer = someone.answer(turns)
        assert read(someone.candidates, [*turns, answer], hear).open_tools == ("refundFolioCharge",), answer.reply


def test_choices_may_stand_beside_the_question_and_in_any_list():
    for words in (
        "I can refund a charge or post one. Which?",
        "Here is what I can do:\n☐ refund a charge\n☐ post a charge\nWhich letter?",
        "`refundFolioCharge` or **postFolioCharge** - which one fits?",
    ):
        asked = hear(words, HOTEL, HOTEL)
        assert set(asked.groups) == {("refundFolioCharge",), ("postFolioCharge",)}, words
        assert asked.parameters == (), words


def test_a_value_asked_for_in_one_case_is_of_the_tool_of_that_case():
    words = "Cancel a reservation or make one? If you cancel, why? For a new one, who is it for?"
    asked = hear(words, HOTEL, HOTEL)
    assert set(asked.parameters) == {"reason", "guest_name"}


def test_what_is_asked_is_of_the_tool_that_the_talk_is_about():
    booking, refund = user("Please make a reservation for somebody."), user("Please refund a charge.")
    question = "Who is it for? And the number?"
    assert "guest_name" in hear(question, HOTEL, HOTEL, [booking]).parameters
    assert "guest_name" not in hear("Which number?", HOTEL, HOTEL, [refund]).parameters


@pytest.mark.parametrize(
    "words",
    [
        "What brings you to us today? Do tell.",
        "Tell me more about what is going on with the room.",
        "Yes? What's needed?",
    ],
)
def test_a_question_about_nothing_in_particular_leaves_all_open_whatever_it_names(words: str):
    assert hear(words, HOTEL, HOTEL).kind == "options"


# --- values said over ------------------------------------------------------------------------------------------------


def misheard(reply: str, **values: object) -> list[str]:
    tool = a_tool("Move", sku="string", amount="integer", source="string", target="string")
    scenario = a_scenario(a_catalog(tool), goal_tool="Move", candidates=("Move",), gold_arguments=values)
    return misstated(reply, ScriptedUser(scenario, [tool])._parts, ScriptedUser(scenario, [tool])._leaves)


def test_a_key_said_twice_is_missed_where_another_one_should_be():
    held = {"sku": "QX-21", "source": "B-14", "target": "B-41"}
    assert misheard("QX-21 goes from B-14 to B-41. Okay?", **held) == []
    assert misheard("QX-21 goes from B-14 to B-14. Okay?", **held) == ["target"]


def test_a_number_that_is_not_said_at_all_is_no_mistake():
    assert misheard("Shall I move QX-21?", sku="QX-21", amount=30) == []
    assert misheard("Shall I move 20 of QX-21?", sku="QX-21", amount=30) == ["amount"]


@pytest.mark.parametrize(
    ("schema", "value", "right", "wrong"),
    [
        ({"format": "date"}, "2026-05-11", "On the 11th of May, 2026, okay?", "On 12 May, okay?"),
        ({"format": "date"}, "2026-05-14", "11–14 May 2026, right?", "11–15 May 2026, right?"),
        ({"type": "number"}, 3.5, "Three and a half hours, yes?", "Three hours, yes?"),
        ({"type": "number"}, 7250, "7,250.00 euros. Go ahead?", "7,205 euros. Go ahead?"),
        ({"enum": ["water_damage", "storm"]}, "storm", "A storm loss, correct?", "A water damage loss, correct?"),
        ({}, "Eva Kolb", "Inspector EVA KOLB, right?", "Inspector Eva Kohl, right?"),
        ({}, "PM-3081", "pm 3081, yes?", "PM-3018, yes?"),
        ({"type": "boolean"}, False, "Thing: no. Confirm?", "Thing = yes. Confirm?"),
        ({}, "10:30", "At 10.30 am?", "At 11:30?"),
    ],
)
def test_a_value_is_known_in_any_form_and_so_is_another_one(schema: dict[str, Any], value: Any, right: str, wrong: str):
    tool = a_tool("Do", thing={"type": "string"} | schema)
    scenario = a_scenario(a_catalog(tool), goal_tool="Do", candidates=("Do",), gold_arguments={"thing": value})
    person = ScriptedUser(scenario, [tool])
    assert misstated(right, person._parts, person._leaves) == []
    assert misstated(wrong, person._parts, person._leaves) == ["thing"]


# --- patience --------------------------------------------------------------------------------------------------------


def test_the_same_question_tires_a_person_and_an_impatient_one_sooner():
    turns = [asks("Which one?")]
    steps = []
    for _ in range(4):
        steps.append((asked_again(turns, impatient=False), asked_again(turns, impatient=True)))
        turns += [user("That one."), asks("Which  one")]
    assert [plain for plain, _ in steps] == ["", "asked_before", "asked_too_often", "out_of_patience"]
    assert [hasty for _, hasty in steps] == ["", "asked_too_often", "out_of_patience", "out_of_patience"]


def test_what_makes_no_sense_again_is_met_with_other_words():
    lost = user("What?").model_copy(update={"note": NOT_UNDERSTOOD})
    assert unclear([user("Hi."), asks("Blub.")], impatient=False) == "not_understood"
    assert unclear([lost, asks("Blub.")], impatient=False) == "not_understood_again"


def test_a_repeated_question_is_still_answered_truly_and_the_audit_finds_only_what_was_unclear():
    catalog = a_catalog()
    for trial in range(6):
        scenario = a_scenario(catalog, dial="impatient", bank="evaluation")
        someone = ScriptedUser(scenario, catalog.subset(list(scenario.candidates)), trial)
        turns = [someone.opening()]
        for question in ("Blub blub.", "Blub blub.", "Is this about a lead or a contact?") * 2:
            turns.append(asks(question))
            turns.append(someone.answer(turns))
        trace = Trace(
            id="t",
            scenario=scenario,
            assistant="scripted:test",
            user="scripted",
            turns=tuple(turns),
            ended="turn_limit",
        )
        marks = audit(trace, catalog.subset(list(scenario.candidates)))
        assert {mark.kind for mark in marks} == {NOT_UNDERSTOOD.replace(" ", "_")}, marks
        assert len({turn.reply for turn in turns if turn.speaker == "user"}) >= 5


def test_the_question_at_the_end_of_a_long_reply_is_heard():
    asked = hear("Thank you for waiting. " * 2_000 + "refundFolioCharge or postFolioCharge?", HOTEL, HOTEL)
    assert asked.groups == (("refundFolioCharge",), ("postFolioCharge",))

"""The scripted user: vague, staged, truthful, in character."""

from __future__ import annotations

import random

import pytest

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.catalog.leaves import labels_of
from diaforge_core.conversation.openings import Hints
from diaforge_core.conversation.reading import read, takes_back
from diaforge_core.conversation.scenarios import Choices, draw_scenarios
from diaforge_core.conversation.simulated_user import ScriptedUser
from diaforge_core.conversation.slips import undo
from diaforge_core.records.scenario import DialEvent, Scenario
from tests.factories import LEAD_ARGUMENTS, a_catalog, a_persona, a_scenario, a_tool, asks, user

CATALOG = a_catalog()


def player(trial: int = 0, **changes: object) -> ScriptedUser:
    scenario = a_scenario(CATALOG, **changes)  # type: ignore[arg-type]
    names = dict.fromkeys([*scenario.candidates, scenario.goal_tool])
    return ScriptedUser(scenario, CATALOG.subset(list(names)), trial)


def drawn(count: int) -> list[tuple[Scenario, ScriptedUser]]:
    catalog = load_catalog("enterprise_apis.json")
    return [
        (
            scenario,
            ScriptedUser(scenario, catalog.subset(list(dict.fromkeys([*scenario.candidates, scenario.goal_tool])))),
        )
        for scenario in draw_scenarios(catalog, count, 5, Choices(bank="evaluation"))
    ]


def test_an_opening_fits_several_tools_names_none_and_keeps_the_goal_possible():
    for scenario, someone in drawn(60):
        turn = someone.opening()
        candidates = [tool for tool in someone.tools if tool.name in scenario.candidates]
        still = read(candidates, [turn]).open_tools
        assert len(still) >= 2, turn.reply
        assert scenario.goal_tool in still or not scenario.solvable
        assert not someone.leaks(turn.reply, opening=True)


def test_the_same_scenario_and_trial_give_the_same_words_and_another_trial_others():
    assert player().opening() == player().opening()
    assert len({player(trial).opening().reply for trial in range(8)}) >= 6


def test_a_separating_question_is_answered_truthfully():
    for trial in range(20):
        someone = player(trial)
        turns = [user("I need help."), asks("Is this about a lead or a contact?")]
        answer = someone.answer(turns)
        assert answer.note.startswith("understood")
        left = read(someone.candidates, [*turns, answer]).open_tools
        assert set(left) == {"CRM_CreateLead", "CRM_UpdateLead"}, answer.reply


def test_a_value_before_its_stage_is_put_off_and_given_later():
    someone = player(candidates=("CRM_CreateLead",))
    early = someone.answer([asks("What is the phone?")])
    assert LEAD_ARGUMENTS["phone"] not in early.reply
    turns = [user("I need help."), asks("What are the email and the phone?")]
    answer = someone.answer(turns)
    found = read((someone.goal,), [*turns, answer]).values
    assert found["email"].value == LEAD_ARGUMENTS["email"]
    assert found["phone"].value == LEAD_ARGUMENTS["phone"]


def test_an_optional_value_that_the_user_does_not_hold_is_left_out():
    someone = player()
    turns = [user("A new lead."), asks("What is the company size?")]
    answer = someone.answer(turns)
    reading = read((someone.goal,), [*turns, answer])
    assert "company_size" not in reading.values
    assert reading.declined == {"company_size"}


def test_a_right_restatement_is_confirmed_and_a_wrong_one_corrected():
    gold = {"lead_id": "LD-1"}
    someone = player(goal_tool="CRM_DeleteLead", candidates=("CRM_DeleteLead",), gold_arguments=gold)
    right = [user("A lead must go."), asks("I'm about to remove a lead; the lead ID is LD-1. Shall I go ahead?")]
    assert read((someone.goal,), [*right, someone.answer(right)]).confirmed
    wrong = [user("A lead must go."), asks("I'm about to remove a lead; the lead ID is LD-2. Shall I go ahead?")]
    answer = someone.answer(wrong)
    assert "LD-1" in answer.reply
    assert not read((someone.goal,), [*wrong, answer]).confirmed


def test_without_a_right_tool_the_user_rules_all_out():
    for trial in range(20):
        someone = player(trial, goal_tool="Sales_CreateOpportunity")
        turns = [user("I need help."), asks("Is this about a lead or a contact?")]
        assert read(someone.candidates, [*turns, someone.answer(turns)]).open_tools == ()


@pytest.mark.parametrize("nonsense", ["Bananas are yellow.", "", "42"])
def test_words_that_ask_nothing_are_not_understood(nonsense: str):
    answer = player().answer([user("I need help."), asks(nonsense)])
    assert answer.note == "not understood"
    assert answer.reply


def test_an_open_question_is_answered_with_more_about_the_task():
    someone = player()
    turns = [user("I need help."), asks("What would you like to do?")]
    answer = someone.answer(turns)
    assert "CRM_CreateLead" in read(someone.candidates, [*turns, answer]).open_tools
    assert len(read(someone.candidates, [*turns, answer]).open_tools) < len(someone.candidates)


MISSPOKEN = DialEvent(turn=1, values=("email",), wrong="j.carter@northwind.example")


def test_a_value_said_wrongly_is_taken_back_in_the_same_turn():
    for trial in range(12):
        someone = player(trial, dial="corrects", event=MISSPOKEN, candidates=("CRM_CreateLead",))
        turns = [user("A new lead."), asks("What is the email?")]
        answer = someone.answer(turns)
        assert MISSPOKEN.wrong in answer.reply
        assert read((someone.goal,), [*turns, answer]).values["email"].value == LEAD_ARGUMENTS["email"], answer.reply


def test_a_value_said_wrongly_before_is_taken_back_in_the_next_turn():
    for trial in range(12):
        someone = player(trial, dial="corrects", event=MISSPOKEN)
        turns = [user(f"I need help. The email is {MISSPOKEN.wrong}."), asks("Is this about a lead or a contact?")]
        answer = someone.answer(turns)
        assert read((someone.goal,), [*turns, answer]).values["email"].value == LEAD_ARGUMENTS["email"], answer.reply


def test_without_an_event_nothing_is_said_wrongly():
    someone = player(dial="corrects", candidates=("CRM_CreateLead",))
    answer = someone.answer([user("A new lead."), asks("What is the email?")])
    assert answer.reply.count("@") == 1


def test_a_changed_mind_begins_with_the_tool_of_the_event_and_ends_at_the_goal():
    event = DialEvent(turn=2, tool="CRM_CreateContact")
    for trial in range(12):
        someone = player(trial, dial="changes_mind", event=event)
        turns = [user("I need help."), asks("Is this about a lead or a contact?")]
        answer = someone.answer(turns)
        assert takes_back(answer.reply)
        assert answer.reply.casefold().index("contact") < answer.reply.casefold().index("lead")
        assert "CRM_CreateLead" in read(someone.candidates, [*turns, answer]).open_tools, answer.reply


def test_something_else_is_answered_before_what_was_asked():
    event = DialEvent(turn=2, values=("email",))
    for trial in range(12):
        someone = player(trial, dial="answers_other_first", event=event)
        turns = [user("I need help."), asks("Is this about a lead or a contact?")]
        answer = someone.answer(turns)
        assert read((someone.goal,), [*turns, answer]).values["email"].value == LEAD_ARGUMENTS["email"], answer.reply
        assert answer.reply.index(LEAD_ARGUMENTS["email"]) < answer.reply.casefold().rindex("lead")


def test_a_digression_comes_once():
    plain, digressing = player(), player(dial="digresses", event=DialEvent(turn=2))
    turns = [user("I need help."), asks("Is this about a lead or a contact?")]
    assert len(digressing.answer(turns).reply) > len(plain.answer(turns).reply)
    later = [*turns, user("A lead."), asks("What is the email?")]
    assert digressing.answer(later).reply == plain.answer(later).reply


def test_a_person_slips_as_often_as_it_does_and_means_the_same():
    careful, hasty = a_persona(typos=0.0), a_persona(typos=1.0)
    slipped = 0
    for trial in range(30):
        clean, slip = player(trial, persona=careful).opening(), player(trial, persona=hasty).opening()
        assert undo(slip.reply) == clean.reply
        slipped += slip.reply != clean.reply
    assert slipped >= 20


def test_an_opening_says_something_of_what_it_is_about():
    blank = [turn.reply for _, someone in drawn(80) if "without" in (turn := someone.opening()).note]
    assert len(blank) <= 2


def test_two_things_that_are_mixed_up_leave_both_possible():
    tools = CATALOG.subset(["CRM_CreateLead", "CRM_CreateContact", "CRM_UpdateLead"])
    both = read(tools, [user("I need to add a lead or a contact, whatever it's called.")])
    assert set(both.open_tools) == {"CRM_CreateLead", "CRM_CreateContact"}


def test_styles_sound_different():
    said = {
        style: [player(trial, persona=a_persona(style=style)).opening().reply for trial in range(10)]
        for style in ("terse", "chatty")
    }
    assert sum(map(len, said["terse"])) < sum(map(len, said["chatty"])) * 0.8


def test_an_opening_states_no_value_that_only_some_of_the_tools_left_could_take():
    for scenario, person in drawn(60):
        opening = person.opening()
        shown = person.tools
        left = set(read(shown, [opening]).open_tools)
        told = read((person.goal,), [opening]).values
        for tool in shown:
            if tool.name in left:
                labels = set(labels_of(tool).values())
                assert all(labels_of(person.goal)[path] in labels for path in told), (scenario.id, opening.reply)


def test_nothing_is_mixed_up_with_a_part_of_itself():
    tools = (
        a_tool("CreateBundle", summary="Create a bundle", group="numbers", sid="string!"),
        a_tool("CreateBundleClone", summary="Create a bundle clone", group="numbers", sid="string!"),
        a_tool("CreateDocument", summary="Create a document", group="numbers", sid="string!"),
    )
    hints = Hints(tools[0], tools, tools)
    named = {hints.drawn(random.Random(seed), 0.0).things for seed in range(200)}
    assert ("bundle", "document") in named
    assert ("bundle", "bundle clone") not in named

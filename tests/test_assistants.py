"""The teacher acts on public words alone; the baselines act without asking."""

from __future__ import annotations

import pytest

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.assistants import SCRIPTED, Teacher, View, scripted_assistant
from diaforge_core.conversation.rollout import run_rollout
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.conversation.simulated_user import ScriptedUser
from diaforge_core.conversation.understanding import understand
from diaforge_core.conversation.verifiers import verify
from diaforge_core.errors import ModelError
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.trace import Trace
from tests.factories import a_setting, a_tool, asks, calls, not_accepted, sales_tools, user

TOOLS = sales_tools()
THREE = tuple(tool for tool in TOOLS if tool.name in ("CRM_CreateLead", "CRM_UpdateLead", "CRM_CreateContact"))


def view(*turns, tools=THREE, **setting) -> View:
    return View(tools=tools, setting=a_setting(**setting), turns=turns)


def played(spec: str, count: int, seed: int = 9) -> list[tuple[Trace, tuple]]:
    catalog = load_catalog("enterprise_apis.json")
    found = []
    for scenario in draw_scenarios(catalog, count, seed):
        everything = catalog.subset(list(dict.fromkeys([*scenario.candidates, scenario.goal_tool])))
        tools = catalog.subset(list(scenario.candidates))
        someone = ScriptedUser(scenario, everything)
        found.append((run_rollout(scenario, tools, someone, scripted_assistant(spec)), everything))
    return found


@pytest.fixture(scope="module")
def lessons() -> list[tuple[Trace, tuple]]:
    return played("scripted:oracle", 120)


def test_the_teacher_asks_which_tool_before_anything_else():
    turn = Teacher().act(view(user("I need some help.")), 1)
    assert turn.call is None
    assert understand(turn.reply, THREE).kind == "facet"


def test_the_teacher_asks_for_what_is_missing_and_not_for_what_is_known():
    turn = Teacher().act(view(user("The customer name is Jo Poe."), asks("Is it a lead?"), user("A new lead.")), 1)
    assert "email" in turn.reply
    assert "customer name" not in turn.reply


def test_the_teacher_calls_with_the_users_words():
    said = user("A new lead. The customer name is Jo Poe and the email is jo@poe.example.")
    turn = Teacher().act(view(user("Hi."), asks("Is this a new lead or a contact?"), said), 1)
    assert turn.call is not None
    assert turn.call.name == "CRM_CreateLead"
    assert turn.call.arguments == {"customer_name": "Jo Poe", "email": "jo@poe.example"}


def test_the_teacher_confirms_a_destructive_call_once_where_told_to():
    tools = TOOLS[2:3]
    said = user("Please remove it. The lead ID is LD-7.")
    asked = Teacher().act(view(said, tools=tools, confirm_destructive=True), 1)
    assert asked.call is None
    assert "LD-7" in asked.reply
    done = Teacher().act(view(said, asked, user("Yes, go ahead."), tools=tools, confirm_destructive=True), 1)
    assert done.call is not None
    assert Teacher().act(view(said, tools=tools), 1).call is not None


def test_the_teacher_says_that_none_fits_when_all_are_ruled_out():
    turn = Teacher().act(view(user("Hi."), asks("Is this about a lead or a contact?"), user("Neither of those.")), 1)
    assert turn.call is None
    assert understand(turn.reply, THREE).kind == "none_fits"


def test_a_refused_tool_is_not_called_again():
    said = (user("A new lead. The customer name is Jo Poe and the email is jo@poe.example."),)
    turn = Teacher().act(view(*said, calls("CRM_CreateLead"), not_accepted()), 1)
    assert turn.call is None or turn.call.name != "CRM_CreateLead"


def test_tools_that_no_question_separates_end_in_a_refusal_not_in_a_guess():
    twins = tuple(a_tool(f"CreateLead_v{n}", original_name=f"CreateLead_v{n}") for n in (1, 2))
    first = Teacher().act(view(user("A new lead."), tools=twins), 1)
    assert understand(first.reply, twins).kind == "options"
    turn = Teacher().act(view(user("A new lead."), first, user("A new lead, as I said."), tools=twins), 1)
    assert understand(turn.reply, twins).kind == "none_fits"


def test_lessons_pass_the_cascade(lessons: list[tuple[Trace, tuple]]):
    failed = []
    for trace, everything in lessons:
        dialogue = verify(Dialogue(id=trace.id, scenario=trace.scenario, turns=trace.turns), everything)
        failed += [(trace.id, verdict.reason) for verdict in dialogue.verdicts if not verdict.passed]
    assert len(failed) <= len(lessons) * 0.02, failed


def test_lessons_have_the_length_of_the_paper(lessons: list[tuple[Trace, tuple]]):
    turns = [sum(turn.speaker == "assistant" for turn in trace.turns) for trace, _ in lessons]
    assert 2.3 <= sum(turns) / len(turns) <= 3.2


@pytest.mark.parametrize("name", sorted(SCRIPTED))
def test_each_baseline_carries_its_spec_and_ends_its_episode(name: str):
    for trace, _ in played(name, 6):
        assert trace.assistant == f"scripted:{name}"
        assert trace.ended == ("turn_limit" if name == "cautious" else trace.ended)
        assert trace.ended in ("call", "none_fits", "turn_limit")


def test_a_caller_stops_after_a_refusal_and_eager_tries_the_next():
    turns = (user("I need help."), calls("CRM_CreateLead"), not_accepted())
    assert scripted_assistant("scripted:first").act(view(*turns), 1).call is None
    again = scripted_assistant("scripted:eager").act(view(*turns), 1).call
    assert again is not None
    assert again.name != "CRM_CreateLead"


def test_an_unknown_scripted_assistant_is_one_clear_message():
    with pytest.raises(ModelError, match="scripted:oracle"):
        scripted_assistant("scripted:wizard")

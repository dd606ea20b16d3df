"""A model's words replace the script's only where they still mean what was planned."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from diaforge_core.conversation.assistants import Teacher
from diaforge_core.conversation.chat_models import OpenAIModel, ScriptedModel
from diaforge_core.conversation.reading import read
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.conversation.simulated_user import ScriptedUser
from diaforge_core.conversation.view import View
from diaforge_core.conversation.worded import TRIES, WordedAssistant, WordedUser, Worder
from diaforge_core.errors import Unanswered
from diaforge_core.generator.utcgen import play
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.scenario import DialEvent, Scenario

from .factories import a_catalog, a_scenario, a_setting, asks, sales_tools, user
from .obedient_model import plays_all
from .stub_server import Reply, StubServer, refuses, says

Serve = Callable[..., StubServer]
ASKED = (
    user("I need something done about a lead."),
    asks("Would you like to create a lead or update an existing lead?"),
    user("I want to create a lead."),
    asks("What are the customer name and the email?"),
)


def worded(*said: str) -> tuple[Turn, Turn, int]:
    """The planned answer to a question for values, what became of it, and how often the model was asked."""
    model = ScriptedModel([json.dumps({"say": text}) for text in said])
    scenario = a_scenario()
    tools = a_catalog().subset(list(scenario.candidates))
    plan = ScriptedUser(scenario, tools)
    turn = WordedUser(plan, Worder(model, "openai:m"), scenario, tools).answer(ASKED)
    return plan.answer(ASKED), turn, len(model.asked)


def the_plan() -> str:
    return worded("x", "x")[0].reply


def test_other_words_with_the_same_meaning_are_taken() -> None:
    better = f"Sure thing! {the_plan()}"
    planned, turn, asked = worded(better)
    assert (turn.reply, asked) == (better, 1)
    assert turn.note == f"{planned.note}; worded by openai:m"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("carter@northwind", "carter@southwind"), "letter by letter"),
        (lambda text: "All right, give me a moment.", "letter by letter"),
        (lambda text: f"{text} Run CRM_CreateLead then.", "tool's name"),
        (lambda text: f"{text} My number is 5550199123.", "out of nowhere|reads differently"),
        (lambda text: f"{text} {'And so on and so forth. ' * 20}", "rambles|more than"),
        (lambda text: "", "not in the asked form"),
    ],
)
def test_words_that_mean_something_else_are_not_and_the_script_keeps_its_own(
    change: Callable[[str], str], why: str
) -> None:
    bad = change(the_plan())
    planned, turn, asked = worded(bad, bad)
    assert turn.reply == planned.reply
    assert asked == TRIES
    assert re.search(f"own words kept: .*(?:{why})", turn.note), turn.note


def test_a_second_try_may_succeed() -> None:
    better = f"Sure thing! {the_plan()}"
    _, turn, asked = worded("Hm.", better)
    assert (turn.reply, asked) == (better, 2)


def spoken_by(*said: dict[str, str]) -> tuple[Turn, Turn]:
    """The teacher's first question, and what became of it."""
    view = View(tools=sales_tools()[:3], setting=a_setting(), turns=(user("I need something done about a lead."),))
    model = ScriptedModel([json.dumps(each) for each in said])
    return Teacher().act(view, 7), WordedAssistant(Teacher(), Worder(model, "openai:m")).act(view, 7)


def test_a_question_and_its_thought_are_worded_together() -> None:
    planned, _ = spoken_by(*[{"thought": "x", "say": "x"}] * TRIES)
    better = {"thought": f"Right. {planned.thought}", "say": f"Happy to. {planned.reply}"}
    _, turn = spoken_by(better)
    assert (turn.thought, turn.reply) == (better["thought"], better["say"])
    assert WordedAssistant(Teacher(), Worder(ScriptedModel([]), "openai:m")).spec == (
        "scripted:oracle worded by openai:m"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"say": "What is the email address of the lead?"},
        {"say": "None of the tools fits your request."},
        {"thought": "It must be CRM_CreateLead."},
        {"thought": "I will use number 8812345 for this."},
        {"say": "Shall I go ahead?"},
    ],
)
def test_a_question_that_asks_something_else_is_not_taken(wrong: dict[str, str]) -> None:
    planned, _ = spoken_by(*[{"thought": "x", "say": "x"}] * TRIES)
    bad = {"thought": planned.thought, "say": planned.reply} | wrong
    _, turn = spoken_by(bad, bad)
    assert (turn.thought, turn.reply) == (planned.thought, planned.reply)
    assert turn.note.startswith("own words kept: ")


def test_a_refused_request_leaves_the_scripts_words_and_a_server_that_is_gone_does_not(serve: Serve) -> None:
    scenario = a_scenario()
    tools = a_catalog().subset(list(scenario.candidates))

    def opening(server: StubServer) -> Turn:
        model = OpenAIModel("m", server.url, key=SecretStr("k"), wait_seconds=0.01)
        return WordedUser(ScriptedUser(scenario, tools), Worder(model, "openai:m"), scenario, tools).opening()

    refused = opening(serve(refuses(400, "content filter")))
    assert refused.reply == ScriptedUser(scenario, tools).opening().reply
    assert "own words kept: The model 'm'" in refused.note
    with pytest.raises(Unanswered):
        opening(serve(refuses(503, "down")))


def test_worded_dialogues_pass_as_the_planned_ones_do_and_mean_the_same(serve: Serve) -> None:
    server, catalog = serve(script=plays_all), a_catalog()
    worder = Worder(OpenAIModel("m", server.url, key=SecretStr("k"), temperature=0.8), "openai:m")

    def by_words(scenario: Scenario, tools: Any, trial: int) -> WordedUser:
        return WordedUser(ScriptedUser(scenario, tools, trial), worder, scenario, tools, trial)

    other = 0
    for scenario in draw_scenarios(catalog, 25, 3):
        _, plain = play(catalog, scenario, Teacher())
        trace, dialogue = play(catalog, scenario, WordedAssistant(Teacher(), worder), by_words)
        assert dialogue.passed == plain.passed
        assert trace.turns[-1].call == plain.turns[-1].call
        tools = catalog.subset(list(scenario.candidates))
        assert read(tools, trace.turns).open_tools == read(tools, plain.turns).open_tools
        other += sum(turn.reply != planned.reply for turn, planned in zip(trace.turns, plain.turns, strict=True))
    assert other > 50


def test_a_worder_that_answers_nonsense_changes_nothing(serve: Serve) -> None:
    def nonsense(number: int, request: dict[str, Any]) -> Reply:
        return says(("<html>", '{"say": 3}', "}{", "Assistant: Hi", '{"thought": "a", "say": "b"}')[number % 5])

    server, catalog = serve(script=nonsense), a_catalog()
    worder = Worder(OpenAIModel("m", server.url, key=SecretStr("k")), "openai:m")
    for scenario in draw_scenarios(catalog, 5, 3):
        _, plain = play(catalog, scenario, Teacher())
        _, dialogue = play(catalog, scenario, WordedAssistant(Teacher(), worder))
        assert [turn.reply for turn in dialogue.turns] == [turn.reply for turn in plain.turns]


@pytest.mark.parametrize("dial", ["corrects", "changes_mind"])
def test_a_slip_that_is_taken_back_stays_in_the_scripts_words(dial: str) -> None:
    scenario = a_scenario(dial=dial, event=DialEvent(turn=2, values=("customer_name",), wrong="Jon Cart"))
    tools = a_catalog().subset(list(scenario.candidates))
    model = ScriptedModel([json.dumps({"say": "I need something done about a lead."})] * TRIES)
    side = WordedUser(ScriptedUser(scenario, tools), Worder(model, "openai:m"), scenario, tools)
    side.opening()
    asked = len(model.asked)
    assert "own words kept: a slip" in side.answer(ASKED[:2]).note
    assert len(model.asked) == asked

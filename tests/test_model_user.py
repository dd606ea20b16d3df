"""The user's side by a model: only drafts that may be said are said, and the one most agreed with is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from diaforge_core.conversation.assistants import Teacher
from diaforge_core.conversation.chat_models import Completion, OpenAIModel
from diaforge_core.conversation.model_user import ROUNDS, ModelUser, draft_text, vote
from diaforge_core.conversation.model_user_checks import MOST_WORDS, UserWords
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import ModelError, Unanswered
from diaforge_core.generator.utcgen import play
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.scenario import DialEvent, InformationStage

from .factories import LEAD_ARGUMENTS, a_catalog, a_scenario, asks, user
from .obedient_model import plays_all
from .stub_server import StubServer, refuses, says

Serve = Callable[..., StubServer]
WHICH = "Would you like to create a lead or update an existing lead?"
VALUES = "What are the customer name and the email?"


class Drafts:
    """A model that gives these drafts, as many as asked for, and over and over when they run out."""

    def __init__(self, *drafts: str) -> None:
        self.drafts = drafts
        self.asked: list[list[dict[str, Any]]] = []
        self.given = 0

    def complete(self, messages: Sequence[dict[str, Any]], **_: Any) -> Completion:
        self.asked.append(list(messages))
        self.given += 1
        return Completion(self.drafts[(self.given - 1) % len(self.drafts)], tokens=5, seconds=0.5)


def a_user(model: Drafts | OpenAIModel, votes: int = 3, **changes: Any) -> ModelUser:
    scenario = a_scenario(**changes)
    names = list(dict.fromkeys([*scenario.candidates, scenario.goal_tool]))
    return ModelUser(model, "openai:m", scenario, a_catalog().subset(names), votes=votes)


def answered(words: str, question: str, *before: Turn, **changes: Any) -> str:
    """The reason why these words may not answer the question; empty when they may."""
    model = a_user(Drafts(words), votes=1, **changes)
    turns = [*(before or (user("I need something done about a lead."),)), asks(question)]
    words_of = UserWords(model.scenario, model._words.tools)
    return words_of.fault(words_of.said(words, turns), turns)


def opened(words: str, **changes: Any) -> str:
    words_of = a_user(Drafts(words), **changes)._words
    return words_of.fault(words_of.said(words, ()), ())


# --- what may be said ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", "nothing is said"),
        ("?!", "nothing is said"),
        ("I need a lead. " * MOST_WORDS, "more than"),
        ("Assistant: which lead do you mean?", "own voice"),
        ("How can I help you with the lead today?", "own voice"),
        ('<tool_call>{"name": "x"}</tool_call>', "own voice"),
        ("Please run CRM_CreateLead.", "tool's name"),
        ("I would like to create a lead in the CRM.", "name|one tool"),
        ("Something about a lead, reference 8812345.", "comes out of nowhere"),
        ("Something about a lead, it is for bob@nowhere.example.", "nowhere|which it is not"),
    ],
)
def test_what_may_not_open_a_conversation(words: str, why: str) -> None:
    assert re.search(why, opened(words)), opened(words)


def test_a_vague_opening_may_be_said() -> None:
    assert opened("I need something done about a lead.") == ""


def test_the_true_choice_may_be_said_and_another_or_none_may_not() -> None:
    assert answered("I want to create a lead.", WHICH) == ""
    assert "rules out" in answered("I want to update an existing lead.", WHICH)
    assert "which of them" in answered("What a nice day it is.", WHICH)


def test_asked_values_must_be_given_as_they_are() -> None:
    before = (user("I need something done about a lead."), asks(WHICH), user("I want to create a lead."))
    stages = (InformationStage(turn=1, revealed=tuple(LEAD_ARGUMENTS)),)
    told = "The customer name is John Carter and the email is john.carter@northwind.example."
    assert answered(told, VALUES, *before, stages=stages) == ""
    assert "does not give email" in answered("The customer name is John Carter.", VALUES, *before, stages=stages)
    other = told.replace("John Carter", "Jon Carter")
    assert "customer_name is given as 'Jon Carter'" in answered(other, VALUES, *before, stages=stages)


def test_a_value_before_its_stage_may_not_be_said() -> None:
    before = (user("I need something done about a lead."), asks(WHICH), user("I want to create a lead."))
    stages = (
        InformationStage(turn=1, revealed=("customer_name",)),
        InformationStage(turn=4, revealed=("email", "phone")),
    )
    told = "The customer name is John Carter and the email is john.carter@northwind.example."
    assert "its stage is 4" in answered(told, VALUES, *before, stages=stages)
    put_off = "The customer name is John Carter. I still have to look up the email."
    assert answered(put_off, VALUES, *before, stages=stages) == ""


def test_a_confirmation_is_given_where_all_is_right_and_put_right_where_not() -> None:
    before = (
        user("I want to create a lead."),
        asks(VALUES),
        user("The customer name is John Carter and the email is john.carter@northwind.example."),
    )
    stages = (InformationStage(turn=1, revealed=tuple(LEAD_ARGUMENTS)),)
    right = "I will create a lead; the customer name is John Carter. Shall I go ahead?"
    assert answered("Yes, go ahead.", right, *before, stages=stages) == ""
    assert "does not confirm" in answered("What a nice day.", right, *before, stages=stages)
    wrong = right.replace("John Carter", "Jane Carter")
    assert "does not correct" in answered("Yes, go ahead.", wrong, *before, stages=stages)


# --- the vote --------------------------------------------------------------------------------------------------------


def voted(*drafts: str) -> str:
    words = a_user(Drafts(""))._words
    turns = (user("I need something done about a lead."), asks(WHICH))
    return vote([words.said(text, turns) for text in drafts])[0].text


def test_what_most_drafts_mean_wins_whatever_its_place() -> None:
    update, create, again = "I want to update an existing lead.", "I want to create a lead.", "Create a lead, please."
    assert voted(update, create, again) in (create, again)


def test_among_equal_meanings_the_words_most_like_the_others_win() -> None:
    assert voted("Create a lead.", "I want to create a lead, please.", "I want to create a lead please!") != (
        "Create a lead."
    )


def test_a_tie_goes_to_the_earlier_draft() -> None:
    assert voted("I want to create a lead.", "I want to create a lead.") == "I want to create a lead."
    assert voted("Update an existing lead.", "Create a lead.") == "Update an existing lead."


# --- the turn --------------------------------------------------------------------------------------------------------


def test_bad_drafts_lose_their_vote_and_their_reasons_are_noted() -> None:
    model = Drafts("Run CRM_CreateLead.", '{"say": "I need something done about a lead."}', "Hi.<|im_start|>")
    turn = a_user(model).opening()
    assert turn.reply == "I need something done about a lead."
    assert turn.note.startswith("1 of 1 usable drafts agree, 3 asked; refused: ")
    assert "tool's name" in turn.note
    assert (turn.tokens, turn.seconds) == (15, 0.5)


def test_after_some_rounds_without_a_usable_draft_the_turn_is_given_up_and_says_why() -> None:
    model = Drafts("Run CRM_CreateLead.")
    with pytest.raises(ModelError, match=r"no usable user turn in 9 drafts; refused: .*tool's name.* \(9\)\. Choose"):
        a_user(model).opening()
    assert model.given == 3 * ROUNDS
    assert "could not be used" in model.asked[-1][-1]["content"]
    assert "could not be used" not in model.asked[0][-1]["content"]


def test_the_model_is_told_neither_names_nor_values_that_may_not_be_said_yet() -> None:
    stages = (
        InformationStage(turn=2, revealed=("customer_name", "email")),
        InformationStage(turn=3, revealed=("phone",)),
    )
    model = Drafts("I need something done about a lead.")
    playing = a_user(model, votes=1, stages=stages)
    first = playing.opening()
    model.drafts = ("The customer name is John Carter and the email is john.carter@northwind.example.",)
    playing.answer((first, asks(WHICH), user("I want to create a lead."), asks(VALUES)))
    opening, values = (str(asked) for asked in model.asked)
    for hidden in ("CRM_CreateLead", "CRM.CreateLead", *LEAD_ARGUMENTS.values()):
        assert hidden not in opening
    assert "John Carter" in values
    assert "john.carter@northwind.example" in values
    assert LEAD_ARGUMENTS["phone"] not in values
    assert "CRM_CreateLead" not in values


def test_every_trial_and_every_round_draws_anew(serve: Serve) -> None:
    server = serve(says(*["Run CRM_CreateLead."] * 3))
    model = OpenAIModel("m", server.url, key=SecretStr("k"), wait_seconds=0.01)
    scenario = a_scenario()
    tools = a_catalog().subset(list(scenario.candidates))
    for trial in range(2):
        with pytest.raises(ModelError):
            ModelUser(model, "openai:m", scenario, tools, trial).opening()
    seeds = [request["seed"] for request in server.requests]
    assert len(set(seeds)) == len(seeds) == 2 * ROUNDS
    assert {request["response_format"]["type"] for request in server.requests} == {"json_schema"}


def test_a_server_that_is_gone_is_no_bad_draft(serve: Serve) -> None:
    model = OpenAIModel("m", serve(refuses(500, "down")).url, key=SecretStr("k"), wait_seconds=0.01)
    with pytest.raises(Unanswered, match="answered 500: down"):
        a_user(model).opening()


def test_dialogues_of_an_obedient_model_pass_the_cascade(serve: Serve) -> None:
    server = serve(script=plays_all)
    model = OpenAIModel("m", server.url, key=SecretStr("k"), temperature=0.8)
    catalog = a_catalog()
    passed = 0
    for scenario in draw_scenarios(catalog, 40, 11):
        trace, dialogue = play(
            catalog,
            scenario,
            Teacher(),
            lambda scenario, tools, trial: ModelUser(model, "openai:m", scenario, tools, trial),
        )
        assert trace.user == "openai:m"
        passed += dialogue.passed
    assert passed >= 38


# --- reading a draft -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"say": "I need a lead."}',
        'Sure! ```json\n{"say": "I need a lead."}\n```',
        '<think>Vague, {"say": "x"}</think>{"say": "I need a lead."}',
        "User: I need a lead.\nAssistant: Which one?",
        '"I need a lead."',
        "```\nI need a lead.\n```",
        "  I need\n a lead. ",
    ],
)
def test_a_draft_is_found_in_whatever_stands_round_it(text: str) -> None:
    assert draft_text(text) == "I need a lead."


@pytest.mark.parametrize("text", ["", '{"say": 7}', '{"say"', "{" * 5000, "<think>never ends", "Assistant: Hello."])
def test_what_is_no_draft_is_refused_and_never_a_crash(text: str) -> None:
    assert opened(draft_text(text)) != ""


@given(st.text(max_size=60))
def test_words_in_an_object_come_back_as_they_are(text: str) -> None:
    words = " ".join(text.split())
    said = draft_text(json.dumps({"say": text}))
    assert said == words or any(mark in words for mark in "<\"'“\ud800") or "\ufffd" in said


# --- behaviour -------------------------------------------------------------------------------------------------------


def briefed(question: str, *before: Turn, **changes: Any) -> str:
    """What the model is told about its answer to the question."""
    model = Drafts("x")
    turns = (*(before or (user("I need something done about a lead."),)), asks(question))
    with pytest.raises(ModelError):
        a_user(model, votes=1, **changes).answer(turns)
    return model.asked[0][-1]["content"]


ALL_AT_ONCE = (InformationStage(turn=1, revealed=tuple(LEAD_ARGUMENTS)),)


def test_a_slip_is_asked_for_once_and_only_where_its_value_is() -> None:
    event = DialEvent(turn=2, values=("customer_name",), wrong="Jane Doe")
    changes: dict[str, Any] = {"dial": "corrects", "event": event, "stages": ALL_AT_ONCE}
    before = (user("I want to create a lead."),)
    assert "First give the customer name wrongly as Jane Doe" in briefed(VALUES, *before, **changes)
    assert "wrongly" not in briefed(WHICH, **changes)
    slipped = (*before, asks(VALUES), user("The customer name is Jane Doe, sorry, I mean John Carter."))
    assert "wrongly" not in briefed(VALUES, *slipped, **changes)


def test_a_change_of_mind_names_the_other_choice_first() -> None:
    event = DialEvent(turn=2, tool="CRM_UpdateLead")
    told = briefed(WHICH, dial="changes_mind", event=event)
    assert re.search(r"First choose `.*(?:update|change).*`, then write `no wait, I mean`", told)


def test_moods_are_told_and_disturb_nothing_else() -> None:
    assert "impatient" in briefed(WHICH, dial="impatient")
    assert "something else in your day" in briefed(WHICH, dial="digresses", event=DialEvent(turn=2))
    assert "something else in your day" not in briefed(WHICH, dial="digresses", event=DialEvent(turn=3))


def test_without_a_right_tool_no_choice_that_would_corner_the_user_is_made() -> None:
    told = briefed(WHICH, candidates=("CRM_UpdateLead", "CRM_CreateContact"))
    assert "none of" in told
    cornered = (user("I want to update an existing lead."),)
    told = briefed("What is the lead ID?", *cornered, candidates=("CRM_UpdateLead", "CRM_CreateContact"))
    assert "wrong thing" in told

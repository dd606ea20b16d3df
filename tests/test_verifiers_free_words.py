"""The cascade hears words that no bank of ours holds: clean ones pass, and what is wrong in them is named."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest

from diaforge_core.conversation import verifiers
from diaforge_core.conversation.verifiers import cascade
from diaforge_core.records.dialogue import Dialogue, Turn, Verdict
from diaforge_core.records.scenario import InformationStage
from tests.factories import (
    a_catalog,
    a_dialogue,
    a_scenario,
    a_setting,
    asks,
    calls,
    lead_turns,
    sales_tools,
    user,
)

CATALOG = a_catalog()
DEAL = {"customer_name": "Osprey Ltd", "amount": 12500, "stage": "proposal", "close_date": "2026-03-31"}


def failed(dialogue: Dialogue) -> dict[str, Verdict]:
    return {verdict.verifier: verdict for verdict in cascade(dialogue, CATALOG).verdicts if not verdict.passed}


def reasons(dialogue: Dialogue) -> dict[str, str]:
    return {name: verdict.reason for name, verdict in failed(dialogue).items()}


def a_deal(*middle: Turn, call: Turn | None = None) -> Dialogue:
    """A deal told in free words; `middle` is what comes between the answer to the first question and the call."""
    scenario = a_scenario(
        goal_tool="Sales_CreateOpportunity",
        candidates=("CRM_CreateCustomer", "Sales_CreateOpportunity", "CRM_CreateLead"),
        gold_arguments=DEAL,
        stages=(InformationStage(turn=2, revealed=tuple(DEAL)),),
    )
    turns = (
        user("Osprey is getting interesting for us, so somebody should write that down."),
        asks("Are they buying already, could there be a deal soon, or did they just ask?", "Three ways to read that."),
        user("There might be a deal."),
        *middle,
        call or calls("Sales_CreateOpportunity", "A deal it is, and nothing is missing.", **DEAL),
    )
    return a_dialogue(scenario, turns)


ASKED = asks("Who is it exactly, how much would it bring and how far are you?", "Name, sum and stage are open.")
TOLD = user(
    "Osprey Ltd, twelve and a half thousand... I mean 12.5k. We sent them a proposal, done by the end of March."
)


def test_values_in_free_words_are_found_and_pointed_at():
    dialogue = a_deal(ASKED, TOLD)
    assert reasons(dialogue) == {}
    grounding = next(v for v in cascade(dialogue, CATALOG).verdicts if v.verifier == "grounding")
    said = {each.parameter: dialogue.turns[each.turn].reply[each.start : each.end] for each in grounding.evidence}
    assert said["customer_name"] == "Osprey Ltd"
    assert said["amount"] == "12.5k"
    assert said["stage"] == "proposal"
    assert said["close_date"] == "end of March"


def test_only_the_grounding_keeps_pointers():
    checked = cascade(a_dialogue(), CATALOG)
    assert {verdict.verifier for verdict in checked.verdicts if verdict.evidence} == {"grounding"}


@pytest.mark.parametrize(
    ("words", "verifier"),
    [
        ("Osprey Ltd, about fourteen thousand. We sent them a proposal, done by the end of March.", "grounding"),
        ("Osprey Ltd, 12.5k. We are in negotiation, done by the end of March.", "grounding"),
        ("Osprey Ltd, 12.5k. We sent them a proposal, done by the end of April.", "grounding"),
        ("Osprey Ltd, 12.5k, no, not 12.5k. We sent them a proposal, done by the end of March.", "grounding"),
    ],
)
def test_free_words_that_give_another_value_are_caught(words: str, verifier: str):
    assert verifier in failed(a_deal(ASKED, user(words)))


WRONG_QUESTIONS: dict[str, Sequence[Turn]] = {
    "small talk": (ASKED, TOLD, asks("By the way, how are the kids?", "I am curious."), user("Fine, thanks.")),
    "a statement": (ASKED, TOLD, asks("I have noted all of that.", "I tell them."), user("Great.")),
    "what was said before": (ASKED, TOLD, asks("Could you tell me the sum once more?", "Once more."), user("12.5k")),
    "a yes that nothing demands": (
        ASKED,
        TOLD,
        asks("So I write that down, all right?", "A yes first."),
        user("Sure."),
    ),
}


@pytest.mark.parametrize("middle", WRONG_QUESTIONS.values(), ids=WRONG_QUESTIONS)
def test_a_useless_turn_in_free_words_is_named_by_the_relevance(middle: Sequence[Turn]):
    dialogue = a_deal(*middle)
    assert failed(dialogue)["relevance"].turn == 5


def test_a_value_asked_for_in_free_words_before_the_choice_is_made_is_too_early():
    dialogue = a_deal(ASKED, TOLD)
    turns = (dialogue.turns[0], asks("How much would it bring?", "Sum?"), user("12.5k"), *dialogue.turns[1:])
    assert failed(a_dialogue(dialogue.scenario, turns))["phase_order"].turn == 1


def test_going_on_though_the_user_would_not_choose_is_too_early():
    turns = list(a_deal(ASKED, TOLD).turns)
    turns[2] = user("No idea, you tell me.")
    assert failed(a_dialogue(a_deal().scenario, turns))["phase_order"].turn == 3


THOUGHTS: dict[str, tuple[int, str, str]] = {
    "names another tool": (-1, "CRM_CreateLead is what they need.", "tool_call"),
    "tells another task": (-1, "Clearly they want to create a customer.", "tool_call"),
    "rules the called tool out": (-1, "It is CRM_CreateLead rather than Sales_CreateOpportunity.", "tool_call"),
    "misses a value": (-1, "I still need the amount before I can act.", "tool_call"),
    "settles by name": (1, "This is a case for Sales_CreateOpportunity.", "phase_order"),
    "settles in plain words": (1, "Obviously they want to create an opportunity.", "phase_order"),
    "calls but asks": (3, "Everything is known, so I call it.", "phase_order"),
    "knows the sum": (1, "It will be about 12500, I suppose.", "grounding"),
}


@pytest.mark.parametrize(("at", "thought", "verifier"), THOUGHTS.values(), ids=THOUGHTS)
def test_a_thought_that_does_not_go_with_the_turn_is_caught(at: int, thought: str, verifier: str):
    turns = list(a_deal(ASKED, TOLD).turns)
    turns[at] = turns[at].model_copy(update={"thought": thought})
    assert failed(a_dialogue(a_deal().scenario, turns))[verifier].turn == at % len(turns)


CAREFUL_THOUGHTS = (
    "CRM_CreateLead and Sales_CreateOpportunity cannot be ruled out.",
    "It could be Sales_CreateOpportunity, but I have to ask.",
    "Perhaps they want to create an opportunity; a customer is possible too.",
    "Asking who buys rules out CRM_CreateCustomer.",
)


@pytest.mark.parametrize("thought", CAREFUL_THOUGHTS)
def test_a_thought_that_weighs_the_tools_does_not_settle(thought: str):
    turns = list(a_deal(ASKED, TOLD).turns)
    turns[1] = turns[1].model_copy(update={"thought": thought})
    assert reasons(a_dialogue(a_deal().scenario, turns)) == {}


SURE_THOUGHTS = (
    "Sales_CreateOpportunity, not CRM_CreateLead: nothing is missing.",
    "What was still missing has come, so I can call.",
    "No value is missing and nobody needs to be asked.",
)


@pytest.mark.parametrize("thought", SURE_THOUGHTS)
def test_a_thought_that_goes_with_the_call_passes(thought: str):
    assert reasons(a_deal(ASKED, TOLD, call=calls("Sales_CreateOpportunity", thought, **DEAL))) == {}


# --- confirmation ----------------------------------------------------------------------------------------------------


def a_removal(question: str, answer: str) -> Dialogue:
    scenario = a_scenario(
        goal_tool="CRM_DeleteLead",
        candidates=("CRM_GetLead", "CRM_DeleteLead", "CRM_UpdateLead"),
        gold_arguments={"lead_id": "L-20417"},
        stages=(),
        setting=a_setting(confirm_destructive=True),
    )
    turns = (
        user("One of our leads bothers me."),
        asks("Should I show it, edit it, or get rid of it for good?", "Three ways to stop the bother."),
        user("Get rid of it, L-20417."),
        asks(question, "Gone is gone, so I ask once."),
        user(answer),
        calls("CRM_DeleteLead", "They said yes.", lead_id="L-20417"),
    )
    return a_dialogue(scenario, turns)


@pytest.mark.parametrize("answer", ["Yep", "go", "I do.", "Yes, don't worry.", "No problem, please do."])
def test_a_yes_in_any_words_lets_the_call_follow(answer: str):
    assert reasons(a_removal("L-20417 would be gone for ever. OK?", answer)) == {}


@pytest.mark.parametrize("answer", ["no, please don't", "I've changed my mind.", "hm, not sure yet", "Let me think."])
def test_a_call_after_anything_but_a_yes_is_caught(answer: str):
    assert failed(a_removal("L-20417 would be gone for ever. OK?", answer))["phase_order"].turn == 5


def test_a_confirmation_that_tells_nothing_is_caught():
    assert failed(a_removal("Are you sure?", "Yes."))["relevance"].turn == 3


def test_a_confirmation_that_was_due_and_is_missing_is_caught():
    dialogue = a_removal("", "")
    turns = (*dialogue.turns[:3], dialogue.turns[-1])
    assert failed(a_dialogue(dialogue.scenario, turns))["phase_order"].turn == 3


# --- leaks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["crm_createlead", "CRM-Create-Lead", "crm createlead", "CRM.CreateLead", "crm create lead"]
)
def test_the_tools_name_is_known_again_however_it_is_written(name: str):
    turns = [user(f"Please run {name} for John Carter."), *lead_turns()[1:]]
    assert failed(a_dialogue(turns=turns))["leak"].turn == 0


@pytest.mark.parametrize(("words", "is_leak"), [("the create customer one", False), ("use create_customer", True)])
def test_a_name_of_two_plain_words_is_exempt_in_an_answer_unless_written_as_a_name(words: str, is_leak: bool):
    tools = tuple(tool.model_copy(update={"original_name": "CreateCustomer"}) for tool in sales_tools()[-1:])
    renamed = a_catalog(*(tool.model_copy(update={"name": "CreateCustomer"}) for tool in tools), *sales_tools()[:-1])
    scenario = a_scenario(goal_tool="CreateCustomer", candidates=("CreateCustomer", "CRM_CreateLead"))
    turns = [user("A company has to go in."), lead_turns()[1], user(words), *lead_turns()[3:]]
    verdicts = cascade(a_dialogue(scenario, turns), renamed).verdicts
    assert any(verdict.verifier == "leak" and not verdict.passed for verdict in verdicts) == is_leak


# --- what the verifiers may read -------------------------------------------------------------------------------------


def test_no_verdict_depends_on_who_wrote_the_dialogue_or_why():
    plain = a_dialogue()
    noted = [
        turn.model_copy(update={"note": "plan: CRM_UpdateLead", "seconds": 3.0, "tokens": 9}) for turn in plain.turns
    ]
    other = a_dialogue(turns=noted, assistant="openai:somebody", trace="t-1")
    assert cascade(other, CATALOG).verdicts == cascade(plain, CATALOG).verdicts


def test_the_verifiers_import_nothing_that_plans_or_words_a_dialogue():
    planners = {"simulated_user", "assistants", "teacher", "wording", "scenarios", "model_user", "generator"}
    folder = Path(str(verifiers.__file__)).parent
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not planners & set((node.module or "").split(".")), (file.name, node.module)
            assert not (isinstance(node, ast.Attribute) and node.attr == "note"), file.name


def test_every_failed_verdict_says_why_and_where():
    turns = [user("Please run CRM_CreateLead."), *lead_turns()[3:]]
    for verdict in failed(a_dialogue(turns=turns)).values():
        assert verdict.reason
        assert verdict.turn is not None

"""Clean dialogues pass the cascade; each planted fault, an edit of a clean one, is caught by the right verifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from diaforge_core.conversation.verifiers import VERIFIERS, cascade
from diaforge_core.records.dialogue import Dialogue, Turn, Verdict
from diaforge_core.records.scenario import InformationStage
from diaforge_core.records.tool import Catalog
from tests.factories import (
    LEAD_ARGUMENTS,
    a_catalog,
    a_dialogue,
    a_scenario,
    a_setting,
    a_tool,
    asks,
    calls,
    lead_turns,
    sales_tools,
    user,
)

CATALOG = a_catalog()
Turns = Sequence[Turn]


def failed(dialogue: Dialogue, catalog: Catalog = CATALOG) -> dict[str, Verdict]:
    return {verdict.verifier: verdict for verdict in cascade(dialogue, catalog).verdicts if not verdict.passed}


def edited(index: int, **changes: Any) -> Callable[[Turns], Turns]:
    """The turns with fields of one of them changed."""

    def edit(turns: Turns) -> Turns:
        turns = list(turns)
        turns[index] = turns[index].model_copy(update=changes)
        return turns

    return edit


def called(name: str = "CRM_CreateLead", thought: str | None = None, **changes: Any) -> Callable[[Turns], Turns]:
    """The turns with another last call; an argument of None is left out."""
    arguments = {key: value for key, value in (LEAD_ARGUMENTS | changes).items() if value is not None}
    return lambda turns: [*turns[:-1], calls(name, **({"thought": thought} if thought else {}), **arguments)]


# --- clean dialogues -------------------------------------------------------------------------------------------------

DELETE = a_scenario(
    goal_tool="CRM_DeleteLead",
    candidates=("CRM_GetLead", "CRM_DeleteLead", "CRM_UpdateLead"),
    goal="remove a lead",
    gold_arguments={"lead_id": "L-20417"},
    stages=(InformationStage(turn=2, revealed=("lead_id",)),),
    setting=a_setting(confirm_destructive=True),
    questions_needed=3,
)
DELETE_TURNS = (
    user("Something has to be done about one of our leads."),
    asks("Do you want to get, update or delete it?"),
    user("Delete it."),
    asks("What is the lead id?", thought="Only deleting is left; the lead id is missing."),
    user("The lead id is L-20417."),
    asks("Deleting the lead L-20417 cannot be undone. Shall I go ahead?", thought="It is destructive, so I confirm."),
    user("Yes, go ahead."),
    calls("CRM_DeleteLead", lead_id="L-20417"),
)
NO_TOOL = a_scenario(candidates=("CRM_UpdateLead", "CRM_CreateContact"), questions_needed=1)
NO_TOOL_TURNS = (
    user("I need to get John Carter into the system."),
    asks("Do you want to change a lead that exists already, or create a contact at a customer?"),
    user("Neither of these, it is a new lead."),
    asks("None of the tools I have can do that.", thought="No candidate is left."),
)
CLEAN = {
    "staged values": a_dialogue(),
    "confirmed destruction": a_dialogue(DELETE, DELETE_TURNS),
    "no right tool": a_dialogue(NO_TOOL, NO_TOOL_TURNS),
}


@pytest.mark.parametrize("dialogue", CLEAN.values(), ids=CLEAN)
def test_a_clean_dialogue_passes_every_verifier(dialogue: Dialogue):
    checked = cascade(dialogue, CATALOG)
    assert [(v.verifier, v.reason) for v in checked.verdicts if not v.passed] == []
    assert [verdict.verifier for verdict in checked.verdicts] == [verifier.name for verifier in VERIFIERS]
    assert checked.passed


# --- planted faults --------------------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[str, Callable[[Turns], Turns]]] = {
    "no turns": ("format", lambda turns: []),
    "the assistant opens": ("format", lambda turns: turns[1:]),
    "two user turns in a row": ("format", lambda turns: [turns[0], *turns]),
    "no thought": ("format", edited(1, thought=" ")),
    "a reply beside the call": ("format", edited(5, reply="Done.")),
    "an empty reply": ("format", edited(3, reply="")),
    "a user turn without words": ("format", edited(2, reply="")),
    "the user has the last word": ("format", lambda turns: [*turns, user("Thanks!")]),
    "two calls": ("format", lambda turns: [*turns[:3], turns[5], *turns[4:]]),
    "no call": ("tool_call", lambda turns: turns[:4]),
    "the wrong twin": ("tool_call", called("CRM_UpdateLead")),
    "an invented tool": ("tool_call", called("CRM_AddLead")),
    "a tool that was not shown": ("tool_call", called("CRM_CreateCustomer")),
    "a refusal though a right tool is in view": (
        "tool_call",
        lambda turns: [*turns[:-1], asks("None of the tools I have can do that.")],
    ),
    "a thought that contradicts the call": ("tool_call", called(thought="CRM_UpdateLead is the right one.")),
    "a required value left out": ("arguments", called(email=None)),
    "a value of the wrong type": ("arguments", called(phone=13125550148)),
    "another value": ("arguments", called(phone="+1 312 555 0199")),
    "a stated optional value left out": ("arguments", called(phone=None)),
    "an unknown parameter": ("arguments", called(shoe_size="43")),
    "an enum value that is none": ("arguments", called(industry="shipbuilding")),
    "an invented optional value": ("grounding", called(industry="software")),
    "an ungrounded value": ("grounding", edited(4, reply="The email is john.carter@northwind.example.")),
    "a thought that knows the hidden e-mail": (
        "grounding",
        edited(1, thought="It is john.carter@northwind.example, but which tool?"),
    ),
    "an outdated value": (
        "grounding",
        edited(
            4,
            reply="The email is john.carter@northwind.example and the phone is +1 312 555 0148. "
            "Sorry, the phone is +1 312 555 0177.",
        ),
    ),
    "the opening names the tool": ("leak", edited(0, reply="I need CRM create lead for John Carter.")),
    "the opening names the operation": ("leak", edited(0, reply="Please use CRM.CreateLead for John Carter.")),
    "an answer names the tool": ("leak", edited(2, reply="Use CRM_CreateLead, a new lead.")),
    "an answer quotes the description": (
        "leak",
        edited(2, reply="A new lead: a prospect that sales wants to track."),
    ),
    "a value before its stage": (
        "leak",
        edited(0, reply="I need to get John Carter into the system, email john.carter@northwind.example."),
    ),
    "values asked before the tool is clear": (
        "phase_order",
        lambda turns: [turns[0], turns[3], turns[4], turns[1], turns[2], turns[5]],
    ),
    "a call while several tools are open": ("phase_order", lambda turns: [turns[0], turns[5]]),
    "a value asked twice": ("relevance", lambda turns: [*turns[:5], turns[3], turns[4], turns[5]]),
    "a question about nothing": ("relevance", edited(3, reply="How is the weather over there?")),
    "an optional value asked for": ("relevance", edited(3, reply="What are the email and the company size?")),
    "the tool asked twice": ("relevance", lambda turns: [*turns[:3], turns[1], turns[2], *turns[3:]]),
    "a confirmation nobody wants": (
        "relevance",
        lambda turns: [*turns[:5], asks("Shall I go ahead and create the lead?"), user("Yes."), turns[5]],
    ),
}


@pytest.mark.parametrize(("verifier", "edit"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_caught_by_the_verifier_it_belongs_to(verifier: str, edit: Callable[[Turns], Turns]):
    caught = failed(a_dialogue(turns=edit(lead_turns())))
    assert verifier in caught, [(name, verdict.reason) for name, verdict in caught.items()]
    assert caught[verifier].reason


OTHER_FAULTS: dict[str, tuple[str, Dialogue]] = {
    "a call though none fits": (
        "tool_call",
        a_dialogue(NO_TOOL, [*NO_TOOL_TURNS[:-1], calls("CRM_UpdateLead", lead_id="L-1")]),
    ),
    "a refusal without a question": ("tool_call", a_dialogue(NO_TOOL, [NO_TOOL_TURNS[0], NO_TOOL_TURNS[-1]])),
    "a second confirmation": (
        "relevance",
        a_dialogue(DELETE, [*DELETE_TURNS[:-1], DELETE_TURNS[5], DELETE_TURNS[6], DELETE_TURNS[-1]]),
    ),
}


@pytest.mark.parametrize(("verifier", "dialogue"), OTHER_FAULTS.values(), ids=OTHER_FAULTS)
def test_a_fault_in_a_special_scenario_is_caught(verifier: str, dialogue: Dialogue):
    assert verifier in failed(dialogue)


def test_a_schema_violation_nested_three_deep_is_caught_as_arguments():
    address = {
        "type": "object",
        "properties": {"geo": {"type": "object", "properties": {"floor": {"type": "integer"}}}},
    }
    tools = (a_tool("Site_Open", address={**address, "required!": True}), *sales_tools())
    scenario = a_scenario(
        goal_tool="Site_Open",
        candidates=("Site_Open", "CRM_DeleteLead"),
        gold_arguments={"address": {"geo": {"floor": 3}}},
    )
    turns = (*lead_turns()[:3], calls("Site_Open", address={"geo": {"floor": "3"}}))
    assert "arguments" in failed(a_dialogue(scenario, turns), a_catalog(*tools))


def test_a_dialogue_of_the_wrong_form_is_not_looked_at_further():
    checked = cascade(a_dialogue(turns=lead_turns()[1:]), CATALOG)
    assert [verdict.verifier for verdict in checked.verdicts] == ["format"]
    assert not checked.passed


def test_a_verdict_names_the_turn_it_is_about():
    dialogue = a_dialogue(turns=edited(3, reply="How is the weather over there?")(lead_turns()))
    assert failed(dialogue)["relevance"].turn == 3


def test_verdicts_replace_those_of_an_earlier_look():
    once = cascade(a_dialogue(), CATALOG)
    assert cascade(once, CATALOG) == once

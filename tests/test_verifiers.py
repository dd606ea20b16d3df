"""Clean dialogues pass the cascade; each planted fault, an edit of a clean one, is caught by the right verifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.conversation.verifiers import VERIFIERS, cascade
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.dialogue import Dialogue, Turn, Verdict
from diaforge_core.records.scenario import InformationStage, Scenario
from diaforge_core.records.tool import Catalog, ToolCall
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
    wide_catalog,
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


def test_a_tool_that_the_catalog_lacks_is_a_fault_of_the_dialogue_not_of_the_run():
    smaller = a_catalog(*[tool for tool in CATALOG.tools if tool.name != "CRM_CreateLead"])
    verdict = failed(a_dialogue(), smaller)["tool_call"]
    assert verdict.reason == "the catalog has no tool CRM_CreateLead"


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


HAND_WRITTEN: dict[str, tuple[Any, Turns]] = {
    "a chatty one with a yes or no question": (
        a_scenario(stages=()),
        (
            user("Hi! Just back from the fair, and there is this John Carter I'd like to have in our CRM."),
            asks("Welcome back! Is John already an existing contact of a customer, or should I create a new lead?"),
            user("He's a new lead, never heard of him before."),
            asks("Great. Which email address can we reach him at, and what is his full customer name?"),
            user("The customer name is John Carter, email is john.carter@northwind.example. Phone: +1 312 555 0148"),
            calls("CRM_CreateLead", **LEAD_ARGUMENTS),
        ),
    ),
    "a terse one": (
        a_scenario(candidates=("CRM_CreateLead", "CRM_GetLead", "CRM_DeleteLead")),
        (
            user("lead stuff"),
            asks("Create, look up or remove a lead?"),
            user("create"),
            asks("Customer name and email?"),
            user("customer name: John Carter, email: john.carter@northwind.example, phone: +1 312 555 0148"),
            calls("CRM_CreateLead", **LEAD_ARGUMENTS),
        ),
    ),
    "one in which the user puts a value off": (
        a_scenario(
            stages=(
                InformationStage(turn=2, revealed=("customer_name", "phone")),
                InformationStage(turn=4, revealed=("email",)),
            )
        ),
        (
            user("Someone has to go into the CRM."),
            asks("Should I create a new lead, create a contact, or update a lead you already have?"),
            user("Create a new lead, please."),
            asks("What are the customer name and the email?"),
            user(
                "The customer name is John Carter and the phone is +1 312 555 0148. I don't have the email at hand yet."
            ),
            asks("Do you have the email now?", thought="The email was to follow."),
            user("The email is john.carter@northwind.example."),
            calls("CRM_CreateLead", **LEAD_ARGUMENTS),
        ),
    ),
    "one in which the user corrects a value": (
        a_scenario(),
        (
            *lead_turns()[:4],
            user("The email is jon@northwind.example. Sorry, the email is john.carter@northwind.example."),
            calls("CRM_CreateLead", customer_name="John Carter", email="john.carter@northwind.example"),
        ),
    ),
    "one whose values all come at once": (
        a_scenario(
            goal_tool="Sales_CreateOpportunity",
            candidates=("Sales_CreateOpportunity", "CRM_CreateLead", "CRM_CreateCustomer"),
            gold_arguments={"customer_name": "Acme", "amount": 12500, "stage": "proposal", "close_date": "2026-06-30"},
            stages=(),
        ),
        (
            user("Please put Acme into our system, there is something going on with them."),
            asks("Do you mean a lead, a customer or an opportunity?"),
            user("An opportunity."),
            asks("For the opportunity I need the customer name, the amount and the stage."),
            user('Customer name is "Acme", amount: 12,500, stage: proposal and the close date is June 30, 2026.'),
            calls(
                "Sales_CreateOpportunity", customer_name="Acme", amount=12500, stage="proposal", close_date="2026-06-30"
            ),
        ),
    ),
}


@pytest.mark.parametrize(("scenario", "turns"), HAND_WRITTEN.values(), ids=HAND_WRITTEN)
def test_a_hand_written_clean_dialogue_passes_every_verifier(scenario: Scenario, turns: Turns):
    assert {name: verdict.reason for name, verdict in failed(a_dialogue(scenario, turns)).items()} == {}


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


# --- faults planted in generated dialogues ---------------------------------------------------------------------------

WIDE = wide_catalog()


@pytest.fixture(scope="module")
def generated() -> list[Dialogue]:
    made = UTCGen(WIDE).generate(WIDE, draw_scenarios(WIDE, 60, seed=8))
    return [dialogue for _, dialogue in made if dialogue.passed and dialogue.scenario.solvable][:40]


def recalled(dialogue: Dialogue, name: str | None = None, drop: str = "", **changes: Any) -> Turns:
    call = dialogue.turns[-1].call
    assert call is not None
    arguments = {key: value for key, value in (call.arguments | changes).items() if key != drop}
    changed = ToolCall(name=name or call.name, arguments=arguments)
    return [*dialogue.turns[:-1], dialogue.turns[-1].model_copy(update={"call": changed})]


def other_tool(dialogue: Dialogue) -> str:
    return next(name for name in dialogue.scenario.candidates if name != dialogue.scenario.goal_tool)


def first_required(dialogue: Dialogue) -> str:
    return next(iter(WIDE.tool(dialogue.scenario.goal_tool).required), "")


def first_text(dialogue: Dialogue) -> tuple[str, str]:
    call = dialogue.turns[-1].call
    texts = [item for item in (call.arguments if call else {}).items() if isinstance(item[1], str)]
    return texts[0] if texts else ("", "")


GENERATED_FAULTS: dict[str, tuple[str, Callable[[Dialogue], Turns | None]]] = {
    "the wrong twin": ("tool_call", lambda d: recalled(d, other_tool(d))),
    "a thought about another tool": (
        "tool_call",
        lambda d: edited(-1, thought=f"The user wants {other_tool(d)}.")(d.turns),
    ),
    "a refusal": ("tool_call", lambda d: edited(-1, call=None, reply="None of the tools I have fits.")(d.turns)),
    "a required value left out": (
        "arguments",
        lambda d: recalled(d, drop=first_required(d)) if first_required(d) else None,
    ),
    "a parameter that does not exist": ("arguments", lambda d: recalled(d, colour="blue")),
    "one letter changed": (
        "grounding",
        lambda d: recalled(d, **{first_text(d)[0]: first_text(d)[1] + "x"}) if first_text(d)[0] else None,
    ),
    "the name in the opening": (
        "leak",
        lambda d: edited(0, reply=f"{d.turns[0].reply} {WIDE.tool(d.scenario.goal_tool).original_name}")(d.turns),
    ),
    "a call without a question": ("phase_order", lambda d: [d.turns[0], d.turns[-1]]),
    "the first question twice": ("relevance", lambda d: [*d.turns[:3], d.turns[1], user("As I said."), *d.turns[3:]]),
    "small talk": ("relevance", lambda d: [*d.turns[:-1], asks("How are things?"), user("Fine."), d.turns[-1]]),
    "no thought": ("format", lambda d: edited(1, thought="")(d.turns)),
}


@pytest.mark.parametrize(("verifier", "edit"), GENERATED_FAULTS.values(), ids=GENERATED_FAULTS)
def test_a_fault_planted_in_generated_dialogues_is_caught_in_every_one(
    verifier: str, edit: Callable[[Dialogue], Turns | None], generated: list[Dialogue]
):
    planted = [(dialogue, turns) for dialogue in generated if (turns := edit(dialogue)) is not None]
    missed = [
        str(dialogue)
        for dialogue, turns in planted
        if verifier not in failed(dialogue.model_copy(update={"turns": tuple(turns)}), WIDE)
    ]
    assert len(planted) >= 20
    assert missed == []

"""The plain teacher: few words, always alike, and true."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.plain_teacher import PlainTeacher
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.conversation.view import View
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.scenario import Setting
from diaforge_core.records.tool import Tool
from tests.factories import a_setting, a_tool, asks, calls, not_accepted, sales_tools, user

COUNT = 120
LEADS = tuple(tool for tool in sales_tools() if tool.name.endswith("Lead"))
ON_LEADS = "Which one do you want: create a new lead, change an existing lead, remove a lead or look up a single lead?"


def act(tools: tuple[Tool, ...], *turns, setting: Setting | None = None):
    return PlainTeacher().act(View(tools=tools, setting=setting or a_setting(), turns=turns), 1)


@pytest.fixture(scope="module")
def dialogues() -> list[Dialogue]:
    catalog = load_catalog("enterprise_apis.json")
    maker = UTCGen(catalog, assistant=PlainTeacher())
    return [dialogue for _, dialogue in maker.generate(scenarios=draw_scenarios(catalog, COUNT, seed=5))]


def test_it_names_every_tool_with_the_answer_that_means_it_and_asks_for_the_whole_task_at_once() -> None:
    for opening in ("I need something done about a lead.", "A lead, please. Not a new one, there is one already."):
        turn = act(LEADS, user(opening))
        assert turn.thought == (
            "Open: CRM_CreateLead = create a new lead; CRM_UpdateLead = change an existing lead; "
            "CRM_DeleteLead = remove a lead; CRM_GetLead = look up a single lead."
        )
        assert turn.reply == ON_LEADS


def test_it_drafts_the_call_and_asks_for_all_that_is_missing() -> None:
    opening, choice = user("Something about a lead. The email is a.b@c.example."), user("Create a new lead, please.")
    turn = act(LEADS, opening, asks(ON_LEADS), choice)
    assert turn.thought == (
        'Tool: CRM_CreateLead {"customer_name": ?, "email": "a.b@c.example", "phone": -, "industry": -, '
        '"company_size": -}.'
    )
    assert turn.reply == "What is the customer name?"


def test_a_draft_shows_the_missing_parts_of_an_object() -> None:
    parts = {"street": {"type": "string"}, "city": {"type": "string"}}
    address = {"type": "object", "properties": parts, "required": ["city"], "required!": True}
    tool = a_tool("MoveContact", contact_id={"type": "string"}, address=address)
    turn = act((tool,), user("Move a contact."))
    assert turn.thought == 'Tool: MoveContact {"contact_id": -, "address": {"street": -, "city": ?}}.'


def test_it_calls_with_a_draft_that_has_no_gap() -> None:
    turn = act(LEADS, user("A lead, please."), asks(ON_LEADS), user("Remove a lead. The lead ID is LD-4711."))
    assert turn.thought == 'Tool: CRM_DeleteLead {"lead_id": "LD-4711"}.'
    assert turn.call is not None
    assert turn.call.arguments == {"lead_id": "LD-4711"}


def test_it_confirms_once_what_destroys_where_that_is_demanded() -> None:
    turns = (user("A lead, please."), asks(ON_LEADS), user("Remove a lead. The lead ID is LD-4711."))
    setting = a_setting(confirm_destructive=True)
    turn = act(LEADS, *turns, setting=setting)
    assert turn.reply == "I will remove a lead; lead ID: LD-4711. Shall I go ahead?"
    assert turn.thought.endswith("To be confirmed.")
    after = act(LEADS, *turns, asks(turn.reply), user("Yes, go ahead."), setting=setting)
    assert after.call is not None


def test_it_says_that_none_fits_once_every_tool_is_ruled_out() -> None:
    turn = act(LEADS, user("A lead, please."), asks(ON_LEADS), user("None of these. I want to print one."))
    assert (turn.thought, turn.reply) == ("Open: none.", "None of the tools fits that.")


def test_a_draft_of_a_tool_with_very_many_values_names_only_what_is_needed_or_given() -> None:
    many = {f"value_{number}": {"type": "string"} for number in range(20)}
    tool = a_tool("ListLeads", **many | {"value_3": {"type": "string", "required!": True}})
    turn = act((tool,), user("Show me a list of leads."))
    assert turn.thought == 'Tool: ListLeads {"value_3": ?}.'


def test_it_gives_a_refused_tool_up() -> None:
    tools = (a_tool("ListLeads"), a_tool("ListContacts"))
    turn = act(tools, user("Show me a list of leads."), calls("ListLeads"), not_accepted())
    assert "ListLeads" not in turn.thought
    assert turn.call is None or turn.call.name != "ListLeads"


def test_what_it_teaches_passes_the_cascade(dialogues: list[Dialogue]) -> None:
    failed = [
        (verdict.verifier, verdict.reason)
        for dialogue in dialogues
        for verdict in dialogue.verdicts
        if not verdict.passed
    ]
    assert sum(not dialogue.passed for dialogue in dialogues) <= 0.05 * COUNT, failed


def test_its_notes_have_one_form_and_its_replies_few(dialogues: list[Dialogue]) -> None:
    turns = [turn for one in dialogues for turn in one.turns if turn.speaker == "assistant"]
    note = re.compile(r"Open: none\.|Open: ([\w.-]+ = [^;=]+(; |\.$))+|Tool: [\w.-]+ \{.*\}\.( To be confirmed\.)?")
    other = [turn.thought for turn in turns if not note.fullmatch(turn.thought)]
    assert len(other) <= 0.02 * len(turns), other
    begun = {" ".join(turn.reply.split()[:2]) for turn in turns if turn.reply and note.fullmatch(turn.thought)}
    assert begun <= {"Which one", "What is", "What are", "I will", "None of", "Do you"} | {
        "Is it", "Is this", "Which area", "Which of", "Regarding the"
    }, begun  # fmt: skip


def test_what_a_note_names_stands_in_the_order_of_the_question(dialogues: list[Dialogue]) -> None:
    asked = [turn for one in dialogues for turn in one.turns if turn.reply.startswith("Which one do you want: ")]
    for turn in asked:
        answers = [part.partition(" = ")[2] for part in turn.thought.removesuffix(".").split("; ")]
        said = turn.reply.removeprefix("Which one do you want: ").removesuffix("?")
        assert ", ".join(dict.fromkeys(answers)) == re.sub(r",? or (?!.* or )", ", ", said), turn
    assert len(asked) > COUNT / 2


def test_a_draft_has_a_gap_where_a_value_is_asked_for_and_without_dashes_is_the_call_where_there_is_none(
    dialogues: list[Dialogue],
) -> None:
    drafted = [turn for one in dialogues for turn in one.turns if turn.thought.startswith("Tool: ")]
    for turn in drafted:
        draft = turn.thought.removesuffix(" To be confirmed.").removesuffix(".").partition(" {")[2]
        if turn.call:
            assert without_dashes(f"{{{draft}") == turn.call.arguments
        elif "confirmed" not in turn.thought:
            assert ": ?" in draft, turn
    assert sum(turn.call is not None for turn in drafted) > COUNT / 2


def without_dashes(draft: str) -> Any:
    """The values of a draft, without those that nobody gave."""

    def given(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        inside = {key: given(each) for key, each in value.items() if each is not None}
        return {key: each for key, each in inside.items() if each != {}}

    return given(json.loads(re.sub(r": -(?=[,}])", ": null", draft)))

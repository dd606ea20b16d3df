"""The simulated user's own faults are found in its words, each planted here, and clean words are blamed for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from diaforge_core.evaluation.user_audit import at_fault, audit
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.trace import AuditMark
from tests.factories import LEAD_ARGUMENTS, a_catalog, a_scenario, a_trace, asks, calls, lead_turns, user

TOOLS = a_catalog().subset(["CRM_UpdateLead", "CRM_CreateLead", "CRM_CreateContact"])
CLEAN = lead_turns()


def marks(turns: tuple[Turn, ...], **scenario: Any) -> list[tuple[str, int]]:
    return [(mark.kind, mark.turn) for mark in audit(a_trace(a_scenario(**scenario), turns), TOOLS)]


def with_user(index: int, words: str) -> tuple[Turn, ...]:
    """The clean conversation with other words in one user turn."""
    return (*CLEAN[:index], user(words), *CLEAN[index + 1 :])


def test_a_clean_conversation_has_no_fault() -> None:
    assert marks(CLEAN) == []


@pytest.mark.parametrize(
    ("index", "words", "kind"),
    [
        (0, "I need to get John Carter into the system with CRM.CreateLead.", "leak"),
        (0, "A crm create lead for John Carter, please.", "leak"),
        (2, "It creates a new lead: a prospect that sales wants to track.", "leak"),
        (0, "I need to get John Carter in, his email is john.carter@northwind.example.", "too_early"),
        (4, "The email is john.carter@northwind.example and the phone is +1 312 555 0199.", "contradiction"),
        (4, "The email is someone.else@acme.example and the phone is +1 312 555 0148.", "contradiction"),
        (4, "The email is john.carter@northwind.example, the phone is +1 312 555 0148, "
            "the industry is retail.", "invented_value"),
        (4, "The email is john.carter@northwind.example; our customer number is 99817263.", "invented_value"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_marked_at_its_turn(index: int, words: str, kind: str) -> None:
    assert (kind, index) in marks(with_user(index, words))


def test_ruling_out_the_right_tool_is_a_contradiction() -> None:
    assert ("contradiction", 2) in marks(with_user(2, "I want to change a lead that exists already."))


def test_a_leak_does_not_hide_the_next_one() -> None:
    turns = (*with_user(0, "A crm create lead for John Carter, please.")[:4], user("Use CRM.CreateLead, I said."))
    assert [mark for mark in marks(turns) if mark[0] == "leak"] == [("leak", 0), ("leak", 4)]


def test_a_value_asked_for_at_its_stage_is_no_fault() -> None:
    assert marks((CLEAN[0], asks("What is the email?"), user("The email is john.carter@northwind.example."))) == []


@pytest.mark.parametrize("dial", ["corrects", "two_values"])
def test_a_dial_that_wavers_is_no_contradiction(dial: str) -> None:
    words = "The email is jon.carter@northwind.example. Sorry, I meant john.carter@northwind.example."
    assert not [
        mark for mark in marks(with_user(4, words), dial=dial) if mark[0] in ("contradiction", "invented_value")
    ]


def test_a_question_nobody_can_understand_is_counted_but_blames_no_one() -> None:
    turns = (CLEAN[0], asks("Blorp the frobnicated zindle, whereas seven?"), user("Sorry, what do you mean?"))
    trace = a_trace(turns=turns)
    found = audit(trace, TOOLS)
    assert [(mark.kind, mark.turn) for mark in found] == [("not_understood", 2)]
    assert not at_fault(a_trace(turns=turns, audit=found))


def test_only_faults_of_the_user_put_it_at_fault() -> None:
    assert at_fault(a_trace(audit=(AuditMark(kind="leak", turn=0, reason="It gave the name."),)))
    assert not at_fault(a_trace())


def test_without_a_right_tool_in_view_values_are_audited_all_the_same() -> None:
    hidden = a_catalog().subset(["CRM_UpdateLead", "CRM_CreateContact", "CRM_CreateLead"])
    scenario = a_scenario(candidates=("CRM_UpdateLead", "CRM_CreateContact"))
    turns = (user("Get John Carter in; the email is x.y@acme.example."), asks("None of the tools fits."))
    found = audit(a_trace(scenario, turns, ended="none_fits"), hidden)
    assert {mark.kind for mark in found} & {"invented_value", "contradiction"}


def test_arguments_that_only_the_assistant_gave_are_not_the_users() -> None:
    turns = (*CLEAN[:-1], calls("CRM_CreateLead", **LEAD_ARGUMENTS | {"industry": "retail"}))
    assert marks(turns) == []

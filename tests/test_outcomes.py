"""Every outcome of METHOD.md §4, and the order in which they are assigned."""

from __future__ import annotations

from typing import Any

import pytest

from diaforge_core.evaluation.outcomes import NO_TOOL_OUTCOMES, OUTCOME_TITLES, OUTCOMES, gold_at, grade
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.trace import Trace
from tests.factories import (
    LEAD_ARGUMENTS,
    a_catalog,
    a_scenario,
    a_trace,
    asks,
    calls,
    lead_turns,
    not_accepted,
    user,
)

CATALOG = a_catalog()
TOOLS = {tool.name: tool for tool in CATALOG.tools}
TALK = lead_turns()[:-1]
"""The clean conversation up to the call."""
RIGHT = calls("CRM_CreateLead", **LEAD_ARGUMENTS)
TWIN = calls("CRM_UpdateLead", lead_id="7")


def outcome(*turns: Turn, **changes: Any) -> str:
    return grade(a_trace(turns=turns, **changes), TOOLS).outcome


def lead(**changes: Any) -> Turn:
    arguments = {key: value for key, value in (LEAD_ARGUMENTS | changes).items() if value is not None}
    return calls("CRM_CreateLead", **arguments)


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ((*TALK, RIGHT), "right"),
        ((*TALK, TWIN, not_accepted(), RIGHT), "right"),
        ((*TALK, calls("CRM_MakeLead"), not_accepted()), "invented_tool"),
        ((*TALK, TWIN, not_accepted(), calls("CRM_MakeLead"), not_accepted()), "invented_tool"),
        ((*TALK, TWIN, not_accepted()), "wrong_near_duplicate"),
        ((*TALK, TWIN, not_accepted(), lead(email="x@y.example")), "wrong_near_duplicate"),
        ((*TALK, calls("CRM_DeleteLead", lead_id="7"), not_accepted()), "wrong_other_tool"),
        ((*TALK, calls("CRM_DeleteLead", lead_id="7"), not_accepted(), TWIN), "wrong_near_duplicate"),
        ((*TALK[:3], lead(email="guess@acme.example", phone=None)), "premature"),
        ((*TALK[:3], lead(email=None, phone=None)), "premature"),
        ((*TALK, lead(email=None)), "missing_key"),
        ((*TALK, lead(phone=None)), "missing_key"),
        ((*TALK, lead(email=None, industry="retail")), "missing_key"),
        ((*TALK, lead(industry="retail")), "extra_key"),
        ((*TALK, lead(industry="retail", phone="+1 312 555 0149")), "extra_key"),
        ((*TALK, lead(phone="+1 312 555 0149")), "wrong_value"),
        (TALK, "turn_limit"),
    ],
)
def test_an_episode_has_the_first_outcome_that_applies(turns: tuple[Turn, ...], expected: str) -> None:
    assert outcome(*turns) == expected


def test_giving_up_is_abstention_and_an_error_comes_before_everything() -> None:
    assert outcome(*TALK, asks("None of these tools fits."), ended="none_fits") == "abstained"
    failed = grade(a_trace(turns=(*TALK, RIGHT), ended="error", error="The endpoint went away."), TOOLS)
    assert (failed.outcome, failed.reason) == ("error", "The endpoint went away.")


def test_arguments_are_compared_as_the_method_says_not_to_the_byte() -> None:
    assert outcome(*TALK, lead(email="JOHN.CARTER@northwind.example", customer_name=" John  Carter ")) == "right"
    assert outcome(*TALK, lead(customer_name="john carter")) == "wrong_value"


def test_an_optional_value_counts_only_once_the_user_has_stated_it() -> None:
    scenario = a_scenario(gold_arguments=LEAD_ARGUMENTS | {"industry": "retail"})
    unstated = a_trace(scenario, turns=(*TALK, RIGHT))
    assert grade(unstated, TOOLS).outcome == "right"
    assert "industry" not in gold_at(unstated, len(TALK), TOOLS["CRM_CreateLead"])
    said = (*TALK, asks("Which industry are they in?"), user("The industry is retail."))
    assert grade(a_trace(scenario, turns=(*said, RIGHT)), TOOLS).outcome == "missing_key"
    assert grade(a_trace(scenario, turns=(*said, lead(industry="retail"))), TOOLS).outcome == "right"


def test_the_reason_is_a_sentence_that_names_what_went_wrong() -> None:
    wrong = grade(a_trace(turns=(*TALK, lead(phone="+1 312 555 0149"))), TOOLS)
    assert wrong.reason == "Right tool, but phone is '+1 312 555 0149' instead of '+1 312 555 0148'."
    twin = grade(a_trace(turns=(*TALK, TWIN, not_accepted())), TOOLS)
    assert twin.reason == "Called CRM.UpdateLead, a near-duplicate of CRM.CreateLead."


NO_TOOL = a_scenario(goal_tool="CRM_DeleteLead", candidates=("CRM_UpdateLead", "CRM_CreateContact"))


@pytest.mark.parametrize(
    ("turns", "ended", "expected"),
    [
        ((user("Get rid of a lead."), asks("None of these tools fits.")), "none_fits", "refused"),
        ((user("Get rid of a lead."), TWIN, not_accepted(), asks("None of these fits.")), "none_fits", "wrong_call"),
        (
            (user("Get rid of a lead."), calls("CRM_DeleteLead", lead_id="7"), not_accepted()),
            "turn_limit",
            "wrong_call",
        ),
        ((user("Get rid of a lead."), asks("Which one?")), "turn_limit", "turn_limit"),
        ((user("Get rid of a lead."),), "error", "error"),
    ],
)
def test_without_a_right_tool_calls_are_wrong_and_refusing_is_right(
    turns: tuple[Turn, ...], ended: str, expected: str
) -> None:
    assert grade(a_trace(NO_TOOL, turns, ended=ended), TOOLS).outcome == expected


def test_grading_changes_nothing_but_outcome_and_reason() -> None:
    trace = a_trace()
    graded = grade(trace, TOOLS)
    assert isinstance(graded, Trace)
    assert graded.model_copy(update={"outcome": "", "reason": ""}) == trace
    assert grade(graded, TOOLS) == graded


def test_every_outcome_has_a_title() -> None:
    assert set(OUTCOMES) | set(NO_TOOL_OUTCOMES) == OUTCOME_TITLES.keys()

"""Another goal, other gold arguments, other candidates: a scenario of its own with its lineage."""

from __future__ import annotations

from typing import Any

import pytest

from diaforge_core.conversation.scenario_edits import with_aim
from diaforge_core.errors import DataError
from diaforge_core.records.scenario import DialEvent, Scenario

from .factories import LEAD_ARGUMENTS, a_catalog, a_scenario

CATALOG = a_catalog()


def edited(scenario: Scenario, **changes: Any) -> Scenario:
    return with_aim(scenario, scenario.aim.model_copy(update=changes), CATALOG)


def test_an_aim_that_is_the_same_leaves_the_very_same_scenario():
    assert edited(a_scenario()) == a_scenario()


def test_a_changed_scenario_has_an_id_of_its_own_and_names_where_it_came_from():
    old = a_scenario()
    new = edited(old, gold_arguments={**LEAD_ARGUMENTS, "phone": "+1 312 555 0149"})
    assert new.id != old.id
    assert new.parent == old.id
    assert edited(old, gold_arguments=new.gold_arguments) == new
    again = edited(new, goal="win a prospect")
    assert again.id not in (old.id, new.id)
    assert again.parent == old.id


def test_a_scenario_that_came_from_a_trace_keeps_that_as_its_parent():
    assert edited(a_scenario(parent="trace1"), goal="x").parent == "trace1"


def test_candidates_that_came_are_distractors_and_those_that_went_are_none():
    new = edited(a_scenario(), candidates=("CRM_CreateLead", "CRM_GetLead", "CRM_UpdateLead"))
    assert new.distractors == ("CRM_UpdateLead", "CRM_GetLead")
    assert new.candidates == ("CRM_CreateLead", "CRM_GetLead", "CRM_UpdateLead")


def test_another_goal_tool_makes_the_old_one_a_distractor_and_keeps_what_it_takes():
    new = edited(a_scenario(), goal_tool="CRM_UpdateLead", gold_arguments={"lead_id": "L-1", "phone": "1"})
    assert new.distractors == ("CRM_CreateContact", "CRM_CreateLead")
    assert [stage.revealed for stage in new.stages] == [("email", "phone")]
    assert new.goal != a_scenario().goal
    assert edited(a_scenario(), goal_tool="CRM_UpdateLead", goal="my words").goal == "my words"


def test_a_behaviour_whose_value_is_gone_goes_with_it():
    old = a_scenario(dial="corrects", event=DialEvent(values=("phone",), wrong="+1 312 555 0100"))
    assert edited(old, goal="x").event == old.event
    new = edited(old, gold_arguments={key: LEAD_ARGUMENTS[key] for key in ("customer_name", "email")})
    assert (new.dial, new.event) == (None, None)


def test_a_goal_tool_that_is_not_shown_makes_a_scenario_without_a_right_tool():
    new = edited(a_scenario(), candidates=("CRM_UpdateLead", "CRM_CreateContact"))
    assert not new.solvable


def test_unknown_and_repeated_tools_are_named():
    with pytest.raises(DataError, match="no tool CRM_Sing, CRM_Dance"):
        edited(a_scenario(), goal_tool="CRM_Sing", candidates=("CRM_CreateLead", "CRM_Dance"))
    with pytest.raises(DataError, match="twice"):
        edited(a_scenario(), candidates=("CRM_CreateLead", "CRM_CreateLead"))

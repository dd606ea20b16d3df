"""Scenarios hide the goal among near-duplicates, keep the mix, and are the same on any machine."""

from __future__ import annotations

from collections import Counter

import pytest
from scipy.stats import chisquare

from diaforge_core.catalog.arguments import required_for, validate
from diaforge_core.catalog.facets import indistinguishable
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.candidates import medoid
from diaforge_core.conversation.effort import ENOUGH, cornering, elsewhere, refusal_questions
from diaforge_core.conversation.gold import is_worth_asking
from diaforge_core.conversation.scenarios import (
    Choices,
    available_tiers,
    draw_scenarios,
    effective_mix,
    questions_needed,
    scenario_for,
)
from diaforge_core.conversation.tiers import is_interdependent
from diaforge_core.errors import CatalogError
from diaforge_core.records.scenario import InformationStage, Scenario
from tests.factories import LEAD_ARGUMENTS, a_catalog, a_scenario, a_setting, a_tool, sales_tools, wide_catalog

WIDE = wide_catalog()


@pytest.fixture(scope="module")
def drawn() -> list[Scenario]:
    return list(draw_scenarios(WIDE, 300, seed=5))


def test_a_scenario_depends_on_catalog_seed_and_its_number_only(drawn: list[Scenario]):
    assert list(draw_scenarios(WIDE, 5, seed=5, start=40)) == drawn[40:45]
    assert list(draw_scenarios(WIDE, 5, seed=6, start=40)) != drawn[40:45]
    assert len({scenario.id for scenario in drawn}) == len(drawn)


def test_a_second_import_of_the_same_tools_gives_the_same_scenarios(drawn: list[Scenario]):
    assert list(draw_scenarios(wide_catalog(), 3, seed=5)) == drawn[:3]


def test_the_mix_is_kept_on_any_stretch_of_scenarios(drawn: list[Scenario]):
    tiers = Counter(scenario.tier for scenario in drawn)
    for tier, share in effective_mix(WIDE).items():
        assert tiers[tier] / len(drawn) == pytest.approx(share, abs=0.04)


def test_candidates_are_distinct_tools_that_hold_the_goal_unless_no_right_tool_is_in_view(drawn: list[Scenario]):
    for scenario in drawn:
        assert len(set(scenario.candidates)) == len(scenario.candidates)
        assert scenario.goal_tool not in scenario.distractors
        shown = set(scenario.distractors) | ({scenario.goal_tool} if scenario.solvable else set())
        assert set(scenario.candidates) == shown
    assert 0.05 < sum(not scenario.solvable for scenario in drawn) / len(drawn) < 0.16


def test_each_tier_is_what_its_definition_says(drawn: list[Scenario]):
    for scenario in (scenario for scenario in drawn if scenario.solvable):
        goal, others = WIDE.tool(scenario.goal_tool), WIDE.subset(list(scenario.distractors))
        assert len(others) in {"baseline": (2, 3), "expert": (4, 5, 6)}.get(scenario.tier, (4, 5))
        assert (scenario.questions_needed >= 3) == (scenario.tier == "expert")
        if scenario.tier == "hard":
            assert is_interdependent(goal, others)


def test_gold_arguments_are_valid_and_every_one_has_a_stage(drawn: list[Scenario]):
    for scenario in drawn:
        goal = WIDE.tool(scenario.goal_tool)
        assert validate(goal, scenario.gold_arguments) == []
        assert set(required_for(goal, scenario.gold_arguments)) <= set(scenario.gold_arguments)
        assert {name for stage in scenario.stages for name in stage.revealed} == set(scenario.gold_arguments)


def test_values_that_nobody_asks_for_may_be_said_from_the_start(drawn: list[Scenario]):
    late = 0
    for scenario in drawn:
        asked_for = required_for(WIDE.tool(scenario.goal_tool), scenario.gold_arguments)
        assert all(scenario.stage_of(name) == 1 for name in scenario.gold_arguments if name not in asked_for)
        late += any(scenario.stage_of(name) > 1 for name in asked_for)
    assert late > len(drawn) / 4


def test_the_goal_stands_at_every_position_equally_often(drawn: list[Scenario]):
    four = [s for s in drawn if s.solvable and len(s.candidates) in (3, 4)]
    for size in (3, 4):
        places = Counter(s.candidates.index(s.goal_tool) for s in four if len(s.candidates) == size)
        assert chisquare([places[place] for place in range(size)]).pvalue > 0.001


def test_the_goal_is_not_the_centre_of_its_candidates_in_half_of_the_scenarios(drawn: list[Scenario]):
    solvable = [scenario for scenario in drawn if scenario.solvable]
    central = sum(medoid(WIDE.subset(list(s.candidates))) == s.goal_tool for s in solvable)
    assert central / len(solvable) < 0.55


def test_every_distractor_can_be_told_apart_from_the_goal(drawn: list[Scenario]):
    for scenario in drawn:
        goal = WIDE.tool(scenario.goal_tool)
        assert not any(indistinguishable(goal, other) for other in WIDE.subset(list(scenario.distractors)))


def test_dials_and_confirmations_stay_within_their_shares(drawn: list[Scenario]):
    assert sum(scenario.dial is not None for scenario in drawn) / len(drawn) <= 0.27
    confirmed = sum(scenario.setting.confirm_destructive for scenario in drawn) / len(drawn)
    assert confirmed == pytest.approx(1 / 3, abs=0.09)


def test_only_the_named_goal_tools_are_asked_for():
    named = ["CreateLead", "ListOrders"]
    assert {scenario.goal_tool for scenario in draw_scenarios(WIDE, 12, 1, Choices(goal_tools=named))} == set(named)
    with pytest.raises(CatalogError, match="CreateLeed"):
        next(draw_scenarios(WIDE, 1, 1, Choices(goal_tools=["CreateLeed"])))


def test_a_small_catalog_has_the_tiers_it_can_hold_and_their_shares_sum_to_one():
    small = a_catalog(*sales_tools()[:4])
    assert "baseline" in available_tiers(small)
    assert "medium" not in available_tiers(small)
    assert sum(effective_mix(small).values()) == pytest.approx(1)
    assert {scenario.tier for scenario in draw_scenarios(small, 10, seed=2)} <= set(available_tiers(small))


def test_questions_needed_counts_the_questions_about_tool_values_and_confirmation():
    catalog = a_catalog()
    lead = a_scenario()
    tools = catalog.subset(list(lead.candidates))
    assert questions_needed(lead, tools) == 2
    all_at_once = lead.model_copy(update={"stages": (InformationStage(turn=1, revealed=tuple(LEAD_ARGUMENTS)),)})
    assert questions_needed(all_at_once, tools) == 1
    late = lead.model_copy(update={"stages": (InformationStage(turn=5, revealed=("email",)),)})
    assert questions_needed(late, tools) == 4
    no_tool = a_scenario(candidates=("CRM_UpdateLead", "CRM_CreateContact"))
    assert questions_needed(no_tool, tools) == 1
    delete = a_scenario(
        goal_tool="CRM_DeleteLead",
        candidates=("CRM_DeleteLead", "CRM_GetLead"),
        gold_arguments={"lead_id": "L-1"},
        setting=a_setting(confirm_destructive=True),
    )
    assert questions_needed(delete, catalog.subset(["CRM_DeleteLead", "CRM_GetLead"])) == 3


def test_without_a_right_tool_a_question_can_always_tell_that_none_fits(drawn: list[Scenario]):
    refused = [scenario for scenario in drawn if not scenario.solvable]
    assert refused
    for scenario in refused:
        goal, shown = WIDE.tool(scenario.goal_tool), WIDE.subset(list(scenario.candidates))
        assert 1 <= refusal_questions(goal, shown) == scenario.questions_needed < ENOUGH


def test_tools_that_no_question_separates_can_never_be_refused():
    twins = [a_tool(f"Twin{n}", summary="Do it", original_name="Twin", id="string!") for n in range(3)]
    assert refusal_questions(sales_tools()[0], twins) == ENOUGH


def test_a_question_whose_answer_none_of_the_tools_has_is_enough_to_refuse():
    goal = a_tool("DeleteLead", summary="Delete a lead", side_effect="destructive", lead_id="string!")
    shown = [
        a_tool(f"Delete{thing}", summary=f"Delete a {thing.lower()}", side_effect="destructive", lead_id="string!")
        for thing in ("Order", "Invoice")
    ]
    assert refusal_questions(goal, shown) == 1


def test_tools_that_stay_open_after_every_answer_can_not_be_refused():
    goal, *_, other = sales_tools()
    same = [goal.model_copy(update={"name": f"{goal.name}_{n}"}) for n in range(2)]
    assert refusal_questions(goal, [*same, other]) == ENOUGH


def test_a_described_scenario_takes_original_names_and_the_stages_given():
    stages = (InformationStage(turn=1, revealed=("customer_name",)), InformationStage(turn=3, revealed=("industry",)))
    scenario = scenario_for(a_catalog(), "CRM.CreateLead", ["CRM.UpdateLead", "CRM.CreateContact"], stages)
    assert scenario.goal_tool == "CRM_CreateLead"
    assert set(scenario.candidates) == {"CRM_CreateLead", "CRM_UpdateLead", "CRM_CreateContact"}
    assert scenario.stages == stages
    assert set(scenario.gold_arguments) == {"customer_name", "email", "industry"}


def test_unknown_tools_and_stage_keys_are_named_with_what_is_known():
    with pytest.raises(CatalogError, match=r"CRM\.Nowhere"):
        scenario_for(a_catalog(), "CRM.CreateLead", ["CRM.Nowhere"])
    with pytest.raises(CatalogError, match=r"shoe_size.*takes: customer_name, email"):
        scenario_for(
            a_catalog(), "CRM.CreateLead", ["CRM.UpdateLead"], (InformationStage(turn=1, revealed=("shoe_size",)),)
        )


def test_without_a_right_tool_the_truth_is_enough_to_be_refused():
    catalog = load_catalog("enterprise_apis.json")
    drawn = list(draw_scenarios(catalog, 60, 5, Choices(no_tool_share=1.0)))
    sets = [(catalog.tool(each.goal_tool), catalog.subset(each.candidates)) for each in drawn]
    assert not any(each.solvable for each in drawn)
    assert sum(bool(cornering(goal, shown)) for goal, shown in sets) <= 6


def test_a_tool_that_plain_answers_leave_alone_is_cornering():
    get, add, note = a_tool("CRM_GetLead"), a_tool("CRM_CreateLead"), a_tool("CRM_CreateNote")
    assert cornering(get, [add, note]) == {"CRM_CreateLead"}
    assert cornering(get, [add, a_tool("CRM_DeleteLead")]) == frozenset()


def test_a_thing_with_a_name_that_nobody_says_is_no_goal_unless_asked_for():
    long = a_tool(
        "GetAppHealthPerformanceByVersionDetailsSummaryReport",
        summary="Get an app health performance by version details summary report",
        id="string!",
    )
    verb = a_tool("FetchOauthAuthorize", summary="Fetch the authorize URI", id="string!")
    assert not is_worth_asking(long)
    assert not is_worth_asking(verb)
    assert is_worth_asking(a_tool("GetLead", summary="Get a lead", id="string!"))


def test_no_tool_that_holds_for_the_goal_s_place_too_stands_in_a_set_without_a_right_tool():
    nested = a_tool("groups_sites_lists_get", method="READ", path="/groups/{g}/sites/{s}/lists/{l}", l="string!")
    plain = a_tool("sites_lists_get", method="READ", path="/sites/{s}/lists/{l}", l="string!")
    drives = a_tool("drives_lists_get", method="READ", path="/drives/{d}/lists/{l}", l="string!")
    assert elsewhere(nested, (plain, drives)) == (drives.name,)

"""The coverage grid sets what was produced against what an even draw would give."""

from __future__ import annotations

from diaforge_core.generator.coverage import coverage
from tests.factories import a_dialogue, a_scenario, wide_catalog

WIDE = wide_catalog()


def dialogues(goal: str, count: int):
    return [
        a_dialogue(a_scenario(WIDE, goal_tool=goal, candidates=(goal, "ListOrders"), seed=seed))
        for seed in range(count)
    ]


def test_every_tool_of_the_catalog_is_in_exactly_one_cluster_and_every_tier_has_a_row():
    rows = coverage([], WIDE)
    baseline = [row for row in rows if row.tier == "baseline"]
    assert sorted(name for row in baseline for name in row.tools) == sorted(tool.name for tool in WIDE.tools)
    assert len(rows) == 4 * len(baseline)


def test_produced_counts_goal_tools_by_cluster_and_tier():
    rows = coverage([*dialogues("CreateLead", 3), *dialogues("ListBudgets", 2)], WIDE)
    produced = {(row.cluster, row.tier): row.produced for row in rows if row.produced}
    assert sum(produced.values()) == 5
    assert {tier for _, tier in produced} == {"baseline"}


def test_targets_share_the_dialogues_out_by_mix_and_cluster_size():
    rows = coverage(dialogues("CreateLead", 400), WIDE)
    assert abs(sum(row.target for row in rows) - 400) <= len(rows)
    assert sum(row.target for row in rows if row.tier == "baseline") > sum(r.target for r in rows if r.tier == "expert")

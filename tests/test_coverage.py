"""The coverage grid sets what was produced against what an even draw would give, and says what fills it."""

from __future__ import annotations

from collections import Counter

import pytest

from diaforge_core.generator.coverage import (
    COLUMNS,
    OVERSHOOT,
    STYLES,
    CoverageRow,
    coverage,
    filling,
)
from diaforge_core.records.dialogue import Dialogue
from tests.factories import LEAD_ARGUMENTS, a_dialogue, a_persona, a_scenario, wide_catalog

WIDE = wide_catalog()


def dialogues(goal: str, count: int, **changes: object) -> list[Dialogue]:
    return [
        a_dialogue(a_scenario(WIDE, goal_tool=goal, candidates=(goal, "ListOrders"), seed=seed, **changes))
        for seed in range(count)
    ]


def a_row(cluster: str, tools: int, column: str, target: int, produced: int) -> CoverageRow:
    return CoverageRow(cluster, tuple(f"{cluster}{n}" for n in range(tools)), column, target, produced)


def test_every_tool_of_the_catalog_is_in_exactly_one_cluster_and_every_tier_has_a_row():
    rows = coverage([], WIDE)
    baseline = [row for row in rows if row.column == "baseline"]
    assert sorted(name for row in baseline for name in row.tools) == sorted(tool.name for tool in WIDE.tools)
    assert len(rows) == 4 * len(baseline)


def test_produced_counts_goal_tools_by_cluster_and_tier():
    rows = coverage([*dialogues("CreateLead", 3), *dialogues("ListBudgets", 2)], WIDE)
    produced = {(row.cluster, row.column): row.produced for row in rows if row.produced}
    assert sum(produced.values()) == 5
    assert {tier for _, tier in produced} == {"baseline"}


def test_targets_share_the_dialogues_out_by_mix_and_cluster_size():
    rows = coverage(dialogues("CreateLead", 400), WIDE)
    assert sum(row.target for row in rows) == 400
    targets = Counter[str]()
    for row in rows:
        targets[row.column] += row.target
    assert targets["baseline"] > targets["expert"]


def test_few_dialogues_are_shared_out_to_the_largest_cells_and_none_is_lost_to_rounding():
    rows = coverage([], WIDE, wanted=7)
    assert sum(row.target for row in rows) == 7
    assert max(rows, key=lambda row: row.target).column == "baseline"


def test_a_wanted_number_stands_in_place_of_what_there_is():
    rows = coverage([], WIDE, {"baseline": 1.0}, wanted=400)
    assert sum(row.target for row in rows) == 400
    assert not any(row.target for row in rows if row.column != "baseline")


def test_what_is_withheld_is_counted_by_the_stages_after_the_first():
    scenario = a_scenario(gold_arguments=LEAD_ARGUMENTS)
    made = [a_dialogue(scenario), *dialogues("ListOrders", 2, gold_arguments={}, stages=())]
    rows = coverage(made, WIDE, axis="withheld")
    produced = {row.column: row.produced for row in rows if row.produced}
    assert produced == {"two values": 1, "nothing": 2}


def test_styles_are_wanted_evenly():
    made = [dialogue for style in STYLES for dialogue in dialogues("CreateLead", 40, persona=a_persona(style=style))]
    rows = coverage(made, WIDE, axis="style")
    assert {row.column for row in rows} == set(COLUMNS["style"])
    one = [row for row in rows if row.cluster == rows[0].cluster]
    assert max(row.target for row in one) - min(row.target for row in one) <= 1
    assert sum(row.produced for row in rows) == 200


def test_a_filling_draws_the_tools_and_the_columns_that_lack_dialogues():
    full, empty = a_row("a", 2, "baseline", 3, 5), a_row("b", 2, "baseline", 4, 0)
    half, other = a_row("b", 2, "hard", 4, 2), a_row("c", 4, "hard", 6, 0)
    found = filling([full, empty, half, other])
    assert found is not None
    assert found.goal_tools == ("b0", "b1", "c0", "c1", "c2", "c3")
    assert found.missing == 12
    assert found.shares == {"baseline": pytest.approx(4 / 12), "hard": pytest.approx(8 / 12)}


def test_a_filling_draws_enough_for_nearly_all_that_is_missing_but_no_endless_number():
    found = filling([a_row("a", 1, "baseline", 5, 0), a_row("b", 3, "baseline", 5, 0)])
    assert found is not None
    assert found.count == 18
    found = filling([a_row("a", 1, "baseline", 50, 0), a_row("b", 60, "baseline", 1, 0)])
    assert found is not None
    assert found.count == OVERSHOOT * 51


def test_what_the_checks_reject_is_drawn_on_top():
    found = filling([a_row("a", 1, "baseline", 9, 0)], accepted_share=0.9)
    assert found is not None
    assert found.count == 10


def test_nothing_is_to_be_filled_where_every_cell_has_its_target():
    assert filling([a_row("a", 1, "baseline", 2, 2), a_row("b", 1, "hard", 0, 0)]) is None

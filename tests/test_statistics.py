"""Intervals and tests against statsmodels, hand-worked numbers and simulated coverage."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as reference_mcnemar
from statsmodels.stats.proportion import proportion_confint

from diaforge_core.evaluation.statistics import (
    Unit,
    cluster_bootstrap,
    mcnemar,
    paired_bootstrap,
    paired_difference,
    pass_k,
    ratio,
    scenarios_to_decide,
    wilson,
)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_statsmodels(counts: tuple[int, int]) -> None:
    successes, n = counts
    low, high = proportion_confint(successes, n, method="wilson")
    found = wilson(successes, n)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    assert 0 <= found.low <= successes / n <= found.high <= 1


def test_without_scenarios_every_share_is_possible() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_agrees_with_statsmodels(only_a: int, only_b: int) -> None:
    if only_a + only_b:
        expected = float(vars(reference_mcnemar([[5, only_a], [only_b, 5]], exact=True))["pvalue"])
        assert mcnemar(only_a, only_b) == pytest.approx(expected, abs=1e-12)
    else:
        assert mcnemar(0, 0) == 1.0


@given(st.tuples(*[st.integers(0, 60)] * 4))
def test_a_paired_difference_lies_in_its_interval_and_turns_with_the_order(cells: tuple[int, int, int, int]) -> None:
    both, only_a, only_b, neither = cells
    n = sum(cells)
    interval = paired_difference(both, only_a, only_b, neither)
    if n:
        assert interval.low - 1e-12 <= (only_a - only_b) / n <= interval.high + 1e-12
    turned = paired_difference(both, only_b, only_a, neither)
    assert (turned.low, turned.high) == pytest.approx((-interval.high, -interval.low))


def test_the_paired_interval_holds_the_truth_about_95_times_in_100() -> None:
    draw = random.Random(5)
    cells = (0.5, 0.2, 0.1, 0.2)
    held = 0
    for _ in range(1500):
        seen = draw.choices(range(4), cells, k=60)
        interval = paired_difference(*(seen.count(cell) for cell in range(4)))
        held += interval.low <= 0.1 <= interval.high
    assert 0.93 <= held / 1500 <= 0.98


def test_the_cluster_bootstrap_holds_the_truth_when_scenarios_of_a_tool_go_together() -> None:
    draw = random.Random(3)
    held = 0
    for trial in range(200):
        units = []
        for cluster in range(40):
            level = draw.random()
            units += [Unit(cluster, float(draw.random() < level), 1.0) for _ in range(5)]
        interval = cluster_bootstrap(units, draws=400, seed=trial)
        assert interval is not None
        held += interval.low <= 0.5 <= interval.high
    assert 0.89 <= held / 200 <= 0.99


def test_a_bootstrap_is_the_same_for_the_same_seed() -> None:
    units = [Unit(i % 7, float(i % 3 == 0), 1.0) for i in range(50)]
    assert cluster_bootstrap(units) == cluster_bootstrap(units)


def test_a_bootstrap_of_equal_or_single_values_says_nothing_of_spread() -> None:
    assert cluster_bootstrap([Unit(i, 1.0, 1.0) for i in range(9)]) is None
    assert cluster_bootstrap([Unit(0, 0.4, 1.0)]) is None
    assert cluster_bootstrap([]) is None


def test_with_one_cluster_scenarios_are_drawn() -> None:
    interval = cluster_bootstrap([Unit("only", float(i % 2), 1.0) for i in range(20)])
    assert interval is not None
    assert interval.low < 0.5 < interval.high


def test_a_paired_bootstrap_sees_a_difference_that_unpaired_intervals_hide() -> None:
    draw = random.Random(1)
    level = [draw.random() for _ in range(60)]
    units_a = [Unit(i, value + 0.05, 1.0) for i, value in enumerate(level)]
    units_b = [Unit(i, value + draw.gauss(0, 0.02), 1.0) for i, value in enumerate(level)]
    found = paired_bootstrap(units_a, units_b)
    assert found is not None
    interval, p = found
    assert 0 < interval.low < 0.05 < interval.high
    assert p < 0.01
    alone = cluster_bootstrap(units_a)
    assert alone is not None
    other = ratio(units_b)
    assert other is not None
    assert alone.low < other < alone.high


def test_the_bootstrap_p_is_rarely_small_where_nothing_differs() -> None:
    draw = random.Random(2)
    small = 0
    for _ in range(200):
        units_a = [Unit(i, draw.random(), 1.0) for i in range(40)]
        units_b = [Unit(i, draw.random(), 1.0) for i in range(40)]
        found = paired_bootstrap(units_a, units_b, draws=400)
        assert found is not None
        small += found[1] < 0.05
    assert small / 200 <= 0.1


def test_pass_k_of_three_in_four_twice_is_a_half() -> None:
    assert pass_k(n=4, c=3, k=2) == 0.5
    assert pass_k(n=1, c=1, k=1) == 1.0
    assert pass_k(n=4, c=1, k=2) == 0.0
    with pytest.raises(ValueError, match="pass"):
        pass_k(n=2, c=1, k=3)


def test_scenarios_to_decide_follow_the_power_formula() -> None:
    differences = [1.0] * 30 + [-1.0] * 20 + [0.0] * 50
    mean = 0.1
    variance = (50 - 100 * mean**2) / 99
    assert scenarios_to_decide(differences) == math.ceil((1.959964 + 0.841621) ** 2 * variance / mean**2)
    assert scenarios_to_decide([1.0, -1.0]) is None
    assert scenarios_to_decide([1.0]) is None


def test_the_number_to_decide_does_decide_four_times_in_five() -> None:
    draw = random.Random(11)
    cells = (0.5, 0.18, 0.08, 0.24)
    needed = scenarios_to_decide([1.0] * 18 + [-1.0] * 8 + [0.0] * 74)
    assert needed is not None
    decided = 0
    for _ in range(400):
        seen = draw.choices(range(4), cells, k=needed)
        decided += paired_difference(*(seen.count(cell) for cell in range(4))).low > 0
    assert 0.74 <= decided / 400 <= 0.86

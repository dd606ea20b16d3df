"""Openings say something, but not which (METHOD.md §2), under an encoder that is not used for mining."""

from __future__ import annotations

import pytest

pytest.importorskip("sklearn")

from benchmarks.bench_vagueness import ABOVE_CHANCE, WITHIN_TOP, opening_of, vagueness
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.scenarios import draw_scenarios


def test_the_goal_is_near_an_opening_yet_seldom_nearest_of_its_candidates():
    catalog = load_catalog("enterprise_apis.json")
    scenarios = list(draw_scenarios(catalog, 400, seed=3))
    found = vagueness(catalog, scenarios, [opening_of(catalog, scenario) for scenario in scenarios])
    assert found.within_top >= WITHIN_TOP
    assert found.first <= found.chance + ABOVE_CHANCE

"""What stands beside a goal tool: pins, bans, bounds of closeness, and the same sets wherever they are drawn."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diaforge_core.catalog.closeness import SCALE, Closeness
from diaforge_core.catalog.facets import indistinguishable
from diaforge_core.catalog.neighbours import closeness
from diaforge_core.conversation.candidates import Nearness, Neighbourhood, neighbourhood
from diaforge_core.conversation.scenarios import Choices, available_tiers, draw_scenarios, scenario_for
from diaforge_core.errors import CatalogError
from diaforge_core.records.scenario import Scenario
from diaforge_core.records.tool import Catalog, NamePair
from tests.factories import a_catalog, a_tool, sales_tools, wide_catalog

WIDE = wide_catalog()
NAMES = tuple(sorted(tool.name for tool in WIDE.tools))
PAIRS = tuple(combinations(NAMES, 2))
NEAR_PAIRS = tuple(pair for pair in PAIRS if pair[0][:6] == pair[1][:6] or pair[0][-4:] == pair[1][-4:])
"""Pairs of one act or of one thing: those that meet often when nothing is said of them."""


CLOSE = {
    one.name: {other.name: round(float(close), 4) for other, close in zip(WIDE.tools, row, strict=True)}
    for one, row in zip(WIDE.tools, closeness(WIDE.tools), strict=True)
}


@st.composite
def marked_catalogs(draw: st.DrawFn) -> Catalog:
    """The wide catalog with some pairs pinned and others banned, bans of near pairs above all."""
    pinned = draw(st.sets(st.sampled_from(PAIRS), max_size=6))
    banned = draw(st.sets(st.sampled_from(NEAR_PAIRS), max_size=60)) - pinned
    return marked(sorted(pinned), sorted(banned))


def marked(pinned: list[NamePair] | None = None, banned: list[NamePair] | None = None) -> Catalog:
    return Catalog(name="wide", tools=WIDE.tools, pinned=tuple(pinned or ()), banned=tuple(banned or ()))


def sets_of(catalog: Catalog, nearness: Nearness | None = None, seeds: int = 2) -> list[tuple[str, tuple[str, ...]]]:
    """Goal tool and distractors for every fifth tool of a catalog."""
    near = Neighbourhood(catalog, nearness or Nearness())
    found = []
    for goal in NAMES[::5]:
        for seed in range(seeds):
            rng = random.Random(seed)
            grown = near.distractors(goal, rng.randint(2, 5), rng)
            found += [(goal, grown)] if grown else []
    return found


def partners(catalog: Catalog, goal: str) -> set[str]:
    return {name for pair in catalog.pinned if goal in pair for name in pair} - {goal}


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(marked_catalogs())
def test_no_set_ever_holds_a_banned_pair(catalog: Catalog):
    for goal, distractors in sets_of(catalog):
        assert not set(catalog.banned) & set(combinations(sorted((goal, *distractors)), 2))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(marked_catalogs())
def test_a_pinned_tool_stands_in_every_set_of_its_goal_that_has_room(catalog: Catalog):
    for goal, distractors in sets_of(catalog):
        open_pins = partners(catalog, goal) - set(distractors)
        for missing in open_pins:  # only for want of room, or because of a closer one that may not stand beside it
            others = partners(catalog, goal) & set(distractors)
            clash = any(tuple(sorted((missing, other))) in catalog.banned for other in others)
            assert clash or others == set(distractors)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.floats(0, 0.6), st.floats(0.3, 1))
def test_distractors_lie_within_the_bounds_of_closeness(floor: float, ceiling: float):
    if floor > ceiling:
        floor, ceiling = ceiling, floor
    for goal, distractors in sets_of(WIDE, Nearness(floor, ceiling, 39)):
        for name in distractors:
            assert floor <= CLOSE[goal][name] <= ceiling


def test_bounds_that_most_tools_meet_still_give_sets():
    assert len(sets_of(WIDE, Nearness(0.3, 0.7, 39))) > len(NAMES) / 5


def test_a_pinned_tool_stands_beside_its_goal_however_far_it_is():
    goal = "CreateLead"
    far = min(NAMES, key=lambda name: CLOSE[goal][name])
    pair: NamePair = (min(goal, far), max(goal, far))
    near = Neighbourhood(marked([pair]), Nearness(0.35, 1.0))
    assert CLOSE[goal][far] < 0.35
    for seed in range(6):
        grown = near.distractors(goal, 3, random.Random(seed))
        assert grown is not None
        assert grown[0] == far


def test_pins_come_first_the_closest_first_and_no_more_than_there_is_room():
    goal = "CreateLead"
    pins = [name for name in NAMES if name.endswith("Order") or name.startswith("Update")][:6]
    catalog = marked(sorted((min(goal, name), max(goal, name)) for name in pins))
    grown = Neighbourhood(catalog).distractors(goal, 4, random.Random(1))
    ranked = sorted(pins, key=lambda name: (-CLOSE[goal][name], name))
    assert grown == tuple(ranked[:4])


def test_a_pinned_twin_that_no_question_tells_apart_is_left_out():
    twin = sales_tools()[0].model_copy(update={"name": "Twin"})
    assert indistinguishable(sales_tools()[0], twin)
    catalog = Catalog(name="sample", tools=(*sales_tools(), twin), pinned=(("CRM_CreateLead", "Twin"),))
    assert all("Twin" not in scenario.candidates for scenario in draws(catalog, ["CRM_CreateLead"]))


def draws(catalog: Catalog, goals: list[str], count: int = 12, nearness: Nearness | None = None) -> list[Scenario]:
    return list(draw_scenarios(catalog, count, 4, Choices(goal_tools=goals, nearness=nearness or Nearness())))


def test_pins_and_bans_hold_in_drawn_scenarios_without_a_right_tool_too():
    pinned, banned = ("CreateLead", "ListShipments"), ("CreateContact", "CreateLead")
    catalog = marked([pinned], [banned])
    drawn = list(draw_scenarios(catalog, 30, 2, Choices(goal_tools=["CreateLead"], no_tool_share=0.5)))
    assert {scenario.solvable for scenario in drawn} == {True, False}
    for scenario in drawn:
        assert "ListShipments" in scenario.distractors
        assert "CreateContact" not in scenario.distractors


def test_any_part_of_a_draw_is_the_same_wherever_it_is_drawn():
    catalog = marked([("CreateLead", "ListShipments")], list(NEAR_PAIRS[::7]))
    choices = Choices(nearness=Nearness(0.2, 0.9, 30))
    whole = list(draw_scenarios(catalog, 24, 9, choices))
    parts = [list(draw_scenarios(catalog, 8, 9, choices, start=start)) for start in (16, 0, 8)]
    assert [*parts[1], *parts[2], *parts[0]] == whole


def test_what_is_pinned_or_banned_later_makes_another_neighbourhood():
    plain, banned = marked(), marked(banned=[("CreateContact", "CreateLead")])
    assert neighbourhood(plain) is neighbourhood(marked())
    assert neighbourhood(plain) is not neighbourhood(banned)
    assert neighbourhood(plain) is not neighbourhood(plain, Nearness(0.1))


def test_a_set_that_is_named_may_not_hold_a_banned_pair():
    catalog = Catalog(name="sample", tools=sales_tools(), banned=(("CRM_CreateContact", "CRM_CreateLead"),))
    with pytest.raises(CatalogError, match=r"Banned .*CRM\.CreateContact and CRM\.CreateLead.*lift the ban"):
        scenario_for(catalog, "CRM.CreateLead", ["CRM.CreateContact", "CRM.UpdateLead"])
    assert scenario_for(catalog, "CRM.CreateLead", ["CRM.UpdateLead"]).goal_tool == "CRM_CreateLead"


def test_bounds_that_leave_no_set_are_one_message_with_what_to_change():
    with pytest.raises(CatalogError, match=r"0\.99 to 1 close.*Lower the floor.*more neighbours"):
        next(draw_scenarios(WIDE, 1, 0, Choices(nearness=Nearness(0.99))))
    with pytest.raises(CatalogError, match="Lower the floor"):
        Nearness(0.6, 0.5)


def test_bans_that_leave_no_set_are_one_message_with_what_to_change():
    few = sorted(tool.name for tool in sales_tools()[:4])
    catalog = Catalog(name="few", tools=sales_tools()[:4], banned=tuple(combinations(few, 2)))
    with pytest.raises(CatalogError, match="Lift some of the 6 bans"):
        next(draw_scenarios(catalog, 1, 0))


def test_bounds_that_few_goals_meet_give_scenarios_round_those():
    loners = [a_tool(f"Loner{n}", summary=f"{word} quietly", **{word: "string!"}) for n, word in enumerate(WORDS)]
    catalog = a_catalog(*sales_tools(), *loners)
    drawn = list(draw_scenarios(catalog, 6, 1, Choices(nearness=Nearness(0.45))))
    assert len(drawn) == 6
    assert not {scenario.goal_tool for scenario in drawn} & {tool.name for tool in loners}


WORDS = ("paint", "dig", "sail", "knit", "bake", "hum", "carve", "glide")


def test_a_floor_can_take_a_tier_away_and_its_share_goes_to_the_others():
    catalog, choices = a_catalog(), Choices(nearness=Nearness(0.5))
    assert "medium" in available_tiers(catalog)
    assert "medium" not in available_tiers(catalog, choices)
    assert {scenario.tier for scenario in draw_scenarios(catalog, 8, 1, choices)} <= {"baseline", "hard"}


def test_a_recipe_written_before_there_were_bounds_has_none():
    assert Nearness.of({"count": 5}) == Nearness()
    assert Nearness.of({"near_floor": 0.2, "near_ceiling": 0.8, "neighbours": 12}) == Nearness(0.2, 0.8, 12)


def test_a_set_is_measured_as_it_would_be_alone():
    measured = Closeness(WIDE.tools)
    for seed in range(20):
        places = random.Random(seed).sample(range(len(WIDE.tools)), 6)
        among = measured.among(np.array(places)) / np.float32(SCALE)
        np.fill_diagonal(among, 1)
        assert (among == closeness([WIDE.tools[place] for place in places])).all()

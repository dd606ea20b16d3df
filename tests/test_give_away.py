"""No set of candidates gives its goal tool away; each check finds a drawer that does."""

from __future__ import annotations

from pathlib import Path

import pytest

from diaforge_core.catalog.importing import import_catalog, load_catalog
from diaforge_core.catalog.profiles import profile
from diaforge_core.conversation.candidates import medoid, text_medoid
from diaforge_core.conversation.choices import Choices
from diaforge_core.conversation.give_away import GiveAway, give_away, position_p
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.records.scenario import Scenario
from diaforge_core.records.tool import Catalog
from tests.factories import a_tool, wide_catalog

WIDE = wide_catalog()
REAL = Path(__file__).parents[2] / "shared" / "catalogs"
"""Real documents, where this checkout has them beside it."""
DOCUMENTS = {"twilio": "twilio/*v2010.json", "msgraph": "msgraph/*"}
Drawn = tuple[Catalog, list[Scenario], GiveAway]


@pytest.fixture(scope="module", params=["demo", "twilio", "msgraph"])
def drawn(request: pytest.FixtureRequest) -> Drawn:
    """Two hundred scenarios with a right tool in view, of one catalog, and what they give away."""
    if request.param == "demo":
        catalog = load_catalog("enterprise_apis.json")
    else:
        paths = sorted(REAL.glob(DOCUMENTS[request.param]))
        if not paths:
            pytest.skip("no such documents beside this checkout")
        catalog = import_catalog(paths, request.param)
    scenarios = list(draw_scenarios(catalog, 200, 7, Choices(no_tool_share=0.0)))
    return catalog, scenarios, give_away(scenarios, catalog)


def test_positions_centres_and_twins_give_nothing_away(drawn: Drawn):
    _, _, found = drawn
    assert found.scenarios == 200
    assert found.position > 0.001
    assert found.chance - 0.12 < found.central < found.chance + 0.05
    assert found.chance - 0.12 < found.central_text < found.chance + 0.05
    assert found.twins == 0


def test_most_sets_are_about_the_thing_of_their_goal(drawn: Drawn):
    catalog, scenarios, _ = drawn

    def things(name: str) -> set[str]:
        return set(profile(catalog.tool(name)).resource.casefold().split())

    shared = [any(things(s.goal_tool) & things(name) for name in s.distractors) for s in scenarios]
    assert sum(shared) / len(shared) > 0.75


def test_positions_are_uniform_over_five_thousand_scenarios():
    assert position_p(list(draw_scenarios(WIDE, 5_000, 1, Choices(no_tool_share=0.0)))) > 0.001


def test_a_drawer_that_favours_a_position_is_found_out():
    scenarios = list(draw_scenarios(WIDE, 400, 1))
    biased = [placed(scenario, 0) if number % 5 == 0 else scenario for number, scenario in enumerate(scenarios)]
    assert position_p(scenarios) > 0.001 > position_p(biased)


def test_a_drawer_that_puts_the_goal_in_the_middle_is_found_out():
    scenarios = list(draw_scenarios(WIDE, 100, 1, Choices(no_tool_share=0.0)))
    sets = [WIDE.subset(list(scenario.candidates)) for scenario in scenarios]
    central = give_away([about(s, medoid(tools)) for s, tools in zip(scenarios, sets, strict=True)], WIDE)
    assert central.central > central.chance + 0.05
    alike = give_away([about(s, text_medoid(tools)) for s, tools in zip(scenarios, sets, strict=True)], WIDE)
    assert alike.central_text > alike.chance + 0.05


def test_a_drawer_that_offers_twins_is_found_out():
    twins = [a_tool(f"Twin{n}", summary="Do it", original_name="Twin", id="string!") for n in range(2)]
    catalog = Catalog(name="wide", tools=(*WIDE.tools, *twins))
    scenario = next(s for s in draw_scenarios(WIDE, 9, 1) if s.solvable)
    beside = about(scenario, "Twin0", ("Twin0", "Twin1", *scenario.candidates))
    assert give_away([beside], catalog).twins == 1


def placed(scenario: Scenario, place: int) -> Scenario:
    others = [name for name in scenario.candidates if name != scenario.goal_tool]
    shown = (*others[:place], scenario.goal_tool, *others[place:]) if scenario.solvable else tuple(others)
    return scenario.model_copy(update={"candidates": shown})


def about(scenario: Scenario, goal: str, candidates: tuple[str, ...] = ()) -> Scenario:
    return scenario.model_copy(update={"goal_tool": goal, "candidates": candidates or scenario.candidates})

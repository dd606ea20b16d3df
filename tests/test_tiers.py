"""Each tier is as long as its definition makes it; the default mix keeps dialogues at 2.3 to 3.2 turns."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from diaforge_core.catalog.importing import import_catalog, load_catalog
from diaforge_core.conversation.choices import Choices
from diaforge_core.conversation.scenarios import draw_scenarios, effective_mix
from diaforge_core.conversation.tiers import tier_figures, tier_of
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.scenario import Scenario
from diaforge_core.records.tool import Catalog
from tests.factories import a_catalog, sales_tools

TWILIO = Path(__file__).parents[2] / "shared" / "catalogs" / "twilio"
"""Real OpenAPI documents, where this checkout has them beside it."""


@pytest.fixture(scope="module", params=["demo", "twilio"])
def drawn(request: pytest.FixtureRequest) -> tuple[Catalog, list[Scenario]]:
    paths = sorted(TWILIO.glob("*v2010.json"))
    if request.param == "twilio" and not paths:
        pytest.skip("no such documents beside this checkout")
    catalog = load_catalog("enterprise_apis.json") if request.param == "demo" else import_catalog(paths, "twilio")
    return catalog, list(draw_scenarios(catalog, 400, 11))


def test_the_default_mix_keeps_the_length_of_dialogues(drawn: tuple[Catalog, list[Scenario]]):
    figures = tier_figures(drawn[1])
    assert 2.3 <= figures["all"].turns <= 3.2
    for tier in ("baseline", "medium", "hard"):
        assert 2.2 <= figures[tier].turns <= 3.0
    assert 3.5 <= figures["expert"].turns <= 4.5


def test_every_tier_has_its_share_of_refusals_dials_and_distractors(drawn: tuple[Catalog, list[Scenario]]):
    figures = tier_figures(drawn[1])
    for tier, low, high in (("baseline", 2, 3), ("medium", 4, 5), ("hard", 4, 5), ("expert", 4, 6)):
        found = figures[tier]
        assert found.no_tool == pytest.approx(0.1, abs=0.06)
        assert found.dials == pytest.approx(0.2, abs=0.07)
        assert low <= found.distractors - found.no_tool <= high
    quiet = ("terse", "impatient", None)  # these add no turn
    assert sum(scenario.dial not in quiet for scenario in drawn[1]) / len(drawn[1]) <= 0.2
    assert figures["all"].dials == pytest.approx(0.2, abs=0.01)
    assert figures["all"].no_tool == pytest.approx(0.1, abs=0.005)


def test_a_scenario_meets_the_definition_of_its_tier(drawn: tuple[Catalog, list[Scenario]]):
    catalog, scenarios = drawn
    for scenario in scenarios:
        if scenario.solvable and scenario.tier in ("medium", "expert"):
            tools = catalog.subset(list(scenario.candidates))
            assert tier_of(scenario, tools) in (scenario.tier, "hard")


def test_played_dialogues_are_as_long_as_their_scenarios_need(drawn: tuple[Catalog, list[Scenario]]):
    catalog, scenarios = drawn
    made = [dialogue for _, dialogue in UTCGen(catalog).generate(scenarios=scenarios[:60])]
    played = sum(dialogue.assistant_turns for dialogue in made) / len(made)
    assert played == pytest.approx(tier_figures(scenarios[:60])["all"].turns, abs=0.25)


def test_the_share_of_a_tier_that_a_catalog_does_not_hold_goes_to_the_others():
    small = a_catalog(*sales_tools()[:4])
    mix = effective_mix(small)
    assert "medium" not in mix
    assert sum(mix.values()) == pytest.approx(1)
    drawn = Counter(scenario.tier for scenario in draw_scenarios(small, 200, 2))
    assert {tier: drawn[tier] / 200 for tier in mix} == pytest.approx(mix, abs=0.02)
    assert effective_mix(small, Choices(mix={"baseline": 1.0, "expert": 3.0})) == {"baseline": 1.0}


def test_figures_of_no_scenarios_are_none():
    assert tier_figures([]) == {}

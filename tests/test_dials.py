"""A dial's event is part of the scenario: what happens, when, and with which value or tool."""

from __future__ import annotations

import pytest

from diaforge_core.catalog.arguments import fits
from diaforge_core.catalog.leaves import leaves
from diaforge_core.conversation.choices import Choices
from diaforge_core.conversation.dials import DIALS
from diaforge_core.conversation.reading import spoken_parts
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.records.scenario import DialEvent, Scenario
from tests.factories import wide_catalog

WIDE = wide_catalog()


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Scenario]]:
    """Twenty scenarios for each dial, and none for a dial that a scenario has no occasion for."""
    return {
        dial: [s for s in draw_scenarios(WIDE, 20, 6, Choices(dials=(dial,), dial_share=1.0)) if s.dial]
        for dial in DIALS
    }


def events(drawn: dict[str, list[Scenario]], dial: str) -> list[tuple[Scenario, DialEvent]]:
    return [(scenario, scenario.event) for scenario in drawn[dial] if scenario.event]


def test_every_dial_is_drawn_and_has_its_event_where_it_needs_one(drawn: dict[str, list[Scenario]]):
    for dial, scenarios in drawn.items():
        assert len(scenarios) >= 8
        assert all((scenario.event is None) == (dial in ("terse", "impatient")) for scenario in scenarios)


def test_a_correction_holds_a_wrong_value_that_the_schema_allows_and_nobody_means(drawn: dict[str, list[Scenario]]):
    for scenario, event in events(drawn, "corrects"):
        goal = WIDE.tool(scenario.goal_tool)
        (path,) = event.values
        gold = spoken_parts(goal, scenario.gold_arguments)
        schema = next(leaf.schema for leaf in leaves(goal) if leaf.path == path)
        assert fits(schema, event.wrong)
        assert type(event.wrong) is type(gold[path])
        assert event.wrong not in gold.values()
        assert event.turn == scenario.stage_of(path.split(".")[0])


def test_two_values_at_once_are_two_that_may_be_said_by_then(drawn: dict[str, list[Scenario]]):
    for scenario, event in events(drawn, "two_values"):
        assert len(set(event.values)) == 2
        assert event.turn == max(scenario.stage_of(path.split(".")[0]) for path in event.values)


def test_another_answer_first_is_a_value_that_may_be_said_by_then(drawn: dict[str, list[Scenario]]):
    for scenario, event in events(drawn, "answers_other_first"):
        assert all(scenario.stage_of(path.split(".")[0]) <= event.turn for path in event.values)
        assert event.values


def test_a_change_of_mind_starts_from_a_candidate_that_is_not_the_goal(drawn: dict[str, list[Scenario]]):
    for scenario, event in events(drawn, "changes_mind"):
        assert event.tool in scenario.candidates
        assert event.tool != scenario.goal_tool


def test_a_scenario_without_a_dial_has_no_event():
    assert not any(scenario.event for scenario in draw_scenarios(WIDE, 20, 6, Choices(dial_share=0.0)))

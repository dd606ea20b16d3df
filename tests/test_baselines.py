"""The floor and the ceiling on scenarios of the sample catalog (METHOD.md §4 and §7)."""

from __future__ import annotations

import pytest

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.choices import Choices
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.evaluation import baselines as under_test
from diaforge_core.evaluation.baselines import BASELINES, baselines, is_baseline
from diaforge_core.evaluation.metrics import HEADLINES, Values
from diaforge_core.records.scenario import Scenario
from tests.factories import wide_catalog

SCENARIOS = 150


@pytest.fixture(scope="module")
def played() -> tuple[list[Scenario], dict[str, Values]]:
    """The sample catalog's scenarios, and what every baseline reaches on all of them."""
    catalog = load_catalog("enterprise_apis.json")
    scenarios = list(draw_scenarios(catalog, SCENARIOS, 2507, Choices(bank="evaluation")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(under_test, "MOST", SCENARIOS)
        return scenarios, baselines(catalog, scenarios)


def value(values: Values, key: str) -> float:
    estimate = values[key]
    assert estimate is not None
    return estimate.value


def test_the_oracle_is_right_without_a_wrong_call(played: tuple[list[Scenario], dict[str, Values]]) -> None:
    _, reached = played
    assert value(reached["oracle"], "acc") >= 0.97
    assert value(reached["oracle"], "refusal") >= 0.97
    assert value(reached["oracle"], "ftr") == value(reached["oracle"], "risk") == 0


def test_the_cautious_one_abstains_always(played: tuple[list[Scenario], dict[str, Values]]) -> None:
    _, reached = played
    assert (value(reached["cautious"], "tar"), value(reached["cautious"], "acc")) == (1, 0)


def test_guessing_finds_the_tool_about_as_often_as_chance(played: tuple[list[Scenario], dict[str, Values]]) -> None:
    scenarios, reached = played
    solvable = [scenario for scenario in scenarios if scenario.solvable]
    chance = sum(1 / len(scenario.candidates) for scenario in solvable) / len(solvable)
    found = {name: value(reached[name], "tool_accuracy") for name in ("random", "first", "central", "nearest")}
    assert found["random"] == pytest.approx(chance, abs=0.06)
    for name in ("first", "central", "nearest"):
        assert found[name] == pytest.approx(found["random"], abs=0.1), found


def test_who_calls_without_asking_is_rarely_right_and_often_wrong(
    played: tuple[list[Scenario], dict[str, Values]],
) -> None:
    _, reached = played
    for name in ("eager", "random", "first", "central", "nearest"):
        assert value(reached[name], "acc") <= 0.2
        assert value(reached[name], "ftr") >= 0.6
        assert value(reached[name], "wrong_call") == 1


def test_of_many_scenarios_some_are_played_spread_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    catalog = wide_catalog()
    monkeypatch.setattr(under_test, "MOST", 8)
    scenarios = list(draw_scenarios(catalog, 11, 5))
    reached = baselines(catalog, scenarios)
    assert list(reached) == list(BASELINES)
    for values in reached.values():
        assert list(values) == list(HEADLINES)
        shown = [values[key] for key in ("acc", "refusal")]
        assert sum(estimate.n for estimate in shown if estimate) == 8


def test_a_baseline_is_known_by_its_spec() -> None:
    assert all(is_baseline(f"scripted:{name}") for name in BASELINES)
    assert not any(map(is_baseline, ("oracle", "smollm2", "scripted:playground", "hf:oracle")))

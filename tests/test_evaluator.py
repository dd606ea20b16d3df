"""Live and static evaluation of real assistants, and the results as the brief reads them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest

from diaforge_core.conversation.assistants import View, scripted_assistant
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import CatalogError, DataError, ModelError
from diaforge_core.evaluation.evaluator import (
    CallableAssistant,
    DynamicEvaluator,
    Results,
    evaluate_scenarios,
    evaluate_static,
    for_evaluation,
)
from diaforge_core.evaluation.metrics import ALIASES, METRICS
from diaforge_core.records.dialogue import NOT_ACCEPTED, Dialogue, Turn
from diaforge_core.records.scenario import Scenario
from diaforge_core.records.trace import Trace
from tests.factories import (
    LEAD_ARGUMENTS,
    a_catalog,
    a_dialogue,
    a_scenario,
    asks,
    calls,
    lead_turns,
    wide_catalog,
)

CATALOG = wide_catalog()
BRIEF = {
    "tool_accuracy": "Did agent pick the right tool?",
    "false_positives": "Any incorrect tool calls?",
    "abstention_rate": "When does agent refuse to act?",
    "success_rate": "Did tool call complete the user's goal?",
}


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    return list(draw_scenarios(CATALOG, 40, seed=3))


@pytest.fixture(scope="module")
def oracle(scenarios: list[Scenario]) -> Results:
    return DynamicEvaluator(api_catalog=CATALOG).evaluate("scripted:oracle", scenarios)


def evaluated(model: Any, given: list[Scenario], **options: Any) -> Results:
    return DynamicEvaluator(api_catalog=CATALOG).evaluate(model, given, **options)


def always_calls(view: View) -> Turn:
    return calls("CRM_CreateLead", **LEAD_ARGUMENTS)


def test_the_oracle_is_right_and_makes_no_wrong_call(oracle: Results) -> None:
    wrong = [(trace.scenario.id, trace.outcome, trace.reason) for trace in oracle.traces if trace.outcome != "right"]
    assert oracle["acc"] >= 0.97, wrong
    assert oracle["ftr"] == 0, wrong
    assert oracle["refusal"] == 1, wrong
    assert oracle["lucky"] == 0
    assert oracle["redundant"] <= 0.05


def test_the_scripted_user_makes_no_fault_with_the_oracle(oracle: Results) -> None:
    marks = [(trace.id, mark) for trace in oracle.traces for mark in trace.audit]
    assert not marks, marks[:5]


def test_the_cautious_one_never_calls(scenarios: list[Scenario]) -> None:
    results = evaluated("scripted:cautious", scenarios[:10])
    assert (results["tar"], results["acc"], results["ftr"]) == (1, 0, 0)
    assert math.isnan(results["tcp"])


@pytest.mark.parametrize("spec", ["scripted:eager", "scripted:random", "scripted:first"])
def test_calling_without_asking_is_no_better_than_chance(spec: str, scenarios: list[Scenario]) -> None:
    results = evaluated(spec, scenarios)
    solvable = [scenario for scenario in scenarios if scenario.solvable]
    chance = sum(1 / len(scenario.candidates) for scenario in solvable) / len(solvable)
    assert results["acc"] <= chance + 0.25
    assert results["ftr"] >= 0.5


def test_results_are_plain_floats_under_the_briefs_names(scenarios: list[Scenario]) -> None:
    results = evaluated("scripted:oracle", scenarios[:6], metrics=BRIEF)
    assert list(results) == list(BRIEF)
    assert all(type(value) is float for value in results.values())
    assert f"{results['success_rate']:.1%}".endswith("%")
    assert results["success_rate"] == results["acc"]
    assert results.intervals["success_rate"] is not None
    assert results.counts["success_rate"] == sum(scenario.solvable for scenario in scenarios[:6])
    assert sum(results.outcomes.values()) == results.counts["success_rate"]
    assert len(results.traces) == 6
    assert "Did agent pick the right tool?" in str(results)


def test_unknown_metrics_are_one_error_that_lists_the_known_ones(scenarios: list[Scenario]) -> None:
    with pytest.raises(DataError) as caught:
        evaluated("scripted:oracle", scenarios[:1], metrics={"charm": "?", "acc": "", "wit": "?"})
    assert all(name in str(caught.value) for name in ("'charm'", "'wit'", *METRICS, *ALIASES))


def test_without_a_choice_every_metric_is_reported(oracle: Results) -> None:
    assert list(oracle) == list(METRICS)
    assert oracle["abstention_rate"] == oracle["tar"]
    with pytest.raises(KeyError, match="charm"):
        oracle["charm"]


def test_a_model_may_be_what_training_returns_an_assistant_or_a_function(scenarios: list[Scenario]) -> None:
    trained = SimpleNamespace(spec="scripted:oracle", folder="somewhere")
    from_spec = evaluated("scripted:oracle", scenarios[:3])
    assert evaluated(trained, scenarios[:3])["acc"] == from_spec["acc"]
    assert evaluated(scripted_assistant("scripted:oracle"), scenarios[:3])["acc"] == from_spec["acc"]
    assert evaluated(always_calls, scenarios[:3]).traces[0].assistant == "callable:always_calls"
    with pytest.raises(ModelError, match="not a model"):
        evaluated(42, scenarios[:1])


def test_text_of_a_function_is_read_as_a_models() -> None:
    scenario = a_scenario(a_catalog())
    text = '<think>x</think>\n<tool_call>{"name": "CRM_UpdateLead", "arguments": {"lead_id": "7"}}</tool_call>'
    trace = DynamicEvaluator(api_catalog=a_catalog()).evaluate(lambda view: text, [scenario]).traces[0]
    assert trace.outcome == "wrong_near_duplicate"
    assert [turn.reply for turn in trace.turns if turn.speaker == "tool"] == [NOT_ACCEPTED] * 8


def test_a_function_that_returns_something_else_is_an_error_on_its_trace() -> None:
    bad: Any = lambda view: 7  # noqa: E731
    trace = DynamicEvaluator(api_catalog=a_catalog()).evaluate(bad, [a_scenario(a_catalog())]).traces[0]
    assert trace.outcome == "error"
    assert "must return a Turn or text" in trace.reason


def test_dialogues_are_evaluated_by_their_scenarios_each_once() -> None:
    dialogue = a_dialogue(a_scenario(a_catalog()))
    results = DynamicEvaluator(api_catalog=a_catalog()).evaluate("scripted:oracle", [dialogue, dialogue])
    assert len(results.traces) == 1


def test_the_user_speaks_in_the_evaluation_bank(oracle: Results) -> None:
    assert {trace.scenario.bank for trace in oracle.traces} == {"evaluation"}


def test_a_seed_redraws_the_words_and_never_the_scenario(scenarios: list[Scenario]) -> None:
    other = for_evaluation(scenarios[0], 5)
    assert other.seed != scenarios[0].seed
    same = {"bank", "seed"}
    assert other.model_dump(exclude=same) == scenarios[0].model_dump(exclude=same)
    assert for_evaluation(for_evaluation(scenarios[0])) == for_evaluation(scenarios[0])


def words(trace: Trace) -> tuple[Any, ...]:
    return trace.scenario.id, trace.trial, tuple((turn.speaker, turn.reply, turn.call) for turn in trace.turns)


def test_a_run_that_is_resumed_plays_what_is_left_and_the_same_way(scenarios: list[Scenario]) -> None:
    oracle = scripted_assistant("scripted:oracle")
    whole = list(evaluate_scenarios(CATALOG, scenarios[:4], oracle, trials=2))
    assert [(trace.scenario.id, trace.trial) for trace in whole] == [
        (scenario.id, trial) for scenario in scenarios[:4] for trial in (0, 1)
    ]
    done = {(trace.scenario.id, trace.trial) for trace in whole[:3]}
    rest = list(evaluate_scenarios(CATALOG, scenarios[:4], oracle, trials=2, skip=done))
    assert [words(trace) for trace in rest] == [words(trace) for trace in whole[3:]]


def test_every_trace_comes_as_it_is_played(scenarios: list[Scenario]) -> None:
    seen: list[Trace] = []
    results = evaluated("scripted:cautious", scenarios[:3], on_trace=seen.append)
    assert tuple(seen) == results.traces


def test_tools_that_the_catalog_lacks_are_listed_before_anything_is_played() -> None:
    scenario = a_scenario(a_catalog(), candidates=("CRM_CreateLead", "Gone_One", "Gone_Two"))
    played: list[Trace] = []
    with pytest.raises(CatalogError, match=r"lacks 2[\s\S]*Gone_One[\s\S]*Gone_Two"):
        DynamicEvaluator(api_catalog=a_catalog()).evaluate("scripted:oracle", [scenario], on_trace=played.append)
    assert not played


def test_nothing_to_evaluate_and_an_unknown_simulator_are_clear_errors() -> None:
    with pytest.raises(DataError, match="no scenario"):
        DynamicEvaluator(api_catalog=a_catalog()).evaluate("scripted:oracle", [])
    with pytest.raises(DataError, match=r"telepathic.*interactive"):
        DynamicEvaluator(user_simulator="telepathic", api_catalog=a_catalog())


def static(model: Any, dialogue: Dialogue, history: Any) -> Trace:
    return next(evaluate_static(a_catalog(), [dialogue], CallableAssistant(model), history=history))


def test_static_evaluation_keeps_the_stored_user_turns() -> None:
    dialogue = a_dialogue(a_scenario(a_catalog()))
    seen: list[tuple[Turn, ...]] = []

    def stubborn(view: View) -> Turn:
        seen.append(view.turns)
        return asks("Why?")

    trace = static(stubborn, dialogue, "own")
    assert [turn for turn in trace.turns if turn.speaker == "user"] == [
        turn for turn in lead_turns() if turn.speaker == "user"
    ]
    assert (trace.outcome, trace.ended) == ("turn_limit", "turn_limit")
    assert seen[-1] == (lead_turns()[0], asks("Why?"), lead_turns()[2], asks("Why?"), lead_turns()[4])


def test_gold_history_shows_the_stored_assistant_turns() -> None:
    dialogue = a_dialogue(a_scenario(a_catalog()))
    seen: list[tuple[Turn, ...]] = []

    def stubborn(view: View) -> Turn:
        seen.append(view.turns)
        return asks("Why?")

    static(stubborn, dialogue, "gold")
    assert [len(turns) for turns in seen] == [1, 3, 5]
    assert seen[-1] == lead_turns()[:5]


def test_a_static_model_that_repeats_the_stored_turns_is_right() -> None:
    def replay(view: View) -> Turn:
        return lead_turns()[len(view.turns)]

    for history in ("gold", "own"):
        assert static(replay, a_dialogue(a_scenario(a_catalog())), history).outcome == "right"


def test_static_wrong_calls_and_refusals_end_as_live_ones() -> None:
    dialogue = a_dialogue(a_scenario(a_catalog()))
    assert static(lambda view: calls("CRM_UpdateLead", lead_id="7"), dialogue, "own").outcome == "wrong_near_duplicate"
    assert static(always_calls, dialogue, "gold").outcome == "premature"
    gave_up = static(lambda view: asks("None of the tools I have fits your request."), dialogue, "own")
    assert (gave_up.outcome, len(gave_up.turns)) == ("abstained", 2)


def test_a_scenario_without_a_right_tool_can_be_won_only_by_refusing() -> None:
    scenario = a_scenario(a_catalog(), candidates=("CRM_UpdateLead", "CRM_CreateContact"))
    evaluator = DynamicEvaluator(api_catalog=a_catalog())
    assert evaluator.evaluate(always_calls, [scenario])["wrong_call"] == 1
    refused = evaluator.evaluate(lambda view: asks("None of the tools I have fits your request."), [scenario])
    assert refused["refusal"] == 1
    assert math.isnan(refused["acc"])

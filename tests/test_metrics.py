"""The metrics against the oracle checks of METHOD.md §7 and hand-counted conversations."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.catalog.neighbours import pair_closeness
from diaforge_core.errors import DataError
from diaforge_core.evaluation.breakdowns import in_order
from diaforge_core.evaluation.confusion import NO_CALL, confusion, matrices
from diaforge_core.evaluation.episodes import question_gain
from diaforge_core.evaluation.metrics import (
    ALIASES,
    METRICS,
    Estimate,
    Measurements,
    measure,
    metric,
)
from diaforge_core.evaluation.statistics import wilson
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.nearness import bin_of
from diaforge_core.records.trace import AuditMark, Trace
from tests.factories import (
    LEAD_ARGUMENTS,
    a_catalog,
    a_scenario,
    a_trace,
    asks,
    calls,
    lead_turns,
    not_accepted,
    user,
    wide_catalog,
)

TOOLS = {tool.name: tool for tool in a_catalog().tools}
TALK = lead_turns()[:-1]
RIGHT = (*TALK, calls("CRM_CreateLead", **LEAD_ARGUMENTS))
TWIN = calls("CRM_UpdateLead", lead_id="7")
WRONG_VALUE = (*TALK, calls("CRM_CreateLead", **LEAD_ARGUMENTS | {"phone": "555"}))
NO_TOOL = {"goal_tool": "CRM_DeleteLead", "candidates": ("CRM_UpdateLead", "CRM_CreateContact")}


def episode(turns: tuple[Turn, ...], number: int = 0, trial: int = 0, **scenario: Any) -> Trace:
    """The trace of its own scenario number `number`."""
    changes = {key: scenario.pop(key) for key in ("ended", "audit") if key in scenario}
    return a_trace(a_scenario(id=f"s{number:03}", **scenario), turns, trial=trial, **changes)


def value(measured: Measurements, key: str) -> float:
    found = measured.values[key]
    assert found is not None
    return found.value


def rates(*traces: Trace) -> tuple[float, float, float]:
    measured = measure(traces, TOOLS)
    return value(measured, "acc"), value(measured, "ftr"), value(measured, "tar")


def test_a_wrong_call_then_the_right_one_is_accurate_and_false_and_no_abstention() -> None:
    assert rates(episode((*TALK, TWIN, not_accepted(), RIGHT[-1]))) == (1, 1, 0)


def test_no_call_is_abstention_only() -> None:
    assert rates(episode(TALK)) == (0, 0, 1)


def test_the_right_tool_with_one_wrong_value_is_none_of_the_three() -> None:
    assert rates(episode(WRONG_VALUE)) == (0, 0, 0)


def test_119_episodes_print_the_numbers_of_the_paper() -> None:
    kinds = [RIGHT] * 74 + [(*TALK, TWIN, not_accepted())] * 2 + [TALK] * 43
    traces = [episode(turns, number) for number, turns in enumerate(kinds)]
    assert [f"{rate:.2f}" for rate in rates(*traces)] == ["0.62", "0.02", "0.36"]
    measured = measure(traces, TOOLS)
    interval = wilson(74, 119)
    assert measured.values["acc"] == Estimate(74 / 119, interval.low, interval.high, 119)
    assert sum(measured.outcomes.values()) == measured.episodes == 119
    assert {kind: n for kind, n in measured.outcomes.items() if n} == {
        "right": 74,
        "wrong_near_duplicate": 2,
        "turn_limit": 43,
    }


def test_precision_and_recall_over_calls() -> None:
    traces = [
        episode((*TALK, TWIN, not_accepted(), TWIN, not_accepted(), RIGHT[-1]), 0),
        episode(WRONG_VALUE, 1),
        episode(TALK, 2),
    ]
    measured = measure(traces, TOOLS)
    assert value(measured, "tcp") == pytest.approx(2 / 4)
    assert value(measured, "tcr") == pytest.approx(2 / 3)
    assert value(measured, "tool_accuracy") == pytest.approx(2 / 3)
    precision = measured.values["tcp"]
    assert precision is not None
    assert precision.n == 2


def test_precision_and_recall_over_argument_names_count_calls_to_the_goal_only() -> None:
    given = {"customer_name": "John Carter", "email": "john.carter@northwind.example", "industry": "retail"}
    traces = [episode((*TALK, calls("CRM_CreateLead", **given)), 0), episode(TALK, 1), episode(RIGHT, 2)]
    measured = measure(traces, TOOLS)
    assert value(measured, "pkp") == pytest.approx((2 / 3 + 1) / 2)
    assert value(measured, "pkr") == pytest.approx((2 / 3 + 1) / 2)


def test_scenarios_with_and_without_a_right_tool_share_no_denominator() -> None:
    refusing = (user("Get rid of a lead."), asks("None of the tools I have fits that."))
    traces = [
        episode(RIGHT, 0),
        episode(refusing, 1, ended="none_fits", **NO_TOOL),
        episode((user("Get rid of a lead."), TWIN, not_accepted()), 2, **NO_TOOL),
    ]
    measured = measure(traces, TOOLS)
    assert (value(measured, "acc"), value(measured, "ftr"), value(measured, "tar")) == (1, 0, 0)
    assert (value(measured, "refusal"), value(measured, "wrong_call")) == (0.5, 0.5)
    assert {key: found.n for key, found in measured.values.items() if found and METRICS[key].about == "no_tool"} == {
        "refusal": 2,
        "wrong_call": 2,
    }
    assert sum(measured.outcomes.values()) == 1
    assert sum(measured.no_tool_outcomes.values()) == 2


def test_what_cannot_be_measured_is_none() -> None:
    only_refusals = measure([episode(TALK, **NO_TOOL)], TOOLS)
    assert only_refusals.values["acc"] is only_refusals.values["pass_k"] is None
    assert measure([episode(TALK)], TOOLS).values["refusal"] is None
    assert measure([episode(RIGHT)], TOOLS).values["conv_rel_judge"] is None
    nothing = measure([], TOOLS)
    assert all(found is None for found in nothing.values.values())
    assert nothing.episodes == 0


def test_every_metric_has_a_place_in_every_report() -> None:
    measured = measure([episode(RIGHT)], TOOLS)
    assert measured.values.keys() == METRICS.keys() == measured.without_user_faults.keys()


def test_rates_over_trials_are_means_over_scenarios() -> None:
    traces = [episode(RIGHT, 0, trial) for trial in range(3)] + [episode(TALK, 0, 3)]
    traces += [episode(TALK, 1, trial) for trial in range(2)]
    measured = measure(traces, TOOLS)
    assert value(measured, "acc") == pytest.approx((3 / 4 + 0) / 2)
    assert measured.trials == 4
    assert measured.scenarios == 2


def test_pass_k_takes_all_trials_of_a_scenario() -> None:
    traces = [episode(RIGHT, 0, trial) for trial in range(3)] + [episode(TALK, 0, 3)]
    measured = measure(traces, TOOLS)
    assert measured.pass_k_by_k == {1: 0.75, 2: 0.5, 3: 0.25, 4: 0.0}
    assert value(measured, "pass_k") == 0.0


def test_intervals_hold_their_value() -> None:
    traces = [episode([RIGHT, TALK, WRONG_VALUE][n % 3], n, trial) for n in range(9) for trial in range(2)]
    for key, found in measure(traces, TOOLS).values.items():
        if found:
            assert found.low <= found.value <= found.high, key
            assert not math.isnan(found.value)
            if METRICS[key].share:
                assert 0 <= found.low <= found.high <= 1, key


def test_a_call_that_others_still_fit_is_lucky() -> None:
    guess = (
        user("I need to get John Carter into the system; john.carter@northwind.example, phone +1 312 555 0148."),
        RIGHT[-1],
    )
    measured = measure([episode(guess, stages=()), episode(RIGHT, 1)], TOOLS)
    assert value(measured, "acc") == 1
    assert value(measured, "lucky") == 0.5


def test_questions_are_counted_and_those_already_answered_are_redundant() -> None:
    again = (*TALK, asks("What are the email and the phone?"), user("As I said."), RIGHT[-1])
    measured = measure([episode(RIGHT, 0), episode(again, 1)], TOOLS)
    assert value(measured, "questions") == 2.5
    assert value(measured, "redundant") == 0.5
    assert value(measured, "effort") == 0.5


def test_byte_strict_accuracy_stands_beside_the_lenient_one() -> None:
    loose = calls("CRM_CreateLead", **LEAD_ARGUMENTS | {"email": "John.Carter@northwind.example"})
    measured = measure([episode((*TALK, loose), 0), episode(RIGHT, 1)], TOOLS)
    assert value(measured, "acc") == 1
    assert measured.byte_strict_acc is not None
    assert measured.byte_strict_acc.value == 0.5


def test_headlines_come_with_and_without_the_users_faults() -> None:
    leak = (AuditMark(kind="leak", turn=0, reason="It gave the name."),)
    unclear = (AuditMark(kind="not_understood", turn=2, reason="?"),)
    traces = [episode(RIGHT, 0), episode(TALK, 1, audit=leak), episode(TALK, 2, audit=unclear)]
    measured = measure(traces, TOOLS)
    assert value(measured, "acc") == pytest.approx(1 / 3)
    blameless = measured.without_user_faults["acc"]
    assert blameless is not None
    assert (blameless.value, blameless.n) == (0.5, 2)
    assert measured.user_faults == {"leak": 1, "not_understood": 1}


def groups(traces: list[Trace], breakdown: str, key: str = "acc") -> dict[str, tuple[float, int] | None]:
    found = measure(traces, TOOLS).by[breakdown]
    return {group: (e.value, e.n) if (e := values[key]) else None for group, values in found.items()}


def test_each_tier_is_measured_alone() -> None:
    traces = [episode(RIGHT, 0), episode(TALK, 1, tier="hard"), episode(RIGHT, 2, tier="hard")]
    assert groups(traces, "tier") == {"baseline": (1, 1), "hard": (0.5, 2)}


def test_every_breakdown_puts_each_scenario_into_one_group() -> None:
    wide = tuple(tool.name for tool in a_catalog().tools)
    traces = [episode(RIGHT, 0), episode(TALK, 1, dial="terse"), episode(RIGHT, 2, candidates=wide)]
    traces += [episode((*TALK, TWIN, not_accepted()), 3, **NO_TOOL)]
    assert groups(traces, "dial") == {"none": (1, 2), "terse": (0, 1)}
    assert groups(traces, "candidates") == {"2": None, "3": (0.5, 2), "8": (1, 1)}
    assert groups(traces, "side_effect") == {"write": (pytest.approx(2 / 3), 3), "destructive": None}
    assert groups(traces, "side_effect", "wrong_call")["destructive"] == (1, 1)


def test_the_closeness_bin_is_that_of_the_nearest_other_candidate() -> None:
    near, far = ("CRM_CreateLead", "CRM_UpdateLead"), ("CRM_CreateLead", "Sales_CreateOpportunity")
    bins = {names: groups([episode(RIGHT, candidates=names)], "closeness") for names in (near, far, near + far[1:])}
    assert bins[near] == bins[near + far[1:]] != bins[far]
    expected = pair_closeness(TOOLS[near[0]], TOOLS[near[1]]).total
    assert list(bins[near]) == [bin_of(expected)]


def test_groups_of_numbers_stand_as_numbers_do() -> None:
    many = wide_catalog()
    names = tuple(tool.name for tool in many.tools)
    traces = [a_trace(a_scenario(many, id=str(n), goal_tool=names[0], candidates=names[:n]), TALK) for n in (10, 2, 9)]
    assert list(measure(traces, {tool.name: tool for tool in many.tools}).by["candidates"]) == ["2", "9", "10"]
    assert in_order("tier", ["expert", "hard", "baseline", "hard"]) == ["baseline", "hard", "expert"]


def test_a_wrong_call_that_destroys_weighs_more_than_one_that_reads() -> None:
    def risk(*wrong: str) -> float:
        turns = [turn for name in wrong for turn in (calls(name, lead_id="7"), not_accepted())]
        return value(measure([episode((*TALK, *turns, RIGHT[-1]))], TOOLS), "risk")

    assert [risk("CRM_DeleteLead"), risk("CRM_UpdateLead"), risk("CRM_GetLead")] == [1, 0.8, 0.4]
    assert risk("CRM_GetLead", "CRM_DeleteLead") == 1
    assert (risk("No_Such_Tool"), risk()) == (0.4, 0)


def test_a_persons_word_outdoes_the_audit() -> None:
    leak = (AuditMark(kind="leak", turn=0, reason="named the tool"),)
    traces = [episode(RIGHT, 0), episode(TALK, 1, audit=leak), episode(TALK, 2), episode(TALK, 3)]
    by_audit = measure(traces, TOOLS)
    marked = measure(traces, TOOLS, {traces[1].id: "agent", traces[2].id: "gold"})
    assert by_audit.blamed == {"user": 1}
    assert marked.blamed == {"agent": 1, "gold": 1}
    accuracies = [found.without_faults["acc"] for found in (by_audit, marked)]
    assert [(e.value, e.n) for e in accuracies if e] == [(pytest.approx(1 / 3), 3)] * 2
    assert marked.values == by_audit.values


def test_the_confusion_names_the_first_wrong_call_the_goal_or_none() -> None:
    traces = [episode(RIGHT, 0), episode((*TALK, TWIN, not_accepted(), RIGHT[-1]), 1), episode(TALK, 2)]
    found = confusion(traces)
    assert {cell: len(ids) for cell, ids in found.items()} == {
        ("CRM_CreateLead", ""): 1,
        ("CRM_CreateLead", "CRM_CreateLead"): 1,
        ("CRM_CreateLead", "CRM_UpdateLead"): 1,
    }


def test_the_worst_clusters_stand_first_with_who_was_called_for_whom() -> None:
    wrong = (*TALK, TWIN, not_accepted())
    other = {"goal_tool": "Sales_CreateOpportunity", "candidates": ("Sales_CreateOpportunity", "CRM_UpdateLead")}
    traces = [episode(wrong, 0), episode(wrong, 1), episode(TALK, 2), episode(RIGHT, 3), episode(wrong, 4, **other)]
    worst, second = matrices(traces, TOOLS)
    assert (worst.goals, worst.confused) == (("CRM_CreateLead",), 2)
    assert worst.called == ("CRM_CreateLead", "CRM_UpdateLead", NO_CALL)
    assert worst.cells["CRM_CreateLead", "CRM_UpdateLead"] == (traces[0].id, traces[1].id)
    assert (second.goals, second.confused) == (("Sales_CreateOpportunity",), 1)
    assert matrices(traces, TOOLS, most=1) == [worst]
    assert matrices([episode(RIGHT, 0), episode(TALK, 1)], TOOLS) == []


def test_the_briefs_names_are_the_same_metrics_and_an_unknown_one_lists_all() -> None:
    assert {name: metric(name).key for name in ALIASES} == ALIASES
    with pytest.raises(DataError) as caught:
        metric("charm")
    assert all(name in str(caught.value) for name in ("charm", *METRICS, *ALIASES))


@given(groups=st.lists(st.sets(st.sampled_from("abcdef")), max_size=4))
def test_a_question_gains_all_where_any_answer_leaves_one_tool_and_nothing_where_all_stay(
    groups: list[set[str]],
) -> None:
    tools = "abcdef"
    assert 0 <= question_gain(tools, groups) <= 1
    assert question_gain(tools, [*groups, *tools]) == 1
    assert question_gain(tools, []) == 0
    assert question_gain(tools, [set(tools)]) == 0


def test_a_yes_or_no_about_one_of_four_gains_less_than_a_choice_between_halves() -> None:
    assert question_gain("abcd", ["a"]) == pytest.approx((4 - (1 + 3 * 3) / 4) / 3)
    assert question_gain("abcd", ["ab", "cd"]) == pytest.approx(2 / 3)
    assert question_gain("abcd", ["ab", "bcd"]) == pytest.approx((4 - (2 + 2 + 3 + 3) / 4) / 3)  # b: the narrower


def test_the_gain_is_measured_over_the_questions_that_name_choices() -> None:
    vague, value_only = (
        user("Something about John Carter, please."),
        (user("Create a lead."), asks("What is the email?")),
    )
    either = (vague, asks("Do you want to create a lead or update a lead?"), user("Create one."), RIGHT[-1])
    yes_or_no = (vague, asks("Is it a lead?"), user("Yes."), RIGHT[-1])
    measured = measure([episode(either), episode(yes_or_no, 1), episode(value_only, 2)], TOOLS)
    # Of three tools the first leaves one, whatever is meant; the second two of them, or the third alone.
    assert value(measured, "gain") == pytest.approx((1 + (3 - (2 + 2 + 1) / 3) / 2) / 2)
    assert measured.values["gain"]
    assert measured.values["gain"].n == 2

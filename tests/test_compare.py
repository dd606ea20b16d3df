"""Two assistants paired by scenario: what differs, how sure that is, and where two traces part."""

from __future__ import annotations

import pytest

from diaforge_core.errors import DataError
from diaforge_core.evaluation.breakdowns import BREAKDOWNS
from diaforge_core.evaluation.compare import compare, difference_kind, first_differing_turn
from diaforge_core.evaluation.outcomes import grade
from diaforge_core.evaluation.statistics import mcnemar, paired_difference
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.trace import Trace
from tests.factories import LEAD_ARGUMENTS, a_catalog, a_scenario, a_trace, asks, calls, lead_turns, not_accepted, user

TOOLS = {tool.name: tool for tool in a_catalog().tools}
TALK = lead_turns()[:-1]
RIGHT = lead_turns()
WRONG = TALK
TWIN = calls("CRM_UpdateLead", lead_id="7")


def traces(right: str, assistant: str, trials: int = 1) -> list[Trace]:
    """One scenario a character: `+` where the assistant is right, `-` where it never calls."""
    return [
        a_trace(a_scenario(id=f"s{n:03}"), RIGHT if mark == "+" else WRONG, assistant=assistant, trial=trial)
        for n, mark in enumerate(right)
        for trial in range(trials)
    ]


def test_a_large_difference_is_decided_and_said_in_plain_words() -> None:
    found = compare(traces("+" * 30 + "-" * 10, "tuned"), traces("+" * 5 + "-" * 35, "base"), TOOLS)
    accuracy = found.difference["acc"]
    assert accuracy is not None
    interval = paired_difference(5, 25, 0, 10)
    assert (accuracy.value, accuracy.low, accuracy.high) == (25 / 40, interval.low, interval.high)
    assert accuracy.p == mcnemar(25, 0)
    assert found.verdict.startswith("tuned is right more often than base: 75% against 12% of 40 scenarios")
    assert found.more_needed == 0


def test_the_order_turns_the_sign_and_not_the_verdict() -> None:
    found = compare(traces("+" * 5 + "-" * 35, "base"), traces("+" * 30 + "-" * 10, "tuned"), TOOLS)
    accuracy = found.difference["acc"]
    assert accuracy is not None
    assert accuracy.value == -25 / 40
    assert found.verdict.startswith("tuned is right more often than base: 75% against 12%")


def test_a_small_difference_is_not_enough_evidence_and_says_how_many_more() -> None:
    found = compare(traces("++++--++-+", "a"), traces("+++---++-+", "b"), TOOLS)
    assert "not enough evidence" in found.verdict
    assert found.more_needed is not None
    assert found.more_needed > 0
    assert f"about {found.more_needed} more scenarios" in found.verdict


def test_equal_results_name_no_number_of_scenarios() -> None:
    found = compare(traces("++--", "a"), traces("++--", "b"), TOOLS)
    assert "not enough evidence" in found.verdict
    assert found.more_needed is None


def test_pairs_are_listed_by_who_was_right() -> None:
    pairs = compare(traces("++--", "a"), traces("+-+-", "b"), TOOLS).pairs
    assert (pairs.both_right, pairs.only_a, pairs.only_b, pairs.both_wrong) == (
        ("s000",),
        ("s001",),
        ("s002",),
        ("s003",),
    )


def test_a_difference_is_told_for_each_group_of_each_breakdown() -> None:
    def played(right: str, assistant: str) -> list[Trace]:
        tiers = {trace.scenario.id: "hard" if n < 10 else "baseline" for n, trace in enumerate(traces(right, "x"))}
        return [
            t.model_copy(update={"scenario": t.scenario.model_copy(update={"tier": tiers[t.scenario.id]})})
            for t in traces(right, assistant)
        ]

    found = compare(played("+" * 20, "a"), played("-" * 10 + "+" * 10, "b"), TOOLS)
    by_tier = {group: d["acc"] for group, d in found.by["tier"].items()}
    assert [(group, d.value, d.decided) for group, d in by_tier.items() if d] == [
        ("baseline", 0, False),
        ("hard", 1, True),
    ]
    assert list(found.by) == list(BREAKDOWNS)
    assert found.by["dial"]["none"]["acc"] == found.difference["acc"]


def test_scenarios_of_one_side_only_are_left_out_and_counted() -> None:
    found = compare(traces("++--", "a"), traces("+-", "b"), TOOLS)
    assert (found.scenarios, found.unpaired) == (2, 2)
    accuracy = found.difference["acc"]
    assert accuracy is not None
    assert accuracy.value == 0.5


def test_several_trials_are_compared_by_bootstrap() -> None:
    found = compare(traces("+" * 20 + "-" * 10, "a", trials=2), traces("-" * 28 + "++", "b", trials=2), TOOLS)
    accuracy = found.difference["acc"]
    assert accuracy is not None
    assert accuracy.value == pytest.approx(18 / 30)
    assert 0 < accuracy.low < accuracy.value < accuracy.high
    assert found.more_needed == 0


def test_nothing_shared_is_one_clear_error() -> None:
    other = [a_trace(a_scenario(id="elsewhere"), RIGHT)]
    with pytest.raises(DataError, match="share no scenario"):
        compare(traces("+", "a"), other, TOOLS)
    with pytest.raises(DataError, match="share no scenario"):
        compare([], [], TOOLS)


def test_what_one_side_lacks_is_not_compared() -> None:
    found = compare(traces("++", "a"), traces("--", "b"), TOOLS)
    assert found.difference["refusal"] is None
    assert found.difference["lucky"] is None


@pytest.mark.parametrize(
    ("a", "b", "index", "kind"),
    [
        (RIGHT, RIGHT, None, None),
        (RIGHT, (*TALK[:3], calls("CRM_CreateLead", **LEAD_ARGUMENTS | {"phone": "1"})), 3, "called early"),
        (RIGHT, (*TALK, TWIN, not_accepted()), 5, "other tool"),
        (RIGHT, (*TALK, calls("CRM_CreateLead", **LEAD_ARGUMENTS | {"phone": "1"})), 5, "other argument"),
        (RIGHT, (TALK[0], asks("Could you tell me more?"), user("What do you mean?")), 1, "asked"),
        (RIGHT, (*TALK, asks("Anything else?")), 5, "asked"),
        (RIGHT, (user("Another opening."), *RIGHT[1:]), 0, "user"),
        (RIGHT, TALK, 5, "ended"),
    ],
)
def test_two_traces_part_at_their_first_differing_turn(
    a: tuple[Turn, ...], b: tuple[Turn, ...], index: int | None, kind: str | None
) -> None:
    one, other = grade(a_trace(turns=a), TOOLS), grade(a_trace(turns=b), TOOLS)
    assert first_differing_turn(one, other) == first_differing_turn(other, one) == index
    assert difference_kind(one, other) == kind


def test_thoughts_and_times_are_no_difference() -> None:
    slow = tuple(Turn.model_validate(turn.model_dump() | {"seconds": 3.0, "note": "other"}) for turn in RIGHT)
    assert first_differing_turn(a_trace(turns=RIGHT), a_trace(turns=slow)) is None


def test_a_difference_that_is_the_same_everywhere_is_no_chance_finding():
    asked = [a_trace(a_scenario(id=f"s{number}"), turns=lead_turns()) for number in range(12)]
    silent = [a_trace(trace.scenario, turns=(trace.turns[0], *trace.turns[-1:])) for trace in asked]
    found = compare(asked, silent, TOOLS).difference["questions"]
    assert found is not None
    assert found.low == found.high == found.value > 0
    assert found.p == pytest.approx(2 * 0.5**12)

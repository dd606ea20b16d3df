"""Agreement against hand-computed values and published examples, and from what people judged in a workspace."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from sklearn.metrics import cohen_kappa_score

from diaforge_core.evaluation.agreement import Unit, agreement
from diaforge_core.records.dialogue import Dialogue, Verdict
from diaforge_core.records.queue import Filter
from diaforge_core.records.review import DecisionKind
from diaforge_core.services.workspace import Workspace

from .test_queues import many
from .test_services_data import made as made
from .test_services_review import workspace as workspace


def units(*columns: str) -> list[Unit]:
    """One unit a place; each text is what one person said of each, `.` for nothing."""
    names = [f"person {number}" for number in range(len(columns))]
    rows = zip(*columns, strict=True)
    return [
        Unit(place, {name: word for name, word in zip(names, row, strict=True) if word != "."})
        for place, row in enumerate(rows)
    ]


def test_kappa_of_a_table_computed_by_hand():
    # 50 units: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no. Seen 35/50 = 0.7; by chance 0.5·0.6 + 0.5·0.4 = 0.5.
    found = agreement(units("y" * 25 + "n" * 25, "y" * 20 + "n" * 5 + "y" * 10 + "n" * 15))
    assert found.measure == "kappa"
    assert found.value == pytest.approx(0.4)
    assert (found.units, found.people, found.same) == (50, 2, 35)


def test_alpha_of_krippendorffs_four_observers_with_missing_values():
    # The example of section C of "Computing Krippendorff's Alpha-Reliability" (2011): nominal alpha 0.743.
    found = agreement(units("123321412...", "1233224125.3", ".3332342251.", "123324412511"[:11] + "."))
    assert found.measure == "alpha"
    assert found.value == pytest.approx(0.743, abs=0.0005)
    assert (found.units, found.people) == (11, 4)


def test_alpha_of_three_people_computed_by_hand():
    # aab, aaa, bbb: unlike ordered pairs 4 / (3 − 1) = 2; said a 5, b 4; 1 − (9 − 1)·2 / (81 − 25 − 16) = 0.6.
    assert agreement(units("aab", "aab", "bab")).value == pytest.approx(0.6)


@given(some.lists(some.tuples(some.sampled_from("arf"), some.sampled_from("arf")), min_size=1, max_size=30))
def test_kappa_equals_that_of_scikit_learn(pairs: list[tuple[str, str]]):
    first, second = "".join(a for a, _ in pairs), "".join(b for _, b in pairs)
    found = agreement(units(first, second), draws=10).value
    with np.errstate(all="ignore"):
        expected = float(cohen_kappa_score(list(first), list(second))) if len(set(first + second)) > 1 else float("nan")
    assert found is None if np.isnan(expected) else found == pytest.approx(expected)


def test_where_nothing_could_differ_there_is_no_number():
    assert agreement(units("aaa", "aaa")).value is None
    assert agreement(units("aaa", "aaa", "aaa")).value is None
    assert agreement([]).value is None


def test_full_agreement_is_one_and_what_one_person_said_alone_does_not_count():
    found = agreement(units("abab.a", "abab.."))
    assert (found.value, found.units) == (pytest.approx(1.0), 4)


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    # Two people who agree with probability 0.8 on a fair coin: kappa is 0.6.
    generator = np.random.default_rng(0)
    held = 0
    for seed in range(120):
        first = generator.integers(0, 2, 80)
        second = np.where(generator.random(80) < 0.8, first, 1 - first)
        words = ("".join(map(str, first)), "".join(map(str, second)))
        interval = agreement(units(*words), draws=400, seed=seed).interval
        assert interval
        held += interval.low <= 0.6 <= interval.high
    assert 0.88 <= held / 120 <= 1.0


def test_turns_of_one_dialogue_are_drawn_together():
    alone = units("ab" * 20, "ab" * 15 + "ba" * 5)
    joined = [Unit(place // 10, unit.values) for place, unit in enumerate(alone)]
    apart, together = agreement(alone).interval, agreement(joined).interval
    assert apart
    assert together
    assert together.high - together.low > apart.high - apart.low


@pytest.fixture
def judged(workspace: Workspace, made: list[Dialogue]) -> Workspace:
    """Ten dialogues that Ana and Bo judged: eight alike (five accepted), two not; labels on some of them."""
    ids = many(workspace, made, 10)
    workspace.queues.make("q", Filter(dataset="many"), overlap=100, who="Ana")
    for place, key in enumerate(ids):
        workspace.queues.decide(key, 1, "accept" if place < 6 else "reject", "", "Ana")
        if place in (1, 2):
            workspace.labels.toggle(key, 1, 1, "guessed-a-value", "Ana")
        if place in (2, 3):
            workspace.labels.toggle(key, 1, 1, "guessed-a-value", "Bo")
        workspace.queues.decide(key, 1, "accept" if place < 5 or place == 9 else "reject", "", "Bo")
    return workspace


def test_agreement_on_decisions_and_on_each_label(judged: Workspace):
    found = judged.agreement.of("q")
    decisions = found.decisions
    # Alike 8 of 10; both accept 6 of 10, so chance is 0.36 + 0.16 = 0.52.
    assert decisions.value == pytest.approx((0.8 - 0.52) / 0.48)
    assert (decisions.units, decisions.same) == (10, 8)
    assert list(found.labels) == ["guessed-a-value"]
    turns = sum(len(judged.review.get(f"m{place:05}").dialogue.turns) for place in range(10))
    label = found.labels["guessed-a-value"]
    assert (label.units, label.same) == (turns, turns - 2)
    chance = (2 / turns) ** 2 + ((turns - 2) / turns) ** 2
    assert label.value == pytest.approx(((turns - 2) / turns - chance) / (1 - chance))


def test_the_agreement_is_computed_anew_when_somebody_judges(judged: Workspace, made: list[Dialogue]):
    before = judged.agreement.of("q")
    assert judged.agreement.of("q") is before
    passed = next(dialogue for dialogue in made if dialogue.passed)
    judged.datasets.add("many", [passed.model_copy(update={"id": "late"})])
    for who in ("Ana", "Bo"):
        judged.queues.decide("late", 1, "accept", "", who)
    assert judged.agreement.of("q").decisions.units == 11


def test_a_first_opinion_alone_is_no_agreement(workspace: Workspace, made: list[Dialogue]):
    ids = many(workspace, made, 2)
    workspace.queues.make("q", Filter(dataset="many"), overlap=100, who="Ana")
    workspace.queues.decide(ids[0], 1, "accept", "", "Ana")
    assert workspace.agreement.of("q").decisions.units == 0


def test_the_critics_past_agreement_is_counted_on_the_version_it_judged(workspace: Workspace, made: list[Dialogue]):
    passed = next(dialogue for dialogue in made if dialogue.passed)
    for place, (content, verdict) in enumerate((c, v) for v in (True, False) for c in "aab"):
        verdicts = (*passed.verdicts, Verdict(verifier="critic", passed=verdict, reason="" if verdict else "stiff"))
        dialogue = passed.model_copy(update={"id": f"c{place}{content}", "verdicts": verdicts})
        workspace.datasets.create("critic")
        workspace.datasets.add("critic", [dialogue])
    workspace.datasets.add("critic", [passed.model_copy(update={"id": "no critic"})])
    said: tuple[tuple[str, DecisionKind], ...] = (
        ("c0a", "accept"),
        ("c1a", "accept"),
        ("c2b", "reject"),
        ("c3a", "reject"),
        ("no critic", "accept"),
    )
    for key, kind in said:
        workspace.review.decide(key, 1, kind, "unnatural" if kind == "reject" else "", "Ana")
    workspace.review.edit(workspace.review.get("c4a").dialogue.id, 1, passed.turns[:-1], "Ana")
    workspace.review.decide("c4a", 2, "reject", "other", "Ana")
    workspace.variety.keep_one(["c0a", "c5b"], "c0a", "Ana")
    found = workspace.agreement.critic("critic")
    assert (found.passed.agreed, found.passed.n) == (2, 3)
    assert (found.failed.agreed, found.failed.n) == (1, 1)
    assert found.passed.interval.low < 2 / 3 < found.passed.interval.high

"""The cascade lets clean dialogues pass and catches planted faults, in words that it was not written for."""

from __future__ import annotations

from tests.planted import clean_dialogues, generated_clean
from tests.planted.faults import FAULTS
from tests.planted.measure import PER_KIND, rejected, trials


def test_at_most_one_clean_dialogue_in_a_hundred_is_rejected() -> None:
    clean = clean_dialogues() + generated_clean()
    assert len(clean) == 200
    bad = rejected(clean)
    named = [(dialogue.scenario.goal_tool, [verdict.reason for verdict in failed]) for dialogue, failed in bad]
    assert len(bad) <= 0.01 * len(clean), named


def test_ninety_nine_of_a_hundred_planted_faults_are_caught_by_the_right_verifier() -> None:
    tried = {name: trials(kind) for name, kind in FAULTS.items()}
    full = {name: each for name, each in tried.items() if len(each) == PER_KIND}
    assert len(full) >= 25
    missed = [(name, trial.faulty.id) for name, each in tried.items() for trial in each if not trial.right]
    assert len(missed) <= 0.01 * sum(map(len, tried.values())), missed


def test_a_verdict_points_at_the_planted_turn() -> None:
    tried = [trial for kind in FAULTS.values() for trial in trials(kind) if trial.right and trial.turn is not None]
    assert len(tried) >= 300
    assert sum(trial.pinned for trial in tried) >= 0.95 * len(tried)

"""Slips of the keyboard: seldom, harmless, the same for the same seed, and undone to the letter."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaforge_core.conversation.slips import _SLIPS, undo, with_slips

COMMON = sorted(_SLIPS)
WORDS = st.sampled_from([*COMMON, *(word.capitalize() for word in COMMON), "lead", "ID-7", "a@the.example", "I"])
TEXTS = st.lists(WORDS | st.text(max_size=6), max_size=12).map(" ".join)


@settings(max_examples=300, deadline=None)
@given(TEXTS, st.randoms(use_true_random=False))
def test_undoing_gives_the_very_text_back(text: str, rng: random.Random):
    slipped = with_slips(text, rng)
    if slipped != text:
        assert undo(slipped) == text
        assert undo(text) == text


def test_a_slip_is_the_slip_of_one_word_and_no_word_itself():
    slips = [slip for each in _SLIPS.values() for slip in each]
    assert len(slips) == len(set(slips))
    assert not set(slips) & set(_SLIPS)


def test_the_same_seed_makes_the_same_slip():
    text = "I need to change the lead with your help before the weekend, please."
    assert with_slips(text, random.Random(4)) == with_slips(text, random.Random(4))
    assert len({with_slips(text, random.Random(seed)) for seed in range(60)}) > 10


@pytest.mark.parametrize("quoted", ['"have the need"', "the@need.example", "https://the.example/need", "the_need"])
def test_quoted_words_addresses_and_codes_are_left_alone(quoted: str):
    for seed in range(40):
        assert quoted in with_slips(f"please use {quoted} for this", random.Random(seed))


def test_what_is_kept_is_left_alone():
    text = "the name is the need, please"
    kept = (text.index("the need"), text.index(", please"))
    for seed in range(40):
        assert "the need" in with_slips(text, random.Random(seed), [kept])


@pytest.mark.parametrize("text", ["", "12345", "Bananas."])
def test_words_that_cannot_slip_stay(text: str):
    assert with_slips(text, random.Random(1)) == text


def test_capitals_and_contractions_come_back():
    assert undo("Teh lead, dont change it. Thsi is fine") == "The lead, don't change it. This is fine"

"""The diversity numbers against hand-counted texts and a plain restatement of their formulas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.conversation.text_statistics import moving_average_ttr, ngram_diversity, tokens, type_token_ratio


def test_words_are_folded_and_addresses_stay_whole() -> None:
    assert tokens("Add JOHN, e-mail john.doe@acme.com!") == ["add", "john", "e-mail", "john.doe@acme.com"]


def test_counted_by_hand() -> None:
    words = ["a", "b", "a", "b"]
    assert type_token_ratio(words) == 0.5
    # distinct: 2 + 2 (ab, ba) + 2 (aba, bab) + 1; all: 4 + 3 + 2 + 1
    assert ngram_diversity(words) == pytest.approx(7 / 10)


def test_nothing_said_is_zero() -> None:
    assert type_token_ratio([]) == moving_average_ttr([]) == ngram_diversity([]) == 0.0


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=40), st.integers(1, 12))
def test_the_moving_average_is_the_mean_over_windows(words: list[str], window: int) -> None:
    runs = [words[i : i + window] for i in range(max(1, len(words) - window + 1))]
    expected = sum(len(set(run)) / len(run) for run in runs) / len(runs)
    assert moving_average_ttr(words, window) == pytest.approx(expected)

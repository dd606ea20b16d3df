"""The exactly nearest vectors: as a plain reading finds them, equal and few vectors too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaforge_core.catalog import top
from diaforge_core.catalog.top import nearest_vectors


def plainly(vectors: np.ndarray, k: int) -> np.ndarray:
    """The scores of the `k` highest, from the whole table."""
    return -np.sort(-(vectors.astype(np.float64) @ vectors.T.astype(np.float64)), axis=1)[:, :k]


def checked(vectors: np.ndarray, k: int) -> None:
    places, scores = nearest_vectors(vectors, k)
    np.testing.assert_allclose(scores, plainly(vectors, k), atol=1e-5)
    assert all(len(set(row)) == len(row) for row in places.tolist())
    own = (vectors[:, None].astype(np.float64) * vectors[places]).sum(axis=2)
    np.testing.assert_allclose(own, scores, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 90),
    different=st.integers(1, 90),
    width=st.integers(1, 9),
    k=st.integers(1, 30),
    seed=st.integers(0, 9),
)
def test_any_vectors_have_the_nearest_of_the_whole_table(count: int, different: int, width: int, k: int, seed: int):
    rng = np.random.default_rng(seed)
    kinds = rng.standard_normal((different, width)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(top, "ROWS", 16)
        patch.setattr(top, "COLUMNS", 24)
        patch.setattr(top, "OWN", 32)
        checked(kinds[rng.integers(0, different, count)], min(k, count))


def test_a_thousand_vectors_over_several_blocks():
    vectors = np.random.default_rng(1).standard_normal((1_300, 32)).astype(np.float32)
    checked(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 20)


def test_ties_go_by_place():
    places, scores = nearest_vectors(np.ones((5, 2), np.float32), 3)
    assert places.tolist() == [[0, 1, 2]] * 5
    assert (scores == 2).all()

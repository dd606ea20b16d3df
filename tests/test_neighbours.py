"""Closeness: symmetric, bounded, the same by blocks as at once, ordered the same on every machine."""

from __future__ import annotations

import numpy as np
import pytest

from diaforge_core.catalog import mining
from diaforge_core.catalog.embedding import DIMENSIONS, embed
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.catalog.neighbours import closeness, nearest, pair_closeness
from diaforge_core.records.tool import Catalog
from tests.factories import a_catalog, a_tool


@pytest.fixture(scope="module")
def sample() -> Catalog:
    return load_catalog("enterprise_apis.json")


def test_vectors_have_unit_length_and_like_texts_lie_closer():
    rows = embed(["delete a customer record", "remove a client entry", "book a meeting room", ""])
    assert rows.shape == (4, DIMENSIONS)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows[:3], axis=1) == pytest.approx(1, abs=1e-5)
    assert not rows[3].any()
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


def test_closeness_is_symmetric_between_0_and_1_and_1_with_itself(sample: Catalog):
    table = closeness(sample.tools)
    assert (table == table.T).all()
    assert (table.diagonal() == 1).all()
    assert table.min() >= 0
    assert table.max() <= 1


def test_blocks_give_what_one_piece_gives_to_the_last_bit(sample: Catalog, monkeypatch: pytest.MonkeyPatch):
    whole, ranked = closeness(sample.tools), nearest(sample, 3)
    monkeypatch.setattr(mining, "ROWS", 50)
    monkeypatch.setattr(mining, "COLUMNS", 37)
    assert (closeness(sample.tools) == whole).all()
    assert nearest(sample, 3) == ranked


def test_the_nearest_are_those_of_the_full_table_in_order(sample: Catalog):
    table = closeness(sample.tools)
    names = [tool.name for tool in sample.tools]
    for row, (name, found) in enumerate(nearest(sample, 5).items()):
        assert name == names[row]
        others = [(names[i], float(table[row, i])) for i in range(len(names)) if i != row]
        expected = sorted(others, key=lambda other: (-other[1], other[0]))[:5]
        assert found == [(other, pytest.approx(close)) for other, close in expected]


def test_the_order_of_the_tools_changes_nothing(sample: Catalog):
    turned = Catalog(name="turned", tools=sample.tools[::-1])
    assert nearest(sample, 4) == nearest(turned, 4)


def test_ties_go_by_name():
    twins = [a_tool(name, original_name="X", summary="Same words") for name in ("b", "c", "a")]
    assert nearest(a_catalog(*twins), 2)["b"] == [("a", 1.0), ("c", 1.0)]


def test_a_pair_shows_what_its_closeness_is_made_of(sample: Catalog):
    a, b = sample.tool("CRM.CreateLead"), sample.tool("CRM.UpdateLead")
    parts = pair_closeness(a, b)
    assert parts.total == pytest.approx(0.6 * parts.text + 0.2 * parts.name + 0.2 * parts.parameters, abs=2e-4)
    assert parts.total == pytest.approx(float(closeness((a, b))[0, 1]))
    assert pair_closeness(a, a).total == 1


def test_more_neighbours_than_tools_are_all_others():
    catalog = a_catalog(a_tool("one"), a_tool("two"))
    assert [name for name, _ in nearest(catalog, 9)["one"]] == ["two"]
    assert closeness(()).shape == (0, 0)

"""The confusion map: places, groups, words and what a selection encloses."""

from __future__ import annotations

import json
import time
from itertools import combinations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from diaforge_core.records.tool import Tool
from pages.components.map_data import rows_within
from pages.components.map_figure import LIVE, Dots
from pages.components.map_layout import Layout, Nearest, layout
from pages.components.map_words import common_words


def blocks(n: int, size: int = 5) -> tuple[list[str], Nearest, list[list[str]]]:
    """`n` tools of which every `size` are near-duplicates; each block is somewhat close to the one after it."""
    names = [f"tool_{place:05d}" for place in range(n)]
    groups = [names[start : start + size] for start in range(0, n - size + 1, size)]
    nearest: dict[str, list[tuple[str, float]]] = {name: [] for name in names}
    for number, group in enumerate(groups):
        following = groups[(number + 1) % len(groups)]
        for name in group:
            nearest[name] = [(other, 0.8) for other in group if other != name] + [(following[0], 0.4)]
    return names, nearest, groups


def gaps(placed: Layout, rows: list[int]) -> list[float]:
    return [float(np.linalg.norm(placed.spots[a] - placed.spots[b])) for a, b in combinations(rows, 2)]


def test_the_map_is_the_same_each_time() -> None:
    names, nearest, groups = blocks(60)
    assert (layout(names, nearest, groups).spots == layout(names, nearest, groups).spots).all()


def test_near_duplicates_lie_side_by_side_and_no_two_dots_on_one_another() -> None:
    names, nearest, groups = blocks(100)
    placed = layout(names, nearest, groups)
    for start in range(0, 100, 5):
        assert max(gaps(placed, list(range(start, start + 5)))) < 2.5 * placed.gap
    assert min(gaps(placed, list(range(100)))) > 0.8 * placed.gap


def test_groups_lie_apart() -> None:
    names, nearest, groups = blocks(100)
    spots = layout(names, nearest, groups).spots
    gap = layout(names, nearest, groups).gap
    middles = np.array([spots[start : start + 5].mean(axis=0) for start in range(0, 100, 5)])
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(middles, 2)) > 2.2 * gap


def test_groups_that_read_alike_lie_nearer_than_others() -> None:
    names, nearest, groups = blocks(200)
    spots = layout(names, nearest, groups).spots
    middles = np.array([spots[start : start + 5].mean(axis=0) for start in range(0, 200, 5)])
    following = np.linalg.norm(middles - np.roll(middles, -1, axis=0), axis=1)
    others = np.linalg.norm(middles - np.roll(middles, 20, axis=0), axis=1)
    assert np.median(following) < 0.5 * np.median(others)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_a_map_of_few_or_no_tools_is_a_map(n: int) -> None:
    names = ["a", "b", "c"][:n]
    placed = layout(names, {name: [] for name in names})
    assert placed.spots.shape == (n, 2)
    assert np.isfinite(placed.spots).all()


def test_the_time_grows_with_the_tools_and_not_with_their_square() -> None:
    def seconds(n: int) -> float:
        names, nearest, groups = blocks(n)
        start = time.perf_counter()
        layout(names, nearest, groups)
        return time.perf_counter() - start

    seconds(100)
    assert min(seconds(8_000) for _ in range(2)) < 8 * max(seconds(2_000) for _ in range(2))


def test_a_group_is_called_by_the_words_that_its_names_share() -> None:
    tools = [
        Tool(name=name, original_name=name) for name in ("CancelSalesOrder", "HoldSalesOrder", "sales-order_amend")
    ]
    assert common_words(tools) == "sales order"
    assert common_words(tools, frozenset({"sales"})) == "order"
    assert common_words([Tool(name="CreateLead", original_name="CreateLead")]) == "create lead"


SPOTS = np.array([[0.0, 0.0], [0.5, 0.5], [0.9, -0.2]])


def test_a_box_or_a_lasso_holds_the_dots_inside_it_painted_ones_too() -> None:
    assert rows_within(SPOTS, {"points": [], "box": [{"x": [-0.1, 0.6], "y": [0.6, -0.1]}], "lasso": []}) == [0, 1]
    triangle = {"x": [0.4, 1.0, 1.0], "y": [-0.5, -0.5, 0.5]}
    assert rows_within(SPOTS, {"points": [], "box": [], "lasso": [triangle]}) == [2]


def test_a_click_chooses_the_dot_and_a_foreign_row_is_left_out() -> None:
    points = [{"customdata": 1}, {"customdata": [2]}, {"customdata": 99}, {}]
    assert rows_within(SPOTS, {"points": points, "box": [], "lasso": []}) == [1, 2]
    assert rows_within(SPOTS, {"points": []}) == []


def many_dots(n: int) -> Dots:
    """A map of `n` tools with mark-up in every name."""
    side = np.linspace(-0.9, 0.9, n)
    names, texts = ["<b>tool</b>"] * n, ["<img src=x>"] * n
    return Dots(np.stack([side, 0.7 * np.sin(9 * side)], axis=1), 0.01, names, texts, ["<i>part</i>"] * n, ["read"] * n)


def _map() -> None:
    from pages.components import charts
    from pages.components.map_figure import LIVE, Island, confusion_map
    from tests.pages.test_map import many_dots

    islands = [Island([0, 1, 2], "<u>words</u>", 0.8, "destructive")]
    charts.draw(confusion_map(many_dots(LIVE + 500), islands, [(0, 1, "pinned")]), "large", "map")
    charts.draw(confusion_map(many_dots(20), islands), "small", "map")


def test_the_map_escapes_names_and_paints_what_would_be_too_many_marks() -> None:
    at = AppTest.from_function(_map).run()
    assert not at.exception
    drawn = [json.loads(plot.proto.spec) for plot in at.get("plotly_chart")]
    large, small = (json.dumps(spec) for spec in drawn)  # the framework's own writing spells `<` and `/` otherwise
    for mark in ("<img", "<b>tool", "<u>", "<i>"):
        assert mark not in large + small
    marks = [len(trace.get("customdata") or []) for trace in drawn[0]["data"]]
    assert sum(marks) <= LIVE
    assert "data:image/png" in large
    assert "data:image/png" not in small

"""What the confusion map draws, made once for a version: places, groups and their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from diaforge_core.records.tool import Catalog, Tool

from .catalog_state import BY_VERSION, labels, short_sources
from .map_figure import HARM, HIGH, Dots, Island, Window
from .map_layout import layout
from .map_words import common_words, said_everywhere, words_of_part
from .wiring import services
from .wording import clip

NEAR_WINDOW = 5.5
"""Dots to each side of a group that is looked at closely."""


@st.cache_resource(show_spinner="Drawing the map …", max_entries=8, hash_funcs=BY_VERSION)
def map_dots(catalog: Catalog) -> Dots:
    """Every tool of the catalog with its place on the map."""
    found = services().catalogs.ambiguity(catalog.name, catalog.version)
    parts = parts_of(catalog.tools)
    names = [tool.name for tool in catalog.tools]
    placed = layout(names, found.nearest, [cluster.tools for cluster in found.clusters], parts)
    return Dots(
        placed.spots,
        placed.gap,
        names=[labels(catalog)[name] for name in names],
        summaries=[clip(tool.summary or tool.description, 140) for tool in catalog.tools],
        parts=[clip(part, 40) for part in parts],
        effects=[tool.side_effect for tool in catalog.tools],
    )


def parts_of(tools: Sequence[Tool]) -> list[str]:
    """The part of the enterprise that each tool belongs to: its document where there are several, else its tag."""
    if len({tool.source for tool in tools}) > 2:
        short = short_sources(tools)
        return [short[tool.source] for tool in tools]
    return [tool.group for tool in tools]


@st.cache_resource(show_spinner="Grouping …", max_entries=24, hash_funcs=BY_VERSION)
def map_islands(catalog: Catalog, floor: float) -> list[Island]:
    """The groups of near-duplicates from a closeness on, those in which a mix-up does most harm first."""
    rows = {tool.name: row for row, tool in enumerate(catalog.tools)}
    everywhere = said_everywhere(catalog.tools)
    found = []
    for cluster in services().catalogs.ambiguity(catalog.name, catalog.version, floor).clusters:
        tools = catalog.subset(cluster.tools)
        worst = max((tool.side_effect for tool in tools), key=HARM.__getitem__)
        said = everywhere | {word for tool in tools for word in words_of_part(tool)}
        words = common_words(tools, said)
        found.append(Island([rows[tool.name] for tool in tools], words, cluster.closeness, worst))
    return sorted(found, key=lambda island: (-island.rank, island.words))


def window_round(spots: NDArray[np.float64], gap: float) -> Window:
    """The part of the map that shows these dots with some neighbours."""
    low, high = spots.min(axis=0), spots.max(axis=0)
    half = max((high[0] - low[0]) / 2, (high[1] - low[1]) / 2 / HIGH) * 1.1
    return Window(float((low + high)[0] / 2), float((low + high)[1] / 2), float(max(half, NEAR_WINDOW * gap)))


def rows_within(spots: NDArray[np.float64], selection: Any) -> list[int]:
    """Rows of the dots that a selection of the plot encloses, painted ones included; else those it names."""
    inside = np.zeros(len(spots), dtype=bool)
    for area in [*selection.get("box", ()), *selection.get("lasso", ())]:
        x, y = np.array(area["x"], dtype=float), np.array(area["y"], dtype=float)
        if len(x) == 2:
            x, y = x[[0, 1, 1, 0]], y[[0, 0, 1, 1]]
        inside |= _enclosed(spots, x, y)
    if inside.any():
        return np.flatnonzero(inside).tolist()
    named = [point.get("customdata") for point in selection.get("points", ())]
    rows = [value[0] if isinstance(value, list) else value for value in named if value is not None]
    return [int(row) for row in dict.fromkeys(rows) if 0 <= int(row) < len(spots)]


def _enclosed(spots: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which places lie inside the polygon, by the even-odd rule."""
    inside = np.zeros(len(spots), dtype=bool)
    for x1, y1, x2, y2 in zip(x, y, np.roll(x, -1), np.roll(y, -1), strict=True):
        if y1 != y2:
            crosses = (spots[:, 1] < y1) != (spots[:, 1] < y2)
            inside ^= crosses & (spots[:, 0] < (x2 - x1) * (spots[:, 1] - y1) / (y2 - y1) + x1)
    return inside

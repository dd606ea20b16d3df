"""The Confusion map tab: where tools are mistaken for one another, at a glance and closely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from diaforge_core.records.tool import Catalog

from . import charts
from .background import ready
from .catalog_pairs import duplicates_table, pairs_table, risky_pairs
from .catalog_state import LARGE, asked, chosen_row, labels, show_tool
from .catalog_tool import neighbours
from .map_data import map_dots, map_islands, rows_within, window_round
from .map_figure import WHOLE, Dots, Island, Window, confusion_map, grouped_rows
from .palette import SIDE_EFFECTS, badge_markdown, look
from .wiring import services
from .wording import clip, count, plain

MODE_BAR = [["pan2d", "lasso2d", "select2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"]]
PAIRS, GROUPS, TWINS = "Riskiest pairs", "Groups", "Duplicates"
LEAST, MOST, STEP, USUAL = 0.3, 0.9, 0.05, 0.45


def map_tab(catalog: Catalog) -> None:
    """The map, and beside it what is selected on it, or the riskiest pairs, the groups and the duplicates."""
    if len(catalog.tools) < 3:
        st.info("A map needs three tools or more.", icon=":material/hub:")
        return
    if len(catalog.tools) >= LARGE and not _prepared(catalog):
        return
    floor = _floor()
    islands = map_islands(catalog, floor)
    dots = map_dots(catalog)
    left, right = st.columns([7, 5], gap="medium")
    with left:
        chosen = _map(catalog, dots, islands, floor) or _group_looked_at(catalog, islands)
    with right:
        if chosen:
            _selection(catalog, dots, chosen)
        else:
            _beside(catalog, islands, floor)


def _prepared(catalog: Catalog) -> bool:
    """Whether the nearest tools of a large catalog are found; a line says so while they are not."""
    catalogs = services().catalogs
    work = lambda: catalogs.ambiguity(catalog.name, catalog.version)  # noqa: E731
    if ready(("ambiguity", catalog.version), work, wait=0.3) is not None:
        return True
    _measuring(catalog)
    return False


@st.fragment(run_every=2)
def _measuring(catalog: Catalog) -> None:
    st.info(
        f"Comparing {count(len(catalog.tools), 'tool')} with one another; the map is drawn when that is done. "
        "The other tabs work meanwhile.",
        icon=":material/hourglass_top:",
    )
    catalogs = services().catalogs
    if ready(("ambiguity", catalog.version), lambda: catalogs.ambiguity(catalog.name, catalog.version)) is not None:
        st.rerun()


def _floor() -> float:
    return st.slider(
        "Counts as a near-duplicate from a closeness of",
        LEAST,
        MOST,
        USUAL,
        STEP,
        key="floor",
        bind="query-params",
        width=420,
        help="Lower: larger, looser groups. Higher: only those that read almost alike.",
    )


def _map(catalog: Catalog, dots: Dots, islands: Sequence[Island], floor: float) -> list[int]:
    """Draw the map and give the rows that are selected on it."""
    window = _window(catalog, dots, islands)
    st.markdown(_glance(dots, islands))
    figure = confusion_map(dots, islands, _ties(catalog), window)
    key = f"map.{catalog.version}.{floor}.{window.x:.4f}.{window.y:.4f}.{window.half:.4f}"
    event: Any = charts.draw(
        figure,
        key,
        f"Map of {count(len(dots), 'tool')}; those that read alike lie together in {count(len(islands), 'group')}",
        on_select="rerun",
        config={"displayModeBar": True, "modeBarButtons": MODE_BAR, "scrollZoom": True},
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Click a dot for its neighbours, scroll to zoom, drag to move; with the lasso draw round several.")
        if window is not WHOLE:
            st.button("Whole map", icon=":material/zoom_out_map:", key="map.whole", on_click=_look_at, args=(None,))
    return rows_within(dots.spots, event["selection"]) if event else []


def _glance(dots: Dots, islands: Sequence[Island]) -> str:
    """What the map says, as a sentence."""
    inside = int(grouped_rows(len(dots), islands).sum())
    harmful = [island for island in islands if island.worst == "destructive"]
    share = f"{inside / max(1, len(dots)):.0%}"
    worst = f" In **{count(len(harmful), 'group')}** one of them destroys." if harmful else ""
    return (
        f"**{inside:,} of {count(len(dots), 'tool')}** ({share}) read like another, "
        f"in {count(len(islands), 'group')}.{worst}"
    )


def _window(catalog: Catalog, dots: Dots, islands: Sequence[Island]) -> Window:
    """The part of the map that the link asks for: round a tool's group (`near`) or round a selection (`at`)."""
    tool = asked(catalog, "near")
    if tool is not None:
        return window_round(dots.spots[_group_looked_at(catalog, islands)], dots.gap)
    parts = st.query_params.get("at", "").split(",")
    if len(parts) == 3 and all(_is_number(part) for part in parts):
        x, y, half = (float(np.clip(float(part), -1, 1)) for part in parts)
        return Window(x, y, max(abs(half), dots.gap))
    return WHOLE


def _group_looked_at(catalog: Catalog, islands: Sequence[Island]) -> list[int]:
    """Rows of the group of the tool that the link asks to look at closely."""
    tool = asked(catalog, "near")
    row = catalog.tools.index(tool) if tool is not None else -1
    return next((island.rows for island in islands if row in island.rows), [row] if row >= 0 else [])


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdecimal() and len(text) < 12


def _look_at(name: str | None, window: Window | None = None) -> None:
    """Look closely at a tool's group or at a part of the map; at the whole for None; for use in callbacks."""
    for key in ("near", "at"):
        st.query_params.pop(key, None)
    if name is not None:
        st.query_params["near"] = name
    elif window is not None:
        st.query_params["at"] = f"{window.x:.4f},{window.y:.4f},{window.half:.4f}"


def _ties(catalog: Catalog) -> list[tuple[int, int, str]]:
    """Rows of the pinned and banned pairs."""
    rows = {tool.name: row for row, tool in enumerate(catalog.tools)}
    pairs = [(pair, "pinned") for pair in catalog.pinned] + [(pair, "banned") for pair in catalog.banned]
    return [(rows[a], rows[b], status) for (a, b), status in pairs if a in rows and b in rows]


def _beside(catalog: Catalog, islands: Sequence[Island], floor: float) -> None:
    """What is worth a look while nothing is selected."""
    what = st.segmented_control(
        "Beside the map",
        [PAIRS, GROUPS, TWINS],
        default=PAIRS,
        required=True,
        key="map.list",
        label_visibility="collapsed",
    )
    if what == GROUPS:
        _groups(catalog, islands, floor)
    elif what == TWINS:
        duplicates_table(catalog)
    else:
        st.caption("Closeness × what a mistaken call would do. Choose a pair to see the two side by side.")
        pairs_table(catalog, risky_pairs(catalog, floor), f"riskiest.{floor}")


def _groups(catalog: Catalog, islands: Sequence[Island], floor: float) -> None:
    """The groups by what they have in common; one that is chosen is looked at closely."""
    if not islands:
        st.info("No two tools are this close. A lower closeness finds looser groups.", icon=":material/search_off:")
        return
    st.caption("Those in which a mix-up does most harm first. Choose a group to look at it closely.")
    shown = islands[:300]
    key = f"groups.{catalog.version}.{floor}"
    st.dataframe(
        pd.DataFrame(
            {
                "words": [island.words for island in shown],
                "tools": [len(island.rows) for island in shown],
                "closeness": [island.closeness for island in shown],
                "worst": [look(SIDE_EFFECTS, island.worst).word for island in shown],
            }
        ),
        key=key,
        hide_index=True,
        height=440,
        selection_mode="single-row",
        on_select=lambda: _closely(key, catalog, shown),
        column_config={
            "words": st.column_config.TextColumn("In common", width=170),
            "tools": st.column_config.NumberColumn("Tools", width=50),
            "closeness": st.column_config.ProgressColumn("Close", width=80, min_value=0, max_value=1, format="%.2f"),
            "worst": st.column_config.TextColumn("At worst", width=70),
        },
    )


def _closely(key: str, catalog: Catalog, islands: Sequence[Island]) -> None:
    row = chosen_row(key)
    if row is not None:
        _look_at(catalog.tools[islands[row].rows[0]].name)


def _selection(catalog: Catalog, dots: Dots, rows: list[int]) -> None:
    """One tool with its neighbours, or several with the riskiest pairs among them."""
    if len(rows) == 1:
        _one(catalog, rows[0])
        return
    tools = [catalog.tools[row] for row in rows]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{count(len(tools), 'tool')} selected**")
        window = window_round(dots.spots[rows], 0.0)
        if "near" not in st.query_params:
            st.button(
                "Look closely", icon=":material/zoom_in:", key="map.closer", on_click=_look_at, args=(None, window)
            )
    names = [tool.name for tool in tools]
    inner = risky_pairs(catalog, LEAST, tuple(names))
    if inner is None or inner:
        st.caption("The riskiest pairs among them")
        pairs_table(catalog, inner, f"inner.{hash(tuple(names))}", height=210)
    else:
        st.caption("No two of them are close enough to be mistaken for one another.")
    st.caption("The tools")
    key = f"selected.{catalog.version}.{hash(tuple(names))}"
    st.dataframe(
        pd.DataFrame(
            {
                "name": [labels(catalog)[name] for name in names],
                "effect": [look(SIDE_EFFECTS, tool.side_effect).word for tool in tools],
                "summary": [clip(tool.summary or tool.description, 120) for tool in tools],
            }
        ),
        key=key,
        hide_index=True,
        height=min(260, 37 + 33 * len(tools)),
        selection_mode="single-row",
        on_select=lambda: _open(key, names),
        column_config={
            "name": st.column_config.TextColumn("Tool", width=170),
            "effect": st.column_config.TextColumn("Effect", width=62),
            "summary": st.column_config.TextColumn("What it does"),
        },
    )


def _open(key: str, names: Sequence[str]) -> None:
    row = chosen_row(key)
    if row is not None:
        show_tool(names[row])


def _one(catalog: Catalog, row: int) -> None:
    """The tool that was clicked, and what it is mistaken for."""
    tool = catalog.tools[row]
    with st.container(border=True):
        st.markdown(f"##### {plain(tool.original_name, 120)}")
        st.markdown(f"{badge_markdown(SIDE_EFFECTS, tool.side_effect)} :gray[{plain(tool.group, 60)}]")
        st.text(clip(tool.summary or tool.description, 300) or "The document says nothing about it.")
        st.markdown("**Easily mistaken for**")
        found = services().catalogs.ambiguity(catalog.name).nearest.get(tool.name, ())
        neighbours(catalog, tool, found[:8])
        with st.container(horizontal=True):
            st.button("Look closely", icon=":material/zoom_in:", key="map.near", on_click=_look_at, args=(tool.name,))
            st.button("Open the tool", icon=":material/list:", key="map.open", on_click=show_tool, args=(tool.name,))

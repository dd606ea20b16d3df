"""Which parts of a catalog a dataset covers: a grid whose cells are clicked, and the recipe that fills them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, get_args

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from diaforge_core.services.coverage import Axis, CoverageRow, Grid, Plan

from . import charts, wiring
from .generate_start import estimate_of, estimate_words
from .palette import colours
from .wiring import acting, services
from .wording import clip, count, plain

AXES: dict[str, str] = {"tier": "Tier", "withheld": "Kept back in the opening", "style": "Way of writing"}
LEGEND = (
    "In each cell: produced/wanted. :orange[■] nothing yet · :yellow[■] some missing · :blue[■] as wanted · "
    ":gray[■] nothing wanted. Click a cell, or drag over several."
)
ROWS = 24
"""Clusters on screen at a time."""
CELL = 34
"""Pixels of a cell's height."""


def coverage_tab(datasets: Sequence[str]) -> None:
    """Draw the grid of one dataset and what fills its gaps."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = wiring.pick("Dataset", datasets, "dataset", width=260)
        axis: Axis = _axis(
            st.segmented_control(
                "Clusters by",
                list(AXES),
                format_func=wiring.words_of(AXES),
                default="tier",
                required=True,
                key="coverage.axis",
            )
        )
        kept = services().datasets.info(dataset).kept
        wanted = st.number_input(
            "Dialogues wanted in all",
            0,
            1_000_000,
            kept,
            step=50,
            key=f"coverage.wanted.{dataset}",
            width=200,
            help="Shared out over the cells by tools and mix; each cell's part is its target.",
        )
    grid = _grid(dataset, axis, int(wanted), services().datasets.stamp(dataset))
    if not grid.rows:
        st.caption("The catalog holds no tools, so there is nothing to cover.")
        return
    left, right = st.columns([3, 2], gap="large")
    table = f"coverage.table.{dataset}.{axis}"
    with left:
        chosen = _cells(dataset, grid) or [grid.rows[row] for row in _chosen_rows(table) if row < len(grid.rows)]
    with right:
        _fill(dataset, grid, chosen)
        st.caption(LEGEND)
    with st.expander("As a table", type="compact", icon=":material/table:"):
        st.caption("Rows can be chosen here as cells can above.")
        st.dataframe(_table(grid), hide_index=True, key=table, on_select="rerun", selection_mode="multi-row")


def _chosen_rows(key: str) -> list[int]:
    """The rows that are chosen in the table of this key."""
    state: Any = st.session_state.get(key)
    return list(state["selection"]["rows"]) if state else []


def _axis(value: Any) -> Axis:
    return value if value in get_args(Axis) else "tier"


@st.cache_data(show_spinner="Counting …", max_entries=16)
def _grid(dataset: str, axis: Axis, wanted: int, stamp: str) -> Grid:
    """The grid; `stamp` makes a change of the dataset another question."""
    return services().coverage.grid(dataset, axis, wanted)


@st.cache_data(show_spinner="Looking at what can be drawn …", max_entries=32)
def _plan(dataset: str, axis: Axis, rows: tuple[CoverageRow, ...], stamp: str) -> Plan:
    return services().coverage.plan(dataset, axis, rows)


def _cells(dataset: str, grid: Grid) -> list[CoverageRow]:
    """Draw the clusters that lack the most, a page of them; the cells that are selected."""
    clusters = by_need(grid.rows)
    pages = -(-len(clusters) // ROWS)
    figure_place = st.container()
    page = 1
    if pages > 1:
        key = f"coverage.page.{dataset}.{grid.axis}"
        page = int(st.number_input(f"Page of {pages}, the largest gaps first", 1, pages, 1, key=key, width=220))
    shown = clusters[(page - 1) * ROWS : page * ROWS]
    names = {tool.name: tool.original_name for tool in services().catalogs.get(grid.catalog).tools}
    cells = [row for cluster in shown for row in grid.rows if row.cluster == cluster]
    figure = grid_figure(cells, {row.cluster: cluster_words(row, names) for row in cells})
    with figure_place:
        event = charts.draw(
            figure,
            f"coverage.grid.{dataset}.{grid.axis}.{page}",
            f"{len(cells)} cells of clusters by {AXES[grid.axis].lower()}; {sum(row.missing > 0 for row in cells)} "
            "lack dialogues. The same stands in the table below.",
            on_select="rerun",
            selection_mode=("points", "box"),
        )
    places = [point["point_index"] for point in event["selection"]["points"]] if event else []
    return [cells[place] for place in places if place < len(cells)]


def by_need(rows: Sequence[CoverageRow]) -> list[str]:
    """The clusters, those that lack the most dialogues first, ties in the grid's order."""
    missing: dict[str, int] = {}
    for row in rows:
        missing[row.cluster] = missing.get(row.cluster, 0) + row.missing
    return sorted(missing, key=lambda cluster: -missing[cluster])


def cluster_words(row: CoverageRow, names: Mapping[str, str]) -> str:
    """What to call a cluster: its first tool as the document names it, and how many more."""
    if row.cluster.endswith("near-duplicate"):
        return row.cluster
    return f"{clip(names.get(row.tools[0], row.tools[0]), 34)} + {len(row.tools) - 1}"


def grid_figure(cells: Sequence[CoverageRow], words: Mapping[str, str]) -> go.Figure:
    """One square a cell, `produced/target` in it, coloured by how much of the target there is."""
    tint = colours()
    clusters = list(dict.fromkeys(row.cluster for row in cells))
    columns = list(dict.fromkeys(row.column for row in cells))
    place = {cluster: at for at, cluster in enumerate(clusters)}
    figure = go.Figure(
        go.Scatter(
            x=[columns.index(row.column) for row in cells],
            y=[place[row.cluster] for row in cells],
            mode="markers+text",
            marker={
                "symbol": "square",
                "size": CELL - 5,
                "color": [tint[state_of(row)] for row in cells],
                "opacity": [0.85 if row.missing else 0.6 if row.target else 0.25 for row in cells],
                "line": {"width": 0},
            },
            text=[f"{row.produced}/{row.target}" for row in cells],
            textfont={"size": 10.5, "color": [tint["paper"] if row.target else tint["text"] for row in cells]},
            hovertext=[
                f"{escape(words[row.cluster])}<br>{row.column}: {row.produced} of {row.target} wanted"
                + (f", {row.missing} missing" if row.missing else "")
                for row in cells
            ],
            hoverinfo="text",
            selected={"marker": {"opacity": 1.0}},
            unselected={"marker": {"opacity": 0.45}, "textfont": {"color": tint["text"]}},
        )
    )
    figure.update_layout(height=56 + CELL * len(clusters), clickmode="event+select", dragmode=False, showlegend=False)
    figure.update_xaxes(
        tickvals=list(range(len(columns))),
        ticktext=columns,
        side="top",
        range=[-0.5, len(columns) - 0.5],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        tickvals=list(range(len(clusters))),
        ticktext=[escape(words[cluster]) for cluster in clusters],
        range=[len(clusters) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
        automargin=True,
        fixedrange=True,
    )
    return figure


def state_of(row: CoverageRow) -> str:
    """The palette's colour of a cell: orange where nothing is, yellow where some is missing, blue at the target."""
    if row.missing:
        return "yellow" if row.produced else "orange"
    return "blue" if row.produced else "gray"


def _fill(dataset: str, grid: Grid, chosen: Sequence[CoverageRow]) -> None:
    """Draw what the selected cells lack, or all of them, and the button that starts the filling."""
    lacking = [row for row in (chosen or grid.rows) if row.missing]
    missing = sum(row.missing for row in lacking)
    where = f"the {count(len(chosen), 'cell')} selected" if chosen else "all cells"
    if not missing:
        st.markdown(f":material/check_circle: Nothing is missing in {where}.")
        st.caption("Raise the number wanted to make more of everything.")
        return
    plan = _plan(dataset, grid.axis, tuple(lacking), services().datasets.stamp(dataset))
    with st.container(border=True):
        st.markdown(f"**{count(missing, 'dialogue')} missing** in {where}, {count(len(lacking), 'cell')} under target.")
        if plan.out_of_reach:
            st.caption(out_of_reach_words(plan.out_of_reach))
        if plan.recipe is None:
            return
        if grid.axis == "withheld":
            st.caption("What is kept back cannot be chosen; more dialogues of these tools are made.")
        with wiring.guarded():
            st.markdown(estimate_words(plan.recipe, estimate_of(plan.recipe)))
        st.button(
            f"Fill gaps: {count(plan.recipe.count, 'scenario')} into {dataset}".replace("[", "("),
            key=f"coverage.fill.{dataset}",
            type="primary",
            icon=":material/playlist_add:",
            **acting(services().generation.start, plan.recipe, say="Started. The grid fills as dialogues arrive."),
        )


def out_of_reach_words(rows: Sequence[CoverageRow]) -> str:
    """How many cells nothing fills, by column."""
    columns = ", ".join(dict.fromkeys(row.column for row in rows))
    return plain(
        f"{count(len(rows), 'cell')} cannot be filled: with what may stand beside them, those tools give no such "
        f"scenario ({columns})."
    )


def _table(grid: Grid) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Cluster": [row.cluster for row in grid.rows],
            AXES[grid.axis]: [row.column for row in grid.rows],
            "Produced": [row.produced for row in grid.rows],
            "Target": [row.target for row in grid.rows],
            "Missing": [row.missing for row in grid.rows],
        }
    )

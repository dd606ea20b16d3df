"""The plots of the Evaluate page beside the headline ones: breakdowns, differences, confusions, the trend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go

from diaforge_core.services.evaluation import NO_CALL, Difference, Matrix, Point

from .charts import BESIDE, DASHES
from .palette import colours
from .wording import clip

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "star")
"""Of the runs in one plot: a colour never stands alone."""
CELL = 44
"""Pixels from the middle of one cell to the next."""
ROOM = 300
"""Pixels that a row of cells has on a narrow screen."""
NAME = 24
"""Characters of a tool's name along an axis; the hover has the whole."""


@dataclass(frozen=True, slots=True)
class GroupDot:
    """The estimate of one run in one group of a breakdown."""

    run: str
    group: str
    value: float
    low: float
    high: float
    n: int


def shade(place: int) -> str:
    """The colour of the run at this place."""
    names = ("primary", "orange", *BESIDE)
    return colours()[names[place % len(names)]]


def group_plot(dots: Sequence[GroupDot], runs: Sequence[str], groups: Sequence[str], share: bool) -> go.Figure:
    """One line a group, on it a dot with its interval for each run, one under the other."""
    figure, tint = go.Figure(), colours()
    places = {group: len(groups) - 1 - place for place, group in enumerate(groups)}
    step = 0.6 / max(1, len(runs) - 1) if len(runs) > 1 else 0.0
    for place, run in enumerate(runs):
        here = [dot for dot in dots if dot.run == run]
        figure.add_scatter(
            x=[dot.value for dot in here],
            y=[places[dot.group] + (0.3 if step else 0) - step * place for dot in here],
            name=escape(clip(run, 30)),
            mode="markers",
            marker={"size": 9, "color": shade(place), "symbol": SYMBOLS[place % len(SYMBOLS)]},
            error_x=_bars([(dot.value, dot.low, dot.high) for dot in here], shade(place)),
            hovertext=[escape(f"{run}, {dot.group}: {_number(dot, share)}, n = {dot.n}") for dot in here],
            hoverinfo="text",
            showlegend=False,
        )
    _value_axis(figure, [(dot.low, dot.high) for dot in dots], share)
    sizes = {dot.group: dot.n for dot in reversed(dots)}
    figure.update_yaxes(
        tickvals=list(places.values()),
        ticktext=[escape(f"{clip(group.replace('_', ' '), 24)} ({sizes.get(group, 0)})") for group in places],
        range=[-0.6, len(groups) - 0.4],
        automargin=True,
        showgrid=False,
        zeroline=False,
    )
    for place in range(1, len(groups)):
        figure.add_hline(y=place - 0.5, line={"color": tint["faint"], "width": 1})
    figure.update_layout(height=64 + len(groups) * max(30, 15 * len(runs)), margin={"t": 8})
    return figure


def run_legend(runs: Sequence[str]) -> go.Figure:
    """The marks of the runs alone, for several figures that have no room for it."""
    figure = go.Figure()
    for place, run in enumerate(runs):
        marker = {"size": 9, "color": shade(place), "symbol": SYMBOLS[place % len(SYMBOLS)]}
        figure.add_scatter(x=[None], y=[None], name=escape(clip(run, 40)), mode="markers", marker=marker)
    legend = {"orientation": "h", "y": 1, "x": 0}
    figure.update_layout(height=40, showlegend=True, legend=legend, margin={"t": 0, "b": 0})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def difference_plot(rows: Sequence[tuple[str, Difference]], share: bool = True) -> go.Figure:
    """One line a difference: its dot and 95 % interval about the line of no difference; undecided ones are hollow."""
    figure, tint = go.Figure(), colours()
    for word, decided in (("decided", True), ("not enough evidence", False)):
        here = [(name, each) for name, each in rows if each.decided == decided]
        colour = tint["primary"] if decided else tint["gray"]
        figure.add_scatter(
            x=[each.value for _, each in here],
            y=[escape(name) for name, _ in here],
            name=word,
            mode="markers",
            marker={"size": 11, "color": colour, "symbol": "circle" if decided else "circle-open"},
            error_x=_bars([(each.value, each.low, each.high) for _, each in here], colour),
            hovertext=[escape(f"{name}: {word}, p = {each.p:.3f}") for name, each in here],
            hoverinfo="text",
        )
    figure.add_vline(x=0, line={"color": tint["text"], "width": 1})
    reach = max((abs(end) for _, each in rows for end in (each.low, each.high)), default=1.0)
    figure.update_xaxes(
        range=[-1.08 * reach, 1.08 * reach],
        tickformat="+.0%" if share else "+.2f",
        gridcolor=tint["faint"],
        zeroline=False,
        title="A − B",
    )
    order = [escape(name) for name, _ in rows][::-1]
    figure.update_yaxes(type="category", categoryorder="array", categoryarray=order, automargin=True)
    legend = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
    figure.update_layout(height=110 + 32 * len(rows), legend=legend, margin={"t": 34})
    return figure


def confusion_plot(matrix: Matrix) -> go.Figure:
    """A square a cell, with its number; blue where the goal was called, orange where another, grey for no call."""
    figure, tint = go.Figure(), colours()
    cells = list(matrix.cells.items())
    most = max((len(ids) for _, ids in cells), default=1)
    kinds = [_kind(goal, called) for (goal, called), _ in cells]
    figure.add_scatter(
        x=[matrix.called.index(called) for (_, called), _ in cells],
        y=[matrix.goals.index(goal) for (goal, _), _ in cells],
        mode="markers+text",
        text=[str(len(ids)) for _, ids in cells],
        textfont={"color": tint["text"]},
        marker={
            "symbol": "square",
            "size": min(CELL - 6, ROOM // max(1, len(matrix.called))),
            "color": [tint[kind] for kind in kinds],
            "opacity": [0.2 + 0.45 * len(ids) / most for _, ids in cells],
            "line": {"width": 1, "color": [tint[kind] for kind in kinds]},
        },
        hovertext=[escape(cell_words(goal, called, len(ids))) for (goal, called), ids in cells],
        hoverinfo="text",
        selected={"marker": {"opacity": 1.0}},
        unselected={"marker": {"opacity": 0.25}},
        showlegend=False,
    )
    columns, rows = len(matrix.called), len(matrix.goals)
    figure.update_xaxes(
        tickvals=list(range(columns)),
        ticktext=[escape(clip(name, NAME)) if name != NO_CALL else "no call" for name in matrix.called],
        tickangle=-40,
        range=[-0.6, max(columns, 7) - 0.4],
        automargin=True,
        showgrid=False,
        zeroline=False,
        title="called",
    )
    figure.update_yaxes(
        tickvals=list(range(rows)),
        ticktext=[escape(clip(name, NAME)) for name in matrix.goals],
        range=[rows - 0.4, -0.6],
        automargin=True,
        showgrid=False,
        zeroline=False,
        title="needed",
    )
    figure.update_layout(height=190 + CELL * rows, margin={"t": 8}, dragmode=False)
    return figure


def cell_words(goal: str, called: str, number: int) -> str:
    """What a cell says."""
    what = "nothing called" if called == NO_CALL else "called" if called == goal else f"{called} called"
    return f"{goal} needed, {what}: {number}"


def trend_plot(points: Sequence[Point], share: bool) -> go.Figure:
    """A line a model and source of scenarios, its runs by time with their intervals."""
    figure, tint = go.Figure(), colours()
    for place, line in enumerate(dict.fromkeys(point.line for point in points)):
        here = [point for point in points if point.line == line]
        found = [point.estimate for point in here]
        figure.add_scatter(
            x=[point.ended for point in here],
            y=[estimate.value for estimate in found],
            name=escape(clip(line, 44)),
            mode="lines+markers",
            line={"color": shade(place), "dash": DASHES[place % len(DASHES)]},
            marker={"size": 9, "symbol": SYMBOLS[place % len(SYMBOLS)]},
            error_y=_bars([(estimate.value, estimate.low, estimate.high) for estimate in found], shade(place)),
            hovertext=[escape(f"{point.run}: {point.estimate.value:.2f}, n = {point.estimate.n}") for point in here],
            hoverinfo="text",
        )
    if share:
        figure.update_yaxes(range=[-0.04, 1.04], tickformat=".0%")
    figure.update_yaxes(gridcolor=tint["faint"], zeroline=False)
    figure.update_xaxes(gridcolor=tint["faint"])
    figure.update_layout(height=340, showlegend=True, legend={"orientation": "h", "y": -0.2}, margin={"t": 12})
    return figure


def _kind(goal: str, called: str) -> str:
    return "gray" if called == NO_CALL else "blue" if called == goal else "orange"


def _bars(ends: Sequence[tuple[float, float, float]], colour: str) -> dict[str, Any]:
    """Plotly's form of intervals given as value, low, high."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - value for value, _, high in ends],
        "arrayminus": [value - low for value, low, _ in ends],
        "thickness": 1.6,
        "width": 4,
        "color": colour,
    }


def _number(dot: GroupDot, share: bool) -> str:
    return f"{dot.value:.0%} ({dot.low:.0%}–{dot.high:.0%})" if share else f"{dot.value:.2f}"


def _value_axis(figure: go.Figure, ends: Sequence[tuple[float, float]], share: bool) -> None:
    if share:
        figure.update_xaxes(range=[-0.04, 1.04], tickformat=".0%", tickvals=[0, 0.5, 1])
    else:
        figure.update_xaxes(range=[min(0, *(low for low, _ in ends)) - 0.2, max(high for _, high in ends) * 1.08 + 0.2])
    figure.update_xaxes(gridcolor=colours()["faint"], zeroline=False)

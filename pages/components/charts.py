"""The plots of the pages, drawn with the palette; each takes plain rows and returns a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from diaforge_core.services.evaluation import PAPER

from .palette import OUTCOMES, colours, ink_on, look

CONFIG = {"displaylogo": False, "displayModeBar": False}
SHOWN = (
    "GPT-4o, optimised prompt",
    "GPT-4o, native function calling",
    "Llama-3.2-DiaFORGE-3B",
    "Gemma-3-DiaFORGE-27B",
)
"""The paper's rows that are drawn: faint reference marks, other scenarios than ours."""


BESIDE = ("gray", "yellow", "red", "blue")
DASHES = ("solid", "dot", "dash", "dashdot")
"""Colours and lines of the runs beside the one that is looked at: a colour never stands alone."""


FEW_STEPS = 12
"""Up to so many, each step has its tick: between whole steps there is nothing."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One estimate on a dot-and-interval plot."""

    row: str
    panel: str
    value: float
    low: float
    high: float
    n: int


def draw(figure: go.Figure, key: str, says: str, config: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """Draw a figure, and give what is selected on it where `on_select` asks for that.

    `says` is its text for people who do not see it; `config` is added to that of every plot.
    """
    own = figure.to_dict()["layout"].get("margin", {})
    figure.update_layout(margin={"l": 8, "r": 8, "t": 28, "b": 8} | own, hoverlabel={"align": "left"})
    return st.plotly_chart(figure, key=key, config=CONFIG | dict(config or {}), alt=says, **more)


@dataclass(frozen=True, slots=True)
class Tick:
    """What a baseline reaches on the scenarios of a row."""

    row: str
    panel: str
    value: float
    name: str


def interval_plot(
    dots: Sequence[Dot], panels: Sequence[str], paper: bool = False, ticks: Sequence[Tick] = ()
) -> go.Figure:
    """One panel a metric, one row a model: a dot with its interval.

    Baselines are faint upright ticks in the row, the paper's rows faint diamonds below.
    """
    tint = colours()
    rows = list(dict.fromkeys(escape(dot.row) for dot in dots))
    papers = [row for row in PAPER if row[0] in SHOWN]
    figure = go.Figure()
    for index, panel in enumerate(panels):
        axis = "x" if index == 0 else f"x{index + 1}"
        _add_ticks(figure, [tick for tick in ticks if tick.panel == panel], axis)
        here = [dot for dot in dots if dot.panel == panel]
        figure.add_scatter(
            x=[dot.value for dot in here],
            y=[escape(dot.row) for dot in here],
            xaxis=axis,
            mode="markers",
            marker={"size": 11, "color": tint["primary"]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [dot.high - dot.value for dot in here],
                "arrayminus": [dot.value - dot.low for dot in here],
                "thickness": 2,
                "width": 5,
                "color": tint["primary"],
            },
            hovertext=[f"{dot.value:.0%} ({dot.low:.0%}–{dot.high:.0%}), n = {dot.n}" for dot in here],
            hoverinfo="text",
            showlegend=False,
        )
        if paper and index < 3:
            figure.add_scatter(
                x=[row[index + 1] for row in papers],
                y=[f"{row[0]} (paper)" for row in papers],
                xaxis=axis,
                mode="markers",
                marker={"size": 9, "symbol": "diamond-open", "color": tint["gray"]},
                opacity=0.7,
                hovertext=[f"{row[index + 1]:.0%}, n = 119, other scenarios" for row in papers],
                hoverinfo="text",
                showlegend=False,
            )
    width = 1 / max(1, len(panels))
    for index, panel in enumerate(panels):
        name = "xaxis" if index == 0 else f"xaxis{index + 1}"
        figure.update_layout(
            {
                name: {
                    "domain": [index * width + 0.012, (index + 1) * width - 0.012],
                    "range": [-0.04, 1.04],
                    "tickformat": ".0%",
                    "tickvals": [0, 0.5, 1],
                    "title": {"text": panel},
                    "gridcolor": tint["faint"],
                    "zeroline": False,
                    "side": "top",
                }
            }
        )
    order = rows + ([f"{row[0]} (paper)" for row in papers] if paper else [])
    figure.update_yaxes(categoryorder="array", categoryarray=order[::-1], automargin=True)
    figure.update_layout(height=96 + 34 * len(order))
    return figure


def _add_ticks(figure: go.Figure, ticks: Sequence[Tick], axis: str) -> None:
    gray = colours()["gray"]
    figure.add_scatter(
        x=[tick.value for tick in ticks],
        y=[escape(tick.row) for tick in ticks],
        xaxis=axis,
        mode="markers",
        marker={"size": 15, "symbol": "line-ns", "line": {"width": 2, "color": gray}},
        opacity=0.55,
        hovertext=[escape(f"{tick.name} on the same scenarios: {tick.value:.0%}") for tick in ticks],
        hoverinfo="text",
        showlegend=False,
    )


def outcome_bar(counts: Mapping[str, Mapping[str, int]]) -> go.Figure:
    """One stacked bar a model, its outcomes as shares that sum to 100 %, in the order of the palette."""
    tint = colours()
    figure = go.Figure()
    patterns = ["", "/", ".", "x"]
    seen_colours: dict[str, int] = {}
    kinds = [kind for kind in OUTCOMES if any(kind in row for row in counts.values())]
    for kind in [*kinds, *sorted({kind for row in counts.values() for kind in row} - set(kinds))]:
        shown = look(OUTCOMES, kind)
        nth = seen_colours[shown.colour] = seen_colours.get(shown.colour, -1) + 1
        totals = {name: max(1, sum(row.values())) for name, row in counts.items()}
        figure.add_bar(
            y=[escape(name) for name in counts],
            x=[row.get(kind, 0) / totals[name] for name, row in counts.items()],
            name=shown.word,
            orientation="h",
            marker={
                "color": tint[shown.colour],
                "pattern": {"shape": patterns[nth % len(patterns)], "size": 5, "fillmode": "overlay"},
                "line": {"width": 0},
            },
            text=[
                f"{row.get(kind, 0)}" if row.get(kind, 0) / totals[name] >= 0.04 else "" for name, row in counts.items()
            ],
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": ink_on(tint[shown.colour])},
            hovertext=[
                f"{shown.word}: {row.get(kind, 0)} of {totals[name]}. {shown.meaning}" for name, row in counts.items()
            ],
            hoverinfo="text",
        )
    figure.update_layout(
        barmode="stack",
        height=90 + 36 * len(counts),
        margin={"t": 8, "b": 64},
        legend={"orientation": "h", "y": 0, "yref": "container", "yanchor": "bottom", "traceorder": "normal"},
        bargap=0.35,
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1], showgrid=False)
    figure.update_yaxes(autorange="reversed", automargin=True)
    return figure


def share_bar(shares: Mapping[str, float], numbers: Mapping[str, int] | None = None) -> go.Figure:
    """One thin bar divided by named shares: the mix of a recipe."""
    tint = colours()
    ramp = [tint["primary"], tint["blue"], tint["gray"], tint["orange"]]
    figure = go.Figure()
    for index, (name, share) in enumerate(shares.items()):
        label = f"{name} {share:.0%}" + (f" · {numbers[name]}" if numbers else "")
        figure.add_bar(
            x=[share],
            y=[""],
            orientation="h",
            name=name,
            marker={"color": ramp[index % 4]},
            text=[label if share > 0.08 else ""],
            textposition="inside",
            insidetextanchor="middle",
            insidetextfont={"color": ink_on(ramp[index % 4])},
            hovertext=label,
            hoverinfo="text",
        )
    figure.update_layout(
        barmode="stack",
        height=36,
        margin={"t": 2, "b": 2},
        showlegend=False,
        uniformtext={"minsize": 9, "mode": "hide"},
    )
    figure.update_xaxes(visible=False, range=[0, 1])
    figure.update_yaxes(visible=False)
    return figure


def measured(frame: pd.DataFrame, column: str) -> bool:
    """Whether the column is there and holds a value."""
    return column in frame and bool(frame[column].notna().to_numpy().any())


def loss_chart(frame: pd.DataFrame, beside: Mapping[str, pd.DataFrame] | None = None) -> go.Figure:
    """Training loss over steps and, where measured, held-out loss and live accuracy in the same figure.

    The training losses of the runs `beside` are drawn thinner, by their names.
    """
    tint = colours()
    figure = go.Figure()
    lines = [
        (frame, "loss", "training loss", "primary", "solid", "circle", 2),
        (frame, "eval_loss", "held-out loss", "orange", "dash", "square", 2),
    ]
    others = list((beside or {}).items())
    for place, (name, other) in enumerate(others):
        lines.append((other, "loss", escape(name), BESIDE[place % len(BESIDE)], DASHES[place % len(DASHES)], "x", 1))
    for drawn, column, name, colour, dash, symbol, width in lines:
        if measured(drawn, column):
            part = drawn.dropna(subset=[column])
            figure.add_scatter(
                x=part["step"],
                y=part[column],
                name=name,
                mode="lines+markers",
                line={"color": tint[colour], "width": width, "dash": dash},
                marker={"size": 5 if len(part) > 1 else 9, "symbol": symbol},
                hovertemplate="%{y:.3f}",
            )
    if measured(frame, "acc"):
        part = frame.dropna(subset=["acc"])
        figure.add_scatter(
            x=part["step"],
            y=part["acc"],
            name="live accuracy (right)",
            yaxis="y2",
            mode="lines+markers",
            line={"dash": "dot", "color": tint["blue"]},
            marker={"size": 9, "symbol": "diamond"},
            hovertemplate="%{y:.0%}",
        )
        axis = {"overlaying": "y", "side": "right", "range": [-0.02, 1.02], "tickformat": ".0%", "showgrid": False}
        figure.update_layout(yaxis2=axis | {"tickmode": "array", "tickvals": [0, 0.25, 0.5, 0.75, 1]})
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}  # above the figure, however many lines it takes
    figure.update_layout(height=320, legend=legend, showlegend=True, hovermode="x unified")
    top = max(
        (value for drawn, column, *_ in lines if measured(drawn, column) for value in drawn[column].dropna()), default=1
    )
    few = max((step for drawn, *_ in lines for step in drawn["step"].tolist()), default=0) <= FEW_STEPS
    figure.update_xaxes(title="step", gridcolor=tint["faint"], rangemode="tozero", dtick=1 if few else None)
    figure.update_yaxes(title="loss", gridcolor=tint["faint"], range=[0, 1.08 * top], selector={"overlaying": None})
    return figure

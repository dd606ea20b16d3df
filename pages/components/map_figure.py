"""The picture of the confusion map: islands of near-duplicates, what each tool does to data, words beside both.

Dots are drawn as vector marks that answer to the mouse. Where there are more than `LIVE`, the least risky are painted
into an image below them: the framework's WebGL marks need `unsafe-eval`, which the app's content security policy
refuses, and ten thousands of vector marks would make the browser stutter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

from .palette import SIDE_EFFECTS, colours

LIVE = 2_000
"""Dots that answer to the mouse."""
WIDE, HIGH = 1.0, 0.77
"""Half width and height of the whole map, in its own units."""
HEIGHT = 470
"""Pixels."""
WIDTH = 600
"""Pixels that a map is likely to have; only the room for words is judged by it."""
MOST_OUTLINES = 700
LEAST_PART, MOST_PARTS = 0.02, 8
"""Share of all tools from which on a part is named, and how many are."""
LABELS = 12
"""Groups named in a view; more words than that are not read at a glance."""
MOST_HIDDEN, HIDDEN_SHARE = 3, 0.008
"""Dots that a text may lie over, and that share of all in view; where it would hide more, it is left out."""
NAMED_DOTS = 45
"""Tools up to which each dot of a view is named."""
SYMBOLS = {"read": "circle", "write": "square", "destructive": "diamond"}
SIZES = {"read": 1.0, "write": 0.86, "destructive": 1.06}
"""So that the three shapes weigh alike to the eye."""
TINTS = {"read": "gray", "write": "blue", "destructive": "red"}
HARM = {"read": 0, "write": 1, "destructive": 2}
_ROUND = np.stack([np.cos(np.linspace(0, 2 * np.pi, 12)), np.sin(np.linspace(0, 2 * np.pi, 12))], axis=1)


@dataclass(frozen=True, slots=True)
class Dots:
    """Every tool of a map, one place in each list a tool."""

    spots: NDArray[np.float64]
    """(n, 2), see `Layout`."""
    gap: float
    """Distance of two dots that lie side by side."""
    names: list[str]
    summaries: list[str]
    parts: list[str]
    effects: list[str]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the map that is on screen."""

    x: float
    y: float
    half: float
    """Half its width."""

    @property
    def low(self) -> tuple[float, float]:
        return self.x - self.half, self.y - self.half * HIGH

    @property
    def high(self) -> tuple[float, float]:
        return self.x + self.half, self.y + self.half * HIGH

    def holds(self, spots: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which places lie in it."""
        return np.all((spots >= self.low) & (spots <= self.high), axis=1)


WHOLE = Window(0.0, 0.0, 1.04)


@dataclass(frozen=True, slots=True)
class Island:
    """One group of near-duplicates on the map."""

    rows: list[int]
    """Rows of the dots."""
    words: str
    closeness: float
    """Mean closeness of every two of its tools."""
    worst: str
    """The most harmful side effect of its tools."""

    @property
    def rank(self) -> float:
        """How much it deserves to be seen: harm first, then closeness and size."""
        return (1 + HARM[self.worst]) * self.closeness * len(self.rows) ** 0.25


def confusion_map(
    dots: Dots, islands: Sequence[Island], ties: Sequence[tuple[int, int, str]] = (), window: Window = WHOLE
) -> go.Figure:
    """The map of all tools, or the part of it in `window`; `ties` are (row, row, `pinned` or `banned`)."""
    tint = colours()
    inside = window.holds(dots.spots)
    grouped = grouped_rows(len(dots), islands)
    shown = [island for island in islands if inside[island.rows].any()]
    live = _live(shown, inside)
    size = float(np.clip(0.84 * dots.gap / window.half / 2 * WIDTH, 3.5, 26))
    figure = go.Figure()
    if inside.sum() > len(live):
        figure.add_layout_image(_painting(dots, inside, grouped, window, size))
    if window is WHOLE:
        _parts(figure, dots, tint)
    _outlines(figure, dots, shown, tint)
    _ties(figure, dots.spots, ties, tint)
    for several in (False, True):
        for effect in SYMBOLS:
            rows = [row for row in live if dots.effects[row] == effect and grouped[row] == several]
            figure.add_trace(_marks(dots, rows, effect, several, size, tint))
    if int(inside.sum()) <= NAMED_DOTS:
        _names(figure, dots, np.flatnonzero(inside), grouped, window, tint)
    else:
        _labels(figure, dots, shown, window, tint)
    _frame(figure, window)
    return figure


def grouped_rows(n: int, islands: Sequence[Island]) -> NDArray[np.bool_]:
    """Which of the n tools are in a group."""
    inside = np.zeros(n, dtype=bool)
    for island in islands:
        inside[island.rows] = True
    return inside


def _live(islands: Sequence[Island], inside: NDArray[np.bool_]) -> list[int]:
    """Rows of the dots that answer to the mouse: those of the most harmful groups first, then the others."""
    rows = dict.fromkeys(row for island in islands for row in island.rows if inside[row])
    rows |= dict.fromkeys(np.flatnonzero(inside).tolist())
    return sorted(list(rows)[:LIVE])


def _marks(
    dots: Dots, rows: Sequence[int], effect: str, several: bool, size: float, tint: dict[str, str]
) -> go.Scatter:
    """The dots of one side effect, in groups (filled) or on their own (hollow, smaller)."""
    colour = tint[TINTS[effect]]
    return go.Scatter(
        x=dots.spots[rows, 0],
        y=dots.spots[rows, 1],
        mode="markers",
        name=SIDE_EFFECTS[effect].word,
        legendgroup=effect,
        showlegend=several,
        customdata=list(rows),
        hovertext=[_hover(dots.names[row], dots.summaries[row]) for row in rows],
        hoverinfo="text",
        marker={
            "size": size * SIZES[effect] * (1.0 if several else 0.72),
            "symbol": SYMBOLS[effect] + ("" if several else "-open"),
            "color": colour,
            "opacity": 0.95 if several else 0.6,
            "line": {"width": 0.5 if several else 1.2, "color": tint["paper"] if several else colour},
        },
        selected={"marker": {"opacity": 1.0}},
        unselected={"marker": {"opacity": 0.25}},
    )


def _hover(name: str, summary: str) -> str:
    return "<br>".join([f"<b>{escape(name)}</b>", *(escape(line) for line in _wrapped(summary))])


def _wrapped(text: str, width: int = 48) -> list[str]:
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line][:3]


def _outlines(figure: go.Figure, dots: Dots, islands: Sequence[Island], tint: dict[str, str]) -> None:
    """A soft shape round each group; those of which one tool destroys are tinted more strongly."""
    for harmful in (False, True):
        x: list[float | None] = []
        y: list[float | None] = []
        for island in islands[:MOST_OUTLINES]:
            if (island.worst == "destructive") is harmful:
                ring = _ring(dots.spots[island.rows], dots.gap)
                x += [*ring[:, 0].tolist(), None]
                y += [*ring[:, 1].tolist(), None]
        figure.add_scatter(
            x=x,
            y=y,
            mode="lines",
            fill="toself",
            fillcolor=_faded(tint["orange"], 0.30 if harmful else 0.10),
            line={"color": _faded(tint["orange"], 0.9 if harmful else 0.45), "width": 1.4 if harmful else 0.8},
            name="group that destroys" if harmful else "group",
            hoverinfo="skip",
            showlegend=bool(x),
            legendrank=900,
        )


def _ring(spots: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """The outline of the area within some two thirds of a gap of these dots."""
    around = (spots[:, None, :] + 0.72 * gap * _ROUND[None, :, :]).reshape(-1, 2)
    ring = around[ConvexHull(around).vertices]
    return np.concatenate([ring, ring[:1]])


def _ties(
    figure: go.Figure, spots: NDArray[np.float64], ties: Sequence[tuple[int, int, str]], tint: dict[str, str]
) -> None:
    """A line for each pair that people pinned (solid) or banned (dotted)."""
    for status, dash, colour in (("pinned", "solid", "primary"), ("banned", "dot", "text")):
        pairs = [(a, b) for a, b, of in ties if of == status]
        if pairs:
            ends = [[spots[a].tolist(), spots[b].tolist(), [None, None]] for a, b in pairs]
            flat = [point for pair in ends for point in pair]
            figure.add_scatter(
                x=[point[0] for point in flat],
                y=[point[1] for point in flat],
                mode="lines",
                line={"color": tint[colour], "width": 2.5, "dash": dash},
                name=f"{status} pair",
                hoverinfo="skip",
            )


def _parts(figure: go.Figure, dots: Dots, tint: dict[str, str]) -> None:
    """The names of the largest parts, large and faint below the dots, as countries are named on a map."""
    taken: list[tuple[float, float, float]] = []
    texts: list[str] = []
    for part, n in Counter(dots.parts).most_common():
        if n < LEAST_PART * len(dots) or len(taken) == MOST_PARTS:
            break
        spots = dots.spots[[row for row, of in enumerate(dots.parts) if of == part]]
        x, y = (float(middle) for middle in np.median(spots, axis=0))
        spread = float(np.median(np.linalg.norm(spots - (x, y), axis=1)))
        half = 0.5 * len(part) * 12 / WIDTH * 2
        if part and spread < 0.4 and all(abs(x - a) > half + h or abs(y - b) > 0.14 for a, b, h in taken):
            taken.append((x, y, half))
            texts.append(f"<b>{escape(part[:24])}</b>")
    figure.add_scatter(
        x=[place[0] for place in taken],
        y=[place[1] for place in taken],
        text=texts,
        mode="text",
        textfont={"size": 19, "color": _faded(tint["text"], 0.2)},
        hoverinfo="skip",
        showlegend=False,
    )


def _labels(figure: go.Figure, dots: Dots, islands: Sequence[Island], window: Window, tint: dict[str, str]) -> None:
    """The common words of the groups that deserve it most."""
    texts = [(f"{island.words} ×{len(island.rows)}", dots.spots[island.rows]) for island in islands[:200]]
    _write(figure, dots, texts, window, LABELS, tint)


def _names(
    figure: go.Figure,
    dots: Dots,
    rows: NDArray[np.intp],
    grouped: NDArray[np.bool_],
    window: Window,
    tint: dict[str, str],
) -> None:
    """The names of the dots, those in groups first."""
    ordered = sorted(rows.tolist(), key=lambda row: (not grouped[row], row))
    texts = [(dots.names[row][:38], dots.spots[[row]]) for row in ordered]
    _write(figure, dots, texts, window, NAMED_DOTS, tint)


def _write(
    figure: go.Figure,
    dots: Dots,
    texts: Sequence[tuple[str, NDArray[np.float64]]],
    window: Window,
    most: int,
    tint: dict[str, str],
) -> None:
    """Write each text above, below or beside its dots, where it hides the fewest others; none over another."""
    pixel = 2 * window.half / WIDTH
    high = 9 * pixel
    taken = np.zeros((0, 3))
    spots = dots.spots[window.holds(dots.spots)]
    for text, own in texts:
        wide = (3.0 * len(text) + 3) * pixel
        best = _room(own, spots, taken, wide, high, 0.45 * dots.gap, window)
        if best is None:
            continue
        taken = np.vstack([taken, [*best, wide]])
        figure.add_annotation(
            x=best[0],
            y=best[1],
            text=escape(text),
            showarrow=False,
            font={"size": 11, "color": tint["text"]},
            bgcolor=_faded(tint["paper"], 0.6),
            borderpad=0,
        )
        if len(taken) >= most:
            return


def _room(
    own: NDArray[np.float64],
    spots: NDArray[np.float64],
    taken: NDArray[np.float64],
    wide: float,
    high: float,
    off: float,
    window: Window,
) -> tuple[float, float] | None:
    """The middle of a text of this half width and height beside its `own` dots; None if there is no room for it."""
    (left, low), (right, top) = own.min(axis=0), own.max(axis=0)
    x, y = (left + right) / 2, (low + top) / 2
    places = [(x, top + off + high), (x, low - off - high), (right + off + wide, y), (left - off - wide, y)]
    best, least = None, MOST_HIDDEN + 1 + HIDDEN_SHARE * len(spots)
    for a, b in places:
        if not (window.low[0] + wide <= a <= window.high[0] - wide and window.low[1] <= b <= window.high[1]):
            continue
        if np.any((np.abs(taken[:, 0] - a) < wide + taken[:, 2]) & (np.abs(taken[:, 1] - b) < 2 * high)):
            continue
        hidden = int(np.sum((np.abs(spots[:, 0] - a) < wide + off / 2) & (np.abs(spots[:, 1] - b) < high + off / 2)))
        if hidden < least:
            best, least = (float(a), float(b)), hidden
    return best


def _painting(
    dots: Dots, inside: NDArray[np.bool_], grouped: NDArray[np.bool_], window: Window, size: float
) -> go.layout.Image:
    """All dots of the window as one picture below the live ones."""
    tint, scale = colours(), 2
    wide, high = WIDTH * scale, int(WIDTH * HIGH) * scale
    picture = Image.new("RGBA", (wide, high), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    radius = max(1.5, size * scale / 2 * 0.8)
    low, high_ = np.array(window.low), np.array(window.high)
    places = (dots.spots - (low[0], high_[1])) / (high_ - low) * (wide, -high)
    for row in np.flatnonzero(inside).tolist():
        x, y = places[row].tolist()
        fill = (*_rgb(tint[TINTS[dots.effects[row]]]), 190 if grouped[row] else 90)
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)
    return go.layout.Image(
        source=picture,
        xref="x",
        yref="y",
        x=window.low[0],
        y=window.high[1],
        sizex=2 * window.half,
        sizey=2 * window.half * HIGH,
        sizing="stretch",
        layer="below",
    )


def _frame(figure: go.Figure, window: Window) -> None:
    figure.update_layout(
        height=HEIGHT,
        dragmode="pan",  # with the lasso at hand the framework lets no click choose a dot
        clickmode="event+select",
        margin={"l": 0, "r": 36, "t": 30, "b": 0},
        legend={
            "orientation": "h",
            "y": 1.0,
            "yanchor": "bottom",
            "x": 0,
            "itemclick": False,
            "itemsizing": "constant",
            "font": {"size": 11},
        },
        modebar={"orientation": "v"},
    )
    figure.update_xaxes(visible=False, range=[window.low[0], window.high[0]])
    figure.update_yaxes(visible=False, range=[window.low[1], window.high[1]], scaleanchor="x")


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _faded(colour: str, opacity: float) -> str:
    red, green, blue = _rgb(colour)
    return f"rgba({red},{green},{blue},{opacity})"

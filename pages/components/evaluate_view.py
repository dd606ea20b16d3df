"""The results of evaluations: headline numbers with their floor, how conversations ended, every metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import streamlit as st

from diaforge_core.records.run import Run
from diaforge_core.services.evaluation import METRICS, Estimate, Measurements, Values

from . import charts, wiring
from .palette import OUTCOMES, look
from .wiring import services
from .wording import count, interval, plain

HEADLINES = {"acc": "Right (Acc)", "ftr": "Wrong tool called (FTR)", "tar": "Gave up (TAR)"}
BESIDE: tuple[tuple[str, str, Callable[[Measurements], Estimate | None]], ...] = (
    ("Accuracy, byte for byte", "As accuracy, every argument compared as it is written.", lambda m: m.byte_strict_acc),
    (
        "Accuracy, user faults left out",
        "Without the conversations in which the audit found the simulated user at fault.",
        lambda m: m.without_user_faults.get("acc"),
    ),
    (
        "Accuracy, all faults left out",
        "Without those in which user or gold data were at fault; what people marked outdoes the audit.",
        lambda m: m.without_faults.get("acc"),
    ),
)
"""Numbers that stand beside the metrics: title, meaning, where they are."""
MOST = 6
"""Runs that are shown unless more are asked for."""
FAULTS = {"agent": "the assistant's", "user": "the simulated user's", "gold": "the gold data's"}


def chosen_runs(done: list[Run], most: int | None = None) -> dict[str, Measurements]:
    """Name → numbers of the runs that are chosen, also by the link; the first `most` of them."""
    names = [run.name for run in done]
    chosen = st.multiselect(
        "Runs", names, default=names[:MOST], key="run", bind="query-params", placeholder="Choose runs to see"
    )
    if most and len(chosen) > most:
        st.caption(f"The first {most} of them are shown.")
    return {name: services().evaluation.results(name) for name in chosen[:most]}


def results_tab(done: list[Run]) -> None:
    """Dot-and-interval plot, outcome bars and the table of the chosen runs."""
    measured = chosen_runs(done)
    if not measured:
        return
    with st.container(horizontal=True, gap="large"):
        paper = st.toggle(
            "Show the paper's rows",
            key="evaluate.paper",
            help="DiaBENCH, N = 119: other scenarios than yours, so a mark and no comparison.",
        )
        fair = st.toggle(
            "Leave faults out",
            key="evaluate.fair",
            help="Without conversations in which the simulated user or the gold data were at fault: by what people "
            "marked, else by the audit of the simulated user.",
        )
    _headlines(measured, paper=paper, fair=fair)
    _beside(done, measured)
    _endings(measured)
    metric_table(measured)
    with st.container(horizontal=True):
        for name in list(measured)[:MOST]:
            wiring.link(wiring.TRACES, f"Traces of {plain(name, 40)}", run=name)


def _headlines(measured: Mapping[str, Measurements], *, paper: bool, fair: bool) -> None:
    values = {name: numbers.without_faults if fair else numbers.values for name, numbers in measured.items()}
    dots = [
        charts.Dot(name, title, estimate.value, estimate.low, estimate.high, estimate.n)
        for name, found in values.items()
        for key, title in HEADLINES.items()
        if (estimate := found.get(key)) is not None
    ]
    baselines = {name: services().evaluation.baselines(name) for name in measured}
    ticks = [
        charts.Tick(name, title, estimate.value, baseline)
        for name, found in baselines.items()
        for baseline, reached in found.items()
        for key, title in HEADLINES.items()
        if (estimate := reached.get(key)) is not None
    ]
    plot = charts.interval_plot(dots, list(HEADLINES.values()), paper, ticks)
    charts.draw(plot, "evaluate.dots", interval_words(dots))
    if ticks:
        st.caption("Faint ticks: what scripts reach on the same scenarios, most of which call without asking.")
        _floor_table(baselines)


def _floor_table(baselines: Mapping[str, Mapping[str, Values]]) -> None:
    """The same as numbers."""
    rows = [
        {"Run": run, "Baseline": name} | {title: figure(key, reached.get(key)) for key, title in HEADLINES.items()}
        for run, found in baselines.items()
        for name, reached in found.items()
    ]
    with st.expander("Floor and ceiling", type="compact", icon=":material/vertical_align_bottom:"):
        st.caption(
            "oracle: asks as the teacher does, from what a model sees. eager, random, first, central, nearest: call "
            "without asking. cautious: never calls."
        )
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def _beside(done: Sequence[Run], measured: Mapping[str, Measurements]) -> None:
    """What has to be known beside the numbers: looks at test parts, faults, the simulator."""
    results = {run.name: run.result for run in done}
    for name, numbers in measured.items():
        parts = [
            f"test part '{plain(part)}', looked at {count(looks, 'time')} by then"
            for part, looks in results[name].get("test_looks", {}).items()
        ]
        parts += [f"{count(n, 'conversation')} {FAULTS[who]} fault" for who, n in numbers.blamed.items()]
        if numbers.simulators != ("scripted",):
            parts.append(f"user: {plain(', '.join(numbers.simulators), 80)}")
        if parts:
            st.caption(f"**{plain(name, 40)}**: {' · '.join(parts)}")


def _endings(measured: Mapping[str, Measurements]) -> None:
    """Bars of outcomes that sum to 100 %, those without a right tool in view apart."""
    for title, key, pick in (
        ("How the conversations ended", "evaluate.outcomes", lambda m: m.outcomes),
        ("When no tool in view fitted", "evaluate.none", lambda m: m.no_tool_outcomes),
    ):
        counts = {name: {kind: n for kind, n in pick(m).items() if n} for name, m in measured.items()}
        if any(counts.values()):
            st.markdown(f"**{title}**")
            charts.draw(charts.outcome_bar(counts), key, outcome_words(counts))


def outcome_words(counts: Mapping[str, Mapping[str, int]]) -> str:
    """The bars for those who do not see them."""
    words = {
        name: ", ".join(f"{look(OUTCOMES, kind).word} {n}" for kind, n in row.items()) for name, row in counts.items()
    }
    return "; ".join(f"{name}: {told}" for name, told in words.items())


def interval_words(dots: Sequence[charts.Dot]) -> str:
    return "; ".join(f"{dot.row} {dot.panel} {interval(dot.value, dot.low, dot.high, dot.n)}" for dot in dots)


def metric_table(measured: dict[str, Measurements]) -> None:
    """Every metric of every chosen run, what it means in the first column."""
    rows = []
    for key, metric in METRICS.items():
        values = {name: numbers.values.get(key) for name, numbers in measured.items()}
        if any(value is not None for value in values.values()):
            rows.append(
                {"Metric": metric.title, "Means": metric.description}
                | {name: figure(key, value) for name, value in values.items()}
            )
    rows += [
        {"Metric": title, "Means": means} | {name: figure("acc", pick(numbers)) for name, numbers in measured.items()}
        for title, means, pick in BESIDE
    ]
    unheard = {"Metric": "Not understood", "Means": "Questions that the simulated user could not make out."}
    rows.append(unheard | {name: f"{numbers.not_understood:,}" for name, numbers in measured.items()})
    with st.expander("All numbers", icon=":material/table_chart:", expanded=True):
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config={
                "Metric": st.column_config.TextColumn(pinned=True),
                "Means": st.column_config.TextColumn(width=170),
            },
        )


def figure(key: str, estimate: object) -> str:
    """`62 % (53–70), n = 119`; `not measured`; a number that is no share as it is."""
    if estimate is None:
        return "not measured"
    value, low, high, n = (getattr(estimate, name) for name in ("value", "low", "high", "n"))
    if key not in METRICS or METRICS[key].share:
        return interval(value, low, high, n)
    return f"{value:.2f} ({low:.2f}–{high:.2f}), n = {n}"

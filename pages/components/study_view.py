"""The report of a study: the paper's table with our rows, and what stands behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from diaforge_core.services.evaluation import PAPER, Estimate
from diaforge_core.services.studies import StudyReport
from diaforge_core.services.study_report import (
    FAIR,
    HEADLINES,
    Example,
    Row,
    as_markdown,
    besides_facts,
    check_facts,
    data_facts,
    figure,
    machine_facts,
    target_words,
    time_facts,
    training_facts,
)

from . import charts, wiring
from .palette import OUTCOMES, look
from .wiring import services
from .wording import interval, plain

TITLES = {"acc": "Right (Acc)", "ftr": "Wrong tool called (FTR)", "tar": "Gave up (TAR)"}
OPENING = 90
"""Characters of an opening that are shown."""


def report(name: str) -> None:
    """All that the study has come to so far."""
    found = services().studies.report(name)
    st.subheader("Report", anchor=False)
    st.download_button(
        "Download as Markdown",
        as_markdown(found),
        file_name=f"{found.choices.name}.md",
        key=f"study.download.{name}",
        icon=":material/download:",
    )
    _results(found)
    left, right = st.columns(2, gap="large")
    with left:
        _facts("Targets", {target.what: target_words(target) for target in found.targets})
        _facts("Nothing of the test was learned", check_facts(found), "Not checked yet.")
        _facts("What the model can do besides", besides_facts(found))
    with right:
        _facts("Data", data_facts(found))
        _facts("Time", time_facts(found), "Nothing has taken time yet.")
        _facts("Machine", machine_facts(found.machine), "Not looked at yet.")
    _tiers(found)
    _curve(found)
    _examples("Won: right for the tuned model, wrong for the base", found.won)
    _examples("Lost: wrong for the tuned model", found.lost)
    with st.expander("Choices of training", type="compact", icon=":material/tune:"):
        _facts("", training_facts(found))


def _results(found: StudyReport) -> None:
    dots = [
        charts.Dot(row.title, title, estimate.value, estimate.low, estimate.high, estimate.n)
        for row in found.rows
        for key, title in TITLES.items()
        if (estimate := row.values.get(key)) is not None
    ]
    if dots:
        plot = charts.interval_plot(dots, list(TITLES.values()), paper=True)
        says = "; ".join(f"{dot.row} {dot.panel} {interval(dot.value, dot.low, dot.high, dot.n)}" for dot in dots)
        charts.draw(plot, f"study.dots.{found.choices.name}", says)
    if found.verdict:
        st.markdown(plain(found.verdict))
    st.dataframe(
        results_table(found.rows, paper=True),
        hide_index=True,
        height="content",
        key=f"study.rows.{found.choices.name}",
    )
    st.caption("Brackets hold 95 % intervals. The paper's rows are of other scenarios than ours.")
    if found.near:
        st.markdown("**Tools held out of the catalogs trained on**")
        st.dataframe(results_table(found.near), hide_index=True)
    with st.container(horizontal=True):
        for row in found.rows:
            if row.run and not row.absent:
                wiring.link(wiring.TRACES, f"Traces: {plain(row.title, 40)}", run=row.run)


def results_table(rows: Sequence[Row], *, paper: bool = False) -> pd.DataFrame:
    """One line a model; what is absent says why, and the paper's rows follow."""
    told = [
        {"Model": row.title}
        | {TITLES[key]: _cell(row, key) for key in HEADLINES}
        | ({TITLES[HEADLINES[0]]: row.absent} if row.absent else {})
        | {
            "Acc, user faults left out": _cell(row, FAIR),
            "Right tool": _cell(row, "tool_accuracy"),
            "Refused rightly": _cell(row, "refusal"),
        }
        | {"n": str(acc.n) if (acc := row.values.get("acc")) else ""}
        for row in rows
    ]
    for name, *values in PAPER if paper else ():
        numbers = dict(zip(TITLES.values(), (f"{value:.2f}" for value in values), strict=True))
        told.append({"Model": f"{name} (paper)"} | numbers | {"n": "119"})
    return pd.DataFrame(told).fillna("")


def _cell(row: Row, key: str) -> str:
    return "" if row.absent else figure(row.values.get(key))


def _facts(title: str, facts: Mapping[str, str], empty: str = "") -> None:
    """A small table of two columns, or why there is none."""
    if title:
        st.markdown(f"**{title}**")
    if not facts:
        st.caption(empty)
        return
    rows = [(plain(what), plain(value)) for what, value in facts.items()]
    st.table(pd.DataFrame(rows, columns=["What", "Value"]), hide_index=True)  # its words wrap


def _tiers(found: StudyReport) -> None:
    st.markdown("**By difficulty**")
    rows = [
        {"Model": row.title, "Difficulty": tier} | {TITLES[key]: figure(values.get(key)) for key in HEADLINES}
        for row in found.rows
        for tier, values in row.tiers.items()
    ]
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    else:
        st.caption("Not run yet.")


def _curve(found: StudyReport) -> None:
    st.markdown("**Learning curve**")
    rows = [
        {"Dialogues": str(point.dialogues) if not point.absent else point.absent}
        | {TITLES[key]: _figure(point.values.get(key)) for key in HEADLINES}
        for point in found.curve
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True)


def _figure(estimate: Estimate | None) -> str:
    return figure(estimate) if estimate else ""


def _examples(title: str, examples: Sequence[Example]) -> None:
    st.markdown(f"**{title}**")
    if not examples:
        st.caption("None, or not measured yet.")
    for example in examples:
        tuned, base = example.tuned, example.base
        with st.container(border=True):
            st.markdown(f"{plain(tuned.turns[0].reply, OPENING)}")
            st.caption(plain(tuned.reason))
            with st.container(horizontal=True):
                for who, trace in (("Tuned", tuned), ("Base", base)):
                    shown = look(OUTCOMES, trace.outcome)
                    wiring.link(wiring.TRACES, f"{who}: {shown.word}", shown.icon, trace=trace.id)

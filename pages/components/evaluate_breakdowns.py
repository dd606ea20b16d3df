"""For whom a model is good: one metric within the groups of every breakdown, as small multiples and as a table."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from diaforge_core.records.run import Run
from diaforge_core.services.evaluation import BREAKDOWNS, METRICS, Measurements, in_order

from . import charts, wiring
from .evaluate_charts import GroupDot, group_plot, run_legend
from .evaluate_view import chosen_runs, figure

SHOWN = ("acc", "ftr", "tar", "tool_accuracy", "risk", "refusal", "wrong_call", "questions", "redundant", "effort")
MOST = 4
"""Runs in one figure."""


def breakdowns_tab(done: list[Run]) -> None:
    """The chosen metric by everything that results are broken down by."""
    measured = chosen_runs(done, MOST)
    if not measured:
        return
    titles = {key: METRICS[key].title for key in SHOWN}
    key = wiring.linked(st.selectbox, "Metric", list(titles), "metric", "acc", format_func=wiring.words_of(titles))
    st.caption(f"{METRICS[key].description} In brackets: scenarios, of the first run with any.")
    _legend(list(measured))
    columns = st.columns(2, gap="large")
    for place, (name, breakdown) in enumerate(BREAKDOWNS.items()):
        with columns[place % 2]:
            st.markdown(f"**{breakdown.title}**")
            _panel(measured, name, key)
    _table(measured, key)


def _legend(runs: list[str]) -> None:
    """Which mark is whose; the figures themselves have no room for it."""
    if len(runs) < 2:
        return
    charts.draw(run_legend(runs), "breakdowns.legend", f"Marks of {', '.join(runs)}")


def _panel(measured: Mapping[str, Measurements], name: str, key: str) -> None:
    dots = [
        GroupDot(run, group, e.value, e.low, e.high, e.n)
        for run, numbers in measured.items()
        for group, values in numbers.by[name].items()
        if (e := values.get(key)) is not None
    ]
    if not dots:
        st.caption("Not measured in any group.")
        return
    shown = in_order(name, (dot.group for dot in dots))
    plot = group_plot(dots, list(measured), shown, METRICS[key].share)
    says = "; ".join(f"{dot.run}, {dot.group}: {dot.value:.2f} ({dot.low:.2f} to {dot.high:.2f})" for dot in dots)
    charts.draw(plot, f"breakdowns.{name}.{key}", says)


def _table(measured: Mapping[str, Measurements], key: str) -> None:
    rows = []
    for name, breakdown in BREAKDOWNS.items():
        for group in in_order(name, (group for numbers in measured.values() for group in numbers.by[name])):
            cells = {run: figure(key, numbers.by[name].get(group, {}).get(key)) for run, numbers in measured.items()}
            rows.append({"By": breakdown.title, "Group": group} | cells)
    with st.expander("As a table", icon=":material/table_chart:"):
        st.dataframe(pd.DataFrame(rows), hide_index=True)

"""Evaluate: how good, for whom, and is A better than B?"""

from __future__ import annotations

import streamlit as st

from pages.components import evaluate_start as start
from pages.components import wiring
from pages.components.evaluate_breakdowns import breakdowns_tab
from pages.components.evaluate_compare import compare_tab
from pages.components.evaluate_confusion import confusion_tab
from pages.components.evaluate_trend import trend_tab
from pages.components.evaluate_view import results_tab
from pages.components.wiring import page, services

with page("Evaluate", "How good is it, for whom, and is A better than B?"):
    catalogs = [info.name for info in services().catalogs.names()]
    if not catalogs:
        wiring.empty_state(
            "A model is evaluated on scenarios of a catalog, and there is none yet.", wiring.CATALOG, "Import a catalog"
        )
        st.stop()
    runs = services().evaluation.runs()
    start.start_box(catalogs, opened=not runs or "model" in st.query_params)
    start.running(runs)
    done = [run for run in runs if run.result]
    if not done:
        st.info(
            "Accuracy, wrong calls and abstentions are shown here, each with its interval, "
            "once an evaluation has finished."
        )
        st.stop()
    tabs = st.tabs(
        ["Results", "Breakdowns", "Confusions", "Compare", "Over time"],
        key="view",
        on_change="rerun",
        bind="query-params",
    )
    drawn = (
        lambda: results_tab(done),
        lambda: breakdowns_tab(done),
        lambda: confusion_tab(done),
        lambda: compare_tab(done),
        trend_tab,
    )
    for tab, draw in zip(tabs, drawn, strict=True):
        if tab.open:
            with tab, wiring.guarded():
                draw()

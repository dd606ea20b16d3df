"""Evaluate: how good, for whom, and is A better than B?"""

from __future__ import annotations

import streamlit as st

from pages.components import evaluate_view as view
from pages.components import wiring
from pages.components.wiring import page, services

with page("Evaluate", "How good is it, for whom, and is A better than B?"):
    catalogs = [info.name for info in services().catalogs.names()]
    if not catalogs:
        wiring.empty_state(
            "A model is evaluated on scenarios of a catalog, and there is none yet.", wiring.CATALOG, "Import a catalog"
        )
        st.stop()
    runs = services().evaluation.runs()
    view.start_box(catalogs, opened=not runs or "model" in st.query_params)
    view.running(runs)
    done = [run for run in runs if run.result]
    if not done:
        st.info(
            "Accuracy, wrong calls and abstentions are shown here, each with its interval, "
            "once an evaluation has finished."
        )
        st.stop()
    results, compare = st.tabs(["Results", "Compare"], key="view", on_change="rerun", bind="query-params")
    if results.open:
        with results:
            view.results_tab(done)
    if compare.open:
        with compare:
            view.compare_tab(done)

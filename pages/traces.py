"""Traces: why did this one fail?"""

from __future__ import annotations

import streamlit as st

from pages.components import traces_view as view
from pages.components import wiring
from pages.components.wiring import page, services

with page("Traces", "Why did this one fail?"):
    filters = view.filters()
    frame, total, start = view.table_page(filters)
    if not total and not filters:
        wiring.empty_state(
            "Every conversation of every evaluation is kept here, turn by turn. There is none yet.",
            wiring.EVALUATE,
            "Start an evaluation",
        )
        st.stop()
    chosen = view.table(frame, total, start)
    trace_id = chosen or st.query_params.get("trace") or (frame["id"].iloc[0] if len(frame) else None)
    if trace_id:
        with wiring.guarded():
            view.detail(services().traces.get(trace_id))
    view.sql_box()

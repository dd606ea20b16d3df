"""Traces: why did this one fail?"""

from __future__ import annotations

import streamlit as st

from pages.components import traces_filters, traces_list, traces_tools, wiring
from pages.components import traces_view as view
from pages.components.traces_state import on_screen
from pages.components.wiring import page, services

with page("Traces", "Why did this one fail?"):
    filters, order = traces_filters.filters()
    shown = traces_list.window(filters, order)
    if not shown.total and not traces_filters.narrowed(filters) and not on_screen():
        wiring.empty_state(
            "Every conversation of every evaluation is kept here, turn by turn. There is none yet.",
            wiring.EVALUATE,
            "Start an evaluation",
        )
        st.stop()
    here = on_screen() or (str(shown.rows["id"].iloc[0]) if len(shown.rows) else None)
    if len(shown.rows):
        traces_list.table(shown, filters, order, here)
    else:
        traces_filters.nothing_left()
    if here:
        with wiring.guarded():
            trace = services().traces.get(here)
            turn = view.detail(trace, st.query_params.get("label", ""))
            if len(shown.rows):
                traces_list.keys(shown, filters, order, trace.id, len(trace.turns), turn)
                traces_list.look_ahead(shown, trace.id)
    if shown.total:
        traces_tools.sums(filters)
    traces_tools.sql_box()

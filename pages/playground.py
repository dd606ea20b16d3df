"""Playground: show me."""

from __future__ import annotations

import streamlit as st

from pages.components import playground_view as view
from pages.components import wiring
from pages.components.wiring import page, services

with page("Playground", "Talk to a model, or play one, and watch which tools are still possible."):
    catalogs = [info.name for info in services().catalogs.names()]
    if not catalogs:
        wiring.empty_state(
            "A conversation needs tools to choose from. There is no catalog yet.", wiring.CATALOG, "Import a catalog"
        )
        st.stop()
    view.setup(catalogs)
    session = view.session()
    if session is None:
        st.info("Choose models and a scenario, or chat freely with tools of your choice, then start.")
        st.stop()
    centre, right = st.columns([9, 4], gap="large")
    with centre:
        view.columns(session)
    with right:
        view.side(session)
    view.say_box(session)

"""Generate: what will be made, what will it cost, how does it look?"""

from __future__ import annotations

import streamlit as st

from pages.components import generate_view as view
from pages.components import wiring
from pages.components.wiring import page, services

with page("Generate", "What will be made, what will it cost, and how does it look?"):
    catalogs = [info.name for info in services().catalogs.names()]
    if not catalogs:
        wiring.empty_state(
            "Dialogues are made from a catalog's tools, and there is none yet.", wiring.CATALOG, "Import a catalog"
        )
        st.stop()
    running = [run for run in services().jobs.all() if run.kind == "generate"]
    view.runs(running)
    left, right = st.columns([2, 3], gap="large")
    with left:
        recipe = view.recipe(catalogs)
    with right:
        view.preview(recipe)
    view.start_bar(recipe)

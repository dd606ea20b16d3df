"""Generate: what will be made, what will it cost, how does it look?"""

from __future__ import annotations

import streamlit as st

from pages.components import wiring
from pages.components.generate_compare import compare_tab, origin_tab
from pages.components.generate_coverage import coverage_tab
from pages.components.generate_dialogue import opened
from pages.components.generate_preview import preview
from pages.components.generate_recipe import recipe
from pages.components.generate_run import runs
from pages.components.generate_start import start_bar
from pages.components.generate_variety import variety_tab
from pages.components.wiring import page, services

OF_DATASETS = {"Coverage": coverage_tab, "Variety": variety_tab, "Compare": compare_tab, "Origin": origin_tab}
"""Tab → what draws it for the datasets there are."""

with page("Generate", "What will be made, what will it cost, and how does it look?"):
    catalogs = [info.name for info in services().catalogs.names()]
    if not catalogs:
        wiring.empty_state(
            "Dialogues are made from a catalog's tools, and there is none yet.", wiring.CATALOG, "Import a catalog"
        )
        st.stop()
    runs([run for run in services().jobs.listed() if run.kind == "generate" and not run.config.get("preview")])
    opened()
    make, *others = st.tabs(["New dialogues", *OF_DATASETS], key="view", on_change="rerun", bind="query-params")
    if make.open:
        with make:
            left, right = st.columns([2, 3], gap="large")
            with left:
                wanted = recipe(catalogs)
            with right:
                preview(wanted)
        start_bar(wanted)
    for tab, draw in zip(others, OF_DATASETS.values(), strict=True):
        if tab.open:
            with tab:
                datasets = [info.name for info in services().datasets.names() if info.dialogues]
                if datasets:
                    draw(datasets)
                else:
                    st.info("Once there are dialogues, they are measured here.", icon=":material/grid_on:")

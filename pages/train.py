"""Train: will it fit, is it learning, can I trust it?"""

from __future__ import annotations

import streamlit as st

from pages.components import wiring
from pages.components.train_form import recipe_form
from pages.components.train_runs import runs
from pages.components.train_start import mask_preview, start_box
from pages.components.wiring import page, services

with page("Train", "Will it fit, is it learning, and can I trust it?"):
    datasets = [info for info in services().datasets.names() if info.kept]
    if not datasets:
        wiring.empty_state(
            "A model learns from dialogues that passed every check. There are none yet.",
            wiring.GENERATE,
            "Generate dialogues",
        )
        st.stop()
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.subheader("Recipe", anchor=False)
        recipe = recipe_form(datasets)
        start_box(recipe, datasets)
        mask_preview(recipe)
    with right:
        runs(services().training.runs())

"""Train: will it fit, is it learning, can I trust it?"""

from __future__ import annotations

import streamlit as st

from pages.components import train_view as view
from pages.components import wiring
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
        recipe = view.recipe(datasets)
        view.before_start(recipe, datasets)
        view.mask_preview(recipe)
    with right:
        view.runs(services().training.runs())

"""Review: is this dialogue right, and if not, what do I change?"""

from __future__ import annotations

import streamlit as st

from pages.components import review_view as view
from pages.components import wiring
from pages.components.review_actions import action_bar
from pages.components.review_centre import centre
from pages.components.review_side import side
from pages.components.wiring import page, services

with page("Review", "Is this dialogue right, and if not, what do I change?"):
    datasets = [info.name for info in services().datasets.names()]
    if not datasets:
        wiring.empty_state(
            "Dialogues wait here to be read, mended and accepted. There are none yet.",
            wiring.GENERATE,
            "Generate dialogues",
        )
        st.stop()
    filters = view.filters(datasets)
    ids = services().review.queue(filters.dataset, filters.state, filters.text)
    current = view.current(ids)
    if current is None:
        view.nothing_left(filters)
        st.stop()
    reviewed = services().review.get(current)
    left, middle, right = st.columns([3, 8, 5], gap="medium")
    with left:
        view.queue(filters, ids, current)
    with middle:
        centre(reviewed)
    with right:
        side(reviewed)
    action_bar(filters, ids, reviewed)

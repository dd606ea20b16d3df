"""Review: is this dialogue right, and if not, what do I change?"""

from __future__ import annotations

import streamlit as st

from diaforge_core.records.queue import Filter
from pages.components import review_agreement, review_comments, review_labels, review_queue, wiring
from pages.components import review_view as view
from pages.components.review_actions import action_bar
from pages.components.review_centre import centre
from pages.components.review_side import side
from pages.components.review_state import opened
from pages.components.wiring import page, services, who

with page("Review", "Is this dialogue right, and if not, what do I change?"):
    datasets = [info.name for info in services().datasets.names()]
    if not datasets:
        wiring.empty_state(
            "Dialogues wait here to be read, mended and accepted. There are none yet.",
            wiring.GENERATE,
            "Generate dialogues",
        )
        st.stop()
    chosen = review_queue.chosen()
    agreement = review_queue.head(chosen) if chosen else False
    filters = view.filters_of(chosen) if chosen else view.filters(datasets)
    ids = [] if chosen else services().review.queue(filters.dataset, filters.state, filters.text)
    current = review_queue.served(chosen) if chosen else view.current(ids)
    left, middle, *right = st.columns([3, 13] if agreement else [3, 8, 5], gap="medium")
    with left:
        review_queue.chooser(Filter(dataset=filters.dataset, state=filters.state, text=filters.text))
        if chosen:
            review_queue.column(chosen, current)
        elif current:
            view.queue(filters, ids, current)
        review_labels.filter_of(filters.dataset)
        review_labels.taxonomy()
    if agreement or current is None:
        with middle:
            if chosen:
                review_agreement.section(chosen) if agreement else review_queue.nothing(chosen)
            else:
                view.nothing_left(filters)
        st.stop()
    reviewed = services().review.get(current)
    dialogue = reviewed.dialogue
    with middle:
        review_queue.banner(current, chosen)
        centre(reviewed)
    with right[0]:
        review_comments.guidelines(filters.dataset, chosen)
        side(reviewed)
        review_agreement.critic_line(dialogue, filters.dataset)
        put = services().labels.of(dialogue.id, who())
        review_labels.panel(dialogue, put, busy=opened(dialogue.id) is not None)
        review_comments.comments(dialogue, review_labels.selected(dialogue))
    action_bar(filters, ids, reviewed, chosen)

"""Review: is this dialogue right, and if not, what do I change?"""

from __future__ import annotations

import streamlit as st

from pages.components import (
    review_agreement,
    review_comments,
    review_filters,
    review_labels,
    review_queue,
    review_views,
    wiring,
)
from pages.components import review_view as view
from pages.components.review_actions import action_bar, turn_back_row
from pages.components.review_centre import centre
from pages.components.review_side import side
from pages.components.review_state import screen
from pages.components.wiring import page, services, who

with page("Review", "Is this dialogue right, and if not, what do I change?"):
    datasets = services().datasets.listed()
    if not datasets:
        wiring.empty_state(
            "Dialogues wait here to be read, mended and accepted. There are none yet.",
            wiring.GENERATE,
            "Generate dialogues",
        )
        st.stop()
    chosen = review_queue.chosen()
    agreement = review_queue.head(chosen) if chosen else False
    found = chosen.filter if chosen else review_filters.filters(datasets)
    current = review_queue.served(chosen) if chosen else screen().dialogue() or services().finding.first(found, who())
    place = services().finding.place(found, current, view.AROUND, who()) if current and not chosen else None
    left, middle, *right = st.columns([3, 13] if agreement else [3, 8, 5], gap="medium")
    with left:
        review_queue.chooser(found)
        if chosen:
            review_queue.column(chosen, current)
        else:
            review_views.views(found)
        if current and place:
            view.queue(found, place, current)
        review_labels.taxonomy()
    if agreement or current is None:
        screen().drawing_nothing()
        with middle:
            if chosen:
                review_agreement.section(chosen) if agreement else review_queue.nothing(chosen)
            else:
                view.nothing_left(found)
            if not agreement:
                turn_back_row()
        st.stop()
    reviewed = services().review.get(current)
    dialogue = reviewed.dialogue
    screen().drawing(reviewed)
    with middle:
        review_queue.banner(current, chosen)
        steps = services().review.ambiguity_strip(dialogue)
        centre(reviewed, steps)
    action_bar(found, place, reviewed, chosen)  # right behind the conversation, so that its keys never lag behind it
    with right[0]:
        review_comments.guidelines(found.dataset, chosen)
        side(reviewed, steps)
        review_agreement.critic_line(dialogue, found.dataset)
        put = services().labels.of(dialogue.id, who())
        review_labels.panel(reviewed, put, busy=screen().opened(dialogue.id) is not None)
        review_comments.comments(dialogue, review_labels.selected(dialogue))
    if place and place.after:
        services().review.look_ahead(place.after)

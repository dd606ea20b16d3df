"""A queue on the Review page: choosing one, being served from it, how far it is, and who has what before them."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from diaforge_core.records.queue import Filter, Queue, QueueOrder
from diaforge_core.services.leases import BEAT_SECONDS, Holder
from diaforge_core.services.queues import Progress

from . import wiring
from .review_filters import narrowed_by
from .review_state import screen
from .wiring import acting, services, who
from .wording import count, duration, exact, plain

NONE = "none"
LOOK_SECONDS = 5.0
"""Between two looks of somebody who waits for what others hold."""
HELD = "review.held"
"""Session key: the dialogue that this page has taken a lease on."""
ORDERS: dict[QueueOrder, str] = {
    "generated": "as generated",
    "oldest_decision": "oldest decision first",
    "random": "random, by seed",
    "riskiest": "riskiest first",
}


def chosen() -> Queue | None:
    """The queue that the link names; None for free browsing."""
    asked = st.query_params.get("queue", NONE)
    return next((queue for queue in services().queues.all() if queue.id == asked), None)


def chooser(found: Filter) -> None:
    """Draw the choice of a queue, kept in the link, and the making of one from the page's filters."""
    names = {NONE: "none, browse freely"} | {queue.id: queue.name for queue in services().queues.all()}
    if len(names) > 1:
        wiring.linked(st.selectbox, "Queue", list(names), "queue", NONE, format_func=wiring.words_of(names))
    maker(found)


def head(queue: Queue) -> bool:
    """What the queue is, and the switch between reading and agreement; whether agreement is to be shown."""
    found = queue.filter
    parts = [found.dataset, found.state or "all states", ORDERS[queue.order]]
    parts += [found.text, *narrowed_by(found)]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(queue.name)}** :gray[{plain(', '.join(filter(None, parts)), 120)}]", width="stretch")
        view = wiring.linked(
            st.segmented_control, "View", ["Read", "Agreement"], "view", "Read", label_visibility="collapsed"
        )
    return view == "Agreement"


def served(queue: Queue) -> str | None:
    """The dialogue that the link names, else the one that the queue gives this person now; None if it has none."""
    return screen().dialogue() or services().queues.next_for(queue.id, who())


def banner(dialogue_id: str, queue: Queue | None) -> None:
    """Take the dialogue for this person and keep it while the page is open; who has it instead, with the take-over.

    What was before them is given back.
    """
    before = st.session_state.get(HELD, "")
    if before and before != dialogue_id:
        services().leases.take(dialogue_id, who(), queue.id if queue else "", instead=before)
        del st.session_state[HELD]
    st.fragment(_beat, run_every=BEAT_SECONDS)(dialogue_id, queue)


def _beat(dialogue_id: str, queue: Queue | None) -> None:
    holder = services().leases.take(dialogue_id, who(), queue.id if queue else "")
    if holder is None:
        st.session_state[HELD] = dialogue_id
        return
    had = st.session_state.get(HELD) == dialogue_id
    words = "has taken this over" if had else "is on this dialogue"
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="review.held_by"):
        st.markdown(
            f":material/lock: **{plain(holder.who)}** {words}, {since(holder)}. What you decide is not stored.",
            help=exact(holder.since),
            width="stretch",
        )
        st.button(
            "Take over",
            key=f"take_over.{dialogue_id}",
            icon=":material/front_hand:",
            **acting(lambda: services().leases.take(dialogue_id, who(), queue.id if queue else "", over=True)),
        )


def since(holder: Holder) -> str:
    """How long somebody has had a dialogue: `2 min`."""
    return duration((dt.datetime.now(dt.UTC) - holder.since).total_seconds())


def column(queue: Queue, here: str | None) -> None:
    """How far the queue is, by person and in all, and who has what."""
    progress = services().queues.progress(queue.id, who())
    share = (progress.done + progress.disputed) / progress.total if progress.total else 1.0
    st.markdown(f"**{progress.done:,}** of {count(progress.total, 'dialogue')}")
    st.progress(share, text=f"{progress.yours:,} left for you")
    if queue.overlap:
        st.caption(f"{queue.overlap} % judged blind by {queue.opinions}")
    if progress.disputed:
        st.caption(f":material/balance: {count(progress.disputed, 'disagreement')} to settle")
    if progress.by_person:
        st.caption(", ".join(f"{plain(name, 24)} {number:,}" for name, number in progress.by_person.items()))
    _who_has_what(queue, progress, here)
    _put_away(queue)


def _who_has_what(queue: Queue, progress: Progress, here: str | None) -> None:
    held = sum(progress.held.values())
    with st.popover(f"{held} held", icon=":material/lock_person:", key="review.who_has", disabled=not held):
        for key, holder in services().leases.held(queue):
            st.button(
                f"{plain(holder.who, 24)}, {since(holder)}",
                key=f"held.{key}.{holder.who}",
                type="tertiary",
                help=f"Open {plain(key)}",
                disabled=key == here,
                on_click=screen().show,
                args=(key,),
            )


def nothing(queue: Queue) -> None:
    """Why the queue gives this person nothing now; it is asked again by itself, and goes on when it has something."""
    st.fragment(_waiting, run_every=LOOK_SECONDS)(queue)


def _waiting(queue: Queue) -> None:
    if services().queues.next_for(queue.id, who()) is not None:
        st.rerun()
    progress = services().queues.progress(queue.id, who())
    with st.container(border=True):
        st.markdown(f":material/inbox: {plain(progress)}")
        if progress.yours and progress.held:
            st.caption("What somebody holds comes back two minutes after they close their page.")


def maker(found: Filter) -> None:
    """The form that makes a queue of what the page's filters show; only for those who may."""
    if not services().people.may(who(), "queues"):
        return
    box = st.popover("New queue", icon=":material/playlist_add:", key="review.new_queue", on_change="rerun")
    if not box.open:
        return
    with box:
        parts = [found.dataset, found.state or "all", found.text, *narrowed_by(found)]
        st.caption(f"Of {plain(', '.join(filter(None, parts)), 160)}.")
        name = st.text_input("Name", key="queue.name", max_chars=60)
        order = st.selectbox("Order", list(ORDERS), format_func=ORDERS.__getitem__, key="queue.order")
        seed = int(st.number_input("Seed", 0, 1_000_000, 0, key="queue.seed")) if order == "random" else 0
        overlap = st.slider("Judged blind by several people, %", 0, 100, 0, step=5, key="queue.overlap")
        opinions = int(st.number_input("People for each of those", 2, 9, 2, key="queue.opinions", disabled=not overlap))
        people = st.text_input("For (names, a comma between them)", key="queue.people", placeholder="everybody")
        names = tuple(part.strip() for part in people.split(",") if part.strip())
        parts = {"order": order, "seed": seed, "overlap": overlap, "opinions": opinions, "people": names}

        def make() -> None:
            made = services().queues.make(name, found, who=who(), **parts)
            st.query_params["queue"] = made.id
            screen().show(None)

        st.button(
            "Make",
            key="queue.make",
            type="primary",
            disabled=not name.strip(),
            **acting(make, say="The queue is there."),
        )


def _put_away(queue: Queue) -> None:
    """The button that archives a queue; only for those who may."""
    if not services().people.may(who(), "queues"):
        return

    def archive() -> None:
        services().queues.change(queue.id, archived=True, who=who())
        st.query_params["queue"] = NONE

    st.button(
        "Archive queue",
        key=f"archive.{queue.id}",
        icon=":material/archive:",
        type="tertiary",
        **acting(archive, say="Archived; it serves nothing any more."),
    )

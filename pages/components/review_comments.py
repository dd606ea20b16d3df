"""Comments on a dialogue and its turns, and the guidelines beside it."""

from __future__ import annotations

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Queue
from diaforge_core.services.comments import MOST_CHARACTERS, Comment

from .wiring import acting, services, who
from .wording import ago, exact, formatted, plain

EDITED = "review.comment.edited"
"""Session key: id of the comment that its author is changing."""


def comments(dialogue: Dialogue, turn: int) -> None:
    """The comments, oldest first, and a box to add one on the dialogue or on the selected turn."""
    found = services().comments.of(dialogue.id, who())
    title = f"Comments ({len(found)})" if found else "Comments"
    with st.expander(title, icon=":material/chat_bubble:", expanded=bool(found), key=f"comments.{dialogue.id}"):
        for comment in found:
            _comment(comment)
        _new(dialogue, turn, len(found))


def _comment(comment: Comment) -> None:
    about = f"turn {comment.turn + 1}" if comment.turn is not None else "dialogue"
    changed = ", changed" if comment.changed else ""
    with st.container(border=True, gap="xsmall"):
        st.caption(
            f"**{plain(comment.who, 24)}** · {about}, version {comment.version} · {ago(comment.when)}{changed}",
            help=exact(comment.changed or comment.when),
        )
        if st.session_state.get(EDITED) == comment.id:
            _change(comment)
            return
        st.text(comment.text)
        if comment.who == who():
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Change", key=f"comment.change.{comment.id}", type="tertiary", on_click=_edit, args=(comment.id,)
                )
                delete = acting(
                    services().comments.delete, comment.id, who(), say="Deleted; its words stay in the history."
                )
                st.button("Delete", key=f"comment.delete.{comment.id}", type="tertiary", **delete)


def _change(comment: Comment) -> None:
    key = f"comment.text.{comment.id}"
    st.text_area("Comment", comment.text, key=key, max_chars=MOST_CHARACTERS, label_visibility="collapsed")

    def save() -> None:
        services().comments.change(comment.id, st.session_state[key], who())

    with st.container(horizontal=True, gap="small"):
        saving = acting(save, then=lambda: _edit(""))
        st.button("Save comment", key=f"comment.save.{comment.id}", type="primary", **saving)
        st.button("Cancel", key=f"comment.cancel.{comment.id}", on_click=_edit, args=("",))


def _new(dialogue: Dialogue, turn: int, number: int) -> None:
    key = f"comment.new.{dialogue.id}.{number}"
    st.text_area("New comment", key=key, max_chars=MOST_CHARACTERS, height=80, placeholder="What should others know?")

    def add(about: int | None) -> None:
        services().comments.add(dialogue.id, st.session_state[key], about, who())

    with st.container(horizontal=True, gap="small"):
        st.button("On the dialogue", key=f"comment.add.{dialogue.id}", **acting(add, None))
        st.button(f"On turn {turn + 1}", key=f"comment.add_turn.{dialogue.id}", **acting(add, turn))


def _edit(comment_id: str) -> None:
    st.session_state[EDITED] = comment_id


def guidelines(dataset: str, queue: Queue | None) -> None:
    """How to judge: the queue's guidelines or else the dataset's, and their editor for those who may write them."""
    found = services().comments.guidelines(dataset=dataset, queue=queue.id if queue else "")
    may_write = services().people.may(who(), "guidelines")
    if found is None and not may_write:
        return
    box = st.expander("Guidelines", icon=":material/menu_book:", key=f"guidelines.{dataset}", on_change="rerun")
    if not box.open:
        return
    with box:
        if found:
            st.markdown(formatted(found.text))
            st.caption(f"Version {found.version}, {plain(found.who)}, {ago(found.when)}", help=exact(found.when))
        else:
            st.caption("Nobody has written any for these dialogues yet.")
        if may_write:
            _write(dataset, queue, found.text if found else "", found.version if found else 0)


def _write(dataset: str, queue: Queue | None, text: str, version: int) -> None:
    with st.popover("Write", icon=":material/edit:", key="guidelines.write"):
        about = {"queue": queue.id} if queue else {"dataset": dataset}
        name = f"queue {queue.name}" if queue else f"dataset {dataset}"
        key = f"guidelines.text.{dataset}.{queue.id if queue else ''}.{version}"
        st.text_area(f"Guidelines of {plain(name)} (Markdown)", text, key=key, height=260, max_chars=MOST_CHARACTERS)

        def save() -> None:
            services().comments.write_guidelines(st.session_state[key], **about, who=who())

        saving = acting(save, say="Saved as a new version.")
        st.button("Save guidelines", key="guidelines.save", type="primary", **saving)

"""Comments on a dialogue and its turns, and the guidelines beside it."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Queue
from diaforge_core.services.comments import MOST_CHARACTERS, Comment

from .remarks import Remarks
from .wiring import acting, services, who
from .wording import ago, exact, formatted, plain


def _head(comment: Comment, about: str) -> tuple[str, dt.datetime]:
    changed = ", changed" if comment.changed else ""
    caption = f"**{plain(comment.who, 24)}** · {about}, version {comment.version} · {ago(comment.when)}{changed}"
    return caption, comment.changed or comment.when


COMMENTS = Remarks[Comment](
    word="comment",
    record="dialogue",
    icon=":material/chat_bubble:",
    key="comment",
    deleted="Deleted; its words stay in the history.",
    keeper=lambda: services().comments,
    head=_head,
)


def comments(dialogue: Dialogue, turn: int) -> None:
    """The comments, oldest first, and a box to add one on the dialogue or on the selected turn."""
    COMMENTS.draw(dialogue.id, turn, services().comments.of(dialogue.id, who()))


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

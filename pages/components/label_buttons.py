"""The labels of turns as buttons with their keys and as chips, on every page that has them."""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st

from .wiring import services, who
from .wording import plain

KEYS = 9


def may_label() -> bool:
    """Whether this reader labels turns; says who does where not."""
    allowed = services().people.may(who(), "label")
    if not allowed:
        st.caption("Reviewers label turns.")
    return allowed


def buttons(
    key: str, own: Collection[str], toggle: Callable[[str], Callable[[], None]], disabled: bool = False
) -> None:
    """A button a label with its key, those in `own` marked; `toggle` gives what a press on one does."""
    with st.container(horizontal=True, gap="xsmall"):
        for place, label in enumerate(services().labels.all()):
            on = label.id in own
            st.button(
                plain(label.name),
                key=f"{key}.{label.id}",
                icon=":material/check:" if on else None,
                type="primary" if on else "secondary",
                shortcut=str(place + 1) if place < KEYS else None,
                help=plain(label.meaning) or None,
                disabled=disabled,
                on_click=toggle(label.id),
            )


def chip(name: str, people: int) -> str:
    """A label that so many people put, as Markdown."""
    number = f" ×{people}" if people > 1 else ""
    return f":violet-badge[:material/label: {plain(name)}{number}]"

"""What a list is narrowed by, each a chip that takes it away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from .wording import plain


@dataclass(frozen=True, slots=True)
class Given:
    """One thing that narrows a list."""

    part: str
    value: str
    title: str
    """What people call the part."""
    words: str
    """What they call the value."""
    drop: Callable[[], None]
    """Takes it away."""


def given_chips(key: str, given: Sequence[Given], clear: Callable[[], None]) -> None:
    """Draw the chips, and a button that takes all away where there are several; nothing where there is none."""
    if not given:
        return
    with st.container(horizontal=True, gap="xsmall", key=f"{key}.given"):
        for each in given:
            st.button(
                f"{each.title}: {plain(each.words, 40)}",
                key=f"{key}.drop.{each.part}.{each.value}",
                icon=":material/close:",
                help="Take this away",
                on_click=each.drop,
            )
        if len(given) > 1:
            st.button("Clear all", key=f"{key}.clear", type="tertiary", on_click=clear)

"""What the Review page remembers of a reader: the dialogue on screen, and the dialog that is open over it."""

from __future__ import annotations

import streamlit as st

OPEN = "review.dialog"
"""Session key: which dialog is open, as (dialogue id, kind, turn)."""


def on_screen() -> str | None:
    """The dialogue that the link names; None for none."""
    return st.query_params.get("dialogue")


def show(dialogue_id: str | None) -> None:
    """Bring a dialogue on screen at the next drawing, with no turn of it chosen."""
    if "turn" in st.query_params:
        del st.query_params["turn"]
    if dialogue_id:
        st.query_params["dialogue"] = dialogue_id
    elif "dialogue" in st.query_params:
        del st.query_params["dialogue"]
    close_dialog()


def open_dialog(dialogue_id: str, kind: str, turn: int = -1) -> None:
    """Open a dialog, and stay with this dialogue though an edit may take it out of the list."""
    st.query_params["dialogue"] = dialogue_id
    st.session_state[OPEN] = (dialogue_id, kind, turn)


def opened(dialogue_id: str) -> tuple[str, int] | None:
    """Kind and turn of the dialog that is open over this dialogue; None if none is."""
    found = st.session_state.get(OPEN)
    return (found[1], found[2]) if found and found[0] == dialogue_id else None


def close_dialog() -> None:
    """No dialog is open any more."""
    st.session_state.pop(OPEN, None)

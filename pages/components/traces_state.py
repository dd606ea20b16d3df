"""What the link of the Traces page remembers besides the filter: the trace, its turn, and where the list stands."""

from __future__ import annotations

import streamlit as st

from .wiring import put_query

TRACE, FIRST, TURN = "trace", "from", "turn"
"""Query parameters: the trace that is read, the first one of the page of the list, the selected turn from 1."""


def on_screen() -> str | None:
    """Id of the trace that the link names; None for none."""
    return st.query_params.get(TRACE)


def page_from() -> str | None:
    """Id of the trace with which the page of the list begins; None for the first page.

    A link that names a trace and no page shows the list from that trace on.
    """
    return st.query_params.get(FIRST)


def show(trace_id: str | None) -> None:
    """Bring a trace on screen at the next drawing, with no turn of it chosen."""
    put_query(TRACE, trace_id)
    put_query(TURN, None)


def turn_page(first: str | None = None) -> None:
    """Let the list begin with this trace, or at its head."""
    put_query(FIRST, first)


def select(trace_id: str, turn: int) -> None:
    """Choose a turn; it stands in the link from then on, with its trace."""
    put_query(TRACE, trace_id)
    put_query(TURN, str(turn + 1))


def selected(turns: int, otherwise: int) -> int:
    """Index of the turn that labels and notes are about: the one of the link, else another."""
    linked = st.query_params.get(TURN, "")
    asked = int(linked) - 1 if linked.isdecimal() else otherwise
    return min(max(asked, 0), turns - 1)

"""The list of the Traces page: a page of rows, its pager, and the keys that lead from trace to trace."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from diaforge_core.services.traces import Filters, Window

from . import traces_tools
from .palette import OUTCOMES, look
from .traces_state import page_from, select, show, turn_page
from .wiring import services
from .wording import clip, count

PAGE = 50
"""Rows of a page."""
HEIGHT = 290
KEYS = {
    "←": "the trace before in the list",
    "→": "the one after it",
    "J": "select the turn after",
    "K": "select the turn before",
    "1 … 9": "put a label on the selected turn, or take it off",
}
_SHOWN = ("outcome", "opening", "goal_tool", "called", "tier", "model", "assistant_turns", "tokens", "seconds", "run")


def window(filters: Filters, order: str) -> Window:
    """The page of the list that the link asks for."""
    return services().traces.window(filters, order, page_from(), PAGE)


def table(page: Window, filters: Filters, order: str, here: str | None) -> None:
    """Draw the page with its pager; the trace on screen is the selected row, and choosing a row brings it there."""
    frame, ids = page.rows, list(page.rows["id"])
    key = f"traces.table.{ids[0]}.{order}.{sorted(map(str, filters.items()))}"
    chosen = [ids.index(here)] if here in ids else []
    st.session_state[key] = {"selection": {"rows": chosen, "columns": [], "cells": []}}

    def choose() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        show(ids[rows[0]] if rows and rows[0] < len(ids) else here)

    shown = frame.assign(
        outcome=[look(OUTCOMES, str(value)).word for value in frame["outcome"]],
        opening=[clip(value, 110) for value in frame["opening"]],
    )
    st.dataframe(
        shown,
        key=key,
        hide_index=True,
        height=HEIGHT,
        on_select=choose,
        selection_mode="single-row",
        column_order=_SHOWN,
        column_config={
            "outcome": st.column_config.TextColumn("Outcome", width=125),
            "opening": st.column_config.TextColumn("Opening", width=330),
            "goal_tool": st.column_config.TextColumn("Goal tool", width=150),
            "called": st.column_config.TextColumn("Called", width=150),
            "tier": st.column_config.TextColumn("Tier", width=80),
            "model": st.column_config.TextColumn("Model", width=140),
            "assistant_turns": st.column_config.NumberColumn("Turns", width=65, help="Assistant turns"),
            "tokens": st.column_config.NumberColumn("Tokens", width=75, help="Written by models", format="localized"),
            "seconds": st.column_config.NumberColumn("Seconds", width=80, format="%.1f"),
            "run": "Run",
        },
    )
    _pager(page, filters, order)


def _pager(page: Window, filters: Filters, order: str) -> None:
    first, rows = str(page.rows["id"].iloc[0]), len(page.rows)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{page.start + 1:,}–{page.start + rows:,} of {count(page.total, 'trace')}", width="content")
        st.button(
            "First page",
            key="traces.first",
            icon=":material/first_page:",
            type="tertiary",
            disabled=page.start == 0,
            on_click=turn_page,
        )
        st.button(
            "Previous page",
            key="traces.before",
            icon=":material/chevron_left:",
            type="tertiary",
            disabled=page.start == 0,
            on_click=_page_before,
            args=(filters, order, first),
        )
        st.button(
            "Next page",
            key="traces.after",
            icon=":material/chevron_right:",
            type="tertiary",
            disabled=page.after is None,
            on_click=turn_page,
            args=(page.after,),
        )
        traces_tools.export_box(filters, page.total)


def _page_before(filters: Filters, order: str, first: str) -> None:
    turn_page(services().traces.beside(filters, order, first, "before", PAGE))


def keys(page: Window, filters: Filters, order: str, here: str, turns: int, turn: int) -> None:
    """The bottom bar: the trace before and after, the turn before and after, and the list of keys."""
    ids = list(page.rows["id"])
    place = page.start + ids.index(here) + 1 if here in ids else None
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(f"{place:,} of {page.total:,}" if place else f"not on this page of {page.total:,}", width="content")
        for label, key, way in (("Previous", "Left", "before"), ("Next", "Right", "after")):
            end = place in ((1,) if way == "before" else (page.total,))
            st.button(
                label,
                key=f"traces.{way}.{here}",
                shortcut=key,
                disabled=end,
                on_click=_step,
                args=(filters, order, here, way, ids),
            )
        for label, key, step in (("Turn up", "K", -1), ("Turn down", "J", 1)):
            st.button(
                label,
                key=f"traces.turn.{here}.{key}",
                type="tertiary",
                shortcut=key,
                disabled=not 0 <= turn + step < turns,
                on_click=select,
                args=(here, turn + step),
            )
        with st.popover("Keys", icon=":material/keyboard:", type="tertiary", key="traces.keys"):
            for name, meaning in KEYS.items():
                st.markdown(f"`{name}` {meaning}")
            st.caption("Keys rest while you type.")


def _step(filters: Filters, order: str, here: str, way: Literal["before", "after"], ids: list[str]) -> None:
    """Bring the neighbour on screen, and its page of the list if it is on another one."""
    target = services().traces.beside(filters, order, here, way)
    if target is None:
        return
    if target not in ids:
        before = services().traces.beside(filters, order, ids[0], "before", PAGE) if way == "before" else None
        turn_page(target if way == "after" else before)
    show(target)


def look_ahead(page: Window, here: str) -> None:
    """Read the next trace of the page in the background."""
    ids = list(page.rows["id"])
    place = ids.index(here) + 1 if here in ids else len(ids)
    if place < len(ids):
        services().traces.look_ahead(ids[place])

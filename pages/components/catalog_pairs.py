"""Lists of pairs: the riskiest, ranked, and true duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from diaforge_core.records.tool import Catalog

from .background import ready
from .catalog_state import LARGE, chosen_row, labels, show_pair
from .wiring import services
from .wording import clip, count


def risky_pairs(catalog: Catalog, floor: float, names: tuple[str, ...] | None = None) -> Sequence[Any] | None:
    """The riskiest pairs that can be told apart, of these tools alone where names are given; None: not known yet."""
    catalogs = services().catalogs
    wait = 60.0 if len(catalog.tools) < LARGE else 1.5
    work = lambda: catalogs.riskiest_among(catalog.name, names, floor=floor)  # noqa: E731
    return ready(("riskiest", catalog.version, floor, names), work, wait)


def pairs_table(catalog: Catalog, pairs: Sequence[Any] | None, name: str, height: int = 440) -> None:
    """Pairs with closeness and risk, marked where pinned; one that is chosen is brought side by side."""
    if pairs is None:
        still("Still looking for the riskiest pairs.")
        return
    if not pairs:
        st.info("No two tools are this close. A lower closeness finds more.", icon=":material/search_off:")
        return
    key = f"pairs.{name}.{catalog.version}"
    pinned, called = set(catalog.pinned), labels(catalog)
    rows = [
        (
            called[pair.a],
            called[pair.b],
            pair.risk,
            pair.closeness,
            "pinned" if (min(pair.a, pair.b), max(pair.a, pair.b)) in pinned else "",
        )
        for pair in pairs
    ]
    st.dataframe(
        pd.DataFrame(rows, columns=["a", "b", "risk", "closeness", "mark"]),
        key=key,
        hide_index=True,
        column_order=("risk", "a", "b", "closeness", "mark"),
        height=min(height, 37 + 33 * len(rows)),
        selection_mode="single-row",
        on_select=lambda: _beside(key, pairs),
        column_config={
            "a": st.column_config.TextColumn("Tool", width=150),
            "b": st.column_config.TextColumn("Mistaken for", width=150),
            "risk": st.column_config.NumberColumn(
                "Risk", width=48, format="%.2f", help="Closeness × harm of the worse of the two, 0 to 1"
            ),
            "closeness": st.column_config.NumberColumn("Close", format="%.2f", width=50),
            "mark": st.column_config.TextColumn("Rule", width=55, help="Pinned: always offered beside each other"),
        },
    )


@st.fragment(run_every=3)
def still(what: str) -> None:
    """A line on work that goes on beside the page, which is drawn anew after a while to look again."""
    st.info(what, icon=":material/hourglass_top:")
    again = f"still.{what}"
    st.session_state[again] = st.session_state.get(again, 0) + 1
    if st.session_state[again] % 2 == 0:
        st.rerun()


def _beside(key: str, pairs: Sequence[Any]) -> None:
    row = chosen_row(key)
    if row is not None and row < len(pairs):
        show_pair(pairs[row].a, pairs[row].b)


def duplicates_table(catalog: Catalog, height: int = 400) -> None:
    """Groups of tools that nothing a user could say tells apart; one that is chosen is brought side by side."""
    catalogs = services().catalogs
    wait = 60.0 if len(catalog.tools) < LARGE else 0.3
    found = ready(("duplicates", catalog.version), lambda: catalogs.duplicates(catalog.name), wait)
    if found is None:
        still("Still looking for duplicates.")
        return
    if not found:
        st.success("Every two tools can be told apart by a question.", icon=":material/check_circle:")
        return
    inside = sum(len(group.tools) for group in found)
    st.caption(
        f"{count(inside, 'tool')} in {count(len(found), 'group')} that no question to a user tells apart, so they are "
        "never offered beside each other. Choose a group to compare its first two."
    )
    key = f"duplicates.{catalog.version}"
    shown, called = found[:500], labels(catalog)
    st.dataframe(
        pd.DataFrame(
            {
                "tools": [", ".join(called[name] for name in group.tools) for group in shown],
                "n": [len(group.tools) for group in shown],
                "why": [clip(group.why, 200) for group in shown],
            }
        ),
        key=key,
        hide_index=True,
        height=min(height, 37 + 33 * len(shown)),
        selection_mode="single-row",
        on_select=lambda: _first_two(key, shown),
        column_config={
            "tools": st.column_config.TextColumn("Alike", width=240),
            "n": st.column_config.NumberColumn("Tools", width=50),
            "why": st.column_config.TextColumn("Why"),
        },
    )


def _first_two(key: str, groups: Sequence[Any]) -> None:
    row = chosen_row(key)
    if row is not None and row < len(groups):
        show_pair(groups[row].tools[0], groups[row].tools[1])

"""The difference of two versions of a catalog."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from .text_diff import marked_words
from .wiring import services
from .wording import clip, count, plain

MOST_REWORDED = 12
"""Reworded tools whose texts are shown; the rest stand in the table."""


def difference_view(name: str, old_version: str, new_version: str, key: str) -> None:
    """Tools added, removed and changed between two versions; changed words are marked in red-brown and shown."""
    found = services().catalogs.difference(name, old_version, new_version)
    if not found:
        st.caption("Nothing is different between these two.")
        return
    old, new = services().catalogs.get(name, old_version), services().catalogs.get(name, new_version)
    st.markdown(f"{plain(found.summary[:1].upper() + found.summary[1:])}.")
    rows = [("added", new.tool(tool).original_name, "") for tool in found.added]
    rows += [("removed", old.tool(tool).original_name, "") for tool in found.removed]
    rows += [
        ("reworded" if change.reworded else "changed", new.tool(change.name).original_name, ", ".join(change.fields))
        for change in found.changed
    ]
    rows += [
        ("pair", f"{pair.a} beside {pair.b}", f"{pair.before or 'no rule'} → {pair.after or 'no rule'}")
        for pair in found.pairs
    ]
    rows.sort(key=lambda row: row[0] != "reworded")
    st.dataframe(
        pd.DataFrame(
            [(what, clip(tool, 120), clip(fields, 120)) for what, tool, fields in rows], columns=["w", "t", "f"]
        ),
        key=f"difference.{key}",
        hide_index=True,
        height=min(280, 37 + 33 * len(rows)),
        column_config={
            "w": st.column_config.TextColumn("What", width=80),
            "t": st.column_config.TextColumn("Tool", width=320),
            "f": st.column_config.TextColumn("Fields", width=260),
        },
    )
    _reworded(name, old_version, new_version, found.reworded)


def _reworded(name: str, old_version: str, new_version: str, tools: tuple[str, ...]) -> None:
    """The texts of reworded tools, before and after: a model trained on the old words now reads others."""
    if not tools:
        return
    old, new = services().catalogs.get(name, old_version), services().catalogs.get(name, new_version)
    st.warning(
        f"{count(len(tools), 'description')} changed since the version before. A model that learned the old words now "
        "reads others: read the new ones first.",
        icon=":material/published_with_changes:",
    )
    for tool in tools[:MOST_REWORDED]:
        after = new.tool(tool)
        before = next(
            (each for each in old.tools if each.name == tool or each.original_name == after.original_name), None
        )
        if before is None or before.text == after.text:
            continue
        with st.expander(plain(after.original_name, 100)):
            left, right = st.columns(2)
            left.caption("Before")
            left.markdown(marked_words(before.text, after.text))
            right.caption("After")
            right.markdown(marked_words(after.text, before.text))

"""The History tab: who changed what and when, the difference of any two versions, restore and export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from diaforge_core.records.tool import Catalog

from .catalog_diff import difference_view
from .catalog_state import chosen_row
from .wiring import acting, services, who
from .wording import ago, clip, count

EXPORTS = {
    "openapi": ("OpenAPI", "A document for API tools"),
    "openai": ("OpenAI tools", "The list that chat models take"),
    "mcp": ("MCP", "A tools/list answer"),
}
KINDS = {"import": "import", "edit": "edit", "restore": "back", "archive": "archived"}


def history_tab(catalog: Catalog) -> None:
    """Versions with who and when, the difference of two of them, restoring one, and the export of the current one."""
    _export(catalog)
    rows = services().catalogs.history(catalog.name)
    st.markdown("##### Versions")
    st.caption("An import is never overwritten: each edit is a new version. Choose one to see what it changed.")
    key = f"history.{catalog.name}.{rows[0].seq}"
    st.dataframe(
        pd.DataFrame(
            [
                (ago(r.moment), KINDS[r.kind], clip(r.note, 200), clip(r.who, 40), r.tools, r.version[:8], r.moment)
                for r in rows
            ],
            columns=["ago", "kind", "note", "who", "tools", "version", "moment"],
        ),
        key=key,
        hide_index=True,
        height=min(320, 37 + 33 * len(rows)),
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "ago": st.column_config.TextColumn("When", width=90),
            "kind": st.column_config.TextColumn("Kind", width=65),
            "note": st.column_config.TextColumn("What", width=360),
            "who": st.column_config.TextColumn("Who", width=80),
            "tools": st.column_config.NumberColumn("Tools", width=60),
            "version": st.column_config.TextColumn("Version", width=80),
            "moment": st.column_config.DatetimeColumn("UTC", width=140, format="YYYY-MM-DD HH:mm:ss"),
        },
    )
    if len(rows) > 1:
        _compare(catalog, rows, chosen_row(key))


def _export(catalog: Catalog) -> None:
    """Buttons that give the current version as a document; importing it again gives the same tools."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Export** {count(len(catalog.tools), 'tool')} as")
        for form, (label, about) in EXPORTS.items():
            st.download_button(
                label,
                lambda form=form: services().catalogs.export(catalog.name, form),
                file_name=f"{catalog.name}-{form}.json",
                mime="application/json",
                key=f"export.{form}.{catalog.version}",
                icon=":material/download:",
                on_click="ignore",
                help=f"{about}; importing it again gives the same tools.",
            )


def _compare(catalog: Catalog, rows: Sequence[Any], chosen: int | None) -> None:
    """The difference of two versions; a version that is chosen in the table is compared with the one before it."""
    labels = {row.seq: f"{clip(row.note or row.kind, 60)} · {row.version[:8]} · {ago(row.moment)}" for row in rows}
    seqs = list(labels)
    new = chosen if chosen is not None else 0
    old = min(new + 1, len(seqs) - 1)
    by_seq = {row.seq: row for row in rows}
    st.markdown("##### What is different")
    left, right = st.columns(2)
    own = f"{catalog.name}.{seqs[0]}.{new}"
    before = left.selectbox("From", seqs, index=old, format_func=labels.__getitem__, key=f"from.{own}")
    after = right.selectbox("To", seqs, index=new, format_func=labels.__getitem__, key=f"to.{own}")
    difference_view(catalog.name, by_seq[before].version, by_seq[after].version, f"{own}.{before}.{after}")
    target = by_seq[after]
    if target.version != catalog.version:
        st.button(
            f"Go back to {target.version[:8]}",
            icon=":material/settings_backup_restore:",
            key=f"restore.{own}.{after}",
            help="Makes this version current again, as a new line of the history.",
            **acting(
                lambda: services().catalogs.restore(catalog.name, target.version, who=who()),
                say=f"Back to version {target.version[:8]}.",
            ),
        )

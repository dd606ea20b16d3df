"""The Import report tab: what was read, what was not, what changed since the import before, and what to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from diaforge_core.records.tool import Catalog, Skipped

from .background import ready
from .catalog_diff import difference_view
from .catalog_pairs import duplicates_table, still
from .catalog_state import LARGE, chosen_row, show_tool
from .palette import SIDE_EFFECTS, look
from .wiring import services
from .wording import clip, count, plain


def report_tab(catalog: Catalog) -> None:
    """Counts by kind, what was skipped and why, changes since the last import, suspicious texts, duplicates."""
    report = services().catalogs.report(catalog.name)
    _counts(report)
    _skipped(catalog.name, report)
    _since(catalog.name)
    st.markdown("##### Texts to look at before a model does")
    _suspicious(catalog)
    st.markdown("##### Duplicates")
    duplicates_table(catalog, height=320)


def _counts(report: Any) -> None:
    left, right = st.columns(2, gap="medium")
    with left.container(border=True, height="stretch"):
        st.markdown(f"**{count(report.tools, 'operation')} read, by kind**")
        _bars(report.kinds, str)
    with right.container(border=True, height="stretch"):
        st.markdown("**By what a call does to data**")
        _bars(report.side_effects, lambda effect: look(SIDE_EFFECTS, effect).word)


def _bars(counts: Mapping[str, int], word: Any) -> None:
    total = max(1, sum(counts.values()))
    for kind, number in list(counts.items())[:10]:
        st.progress(number / total, text=f"{plain(word(kind), 40)} · {number:,}")


def _skipped(name: str, report: Any) -> None:
    if not report.skipped:
        st.success(
            f"All {count(report.tools, 'operation')} of {plain(name)} were read.", icon=":material/check_circle:"
        )
    else:
        st.warning(
            f"{count(len(report.skipped), 'operation')} could not be read; the other {report.tools:,} were imported. "
            "Correct these and import again, or leave them out.",
            icon=":material/warning:",
        )
        _places(report.skipped, f"skipped.{name}")
    if report.remarks:
        st.caption(f"{count(len(report.remarks), 'more place')} of the documents hold no tool, which is no fault:")
        _places(report.remarks, f"remarks.{name}")


def _places(rows: Sequence[Skipped], key: str) -> None:
    st.dataframe(
        pd.DataFrame([(clip(s.where, 160), clip(s.why, 300)) for s in rows], columns=["Where", "Why"]),
        key=key,
        hide_index=True,
        height=min(280, 37 + 33 * len(rows)),
        column_config={"Where": st.column_config.TextColumn(width=260), "Why": st.column_config.TextColumn(width=520)},
    )


def _since(name: str) -> None:
    """What the last import changed against the one before, and the edits that it could not keep."""
    imports = [row for row in services().catalogs.history(name) if row.kind == "import"]
    if len(imports) < 2:
        return
    newest, before = imports[0], imports[1]
    st.markdown("##### Changed by the last import")
    if "edits lost" in newest.note:
        st.warning(plain(newest.note), icon=":material/edit_off:")
    difference_view(name, before.imported, newest.imported, f"since.{newest.seq}")


def _suspicious(catalog: Catalog) -> None:
    """Every suspicious text with what is hidden in it written out; one that is chosen opens its tool."""
    catalogs = services().catalogs
    wait = 60.0 if len(catalog.tools) < LARGE else 0.3
    found = ready(("suspicions", catalog.version), lambda: catalogs.suspicions(catalog.name), wait)
    if found is None:
        still("Still reading all texts.")
        return
    rows = [(name, each) for name, all_of_it in found.items() for each in all_of_it]
    if not rows:
        st.success("No text speaks to the model, hides characters or links elsewhere.", icon=":material/check_circle:")
        return
    st.caption(f"{count(len(found), 'tool')} with text that speaks to a model, is hidden, or links elsewhere.")
    _suspicious_table(catalog, rows[:500])


def _suspicious_table(catalog: Catalog, rows: Sequence[tuple[str, Any]]) -> None:
    key = f"suspicious.{catalog.version}"
    st.dataframe(
        pd.DataFrame(
            [
                (clip(catalog.tool(name).original_name, 80), each.kind, clip(each.where, 60), clip(each.excerpt, 300))
                for name, each in rows
            ],
            columns=["tool", "kind", "where", "text"],
        ),
        key=key,
        hide_index=True,
        height=min(280, 37 + 33 * len(rows)),
        selection_mode="single-row",
        on_select=lambda: _open(key, [name for name, _ in rows]),
        column_config={
            "tool": st.column_config.TextColumn("Tool", width=180),
            "kind": st.column_config.TextColumn("What", width=90),
            "where": st.column_config.TextColumn("Where", width=120),
            "text": st.column_config.TextColumn("Text", width=420),
        },
    )


def _open(key: str, names: Sequence[str]) -> None:
    row = chosen_row(key)
    if row is not None and row < len(names):
        show_tool(names[row])

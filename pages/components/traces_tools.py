"""What can be done with all that the Traces page shows: sums, files, and questions in SQL."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import cast

import streamlit as st

from diaforge_core.services.trace_exports import MOST_IN_MEMORY, SUFFIXES, TraceFormat
from diaforge_core.services.traces import Filters

from . import charts, wiring
from .wiring import services
from .wording import clip, count

FORMS = {"jsonl": "A trace a line (JSONL)", "parquet": "Columns (Parquet)", "inspect": "Inspect log (`inspect view`)"}
SUMS = {
    "model": "Model",
    "tier": "Tier",
    "run": "Run",
    "candidates": "Candidates",
    "closeness": "Closest candidate",
    "dial": "Behaviour",
    "fault": "Whose fault",
    "goal_tool": "Goal tool",
    "called": "Called tool",
}
MOST_BARS = 12
"""Values with a bar of their own; the most frequent."""
QUERY = "SELECT model, outcome, count(*) AS n FROM traces GROUP BY ALL ORDER BY model, n DESC"


def export_box(filters: Filters, total: int) -> None:
    """All that the filter shows as a file of a chosen form; it is written when the button is pressed."""
    box = st.popover("Export", icon=":material/download:", key="traces.export", on_change="rerun", width="content")
    if not box.open:
        return
    with box:
        form = cast(TraceFormat, st.radio("As", list(FORMS), format_func=wiring.words_of(FORMS), key="traces.form"))
        if total > MOST_IN_MEMORY:
            st.caption(f"{count(total, 'trace')} are too many for a download (limit {MOST_IN_MEMORY:,}). Write a file:")
            st.code(_command(filters, form), language=None, wrap_lines=True)
            return
        st.caption(f"{count(total, 'trace')}, newest first.")
        st.download_button(
            "Download",
            partial(services().trace_exports.content, filters, form),
            file_name=f"traces.{SUFFIXES[form]}",
            mime="application/octet-stream",
            key=f"traces.download.{form}",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )


def _command(filters: Filters, form: TraceFormat) -> str:
    """The line that writes the same file."""
    given = [(part, value) for part, some in filters.items() for value in (some if isinstance(some, list) else [some])]
    where = "".join(f" --where {_quoted(f'{part}={value}')}" for part, value in given)
    return f"python -m diaforge_core traces export --out traces.{SUFFIXES[form]} --format {form}{where}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def sums(filters: Filters) -> None:
    """How the conversations of the list ended, by one part, as bars that each sum to 100 %."""
    box = st.expander("Outcomes by …", icon=":material/bar_chart:", key="traces.sums", on_change="rerun")
    if not box.open:
        return
    with box:
        part = wiring.linked(st.pills, "By", list(SUMS), "by", "model", format_func=wiring.words_of(SUMS))
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        for row in services().traces.tally(part, filters).to_dict("records"):
            counts[clip(row["value"], 40) or "none"][str(row["outcome"])] = int(row["traces"])
        most = sorted(counts, key=lambda value: -sum(counts[value].values()))[:MOST_BARS]
        shown = {value: counts[value] for value in counts if value in most}
        charts.draw(charts.outcome_bar(shown), f"traces.sums.{part}", f"Outcomes by {SUMS[part].lower()}, as shares")
        if len(counts) > MOST_BARS:
            st.caption(f"The {MOST_BARS} most frequent of {len(counts):,}.")


def sql_box() -> None:
    """A read-only query over all traces."""
    box = st.expander("Ask in SQL", icon=":material/database:", key="traces.sql.box", on_change="rerun")
    if not box.open:
        return
    with box:
        st.caption(
            "Tables: traces, turns, runs. The query reads a locked copy of them in a file beside the database and is "
            "stopped after 10 s; nothing can be changed. What was added since the last query is copied first, so the "
            "first one takes longest: about 20 s for a million traces."
        )
        with st.form("traces.sql", border=False):
            query = st.text_area("Query", QUERY, key="traces.query", height=100)
            asked = st.form_submit_button("Run", icon=":material/play_arrow:")
        if asked:
            with wiring.guarded(), st.spinner("Bringing the copy up to date, then asking …"):
                frame = services().traces.sql(query)
                st.caption(count(len(frame), "row"))
                st.dataframe(frame, hide_index=True)

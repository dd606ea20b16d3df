"""The left of the Review page: filters, the queue around the dialogue on screen, and the export."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import cast

import streamlit as st

from diaforge_core.records.queue import Queue
from diaforge_core.services.datasets import ShownState
from diaforge_core.services.exports import Format, file_name

from . import wiring
from .bulk_panel import bulk_button
from .palette import STATES
from .review_state import show
from .wiring import services
from .wording import clip, count, plain

AROUND = 9
"""Rows of the queue on screen."""
EXPORTS = {
    "trl": "Hugging Face, TRL (JSONL)",
    "trl-parquet": "Hugging Face, TRL (Parquet)",
    "openai": "OpenAI fine-tuning",
    "sharegpt": "LLaMA-Factory (ShareGPT)",
    "dpo": "Preference pairs (DPO)",
    "corpus": "The paper's corpus",
    "dialogues": "DiaForge itself",
    "csv": "Spreadsheet (CSV)",
}
MIMES = {"trl-parquet": "application/vnd.apache.parquet", "csv": "text/csv"}
"""Of the forms that are no JSON lines."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What the queue shows."""

    dataset: str
    state: ShownState | None
    text: str


def filters(datasets: list[str]) -> Filters:
    """Draw dataset, state chips and text search; all three are in the link."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = wiring.pick("Dataset", datasets, "dataset", width=170)
        info = services().datasets.info(dataset)
        numbers = {
            "pending": info.pending,
            "failed": info.failed,
            "flagged": info.flagged,
            "accepted": info.accepted,
            "rejected": info.rejected,
            "all": info.dialogues,
        }
        words = {"failed": "failed", "all": "all"} | {state: look.word for state, look in STATES.items()}
        state = wiring.linked(
            st.pills,
            "Show",
            list(numbers),
            "state",
            "pending" if info.pending else "all",
            format_func=lambda value: f"{words[value]} {numbers[value]}",
        )
        text = st.text_input(
            "Search", key="text", bind="query-params", placeholder="words said", icon=":material/search:", width=150
        )
    return Filters(dataset, None if state == "all" else cast(ShownState, state), text.strip())


def filters_of(queue: Queue) -> Filters:
    """What a queue shows."""
    return Filters(queue.filter.dataset, queue.filter.state, queue.filter.text)


def current(ids: list[str]) -> str | None:
    """The dialogue that the link names, else the first of the queue; None if there is neither."""
    asked = st.query_params.get("dialogue")
    return asked or (ids[0] if ids else None)


def nothing_left(filters: Filters) -> None:
    """Why the queue is empty, and the way on."""
    words = "match these words" if filters.text else "are left in this list"
    with st.container(border=True):
        st.markdown(f":material/inbox: No dialogues {words}.")
        if services().datasets.info(filters.dataset).kept:
            wiring.link(wiring.TRAIN, "Train on what was kept", dataset=filters.dataset)
            export_box(filters.dataset)
        wiring.link(wiring.GENERATE, "Generate more")


def queue(filters: Filters, ids: list[str], here: str) -> None:
    """The part of the queue around the dialogue on screen."""
    place = ids.index(here) if here in ids else 0
    position = f"**{place + 1}** of {len(ids):,}" if here in ids else f"not among these {len(ids):,}"
    st.markdown(position)
    start = max(0, min(place - AROUND // 2, len(ids) - AROUND))
    frame = services().datasets.dialogues(
        filters.dataset, state=filters.state, text=filters.text, offset=start, limit=AROUND
    )
    for row in frame.to_dict("records"):
        look = STATES.get(row["state"])
        icon = look.icon if look else "priority_high"
        st.button(
            plain(clip(row["opening"], 24)),
            key=f"queue.{row['id']}",
            icon=f":material/{icon}:",
            type="secondary" if row["id"] == here else "tertiary",
            on_click=show,
            args=(row["id"],),
        )
    bulk_button(ids, here)
    export_box(filters.dataset)


def export_box(dataset: str) -> None:
    """The dialogues as a file of a chosen form, and its card; each is written when its button is pressed."""
    kept = services().datasets.info(dataset).kept
    exports = services().exports
    box = st.popover(
        "Export", icon=":material/download:", key=f"export.{dataset}", disabled=not kept, on_change="rerun"
    )
    if not box.open:
        return
    with box:
        wiring.link(wiring.GENERATE, "How varied it is, and its card", view="Variety", dataset=dataset)
        form = cast(Format, st.radio("For", list(EXPORTS), format_func=wiring.words_of(EXPORTS), key="review.export"))
        st.caption(
            "Every dialogue, and what was decided on it."
            if form == "csv"
            else f"{count(kept, 'dialogue')} that passed every check and that nobody rejected."
        )
        name = file_name(dataset, form)
        st.download_button(
            "Download",
            partial(exports.content, dataset, form),
            file_name=name,
            mime=MIMES.get(form, "application/jsonl"),
            key=f"export.{dataset}.{form}",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )
        st.download_button(
            "Download its card",
            partial(exports.card, dataset, form),
            file_name=f"{name}.md",
            mime="text/markdown",
            key=f"export.{dataset}.{form}.card",
            icon=":material/description:",
            on_click="ignore",
        )

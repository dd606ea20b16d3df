"""The left of the Review page: the queue around the dialogue on screen, and the export."""

from __future__ import annotations

from functools import partial
from typing import cast

import streamlit as st

from diaforge_core.records.queue import Filter
from diaforge_core.services.exports import Format, file_name
from diaforge_core.services.finding import Place

from . import wiring
from .bulk_panel import bulk_button
from .palette import STATES
from .review_state import screen
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


def nothing_left(found: Filter) -> None:
    """Why the queue is empty, and the way on."""
    narrowed = found != Filter(dataset=found.dataset, state=found.state)
    words = "match these filters" if narrowed else "are left in this list"
    with st.container(border=True):
        st.markdown(f":material/inbox: No dialogues {words}.")
        if services().datasets.info(found.dataset).kept:
            wiring.link(wiring.TRAIN, "Train on what was kept", dataset=found.dataset)
            export_box(found.dataset)
        wiring.link(wiring.GENERATE, "Generate more")


def queue(found: Filter, place: Place, here: str) -> None:
    """The part of the queue around the dialogue on screen."""
    outside = f"not among these {place.total:,}"
    st.markdown(outside if place.index is None else f"**{place.index + 1:,}** of {place.total:,}")
    for row in place.rows:
        look = STATES.get(row.state)
        icon = look.icon if look else "priority_high"
        st.button(
            plain(clip(row.opening, 24)),
            key=f"queue.{row.id}",
            icon=f":material/{icon}:",
            type="secondary" if row.id == here else "tertiary",
            on_click=screen().show,
            args=(row.id,),
        )
    bulk_button(place.total, here)
    export_box(found.dataset)


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

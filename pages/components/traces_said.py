"""What people say of a trace: labels on the selected turn, and notes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import streamlit as st

from diaforge_core.records.trace import Trace
from diaforge_core.services.trace_notes import TraceLabel, TraceNote

from .label_buttons import buttons, chip, may_label
from .remarks import Remarks
from .traces_state import select
from .wiring import action, services, who
from .wording import ago, plain


def first_labelled(put: Sequence[TraceLabel], label: str) -> int:
    """The first turn with this label; the trace's first turn where it is on none."""
    return min((each.turn for each in put if each.label == label), default=0)


def chips(put: Sequence[TraceLabel], notes: Sequence[TraceNote]) -> dict[int, str]:
    """Turn → its labels, with how many people put each, and how many notes it has, as Markdown."""
    names = {label.id: label.name for label in services().labels.all(archived=True)}
    found: dict[int, list[str]] = {}
    for turn, label in dict.fromkeys((each.turn, each.label) for each in put):
        people = sum(each.turn == turn and each.label == label for each in put)
        found.setdefault(turn, []).append(chip(names.get(label, label), people))
    for turn in sorted({note.turn for note in notes if note.turn is not None}):
        number = sum(note.turn == turn for note in notes)
        found.setdefault(turn, []).append(f":gray-badge[:material/sticky_note_2: {number}]")
    return {turn: " ".join(parts) for turn, parts in found.items()}


def labels(trace: Trace, turn: int, put: Sequence[TraceLabel]) -> None:
    """A button a label with its key, for the selected turn."""
    st.markdown(f"**Labels of turn {turn + 1}**")
    if not may_label():
        return
    own = {each.label for each in put if (each.turn, each.who) == (turn, who())}
    buttons(f"traces.label.{trace.id}.{turn}", own, lambda label: action(_toggle, trace.id, turn, label))


def _toggle(trace_id: str, turn: int, label: str) -> None:
    """Put the label on or take it off, and stay with the trace though the list may no longer hold it."""
    services().trace_notes.toggle(trace_id, turn, label, who())
    select(trace_id, turn)


def _head(note: TraceNote, about: str) -> tuple[str, dt.datetime]:
    return f"**{plain(note.who, 24)}** · {about} · {ago(note.when)}", note.when


NOTES = Remarks[TraceNote](
    word="note",
    record="trace",
    icon=":material/sticky_note_2:",
    key="traces.note",
    deleted="Deleted.",
    keeper=lambda: services().trace_notes,
    head=_head,
)


def notes(trace: Trace, turn: int, found: Sequence[TraceNote]) -> None:
    """The notes, oldest first, and a box to write one on the trace or on the selected turn."""
    NOTES.draw(trace.id, turn, found, select)

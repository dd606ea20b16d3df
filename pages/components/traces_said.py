"""What people say of a trace: labels on the selected turn, and notes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from diaforge_core.records.trace import Trace
from diaforge_core.services.comments import MOST_CHARACTERS
from diaforge_core.services.trace_notes import TraceLabel, TraceNote

from .traces_state import select
from .wiring import acting, services, who
from .wording import ago, exact, plain

KEYS = 9
EDITED = "traces.note.edited"
"""Session key: id of the note that its author is changing."""


def first_labelled(put: Sequence[TraceLabel], label: str) -> int:
    """The first turn with this label; the trace's first turn where it is on none."""
    return min((each.turn for each in put if each.label == label), default=0)


def chips(put: Sequence[TraceLabel], notes: Sequence[TraceNote]) -> dict[int, str]:
    """Turn → its labels, with how many people put each, and how many notes it has, as Markdown."""
    names = {label.id: label.name for label in services().labels.all(archived=True)}
    found: dict[int, list[str]] = {}
    for turn, label in dict.fromkeys((each.turn, each.label) for each in put):
        people = sum(each.turn == turn and each.label == label for each in put)
        number = f" ×{people}" if people > 1 else ""
        found.setdefault(turn, []).append(f":violet-badge[:material/label: {plain(names.get(label, label))}{number}]")
    for turn in sorted({note.turn for note in notes if note.turn is not None}):
        number = sum(note.turn == turn for note in notes)
        found.setdefault(turn, []).append(f":gray-badge[:material/sticky_note_2: {number}]")
    return {turn: " ".join(parts) for turn, parts in found.items()}


def labels(trace: Trace, turn: int, put: Sequence[TraceLabel]) -> None:
    """A button a label with its key, for the selected turn."""
    st.markdown(f"**Labels of turn {turn + 1}**")
    me = who()
    if not services().people.may(me, "label"):
        st.caption("Reviewers label turns.")
        return
    own = {each.label for each in put if (each.turn, each.who) == (turn, me)}
    with st.container(horizontal=True, gap="xsmall"):
        for place, label in enumerate(services().labels.all()):
            on = label.id in own
            st.button(
                plain(label.name),
                key=f"traces.label.{trace.id}.{turn}.{label.id}",
                icon=":material/check:" if on else None,
                type="primary" if on else "secondary",
                shortcut=str(place + 1) if place < KEYS else None,
                help=plain(label.meaning) or None,
                **acting(_toggle, trace.id, turn, label.id),
            )


def _toggle(trace_id: str, turn: int, label: str) -> None:
    """Put the label on or take it off, and stay with the trace though the list may no longer hold it."""
    services().trace_notes.toggle(trace_id, turn, label, who())
    select(trace_id, turn)


def notes(trace: Trace, turn: int, found: Sequence[TraceNote]) -> None:
    """The notes, oldest first, and a box to write one on the trace or on the selected turn."""
    title = f"Notes ({len(found)})" if found else "Notes"
    with st.expander(title, icon=":material/sticky_note_2:", expanded=bool(found), key=f"traces.notes.{trace.id}"):
        for note in found:
            _note(note)
        _new(trace, turn, len(found))


def _note(note: TraceNote) -> None:
    about = f"turn {note.turn + 1}" if note.turn is not None else "trace"
    with st.container(border=True, gap="xsmall"):
        st.caption(f"**{plain(note.who, 24)}** · {about} · {ago(note.when)}", help=exact(note.when))
        if st.session_state.get(EDITED) == note.id:
            _change(note)
            return
        st.text(note.text)
        if note.who == who():
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Change", key=f"traces.note.change.{note.id}", type="tertiary", on_click=_edit, args=(note.id,)
                )
                delete = acting(services().trace_notes.delete, note.id, who(), say="Deleted.")
                st.button("Delete", key=f"traces.note.delete.{note.id}", type="tertiary", **delete)


def _change(note: TraceNote) -> None:
    key = f"traces.note.text.{note.id}"
    st.text_area("Note", note.text, key=key, max_chars=MOST_CHARACTERS, label_visibility="collapsed")

    def save() -> None:
        services().trace_notes.change(note.id, st.session_state[key], who())

    with st.container(horizontal=True, gap="small"):
        st.button(
            "Save note", key=f"traces.note.save.{note.id}", type="primary", **acting(save, then=lambda: _edit(""))
        )
        st.button("Cancel", key=f"traces.note.cancel.{note.id}", on_click=_edit, args=("",))


def _new(trace: Trace, turn: int, number: int) -> None:
    key = f"traces.note.new.{trace.id}.{number}"
    st.text_area("New note", key=key, max_chars=MOST_CHARACTERS, height=80, placeholder="What should others know?")

    def add(about: int | None) -> None:
        services().trace_notes.add(trace.id, st.session_state[key], about, who())
        select(trace.id, turn)

    with st.container(horizontal=True, gap="small"):
        st.button("On the trace", key=f"traces.note.add.{trace.id}", **acting(add, None))
        st.button(f"On turn {turn + 1}", key=f"traces.note.add_turn.{trace.id}", **acting(add, turn))


def _edit(note_id: str) -> None:
    st.session_state[EDITED] = note_id

"""What people say about traces: notes in words, and labels of turns from the one list of labels."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DataError
from ..records.note import Note
from .comments import checked

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class TraceNote:
    """What a person wrote about a trace or one of its turns."""

    id: str
    text: str
    who: str
    when: dt.datetime
    """UTC; when it was last written."""
    turn: int | None
    """Index into the trace's turns; None for the whole trace."""


@dataclass(frozen=True, slots=True)
class TraceLabel:
    """A label that a person put on a turn."""

    label: str
    """Id of the label."""
    turn: int
    who: str


class TraceNotes:
    """Notes and labels on the traces of one workspace; a trace never changes, so what is said of it stays in place."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def add(self, trace_id: str, text: str, turn: int | None = None, who: str = "") -> TraceNote:
        """The new note; NotAllowed, or DataError for no words or no such trace or turn."""
        self._workspace.people.check(who, "comment")
        note = Note(
            topic="trace_note",
            key=uuid.uuid4().hex[:12],
            text=checked(text),
            dialogue=self._checked(trace_id, turn),
            turn=turn,
            who=who,
            when=dt.datetime.now(dt.UTC),
        )
        self._workspace.notes.put(note)
        return _note(note)

    def change(self, note_id: str, text: str, who: str = "") -> TraceNote:
        """The note with other words; NotAllowed to anybody but its author, DataError if it is gone."""
        return _note(self._say(note_id, who, {"text": checked(text)}))

    def delete(self, note_id: str, who: str = "") -> None:
        """Take a note away; its words stay in the events file. Errors as in `change`."""
        self._say(note_id, who, {"gone": True})

    def of(self, trace_id: str) -> list[TraceNote]:
        """The notes on a trace and its turns, oldest first."""
        return [_note(note) for note in self._workspace.notes.standing("trace_note", "dialogue = ?", [trace_id])]

    def toggle(self, trace_id: str, turn: int, label_id: str, who: str = "") -> bool:
        """Whether the person's label is on the turn now: it is put there, or taken off if it was.

        NotAllowed; DataError for a trace, turn or label that is not there, or an archived label that is to be put on.
        """
        self._workspace.people.check(who, "label")
        label = self._workspace.labels.get(label_id)
        trace_id = self._checked(trace_id, turn)
        with self._workspace.database.lock:
            on = TraceLabel(label_id, turn, who) in self.labels(trace_id)
            if label.archived and not on:
                raise DataError(f"The label '{label.name}' is archived. Bring it back, or take another.")
            self._workspace.notes.put(
                Note(
                    topic="trace_label",
                    key="/".join([trace_id, str(turn), label_id, who]),
                    value=label_id,
                    dialogue=trace_id,
                    turn=turn,
                    gone=on,
                    who=who,
                    when=dt.datetime.now(dt.UTC),
                )
            )
        return not on

    def labels(self, trace_id: str) -> list[TraceLabel]:
        """The labels on a trace's turns, oldest first."""
        notes = self._workspace.notes.standing("trace_label", "dialogue = ?", [trace_id])
        return [TraceLabel(note.value, note.turn or 0, note.who) for note in notes]

    def _checked(self, trace_id: str, turn: int | None) -> str:
        """The trace's own id; DataError if there is no such trace or turn."""
        trace = self._workspace.traces.get(trace_id)
        if turn is not None and not 0 <= turn < len(trace.turns):
            raise DataError(f"Trace {trace_id} has no turn {turn + 1}; it has {len(trace.turns)}.")
        return trace.id

    def _say(self, note_id: str, who: str, parts: dict[str, object]) -> Note:
        return self._workspace.notes.say_anew("trace_note", note_id, who, parts, "note", "Write your own.")


def _note(note: Note) -> TraceNote:
    return TraceNote(note.key, note.text, note.who, note.when, note.turn)

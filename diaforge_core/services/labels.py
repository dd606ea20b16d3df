"""Labels of turns: the list of them, who put which on which turn, and where that turn is now.

A label is put on a turn of one version. When a dialogue is edited, it goes with the turn as long as the turn reads the
same, wherever it has moved to; a label whose turn was changed or taken out stays with the older version and says so.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversation.dialogue_diff import align
from ..errors import DataError
from ..records.dialogue import Turn
from ..records.label import SEED_LABELS, Label
from ..records.note import Note

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class PutLabel:
    """One label that a person put on a turn, seen from the newest version."""

    label: str
    """Id of the label."""
    who: str
    when: dt.datetime
    """UTC."""
    version: int
    """The version that it was put on."""
    turn: int
    """Index into that version's turns."""
    now_turn: int | None
    """Index into the newest version's turns; None where the turn was changed or taken out since."""


class Labels:
    """The labels of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def all(self, *, archived: bool = False) -> list[Label]:
        """The list in its order; with `archived` those no longer offered too."""
        changed = [Label.model_validate_json(note.text) for note in self._workspace.notes.known("taxonomy")]
        by_id = {label.id: label for label in (*SEED_LABELS, *changed)}
        ordered = sorted(by_id.values(), key=lambda label: (label.place, label.id))
        return [label for label in ordered if archived or not label.archived]

    def get(self, label_id: str) -> Label:
        """One label, archived or not; DataError with the ids there are if there is none of this id."""
        found = {label.id: label for label in self.all(archived=True)}
        if label_id not in found:
            raise DataError(f"There is no label '{label_id}'. Use one of: {', '.join(found)}.")
        return found[label_id]

    def add(self, name: str, meaning: str = "", who: str = "") -> Label:
        """The new label, last in the list; NotAllowed, or DataError for a name that is empty or taken."""
        place = max(label.place for label in self.all(archived=True)) + 1
        return self._define(Label(id=uuid.uuid4().hex[:12], name=name, meaning=meaning, place=place), who)

    def change(
        self, label_id: str, *, name: str | None = None, meaning: str | None = None, archived: bool | None = None,
        place: int | None = None, who: str = "",
    ) -> Label:  # fmt: skip
        """The label with these parts changed; what carries it keeps it. Errors as in `add` and `get`."""
        parts = {"name": name, "meaning": meaning, "archived": archived, "place": place}
        given = {key: value for key, value in parts.items() if value is not None}
        return self._define(Label.model_validate(self.get(label_id).model_dump() | given), who)

    def toggle(self, dialogue_id: str, version: int, turn: int, label_id: str, who: str = "") -> bool:
        """Whether the person's label is on the turn now; it is put there, or taken off if it was.

        NotAllowed; DataError for a version that is not the newest, a turn that is not there, or an archived label
        that is to be put on.
        """
        self._workspace.people.check(who, "label")
        with self._workspace.database.lock:
            newest = self._workspace.review.get(dialogue_id).dialogue
            if version != newest.version or not 0 <= turn < len(newest.turns):
                raise DataError(
                    f"Dialogue {dialogue_id} has no turn {turn + 1} in version {version} to label; version "
                    f"{newest.version} with {len(newest.turns)} turns is the newest. Look at it and label again."
                )
            on = next((put for put in self._own(dialogue_id, label_id, who) if put.now_turn == turn), None)
            if on is None and self.get(label_id).archived:
                raise DataError(f"The label '{self.get(label_id).name}' is archived. Bring it back, or take another.")
            at = (on.version, on.turn) if on else (version, turn)
            self._workspace.notes.put(
                Note(
                    topic="label",
                    key="/".join([dialogue_id, *map(str, at), label_id, who]),
                    value=label_id,
                    dialogue=dialogue_id,
                    version=at[0],
                    turn=at[1],
                    gone=on is not None,
                    who=who,
                    when=dt.datetime.now(dt.UTC),
                )
            )
            return on is None

    def of(self, dialogue_id: str, who: str | None = None) -> list[PutLabel]:
        """What is put on a dialogue's turns, oldest first.

        With `who`, as that person may see it: their own alone while their judgement is to be a blind one.
        """
        notes = self._workspace.notes.standing("label", "dialogue = ?", [dialogue_id])
        if who is not None and notes and self._workspace.opinions.is_blind(dialogue_id, who):
            notes = [note for note in notes if note.who == who]
        if not notes:
            return []
        versions = {dialogue.version: dialogue.turns for dialogue in self._workspace.review.versions(dialogue_id)}
        moves = {version: carried(versions[version], versions[max(versions)]) for version in {n.version for n in notes}}
        return [_put_label(note, moves[note.version]) for note in notes]

    def turns(self, dialogue_id: str, label_id: str, who: str) -> list[int]:
        """Turns of the newest version that carry a label, as `of` shows them to this person."""
        put = self.of(dialogue_id, who)
        return [each.now_turn for each in put if each.label == label_id and each.now_turn is not None]

    def _own(self, dialogue_id: str, label_id: str, who: str) -> list[PutLabel]:
        return [put for put in self.of(dialogue_id) if (put.label, put.who) == (label_id, who)]

    def _define(self, label: Label, who: str) -> Label:
        self._workspace.people.check(who, "taxonomy")
        label = label.model_copy(update={"name": label.name.strip()})
        taken = {other.name.casefold(): other for other in self.all(archived=True) if other.id != label.id}
        if not label.name or label.name.casefold() in taken:
            raise DataError(
                f"A label cannot be called '{label.name}': there is one of that name, archived or not, or it is empty. "
                "Take another name, or bring that one back."
            )
        now = dt.datetime.now(dt.UTC)
        note = Note(topic="taxonomy", key=label.id, text=label.model_dump_json(), who=who, when=now)
        self._workspace.notes.put(note)
        return label


def carried(old: Sequence[Turn], new: Sequence[Turn]) -> dict[int, int]:
    """Old turn → the new turn that reads the same, in order; what a turn took in time and tokens does not count."""
    pairs = align(old, new)
    return {i: j for i, j in pairs if i is not None and j is not None and _read(old[i]) == _read(new[j])}


def _read(turn: Turn) -> Hashable:
    return turn.speaker, turn.thought, turn.reply, turn.call.model_dump_json() if turn.call else ""


def _put_label(note: Note, moves: dict[int, int]) -> PutLabel:
    assert note.turn is not None
    return PutLabel(note.value, note.who, note.when, note.version, note.turn, moves.get(note.turn))

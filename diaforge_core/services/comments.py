"""Comments on dialogues and turns, and the guidelines that stand beside them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DataError
from ..records.note import Note

if TYPE_CHECKING:
    from .workspace import Workspace

MOST_CHARACTERS = 20_000
"""Of a comment or of guidelines; more is a document of its own."""


@dataclass(frozen=True, slots=True)
class Comment:
    """What a person said about a dialogue or one of its turns, as it reads now."""

    id: str
    text: str
    who: str
    when: dt.datetime
    """UTC; when it was first written."""
    changed: dt.datetime | None
    """UTC; None while it stands as first written."""
    version: int
    turn: int | None
    """Index into that version's turns; None for the whole dialogue."""


@dataclass(frozen=True, slots=True)
class Guidelines:
    """One version of how to judge a dataset's or queue's dialogues."""

    text: str
    """Markdown."""
    version: int
    """Counted from 1."""
    who: str
    when: dt.datetime
    """UTC."""


class Comments:
    """The comments and guidelines of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def add(self, dialogue_id: str, text: str, turn: int | None = None, who: str = "") -> Comment:
        """The new comment, on the newest version; NotAllowed, or DataError for no words or no such turn."""
        self._workspace.people.check(who, "comment")
        dialogue = self._workspace.review.get(dialogue_id).dialogue
        if turn is not None and not 0 <= turn < len(dialogue.turns):
            raise DataError(f"Dialogue {dialogue_id} has no turn {turn + 1}; it has {len(dialogue.turns)}.")
        note = Note(
            topic="comment",
            key=uuid.uuid4().hex[:12],
            text=checked(text),
            dialogue=dialogue_id,
            version=dialogue.version,
            turn=turn,
            who=who,
            when=dt.datetime.now(dt.UTC),
        )
        self._workspace.notes.put(note)
        return _comment([note])

    def change(self, comment_id: str, text: str, who: str = "") -> Comment:
        """The comment with other words; NotAllowed to anybody but its author, DataError if it is gone."""
        self._say(comment_id, who, {"text": checked(text)})
        return _comment(self._workspace.notes.history("comment", comment_id))

    def delete(self, comment_id: str, who: str = "") -> None:
        """Take a comment away; its words stay in its history. Errors as in `change`."""
        self._say(comment_id, who, {"gone": True})

    def of(self, dialogue_id: str, who: str | None = None) -> list[Comment]:
        """The comments on a dialogue and its turns, oldest first; with `who` as that person may see them."""
        notes = self._workspace.notes.standing("comment", "dialogue = ?", [dialogue_id])
        if who is not None and notes and self._workspace.opinions.is_blind(dialogue_id, who):
            notes = [note for note in notes if note.who == who]
        made = [_comment(self._workspace.notes.history("comment", note.key)) for note in notes]
        return sorted(made, key=lambda comment: comment.when)

    def history(self, comment_id: str) -> list[Note]:
        """Everything a comment ever said, oldest first, its deletion included."""
        return self._workspace.notes.history("comment", comment_id)

    def guidelines(self, *, dataset: str = "", queue: str = "") -> Guidelines | None:
        """The newest guidelines of a queue, else of its dataset; None where nobody wrote any."""
        keys = [key for key in (_about(queue=queue), _about(dataset=dataset)) if key]
        found = [versions[-1] for versions in map(self._versions, keys) if versions]
        return next((each for each in found if each.text), None)

    def guideline_versions(self, *, dataset: str = "", queue: str = "") -> list[Guidelines]:
        """Every version for a dataset or for a queue, oldest first."""
        return self._versions(_about(dataset=dataset) or _about(queue=queue))

    def write_guidelines(self, text: str, *, dataset: str = "", queue: str = "", who: str = "") -> Guidelines:
        """The new version of a dataset's or queue's guidelines; no text takes them away. NotAllowed, DataError."""
        self._workspace.people.check(who, "guidelines")
        key = _about(dataset=dataset) or _about(queue=queue)
        if not key:
            raise DataError("Guidelines belong to a dataset or to a queue. Name one of them.")
        text = checked(text) if text.strip() else ""
        self._workspace.notes.put(Note(topic="guidelines", key=key, text=text, who=who, when=dt.datetime.now(dt.UTC)))
        return self._versions(key)[-1]

    def _versions(self, key: str) -> list[Guidelines]:
        notes = self._workspace.notes.history("guidelines", key)
        return [Guidelines(note.text, number, note.who, note.when) for number, note in enumerate(notes, 1)]

    def _say(self, comment_id: str, who: str, parts: dict[str, object]) -> None:
        """Say a comment anew with other parts, as its author."""
        self._workspace.notes.say_anew("comment", comment_id, who, parts, "comment", "Answer it instead.")


def _about(dataset: str = "", queue: str = "") -> str:
    """The key of the guidelines of a dataset or queue; empty for neither."""
    return f"dataset/{dataset}" if dataset else f"queue/{queue}" if queue else ""


def checked(text: str) -> str:
    """The trimmed text; DataError if there is none or too much of it."""
    text = text.strip()
    if not text or len(text) > MOST_CHARACTERS:
        raise DataError(f"A text of {len(text):,} characters cannot be kept here: 1 to {MOST_CHARACTERS:,} can.")
    return text


def _comment(notes: list[Note]) -> Comment:
    first, last = notes[0], notes[-1]
    changed = last.when if last is not first else None
    return Comment(last.key, last.text, last.who, first.when, changed, last.version, last.turn)

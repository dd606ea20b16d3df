"""What people write down, first in the events file and then in the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import DataError, NotAllowed
from ..records.note import Note, Topic
from ..records.review import Decision
from ..store import decisions
from ..store import notes as table

if TYPE_CHECKING:
    from .workspace import Workspace


class Notes:
    """The notes of one workspace: written by the services that know what they mean."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[Topic, list[Note]] = {}
        """What stands of the topics that every page asks for and few notes change."""

    def put(self, *notes: Note, follows: Decision | None = None) -> None:
        """Store notes, in this order, and with the last of them the decision that follows from it."""
        database, events = self._workspace.database, self._workspace.events
        with database.lock:
            written = events.note(notes, follows)
            with database.write() as cursor:
                for event, note in zip(written, notes, strict=True):
                    table.apply_note(cursor, event.seq, note)
                decisions.apply(cursor, [(written[-1].seq, follows, None)] if follows else [])
            self._known = {}

    def say_anew(self, topic: Topic, key: str, who: str, parts: Mapping[str, object], word: str, instead: str) -> Note:
        """The note under a key said anew with other parts, as its author.

        NotAllowed to anybody but its author, with what to do `instead`, and to those who may not comment; DataError if
        it is gone. `word` is what such a note is called.
        """
        self._workspace.people.check(who, "comment")
        with self._workspace.database.lock:
            note = self.one(topic, key)
            if note is None:
                raise DataError(f"This {word} was deleted meanwhile. Write it again if it is still worth saying.")
            if note.who != who:
                raise NotAllowed(f"This {word} is {note.who}'s; only its author changes or deletes it. {instead}")
            changed = Note.model_validate(note.model_dump() | dict(parts) | {"when": dt.datetime.now(dt.UTC)})
            self.put(changed)
        return changed

    def one(self, topic: Topic, key: str) -> Note | None:
        """What stands under a key; None for nothing."""
        found = self.standing(topic, "key = ?", [key])
        return found[0] if found else None

    def known(self, topic: Topic) -> list[Note]:
        """All that stands of a topic that is about no dialogue, oldest first; read anew after the next note."""
        found = self._known.get(topic)
        if found is None:
            with self._workspace.database.lock:  # else a note put meanwhile would be missed for good
                found = self._known[topic] = self.standing(topic)
        return found

    def read_anew(self) -> None:
        """Forget what is known: the database was mended behind it."""
        self._known = {}

    def standing(self, topic: Topic, condition: str = "true", values: Sequence[Any] = ()) -> list[Note]:
        """What stands of a topic under an SQL condition on the note's columns, oldest first."""
        return self._read("topic = ? AND stands AND " + condition, [topic, *values])

    def history(self, topic: Topic, key: str) -> list[Note]:
        """Everything ever said under a key, oldest first, the takings away included."""
        return self._read("topic = ? AND key = ?", [topic, key])

    def _read(self, condition: str, values: Sequence[Any]) -> list[Note]:
        rows = self._workspace.database.rows(
            f"SELECT {table.COLUMNS} FROM notes WHERE {condition} ORDER BY seq", values
        )
        return [table.note_of(row) for row in rows]

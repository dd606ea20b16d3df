"""The append-only, hash-chained file of what people decided: it outlives a damaged database."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from ..records.base import Record, canonical_json
from ..records.dialogue import Dialogue
from ..records.note import Note
from ..records.review import Decision


class Event(Record):
    """One line of the file."""

    seq: int
    """Counted from 1 without gaps."""
    kind: Literal["decision", "forget", "note"]
    """`forget`: the dialogues named were taken out of the workspace, decisions and all."""
    decision: Decision | None = None
    dialogue: Dialogue | None = None
    """The new version that an edit, or the undoing of one, made."""
    more: int = 0
    """How many further lines belong to the same act; a file that ends before them was cut in the middle of it."""
    forgotten: tuple[str, ...] = ()
    note: Note | None = None
    """What was written down; a decision beside it is the one that follows from it."""
    before: str
    """Hash of the line before; empty in the first."""
    hash: str


class EventLog:
    """The file of one workspace; opened by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notices: list[str] = []
        """What is wrong with the file, for people to read; usually empty."""
        self._last = ""
        self._count = 0
        self._check()

    def decide(self, decision: Decision, dialogue: Dialogue | None = None) -> Event:
        """The event of a decision, on disk before this returns."""
        return self.act([(decision, dialogue)])[0]

    def act(self, entries: Sequence[tuple[Decision, Dialogue | None]]) -> list[Event]:
        """The events of decisions made at one stroke, each with the version it made; on disk before this returns.

        Either all of them are read back or, if the machine stops in between, none.
        """
        last = len(entries) - 1
        return self._append(
            [
                {"kind": "decision", "decision": decision, "dialogue": dialogue, "more": last - place}
                for place, (decision, dialogue) in enumerate(entries)
            ]
        )

    def note(self, notes: Sequence[Note], follows: Decision | None = None) -> list[Event]:
        """The events of notes, the last with the decision that follows from it; all on disk or none, as an act."""
        last = len(notes) - 1
        return self._append(
            [
                {
                    "kind": "note",
                    "note": note,
                    "decision": follows if place == last else None,
                    "more": last - place,
                }
                for place, note in enumerate(notes)
            ]
        )

    def forget(self, dialogues: Sequence[str]) -> None:
        """Note that these dialogues were taken out; does nothing for none."""
        if dialogues:
            self._append([{"kind": "forget", "forgotten": tuple(dialogues)}])

    def events(self) -> Iterator[Event]:
        """Every readable event, in order."""
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                try:
                    yield Event.model_validate_json(line)
                except ValidationError:
                    continue

    def _append(self, parts: Sequence[dict[str, Any]]) -> list[Event]:
        events, last = [], self._last
        for seq, part in enumerate(parts, self._count + 1):
            draft = Event(seq=seq, before=last, hash="", **part)
            events.append(draft.model_copy(update={"hash": _digest(draft.model_dump_json())}))
            last = events[-1].hash
        with self.path.open("ab") as file:
            file.write(b"".join(event.model_dump_json().encode("utf-8") + b"\n" for event in events))
            file.flush()
            os.fsync(file.fileno())
        self._count, self._last = self._count + len(events), last
        return events

    def _check(self) -> None:
        """Follow the chain; cut off what a power cut left unfinished at the end; note what does not fit."""
        if not self.path.exists():
            return
        at = act_at = 0
        finished, before_act = True, (0, "")
        content = self.path.read_bytes()
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            if finished:
                act_at, before_act = at, (self._count, self._last)
            finished = line.endswith(b"\n") and self._follow(number, line)
            at += len(line)
        if not finished:
            self._count, self._last = before_act
            os.truncate(self.path, act_at)
            self.notices.append(
                f"{self.path.name}: the last act was unfinished and was cut off; it was never confirmed."
            )

    def _follow(self, number: int, line: bytes) -> bool:
        """Take one line for the last; whether an act ends with it."""
        try:
            event = Event.model_validate_json(line)
        except ValidationError:
            self.notices.append(f"{self.path.name}: line {number} cannot be read.")
            return True
        if event.before != self._last or event.hash != _digest(line):
            self.notices.append(
                f"{self.path.name}: line {number} does not follow from the line before it; the file was changed "
                "by hand. Restore it from a backup if decisions look wrong."
            )
        self._count, self._last = event.seq, event.hash
        return event.more == 0


def _digest(line: str | bytes) -> str:
    """Hash of an event's content as it is written, the hash of the line before it included, its own left out."""
    content = json.loads(line)
    del content["hash"]
    return hashlib.blake2b(canonical_json(content).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

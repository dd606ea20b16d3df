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
from ..records.review import Decision


class Event(Record):
    """One line of the file."""

    seq: int
    """Counted from 1 without gaps."""
    kind: Literal["decision", "forget"]
    """`forget`: the dialogues named were taken out of the workspace, decisions and all."""
    decision: Decision | None = None
    dialogue: Dialogue | None = None
    """The new version that an edit, or the undoing of one, made."""
    forgotten: tuple[str, ...] = ()
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
        return self._append({"kind": "decision", "decision": decision, "dialogue": dialogue})

    def forget(self, dialogues: Sequence[str]) -> None:
        """Note that these dialogues were taken out; does nothing for none."""
        if dialogues:
            self._append({"kind": "forget", "forgotten": tuple(dialogues)})

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

    def _append(self, parts: dict[str, Any]) -> Event:
        draft = Event(seq=self._count + 1, before=self._last, hash="", **parts)
        event = Event.model_validate(draft.model_dump() | {"hash": _digest(draft)})
        with self.path.open("ab") as file:
            file.write(event.model_dump_json().encode("utf-8") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._count, self._last = event.seq, event.hash
        return event

    def _check(self) -> None:
        """Follow the chain; cut off a last line that a power cut left unfinished; note what does not fit."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        if content and not content.endswith(b"\n"):
            whole = content[: content.rfind(b"\n") + 1]
            os.truncate(self.path, len(whole))
            content = whole
            self.notices.append(
                f"{self.path.name}: the last line was unfinished and was cut off; it was never confirmed."
            )
        for number, line in enumerate(content.splitlines(), 1):
            try:
                event = Event.model_validate_json(line)
            except ValidationError:
                self.notices.append(f"{self.path.name}: line {number} cannot be read.")
                continue
            if event.before != self._last or event.hash != _digest(event):
                self.notices.append(
                    f"{self.path.name}: line {number} does not follow from the line before it; the file was changed "
                    "by hand. Restore it from a backup if decisions look wrong."
                )
            self._count, self._last = event.seq, event.hash


def _digest(event: Event) -> str:
    """Hash of an event's content and of the hash before it."""
    content = json.loads(event.model_dump_json(exclude={"hash"}))
    return hashlib.blake2b(canonical_json(content).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

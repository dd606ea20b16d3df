"""Datasets and runs renamed, archived, deleted and brought back; what is deleted waits thirty days in the bin."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from ..errors import DataError
from ..records.note import Note, Topic
from ..records.run import FINISHED
from ..store import dialogues as dialogue_table
from ..store.notes import in_bin
from .names import clean_name

if TYPE_CHECKING:
    from .workspace import Workspace

Kind = Literal["dataset", "run"]
KEPT_DAYS = 30
"""How long the bin keeps what was put into it."""


@dataclass(frozen=True, slots=True)
class Binned:
    """One thing in the bin."""

    id: str
    kind: Kind
    name: str
    who: str
    when: dt.datetime
    """UTC."""

    @property
    def until(self) -> dt.datetime:
        """UTC; when it is taken out for good."""
        return self.when + dt.timedelta(days=KEPT_DAYS)


class Housekeeping:
    """Order among the datasets and runs of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def rename(self, kind: Kind, name: str, new: str, who: str) -> None:
        """Give a dataset or run another name; what is about it goes along: parts, queues, guidelines, labels.

        NotAllowed; DataError for a name that is taken or cannot be one, or a dataset that is being made.
        """
        self._workspace.people.check(who, "arrange")
        with self._workspace.database.lock:
            key = self._key(kind, name)
            new = clean_name(new, kind)
            if new in self._names(kind):
                raise DataError(f"There is a {kind} '{new}' already. Take another name, or rename that one first.")
            notes = [self._note("title", key, who, value=new)]
            if kind == "dataset":
                self._check_at_rest(name)
                notes += self._moved(name, new, who)
            self._workspace.notes.put(*notes)

    def archive(self, kind: Kind, name: str, who: str, *, archived: bool = True) -> None:
        """Take a dataset or run off the lists, or put it back; everything of it stays and is found by its name."""
        self._workspace.people.check(who, "arrange")
        self._workspace.notes.put(self._note("archive", self._key(kind, name), who, gone=not archived))

    def archived(self, kind: Kind) -> list[str]:
        """Names of archived datasets or runs, by name."""
        keys = {note.key for note in self._workspace.notes.known("archive")}
        return sorted(name for name in self._names(kind) if self._key(kind, name) in keys)

    def remove(self, kind: Kind, name: str, who: str) -> Binned:
        """Put a dataset or a finished run into the bin; `restore` brings it back as it was. NotAllowed, DataError."""
        self._workspace.people.check(who, "remove")
        with self._workspace.database.lock:
            self._key(kind, name)
            note = self._bin_dataset(name, who) if kind == "dataset" else self._bin_run(name, who)
            self._workspace.notes.put(note)
            return _binned(note)

    def bin(self) -> list[Binned]:
        """What is in the bin, the newest first."""
        return [_binned(note) for note in reversed(self._workspace.notes.standing("bin"))]

    def restore(self, binned_id: str, who: str) -> str:
        """The name under which a thing is back from the bin: its own, or with a number where that is taken now.

        NotAllowed; DataError if the bin does not have it.
        """
        self._workspace.people.check(who, "remove")
        with self._workspace.database.lock:
            note = self._workspace.notes.one("bin", binned_id)
            if note is None:
                raise DataError(f"'{binned_id}' is not in the bin: it was brought back, or its {KEPT_DAYS} days ended.")
            taken = self._names(_binned(note).kind)
            name = next(name for name in _numbered(note.value) if name not in taken)
            self._workspace.notes.put(self._note("bin", note.key, who, value=name, text=note.text, gone=True))
            return name

    def purge(self, now: dt.datetime | None = None) -> int:
        """How many things left the bin for good because their days have ended."""
        now = now or dt.datetime.now(dt.UTC)
        ended = [each for each in self.bin() if each.until <= now]
        for each in ended:
            if each.kind == "run":
                self._workspace.jobs.erase(each.id.partition("/")[2])
            else:
                with self._workspace.database.write() as cursor:
                    forgotten = dialogue_table.remove_dataset(cursor, in_bin(each.id))
                self._workspace.events.forget(forgotten)
            self._workspace.notes.put(self._note("bin", each.id, each.who, gone=True))
        return len(ended)

    def _bin_dataset(self, name: str, who: str) -> Note:
        self._check_at_rest(name)
        fields = ("created", "parent", "catalog", "run", "part")
        query = f"SELECT {', '.join(fields)} FROM datasets WHERE name = ?"
        created, *others = self._workspace.database.rows(query, [name])[0]
        kept = dict(zip(fields, [created.isoformat(), *others], strict=True))
        return self._note("bin", f"dataset/{uuid.uuid4().hex[:12]}", who, value=name, text=json.dumps(kept))

    def _bin_run(self, name: str, who: str) -> Note:
        run = self._workspace.jobs.get(name)
        if run.state not in FINISHED:
            raise DataError(f"Run '{run.name}' is {run.state}. Cancel it first.")
        return self._note("bin", f"run/{run.id}", who, value=run.name, text=run.state)

    def _check_at_rest(self, dataset: str) -> None:
        """DataError while a run is adding to the dataset."""
        for run in self._workspace.jobs.unfinished("generate"):
            if run.config["recipe"]["dataset"] == dataset:
                raise DataError(f"Run '{run.name}' is making dataset '{dataset}'. Wait for it, or cancel it first.")

    def _moved(self, name: str, new: str, who: str) -> Iterator[Note]:
        """What else was said of a dataset, said of its new name."""
        for topic in cast(tuple[Topic, ...], ("archive", "guidelines")):
            note = self._workspace.notes.one(topic, f"dataset/{name}")
            if note is not None:
                yield self._note(topic, f"dataset/{new}", who, text=note.text)
                yield self._note(topic, note.key, who, gone=True)
        for queue in self._workspace.queues.all(archived=True):
            if queue.filter.dataset == name:
                moved = queue.model_copy(update={"filter": queue.filter.model_copy(update={"dataset": new})})
                yield self._note("queue", queue.id, who, text=moved.model_dump_json())
        for view in self._workspace.views.all():
            if view.filter.dataset == name:
                moved = view.filter.model_copy(update={"dataset": new})
                yield self._note("view", view.id, who, value=view.name, text=moved.model_dump_json())

    def _names(self, kind: Kind) -> list[str]:
        if kind == "run":
            return [run.name for run in self._workspace.jobs.all()]
        return [info.name for info in self._workspace.datasets.names(archived=True)]

    def _key(self, kind: Kind, name: str) -> str:
        """What notes call it: a dataset by its name, a run by its id; DataError if it is not here."""
        if kind == "run":
            return f"run/{self._workspace.jobs.get(name).id}"
        return f"dataset/{self._workspace.datasets.info(name).name}"

    def _note(self, topic: Topic, key: str, who: str, *, value: str = "", text: str = "", gone: bool = False) -> Note:
        now = dt.datetime.now(dt.UTC)
        return Note(topic=topic, key=key, value=value, text=text, gone=gone, who=who, when=now)


def _binned(note: Note) -> Binned:
    return Binned(note.key, cast(Kind, note.key.partition("/")[0]), note.value, note.who, note.when)


def _numbered(name: str) -> Iterator[str]:
    """The name, then `name 2`, `name 3`, …"""
    yield name
    number = 2
    while True:
        yield f"{name} {number}"
        number += 1

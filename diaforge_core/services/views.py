"""Named views: filters that people keep, by a name that everybody in the workspace sees."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DataError
from ..records.note import Note
from ..records.queue import Filter

if TYPE_CHECKING:
    from .workspace import Workspace

LONGEST_NAME = 60
"""Characters."""


@dataclass(frozen=True, slots=True)
class View:
    """A filter under a name."""

    id: str
    """Stays the same when the view is renamed."""
    name: str
    filter: Filter
    who: str
    """Who named it last."""


class Views:
    """The named views of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def all(self) -> list[View]:
        """Every view, by name."""
        return sorted(map(_view, self._workspace.notes.known("view")), key=lambda view: (view.name.casefold(), view.id))

    def get(self, view_id: str) -> View:
        """One view; DataError with the names there are if it is not here."""
        note = self._workspace.notes.one("view", view_id)
        if note is None:
            names = ", ".join(view.name for view in self.all()) or "none yet"
            raise DataError(
                f"There is no view '{view_id}' in this workspace; it may have been deleted (there: {names})."
            )
        return _view(note)

    def save(self, name: str, filter: Filter, who: str = "") -> View:
        """The filter under a new name. NotAllowed; DataError for a name that is empty or taken, or no such dataset."""
        self._workspace.datasets.check(filter.dataset)
        return self._put(uuid.uuid4().hex[:12], name, filter, who)

    def rename(self, view_id: str, name: str, who: str = "") -> View:
        """The view under another name; links to it stay. Errors as in `save` and `get`."""
        return self._put(view_id, name, self.get(view_id).filter, who)

    def delete(self, view_id: str, who: str = "") -> None:
        """Take a view away; what it showed stays. NotAllowed; DataError if it is not here."""
        view = self.get(view_id)
        self._workspace.people.check(who, "arrange")
        self._workspace.notes.put(note_of(view, who, gone=True))

    def _put(self, view_id: str, name: str, filter: Filter, who: str) -> View:
        self._workspace.people.check(who, "arrange")
        name = name.strip()
        with self._workspace.database.lock:
            taken = {view.name.casefold() for view in self.all() if view.id != view_id}
            if not name or len(name) > LONGEST_NAME or name.casefold() in taken:
                raise DataError(
                    f"A view cannot be called '{name}': there is one of that name, or it is empty or longer than "
                    f"{LONGEST_NAME} characters. Take another name."
                )
            view = View(view_id, name, filter, who)
            self._workspace.notes.put(note_of(view, who))
        return view


def note_of(view: View, who: str, *, gone: bool = False) -> Note:
    """What is written down of a view."""
    now = dt.datetime.now(dt.UTC)
    text = view.filter.model_dump_json()
    return Note(topic="view", key=view.id, value=view.name, text=text, gone=gone, who=who, when=now)


def _view(note: Note) -> View:
    return View(note.key, note.value, Filter.model_validate_json(note.text), note.who)

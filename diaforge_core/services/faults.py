"""Who was to blame for how a conversation went, by people's word."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from ..errors import DataError
from ..records.note import Note

if TYPE_CHECKING:
    from .workspace import Workspace

Blame = Literal["agent", "user", "gold"]
"""The assistant; the simulated user; the scenario's goal or gold arguments."""
BLAMES: tuple[Blame, ...] = get_args(Blame)


@dataclass(frozen=True, slots=True)
class Fault:
    """What a person said of a trace."""

    trace: str
    blame: Blame | None
    """None where a mark was taken back."""
    why: str
    who: str
    when: dt.datetime
    """UTC."""


class Faults:
    """The fault marks of one workspace: the newest on a trace stands; headline numbers are told with and without."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def mark(self, trace_id: str, blame: Blame, why: str = "", who: str = "") -> Fault:
        """The mark that stands on the trace now; NotAllowed, or DataError for no such trace or blame."""
        if blame not in BLAMES:
            raise DataError(f"'{blame}' cannot be to blame. Use one of: {', '.join(BLAMES)}.")
        return self._put(trace_id, blame, why, who)

    def take_back(self, trace_id: str, who: str = "") -> None:
        """Let no mark stand on the trace; what was said stays in its history. Errors as in `mark`."""
        if self.of(trace_id) is None:
            raise DataError("Nobody is marked as at fault here, so there is nothing to take back.")
        self._put(trace_id, None, "", who)

    def of(self, trace_id: str) -> Fault | None:
        """The mark that stands on a trace."""
        note = self._workspace.notes.one("fault", trace_id)
        return _fault(note) if note else None

    def history(self, trace_id: str) -> list[Fault]:
        """Everything ever said of a trace, oldest first, takings back included."""
        return [_fault(note) for note in self._workspace.notes.history("fault", trace_id)]

    def of_run(self, run_id: str) -> dict[str, str]:
        """Trace → who is to blame, for the marked traces of a run."""
        rows = self._workspace.database.rows(
            "SELECT n.key, n.value FROM notes n JOIN traces t ON t.id = n.key "
            "WHERE n.topic = 'fault' AND n.stands AND t.run = ? ORDER BY n.key",
            [run_id],
        )
        return dict(rows)

    def _put(self, trace_id: str, blame: Blame | None, why: str, who: str) -> Fault:
        self._workspace.people.check(who, "label")
        key = self._workspace.traces.get(trace_id).id
        note = Note(
            topic="fault",
            key=key,
            value=blame or "",
            text=why.strip(),
            dialogue=key,
            gone=blame is None,
            who=who,
            when=dt.datetime.now(dt.UTC),
        )
        self._workspace.notes.put(note)
        return _fault(note)


def _fault(note: Note) -> Fault:
    return Fault(note.key, cast(Blame, note.value) if not note.gone else None, note.text, note.who, note.when)

"""Who may do what: three roles, asked by the services themselves.

A workspace in which no role was ever given belongs to one person, and everybody in it may do everything. From the
first role on, whoever has none is an analyst. Names are taken on trust on one's own machine; where people sign in,
they come from the sign-in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, cast, get_args

from ..errors import DataError, NotAllowed
from ..records.note import Note

if TYPE_CHECKING:
    from .workspace import Workspace

Role = Literal["analyst", "reviewer", "admin"]
"""Each may do what the ones before it may."""
ROLES: tuple[Role, ...] = get_args(Role)
Guarded = Literal[
    "comment",
    "decide",
    "edit",
    "label",
    "arrange",
    "adjudicate",
    "queues",
    "taxonomy",
    "guidelines",
    "people",
    "remove",
]
NEEDS: dict[Guarded, Role] = {
    "comment": "analyst",
    "decide": "reviewer",
    "edit": "reviewer",
    "label": "reviewer",
    "arrange": "reviewer",
    "adjudicate": "admin",
    "queues": "admin",
    "taxonomy": "admin",
    "guidelines": "admin",
    "people": "admin",
    "remove": "admin",
}
"""Guarded act → the lowest role that may do it; everything else is anybody's."""
DOING: dict[Guarded, str] = {
    "comment": "commenting",
    "decide": "deciding about dialogues",
    "edit": "editing dialogues",
    "label": "labelling turns",
    "arrange": "renaming and archiving",
    "adjudicate": "settling disagreements",
    "queues": "making and changing queues",
    "taxonomy": "changing the list of labels",
    "guidelines": "writing guidelines",
    "people": "giving roles",
    "remove": "deleting and restoring",
}
PROGRAM = "Demo"
"""Signs the demo's own decisions, which no role stands in the way of."""


class People:
    """The people of one workspace and their roles."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def all(self) -> dict[str, Role]:
        """Name → role, by name; empty while the workspace belongs to one person."""
        notes = self._workspace.notes.known("role")
        return {note.key: cast(Role, note.value) for note in sorted(notes, key=lambda note: note.key)}

    def role(self, who: str) -> Role:
        """What a person is here."""
        known = self.all()
        return known.get(who, "analyst") if known else "admin"

    def may(self, who: str, act: Guarded) -> bool:
        """Whether a person's role allows an act."""
        by_program = who == PROGRAM and act == "decide"
        return by_program or ROLES.index(self.role(who)) >= ROLES.index(NEEDS[act])

    def check(self, who: str, act: Guarded) -> None:
        """NotAllowed with the reason that `refusal` gives, if there is one."""
        if not self.may(who, act):
            raise NotAllowed(self.refusal(who, act))

    def refusal(self, who: str, act: Guarded) -> str:
        """Why the person's role does not allow the act, and who could do it; empty if it does."""
        if self.may(who, act):
            return ""
        admins = " or ".join(name for name, role in self.all().items() if role == "admin")
        return (
            f"{who or 'Someone without a name'} is {_a(self.role(who))} here, and {DOING[act]} takes "
            f"{_a(NEEDS[act])}. Nothing was changed. Ask {admins} to do it, or for that role."
        )

    def give(self, name: str, role: Role, who: str) -> None:
        """Give a person a role; the first one ever given must be that of an admin.

        NotAllowed as in `check`; DataError for an unknown role, no name, or if no admin would be left.
        """
        self.check(who, "people")
        name = name.strip()
        if role not in ROLES or not name:
            raise DataError(f"'{role}' for '{name}' is no role of a person. Give a name and one of {', '.join(ROLES)}.")
        self._keep_an_admin([role, *(given for other, given in self.all().items() if other != name)])
        self._put(name, role, who)

    def take(self, name: str, who: str) -> None:
        """Take a person's role away; they are an analyst then. Errors as in `give`."""
        self.check(who, "people")
        self._keep_an_admin([given for other, given in self.all().items() if other != name])
        self._put(name, "", who)

    def welcome(self, who: str) -> None:
        """Note somebody who signed in: the first to do so in a workspace without roles becomes its admin."""
        with self._workspace.database.lock:
            if not self.all():
                self._put(who, "admin", who)

    def remember(self, browser: str, name: str) -> None:
        """Note the name that somebody typed in a browser; only a convenience, so it is in no events file."""
        with self._workspace.database.write() as cursor:
            cursor.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", [f"browser/{browser}", name.strip()])

    def remembered(self, browser: str) -> str:
        """The name that was typed in a browser last; empty for none."""
        rows = self._workspace.database.rows("SELECT value FROM settings WHERE name = ?", [f"browser/{browser}"])
        return rows[0][0] if rows else ""

    def _keep_an_admin(self, roles: Sequence[Role]) -> None:
        if "admin" not in roles:
            raise DataError("There must be an admin, else nobody could give roles. Make somebody an admin first.")

    def _put(self, name: str, role: Role | Literal[""], who: str) -> None:
        now = dt.datetime.now(dt.UTC)
        self._workspace.notes.put(Note(topic="role", key=name, value=role, gone=not role, who=who, when=now))


def _a(role: Role) -> str:
    return f"an {role}" if role[0] == "a" else f"a {role}"

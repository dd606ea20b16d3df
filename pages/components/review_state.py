"""What the Review page shows a reader: the dialogue on screen, and the dialog that is open over it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from diaforge_core.services.review import Reviewed

from .wiring import put_query

Mark = tuple[str, int, int]


class Screen:
    """What one reader has on screen as far as is known, and what is on its way there.

    A page binds it when it is drawn. Wherever a callback reaches for the framework the next press may cut in, and what
    follows is never done: so callbacks reach for nothing of it before they have acted, and for the link last.
    """

    def __init__(self) -> None:
        self._drawn: Mark | None = None
        self._dialogue = ""
        self._named: str | None = None
        self._link: dict[str, str | None] = {}
        self._open: tuple[str, str, int] | None = None

    def dialogue(self) -> str | None:
        """The dialogue that the link names; None for none.

        While another is on its way, the link may still be that of what was left: it names that dialogue, or none.
        """
        left = (self._dialogue, self._named) if self._dialogue else ()
        if self._drawn is None and st.query_params.get("dialogue") in left:
            self._name(**self._link)
        return st.query_params.get("dialogue")

    def drawing(self, reviewed: Reviewed) -> None:
        """Note that the page draws this dialogue as it stands now; call it before anything of it is drawn."""
        self._drawn, self._dialogue = _mark(reviewed), reviewed.dialogue.id
        self._link = {name: st.query_params.get(name) for name in ("dialogue", "turn")}
        self._named = self._link["dialogue"]

    def drawing_nothing(self) -> None:
        """Note that the page has no dialogue to draw, and nothing is on its way."""
        self._drawn, self._dialogue, self._open = None, "", None

    def pressed(self, reviewed: Reviewed, act: Callable[[], None]) -> None:
        """Do what a button of this dialogue does, unless the page has gone on to something else since it was drawn.

        The browser takes presses until it has what is on its way, and keeps buttons of what was on screen for a moment
        beside the new ones, with the same key. What is on its way stays so.
        """
        mark = _mark(reviewed)
        if self._drawn == mark:
            act()
        if self._drawn != mark:
            self._name(**self._link)
        elif not st.query_params.get("dialogue"):  # it was refused, so this stays to be looked at again
            self._name(reviewed.dialogue.id)

    def show(self, dialogue_id: str | None) -> None:
        """Bring a dialogue on screen at the next drawing, with no turn of it chosen and no dialog open."""
        self._drawn = self._open = None
        self._name(dialogue_id)

    def select(self, dialogue_id: str, turn: int) -> None:
        """Choose a turn; it stands in the link from then on, with its dialogue."""
        self._name(dialogue_id, str(turn + 1))

    def open_dialog(self, dialogue_id: str, kind: str, turn: int = -1) -> None:
        """Open a dialog, and stay with this dialogue though an edit may take it out of the list."""
        self._drawn, self._open = None, (dialogue_id, kind, turn)
        self._name(dialogue_id, self._link.get("turn"))

    def opened(self, dialogue_id: str) -> tuple[str, int] | None:
        """Kind and turn of the dialog that is open over this dialogue; None if none is."""
        return self._open[1:] if self._open and self._open[0] == dialogue_id else None

    def close_dialog(self) -> None:
        """No dialog is open any more."""
        self._open = None

    def _name(self, dialogue: str | None = None, turn: str | None = None) -> None:
        """Have the link name these."""
        self._link = {"dialogue": dialogue, "turn": turn}
        for name, value in self._link.items():
            put_query(name, value)


def screen() -> Screen:
    """What this reader has on screen."""
    return st.session_state.setdefault("review.screen", Screen())


def _mark(reviewed: Reviewed) -> Mark:
    return reviewed.dialogue.id, reviewed.dialogue.version, len(reviewed.decisions)

"""The bottom bar of the Review page: what can be done, each with its key, and the dialogs that it opens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Filter, Queue
from diaforge_core.records.review import REJECT_REASONS
from diaforge_core.services.acts import Act
from diaforge_core.services.finding import Place
from diaforge_core.services.opinions import Opinion
from diaforge_core.services.review import Reviewed

from . import wiring
from .bulk_panel import bulk_panel
from .dialogue_view import FAULT_WORDS
from .edit_dialog import edit_dialogue, left
from .review_history import history
from .review_state import Screen, screen
from .wiring import action, services, who
from .wording import plain


def action_bar(found: Filter, place: Place | None, reviewed: Reviewed, queue: Queue | None = None) -> None:
    """Accept, reject, flag, edit, undo, previous and next, each with its key; greyed while a dialog is open.

    `place` is where the dialogue stands among what `found` leaves. In a queue, which has no places, the next one is
    what it serves, and passing this one gives it back.
    """
    dialogue = reviewed.dialogue
    before, after = (place.before, place.after) if place else (None, None)
    here = screen()
    busy = here.opened(dialogue.id) is not None
    decided = reviewed.state in ("accepted", "rejected")
    decide = partial(services().queues.decide, dialogue.id, dialogue.version, seen=reviewed.state)
    look = partial(services().finding.place, found, dialogue.id, 1, who())
    move = partial(here.show, None) if queue else partial(_go_on, here, look, None if found.state else dialogue.id)
    press = partial(here.pressed, reviewed)
    stay = partial(here.show, dialogue.id)
    skip = partial(services().queues.skip, queue.id if queue else "", dialogue.id, who())
    on = action(skip, then=move) if queue else partial(_step, here, look, dialogue.id, "after")
    undo, redo = _turn_backs(here)
    key = f"{dialogue.id}.{dialogue.version}"
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if decided:
            st.button(
                "Reopen",
                key=f"reopen.{key}",
                icon=":material/lock_open:",
                disabled=busy,
                on_click=press,
                args=(action(decide, "reopen", "", who(), then=stay),),
            )
        else:
            st.button(
                "Accept",
                key=f"accept.{key}",
                icon=":material/check:",
                type="primary",
                shortcut="A",
                disabled=busy or not dialogue.passed,
                help=None if dialogue.passed else _why_not_accepted(dialogue),
                on_click=press,
                args=(action(decide, "accept", "", who(), then=move, say="Accepted."),),
            )
            st.button(
                "Reject",
                key=f"reject.{key}",
                icon=":material/close:",
                shortcut="X",
                disabled=busy,
                on_click=press,
                args=(partial(here.open_dialog, dialogue.id, "reject"),),
            )
            st.button(
                "Flag",
                key=f"flag.{key}",
                shortcut="F",
                disabled=busy or reviewed.state == "flagged",
                on_click=press,
                args=(action(decide, "flag", "", who(), then=move, say="Flagged."),),
            )
        st.button(
            "Edit",
            key=f"edit.{key}",
            shortcut="E",
            disabled=busy,
            on_click=press,
            args=(partial(here.open_dialog, dialogue.id, "edit", len(dialogue.turns) - 1),),
        )
        st.button(
            "Undo",
            key=f"undo.{key}",
            shortcut="U",
            disabled=busy,
            on_click=press,
            args=(undo,),
            help="Take back what you did last",
        )
        st.button(
            "Redo",
            key=f"redo.{key}",
            shortcut="Y",
            disabled=busy,
            type="tertiary",
            on_click=press,
            args=(redo,),
            help="Do again what you took back last",
        )
        st.button(
            "Previous",
            key=f"previous.{key}",
            shortcut="Left",
            disabled=busy or not before,
            on_click=press,
            args=(partial(_step, here, look, dialogue.id, "before"),),
        )
        st.button(
            "Skip" if queue else "Next",
            key=f"next.{key}",
            shortcut="Right",
            disabled=busy or not (after or queue),
            on_click=press,
            args=(on,),
        )
        st.button(
            "Keys",
            key=f"keys.{key}",
            shortcut="H",
            disabled=busy,
            type="tertiary",
            on_click=press,
            args=(partial(here.open_dialog, dialogue.id, "keys"),),
        )
    if busy:
        _dialog(reviewed, found, move, here)


def turn_back_row() -> None:
    """Undo and redo where there is no dialogue on screen: after the last of a list."""
    undo, redo = _turn_backs(screen())
    with st.container(horizontal=True, gap="xsmall"):
        st.button("Undo", key="undo.nothing", shortcut="U", on_click=undo, help="Take back what you did last")
        st.button("Redo", key="redo.nothing", shortcut="Y", type="tertiary", on_click=redo)


def _go_on(here: Screen, look: Callable[[], Place], last: str | None) -> None:
    """Bring the next dialogue on screen after a decision; behind the last one `last`, or the one before it for None.

    Looked for at the press: the one that came next when the page was drawn may be decided by now.
    """
    place = look()
    here.show(place.after or last or place.before)


def _step(here: Screen, look: Callable[[], Place], dialogue_id: str, way: Literal["before", "after"]) -> None:
    """Bring the neighbour on screen that the list has at the press; stay where there is none any more."""
    place = look()
    here.show((place.before if way == "before" else place.after) or dialogue_id)


def _why_not_accepted(dialogue: Dialogue) -> str:
    """Why a dialogue that fails a check cannot be accepted: no training takes it before it passes."""
    failed = ", ".join(
        dict.fromkeys(FAULT_WORDS.get(v.verifier, v.verifier) for v in dialogue.verdicts if not v.passed)
    )
    return plain(f"It fails a check ({failed or 'not checked yet'}). Edit it until it passes, or reject it.")


def _turn_backs(here: Screen) -> tuple[Callable[[], None], Callable[[], None]]:
    """What takes back this reader's last act, and what does again the last one taken back."""
    undo, redo = partial(services().queues.undo, who()), partial(services().review.redo, who())
    return (
        action(_again, here, undo, "Took back", "There is nothing of yours to take back."),
        action(_again, here, redo, "Done again", "There is nothing to do again."),
    )


def _again(here: Screen, turn_back: Callable[[], Act | Opinion | None], done_word: str, nothing: str) -> None:
    """Take back or do again, and bring on screen what it was about."""
    done = turn_back()
    if done is not None:
        here.show(done.dialogue)
    wiring.tell(f"{done_word}: {done}." if done else nothing)


def _dialog(reviewed: Reviewed, found: Filter, move: partial, here: Screen) -> None:
    """The dialog that the session says is open for this dialogue."""
    kind, turn = here.opened(reviewed.dialogue.id) or ("", -1)
    if kind == "reject":
        _reject_dialog(reviewed, move)
    elif kind == "edit":
        _edit_dialog(reviewed.dialogue, turn)
    elif kind == "history":
        _history_dialog(reviewed)
    elif kind == "bulk":
        _bulk_dialog(found)
    elif kind == "keys":
        _keys_dialog()


def _close() -> None:
    screen().close_dialog()


@st.dialog("Reject: what is wrong?", on_dismiss=_close)
def _reject_dialog(reviewed: Reviewed, move: partial) -> None:
    dialogue = reviewed.dialogue
    st.caption("Press the number, or click. Esc leaves it as it is.")
    for number, reason in enumerate(REJECT_REASONS, start=1):
        judge = services().queues.decide
        decide = partial(judge, dialogue.id, dialogue.version, "reject", reason, who(), reviewed.state)
        if st.button(
            reason.capitalize(),
            key=f"reason.{dialogue.id}.{dialogue.version}.{number}",
            shortcut=str(number),
            width="stretch",
            on_click=screen().pressed,
            args=(reviewed, action(decide, then=move, say=f"Rejected: {reason}.")),
        ):
            _close()
            st.rerun()


def _leave_edit() -> None:
    """Close the edit dialog; what was typed is the draft."""
    dialogue_id = st.query_params.get("dialogue", "")
    left(dialogue_id)
    _close()


@st.dialog("Edit", width="large", dismissible=False)  # closing it by Esc loses what a field has not sent yet
def _edit_dialog(dialogue: Dialogue, turn: int) -> None:
    with wiring.guarded():
        if edit_dialogue(dialogue, turn if 0 <= turn < len(dialogue.turns) else len(dialogue.turns) - 1):
            _leave_edit()
            st.rerun()


@st.dialog("History", width="large", on_dismiss=_close)
def _history_dialog(reviewed: Reviewed) -> None:
    with wiring.guarded():
        if history(reviewed):
            _close()
            st.rerun()


@st.dialog("With all that this filter shows", width="large", on_dismiss=_close)
def _bulk_dialog(found: Filter) -> None:
    with wiring.guarded():
        if bulk_panel(found):
            _close()
            st.rerun()


@st.dialog("Keys", on_dismiss=_close)
def _keys_dialog() -> None:
    keys = {
        "A": "accept",
        "X": "reject, then a number for the reason",
        "F": "flag for somebody else",
        "E": "edit the last turn",
        "U": "undo what you did last, to one dialogue or to many",
        "Y": "redo it",
        "J": "select the turn after",
        "K": "select the turn before",
        "1 … 9": "put a label on the selected turn, or take it off",
        "←": "previous",
        "→": "next; in a queue, skip",
        "H": "this list",
        "Esc": "close a dialog",
    }
    for name, meaning in keys.items():
        st.markdown(f"`{name}` {meaning}")
    st.caption("Keys rest while you type.")

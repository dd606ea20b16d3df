"""The bottom bar of the Review page: what can be done, each with its key, and the dialogs that it opens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Filter, Queue
from diaforge_core.records.review import REJECT_REASONS
from diaforge_core.services.finding import Place
from diaforge_core.services.review import Reviewed

from . import review_queue, wiring
from .bulk_panel import bulk_panel
from .dialogue_view import FAULT_WORDS
from .edit_dialog import edit_dialogue, left
from .review_history import history
from .review_state import close_dialog, open_dialog, opened, show
from .wiring import acting, action, services, who
from .wording import plain


def action_bar(found: Filter, place: Place | None, reviewed: Reviewed, queue: Queue | None = None) -> None:
    """Accept, reject, flag, edit, undo, previous and next, each with its key; greyed while a dialog is open.

    `place` is where the dialogue stands among what `found` leaves. In a queue, which has no places, the next one is
    what it serves, and passing this one gives it back.
    """
    dialogue = reviewed.dialogue
    before, after = (place.before, place.after) if place else (None, None)
    busy = opened(dialogue.id) is not None
    decided = reviewed.state in ("accepted", "rejected")
    decide = partial(services().queues.decide, dialogue.id, dialogue.version, seen=reviewed.state)
    move = partial(show, None) if queue else partial(_go_on, found, dialogue.id)
    press = partial(_press, reviewed, move)
    key = f"{dialogue.id}.{dialogue.version}"
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if decided:
            st.button(
                "Reopen",
                key=f"reopen.{key}",
                icon=":material/lock_open:",
                disabled=busy,
                on_click=press,
                args=(action(decide, "reopen", "", who()),),
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
                args=(partial(open_dialog, dialogue.id, "reject"),),
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
            args=(partial(open_dialog, dialogue.id, "edit", len(dialogue.turns) - 1),),
        )
        st.button(
            "Undo",
            key=f"undo.{key}",
            shortcut="U",
            disabled=busy,
            **acting(_undo),
            help="Take back what you did last",
        )
        st.button(
            "Redo",
            key=f"redo.{key}",
            shortcut="Y",
            disabled=busy,
            type="tertiary",
            **acting(_redo),
            help="Do again what you took back last",
        )
        st.button(
            "Previous",
            key=f"previous.{key}",
            shortcut="Left",
            disabled=busy or not before,
            on_click=_step,
            args=(found, dialogue.id, "before"),
        )
        st.button(
            "Skip" if queue else "Next",
            key=f"next.{key}",
            shortcut="Right",
            disabled=busy or not (after or queue),
            on_click=review_queue.skip if queue else _step,
            args=(queue, dialogue.id) if queue else (found, dialogue.id, "after"),
        )
        st.button(
            "Keys",
            key=f"keys.{key}",
            shortcut="H",
            disabled=busy,
            type="tertiary",
            on_click=open_dialog,
            args=(dialogue.id, "keys"),
        )
    if busy:
        _dialog(reviewed, found, move)


def _go_on(found: Filter, here: str) -> None:
    """Bring the next dialogue on screen after a decision, else the one before it, else stay.

    Asked anew at the press: the one that came next when the page was drawn may be decided by now.
    """
    place = services().finding.place(found, here, 1, who())
    show(place.after or (place.before if found.state else here))


def _step(found: Filter, here: str, way: Literal["before", "after"]) -> None:
    """Bring the neighbour on screen that the list has at the press; stay where there is none any more."""
    place = services().finding.place(found, here, 1, who())
    show((place.before if way == "before" else place.after) or here)


def _press(reviewed: Reviewed, move: Callable[[], None], act: Callable[[], None]) -> None:
    """Do what was pressed, unless this reader's press just before decided the dialogue: then only go on.

    The browser's address still names the dialogue then, which would bring it back on screen.
    """
    last = services().review.history(reviewed.dialogue.id)[-1:]
    if last and last != list(reviewed.decisions[-1:]) and last[0].who == who():
        move()
    else:
        act()


def _why_not_accepted(dialogue: Dialogue) -> str:
    """Why a dialogue that fails a check cannot be accepted: no training takes it before it passes."""
    failed = ", ".join(
        dict.fromkeys(FAULT_WORDS.get(v.verifier, v.verifier) for v in dialogue.verdicts if not v.passed)
    )
    return plain(f"It fails a check ({failed or 'not checked yet'}). Edit it until it passes, or reject it.")


def _undo() -> None:
    taken_back = services().queues.undo(who())
    if taken_back is None:
        wiring.tell("There is nothing of yours to take back.")
        return
    wiring.tell(f"Took back: {taken_back}.")
    show(taken_back.dialogue)


def _redo() -> None:
    done_again = services().review.redo(who())
    if done_again is None:
        wiring.tell("There is nothing to do again.")
        return
    wiring.tell(f"Done again: {done_again}.")
    show(done_again.dialogue)


def _dialog(reviewed: Reviewed, found: Filter, move: partial) -> None:
    """The dialog that the session says is open for this dialogue."""
    kind, turn = opened(reviewed.dialogue.id) or ("", -1)
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


@st.dialog("Reject: what is wrong?", on_dismiss=close_dialog)
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
            on_click=_press,
            args=(reviewed, move, action(decide, then=move, say=f"Rejected: {reason}.")),
        ):
            close_dialog()
            st.rerun()


def _leave_edit() -> None:
    """Close the edit dialog; what was typed is the draft."""
    dialogue_id = st.query_params.get("dialogue", "")
    left(dialogue_id)
    close_dialog()


@st.dialog("Edit", width="large", on_dismiss=_leave_edit)
def _edit_dialog(dialogue: Dialogue, turn: int) -> None:
    with wiring.guarded():
        if edit_dialogue(dialogue, turn if 0 <= turn < len(dialogue.turns) else len(dialogue.turns) - 1):
            _leave_edit()
            st.rerun()


@st.dialog("History", width="large", on_dismiss=close_dialog)
def _history_dialog(reviewed: Reviewed) -> None:
    with wiring.guarded():
        if history(reviewed):
            close_dialog()
            st.rerun()


@st.dialog("With all that this filter shows", width="large", on_dismiss=close_dialog)
def _bulk_dialog(found: Filter) -> None:
    with wiring.guarded():
        if bulk_panel(found):
            close_dialog()
            st.rerun()


@st.dialog("Keys", on_dismiss=close_dialog)
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

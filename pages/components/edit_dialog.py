"""Editing a dialogue: its turns, its goal and candidates; kept as a draft while one types, verified as one saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import streamlit as st

from diaforge_core.errors import DiaForgeError
from diaforge_core.records.dialogue import Dialogue, Turn, Verdict
from diaforge_core.records.review import Draft
from diaforge_core.records.scenario import Aim

from . import wiring
from .dialogue_view import FAULT_WORDS
from .difference_view import draw_difference, summary
from .edit_aim import aim_form
from .edit_turn import turns_form
from .wiring import services, who
from .wording import ago, count, exact, plain


@dataclass(slots=True)
class Work:
    """What the dialog holds now."""

    turns: tuple[Turn, ...]
    aim: Aim
    unread: dict[str, str] = field(default_factory=dict)
    """Name of a field → its text, where that is no value yet."""


def edit_dialogue(dialogue: Dialogue, index: int) -> bool:
    """Draw the dialog's inside; whether it was saved, or has nothing more to show, just now."""
    draft = services().drafts.find(dialogue.id, who())
    if draft and draft.version != dialogue.version:
        return _conflict(dialogue, draft)
    if draft and not st.session_state.get(_going(dialogue)):
        return _offer(dialogue, draft)
    st.session_state[_going(dialogue)] = True
    work = Work(draft.turns, draft.aim, dict(draft.unread)) if draft else Work(dialogue.turns, dialogue.scenario.aim)
    before = Work(work.turns, work.aim, dict(work.unread))
    key = f"edit.{dialogue.id}.{dialogue.version}"
    which = st.segmented_control(
        "Part", ["Turns", "Goal and candidates"], default="Turns", key=f"{key}.part", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    moved = turns_form(dialogue, work, index, key) if which == "Turns" else aim_form(dialogue, work, key)
    if work != before:
        services().drafts.keep(dialogue, work.turns, work.aim, who(), work.unread)
    if moved:
        wiring.again()
    return _end(dialogue, work)


def left(dialogue_id: str) -> None:
    """Forget what the dialog remembered of its fields, and ask again at the next opening whether to go on."""
    own = f"edit.going.{dialogue_id}.", f"edit.{dialogue_id}."
    for name in [name for name in st.session_state if str(name).startswith(own)]:
        del st.session_state[name]


def _end(dialogue: Dialogue, work: Work) -> bool:
    """What saving would break, the reason, and the buttons; whether it was saved, left or given up."""
    changed = (work.turns, work.aim) != (dialogue.turns, dialogue.scenario.aim)
    if changed:
        _forecast(dialogue, work)
    key = f"edit.{dialogue.id}.{dialogue.version}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        why = st.text_input("Why", key=f"{key}.why", placeholder="for the history, may stay empty", width=320)
        save = st.button(
            "Save", key=f"{key}.save", type="primary", icon=":material/save:", disabled=not changed or bool(work.unread)
        )
        close = st.button("Close", key=f"{key}.close", help="What you typed stays as your draft")
        discard = (changed or work.unread) and st.button("Discard", key=f"{key}.discard", icon=":material/delete:")
    if not changed:
        st.caption("Nothing changed yet. What you type is kept as your draft.")
    elif work.unread:
        st.caption("Fix what is marked to save. Your draft is kept.")
    if discard:
        services().drafts.discard(dialogue.id, who())
        wiring.tell("Draft discarded.")
        return True
    return close or (save and _save(dialogue, work, why))


def _save(dialogue: Dialogue, work: Work, why: str) -> bool:
    try:
        outcome = services().editing.save(dialogue.id, dialogue.version, work.turns, work.aim, who(), why.strip())
    except DiaForgeError as error:
        if services().review.get(dialogue.id).dialogue.version == dialogue.version:
            raise
        st.session_state["wiring.problem"] = error
        st.rerun()
    wiring.tell(outcome_words(outcome.dialogue, outcome.broken))
    return True


def _forecast(dialogue: Dialogue, work: Work) -> None:
    """What the checks would say, drawn before anything is saved."""
    with wiring.guarded():
        outcome = services().editing.check(dialogue, work.turns, work.aim)
        if outcome.dialogue.passed:
            st.markdown(":blue-badge[:material/check: every check passes]")
        for fault in outcome.broken:
            place = f"turn {fault.turn + 1}: " if fault.turn is not None else ""
            word = FAULT_WORDS.get(fault.verifier, fault.verifier)
            st.markdown(f":orange-badge[:material/priority_high: {word}] {place}{plain(fault.reason, 200)}")
        if not outcome.broken and not outcome.dialogue.passed:
            st.markdown(":orange-badge[:material/priority_high: fails the same checks as before]")


def _offer(dialogue: Dialogue, draft: Draft) -> bool:
    """Go on with the draft, or discard it; whether there is nothing more to show."""
    found = services().editing.compare(dialogue, draft.turns, draft.aim)
    st.markdown(f"Your draft from **{ago(draft.when)}**: {summary(found)}.", help=exact(draft.when))
    with st.container(horizontal=True):
        st.button(
            "Go on with it",
            key=f"draft.go.{dialogue.id}",
            type="primary",
            icon=":material/edit_note:",
            on_click=_go_on,
            args=(dialogue,),
        )
        st.button(
            "Discard it",
            key=f"draft.drop.{dialogue.id}",
            icon=":material/delete:",
            on_click=services().drafts.discard,
            args=(dialogue.id, who()),
        )
    draw_difference(found, _speakers(dialogue.turns, draft.turns))
    return False


def _conflict(dialogue: Dialogue, draft: Draft) -> bool:
    """The draft beside the version that has come since; whether there is nothing more to show."""
    newest = services().editing.changes(dialogue.id)[0]
    since = f"{plain(newest.who)} made version {dialogue.version}, {ago(newest.when)}"
    st.warning(
        f"You began on version {draft.version}, {ago(draft.when)}; {since}. Nothing of either is lost.",
        icon=":material/call_split:",
    )
    begun = services().review.get(dialogue.id, draft.version).dialogue
    theirs, mine = st.columns(2, gap="medium")
    with theirs:
        st.markdown(f"**Version {dialogue.version}**, against version {draft.version}")
        found = services().editing.difference(dialogue.id, draft.version, dialogue.version)
        draw_difference(found, _speakers(begun.turns, dialogue.turns))
    with mine:
        st.markdown(f"**Your draft**, against version {draft.version}")
        found = services().editing.compare(begun, draft.turns, draft.aim)
        draw_difference(found, _speakers(begun.turns, draft.turns))
    with st.container(horizontal=True):
        st.button(
            f"Go on with mine, on top of version {dialogue.version}",
            key=f"conflict.go.{dialogue.id}",
            type="primary",
            help="Nothing is saved yet; the other version stays in the history.",
            on_click=_rebase,
            args=(dialogue, draft),
        )
        drop = st.button("Discard mine", key=f"conflict.drop.{dialogue.id}", icon=":material/delete:")
    if drop:
        services().drafts.discard(dialogue.id, who())
    return drop


def _rebase(dialogue: Dialogue, draft: Draft) -> None:
    """Let the draft begin with the newest version; what it says stays."""
    services().drafts.keep(dialogue, draft.turns, draft.aim, who(), draft.unread)
    services().drafts.discard(dialogue.id, who(), draft.version)
    _go_on(dialogue)


def _go_on(dialogue: Dialogue) -> None:
    st.session_state[_going(dialogue)] = True


def _speakers(old: Sequence[Turn], new: Sequence[Turn]) -> tuple[list[str], list[str]]:
    return [turn.speaker for turn in old], [turn.speaker for turn in new]


def _going(dialogue: Dialogue) -> str:
    """Session key: whether the reader has chosen to go on with the draft of this version."""
    return f"edit.going.{dialogue.id}.{dialogue.version}"


def outcome_words(saved: Dialogue, broken: Sequence[Verdict] = ()) -> str:
    """`Saved as version 2; every check passed.` or which checks fail, and which turns became inconsistent."""
    if saved.passed:
        return f"Saved as version {saved.version}; every check passed."
    turns = sorted({fault.turn + 1 for fault in broken if fault.turn is not None})
    failed = [verdict for verdict in saved.verdicts if not verdict.passed]
    words = ", ".join(
        FAULT_WORDS.get(verdict.verifier, verdict.verifier)
        + (f" (turn {verdict.turn + 1})" if verdict.turn is not None else "")
        for verdict in failed
    )
    now = f" Inconsistent now: turn{'s' if len(turns) > 1 else ''} {', '.join(map(str, turns))}." if turns else ""
    return f"Saved as version {saved.version}; {count(len(failed), 'check')} failed: {words}.{now}"

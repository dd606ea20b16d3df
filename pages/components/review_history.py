"""The history drawer: who did what when and why, the difference between any two versions, and going back to one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from diaforge_core.records.review import Decision
from diaforge_core.services.editing import Change
from diaforge_core.services.review import Reviewed

from . import wiring
from .difference_view import draw_difference, summary
from .edit_dialog import outcome_words
from .wiring import services, who
from .wording import ago, clip, exact, plain

KINDS = {
    "accept": ("check", "accepted"),
    "reject": ("close", "rejected"),
    "flag": ("flag", "flagged"),
    "reopen": ("lock_open", "reopened"),
    "edit": ("edit", "edited"),
    "restore": ("settings_backup_restore", "restored"),
    "undo": ("undo", "took back"),
    "redo": ("redo", "did again"),
}
SHOWN = 50
"""Decisions on screen, the newest first."""


def history(reviewed: Reviewed) -> bool:
    """Draw the drawer's inside; whether a version was restored just now."""
    changes = services().editing.changes(reviewed.dialogue.id)
    lines, comparison = st.columns([2, 3], gap="large")
    with lines:
        st.markdown("**What was done**")
        _decisions(reviewed.decisions)
    with comparison:
        st.markdown("**What is different**")
        if len(changes) < 2:
            st.caption("There is one version only: nobody has edited anything here yet.")
            return False
        return _compare(reviewed, changes)


def _decisions(decisions: Sequence[Decision]) -> None:
    by_id = {decision.id: decision for decision in decisions}
    for decision in list(reversed(decisions))[:SHOWN]:
        st.markdown(decision_line(decision, by_id), help=exact(decision.when))
    if not decisions:
        st.caption("Nobody has decided anything here yet.")


def decision_line(decision: Decision, by_id: dict[str, Decision]) -> str:
    """`Ana rejected: unnatural · version 2, 5 min ago`, as Markdown."""
    icon, word = KINDS[decision.kind]
    reason = decision.reason
    if decision.kind in ("undo", "redo"):
        about = by_id.get(decision.reason)
        reason = about.kind if about else ""
    why = f": {plain(clip(reason, 120))}" if reason else ""
    place = f"version {decision.version}, {ago(decision.when)}"
    return f":material/{icon}: **{plain(decision.who)}** {word}{why} :gray[{place}]"


def _compare(reviewed: Reviewed, changes: Sequence[Change]) -> bool:
    """Two pickers, the difference of the two, and the button that restores; whether that was pressed."""
    dialogue = reviewed.dialogue
    labels = {change.version: change_label(change) for change in changes}
    versions = list(labels)
    key = f"history.{dialogue.id}.{dialogue.version}"
    left, right = st.columns(2, gap="small")
    before = left.selectbox("From", versions, index=1, format_func=labels.__getitem__, key=f"{key}.from")
    after = right.selectbox("To", versions, index=0, format_func=labels.__getitem__, key=f"{key}.to")
    found = services().editing.difference(dialogue.id, before, after)
    st.caption(f"From version {before} to version {after}: {summary(found)}.")
    sides = [
        [turn.speaker for turn in services().review.get(dialogue.id, version).dialogue.turns]
        for version in (before, after)
    ]
    draw_difference(found, (sides[0], sides[1]))
    for version in dict.fromkeys((before, after)):
        if version != dialogue.version and st.button(
            f"Restore version {version}",
            key=f"{key}.restore.{version}",
            icon=":material/settings_backup_restore:",
            help="As a further version, verified again; nothing of the history is lost, and undo takes it back.",
        ):
            outcome = services().editing.restore(dialogue.id, dialogue.version, version, who())
            wiring.tell(outcome_words(outcome.dialogue, outcome.broken))
            return True
    return False


def change_label(change: Change) -> str:
    """`2 · edited by Ana, 5 min ago`"""
    if change.kind is None:
        return f"{change.version} · as it was made"
    why = f" ({clip(change.why, 40)})" if change.why else ""
    return f"{change.version} · {KINDS[change.kind][1]}{why} by {clip(change.who, 30)}, {ago(change.when)}"

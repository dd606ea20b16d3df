"""What is different between two versions of a dialogue, put so that the eye finds it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from diaforge_core.services.editing import Difference, KeyChange, Piece, TurnChange

from .dialogue_view import SPEAKERS, value_text
from .wording import clip, plain, visible

AROUND = 60
"""Characters of unchanged text that stay before and after a change."""


def draw_difference(found: Difference, speakers: tuple[Sequence[str], Sequence[str]]) -> None:
    """Draw every change; `speakers` are those of the turns of the older and of the newer version."""
    if found.is_none:
        st.caption("The two say the same.")
        return
    if found.goal or found.keys:
        with st.container(border=True, gap="xsmall"):
            st.caption(":material/target: Goal and candidates")
            if found.goal:
                st.markdown(pieces_markdown(found.goal))
            for change in found.keys:
                st.markdown(key_markdown(change))
    for turn in found.turns:
        if turn.kind != "same":
            _turn(turn, speakers)


def _turn(turn: TurnChange, speakers: tuple[Sequence[str], Sequence[str]]) -> None:
    side = speakers[1][turn.after] if turn.after is not None else speakers[0][turn.before or 0]
    word, icon = SPEAKERS.get(side, (side, "person"))
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":gray[:material/{icon}: {word} · {_place(turn)}]")
        if turn.reply:
            st.markdown(pieces_markdown(turn.reply))
        if turn.thought:
            st.markdown(f":gray[:material/psychology: Thought] {pieces_markdown(turn.thought)}")
        for change in turn.keys:
            st.markdown(key_markdown(change))
        if not (turn.reply or turn.thought or turn.keys):
            st.caption("says nothing")


def _place(turn: TurnChange) -> str:
    """Where the turn stands in which version."""
    if turn.after is None:
        return f"turn {(turn.before or 0) + 1} removed"
    if turn.before is None:
        return f"turn {turn.after + 1} added"
    moved = f", was {turn.before + 1}" if turn.before != turn.after else ""
    return f"turn {turn.after + 1}{moved}"


def pieces_markdown(pieces: Sequence[Piece]) -> str:
    """The text as escaped Markdown: what is gone struck through on red, what is new on blue, the rest cut short."""
    out = []
    for place, piece in enumerate(pieces):
        same = piece.kind == "same"
        text = _shortened(piece.text, place == 0, place == len(pieces) - 1) if same else clip(piece.text, 2_000)
        words = plain(text)
        if words and not same:
            words = f":red-background[~~{words}~~]" if piece.kind == "gone" else f":blue-background[**{words}**]"
        out.append(f"{words}{' ' if piece.text[-1:].isspace() else ''}")
    return "".join(out).strip()


def _shortened(text: str, first: bool, last: bool) -> str:
    """Unchanged text without its middle, or without what lies far from the change."""
    text = visible(text)
    if len(text) <= 3 * AROUND:
        return text
    if first:
        return f"… {text[-AROUND:].lstrip()}"
    return f"{text[:AROUND].rstrip()} …" if last else f"{text[:AROUND].rstrip()} … {text[-AROUND:].lstrip()}"


def key_markdown(change: KeyChange) -> str:
    """`email  old → new`, as escaped Markdown."""
    name = f":gray[{plain(change.path)}]"
    old, new = (plain(clip(value_text(value), 200)) or "“”" for value in (change.old, change.new))
    if change.kind == "added":
        return f"{name} :blue-background[**{new}**]"
    if change.kind == "removed":
        return f"{name} :red-background[~~{old}~~]"
    return f"{name} :red-background[~~{old}~~] → :blue-background[**{new}**]"


def summary(found: Difference) -> str:
    """`2 turns changed, 1 added`, in plain words."""
    counts = [(sum(turn.kind == kind for turn in found.turns), kind) for kind in ("changed", "added", "removed")]
    words = [f"{number} {'turn' if number == 1 else 'turns'} {kind}" for number, kind in counts if number]
    if found.goal or found.keys:
        words.append("goal or candidates changed")
    return ", ".join(words) or "nothing changed"

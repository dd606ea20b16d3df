"""The turns of a dialogue in the edit dialog: one at a time by a form, and inserting, splitting, deleting them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import streamlit as st

from diaforge_core.records.dialogue import Dialogue, Speaker, Turn
from diaforge_core.records.tool import ToolCall

from . import wiring
from .call_form import edit_arguments
from .dialogue_view import SPEAKERS
from .wiring import problems_of, services
from .wording import clip, plain

if TYPE_CHECKING:
    from .edit_dialog import Work

NO_CALL = ""
Act = Literal["before", "after", "delete", "split", "speaker", ""]
_WORD_START = re.compile(r"(?<=\s)\S")
_SENTENCE_START = re.compile(r"(?<=[.!?]\s)\S")
LONGEST_LIST = 400
"""Places to split at that are offered."""


def turns_form(dialogue: Dialogue, work: Work, index: int, key: str) -> bool:
    """Draw the chosen turn and what can be done to it, and take what is typed and pressed into `work`.

    Whether turns have moved, so that all has to be drawn anew, in fields of their own.
    """
    place, revision = f"{key}.turn", int(st.session_state.get(f"{key}.revision", 0))
    index = max(0, min(st.session_state.get(place, index), len(work.turns) - 1))
    own = f"{key}.{revision}"
    if work.turns:
        index = _chosen(work, index, own)
        st.session_state[place] = index
    act, at = _structure(work, index, f"{own}.{index}")
    if work.turns:
        _turn_form(dialogue, work, index, f"{own}.{index}")
    with wiring.guarded():
        moved = _done(act, at, work, index)
        if moved is not None:
            st.session_state[place] = moved
            st.session_state[f"{key}.revision"] = revision + 1
            return True
    return False


def _chosen(work: Work, index: int, key: str) -> int:
    """Draw the choice of a turn, named as they were when the turns last moved, and the turn before it."""
    labels = [turn_label(at, turn) for at, turn in enumerate(work.turns)]
    labels = st.session_state.setdefault(f"{key}.labels", labels)
    index = st.selectbox(
        "Turn", range(len(work.turns)), index=index, format_func=labels.__getitem__, key=f"{key}.which"
    )
    if index > 0:
        st.caption(plain(f"after {turn_label(index - 1, work.turns[index - 1])}", 160))
    return index


def turn_label(at: int, turn: Turn) -> str:
    """`3 · User · The email is …`"""
    words = f"calls {turn.call.name}" if turn.call else turn.reply or "empty"
    return f"{at + 1} · {SPEAKERS[turn.speaker][0]} · {clip(words, 60)}"


def _structure(work: Work, index: int, key: str) -> tuple[Act, int]:
    """Draw the buttons that change which turns there are; the one pressed, and where to split."""
    act: Act = ""
    at = -1
    turn = work.turns[index] if work.turns else None
    waits = bool(work.unread)
    with st.container(horizontal=True, gap="small"):
        if st.button("Insert before", key=f"{key}.before", icon=":material/add_row_above:", disabled=waits):
            act = "before"
        if turn and st.button("Insert after", key=f"{key}.after", icon=":material/add_row_below:", disabled=waits):
            act = "after"
        starts = list(split_places(turn.reply)) if turn else []
        if turn and starts:
            with st.popover("Split", icon=":material/vertical_split:", key=f"{key}.split", disabled=waits):
                first = next(
                    (place for place in starts if _SENTENCE_START.match(turn.reply, place)), starts[len(starts) // 2]
                )
                at = st.selectbox(
                    "The second part begins with",
                    starts,
                    index=starts.index(first),
                    format_func=lambda place: clip(turn.reply[place:], 60),
                    key=f"{key}.split.at",
                )
                if st.button("Split here", key=f"{key}.split.go", type="primary"):
                    act = "split"
        if turn and turn.call is None:
            other = SPEAKERS[_other(turn.speaker)][0].lower()
            if st.button(f"Said by the {other}", key=f"{key}.speaker", icon=":material/swap_horiz:", disabled=waits):
                act = "speaker"
        if turn and st.button("Delete", key=f"{key}.delete", icon=":material/delete:", disabled=waits):
            act = "delete"
    return act, at


def _done(act: Act, at: int, work: Work, index: int) -> int | None:
    """Do to `work` what was pressed; the turn to look at next, None where nothing was pressed."""
    editing = services().editing
    if act in ("before", "after"):
        index = min(index + (act == "after"), len(work.turns))
        work.turns = editing.insert(work.turns, index)
        return index
    if act == "delete":
        work.turns = editing.delete(work.turns, index)
        return max(0, index - 1)
    if act == "split":
        work.turns = editing.split(work.turns, index, at)
        return index + 1
    if act == "speaker":
        work.turns = editing.change_speaker(work.turns, index, _other(work.turns[index].speaker))
        return index
    return None


def split_places(words: str) -> list[int]:
    """Where each word but the first begins; at most a few hundred, sentences first where there are more."""
    places = [found.start() for found in _WORD_START.finditer(words)]
    if len(places) > LONGEST_LIST:
        places = [found.start() for found in _SENTENCE_START.finditer(words)]
    return places[:LONGEST_LIST]


def _other(speaker: Speaker) -> Speaker:
    return "assistant" if speaker == "user" else "user"


def _turn_form(dialogue: Dialogue, work: Work, index: int, key: str) -> None:
    """Draw thought, words and call of one turn, and take them into `work`."""
    turn = work.turns[index]
    thought, reply, call = turn.thought, turn.reply, turn.call
    if turn.speaker == "assistant":
        thought = st.text_area(
            "Thought", turn.thought, key=f"{key}.thought", height=80, help="Never shown to the user side."
        )
        call = _call_choice(dialogue, turn, key)
    texts = {name: text for name, text in work.unread.items() if name.startswith(f"{index}|")}
    work.unread = {name: text for name, text in work.unread.items() if name not in texts}
    if call is None:
        reply = st.text_area("Words", turn.reply, key=f"{key}.reply", height=120)
    else:
        reply = ""
        call = _call_form(dialogue, work, index, call, key, texts)
    edited = Turn.model_validate(turn.model_dump() | {"thought": thought, "reply": reply, "call": call})
    work.turns = services().editing.replace(work.turns, index, edited)


def _call_choice(dialogue: Dialogue, turn: Turn, key: str) -> ToolCall | None:
    """The call as the choice of a tool leaves it; None where the assistant speaks."""
    tools = {tool.name: tool for tool in services().review.tools(dialogue)}
    called = turn.call.name if turn.call else NO_CALL
    names = [NO_CALL, *tools, *([called] if called and called not in tools else [])]
    name = st.selectbox(
        "Calls",
        names,
        index=names.index(called),
        format_func=lambda value: (
            "no tool, speaks"
            if not value
            else tools[value].original_name
            if value in tools
            else f"{value} (not among the candidates)"
        ),
        key=f"{key}.tool",
    )
    if not name:
        return None
    if turn.call and name == turn.call.name:
        return turn.call
    given = turn.call.arguments if turn.call else {}
    return ToolCall(name=name, arguments={k: v for k, v in given.items() if k in tools[name].properties})


def _call_form(
    dialogue: Dialogue, work: Work, index: int, call: ToolCall, key: str, texts: Mapping[str, str]
) -> ToolCall:
    """The call as its form has it now; what cannot be read yet goes to `work.unread`, and was in `texts` before."""
    tool = next((tool for tool in services().review.tools(dialogue) if tool.name == call.name), None)
    if tool is None:
        st.caption(f"{plain(call.name)} is not among the candidates, so there is no form for it.")
        return call
    own = f"{key}.{call.name}"
    known = {f"{own}.{name.split('|', 1)[1]}": text for name, text in texts.items()}
    filled = edit_arguments(tool, call.arguments, own, problems_of, known)
    work.unread |= {f"{index}|{name.removeprefix(f'{own}.')}": text for name, text in filled.unread.items()}
    return ToolCall(name=call.name, arguments=filled.arguments)

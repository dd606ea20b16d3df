"""Editing one turn of a dialogue: its words, its thought and its call, verified again on saving."""

from __future__ import annotations

import streamlit as st

from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.tool import ToolCall

from . import wiring
from .call_form import edit_arguments
from .dialogue_view import FAULT_WORDS
from .wiring import problems_of, services, who
from .wording import plain


def edit_turn(dialogue: Dialogue, index: int) -> bool:
    """Draw the form for one turn; whether it was saved just now. DataError if the dialogue has moved on meanwhile."""
    key = f"edit.{dialogue.id}.{dialogue.version}"
    index = st.selectbox(
        "Turn",
        range(len(dialogue.turns)),
        index=index,
        format_func=lambda place: f"{place + 1} · {dialogue.turns[place].speaker}",
        key=f"{key}.which",
    )
    turn = dialogue.turns[index]
    edited, problems = turn_form(dialogue, turn, f"{key}.{index}")
    changed = edited != turn
    st.caption(
        "Fix what is marked to save."
        if problems
        else "Saving checks the whole dialogue again."
        if changed
        else "Nothing changed yet."
    )
    if not st.button(
        "Save",
        key=f"{key}.{index}.save",
        type="primary",
        icon=":material/save:",
        disabled=bool(problems) or not changed,
    ):
        return False
    saved = services().review.edit_turn(dialogue.id, dialogue.version, index, edited, who())
    wiring.tell(outcome_words(saved))
    return True


def outcome_words(saved: Dialogue) -> str:
    """`Saved as version 2; every check passed.` or which checks failed, and at which turn."""
    failed = [
        f"{FAULT_WORDS.get(verdict.verifier, verdict.verifier)}"
        + (f" (turn {verdict.turn + 1})" if verdict.turn is not None else "")
        for verdict in saved.verdicts
        if not verdict.passed
    ]
    return f"Saved as version {saved.version}; " + (
        f"failed: {', '.join(failed)}." if failed else "every check passed."
    )


def turn_form(dialogue: Dialogue, turn: Turn, key: str) -> tuple[Turn, list[str]]:
    """The turn as the form has it now, and why it cannot be saved (empty when it can)."""
    thought, reply, call, problems = turn.thought, turn.reply, turn.call, []
    if turn.speaker == "assistant":
        thought = st.text_area(
            "Thought", turn.thought, key=f"{key}.thought", height=80, help="Never shown to the user side."
        )
    if turn.call is None:
        reply = st.text_area("Words", turn.reply, key=f"{key}.reply", height=120)
        if not reply.strip():
            problems.append("words: is empty")
    else:
        call, problems = call_part(dialogue, turn.call, key)
    for problem in problems if turn.call is None else []:
        st.markdown(f":orange-badge[not valid] {plain(problem)}")
    return Turn.model_validate(turn.model_dump() | {"thought": thought, "reply": reply, "call": call}), problems


def call_part(dialogue: Dialogue, call: ToolCall, key: str) -> tuple[ToolCall, list[str]]:
    """Tool and arguments of a call as the form has them now, and what is wrong with them."""
    tools = {tool.name: tool for tool in services().review.tools(dialogue)}
    names = [*tools, *([call.name] if call.name not in tools else [])]
    name = st.selectbox(
        "Calls",
        names,
        index=names.index(call.name),
        format_func=lambda value: (
            tools[value].original_name if value in tools else f"{value} (not among the candidates)"
        ),
        key=f"{key}.tool",
    )
    if name not in tools:
        return call, [f"{name}: is not among the candidates"]
    given = (
        call.arguments
        if name == call.name
        else {k: v for k, v in call.arguments.items() if k in tools[name].properties}
    )
    filled = edit_arguments(tools[name], given, f"{key}.{name}", problems_of)
    return ToolCall(name=name, arguments=filled.arguments), filled.problems

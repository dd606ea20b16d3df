"""One dialogue with its hidden side, read in place: in a preview, or opened from a list."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from diaforge_core.records.dialogue import Dialogue

from . import wiring
from .ambiguity_strip import candidates, strip
from .dialogue_view import Shown, conversation, flatten, value_text
from .edit_dialog import outcome_words
from .generate_recipe import DIAL_WORDS
from .wiring import services, who
from .wording import clip, count, plain

OPEN = "generate.open"
"""Session key: the dialogue that is open in a dialog."""


def whole_dialogue(dialogue: Dialogue, key: str) -> None:
    """Draw the conversation with what is said about each turn, and its hidden side folded under it."""
    tools = services().review.tools(dialogue)
    evidence = services().review.evidence(dialogue)
    conversation(
        dialogue.turns,
        Shown(
            key=f"{key}{dialogue.id}",
            tools={tool.name: tool for tool in tools},
            verdicts=dialogue.verdicts,
            evidence=[found for found in evidence.values() if found is not None],
        ),
    )
    with st.expander("Hidden side", type="compact", icon=":material/visibility_off:"):
        hidden_side(dialogue)


def hidden_side(dialogue: Dialogue) -> None:
    """Goal, gold arguments, persona, behaviour, stages and candidates: what only the scenario's side knows."""
    scenario = dialogue.scenario
    tools = services().review.tools(dialogue)
    steps = services().review.ambiguity_strip(dialogue)
    strip(steps, list(scenario.candidates))
    st.markdown(f"**Goal:** {plain(scenario.goal)}")
    if not scenario.solvable:
        st.caption(":material/block: No right tool is in view.")
    with st.container(gap="xsmall"):
        for name, value in flatten(scenario.gold_arguments):
            turn = scenario.stage_of(name.split(".")[0])
            late = f" :gray[· not before user turn {turn}]" if turn > 1 else ""
            st.markdown(f":gray[{plain(name)}] {plain(clip(value_text(value), 80))}{late}")
    person = scenario.persona
    asks = ", ".join(part for part in (person.name, person.seniority, person.role, person.department) if part)
    st.markdown(f"**Persona:** {plain(asks)} :gray[writes {plain(person.style)}]")
    if scenario.dial:
        st.markdown(f"**Behaviour:** {DIAL_WORDS.get(scenario.dial, scenario.dial.replace('_', ' '))}")
    needed = count(scenario.questions_needed, "question")
    st.caption(f"{scenario.tier} · {needed} needed at least · seed {scenario.seed}")
    candidates(tools, steps, goal=scenario.goal_tool)


def anew_row(dialogue: Dialogue, key: str, play: Callable[[int], None]) -> None:
    """Draw the choice of a turn and the button that plays the dialogue anew from there: `play(turn)`, from 0."""
    with st.popover("Play anew", icon=":material/replay:", key=f"{key}.popover"):
        turn = st.selectbox(
            "From turn",
            range(len(dialogue.turns)),
            index=min(1, len(dialogue.turns) - 1),
            format_func=lambda place: f"{place + 1} · {dialogue.turns[place].speaker}",
            key=f"{key}.from",
        )
        st.caption("The turns before it stay; the scripts play on from there in other words.")
        st.button(
            "Play from here",
            key=f"{key}.anew",
            icon=":material/replay:",
            type="primary",
            on_click=play,
            args=(int(turn),),
        )


def open_dialogue(dialogue_id: str) -> None:
    """Open a stored dialogue at the next drawing; for use in callbacks."""
    st.session_state[OPEN] = dialogue_id


def opened() -> None:
    """Draw the dialog of the dialogue that is open, if one is."""
    if st.session_state.get(OPEN):
        _dialog(str(st.session_state[OPEN]))


def _close() -> None:
    st.session_state.pop(OPEN, None)


@st.dialog("Dialogue", width="large", on_dismiss=_close)
def _dialog(dialogue_id: str) -> None:
    with wiring.guarded():
        found = services().review.get(dialogue_id)
        dialogue = found.dialogue
        said = st.session_state.pop(f"{OPEN}.said", "")
        if said:
            st.success(plain(said), icon=":material/replay:")
        version = f" · version {dialogue.version}" if dialogue.version > 1 else ""
        st.caption(f"{dialogue.scenario.tier}{version}")
        whole_dialogue(dialogue, "open.")
        anew_row(dialogue, f"open.{dialogue.id}.{dialogue.version}", lambda turn: _play_anew(dialogue, turn))
        dataset = services().datasets.holding(dialogue.id)
        wiring.link(wiring.REVIEW, "Open in Review", dialogue=dialogue.id, dataset=dataset, state="all")


def _play_anew(dialogue: Dialogue, turn: int) -> None:
    with wiring.guarded():
        new = services().generation.regenerate(dialogue.id, turn, seed=dialogue.version, who=who())
        st.session_state[f"{OPEN}.said"] = outcome_words(new)

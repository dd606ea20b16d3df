"""One trace on the Traces page: what happened, turn by turn, beside the candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from diaforge_core.records.trace import Trace

from . import traces_said, wiring
from .ambiguity_strip import Step, candidates, letters_line, strip
from .dialogue_view import Shown, conversation, flatten, value_text
from .failure_actions import failure_actions
from .palette import OUTCOMES, badge_markdown, look
from .traces_state import select, selected
from .wiring import services
from .wording import clip, duration, plain

USERS_FAULT = ":yellow-badge[:material/person_alert: the simulated user's fault]"
MOST_BESIDE = 8
"""Traces of the same scenario that are listed."""


def detail(trace: Trace, label: str) -> int:
    """Draw the trace; index of the selected turn, on which a label that is filtered by stands if none was chosen."""
    tools = services().traces.tools(trace)
    steps = services().traces.strip(trace)
    put, notes = services().trace_notes.labels(trace.id), services().trace_notes.of(trace.id)
    turn = selected(len(trace.turns), traces_said.first_labelled(put, label))
    centre, right = st.columns([8, 5], gap="large")
    with centre:
        _head(trace)
        strip(steps, list(trace.scenario.candidates))
        chips = traces_said.chips(put, notes)
        open_then = _open_then(trace, steps)
        under = {
            place: "  \n".join(part for part in (open_then.get(place), chips.get(place)) if part)
            for place in range(len(trace.turns))
        }
        shown = Shown(key=f"trace.{trace.id}", tools={tool.name: tool for tool in tools}, marks=trace.audit)
        about = {place: words for place, words in under.items() if words}
        conversation(
            trace.turns, replace(shown, labels=about, selected=turn, on_select=lambda place: select(trace.id, place))
        )
    with right:
        st.markdown("**Candidates**")
        candidates(tools, steps, goal=trace.scenario.goal_tool)
        _wanted(trace)
        traces_said.labels(trace, turn, put)
        traces_said.notes(trace, turn, notes)
        failure_actions(trace)
        _other_runs(trace)
    return turn


def _head(trace: Trace) -> None:
    """How it ended and why, whose model it was, and what it took."""
    fault = USERS_FAULT if services().traces.is_users_fault(trace) else ""
    st.markdown(
        f"{badge_markdown(OUTCOMES, trace.outcome)} {fault} {plain(trace.reason)}",
        help=look(OUTCOMES, trace.outcome).meaning or None,
    )
    tokens = sum(turn.tokens for turn in trace.turns)
    took = [f"{tokens:,} tokens"] if tokens else []
    took += [duration(trace.seconds)] if trace.seconds >= 0.5 else []
    run = services().traces.run_of(trace.id)
    parts = [plain(trace.assistant), trace.scenario.tier, f"trial {trace.trial + 1}", plain(run, 40), *took]
    st.caption(" · ".join(parts))
    if trace.error:
        st.error(plain(trace.error))


def _open_then(trace: Trace, steps: Sequence[Step]) -> dict[int, str]:
    """Turn → what was still open after it and, of a user's turn, what they were free to reveal in it, as Markdown."""
    names, said, found = list(trace.scenario.candidates), 0, {}
    for step in steps:
        lines = [f":gray[:small[open:]] {letters_line(step.open_tools, names)}"] if step.open_tools else []
        if step.missing:
            lines.append(f":gray[:small[not known yet: {plain(', '.join(step.missing), 90)}]]")
        if step.turn < len(trace.turns) and trace.turns[step.turn].speaker == "user":
            said += 1
            lines.append(_may_say(trace, said))
        found[step.turn] = " :gray[:small[·]] ".join(line for line in lines if line)
    return found


def _may_say(trace: Trace, number: int) -> str:
    """What the stages let the user reveal in their own turn of this number."""
    held = [name for name in trace.scenario.gold_arguments if trace.scenario.stage_of(name) <= number]
    words = plain(", ".join(held), 90) if held else "nothing yet"
    return f":gray[:small[free to reveal: {words}]]"


def _wanted(trace: Trace) -> None:
    """What only the scenario's side knows: goal, gold arguments with the turn from which they may be told."""
    scenario = trace.scenario
    st.markdown("**What the user wanted**")
    st.text(scenario.goal)
    if not scenario.solvable:
        st.caption(f"No right tool was in view; the request needs {plain(scenario.goal_tool)}.")
    with st.container(gap="xsmall"):
        for name, value in flatten(scenario.gold_arguments):
            turn = scenario.stage_of(name.split(".")[0])
            late = f" :gray[:small[not before user turn {turn}]]" if turn > 1 else ""
            st.markdown(f":gray[{plain(name)}] {plain(clip(value_text(value), 80))}{late}")
    person = scenario.persona
    st.caption(f"{plain(person.name)}, {plain(person.role)} · writes {plain(person.style)}")
    if scenario.dial:
        st.caption(f"Behaviour: {scenario.dial.replace('_', ' ')}")


def _other_runs(trace: Trace) -> None:
    """The same scenario in other runs, each a link, and the way to play it once more."""
    wiring.link(wiring.PLAYGROUND, "Play this scenario again", "chat", trace=trace.id)
    frame = services().traces.same_scenario(trace.id, MOST_BESIDE + 1)
    if frame.empty:
        return
    st.markdown("**Same scenario, played again**")
    for row in frame.head(MOST_BESIDE).to_dict("records"):
        label = f"{look(OUTCOMES, row['outcome']).word} · {plain(row['model'], 30)} · {plain(row['run'], 30)}"
        wiring.link(wiring.TRACES, label, look(OUTCOMES, row["outcome"]).icon, trace=row["id"])
    if len(frame) > MOST_BESIDE:
        wiring.link(wiring.TRACES, "All of this scenario", scenario=trace.scenario.id)

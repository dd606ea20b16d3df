"""The parts of the Playground page."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from diaforge_core.errors import DataError, DiaForgeError
from diaforge_core.records.scenario import TIERS
from diaforge_core.services.playground import Column, Session

from . import wiring
from .ambiguity_strip import candidates, letters_line, strip
from .dialogue_view import Shown, conversation, flatten, value_text
from .palette import OUTCOMES, badge_markdown
from .wiring import acting, services
from .wording import clip, plain

SESSION = "playground.session"
"""Session key: id of the conversation on screen."""
SCENARIO, FREE = "A scenario", "Free chat with tools"
USER, NOBODY = "I play the user", "Nobody: watch"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be started."""

    models: tuple[str, ...]
    catalog: str
    tools: tuple[str, ...] = ()
    tier: str | None = None
    goal_tool: str | None = None
    watch: bool = False


def setup(catalogs: list[str]) -> None:
    """Draw the choice of models and situation, and Start."""
    with st.expander("Set the scene", icon=":material/tune:", expanded=session() is None):
        one, two = st.columns(2, gap="large")
        with one:
            models = model_picker()
            side = st.segmented_control(
                "Who plays",
                [USER, NOBODY],
                default=USER,
                required=True,
                key="playground.side",
                help="Against a simulated user when nobody plays.",
            )
        with two:
            catalog = wiring.pick("Catalog", catalogs, "catalog")
            kind = st.segmented_control(
                "Situation", [SCENARIO, FREE], default=SCENARIO, required=True, key="playground.kind"
            )
            choice = situation(tuple(models), catalog, kind == FREE, side == NOBODY)
        ready = bool(models) and (kind == SCENARIO or len(choice.tools) > 0)
        with st.container(horizontal=True):
            st.button(
                "Start",
                key="playground.start",
                type="primary",
                icon=":material/play_arrow:",
                disabled=not ready,
                **acting(start, choice),
            )
            if kind == SCENARIO:
                st.caption("Each start draws another scenario.")


def model_picker() -> list[str]:
    labels = wiring.model_labels()
    asked = st.query_params.get("model", "")
    first = [asked] if asked else ["scripted:oracle"]
    return st.multiselect(
        "Models, one to three",
        list(labels),
        default=first,
        max_selections=3,
        format_func=wiring.words_of(labels),
        key=f"playground.models.{asked}",
        accept_new_options=True,
        help="Each answers the same words of yours.",
    )


def situation(models: tuple[str, ...], catalog: str, free: bool, watch: bool) -> Choice:
    names = {tool.name: tool.original_name for tool in services().catalogs.get(catalog).tools}
    if free:
        clusters = services().catalogs.ambiguity(catalog).clusters
        start = list(clusters[0].tools[:5]) if clusters else list(names)[:4]
        tools = st.multiselect(
            "Tools in view",
            list(names),
            default=start,
            format_func=lambda n: names[n],
            key=f"playground.tools.{catalog}",
            max_selections=12,
        )
        return Choice(models, catalog, tools=tuple(tools))
    tier = st.selectbox("Difficulty", ["", *TIERS], format_func=lambda t: t or "surprise me", key="playground.tier")
    goal = st.selectbox(
        "Goal tool", ["", *names], format_func=lambda n: names.get(n, "any"), key=f"playground.goal.{catalog}"
    )
    return Choice(models, catalog, tier=tier or None, goal_tool=goal or None, watch=watch)


def start(choice: Choice) -> None:
    """Begin a conversation and bring it on screen."""
    playground = services().playground
    if choice.tools:
        made = playground.start(choice.models, catalog=choice.catalog, tools=choice.tools)
    else:
        scenario = playground.scenario(choice.catalog, goal_tool=choice.goal_tool, tier=choice.tier)
        made = playground.start(choice.models, scenario=scenario, opening=choice.watch)
    st.session_state[SESSION] = made.id
    st.session_state["playground.watch"] = choice.watch


def session() -> Session | None:
    """The conversation on screen; None before the first and after a restart of the app."""
    known = st.session_state.get(SESSION)
    try:
        return services().playground.get(known) if known else None
    except DataError:
        st.session_state.pop(SESSION, None)
        return None


def columns(session: Session) -> None:
    """One column a model: what was said, its strip, how it ended."""
    tools = {tool.name: tool for tool in session.tools}
    for index, (box, column) in enumerate(
        zip(st.columns(len(session.columns), gap="medium"), session.columns, strict=True)
    ):
        with box:
            st.markdown(f"**{plain(column.model)}**")
            if column.turns:
                conversation(column.turns, Shown(key=f"play.{session.id}.{index}", tools=tools))
            elif not st.session_state.get("playground.watch"):
                st.caption("Say what you want, as vaguely as people do.")
            if unanswered(column) and not st.session_state.get("playground.watch"):
                answer(session, index)
            verdict(column)
            if column.ended and session.scenario:
                st.button(
                    "Keep as a trace",
                    key=f"save.{session.id}.{index}",
                    icon=":material/bookmark:",
                    type="tertiary",
                    **acting(services().playground.save, session.id, index, say="Kept among the traces."),
                )


def unanswered(column: Column) -> bool:
    """Whether the person's words wait for the model's."""
    return bool(column.turns) and column.turns[-1].speaker == "user" and not column.ended


def answer(session: Session, index: int) -> None:
    """Let the model speak, its words shown as they come, then draw the page anew with the stored turn."""
    spoken, shown = st.empty(), ""
    spoken.caption("Thinking …")
    try:
        for piece in services().playground.stream(session.id, index):
            shown += piece
            spoken.text(shown)
    except DiaForgeError as error:
        wiring.show_error(error)
        return
    if all(not unanswered(column) for column in services().playground.get(session.id).columns):
        st.rerun()


def verdict(column: Column) -> None:
    if column.outcome:
        st.markdown(f"{badge_markdown(OUTCOMES, column.outcome)} {plain(column.reason)}")
    elif column.ended == "error":
        st.error(plain(column.reason))
    elif column.ended:
        st.caption(plain(column.reason) or "The conversation has ended.")


def side(session: Session) -> None:
    """Candidates, the live strip of the first column, and what the user wants."""
    scenario = session.scenario
    steps = services().playground.strip(session.id, 0)
    names = [tool.name for tool in session.tools]
    open_now = steps[-1].open_tools if steps else names
    st.markdown(f"Still possible: {letters_line(open_now, names)}")
    watched = bool(st.session_state.get("playground.watch"))
    over = any(column.ended for column in session.columns)
    candidates(session.tools, steps, goal=scenario.goal_tool if scenario and over else "")
    if scenario:
        with st.expander(
            "What the user wants" if watched else "Your part: what you want",
            icon=":material/assignment_ind:",
            expanded=not watched,
        ):
            st.text(scenario.goal)
            for name, value in flatten(scenario.gold_arguments):
                st.markdown(f":gray[{plain(name)}] {plain(clip(value_text(value), 80))}")
    if steps:
        with st.expander("Turn by turn", type="compact"):
            strip(steps, names)


def say_box(session: Session) -> None:
    """What the person says next, or one step further when nobody plays."""
    going = [column for column in session.columns if not column.ended]
    if st.session_state.get("playground.watch"):
        with st.bottom, st.container(horizontal=True):
            st.button(
                "Next turn",
                key=f"step.{session.id}",
                icon=":material/skip_next:",
                disabled=not going,
                shortcut="Right",
                **acting(services().playground.step, session.id),
            )
            st.button(
                "To the end",
                key=f"end.{session.id}",
                icon=":material/fast_forward:",
                disabled=not going,
                **acting(to_the_end, session.id),
            )
        return
    said = st.chat_input(
        "Say something" if going else "This conversation has ended; start another",
        key=f"say.{session.id}",
        disabled=not going,
        max_chars=2000,
    )
    if said:
        with wiring.guarded():
            services().playground.say(session.id, said)
            st.rerun()


def to_the_end(session_id: str) -> None:
    """Every column played to its end by the simulated user."""
    for _ in range(40):  # eight assistant turns, their answers and the refused calls, with room to spare
        if all(column.ended for column in services().playground.step(session_id).columns):
            return

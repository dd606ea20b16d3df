"""The parts of the Playground page."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from diaforge_core.errors import DataError, DiaForgeError
from diaforge_core.records.scenario import TIERS, Scenario
from diaforge_core.records.tool import ToolCall
from diaforge_core.records.trace import Decoding
from diaforge_core.services.playground import PERSON, Column, Session

from . import wiring
from .ambiguity_strip import candidates, letters_line, strip
from .call_form import edit_arguments
from .dialogue_view import Shown, conversation, flatten, value_text
from .palette import OUTCOMES, badge_markdown
from .wiring import acting, services
from .wording import DECODING, DECODING_HELP, clip, letters, plain

SESSION = "playground.session"
"""Session key: id of the conversation on screen."""
SCENARIO, LINKED, FREE = "A new scenario", "The same again", "Free chat with tools"
USER, ASSISTANT, NOBODY = "I play the user", "I play the assistant", "Nobody: watch"
ROLE = "playground.role"
"""Session key: which of the three is on screen."""
RUNNING = "playground.running"
"""Session key: id of the conversation that is played to its end with nobody in it."""
LONGEST_SEED = 18
"""Digits of a seed in a link."""
DRAW = ("tier", "tool", "seed")
"""What the link tells of a scenario that was drawn, besides its catalog."""
NONE_FITS = "None of the available tools fits your request."


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be started."""

    models: tuple[str, ...]
    catalog: str
    tools: tuple[str, ...] = ()
    tier: str | None = None
    goal_tool: str | None = None
    role: str = USER
    seed: int | None = None
    """What draws the scenario; None for a new one at each start."""
    trace: str = ""
    """Id of a trace whose scenario is played instead."""
    decoding: Decoding = "free"


def setup(catalogs: list[str]) -> None:
    """Draw the choice of models and situation, and Start."""
    with st.expander("Set the scene", icon=":material/tune:", expanded=session() is None):
        one, two = st.columns(2, gap="large")
        with one:
            role = st.segmented_control(
                "Who plays",
                [USER, ASSISTANT, NOBODY],
                default=USER,
                required=True,
                key="playground.side",
                help="The user is simulated unless you play them.",
            )
            # The person's own turns stand in the first column; the picker is kept so that its choice is, too.
            models = model_picker(disabled=role == ASSISTANT)
            decoding: Any = st.selectbox(
                "Models on this machine write",
                list(DECODING),
                format_func=wiring.words_of(DECODING),
                key="playground.decoding",
                disabled=role == ASSISTANT,
                help=DECODING_HELP,
            )
        with two:
            catalog = wiring.pick("Catalog", catalogs, "catalog")
            linked = "trace" in st.query_params or "seed" in st.query_params
            kinds = [*([LINKED] if linked else []), SCENARIO, *([FREE] if role == USER else [])]
            kind = st.segmented_control(
                "Situation",
                kinds,
                default=kinds[0],
                required=True,
                key=f"playground.kind.{len(kinds)}.{linked}",
            )
            choice = replace(situation(tuple(models), catalog, str(kind), role or USER), decoding=decoding)
        ready = bool(models) and (kind != FREE or len(choice.tools) > 0)
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
                st.caption("Each start draws another scenario; the link then leads back to it.")


def model_picker(disabled: bool) -> list[str]:
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
        disabled=disabled,
        help="Each answers the same words of yours.",
    )


def situation(models: tuple[str, ...], catalog: str, kind: str, role: str) -> Choice:
    """Draw what the kind of situation leaves to choose."""
    if kind == LINKED:
        return linked_situation(models, catalog, role)
    names = {tool.name: tool.original_name for tool in services().catalogs.get(catalog).tools}
    if kind == FREE:
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
        return Choice(models, catalog, tools=tuple(tools), role=role)
    tier = st.selectbox("Difficulty", ["", *TIERS], format_func=lambda t: t or "surprise me", key="playground.tier")
    goal = st.selectbox(
        "Goal tool", ["", *names], format_func=lambda n: names.get(n, "any"), key=f"playground.goal.{catalog}"
    )
    return Choice(models, catalog, tier=tier or None, goal_tool=goal or None, role=role)


def linked_situation(models: tuple[str, ...], catalog: str, role: str) -> Choice:
    """The scenario that the link names: of a trace, or drawn as it was drawn before."""
    asked = st.query_params
    if trace := asked.get("trace", ""):
        st.caption("The scenario of a trace: the same user, candidates and seed.")
        return Choice(models, catalog, role=role, trace=trace)
    seed = asked.get("seed", "")
    drawn = seed.isascii() and seed.isdecimal() and len(seed) <= LONGEST_SEED
    st.caption(
        "The scenario of this link: the same user, candidates and seed."
        if drawn
        else "The link's seed is no whole number, so a new scenario is drawn."
    )
    return Choice(
        models,
        catalog,
        tier=asked.get("tier") or None,
        goal_tool=asked.get("tool") or None,
        role=role,
        seed=int(seed) if drawn else None,
    )


def start(choice: Choice) -> None:
    """Begin a conversation and bring it on screen; the link leads to its scenario from then on."""
    playground = services().playground
    if choice.tools:
        made = playground.start(choice.models, catalog=choice.catalog, tools=choice.tools, decoding=choice.decoding)
    else:
        models = (PERSON,) if choice.role == ASSISTANT else choice.models
        scenario = scenario_of(choice)
        opening = choice.role != USER
        made = playground.start(models, scenario=scenario, opening=opening, decoding=choice.decoding)
    st.session_state[SESSION] = made.id
    st.session_state[ROLE] = choice.role
    st.session_state.pop(RUNNING, None)


def scenario_of(choice: Choice) -> Scenario:
    """The scenario to be played, named by the link."""
    if choice.trace:
        return services().traces.get(choice.trace).scenario
    seed = secrets.randbits(31) if choice.seed is None else choice.seed
    goal, tier = choice.goal_tool, choice.tier
    drawn = services().playground.scenario(choice.catalog, goal_tool=goal, tier=tier, seed=seed)
    for name, value in zip(DRAW, (tier, goal, str(seed)), strict=True):
        wiring.put_query(name, value)
    return drawn


def role() -> str:
    """Who plays in the conversation on screen."""
    return str(st.session_state.get(ROLE, USER))


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
    names = [tool.name for tool in session.tools]
    for index, (box, column) in enumerate(
        zip(st.columns(len(session.columns), gap="medium"), session.columns, strict=True)
    ):
        with box:
            st.markdown("**You are the assistant**" if role() == ASSISTANT else f"**{plain(column.model)}**")
            if len(session.columns) > 1 and column.turns:
                steps = services().playground.strip(session.id, index)
                st.caption(f"Still possible: {letters_line(steps[-1].open_tools if steps else names, names)}")
            if column.turns:
                conversation(column.turns, Shown(key=f"play.{session.id}.{index}", tools=tools))
            elif role() == USER:
                st.caption("Say what you want, as vaguely as people do.")
            if unanswered(column) and role() == ASSISTANT:
                call_box(session, len(column.turns))
            elif unanswered(column):
                answer(session, index)
            verdict(column)
            if column.ended and session.scenario:
                keep_row(session, index)


def keep_row(session: Session, index: int) -> None:
    """What can be kept of a column that has ended."""
    playground = services().playground

    def keep() -> None:
        kept = playground.keep(session.id, index)
        failed = "" if kept.passed else " It fails a check; mend it there."
        wiring.tell(f"Kept in the dataset '{services().datasets.holding(kept.id)}', to be reviewed.{failed}")

    with st.container(horizontal=True, gap="small"):
        st.button(
            "Keep as a trace",
            key=f"save.{session.id}.{index}",
            icon=":material/bookmark:",
            type="tertiary",
            **acting(playground.save, session.id, index, say="Kept among the traces."),
        )
        st.button(
            "Keep as a dialogue",
            key=f"keep.{session.id}.{index}",
            icon=":material/rate_review:",
            type="tertiary",
            help="Into the review queue, with its checks, for training.",
            **acting(keep),
        )


def call_box(session: Session, turn: int) -> None:
    """The person's other acts than words: a call, filled in by the tool's schema, or that no tool fits."""
    key = f"act.{session.id}.{turn}"
    thought = thought_box(session, turn)
    by_name = {tool.name: tool for tool in session.tools}
    with st.expander("Call a tool", icon=":material/call_made:", key=f"{key}.box"):
        labels = {tool.name: f"{letters(index)} · {tool.original_name}" for index, tool in enumerate(session.tools)}
        chosen = st.selectbox("Tool", list(labels), format_func=wiring.words_of(labels), key=f"{key}.tool")
        filled = edit_arguments(by_name[chosen], {}, f"{key}.{chosen}", wiring.problems_of)
        call = ToolCall(name=chosen, arguments=filled.arguments)
        st.button(
            "Call it",
            key=f"{key}.call",
            type="primary",
            icon=":material/call_made:",
            disabled=bool(filled.problems),
            **acting(services().playground.act, session.id, "", call, thought),
        )
    st.button(
        "No tool fits",
        key=f"{key}.none",
        icon=":material/block:",
        type="tertiary",
        **acting(services().playground.act, session.id, NONE_FITS, None, thought),
    )


def thought_box(session: Session, turn: int) -> str:
    """Why the person does it, which the user never sees."""
    return st.text_input(
        "Your thought",
        key=thought_key(session, turn),
        max_chars=1000,
        placeholder="why, in a sentence",
        help="The user does not see it. A dialogue needs one in every turn of the assistant.",
    ).strip()


def thought_key(session: Session, turn: int) -> str:
    """Session key of what the person thinks in a turn."""
    return f"act.{session.id}.{turn}.thought"


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
    played = role() == USER
    over = any(column.ended for column in session.columns)
    candidates(session.tools, steps, goal=scenario.goal_tool if scenario and over else "")
    if scenario and (over or role() != ASSISTANT):
        with st.expander(
            "Your part: what you want" if played else "What the user wants",
            icon=":material/assignment_ind:",
            expanded=played or role() == ASSISTANT,
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
    if role() == NOBODY:
        watch_bar(session, bool(going))
        return
    said = st.chat_input(
        ("Ask the user, or call a tool above" if role() == ASSISTANT else "Say something")
        if going
        else "This conversation has ended; start another",
        key=f"say.{session.id}",
        disabled=not going,
        max_chars=2000,
    )
    if said:
        with wiring.guarded():
            if role() == ASSISTANT:
                thought = st.session_state.get(thought_key(session, len(session.columns[0].turns)), "")
                services().playground.act(session.id, said, thought=thought.strip())
            else:
                services().playground.say(session.id, said)
            st.rerun()


def watch_bar(session: Session, going: bool) -> None:
    """One turn further, or on to the end, where the simulated user talks with the models."""
    running = going and st.session_state.get(RUNNING) == session.id
    with st.bottom, st.container(horizontal=True):
        st.button(
            "Next turn",
            key=f"step.{session.id}",
            icon=":material/skip_next:",
            disabled=not going or running,
            shortcut="Right",
            **acting(services().playground.user_turns, session.id),
        )
        st.button(
            "Pause" if running else "To the end",
            key=f"end.{session.id}",
            icon=":material/pause:" if running else ":material/fast_forward:",
            disabled=not going,
            on_click=st.session_state.__setitem__,
            args=(RUNNING, "" if running else session.id),
        )
    if running and not any(unanswered(column) for column in services().playground.get(session.id).columns):
        services().playground.user_turns(session.id)
        st.rerun()

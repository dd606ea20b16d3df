"""The parts of the Traces page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from diaforge_core.records.scenario import TIERS
from diaforge_core.records.trace import Trace
from diaforge_core.services.review import strip as strip_steps

from . import wiring
from .ambiguity_strip import candidates, strip
from .dialogue_view import Shown, conversation, flatten, value_text
from .palette import OUTCOMES, badge_markdown, look
from .wiring import services
from .wording import clip, count, duration, plain

PAGE = 25
"""Rows of the table on screen."""


def filters() -> dict[str, Any]:
    """Draw the search line; the filters that are set, all of them in the link."""
    traces = services().traces
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search", key="text", bind="query-params", placeholder="words said", icon=":material/search:", width=140
        )
        chosen: dict[str, Any] = {
            "outcome": _many("Outcome", traces.values("outcome"), "outcome", lambda v: look(OUTCOMES, v).word),
            "run": _many("Run", [run.name for run in services().evaluation.runs()], "run"),
            "tier": _many("Tier", list(TIERS), "tier"),
            "goal_tool": _many("Goal tool", traces.values("goal_tool"), "tool"),
        }
        fault = st.toggle(
            "User fault",
            key="fault",
            bind="query-params",
            help="Only where the audit of the simulated user found something.",
        )
    chosen = {name: value for name, value in chosen.items() if value}
    if text.strip():
        chosen["text"] = text.strip()
    if fault:
        chosen["user_fault"] = True
    return chosen


def _many(label: str, options: list[str], key: str, words: Any = str) -> list[str]:
    return st.multiselect(label, options, key=key, bind="query-params", format_func=words, placeholder="any", width=140)


def table_page(filters: dict[str, Any]) -> tuple[pd.DataFrame, int, int]:
    """The page of rows that the pager stands on, how many there are in all, and the first row's place."""
    name = "traces.page." + str(sorted((key, str(value)) for key, value in filters.items()))
    start = st.session_state.setdefault(name, 0)
    order = st.session_state.get("order", "newest")
    frame, total = services().traces.page({"kind": "evaluate"} | filters, order, start, PAGE)
    st.session_state["traces.page"] = name
    return frame, total, start


def table(frame: pd.DataFrame, total: int, start: int) -> str | None:
    """Draw the page with its pager; id of the chosen row, None if none is."""
    shown = frame.assign(
        outcome=[look(OUTCOMES, str(value)).word for value in frame["outcome"]],
        opening=[clip(value, 110) for value in frame["opening"]],
    )
    event = st.dataframe(
        shown,
        key=f"traces.table.{start}.{total}",
        hide_index=True,
        height=290,
        on_select="rerun",
        selection_mode="single-row",
        column_order=["outcome", "opening", "goal_tool", "called", "tier", "model", "assistant_turns", "run"],
        column_config={
            "outcome": st.column_config.TextColumn("Outcome", width=130),
            "opening": st.column_config.TextColumn("Opening", width="large"),
            "goal_tool": "Goal tool",
            "called": "Called",
            "tier": st.column_config.TextColumn("Tier", width="small"),
            "model": "Model",
            "assistant_turns": st.column_config.NumberColumn("Turns", width="small", help="Assistant turns"),
            "run": "Run",
        },
    )
    _pager(total, start, len(frame))
    rows = event["selection"]["rows"]
    if not rows or rows[0] >= len(frame):
        return None
    st.query_params["trace"] = str(frame["id"].iloc[rows[0]])
    return st.query_params["trace"]


def _pager(total: int, start: int, here: int) -> None:
    name = st.session_state["traces.page"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{start + 1 if here else 0}–{start + here} of {count(total, 'trace')}")
        st.button(
            "Previous page",
            key="traces.before",
            icon=":material/chevron_left:",
            type="tertiary",
            disabled=start == 0,
            on_click=_turn,
            args=(name, -PAGE),
        )
        st.button(
            "Next page",
            key="traces.after",
            icon=":material/chevron_right:",
            type="tertiary",
            disabled=start + here >= total,
            on_click=_turn,
            args=(name, PAGE),
        )
        st.segmented_control(
            "Order",
            ["newest", "longest", "slowest", "outcome"],
            default="newest",
            required=True,
            key="order",
            bind="query-params",
            label_visibility="collapsed",
        )


def _turn(name: str, by: int) -> None:
    st.session_state[name] = max(0, st.session_state.get(name, 0) + by)


def detail(trace: Trace) -> None:
    """One trace: what happened, turn by turn, beside the candidates."""
    scenario = trace.scenario
    tools = services().traces.tools(trace)
    steps = strip_steps(tools, trace.turns)
    centre, right = st.columns([8, 5], gap="large")
    with centre:
        st.markdown(
            f"{badge_markdown(OUTCOMES, trace.outcome)} {plain(trace.reason)}",
            help=look(OUTCOMES, trace.outcome).meaning or None,
        )
        tokens = sum(turn.tokens for turn in trace.turns)
        cost = f" · {tokens:,} tokens · {duration(trace.seconds)}" if tokens else ""
        st.caption(f"{plain(trace.assistant)} · {scenario.tier} · trial {trace.trial + 1}{cost}")
        if trace.error:
            st.error(plain(trace.error))
        strip(steps, list(scenario.candidates))
        shown = Shown(key=f"trace.{trace.id}", tools={tool.name: tool for tool in tools}, marks=trace.audit)
        conversation(trace.turns, shown)
    with right:
        st.markdown("**Candidates**")
        candidates(tools, steps, goal=scenario.goal_tool)
        st.markdown("**What the user wanted**")
        st.text(scenario.goal)
        if not scenario.solvable:
            st.caption(f"No right tool was in view; the request needs {plain(scenario.goal_tool)}.")
        for name, value in flatten(scenario.gold_arguments):
            st.markdown(f":gray[{plain(name)}] {plain(clip(value_text(value), 80))}")
        if scenario.dial:
            st.caption(f"Behaviour: {scenario.dial.replace('_', ' ')}")
        other_runs(trace)


def other_runs(trace: Trace) -> None:
    """The same scenario in other runs, each a link."""
    frame = services().traces.same_scenario(trace.id)
    if frame.empty:
        return
    st.markdown("**Same scenario in other runs**")
    for row in frame.head(8).to_dict("records"):
        st.markdown(f"{badge_markdown(OUTCOMES, row['outcome'])} :gray[{plain(row['model'])}]")
        wiring.link(wiring.TRACES, plain(row["run"], 40), trace=row["id"])


def sql_box() -> None:
    """A read-only query over all traces."""
    with st.expander("Ask in SQL", icon=":material/database:"):
        st.caption("Tables: traces, turns, runs. It reads a locked copy; nothing can be changed.")
        with st.form("traces.sql", border=False):
            query = st.text_area(
                "Query",
                "SELECT model, outcome, count(*) AS n FROM traces GROUP BY ALL ORDER BY model, n DESC",
                key="traces.query",
                height=100,
            )
            asked = st.form_submit_button("Run", icon=":material/play_arrow:")
        if asked:
            with wiring.guarded():
                frame = services().traces.sql(query)
                st.caption(count(len(frame), "row"))
                st.dataframe(frame, hide_index=True)

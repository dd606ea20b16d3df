"""Which tools were taken for which, the conversations behind each cell, and the loop that mends a description."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from diaforge_core.records.run import FINISHED, Run
from diaforge_core.services.evaluation import NO_CALL, Matrix

from . import charts, wiring
from .evaluate_charts import cell_words, confusion_plot
from .palette import OUTCOMES, look
from .wiring import acting, services, who
from .wording import clip, count, plain

MOST_LISTED = 8
"""Conversations of a cell that are listed."""


def confusion_tab(done: list[Run]) -> None:
    """The worst clusters of one run; a cell opens its conversations and what could be done about the two tools."""
    run = wiring.linked(st.selectbox, "Run", [run.name for run in done], "of_run", done[0].name)
    _again(run, done)
    worst = services().evaluation.confusions(run)
    if not worst:
        st.info("No wrong tool was called in this run.", icon=":material/check_circle:")
        return
    st.caption(
        "The clusters of near-duplicates with most wrong calls. Each conversation stands once: under the first wrong "
        "tool that it called, else under its own. Choose a cell to read its conversations."
    )
    for place, matrix in enumerate(worst):
        with st.container(border=True):
            _cluster(run, place, matrix)


def _cluster(run: str, place: int, matrix: Matrix) -> None:
    total = sum(map(len, matrix.cells.values()))
    st.markdown(f"**{plain(clip(' · '.join(matrix.goals), 90))}**: {matrix.confused} of {count(total, 'conversation')}")
    cells = list(matrix.cells)
    table = f"confusion.rows.{run}.{place}"
    left, right = st.columns([3, 2], gap="large")
    with left:
        event = charts.draw(
            confusion_plot(matrix),
            f"confusion.{run}.{place}",
            "; ".join(cell_words(goal, called, len(ids)) for (goal, called), ids in matrix.cells.items()),
            on_select="rerun",
            selection_mode="points",
        )
    chosen = [point["point_index"] for point in event["selection"]["points"]] if event else []
    chosen += _rows(table)
    with st.expander("As a table", type="compact", icon=":material/table:"):
        rows = [(goal, called or "no call", len(ids)) for (goal, called), ids in matrix.cells.items()]
        frame = pd.DataFrame(rows, columns=["Needed", "Called", "Conversations"])
        st.dataframe(frame, hide_index=True, key=table, on_select="rerun", selection_mode="single-row")
    with right:
        _cell(run, matrix, cells[chosen[0]] if chosen and chosen[0] < len(cells) else _worst(matrix))


def _rows(key: str) -> list[int]:
    state = st.session_state.get(key)
    return list(state["selection"]["rows"]) if state else []


def _worst(matrix: Matrix) -> tuple[str, str]:
    """The cell of the most frequent confusion."""
    wrong = {cell: len(ids) for cell, ids in matrix.cells.items() if cell[1] not in (cell[0], NO_CALL)}
    return max(wrong, key=lambda cell: wrong[cell])


def _cell(run: str, matrix: Matrix, cell: tuple[str, str]) -> None:
    """What a cell says, its conversations as links, and where its two tools are mended."""
    goal, called = cell
    ids = matrix.cells[cell]
    st.markdown(plain(cell_words(goal, called, len(ids))))
    for trace_id in ids[:MOST_LISTED]:
        trace = services().traces.get(trace_id)
        shown = look(OUTCOMES, trace.outcome)
        opening = next((turn.reply for turn in trace.turns if turn.speaker == "user"), "")
        wiring.link(wiring.TRACES, f"{shown.word}: {plain(opening, 60)}", shown.icon, trace=trace_id, run=run)
    if len(ids) > MOST_LISTED:
        wiring.link(wiring.TRACES, f"All of this run that need {plain(goal, 40)}", run=run, goal_tool=goal)
    catalog = services().evaluation.catalog_of(run)
    if not catalog:
        return
    if called not in (goal, NO_CALL):
        words = "See both tools, and reword one"
        wiring.link(wiring.CATALOG, words, "compare_arrows", catalog=catalog, view="Pair", a=goal, b=called)
    else:
        wiring.link(wiring.CATALOG, "See the tool", "edit", catalog=catalog, view="Tools", tool=goal)


def _again(run: str, done: Sequence[Run]) -> None:
    """What was reworded since the run, and the button that plays the scenarios it touches again."""
    evaluation = services().evaluation
    record = next(each for each in done if each.name == run)
    later = [each for each in evaluation.runs() if each.config["recipe"].get("again") == record.id]
    changed = evaluation.changed(run)
    if not changed and not later:
        return
    with st.container(border=True):
        if changed:
            names = plain(clip(", ".join(changed), 120))
            st.markdown(f":material/edit_note: **Reworded since this run:** {names}")
            st.button(
                "Play the affected scenarios again",
                key=f"confusion.again.{run}",
                icon=":material/replay:",
                help="The same model, on the catalog as it is now; only scenarios that need or offer a reworded tool.",
                **acting(
                    evaluation.again, run, tuple(changed), who(), say="Started. It goes on if you close this page."
                ),
            )
        for each in later[:3]:
            if each.state not in FINISHED:
                st.caption(f"{plain(each.name)} is {each.state}.")
            elif each.result:
                words = f"What changed: {plain(each.name, 40)} against {plain(run, 40)}"
                wiring.link(wiring.EVALUATE, words, "balance", view="Compare", a=each.name, b=run)

"""A generation while it runs: what came out, why what was rejected was, and each dialogue to open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from diaforge_core.records.run import FINISHED, Run
from diaforge_core.services.generation import NewDialogue, RunCounts

from . import wiring
from .dialogue_view import FAULT_WORDS
from .generate_dialogue import open_dialogue
from .run_progress import log_popover, run_header, title_line, watch
from .wiring import services
from .wording import clip, count, exact, plain


def runs(found: list[Run]) -> None:
    """Draw the run that the link names, else the newest that is not finished, else the newest."""
    asked = st.query_params.get("run")
    shown = (
        [run for run in found if run.name == asked] or [run for run in found if run.state not in FINISHED] or found[:1]
    )
    if shown:
        with st.container(border=True):
            watch(shown[0].id, _run_box)


def _run_box(run: Run) -> None:
    """The run: in two lines once all went well, else with its progress and its buttons."""
    rejected_only = bool(st.session_state.get(f"generate.rejected.{run.id}"))
    made = services().generation.counts(run.id, rejected_only=rejected_only)
    well = run.state == "succeeded"
    if not well:
        run_header(run)
    if made.accepted or made.rejected:
        with st.container(horizontal=True, vertical_alignment="center"):
            if well:
                st.markdown(title_line(run), help=exact(run.ended), width="content")
            counters(made, run.result)
            wiring.link(wiring.REVIEW, "Read them", dataset=run.config["recipe"]["dataset"])
            if well:
                log_popover(run)
        _rows(run, made, rejected_only)
    elif well:
        run_header(run)


def counters(made: RunCounts, result: Mapping[str, Any]) -> None:
    """Draw what was kept, what was rejected by reason, what was spent and what met a fault of ours."""
    st.badge(f"{made.accepted:,} kept", icon=":material/check:", color="blue")
    for verifier, number in made.rejected.items():
        reason = FAULT_WORDS.get(verifier, verifier.replace("_", " "))
        st.badge(
            f"{number:,} {plain(reason)}",
            icon=":material/priority_high:",
            color="orange",
            help="Rejected by this check.",
        )
    spent = spent_words(result.get("spent") or {})
    if spent:
        st.badge(spent, icon=":material/savings:", color="gray", help="Spent on models so far.")
    if result.get("faults"):
        faults = count(result["faults"], "fault of DiaForge", "faults of DiaForge")
        st.badge(faults, icon=":material/bug_report:", color="red", help="See the log.")


def spent_words(spent: Mapping[str, Any]) -> str:
    """`1,204 calls · 512,000 tokens · 0.41`; empty if nothing was."""
    if not spent.get("calls"):
        return ""
    tokens = spent.get("tokens") or {}
    parts = [count(spent["calls"], "call"), f"{sum(tokens.values()):,} tokens"]
    if spent.get("money"):
        parts.append(f"{spent['money']:,.2f}")
    return " · ".join(parts)


def _rows(run: Run, made: RunCounts, rejected_only: bool) -> None:
    """The newest dialogues, each with its state; a click opens it."""
    finished = run.state in FINISHED
    with st.expander("Newest dialogues", type="compact", icon=":material/list:", expanded=not finished):
        if made.rejected:
            st.toggle("Rejected only", key=f"generate.rejected.{run.id}")
        with st.container(gap=None):
            for row in made.newest:
                _row(row)
        if not made.newest:
            st.caption("None was rejected." if rejected_only else "None yet.")


def _row(row: NewDialogue) -> None:
    reason = FAULT_WORDS.get(row.failed, row.failed.replace("_", " "))
    state = f":orange[{plain(reason)}]" if row.failed else ":gray[kept]"
    if st.button(
        f"{plain(clip(row.opening, 84))} :gray[· {row.tier} ·] {state}",
        key=f"generate.row.{row.id}",
        type="tertiary",
        icon=f":material/{'priority_high' if row.failed else 'check'}:",
    ):
        open_dialogue(row.id)
        st.rerun()

"""What to make of a failed conversation: a fault mark, more dialogues like it, a correction, a preference pair."""

from __future__ import annotations

import streamlit as st

from diaforge_core.records.trace import Trace
from diaforge_core.services.failures import LIKE_IT, RIGHT

from . import wiring
from .fault_mark import fault_mark
from .wiring import acting, action, services, who
from .wording import plain

WAITING = "failures.waiting"
"""Session key: trace → (dataset, dialogue) that waits for its correction."""


def failure_actions(trace: Trace) -> None:
    """The fault mark of a graded trace and, where it failed, the buttons that make data of it."""
    if not trace.outcome:
        return
    fault_mark(trace)
    if trace.outcome in RIGHT:
        return
    failures = services().failures
    part = failures.test_part(trace.id)
    st.markdown("**Make data of it**")
    if part:
        st.caption(
            f"Played on the test part '{plain(part)}': learning from it, or from dialogues with its tools, would make "
            "the test say too much. Only new dialogues can be made; check them for leaks before you train."
        )
    with st.container(horizontal=True, gap="xsmall"):
        _more(trace)
        if not part:
            _correct(trace)
            _pair(trace)
    for run in failures.made_after(trace.id)[:3]:
        dataset = run.config["recipe"]["dataset"]
        wiring.link(
            wiring.REVIEW, f"Made after this one: {plain(dataset)}", "rate_review", dataset=dataset, state="all"
        )
    waiting = st.session_state.get(WAITING, {}).get(trace.id)
    if waiting:
        dataset, dialogue = waiting
        wiring.link(wiring.REVIEW, "Correct it in Review", "edit", dataset=dataset, dialogue=dialogue, state="all")


def _more(trace: Trace) -> None:
    start = acting(services().failures.make_more, trace.id, say="Started. It goes on if you close this page.")
    st.button(
        f"Make {LIKE_IT} like this",
        key=f"failures.more.{trace.id}",
        icon=":material/content_copy:",
        help="New dialogues with its goal and the twins beside it, its difficulty and its behaviour; each names this "
        "conversation as its parent.",
        **start,
    )


def _correct(trace: Trace) -> None:
    def put() -> None:
        made = services().failures.correct(trace.id, who=who())
        st.session_state[WAITING] = st.session_state.get(WAITING, {}) | {trace.id: (made.dataset, made.dialogue)}

    st.button(
        "Correct this turn",
        key=f"failures.correct.{trace.id}",
        icon=":material/edit:",
        help="The conversation up to its first faulty turn goes into the review queue, where that turn is edited.",
        on_click=action(put, say="It waits in Review, up to the turn to correct."),
    )


def _pair(trace: Trace) -> None:
    failures = services().failures
    kept, why_not = failures.is_kept(trace.id), failures.why_no_pair(trace.id)
    st.button(
        "Pair kept" if kept else "Keep as a preference pair",
        key=f"failures.pair.{trace.id}",
        icon=":material/check:" if kept else ":material/balance:",
        disabled=bool(why_not),
        help=why_not
        or "What the teacher would have done here against what was done; the Train page's preference stage learns "
        "from all kept pairs. Press again to let it go.",
        **acting(failures.drop_pair if kept else failures.keep_pair, trace.id, who()),
    )

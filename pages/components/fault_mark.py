"""Who was at fault for how a conversation went: the mark that stands, its history, and the buttons that change it."""

from __future__ import annotations

import streamlit as st

from diaforge_core.records.trace import Trace
from diaforge_core.services.faults import BLAMES, Blame

from .wiring import acting, services, who
from .wording import ago, exact, plain

WORDS: dict[str, str] = {"agent": "the assistant", "user": "the simulated user", "gold": "the gold data"}
MEANS: dict[str, str] = {
    "agent": "It counts as the assistant's failure, whatever the audit says.",
    "user": "The simulated user said what it should not have; left out of the numbers without faults.",
    "gold": "Goal or gold arguments are wrong; left out of the numbers without faults.",
}


def fault_mark(trace: Trace) -> None:
    """Who is marked as at fault and why; a reviewer marks, marks otherwise, or takes the mark back."""
    faults = services().faults
    standing, said = faults.of(trace.id), faults.history(trace.id)
    st.markdown("**Who was at fault?**")
    if standing and standing.blame:
        why = f": {plain(standing.why)}" if standing.why else ""
        st.markdown(f":violet-badge[:material/gavel: {WORDS[standing.blame]}]{why}")
        st.caption(f"{plain(standing.who, 24)}, {ago(standing.when)}", help=exact(standing.when))
    if not services().people.may(who(), "label"):
        st.caption("Reviewers mark faults.")
        return
    key = f"fault.why.{trace.id}.{len(said)}"
    st.text_input("Why", key=key, max_chars=300, placeholder="Why (others will read it)", label_visibility="collapsed")

    def mark(blame: Blame) -> None:
        faults.mark(trace.id, blame, st.session_state.get(key, ""), who())

    with st.container(horizontal=True, gap="xsmall"):
        for blame in BLAMES:
            on = standing is not None and standing.blame == blame
            st.button(
                WORDS[blame].capitalize(),
                key=f"fault.{blame}.{trace.id}",
                type="primary" if on else "secondary",
                icon=":material/check:" if on else None,
                help=MEANS[blame],
                **acting(mark, blame),
            )
        if standing:
            take_back = acting(faults.take_back, trace.id, who(), say="Taken back.")
            st.button("Take back", key=f"fault.undo.{trace.id}", type="tertiary", icon=":material/undo:", **take_back)
    if len(said) > 1:
        with st.expander("What was said before", type="compact", icon=":material/history:"):
            for each in reversed(said):
                what = WORDS[each.blame] if each.blame else "taken back"
                st.caption(f"{what} · {plain(each.why) or 'no reason given'} · {plain(each.who, 24)}, {ago(each.when)}")

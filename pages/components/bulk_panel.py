"""“With these 38 …”: an act or a repair on all that the filter shows, looked at before it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pandas as pd
import streamlit as st

from diaforge_core.records.queue import Filter
from diaforge_core.records.review import REJECT_REASONS, DecisionKind
from diaforge_core.services.bulk import Plan, Planned, Repair

from . import wiring
from .difference_view import draw_difference, summary
from .review_state import screen
from .wiring import services, who
from .wording import clip, count

PLAN = "bulk.plan"
"""Session key: (what the plan was made for, the plan)."""
ACTS: dict[str, str] = {"accept": "Accept", "reject": "Reject", "flag": "Flag", "reopen": "Reopen"}
OUTCOMES = {"good": "would be done", "refused": "left out", "same": "nothing to do"}
ROWS = 500
"""Dialogues of a dry run on screen."""
DIFFS = 20
"""Differences of a dry run on screen."""


def bulk_button(total: int, here: str) -> None:
    """Draw the button that opens the panel on these dialogues, over the one on screen."""
    st.button(
        f"With these {total:,} …",
        key="bulk.open",
        icon=":material/checklist:",
        disabled=not total,
        help="Accept, reject, flag, reopen or repair all that this filter shows; with a dry run, and one undo.",
        on_click=_open,
        args=(here,),
    )


def _open(here: str) -> None:
    st.session_state.pop(PLAN, None)
    screen().open_dialog(here, "bulk")


def bulk_panel(found: Filter) -> bool:
    """Draw the panel's inside for all that a filter shows; whether something was done just now."""
    total = services().finding.count(found, who())
    repairs = {repair.name: repair for repair in services().bulk.repairs()}
    labels = {kind: f"{word} all" for kind, word in ACTS.items()} | {name: r.title for name, r in repairs.items()}
    what = st.selectbox("Do", list(labels), format_func=labels.__getitem__, key="bulk.what")
    reason, values = _details(what, repairs.get(what))
    asked = (what, reason, tuple(values.items()), found)
    ready = what not in repairs or not repairs[what].fields or bool(values[repairs[what].fields[0]].strip())
    if st.button(
        f"Show what would happen to {count(total, 'dialogue')}",
        key="bulk.dry",
        icon=":material/visibility:",
        type="primary",
        disabled=not ready,
    ):
        with wiring.guarded(), st.spinner("Looking at each …"):
            ids = services().finding.ids(found, who())
            st.session_state[PLAN] = asked, _plan(ids, what, reason, values, what in repairs)
    made, plan = st.session_state.get(PLAN, (None, None))
    if plan is not None and made == asked:
        return _dry_run(plan)
    if plan is not None:
        st.caption("The choices have changed since the dry run; look again.")
    return False


def _details(what: str, repair: Repair | None) -> tuple[str, dict[str, str]]:
    """The reason of a decision, or the values of a repair."""
    if repair is None:
        reason = ""
        if what == "reject":
            reason = str(st.selectbox("Reason", REJECT_REASONS, format_func=str.capitalize, key="bulk.reason"))
        elif what == "flag":
            reason = st.text_input("Why", key="bulk.why")
        return reason, {}
    st.caption(repair.about)
    places = st.columns(max(1, len(repair.fields)))
    return "", {
        name: place.text_input(name.capitalize(), key=f"bulk.{repair.name}.{name}")
        for name, place in zip(repair.fields, places, strict=False)
    }


def _plan(ids: Sequence[str], what: str, reason: str, values: dict[str, str], is_repair: bool) -> Plan:
    bulk = services().bulk
    return bulk.plan_repair(ids, what, values) if is_repair else bulk.plan(ids, cast(DecisionKind, what), reason)


def _dry_run(plan: Plan) -> bool:
    """What would happen to each, the differences, and the button that does it; whether it was pressed."""
    parts = [f"**{plan.count(outcome):,}** {words}" for outcome, words in OUTCOMES.items() if plan.count(outcome)]
    st.markdown(" · ".join(parts))
    order = {"refused": 0, "good": 1, "same": 2}
    rows = sorted(plan.rows, key=lambda row: order[row.outcome])[:ROWS]
    st.dataframe(
        pd.DataFrame(
            [(OUTCOMES[row.outcome], clip(row.opening, 90), _told(row)) for row in rows],
            columns=["outcome", "opening", "why"],
        ),
        hide_index=True,
        height=min(300, 40 + 35 * len(rows)),
        column_config={
            "outcome": st.column_config.TextColumn("Outcome", width=110),
            "opening": st.column_config.TextColumn("Dialogue", width=320),
            "why": st.column_config.TextColumn("Why", width=330),
        },
    )
    if len(plan.rows) > ROWS:
        st.caption(f"The first {ROWS} of {len(plan.rows):,}, those left out first.")
    _differences(plan.rows)
    pressed = st.button(
        f"Do it to {count(plan.count('good'), 'dialogue')}",
        key="bulk.apply",
        type="primary",
        icon=":material/done_all:",
        disabled=not plan.good,
        help="As one act: one undo takes all of it back.",
    )
    if pressed:
        _apply(plan)
    return pressed


def _told(row: Planned) -> str:
    return clip(row.why or (summary(row.difference) if row.difference else ""), 200)


def _differences(rows: Sequence[Planned]) -> None:
    changed = [row for row in rows if row.difference is not None and not row.difference.is_none]
    if not changed:
        return
    with st.expander(f"{count(len(changed), 'difference')}", icon=":material/difference:"):
        for row in changed[:DIFFS]:
            st.caption(f"{OUTCOMES[row.outcome]} · {clip(row.opening, 80)}")
            speakers = [turn.speaker for turn in row.new.turns] if row.new else []
            if row.difference is not None:
                draw_difference(row.difference, (speakers, speakers))
        if len(changed) > DIFFS:
            st.caption(f"The first {DIFFS} of {len(changed):,}.")


def _apply(plan: Plan) -> None:
    done = services().bulk.apply(plan, who())
    st.session_state.pop(PLAN, None)
    late = f" {count(len(done.left_out), 'dialogue')} changed since and was left out." if done.left_out else ""
    number = len(done.act.decisions) if done.act else 0
    wiring.tell(f"Done to {count(number, 'dialogue')}; U takes it back.{late}")

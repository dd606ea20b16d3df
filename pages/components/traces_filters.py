"""What the Traces page shows: words, what narrows the list, its order and the page of it, all of it in the link."""

from __future__ import annotations

from functools import partial

import streamlit as st

from diaforge_core.services.traces import MOST_CHOICES, Filters

from .given_chips import Given, given_chips
from .palette import OUTCOMES, look
from .traces_state import show, turn_page
from .wiring import put_query, services
from .wording import clip

NAMES = {
    "outcome": "Outcome",
    "run": "Run",
    "goal_tool": "Goal tool",
    "called": "Called tool",
    "tier": "Tier",
    "model": "Model",
    "fault": "Whose fault",
    "reason": "Reason",
    "label": "Label on a turn",
    "noted": "Has notes",
    "candidates": "Candidates",
    "closeness": "Closest candidate",
    "dial": "Behaviour",
    "solvable": "Right tool in view",
    "scenario": "Scenario",
}
"""Part of a filter → what people call it, in the order offered."""
KINDS = {"evaluate": "evaluations", "generate": "generated", "all": "all"}
ORDERS = {
    "newest": "newest first",
    "-newest": "oldest first",
    "outcome": "outcome",
    "goal_tool": "goal tool",
    "called": "called tool",
    "tier": "tier",
    "model": "model",
    "run": "run",
    "fault": "whose fault",
    "reason": "reason",
    "opening": "opening, A to Z",
    "-opening": "opening, Z to A",
    "-turns": "most turns",
    "turns": "fewest turns",
    "-tokens": "most tokens",
    "tokens": "fewest tokens",
    "-seconds": "slowest",
    "seconds": "fastest",
    "-closeness": "closest candidates",
    "closeness": "least close candidates",
    "-candidates": "most candidates",
    "candidates": "fewest candidates",
    "dial": "behaviour",
}
LINKED = ("scenario",)
"""Parts that links give and nobody chooses from a list."""
COLUMNS = 2


def filters() -> tuple[Filters, str]:
    """Draw the search line; what the list is narrowed by and its order."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="text",
            bind="query-params",
            placeholder="words said",
            icon=":material/search:",
            width=220,
            on_change=turn_page,
        )
        kind = st.selectbox(
            "Show", list(KINDS), key="kind", bind="query-params", format_func=lambda value: KINDS[value], width=140,
            on_change=turn_page,
        )  # fmt: skip
        order = st.selectbox(
            "Order", list(ORDERS), key="order", bind="query-params", format_func=lambda value: ORDERS[value], width=170,
            on_change=turn_page,
        )  # fmt: skip
        found: dict[str, object] = {part: given for part in NAMES if (given := st.query_params.get_all(part))}
        found |= {"kind": kind} if kind != "all" else {}
        found |= {"text": text.strip()} if text.strip() else {}
        _more(found)
    _chips(found)
    return found, order


def narrowed(found: Filters) -> bool:
    """Whether anything but the kind of run narrows the list."""
    return bool(set(found) - {"kind"})


def words(part: str, value: str) -> str:
    """A value of a part in people's words."""
    if part == "outcome":
        return look(OUTCOMES, value).word
    if part == "label":
        return {label.id: label.name for label in services().labels.all(archived=True)}.get(value, value)
    return value.replace("_", " ") if part == "dial" else value


def _more(found: Filters) -> None:
    """Draw the button that opens everything to narrow by; what there is to choose is asked for when it opens."""
    box = st.popover("Filters", icon=":material/filter_list:", key="traces.more", on_change="rerun", width="content")
    if not box.open:
        return
    with box:
        places = st.columns(COLUMNS, width=620)
        for number, part in enumerate(part for part in NAMES if part not in LINKED):
            with places[number % COLUMNS]:
                _choice(found, part)


def _choice(found: Filters, part: str) -> None:
    """One part with its values and how many traces each would leave beside the other parts."""
    current = st.query_params.get_all(part)
    numbers = services().traces.choices(found, part)
    values = [*numbers, *(value for value in current if value not in numbers)]
    key = f"traces.filter.{part}.{current}"
    st.multiselect(
        NAMES[part],
        values,
        default=current,
        key=key,
        format_func=lambda value: f"{clip(words(part, value), 60)} ({numbers.get(value, 0):,})",
        placeholder="any" if values else "none there",
        disabled=not values,
        on_change=lambda: put(part, st.session_state[key]),
        help=f"The {MOST_CHOICES} most frequent." if len(numbers) == MOST_CHOICES else None,
    )


def _chips(found: Filters) -> None:
    """What the list is narrowed by, each a button that takes it away."""
    asked = {part: st.query_params.get_all(part) for part in NAMES if part in found}
    given = [
        Given(part, value, NAMES[part], words(part, value), partial(put, part, [v for v in values if v != value]))
        for part, values in asked.items()
        for value in values
    ]
    given_chips("traces", given, _clear)


def put(part: str, values: list[str]) -> None:
    """Give a part of the filter in the link, or take it out; the list begins anew.

    Nothing happens where the link says so already: a browser that has not seen yet that a choice is gone tells it
    again, and the framework takes that for a change.
    """
    if values != st.query_params.get_all(part):
        put_query(part, values)
        turn_page()
        show(None)


def _clear() -> None:
    for part in NAMES:
        put(part, [])


def nothing_left() -> None:
    """That nothing meets the filters, and the way back."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(":material/inbox: No trace meets these filters.")
        st.button("Show all", key="traces.all", on_click=_show_all)


def _show_all() -> None:
    _clear()
    st.session_state["text"], st.session_state["kind"] = "", "all"
    turn_page()
    show(None)

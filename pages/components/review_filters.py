"""What the Review page shows: dataset, state and text, what narrows it further, all of it in the link."""

from __future__ import annotations

from functools import partial
from typing import Any, get_args

import streamlit as st

from diaforge_core.records.queue import Filter
from diaforge_core.services.datasets import ShownState
from diaforge_core.services.finding import MOST_CHOICES, PARTS

from . import wiring
from .dialogue_view import FAULT_WORDS
from .given_chips import Given, given_chips
from .palette import STATES
from .review_state import screen
from .wiring import services, who
from .wording import clip

ANY = ""
NAMES = {
    "tier": "Tier",
    "goal_tool": "Goal tool",
    "candidate": "Among the candidates",
    "solvable": "Right tool in view",
    "verifier": "Failed check",
    "label": "Label on a turn",
    "reviewer": "Judged by",
    "reason": "Reason",
    "commented": "Has comments",
    "persona": "Persona",
    "style": "Style",
    "department": "Department",
    "dial": "Behaviour",
    "assistant": "Written by",
}
"""Part of a filter → what people call it, in the order offered."""
COLUMNS = 2


def filters(datasets: list[str]) -> Filter:
    """Draw dataset, state chips, text and what narrows them; the filter, which a reload and a link keep."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = wiring.pick("Dataset", datasets, "dataset", width=170)
        text = st.session_state["text"] if "text" in st.session_state else st.query_params.get("text", "")
        parts = asked() | {"text": str(text or "").strip()}
        state = _state(Filter.model_validate({"dataset": dataset} | parts))
        text = st.text_input(
            "Search", key="text", bind="query-params", placeholder="words said", icon=":material/search:", width=150
        )
        found = Filter.model_validate({"dataset": dataset, "state": state, "text": text.strip()} | asked())
        _more(found)
    _chips(found)
    return found


def asked() -> dict[str, Any]:
    """The parts of a filter that the link gives besides dataset, state and text."""
    given = {part: st.query_params.get(part, ANY) for part in PARTS}
    read: dict[str, Any] = {part: value for part, value in given.items() if value != ANY}
    if "solvable" in read:
        read["solvable"] = read["solvable"] == "yes"
    if "commented" in read:
        read["commented"] = read["commented"] == "yes"
    return read


def query_of(found: Filter) -> dict[str, str]:
    """The query parameters that open a filter, in any browser."""
    query = {"dataset": found.dataset, "state": found.state or "all"} | ({"text": found.text} if found.text else {})
    return query | {part: _value(found, part) for part in NAMES if _value(found, part) != ANY}


def turn_to(found: Filter) -> None:
    """Show another filter from the next drawing on, and its first dialogue."""
    query = query_of(found)
    for part in NAMES:
        put(part, query.get(part, ANY))
    for name in ("dataset", "text"):
        st.session_state[name] = query.get(name, "")
    st.query_params["state"] = query["state"]
    screen().show(None)


def put(part: str, value: str) -> None:
    """Give a part of the filter in the link, or take it out; the first dialogue of what is left comes on screen.

    Nothing happens where the link says so already: a browser that has not seen yet that a choice is gone tells it
    again, and the framework takes that for a change.
    """
    if value != st.query_params.get(part, ANY):
        wiring.put_query(part, value)
        screen().show(None)


def narrowed_by(found: Filter) -> list[str]:
    """What a filter is narrowed by besides dataset, state and text, each `Tier: hard`."""
    values = {part: _value(found, part) for part in NAMES}
    return [f"{NAMES[part]}: {words(part, value)}" for part, value in values.items() if value != ANY]


def words(part: str, value: str) -> str:
    """A value of a part in people's words."""
    if part == "label":
        names = {label.id: label.name for label in services().labels.all(archived=True)}
        return names.get(value, value)
    if part == "verifier":
        return FAULT_WORDS.get(value, value)
    return value.replace("_", " ") if part == "dial" else value


def _state(found: Filter) -> ShownState | None:
    """The choice of a state; each says how many dialogues the other parts of the filter leave in it."""
    numbers: dict[str, int] = dict.fromkeys([*get_args(ShownState), "all"], 0)
    for state, number in services().finding.states(found, who()).items():
        numbers[state] = number
    numbers["all"] = sum(numbers.values())
    names = {"failed": "failed", "all": "all"} | {state: look.word for state, look in STATES.items()}
    state = wiring.linked(
        st.pills,
        "Show",
        ["pending", "failed", "flagged", "accepted", "rejected", "all"],
        "state",
        "pending" if numbers["pending"] else "all",
        format_func=lambda value: f"{names[value]} {numbers[value]:,}",
    )
    return next((known for known in get_args(ShownState) if known == state), None)


def _more(found: Filter) -> None:
    """Draw the button that opens everything else to narrow by; what there is to choose is asked for when it opens."""
    box = st.popover(
        "More filters", icon=":material/filter_list:", key="filters.more", on_change="rerun", width="content"
    )
    if not box.open:
        return
    with box:
        places = st.columns(COLUMNS, width=560)
        for number, part in enumerate(NAMES):
            with places[number % COLUMNS]:
                _choice(found, part)


def _choice(found: Filter, part: str) -> None:
    """One part with its values and how many dialogues each would leave."""
    current = _value(found, part)
    numbers = services().finding.choices(found, part, who())
    values = [ANY, *numbers] if current in (ANY, *numbers) else [ANY, current, *numbers]
    key = f"filters.{part}.{current}"

    def wording(value: str) -> str:
        return "any" if value == ANY else f"{clip(words(part, value), 60)} ({numbers.get(value, 0):,})"

    st.selectbox(
        NAMES[part],
        values,
        index=values.index(current),
        key=key,
        format_func=wording,
        disabled=len(values) == 1,
        on_change=lambda: put(part, st.session_state[key]),
        help=f"The {MOST_CHOICES} most frequent." if len(numbers) == MOST_CHOICES else None,
    )


def _chips(found: Filter) -> None:
    """What the list is narrowed by, each a button that takes it away."""
    values = {part: _value(found, part) for part in NAMES}
    given = [
        Given(part, value, NAMES[part], words(part, value), partial(put, part, ANY))
        for part, value in values.items()
        if value != ANY
    ]
    given_chips("filters", given, _clear)


def _clear() -> None:
    for part in NAMES:
        put(part, ANY)


def _value(found: Filter, part: str) -> str:
    """A part of a filter as the link has it."""
    value = getattr(found, part)
    return (
        str(value or ANY) if not isinstance(value, bool) else ("yes" if value else "no" if part == "solvable" else ANY)
    )

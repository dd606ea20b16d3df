"""Who plays which side of the dialogues, and what that may cost."""

from __future__ import annotations

from typing import Any

import streamlit as st

from diaforge_core.errors import DiaForgeError
from diaforge_core.services.generation import Recipe, endpoint_models

from . import wiring
from .wiring import services
from .wording import plain

SIDES: dict[str, tuple[str, str, str, str]] = {
    "assistant": (
        "Assistant",
        "scripted:oracle",
        "the scripted teacher",
        "Asks and calls. It sees only what an assistant sees.",
    ),
    "user": ("User", "scripted", "the scripted user", "Opens vaguely and answers; knows the goal and its values."),
    "words": (
        "Wording",
        "",
        "the scripts' own words",
        "A model that says in its own words what the scripts plan: richer text, the scripts' truth.",
    ),
    "critic": (
        "Critic",
        "",
        "no critic",
        "A model that reads each dialogue that passed all other checks, and judges it.",
    ),
}
"""Side → label, what plays it by default, how that is called, and what the side does."""
SPEC_HELP = (
    "Choose a model, or write a spec: openai:MODEL@http://HOST:PORT/v1 for any server that speaks the OpenAI protocol "
    "(vLLM, Ollama, llama.cpp; the key stands in DIAFORGE_API_KEY), hf:FOLDER for weights on this machine."
)


def sides() -> dict[str, Any]:
    """Draw a choice for each side; side → spec, and the drafts of a model-driven user."""
    known = wiring.model_labels(scripted=False)
    chosen: dict[str, Any] = {}
    with st.expander("Who plays", type="compact", icon=":material/smart_toy:"):
        st.caption("Without any model all is written by scripts, at once and at no cost.")
        for side, (label, usual, words, does) in SIDES.items():
            labels = {usual: words} | known
            spec = st.selectbox(
                label,
                list(labels),
                format_func=wiring.words_of(labels),
                key=f"generate.{side}",
                accept_new_options=True,
                help=f"{does} {SPEC_HELP}",
            )
            chosen[side] = usual if spec is None else str(spec).strip()
            problem = spec_problem(chosen[side]) if chosen[side] not in (usual, "") else ""
            if problem:
                st.caption(f":orange[:material/priority_high: {plain(problem)}]")
        if chosen["user"] != SIDES["user"][1]:
            chosen["votes"] = int(
                st.number_input(
                    "Drafts of each user turn",
                    1,
                    9,
                    3,
                    key="generate.votes",
                    help="The model writes so many and the best is taken; each costs a call.",
                )
            )
    return chosen


@st.cache_data(ttl=20, max_entries=64, show_spinner=False)
def spec_problem(spec: str) -> str:
    """Why nobody of this spec can play; empty if somebody can."""
    try:
        services().models.resolve(spec)
    except DiaForgeError as problem:
        return str(problem)
    return ""


def spending(recipe: Recipe) -> dict[str, Any]:
    """Draw prices and limits where an endpoint is asked; nothing where nobody is."""
    asked = endpoint_models(recipe)
    if not asked:
        return {}
    with st.expander("Limits and prices", type="compact", icon=":material/savings:", expanded=True):
        st.caption("At a limit the run stops and keeps what it has; raise it and resume to go on. Empty is no limit.")
        first, second, third = st.columns(3)
        tokens = first.number_input("Tokens", min_value=1, value=None, step=100_000, key="generate.limit.tokens")
        money = second.number_input("Money", min_value=0.01, value=None, step=1.0, key="generate.limit.money")
        calls = third.number_input("Calls", min_value=1, value=None, step=100, key="generate.limit.calls")
        prices = {model: _price(model) for model in asked}
        if money and any(not price for price in prices.values()):
            st.caption(":orange[:material/priority_high: A limit of money needs the price of every model.]")
    return {
        "limits": {"tokens": tokens, "money": money, "calls": calls},
        "prices": {model: price for model, price in prices.items() if price},
    }


def _price(model: str) -> dict[str, float]:
    """What a million tokens of this model cost; empty while nothing is said."""
    read, written = st.columns(2)
    prompt = read.number_input(
        f"{plain(model, 24)}: read",
        min_value=0.0,
        value=None,
        key=f"generate.price.{model}.read",
        help="Per million tokens.",
    )
    completion = written.number_input(
        "written", min_value=0.0, value=None, key=f"generate.price.{model}.written", help="Per million tokens."
    )
    if prompt is None and completion is None:
        return {}
    return {"prompt": prompt or 0.0, "completion": completion or 0.0}

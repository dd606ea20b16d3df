"""What the recipe will take, and the button that starts it."""

from __future__ import annotations

import streamlit as st

from diaforge_core.errors import DiaForgeError
from diaforge_core.services.generation import GenerationEstimate, Recipe, has_models

from . import wiring
from .generate_sides import spec_problem
from .wiring import acting, services
from .wording import count, duration, plain


def start_bar(recipe: Recipe) -> None:
    """Draw the estimate and the button along the bottom of the page."""
    said, possible = estimate_line(recipe)
    with (
        st.bottom,
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        with wiring.guarded():
            st.markdown(said)
        st.button(
            f"Start: {count(recipe.count, 'scenario')} into {recipe.dataset}".replace("[", "("),
            key="generate.start",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not possible,
            **acting(services().generation.start, recipe, say="Started. It goes on if you close this page."),
        )


def estimate_line(recipe: Recipe) -> tuple[str, bool]:
    """What the recipe will take in one line of Markdown, and whether it can be started."""
    for side, spec in recipe.models.items():
        problem = spec_problem(spec)
        if problem:
            return f"The {side} side cannot be had: {plain(problem, 160)}", False
    try:
        guess = estimate_of(recipe)
    except DiaForgeError:  # the preview says why, and once is enough
        return "Nothing can be made with this recipe.", False
    return estimate_words(recipe, guess), True


def estimate_of(recipe: Recipe) -> GenerationEstimate:
    """The estimate of a recipe on its catalog as it is now, measured by its newest preview where there is one."""
    run = services().generation.preview_run(recipe) if has_models(recipe) else None
    version = services().catalogs.get(recipe.catalog).version
    return _estimated(recipe, version, f"{run.id}.{run.state}" if run else "")


@st.cache_data(
    show_spinner=False,
    max_entries=32,
    ttl=3600,
    hash_funcs={Recipe: lambda recipe: recipe.model_dump_json(exclude={"dataset"})},
)
def _estimated(recipe: Recipe, version: str, preview: str) -> GenerationEstimate:
    """The estimate; an edit of the catalog or another preview makes it another question."""
    return services().generation.estimate(recipe)


def estimate_words(recipe: Recipe, guess: GenerationEstimate) -> str:
    """The estimate as Markdown: dialogues, turns and time, calls and cost, what is not there, which limit is hit."""
    kept = f"About **{count(guess.accepted, 'dialogue')}** kept of {guess.dialogues:,}"
    time = duration(guess.seconds).replace(" ", "\u00a0")
    spent = f", **{time}**" if time else ""
    parts = [f"{kept}, {guess.assistant_turns:,} assistant turns{spent}, {cost_words(recipe, guess)}."]
    if has_models(recipe) and not services().generation.preview_run(recipe):
        parts.append("Told from the scripts; five made with the models tell it better.")
    if guess.unavailable_tiers:
        parts.append(plain(f"Not available in this catalog: {', '.join(guess.unavailable_tiers)}."))
    if guess.over:
        parts.append(f":orange[:material/priority_high: {plain(guess.over)}]")
    return " ".join(parts)


def cost_words(recipe: Recipe, guess: GenerationEstimate) -> str:
    """`no model calls, no cost` or `1,200 calls, 340,000 tokens, 0.41 in money`."""
    if not guess.calls:
        return "all on this machine, no cost" if has_models(recipe) else "no model calls, no cost"
    money = f", **{guess.money:,.2f}** in money" if guess.money else ""
    return f"{guess.calls:,} calls, {guess.tokens:,} tokens{money}"

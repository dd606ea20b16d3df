"""The recipe of the Generate page: what is to be made. Whatever stands in a folded section works as it is."""

from __future__ import annotations

from typing import Any

import streamlit as st

from diaforge_core.records.scenario import TIERS
from diaforge_core.records.tool import Catalog
from diaforge_core.services.generation import DEFAULT_MIX, Recipe, offered

from . import charts, wiring
from .background import ready
from .generate_sides import sides, spending
from .wiring import services
from .wording import count

TIER_HELP = {
    "baseline": "Two or three similar tools.",
    "medium": "Four or five tools with overlapping capabilities.",
    "hard": "What must be asked depends on what was chosen before.",
    "expert": "Three or more questions are needed.",
}
DIAL_WORDS = {
    "terse": "answers in a word or two",
    "corrects": "corrects a value",
    "changes_mind": "changes their mind about the tool",
    "two_values": "gives two values at once",
    "digresses": "digresses",
    "impatient": "is impatient",
    "answers_other_first": "answers another question first",
}
"""Behaviour dial → what a user with it does."""
CLUSTERS_WAIT = 1.0
"""Seconds for which the page waits for a large catalog's clusters before it goes on without them."""


def recipe(catalogs: list[str]) -> Recipe:
    """Draw the recipe's form; the recipe as it stands."""
    st.subheader("Recipe", anchor=False)
    name = wiring.pick("Catalog", catalogs, "catalog")
    catalog = services().catalogs.get(name)
    fields: dict[str, Any] = {"catalog": name} | _size(name) | _difficulty()
    fields |= _goals(catalog)
    fields |= _people()
    fields |= _distractors(catalog)
    chosen = sides()
    fields |= chosen | spending(Recipe.model_validate({"catalog": name} | chosen))
    fields |= _machine()
    return Recipe.model_validate(fields)


def _size(catalog: str) -> dict[str, Any]:
    """Dataset and number of scenarios."""
    top = st.columns(2)
    dataset = top[0].text_input(
        "Dataset", value=f"{catalog}-dialogues"[:64], key=f"generate.dataset.{catalog}", help="Made if it is not there."
    )
    number = top[1].number_input(
        "Scenarios", 1, 100_000, 50, step=10, key="generate.count", help="Attempted; what a check rejects counts too."
    )
    return {"dataset": dataset.strip() or f"{catalog}-dialogues"[:64], "count": int(number)}


def _difficulty() -> dict[str, Any]:
    """The tiers by sliders over a bar that shows the mix, and the share without a right tool."""
    st.caption("Difficulty: how much of each")
    given = {}
    for tier, column in zip(TIERS, [*st.columns(2), *st.columns(2)], strict=True):
        given[tier] = column.slider(
            tier.capitalize(),
            0,
            100,
            round(DEFAULT_MIX[tier] * 100),
            step=5,
            key=f"generate.mix.{tier}",
            help=TIER_HELP[tier],
        )
    total = sum(given.values())
    shares: dict[str, float] = {tier: given[tier] / total if total else DEFAULT_MIX[tier] for tier in TIERS}
    said = ", ".join(f"{tier} {share:.0%}" for tier, share in shares.items())
    charts.draw(charts.share_bar(shares), "generate.mix", f"Mix: {said}")
    if not total:
        st.caption("All four are at zero, so the usual mix is taken.")
    none_fits = st.slider(
        "Without a right tool",
        0,
        50,
        10,
        format="%d %%",
        key="generate.none",
        help="Share of scenarios in which no tool in view fits, so that the assistant learns to say so.",
    )
    return {"mix": shares, "no_tool_share": none_fits / 100}


def _goals(catalog: Catalog) -> dict[str, Any]:
    """Which tools may be the goal: whole clusters, single tools, or all."""
    names = {tool.name: tool.original_name for tool in catalog.tools}
    clusters = _clusters(catalog)
    with st.expander("Goal tools", type="compact", icon=":material/target:"):
        if clusters is None:
            st.caption("The clusters are still being found.")
        chosen = st.multiselect(
            "Clusters of near-duplicates",
            list(clusters or {}),
            format_func=lambda first: f"{names[first]} and {count(len((clusters or {})[first]) - 1, 'more', 'more')}",
            key=f"generate.clusters.{catalog.name}.{catalog.version}",
            placeholder="All clusters",
        )
        asked = [name for name in st.query_params.get_all("goal") if name in names]
        tools = st.multiselect(
            "Single tools",
            list(names),
            default=asked,
            format_func=lambda name: names[name],
            key=f"generate.goals.{catalog.name}.{catalog.version}",
            placeholder="All tools",
        )
        goals = dict.fromkeys([*(name for first in chosen for name in (clusters or {})[first]), *tools])
        st.caption(f"{count(len(goals), 'tool')} may be the goal." if goals else "Every tool may be the goal.")
    return {"goal_tools": tuple(goals)}


def _clusters(catalog: Catalog) -> dict[str, tuple[str, ...]] | None:
    """First tool of each cluster → its tools; None while they are being found."""
    finding = services().catalogs.ambiguity
    found = ready(("clusters", catalog.version), lambda: finding(catalog.name, catalog.version), CLUSTERS_WAIT)
    return None if found is None else {cluster.tools[0]: cluster.tools for cluster in found.clusters}


def _people() -> dict[str, Any]:
    """Who asks, how they write and how they behave."""
    there = offered()
    with st.expander("Personas and behaviour", type="compact", icon=":material/groups:"):
        styles = st.pills(
            "Ways of writing", there.styles, selection_mode="multi", key="generate.styles", help="None chosen is all."
        )
        departments = st.multiselect(
            "Departments", there.departments, key="generate.departments", placeholder="All departments"
        )
        share = st.slider(
            "Disturbed conversations",
            0,
            100,
            20,
            step=5,
            format="%d %%",
            key="generate.dial_share",
            help="Share of scenarios in which the user does one of the things below.",
        )
        dials = st.multiselect(
            "What the user does there",
            there.dials,
            format_func=wiring.words_of(DIAL_WORDS),
            key="generate.dials",
            placeholder="Any of them",
            disabled=not share,
        )
        typos = st.slider(
            "Turns with a typing slip", 0, 60, 15, step=5, format="%d %%", key="generate.typos", help="Of the user's."
        )
    return {
        "styles": tuple(styles),
        "departments": tuple(departments),
        "dial_share": share / 100,
        "dials": tuple(dials),
        "typos": typos / 100,
    }


def _distractors(catalog: Catalog) -> dict[str, Any]:
    """Which tools may stand beside the goal tool."""
    with st.expander("Distractors", type="compact", icon=":material/call_split:"):
        floor, ceiling = st.slider(
            "Closeness to the goal tool",
            0.0,
            1.0,
            (0.0, 1.0),
            step=0.05,
            key="generate.closeness",
            help="Only tools between the two stand beside the goal tool. 0 means nothing in common, 1 the same; "
            "raise the lower end for harder choices.",
        )
        neighbours = st.number_input(
            "Nearest tools looked at",
            2,
            1_000,
            Recipe(catalog=catalog.name).neighbours,
            key="generate.neighbours",
            help="Distractors are drawn among this many of a tool's nearest. More of them vary the sets; the closest "
            "stay likelier.",
        )
        st.caption(pair_line(catalog))
        wiring.link(wiring.CATALOG, "See what gets confused", catalog=catalog.name, view="Confusion map")
    return {"near_floor": float(floor), "near_ceiling": float(ceiling), "neighbours": int(neighbours)}


def pair_line(catalog: Catalog) -> str:
    """What people said of pairs of this catalog, and that it is obeyed."""
    if not catalog.pinned and not catalog.banned:
        return "No pair of this catalog is pinned or banned."
    pinned, banned = count(len(catalog.pinned), "pinned pair"), count(len(catalog.banned), "banned pair")
    return f"{pinned}: beside each other whenever one is the goal. {banned}: never beside each other."


def _machine() -> dict[str, Any]:
    """Seed and processes."""
    with st.expander("Seed and processes", type="compact", icon=":material/tune:"):
        seed = st.number_input(
            "Seed", 0, 2**31, 0, key="generate.seed", help="The same seed on the same catalog makes the same dialogues."
        )
        workers = st.number_input(
            "Processes",
            0,
            256,
            0,
            key="generate.workers",
            help="How many generate at the same time; 0 lets the machine's cores decide. What comes out is the same.",
        )
    return {"seed": int(seed), "workers": int(workers)}

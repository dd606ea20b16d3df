"""The parts of the Generate page."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from diaforge_core.errors import CatalogError
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.run import FINISHED, Run
from diaforge_core.records.scenario import TIERS
from diaforge_core.records.tool import Catalog
from diaforge_core.services.generation import DEFAULT_MIX, Recipe

from . import charts, wiring
from .ambiguity_strip import candidates, strip
from .dialogue_view import FAULT_WORDS, read_dialogue
from .run_progress import run_header, watch
from .wiring import acting, services
from .wording import clip, count, duration, plain

TIER_HELP = {
    "baseline": "Two or three similar tools.",
    "medium": "Four or five tools with overlapping capabilities.",
    "hard": "What must be asked depends on what was chosen before.",
    "expert": "Three or more questions are needed.",
}


def recipe(catalogs: list[str]) -> Recipe:
    """Draw the recipe's form; the recipe as it stands."""
    st.subheader("Recipe", anchor=False)
    catalog = wiring.pick("Catalog", catalogs, "catalog")
    top = st.columns(2)
    dataset = top[0].text_input(
        "Dataset", value=f"{catalog}-dialogues"[:64], key=f"generate.dataset.{catalog}", help="Made if it is not there."
    )
    number = top[1].number_input(
        "Scenarios", 1, 100_000, 50, step=10, key="generate.count", help="Attempted; what a check rejects counts too."
    )
    st.caption("Difficulty mix")
    mix = {}
    for tier, column in zip(TIERS, st.columns(4), strict=True):
        mix[tier] = column.number_input(
            tier.capitalize(),
            0,
            100,
            round(DEFAULT_MIX[tier] * 100),
            step=5,
            key=f"generate.mix.{tier}",
            help=TIER_HELP[tier],
        )
    shares = {tier: value / (sum(mix.values()) or 1) for tier, value in mix.items()}
    charts.draw(
        charts.share_bar(shares), "generate.mix", "Mix: " + ", ".join(f"{t} {s:.0%}" for t, s in shares.items())
    )
    none_fits = st.slider(
        "Without a right tool",
        0,
        50,
        10,
        format="%d %%",
        key="generate.none",
        help="Share of scenarios in which no tool in view fits, so that the assistant learns to say so.",
    )
    names = {tool.name: tool.original_name for tool in services().catalogs.get(catalog).tools}
    goals = st.multiselect(
        "Only these goal tools",
        list(names),
        format_func=lambda name: names[name],
        key=f"generate.goals.{catalog}",
        placeholder="All tools",
    )
    floor, ceiling, neighbours = distractor_bounds(catalog)
    with st.expander("More", type="compact"):
        seed = st.number_input(
            "Seed", 0, 2**31, 0, key="generate.seed", help="The same seed on the same catalog makes the same dialogues."
        )
        labels = {"scripted:oracle": "the scripted teacher"} | wiring.model_labels(scripted=False)
        teacher = st.selectbox(
            "Assistant side",
            list(labels),
            format_func=wiring.words_of(labels),
            key="generate.assistant",
            help="The teacher sees only what an assistant sees.",
        )
    return Recipe(
        catalog=catalog,
        dataset=dataset.strip() or f"{catalog}-dialogues",
        count=int(number),
        seed=int(seed),
        mix={tier: float(share) for tier, share in shares.items()} if any(mix.values()) else dict(DEFAULT_MIX),
        no_tool_share=none_fits / 100,
        goal_tools=tuple(goals),
        assistant=str(teacher),
        near_floor=floor,
        near_ceiling=ceiling,
        neighbours=neighbours,
    )


def distractor_bounds(catalog: str) -> tuple[float, float, int]:
    """Draw the folded section on distractors; floor and ceiling of their closeness, and how many are looked at."""
    with st.expander("Distractors", type="compact"):
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
            Recipe(catalog=catalog).neighbours,
            key="generate.neighbours",
            help="Distractors are drawn among this many of a tool's nearest. More of them vary the sets; the closest "
            "stay likelier.",
        )
        st.caption(pair_line(services().catalogs.get(catalog)))
        wiring.link(wiring.CATALOG, "See what gets confused", catalog=catalog, view="Confusion map")
    return float(floor), float(ceiling), int(neighbours)


def pair_line(catalog: Catalog) -> str:
    """What people said of pairs of this catalog, and that it is obeyed."""
    if not catalog.pinned and not catalog.banned:
        return "No pair of this catalog is pinned or banned."
    pinned, banned = count(len(catalog.pinned), "pinned pair"), count(len(catalog.banned), "banned pair")
    return f"{pinned}: beside each other whenever one is the goal. {banned}: never beside each other."


def preview(recipe: Recipe) -> None:
    """Five dialogues of the recipe, each with its hidden side folded."""
    st.subheader("Preview", anchor=False)
    if not recipe.assistant.startswith("scripted:"):
        st.caption("A preview is made by the scripted teacher; start the run to see what this model writes.")
    with wiring.guarded():
        dialogues = _previewed(
            recipe.model_copy(update={"assistant": "scripted:oracle", "count": 5, "dataset": "preview"}),
            services().catalogs.get(recipe.catalog).version,
        )
        for number, dialogue in enumerate(dialogues, start=1):
            preview_card(number, dialogue)


@st.cache_data(
    show_spinner="Making five dialogues …",
    max_entries=16,
    ttl=3600,
    hash_funcs={Recipe: lambda recipe: recipe.model_dump_json()},
)
def _previewed(recipe: Recipe, version: str) -> list[Dialogue]:
    """The recipe's first five dialogues; `version` makes an edit of the catalog, or a pinned pair, a new preview."""
    return services().generation.preview(recipe.catalog, recipe, 5)


def preview_card(number: int, dialogue: Dialogue) -> None:
    first = next((turn.reply for turn in dialogue.turns if turn.speaker == "user"), "")
    state = ":gray[passed]" if dialogue.passed else ":orange[rejected by a check]"
    label = f"**{number}** · {plain(clip(first, 70))} · {dialogue.scenario.tier} · {state}"
    with st.expander(label, expanded=number == 1):
        tools = services().review.tools(dialogue)
        read_dialogue(dialogue, tools, key=f"preview.{number}.")
        with st.expander("Hidden side", type="compact", icon=":material/visibility_off:"):
            hidden_side(dialogue)
            candidates(tools, services().review.ambiguity_strip(dialogue), goal=dialogue.scenario.goal_tool)


def hidden_side(dialogue: Dialogue) -> None:
    """Goal, persona, dial and stages: what only the scenario's side knows."""
    scenario = dialogue.scenario
    steps = services().review.ambiguity_strip(dialogue)
    strip(steps, list(scenario.candidates))
    st.markdown(f"**Goal:** {plain(scenario.goal)}")
    person = scenario.persona
    st.markdown(f"**Persona:** {plain(f'{person.name}, {person.role}, {person.department}')}")
    if scenario.dial:
        st.markdown(f"**Behaviour:** {scenario.dial.replace('_', ' ')}")
    for stage in scenario.stages:
        st.caption(f"From user turn {stage.turn}: {plain(', '.join(stage.revealed)) or 'nothing more'}")


def start_bar(recipe: Recipe) -> None:
    """The estimate and the button that starts the run."""
    with (
        st.bottom,
        st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        with wiring.guarded():
            st.markdown(estimate_line(recipe))
        st.button(
            f"Start: {count(recipe.count, 'scenario')} into {recipe.dataset}".replace("[", "("),
            key="generate.start",
            type="primary",
            icon=":material/play_arrow:",
            **acting(services().generation.start, recipe, say="Started. It goes on if you close this page."),
        )


def estimate_line(recipe: Recipe) -> str:
    if not recipe.assistant.startswith("scripted:"):
        return "How long a model takes is known once it has made the first dialogues."
    try:
        guess = services().generation.estimate(recipe)
    except CatalogError:  # the preview says why, and once is enough
        return "Nothing can be made with this recipe."
    missing = (
        f" Not available in this catalog: {', '.join(guess.unavailable_tiers)}." if guess.unavailable_tiers else ""
    )
    return (
        f"About **{count(guess.accepted, 'dialogue')}** kept of {guess.dialogues:,}, "
        f"{guess.assistant_turns:,} assistant turns, **{duration(guess.seconds)}**, no model calls, no cost."
        f"{plain(missing)}"
    )


def runs(found: list[Run]) -> None:
    """The newest generation run, live; finished ones lead to Review."""
    asked = st.query_params.get("run")
    shown = (
        [run for run in found if run.name == asked] or [run for run in found if run.state not in FINISHED] or found[:1]
    )
    if shown:
        with st.container(border=True):
            watch(shown[0].id, _run_box)


def _run_box(run: Run) -> None:
    run_header(run)
    dataset = run.config["recipe"]["dataset"]
    info = next((info for info in services().datasets.names() if info.name == dataset), None)
    if info is None or not info.dialogues:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(f"{info.dialogues - info.failed} kept", icon=":material/check:", color="blue")
        if info.failed:
            st.badge(f"{info.failed} rejected by a check", icon=":material/priority_high:", color="orange")
            frame = services().datasets.dialogues(dataset, state="failed", limit=200)
            reasons = Counter(FAULT_WORDS.get(name, name) for name in frame["failed_verifier"])
            st.caption(plain(", ".join(f"{reason} {number}" for reason, number in reasons.most_common())))
        wiring.link(wiring.REVIEW, "Read them", dataset=dataset)

"""Five dialogues of the recipe, each with its hidden side, before anything is started."""

from __future__ import annotations

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.run import FINISHED, Run
from diaforge_core.services.generation import Recipe, has_models

from . import wiring
from .generate_dialogue import anew_row, whole_dialogue
from .run_progress import run_header, watch
from .wiring import acting, services
from .wording import clip, count, plain

SHOWN = 5
ANEW = "generate.anew."
"""Session key of a previewed dialogue that was played anew: (turn, how often)."""


def preview(recipe: Recipe) -> None:
    """Draw five dialogues: by the scripts at once, by models from a small run of their own."""
    st.subheader("Preview", anchor=False)
    if has_models(recipe):
        _with_models(recipe)
        return
    with wiring.guarded():
        dialogues = _previewed(
            recipe.model_copy(update={"count": SHOWN, "dataset": "preview"}),
            services().catalogs.get(recipe.catalog).version,
        )
        for number, dialogue in enumerate(dialogues, start=1):
            _card(number, dialogue)


def _with_models(recipe: Recipe) -> None:
    st.caption("A model writes in a process of its own, so its preview is a small run; nothing goes into the dataset.")
    st.button(
        f"Make {count(SHOWN, 'dialogue')} with these models",
        key="generate.preview",
        icon=":material/smart_toy:",
        **acting(services().generation.start_preview, recipe, SHOWN),
    )
    run = services().generation.preview_run(recipe)
    if run is None:
        st.caption("Until then, this is what the scripts plan; models word it anew.")
        scripted = Recipe.model_validate(recipe.model_dump() | _SCRIPTS)
        with wiring.guarded():
            version = services().catalogs.get(recipe.catalog).version
            for number, dialogue in enumerate(_previewed(scripted, version), start=1):
                _card(number, dialogue)
        return
    watch(run.id, _preview_box)


_SCRIPTS = {
    "assistant": "scripted:oracle",
    "user": "scripted",
    "words": "",
    "critic": "",
    "limits": {},
    "prices": {},
    "count": SHOWN,
    "dataset": "preview",
}


def _preview_box(run: Run) -> None:
    if run.state not in FINISHED or run.state in {"failed", "lost"}:
        run_header(run)
    dataset = run.config["recipe"]["dataset"]
    if dataset in {info.name for info in services().datasets.names(archived=True)}:
        for number, dialogue in enumerate(services().datasets.load(dataset, "all"), start=1):
            _card(number, dialogue)


@st.cache_data(
    show_spinner="Making five dialogues …",
    max_entries=16,
    ttl=3600,
    hash_funcs={Recipe: lambda recipe: recipe.model_dump_json(exclude={"workers"})},
)
def _previewed(recipe: Recipe, version: str) -> list[Dialogue]:
    """The recipe's first five dialogues; `version` makes an edit of the catalog, or a pinned pair, a new preview."""
    return services().generation.preview(recipe.catalog, recipe, SHOWN)


def _card(number: int, dialogue: Dialogue) -> None:
    """One dialogue folded under its first words; the first one is open."""
    key = f"{ANEW}{dialogue.id}"
    shown = dialogue
    if key in st.session_state:
        turn, times = st.session_state[key]
        shown = services().generation.played_anew(dialogue, turn, times)
    first = next((turn.reply for turn in shown.turns if turn.speaker == "user"), "")
    state = ":gray[passed]" if shown.passed else ":orange[rejected by a check]"
    with st.expander(
        f"**{number}** · {plain(clip(first, 70))} · {shown.scenario.tier} · {state}", expanded=number == 1
    ):
        whole_dialogue(shown, f"preview.{number}.")
        anew_row(shown, f"preview.{number}.{dialogue.id}", lambda turn: _again(key, turn))


def _again(key: str, turn: int) -> None:
    """Have a previewed dialogue played anew from `turn`, each time in other words."""
    _, times = st.session_state.get(key, (0, 0))
    st.session_state[key] = (turn, times + 1)

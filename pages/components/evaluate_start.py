"""Starting an evaluation, and those that are going on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from diaforge_core.records.run import FINISHED, Run
from diaforge_core.services.evaluation import EvalRecipe

from . import wiring
from .run_progress import run_header, watch
from .wiring import acting, services, who
from .wording import DECODING, DECODING_HELP, count, plain

NEW = "new scenarios from"
TRIALS_HELP = "Each redraws the user's wording, never the scenario. Stored dialogues are played once."
PROMPTS = {"plain": "the tools and what to do", "examples": "two worked examples besides"}
AGAINST = {
    "": "a live user",
    "gold": "stored user turns, after the dialogue's own",
    "own": "stored user turns, after what the model said",
}


def start_box(catalogs: list[str], opened: bool) -> None:
    """The form that starts an evaluation."""
    with st.expander("New evaluation", icon=":material/add_chart:", expanded=opened):
        one, two, three = st.columns([3, 3, 2], gap="medium")
        labels = wiring.model_labels()
        asked = st.query_params.get("model", "")
        model = one.selectbox(
            "Model",
            list(labels),
            format_func=wiring.words_of(labels),
            key=f"evaluate.model.{asked}",
            accept_new_options=True,
            help="Or type a spec: hf:FOLDER, openai:MODEL@ADDRESS.",
        )
        datasets = [info.name for info in services().datasets.names() if info.kept]
        preferred = [name for name in datasets if name.endswith("-held-out")]
        sources = [
            *preferred,
            *(f"{NEW} {name}" for name in catalogs),
            *(name for name in datasets if name not in preferred),
        ]
        source = two.selectbox(
            "Scenarios",
            sources,
            key="evaluate.source",
            help="Of a dataset, best one held out; or drawn anew from a catalog.",
        )
        number = three.number_input("How many at most", 1, 10_000, 20, key="evaluate.count")
        trials = three.number_input("Trials", 1, 64, 1, key="evaluate.trials", help=TRIALS_HELP)
        seed = two.number_input("Seed", 0, 2**31, 0, key="evaluate.seed")
        name = one.text_input("Run name", key="evaluate.run", placeholder="made from the model", max_chars=64)
        catalog = source.removeprefix(f"{NEW} ") if source.startswith(f"{NEW} ") else ""
        static = "" if catalog else _against(two)
        prompt: Any = one.selectbox(
            "It reads first",
            list(PROMPTS),
            format_func=wiring.words_of(PROMPTS),
            key="evaluate.prompt",
            help="For a model that was not tuned, worked examples often help.",
        )
        decoding: Any = two.selectbox(
            "Models on this machine write",
            list(DECODING),
            format_func=wiring.words_of(DECODING),
            key="evaluate.decoding",
            help=DECODING_HELP,
        )
        recipe = EvalRecipe(
            model=model or "scripted:oracle",
            run=name.strip(),
            catalog=catalog,
            scenarios="" if catalog else source,
            count=int(number),
            trials=1 if static else int(trials),
            static=static,
            prompt=prompt,
            decoding=decoding,
            seed=int(seed),
        )
        _looks(recipe.scenarios)
        st.button(
            "Start evaluation",
            key="evaluate.start",
            type="primary",
            icon=":material/play_arrow:",
            **acting(services().evaluation.start, recipe, who(), say="Started. It goes on if you close this page."),
        )


def _against(place: Any) -> Any:
    """How the user's turns come about where they are stored: live, or as they stand."""
    return place.selectbox(
        "Against",
        list(AGAINST),
        format_func=wiring.words_of(AGAINST),
        key="evaluate.static",
        help="Live: the simulated user answers what the model asks. Stored: the user's turns stay as they are.",
    )


def _looks(dataset: str) -> None:
    """How often the test parts of which a dataset holds dialogues were looked at, with what that means."""
    for part, seen in services().looks.counts(dataset).items() if dataset else ():
        st.caption(
            f":material/visibility: '{plain(part)}' is a test part; it was looked at {count(seen, 'time')} so far, and "
            "every evaluation on it is written down. Choose between models on the validation part, and look here last."
        )


def running(runs: Sequence[Run]) -> None:
    """Every evaluation that is not finished, live; and the newest if it failed."""
    shown = [run for run in runs if run.state not in FINISHED] or [run for run in runs[:1] if run.state != "succeeded"]
    for run in shown[:3]:
        with st.container(border=True):
            watch(run.id, run_header)

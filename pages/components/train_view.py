"""The parts of the Train page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from diaforge_core.records.run import FINISHED, Run
from diaforge_core.services.datasets import DatasetInfo
from diaforge_core.services.training import TrainRecipe

from . import charts, wiring
from .device import device_line
from .run_progress import run_header, watch
from .wiring import acting, services, words_of
from .wording import count, duration, plain

PRESETS = {
    "Try it out": {"epochs": 1.0, "max_steps": 10},
    "One epoch": {"epochs": 1.0, "max_steps": 0},
    "Three epochs": {"epochs": 3.0, "max_steps": 0},
}
MASKS = {
    "assistant_only": "everything the assistant says",
    "final_call_only": "only the final call",
    "all": "every word",
}


def recipe(datasets: Sequence[DatasetInfo]) -> TrainRecipe:
    """Draw the recipe's form; the recipe as it stands."""
    st.subheader("Recipe", anchor=False)
    names = [info.name for info in datasets]
    preferred = next((i for i, info in enumerate(datasets) if info.name.endswith("-train")), 0)
    dataset = wiring.pick(
        "Dialogues", names, "dataset", index=preferred, help="Those that passed every check and that nobody rejected."
    )
    labels = wiring.model_labels(scripted=False)
    model = st.selectbox(
        "Base model",
        list(labels),
        index=list(labels).index("smollm2") if "smollm2" in labels else 0,
        format_func=wiring.words_of(labels),
        key="train.model",
        accept_new_options=True,
        help="Or type hf:FOLDER for a model on this machine.",
    )
    preset = st.segmented_control("How long", list(PRESETS), default="Try it out", required=True, key="train.preset")
    name = st.text_input("Run name", value=free_name(dataset), key=f"train.run.{free_name(dataset)}", max_chars=64)
    fixed = {"dataset": dataset, "run": name.strip() or free_name(dataset), "model": model or "smollm2"}
    return TrainRecipe.model_validate(fixed | knobs(preset or "Try it out", [n for n in names if n != dataset]))


def knobs(preset: str, others: Sequence[str]) -> dict[str, Any]:
    """The folded part of the form: fields of a recipe as they stand."""
    with st.expander("More", type="compact"):
        one, two = st.columns(2)
        start = PRESETS[preset]
        steps = two.number_input(
            "Steps, not epochs",
            0,
            100_000,
            int(start["max_steps"]),
            key=f"train.steps.{preset}",
            help="Optimiser steps, whatever the epochs say. 0: as many as the epochs take.",
        )
        return {
            "epochs": one.number_input(
                "Epochs",
                0.1,
                20.0,
                float(start["epochs"]),
                step=0.5,
                key=f"train.epochs.{preset}",
                disabled=steps > 0,
                help="Times that every dialogue is learned from.",
            ),
            "max_steps": steps or None,
            "batch_size": one.number_input("Dialogues per step", 1, 64, 4, key="train.batch"),
            "learning_rate": two.number_input("Learning rate", 1e-6, 1e-2, 2e-4, format="%.1e", key="train.rate"),
            "lora_rank": one.number_input(
                "LoRA rank", 1, 128, 16, key="train.rank", help="Size of the part that is trained; the rest stays."
            ),
            "seed": two.number_input("Seed", 0, 2**31, 0, key="train.seed"),
            "loss_mask": st.selectbox("Learn from", list(MASKS), format_func=words_of(MASKS), key="train.mask"),
            "validation": st.selectbox(
                "Watch the loss on", ["", *others], format_func=lambda n: n or "nothing", key="train.validation"
            ),
            "full": st.toggle(
                "Train all weights", key="train.full", help="Instead of a small adapter: slower, much larger on disk."
            ),
        }


def free_name(dataset: str) -> str:
    """`DATASET-1`, or the next number that no run has."""
    taken = {run.name for run in services().jobs.all()}
    stem = dataset[:56]
    return next(f"{stem}-{number}" for number in range(1, 10_000) if f"{stem}-{number}" not in taken)


def before_start(recipe: TrainRecipe, datasets: Sequence[DatasetInfo]) -> None:
    """How much there is to do, leaks, the exact command, and Start."""
    kept = next(info.kept for info in datasets if info.name == recipe.dataset)
    steps = planned_steps(kept, recipe)
    with st.container(border=True):
        pace = past_pace()
        time = f" · about {duration(steps * pace)}" if pace else ""
        st.markdown(f"**{count(kept, 'dialogue')}**, **{count(steps, 'step')}**{time}")
        device_line()
        leak_check(recipe)
        st.button(
            "Start training",
            key="train.start",
            type="primary",
            icon=":material/play_arrow:",
            **acting(services().training.start, recipe, say="Started. It goes on if you close this page."),
        )
        with st.expander("The same as a command", type="compact", icon=":material/terminal:"):
            st.code(services().training.command_text(recipe), language="bash", wrap_lines=True)


def planned_steps(kept: int, recipe: TrainRecipe) -> int:
    """Optimiser steps that the recipe asks for: its own number, else what the epochs take."""
    return recipe.max_steps or math.ceil(math.ceil(kept / recipe.batch_size) * recipe.epochs)


def past_pace() -> float | None:
    """Seconds a step of the newest finished run on this machine; None where there is none."""
    for run in services().training.runs():
        steps = run.result.get("steps")
        if run.state == "succeeded" and steps and run.started and run.ended:
            return (run.ended - run.started).total_seconds() / steps
    return None


def leak_check(recipe: TrainRecipe) -> None:
    """Whether the watched dialogues are also trained on."""
    if not recipe.validation:
        st.caption(":material/info: Nothing is held out. Split the dataset to see whether it learns or only remembers.")
        st.button(
            "Split it now",
            key=f"train.split.{recipe.dataset}",
            type="tertiary",
            icon=":material/call_split:",
            **acting(split, recipe.dataset),
        )
        return
    ids = [set(services().review.queue(name, None)) for name in (recipe.dataset, recipe.validation)]
    shared = len(ids[0] & ids[1])
    if shared:
        st.warning(
            f"{count(shared, 'dialogue')} of {plain(recipe.validation)} are trained on too: "
            "its loss will look too good."
        )
    else:
        st.caption(":material/check: No dialogue is both trained on and watched.")


def split(dataset: str) -> None:
    """Split by near-duplicate distance, and choose the training part, watched on the validation part."""
    parts = services().datasets.split(dataset)
    st.session_state["dataset"] = parts.train_dataset
    st.session_state["train.validation"] = parts.validation_dataset if parts.validation else ""
    wiring.tell(
        f"Split: {parts.train} to train on, {parts.validation} to watch, {parts.held_out} held out, "
        f"{parts.dropped} in none as they stand between the parts."
    )


def mask_preview(recipe: TrainRecipe) -> None:
    """The text that the trainer sees of one dialogue, what is trained on tinted."""
    with st.expander("What the trainer sees", icon=":material/texture:", type="default"):
        st.caption("Tinted words are learned; the rest is only read.")
        ids = services().review.queue(recipe.dataset, None)[:50]
        place = st.number_input("Dialogue", 1, max(1, len(ids)), 1, key=f"train.mask.{recipe.dataset}")
        if st.button("Show", key="train.mask.show", icon=":material/visibility:") and ids:
            with wiring.guarded(), st.spinner("Reading it with the model's tokenizer …"):
                pieces = services().training.preview_mask(ids[int(place) - 1], recipe.loss_mask)
                with st.container(height=380, border=False):
                    draw_mask(pieces)


def draw_mask(pieces: Sequence[tuple[str, bool]]) -> None:
    """Each piece on its own, trained ones tinted; a long piece that is only read is cut in its middle."""
    for text, trained in pieces:
        if not text.strip():
            continue
        if trained:
            st.markdown(f":primary-background[{plain(text)}]")
        else:
            shown = text if len(text) < 900 else f"{text[:500]}\n… {len(text) - 800:,} characters …\n{text[-300:]}"
            st.text(shown.strip())


def runs(found: list[Run]) -> None:
    """All training runs, and the chosen one in full."""
    st.subheader("Runs", anchor=False)
    if not found:
        st.caption(
            "The loss of a run, its checkpoints and its log are shown here, "
            "also while it goes on and after you come back."
        )
        return
    chosen = wiring.linked(st.selectbox, "Run", [run.name for run in found], "run", found[0].name)
    run = next(run for run in found if run.name == chosen)
    watch(run.id, _run_box)
    if run.state in FINISHED:
        checkpoints(run)


def _run_box(run: Run) -> None:
    run_header(run)
    frame = services().training.curve(run.id)
    if frame.empty:
        st.skeleton(height=300) if run.state not in FINISHED else st.caption(
            "It ended before its first step was logged."
        )
        return
    charts.draw(charts.loss_chart(frame), f"loss.{run.id}", loss_words(frame))
    with st.container(horizontal=True):
        loss, speed = newest(frame, "loss"), newest(frame, "tokens_per_second")
        memory = newest(frame, "peak_memory_bytes") or run.result.get("peak_memory_bytes")
        st.metric(
            "Loss now",
            "–" if loss is None else f"{loss:.3f}",
            width=140,
            help="Mean over the words learned; lower is better.",
        )
        st.metric("Tokens a second", "–" if speed is None else f"{speed:,.0f}", width=160)
        st.metric("Memory", f"{memory / 1e9:.1f} GB" if memory else "–", width=140, help="Peak so far.")


def newest(frame: pd.DataFrame, column: str) -> float | None:
    """The last value of a column; None where it is not there or empty."""
    values = frame[column].dropna().tolist() if column in frame else []
    return float(values[-1]) if values else None


def loss_words(frame: pd.DataFrame) -> str:
    losses = frame["loss"].dropna()
    return (
        f"Loss from {losses.iloc[0]:.3f} to {losses.iloc[-1]:.3f} over {len(losses)} logged steps"
        if len(losses)
        else "No loss yet"
    )


def checkpoints(run: Run) -> None:
    """The weights that the run has saved, and what can be done with them."""
    saved = services().training.checkpoints(run.id)
    if not saved:
        return
    st.markdown("**Weights**")
    for checkpoint in reversed(saved):
        with st.container(horizontal=True, vertical_alignment="center"):
            star = ":material/star: final" if checkpoint.final else f"step {checkpoint.step}"
            st.markdown(star, width=110)
            wiring.link(wiring.PLAYGROUND, "Chat with it", icon="chat", model=checkpoint.spec)
            wiring.link(wiring.EVALUATE, "Evaluate", icon="leaderboard", model=checkpoint.spec)
    st.caption(f"Frozen recipe of this run: {plain(recipe_words(run))}")


def recipe_words(run: Run) -> str:
    """The configuration the run was started with, not the one in the form."""
    given = run.config.get("recipe", {})
    return ", ".join(
        f"{key.replace('_', ' ')} {value}" for key, value in given.items() if value not in (None, "", False)
    )

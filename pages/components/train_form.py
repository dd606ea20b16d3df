"""The recipe of a training run as a form: data, model, a preset, the few knobs that matter, the rest folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from diaforge_core.services.datasets import DatasetInfo
from diaforge_core.services.failures import KEPT_PAIRS
from diaforge_core.services.training import BUILT_IN, TrainRecipe

from . import wiring
from .wiring import acting, services, words_of
from .wording import clip, count, plain


@dataclass(frozen=True, slots=True)
class Preset:
    """A starting point for the knobs."""

    meaning: str
    values: dict[str, Any] = field(default_factory=dict)


PRESETS = {
    "CPU demo": Preset(
        "Ten steps of a small adapter, to see the loop on a processor.",
        {"max_steps": 10, "batch_size": 4, "learning_rate": 2e-4, "lora_rank": 16, "watch": 0},
    ),
    "One GPU": Preset(
        "Three epochs of an adapter on one card, judged by conversations as it goes.",
        {"epochs": 3.0, "batch_size": 16, "learning_rate": 2e-4, "lora_rank": 16, "watch": 16, "patience": 4},
    ),
    "Large": Preset(
        "Three epochs of a large adapter at half precision, for models of several billion weights.",
        {
            "epochs": 3.0, "batch_size": 32, "learning_rate": 1e-4, "lora_rank": 64, "watch": 32, "patience": 4,
            "precision": "bfloat16",
        },
    ),
}  # fmt: skip
MASKS = {
    "assistant_only": "everything the assistant says",
    "final_call_only": "only the final call",
    "all": "every word",
}
STAGES = {"sft": "what the assistant says", "preference": "to prefer it to a mistake (DPO)"}
TARGETS = {"all-linear": "all linear layers", "attention": "attention layers only"}
PRECISIONS = {"auto": "what the device does best", "float32": "float32, exact", "bfloat16": "bfloat16, half the memory"}
REDUCTIONS = {"token": "every token alike", "slice": "every turn alike"}
SCHEDULES = {"cosine": "falls like a cosine", "linear": "falls in a line", "constant": "stays"}
RENDERINGS = {
    "": "the model's own form, if calls survive it",
    "own": "the model's own form, or not at all",
    BUILT_IN: "the built-in form",
}
TOO_LONG = {"refuse": "say so and do not start", "leave_out": "leave them out"}


def recipe_form(datasets: Sequence[DatasetInfo]) -> TrainRecipe:
    """Draw the form; the recipe as it stands."""
    names = [info.name for info in datasets]
    preferred = next((i for i, info in enumerate(datasets) if info.name.endswith("-train")), 0)
    dataset = wiring.pick(
        "Dialogues", names, "dataset", index=preferred, help="Those that passed every check and that nobody rejected."
    )
    validation = st.selectbox(
        "Judge it by",
        ["", *(name for name in names if name != dataset)],
        format_func=lambda name: name or "nothing",
        key="train.validation",
        help="Dialogues that are held out: their loss is watched, and their scenarios are played at every checkpoint.",
    )
    leak_line(dataset, validation)
    model = _model()
    run = free_name(dataset)
    given = {"dataset": dataset, "model": model, "validation": validation, "run": run}
    return TrainRecipe.model_validate(given | _knobs(run))


def _model() -> str:
    labels = wiring.model_labels(scripted=False)
    model = st.selectbox(
        "Base model",
        list(labels),
        index=list(labels).index("smollm2") if "smollm2" in labels else 0,
        format_func=words_of(labels),
        key="train.model",
        accept_new_options=True,
        help="Or type hf:FOLDER for a model on this machine, or the name of one that was downloaded before.",
    )
    return model or "smollm2"


def _knobs(run: str) -> dict[str, Any]:
    """Preset, the knobs that matter, and the folded rest: fields of a recipe as they stand."""
    preset = st.segmented_control("Preset", list(PRESETS), default="CPU demo", required=True, key="train.preset")
    start = PRESETS[preset or "CPU demo"]
    st.caption(f"{start.meaning} It sets: {plain(set_words(start.values))}.")
    one, two, three = st.columns(3, vertical_alignment="bottom")
    steps = one.number_input(
        "Steps",
        0,
        1_000_000,
        int(start.values.get("max_steps", 0)),
        key=f"train.max_steps.{preset}",
        help="Optimiser steps. 0: as many as the epochs take.",
    )
    epochs = two.number_input(
        "Epochs",
        0.1,
        50.0,
        float(start.values.get("epochs", 1.0)),
        step=0.5,
        key=f"train.epochs.{preset}",
        disabled=steps > 0,
        help="Times that every dialogue is learned from; not asked where a number of steps is given.",
    )
    rate = three.number_input(
        "Learning rate",
        1e-7,
        1.0,
        start.values["learning_rate"],
        format="%.1e",
        key=f"train.learning_rate.{preset}",
        help="Size of a step. Too high and the loss becomes no number; too low and nothing is learned.",
    )
    name = st.text_input("Run name", value=run, key=f"train.run.{run}", max_chars=64)
    rest = _folded(preset or "CPU demo", start.values)
    named = {"run": name.strip()} if name.strip() else {}
    return named | rest | {"max_steps": steps or None, "epochs": epochs, "learning_rate": rate}


def _folded(preset: str, start: dict[str, Any]) -> dict[str, Any]:
    with st.expander("More choices", type="compact", icon=":material/tune:"):
        chosen: dict[str, Any] = {}

        def number(place: Any, name: str, label: str, low: float, high: float, value: float, **more: Any) -> None:
            chosen[name] = place.number_input(label, low, high, value, key=f"train.{name}.{preset}", **more)

        def choice(place: Any, name: str, label: str, words: dict[str, str], **more: Any) -> None:
            options, key = list(words), f"train.{name}.{preset}"
            index = options.index(start.get(name, options[0]))
            chosen[name] = place.selectbox(label, options, index, format_func=words_of(words), key=key, **more)

        def row() -> Any:
            return st.columns(2, vertical_alignment="bottom")

        st.markdown("**What is learned**")
        choice(st, "stage", "Learn", STAGES)
        by_pairs = chosen["stage"] == "preference"
        if by_pairs:
            chosen["pairs"] = _mistakes()
        choice(st, "loss_mask", "From", MASKS)
        choice(st, "reduction", "Count", REDUCTIONS)
        choice(st, "too_long", "Too long for the model", TOO_LONG)
        choice(st, "rendering", "Written in", RENDERINGS)
        chosen["keep_thoughts"] = st.toggle(
            "Keep earlier thoughts in the history",
            key=f"train.keep_thoughts.{preset}",
            help="Off, a turn is learned as it is used: with what was said before, not with what was thought.",
        )
        chosen["without_thoughts"] = st.toggle(
            "Learn without thoughts",
            key=f"train.without_thoughts.{preset}",
            help="To see what the thoughts are worth: replies and calls alone are learned.",
        )
        st.markdown("**Which weights**")
        number(st, "lora_rank", "LoRA rank", 1, 1024, start["lora_rank"], help="Size of the part that is trained.")
        choice(st, "lora_targets", "Adapter on", TARGETS)
        choice(st, "precision", "Precision", PRECISIONS)
        chosen["full"] = st.toggle(
            "Train all weights",
            key=f"train.full.{preset}",
            help="Instead of a small adapter: slower, and much larger in memory and on disk.",
        )
        st.markdown("**How**")
        one, two = row()
        number(one, "batch_size", "Pairs a step" if by_pairs else "Dialogues a step", 1, 4096, start["batch_size"])
        number(
            two,
            "row_tokens",
            "Tokens a row",
            0,
            1 << 20,
            0,
            step=128,
            help="0: the device decides. Less is less memory.",
        )
        choice(st, "schedule", "Learning rate after the warm-up", SCHEDULES)
        one, two = row()
        number(one, "warmup", "Warm-up", 0.0, 0.9, 0.05, step=0.01, help="Share of the steps in which it rises.")
        number(two, "weight_decay", "Weight decay", 0.0, 1.0, 0.0, step=0.01)
        one, two = row()
        number(one, "seed", "Seed", 0, 2**31, 0)
        number(two, "processes", "Processes", 1, 64, 1, help="That share the work, one for each GPU.")
        st.markdown("**When to look**")
        one, two = row()
        number(one, "checkpoint_every", "Save every … steps", 0, 1_000_000, 0, help="0: about ten times in all.")
        number(two, "evaluate_every", "Judge every … steps", 0, 1_000_000, 0, help="0: at every checkpoint.")
        one, two = row()
        number(
            one,
            "watch",
            "Scenarios played",
            0,
            1000,
            start["watch"],
            help="Training halts meanwhile. 0: only the loss is watched.",
        )
        number(
            two,
            "patience",
            "Patience",
            0,
            100,
            start.get("patience", 0),
            help="Times it may be no better before it stops early. 0: never stops early.",
        )
        for name in ("row_tokens", "checkpoint_every", "evaluate_every", "patience"):
            chosen[name] = chosen[name] or None
    return chosen


def _mistakes() -> str:
    """Name of the dataset or the evaluation whose mistakes are unlearned; empty for those likely in the dialogues."""
    kept = [KEPT_PAIRS] if services().failures.kept_pairs() else []
    names = [*kept, *services().datasets.listed(), *(run.name for run in services().evaluation.runs())]
    words = {"": "likely ones, in the dialogues", KEPT_PAIRS: "the pairs kept from traces"}
    return st.selectbox(
        "Mistakes from",
        ["", *dict.fromkeys(names)],
        format_func=words_of(words),
        key="train.pairs",
        help="Those that are likely in the dialogues of a dataset, or those that a model made in an evaluation.",
    )


SAID = {
    "max_steps": "{} steps",
    "epochs": "{:g} epochs",
    "batch_size": "{} dialogues a step",
    "learning_rate": "learning rate {:.0e}",
    "lora_rank": "LoRA rank {}",
    "watch": "{} scenarios played at each checkpoint",
    "patience": "patience {}",
    "precision": "{}",
}


def set_words(values: dict[str, Any]) -> str:
    """What a preset sets, in words."""
    return ", ".join(SAID[name].format(value) for name, value in values.items())


def free_name(dataset: str) -> str:
    """`DATASET-1`, or the next number that no run has."""
    taken = {run.name for run in services().jobs.all()}
    stem = dataset[:56]
    return next(f"{stem}-{number}" for number in range(1, 10_000) if f"{stem}-{number}" not in taken)


def leak_line(dataset: str, validation: str) -> None:
    """Whether what it is judged by was learned from too; without anything to judge by, the split is offered."""
    if not validation:
        st.caption(":material/info: Nothing is held out. Split the dataset to see whether it learns or only remembers.")
        st.button(
            "Split it now",
            key=f"train.split.{dataset}",
            type="tertiary",
            icon=":material/call_split:",
            **acting(split, dataset),
        )
        return
    found = services().leaks.between(dataset, validation)
    if found.is_clean:
        nearest = f" The nearest two tools are {found.closest[2]:.2f} close." if found.closest else ""
        st.caption(f":material/check: Nothing leaks: no shared dialogue, no near-duplicate tool.{nearest}")
        return
    said = [f"{count(found.shared, 'dialogue')} of {plain(validation)} are learned from too"] if found.shared else []
    if found.near and found.closest:
        first, second, closeness = found.closest
        pair = f"{clip(first, 40)} and {clip(second, 40)}" if first != second else clip(first, 40)
        said.append(
            f"{found.near} of {count(found.dialogues, 'dialogue')} use a tool that is learned from, or its "
            f"near-duplicate ({plain(pair)}, {closeness:.2f} close)"
        )
    st.warning(f"It leaks: {'; '.join(said)}. What it is judged by will look too good.", icon=":material/water_drop:")


def split(dataset: str) -> None:
    """Split by near-duplicate distance, and choose the training part, judged by the validation part."""
    parts = services().datasets.split(dataset)
    st.session_state["dataset"] = parts.train_dataset
    st.session_state["train.validation"] = parts.validation_dataset if parts.validation else ""
    wiring.tell(
        f"Split: {parts.train} to train on, {parts.validation} to judge by, {parts.held_out} held out, "
        f"{parts.dropped} in none as they stand between the parts."
    )

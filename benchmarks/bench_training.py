"""An epoch over turn-sliced dialogues on the CPU: ours against TRL's `SFTTrainer` at its fastest exact setting.

Same dialogues, same LoRA on the same model, float32, the same optimiser steps. Before anything is timed, both sides'
summed loss over the untouched model must be equal; a setting of TRL with another loss is left out as not exact.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback

from benchmarks.timing import interleaved_figures, report
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.conversation.smollm2 import ensure_smollm2
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.tool import Catalog
from diaforge_core.settings import models_dir, workspace_dir
from diaforge_core.training.batches import make_row, row_loss
from diaforge_core.training.choices import TrainingChoices
from diaforge_core.training.examples import Example, build_examples, slices
from diaforge_core.training.trainer import ToolCallingTrainer

DIALOGUES, TURNS, CANDIDATES = 12, 3, 6
STEP = 4
"""Dialogues in one optimiser step, on both sides."""
TRIED = 2
"""Dialogues over which each setting of TRL is tried."""
ROUNDS, TOLERANCE, GOAL = 2, 1e-4, 2.2
RANK, RATE = 16, 2e-4
SETTINGS: dict[str, dict[str, Any]] = {
    "one slice a pass": {"per_device_train_batch_size": 1},
    "three slices a pass": {"per_device_train_batch_size": 3},
    "three slices a pass, alike in length": {
        "per_device_train_batch_size": 3,
        "train_sampling_strategy": "group_by_length",
    },
    "packed to 2048": {"per_device_train_batch_size": 1, "packing": True, "max_length": 2048},
    "three slices in one padding-free row": {"per_device_train_batch_size": 3, "padding_free": True},
    "one slice a pass, eager attention": {"per_device_train_batch_size": 1, "attention": "eager"},
}
"""What TRL offers that keeps the loss as it is. Its defaults of gradient checkpointing and bfloat16 are off for all:
the one costs a second forward pass, the other changes the loss."""


def some_dialogues(catalog: Catalog) -> list[Dialogue]:
    """Dialogues of three assistant turns over six candidates each."""
    scenarios = draw_scenarios(catalog, 120, seed=3)
    made = (one for _, one in UTCGen(catalog).generate(scenarios=scenarios))
    fitting = [
        one
        for one in made
        if one.passed and one.assistant_turns == TURNS and len(one.scenario.candidates) == CANDIDATES
    ]
    if len(fitting) < DIALOGUES:
        raise SystemExit(f"Only {len(fitting)} of {DIALOGUES} dialogues have the shape that is measured.")
    return fitting[:DIALOGUES]


def peer(folder: Path, examples: Sequence[Example], setting: dict[str, Any], out: str) -> Any:
    """TRL's trainer over the examples' slices, ready to go."""
    from datasets import Dataset as Table
    from trl import SFTConfig, SFTTrainer

    rows = [{"input_ids": ids, "labels": labels} for one in examples for ids, labels in labelled(one)]
    chosen = {key: value for key, value in setting.items() if key != "attention"}
    if not chosen.get("packing"):
        chosen["max_length"] = None
    passes = max(1, STEP * len(rows) // len(examples) // chosen["per_device_train_batch_size"])
    if chosen.get("packing"):
        # Packed rows hold as many slices as fit: one step for about as many as the others have.
        longest = sum(len(row["input_ids"]) for row in rows) / chosen["max_length"]
        passes = max(1, round(longest * STEP / len(examples)))
    arguments = SFTConfig(
        output_dir=out, gradient_accumulation_steps=passes, num_train_epochs=1, learning_rate=RATE, use_cpu=True,
        bf16=False, gradient_checkpointing=False, save_strategy="no", logging_strategy="no", report_to="none",
        disable_tqdm=True, dataloader_pin_memory=False, **chosen,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation=setting.get("attention", "sdpa")
    )
    lora = LoraConfig(r=RANK, lora_alpha=2 * RANK, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return SFTTrainer(
        model=model, args=arguments, train_dataset=Table.from_list(rows), processing_class=tokenizer, peft_config=lora
    )


def labelled(example: Example) -> list[tuple[list[int], list[int]]]:
    """What TRL reads for one dialogue: a row a slice; one row for all turns where one pass needs no branch."""
    if example.branches:
        return [(ids, [-100] * start + ids[start:]) for ids, start in slices(example)]
    labels = [-100] * len(example.trunk)
    for start, end in example.trained:
        labels[start:end] = example.trunk[start:end]
    return [(list(example.trunk), labels)]


def peer_loss(trainer: Any) -> float:
    """The sum over all targets before any step."""
    with torch.no_grad():
        return sum(
            float(trainer.compute_loss(trainer.model, one, num_items_in_batch=1))
            for one in trainer.get_train_dataloader()
        )


class StepClock(TrainerCallback):
    """Seconds between the start and the end of each optimiser step, as ours counts them."""

    def __init__(self) -> None:
        self.seconds = self.began = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.began = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds += time.perf_counter() - self.began


def peer_seconds(folder: Path, examples: Sequence[Example], setting: dict[str, Any]) -> float:
    """Seconds of the steps of TRL's epoch."""
    clock = StepClock()
    with tempfile.TemporaryDirectory() as out:
        trainer = peer(folder, examples, setting, out)
        trainer.add_callback(clock)
        trainer.train()
    return clock.seconds


def our_seconds(dialogues: Sequence[Dialogue], catalog: Catalog, tokens: int, keep_thoughts: bool) -> float:
    """Seconds of the steps of our epoch."""
    with tempfile.TemporaryDirectory() as out:
        trainer = ToolCallingTrainer("smollm2", models_dir(workspace_dir()), catalog, device="cpu")
        choices = TrainingChoices(
            batch_size=STEP, learning_rate=RATE, lora_rank=RANK, keep_thoughts=keep_thoughts, checkpoint_every=99
        )
        tuned = trainer.train(dialogues, choices=choices, out=Path(out))
    return tokens / tuned.tokens_per_second


def our_loss(folder: Path, examples: Sequence[Example]) -> float:
    """As `peer_loss`, of our one pass."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        return sum(float(row_loss(model, make_row([one]))) for one in examples)


def exact_seconds(folder: Path, examples: Sequence[Example]) -> dict[str, float]:
    """Seconds of a short epoch at each setting of TRL that has our loss."""
    wanted, taken = our_loss(folder, examples), {}
    for name, setting in SETTINGS.items():
        with tempfile.TemporaryDirectory() as out:
            found = peer_loss(peer(folder, examples, setting, out))
        if abs(found - wanted) > TOLERANCE * wanted:
            print(f"TRL, {name}: not exact, its loss is {found:.3f} where slices have {wanted:.3f}", flush=True)
            continue
        taken[name] = peer_seconds(folder, examples, setting)
        print(f"TRL, {name}: {taken[name]:.2f} s for {len(examples)} dialogues", flush=True)
    return taken


def main() -> None:
    """Print each setting's time, then both sides' epoch and their ratio, thoughts dropped and thoughts kept."""
    folder = ensure_smollm2(models_dir(workspace_dir()))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    catalog = load_catalog("enterprise_apis.json")
    dialogues = some_dialogues(catalog)
    for keep_thoughts in (False, True):
        examples = build_examples(
            dialogues, lambda one: catalog.subset(one.scenario.candidates), tokenizer, keep_thoughts=keep_thoughts
        )
        whole = sum(len(ids) for one in examples for ids, _ in labelled(one))
        said = f"{sum(one.tokens for one in examples)} tokens in one pass, {whole} for TRL"
        print(f"-- thoughts {'kept' if keep_thoughts else 'dropped'}: {said}", flush=True)
        tried = exact_seconds(folder, examples[:TRIED])
        best = min(tried, key=lambda name: tried[name])
        compare(folder, dialogues, catalog, examples, best, keep_thoughts)


def compare(
    folder: Path,
    dialogues: Sequence[Dialogue],
    catalog: Catalog,
    examples: Sequence[Example],
    best: str,
    keep_thoughts: bool,
) -> None:
    """Print the epochs of both sides, and how much faster ours is."""
    tokens = sum(one.tokens for one in examples)
    seconds = interleaved_figures(
        {
            "ours": lambda: our_seconds(dialogues, catalog, tokens, keep_thoughts),
            f"TRL, {best}": lambda: peer_seconds(folder, examples, SETTINGS[best]),
        },
        ROUNDS,
    )
    for side, taken in seconds.items():
        print(f"{side}: {taken:.1f} s an epoch of {len(examples)} dialogues", flush=True)
    ratio = seconds[f"TRL, {best}"] / seconds["ours"]
    if keep_thoughts:
        print(f"with thoughts kept, where both need one pass: {ratio:.2f} times as fast")
    else:
        report("turn-sliced epoch against TRL", ratio, "times as fast", GOAL, at_most=False)

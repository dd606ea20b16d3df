"""An epoch over turn-sliced dialogues on the CPU: ours against TRL's `SFTTrainer` at its fastest exact setting.

Same dialogues, same LoRA on the same model, float32, the same optimiser steps. Before anything is timed, both sides'
summed loss over the untouched model must be equal; a setting of TRL with another loss is left out as not exact.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.peer_trl import SETTINGS, StepClock, labelled, peer_loss, peer_trainer
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
from diaforge_core.training.examples import Example, build_examples
from diaforge_core.training.trainer import ToolCallingTrainer

DIALOGUES, TURNS, CANDIDATES = 12, 3, 6
STEP = 4
"""Dialogues in one optimiser step, on both sides."""
TRIED = 1
"""Dialogues over which each setting of TRL is tried."""
ROUNDS, TOLERANCE, GOAL = 2, 1e-4, 2.2
RANK, RATE = 16, 2e-4


def some_dialogues(catalog: Catalog, count: int = DIALOGUES) -> list[Dialogue]:
    """Dialogues of three assistant turns over six candidates each."""
    scenarios = draw_scenarios(catalog, 10 * count, seed=3)
    made = (one for _, one in UTCGen(catalog).generate(scenarios=scenarios))
    sound = [one for one in made if one.passed and one.assistant_turns == TURNS]
    fitting = [one for one in sound if len(one.scenario.candidates) == CANDIDATES]
    if len(fitting) < count:
        raise SystemExit(f"Only {len(fitting)} of {count} dialogues have the shape that is measured.")
    return fitting[:count]


@dataclass(frozen=True, slots=True)
class Bench:
    """What both sides train on."""

    folder: Path
    catalog: Catalog
    dialogues: Sequence[Dialogue]
    examples: Sequence[Example]
    keep_thoughts: bool

    def peer(self, examples: Sequence[Example], setting: dict[str, Any], out: str) -> Any:
        attention = setting.get("attention", "sdpa")
        model = AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float32, attn_implementation=attention)
        lora = LoraConfig(
            r=RANK, lora_alpha=2 * RANK, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        tokenizer = AutoTokenizer.from_pretrained(self.folder)
        return peer_trainer(
            model, tokenizer, examples, setting, STEP, lora,
            output_dir=out, learning_rate=RATE, use_cpu=True, bf16=False, dataloader_pin_memory=False,
        )  # fmt: skip

    def peer_seconds(self, examples: Sequence[Example], setting: dict[str, Any]) -> float:
        """Seconds of the steps of TRL's epoch."""
        clock = StepClock()
        with tempfile.TemporaryDirectory() as out:
            trainer = self.peer(examples, setting, out)
            trainer.add_callback(clock)
            trainer.train()
        return clock.seconds

    def our_seconds(self) -> float:
        """Seconds of the steps of our epoch."""
        choices = TrainingChoices(
            batch_size=STEP, learning_rate=RATE, lora_rank=RANK, keep_thoughts=self.keep_thoughts, checkpoint_every=99
        )
        trainer = ToolCallingTrainer("smollm2", models_dir(workspace_dir()), self.catalog, device="cpu")
        with tempfile.TemporaryDirectory() as out:
            tuned = trainer.train(self.dialogues, choices=choices, out=Path(out))
        return sum(one.tokens for one in self.examples) / tuned.tokens_per_second

    def our_loss(self, examples: Sequence[Example]) -> float:
        """The sum over all targets before any step, in one pass a dialogue."""
        model = AutoModelForCausalLM.from_pretrained(self.folder, dtype=torch.float32)
        with torch.no_grad():
            return sum(float(row_loss(model, make_row([one]))) for one in examples)

    def tried(self) -> dict[str, float]:
        """Seconds of a short epoch at each setting of TRL that has our loss."""
        few = self.examples[:TRIED]
        wanted, taken = self.our_loss(few), {}
        for name, setting in SETTINGS.items():
            with tempfile.TemporaryDirectory() as out:
                found = peer_loss(self.peer(few, setting, out))
            if abs(found - wanted) > TOLERANCE * wanted:
                print(f"TRL, {name}: not exact, its loss is {found:.3f} where slices have {wanted:.3f}", flush=True)
                continue
            taken[name] = self.peer_seconds(few, setting)
            print(f"TRL, {name}: {taken[name]:.2f} s for {len(few)} dialogues", flush=True)
        return taken

    def compare(self) -> float:
        """Print the epochs of both sides; how much faster ours is."""
        tried = self.tried()
        best = min(tried, key=lambda name: tried[name])
        peer = f"TRL, {best}"
        seconds = interleaved_figures(
            {"ours": self.our_seconds, peer: lambda: self.peer_seconds(self.examples, SETTINGS[best])}, ROUNDS
        )
        for side, taken in seconds.items():
            print(f"{side}: {taken:.1f} s an epoch of {len(self.examples)} dialogues", flush=True)
        return seconds[peer] / seconds["ours"]


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
        ratio = Bench(folder, catalog, dialogues, examples, keep_thoughts).compare()
        if keep_thoughts:
            print(f"with thoughts kept, where both need one pass: {ratio:.2f} times as fast")
        else:
            report("turn-sliced epoch against TRL", ratio, "times as fast", GOAL, at_most=False)

"""One training step by trunk and branches against separate slices (METHOD.md §3), on the small model."""

from __future__ import annotations

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.timing import interleaved
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.conversation.smollm2 import ensure_smollm2
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.settings import models_dir, workspace_dir
from diaforge_core.training.batches import make_row, row_loss, sliced_losses
from diaforge_core.training.examples import build_examples

DIALOGUES, ROUNDS, TOLERANCE = 4, 3, 1e-5


def main() -> None:
    """Check that both losses are equal, then print tokens read and seconds of each way, and their ratio."""
    folder = ensure_smollm2(models_dir(workspace_dir()))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).train()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    catalog = load_catalog("enterprise_apis.json")
    made = [one for _, one in UTCGen(catalog).generate(scenarios=draw_scenarios(catalog, 40, seed=3))]
    dialogues = [one for one in made if one.passed and one.assistant_turns == 3][:DIALOGUES]
    examples = build_examples(dialogues, lambda one: catalog.subset(one.scenario.candidates), tokenizer)

    def one_pass() -> torch.Tensor:
        total = torch.zeros(())
        for example in examples:
            loss = row_loss(model, make_row([example]))
            loss.backward()
            total += loss.detach()
        model.zero_grad()
        return total

    def slices() -> torch.Tensor:
        total = torch.zeros(())
        for example in examples:
            for loss in sliced_losses(model, example):
                loss.backward()
                total += loss.detach()
        model.zero_grad()
        return total

    together, apart = one_pass().item(), slices().item()
    if abs(together - apart) > TOLERANCE * abs(apart):
        raise SystemExit(f"The losses differ: {together} in one pass, {apart} in slices. Nothing was timed.")
    seconds = interleaved({"one pass": one_pass, "slices": slices}, ROUNDS)
    print(f"{len(examples)} dialogues of 3 assistant turns, loss {together:.4f} both ways")
    for way, taken in seconds.items():
        print(f"{way}: {taken:.2f} s a step over {len(examples)} dialogues")
    print(f"one pass is {seconds['slices'] / seconds['one pass']:.2f} times as fast")

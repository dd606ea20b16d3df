"""How busy training keeps a CUDA device, and its memory and pace against TRL: steps over turn-sliced dialogues.

Two models: SmolLM2-135M with all weights in bfloat16 passes, and an adapter on a model of the size of Llama 3 8B with
random weights. Operations are counted as `flops` says. Without a CUDA device nothing is measured.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from benchmarks.bench_training import some_dialogues
from benchmarks.flops import flops_of, size_of
from benchmarks.peer_trl import StepClock, peer_loss, peer_trainer
from benchmarks.timing import report
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.smollm2 import ensure_smollm2
from diaforge_core.settings import models_dir, workspace_dir
from diaforge_core.training.batches import lay_out, make_row, row_loss
from diaforge_core.training.examples import Example, build_examples
from diaforge_core.training.work import ROW_TOKENS

PEAK = 790e12
"""Dense bfloat16 operations a second that a device of the H200 class reaches in practice."""
DIALOGUES, STEP, WARM_UP, STEPS = 64, 32, 2, 6
PEER_TOLERANCE = 2e-2
"""Relative difference of the summed losses; bfloat16 leaves no more than two digits."""
PEER_SETTINGS: dict[str, dict[str, Any]] = {
    "eight slices a pass, alike in length": {
        "per_device_train_batch_size": 8,
        "train_sampling_strategy": "group_by_length",
    },
    "rows of 8192, packed": {"per_device_train_batch_size": 1, "packing": True, "max_length": 8192},
    "one slice a pass": {"per_device_train_batch_size": 1},
}
SMALL_GOAL, LARGE_GOAL, PACE_GOAL, MEMORY_GOAL = 30.0, 45.0, 2.5, 0.7


def large_model(attention: str) -> Any:
    """A Llama of 8 billion random weights on the device, in bfloat16, the same every time."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
        num_key_value_heads=8, max_position_embeddings=8192,
    )  # fmt: skip
    with torch.device("cuda"):
        return LlamaForCausalLM._from_config(config, attn_implementation=attention, dtype=torch.bfloat16)


def lora() -> LoraConfig:
    return LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")


def on_device(examples: Sequence[Example]) -> list[dict[str, Any]]:
    """Packed rows of these examples on the device."""
    rows = [make_row(each) for each in lay_out(examples, ROW_TOKENS["cuda"])]
    return [{name: tensor.cuda() for name, tensor in row.items()} for row in rows]


def step_seconds(model: Any, rows: Sequence[dict[str, Any]], *, autocast: bool) -> float:
    """Median seconds of an optimiser step over these rows, the first steps left out."""
    trained = [one for one in model.parameters() if one.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=1e-5, fused=True)
    targets = sum(float(row["weights"].sum()) for row in rows)
    taken = []
    for _ in range(WARM_UP + STEPS):
        torch.cuda.synchronize()
        start = time.perf_counter()
        for row in rows:
            with torch.autocast("cuda", torch.bfloat16, enabled=autocast):
                loss = row_loss(model, row) / targets
            loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[WARM_UP:])


def use_of(name: str, model: Any, examples: Sequence[Example], *, full: bool, goal: float) -> float:
    """Print the share of the device's operations that steps use; seconds of one step."""
    torch.cuda.reset_peak_memory_stats()
    seconds = step_seconds(model, on_device(examples), autocast=full)
    share = 100 * flops_of(size_of(model), examples, full=full) / seconds / PEAK
    pace = sum(one.tokens for one in examples) / seconds
    print(f"{name}: {seconds:.2f} s a step of {len(examples)} dialogues, {pace:,.0f} tokens/s, "
          f"{torch.cuda.max_memory_allocated() / 2**30:.1f} GiB at most", flush=True)  # fmt: skip
    report(f"{name}, of {PEAK / 1e12:.0f} TFLOP/s", share, "%", goal, at_most=False)
    return seconds


def peer_figures(model: Any, tokenizer: Any, examples: Sequence[Example], setting: dict[str, Any]) -> tuple[float, ...]:
    """TRL's summed loss, seconds of its steps, and peak bytes, over these examples once."""
    clock = StepClock()
    with tempfile.TemporaryDirectory() as out:
        trainer = peer_trainer(
            model, tokenizer, examples, setting, STEP, lora(), output_dir=out, learning_rate=1e-5, bf16=True
        )
        loss = peer_loss(trainer)
        trainer.add_callback(clock)
        torch.cuda.reset_peak_memory_stats()
        trainer.train()
    return loss, clock.seconds, float(torch.cuda.max_memory_allocated())


def against_peer(examples: Sequence[Example], tokenizer: Any, seconds: float, loss: float, memory: float) -> None:
    """Print pace and memory beside those of TRL's fastest setting that has our loss and fits the device."""
    found = {}
    for name, setting in PEER_SETTINGS.items():
        try:
            theirs, taken, peak = peer_figures(large_model("sdpa"), tokenizer, examples, setting)
        except torch.OutOfMemoryError:
            print(f"TRL, {name}: more memory than the device has", flush=True)
            continue
        finally:
            torch.cuda.empty_cache()
        exact = abs(theirs - loss) <= PEER_TOLERANCE * loss
        print(f"TRL, {name}: {taken:.2f} s, {peak / 2**30:.1f} GiB{'' if exact else ', but another loss'}", flush=True)
        if exact:
            found[name] = (taken, peak)
    best = min(found, key=lambda name: found[name][0])
    epochs = len(examples) / STEP
    report(f"8B adapter against TRL ({best})", found[best][0] / (seconds * epochs), "times as fast", PACE_GOAL,
           at_most=False)  # fmt: skip
    report("its peak memory", memory / found[best][1], "of TRL's", MEMORY_GOAL, at_most=True)


def small_row(folder: Any, examples: Sequence[Example]) -> None:
    """All weights of the small model, held in float32 and multiplied in bfloat16."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="flex_attention")
    use_of("SmolLM2-135M, all weights", model.cuda().train(), examples[:STEP], full=True, goal=SMALL_GOAL)


def large_rows(tokenizer: Any, examples: Sequence[Example]) -> None:
    """The adapter on the large model, then the same against TRL."""
    model = get_peft_model(large_model("flex_attention"), lora()).train()
    with torch.no_grad():
        loss = sum(float(row_loss(model, row)) for row in on_device(examples))
    seconds = use_of("8B, adapter", model, examples[:STEP], full=False, goal=LARGE_GOAL)
    memory = float(torch.cuda.max_memory_allocated())
    del model
    torch.cuda.empty_cache()
    against_peer(examples, tokenizer, seconds, loss, memory)


def main() -> None:
    """Print the rows, or plainly that there is no CUDA device to measure them on."""
    if not torch.cuda.is_available():
        print(
            "There is no CUDA device here: the use of a GPU, and pace and memory against TRL on one, are not measured."
        )
        return
    folder = ensure_smollm2(models_dir(workspace_dir()))
    tokenizer, catalog = AutoTokenizer.from_pretrained(folder), load_catalog("enterprise_apis.json")
    dialogues = some_dialogues(catalog, DIALOGUES)
    examples = build_examples(dialogues, lambda one: catalog.subset(one.scenario.candidates), tokenizer)
    small_row(folder, examples)
    large_rows(tokenizer, examples)

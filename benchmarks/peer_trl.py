"""TRL's `SFTTrainer` over the slices of our examples: the peer of our trainer, at settings that keep the loss."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch
from transformers import TrainerCallback

from diaforge_core.training.examples import Example, slices

SETTINGS: dict[str, dict[str, Any]] = {
    "one slice a pass": {"per_device_train_batch_size": 1},
    "three slices a pass": {"per_device_train_batch_size": 3},
    "three slices a pass, alike in length": {
        "per_device_train_batch_size": 3,
        "train_sampling_strategy": "group_by_length",
    },
    "packed rows of 2048": {"per_device_train_batch_size": 1, "packing": True, "max_length": 2048},
    "three slices in one padding-free row": {"per_device_train_batch_size": 3, "padding_free": True},
    "one slice a pass, eager attention": {"per_device_train_batch_size": 1, "attention": "eager"},
}
"""What it offers that may keep the loss as it is. Its defaults of gradient checkpointing and bfloat16 are off for all:
the one costs a second forward pass, the other changes the loss. Its output layer is always the chunked one."""


def peer_trainer(
    model: Any,
    tokenizer: Any,
    examples: Sequence[Example],
    setting: dict[str, Any],
    dialogues_a_step: int,
    lora: Any,
    **arguments: Any,
) -> Any:
    """TRL's trainer, ready to go; its steps hold as many dialogues as ours."""
    from datasets import Dataset as Table
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    rows = [{"input_ids": ids, "labels": labels} for one in examples for ids, labels in labelled(one)]
    chosen: dict[str, Any] = {"max_length": None} | {key: value for key, value in setting.items() if key != "attention"}
    passes = len(rows) / chosen["per_device_train_batch_size"]
    if chosen.get("packing"):
        passes = sum(len(row["input_ids"]) for row in rows) / chosen["max_length"]
    configuration = SFTConfig(
        num_train_epochs=1,
        gradient_accumulation_steps=max(1, round(passes * dialogues_a_step / len(examples))),
        gradient_checkpointing=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **chosen,
        **arguments,
    )
    table = Table.from_list(rows)
    return SFTTrainer(model, args=configuration, train_dataset=table, processing_class=tokenizer, peft_config=lora)


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
        losses = [
            trainer.compute_loss(trainer.model, batch, num_items_in_batch=1) for batch in trainer.get_train_dataloader()
        ]
    return sum(float(loss) for loss in losses)


class StepClock(TrainerCallback):
    """Seconds between the start and the end of each optimiser step, as ours counts them."""

    def __init__(self) -> None:
        self.seconds = self.began = 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.began = time.perf_counter()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seconds += time.perf_counter() - self.began

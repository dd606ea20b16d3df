"""`transformers.Trainer` underneath: schedules, checkpoints, resuming; the batch, the step and the saving are ours."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..conversation.seals import seal
from .checkpoints import saving
from .estimate import steps_between
from .examples import Example
from .steps import check_loss, packed, step_on_rows
from .weights import passes_in_half, save_weights
from .work import Work, processes

WAIT_SECONDS = 6 * 3600
"""What processes wait for one another at most: one of them plays scenarios meanwhile."""


class Saving:
    """For a `transformers.Trainer`: safetensors of what was trained only, sealed once all of a checkpoint is there."""

    work: Work

    def _save(self: Any, output_dir: str | None = None, state_dict: Any = None) -> None:
        if self.is_world_process_zero():
            work, model = self.work, self.accelerator.unwrap_model(self.model)
            folder = Path(output_dir or work.out / "checkpoints")
            save_weights(model, folder, work.tokenizer, work.folders, work.choices, state_dict)

    def _run_epoch(self: Any, *given: Any, **named: Any) -> None:
        """No step where all are done or an evaluation ended the run: the loop asks after a step only."""
        if self.state.global_step >= self.state.max_steps:
            self.control.should_training_stop = True
        if not self.control.should_training_stop:
            super()._run_epoch(*given, **named)  # pyright: ignore[reportAttributeAccessIssue] # of the Trainer

    def _save_checkpoint(self: Any, model: Any, trial: Any) -> None:
        folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
        if self.is_world_process_zero():
            shutil.rmtree(folder, ignore_errors=True)  # what a kill left half written
        self.accelerator.wait_for_everyone()
        with saving(folder):
            super()._save_checkpoint(model, trial)  # pyright: ignore[reportAttributeAccessIssue] # of the Trainer
            self.accelerator.wait_for_everyone()
            if self.is_world_process_zero():
                seal(folder)
        self.accelerator.wait_for_everyone()


class SlicedSteps(Saving):
    """For a `transformers.Trainer` whose batches are dialogues: one pass over packed rows is one step."""

    last: dict[str, Any]
    """Of the step under way: loss, learning_rate, tokens and targets."""

    def get_train_dataloader(self: Any) -> Any:
        """Every process reads the whole batch and trains its own rows of it: the batch is that of one process."""
        from torch.utils.data import DataLoader

        size = self.work.choices.batch_size
        batches = math.ceil(len(self.train_dataset) / size)
        order = shuffled(len(self.train_dataset), self.work.choices.seed, lambda: self.state.global_step // batches)
        return DataLoader(
            self.train_dataset, batch_size=size, sampler=order, collate_fn=lambda batch: {"examples": batch}
        )

    def training_step(self: Any, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        model.train()
        examples, rate = inputs["examples"], self._get_learning_rate()
        rows = packed(examples, self.work)
        loss = step_on_rows(self, model, rows)
        check_loss(self, float(loss), rate, examples)
        self.last = {
            "loss": float(loss),
            "learning_rate": rate,
            "tokens": sum(example.tokens for example in examples),
            "targets": sum(example.target_tokens for example in examples),
        }
        return loss


def shuffled(count: int, seed: int, epoch: Callable[[], int]) -> Any:
    """An order of `count` places that the seed and the epoch alone decide."""
    import torch
    from torch.utils.data import Sampler

    class Shuffled(Sampler):
        def __len__(self) -> int:
            return count

        def __iter__(self) -> Iterator[int]:
            yield from torch.randperm(count, generator=torch.Generator().manual_seed(seed + epoch())).tolist()

    return Shuffled()


def sliced_trainer(work: Work, model: Any, examples: Sequence[Example]) -> Any:
    """A `transformers.Trainer` that takes our steps."""
    from transformers import Trainer, TrainingArguments

    class SlicedTrainer(SlicedSteps, Trainer):
        """Trains on rows; saves safetensors only."""

    return SlicedTrainer(
        model=model,
        args=one_gpu_each(TrainingArguments(**arguments_of(work, len(examples)))),
        train_dataset=list(examples),  # pyright: ignore[reportArgumentType] # a list is a map-style dataset
    )


def arguments_of(work: Work, examples: int) -> dict[str, Any]:
    """The arguments of `transformers.Trainer` for a run over this many examples."""
    choices, steps = work.choices, work.steps(examples)
    warmup = round(choices.warmup * steps)
    schedules = {"constant": "constant_with_warmup" if warmup else "constant"}
    return {
        "output_dir": str(work.out / "checkpoints"),
        "per_device_train_batch_size": max(1, choices.batch_size // processes()),
        "num_train_epochs": math.ceil(choices.epochs),
        "max_steps": steps,
        "learning_rate": choices.learning_rate,
        "lr_scheduler_type": schedules.get(choices.schedule, choices.schedule),
        "warmup_steps": warmup,
        "weight_decay": choices.weight_decay,
        "bf16": passes_in_half(work.device, choices),
        "use_cpu": work.device == "cpu",
        "seed": choices.seed,
        "data_seed": choices.seed,
        "save_strategy": "steps",
        "save_steps": steps_between(steps, choices.checkpoint_every),
        "logging_strategy": "no",
        "disable_tqdm": True,
        "report_to": "none",
        "remove_unused_columns": False,
        "dataloader_pin_memory": work.device.startswith("cuda"),
        "ddp_find_unused_parameters": False,
        "ddp_timeout": WAIT_SECONDS,
    }


def gathers(trainer: Any) -> Any:
    """The trainer, which saves whole weights where it shards them: of shares it would save none."""
    if trainer.is_fsdp_enabled:
        plugin = trainer.accelerator.state.fsdp_plugin
        plugin.state_dict_config = plugin.optim_state_dict_config = None  # of another type, from its making
        plugin.set_state_dict_type("FULL_STATE_DICT")
    return trainer


def one_gpu_each(arguments: Any) -> Any:
    """The arguments without `DataParallel`, which torch would use for several GPUs and which cannot split rows."""
    if processes() == 1:
        arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments

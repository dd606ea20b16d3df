"""What a run under way needs, and who watches it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ..conversation.model_specs import ModelFolders
from .batches import Layout
from .checkpoints import Evaluation
from .choices import TrainingChoices
from .estimate import steps_of
from .examples import Example

ROW_TOKENS = {"cpu": 1024, "mps": 2048, "cuda": 8192}
"""Tokens of one packed row. On a CPU a longer row only makes attention dearer; a GPU needs it to be busy."""
LogRow = dict[str, Any]
"""step, epoch, loss (mean per target token), learning_rate, tokens_per_second, target_tokens_total, seconds_left,
peak_memory_bytes; margin and agreed too in the preference stage."""

Totals = dict[str, int]
"""dialogues (pairs, in the preference stage) trained on, left_out, tokens and target_tokens of one epoch, longest:
tokens of the longest one."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told of a run, and who may end it."""

    on_log: Callable[[LogRow], None] | None = None
    """Hears of every step."""
    on_evaluation: Callable[[Evaluation], None] | None = None
    """Hears of every evaluation."""
    should_stop: Callable[[], bool] | None = None
    """Asked after every step and before every evaluation: whether to save and end."""
    evaluate_checkpoint: Callable[[Path, int], Mapping[str, float] | None] | None = None
    """Plays scenarios with the checkpoint of a step: acc, ftr and tar; Interrupted where a stop is asked for."""
    on_start: Callable[[Totals], None] | None = None
    """Hears once what is trained on, before the model is loaded."""
    chosen: Callable[[], Collection[int]] | None = None
    """Steps whose checkpoints stay whatever they are worth; asked after every saving."""
    on_size: Callable[[int, int], None] | None = None
    """Hears once, after the first step, the bytes of a checkpoint on disk: of its weights, and of the optimiser."""


@dataclass(frozen=True, slots=True)
class Work:
    """All that a run under way needs."""

    folders: ModelFolders
    tokenizer: Any
    choices: TrainingChoices
    out: Path
    device: str
    validation: Sequence[Example] = ()
    watch: Watch = Watch()
    layout: Layout = "one_pass"

    @property
    def row_tokens(self) -> int:
        return self.choices.row_tokens or ROW_TOKENS[self.device.split(":")[0]]

    def steps(self, examples: int) -> int:
        """Optimiser steps of the whole run."""
        return steps_of(examples, self.choices.epochs, self.choices.batch_size, self.choices.max_steps)


def tell(line: str) -> None:
    """Writes a line to the log; a log that has no room for it is no reason to end a run."""
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def processes() -> int:
    """How many processes share this run, as `torchrun` and `accelerate launch` say it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def leave(code: int) -> NoReturn:
    """Ends this process with an exit code. One that shares a run goes without the interpreter's teardown: threads of
    the process group may abort it, and the launcher then ends the others and calls the run failed."""
    if processes() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def shards() -> bool:
    """Whether they share the weights too (FSDP), as `accelerate launch` says it."""
    return os.environ.get("ACCELERATE_USE_FSDP", "").lower() in ("1", "true")


def take_own_gpu(device: str) -> None:
    """Makes `cuda` mean the GPU of this process."""
    if device == "cuda" and processes() > 1:
        import torch

        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))


def has_gpus_for(count: int) -> bool:
    """Whether so many processes on this machine have a GPU each, where they compute on GPUs."""
    if count == 1:
        return True
    import torch

    return not torch.cuda.is_available() or count <= torch.cuda.device_count()


def is_first_process() -> bool:
    """Whether this one writes what is written once."""
    return os.environ.get("RANK", "0") == "0"

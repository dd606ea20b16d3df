"""What decides the result of a training run besides its model and its dialogues."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, ValidationError

from ..errors import DataError
from ..records.base import Record
from .batches import Layout, Reduction
from .examples import LossMask, TooLong

Stage = Literal["sft", "preference"]
Targets = Literal["all-linear", "attention"]
Precision = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["cosine", "linear", "constant"]


class TrainingChoices(Record):
    """All that decides the result of a run besides model and dialogues."""

    stage: Stage = "sft"
    """sft learns what the assistant says; preference learns to prefer it to a likely mistake (DPO)."""
    loss_mask: LossMask = "assistant_only"
    keep_thoughts: bool = False
    """Earlier thoughts stay in the history that a turn reads."""
    without_thoughts: bool = False
    """Replies and calls are learned without the thoughts before them, to see what those are worth."""
    reduction: Reduction = "token"
    """What counts alike in the loss: every token, or every turn whatever its length (slice)."""
    epochs: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    max_steps: int | None = Field(default=None, ge=1)
    """Optimiser steps, whatever the epochs; by default as many as the epochs take."""
    batch_size: int = Field(default=4, ge=1)
    """Dialogues per optimiser step, over all processes; pairs in the preference stage."""
    row_tokens: int | None = Field(default=None, ge=1)
    """Tokens of one packed row; by default the device decides."""
    layout: Layout | None = None
    """Trunk and branches in one pass, or each slice in a row of its own; by default the model's layers decide."""
    rendering: str = ""
    """Name of the form of conversations: `own` for the model's template, `compact-1` for the built-in one; by default
    the model's own where tool calls survive it."""
    too_long: TooLong = "refuse"
    """What becomes of dialogues that are longer than the model reads, or than `max_tokens`; nothing is ever cut."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Tokens that a dialogue may have; by default as many as the model reads."""
    learning_rate: float = Field(default=2e-4, gt=0, allow_inf_nan=False)
    schedule: Schedule = "cosine"
    """How the learning rate falls after the warm-up."""
    warmup: float = Field(default=0.05, ge=0, lt=1)
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    full: bool = False
    """Train all weights instead of an adapter."""
    lora_rank: int = Field(default=16, ge=1)
    lora_targets: Targets = "all-linear"
    """Layers that the adapter changes."""
    precision: Precision = "auto"
    """Of the passes; auto takes bfloat16 where the GPU has it."""
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    checkpoint_every: int | None = Field(default=None, ge=1)
    """Steps between checkpoints; by default there are about ten."""
    evaluate_every: int | None = Field(default=None, ge=1)
    """Steps between evaluations on the validation part; by default at every checkpoint."""
    patience: int | None = Field(default=None, ge=1)
    """Evaluations without a better score after which the run stops early; by default it never does."""

    @classmethod
    def of(cls, given: dict[str, Any]) -> Self:
        """The choices with these values; DataError that names every one that cannot be."""
        try:
            return cls.model_validate(given)
        except ValidationError as problem:
            wrong = [f"{'.'.join(map(str, one['loc']))} is {one['input']!r}: {one['msg']}" for one in problem.errors()]
            raise DataError("The training cannot start: " + "; ".join(wrong) + ".") from problem

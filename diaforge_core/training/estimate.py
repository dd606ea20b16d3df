"""What a training run will take, before it starts: tokens, steps, time, memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..conversation.prompts import chat_messages, render_target
from ..records.dialogue import Dialogue
from .examples import Example, ToolsOf

CHARACTERS_PER_TOKEN = 3.6
"""Of our prompts under SmolLM2's tokenizer, measured; larger vocabularies need fewer tokens."""
ACTIVATION_VALUES = 34
"""Values kept for the backward pass, per token, layer and hidden unit, of a Llama block with a wide MLP."""


@dataclass(frozen=True, slots=True)
class TrainingEstimate:
    """What a run over these dialogues takes."""

    dialogues: int
    tokens: int
    """Tokens that the model reads in one epoch, each history once."""
    target_tokens: int
    """Tokens in the loss in one epoch."""
    longest: int
    """Tokens of the longest dialogue in one pass."""
    steps: int
    """Optimiser steps of the whole run."""
    seconds: float | None
    """Wall-clock time of the whole run at the given pace; None while no pace is known."""
    memory_bytes: int | None
    """Rough peak of the training process; None without a model configuration."""


def steps_of(dialogues: int, epochs: float, batch_size: int, max_steps: int | None = None) -> int:
    """Optimiser steps of a run: `max_steps` where given, else what the epochs take, the last batch of each smaller."""
    return max_steps or math.ceil(math.ceil(dialogues / batch_size) * epochs)


def estimate(
    examples: Sequence[Example],
    *,
    epochs: float = 1,
    batch_size: int = 4,
    max_steps: int | None = None,
    tokens_per_second: float | None = None,
    config: Any = None,
    row_tokens: int = 1024,
    lora_rank: int = 16,
    full: bool = False,
) -> TrainingEstimate:
    """The estimate for tokenised dialogues; `config` is the model's transformers configuration."""
    sizes = [example.tokens for example in examples]
    targets = sum(example.target_tokens for example in examples)
    longest = max(sizes, default=0)
    memory = None
    if config is not None:
        row = max(longest, min(row_tokens, sum(sizes)))
        memory = memory_of(config, row, row * targets // max(sum(sizes), 1), lora_rank, full)
    return _estimate(sizes, targets, epochs, batch_size, max_steps, tokens_per_second, memory)


def estimate_from_text(
    dialogues: Iterable[Dialogue],
    tools_of: ToolsOf,
    *,
    epochs: float = 1,
    batch_size: int = 4,
    max_steps: int | None = None,
    tokens_per_second: float | None = None,
) -> TrainingEstimate:
    """A rougher estimate that needs no tokenizer: tokens are counted by characters."""
    sizes, targets = [], 0
    for dialogue in dialogues:
        messages = chat_messages(tools_of(dialogue), dialogue.scenario.setting, dialogue.turns)
        written = sum(len(render_target(turn)) for turn in dialogue.turns if turn.speaker == "assistant")
        read = sum(len(message["content"]) for message in messages)
        sizes.append(round((read + written) / CHARACTERS_PER_TOKEN))
        targets += round(written / CHARACTERS_PER_TOKEN)
    return _estimate(sizes, targets, epochs, batch_size, max_steps, tokens_per_second, None)


def _estimate(
    sizes: Sequence[int],
    targets: int,
    epochs: float,
    batch_size: int,
    max_steps: int | None,
    tokens_per_second: float | None,
    memory: int | None,
) -> TrainingEstimate:
    steps = steps_of(len(sizes), epochs, batch_size, max_steps)
    per_step = sum(sizes) / max(len(sizes), 1) * min(batch_size, max(len(sizes), 1))
    seconds = steps * per_step / tokens_per_second if tokens_per_second else None
    return TrainingEstimate(len(sizes), sum(sizes), targets, max(sizes, default=0), steps, seconds, memory)


def memory_of(config: Any, row_tokens: int, row_targets: int, lora_rank: int, full: bool, weight_bytes: int = 4) -> int:
    """Rough peak in bytes: weights, gradients and AdamW state of what is trained, activations and scores of one row."""
    config = config.get_text_config()
    hidden, layers, inner = config.hidden_size, config.num_hidden_layers, config.intermediate_size
    per_layer = 4 * hidden * hidden + 3 * hidden * inner
    weights = layers * per_layer + config.vocab_size * hidden
    trained = weights if full else layers * lora_rank * (8 * hidden + 3 * (hidden + inner))
    activations = row_tokens * layers * hidden * ACTIVATION_VALUES * weight_bytes
    scores = row_targets * config.vocab_size * 4 * 3
    mask = row_tokens * row_tokens * (1 + weight_bytes)
    # Gradient and two moments in float32.
    return weights * weight_bytes + trained * 12 + activations + scores + mask

"""Floating-point operations that a training step needs at least: the measure of how busy a device is kept.

6 a weight and token where all weights are trained, 4 where an adapter is (the adapter's own are left out); attention by
the pairs of tokens that the mask lets through; the output layer at target positions only; nothing for padding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from diaforge_core.training.examples import Example


@dataclass(frozen=True, slots=True)
class Size:
    """What of a model the count needs."""

    weights: int
    """Of all linear layers but the output layer."""
    output: int
    """Weights of the output layer."""
    attention: int
    """Layers times heads times the width of a head."""


def size_of(model: Any) -> Size:
    """The size of a transformers model; one on the meta device will do."""
    import torch

    config = model.config.get_text_config()
    head = model.get_output_embeddings().weight
    layers = [one.weight for one in model.modules() if isinstance(one, torch.nn.Linear) and one.weight is not head]
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    attention = config.num_hidden_layers * config.num_attention_heads * width
    return Size(sum(one.numel() for one in layers), head.numel(), attention)


def pairs(example: Example) -> int:
    """How many (token, earlier token or itself) attend to each other; sliding windows are not subtracted."""
    trunk = len(example.trunk)
    branches = ((branch.start, len(branch.tokens)) for branch in example.branches)
    return _triangle(trunk) + sum(start * size + _triangle(size) for start, size in branches)


def _triangle(length: int) -> int:
    return length * (length + 1) // 2


def training_flops(size: Size, tokens: int, targets: int, attended: int, *, full: bool) -> int:
    """Operations of the forward and backward passes over so many tokens, targets and attending pairs."""
    each = 6 if full else 4
    # Scores and their use are two products of two operations each, and twice that again on the way back.
    return each * (size.weights * tokens + size.output * targets) + 12 * size.attention * attended


def flops_of(size: Size, examples: Sequence[Example], *, full: bool) -> int:
    """As `training_flops`, of these examples read once each."""
    tokens = sum(one.tokens for one in examples)
    targets = sum(one.target_tokens for one in examples)
    return training_flops(size, tokens, targets, sum(pairs(one) for one in examples), full=full)

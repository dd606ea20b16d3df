"""How many steps a training run will take, and how many of them it saves."""

from __future__ import annotations

import math

CHECKPOINTS = 10
"""Checkpoints of a run when their distance is not given."""


def steps_of(dialogues: int, epochs: float, batch_size: int, max_steps: int | None = None) -> int:
    """Optimiser steps of a run: `max_steps` where given, else what the epochs take, the last batch of each smaller."""
    return max_steps or math.ceil(math.ceil(dialogues / batch_size) * epochs)


def steps_between(steps: int, checkpoint_every: int | None) -> int:
    """Steps from one checkpoint to the next: what is given, else a tenth of all."""
    return checkpoint_every or math.ceil(steps / CHECKPOINTS)

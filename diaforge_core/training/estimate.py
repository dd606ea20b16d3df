"""How many steps a training run will take."""

from __future__ import annotations

import math


def steps_of(dialogues: int, epochs: float, batch_size: int, max_steps: int | None = None) -> int:
    """Optimiser steps of a run: `max_steps` where given, else what the epochs take, the last batch of each smaller."""
    return max_steps or math.ceil(math.ceil(dialogues / batch_size) * epochs)

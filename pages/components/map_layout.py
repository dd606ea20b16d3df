"""Places for tools on a plane, so that those that are close lie together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

ROUNDS = 120
"""Steps of the layout; more changes nothing that the eye sees."""


def layout(names: Sequence[str], nearest: Mapping[str, Sequence[tuple[str, float]]]) -> np.ndarray:
    """(n, 2) places between -1 and 1, the same for the same input: neighbours pull, all push each other away."""
    n = len(names)
    if n == 0:
        return np.zeros((0, 2))
    angle = np.arange(n) * 2.399963  # the golden angle spreads the start evenly, without chance
    spots = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.sqrt((np.arange(n) + 0.5) / n)[:, None]
    one, two, pull = _edges(names, nearest)
    ideal = 1.6 / np.sqrt(n)
    heat = 0.2
    for _ in range(ROUNDS):
        gap = spots[:, None, :] - spots[None, :, :]
        distance = np.maximum(np.linalg.norm(gap, axis=2), 1e-3)
        step = (gap * (ideal**2 / distance**2)[:, :, None]).sum(axis=1)
        along = spots[one] - spots[two]
        force = along * (np.linalg.norm(along, axis=1) / ideal * pull)[:, None]
        np.add.at(step, one, -force)
        np.add.at(step, two, force)
        step -= spots * 0.6 * n * ideal**2  # a slight pull to the middle keeps lone tools in view
        length = np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-9)
        spots = spots + step / length * np.minimum(length, heat)
        heat *= 0.965
    return spots / max(1e-9, float(np.abs(spots).max()))


def _edges(
    names: Sequence[str], nearest: Mapping[str, Sequence[tuple[str, float]]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of neighbours by index and how strongly each pulls."""
    index = {name: position for position, name in enumerate(names)}
    rows = [
        (index[name], index[other], 5.0 * max(0.0, value) ** 1.5)
        for name in names
        for other, value in list(nearest.get(name, ()))[:4]
        if other in index
    ]
    if not rows:
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    one, two, pull = zip(*rows, strict=True)
    return np.array(one), np.array(two), np.array(pull)

"""How easily tools are mistaken for one another: closeness from 0 (nothing in common) to 1 (the same)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..records.tool import Catalog, Tool
from .closeness import SCALE, Closeness
from .mining import Mined, compare, mine
from .vector_cache import VectorCache

__all__ = [
    "DIGITS",
    "Closeness",
    "ClosenessParts",
    "Mined",
    "VectorCache",
    "closeness",
    "mine",
    "nearest",
    "pair_closeness",
    "to_nearest",
]
DIGITS = 4
"""Decimals of a closeness, so that a tie is a tie on every machine."""


@dataclass(frozen=True, slots=True)
class ClosenessParts:
    """The closeness of two tools and what it is made of, each from 0 to 1."""

    text: float
    """What summary and description say: cosine of the sentence vectors above the floor of unrelated texts."""
    name: float
    """Share of words that the two names have in common."""
    parameters: float
    """Share of parameter names that the two have in common; as `text` where neither has any."""
    total: float


def closeness(tools: Sequence[Tool]) -> NDArray[np.float32]:
    """(n, n) closeness of every two tools, symmetric, rounded to 1e-4, ones on the diagonal; 3 GB for 28,000 tools."""
    table = compare(Closeness(tools), np.arange(len(tools)))
    np.fill_diagonal(table, SCALE)
    return np.divide(table, np.float32(SCALE), out=table)


def to_nearest(tool: Tool, others: Sequence[Tool]) -> float | None:
    """The closeness of a tool to the nearest of others, rounded to 1e-4; None without any."""
    return round(float(closeness([tool, *others])[0, 1:].max()), DIGITS) if others else None


def nearest(catalog: Catalog, k: int) -> dict[str, list[tuple[str, float]]]:
    """Tool name → its k closest other tools with their closeness, closest first, ties by name."""
    return mine(catalog.tools, k).nearest()


def pair_closeness(a: Tool, b: Tool) -> ClosenessParts:
    """The closeness of two tools with its parts, rounded to 1e-4."""
    return ClosenessParts(*(round(float(part[0, 1]), DIGITS) for part in Closeness((a, b)).parts(0, 1)))

"""Timing that two sides share: interleaved rounds, the median of each."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def interleaved(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each side over `rounds`, the sides taking turns so that drift hits all alike."""
    return interleaved_figures({name: lambda work=work: _seconds(work) for name, work in sides.items()}, rounds)


def interleaved_figures(sides: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """As `interleaved`, for sides that say themselves what they took."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, work in sides.items():
            taken[name].append(work())
    return {name: statistics.median(figures) for name, figures in taken.items()}


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def report(what: str, measured: float, unit: str, limit: float, *, at_most: bool) -> None:
    """Print a measured figure beside its limit, and plainly whether it holds."""
    holds = measured <= limit if at_most else measured >= limit
    sign = "≤" if at_most else "≥"
    print(f"{what}: {measured:.3g} {unit} (wanted {sign} {limit:g}): {'holds' if holds else 'DOES NOT HOLD'}")

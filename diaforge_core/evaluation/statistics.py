"""Intervals and tests for shares and means over scenarios (METHOD.md §4 "Trials and intervals")."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

Z95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""
_Z80 = 0.8416212335729143
"""Normal quantile of 80 % power."""
DRAWS = 4000
"""Bootstrap draws: the ends of an interval move by about 0.3 points from seed to seed at this number."""
MANY_GROUPS = 1_000
"""From more groups than this a quarter of the draws is taken: intervals are narrow by then, and draws cost time."""
BLOCK = 2_000_000
"""Numbers drawn at once, so that memory stays bounded."""
KEPT_DRAWS = 400_000
"""Numbers of one bootstrap that are kept for the next: 3 MB."""
MOST_SCENARIOS = 100_000
"""Above this many scenarios a difference is called undecidable rather than expensive."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The two ends of a 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Unit:
    """What one scenario contributes to a ratio: the estimate is Σ `above` / Σ `below` over scenarios."""

    cluster: Hashable
    """Scenarios of one cluster are drawn together: near-duplicate tools succeed and fail together."""
    above: float
    below: float


def wilson(successes: float, n: float) -> Interval:
    """Wilson's 95 % interval of a share; 0..1 for n = 0. `successes` may be fractional (means over trials)."""
    if n <= 0:
        return Interval(0.0, 1.0)
    share = successes / n
    spread = Z95 * Z95 / n
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return Interval(
        0.0 if successes <= 0 else max(0.0, middle - half), 1.0 if successes >= n else min(1.0, middle + half)
    )


def ratio(units: Sequence[Unit]) -> float | None:
    """Σ above / Σ below; None when nothing is below."""
    below = math.fsum(unit.below for unit in units)
    return math.fsum(unit.above for unit in units) / below if below else None


def cluster_bootstrap(units: Sequence[Unit], draws: int = DRAWS, seed: int = 0) -> Interval | None:
    """The percentile 95 % interval of `ratio` when clusters are drawn with replacement; the same for one seed.

    With one cluster only, scenarios are drawn instead. None where there is nothing to draw from, or where every draw
    gives the same value, so that the data say nothing of the spread.
    """
    drawn = _draw_ratios(units, draws, seed, _draw_labels(units))
    return None if drawn is None else middle_95(drawn)


def paired_bootstrap(
    units_a: Sequence[Unit], units_b: Sequence[Unit], draws: int = DRAWS, seed: int = 0
) -> tuple[Interval, float] | None:
    """The 95 % interval of ratio(a) − ratio(b) and its two-sided p, when both draw the same clusters together.

    The two sequences are aligned: position i is the same scenario. None under the conditions of `cluster_bootstrap`.
    """
    labels = _draw_labels(units_a)
    drawn_a, drawn_b = _draw_ratios(units_a, draws, seed, labels), _draw_ratios(units_b, draws, seed, labels)
    if drawn_a is None or drawn_b is None:
        return None
    difference = drawn_a - drawn_b
    interval = middle_95(difference)
    if interval is None:
        return None
    beyond = int(min(np.count_nonzero(difference <= 0), np.count_nonzero(difference >= 0)))
    return interval, min(1.0, 2.0 * (beyond + 1) / (int(np.count_nonzero(np.isfinite(difference))) + 1))


def mcnemar(only_a: int, only_b: int) -> float:
    """The exact two-sided p that two assistants, right alone this often, are equally good; 1 with no such scenario."""
    if only_a + only_b == 0:
        return 1.0
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))


def paired_difference(both: int, only_a: int, only_b: int, neither: int) -> Interval:
    """The 95 % interval of share(a) − share(b) over paired scenarios: Newcombe's method 10 (1998) on Wilson's ends."""
    n = both + only_a + only_b + neither
    if n == 0:
        return Interval(-1.0, 1.0)
    share_a, share_b = (both + only_a) / n, (both + only_b) / n
    a, b = wilson(both + only_a, n), wilson(both + only_b, n)
    correlation = _correlation(both, only_a, only_b, neither)

    def reach(from_a: float, from_b: float) -> float:
        return math.sqrt(max(0.0, from_a**2 - 2 * correlation * from_a * from_b + from_b**2))

    difference = share_a - share_b
    low = difference - reach(share_a - a.low, b.high - share_b)
    high = difference + reach(a.high - share_a, share_b - b.low)
    return Interval(max(-1.0, low), min(1.0, high))


def scenarios_to_decide(differences: Sequence[float]) -> int | None:
    """How many paired scenarios would show this mean difference four times in five (95 % interval, 80 % power).

    None where no difference was seen, or where it is so small that more than MOST_SCENARIOS would be needed.
    """
    if len(differences) < 2:
        return None
    mean = math.fsum(differences) / len(differences)
    variance = math.fsum((difference - mean) ** 2 for difference in differences) / (len(differences) - 1)
    if abs(mean) < 1e-9:
        return None
    needed = math.ceil((Z95 + _Z80) ** 2 * variance / mean**2)
    return needed if needed <= MOST_SCENARIOS else None


def pass_k(n: int, c: int, k: int) -> float:
    """The chance that k trials drawn from n, of which c succeeded, all succeed: C(c,k) / C(n,k) (τ-bench).

    ValueError unless 1 ≤ k ≤ n and 0 ≤ c ≤ n.
    """
    if not (1 <= k <= n and 0 <= c <= n):
        raise ValueError(f"pass^k needs 1 <= k <= n and 0 <= c <= n, not n={n}, c={c}, k={k}")
    return math.comb(c, k) / math.comb(n, k)


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Newcombe's continuity-corrected phi of a paired table; 0 where a margin is empty."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    n = both + only_a + only_b + neither
    association = both * neither - only_a * only_b
    if association > 0:
        association = max(association - n / 2, 0)
    return association / math.sqrt(margins)


def _draw_labels(units: Sequence[Unit]) -> list[int]:
    """Which group each unit is drawn with: its cluster, or itself where there is one cluster only."""
    clusters: dict[Hashable, int] = {}
    labels = [clusters.setdefault(unit.cluster, len(clusters)) for unit in units]
    return labels if len(clusters) > 1 else list(range(len(units)))


def _draw_ratios(units: Sequence[Unit], draws: int, seed: int, labels: Sequence[int]) -> np.ndarray | None:
    """`draws` ratios of resampled groups, nan where a draw holds nothing below; None with fewer than two groups."""
    groups = len(set(labels))
    if groups < 2:
        return None
    above, below = np.zeros(groups), np.zeros(groups)
    np.add.at(above, labels, [unit.above for unit in units])
    np.add.at(below, labels, [unit.below for unit in units])
    drawn = [
        _shares(weights, above, below)
        for weights in _drawn_groups(groups, draws if groups <= MANY_GROUPS else max(1, draws // 4), seed)
    ]
    return np.concatenate(drawn)


def _shares(weights: np.ndarray, above: np.ndarray, below: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return (weights @ above) / (weights @ below)


def _drawn_groups(groups: int, draws: int, seed: int) -> Iterable[np.ndarray]:
    """How often each draw holds each group, a block of draws at a time."""
    if groups * draws <= KEPT_DRAWS:
        return _kept_draws(groups, draws, seed)
    return _blocks(groups, draws, seed)


def _blocks(groups: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(seed)
    at_once = max(1, BLOCK // groups)
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        yield generator.multinomial(groups, np.full(groups, 1 / groups), size=size).astype(float)


@lru_cache(maxsize=32)
def _kept_draws(groups: int, draws: int, seed: int) -> tuple[np.ndarray, ...]:
    """The same draws serve every metric of the same groups: making them takes most of a bootstrap's time."""
    return tuple(_blocks(groups, draws, seed))


def middle_95(drawn: np.ndarray) -> Interval | None:
    """The 2.5 % and 97.5 % quantiles of the finite values; None where they do not differ."""
    finite = drawn[np.isfinite(drawn)]
    if not len(finite) or np.ptp(finite) < 1e-12:
        return None
    low, high = np.quantile(finite, [0.025, 0.975])
    return Interval(float(low), float(high))

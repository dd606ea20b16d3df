"""How far people agree beyond chance: Cohen's kappa for two, Krippendorff's alpha for more, each with its interval.

Both are sums over units, so that a bootstrap draw is a weighted sum and needs no second pass over the data.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from .statistics import Interval, middle_95

DRAWS = 2000
"""Bootstrap draws."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing that several people judged."""

    cluster: Hashable
    """Units of one cluster are drawn together: turns of one dialogue are judged alike."""
    values: Mapping[str, str]
    """Person → what they said."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far people agree on one question."""

    measure: Literal["kappa", "alpha"]
    value: float | None
    """1 is full agreement, 0 what chance gives; None where nothing could have differed."""
    interval: Interval | None
    """95 %; None where the units say nothing of the spread."""
    units: int
    """Units that at least two people judged."""
    people: int
    same: int
    """Units on which everybody said the same."""


def agreement(units: Sequence[Unit], draws: int = DRAWS, seed: int = 0) -> Agreement:
    """The agreement on these units: kappa where two people judged them all, else alpha; the same for one seed.

    Units that fewer than two people judged say nothing and are left out.
    """
    shared = [unit for unit in units if len(unit.values) >= 2]
    people = sorted({name for unit in shared for name in unit.values})
    words = sorted({word for unit in shared for word in unit.values.values()})
    same = sum(len(set(unit.values.values())) == 1 for unit in shared)
    two = len(people) == 2
    measure, parts = (kappas, _table(shared, people, words)) if two else (alphas, _coincidences(shared, words))
    whole = measure(parts.sum(axis=0, keepdims=True)) if shared else np.array([np.nan])
    value = float(whole[0]) if np.isfinite(whole[0]) else None
    interval = _bootstrap(shared, parts, measure, draws, seed)
    return Agreement("kappa" if two else "alpha", value, interval, len(shared), len(people), same)


def kappas(tables: np.ndarray) -> np.ndarray:
    """Cohen's kappa (1960) of each table draws × words × words; nan where both always say one and the same word."""
    n = tables.sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.trace(tables, axis1=1, axis2=2) / n
        chance = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1) / n**2
        return (seen - chance) / (1 - chance)


def alphas(sums: np.ndarray) -> np.ndarray:
    """Krippendorff's alpha for nominal data of each row: [disagreeing pairs, how often each word was said].

    alpha = 1 − (n − 1) Σ o_ck / Σ n_c n_k over c ≠ k (Krippendorff 2011, "Computing Krippendorff's
    Alpha-Reliability", section C); a unit of m values adds its ordered pairs of unlike ones / (m − 1) to Σ o_ck.
    """
    unlike, said = sums[:, 0], sums[:, 1:]
    n = said.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - (n - 1) * unlike / (n**2 - (said**2).sum(axis=1))


def _table(units: Sequence[Unit], people: Sequence[str], words: Sequence[str]) -> np.ndarray:
    """Units × words × words: what the first and the second person said of each."""
    table = np.zeros((len(units), len(words), len(words)))
    for place, unit in enumerate(units):
        first, second = (words.index(unit.values[name]) for name in people)
        table[place, first, second] = 1
    return table


def _coincidences(units: Sequence[Unit], words: Sequence[str]) -> np.ndarray:
    """Units × (1 + words): unlike ordered pairs / (m − 1), then how often each word was said."""
    said = np.array([[list(unit.values.values()).count(word) for word in words] for unit in units], dtype=float)
    said = said.reshape(len(units), len(words))
    m = said.sum(axis=1)
    return np.column_stack([(m**2 - (said**2).sum(axis=1)) / np.maximum(m - 1, 1), said])


def _bootstrap(
    units: Sequence[Unit], parts: np.ndarray, measure: Callable[[np.ndarray], np.ndarray], draws: int, seed: int
) -> Interval | None:
    """The percentile 95 % interval when clusters are drawn with replacement; None for fewer than two of them."""
    places: dict[Hashable, int] = {}
    labels = [places.setdefault(unit.cluster, len(places)) for unit in units]
    if len(places) < 2:
        return None
    sums = np.zeros((len(places), *parts.shape[1:]))
    np.add.at(sums, labels, parts)
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(len(places), np.full(len(places), 1 / len(places)), size=draws)
    return middle_95(measure(np.tensordot(weights, sums, axes=1)))

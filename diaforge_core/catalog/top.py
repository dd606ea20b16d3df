"""The exactly nearest of every vector among all, by dot product: each product once, equal vectors once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import parallel

ROWS, COLUMNS = 512, 2_048
"""Vectors compared at once: a million products, 4 MB a table, which stay near the processor."""
OWN = 2_048
"""Vectors among which each finds a first bound; more make the bound closer and cost more products."""
SLACK = np.float32(1e-5)
"""Two products of the same vectors, computed in blocks of different shape, differ by less than this."""
Places = NDArray[np.int64]
Scores = NDArray[np.float32]
_Hits = tuple[Places, Places, Scores]


def nearest_vectors(vectors: NDArray[np.float32], k: int) -> tuple[Places, Scores]:
    """(n, k) places and dot products of the `k` highest of each row with all rows, itself too; highest first.

    Exact up to the last bits of a float32 product; ties by place. The table of all products is symmetric, so half of it
    is computed; rows that are equal are compared once; a product is looked at further only where it reaches what the
    `k`-th of a row's own block does, which no row's `k`-th of all can be below.
    """
    seen: dict[bytes, int] = {}
    kind = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in vectors], dtype=np.int64)
    members = np.argsort(kind, kind="stable")
    many = np.bincount(kind, minlength=len(seen))
    first = np.cumsum(many) - many
    k = min(k, len(vectors))
    near, scores = _nearest_of_distinct(vectors[members[first]], min(k, len(seen)))
    taken = np.minimum(many[near], np.maximum(k - (np.cumsum(many[near], axis=1) - many[near]), 0))
    offset = np.arange(taken.sum()) - np.repeat(np.cumsum(taken) - taken.ravel(), taken.ravel())
    places = members[np.repeat(first[near].ravel(), taken.ravel()) + offset].reshape(-1, k)
    return places[kind], np.repeat(scores.ravel(), taken.ravel()).reshape(-1, k)[kind]


def _nearest_of_distinct(rows: NDArray[np.float32], k: int) -> tuple[Places, Scores]:
    least = _least(rows, k)
    hits = list(parallel.each(lambda start: _hits(rows, start, least), range(0, len(rows), ROWS)))
    owner, other, score = _together(hits)
    order = np.argsort(owner * (1 << 32) + _descending(score), kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(rows)))
    chosen = order[starts[:, None] + np.arange(k)]
    return other[chosen], score[chosen]


def _least(rows: NDArray[np.float32], k: int) -> Scores:
    """For each row a score that at least `k` others reach: the `k`-th highest in its own block, or nothing."""
    least = np.full(len(rows), -np.inf, dtype=np.float32)
    for start in range(0, len(rows), OWN):
        block = rows[start : start + OWN]
        if len(block) >= k:
            at = len(block) - k
            least[start : start + OWN] = np.partition(block @ block.T, at, axis=1)[:, at] - SLACK
    return least


def _hits(rows: NDArray[np.float32], start: int, least: Scores) -> _Hits:
    """Row, place and score wherever a score of these rows with themselves and all later ones reaches a row's least."""
    stop = min(start + ROWS, len(rows))
    found: list[_Hits] = []
    for left in range(start, len(rows), COLUMNS):
        table = rows[start:stop] @ rows[left : left + COLUMNS].T
        reached = table >= least[start:stop, None]
        reached |= table >= least[left : left + COLUMNS]
        at = _where(reached)
        one, other = np.divmod(at, table.shape[1])
        one, other, score = one + start, other + left, table.reshape(-1)[at]
        here = score >= least[one]
        there = (score >= least[other]) & (other >= stop)  # within its own rows each pair stands twice already
        found.append((one[here], other[here], score[here]))
        found.append((other[there], one[there], score[there]))
    return _together(found)


def _together(hits: list[_Hits]) -> _Hits:
    one, other, score = zip(*hits, strict=True)
    return np.concatenate(one), np.concatenate(other), np.concatenate(score)


def _where(reached: NDArray[np.bool_]) -> Places:
    """Flat places of what is true, where little is: eight at a time are passed over."""
    flat = reached.reshape(-1)
    if len(flat) % 8:
        return np.flatnonzero(flat)
    words = np.flatnonzero(flat.view(np.uint64))
    word, byte = np.nonzero(flat.reshape(-1, 8)[words])
    return words[word] * 8 + byte


def _descending(scores: Scores) -> Places:
    """Whole numbers from 0 below 2^32 that are the smaller the higher the score is."""
    bits = (scores + np.float32(0)).view(np.int32).astype(np.int64)  # adding 0 makes one zero of two
    ordered = np.where(bits >= 0, bits, -(bits & 0x7FFFFFFF))
    return (1 << 31) - ordered

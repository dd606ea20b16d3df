"""Exact top-20 over 20,000 vectors at the encoder's own width, against faiss and blocked numpy."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpora import google_catalog
from benchmarks.timing import interleaved, report
from diaforge_core.catalog.closeness import told_of
from diaforge_core.catalog.embedding import embed
from diaforge_core.catalog.top import nearest_vectors

COUNT, K, ROUNDS, BLOCK = 20_000, 20, 5, 1_024
TIE = 1e-6
Found = tuple[NDArray, NDArray]


def main() -> None:
    """For real tool texts as they come, and for vectors without any structure: seconds of each side and the ratios."""
    if importlib.util.find_spec("faiss") is None:
        print("faiss is not here: run `make bench`, or `pip install --no-deps -r requirements-bench.txt`.")
        return
    if catalog := google_catalog():
        vectors = embed([told_of(tool).text for tool in catalog.tools[:COUNT]])
        _compare(
            f"the first {COUNT:,} google methods ({len(np.unique(vectors, axis=0)):,} different)", vectors, wanted=2
        )
    rng = np.random.default_rng(0).standard_normal((COUNT, 256)).astype(np.float32)
    _compare("random, all different", rng / np.linalg.norm(rng, axis=1, keepdims=True), wanted=2)


def _compare(what: str, vectors: NDArray[np.float32], wanted: float) -> None:
    faiss = importlib.import_module("faiss")  # an optional peer

    def by_faiss() -> Found:
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        scores, places = index.search(vectors, K)
        return places, scores

    sides: dict[str, Callable[[], Found]] = {
        "faiss": by_faiss,
        "blocked numpy": lambda: blocked(vectors),
        "ours": lambda: nearest_vectors(vectors, K),
    }
    print(f"{what}: {vectors.shape[0]:,} vectors of {vectors.shape[1]}, {faiss.omp_get_max_threads()} threads")
    ours = sides["ours"]()
    for name in ("faiss", "blocked numpy"):
        check(ours, sides[name](), name)
    seconds = interleaved({**sides}, ROUNDS)
    spoken = ", ".join(f"{name} {taken:.2f} s" for name, taken in seconds.items())
    print(f"{spoken} (medians of {ROUNDS} interleaved rounds, load {os.getloadavg()[0]:.1f})")
    report("times as fast as faiss", seconds["faiss"] / seconds["ours"], "x", wanted, at_most=False)
    report("times as fast as blocked numpy", seconds["blocked numpy"] / seconds["ours"], "x", 1, at_most=False)


def blocked(vectors: NDArray[np.float32]) -> Found:
    """The plain way: a block of rows against all, `argpartition`, then the order of the twenty."""
    places, scores = [], []
    for start in range(0, len(vectors), BLOCK):
        table = vectors[start : start + BLOCK] @ vectors.T
        near = np.argpartition(table, -K, axis=1)[:, -K:]
        close = np.take_along_axis(table, near, axis=1)
        order = np.argsort(-close, axis=1)
        places.append(np.take_along_axis(near, order, axis=1))
        scores.append(np.take_along_axis(close, order, axis=1))
    return np.concatenate(places), np.concatenate(scores)


def check(ours: Found, theirs: Found, name: str) -> None:
    """Stops the benchmark unless scores agree and every place that only one side has is a tie at its last."""
    if not np.allclose(ours[1], theirs[1], atol=TIE):
        raise SystemExit(f"Scores differ from {name} by {np.abs(ours[1] - theirs[1]).max():.2g}. Nothing was timed.")
    last = theirs[1][:, -1]
    for row, (mine, other) in enumerate(zip(ours[0].tolist(), theirs[0].tolist(), strict=True)):
        if set(mine) == set(other):
            continue
        score = dict(zip(mine, ours[1][row], strict=True)) | dict(zip(other, theirs[1][row], strict=True))
        if any(score[place] > last[row] + 2 * TIE for place in set(mine) ^ set(other)):
            raise SystemExit(f"Row {row} holds other neighbours than {name}. Nothing was timed.")


if __name__ == "__main__":
    main()

"""Array work on all cores: one piece to a thread, each with a single-threaded matrix product.

Many small products that each spread over all cores wait for one another; on a busy machine that costs several times
the work. Pieces that share nothing do not wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import ThreadpoolController

MAX_THREADS = 8
"""Each thread holds tables of its own; more would cost memory for little."""
_ALONE = threading.Lock()
"""The number of threads of a matrix product belongs to the whole process; two that set it would undo one another."""
Piece = TypeVar("Piece")
Result = TypeVar("Result")


def each(work: Callable[[Piece], Result], pieces: Iterable[Piece]) -> Iterator[Result]:
    """The result of each piece, in order; at most as many at once as a matrix product may use threads."""
    with _ALONE:
        blas = ThreadpoolController().select(user_api="blas")
        threads = max((library["num_threads"] for library in blas.info()), default=1)
        with blas.limit(limits=1), ThreadPoolExecutor(min(threads, MAX_THREADS)) as pool:
            yield from pool.map(work, pieces)

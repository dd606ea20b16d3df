"""Shards made by processes of this machine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import psutil
from threadpoolctl import threadpool_limits

from ..errors import DataError
from ..store.ownership import is_alive
from ..store.run_folder import RunFolder
from .shards import AHEAD, Crew, ShardMaker, source_of

WATCH_SECONDS = 0.3
"""Between two looks at whether the run's worker still lives."""
_makers: list[ShardMaker] = []
"""The one of this process, once it has begun."""


@contextmanager
def local_processes(folder: Path, processes: int) -> Iterator[Crew]:
    """Processes for the run in this folder; one that was ended from outside is a DataError.

    When it is left, shards that have not begun never do, and those that have are waited for; where the run was asked to
    stop, they end at the row at hand.
    """
    parent = os.getpid(), psutil.Process().create_time()
    # Not forked: a process that has threads, as the libraries beneath may, must not be.
    context = get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(folder, *parent))
    try:
        yield Crew(lambda number: pool.submit(_fill, number), processes * AHEAD)
    except BrokenProcessPool as problem:
        raise DataError(
            "A process of this run was ended from outside, perhaps for want of memory. What was made before is whole: "
            "resume the run, with fewer workers if memory is short."
        ) from problem
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(folder: Path, parent: int, started: float) -> None:
    """Load what all shards share; from now on this process ends with its parent, even if that is killed."""
    threading.Thread(target=_end_with, args=(parent, started), daemon=True).start()
    threadpool_limits(1)
    run = RunFolder(folder)
    _makers.append(ShardMaker(source_of(run), run.check_stop))


def _fill(number: int) -> int:
    return _makers[0].fill(number)


def _end_with(parent: int, started: float) -> None:
    while is_alive(parent, started):
        time.sleep(WATCH_SECONDS)
    os._exit(1)

"""Slow work beside the page: started once, looked at again while the page stays usable."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

V = TypeVar("V")

KEPT = 64
"""Pieces of work that are remembered."""
_pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="page-work")
_works: OrderedDict[Hashable, Future[Any]] = OrderedDict()
_lock = threading.Lock()


def ready(key: Hashable, work: Callable[[], V], wait: float = 0.0) -> V | None:
    """What `work()` gave, or None while it is under way; the first call of a key starts it.

    Waits at most `wait` seconds for it. What it raises is raised here, and the next call starts it anew.
    """
    with _lock:
        if key not in _works:
            _works[key] = _pool.submit(work)
            while len(_works) > KEPT:
                _works.popitem(last=False)
        future = _works[key]
    try:
        return future.result(wait)
    except TimeoutError:
        return None
    finally:
        if future.done() and future.exception() is not None:
            with _lock:
                _works.pop(key, None)

"""Many conversations at once, for models that are waited for; what comes out is in order all the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

AHEAD = 4
"""Conversations begun for each place in flight before the oldest has ended: one long one must not idle the others."""
Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(play: Callable[[Item], Result], items: Iterable[Item], at_once: int = 1) -> Generator[Result, None, None]:
    """`play(item)` for each item, in their order, at most `at_once` at the same time, each in a thread.

    What the first failing item raises comes after the results before it. When the iterator is closed, what has not
    begun never does and what has is waited for.
    """
    if at_once <= 1:
        yield from map(play, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(at_once, thread_name_prefix="in-flight") as pool:
        try:
            for item in items:
                waiting.append(pool.submit(play, item))
                if len(waiting) >= at_once * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

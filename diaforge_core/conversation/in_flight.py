"""Much at once, for what is waited for: other processes, or models."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from ..errors import RunStopped

AHEAD = 4
"""Conversations begun for each place in flight before the oldest has ended: one long one must not idle the others."""
CHECK_SECONDS = 0.2
"""Between two looks at whether to go on, while the oldest is waited for."""
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
    with ThreadPoolExecutor(at_once, thread_name_prefix="in-flight") as pool:
        yield from in_turn(lambda item: pool.submit(play, item), items, at_once * AHEAD)


def as_they_end(
    play: Callable[[Item], Result],
    items: Iterable[Item],
    at_once: int = 1,
    check: Callable[[], None] | None = None,
) -> Generator[Result, None, None]:
    """As `in_order`, but each result as soon as it is there.

    Once `check` or an item raises something nothing more is begun; what has begun is waited for and comes out if it
    has a result, and only then is the first failure raised: nothing that is finished is lost.
    """
    left, begun, failures = iter(items), set[Future[Result]](), list[BaseException]()
    with ThreadPoolExecutor(max(1, at_once), thread_name_prefix="in-flight") as pool:
        while begun or not failures:
            failures += _said_by(check)
            while not failures and len(begun) < max(1, at_once):
                try:
                    begun.add(pool.submit(play, next(left)))
                except StopIteration:
                    break
            if not begun:
                break
            ended, begun = wait(begun, timeout=CHECK_SECONDS, return_when=FIRST_COMPLETED)
            failures += [problem for future in ended if (problem := future.exception())]
            yield from (future.result() for future in ended if not future.exception())
    if failures:
        raise failures[0]


def _said_by(check: Callable[[], None] | None) -> list[BaseException]:
    """What the check raises, if it does."""
    try:
        if check is not None:
            check()
    except RunStopped as stopped:
        return [stopped]
    return []


def in_turn(
    submit: Callable[[Item], Future[Result]],
    items: Iterable[Item],
    ahead: int,
    check: Callable[[], None] | None = None,
) -> Generator[Result, None, None]:
    """What `submit(item)` promises for each item, in their order, in whatever order it comes about.

    At most `ahead` promises are open. `check` is called while one is waited for, and what it raises ends the iteration;
    so does what a promise raises, after the results before it. Promises still open then are taken back.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(submit(item))
            if len(waiting) >= ahead:
                yield _kept(waiting.popleft(), check)
        while waiting:
            yield _kept(waiting.popleft(), check)
    finally:
        for future in waiting:
            future.cancel()


def _kept(future: Future[Result], check: Callable[[], None] | None) -> Result:
    while check is not None and not future.done():
        check()
        wait([future], timeout=CHECK_SECONDS)
    return future.result()

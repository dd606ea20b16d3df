"""What goes wrong with other people's model files and with this machine's memory, as messages that can be acted on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import DiaForgeError, ModelError

_NO_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")


@contextmanager
def readable(failure: str) -> Iterator[None]:
    """ModelError that starts with `failure` and goes on with the reason, whatever goes wrong inside."""
    try:
        yield
    except DiaForgeError:
        raise
    # Libraries answer to a foreign file with any exception at all, bare `Exception` included.
    except Exception as problem:
        raise ModelError(f"{failure}: {reason(problem)}") from problem


def reason(problem: Exception) -> str:
    """The first line of what an exception says; its kind too where that alone says nothing."""
    first = (str(problem).strip() or type(problem).__name__).splitlines()[0]
    return f"there is no {first}" if isinstance(problem, KeyError) else first


@contextmanager
def enough_memory(say: Callable[[], str]) -> Iterator[None]:
    """ModelError with the words of `say` where memory runs out inside."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as problem:
        if not is_no_memory(problem):
            raise
        raise ModelError(say()) from problem


def is_no_memory(problem: BaseException | None) -> bool:
    """Whether memory ran out, of the device or of the process."""
    return isinstance(problem, MemoryError) or any(words in str(problem).lower() for words in _NO_MEMORY)

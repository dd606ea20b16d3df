"""How long a run goes on without its model: a server that is gone must not fill the rest of it with errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeVar

from ..errors import ModelError

SILENT = 3
"""Conversations in a row to which a model gave no answer before it counts as not there."""
HOPELESS = 10
"""Conversations that end in an error, from a run's first on, before the run is not worth going on with."""
Row = TypeVar("Row")


class Ending(Protocol):
    """How a conversation ended, as a trace tells it."""

    @property
    def ended(self) -> str: ...
    @property
    def error(self) -> str: ...
    @property
    def unanswered(self) -> bool: ...


def patiently(rows: Iterable[Row], trace_of: Callable[[Row], Ending], *, fresh: bool = True) -> Iterator[Row]:
    """The rows in their order; those without an answer are held back until a later one has one.

    ModelError in the words of the first if `SILENT` in a row have none, or all that there are; in a `fresh` run also
    if the first `HOPELESS` end in an error of any kind, or all do. What is held back then never comes out, so that a
    resumed run plays it again.
    """
    held: list[Row] = []
    hopeful, answered = not fresh, False
    for row in rows:
        trace = trace_of(row)
        hopeful = hopeful or trace.ended != "error"
        answered = answered or not trace.unanswered
        held.append(row)
        if hopeful and not trace.unanswered:
            yield from held
            held.clear()
        elif _is_gone([trace_of(each) for each in held]):
            break
    if held and not (hopeful and answered and len(held) < SILENT):
        raise ModelError(_words([trace_of(row) for row in held], begun=hopeful))
    yield from held


def _is_gone(held: Sequence[Ending]) -> bool:
    """Whether these failures in a row are enough to give up."""
    last = held[-SILENT:]
    return len(held) >= HOPELESS or (len(last) == SILENT and all(trace.unanswered for trace in last))


def _words(held: Sequence[Ending], *, begun: bool) -> str:
    first = next((trace for trace in held if trace.unanswered), held[0])
    came = "No further conversation came about" if begun else "No conversation came about"
    return f"{first.error} {came}; resume the run when that is mended."

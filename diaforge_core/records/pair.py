"""Two ways to go on from the same moment, of which one is right."""

from __future__ import annotations

from .base import Record
from .dialogue import Dialogue


class Pair(Record):
    """A dialogue up to an assistant's turn, ended rightly and ended wrongly."""

    chosen: Dialogue
    rejected: Dialogue
    """As `chosen` but for the last turn."""
    fault: str
    """What is wrong with it: called_too_early, wrong_call, wrong_twin, wrong_value, asks_again or refuses."""

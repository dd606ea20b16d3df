"""How a person takes being asked the same thing over and over, or what it cannot make sense of."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.words import folded
from ..records.dialogue import Turn

NOT_UNDERSTOOD = "not understood"
"""The note of a user's turn that answers what it could not make sense of."""
_REPEATED = ("asked_before", "asked_too_often", "out_of_patience")
"""What is said to the same question the second time, the third, and from then on."""
_UNCLEAR = ("not_understood", "not_understood_again")
"""What is said to a question without sense the first time, and from then on."""


def asked_again(turns: Sequence[Turn], *, impatient: bool) -> str:
    """The rule for what is said to the last question when it was put before in the same words; "" for the first time.

    An impatient person starts where others end.
    """
    *before, last = [folded(turn.reply) for turn in turns if turn.speaker == "assistant" and turn.call is None]
    times = before.count(last)
    steps = _REPEATED[-2:] if impatient else _REPEATED
    return steps[min(times, len(steps)) - 1] if times else ""


def unclear(turns: Sequence[Turn], *, impatient: bool) -> str:
    """The rule for saying that the last question makes no sense, by how many before it made none."""
    times = sum(turn.note == NOT_UNDERSTOOD for turn in turns if turn.speaker == "user")
    return _UNCLEAR[min(times + impatient, len(_UNCLEAR) - 1)]

"""Changes to the turns of a dialogue, each a function of the turns alone; what they break is for the verifiers to say.

A turn keeps its note; where words are divided or moved to the other side, the cost stays with the first part.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import DataError
from ..records.dialogue import Speaker, Turn

Turns = tuple[Turn, ...]


def replaced(turns: Sequence[Turn], index: int, turn: Turn) -> Turns:
    """The turns with another one at `index`; DataError if there is none there."""
    _there(turns, index)
    return (*turns[:index], turn, *turns[index + 1 :])


def inserted(turns: Sequence[Turn], index: int, turn: Turn) -> Turns:
    """The turns with a further one before the one at `index`, or at the end for their number; DataError otherwise."""
    if index != len(turns):
        _there(turns, index)
    return (*turns[:index], turn, *turns[index:])


def deleted(turns: Sequence[Turn], index: int) -> Turns:
    """The turns without the one at `index`; DataError if there is none there."""
    _there(turns, index)
    return (*turns[:index], *turns[index + 1 :])


def split(turns: Sequence[Turn], index: int, at: int) -> Turns:
    """The turns with the words of one divided before the character `at`; thought, call and cost stay with the first.

    Spaces at the cut go. DataError if there is no such turn, or if one of the two parts would say nothing.
    """
    turn = _there(turns, index)
    first, second = turn.reply[:at].rstrip(), turn.reply[at:].lstrip()
    if at < 0 or not first or not second:
        raise DataError(
            f"Turn {index + 1} cannot be split there: one part would say nothing. Choose a place between two words."
        )
    parts = _changed(turn, reply=first), Turn(speaker=turn.speaker, reply=second)
    return (*turns[:index], *parts, *turns[index + 1 :])


def spoken_by(turns: Sequence[Turn], index: int, speaker: Speaker) -> Turns:
    """The turns with one said by somebody else, its thought gone: the user has none, and the assistant's is to write.

    DataError if there is no such turn, or if it calls a tool, which only the assistant does.
    """
    turn = _there(turns, index)
    if turn.speaker == speaker:
        return tuple(turns)
    if turn.call is not None:
        raise DataError(
            f"Turn {index + 1} calls a tool, which only the assistant does. Delete the call, then change who speaks."
        )
    return replaced(turns, index, _changed(turn, speaker=speaker, thought=""))


def answering(turns: Sequence[Turn], index: int) -> Turn:
    """The empty turn that would fit before the one at `index`: of the side that did not speak before it."""
    before = turns[index - 1].speaker if 0 < index <= len(turns) else "assistant"
    return Turn(speaker="assistant" if before == "user" else "user")


def _there(turns: Sequence[Turn], index: int) -> Turn:
    if not 0 <= index < len(turns):
        raise DataError(f"There is no turn {index + 1}; the dialogue has {len(turns)}.")
    return turns[index]


def _changed(turn: Turn, **changes: object) -> Turn:
    return Turn.model_validate(turn.model_dump() | changes)

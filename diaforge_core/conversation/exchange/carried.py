"""The whole dialogue that a row of ours carries in one field, and what was changed in the row since.

Training tools pass over a field that they do not know, so it comes back as it went out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from ...records.base import canonical_json
from ...records.dialogue import Dialogue, Turn
from ..prompts import sanitise
from .messages import RowProblem, clean, turns_of, unpacked

FIELD = "diaforge"
"""Always JSON text, whatever else a row holds, so that no column of it ever has two shapes."""


def carry(row: dict[str, Any], dialogue: Dialogue) -> dict[str, Any]:
    """The row with the dialogue in its extra field."""
    return {**row, FIELD: dialogue.model_dump_json()}


def carried(row: dict[str, Any]) -> tuple[Dialogue, bool]:
    """The dialogue that the row carries, as its own text has it, and whether that was changed since it was written.

    A turn that says what it said when it was written comes back whole, its thought too where the form shows none. Any
    other turn is as the row has it now, and the verdicts are gone. RowProblem if there is no dialogue in the field, or
    if what was changed is no whole dialogue.
    """
    try:
        dialogue = Dialogue.model_validate_json(row[FIELD] if isinstance(row[FIELD], str) else "")
    except ValidationError:
        raise RowProblem(f"its field `{FIELD}` holds no dialogue of ours") from None
    if "chosen" in row:
        _check_pair(row, dialogue)
        return dialogue, False
    said, _ = turns_of(row.get("messages", row.get("conversations")))
    if not said:
        raise RowProblem("its conversation has no turn")
    turns = tuple(_merged(turn, dialogue.turns[index : index + 1]) for index, turn in enumerate(said))
    if turns == dialogue.turns:
        return dialogue, False
    return Dialogue.model_validate(dialogue.model_dump() | {"turns": turns, "verdicts": ()}), True


def _merged(said: Turn, written: Sequence[Turn]) -> Turn:
    return written[0] if written and _says(said, written[0]) else said


def _says(said: Turn, written: Turn) -> bool:
    """Whether a turn that was read is what this turn of ours looks like once it is written."""
    return _shown(said) == _shown(written) and _plain(said.thought) in ("", _plain(written.thought))


def _shown(turn: Turn) -> tuple[str, str, str]:
    """What every form shows of a turn; the two words for it are compared sanitised, without outer white space."""
    call = clean(turn.call.model_dump()) if turn.call else None
    return turn.speaker, _plain(turn.reply), canonical_json(call)


def _plain(text: str) -> str:
    return sanitise(text).strip()


def _check_pair(row: dict[str, Any], dialogue: Dialogue) -> None:
    """RowProblem if a preference pair no longer says what its dialogue says up to its turn."""
    said, _ = turns_of([*_messages(row, "prompt"), *_messages(row, "chosen")])
    if len(said) > len(dialogue.turns) or not all(map(_says, said, dialogue.turns)):
        raise RowProblem("was changed since it was written; change a form that holds whole dialogues")


def _messages(row: dict[str, Any], part: str) -> list[Any]:
    listed = unpacked(row.get(part), f"its `{part}`")
    if not isinstance(listed, list):
        raise RowProblem(f"its `{part}` is no list of messages")
    return listed

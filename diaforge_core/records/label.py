"""Labels of turns: what is good or wrong in one act of asking or calling."""

from __future__ import annotations

from .base import Record


class Label(Record):
    """One entry of the list that people label turns with."""

    id: str
    """Stays the same when the label is renamed, so that what was labelled keeps it."""
    name: str
    meaning: str = ""
    archived: bool = False
    """No longer offered; turns that carry it still do."""
    place: int = 0
    """Order in the list; the first nine have the keys 1 to 9."""


SEED_LABELS: tuple[Label, ...] = tuple(
    Label(id=name.replace(" ", "-"), name=name, meaning=meaning, place=place)
    for place, (name, meaning) in enumerate(
        (
            ("good question", "Separates open tools, or asks for what is missing, in natural words."),
            ("called too early", "A call while several tools were open or a required value was unknown."),
            ("asked what was known", "A question whose answer the user had given."),
            ("guessed a value", "An argument that no words of the user support."),
            ("confused twins", "Took a near-duplicate for the tool that was meant."),
            ("asked two things at once", "Two questions of different kinds in one turn."),
            ("leaked the answer", "Gives away the tool or a value before its time."),
            ("unnatural words", "Nobody would say it like this."),
            ("should have asked", "Refused or gave up where one question would have helped."),
        )
    )
)
"""The list that a new workspace begins with."""

"""What people write down beside their decisions."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from .base import Record

Topic = Literal[
    "role", "taxonomy", "label", "comment", "opinion", "queue", "guidelines", "archive", "title", "bin",
    "view", "trace_label", "trace_note", "fault", "test_look", "pair",
]  # fmt: skip
"""role: what a person may do; taxonomy: a label's definition; label: one put on a turn; opinion: a blind judgement;
guidelines: how to judge; archive, title, bin: where a dataset or run is kept, and its name; view: a filter by name;
test_look: an evaluation on a test part. With the trace's id as `dialogue`: trace_label, trace_note: what is said of it
or of a turn of it; fault: who was to blame for how it went; pair: that it is kept to learn from."""


class Note(Record):
    """One thing that a person wrote down; the newest of a topic and key is the one that stands."""

    topic: Topic
    key: str
    """What it is about, within the topic; a later note of the same key takes its place."""
    value: str = ""
    """What is counted and filtered by: a role, a label's id, a kind of opinion, a name."""
    text: str = ""
    """Words of people, or the JSON of a definition."""
    dialogue: str = ""
    version: int = 0
    """The dialogue's version that was on screen; 0 where it is about no dialogue."""
    turn: int | None = None
    """Index into that version's turns; None for the whole dialogue."""
    gone: bool = False
    """Taken away: nothing stands under this key any more."""
    who: str
    when: dt.datetime
    """UTC."""

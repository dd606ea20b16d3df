"""Assistants' questions in free words are understood right: what is promised of those that may be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.labelled_questions import FRESH, KINDS, MORE, OPEN, REAL, REPLIES, is_right, labelled

PROMISED = {"which": 0.95, "values": 0.95, "both": 1.0, "confirm": 1.0, "options": 1.0, "nothing": 1.0}
"""Share of each kind understood right among the open questions."""
PROMISED_OF = {MORE: 0.87, FRESH: 0.87, REPLIES: 0.75, REAL: 0.83}
"""Share understood right of further questions."""


@pytest.mark.parametrize("kind", KINDS)
def test_the_open_questions_are_understood_as_promised(kind: str):
    right = [is_right(question) for question in labelled(OPEN) if question["means"]["kind"] == kind]
    assert sum(right) >= PROMISED[kind] * len(right)


@pytest.mark.parametrize("path", PROMISED_OF, ids=lambda path: path.stem)
def test_further_questions_are_understood_as_promised(path: Path):
    right = [is_right(question) for question in labelled(path)]
    assert sum(right) >= PROMISED_OF[path] * len(right)

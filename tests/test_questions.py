"""Assistants' questions in free words are understood right: what is promised of those that may be read."""

from __future__ import annotations

import pytest

from tests.labelled_questions import KINDS, MORE, OPEN, is_right, labelled

PROMISED = {"which": 0.95, "values": 0.95, "both": 1.0, "confirm": 1.0, "options": 1.0, "nothing": 1.0}
PROMISED_OF_MORE = 0.87
"""Share of each kind understood right among the open questions."""


@pytest.mark.parametrize("kind", KINDS)
def test_the_open_questions_are_understood_as_promised(kind: str):
    right = [is_right(question) for question in labelled(OPEN) if question["means"]["kind"] == kind]
    assert sum(right) >= PROMISED[kind] * len(right)


def test_further_questions_are_understood_as_promised():
    right = [is_right(question) for question in labelled(MORE)]
    assert sum(right) >= PROMISED_OF_MORE * len(right)

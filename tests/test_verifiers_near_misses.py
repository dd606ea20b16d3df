"""Words near to those of a fault that a clean dialogue may well hold pass the cascade."""

from __future__ import annotations

import pytest

from diaforge_core.conversation.verifiers import cascade
from diaforge_core.records.dialogue import Dialogue
from tests.planted import clean_dialogues
from tests.planted.planting import call_at, with_turn

BASES = [(dialogue, catalog) for dialogue, catalog in clean_dialogues() if call_at(dialogue) is not None][::8]


def _with_words(dialogue: Dialogue, words: str) -> Dialogue:
    """The dialogue with words at the end of the user's last turn."""
    at = len(dialogue.turns) - 2
    return with_turn(dialogue, at, reply=f"{dialogue.turns[at].reply} {words}")


@pytest.mark.parametrize(
    "words",
    [
        "Please don't do anything else.",
        "My chair squeaks, but never mind.",
        "Don't forget it.",
        "I don't want to lose time.",
        "Any help is welcome.",
        "I can't help it, it's urgent.",
        "Please don't touch anything beyond that.",
        "That's what I want.",
        "Our system is slow today.",
        "I always forget the rules.",
        "I'm not here to stop you.",
        "My extension is 4471.",
        "I sit in room B-2140, by the way.",
        "We talked about it on Monday, 2 March 2026.",
        "It came up in ticket ZZ-40117.",
        "Two weeks from now I'm on holiday.",
        "I've had this on my list for 3 days.",
        "You have my full attention [joking].",
        "My colleague is at desk@home.example today.",
        "It's neither new nor exciting.",
        "It took me 2,000 clicks to get here.",
    ],
)
def test_everyday_words_after_the_answer_are_no_fault(words: str) -> None:
    rejected = [
        (dialogue.scenario.goal_tool, [verdict.reason for verdict in judged.verdicts if not verdict.passed])
        for dialogue, catalog in BASES
        if not (judged := cascade(_with_words(dialogue, words), catalog)).passed
    ]
    assert not rejected

"""Inserting, deleting, splitting turns and changing who speaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from diaforge_core.conversation.turn_edits import answering, deleted, inserted, replaced, split, spoken_by
from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Turn

from .factories import asks, calls, lead_turns, user

TURN = some.builds(
    Turn,
    speaker=some.sampled_from(["user", "assistant"]),
    thought=some.text(max_size=20),
    reply=some.text(max_size=40),
    note=some.text(max_size=5),
)
TURNS = some.lists(TURN, max_size=6).map(tuple)


@given(TURNS, TURN, some.data())
def test_what_was_inserted_is_there_and_deleting_it_gives_the_turns_back(turns, turn, data):
    index = data.draw(some.integers(0, len(turns)))
    longer = inserted(turns, index, turn)
    assert longer[index] == turn
    assert deleted(longer, index) == turns


@given(TURNS.filter(bool), TURN, some.data())
def test_replacing_changes_one_turn_and_replacing_back_gives_the_turns_back(turns, turn, data):
    index = data.draw(some.integers(0, len(turns) - 1))
    changed = replaced(turns, index, turn)
    assert [place for place in range(len(turns)) if changed[place] != turns[place]] in ([], [index])
    assert replaced(changed, index, turns[index]) == turns


@given(TURNS.filter(bool), some.data())
def test_a_split_loses_no_word_and_keeps_the_thought_with_the_first_part(turns, data):
    index = data.draw(some.integers(0, len(turns) - 1))
    at = data.draw(some.integers(0, len(turns[index].reply)))
    words = turns[index].reply
    if not words[:at].strip() or not words[at:].strip():
        with pytest.raises(DataError, match="say nothing"):
            split(turns, index, at)
        return
    after = split(turns, index, at)
    first, second = after[index : index + 2]
    assert "".join((first.reply + second.reply).split()) == "".join(words.split())
    assert (first.thought, second.thought) == (turns[index].thought, "")
    assert first.speaker == second.speaker == turns[index].speaker
    assert (after[:index], after[index + 2 :]) == (turns[:index], turns[index + 1 :])


@given(TURNS.filter(bool), some.data())
def test_changing_who_speaks_keeps_the_words(turns, data):
    index = data.draw(some.integers(0, len(turns) - 1))
    speaker = data.draw(some.sampled_from(["user", "assistant"]))
    changed = spoken_by(turns, index, speaker)
    assert [turn.reply for turn in changed] == [turn.reply for turn in turns]
    assert changed[index].speaker == speaker
    assert changed[index].thought == (turns[index].thought if turns[index].speaker == speaker else "")


def test_a_turn_that_calls_stays_the_assistants():
    with pytest.raises(DataError, match="Turn 6 calls a tool"):
        spoken_by(lead_turns(), 5, "user")


@pytest.mark.parametrize("act", [deleted, lambda turns, at: split(turns, at, 1), lambda t, at: replaced(t, at, t[0])])
@pytest.mark.parametrize("index", [-1, 6])
def test_a_turn_that_is_not_there_is_named(act, index: int):
    with pytest.raises(DataError, match=f"no turn {index + 1}; the dialogue has 6"):
        act(lead_turns(), index)


def test_the_turn_that_fits_is_of_the_other_side():
    turns = [user("a"), asks("b"), calls("T")]
    assert [answering(turns, index).speaker for index in range(4)] == ["user", "assistant", "user", "user"]

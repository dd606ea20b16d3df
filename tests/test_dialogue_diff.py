"""The difference between two versions: turns by content, text by words, arguments by key."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from diaforge_core.conversation.dialogue_diff import (
    Difference,
    KeyChange,
    align,
    changed_keys,
    difference,
    leaves,
    words_between,
)
from diaforge_core.conversation.turn_edits import deleted, inserted, replaced
from diaforge_core.records.dialogue import Dialogue, Turn

from .factories import LEAD_ARGUMENTS, a_dialogue, a_scenario, asks, calls, lead_turns, user
from .test_turn_edits import TURN, TURNS

WORDS = some.lists(some.sampled_from(["a", "lead", "not", " ", "\n", "new  "]), max_size=30).map("".join)
ARGUMENTS = some.recursive(
    some.dictionaries(some.sampled_from("abc"), some.one_of(some.integers(0, 2), some.booleans(), some.just("x"))),
    lambda inner: some.dictionaries(some.sampled_from("abc"), inner),
    max_leaves=6,
)


def between(turns: tuple[Turn, ...], **changes: Any) -> Difference:
    old = a_dialogue(id="d")
    scenario = a_scenario(**changes) if changes else old.scenario
    return difference(old, a_dialogue(scenario, turns, id="d"))


@given(WORDS, WORDS)
def test_the_pieces_make_up_both_texts(old: str, new: str):
    pieces = words_between(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == new


@given(WORDS)
def test_a_text_does_not_differ_from_itself(text: str):
    assert all(piece.kind == "same" for piece in words_between(text, text))


def test_one_word_in_a_sentence_is_one_piece_out_and_one_in():
    assert [(p.kind, p.text) for p in words_between("a new lead, please", "an old lead, please")] == [
        ("gone", "a new "), ("new", "an old "), ("same", "lead, please"),
    ]  # fmt: skip


def test_a_text_of_a_hundred_thousand_words_is_compared_at_once():
    old, new = "one two three " * 40_000, "four five " * 40_000
    assert {piece.kind for piece in words_between(f"start {old} end", f"start {new} end")} == {"same", "gone", "new"}


@given(ARGUMENTS, ARGUMENTS)
def test_the_changed_keys_lead_from_the_old_arguments_to_the_new(old: dict, new: dict):
    values = dict(leaves(old))
    for change in changed_keys(old, new):
        if change.kind == "removed":
            assert values.pop(change.path) == change.old
        else:
            assert values.get(change.path) == change.old
            values[change.path] = change.new
    assert values == dict(leaves(new))
    assert bool(changed_keys(old, new)) == (repr(sorted(leaves(old))) != repr(sorted(leaves(new))))


@settings(max_examples=200)
@given(TURNS, TURNS)
def test_an_alignment_holds_every_turn_of_both_once_and_in_order(old, new):
    pairs = align(old, new)
    assert [before for before, _ in pairs if before is not None] == list(range(len(old)))
    assert [after for _, after in pairs if after is not None] == list(range(len(new)))
    assert (None, None) not in pairs


@given(TURNS, TURN, some.data())
def test_an_inserted_turn_is_one_added_turn_and_deleting_one_is_one_removed(turns, turn, data):
    index = data.draw(some.integers(0, len(turns)))
    longer = inserted(turns, index, turn)
    assert sum(before is None for before, _ in align(turns, longer)) == 1
    assert sum(after is None for _, after in align(longer, turns)) == 1


def test_a_turn_put_in_between_shifts_the_others_without_changing_them():
    turns = inserted(lead_turns(), 2, user("Hello?"))
    found = between(inserted(turns, 3, asks("Yes?")))
    assert [(turn.kind, turn.before, turn.after) for turn in found.turns] == [
        ("same", 0, 0), ("same", 1, 1), ("added", None, 2), ("added", None, 3), ("same", 2, 4), ("same", 3, 5),
        ("same", 4, 6), ("same", 5, 7),
    ]  # fmt: skip


def test_a_deleted_turn_and_a_reworded_one_are_told_apart():
    turns = replaced(lead_turns(), 4, user("The email is john.carter@northwind.example."))
    found = between(deleted(turns, 0))
    assert next((turn.kind, turn.before, turn.after) for turn in found.turns) == ("removed", 0, None)
    (changed,) = [turn for turn in found.turns if turn.kind == "changed"]
    assert (changed.before, changed.after) == (4, 3)
    assert "phone" in "".join(piece.text for piece in changed.reply if piece.kind == "gone")


def test_a_turn_rewritten_from_the_ground_up_is_a_change_and_not_two_turns():
    found = between(replaced(lead_turns(), 2, user("Zzz.")))
    assert [turn.kind for turn in found.turns] == ["same", "same", "changed", "same", "same", "same"]


def test_arguments_are_told_by_key_and_the_tool_by_its_name():
    arguments = {**LEAD_ARGUMENTS, "phone": "+1 312 555 0149", "company": {"size": 3}}
    del arguments["email"]
    found = between(replaced(lead_turns(), 5, calls("CRM_CreateContact", **arguments)))
    assert found.turns[5].keys == (
        KeyChange("call", "changed", "CRM_CreateLead", "CRM_CreateContact"),
        KeyChange("email", "removed", old=LEAD_ARGUMENTS["email"]),
        KeyChange("phone", "changed", LEAD_ARGUMENTS["phone"], "+1 312 555 0149"),
        KeyChange("company.size", "added", new=3),
    )
    assert found.turns[5].reply == ()


def test_thought_speaker_candidates_goal_and_gold_are_compared_too():
    turns = replaced(lead_turns(), 1, lead_turns()[1].model_copy(update={"thought": "I wonder."}))
    found = between(
        turns,
        candidates=("CRM_CreateLead", "CRM_CreateContact", "CRM_GetLead"),
        goal="track a prospect",
        gold_arguments={**LEAD_ARGUMENTS, "phone": "none"},
    )
    assert found.turns[1].thought
    assert not found.turns[1].reply
    assert [(piece.kind, piece.text) for piece in found.goal if piece.kind != "same"] == [("gone", "new ")]
    assert [(change.path, change.kind) for change in found.keys] == [
        ("candidate", "removed"), ("candidate", "added"), ("gold.phone", "changed"),
    ]  # fmt: skip
    speaker = between(replaced(lead_turns(), 2, Turn(speaker="assistant", reply="A new lead."))).turns[2].keys
    assert speaker == (KeyChange("speaker", "changed", "user", "assistant"),)


def test_a_version_without_a_difference_says_so():
    same: Dialogue = a_dialogue(id="d")
    assert difference(same, same.model_copy(update={"version": 2})).is_none
    assert not between(deleted(lead_turns(), 0)).is_none

"""Labels of turns: renamed without loss, carried by edits, and rebuilt from the events file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.label import SEED_LABELS
from diaforge_core.records.queue import Filter
from diaforge_core.services.labels import carried
from diaforge_core.services.workspace import Workspace, open_workspace

from .test_services_data import made as made
from .test_services_review import first as first
from .test_services_review import reworded
from .test_services_review import workspace as workspace

EARLY, TWINS = "called-too-early", "confused-twins"
few_turns = some.lists(some.sampled_from("abc"), max_size=8).map(
    lambda words: [Turn(speaker="user", reply=word) for word in words]
)
"""Turns that often read alike."""


def test_a_label_is_put_on_and_taken_off(workspace: Workspace, first: Dialogue):
    assert workspace.labels.toggle(first.id, 1, 1, EARLY, "Ana") is True
    (put,) = workspace.labels.of(first.id)
    assert (put.label, put.who, put.version, put.turn, put.now_turn) == (EARLY, "Ana", 1, 1, 1)
    assert workspace.labels.toggle(first.id, 1, 1, EARLY, "Ana") is False
    assert workspace.labels.of(first.id) == []


def test_two_people_label_one_turn_each_for_themselves(workspace: Workspace, first: Dialogue):
    for who in ("Ana", "Bo"):
        workspace.labels.toggle(first.id, 1, 1, EARLY, who)
    workspace.labels.toggle(first.id, 1, 1, EARLY, "Ana")
    assert [put.who for put in workspace.labels.of(first.id)] == ["Bo"]


def test_the_list_starts_with_the_nine_that_have_keys(workspace: Workspace):
    assert [label.id for label in workspace.labels.all()] == [label.id for label in SEED_LABELS]
    assert len(SEED_LABELS) == 9
    assert workspace.labels.all()[1].name == "called too early"


def test_renaming_keeps_what_was_labelled(workspace: Workspace, first: Dialogue):
    workspace.labels.toggle(first.id, 1, 1, EARLY, "Ana")
    workspace.labels.change(EARLY, name="premature call", who="Ana")
    assert workspace.labels.get(workspace.labels.of(first.id)[0].label).name == "premature call"
    assert workspace.finding.choices(Filter(dataset="d", state=None), "label") == {EARLY: 1}


def test_an_archived_label_is_not_offered_but_what_carries_it_does(workspace: Workspace, first: Dialogue):
    workspace.labels.toggle(first.id, 1, 1, EARLY, "Ana")
    workspace.labels.change(EARLY, archived=True, who="Ana")
    assert EARLY not in {label.id for label in workspace.labels.all()}
    assert [put.label for put in workspace.labels.of(first.id)] == [EARLY]
    with pytest.raises(DataError, match="archived"):
        workspace.labels.toggle(first.id, 1, 0, EARLY, "Ana")
    assert workspace.labels.toggle(first.id, 1, 1, EARLY, "Ana") is False


@pytest.mark.parametrize("name", ["", "  ", "Called Too Early"])
def test_a_label_needs_a_name_of_its_own(workspace: Workspace, name: str):
    with pytest.raises(DataError, match="Take another name"):
        workspace.labels.add(name, who="Ana")


def test_labels_on_what_is_not_there_are_refused(workspace: Workspace, first: Dialogue):
    for version, turn, label in ((1, 99, EARLY), (2, 0, EARLY), (1, -1, EARLY), (1, 0, "none")):
        with pytest.raises(DataError, match=r"no turn|no label"):
            workspace.labels.toggle(first.id, version, turn, label, "Ana")
    assert workspace.labels.of(first.id) == []


def test_a_label_goes_with_its_turn_when_an_edit_moves_it(workspace: Workspace, first: Dialogue):
    workspace.labels.toggle(first.id, 1, 1, EARLY, "Ana")
    before = (Turn(speaker="user", reply="Hello."), Turn(speaker="assistant", thought="t", reply="Yes?"))
    workspace.review.edit(first.id, 1, (*before, *first.turns), "Ana")
    (put,) = workspace.labels.of(first.id)
    assert (put.version, put.turn, put.now_turn) == (1, 1, 3)
    assert workspace.labels.turns(first.id, EARLY, "Bo") == [3]
    assert workspace.labels.toggle(first.id, 2, 3, EARLY, "Ana") is False


def test_a_label_on_a_turn_that_was_reworded_is_about_the_older_version(workspace: Workspace, first: Dialogue):
    workspace.labels.toggle(first.id, 1, 0, EARLY, "Ana")
    workspace.review.edit_turn(first.id, 1, 0, reworded(first), "Ana")
    (put,) = workspace.labels.of(first.id)
    assert (put.version, put.turn, put.now_turn) == (1, 0, None)
    assert workspace.labels.turns(first.id, EARLY, "Bo") == []
    workspace.review.undo("Ana")
    assert workspace.labels.of(first.id)[0].now_turn == 0


@given(few_turns, few_turns)
def test_only_like_turns_carry_and_none_crosses(old: list[Turn], new: list[Turn]):
    moves = carried(old, new)
    assert all(old[i] == new[j] for i, j in moves.items())
    assert list(moves) == sorted(moves)
    assert list(moves.values()) == sorted(set(moves.values()))


@given(few_turns, some.data())
def test_inserting_a_turn_carries_every_other(old: list[Turn], data: some.DataObject):
    place = data.draw(some.integers(0, len(old)))
    assert set(carried(old, [*old[:place], Turn(speaker="user", reply="new"), *old[place:]])) == set(range(len(old)))


@given(few_turns, some.data())
def test_taking_a_turn_out_carries_all_but_one(old: list[Turn], data: some.DataObject):
    if not old:
        return
    place = data.draw(some.integers(0, len(old) - 1))
    assert len(carried(old, [*old[:place], *old[place + 1 :]])) == len(old) - 1


@given(few_turns)
def test_an_unchanged_dialogue_carries_every_turn_to_its_place(old: list[Turn]):
    assert carried(old, [turn.model_copy(update={"seconds": 2.0}) for turn in old]) == {i: i for i in range(len(old))}


def test_labels_and_their_list_are_rebuilt_from_the_events_file_alone(workspace: Workspace, first: Dialogue):
    own = workspace.labels.add("too long", who="Ana")
    workspace.labels.change(TWINS, name="mixed up", who="Ana")
    workspace.labels.toggle(first.id, 1, 0, own.id, "Ana")
    workspace.labels.toggle(first.id, 1, 1, TWINS, "Bo")
    workspace.labels.toggle(first.id, 1, 1, EARLY, "Bo")
    workspace.labels.toggle(first.id, 1, 1, EARLY, "Bo")
    before, listed, folder = workspace.labels.of(first.id), workspace.labels.all(), workspace.folder
    with workspace.database.write() as cursor:
        cursor.execute("DELETE FROM notes")
    workspace.close()
    with open_workspace(folder) as again:
        assert "notes were missing" in again.notices[0]
        assert (again.labels.of(first.id), again.labels.all()) == (before, listed)


def test_a_lost_note_in_the_middle_does_not_come_back_over_a_newer_one(workspace: Workspace, first: Dialogue):
    for name in ("first", "second"):
        workspace.labels.change(TWINS, name=name, who="Ana")
    with workspace.database.write() as cursor:
        cursor.execute("DELETE FROM notes WHERE seq = 1")
    folder = workspace.folder
    workspace.close()
    with open_workspace(folder) as again:
        assert again.labels.get(TWINS).name == "second"


def test_labels_go_with_the_dialogues_of_a_removed_dataset(workspace: Workspace, first: Dialogue):
    workspace.labels.toggle(first.id, 1, 1, EARLY, "Ana")
    workspace.datasets.remove("d")
    folder = workspace.folder
    workspace.close()
    with open_workspace(folder) as again:
        assert again.database.rows("SELECT count(*) FROM notes") == [(0,)]
        assert again.notices == []

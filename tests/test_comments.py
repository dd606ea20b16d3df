"""Comments and guidelines: said, changed, taken away, kept in history."""

from __future__ import annotations

import pytest

from diaforge_core.errors import DataError, NotAllowed
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.services.comments import MOST_CHARACTERS
from diaforge_core.services.workspace import Workspace, open_workspace

from .test_services_data import made as made
from .test_services_review import first as first
from .test_services_review import workspace as workspace


def test_comments_on_a_dialogue_and_on_a_turn_stand_in_the_order_they_were_said(workspace: Workspace, first: Dialogue):
    one = workspace.comments.add(first.id, " Is this natural? ", who="Ana")
    two = workspace.comments.add(first.id, "This one.", turn=1, who="Bo")
    assert workspace.comments.of(first.id) == [one, two]
    assert (one.text, one.turn, one.who, one.changed) == ("Is this natural?", None, "Ana", None)
    assert (two.turn, two.version) == (1, 1)


def test_its_author_changes_a_comment_and_its_history_stays(workspace: Workspace, first: Dialogue):
    said = workspace.comments.add(first.id, "Good.", who="Ana")
    workspace.comments.change(said.id, "Not good.", "Ana")
    (now,) = workspace.comments.of(first.id)
    assert (now.text, now.when) == ("Not good.", said.when)
    assert now.changed
    workspace.comments.delete(said.id, "Ana")
    assert workspace.comments.of(first.id) == []
    assert [(note.text, note.gone) for note in workspace.comments.history(said.id)] == [
        ("Good.", False), ("Not good.", False), ("Not good.", True),
    ]  # fmt: skip


def test_nobody_else_changes_or_deletes_a_comment(workspace: Workspace, first: Dialogue):
    said = workspace.comments.add(first.id, "Good.", who="Ana")
    with pytest.raises(NotAllowed, match="Ana's"):
        workspace.comments.change(said.id, "Bad.", "Bo")
    with pytest.raises(NotAllowed, match="Ana's"):
        workspace.comments.delete(said.id, "Bo")
    assert workspace.comments.of(first.id) == [said]


def test_a_deleted_comment_is_not_changed_back(workspace: Workspace, first: Dialogue):
    said = workspace.comments.add(first.id, "Good.", who="Ana")
    workspace.comments.delete(said.id, "Ana")
    with pytest.raises(DataError, match="deleted"):
        workspace.comments.change(said.id, "Back.", "Ana")


@pytest.mark.parametrize("text", ["", "  \n", "x" * (MOST_CHARACTERS + 1)])
def test_a_comment_needs_words_and_not_a_book(workspace: Workspace, first: Dialogue, text: str):
    with pytest.raises(DataError, match="characters"):
        workspace.comments.add(first.id, text, who="Ana")


def test_a_comment_on_a_turn_that_is_not_there_is_refused(workspace: Workspace, first: Dialogue):
    with pytest.raises(DataError, match="no turn 100"):
        workspace.comments.add(first.id, "Hm.", turn=99, who="Ana")


def test_guidelines_have_versions_and_a_queues_own_come_first(workspace: Workspace):
    assert workspace.comments.guidelines(dataset="d") is None
    workspace.comments.write_guidelines("One", dataset="d", who="Ana")
    workspace.comments.write_guidelines("Two", dataset="d", who="Bo")
    found = workspace.comments.guidelines(dataset="d", queue="q")
    assert found
    assert (found.text, found.version, found.who) == ("Two", 2, "Bo")
    workspace.comments.write_guidelines("Mine", queue="q", who="Ana")
    of_queue = workspace.comments.guidelines(dataset="d", queue="q")
    assert of_queue
    assert of_queue.text == "Mine"
    assert [each.text for each in workspace.comments.guideline_versions(dataset="d")] == ["One", "Two"]


def test_empty_guidelines_take_them_away_and_leave_the_datasets(workspace: Workspace):
    workspace.comments.write_guidelines("Of all", dataset="d", who="Ana")
    workspace.comments.write_guidelines("Mine", queue="q", who="Ana")
    workspace.comments.write_guidelines(" ", queue="q", who="Ana")
    found = workspace.comments.guidelines(dataset="d", queue="q")
    assert found
    assert found.text == "Of all"


def test_comments_and_guidelines_are_rebuilt_from_the_events_file(workspace: Workspace, first: Dialogue):
    said = workspace.comments.add(first.id, "Good \u202e\U0001f600 <script>", turn=0, who="Ana")
    workspace.comments.change(said.id, "Better.", "Ana")
    workspace.comments.delete(workspace.comments.add(first.id, "Gone.", who="Bo").id, "Bo")
    workspace.comments.write_guidelines("Read twice.", dataset="d", who="Ana")
    before, guide, folder = (
        workspace.comments.of(first.id),
        workspace.comments.guidelines(dataset="d"),
        workspace.folder,
    )
    with workspace.database.write() as cursor:
        cursor.execute("DELETE FROM notes")
    workspace.close()
    with open_workspace(folder) as again:
        assert again.comments.of(first.id) == before
        assert again.comments.guidelines(dataset="d") == guide

"""Named views: kept in the events file, renamed, deleted, and there again after a rebuild."""

from __future__ import annotations

import pytest

from diaforge_core.errors import DataError, NotAllowed
from diaforge_core.records.queue import Filter
from diaforge_core.services.workspace import Workspace, open_workspace

from .test_services_data import made as made
from .test_services_review import workspace as workspace

HARD = Filter(dataset="d", state=None, text="lead", tier="hard", solvable=False, commented=True)


def test_a_view_is_kept_renamed_and_deleted(workspace: Workspace):
    view = workspace.views.save(" Hard leads ", HARD, "Ana")
    assert (view.name, view.filter) == ("Hard leads", HARD)
    workspace.views.rename(view.id, "Hard ones", "Bo")
    (found,) = workspace.views.all()
    assert (found.id, found.name, found.filter, found.who) == (view.id, "Hard ones", HARD, "Bo")
    workspace.views.delete(view.id, "Bo")
    assert workspace.views.all() == []
    with pytest.raises(DataError, match="deleted"):
        workspace.views.get(view.id)


def test_views_are_rebuilt_from_the_events_file(workspace: Workspace):
    kept = workspace.views.save("Hard", HARD, "Ana")
    gone = workspace.views.save("Gone", HARD, "Ana")
    workspace.views.rename(kept.id, "Hardest", "Ana")
    workspace.views.delete(gone.id, "Ana")
    before, folder = workspace.views.all(), workspace.folder
    with workspace.database.write() as cursor:
        cursor.execute("DELETE FROM notes")
    workspace.close()
    with open_workspace(folder) as again:
        assert again.views.all() == before
        assert [view.name for view in before] == ["Hardest"]


@pytest.mark.parametrize("name", ["", "  ", "HARD", "x" * 61])
def test_a_name_that_is_empty_taken_or_too_long_is_refused(workspace: Workspace, name: str):
    workspace.views.save("Hard", HARD, "Ana")
    with pytest.raises(DataError, match="cannot be called"):
        workspace.views.save(name, HARD, "Ana")
    assert len(workspace.views.all()) == 1


def test_a_view_of_a_dataset_that_is_not_here_is_refused(workspace: Workspace):
    with pytest.raises(DataError, match="'nowhere'"):
        workspace.views.save("x", Filter(dataset="nowhere"), "Ana")


def test_a_view_goes_with_its_dataset_when_that_is_renamed(workspace: Workspace):
    workspace.views.save("Hard", HARD, "Ana")
    workspace.housekeeping.rename("dataset", "d", "better", "Ana")
    (view,) = workspace.views.all()
    assert view.filter == HARD.model_copy(update={"dataset": "better"})
    assert workspace.finding.count(view.filter.model_copy(update={"commented": False, "text": ""})) >= 0


def test_an_analyst_keeps_no_view(workspace: Workspace):
    view = workspace.views.save("Hard", HARD, "Ana")
    workspace.people.give("Ana", "admin", "Ana")
    for act in (
        lambda: workspace.views.save("mine", HARD, "Lyn"),
        lambda: workspace.views.rename(view.id, "mine", "Lyn"),
        lambda: workspace.views.delete(view.id, "Lyn"),
    ):
        with pytest.raises(NotAllowed, match="Lyn is an analyst"):
            act()
    assert [each.name for each in workspace.views.all()] == ["Hard"]

"""Decisions on dialogues: signed, checked against the version on screen, undone, replayed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.queue import Filter
from diaforge_core.records.review import DecisionKind
from diaforge_core.services.datasets import ShownState
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog
from .test_services_data import made as made


@pytest.fixture
def workspace(tmp_path: Path, made: list[Dialogue]) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        opened.datasets.create("d")
        opened.datasets.add("d", [dialogue for dialogue in made if dialogue.passed])
        yield opened


@pytest.fixture
def first(workspace: Workspace) -> Dialogue:
    return workspace.review.get(workspace.review.queue("d")[0]).dialogue


def reworded(dialogue: Dialogue, words: str = "Hmm. ") -> Turn:
    turn = dialogue.turns[0]
    return Turn.model_validate(turn.model_dump() | {"reply": words + turn.reply})


@pytest.mark.parametrize(("kind", "state"), [("accept", "accepted"), ("reject", "rejected"), ("flag", "flagged")])
def test_a_decision_moves_the_dialogue_out_of_the_queue_and_is_signed(
    workspace: Workspace, first: Dialogue, kind: DecisionKind, state: ShownState
):
    decision = workspace.review.decide(first.id, 1, kind, "unnatural", "Ana")
    found = workspace.review.get(first.id)
    assert found.state == state
    assert found.decisions == (decision,)
    assert (decision.who, decision.reason, decision.version) == ("Ana", "unnatural", 1)
    assert first.id not in workspace.review.queue("d")
    assert workspace.review.queue("d", state) == [first.id]
    assert list(workspace.finding.page(Filter(dataset="d", state=state))["decided_by"]) == ["Ana"]


def test_a_rejected_dialogue_is_no_longer_kept(workspace: Workspace, first: Dialogue):
    before = len(workspace.datasets.load("d"))
    workspace.review.decide(first.id, 1, "reject", "other", "Ana")
    assert len(workspace.datasets.load("d")) == before - 1
    assert first.id in {dialogue.id for dialogue in workspace.datasets.load("d", "all")}


def test_a_double_click_is_one_decision(workspace: Workspace, first: Dialogue):
    one = workspace.review.decide(first.id, 1, "accept", "", "Ana")
    assert workspace.review.decide(first.id, 1, "accept", "", "Ana") == one
    assert len(workspace.review.history(first.id)) == 1


def test_a_decided_dialogue_is_not_decided_over_without_reopening(workspace: Workspace, first: Dialogue):
    workspace.review.decide(first.id, 1, "accept", "", "Ana")
    with pytest.raises(DataError, match="accepted already by Ana"):
        workspace.review.decide(first.id, 1, "reject", "other", "Ben")
    workspace.review.decide(first.id, 1, "reopen", "", "Ben")
    assert workspace.review.decide(first.id, 1, "reject", "other", "Ben").kind == "reject"


def test_a_decision_on_an_old_version_is_refused_and_names_who_changed_it(workspace: Workspace, first: Dialogue):
    workspace.review.edit_turn(first.id, 1, 0, reworded(first), "Ben")
    with pytest.raises(DataError, match=r"changed by Ben.*version 2"):
        workspace.review.decide(first.id, 1, "accept", "", "Ana")
    with pytest.raises(DataError, match="version 2"):
        workspace.review.edit_turn(first.id, 1, 0, reworded(first, "Well. "), "Ana")
    assert workspace.review.get(first.id).dialogue.version == 2


def test_an_edit_makes_a_new_verified_version_and_reopens(workspace: Workspace, first: Dialogue):
    workspace.review.decide(first.id, 1, "accept", "", "Ana")
    edited = workspace.review.edit_turn(first.id, 1, 0, reworded(first), "Ana")
    assert edited.version == 2
    assert edited.turns[0].reply.startswith("Hmm. ")
    assert edited.verdicts
    found = workspace.review.get(first.id)
    assert (found.dialogue, found.state) == (edited, "pending")
    assert workspace.review.versions(first.id) == [first, edited]
    assert workspace.datasets.load("d", "all")[0] == edited


def test_an_edit_that_breaks_the_dialogue_says_so_at_once(workspace: Workspace, first: Dialogue):
    leak = Turn(speaker="user", reply=f"Please call {first.scenario.goal_tool} for me.")
    edited = workspace.review.edit_turn(first.id, 1, 0, leak, "Ana")
    assert not edited.passed
    assert workspace.review.queue("d", "failed") == [first.id]


def test_three_undos_restore_everything(workspace: Workspace, first: Dialogue):
    other = workspace.review.queue("d")[1]
    workspace.review.edit_turn(first.id, 1, 0, reworded(first), "Ana")
    workspace.review.decide(first.id, 2, "reject", "other", "Ana")
    workspace.review.decide(other, 1, "accept", "", "Ana")
    undone = [workspace.review.undo("Ana") for _ in range(3)]
    assert [decision.kind for decision in undone if decision] == ["accept", "reject", "edit"]
    assert workspace.review.undo("Ana") is None
    found = workspace.review.get(first.id)
    assert (found.state, found.dialogue.turns) == ("pending", first.turns)
    assert found.dialogue.version == 3
    assert workspace.review.get(other).state == "pending"


def test_somebody_elses_decision_is_not_undone(workspace: Workspace, first: Dialogue):
    workspace.review.decide(first.id, 1, "flag", "", "Ana")
    workspace.review.decide(first.id, 1, "accept", "", "Ben")
    with pytest.raises(DataError, match="Ben"):
        workspace.review.undo("Ana")
    assert workspace.review.undo("Cleo") is None


def test_decisions_survive_closing_and_a_database_that_lost_them(workspace: Workspace, first: Dialogue):
    workspace.review.decide(first.id, 1, "accept", "", "Ana")
    with workspace.database.write() as cursor:
        cursor.execute("DELETE FROM decisions")
        cursor.execute("UPDATE heads SET state = 'pending'")
    folder = workspace.folder
    workspace.close()
    with open_workspace(folder) as again:
        assert again.review.get(first.id).state == "accepted"
        assert "put back" in again.notices[0]


def test_the_strip_narrows_down_to_the_called_tool_and_nothing_missing(workspace: Workspace, made: list[Dialogue]):
    dialogue = next(one for one in made if one.passed and one.turns[-1].call)
    steps = workspace.review.ambiguity_strip(dialogue)
    assert [step.turn for step in steps] == list(range(len(dialogue.turns)))
    assert len(steps[0].open_tools) > 1
    assert dialogue.turns[-1].call
    assert steps[-1].open_tools == (dialogue.turns[-1].call.name,)
    assert steps[-1].missing == ()


def test_every_argument_points_to_the_words_it_comes_from(workspace: Workspace, made: list[Dialogue]):
    dialogue = next(one for one in made if one.passed and one.turns[-1].call and one.turns[-1].call.arguments)
    for path, found in workspace.review.evidence(dialogue).items():
        assert found, path
        assert dialogue.turns[found.turn].speaker == "user"
        assert dialogue.turns[found.turn].reply[found.start : found.end]


def test_unknown_dialogues_and_turns_are_named(workspace: Workspace, first: Dialogue):
    with pytest.raises(DataError, match="nowhere"):
        workspace.review.get("nowhere")
    with pytest.raises(DataError, match="no turn 100"):
        workspace.review.edit_turn(first.id, 1, 99, first.turns[0], "Ana")
    with pytest.raises(DataError, match="no decision"):
        workspace.review.decide(first.id, 1, "undo", "", "Ana")

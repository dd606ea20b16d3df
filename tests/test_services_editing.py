"""Edits, drafts and the history of versions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import LEAD_ARGUMENTS, a_catalog, a_dialogue, a_scenario, calls, lead_turns, user


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        opened.datasets.load_file(a_dialogue(id="d1").model_dump_json().encode(), "talks")
        yield opened


@pytest.fixture
def first(workspace: Workspace) -> Dialogue:
    found = workspace.review.get("d1").dialogue
    assert found.passed
    return found


# --- edits -----------------------------------------------------------------------------------------------------------


def test_an_edit_names_every_later_turn_that_became_inconsistent(workspace: Workspace, first: Dialogue):
    turns = workspace.editing.replace(first.turns, 0, user("I need to get Bo Diaz into the system."))
    turns = workspace.editing.replace(turns, 4, user("The email is bo@northwind.example."))
    outcome = workspace.editing.save("d1", 1, turns, who="Ana")
    assert not outcome.dialogue.passed
    reasons = {(fault.turn, fault.verifier) for fault in outcome.broken}
    assert (5, "grounding") in reasons
    assert outcome.broken_turns[-1] == 5
    assert all(fault.reason for fault in outcome.broken)


def test_two_turns_that_break_are_both_named(workspace: Workspace, first: Dialogue):
    turns = [turn for turn in first.turns if turn.speaker == "user"]
    outcome = workspace.editing.check(first, turns)
    assert [fault.turn for fault in outcome.broken] == [1, 2]
    assert {fault.verifier for fault in outcome.broken} == {"format"}
    assert workspace.review.get("d1").dialogue == first


def test_what_failed_before_is_not_named_again_though_turns_move(workspace: Workspace, first: Dialogue):
    turns = workspace.editing.replace(
        first.turns, 3, first.turns[3].model_copy(update={"reply": "What is the weather?"})
    )
    broken = workspace.editing.save("d1", 1, turns, who="Ana")
    assert 3 in broken.broken_turns
    old = broken.dialogue
    assert workspace.editing.check(old, old.turns).broken == ()
    moved = (user("Good morning, John Carter is to be in the system."), first.turns[1], *old.turns[2:])
    assert 3 not in workspace.editing.check(old, moved).broken_turns


def test_saving_verifies_within_a_second_and_keeps_what_fails(workspace: Workspace, first: Dialogue):
    turns = workspace.editing.insert(first.turns, 2)
    start = time.perf_counter()
    outcome = workspace.editing.save("d1", 1, turns, who="Ana")
    assert time.perf_counter() - start < 1
    assert not outcome.dialogue.passed
    assert len(workspace.review.get("d1").dialogue.turns) == 7
    assert workspace.review.versions("d1")[0] == first


def test_insert_split_and_delete_lead_back_to_a_dialogue_that_passes(workspace: Workspace, first: Dialogue):
    editing = workspace.editing
    turns = editing.split(first.turns, 4, first.turns[4].reply.index(" and the phone"))
    turns = editing.insert(turns, 5)
    assert [turn.speaker for turn in turns[4:7]] == ["user", "assistant", "user"]
    thought = "The email is known; the phone may be given too."
    turns = editing.replace(turns, 5, turns[3].model_copy(update={"reply": "And the phone?", "thought": thought}))
    turns = editing.replace(turns, 6, user("The phone is +1 312 555 0148."))
    outcome = editing.save("d1", 1, turns, who="Ana")
    assert [turn.speaker for turn in outcome.dialogue.turns] == ["user", "assistant"] * 4
    back = editing.save("d1", 2, editing.delete(editing.delete(turns, 5), 5), who="Ana")
    assert len(back.dialogue.turns) == 6


def test_goal_gold_and_candidates_are_edited_and_the_scenario_gets_an_id_of_its_own(
    workspace: Workspace, first: Dialogue
):
    phone = "+1 312 555 0199"
    aim = first.scenario.aim.model_copy(update={"gold_arguments": {**LEAD_ARGUMENTS, "phone": phone}})
    outcome = workspace.editing.save("d1", 1, first.turns, aim, "Ana", "wrong phone")
    assert [(fault.verifier, fault.turn) for fault in outcome.broken] == [("arguments", 5)]
    assert outcome.dialogue.scenario.parent == first.scenario.id
    turns = (*first.turns[:4], user(f"The email is {LEAD_ARGUMENTS['email']} and the phone is {phone}."))
    mended = workspace.editing.save(
        "d1", 2, (*turns, calls("CRM_CreateLead", **{**LEAD_ARGUMENTS, "phone": phone})), who="Ana"
    )
    assert mended.dialogue.passed
    with pytest.raises(DataError, match="no tool CRM_Sing"):
        workspace.editing.save("d1", 3, first.turns, aim.model_copy(update={"goal_tool": "CRM_Sing"}), "Ana")
    assert workspace.review.get("d1").dialogue == mended.dialogue


# --- history ---------------------------------------------------------------------------------------------------------


def test_every_version_says_who_what_when_and_why(workspace: Workspace, first: Dialogue):
    workspace.editing.save("d1", 1, workspace.editing.delete(first.turns, 0), who="Ana", why="too long")
    workspace.review.decide("d1", 2, "flag", "look", "Ben")
    workspace.review.decide("d1", 2, "reopen", "", "Ben")
    workspace.editing.restore("d1", 2, 1, "Ben")
    workspace.review.undo("Ben")
    workspace.review.redo("Ben")
    changes = workspace.editing.changes("d1")
    assert [(change.version, change.kind, change.who, change.why) for change in changes] == [
        (5, "redo", "Ben", "restore, version 1"), (4, "undo", "Ben", "restore, version 1"),
        (3, "restore", "Ben", "version 1"), (2, "edit", "Ana", "too long"), (1, None, "", ""),
    ]  # fmt: skip
    assert all(change.when for change in changes[:-1])


def test_any_version_is_restored_as_a_further_one(workspace: Workspace, first: Dialogue):
    workspace.editing.save("d1", 1, workspace.editing.delete(first.turns, 0), who="Ana")
    workspace.editing.save("d1", 2, workspace.editing.delete(first.turns, 1), who="Ana")
    outcome = workspace.editing.restore("d1", 3, 1, "Ben")
    assert (outcome.dialogue.turns, outcome.dialogue.version, outcome.dialogue.passed) == (first.turns, 4, True)
    assert outcome.broken == ()
    assert workspace.editing.difference("d1", 1, 4).is_none
    assert not workspace.editing.difference("d1", 2, 3).is_none
    with pytest.raises(DataError, match="nothing to restore"):
        workspace.editing.restore("d1", 4, 1, "Ben")
    with pytest.raises(DataError, match="version 4 is the newest"):
        workspace.editing.restore("d1", 3, 2, "Ben")
    with pytest.raises(DataError, match="no version 9"):
        workspace.editing.restore("d1", 4, 9, "Ben")


def test_two_saves_on_one_version_are_one_version_and_one_message(workspace: Workspace, first: Dialogue):
    workspace.drafts.keep(first, workspace.editing.delete(first.turns, 1), first.scenario.aim, "Ben")
    workspace.editing.save("d1", 1, workspace.editing.delete(first.turns, 0), who="Ana")
    with pytest.raises(DataError, match="changed by Ana"):
        workspace.editing.save("d1", 1, workspace.editing.delete(first.turns, 1), who="Ben")
    draft = workspace.drafts.find("d1", "Ben")
    assert draft
    assert draft.version == 1
    found = workspace.editing.compare(workspace.review.get("d1").dialogue, draft.turns, draft.aim)
    assert {turn.kind for turn in found.turns} == {"same", "added", "removed"}


# --- drafts ----------------------------------------------------------------------------------------------------------


def test_a_draft_is_there_after_the_workspace_was_opened_again(workspace: Workspace, first: Dialogue):
    turns = workspace.editing.insert(first.turns, 6)
    kept = workspace.drafts.keep(first, turns, first.scenario.aim, "Ana", {"company_size": "many"})
    folder = workspace.folder
    workspace.close()
    with open_workspace(folder) as again:
        assert again.drafts.find("d1", "Ana") == kept
        assert again.drafts.find("d1", "Ben") is None


def test_a_draft_is_replaced_and_one_that_changes_nothing_is_none(workspace: Workspace, first: Dialogue):
    aim = first.scenario.aim
    for index in range(3):
        workspace.drafts.keep(first, workspace.editing.delete(first.turns, index), aim, "Ana")
    found = workspace.drafts.find("d1", "Ana")
    assert found
    assert found.turns == workspace.editing.delete(first.turns, 2)
    assert workspace.database.rows("SELECT count(*) FROM drafts") == [(1,)]
    assert workspace.drafts.keep(first, first.turns, aim, "Ana") is None
    assert workspace.drafts.find("d1", "Ana") is None


def test_saving_or_discarding_ends_a_draft_and_only_of_that_person(workspace: Workspace, first: Dialogue):
    turns = workspace.editing.delete(first.turns, 0)
    for who in ("Ana", "Ben", "Cleo"):
        workspace.drafts.keep(first, turns, first.scenario.aim, who)
    workspace.editing.save("d1", 1, turns, who="Ana")
    workspace.drafts.discard("d1", "Ben")
    assert [bool(workspace.drafts.find("d1", who)) for who in ("Ana", "Ben", "Cleo")] == [False, False, True]


def test_a_dialogue_that_is_taken_out_takes_its_drafts_along(workspace: Workspace, first: Dialogue):
    workspace.drafts.keep(first, first.turns[:2], first.scenario.aim, "Ana")
    workspace.datasets.remove("talks")
    assert workspace.database.rows("SELECT count(*) FROM drafts") == [(0,)]


def test_a_scenario_may_have_been_edited_too_when_a_version_is_restored(workspace: Workspace, first: Dialogue):
    aim = a_scenario(goal="something else").aim
    workspace.editing.save("d1", 1, lead_turns(), aim, "Ana")
    assert workspace.editing.restore("d1", 2, 1, "Ana").dialogue.scenario == first.scenario

"""Acts on many dialogues: the dry run, one act, one undo, one redo."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import LEAD_ARGUMENTS, a_catalog, a_dialogue, calls, lead_turns

BAD = 4
"""Of the sixty dialogues so many call with an argument that nobody gave."""


def dialogues() -> list[Dialogue]:
    invented = (*lead_turns()[:5], calls("CRM_CreateLead", **LEAD_ARGUMENTS, industry="retail"))
    return [a_dialogue(id=f"d{place:02}", turns=invented if place < BAD else None) for place in range(60)]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        lines = "\n".join(dialogue.model_dump_json() for dialogue in dialogues())
        opened.datasets.load_file(lines.encode(), "talks")
        yield opened


@pytest.fixture
def ids(workspace: Workspace) -> list[str]:
    return workspace.review.queue("talks", None)


def test_a_dry_run_says_what_would_happen_to_each_and_stores_nothing(workspace: Workspace, ids: list[str]):
    workspace.review.decide(ids[10], 1, "reject", "other", "Ben")
    workspace.review.decide(ids[11], 1, "accept", "", "Ben")
    plan = workspace.bulk.plan([*ids[2:6], ids[10], ids[11], "nowhere", ids[2]], "accept")
    assert [row.outcome for row in plan.rows] == ["refused", "refused", "good", "good", "refused", "same", "refused"]
    assert "fails a check" in plan.rows[0].why
    assert "rejected already by Ben" in plan.rows[4].why
    assert "not in this workspace" in plan.rows[6].why
    assert len(workspace.review.recent()) == 2


def test_fifty_rejects_are_one_act_undone_and_redone_at_one_stroke_within_a_second(
    workspace: Workspace, ids: list[str]
):
    start = time.perf_counter()
    done = workspace.bulk.apply(workspace.bulk.plan(ids[:50], "reject", "unnatural"), "Ana")
    assert time.perf_counter() - start < 1
    assert done.act
    assert len(done.act.decisions) == 50
    assert workspace.review.queue("talks", "rejected") == ids[:50]
    undone = workspace.review.undo("Ana")
    assert str(undone) == "reject on 50 dialogues"
    assert workspace.review.queue("talks", "rejected") == []
    assert workspace.review.undo("Ana") is None
    assert workspace.review.redo("Ana") == undone
    assert workspace.review.queue("talks", "rejected") == ids[:50]


def test_an_edit_a_reject_and_a_bulk_reject_are_three_undos(workspace: Workspace, ids: list[str]):
    before = workspace.datasets.load("talks", "all")
    workspace.editing.save(ids[0], 1, lead_turns(), who="Ana")
    workspace.review.decide(ids[1], 1, "reject", "other", "Ana")
    workspace.bulk.apply(workspace.bulk.plan(ids, "reject", "other"), "Ana")
    assert [str(workspace.review.undo("Ana")) for _ in range(3)] == ["reject on 59 dialogues", "reject", "edit"]
    after = workspace.datasets.load("talks", "all")
    assert [dialogue.turns for dialogue in after] == [dialogue.turns for dialogue in before]
    assert workspace.datasets.info("talks").rejected == 0
    assert [str(workspace.review.redo("Ana")) for _ in range(3)] == ["edit", "reject", "reject on 59 dialogues"]
    assert workspace.review.get(ids[0]).dialogue.turns == lead_turns()
    assert workspace.datasets.info("talks").rejected == 60


def test_a_new_act_leaves_nothing_to_redo(workspace: Workspace, ids: list[str]):
    workspace.review.decide(ids[5], 1, "flag", "", "Ana")
    workspace.review.undo("Ana")
    workspace.review.decide(ids[6], 1, "flag", "", "Ana")
    assert workspace.review.redo("Ana") is None
    workspace.review.undo("Ana")
    assert workspace.review.redo("Ana") is not None


def test_somebody_else_in_between_blocks_undo_and_redo_and_is_named(workspace: Workspace, ids: list[str]):
    workspace.bulk.apply(workspace.bulk.plan(ids[10:20], "flag"), "Ana")
    workspace.review.decide(ids[15], 1, "accept", "", "Ben")
    with pytest.raises(DataError, match=f"Ben has since said 'accept' on dialogue {ids[15]}"):
        workspace.review.undo("Ana")
    assert len(workspace.review.queue("talks", "flagged")) == 9
    workspace.review.undo("Ben")
    assert workspace.review.undo("Ana")
    workspace.review.decide(ids[15], 1, "reject", "other", "Ben")
    with pytest.raises(DataError, match="Ben has since said 'reject'"):
        workspace.review.redo("Ana")
    assert workspace.review.queue("talks", "flagged") == []


def test_what_changed_since_the_dry_run_is_left_out_and_named(workspace: Workspace, ids: list[str]):
    plan = workspace.bulk.plan(ids[10:14], "reject", "other")
    workspace.review.decide(ids[10], 1, "accept", "", "Ben")
    workspace.editing.save(ids[11], 1, lead_turns()[:4], who="Ben")
    done = workspace.bulk.apply(plan, "Ana")
    assert done.act
    assert [decision.dialogue for decision in done.act.decisions] == ids[12:14]
    assert [row.dialogue for row in done.left_out] == ids[10:12]
    assert "accepted already by Ben" in done.left_out[0].why
    assert "changed since" in done.left_out[1].why
    assert workspace.bulk.apply(plan, "Ana").act is None


def test_an_undo_is_no_bulk_act(workspace: Workspace, ids: list[str]):
    with pytest.raises(DataError, match="no decision of its own"):
        workspace.bulk.plan(ids, "undo")


def test_a_repair_lists_its_diffs_applies_the_good_ones_and_is_undone_at_once(workspace: Workspace, ids: list[str]):
    assert workspace.datasets.info("talks").failed == BAD
    plan = workspace.bulk.plan_repair(ids, "drop ungrounded")
    assert (plan.count("good"), plan.count("same")) == (BAD, 60 - BAD)
    changed = plan.good[0].difference
    assert changed
    assert [key.path for turn in changed.turns for key in turn.keys] == ["industry"]
    done = workspace.bulk.apply(plan, "Ana")
    assert done.act
    assert done.act.decisions[0].reason == "drop ungrounded optional arguments"
    assert workspace.datasets.info("talks").failed == 0
    workspace.review.undo("Ana")
    assert workspace.datasets.info("talks").failed == BAD


def test_a_repair_that_would_break_a_dialogue_is_refused_with_the_check(workspace: Workspace, ids: list[str]):
    workspace.review.decide(ids[20], 1, "accept", "", "Ben")
    plan = workspace.bulk.plan_repair(ids[18:22], "replace words", {"find": "John Carter", "put": "him"})
    assert plan.count("refused") == 4
    assert "would fail a check" in plan.rows[0].why
    plan = workspace.bulk.plan_repair(ids[18:22], "replace words", {"find": "get", "put": "bring"})
    assert plan.count("good") == 4
    assert "is accepted and would be to review again" in plan.rows[2].why
    assert plan.reason == "replace words: find “get”, put “bring”"
    assert workspace.bulk.plan_repair(ids, "replace words", {"find": "xyzzy"}).count("same") == 60


def test_verifying_again_stores_verdicts_that_have_changed(workspace: Workspace, ids: list[str]):
    stale = [dialogue.model_copy(update={"verdicts": ()}) for dialogue in dialogues()[:6]]
    workspace.datasets.create("stale")
    workspace.datasets.add("stale", [one.model_copy(update={"id": f"s{one.id}"}) for one in stale])
    plan = workspace.bulk.plan_repair([*workspace.review.queue("stale", None), *ids], "reverify")
    assert (plan.count("good"), plan.count("same")) == (6, 60)
    workspace.bulk.apply(plan, "Ana")
    assert workspace.datasets.info("stale").kept == 2


def test_one_of_a_cluster_is_kept_by_one_act(workspace: Workspace, ids: list[str]):
    workspace.variety.keep_one(ids[10:15], ids[12], "Ana")
    assert workspace.review.queue("talks", "rejected") == [*ids[10:12], *ids[13:15]]
    assert str(workspace.review.undo("Ana")) == "reject on 4 dialogues"
    assert workspace.review.queue("talks", "rejected") == []


def test_bulk_acts_survive_a_database_that_lost_them(workspace: Workspace, ids: list[str]):
    workspace.bulk.apply(workspace.bulk.plan(ids[10:20], "reject", "other"), "Ana")
    workspace.bulk.apply(workspace.bulk.plan_repair(ids[:BAD], "drop ungrounded"), "Ana")
    workspace.bulk.apply(workspace.bulk.plan(ids[20:30], "flag"), "Ana")
    workspace.review.undo("Ana")
    state = workspace.datasets.stamp("talks")
    with workspace.database.write() as cursor:
        for statement in (
            "DELETE FROM decisions", "DELETE FROM dialogues WHERE version > 1",
            "UPDATE heads SET state = 'pending', version = 1, decided_by = '', decided_at = NULL",
        ):  # fmt: skip
            cursor.execute(statement)
    folder = workspace.folder
    workspace.close()
    with open_workspace(folder) as again:
        assert again.datasets.stamp("talks") == state
        assert str(again.review.redo("Ana")) == "flag on 10 dialogues"
        assert [str(again.review.undo("Ana")) for _ in range(3)] == [
            "flag on 10 dialogues", "edit on 4 dialogues", "reject on 10 dialogues",
        ]  # fmt: skip

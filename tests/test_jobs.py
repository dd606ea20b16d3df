"""Runs in real worker processes: finished, killed, resumed, cancelled, found again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from diaforge_core.errors import DataError, ModelError
from diaforge_core.generator.recipe import Recipe
from diaforge_core.records.run import Run
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.store.run_folder import Status

from .factories import a_catalog, an_adapter_without_base
from .run_folders import kill

COUNT = 70
MANY = 600
"""So many that a run is not over before it can be killed."""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        yield opened


def recipe(dataset: str = "d", count: int = COUNT) -> Recipe:
    return Recipe(catalog="sample", dataset=dataset, count=count, seed=3)


def wait_for_rows(workspace: Workspace, run: Run, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(list(workspace.jobs.folder(run.id).rows())) < count:
        assert time.monotonic() < deadline, workspace.jobs.log(run.id)
        time.sleep(0.02)


def test_a_killed_generation_is_lost_and_resumes_to_exactly_the_rows_of_one_that_was_not(workspace: Workspace):
    killed = workspace.generation.start(recipe("killed", MANY))
    wait_for_rows(workspace, killed, 10)
    kill(workspace, killed)
    lost = workspace.jobs.wait(killed.id, timeout_seconds=30)
    assert lost.state == "lost"
    assert "Resume" in lost.error
    before = workspace.jobs.folder(killed.id).rows_path.read_bytes()
    before = before[: before.rfind(b"\n") + 1]
    assert 10 <= before.count(b"\n") < MANY

    workspace.jobs.resume(killed.id)
    whole = workspace.generation.start(recipe("whole", MANY))
    done, other = workspace.jobs.wait(killed.id), workspace.jobs.wait(whole.id)
    assert (done.state, other.state) == ("succeeded", "succeeded"), workspace.jobs.log(killed.id)

    after = workspace.jobs.folder(killed.id).rows_path.read_bytes()
    assert after.startswith(before)
    ids = [[row["dialogue"]["id"] for row in workspace.jobs.folder(run.id).rows()] for run in (killed, whole)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == MANY
    assert workspace.datasets.info("killed").dialogues == MANY
    assert [d.id for d in workspace.datasets.load("killed")] == [d.id for d in workspace.datasets.load("whole")]
    assert done.result["asked"] == MANY
    assert {k: v for k, v in done.result.items() if k != "dataset"} == {
        k: v for k, v in other.result.items() if k != "dataset"
    }


def test_a_killed_evaluation_resumes_and_plays_no_conversation_twice(workspace: Workspace):
    run = workspace.evaluation.start(
        EvalRecipe(model="scripted:oracle", run="e", catalog="sample", count=30, trials=2, seed=1)
    )
    wait_for_rows(workspace, run, 5)
    kill(workspace, run)
    assert workspace.jobs.wait(run.id, timeout_seconds=30).state == "lost"
    workspace.jobs.resume("e")
    done = workspace.jobs.wait("e")
    assert done.state == "succeeded", workspace.jobs.log("e")
    played = [(row["trace"]["scenario"]["id"], row["trace"]["trial"]) for row in workspace.jobs.folder("e").rows()]
    assert len(played) == len(set(played)) == 60
    assert len(workspace.traces.of_run("e")) == 60
    assert workspace.evaluation.results("e").values["acc"] is not None
    assert done.result["acc"] == json.loads(json.dumps(done.result["acc"]))


def test_a_cancelled_run_stops_keeps_its_rows_and_can_go_on(workspace: Workspace):
    run = workspace.generation.start(recipe())
    wait_for_rows(workspace, run, 3)
    workspace.jobs.cancel(run.id)
    stopped = workspace.jobs.wait(run.id, timeout_seconds=30)
    assert stopped.state == "cancelled"
    assert stopped.error == ""
    kept = workspace.datasets.info("d").dialogues
    assert 3 <= kept < COUNT
    assert workspace.jobs.cancel(run.id).state == "cancelled"
    workspace.jobs.resume(run.id)
    assert workspace.jobs.wait(run.id).state == "succeeded"
    assert workspace.datasets.info("d").dialogues == COUNT


def test_a_worker_outlives_the_process_that_started_it_and_is_found_again(tmp_path: Path):
    folder = tmp_path / "workspace"
    with open_workspace(folder) as first:
        first.catalogs.put(a_catalog())
        run = first.generation.start(recipe())
        wait_for_rows(first, run, 1)
    with open_workspace(folder) as second:
        assert second.jobs.get(run.id).state in ("running", "succeeded")
        assert second.jobs.wait(run.id, timeout_seconds=60).state == "succeeded"
        assert second.datasets.info("d").dialogues == COUNT


def test_a_run_whose_worker_died_while_no_app_was_open_is_lost(tmp_path: Path):
    folder = tmp_path / "workspace"
    with open_workspace(folder) as first:
        first.catalogs.put(a_catalog())
        run = first.generation.start(recipe(count=2000))
        wait_for_rows(first, run, 1)
        kill(first, run)
    with open_workspace(folder) as second:
        assert second.jobs.get(run.id).state == "lost"
        assert second.datasets.info("d").dialogues >= 1


def test_runs_beyond_the_free_slots_wait_and_a_queued_one_is_cancelled_at_once(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("diaforge_core.services.jobs.SCRIPTED_SLOTS", 1)
    first = workspace.generation.start(recipe("a", 40))
    second, third = workspace.generation.start(recipe("b", 3)), workspace.generation.start(recipe("c", 3))
    assert [first.state, second.state, third.state] == ["running", "queued", "queued"]
    assert workspace.jobs.cancel(third.id).state == "cancelled"
    assert workspace.jobs.wait(second.id).state == "succeeded"
    assert workspace.jobs.get(first.id).state == "succeeded"


def test_taking_a_folder_in_again_adds_nothing(workspace: Workspace):
    run = workspace.jobs.wait(workspace.generation.start(recipe(count=5)).id)
    with workspace.database.write() as cursor:
        cursor.execute("UPDATE runs SET ingested = 0, state = 'running' WHERE id = ?", [run.id])
    workspace.jobs.poll()
    assert workspace.jobs.get(run.id).state == "succeeded"
    assert workspace.datasets.info("d").dialogues == 5
    assert len(workspace.traces.of_run(run.id)) == 5


def test_a_lost_database_is_filled_again_from_the_run_folders(tmp_path: Path):
    folder = tmp_path / "workspace"
    with open_workspace(folder) as first:
        first.catalogs.put(a_catalog())
        run = first.jobs.wait(first.generation.start(recipe(count=5)).id)
        dialogue = first.datasets.load("d")[0]
        first.review.decide(dialogue.id, 1, "accept", "", "Ana")
    (folder / "diaforge.duckdb").unlink()
    with open_workspace(folder) as second:
        assert second.jobs.get(run.name).state == "succeeded"
        assert second.datasets.info("d").dialogues == 5
        assert second.review.get(dialogue.id).state == "accepted"
        assert second.catalogs.get("sample").version == a_catalog().version


def test_a_run_folder_that_cannot_be_read_locks_nobody_out(tmp_path: Path):
    (tmp_path / "runs" / "strange").mkdir(parents=True)
    (tmp_path / "runs" / "strange" / "config.json").write_text("{broken")
    with open_workspace(tmp_path) as opened:
        assert opened.jobs.all() == []
        assert "strange" in opened.notices[0]


def test_a_run_that_fails_says_why(workspace: Workspace, tmp_path: Path):
    model = an_adapter_without_base(tmp_path)
    run = workspace.evaluation.start(EvalRecipe(model=f"hf:{model}", run="e", catalog="sample", count=1))
    failed = workspace.jobs.wait(run.id, timeout_seconds=60)
    assert failed.state == "failed"
    assert "nowhere" in failed.error
    assert "Traceback" not in workspace.jobs.log(run.id)


def test_a_model_that_is_not_there_leaves_no_run(workspace: Workspace):
    with pytest.raises(ModelError, match="/no/model/here"):
        workspace.evaluation.start(EvalRecipe(model="hf:/no/model/here", run="e", catalog="sample", count=1))
    assert workspace.jobs.all() == []


def test_an_endpoint_that_does_not_answer_fails_the_run_and_is_asked_again(workspace: Workspace):
    model = "openai:m@http://127.0.0.1:1/v1"
    run = workspace.evaluation.start(EvalRecipe(model=model, run="e", catalog="sample", count=1))
    failed = workspace.jobs.wait(run.id, timeout_seconds=120)
    assert failed.state == "failed"
    assert "cannot be reached" in failed.error
    assert list(workspace.jobs.folder(run.id).rows()) == []


def test_a_finished_run_cannot_be_resumed_and_an_unknown_one_is_named(workspace: Workspace):
    run = workspace.jobs.wait(workspace.generation.start(recipe(count=2)).id)
    with pytest.raises(DataError, match="succeeded"):
        workspace.jobs.resume(run.id)
    with pytest.raises(DataError, match="nowhere"):
        workspace.jobs.get("nowhere")


def test_a_dataset_that_is_being_filled_is_not_filled_by_another_run(workspace: Workspace):
    workspace.generation.start(recipe(count=2000))
    with pytest.raises(DataError, match="filling"):
        workspace.generation.start(recipe())
    workspace.jobs.cancel("generate d")
    workspace.jobs.wait("generate d")


def test_the_result_of_a_worker_that_met_a_bug_is_failed_with_a_message(workspace: Workspace):
    run = workspace.jobs.wait(workspace.generation.start(recipe(count=2)).id)
    folder = workspace.jobs.folder(run.id)
    config = folder.config()
    config["recipe"]["count"] = "many"
    (folder.path / "config.json").write_text(json.dumps(config))
    folder.set_status(Status(state="cancelled"))
    with workspace.database.write() as cursor:
        cursor.execute("UPDATE runs SET state = 'cancelled' WHERE id = ?", [run.id])
    workspace.jobs.resume(run.id)
    failed = workspace.jobs.wait(run.id)
    assert failed.state == "failed"
    assert "fault of DiaForge" in failed.error
    assert "Traceback" in workspace.jobs.log(run.id)


def test_a_run_whose_folder_is_gone_fails_and_the_others_go_on(workspace: Workspace):
    gone = workspace.generation.start(recipe("gone", 2000))
    other = workspace.generation.start(recipe("other", 2))
    wait_for_rows(workspace, gone, 1)
    kill(workspace, gone)
    folder = workspace.jobs.folder(gone.id).path
    folder.rename(folder.with_name("elsewhere"))
    assert workspace.jobs.wait(other.id).state == "succeeded"
    failed = workspace.jobs.wait(gone.id)
    assert failed.state == "failed"
    assert "cannot be read" in failed.error


def test_a_paused_run_takes_no_process_and_goes_on_to_the_bytes_of_one_that_was_not(workspace: Workspace):
    run = workspace.generation.start(recipe("paused"))
    wait_for_rows(workspace, run, 3)
    assert workspace.jobs.pause(run.id).state in ("running", "paused")
    paused = workspace.jobs.wait(run.id, timeout_seconds=30)
    assert (paused.state, paused.error) == ("paused", "")
    kept = workspace.datasets.info("paused").dialogues
    assert 3 <= kept == paused.result["asked"] < COUNT
    assert workspace.jobs.unfinished() == []
    whole = workspace.generation.start(recipe("whole"))
    assert workspace.jobs.resume(run.id).state in ("running", "queued")
    assert [workspace.jobs.wait(each.id).state for each in (run, whole)] == ["succeeded", "succeeded"]
    rows = [workspace.jobs.folder(each.id).rows_path.read_bytes() for each in (run, whole)]
    assert rows[0] == rows[1]
    assert workspace.jobs.pause(run.id).state == "succeeded"


def test_a_queued_run_is_paused_at_once_and_waits_for_its_turn_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("diaforge_core.services.jobs.SCRIPTED_SLOTS", 1)
    first, second = workspace.generation.start(recipe("a", 40)), workspace.generation.start(recipe("b", 3))
    assert workspace.jobs.pause(second.id).state == "paused"
    assert workspace.jobs.resume(second.id).state == "queued"
    assert [workspace.jobs.wait(each.id).state for each in (first, second)] == ["succeeded", "succeeded"]


def test_a_worker_killed_after_the_wish_to_pause_leaves_a_paused_run(workspace: Workspace):
    run = workspace.generation.start(recipe(count=2000))
    wait_for_rows(workspace, run, 1)
    kill(workspace, run)
    workspace.jobs.folder(run.id).request_stop(pause=True)
    assert workspace.jobs.wait(run.id, timeout_seconds=30).state == "paused"


def test_rows_of_what_could_not_be_drawn_or_played_are_taken_in_with_the_others(workspace: Workspace):
    run = workspace.jobs.wait(workspace.generation.start(recipe(count=2)).id)
    folder = workspace.jobs.folder(run.id)
    row = next(folder.rows())
    row["trace"] |= {"id": "t", "turns": [], "ended": "error", "error": "broken"}
    bad = {"verifier": "rollout", "passed": False, "reason": "broken", "turn": 0}
    row["dialogue"] |= {"id": "d", "turns": [], "trace": "t", "verdicts": [bad]}
    folder.append({"undrawn": {"number": 2, "error": "nothing stands beside it"}}, row | {"fault": "TypeError: x"})
    with workspace.database.write() as cursor:
        cursor.execute("UPDATE runs SET state = 'running' WHERE id = ?", [run.id])
    workspace.jobs.poll()
    assert workspace.datasets.info("d").dialogues == 3
    assert "d" in [dialogue.id for dialogue in workspace.datasets.load("d", "all")]

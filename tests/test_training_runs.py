"""Fine-tuning in real worker processes: killed, resumed, watched, refused, and shared by processes."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from diaforge_core.conversation.local_model import load_tokenizer
from diaforge_core.conversation.model_specs import open_assistant
from diaforge_core.conversation.seals import SEAL_FILE, check_seal, seal
from diaforge_core.errors import DataError, ModelError
from diaforge_core.records.dialogue import Verdict
from diaforge_core.records.run import Run
from diaforge_core.services.commands import COMMANDS
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.training import Broken, Checkpoint, TrainRecipe
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.training.checkpoints import BrokenCheckpoint, checkpoint_to_resume, newest_checkpoint, tidy
from diaforge_core.training.examples import build_examples

from .chat_templates import HERMES, with_template
from .factories import a_catalog, six_dialogues
from .run_folders import PATIENCE_SECONDS, kill, start

PASSED = Verdict(verifier="format", passed=True)


@pytest.fixture
def workspace(tmp_path: Path, models_dir: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        fill(opened)
        yield opened


def fill(workspace: Workspace) -> None:
    """A catalog, a dataset to train on and one to watch."""
    workspace.catalogs.put(a_catalog())
    made = six_dialogues(verdicts=(PASSED,))
    for name, dialogues in (("d", made), ("v", made[:2])):
        workspace.datasets.create(name, catalog=a_catalog())
        workspace.datasets.add(name, dialogues)


def recipe(model: Path, run: str, **choices: Any) -> TrainRecipe:
    given = {"epochs": 4, "batch_size": 2, "learning_rate": 5e-3, "checkpoint_every": 3, "watch": 0} | choices
    return TrainRecipe.model_validate({"dataset": "d", "run": run, "model": f"hf:{model}"} | given)


def losses(workspace: Workspace, run: str) -> dict[int, float]:
    frame = workspace.training.curve(run)
    return dict(zip(frame["step"].tolist(), frame["loss"].tolist(), strict=True))


def wait_for_step(workspace: Workspace, run: Run, step: int) -> None:
    folder, deadline = workspace.jobs.folder(run.id), time.monotonic() + 120
    while not any(row.get("log", {}).get("step", 0) >= step for row in folder.rows()):
        assert time.monotonic() < deadline, folder.log()
        assert folder.status().state in ("queued", "running"), folder.status()
        time.sleep(0.005)


def test_a_killed_run_resumes_with_the_steps_and_losses_of_one_that_was_not(workspace: Workspace, tiny_llama_dir: Path):
    whole = workspace.training.start(recipe(tiny_llama_dir, "whole", epochs=20))
    assert workspace.jobs.wait(whole.id, timeout_seconds=120).state == "succeeded", workspace.jobs.log(whole.id)
    killed = workspace.training.start(recipe(tiny_llama_dir, "killed", epochs=20))
    wait_for_step(workspace, killed, 7)
    kill(workspace, killed)
    lost = workspace.jobs.wait(killed.id, timeout_seconds=30)
    assert (lost.state, "Resume the run" in lost.error) == ("lost", True)
    assert max(losses(workspace, "killed")) < 60
    assert workspace.training.checkpoints("killed")
    workspace.jobs.resume(killed.id)
    done = workspace.jobs.wait(killed.id, timeout_seconds=120)
    assert (done.state, done.result["steps"]) == ("succeeded", 60), workspace.jobs.log(killed.id)
    ours, theirs = losses(workspace, "killed"), losses(workspace, "whole")
    assert list(ours) == list(theirs) == list(range(1, 61))
    assert max(abs(ours[step] - theirs[step]) for step in theirs) < 1e-6
    tokens = [workspace.training.curve(run)["target_tokens_total"].tolist() for run in ("killed", "whole")]
    assert tokens[0] == tokens[1]


APP = """
import sys, time
from pathlib import Path
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.training import TrainRecipe
from diaforge_core.services.workspace import open_workspace
with open_workspace(Path(sys.argv[1])) as workspace:
    workspace.training.start(TrainRecipe.model_validate_json(sys.argv[2]))
    print("started", flush=True)
    time.sleep(600)
"""


def test_a_run_outlives_a_killed_app_and_is_found_truthful(tmp_path: Path, tiny_llama_dir: Path):
    folder, asked = tmp_path / "workspace", recipe(tiny_llama_dir, "r", epochs=20)
    with open_workspace(folder) as first:
        fill(first)
    app = subprocess.Popen(
        [sys.executable, "-c", APP, str(folder), asked.model_dump_json()], stdout=subprocess.PIPE, text=True
    )
    assert app.stdout
    assert app.stdout.readline() == "started\n"
    app.kill()
    app.wait()
    with open_workspace(folder) as second:
        assert second.jobs.get("r").state in ("running", "succeeded")
        done = second.jobs.wait("r", timeout_seconds=120)
        assert (done.state, done.result["steps"]) == ("succeeded", 60), second.jobs.log("r")
        assert list(losses(second, "r")) == list(range(1, 61))


ROOM = 1 << 17
"""Bytes that one file may have: more than what is logged, less than an optimizer's state."""


def test_a_full_disk_ends_a_run_truthfully_and_it_goes_on_when_there_is_room(
    workspace: Workspace, tiny_llama_dir: Path
):
    run = workspace.training.start(recipe(tiny_llama_dir, "r", epochs=20))
    wait_for_step(workspace, run, 4)
    kill(workspace, run)
    assert workspace.jobs.wait(run.id, timeout_seconds=30).state == "lost"
    folder = workspace.jobs.folder(run.id)
    before = {one.name for one in folder.checkpoints()}
    worker = start(folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, ROOM)))
    assert worker.wait(PATIENCE_SECONDS) == 2, folder.log()
    status = folder.status()
    assert status.state == "failed"
    assert "the disk is full" in status.error
    assert "Make room there and resume the run" in status.error
    whole = workspace.training.checkpoints(run.id)
    assert before <= {one.folder.name for one in whole}
    for one in whole:
        check_seal(one.folder)
    workspace.jobs.resume(run.id)
    again = workspace.jobs.wait(run.id, timeout_seconds=120)
    assert (again.state, again.result["steps"]) == ("succeeded", 60), workspace.jobs.log(run.id)
    assert list(losses(workspace, "r")) == list(range(1, 61))


LITTLE_MEMORY = """
import resource, sys
import psutil
from diaforge_core.services.worker import main
from diaforge_core.training.reporting import Reporting
told = Reporting.on_step_end
def then_little(self, *of, **more):
    told(self, *of, **more)
    room = psutil.Process().memory_info().vms + (1 << 20)
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
Reporting.on_step_end = then_little
sys.exit(main(sys.argv[1:]))
"""


def test_a_run_without_memory_says_where_and_what_to_do(workspace: Workspace, tiny_llama_dir: Path):
    run = workspace.training.start(recipe(tiny_llama_dir, "r", epochs=20))
    wait_for_step(workspace, run, 4)
    kill(workspace, run)
    assert workspace.jobs.wait(run.id, timeout_seconds=30).state == "lost"
    folder = workspace.jobs.folder(run.id)
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, str(folder.path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    assert folder.status().state == "failed"
    assert "ran out of memory at step" in folder.status().error
    assert any(dialogue.id in folder.status().error for dialogue in six_dialogues())
    assert "row_tokens" in folder.status().error
    assert workspace.training.checkpoints(run.id)


def test_a_loss_that_explodes_ends_the_run_with_one_sentence(workspace: Workspace, tiny_llama_dir: Path):
    run = workspace.training.start(recipe(tiny_llama_dir, "r", learning_rate=1e6, full=True, warmup=0))
    failed = workspace.jobs.wait(run.id, timeout_seconds=120)
    assert failed.state == "failed"
    assert re.search(r"The loss became \S+ at step \d+ \(learning rate \S+\), on the dialogues \w+", failed.error)
    assert "a tenth of it" in failed.error
    assert "\n" not in failed.error
    assert not workspace.jobs.folder(run.id).log().count("Traceback")


def test_a_stopped_run_is_saved_and_goes_on(workspace: Workspace, tiny_llama_dir: Path):
    run = workspace.training.start(recipe(tiny_llama_dir, "r", epochs=15, checkpoint_every=100))
    wait_for_step(workspace, run, 2)
    workspace.jobs.pause(run.id)
    paused = workspace.jobs.wait(run.id, timeout_seconds=60)
    assert paused.state == "paused"
    at = paused.result["steps"]
    assert [one.step for one in workspace.training.checkpoints("r")] == [at, at]
    workspace.jobs.resume(run.id)
    done = workspace.jobs.wait(run.id, timeout_seconds=120)
    assert (done.state, done.result["steps"]) == ("succeeded", 45)
    steps = [row["log"]["step"] for row in workspace.jobs.folder(run.id).rows() if "log" in row]
    assert steps == list(range(1, 46))


def change(checkpoint: Checkpoint) -> None:
    """One bit of its weights becomes another."""
    weights = checkpoint.folder / "adapter_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


def a_stopped_run(workspace: Workspace, model: Path, step: int = 8) -> tuple[Run, list[Checkpoint]]:
    """A run of 30 steps that was stopped at this one or a little later, and its checkpoints, the newest first."""
    run = workspace.training.start(recipe(model, "r", epochs=10))
    wait_for_step(workspace, run, step)
    workspace.jobs.pause(run.id)
    workspace.jobs.wait(run.id, timeout_seconds=60)
    return run, [one for one in workspace.training.checkpoints("r") if not one.final][::-1]


def test_a_changed_checkpoint_is_neither_resumed_nor_opened(workspace: Workspace, tiny_llama_dir: Path):
    run, (newest, _) = a_stopped_run(workspace, tiny_llama_dir)
    change(newest)
    workspace.jobs.resume(run.id)
    failed = workspace.jobs.wait(run.id, timeout_seconds=60)
    assert failed.state == "failed"
    assert (
        f"The weights in {newest.folder} are not as they were saved: adapter_model.safetensors was changed"
        in failed.error
    )
    with pytest.raises(ModelError, match=r"adapter_model\.safetensors was changed"):
        open_assistant(f"hf:{newest.folder}", workspace.models_dir)


def test_a_run_whose_newest_checkpoint_is_broken_goes_on_from_the_newest_whole_one(
    workspace: Workspace, tiny_llama_dir: Path
):
    _, (newest, before) = a_stopped_run(workspace, tiny_llama_dir)
    assert workspace.training.broken("r") is None
    change(newest)
    with pytest.raises(DataError, match=f"Go on from step {before.step}: resume 'r' --from-whole") as refused:
        COMMANDS["resume"](workspace, {"run": "r"}, lambda run: None)
    assert f"The newest whole checkpoint is that of step {before.step}." in str(refused.value)
    assert f"steps {before.step + 1} to {newest.step} are done again" in str(refused.value)
    assert workspace.training.broken("r") == Broken(newest.step, before.step, newest.step)
    workspace.training.go_on("r")
    assert workspace.training.broken("r") is None
    assert workspace.jobs.wait("r", timeout_seconds=120).result["steps"] == 30
    steps = [row["log"]["step"] for row in workspace.jobs.folder("r").rows() if "log" in row]
    assert steps == [*range(1, newest.step + 1), *range(before.step + 1, 31)]


def test_a_run_without_a_whole_checkpoint_starts_anew_with_what_it_was_started_with(
    workspace: Workspace, tiny_llama_dir: Path
):
    _, saved = a_stopped_run(workspace, tiny_llama_dir)
    for one in saved:
        change(one)
    with pytest.raises(BrokenCheckpoint, match="No earlier one is whole") as problem:
        checkpoint_to_resume(saved[0].folder.parent)
    assert (problem.value.step, problem.value.whole) == (saved[0].step, 0)
    workspace.review.decide(six_dialogues()[0].id, 1, "reject", "other", "ana")
    done = COMMANDS["resume"](workspace, {"run": "r", "from_whole": True}, lambda run: None)
    steps = [row["log"]["step"] for row in workspace.jobs.folder("r").rows() if "log" in row]
    assert (done["steps"], steps) == (30, [*range(1, saved[0].step + 1), *range(1, 31)])


def test_what_a_run_that_went_back_has_not_done_again_is_not_shown(
    workspace: Workspace, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(workspace.jobs, "_start", lambda run_id: None)
    run = workspace.training.start(recipe(tiny_llama_dir, "r"))
    done = [(1, 5.0), (2, 4.0), (3, 3.0), (4, 2.0), (2, 4.5)]
    workspace.jobs.folder(run.id).append(*({"log": {"step": step, "loss": loss}} for step, loss in done))
    curve = workspace.training.curve("r")
    assert list(zip(curve["step"].tolist(), curve["loss"].tolist(), strict=True)) == [(1, 5.0), (2, 4.5)]


def test_the_newest_two_checkpoints_stay_and_the_one_that_somebody_evaluates(
    workspace: Workspace, tiny_llama_dir: Path
):
    run, saved = a_stopped_run(workspace, tiny_llama_dir, 14)
    assert len(saved) == 2
    chosen = saved[1]
    workspace.evaluation.start(EvalRecipe(model=chosen.spec, run="e", scenarios="v", count=1))
    workspace.jobs.cancel("e")
    workspace.jobs.resume(run.id)
    workspace.jobs.wait(run.id, timeout_seconds=120)
    assert [one.step for one in workspace.training.checkpoints("r")] == [chosen.step, 27, 30, 30]
    assert sorted(one.name for one in workspace.jobs.folder("r").checkpoints()) == sorted(
        f"checkpoint-{step}" for step in (chosen.step, 27, 30)
    )


def test_nothing_is_tidied_away_before_the_newest_is_whole(tmp_path: Path):
    def checkpoint(step: int, whole: bool = True) -> None:
        (tmp_path / f"checkpoint-{step}").mkdir()
        if whole:
            seal(tmp_path / f"checkpoint-{step}")

    def steps() -> list[int]:
        return sorted(int(one.name.rpartition("-")[2]) for one in tmp_path.iterdir())

    for step in (1, 2, 3, 5):
        checkpoint(step)
    checkpoint(4, whole=False)
    checkpoint(6, whole=False)
    tidy(tmp_path, {1})
    assert steps() == [1, 3, 5, 6]
    seal(tmp_path / "checkpoint-6")
    tidy(tmp_path, {1})
    assert steps() == [1, 5, 6]


def test_a_foreign_checkpoint_is_not_gone_on_from(workspace: Workspace, tiny_llama_dir: Path):
    """Its optimizer state is a pickle that nobody vouches for."""
    run = workspace.training.start(recipe(tiny_llama_dir, "r"))
    assert workspace.jobs.wait(run.id, timeout_seconds=60).state == "succeeded"
    folder = workspace.jobs.folder(run.id)
    (last,) = [one for one in folder.checkpoints() if one.name == "checkpoint-12"]
    foreign = last.with_name("checkpoint-99")
    shutil.copytree(last, foreign)
    (foreign / SEAL_FILE).unlink()
    assert newest_checkpoint(last.parent) == last
    assert 99 not in [one.step for one in workspace.training.checkpoints("r")]


# ---- Evaluations -----------------------------------------------------------------------------------------------------


def test_evaluations_stand_beside_the_loss_and_the_best_step_in_the_result(workspace: Workspace, tiny_llama_dir: Path):
    run = workspace.training.start(recipe(tiny_llama_dir, "r", validation="v", evaluate_every=4, watch=1))
    done = workspace.jobs.wait(run.id, timeout_seconds=120)
    assert done.state == "succeeded", workspace.jobs.log(run.id)
    curve = workspace.training.curve("r")
    evaluated = curve[curve["eval_loss"].notna()]
    assert evaluated["step"].tolist() == [4, 8, 12]
    held_out = evaluated["eval_loss"].tolist()
    assert held_out == sorted(held_out, reverse=True)
    scores = workspace.training.scores("r")
    assert set(scores["step"]) == {4, 8, 12}
    assert set(scores["metric"]) == {"acc", "ftr", "tar"}
    assert done.result["best_step"] in (4, 8, 12)
    assert [one.step for one in workspace.training.checkpoints("r") if one.best] == [done.result["best_step"]]
    assert {9, 12} == {one.step for one in workspace.training.checkpoints("r")}


def test_of_a_large_validation_part_evaluations_read_some_from_all_over_it(
    workspace: Workspace, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("diaforge_core.services.training.VALIDATED", 3)
    run = workspace.training.start(recipe(tiny_llama_dir, "r", validation="d", evaluate_every=4, max_steps=4))
    whole = workspace.datasets.load("d")
    assert workspace.jobs.folder(run.id).dialogues("validation") == [whole[0], whole[2], whole[4]]
    assert workspace.jobs.wait(run.id).state == "succeeded"


def test_a_run_that_becomes_no_better_stops_early_and_its_best_checkpoint_stays(
    workspace: Workspace, tiny_llama_dir: Path
):
    asked = recipe(
        tiny_llama_dir, "r", epochs=40, learning_rate=0.2, validation="v", evaluate_every=1, patience=3, full=True
    )
    run = workspace.training.start(asked)
    done = workspace.jobs.wait(run.id, timeout_seconds=120)
    assert done.state == "succeeded", workspace.jobs.log(run.id)
    assert done.result["stopped_early"]
    best = done.result["best_step"]
    assert done.result["steps"] == best + 3 < 120
    saved = [(one.step, one.best) for one in workspace.training.checkpoints("r") if not one.final]
    assert saved == [(best, True), (best + 2, False), (best + 3, False)]


# ---- Nothing started -------------------------------------------------------------------------------------------------


def test_the_test_part_of_a_split_is_never_watched(workspace: Workspace, tiny_llama_dir: Path):
    workspace.datasets.create("d-held-out", parent="d", part="test")
    workspace.datasets.add("d-held-out", six_dialogues(verdicts=(PASSED,))[:1])
    with pytest.raises(DataError, match="1 dialogues of 'v' belong to the test part 'd-held-out'"):
        workspace.training.start(recipe(tiny_llama_dir, "r", validation="v"))
    with pytest.raises(DataError, match="belong to the test part"):
        workspace.training.start(recipe(tiny_llama_dir, "r", stage="preference", pairs="v"))
    assert workspace.jobs.all() == []
    workspace.housekeeping.rename("dataset", "d-held-out", "anything", "Ana")
    binned = workspace.housekeeping.remove("dataset", "anything", "Ana")
    assert workspace.housekeeping.restore(binned.id, "Ana") == "anything"
    with pytest.raises(DataError, match="belong to the test part 'anything'"):
        workspace.training.start(recipe(tiny_llama_dir, "r", validation="v"))
    asked = EvalRecipe(model="scripted:eager", run="e", scenarios="v", count=1)
    workspace.jobs.wait(workspace.evaluation.start(asked).id)
    with pytest.raises(DataError, match="belong to the test part"):
        workspace.training.start(recipe(tiny_llama_dir, "r", stage="preference", pairs="e"))


def test_a_dataset_that_changed_since_it_was_chosen_is_not_trained_on(workspace: Workspace, tiny_llama_dir: Path):
    seen = workspace.datasets.stamp("d")
    workspace.review.decide(six_dialogues()[0].id, 1, "reject", "other", "ana")
    with pytest.raises(DataError, match=r"changed since it was chosen.*Nothing was started"):
        workspace.training.start(recipe(tiny_llama_dir, "r", seen=seen))
    assert workspace.jobs.all() == []
    workspace.training.start(recipe(tiny_llama_dir, "r", seen=workspace.datasets.stamp("d"), max_steps=1))


@pytest.mark.parametrize(
    ("changes", "weights", "complaint"),
    [
        ({}, "pytorch_model.bin", r"no \*\.safetensors weights.*Pickled weights"),
        ({"auto_map": {"AutoModel": "x.Model"}}, "model.safetensors", "wants to run its own Python code"),
        ({"architectures": ["BertModel"]}, "model.safetensors", "is a BertModel, which does not write text"),
    ],
)
def test_a_model_that_cannot_be_trained_starts_nothing(
    workspace: Workspace, tmp_path: Path, changes: dict[str, Any], weights: str, complaint: str
):
    model = tmp_path / "model"
    model.mkdir()
    config = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]} | changes
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (model / weights).write_bytes(b"")
    with pytest.raises(ModelError, match=complaint) as problem:
        workspace.training.start(recipe(model, "r"))
    assert "\n" not in str(problem.value)
    assert workspace.jobs.all() == []


def test_a_form_that_cannot_be_constrained_is_told_before_the_first_step(
    workspace: Workspace, tiny_llama_dir: Path, tmp_path: Path
):
    own = shutil.copytree(tiny_llama_dir, tmp_path / "own")
    with_template(tiny_llama_dir, HERMES).save_pretrained(own)
    run = workspace.training.start(recipe(own, "r", validation="v", watch=1, decoding="constrained"))
    done = workspace.jobs.wait(run.id)
    assert done.state == "failed"
    assert "Take free decoding" in done.error
    assert losses(workspace, "r") == {}


def test_a_dataset_with_nothing_accepted_starts_nothing(workspace: Workspace, tiny_llama_dir: Path):
    workspace.datasets.create("empty", catalog=a_catalog())
    with pytest.raises(DataError, match="no kept dialogue to train on"):
        workspace.training.start(recipe(tiny_llama_dir, "r", dataset="empty"))
    assert workspace.jobs.all() == []


def test_a_dialogue_longer_than_the_context_is_named_before_the_first_step(
    workspace: Workspace, tiny_llama_dir: Path, tmp_path: Path
):
    model = shutil.copytree(tiny_llama_dir, tmp_path / "model")
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    sizes = sizes_of(tiny_llama_dir)
    longest = max(sizes, key=lambda name: sizes[name])
    config["max_position_embeddings"] = sizes[longest] - 1
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    run = workspace.training.start(recipe(model, "r"))
    failed = workspace.jobs.wait(run.id, timeout_seconds=60)
    assert failed.state == "failed"
    assert f"`{longest}`: {sizes[longest]} tokens, the limit is {sizes[longest] - 1}" in failed.error
    assert workspace.training.curve("r").empty
    left = workspace.training.start(recipe(model, "s", too_long="leave_out", max_steps=1))
    assert workspace.jobs.wait(left.id, timeout_seconds=60).state == "succeeded", workspace.jobs.log(left.id)


def sizes_of(model: Path) -> dict[str, int]:
    """Dialogue → tokens of its longest slice."""
    tokenizer = load_tokenizer(model)
    made = build_examples(six_dialogues(), lambda one: a_catalog().subset(one.scenario.candidates), tokenizer)
    return {example.dialogue: example.longest_slice for example in made}

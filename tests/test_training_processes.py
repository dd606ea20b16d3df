"""One run configuration under one process and under several: the steps are the same (METHOD.md §3)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from diaforge_core.services.jobs import worker_environment
from diaforge_core.services.training import TrainRecipe
from diaforge_core.store.run_folder import RunFolder

from .factories import a_catalog, six_dialogues
from .run_folders import PATIENCE_SECONDS, ROOT

WORKER = ["-m", "diaforge_core.services.worker"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
ACCELERATE = [
    "-m", "accelerate.commands.launch", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no",
    "--dynamo_backend", "no",
]  # fmt: skip
FSDP2 = [
    "--use_fsdp", "--fsdp_version", "2", "--fsdp_auto_wrap_policy", "TRANSFORMER_BASED_WRAP",
    "--fsdp_reshard_after_forward", "true", "--fsdp_cpu_ram_efficient_loading", "false",
]  # fmt: skip
TOLERANCE = 1e-5


def a_training(path: Path, model: Path, **choices: Any) -> RunFolder:
    """A run folder as the app makes it: four steps of three dialogues, every dialogue a row of its own."""
    given = {"dataset": "d", "run": path.name, "epochs": 2, "batch_size": 3, "row_tokens": 1, "learning_rate": 5e-3}
    recipe = TrainRecipe.model_validate(given | {"checkpoint_every": 2, "watch": 0} | choices)
    config = {"id": path.name, "name": path.name, "kind": "train", "recipe": recipe.model_dump(mode="json")}
    folder = RunFolder(path)
    made = six_dialogues()
    folder.create(config | {"model": f"hf:{model}", "models_dir": str(path.parent)}, a_catalog(), (), made, made[:2])
    return folder


def worked(folder: RunFolder, *launcher: str) -> RunFolder:
    """The folder after a run under this launcher, which has to succeed."""
    done = subprocess.run(
        [sys.executable, *(launcher or WORKER), str(folder.path)],
        cwd=ROOT, env=worker_environment(), capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert folder.status().state == "succeeded"
    return folder


def measured(folder: RunFolder) -> list[float]:
    """The loss of every step and of every evaluation, each of which stands there once."""
    rows = list(folder.rows())
    assert [row["log"]["step"] for row in rows if "log" in row] == [1, 2, 3, 4]
    losses = [row["log"]["loss"] for row in rows if "log" in row]
    return losses + [row["checkpoint"]["eval_loss"] for row in rows if "checkpoint" in row]


def assert_same_run(folder: RunFolder, alone: RunFolder, weights: str = "adapter_model") -> None:
    assert measured(folder) == pytest.approx(measured(alone), abs=TOLERANCE)
    ours, theirs = (load_file(one.path / "trained" / "model" / f"{weights}.safetensors") for one in (folder, alone))
    assert ours.keys() >= theirs.keys()
    for name, weight in theirs.items():
        assert (ours[name] - weight).abs().max() < TOLERANCE, name


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, tiny_llama_dir: Path) -> RunFolder:
    return worked(a_training(tmp_path_factory.mktemp("alone") / "run", tiny_llama_dir))


def test_a_run_of_two_processes_takes_the_steps_of_one(tmp_path: Path, tiny_llama_dir: Path, alone: RunFolder) -> None:
    assert_same_run(worked(a_training(tmp_path / "two", tiny_llama_dir, processes=2)), alone)


def test_accelerate_launch_starts_the_same_run(tmp_path: Path, tiny_llama_dir: Path, alone: RunFolder) -> None:
    folder = a_training(tmp_path / "two", tiny_llama_dir)
    assert_same_run(worked(folder, *ACCELERATE, "--multi_gpu", *WORKER), alone)


def test_a_sharded_run_takes_the_steps_of_one_process(tmp_path: Path, tiny_llama_dir: Path, alone: RunFolder) -> None:
    folder = a_training(tmp_path / "sharded", tiny_llama_dir)
    worked(folder, *ACCELERATE, *FSDP2, "-m", "tests.sharded_on_cpu")
    assert (folder.checkpoints()[0] / "pytorch_model_fsdp.bin").is_file()
    assert_same_run(folder, alone)


def test_a_sharded_full_run_leaves_the_model_of_one_process(tmp_path: Path, tiny_llama_dir: Path) -> None:
    one = worked(a_training(tmp_path / "one", tiny_llama_dir, full=True))
    folder = a_training(tmp_path / "sharded", tiny_llama_dir, full=True)
    worked(folder, *ACCELERATE, *FSDP2, "-m", "tests.sharded_on_cpu")
    assert_same_run(folder, one, "model")


def test_a_batch_that_does_not_go_round_counts_every_row_once(
    tmp_path: Path, tiny_llama_dir: Path, alone: RunFolder
) -> None:
    """Three rows over two processes in each step of `alone`; five and one here."""
    one, two = (
        worked(a_training(tmp_path / str(count), tiny_llama_dir, batch_size=5, processes=count)) for count in (1, 2)
    )
    assert_same_run(two, one)
    assert measured(two) != pytest.approx(measured(alone), abs=TOLERANCE)

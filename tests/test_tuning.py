"""The worker's part of a fine-tuning run: stopped between scenarios, refused without GPUs, unmoved by a full log."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from diaforge_core.conversation.model_specs import locate, parse_spec
from diaforge_core.errors import Interrupted, ModelError
from diaforge_core.evaluation.evaluator import evaluate_scenarios
from diaforge_core.records.trace import Trace
from diaforge_core.services import tuning
from diaforge_core.services.worker import Work
from diaforge_core.training.choices import TrainingChoices
from diaforge_core.training.weights import trainable_model
from diaforge_core.training.work import take_own_gpu, tell

from .factories import six_dialogues
from .test_training_processes import a_training


@pytest.fixture
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A machine that says it has one GPU; the GPUs that were taken."""
    taken: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    return taken


def test_a_stop_is_heard_between_the_scenarios_of_an_evaluation(
    tmp_path: Path, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, played = a_training(tmp_path / "r", tiny_llama_dir), []

    def stopping(*given, **named) -> Iterator[Trace]:
        for trace in evaluate_scenarios(*given, **named):
            played.append(trace)
            folder.request_stop()
            yield trace

    monkeypatch.setattr("diaforge_core.evaluation.evaluator.evaluate_scenarios", stopping)
    for _ in range(2):  # the second time before the first scenario
        with pytest.raises(Interrupted):
            tuning._scores(Work(folder), tiny_llama_dir, six_dialogues()[:3])
        assert len(played) == 1


def test_more_processes_than_gpus_are_refused_in_the_first_of_them(
    tmp_path: Path, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch, one_gpu: list[int]
) -> None:
    folder, started = a_training(tmp_path / "r", tiny_llama_dir, processes=2), []
    monkeypatch.setattr("os.execv", lambda *of: started.append(of))
    tuning.launch(folder)
    assert started == []
    with pytest.raises(ModelError, match="fewer than 2 GPUs"):
        tuning.train(Work(folder))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    tuning.launch(folder)
    assert len(started) == 1


def test_each_process_takes_its_own_gpu(monkeypatch: pytest.MonkeyPatch, one_gpu: list[int]) -> None:
    take_own_gpu("cuda")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    take_own_gpu("cpu")
    assert one_gpu == []
    take_own_gpu("cuda")
    assert one_gpu == [1]


def test_what_is_to_be_sharded_is_loaded_beside_the_gpu(tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = locate(parse_spec(f"hf:{tiny_llama_dir}"), tiny_llama_dir.parent)
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    model = trainable_model(folders, TrainingChoices(precision="float32"), "meta")
    assert {weight.device.type for weight in model.parameters()} == {"cpu"}


def test_a_log_without_room_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - closing it fails too
    monkeypatch.setattr(sys, "stderr", full)
    tell("dialogues 6")
    with suppress(OSError):
        full.close()

"""Foreign model folders in any state, and too little memory: one message each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from diaforge_core.conversation.local_model import load_tokenizer, load_weights
from diaforge_core.conversation.mishaps import is_no_memory
from diaforge_core.conversation.own_template import find_template
from diaforge_core.errors import DataError, ModelError
from diaforge_core.training.choices import TrainingChoices
from diaforge_core.training.trainer import ToolCallingTrainer
from diaforge_core.training.weights import context_of
from diaforge_core.training.work import Watch

from .chat_templates import HERMES, with_template
from .factories import a_catalog, six_dialogues

FULL_DISK = OSError(28, "No space left on device")


@pytest.fixture
def model(tiny_llama_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_llama_dir, tmp_path / "model"))


def rewrite(file: Path, change: Callable[[dict], Any]) -> None:
    file.write_text(json.dumps(change(json.loads(file.read_text(encoding="utf-8")))), encoding="utf-8")


def raising(problem: BaseException) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise problem

    return fail


# ---- Foreign folders -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda data: {name: value for name, value in data.items() if name != "added_tokens"},
        lambda data: data | {"model": {"type": "Unheard"}},
        lambda data: data | {"added_tokens": 7},
        lambda _: [1],
    ],
)
def test_an_odd_tokenizer_is_named(model: Path, change: Callable[[dict], Any]) -> None:
    rewrite(model / "tokenizer.json", change)
    with pytest.raises(ModelError, match=rf"The tokenizer in {model} cannot be loaded: \S") as told:
        load_tokenizer(model)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("changes", [{"hidden_size": "64"}, {"num_attention_heads": 0}, {"model_type": []}])
def test_an_odd_configuration_is_named(model: Path, changes: dict[str, Any]) -> None:
    rewrite(model / "config.json", lambda data: data | changes)
    with pytest.raises(ModelError, match=rf"The model in {model} cannot be loaded: \S"):
        load_weights(model, "cpu", torch.float32)


def test_a_context_is_read_or_its_file_is_named(model: Path) -> None:
    file = model / "config.json"
    assert context_of(model) == 8192
    file.write_text('{"text_config": null}', encoding="utf-8")
    assert context_of(model) is None
    file.write_text('{"text_config": {"max_position_embeddings": 9}}', encoding="utf-8")
    assert context_of(model) == 9
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(ModelError, match=rf"configuration of the model in {model} cannot be read"):
        context_of(model)


@pytest.mark.parametrize("odd", ["{{ 1 // 0 }}", "{{ 'a' * 10 ** 30 }}", "{{ 2.0 ** 5000 }}", "{{ 'a' * 2 ** 62 }}"])
def test_a_template_that_cannot_compute_is_none_or_says_so(tiny_llama_dir: Path, odd: str) -> None:
    assert find_template(with_template(tiny_llama_dir, odd + HERMES)) is None
    later = f"{{% if messages[0].content == 'Now.' %}}{odd}{{% endif %}}"
    template = find_template(with_template(tiny_llama_dir, later + HERMES))
    assert template
    with pytest.raises(ModelError, match=r"template cannot write this conversation: \S"):
        template.pieces([{"role": "user", "content": "Now."}])


# ---- Memory ----------------------------------------------------------------------------------------------------------


def test_a_model_that_does_not_fit_is_told(tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import PreTrainedModel

    monkeypatch.setattr(PreTrainedModel, "to", raising(torch.OutOfMemoryError("CUDA out of memory.")))
    with pytest.raises(ModelError, match="cpu has not enough memory for the model in") as told:
        load_weights(tiny_llama_dir, "cpu", torch.float32)
    assert is_no_memory(told.value.__cause__)


@pytest.mark.parametrize(
    ("choices", "advice"),
    [
        ({"full": True}, "Train an adapter instead of all weights"),
        ({"stage": "preference", "loss_mask": "final_call_only"}, r"fewer pairs a step \(batch_size\)"),
    ],
)
def test_an_optimiser_that_does_not_fit_is_told(
    tiny_llama_dir: Path, models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    choices: dict[str, Any], advice: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(torch.optim.AdamW, "step", raising(torch.OutOfMemoryError("CUDA out of memory.")))
    trainer = ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(), device="cpu")
    with pytest.raises(ModelError, match=f"cpu ran out of memory after step 0.*{advice}"):
        trainer.train(six_dialogues()[:2], choices=TrainingChoices.of(choices | {"max_steps": 1}), out=tmp_path)


# ---- A full disk -----------------------------------------------------------------------------------------------------


def test_an_evaluation_that_finds_no_room_is_told(
    tiny_llama_dir: Path, models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, out = "diaforge_core.training.checkpoints.os.replace", tmp_path / "run"
    watch = Watch(evaluate_checkpoint=lambda *_: monkeypatch.setattr(replace, raising(FULL_DISK)))
    trainer = ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(), device="cpu")
    with pytest.raises(DataError, match=r"evaluations\.json could not be written: the disk is full"):
        trainer.train(six_dialogues()[:2], choices=TrainingChoices(max_steps=1), out=out, watch=watch)
    with pytest.raises(DataError, match=r"training\.json could not be written: the disk is full"):
        trainer.train(six_dialogues()[:2], choices=TrainingChoices(max_steps=1), out=tmp_path / "other")
    assert not list(tmp_path.rglob("*.partial"))


def test_a_model_that_finds_no_room_leaves_the_one_before(
    tiny_llama_dir: Path, models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices, rows = TrainingChoices(epochs=2, batch_size=3), []
    trainer = ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(), device="cpu")
    stop = Watch(rows.append, should_stop=lambda: len(rows) == 1)
    before = trainer.train(six_dialogues(), choices=choices, out=tmp_path, watch=stop)
    held = {file.name: file.read_bytes() for file in before.folder.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr("diaforge_core.training.trainer.seal", raising(FULL_DISK))
        with pytest.raises(DataError, match="the disk is full"):
            trainer.train(six_dialogues(), choices=choices, out=tmp_path, resume=True)
    assert {file.name: file.read_bytes() for file in before.folder.iterdir()} == held
    again = trainer.train(six_dialogues(), choices=choices, out=tmp_path, resume=True)
    assert (again.steps, again.folder) == (4, before.folder)
    assert not list(tmp_path.glob(".model*"))

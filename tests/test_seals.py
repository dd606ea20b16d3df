"""Saved weights: whole, or known not to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from diaforge_core.conversation.seals import SEAL_FILE, check_seal, is_sealed, seal
from diaforge_core.errors import ModelError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    for name in ("adapter_model.safetensors", "optimizer.pt", "state/rank0.distcp", "adapter_config.json"):
        (tmp_path / name).write_bytes(name.encode())
    seal(tmp_path)
    return tmp_path


def test_what_is_as_it_was_saved_passes(folder: Path) -> None:
    assert is_sealed(folder)
    check_seal(folder)
    seal(folder)
    check_seal(folder, weights_only=True)


def test_every_file_that_differs_is_named(folder: Path) -> None:
    (folder / "adapter_model.safetensors").write_bytes(b"other")
    (folder / "state" / "rank0.distcp").unlink()
    (folder / "model.py").write_text("import os", encoding="utf-8")
    with pytest.raises(ModelError) as problem:
        check_seal(folder)
    said = str(problem.value)
    assert "adapter_model.safetensors was changed, model.py was added, state/rank0.distcp is gone" in said
    assert "\n" not in said


def test_opening_asks_about_what_it_reads_only(folder: Path) -> None:
    (folder / "optimizer.pt").write_bytes(b"other")
    (folder / "README.md").write_text("mine", encoding="utf-8")
    check_seal(folder, weights_only=True)
    with pytest.raises(ModelError, match=r"README\.md was added, optimizer\.pt was changed"):
        check_seal(folder)


@pytest.mark.parametrize("content", ["", "[1]", '{"a'])
def test_a_seal_that_cannot_be_read_vouches_for_nothing(folder: Path, content: str) -> None:
    (folder / SEAL_FILE).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match="nobody knows whether it is whole"):
        check_seal(folder)


def test_a_folder_without_a_seal_is_not_whole(tmp_path: Path) -> None:
    assert not is_sealed(tmp_path)

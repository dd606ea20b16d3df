"""Vectors by content: read once by the encoder, kept over a restart, never wrong when the file is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from diaforge_core.catalog import vector_cache
from diaforge_core.catalog.embedding import MAX_CHARACTERS, embed
from diaforge_core.catalog.vector_cache import VectorCache

TEXTS = ["delete a customer", "book a room", "delete a customer", ""]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that the encoder reads from here on."""
    seen: list[str] = []

    def counted(texts: Sequence[str]) -> np.ndarray:
        seen.extend(texts)
        return embed(texts)

    monkeypatch.setattr(vector_cache, "embed", counted)
    return seen


def test_kept_vectors_are_those_of_the_encoder(tmp_path: Path):
    cache = VectorCache(tmp_path / "cache")
    assert (cache.embed(TEXTS) == embed(TEXTS)).all()
    assert (cache.embed(TEXTS[::-1]) == embed(TEXTS[::-1])).all()


def test_a_text_is_read_once_and_again_only_when_it_changes(tmp_path: Path, read: list[str]):
    cache = VectorCache(tmp_path)
    cache.embed(TEXTS)
    cache.embed(["book a room", "book a bigger room"])
    assert read == ["delete a customer", "book a room", "", "book a bigger room"]


def test_a_restart_finds_what_was_kept(tmp_path: Path, read: list[str]):
    VectorCache(tmp_path).embed(TEXTS)
    read.clear()
    assert (VectorCache(tmp_path).embed(TEXTS) == embed(TEXTS)).all()
    assert read == []


def test_texts_that_differ_only_where_the_encoder_does_not_read_share_a_vector(tmp_path: Path, read: list[str]):
    VectorCache(tmp_path).embed(["a" * MAX_CHARACTERS, "a" * MAX_CHARACTERS + " more"])
    assert len(read) == 1


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"PK\x03\x04 cut short"])
def test_a_damaged_file_costs_time_only(tmp_path: Path, damage: bytes):
    VectorCache(tmp_path).embed(TEXTS)
    (file,) = tmp_path.glob("*.npz")
    file.write_bytes(damage)
    assert (VectorCache(tmp_path).embed(TEXTS) == embed(TEXTS)).all()


def test_the_file_of_another_encoder_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]):
    VectorCache(tmp_path).embed(TEXTS)
    read.clear()
    monkeypatch.setattr(vector_cache, "encoder_name", lambda: "another")
    VectorCache(tmp_path).embed(TEXTS)
    assert len(read) == 3
    assert len(list(tmp_path.glob("*.npz"))) == 2


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert (VectorCache(blocked).embed(TEXTS) == embed(TEXTS)).all()


def test_the_longest_unused_vectors_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]):
    monkeypatch.setattr(vector_cache, "MAX_ROWS", 2)
    cache = VectorCache(tmp_path)
    for texts in (["one"], ["two"], ["one", "three"]):
        cache.embed(texts)
    read.clear()
    VectorCache(tmp_path).embed(["one", "three"])
    assert read == []
    VectorCache(tmp_path).embed(["two"])
    assert read == ["two"]

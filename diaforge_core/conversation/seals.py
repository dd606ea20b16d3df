"""Whether saved weights are still what was saved: a folder's files by name and digest, written last."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from ..errors import ModelError

SEAL_FILE = "seal.json"
READ = (".safetensors", ".json", ".jinja", ".model")
"""Endings of the files that opening a model reads."""


def seal(folder: Path) -> None:
    """Note the digest of every file in the folder; a folder that was not saved whole has no seal."""
    digests = {name: _digest(folder / name) for name in _names(folder)}
    partial = folder / f".{SEAL_FILE}"
    with partial.open("w", encoding="utf-8") as file:
        json.dump(digests, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(folder / SEAL_FILE)


def is_sealed(folder: Path) -> bool:
    """Whether the folder was saved whole."""
    return (folder / SEAL_FILE).is_file()


def sealed_weights(folder: Path) -> dict[str, str]:
    """Digest of each file of weights as it was sealed; empty for a folder without a readable seal."""
    try:
        return {name: digest for name, digest in _noted(folder).items() if name.endswith(".safetensors")}
    except (OSError, ValueError, AttributeError):
        return {}


def check_seal(folder: Path, *, weights_only: bool = False) -> None:
    """ModelError that names every file that is not as it was sealed.

    With `weights_only` it asks about nothing but what opening a model reads.
    """
    try:
        expected = _noted(folder)
    except (OSError, ValueError, AttributeError) as problem:
        raise ModelError(f"{folder} has no readable {SEAL_FILE}, so nobody knows whether it is whole.") from problem
    names = {*expected, *_names(folder)}
    asked = sorted(name for name in names if name.endswith(READ) or not weights_only)
    wrong = [f"{name} {why}" for name in asked if (why := _fault(folder / name, expected.get(name)))]
    if wrong:
        raise ModelError(
            f"The weights in {folder} are not as they were saved: {', '.join(wrong)}. They are not opened."
        )


def _noted(folder: Path) -> dict[str, str]:
    """Digest of each file by its name, as the seal has them; OSError, ValueError or AttributeError without one."""
    noted = json.loads((folder / SEAL_FILE).read_text(encoding="utf-8"))
    return {str(name): str(digest) for name, digest in noted.items()}


def _fault(file: Path, digest: str | None) -> str:
    if digest is None:
        return "was added"
    if not file.is_file():
        return "is gone"
    return "" if _digest(file) == digest else "was changed"


def _names(folder: Path) -> list[str]:
    """Files of the folder by their path inside it."""
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return sorted(name for name in found if name not in (SEAL_FILE, f".{SEAL_FILE}"))


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

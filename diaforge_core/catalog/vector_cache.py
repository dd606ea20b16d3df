"""Sentence vectors kept by content, so that a text is embedded once, whatever catalog or version it stands in."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..records.base import content_id
from .embedding import embed, encoder_name, told

MAX_ROWS = 120_000
"""Vectors kept on disk, 123 MB at 256 wide: four catalogs of the largest size; the longest unused go first."""
_DIGEST = 16


class VectorCache:
    """The vectors of one folder: one file for each encoder, replaced as a whole, safe to delete at any time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._encoder = ""
        self._rows: dict[bytes, NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """As `embedding.embed`, but only texts that are not kept yet are read by the encoder."""
        if not texts:
            return embed(texts)
        keys = [_digest(text) for text in texts]
        with self._lock:
            self._open(encoder_name())
            fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._rows}
            if fresh:
                self._rows.update(zip(fresh, embed(list(fresh.values())), strict=True))
                self._keep_newest(keys)
                self._save()
            return np.stack([self._rows[key] for key in keys])

    def _open(self, encoder: str) -> None:
        if encoder != self._encoder:
            self._encoder, self._rows = encoder, _read(self._file(encoder), encoder)

    def _file(self, encoder: str) -> Path:
        return self._folder / f"vectors-{content_id(encoder)}.npz"

    def _keep_newest(self, used: Sequence[bytes]) -> None:
        """Moves what is used to the end and forgets from the front; nothing that is used is forgotten."""
        for key in dict.fromkeys(used):
            self._rows[key] = self._rows.pop(key)
        surplus = min(len(self._rows) - MAX_ROWS, len(self._rows) - len(set(used)))
        for key in list(self._rows)[: max(0, surplus)]:
            del self._rows[key]

    def _save(self) -> None:
        """Writes all rows; a folder that cannot be written costs speed, not the result."""
        file = self._file(self._encoder)
        part = file.with_name(f"{file.stem}.{os.getpid()}.part")
        keys = np.frombuffer(b"".join(self._rows), dtype=np.uint8).reshape(-1, _DIGEST)
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as stream:
                np.savez(
                    stream, encoder=np.array(self._encoder), keys=keys, vectors=np.stack(list(self._rows.values()))
                )
            part.replace(file)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(told(text).encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()


def _read(file: Path, encoder: str) -> dict[bytes, NDArray[np.float32]]:
    """What the file holds for this encoder; nothing if it is missing, damaged or of another one."""
    try:
        with np.load(file, allow_pickle=False) as held:
            if str(held["encoder"]) != encoder:
                return {}
            keys, vectors = held["keys"], held["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    if vectors.dtype != np.float32 or vectors.ndim != 2 or keys.shape != (len(vectors), _DIGEST):
        return {}
    return {key.tobytes(): row for key, row in zip(keys, vectors, strict=True)}

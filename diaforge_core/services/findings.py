"""What is found out about a large catalog: worked out once in a process of its own, then kept in a file.

Half a minute of work in the app's own process would hold up every key that somebody types meanwhile. A file is named
by the version it is about, the encoder and the code that made it, so it is never out of date and is safe to delete.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ..catalog.ambiguity import FLOOR, NEAREST, Ambiguity, ambiguity
from ..catalog.closeness import Closeness
from ..catalog.duplicates import DuplicateGroup, duplicate_groups
from ..catalog.embedding import encoder_name
from ..catalog.mining import Mined, Pairs, mine
from ..catalog.suspicion import Suspicion, suspicions
from ..catalog.vector_cache import VectorCache
from ..records.base import content_id
from ..records.tool import Catalog

LARGE = 4_000
"""Tools from which on a process of its own pays; below, it takes longer to start than the work."""
MOST_FILES = 24
"""Files kept in the folder, some 60 MB for each of the largest catalogs; the longest unused go first."""
LAST_WORDS = 2_000
"""Bytes of a failed process's output that are shown."""
AMBIGUITY, DUPLICATES, SUSPICIONS = "ambiguity", "duplicates", "suspicions"
_KINDS: dict[str, TypeAdapter[Any]] = {
    AMBIGUITY: TypeAdapter(Ambiguity),
    DUPLICATES: TypeAdapter(tuple[DuplicateGroup, ...]),
    SUSPICIONS: TypeAdapter(dict[str, tuple[Suspicion, ...]]),
}


def suspicious(catalog: Catalog) -> dict[str, tuple[Suspicion, ...]]:
    """Tool → what in its text a person should look at; tools without any are left out."""
    found = ((tool.name, suspicions(tool)) for tool in catalog.tools)
    return {name: suspected for name, suspected in found if suspected}


class Findings:
    """The findings kept in one folder."""

    def __init__(self, folder: Path, made_by: str = "") -> None:
        self._folder = folder
        self._told = made_by

    def of(self, kind: str, catalog: Catalog) -> Any:
        """The finding of this kind (`AMBIGUITY` at the usual floor, `DUPLICATES`, `SUSPICIONS`).

        It is worked out first where no file holds it. RuntimeError with what the process said if that fails.
        """
        kept = self._read(kind, catalog.version)
        if kept is None:
            self._work_out(kind, catalog)
            kept = self._read(kind, catalog.version)
        return _found(kind, catalog, self)[0] if kept is None else kept

    def mined(self, catalog: Catalog, vectors: VectorCache) -> Mined | None:
        """What was mined of this version, None if no file holds it."""
        file = self._file("mined", catalog.version, "npz")
        ordered = sorted(catalog.tools, key=lambda tool: tool.name)
        try:
            with np.load(file, allow_pickle=False) as held:
                near, near_steps, floor = held["near"], held["near_steps"], int(held["floor"])
                pairs = Pairs(held["one"], held["other"], held["steps"], floor)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if near.shape != near_steps.shape or len(near) != len(ordered):
            return None
        listed = tuple(tool.name for tool in catalog.tools)
        return Mined(NEAREST, Closeness(ordered, vectors), listed, near, near_steps, pairs)

    def keep_mined(self, version: str, mined: Mined) -> None:
        """Write what was mined of this version."""
        pairs = mined.held
        arrays = {"near": mined.near, "near_steps": mined.near_steps, "floor": np.array(pairs.floor)}
        arrays |= {"one": pairs.one, "other": pairs.other, "steps": pairs.steps}
        self._write(self._file("mined", version, "npz"), lambda stream: np.savez(stream, **arrays))

    def keep(self, kind: str, version: str, value: Any) -> None:
        """Write a finding of this version."""
        body = _KINDS[kind].dump_json(value)
        self._write(self._file(kind, version, "json"), lambda stream: stream.write(body))

    def _work_out(self, kind: str, catalog: Catalog) -> None:
        """Have another process write the file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder) as told, tempfile.TemporaryFile(dir=self._folder) as said:
            told.write(catalog.model_dump_json().encode("utf-8", "surrogatepass"))
            told.seek(0)
            argv = [sys.executable, "-m", "diaforge_core.services.findings"]
            argv += [kind, str(self._folder.resolve()), self._made_by()]
            done = subprocess.run(argv, stdin=told, stdout=said, stderr=said, cwd=_ROOT, check=False)
            if done.returncode:
                said.seek(0)
                words = said.read()[-LAST_WORDS:].decode("utf-8", "replace")
                raise RuntimeError(f"finding the {kind} of '{catalog.name}' failed ({done.returncode}):\n{words}")

    def _read(self, kind: str, version: str) -> Any:
        file = self._file(kind, version, "json")
        try:
            found = _KINDS[kind].validate_json(file.read_bytes())
        except (OSError, ValidationError):
            return None
        with contextlib.suppress(OSError):
            os.utime(file)
        return found

    def _write(self, file: Path, write: Callable[[Any], object]) -> None:
        """The file as a whole or not at all; a folder that cannot be written costs speed, not the result."""
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as stream:
                write(stream)
            part.replace(file)
            kept = sorted(self._folder.glob("found-*"), key=lambda each: each.stat().st_mtime)
            for old in kept[:-MOST_FILES]:
                old.unlink(missing_ok=True)

    def _file(self, kind: str, version: str, ending: str) -> Path:
        return self._folder / f"found-{kind}-{version}-{self._made_by()}.{ending}"

    def _made_by(self) -> str:
        """A name for the encoder and the code; the other process is told it, so that both speak of one file."""
        return self._told or content_id(encoder_name(), _code())


_ROOT = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=1)
def _code() -> str:
    """A name for the code that finds: other code may find otherwise."""
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(Path(__file__).resolve().parents[1].glob("catalog/*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _found(kind: str, catalog: Catalog, findings: Findings) -> tuple[Any, Mined | None]:
    """The finding itself, and what was mined for it."""
    if kind == DUPLICATES:
        return duplicate_groups(catalog.tools), None
    if kind == SUSPICIONS:
        return suspicious(catalog), None
    vectors = VectorCache(findings._folder)
    mined = findings.mined(catalog, vectors) or mine(catalog.tools, NEAREST, None, vectors)
    return ambiguity(catalog, FLOOR, mined=mined), mined


def main(kind: str, folder: Path, made_by: str) -> None:
    """Work out one finding of the catalog on stdin, and keep it."""
    with contextlib.suppress(OSError):
        os.nice(10)  # whoever is typing in the app comes first
    findings = Findings(folder, made_by)
    catalog = Catalog.model_validate_json(sys.stdin.buffer.read())
    value, mined = _found(kind, catalog, findings)
    if mined is not None:
        findings.keep_mined(catalog.version, mined)
    findings.keep(kind, catalog.version, value)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])

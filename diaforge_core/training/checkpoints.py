"""Checkpoints of a run: which is the newest whole one, and how good each was found."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..conversation.seals import is_sealed
from ..errors import DataError

_NO_ROOM = ("no space left", "quota exceeded", "file too large", "failed writing file", "unexpected pos")
"""How the writers of safetensors and torch say what the system told them."""


def newest_checkpoint(checkpoints: Path) -> Path | None:
    """The latest checkpoint that was saved whole; None if there is none. What lacks its seal is left out."""
    found = [(int(number), folder) for folder, number in _numbered(checkpoints) if is_sealed(folder)]
    return max(found)[1] if found else None


def _numbered(checkpoints: Path) -> Iterator[tuple[Path, str]]:
    for folder in checkpoints.glob("checkpoint-*"):
        number = folder.name.removeprefix("checkpoint-")
        if number.isdecimal():
            yield folder, number


@contextlib.contextmanager
def saving(folder: Path) -> Iterator[None]:
    """DataError if the disk has no room for what is saved here; what was half written is taken away again."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as problem:
        if not _is_about_room(problem):
            raise
        shutil.rmtree(folder, ignore_errors=True)
        raise DataError(
            f"{folder} could not be written: the disk is full. Earlier checkpoints are whole. Make room there and "
            "resume the run."
        ) from problem


def write_note(file: Path, value: Any) -> None:
    """Writes the value as JSON: a later start sees the old file or the new one. DataError if the disk is full."""
    partial = file.with_suffix(".partial")
    with saving(file):
        try:
            partial.write_text(json.dumps(value, indent=1), encoding="utf-8")
            os.replace(partial, file)
        finally:
            partial.unlink(missing_ok=True)


def save_beside(folder: Path, save: Callable[[Path], None], *, swaps: bool = True) -> None:
    """What `save` writes takes the place of the folder once it is whole; only one process `swaps`.

    DataError if the disk is full, and the folder is as it was.
    """
    fresh, old = (folder.with_name(f".{folder.name}-{age}") for age in ("new", "old"))
    if swaps:
        shutil.rmtree(fresh, ignore_errors=True)
    with saving(fresh):
        save(fresh)
    if swaps:
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def _is_about_room(problem: BaseException) -> bool:
    if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return any(words in str(problem).lower() for words in _NO_ROOM)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good the weights at a step are on the validation part."""

    step: int
    eval_loss: float | None = None
    """Mean loss per target token of the held-out dialogues; None if there are none."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """acc, ftr and tar of the conversations played; empty if none were."""

    @property
    def rank(self) -> tuple[float, ...]:
        """The higher the better: accuracy, few wrong calls, few abstentions, a low loss; else the loss alone."""
        loss = -math.inf if self.eval_loss is None else -self.eval_loss
        if "acc" in self.scores:
            return (self.scores["acc"], -self.scores.get("ftr", math.inf), -self.scores.get("tar", math.inf), loss)
        return (loss,)


class Evaluations:
    """All evaluations of a run so far, kept beside its checkpoints so that a resume knows them."""

    def __init__(self, out: Path) -> None:
        self._file = out / "evaluations.json"
        self.all: list[Evaluation] = []

    def load(self, up_to: int) -> None:
        """Those of an earlier start, up to the step that it goes on from."""
        if self._file.is_file():
            kept = (Evaluation(**one) for one in json.loads(self._file.read_text(encoding="utf-8")))
            self.all = [one for one in kept if one.step <= up_to]

    def add(self, found: Evaluation) -> None:
        self.all.append(found)
        write_note(self._file, [asdict(one) for one in self.all])

    @property
    def best(self) -> Evaluation | None:
        """The best so far, the earliest of equals; None before the first."""
        return max(self.all, key=lambda one: one.rank, default=None)

    def since_best(self) -> int:
        """Evaluations after the best one."""
        return len(self.all) - 1 - self.all.index(self.best) if self.best else 0

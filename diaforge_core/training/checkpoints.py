"""Checkpoints of a run: which is the newest whole one, which stay, and how good each was found."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..conversation.seals import SEAL_FILE, check_seal, is_sealed
from ..errors import DataError, ModelError

_NO_ROOM = ("no space left", "quota exceeded", "file too large", "failed writing file", "unexpected pos")
"""How the writers of safetensors and torch say what the system told them."""
NEWEST = 2
"""Checkpoints that stay whatever they are worth: the newest, and one more in case that one breaks."""


class BrokenCheckpoint(ModelError):
    """The newest checkpoint of a run is not as it was saved."""

    def __init__(self, problem: ModelError, step: int, whole: int) -> None:
        rest = f"The newest whole checkpoint is that of step {whole}." if whole else "No earlier one is whole."
        super().__init__(f"{problem} {rest}")
        self.step = step
        """Of the broken one."""
        self.whole = whole
        """Step of the newest whole one; 0 if there is none."""


def newest_checkpoint(checkpoints: Path) -> Path | None:
    """The latest checkpoint that was saved whole; None if there is none. What lacks its seal is left out."""
    found = _sealed(checkpoints)
    return found[max(found)] if found else None


def checkpoint_to_resume(checkpoints: Path) -> Path | None:
    """`newest_checkpoint`, every file of it read; BrokenCheckpoint if it is not as it was saved."""
    newest = newest_checkpoint(checkpoints)
    if newest is not None:
        try:
            check_seal(newest)
        except ModelError as problem:
            raise BrokenCheckpoint(problem, step_of(newest), newest_whole_step(checkpoints)) from problem
    return newest


def newest_whole_step(checkpoints: Path) -> int:
    """The step of the latest checkpoint that is as it was saved; 0 if none is. Every file of those after it is read."""
    for step, folder in sorted(_sealed(checkpoints).items(), reverse=True):
        with contextlib.suppress(ModelError):
            check_seal(folder)
            return step
    return 0


def forget_after(checkpoints: Path, step: int) -> None:
    """Deletes the checkpoints of later steps."""
    for later, folder in _numbered(checkpoints).items():
        if later > step:
            _delete(folder)


def tidy(checkpoints: Path, stay: Collection[int] = ()) -> None:
    """Deletes what stands before the newest whole checkpoints and is of none of the steps that are to `stay`."""
    newest = sorted(_sealed(checkpoints))[-NEWEST:]
    for step, folder in _numbered(checkpoints).items():
        if newest and step < newest[-1] and step not in newest and step not in stay:
            _delete(folder)


def step_of(checkpoint: Path) -> int:
    """The step that a folder of weights is named after."""
    return int(checkpoint.name.rpartition("-")[2])


def _delete(checkpoint: Path) -> None:
    """Its seal goes first, so that a kill leaves nothing that looks whole."""
    (checkpoint / SEAL_FILE).unlink(missing_ok=True)
    shutil.rmtree(checkpoint, ignore_errors=True)


def _sealed(checkpoints: Path) -> dict[int, Path]:
    return {step: folder for step, folder in _numbered(checkpoints).items() if is_sealed(folder)}


def _numbered(checkpoints: Path) -> dict[int, Path]:
    """Step → its folder."""
    found = checkpoints.glob("checkpoint-*")
    return {step_of(folder): folder for folder in found if folder.name.removeprefix("checkpoint-").isdecimal()}


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

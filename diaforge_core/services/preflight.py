"""What a training run will need, measured before it starts, and the smallest change that makes it fit."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..records.base import content_id
from ..store.run_folder import replace_file
from ..training.checkpoints import NEWEST
from ..training.choices import TrainingChoices
from ..training.estimate import steps_between, steps_of
from ..training.preflight import Measured, host_memory
from .jobs import needs_slot
from .model_tasks import run_model_task
from .training import TrainRecipe

if TYPE_CHECKING:
    from .workspace import Workspace

MEASURING_SECONDS = 1800.0
ROOM = 0.95
"""Share of what is free that a run may take: allocators leave gaps, and a peak differs a little from run to run."""
ROW_STEP = 128
"""Rows are proposed in multiples of this many tokens."""
_DECIDES = (
    "stage", "loss_mask", "keep_thoughts", "without_thoughts", "reduction", "batch_size", "row_tokens", "layout",
    "too_long", "max_tokens", "full", "lora_rank", "lora_targets", "precision", "processes", "rendering", "unverified",
)  # fmt: skip
"""What of a recipe decides over memory and pace, besides model and data."""
_CARDS = Path("/proc/driver/nvidia/gpus")


@dataclass(frozen=True, slots=True)
class Preflight:
    """What one recipe needs, as far as it was measured."""

    measured: Measured
    steps: int
    """Optimiser steps of the whole run."""
    seconds: float
    """Wall-clock time of the whole run, without the conversations that it plays meanwhile."""
    free: int
    """Bytes that are free for the run: now, on a GPU when it was measured."""
    disk_needs: int
    """Bytes that the run's weights take on disk at the most."""
    disk_free: int
    """Bytes that are free there now."""

    @property
    def needs(self) -> int:
        """Peak in bytes."""
        return self.measured.peak_at(self.measured.fullest)

    @property
    def fits(self) -> bool:
        return self.measured.was_tried and self.needs <= self.room

    @property
    def fits_disk(self) -> bool:
        return self.disk_needs <= ROOM * self.disk_free

    @property
    def room(self) -> int:
        """Bytes that the run may take."""
        return round(ROOM * self.free)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a recipe that makes it fit."""

    words: str
    """What changes and what that costs."""
    fields: dict[str, Any] = field(default_factory=dict)
    """Fields of the recipe with their new values."""
    leave_out: tuple[str, ...] = ()
    """Ids of dialogues to leave out."""
    needs: int = 0
    """Peak in bytes that the changed run needs."""


class Preflights:
    """Measuring of one workspace's training runs, kept until data, model, choices or machine change."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def known(self, recipe: TrainRecipe) -> Preflight | None:
        """What was measured of this recipe before; None if nothing was. DataError, ModelError as from `measure`."""
        file = self._file(recipe)
        if not file.is_file():
            return None
        return _preflight(recipe, Measured.model_validate_json(file.read_bytes()), self._workspace.folder)

    def measure(self, recipe: TrainRecipe, *, again: bool = False) -> Preflight:
        """What the recipe needs; a process of its own takes a minute or a few to begin the run and drop it.

        What was measured before is taken, unless `again`. DataError for a dataset without a kept dialogue, or as from
        the run itself; ModelError likewise.
        """
        found = None if again else self.known(recipe)
        if found is not None:
            return found
        self._check_free()
        file = self._file(recipe)
        dialogues = self._workspace.training.dialogues(recipe)
        if not dialogues:
            raise DataError(f"Dataset '{recipe.dataset}' has no kept dialogue to train on.")
        pairs = self._workspace.training.pairs(recipe, dialogues) if recipe.stage == "preference" else []
        read = [pair.chosen for pair in pairs] or dialogues
        answer = run_model_task(
            "preflight",
            {
                "model": self._workspace.models.resolve(recipe.model),
                "models_dir": str(self._workspace.models_dir),
                "choices": {name: getattr(recipe, name) for name in TrainingChoices.model_fields},
                "catalog": self._workspace.catalogs.of_dialogues(read).model_dump(mode="json"),
                "dialogues": [] if pairs else [dialogue.model_dump(mode="json") for dialogue in dialogues],
                "pairs": [pair.model_dump(mode="json") for pair in pairs],
                "plays": _plays(recipe),
            },
            MEASURING_SECONDS,
        )
        measured = Measured.model_validate(answer)
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, measured.model_dump_json().encode())
        return _preflight(recipe, measured, self._workspace.folder)

    def pair_steps(self, recipe: TrainRecipe) -> tuple[int, int]:
        """Pairs that the preference stage learns from, and its optimiser steps; it may take seconds.

        DataError as from the run.
        """
        pairs = self._workspace.training.pairs(recipe, self._workspace.datasets.load(recipe.dataset))
        return len(pairs), planned_steps(len(pairs), recipe)

    def change_that_fits(self, recipe: TrainRecipe, room: int | None = None) -> Change | None:
        """The change that takes the least away and needs at most `room` bytes, measured; None if none does.

        In this order: shorter rows or fewer pairs a step, half precision, an adapter instead of all weights, the
        longest dialogues left out.
        `room` is by default what is free.
        """
        found = self.measure(recipe)
        room = found.room if room is None else room
        for change in self._changes(recipe, found.measured, room):
            if change.leave_out:
                return change
            changed = self.measure(TrainRecipe.model_validate(recipe.model_dump() | change.fields))
            if changed.measured.was_tried and changed.needs <= room:
                return Change(change.words, change.fields, needs=changed.needs)
        return None

    def _changes(self, recipe: TrainRecipe, measured: Measured, room: int) -> Iterator[Change]:
        """What may help, the smallest change first; some of it is yet to be measured."""
        if recipe.stage == "preference":
            yield from _fewer_pairs(recipe, measured, room)
            yield from _lighter(recipe, {"batch_size": 1})
            return
        shortest = -(-measured.longest // ROW_STEP) * ROW_STEP
        for tokens in range(measured.row_tokens - ROW_STEP, shortest - 1, -ROW_STEP):
            if measured.peak_at(tokens) <= room:
                words = (
                    f"Rows of {tokens:,} tokens instead of {measured.row_tokens:,}: the same result, a little slower"
                )
                yield Change(words, {"row_tokens": tokens})
                break
        yield from _lighter(recipe, {"row_tokens": shortest} if shortest < measured.row_tokens else {})
        yield from self._without_longest(recipe, measured, room)

    def _without_longest(self, recipe: TrainRecipe, measured: Measured, room: int) -> Iterator[Change]:
        """The fewest of the longest dialogues left out, and rows no longer than what remains."""
        ids = [dialogue.id for dialogue in self._workspace.datasets.load(recipe.dataset)]
        if len(ids) != len(measured.sizes):
            return
        longest_first = sorted(range(len(ids)), key=lambda place: -measured.sizes[place])
        for count in range(1, len(ids)):
            tokens = measured.sizes[longest_first[count]]
            if measured.peak_at(tokens) <= room:
                out = tuple(ids[place] for place in longest_first[:count])
                words = (
                    f"Leave out the {count:,} longest of {len(ids):,} dialogues"
                    if count > 1
                    else (f"Leave out the longest of {len(ids):,} dialogues")
                )
                yield Change(words, {"row_tokens": tokens}, out, measured.peak_at(tokens))
                return

    def leave_out(self, dataset: str, ids: tuple[str, ...]) -> str:
        """Name of a new dataset with the kept dialogues of this one but those; DataError if none remains."""
        kept = [dialogue for dialogue in self._workspace.datasets.load(dataset) if dialogue.id not in ids]
        if not kept:
            raise DataError(f"Dataset '{dataset}' would be empty without them.")
        taken = {info.name for info in self._workspace.datasets.names(archived=True)}
        stem = f"{dataset[:52]}-shorter"
        name = next(name for name in (stem, *(f"{stem} {number}" for number in range(2, 10_000))) if name not in taken)
        self._workspace.datasets.create(name, parent=dataset, catalog=self._workspace.datasets.only_catalog(kept))
        self._workspace.datasets.add(name, kept)
        return name

    def _check_free(self) -> None:
        """DataError while a run works on the device: what it holds would be counted as not there."""
        working = [run for run in self._workspace.jobs.unfinished() if run.state == "running"]
        busy = [run.name for run in working if needs_slot(run.config)]
        if busy:
            raise DataError(f"Run '{busy[0]}' is using the device. Measure when it is finished, or stop it first.")
        self._workspace.playground.yield_device()

    def _file(self, recipe: TrainRecipe) -> Path:
        decides = {name: getattr(recipe, name) for name in _DECIDES} | {"plays": _plays(recipe)}
        learned = [recipe.dataset, recipe.pairs, self._workspace.training.stamp(recipe)]
        asked = list(Measured.model_fields)
        key = content_id(learned, self._workspace.models.resolve(recipe.model), decides, _machine(), asked)
        return self._workspace.folder / "preflights" / f"{key}.json"


def planned_steps(learned: int, recipe: TrainRecipe) -> int:
    """Optimiser steps of a run over so many dialogues, or pairs."""
    return steps_of(learned, recipe.epochs, recipe.batch_size, recipe.max_steps)


def _fewer_pairs(recipe: TrainRecipe, measured: Measured, room: int) -> Iterator[Change]:
    """Half the pairs a step, and half of that, down to one: those that may need no more than `room`."""
    longest_first = sorted(measured.sizes, reverse=True)
    pairs = recipe.batch_size // 2
    while pairs:
        if len(measured.peaks) < 2 or measured.peak_at(sum(longest_first[:pairs])) <= room:
            words = f"{pairs:,} pairs a step instead of {recipe.batch_size:,}: more steps, each on less"
            yield Change(words, {"batch_size": pairs})
        pairs //= 2


def _lighter(recipe: TrainRecipe, smaller: dict[str, Any]) -> Iterator[Change]:
    """Less memory for the weights themselves; `smaller` are fields that change with it."""
    if recipe.precision != "bfloat16":
        words = "Half precision (bfloat16): less exact, usually as good"
        yield Change(words, {"precision": "bfloat16"} | smaller)
    if recipe.full:
        words = "An adapter (LoRA) instead of all weights: less is learned, usually enough"
        yield Change(words, {"full": False} | smaller)


def _on_disk(recipe: TrainRecipe, measured: Measured, steps: int) -> int:
    """Bytes at the most: the checkpoints that stay, and beside them the next one or the weights at the end."""
    saved = math.ceil(steps / steps_between(steps, recipe.checkpoint_every))
    saved += steps // recipe.evaluate_every if recipe.evaluate_every else 0
    stay = min(saved, NEWEST + bool(recipe.validation))
    each = measured.weight_bytes + measured.optimizer_bytes
    return stay * each + (each if saved > stay else measured.weight_bytes)


def _plays(recipe: TrainRecipe) -> bool:
    return bool(recipe.validation and recipe.watch)


def _preflight(recipe: TrainRecipe, measured: Measured, folder: Path) -> Preflight:
    count = len(measured.sizes)
    steps = planned_steps(count, recipe)
    epochs = steps / steps_of(count, 1, recipe.batch_size)
    seconds = measured.start_seconds + epochs * measured.tokens * measured.seconds_per_token
    # The app asks no GPU: only what trains loads its driver.
    free = measured.free_bytes if measured.device.startswith("cuda") else host_memory()[1]
    disk = _on_disk(recipe, measured, steps)
    return Preflight(measured, steps, seconds, free, disk, shutil.disk_usage(folder).free)


def _machine() -> list[str]:
    """What of this machine decides over device and memory, as far as is seen without torch."""
    cards = [line for file in sorted(_CARDS.glob("*/information")) for line in file.read_text().splitlines()]
    models = [line for line in cards if line.startswith("Model")]
    torch = [found.version for found in distributions(name="torch")]
    return [*torch, os.environ.get("CUDA_VISIBLE_DEVICES", ""), str(host_memory()[0]), *models]

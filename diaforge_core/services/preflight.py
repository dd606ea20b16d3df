"""What a training run will need, measured before it starts, and the smallest change that makes it fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from ..records.base import content_id
from ..store.run_folder import replace_file
from ..training.choices import TrainingChoices
from ..training.estimate import steps_of
from ..training.preflight import Measured
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
    "stage", "loss_mask", "keep_thoughts", "reduction", "batch_size", "row_tokens", "too_long", "full", "lora_rank",
    "lora_targets", "precision", "processes", "rendering",
)  # fmt: skip
"""What of a recipe decides over memory and pace, besides model and data."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What one recipe needs, as far as it was measured."""

    measured: Measured
    steps: int
    """Optimiser steps of the whole run."""
    seconds: float
    """Wall-clock time of the whole run, without the conversations that it plays meanwhile."""

    @property
    def needs(self) -> int:
        """Peak in bytes."""
        return self.measured.peak_at(self.measured.fullest)

    @property
    def fits(self) -> bool:
        return self.measured.was_tried and self.needs <= ROOM * self.measured.free_bytes

    @property
    def room(self) -> int:
        """Bytes that the run may take."""
        return round(ROOM * self.measured.free_bytes)


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
    """Measuring of one workspace's training runs; what was measured is kept until data, model or choices change."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def known(self, recipe: TrainRecipe) -> Preflight | None:
        """What was measured of this recipe before; None if nothing was. DataError, ModelError as from `measure`."""
        file = self._file(recipe)
        if not file.is_file():
            return None
        return _preflight(recipe, Measured.model_validate_json(file.read_bytes()))

    def measure(self, recipe: TrainRecipe) -> Preflight:
        """What the recipe needs; a process of its own takes a minute or a few to begin the run and drop it.

        DataError for a dataset without a kept dialogue, or as from the run itself; ModelError likewise.
        """
        found = self.known(recipe)
        if found is not None:
            return found
        self._check_free()
        file = self._file(recipe)
        dialogues = self._workspace.datasets.load(recipe.dataset)
        if not dialogues:
            raise DataError(f"Dataset '{recipe.dataset}' has no kept dialogue to train on.")
        first = dialogues[0].scenario
        answer = run_model_task(
            "preflight",
            {
                "model": self._workspace.models.resolve(recipe.model),
                "models_dir": str(self._workspace.models_dir),
                "choices": {name: getattr(recipe, name) for name in TrainingChoices.model_fields},
                "catalog": self._workspace.catalogs.find(first.catalog, first.catalog_version).model_dump(mode="json"),
                "dialogues": [dialogue.model_dump(mode="json") for dialogue in dialogues],
                "plays": _plays(recipe),
            },
            MEASURING_SECONDS,
        )
        measured = Measured.model_validate(answer)
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, measured.model_dump_json().encode())
        return _preflight(recipe, measured)

    def change_that_fits(self, recipe: TrainRecipe, room: int | None = None) -> Change | None:
        """The change that takes the least away and needs at most `room` bytes, measured; None if none does.

        In this order: shorter rows, half precision, an adapter instead of all weights, the longest dialogues left out.
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
        shortest = -(-measured.longest // ROW_STEP) * ROW_STEP
        for tokens in range(measured.row_tokens - ROW_STEP, shortest - 1, -ROW_STEP):
            if measured.peak_at(tokens) <= room:
                words = (
                    f"Rows of {tokens:,} tokens instead of {measured.row_tokens:,}: the same result, a little slower"
                )
                yield Change(words, {"row_tokens": tokens})
                break
        smaller = {"row_tokens": shortest} if shortest < measured.row_tokens else {}
        if recipe.precision != "bfloat16":
            words = "Half precision (bfloat16): less exact, usually as good"
            yield Change(words, {"precision": "bfloat16"} | smaller)
        if recipe.full:
            words = "An adapter (LoRA) instead of all weights: less is learned, usually enough"
            yield Change(words, {"full": False} | smaller)
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
        first = kept[0].scenario
        catalog = self._workspace.catalogs.find(first.catalog, first.catalog_version)
        self._workspace.datasets.create(name, parent=dataset, catalog=catalog)
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
        stamp = self._workspace.datasets.stamp(recipe.dataset)
        key = content_id(recipe.dataset, stamp, self._workspace.models.resolve(recipe.model), decides)
        return self._workspace.folder / "preflights" / f"{key}.json"


def _plays(recipe: TrainRecipe) -> bool:
    return bool(recipe.validation and recipe.watch)


def _preflight(recipe: TrainRecipe, measured: Measured) -> Preflight:
    count = len(measured.sizes)
    steps = steps_of(count, recipe.epochs, recipe.batch_size, recipe.max_steps)
    epochs = steps / steps_of(count, 1, recipe.batch_size)
    return Preflight(measured, steps, measured.start_seconds + epochs * measured.tokens * measured.seconds_per_token)

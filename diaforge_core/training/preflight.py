"""What a run needs, measured by beginning it: on its fullest row for the memory, on an ordinary one for the pace.

The preference stage has no rows: what is said of a row is there a batch of pairs.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil
from pydantic import Field

from ..conversation.local_model import LocalModel, best_device, load_tokenizer
from ..conversation.mishaps import is_no_memory
from ..conversation.room import host_memory
from ..errors import ModelError
from ..records.base import Record
from ..records.dialogue import Dialogue
from ..records.pair import Pair
from .batches import pack
from .choices import TrainingChoices
from .examples import Example
from .preference import EncodedPair
from .reporting import peak_memory_bytes
from .trainer import ToolCallingTrainer
from .work import ROW_TOKENS, Watch

P = TypeVar("P")

STEPS = 2
"""The state of the optimiser stands beside the activations from the second step on."""
ROWS = 3
"""Rows of a step that is tried: a whole batch of long dialogues would take long on a processor."""


class Measured(Record):
    """What a run was measured to need on this machine."""

    device: str
    """cuda, mps or cpu."""
    device_name: str = ""
    device_bytes: int = Field(ge=0)
    """Memory of the device in all."""
    free_bytes: int = Field(ge=0)
    """What of it was free for the run when it was measured."""
    peaks: tuple[tuple[int, int], ...]
    """Tokens of a row and the peak in bytes of steps on it, shortest row first: those that were tried and fitted."""
    fullest: int
    """Tokens of the fullest row that the run makes."""
    row_tokens: int
    """Most tokens of a row with more than one dialogue."""
    seconds_per_token: float = Field(gt=0)
    """Wall-clock, of a step on an ordinary row."""
    start_seconds: float = Field(ge=0)
    """From the start to the first step."""
    sizes: tuple[int, ...]
    """Tokens of every dialogue, or pair, that is trained on, in the dataset's order."""
    target_tokens: int
    """Tokens in the loss in one epoch."""
    longest_dialogue: str
    """Id of the longest dialogue."""
    left_out: int = 0
    """Dialogues, or pairs, that the model cannot read whole and that are left out by choice."""
    weight_bytes: int = Field(ge=0)
    """What the weights that are saved take on disk."""
    optimizer_bytes: int = Field(ge=0)
    """What the optimiser's state takes beside them in every checkpoint."""

    @property
    def tokens(self) -> int:
        """Tokens read in one epoch, each history once."""
        return sum(self.sizes)

    @property
    def longest(self) -> int:
        """Tokens of the longest dialogue in one pass, or of the longest pair."""
        return max(self.sizes)

    @property
    def was_tried(self) -> bool:
        """Whether the fullest row itself was tried; else its peak is reckoned from shorter rows."""
        return self.peaks[-1][0] >= self.fullest

    def peak_at(self, tokens: int) -> int:
        """Peak in bytes of a run whose fullest row has this many tokens, on the line between those measured."""
        points = self.peaks
        after = next((place for place, (size, _) in enumerate(points) if size >= tokens), len(points) - 1)
        (size_a, peak_a), (size_b, peak_b) = points[max(0, after - 1)], points[max(after, min(1, len(points) - 1))]
        if size_a == size_b:
            return peak_b
        return max(0, round(peak_a + (peak_b - peak_a) * (tokens - size_a) / (size_b - size_a)))


Piece = Example | EncodedPair
Given = Dialogue | Pair


@dataclass(frozen=True, slots=True)
class Load:
    """What a run learns from, and the parts of it that tell what it needs."""

    learned: Sequence[Piece]
    given: Mapping[str, Given]
    """By the id that the pieces name."""
    full: Sequence[Sequence[Piece]]
    """The rows that take the most memory, the fullest first."""
    usual: Sequence[Piece]
    """An ordinary row."""

    def trial(self, rows: Sequence[Sequence[Piece]]) -> tuple[int, list[Given]]:
        """Tokens of the fullest of these rows, and what they are made of."""
        return max(map(size_of, rows)), [self.given[piece.dialogue] for row in rows for piece in row]


def measure(
    trainer: ToolCallingTrainer,
    dialogues: Sequence[Dialogue],
    choices: TrainingChoices,
    *,
    pairs: Sequence[Pair] = (),
    plays: bool = False,
) -> Measured:
    """What a run of `trainer` over these dialogues, or pairs, needs; `plays` says that it plays scenarios meanwhile.

    Nothing is kept of the steps. Each row is tried in a process of its own, as memory once taken is not all given back;
    shorter rows only where the fullest does not fit, to reckon what would. DataError and ModelError as from the run.
    """
    device = trainer.device or best_device()
    name, in_all, free = device_memory(device)
    row_tokens = choices.row_tokens or ROW_TOKENS[device.split(":")[0]]
    by_pairs = choices.stage == "preference"
    load = load_of_pairs(trainer, pairs, choices) if by_pairs else load_of(trainer, dialogues, choices, row_tokens)
    small = [min(load.learned, key=lambda one: one.tokens)]

    def tried(*rows: Sequence[Sequence[Piece]]) -> list[Trial]:
        return in_a_process(trainer, list(map(load.trial, rows)), choices, device, plays)

    found = tried(load.full, [load.usual])
    fits = bool(found) and found[0].peak <= free
    # What comes second in a process stands on the first one's peak: it tells the pace only.
    trials = found[:1] if fits else [*tried([small]), *(found[:1] or tried([load.usual]))]
    if not trials:
        raise ModelError(
            f"Not even the shortest {'pair' if by_pairs else 'dialogue'} fits into memory. Take a smaller model, or "
            "train an adapter (LoRA)."
        )
    pace = (found or trials)[-1]
    return Measured(
        device=device,
        device_name=name,
        device_bytes=in_all,
        free_bytes=free,
        peaks=tuple(sorted({trial.tokens: trial.peak for trial in trials}.items())),
        fullest=max(map(size_of, load.full)),
        row_tokens=row_tokens,
        seconds_per_token=pace.seconds / pace.tokens,
        start_seconds=trials[0].start_seconds,
        sizes=tuple(one.tokens for one in load.learned),
        target_tokens=sum(one.target_tokens for one in load.learned),
        longest_dialogue=max(load.learned, key=lambda one: one.tokens).dialogue,
        left_out=len(load.given) - len(load.learned),
        weight_bytes=pace.weight_bytes,
        optimizer_bytes=pace.optimizer_bytes,
    )


def load_of(
    trainer: ToolCallingTrainer, dialogues: Sequence[Dialogue], choices: TrainingChoices, row_tokens: int
) -> Load:
    """What a run over these dialogues is tried on."""
    examples = trainer.examples(dialogues, load_tokenizer(trainer.folders.base), choices)
    full = fullest_rows(examples, row_tokens, choices.batch_size)
    usual = ordinary_row(examples, row_tokens, choices.batch_size)
    return Load(examples, {one.id: one for one in dialogues}, full, usual)


def load_of_pairs(trainer: ToolCallingTrainer, pairs: Sequence[Pair], choices: TrainingChoices) -> Load:
    """What a run over these pairs is tried on: a step reads a batch of them at once, all as long as its longest."""
    encoded = trainer.encoded_pairs(pairs, load_tokenizer(trainer.folders.base), choices)
    longest = sorted(encoded, key=lambda one: -one.longest_side)[: choices.batch_size]
    usual = spread(sorted(encoded, key=lambda one: one.longest_side), choices.batch_size)
    return Load(encoded, {one.chosen.id: one for one in pairs}, [longest], usual)


def size_of(row: Sequence[Piece]) -> int:
    """Tokens of a row."""
    return sum(one.tokens for one in row)


def fullest_rows(examples: Sequence[Example], row_tokens: int, batch_size: int) -> list[list[Example]]:
    """The first rows of a batch of the longest dialogues, the longest one in the first.

    Several, as the gradients of one row stand beside the activations of the next, and as memory falls to pieces.
    """
    return pack(sorted(examples, key=lambda one: -one.tokens)[:batch_size], row_tokens)[:ROWS]


def ordinary_row(examples: Sequence[Example], row_tokens: int, batch_size: int) -> list[Example]:
    """The middle row of a batch in which short and long dialogues stand as in the whole."""
    batch = spread(sorted(examples, key=lambda one: one.tokens), batch_size)
    rows = sorted(pack(batch, row_tokens), key=lambda row: sum(one.tokens for one in row))
    return rows[len(rows) // 2]


def spread(by_size: Sequence[P], count: int) -> list[P]:
    """At most `count` of them, short and long ones as in the whole."""
    count = min(count, len(by_size))
    return [by_size[(2 * place + 1) * len(by_size) // (2 * count)] for place in range(count)]


def device_memory(device: str) -> tuple[str, int, int]:
    """Name of the device, its memory in all, and what of it is free for a run; bytes."""
    if device.startswith("cuda"):
        import torch

        free, in_all = torch.cuda.mem_get_info()
        return torch.cuda.get_device_name(), in_all, free
    in_all, free = host_memory()
    return "", in_all, min(in_all, free + psutil.Process().memory_info().rss)


class _Seen(Exception):
    """The steps asked for are done: the run is to be dropped."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A few steps on one row."""

    tokens: int
    """Of its first row, the fullest."""
    peak: int
    """Bytes, of this row and those tried before it in the same process."""
    seconds: float
    """Wall-clock of the last step."""
    start_seconds: float
    """From the start of the process to the first step."""
    weight_bytes: int
    optimizer_bytes: int
    """What a checkpoint would take on disk."""


def in_a_process(
    trainer: ToolCallingTrainer,
    rows: Sequence[tuple[int, Sequence[Given]]],
    choices: TrainingChoices,
    device: str,
    plays: bool,
) -> list[Trial]:
    """Steps on rows of so many tokens, one after the other in a new process; empty where memory ran out."""
    alone = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    with alone:
        try:
            return alone.submit(_try_rows, trainer, rows, choices, device, plays, time.time()).result()
        except BrokenProcessPool:  # the system ends a process that takes more than there is
            return []


def _try_rows(
    trainer: ToolCallingTrainer,
    rows: Sequence[tuple[int, Sequence[Given]]],
    choices: TrainingChoices,
    device: str,
    plays: bool,
    began: float,
) -> list[Trial]:
    try:
        return [_try(trainer, tokens, given, choices, device, plays, began) for tokens, given in rows]
    except (ModelError, RuntimeError, MemoryError) as problem:  # loading and the optimiser raise what torch raises
        if not (is_no_memory(problem) or is_no_memory(problem.__cause__)):
            raise
        return []


def _try(
    trainer: ToolCallingTrainer,
    tokens: int,
    given: Sequence[Given],
    choices: TrainingChoices,
    device: str,
    plays: bool,
    began: float,
) -> Trial:
    """`STEPS` steps on these: the run's own choices, but for what would be written."""
    pairs = [one for one in given if isinstance(one, Pair)]
    dialogues = [one.chosen if isinstance(one, Pair) else one for one in given]
    one_step = {"batch_size": len(given)}
    nothing_written = {"max_steps": STEPS + 1, "checkpoint_every": STEPS + 2, "evaluate_every": None}
    times, sizes = [], [0, 0]

    def on_log(_: dict[str, Any]) -> None:
        times.append(time.time())
        if len(times) == STEPS:
            if plays:
                _play(trainer, dialogues[0], choices, device)
            raise _Seen

    def on_size(*found: int) -> None:
        sizes[:] = found

    with tempfile.TemporaryDirectory() as folder, suppress(_Seen):
        own = choices.model_copy(update=one_step | nothing_written)
        trainer.train(dialogues, choices=own, pairs=pairs, out=Path(folder), watch=Watch(on_log, on_size=on_size))
    return Trial(tokens, peak_memory_bytes(device), times[-1] - times[-2], 2 * times[0] - times[1] - began, *sizes)


def _play(trainer: ToolCallingTrainer, dialogue: Dialogue, choices: TrainingChoices, device: str) -> None:
    """Read one conversation with a second copy of the model, as an evaluation meanwhile does."""
    model = LocalModel(trainer.folders.base, device=device)
    (example,) = trainer.examples([dialogue], model.tokenizer, choices)
    next(model.generate_ids(list(example.trunk), 0, 1), None)

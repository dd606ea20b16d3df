"""One optimiser step over packed rows, shared by processes, and what is said where it fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from ..conversation.mishaps import enough_memory
from ..errors import ModelError
from .batches import Row, lay_out, make_row, row_loss
from .examples import Example
from .weights import SMALLER_STEPS
from .work import Work

WORSE_THAN_GUESSING = 10.0
"""A loss this many times that of a uniform guess over the vocabulary is no learning but an explosion."""


@dataclass(frozen=True, slots=True)
class PackedRow:
    """Examples that are read in one pass."""

    examples: Sequence[Example]
    row: Row

    @property
    def named(self) -> str:
        """The dialogues in it, for a message."""
        return ", ".join(example.dialogue for example in self.examples)


def packed(examples: Sequence[Example], work: Work) -> list[PackedRow]:
    """The examples in rows, the same on every process."""
    rows = lay_out(examples, work.row_tokens, work.layout)
    return [PackedRow(each, make_row(each, work.choices.reduction)) for each in rows]


def own_rows(rows: Sequence[PackedRow], rank: int, count: int) -> list[PackedRow]:
    """This process's share; as many for every process, as each pass is one that all of them take part in.

    Where the rows do not go round, the first one is read again and counts for nothing.
    """
    blank = replace(rows[0], row=rows[0].row | {"weights": rows[0].row["weights"] * 0.0})
    filled = [*rows, *[blank] * (-len(rows) % count)]
    return filled[rank::count]


def step_on_rows(trainer: Any, model: Any, rows: Sequence[PackedRow]) -> Any:
    """Loss per weight of all rows, over all processes, after the backward passes.

    Rows go one after the other, so memory is that of one row; gradients are synchronised with the last one only.
    """
    import torch

    accelerator = trainer.accelerator
    weight = sum(float(each.row["weights"].sum()) for each in rows)
    total = torch.zeros((), device=accelerator.device)
    mine = own_rows(rows, accelerator.process_index, accelerator.num_processes)
    for number, each in enumerate(mine):
        waits = accelerator.no_sync(model) if number < len(mine) - 1 else nullcontext()
        with waits, in_row(trainer, each), trainer.compute_loss_context_manager():
            loss = row_loss(model, trainer._prepare_inputs(each.row))
            # Data parallelism averages gradients over processes; we want their sum.
            accelerator.backward(loss * accelerator.num_processes / weight)
        total += loss.detach()
    return accelerator.reduce(total, "sum") / weight


def loss_on_rows(trainer: Any, model: Any, rows: Sequence[PackedRow]) -> float:
    """Mean loss per weight of all rows, over all processes; nothing is learned."""
    import torch

    accelerator = trainer.accelerator
    weight = sum(float(each.row["weights"].sum()) for each in rows)
    total = torch.zeros((), device=accelerator.device)
    model.eval()
    for each in own_rows(rows, accelerator.process_index, accelerator.num_processes):
        with torch.no_grad(), in_row(trainer, each), trainer.compute_loss_context_manager():
            total += row_loss(model, trainer._prepare_inputs(each.row))
    model.train()
    return float(accelerator.reduce(total, "sum")) / weight


@contextmanager
def in_row(trainer: Any, each: PackedRow) -> Iterator[None]:
    """Says of a failure at which step and in which dialogues it was; ModelError where memory ran out."""
    tokens = each.row["input_ids"].numel()
    where = f"at step {trainer.state.global_step + 1}, in the row of {tokens} tokens with the dialogues {each.named}"
    work: Work = trainer.work
    try:
        with enough_memory(lambda: f"The {work.device} ran out of memory {where}. {smaller_run(work, each)}"):
            yield
    except (RuntimeError, IndexError) as problem:
        problem.add_note(where)
        raise


def memory_for_run(work: Work, step: Callable[[], int]) -> AbstractContextManager[None]:
    """ModelError where memory runs out between rows: in an optimiser's state, in pairs, in scores."""
    return enough_memory(lambda: f"The {work.device} ran out of memory after step {step()}. {smaller_run(work)}")


def smaller_run(work: Work, each: PackedRow | None = None) -> str:
    """The change that takes the least away and asks for less memory."""
    if each and len(each.examples) > 1:
        longest = max(example.tokens for example in each.examples)
        return f"Start again with rows of at most {max(longest, work.row_tokens // 2)} tokens (row_tokens)."
    if work.choices.stage == "preference" and work.choices.batch_size > 1:
        return "Start again with fewer pairs a step (batch_size), or take a smaller model."
    if work.choices.full:
        return "Train an adapter instead of all weights, or take a smaller model."
    return "Leave this dialogue out, or take a smaller model." if each else "Take a smaller model."


def check_loss(trainer: Any, loss: float, rate: float, examples: Sequence[Example] = ()) -> None:
    """ModelError if the loss is no number or one that no learning gives."""
    vocabulary = trainer.accelerator.unwrap_model(trainer.model).config.get_text_config().vocab_size
    if math.isfinite(loss) and loss < WORSE_THAN_GUESSING * math.log(vocabulary):
        return
    named = f", on the dialogues {', '.join(example.dialogue for example in examples)}" if examples else ""
    raise ModelError(
        f"The loss became {loss:.3g} at step {trainer.state.global_step + 1} (learning rate {rate:.2g})"
        f"{named}. {SMALLER_STEPS}"
    )

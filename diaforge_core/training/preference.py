"""The preference stage (DPO): TRL's trainer underneath; the rendering, the telling and the saving are ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import DataError, ModelError, problem_list
from ..records.pair import Pair
from .choices import TrainingChoices
from .examples import ToolsOf, build_examples, slices
from .loop import Saving, arguments_of, one_gpu_each
from .steps import check_loss
from .work import Work, processes

BETA = 0.1
"""How strongly the tuned model is held to the one it started from."""


@dataclass(frozen=True, slots=True)
class EncodedPair:
    """A pair as token ids."""

    dialogue: str
    """Id of its preferred side."""
    prompt_ids: list[int]
    chosen_ids: list[int]
    rejected_ids: list[int]

    @property
    def tokens(self) -> int:
        """Tokens that are read of it: the prompt stands before either side."""
        return 2 * len(self.prompt_ids) + self.target_tokens

    @property
    def target_tokens(self) -> int:
        """Tokens that its loss compares."""
        return len(self.chosen_ids) + len(self.rejected_ids)

    @property
    def longest_side(self) -> int:
        """What every side in its batch is filled up to, if it is the longest there; in tokens."""
        return len(self.prompt_ids) + max(len(self.chosen_ids), len(self.rejected_ids))


def encode_pairs(
    pairs: Sequence[Pair], tools_of: ToolsOf, tokenizer: Any, choices: TrainingChoices, limit: int | None
) -> list[EncodedPair]:
    """The pairs as tokens, rendered as for fine-tuning; DataError that names those too long, unless left out."""
    ends = [
        build_examples(
            [getattr(pair, side) for pair in pairs], tools_of, tokenizer, loss_mask="final_call_only",
            keep_thoughts=choices.keep_thoughts, without_thoughts=choices.without_thoughts, rendering=choices.rendering,
        )
        for side in ("chosen", "rejected")
    ]  # fmt: skip
    encoded, long = [], []
    for right, wrong in zip(*ends, strict=True):
        ((one, start),), ((other, _),) = slices(right), slices(wrong)
        pair = EncodedPair(right.dialogue, one[:start], one[start:], other[start:])
        if limit is not None and pair.longest_side > limit:
            long.append((pair.dialogue, f"{pair.longest_side} tokens, the limit is {limit}"))
            continue
        encoded.append(pair)
    if long and (choices.too_long == "refuse" or not encoded):
        headline = f"{len(long)} of {len(pairs)} pairs cannot be trained on:"
        raise DataError(problem_list(headline, long, "Leave them out, or use a model with a longer context."))
    return encoded


class PreferenceSteps(Saving):
    """For TRL's trainer of pairs: tells of each step what fine-tuning tells, and how far the two sides are apart."""

    last: dict[str, Any]
    """Of the step under way: loss, learning_rate, margin, agreed, tokens and targets."""

    def _prepare_dataset(self, dataset: Any, processing_class: Any, args: Any, dataset_name: str) -> Any:
        """The pairs are tokens already, by our rendering."""
        return dataset

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """The card of a model is written where it is exported."""

    def training_step(self: Any, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
        rate = self._get_learning_rate()
        loss = super().training_step(model, inputs, num_items_in_batch)  # pyright: ignore[reportAttributeAccessIssue]
        told, counts = self._metrics["train"], self.accelerator.reduce(_counts(inputs, loss), "sum")
        mean = float(counts[2]) / self.accelerator.num_processes
        check_loss(self, mean, rate)
        self.last = {
            "loss": mean,
            "learning_rate": rate,
            "margin": told["rewards/margins"][-1],
            "agreed": told["rewards/accuracies"][-1],
            "tokens": int(counts[0]),
            "targets": int(counts[1]),
        }
        told.clear()
        return loss


def _counts(inputs: Any, loss: Any) -> Any:
    """Tokens read, tokens in the loss, and the loss, of this process."""
    import torch

    read, learned = inputs["attention_mask"].sum(), inputs["completion_mask"].sum()
    return torch.stack([read.to(loss), learned.to(loss), loss.detach()])


def preference_trainer(work: Work, model: Any, pairs: Sequence[EncodedPair]) -> Any:
    """TRL's `DPOTrainer` over these pairs; ModelError if TRL is not installed."""
    try:
        from datasets import Dataset
        from trl.trainer.dpo_config import DPOConfig
        from trl.trainer.dpo_trainer import DPOTrainer
    except ImportError as problem:
        raise ModelError(
            "The preference stage needs TRL, which is not installed: `pip install -r requirements-preference.txt`."
        ) from problem
    if work.choices.batch_size % processes():
        raise DataError(
            f"{processes()} processes cannot share {work.choices.batch_size} pairs evenly. Take a batch size that is a "
            "multiple of them."
        )

    class PreferenceTrainer(PreferenceSteps, DPOTrainer):
        """Learns to prefer; saves safetensors only."""

    own = {"beta": BETA, "max_length": None, "gradient_checkpointing": False}
    return PreferenceTrainer(
        model=model,
        args=one_gpu_each(DPOConfig(**arguments_of(work, len(pairs)) | own)),
        train_dataset=Dataset.from_list(list(map(asdict, pairs))),
        processing_class=work.tokenizer,
    )

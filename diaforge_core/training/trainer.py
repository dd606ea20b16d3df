"""Fine-tuning on dialogues: `transformers.Trainer` and `peft` underneath; batch layout, mask and loss are ours."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..conversation.local_model import best_device, half_precision, load_tokenizer, load_weights
from ..conversation.model_specs import NOTES_FILE, ModelFolders, locate, parse_spec
from ..conversation.prompts import RENDERING
from ..errors import CatalogError, DataError, ModelError
from ..records.base import content_id
from ..records.dialogue import Dialogue
from ..records.tool import Catalog
from ..settings import models_dir as default_models_dir
from ..settings import workspace_dir
from .batches import Reduction, make_row, masks_for, pack, row_loss
from .estimate import steps_of
from .examples import Example, LossMask, ToolsOf, build_examples

ROW_TOKENS = {"cpu": 1024, "mps": 2048, "cuda": 8192}
"""Tokens of one packed row. On a CPU a longer row only makes attention dearer; a GPU needs it to be busy."""
CHECKPOINTS = 10
"""Checkpoints of a run when their distance is not given."""
WARMUP_SHARE = 0.05
"""Share of the steps in which the learning rate rises; it falls in a half cosine after that."""
SAMPLE_CATALOG = "enterprise_apis.json"
LogRow = dict[str, Any]
"""step, epoch, loss (mean per target token), learning_rate, tokens_per_second, target_tokens_total, seconds_left,
peak_memory_bytes."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What a training run leaves."""

    folder: Path
    """The adapter, or the whole model of a full run."""
    spec: str
    """Model spec that opens it."""
    steps: int
    """Optimiser steps of the whole run, those before a resume included."""
    target_tokens: int
    """Tokens in the loss over all steps."""
    loss_first: float
    """Mean loss per target token in the first step."""
    loss_last: float
    tokens_per_second: float
    """Tokens read per second of wall-clock time, histories counted once."""
    peak_memory_bytes: int
    """Peak of the device on CUDA, else of the process."""
    finished: bool = True
    """False when it was stopped before its last step."""


@dataclass(frozen=True, slots=True)
class TrainingChoices:
    """All that decides the result of a run besides model and dialogues."""

    loss_mask: LossMask = "assistant_only"
    epochs: float = 1
    batch_size: int = 4
    """Dialogues in one optimiser step."""
    learning_rate: float = 2e-4
    lora_rank: int = 16
    max_steps: int | None = None
    full: bool = False
    """Train all weights instead of a LoRA adapter."""
    seed: int = 0
    keep_thoughts: bool = False
    reduction: Reduction = "token"
    row_tokens: int | None = None
    """Tokens of one packed row; None chooses by device."""
    checkpoint_every: int | None = None

    def check(self) -> None:
        """DataError that names every choice out of range."""
        wrong = [
            f"{name} must be above 0, not {value}"
            for name in (
                "epochs",
                "batch_size",
                "learning_rate",
                "lora_rank",
                "max_steps",
                "checkpoint_every",
                "row_tokens",
            )
            if (value := getattr(self, name)) is not None and not value > 0
        ]
        if self.reduction not in ("token", "slice"):
            wrong.append(f"reduction must be 'token' or 'slice', not '{self.reduction}'")
        if wrong:
            raise DataError("The training cannot start: " + "; ".join(wrong) + ".")


class ToolCallingTrainer:
    """Tunes one local model on dialogues."""

    def __init__(
        self,
        model: str,
        models_dir: Path | None = None,
        catalog: Catalog | str | Path | None = None,
        device: str | None = None,
    ) -> None:
        """Finds the model; ModelError if it is not on this machine or has no weights to tune.

        `catalog` holds the candidates of the dialogues; by default it is the sample catalog, if they name its tools.
        """
        self.models_dir = models_dir or default_models_dir(workspace_dir())
        self.folders = locate(parse_spec(model), self.models_dir)
        self.catalog = catalog
        self.device = device

    def train(
        self,
        dialogues: Sequence[Dialogue],
        loss_mask: LossMask = "assistant_only",
        epochs: float = 1,
        batch_size: int = 4,
        learning_rate: float = 2e-4,
        lora_rank: int = 16,
        max_steps: int | None = None,
        full: bool = False,
        out: Path | None = None,
        seed: int = 0,
        on_log: Callable[[LogRow], None] | None = None,
        checkpoint_every: int | None = None,
        resume: bool = False,
        should_stop: Callable[[], bool] | None = None,
        evaluate_checkpoint: Callable[[Path, int], None] | None = None,
        *,
        keep_thoughts: bool = False,
        reduction: Reduction = "token",
        row_tokens: int | None = None,
    ) -> TrainedModel:
        """The tuned model in `out/model`, with checkpoints in `out/checkpoints/checkpoint-STEP`.

        The same seed, dialogues and machine give the same weights, also across a stop and a `resume`. `max_steps` takes
        the place of the epochs. Each step calls `on_log`; when `should_stop()` says so, the run is saved and ended.
        DataError for dialogues or choices that cannot be trained on, ModelError for a loss that is no number or a
        device that is too small.
        """
        choices = TrainingChoices(
            loss_mask, epochs, batch_size, learning_rate, lora_rank, max_steps, full, seed,
            keep_thoughts, reduction, row_tokens, checkpoint_every,
        )  # fmt: skip
        choices.check()
        if not dialogues:
            raise DataError("There are no dialogues to train on. Generate some, or accept some in review.")
        tools_of = tools_from(self.catalog, dialogues)
        tokenizer = load_tokenizer(self.folders.base)
        examples = build_examples(
            dialogues, tools_of, tokenizer, loss_mask=loss_mask, keep_thoughts=keep_thoughts,
            max_tokens=_context(self.folders.base),
        )  # fmt: skip
        out = Path(out) if out else _fresh_folder(self.models_dir, dialogues, choices)
        _check_same_run(out, examples, choices, resume)
        work = _Work(self.folders, examples, choices, out, self.device or best_device())
        return work.run(tokenizer, on_log, should_stop, evaluate_checkpoint, resume)


def tools_from(catalog: Catalog | str | Path | None, dialogues: Sequence[Dialogue]) -> ToolsOf:
    """Dialogue → its candidates in the order shown; CatalogError if the catalog lacks some of them."""
    from ..catalog.importing import load_catalog

    if not isinstance(catalog, Catalog):
        catalog = load_catalog(catalog or SAMPLE_CATALOG)
    found = catalog
    missing = sorted({name for one in dialogues for name in one.scenario.candidates if name not in found})
    if missing:
        named = sorted({dialogue.scenario.catalog for dialogue in dialogues})
        raise CatalogError(
            f"The dialogues were made from the catalog {', '.join(named)}; '{found.name}' has no tool "
            f"{', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}. Give their catalog: "
            "ToolCallingTrainer(model=…, catalog=…)."
        )
    return lambda dialogue: found.subset(dialogue.scenario.candidates)


def _context(base: Path) -> int | None:
    """Tokens that the model reads at most; None where its configuration does not say."""
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    return config.get("max_position_embeddings") or config.get("text_config", {}).get("max_position_embeddings")


def _fresh_folder(models_dir: Path, dialogues: Sequence[Dialogue], choices: TrainingChoices) -> Path:
    name = content_id([(dialogue.id, dialogue.version) for dialogue in dialogues], repr(choices))
    models_dir.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"tuned-{name}-", dir=models_dir))


def _check_same_run(out: Path, examples: Sequence[Example], choices: TrainingChoices, resume: bool) -> None:
    """Notes what the run in `out` is made of; DataError if a resumed run would go on with something else."""
    out.mkdir(parents=True, exist_ok=True)
    made_of = {
        "data": content_id([[example.trunk, [branch.tokens for branch in example.branches]] for example in examples]),
        "choices": {name: getattr(choices, name) for name in choices.__slots__},
    }
    file = out / "training.json"
    if not resume:
        shutil.rmtree(out / "checkpoints", ignore_errors=True)
        file.write_text(json.dumps(made_of, indent=1), encoding="utf-8")
    elif file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        changed = [name for name, value in made_of["choices"].items() if before["choices"].get(name) != value]
        changed += ["the dialogues"] if before["data"] != made_of["data"] else []
        if changed:
            raise DataError(
                f"The run in {out} cannot be resumed: {', '.join(changed)} changed since it started. "
                "Resume it with what it was started with, or start a new run."
            )
    else:
        file.write_text(json.dumps(made_of, indent=1), encoding="utf-8")


@dataclass
class _Work:
    """One run under way."""

    folders: ModelFolders
    examples: Sequence[Example]
    choices: TrainingChoices
    out: Path
    device: str

    def run(
        self,
        tokenizer: Any,
        on_log: Callable[[LogRow], None] | None,
        should_stop: Callable[[], bool] | None,
        evaluate_checkpoint: Callable[[Path, int], None] | None,
        resume: bool,
    ) -> TrainedModel:
        import torch
        from transformers import set_seed

        set_seed(self.choices.seed)
        model = self.trainable_model()
        masks_for(model.config, make_row(self.examples[:1]))
        trainer, pace = make_trainer(self, model, tokenizer, on_log, should_stop, evaluate_checkpoint)
        checkpoint = newest_checkpoint(self.out / "checkpoints") if resume else None
        try:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        except (torch.OutOfMemoryError, MemoryError) as problem:
            raise ModelError(
                f"The {self.device} ran out of memory at step {trainer.state.global_step + 1}; the longest dialogue "
                f"has {max(example.tokens for example in self.examples)} tokens. Lower row_tokens, take a LoRA adapter "
                "instead of a full run, leave out the longest dialogues, or use a smaller model."
            ) from problem
        folder = self.out / "model"
        if trainer.is_world_process_zero():
            self.save(trainer.accelerator.unwrap_model(trainer.model), folder, tokenizer)
        rows = [row for row in trainer.state.log_history if "target_tokens_total" in row]
        return TrainedModel(
            folder=folder,
            spec=f"hf:{folder}",
            steps=trainer.state.global_step,
            target_tokens=rows[-1]["target_tokens_total"] if rows else 0,
            loss_first=rows[0]["loss"] if rows else math.nan,
            loss_last=rows[-1]["loss"] if rows else math.nan,
            tokens_per_second=pace.tokens_per_second or (rows[-1]["tokens_per_second"] if rows else 0.0),
            peak_memory_bytes=peak_memory_bytes(self.device),
            finished=trainer.state.global_step >= trainer.state.max_steps,
        )

    def trainable_model(self) -> Any:
        """The model with what is to be trained: a new LoRA adapter, the one it came with, or all weights."""
        import torch
        from peft import LoraConfig, get_peft_model

        full, adapter = self.choices.full, self.folders.adapter
        if full and adapter is not None:
            raise ModelError(
                f"A full run cannot start from the adapter {adapter}. Merge it first, or train a LoRA adapter."
            )
        # A full run keeps float32 master weights; autocast makes the passes bfloat16 where the device has it.
        dtype = torch.bfloat16 if half_precision(self.device) and not full else torch.float32
        model = load_weights(self.folders.base, self.device, dtype, adapter, train=True)
        if adapter is None and not full:
            rank = self.choices.lora_rank
            config = LoraConfig(
                r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
            )
            model = get_peft_model(model, config)
        if not full:
            model.peft_config["default"].base_model_name_or_path = self.folders.base_name
        return model

    def save(self, model: Any, folder: Path, tokenizer: Any) -> None:
        """Writes adapter or model to the folder; ModelError, and nothing written, if a weight is no number."""
        import torch

        if not all(torch.isfinite(weight).all() for weight in model.parameters() if weight.requires_grad):
            raise ModelError(f"The weights hold values that are no numbers. {_SMALLER_STEPS}")
        if self.choices.full:
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
        else:
            model.save_pretrained(folder, save_embedding_layers=False)
        notes = {"rendering": RENDERING, "keep_thoughts": self.choices.keep_thoughts, "base": self.folders.base_name}
        (folder / NOTES_FILE).write_text(json.dumps(notes, indent=1), encoding="utf-8")


_SMALLER_STEPS = "The learning rate is usually too high: start again with a tenth of it. Earlier checkpoints are sound."


@dataclass
class _Pace:
    """How fast this process has trained so far."""

    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0


def make_trainer(
    work: _Work,
    model: Any,
    tokenizer: Any,
    on_log: Callable[[LogRow], None] | None,
    should_stop: Callable[[], bool] | None,
    evaluate_checkpoint: Callable[[Path, int], None] | None,
) -> tuple[Any, _Pace]:
    """A `transformers.Trainer` whose step is one pass over packed rows, and the pace it keeps."""
    from transformers import Trainer, TrainerCallback
    from transformers.trainer_callback import PrinterCallback

    row_tokens = work.choices.row_tokens or ROW_TOKENS[work.device.split(":")[0]]
    pace = _Pace()

    def rows_of(batch: list[Example]) -> dict[str, Any]:
        return {"rows": [make_row(examples, work.choices.reduction) for examples in pack(batch, row_tokens)]}

    class SlicedTrainer(Trainer):
        """Trains on rows; saves safetensors only."""

        last: tuple[float, float, int, int, float]
        """Loss, learning rate, tokens, target tokens and seconds of the step under way."""

        def training_step(self, model: Any, inputs: Any, num_items_in_batch: Any = None) -> Any:
            started = time.perf_counter()
            model.train()
            rows: Any = self._prepare_inputs(inputs)["rows"]
            rate = self._get_learning_rate()
            loss, tokens, targets = step_on_rows(self, model, rows)
            if not math.isfinite(float(loss)):
                raise ModelError(
                    f"The loss became {float(loss)} at step {self.state.global_step + 1} (learning rate {rate:.2g}). "
                    + _SMALLER_STEPS
                )
            self.last = (float(loss), rate, tokens, targets, time.perf_counter() - started)
            return loss

        def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
            folder = Path(output_dir or work.out / "checkpoints")
            work.save(self.accelerator.unwrap_model(self.model), folder, tokenizer)

    class Reporter(TrainerCallback):
        """Tells the outside of each step, and listens whether to stop."""

        began = 0.0

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.began = time.perf_counter()

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            loss, rate, tokens, targets, _seconds = trainer.last
            pace.steps, pace.tokens = pace.steps + 1, pace.tokens + tokens
            pace.seconds += time.perf_counter() - self.began
            before = next((row for row in reversed(state.log_history) if "target_tokens_total" in row), {})
            row: LogRow = {
                "step": state.global_step,
                "epoch": round(float(state.epoch or 0.0), 4),
                "loss": loss,
                "learning_rate": rate,
                "tokens_per_second": pace.tokens_per_second,
                "target_tokens_total": before.get("target_tokens_total", 0) + targets,
                "seconds_left": (state.max_steps - state.global_step) * pace.seconds / pace.steps,
                "peak_memory_bytes": peak_memory_bytes(work.device),
            }
            state.log_history.append(row)
            if on_log is not None and state.is_world_process_zero:
                on_log(dict(row))
            if should_stop is not None and should_stop() and state.global_step < state.max_steps:
                control.should_save = control.should_training_stop = True

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if evaluate_checkpoint is not None and state.is_world_process_zero:
                evaluate_checkpoint(Path(args.output_dir) / f"checkpoint-{state.global_step}", state.global_step)

    trainer = SlicedTrainer(
        model=model,
        args=training_arguments(work),
        train_dataset=list(work.examples),  # pyright: ignore[reportArgumentType] # a list is a map-style dataset
        data_collator=rows_of,  # pyright: ignore[reportArgumentType] # rows, not padded columns
        callbacks=[Reporter()],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer, pace


def training_arguments(work: _Work) -> Any:
    """The arguments of `transformers.Trainer` for this run."""
    from transformers import TrainingArguments

    choices = work.choices
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    steps = steps_of(len(work.examples), choices.epochs, choices.batch_size * processes, choices.max_steps)
    arguments = TrainingArguments(
        output_dir=str(work.out / "checkpoints"),
        per_device_train_batch_size=choices.batch_size,
        num_train_epochs=choices.epochs,
        max_steps=steps,
        learning_rate=choices.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=math.ceil(WARMUP_SHARE * steps) if steps > 10 else 0,
        bf16=half_precision(work.device),
        use_cpu=work.device == "cpu",
        seed=choices.seed,
        data_seed=choices.seed,
        save_strategy="steps",
        save_steps=choices.checkpoint_every or max(1, math.ceil(steps / CHECKPOINTS)),
        logging_strategy="no",
        disable_tqdm=True,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=work.device.startswith("cuda"),
        ddp_find_unused_parameters=False,
    )
    if processes == 1:
        # Several visible GPUs in one process would mean DataParallel, which cannot split our rows.
        arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def step_on_rows(trainer: Any, model: Any, rows: Sequence[Any]) -> tuple[Any, int, int]:
    """Loss per weight over all processes, after the backward passes; and this step's tokens and target tokens.

    Rows go one after the other, so memory is that of one row; gradients are synchronised with the last one only.
    """
    import torch

    accelerator = trainer.accelerator
    counts = torch.tensor(
        [
            sum(float(row["weights"].sum()) for row in rows),
            sum(row["input_ids"].numel() for row in rows),
            sum(row["labels"].numel() for row in rows),
        ],
        device=accelerator.device,
    )
    weight, tokens, targets = accelerator.reduce(counts, "sum").tolist()
    total = torch.zeros((), device=accelerator.device)
    for number, row in enumerate(rows):
        with accelerator.no_sync(model) if number < len(rows) - 1 else nullcontext():
            with trainer.compute_loss_context_manager():
                loss = row_loss(model, row)
            # Data parallelism averages gradients over processes; we want their sum.
            accelerator.backward(loss * accelerator.num_processes / weight)
        total += loss.detach()
    return accelerator.reduce(total, "sum") / weight, int(tokens), int(targets)


def newest_checkpoint(folder: Path) -> Path | None:
    """The latest checkpoint that was written whole; None if there is none. Torn ones are left out."""
    found = []
    for checkpoint in folder.glob("checkpoint-*"):
        state = checkpoint / "trainer_state.json"
        number = checkpoint.name.removeprefix("checkpoint-")
        parts = all((checkpoint / name).is_file() for name in ("optimizer.pt", "scheduler.pt", NOTES_FILE))
        if number.isdecimal() and parts and _is_json(state):
            found.append((int(number), checkpoint))
    return max(found)[1] if found else None


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def peak_memory_bytes(device: str) -> int:
    """Peak of allocated device memory on CUDA, else of this process's resident memory."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.max_memory_allocated())
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def merge_adapter(adapter: Path, out: Path, models_dir: Path | None = None) -> Path:
    """The folder `out` with base model and adapter as one plain model, tokenizer included.

    ModelError if the folder is no adapter or `out` is not empty.
    """
    import torch

    folders = locate(parse_spec(f"hf:{adapter}"), models_dir or default_models_dir(workspace_dir()))
    if folders.adapter is None:
        raise ModelError(f"{adapter} is no adapter but a whole model: there is nothing to merge.")
    if out.exists() and any(out.iterdir()):
        raise ModelError(f"{out} is not empty. Give a new folder.")
    model = load_weights(folders.base, "cpu", torch.float32, folders.adapter).merge_and_unload()
    model.save_pretrained(out)
    load_tokenizer(folders.base).save_pretrained(out)
    if (folders.adapter / NOTES_FILE).is_file():
        shutil.copyfile(folders.adapter / NOTES_FILE, out / NOTES_FILE)
    return out

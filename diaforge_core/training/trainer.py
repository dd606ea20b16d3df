"""Fine-tuning on dialogues: the public face."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..conversation.local_model import best_device, load_tokenizer
from ..conversation.model_specs import locate, parse_spec
from ..conversation.seals import seal
from ..errors import CatalogError, DataError
from ..records.base import content_id
from ..records.dialogue import Dialogue
from ..records.pair import Pair
from ..records.tool import Catalog
from ..settings import models_dir as default_models_dir
from ..settings import workspace_dir
from .batches import layout_of
from .checkpoints import Evaluation, Evaluations, checkpoint_to_resume, save_beside, step_of, write_note
from .choices import TrainingChoices
from .examples import Example, Examples, LossMask, ToolsOf, build_examples
from .loop import gathers, sliced_trainer
from .pairs import pairs_of_dialogue
from .preference import EncodedPair, encode_pairs, preference_trainer
from .reporting import Reporting, make_reporter, peak_memory_bytes
from .steps import memory_for_run
from .weights import context_of, trainable_model
from .work import Totals, Watch, Work, is_first_process, processes, take_own_gpu

SAMPLE_CATALOG = "enterprise_apis.json"
DEFAULTS, UNWATCHED = TrainingChoices(), Watch()


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
    """False when it was stopped before its end."""
    stopped_early: bool = False
    """Whether it ended before its last step because it became no better."""
    best: Evaluation | None = None
    """The best evaluation; None if there was none."""


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
        loss_mask: LossMask | None = None,
        epochs: float | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        *,
        choices: TrainingChoices = DEFAULTS,
        validation: Sequence[Dialogue] = (),
        pairs: Sequence[Pair] = (),
        out: Path | None = None,
        resume: bool = False,
        watch: Watch = UNWATCHED,
    ) -> TrainedModel:
        """The tuned model in `out/model`, with the newest two and the best of the checkpoints in
        `out/checkpoints/checkpoint-STEP`.

        What is given by name takes the place of what `choices` say. `validation` is held out: its loss is evaluated.
        In the preference stage `pairs` are learned from, by default likely mistakes in the dialogues.
        The same seed, dialogues and machine give the same weights, also across a stop and a `resume`.
        DataError for dialogues or choices that cannot be trained on or a full disk, ModelError for a loss that is no
        number, a device that is too small or a checkpoint that was changed.
        """
        named = {"loss_mask": loss_mask, "epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
        given = {name: value for name, value in named.items() if value is not None}
        given["rendering"] = choices.rendering or self.folders.rendering
        choices = TrainingChoices.of(choices.model_dump() | given)
        if not dialogues:
            raise DataError("There are no dialogues to train on. Generate some, or accept some in review.")
        tokenizer = load_tokenizer(self.folders.base)
        if choices.stage == "preference":
            made = pairs or self._likely_mistakes(dialogues)
            learned: Sequence[Example] | Sequence[EncodedPair] = self.encoded_pairs(made, tokenizer, choices)
            told = totals(learned, len(made), "pairs")
        else:
            learned = self.examples(dialogues, tokenizer, choices)
            told = totals(learned, len(dialogues), "dialogues")
        if watch.on_start is not None:
            watch.on_start(told)
        out = Path(out) if out else _fresh_folder(self.models_dir, dialogues, choices)
        if is_first_process():
            _check_same_run(out, learned, choices, resume)
        held_out = (
            self.examples(validation, tokenizer, choices.model_copy(update={"too_long": "leave_out"}))
            if validation
            else []
        )
        device = self.device or best_device()
        work = Work(self.folders, tokenizer, choices, out, device, held_out, watch)
        return run(work, learned, resume)

    def _likely_mistakes(self, dialogues: Sequence[Dialogue]) -> list[Pair]:
        tools_of = tools_from(self.catalog, dialogues)
        return [pair for one in dialogues for pair in pairs_of_dialogue(one, tools_of(one))]

    def encoded_pairs(self, pairs: Sequence[Pair], tokenizer: Any, choices: TrainingChoices) -> list[EncodedPair]:
        """The pairs as tokens; DataError that names those that are too long, unless they are to be left out."""
        tools_of = tools_from(self.catalog, [pair.chosen for pair in pairs])
        return encode_pairs(pairs, tools_of, tokenizer, choices, self._limit(choices))

    def examples(self, dialogues: Sequence[Dialogue], tokenizer: Any, choices: TrainingChoices) -> Examples:
        """The dialogues as tokens; DataError that names those that are too long, unless they are to be left out."""
        return build_examples(
            dialogues, tools_from(self.catalog, dialogues), tokenizer, loss_mask=choices.loss_mask,
            keep_thoughts=choices.keep_thoughts, without_thoughts=choices.without_thoughts,
            max_tokens=self._limit(choices), too_long=choices.too_long, rendering=choices.rendering,
        )  # fmt: skip

    def _limit(self, choices: TrainingChoices) -> int | None:
        """Tokens that a dialogue may have: as many as the model reads, or fewer by choice; None for no limit."""
        limits = (context_of(self.folders.base), choices.max_tokens)
        return min((limit for limit in limits if limit is not None), default=None)


def totals(learned: Sequence[Example] | Sequence[EncodedPair], given: int, unit: str) -> Totals:
    """What is trained on, of so many dialogues or pairs that were given."""
    return {
        unit: len(learned),
        "left_out": given - len(learned),
        "tokens": sum(one.tokens for one in learned),
        "target_tokens": sum(one.target_tokens for one in learned),
        "longest": max(one.tokens for one in learned),
    }


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


def _fresh_folder(models_dir: Path, dialogues: Sequence[Dialogue], choices: TrainingChoices) -> Path:
    if processes() > 1:
        raise DataError("Processes that share a run need one folder that all of them know: train(…, out=FOLDER).")
    name = content_id([(dialogue.id, dialogue.version) for dialogue in dialogues], repr(choices))
    models_dir.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"tuned-{name}-", dir=models_dir))


def _check_same_run(
    out: Path, learned: Sequence[Example] | Sequence[EncodedPair], choices: TrainingChoices, resume: bool
) -> None:
    """Notes what the run in `out` is made of; DataError if a resumed run would go on with something else."""
    out.mkdir(parents=True, exist_ok=True)
    made_of = {
        "data": content_id([asdict(one) for one in learned]),
        "choices": choices.model_dump(mode="json"),
        "left_out": dict(learned.left_out) if isinstance(learned, Examples) else {},
    }
    file = out / "training.json"
    if not resume:
        shutil.rmtree(out / "checkpoints", ignore_errors=True)
        write_note(file, made_of)
    elif file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        # A run of an earlier version does not know the choices that came later: it was made with their defaults.
        chosen = DEFAULTS.model_dump(mode="json") | before["choices"]
        changed = [name for name, value in made_of["choices"].items() if chosen.get(name) != value]
        changed += ["the dialogues"] if before["data"] != made_of["data"] else []
        if changed:
            raise DataError(
                f"The run in {out} cannot be resumed: {', '.join(changed)} changed since it started. "
                "Resume it with what it was started with, or start a new run."
            )
    else:
        write_note(file, made_of)


def run(work: Work, learned: Sequence[Example] | Sequence[EncodedPair], resume: bool) -> TrainedModel:
    """The run from its first step, or from its newest whole checkpoint, to its end."""
    from transformers import set_seed

    checkpoints = work.out / "checkpoints"
    checkpoint = checkpoint_to_resume(checkpoints) if resume else None
    take_own_gpu(work.device)
    set_seed(work.choices.seed)
    model = trainable_model(work.folders, work.choices, work.device)
    work = replace(work, layout=layout_of(model.config, work.choices.layout))
    evaluations = Evaluations(work.out)
    evaluations.load(step_of(checkpoint) if checkpoint else 0)
    reporting = make_reporter(work, evaluations)
    make: Any = preference_trainer if work.choices.stage == "preference" else sliced_trainer
    with memory_for_run(work, lambda: reporting.step):
        trainer = watched(gathers(make(work, model, learned)), work, reporting)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    folder = work.out / "model"
    _save_final(trainer, folder)
    return _trained(trainer, reporting, folder)


def watched(trainer: Any, work: Work, reporting: Any) -> Any:
    """The trainer, which now reports."""
    from transformers.trainer_callback import PrinterCallback

    trainer.work = work
    reporting.trainer = trainer
    trainer.add_callback(reporting)
    trainer.remove_callback(PrinterCallback)
    return trainer


def _save_final(trainer: Any, folder: Path) -> None:
    def save(fresh: Path) -> None:
        trainer.save_model(str(fresh))
        if trainer.is_world_process_zero():
            seal(fresh)

    save_beside(folder, save, swaps=trainer.is_world_process_zero())


def _trained(trainer: Any, reporting: Reporting, folder: Path) -> TrainedModel:
    rows = [row for row in trainer.state.log_history if "target_tokens_total" in row]
    whole = trainer.state.global_step >= trainer.state.max_steps
    return TrainedModel(
        folder=folder,
        spec=f"hf:{folder}",
        steps=trainer.state.global_step,
        target_tokens=rows[-1]["target_tokens_total"] if rows else 0,
        loss_first=rows[0]["loss"] if rows else math.nan,
        loss_last=rows[-1]["loss"] if rows else math.nan,
        tokens_per_second=reporting.pace.tokens_per_second or (rows[-1]["tokens_per_second"] if rows else 0.0),
        peak_memory_bytes=peak_memory_bytes(reporting.work.device),
        finished=(whole or reporting.is_tired) and not reporting.interrupted,
        stopped_early=reporting.is_tired and not whole,
        best=reporting.evaluations.best,
    )

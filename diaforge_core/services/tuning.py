"""The worker's part of a fine-tuning run, in one process or in one of several."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..conversation.constrained import check_can_be_constrained, decoding_as
from ..conversation.local_model import load_tokenizer
from ..conversation.model_specs import open_assistant
from ..conversation.renderings import rendering_of
from ..errors import DiaForgeError, ModelError
from ..records.dialogue import Dialogue
from ..store.run_folder import RunFolder
from ..training.checkpoints import BrokenCheckpoint, Evaluation
from ..training.choices import TrainingChoices
from ..training.estimate import steps_of
from ..training.work import Totals, Watch, has_gpus_for, processes, tell
from .reports import plain

if TYPE_CHECKING:
    from ..training.trainer import TrainedModel
    from .worker import Work

WATCHED = ("acc", "ftr", "tar")
"""Metrics of the scenarios played while training."""
_LOST_PEER = ("peer", "connection reset", "socket")


def train(work: Work) -> dict[str, Any]:
    """Fine-tune on the folder's dialogues; a row of totals, one a step and one an evaluation, weights in the folder."""
    folder, recipe = work.folder, work.recipe
    watched = folder.dialogues("validation")[: recipe["watch"]]
    total = 0
    estimates: dict[str, Any] = {}

    def on_start(totals: Totals) -> None:
        nonlocal total
        learned = totals.get("pairs") or totals["dialogues"]  # without those that are left out as too long
        total = steps_of(learned, recipe["epochs"], recipe["batch_size"], recipe["max_steps"])
        folder.append({"data": totals})
        tell(", ".join(f"{key.replace('_', ' ')} {value:,}" for key, value in totals.items()))

    def on_log(entry: dict[str, Any]) -> None:
        folder.append({"log": plain(entry)})
        work.tell(int(entry["step"]), total, "steps")

    def on_evaluation(found: Evaluation) -> None:
        folder.append({"checkpoint": {"step": found.step, "eval_loss": plain(found.eval_loss), **estimates}})

    def evaluate_checkpoint(checkpoint: Path, step: int) -> Mapping[str, float]:
        estimates.update(_scores(work, checkpoint, watched))
        return {key: found["value"] for key, found in estimates.items() if found}

    try:
        return _report(_trained(work, on_log, on_evaluation, evaluate_checkpoint if watched else None, on_start))
    except BrokenCheckpoint as problem:
        folder.append({"broken": {"step": problem.step, "whole": problem.whole}})
        raise


def follow(work: Work) -> int:
    """The exit code of a process that computes its share and writes nothing: the first one does."""
    try:
        _trained(work)
    except DiaForgeError as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


def launch(folder: RunFolder) -> None:
    """Goes on as `torchrun` where the run wants several processes and was started as one; else comes back."""
    count = _processes_here(folder.config()["recipe"])
    if count > 1 and "RANK" not in os.environ and has_gpus_for(count):
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
        worker = ["-m", "diaforge_core.services.worker", str(folder.path)]
        os.execv(sys.executable, [sys.executable, *launcher, *worker])


def _processes_here(recipe: Mapping[str, Any]) -> int:
    """How many processes share the run on this machine: as a launcher says, else as the run wants."""
    return int(os.environ.get("LOCAL_WORLD_SIZE") or recipe.get("processes", 1))


def _trained(
    work: Work,
    on_log: Callable[[dict[str, Any]], None] | None = None,
    on_evaluation: Callable[[Evaluation], None] | None = None,
    evaluate_checkpoint: Callable[[Path, int], Mapping[str, float]] | None = None,
    on_start: Callable[[Totals], None] | None = None,
) -> TrainedModel:
    from ..training.trainer import ToolCallingTrainer

    folder, count = work.folder, _processes_here(work.recipe)
    if not has_gpus_for(count):
        raise ModelError(f"This machine has fewer than {count} GPUs: start the run with one process a GPU (processes).")
    choices = {name: value for name, value in work.recipe.items() if name in TrainingChoices.model_fields}
    trainer = ToolCallingTrainer(model=work.config["model"], models_dir=work.models_dir, catalog=folder.catalog())
    if evaluate_checkpoint and work.recipe.get("decoding", "free") != "free":  # else the first evaluation finds out
        tokenizer = load_tokenizer(trainer.folders.base)
        rendering = rendering_of(tokenizer, choices["rendering"] or trainer.folders.rendering).name
        check_can_be_constrained(tokenizer, rendering, work.recipe["model"])
    try:
        return trainer.train(
            folder.dialogues(),
            choices=TrainingChoices.of(choices),
            validation=folder.dialogues("validation"),
            pairs=folder.pairs(),
            out=folder.trained,
            resume=any(folder.checkpoints()),
            watch=Watch(on_log, on_evaluation, work.asked_to_stop, evaluate_checkpoint, on_start, folder.kept),
        )
    except RuntimeError as problem:
        if processes() > 1 and any(word in str(problem).lower() for word in _LOST_PEER):
            raise ModelError(
                "Another process of this run ended, and with it the run; the log has its last words. Earlier "
                "checkpoints are whole: mend what it says and resume the run."
            ) from problem
        raise


def _scores(work: Work, checkpoint: Path, watched: Sequence[Dialogue]) -> dict[str, Any]:
    """The estimates of conversations that the checkpoint leads, null where there is none.

    Interrupted where a stop is asked for before the last conversation.
    """
    from ..evaluation.evaluator import evaluate_scenarios
    from ..evaluation.metrics import measure

    catalog, traces = work.folder.catalog(), []
    work.folder.check_stop()
    assistant = open_assistant(f"hf:{checkpoint}", work.models_dir, stop=work.asked_to_stop)
    assistant = decoding_as(work.recipe.get("decoding", "free"), assistant)
    with closing(evaluate_scenarios(catalog, [dialogue.scenario for dialogue in watched], assistant)) as played:
        for trace in played:
            traces.append(trace)
            if len(traces) < len(watched):
                work.folder.check_stop()
    values = measure(traces, {tool.name: tool for tool in catalog.tools}).values
    return {key: plain(values[key]) for key in WATCHED}


def _report(trained: TrainedModel) -> dict[str, Any]:
    """What the run ends with; `best_step` where its checkpoints were evaluated."""
    report = {key: plain(value) for key, value in asdict(trained).items() if isinstance(value, (int, float, str))}
    if trained.best is not None:
        report |= {"best_step": trained.best.step, "best": plain(trained.best)}
    return report | {"adapter": str(trained.folder)}

"""What the outside hears of a run step by step, and how good its checkpoints are found."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Interrupted
from .checkpoints import Evaluation, Evaluations, tidy
from .steps import loss_on_rows, packed
from .work import LogRow, Work


class Pace:
    """How fast this process has trained so far."""

    def __init__(self) -> None:
        self.steps, self.tokens, self.seconds = 0, 0, 0.0
        self._began = 0.0

    def begin(self) -> None:
        self._began = time.perf_counter()

    def end(self, tokens: int) -> None:
        self.steps, self.tokens = self.steps + 1, self.tokens + tokens
        self.seconds += time.perf_counter() - self._began

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0


class Reporting:
    """For a `TrainerCallback`: tells of each step and evaluation, and listens whether to stop."""

    trainer: Any = None
    """Set once there is one."""
    interrupted: bool = False
    """Whether the stop that was asked for left out an evaluation."""

    def __init__(self, work: Work, evaluations: Evaluations) -> None:
        self.work, self.evaluations, self.pace = work, evaluations, Pace()
        self._held_out = packed(work.validation, work) if work.validation else []

    @property
    def evaluates(self) -> bool:
        return bool(self._held_out) or self.work.watch.evaluate_checkpoint is not None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A run that was ended between saving and evaluating evaluates now."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        known = {one.step for one in self.evaluations.all}
        if state.global_step not in known and folder.is_dir() and self.is_due(state):
            self.evaluate(folder, state, control)
        if any_process(self.trainer.accelerator, self.is_tired):
            control.should_training_stop = True

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.pace.begin()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        last = dict(self.trainer.last)
        self.pace.end(last.pop("tokens"))
        before = next((row for row in reversed(state.log_history) if "target_tokens_total" in row), {})
        row: LogRow = {
            "step": state.global_step,
            "epoch": round(float(state.epoch or 0.0), 4),
            "target_tokens_total": before.get("target_tokens_total", 0) + last.pop("targets"),
            **last,
            "tokens_per_second": self.pace.tokens_per_second,
            "seconds_left": (state.max_steps - state.global_step) * self.pace.seconds / self.pace.steps,
            "peak_memory_bytes": peak_memory_bytes(self.work.device),
        }
        state.log_history.append(row)
        if self.work.watch.on_size is not None and self.pace.steps == 1:
            self.work.watch.on_size(*saved_bytes(self.trainer))
        if self.work.watch.on_log is not None and state.is_world_process_zero:
            self.work.watch.on_log(dict(row))
        every = self.work.choices.evaluate_every
        if self.evaluates and every and state.global_step % every == 0:
            control.should_save = True
        if self.asked_to_stop():
            control.should_save = control.should_training_stop = True

    def asked_to_stop(self) -> bool:
        """Whether one process was: then all stop, at the same step."""
        asked = self.work.watch.should_stop
        return any_process(self.trainer.accelerator, bool(asked and asked()))

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.is_due(state):
            self.evaluate(Path(args.output_dir) / f"checkpoint-{state.global_step}", state, control)
        if state.is_world_process_zero:
            tidy(Path(args.output_dir), self.staying)

    @property
    def staying(self) -> set[int]:
        """Steps of the best checkpoint and of those that people chose."""
        best, chosen = self.evaluations.best, self.work.watch.chosen
        return {*(chosen() if chosen else ()), *([best.step] if best else ())}

    def is_due(self, state: Any) -> bool:
        """By the step alone, so that a stop and a resume add no evaluation."""
        every, step = self.work.choices.evaluate_every or state.save_steps, state.global_step
        return self.evaluates and (step % every == 0 or step == state.max_steps)

    def evaluate(self, folder: Path, state: Any, control: Any) -> None:
        """Loss and live scores of the checkpoint; ends the run where it has not become better for long.

        Where a stop is asked for before its end, nothing is noted, and a resume evaluates again.
        """
        self.interrupted = self.asked_to_stop()
        if not self.interrupted:
            self._evaluate(folder, state)
        if any_process(self.trainer.accelerator, self.interrupted or self.is_tired):
            control.should_training_stop = True

    def _evaluate(self, folder: Path, state: Any) -> None:
        model, watch = self.trainer.model_wrapped, self.work.watch
        loss = loss_on_rows(self.trainer, model, self._held_out) if self._held_out else None
        if not state.is_world_process_zero:
            return
        scores: Mapping[str, float] = {}
        try:
            if watch.evaluate_checkpoint is not None:
                scores = watch.evaluate_checkpoint(folder, state.global_step) or {}
        except Interrupted:
            self.interrupted = True
            return
        found = Evaluation(state.global_step, loss, scores)
        self.evaluations.add(found)
        if watch.on_evaluation is not None:
            watch.on_evaluation(found)

    @property
    def step(self) -> int:
        """Steps done so far."""
        return self.trainer.state.global_step if self.trainer else 0

    @property
    def is_tired(self) -> bool:
        """Whether it has not become better for as long as it was given."""
        patience = self.work.choices.patience
        return patience is not None and self.evaluations.since_best() >= patience


def make_reporter(work: Work, evaluations: Evaluations) -> Any:
    """A `Reporting` that `transformers.Trainer` calls."""
    from transformers import TrainerCallback

    class Reporter(Reporting, TrainerCallback):
        """Hears the events of a trainer."""

    return Reporter(work, evaluations)


def saved_bytes(trainer: Any) -> tuple[int, int]:
    """Bytes of the weights that a checkpoint holds, and of the optimiser's state beside them."""
    model, full = trainer.accelerator.unwrap_model(trainer.model), trainer.work.choices.full
    weights = [one for one in model.parameters() if full or one.requires_grad]
    state = [one for each in trainer.optimizer.state.values() for one in each.values() if hasattr(one, "nbytes")]
    return sum(one.nbytes for one in weights), sum(one.nbytes for one in state)


def any_process(accelerator: Any, here: bool) -> bool:
    """Whether it is so on some process; all of them have to ask."""
    import torch

    return bool(accelerator.reduce(torch.tensor(float(here), device=accelerator.device), "sum") > 0)


def peak_memory_bytes(device: str) -> int:
    """Peak of allocated device memory on CUDA, else of this process's resident memory."""
    if device.startswith("cuda"):
        import torch

        return int(torch.cuda.max_memory_allocated())
    if Path("/proc/self/status").is_file():
        # What the system counts for a process starts with the peak of the one that started it; this does not.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

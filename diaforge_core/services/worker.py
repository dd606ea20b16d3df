"""`python -m diaforge_core.services.worker RUN_FOLDER`: does one run, with nothing but its folder.

It never opens the database. Each row is on disk before the next is begun, so that a killed run goes on where it was.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import psutil
from filelock import FileLock, Timeout

from ..conversation.assistants import Assistant
from ..conversation.budget import Limits, Price
from ..conversation.endpoint import Means, run_means
from ..conversation.model_specs import open_assistant
from ..conversation.scenarios import Choices, draw_scenarios
from ..errors import DiaForgeError, ModelError
from ..records.dialogue import Dialogue
from ..records.run import Progress, RunState
from ..records.trace import Trace
from ..store.run_folder import RunFolder, Status
from .reports import first_failure, generation_report, measurements_report, plain

PROGRESS_SECONDS = 0.5
"""Between two writings of the progress file."""
SILENT = 3
"""Conversations that end in an error, from the first on, before the model counts as not there."""
T = TypeVar("T")


class Stopped(Exception):
    """The run was asked to stop; what it has done is whole."""


class Work:
    """What every kind of run shares: its folder, its pace, and the wish to stop."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.config = folder.config()
        self.recipe: dict[str, Any] = self.config["recipe"]
        self.models_dir = Path(self.config["models_dir"])
        self._started = time.monotonic()
        self._written = 0.0
        self._first: int | None = None
        self._means: Means | None = None

    @property
    def asks_endpoint(self) -> bool:
        return self.config["model"].startswith("openai:")

    @property
    def at_once(self) -> int:
        """Conversations at the same time: many where they wait for a server, else one."""
        return self.means().in_flight if self.asks_endpoint else 1

    def assistant(self, spec: str) -> Assistant:
        """The run's assistant under the spec that the user gave, not the folder that it stands for."""
        found = open_assistant(self.config["model"], self.models_dir, self.means() if self.asks_endpoint else None)
        if found.spec != spec:
            found.spec = spec
        return found

    def means(self) -> Means:
        """What all endpoints of this run share; made on first use, and its answers kept in the run folder."""
        if self._means is None:
            prices = {model: Price(**price) for model, price in self.recipe.get("prices", {}).items()}
            self._means = run_means(self.folder.path, Limits(**self.recipe.get("limits", {})), prices)
        return self._means

    def close(self) -> dict[str, Any]:
        """Give back what is open; what the run spent on endpoints comes back, nothing if it asked none."""
        if self._means is None or self._means.cache is None:
            return {}
        self._means.cache.close()
        spent = asdict(self._means.budget.spent)
        return {"spent": spent} if spent["calls"] or spent["cache_hits"] else {}

    def check_stop(self) -> None:
        """Raise Stopped if somebody asked for it."""
        if self.folder.stop_requested_at() is not None:
            raise Stopped

    def tell(self, done: int, total: int, unit: str, message: str = "") -> None:
        """Write the progress, not too often; the pace counts this process's own work only."""
        if self._first is None:
            self._first, self._started = done, time.monotonic()
        now = time.monotonic()
        if done < total and now - self._written < PROGRESS_SECONDS:
            return
        self._written = now
        fresh = done - self._first
        left = (now - self._started) / fresh * (total - done) if fresh > 0 else None
        self.folder.set_progress(
            Progress(done=min(done, total), total=total, unit=unit, message=message, seconds_left=left)
        )


def once_answered(rows: Iterable[T], trace_of: Callable[[T], Trace]) -> Iterator[T]:
    """The rows, held back until a conversation is no error.

    ModelError in the words of the first if `SILENT` are, or all there are: a model that is not there would fill the
    run with errors, and a resumed run would keep them.
    """
    rest, held = iter(rows), []
    for row in rest:
        held.append(row)
        if trace_of(row).ended != "error" or len(held) == SILENT:
            break
    if held and trace_of(held[-1]).ended == "error":
        raise ModelError(f"{trace_of(held[0]).error} No conversation came about; resume the run when that is mended.")
    yield from held
    yield from rest


def generate(work: Work) -> dict[str, Any]:
    """Play the recipe's scenarios with the teacher; one row a scenario."""
    from ..generator.utcgen import UTCGen

    recipe, catalog = work.recipe, work.folder.catalog()
    total = recipe["count"]
    rows = [_generation_row(row["dialogue"]) for row in work.folder.rows()]
    work.tell(len(rows), total, "dialogues")
    scenarios = draw_scenarios(
        catalog,
        total - len(rows),
        recipe["seed"],
        Choices.of(recipe),
        start=len(rows),
    )
    assistant = work.assistant(recipe["assistant"])
    engine = UTCGen(api_catalog=catalog, seed=recipe["seed"])
    with closing(engine.generate(catalog, scenarios, assistant, at_once=work.at_once)) as made:
        for trace, dialogue in made if rows else once_answered(made, lambda pair: pair[0]):
            row = {"trace": trace.model_dump(mode="json"), "dialogue": dialogue.model_dump(mode="json")}
            work.folder.append(row)
            rows.append(_generation_row(row["dialogue"]))
            work.tell(len(rows), total, "dialogues")
            if len(rows) < total:
                work.check_stop()
    return generation_report(recipe["dataset"], rows)


def evaluate(work: Work) -> dict[str, Any]:
    """Play the folder's scenarios with the model under test; one row a conversation."""
    from ..evaluation.evaluator import evaluate_scenarios
    from ..evaluation.metrics import measure

    catalog, scenarios = work.folder.catalog(), work.folder.scenarios()
    trials = work.recipe["trials"]
    traces = [Trace.model_validate(row["trace"]) for row in work.folder.rows()]
    total = len(scenarios) * trials
    work.tell(len(traces), total, "conversations")
    assistant = work.assistant(work.recipe["model"])
    played = {(trace.scenario.id, trace.trial) for trace in traces}
    how = {"trials": trials, "seed": work.recipe["seed"], "skip": played, "at_once": work.at_once}
    with closing(evaluate_scenarios(catalog, scenarios, assistant, **how)) as made:
        for trace in made if traces else once_answered(made, lambda trace: trace):
            work.folder.append({"trace": trace.model_dump(mode="json")})
            traces.append(trace)
            work.tell(len(traces), total, "conversations")
            if len(traces) < total:
                work.check_stop()
    tools = {tool.name: tool for tool in catalog.tools}
    return measurements_report(measure(traces, tools))


def train(work: Work) -> dict[str, Any]:
    """Fine-tune on the folder's dialogues; one row a log entry, weights in the folder."""
    from ..evaluation.evaluator import evaluate_scenarios
    from ..evaluation.metrics import measure
    from ..training.estimate import steps_of
    from ..training.trainer import ToolCallingTrainer

    recipe = work.recipe

    catalog, dialogues = work.folder.catalog(), work.folder.dialogues()
    total = steps_of(len(dialogues), recipe["epochs"], recipe["batch_size"], recipe["max_steps"])
    watched = [dialogue.scenario for dialogue in work.folder.dialogues("validation")][: recipe["watch"]]
    by_name = {tool.name: tool for tool in catalog.tools}

    def on_log(entry: dict[str, Any]) -> None:
        work.folder.append({"log": plain(entry)})
        work.tell(int(entry["step"]), total, "steps")

    def evaluate_checkpoint(folder: Path, step: int) -> None:
        assistant = open_assistant(f"hf:{folder}", work.models_dir)
        values = measure(list(evaluate_scenarios(catalog, watched, assistant)), by_name).values
        work.folder.append({"checkpoint": {"step": step} | {key: plain(values[key]) for key in ("acc", "ftr", "tar")}})

    trainer = ToolCallingTrainer(model=work.config["model"], models_dir=work.models_dir, catalog=catalog)
    trained = trainer.train(
        dialogues=dialogues,
        loss_mask=recipe["loss_mask"],
        epochs=recipe["epochs"],
        batch_size=recipe["batch_size"],
        learning_rate=recipe["learning_rate"],
        lora_rank=recipe["lora_rank"],
        max_steps=recipe["max_steps"],
        full=recipe["full"],
        out=work.folder.path / "trained",
        seed=recipe["seed"],
        on_log=on_log,
        checkpoint_every=recipe["checkpoint_every"],
        resume=any(work.folder.checkpoints()),
        should_stop=lambda: work.folder.stop_requested_at() is not None,
        evaluate_checkpoint=evaluate_checkpoint if watched else None,
    )
    report = {key: plain(value) for key, value in asdict(trained).items() if isinstance(value, (int, float, str))}
    return report | {"adapter": str(trained.folder)}


KINDS = {"generate": generate, "evaluate": evaluate, "train": train}


def run(path: Path) -> RunState:
    """The state that the run ended in; everything about it stands in the folder."""
    folder = RunFolder(path)
    work = Work(folder)
    signal.signal(signal.SIGTERM, lambda *_: folder.request_stop())
    folder.set_process(os.getpid(), psutil.Process().create_time())
    folder.repair()
    started = folder.status().started or dt.datetime.now(dt.UTC)
    folder.set_status(Status(state="running", started=started))
    state: RunState = "succeeded"
    result: dict[str, Any] = {}
    error = ""
    try:
        work.check_stop()
        result = KINDS[work.config["kind"]](work)
        if result.get("finished") is False:
            state = "cancelled"
    except Stopped:
        state = "cancelled"
    except DiaForgeError as problem:
        state, error = "failed", str(problem)
    except BaseException as problem:
        error = f"{type(problem).__name__}: {problem}. This is a fault of DiaForge; the run's log has the details."
        folder.set_status(Status(state="failed", started=started, ended=dt.datetime.now(dt.UTC), error=error))
        raise
    finally:
        spent = work.close()
    if result:
        result |= spent
    folder.set_status(Status(state=state, started=started, ended=dt.datetime.now(dt.UTC), error=error, result=result))
    return state


def main(arguments: list[str]) -> int:
    """The exit code: 0 if the run succeeded or was stopped on request, 2 if the user can mend it, 1 for a bug."""
    if len(arguments) != 1:
        print("usage: python -m diaforge_core.services.worker RUN_FOLDER", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    try:
        with FileLock(path / "worker.lock", timeout=0):
            return 2 if run(path) == "failed" else 0
    except Timeout:
        print(f"Another worker is at {path}.", file=sys.stderr)
        return 2
    except DiaForgeError as problem:
        print(problem, file=sys.stderr)
        return 2
    except Exception:  # noqa: BLE001 - the last stop before the log: the traceback is all a developer gets
        traceback.print_exc()
        return 1


def _generation_row(dialogue: dict[str, Any]) -> tuple[bool, str, int, str]:
    record = Dialogue.model_validate(dialogue)
    return record.passed, first_failure(record), record.assistant_turns, record.scenario.tier


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

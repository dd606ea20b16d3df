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
from collections.abc import Callable, Collection, Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from ..conversation.assistants import Assistant
from ..conversation.budget import Limits, Price, Spending
from ..conversation.endpoint import Means, run_means
from ..conversation.patience import patiently
from ..errors import DiaForgeError, Interrupted
from ..generator.agents import is_endpoint, open_agents
from ..generator.kept_once import KeptOnce
from ..generator.recipe import Recipe
from ..generator.shards import make, shard_of, shards_left
from ..records.dialogue import Dialogue
from ..records.run import Progress, RunState
from ..records.trace import Trace
from ..store.run_folder import RunFolder, Status
from ..store.trace_journal import TraceJournal
from ..training.work import is_first_process, leave
from .evaluation_scenarios import EvalRecipe, under_test
from .nearness import Nearness
from .reports import GenerationTally
from .shards import DialogueShards, EpisodeShards, asks_model, shard_rows, specs_of
from .tuning import follow, launch, train

PROGRESS_SECONDS = 0.5
"""Between two writings of the progress file."""


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
        self.specs = specs_of(self.config)
        """Side → the folder or address that its model spec stands for."""
        self.so_far: Callable[[], dict[str, Any]] = dict
        """What there is to report at this moment."""

    @property
    def asks_endpoint(self) -> bool:
        return any(map(is_endpoint, self.specs.values()))

    def asked_to_stop(self) -> bool:
        """Whether somebody wants the run to pause or to end."""
        return self.folder.stop_requested_at() is not None

    def assistant(self) -> Assistant:
        """The assistant that an evaluation tests."""
        means = self.means() if self.asks_endpoint else None
        recipe = EvalRecipe.model_validate(self.recipe)
        return under_test(recipe, self.config["model"], self.models_dir, means, self.asked_to_stop)

    def means(self) -> Means:
        """What all endpoints of this run share; made on first use, and its answers kept in the run folder."""
        if self._means is None:
            prices = {model: Price(**price) for model, price in self.recipe.get("prices", {}).items()}
            self._means = run_means(self.folder.path, Limits(**self.recipe.get("limits", {})), prices)
            self._means.stop_when(self.asked_to_stop)
        return self._means

    def report(self) -> dict[str, Any]:
        """What the run has come to so far, and what it spent on endpoints if it asked any."""
        return self.so_far() | (self._means.report() if self._means else {})

    def close(self) -> None:
        """Give back what is open."""
        if self._means is not None:
            self._means.close()

    def tell(self, done: int, total: int, unit: str) -> None:
        """Write the progress, not too often; the pace counts this process's own work only."""
        if self._first is None:
            self._first, self._started = done, time.monotonic()
        now = time.monotonic()
        if done < total and now - self._written < PROGRESS_SECONDS:
            return
        self._written = now
        fresh = done - self._first
        left = (now - self._started) / fresh * (total - done) if fresh > 0 else None
        said = _spent(self._means.budget.spent) if self._means else ""
        self.folder.set_progress(
            Progress(done=min(done, total), total=total, unit=unit, message=said, seconds_left=left)
        )


def _spent(spent: Spending) -> str:
    """What models have cost so far, in words; empty before the first request."""
    money = f", {spent.money:.2f} in money" if spent.money else ""
    return f"{spent.calls:,} calls, {spent.tokens.total:,} tokens{money}" if spent.calls else ""


def generate(work: Work) -> dict[str, Any]:
    """Play the recipe's scenarios; one row a scenario, in their order, whichever process plays it."""
    recipe, tally, once = Recipe.model_validate(work.recipe), GenerationTally(work.recipe["dataset"]), KeptOnce()
    for row in work.folder.rows():
        tally.add(_seen(once, row))
    work.so_far = tally.report
    work.tell(tally.asked, recipe.count, "dialogues")
    with closing(_generated(work, recipe, tally.asked)) as made:
        for each in made:
            rows = [_seen(once, row) for row in each]
            work.folder.append(*rows)
            for row in rows:
                tally.add(row)
            work.tell(tally.asked, recipe.count, "dialogues")
            if tally.asked < recipe.count:
                work.folder.check_stop()
    return tally.report()


def _seen(once: KeptOnce, row: dict[str, Any]) -> dict[str, Any]:
    """The row, its dialogue failed if it says what an earlier one says; all rows are to come by here, in order."""
    if "dialogue" not in row:
        return row
    dialogue = Dialogue.model_validate(row["dialogue"])
    seen = once.see(dialogue)
    return row if seen is dialogue else row | {"dialogue": seen.model_dump(mode="json")}


def _generated(work: Work, recipe: Recipe, done: int) -> Generator[list[dict[str, Any]]]:
    """Rows from scenario number `done` on, as many at a time as come at once."""
    source = DialogueShards.of(work.folder)
    if recipe.engine == "ray" or source.processes(recipe.count - done) > 1:
        left = shards_left(recipe.count, done)
        for first, rows in shard_rows(work.folder, source, left, work.folder.check_stop):
            yield rows[max(0, done - first) :]
        return
    catalog = source.catalog
    means = work.means() if work.asks_endpoint else None
    agents = open_agents(recipe, work.specs, work.models_dir, means, work.asked_to_stop)
    if asks_model(recipe.models):
        made = make(catalog, recipe, agents, range(done, recipe.count), agents.in_flight)
        with closing(made):
            yield from ([each.row()] for each in patiently(made, lambda each: each, fresh=not done))
        return
    for number in shards_left(recipe.count, done):
        numbers = shard_of(recipe.count, number)
        yield from ([each.row()] for each in make(catalog, recipe, agents, numbers[max(0, done - numbers.start) :]))


def evaluate(work: Work) -> dict[str, Any]:
    """Play the folder's scenarios with the model under test; one row a conversation, as soon as it has ended."""
    from ..evaluation.evaluator import in_plan_order
    from .evaluation_work import floor, numbers, replay

    if work.recipe.get("static"):
        return replay(work)
    source = EpisodeShards.of(work.folder)
    catalog, scenarios = source.catalog, source.scenarios
    journal = TraceJournal(work.folder, Nearness(lambda _: catalog).of)
    journal.repair()
    traces = list(journal.traces())
    total = source.count
    work.tell(len(traces), total, "conversations")
    work.so_far = lambda: numbers(work, catalog, in_plan_order(traces, scenarios))
    played = {(trace.scenario.id, trace.trial) for trace in traces}
    with closing(_evaluated(work, source, played)) as made:
        try:
            for trace in patiently(made, lambda trace: trace, fresh=not traces):
                journal.append(trace)
                traces.append(trace)
                work.tell(len(traces), total, "conversations")
        except Interrupted:
            if len(traces) < total:
                raise
    return work.so_far() | floor(work, catalog)


def _evaluated(work: Work, source: EpisodeShards, played: Collection[tuple[str, int]]) -> Generator[Trace]:
    """The conversations that are not played yet: as they end, or shard by shard."""
    from ..evaluation.evaluator import evaluate_as_they_end

    recipe, plan, check = source.recipe, source.plan, work.folder.check_stop
    if recipe.engine == "local" and source.processes(source.count - len(played)) == 1:
        assistant = work.assistant()
        how = {"trials": recipe.trials, "seed": recipe.seed, "skip": played, "check": check}
        with closing(evaluate_as_they_end(source.catalog, source.scenarios, assistant, **how)) as made:
            yield from made
        return
    every = shards_left(len(plan), 0)
    left = [number for number in every if any(plan[place] not in played for place in shard_of(len(plan), number))]
    for _, rows in shard_rows(work.folder, source, left, check):
        traces = (Trace.model_validate(row["trace"]) for row in rows)
        yield from (trace for trace in traces if (trace.scenario.id, trace.trial) not in played)


KINDS = {"generate": generate, "evaluate": evaluate, "train": train}


def run(path: Path) -> RunState:
    """The state that the run ended in; everything about it stands in the folder."""
    folder = RunFolder(path)
    work = Work(folder)
    signal.signal(signal.SIGTERM, lambda *_: folder.request_stop(folder.pauses))
    folder.set_process(os.getpid(), psutil.Process().create_time())
    folder.repair()
    folder.hold_room()
    started = folder.status().started or dt.datetime.now(dt.UTC)
    folder.set_status(Status(state="running", started=started))
    state: RunState = "failed"
    error = ""
    try:
        state, error = _outcome(work)
    except BaseException as problem:
        notes = "".join(f" ({note})" for note in getattr(problem, "__notes__", ()))
        error = (
            f"{type(problem).__name__}: {problem}{notes}. This is a fault of DiaForge; the run's log has the details."
        )
        raise
    finally:
        folder.free_room()
        ended = dt.datetime.now(dt.UTC)
        folder.set_status(Status(state=state, started=started, ended=ended, error=error, result=work.report()))
        work.close()
    return state


def _outcome(work: Work) -> tuple[RunState, str]:
    """The state in which the run's own work ends, and the error if that is `failed`."""
    try:
        work.folder.check_stop()
        result = KINDS[work.config["kind"]](work)
    except Interrupted:
        return _stopped(work), ""
    except DiaForgeError as problem:
        return "failed", str(problem)
    work.so_far = lambda: result
    return ("succeeded" if result.get("finished") is not False else _stopped(work)), ""


def _stopped(work: Work) -> RunState:
    return "paused" if work.folder.pauses else "cancelled"


def main(arguments: list[str]) -> int:
    """The exit code: 0 if the run succeeded or was stopped on request, 2 if the user can mend it, 1 for a bug."""
    if len(arguments) != 1:
        print("usage: python -m diaforge_core.services.worker RUN_FOLDER", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    try:
        launch(RunFolder(path))
        if not is_first_process():
            return follow(Work(RunFolder(path)))
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


if __name__ == "__main__":
    leave(main(sys.argv[1:]))

"""Runs: queued here, done by worker processes, taken in from their folders."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ..errors import DataError
from ..records.base import content_id
from ..records.dialogue import Dialogue
from ..records.pair import Pair
from ..records.run import FINISHED, RESUMABLE, Progress, Run, RunKind, RunState
from ..records.scenario import Scenario
from ..records.tool import Catalog
from ..records.trace import Trace
from ..store import dialogues as dialogue_table
from ..store import trace_files
from ..store import traces as trace_table
from ..store.database import aware, utc_now
from ..store.ownership import is_alive
from ..store.run_folder import RunFolder, Status
from ..store.trace_journal import TraceJournal
from .names import clean_name

if TYPE_CHECKING:
    from .workspace import Workspace

SCRIPTED_SLOTS = 2
"""Runs without a model on this machine that work at the same time; others wait."""
PATIENCE_SECONDS = 20.0
"""From the wish to stop to the terminating of a worker that does not heed it: a training step may be in its midst."""
KILL_AFTER_SECONDS = 10.0
"""From the terminating to the killing."""
ENDING_SECONDS = 5.0
"""A worker that has written its last word needs a moment to leave."""
INGEST_BYTES = 8 << 20
"""Rows of one run taken in by one transaction, so that a page is not kept waiting."""
WAIT_SECONDS = 0.2
_COLUMNS = "id, name, kind, state, config, created, started, ended, progress, error, result"


class Jobs:
    """The runs of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folders = workspace.folder / "runs"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._polling = threading.Lock()

    def all(self) -> list[Run]:
        """Every run, newest first, as last taken in."""
        return [_run(row) for row in self._rows("ORDER BY created DESC, name")]

    def listed(self) -> list[Run]:
        """Every run that is not archived, newest first."""
        away = {note.key for note in self._workspace.notes.known("archive")}
        return [run for run in self.all() if f"run/{run.id}" not in away]

    def unfinished(self, kind: RunKind | None = None) -> list[Run]:
        """Runs that are queued or running, oldest first."""
        runs = [_run(row) for row in self._rows("WHERE state IN ('queued', 'running') ORDER BY created, name")]
        return [run for run in runs if kind in (None, run.kind)]

    def get(self, id_or_name: str) -> Run:
        """One run; DataError with the names there are if it is not here."""
        rows = self._rows("WHERE id = ? OR name = ? ORDER BY id <> ?", [id_or_name, id_or_name, id_or_name])
        if not rows:
            known = ", ".join(run.name for run in self.all()[:12]) or "none yet"
            raise DataError(f"There is no run '{id_or_name}' in this workspace (there: {known}).")
        return _run(rows[0])

    def folder(self, id_or_name: str) -> RunFolder:
        """The run's own folder."""
        return RunFolder(self._folders / self.get(id_or_name).id)

    def bring_in(
        self,
        name: str,
        config: dict[str, Any],
        status: Status,
        catalog: Catalog,
        scenarios: Sequence[Scenario],
        rows: Iterable[dict[str, Any]],
    ) -> Run:
        """An evaluation that ended elsewhere as a run of this workspace, whole or not at all.

        DataError if the name is taken.
        """
        run_id = uuid.uuid4().hex[:12]
        created = (status.ended or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).replace(tzinfo=None)
        whole = {
            "id": run_id,
            "name": name,
            "kind": "evaluate",
            "created": created.isoformat(),
            "models_dir": str(self._workspace.models_dir),
        } | config
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self._workspace.folder) as apart:
            folder = RunFolder(Path(apart) / run_id)
            folder.create(whole, catalog, scenarios)
            folder.append(*rows)
            folder.set_status(status)
            with self._workspace.database.lock:
                self._free_name(name, numbered=False)
                self._folders.mkdir(exist_ok=True)
                self._adopt(RunFolder(folder.path.rename(self._folders / run_id)))
        return self.wait(run_id)

    def submit(
        self,
        kind: RunKind,
        name: str,
        config: dict[str, Any],
        *,
        catalog: Catalog,
        scenarios: Sequence[Scenario] = (),
        dialogues: Sequence[Dialogue] = (),
        validation: Sequence[Dialogue] = (),
        pairs: Sequence[Pair] = (),
        numbered: bool = False,
    ) -> Run:
        """The new run with everything copied into its folder, started if a slot is free.

        DataError if the name is taken; with `numbered` the next free "name 2" is used instead.
        """
        with self._workspace.database.lock:
            name = self._free_name(name, numbered)
            run_id = uuid.uuid4().hex[:12]
            created = utc_now()
            whole = {
                "id": run_id,
                "name": name,
                "kind": kind,
                "created": created.isoformat(),
                "models_dir": str(self._workspace.models_dir),
            } | config
            device = needs_slot(whole)
            RunFolder(self._folders / run_id).create(whole, catalog, scenarios, dialogues, validation, pairs)
            with self._workspace.database.write() as cursor:
                cursor.execute(
                    "INSERT INTO runs VALUES (?, ?, ?, 'queued', ?, ?, ?, NULL, NULL, '', '', '{}', 0)",
                    [run_id, name, kind, device, json.dumps(whole, ensure_ascii=False), created],
                )
        self.poll()
        return self.get(run_id)

    def poll(self) -> list[Run]:
        """Take in what workers have appended, start queued runs, and give the runs that are not finished.

        Called by every page that shows progress and by the app's own thread; one caller works, others only read.
        """
        if self._polling.acquire(blocking=False):
            try:
                for run in self.unfinished():
                    try:
                        self._take_in(run)
                    except (FileNotFoundError, ValueError, DataError) as problem:
                        self._give_up(run, problem)
                self._start_queued()
            finally:
                self._polling.release()
        return self.unfinished()

    def cancel(self, id_or_name: str) -> Run:
        """The run, asked to stop: at once if queued, else after the row at hand; what is made stays usable.

        A worker that does not heed it is terminated by a later `poll`. A finished run is given back as it is.
        """
        return self._stop(id_or_name, pause=False)

    def pause(self, id_or_name: str) -> Run:
        """The run, asked to stop as by `cancel` and to go on later by `resume`; it takes no slot meanwhile."""
        return self._stop(id_or_name, pause=True)

    def _stop(self, id_or_name: str, pause: bool) -> Run:
        run = self.get(id_or_name)
        if run.state in FINISHED:
            return run
        folder = self.folder(run.id)
        folder.request_stop(pause)
        if run.state == "queued":
            ended = dt.datetime.now(dt.UTC)
            before = folder.status()
            folder.set_status(Status(state="paused" if pause else "cancelled", started=before.started, ended=ended))
        self.poll()
        return self.get(run.id)

    def resume(self, id_or_name: str) -> Run:
        """The run, going on after its last whole row; DataError if it is not paused, failed, cancelled or lost."""
        run = self.get(id_or_name)
        if run.state not in RESUMABLE:
            raise DataError(f"Run '{run.name}' is {run.state}; one that is {_listed(RESUMABLE)} can be resumed.")
        folder = self.folder(run.id)
        deadline = time.monotonic() + ENDING_SECONDS
        while self._is_working(run.id, folder) and time.monotonic() < deadline:
            time.sleep(WAIT_SECONDS)
        if self._is_working(run.id, folder):
            raise DataError(f"The worker of run '{run.name}' is still ending. Try again in a moment.")
        folder.clear_stop()
        folder.set_status(Status(state="queued", started=folder.status().started))
        with self._workspace.database.write() as cursor:
            cursor.execute("UPDATE runs SET state = 'queued', error = '', ended = NULL WHERE id = ?", [run.id])
        self.poll()
        return self.get(run.id)

    def log(self, id_or_name: str, lines: int = 200) -> str:
        """The last lines that the worker wrote."""
        return self.folder(id_or_name).log(lines)

    def wait(
        self, id_or_name: str, on_progress: Callable[[Run], None] | None = None, timeout_seconds: float | None = None
    ) -> Run:
        """The run once it is finished, or as it stands after `timeout_seconds`; `on_progress` hears of every change."""
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        told = None
        while True:
            self.poll()
            run = self.get(id_or_name)
            if on_progress and (run.state, run.progress) != told:
                told = (run.state, run.progress)
                on_progress(run)
            if run.state in FINISHED or (deadline is not None and time.monotonic() > deadline):
                return run
            time.sleep(WAIT_SECONDS)

    def recover(self) -> None:
        """At the start: take in what happened while no app was open; a worker that is gone leaves a lost run.

        A run folder that the database does not know (it was lost or restored) is taken in from its first row; one that
        cannot be read is a notice, so that it does not lock people out of everything else.
        """
        known = {row[0] for row in self._workspace.database.rows("SELECT id FROM runs")}
        for path in sorted(self._folders.glob("*/config.json")):
            if path.parent.name not in known:
                try:
                    self._adopt(RunFolder(path.parent))
                except (DataError, OSError, ValueError, KeyError) as problem:
                    self._workspace.notices.append(f"Run folder {path.parent.name} was left out: {problem}")
        self.poll()

    def remove(self, id_or_name: str) -> None:
        """Take a finished run, its traces and its folder out for good; DataError while it is working."""
        run = self.get(id_or_name)
        if run.state not in FINISHED:
            raise DataError(f"Run '{run.name}' is {run.state}. Cancel it first.")
        self.erase(run.id)

    def erase(self, run_id: str) -> None:
        """Take what there is of a run out for good, also one that waits in the bin."""
        with self._workspace.database.write() as cursor:
            trace_table.remove_run(cursor, run_id)
        shutil.rmtree(self._folders / run_id, ignore_errors=True)

    def playground_run(self, catalog: Catalog) -> str:
        """Id of the run that holds what people saved from the playground with this catalog version; made if need be."""
        run_id = content_id("playground", catalog.name, catalog.version)
        folder = RunFolder(self._folders / run_id)
        with self._workspace.database.lock:
            if not self._rows("WHERE id = ?", [run_id]):
                now = utc_now()
                config = {
                    "id": run_id,
                    "name": self._free_name(f"playground {catalog.name}", True),
                    "kind": "evaluate",
                    "created": now.isoformat(),
                    "playground": True,
                    "model": "scripted:playground",
                    "models_dir": str(self._workspace.models_dir),
                    "recipe": {"model": "playground", "catalog": catalog.name},
                }
                if not folder.path.exists():
                    folder.create(config, catalog)
                    folder.set_status(Status(state="succeeded", ended=dt.datetime.now(dt.UTC)))
                with self._workspace.database.write() as cursor:
                    cursor.execute(
                        "INSERT INTO runs VALUES (?, ?, 'evaluate', 'succeeded', false, ?, ?, ?, ?, '', '', '{}', 0)",
                        [run_id, config["name"], json.dumps(config), now, now, now],
                    )
        return run_id

    def _rows(self, rest: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        shown = f"(SELECT * FROM runs WHERE state <> '{trace_table.BINNED}')"
        return self._workspace.database.rows(f"SELECT {_COLUMNS} FROM {shown} {rest}", values)

    def _free_name(self, name: str, numbered: bool) -> str:
        name = clean_name(name[:60] if numbered else name, "run")
        taken = {run.name for run in self.all()}
        if name not in taken:
            return name
        if not numbered:
            raise DataError(f"There is a run '{name}' already. Take another name, or resume that one.")
        return next(f"{name} {number}" for number in range(2, len(taken) + 3) if f"{name} {number}" not in taken)

    def _start_queued(self) -> None:
        """Start what is queued, oldest first, one run with a model and `SCRIPTED_SLOTS` without at a time."""
        rows = self._workspace.database.rows(
            "SELECT id, device, state FROM runs WHERE state IN ('queued', 'running') ORDER BY created, name"
        )
        free = {True: 1, False: SCRIPTED_SLOTS}
        for _, device, state in rows:
            free[device] -= state == "running"
        for run_id, device, state in rows:
            if state == "queued" and free[device] > 0:
                free[device] -= 1
                if device:
                    self._workspace.playground.yield_device()
                self._start(run_id)

    def _start(self, run_id: str) -> None:
        folder = RunFolder(self._folders / run_id)
        with folder.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "diaforge_core.services.worker", str(folder.path)],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).resolve().parents[2],
                env=worker_environment(steady=is_steady(folder.config().get("recipe", {}))),
            )
        self._processes[run_id] = process
        with self._workspace.database.write() as cursor:
            cursor.execute(
                "UPDATE runs SET state = 'running', started = coalesce(started, ?) WHERE id = ?", [utc_now(), run_id]
            )
        with contextlib.suppress(DataError):  # the worker writes it too, and says why if it cannot
            folder.set_process(process.pid, _start_time(process.pid))

    def _take_in(self, run: Run) -> None:
        """Bring one unfinished run up to date with its folder."""
        folder = RunFolder(self._folders / run.id)
        status = folder.status()
        if run.state == "running" and status.state not in FINISHED and not self._is_working(run.id, folder):
            status = folder.status()
            if status.state not in FINISHED:
                status = self._gone(run, folder, status)
        with self._workspace.database.gathering():
            while self._ingest(run, folder):
                pass
        if run.state == "running":
            self._press_for_stop(run.id, folder)
        progress = folder.progress()
        state = status.state if status.state in FINISHED else run.state
        if state in FINISHED:
            self._processes.pop(run.id, None)
        changed = (progress, state) != (run.progress, run.state)
        if changed:
            with self._workspace.database.write() as cursor:
                cursor.execute(
                    "UPDATE runs SET state = ?, progress = ?, error = ?, result = ?, ended = ? WHERE id = ?",
                    [
                        state,
                        progress.model_dump_json() if progress else "",
                        status.error,
                        json.dumps(status.result, ensure_ascii=False),
                        status.ended.astimezone(dt.UTC).replace(tzinfo=None) if status.ended else None,
                        run.id,
                    ],
                )

    def _give_up(self, run: Run, problem: Exception) -> None:
        """Mark a run whose folder is gone or cannot be read, so that it does not stop all the others."""
        said = f"The folder of run '{run.name}' cannot be read: {problem}. Restore {self._folders / run.id}."
        with self._workspace.database.write() as cursor:
            cursor.execute(
                "UPDATE runs SET state = 'failed', error = ?, ended = ? WHERE id = ?", [said[:2000], utc_now(), run.id]
            )

    def _ingest(self, run: Run, folder: RunFolder) -> bool:
        """Whether rows were taken in; the offset moves in the same transaction, so that no row is taken twice."""
        if self._take_part(run, folder):
            return True
        offset = self._workspace.database.rows("SELECT ingested FROM runs WHERE id = ?", [run.id])[0][0]
        rows, reached = folder.rows_from(offset, INGEST_BYTES)
        if reached == offset or self._new_parts(run, folder):  # begun anew meanwhile: the offset is of the old one
            return reached != offset
        traces = [Trace.model_validate(row["trace"]) for row in rows if "trace" in row]
        dialogues = [Dialogue.model_validate(row["dialogue"]) for row in rows if "dialogue" in row]
        with self._workspace.database.write() as cursor:
            trace_table.add(cursor, run.id, traces, self._workspace.traces.nearness.of)
            if dialogues:
                dialogue_table.add(cursor, run.config["recipe"]["dataset"], dialogues)
            cursor.execute("UPDATE runs SET ingested = ? WHERE id = ?", [reached, run.id])
        return True

    def _take_part(self, run: Run, folder: RunFolder) -> bool:
        """Whether a Parquet file of the run was taken in; what came by the journal before is known by its id."""
        part = next(iter(self._new_parts(run, folder)), None)
        if part is None:
            return False
        for traces in trace_files.groups(part):
            with self._workspace.database.write() as cursor:
                trace_table.take_in(cursor, run.id, traces)
        with self._workspace.database.write() as cursor:
            cursor.execute("INSERT INTO taken_parts VALUES (?, ?)", [run.id, part.name])
            cursor.execute("UPDATE runs SET ingested = 0 WHERE id = ?", [run.id])
        return True

    def _new_parts(self, run: Run, folder: RunFolder) -> list[Path]:
        """The run's Parquet files that were not taken in yet, oldest first."""
        rows = self._workspace.database.rows("SELECT part FROM taken_parts WHERE run = ?", [run.id])
        taken = {row[0] for row in rows}
        return [part for part in TraceJournal(folder).parts() if part.name not in taken]

    def _is_working(self, run_id: str, folder: RunFolder) -> bool:
        """Whether the process started for it lives, or the one that wrote its name: a launcher may end before it."""
        process = self._processes.get(run_id)
        if process is not None and process.poll() is None:
            return True
        known = folder.process()
        return known is not None and is_alive(*known)

    def _gone(self, run: Run, folder: RunFolder, status: Status) -> Status:
        """The status of a run whose worker ended without a word: cancelled if it was asked to stop, else lost."""
        asked: RunState | None = None
        if folder.stop_requested_at() is not None:
            asked = "paused" if folder.pauses else "cancelled"
        tail = folder.log(5).strip().splitlines()
        said = f" Its last words: {tail[-1][:300]}" if tail else ""
        gone = Status.model_validate(
            status.model_dump()
            | {
                "state": asked or "lost",
                "ended": dt.datetime.now(dt.UTC),
                "error": ""
                if asked
                else f"The worker of run '{run.name}' ended without finishing (killed, or the machine was restarted); "
                f"what it had made is kept. Resume the run to go on.{said}",
            }
        )
        with contextlib.suppress(DataError):  # on a full disk the database may still have room for it
            folder.set_status(gone)
        return gone

    def _press_for_stop(self, run_id: str, folder: RunFolder) -> None:
        """Terminate, later kill, a worker that was asked to stop and did not."""
        asked = folder.stop_requested_at()
        waited = 0.0 if asked is None else time.time() - asked
        if waited < PATIENCE_SECONDS or not self._is_working(run_id, folder):
            return
        known = folder.process()
        strength = signal.SIGTERM if waited < PATIENCE_SECONDS + KILL_AFTER_SECONDS else signal.SIGKILL
        if known and is_alive(*known):
            with contextlib.suppress(ProcessLookupError):
                os.kill(known[0], strength)

    def _adopt(self, folder: RunFolder) -> None:
        config = folder.config()
        device = needs_slot(config)
        self._workspace.catalogs.adopt(folder.catalog())
        status = folder.status()
        state = "running" if status.state != "queued" else "queued"
        with self._workspace.database.write() as cursor:
            cursor.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, '', '', '{}', 0)",
                [
                    config["id"],
                    config["name"],
                    config["kind"],
                    state,
                    device,
                    json.dumps(config, ensure_ascii=False),
                    dt.datetime.fromisoformat(config["created"]),
                ],
            )
            if config["kind"] == "generate":
                recipe = config["recipe"]
                cursor.execute(
                    "INSERT OR IGNORE INTO datasets VALUES (?, ?, '', ?, ?, '')",
                    [recipe["dataset"], utc_now(), recipe["catalog"], config["id"]],
                )


def needs_slot(config: dict[str, Any]) -> bool:
    """Whether a run computes with a model on this machine, of which one works at a time."""
    specs = (config.get("models") or {"": str(config.get("model", ""))}).values()
    return config["kind"] == "train" or not all(spec.startswith(("scripted:", "openai:")) for spec in specs)


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


STEADY = {
    "GOMP_SPINCOUNT": "300000",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(16 << 30),
    "MALLOC_TOP_PAD_": str(256 << 20),
}
"""For workers that compute step after step on Linux: memory is kept between steps, and threads wait for one another a
moment before they sleep. On two cores a run of 309 tokens a second had 187 without."""


def is_steady(choices: Mapping[str, Any]) -> bool:
    """Whether these are of a training whose steps are alike. Batches of pairs are not: memory that is kept falls to
    pieces between them, and nobody knows by how much."""
    return choices.get("stage") == "sft"


def worker_environment(*, steady: bool = False) -> dict[str, str]:
    """The environment of a worker: this process's own, without any reach for a model hub; `steady` as `STEADY` says."""
    return (
        (STEADY if steady else {})
        | os.environ
        | {
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONUNBUFFERED": "1",
        }
    )


def _run(row: Sequence[Any]) -> Run:
    progress = Progress.model_validate_json(row[8]) if row[8] else None
    return Run(
        id=row[0],
        name=row[1],
        kind=row[2],
        state=row[3],
        config=json.loads(row[4]),
        created=_aware(row[5]),
        started=aware(row[6]),
        ended=aware(row[7]),
        progress=progress,
        error=row[9],
        result=json.loads(row[10] or "{}"),
    )


def _aware(moment: dt.datetime) -> dt.datetime:
    return moment.replace(tzinfo=dt.UTC)


def _start_time(pid: int) -> float:
    """Start time of a process that was just started; now if it has ended already."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return time.time()

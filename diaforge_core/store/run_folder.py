"""A run's own folder: all that its worker needs, and all that it leaves behind."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import Field

from ..errors import DataError, Interrupted
from ..records.base import Record
from ..records.dialogue import Dialogue
from ..records.pair import Pair
from ..records.run import Progress, RunState
from ..records.scenario import Scenario
from ..records.tool import Catalog

ROOM_BYTES = 64 << 10
"""Held by a file while a worker runs, and given back for its last words where the disk has become full."""
BLOCK_BYTES = 1 << 20
PAUSE = "pause"
"""In the stop file where the run is to go on later."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Status(Record):
    """How a run stands, as its worker or its starter last wrote."""

    state: RunState = "queued"
    started: dt.datetime | None = None
    """First start, UTC; a resume leaves it."""
    ended: dt.datetime | None = None
    error: str = ""
    result: dict[str, Any] = Field(default_factory=dict)


class RunFolder:
    """Reads and writes of one run folder; small files are replaced whole, rows are only appended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows_path = path / "rows.jsonl"
        self.log_path = path / "worker.log"

    def create(
        self,
        config: dict[str, Any],
        catalog: Catalog,
        scenarios: Iterable[Scenario] = (),
        dialogues: Iterable[Dialogue] = (),
        validation: Iterable[Dialogue] = (),
        pairs: Iterable[Pair] = (),
    ) -> None:
        """Copy in everything that the run starts from."""
        self.path.mkdir(parents=True)
        self._replace("catalog.json", catalog.model_dump_json())
        copied = {"scenarios": scenarios, "dialogues": dialogues, "validation": validation, "pairs": pairs}
        for name, records in copied.items():
            self._replace(f"{name}.jsonl", "".join(record.model_dump_json() + "\n" for record in records))
        self.set_status(Status())
        self._replace("config.json", json.dumps(config, ensure_ascii=False, indent=1))

    def config(self) -> dict[str, Any]:
        """The frozen configuration; DataError if this is no run folder."""
        try:
            return json.loads((self.path / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise DataError(f"{self.path} is no run folder: its config.json cannot be read ({problem}).") from problem

    def catalog(self) -> Catalog:
        return Catalog.model_validate_json((self.path / "catalog.json").read_bytes())

    def scenarios(self) -> list[Scenario]:
        return [Scenario.model_validate_json(line) for line in _lines(self.path / "scenarios.jsonl")]

    def dialogues(self, name: str = "dialogues") -> list[Dialogue]:
        return [Dialogue.model_validate_json(line) for line in _lines(self.path / f"{name}.jsonl")]

    def pairs(self) -> list[Pair]:
        """Of the preference stage; none in a folder from before there were any."""
        file = self.path / "pairs.jsonl"
        return [Pair.model_validate_json(line) for line in _lines(file)] if file.is_file() else []

    def status(self) -> Status:
        return Status.model_validate_json((self.path / "status.json").read_bytes())

    def set_status(self, status: Status) -> None:
        self._replace("status.json", status.model_dump_json())

    def progress(self) -> Progress | None:
        try:
            return Progress.model_validate_json((self.path / "progress.json").read_bytes())
        except FileNotFoundError:
            return None

    def set_progress(self, progress: Progress) -> None:
        self._replace("progress.json", progress.model_dump_json())

    def process(self) -> tuple[int, float] | None:
        """Number and start time (seconds since 1970) of the newest worker; None before there was one."""
        try:
            known = json.loads((self.path / "process.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return known["pid"], known["started"]

    def set_process(self, pid: int, started: float) -> None:
        self._replace("process.json", json.dumps({"pid": pid, "started": started}))

    def append(self, *rows: dict[str, Any]) -> None:
        """More rows, on disk before this returns; only the worker appends."""
        self.append_lines(b"".join(map(line_of, rows)))

    def append_lines(self, lines: bytes) -> None:
        """Rows that are lines already; DataError where they cannot be written, no part of them staying behind."""
        with _written(self.rows_path), self.rows_path.open("ab", buffering=0) as file:
            start = file.tell()
            try:
                rest = memoryview(lines)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(start)
                raise

    def repair(self) -> None:
        """Cut off a last row that a killed worker left unfinished; done before a worker appends."""
        if self.rows_path.exists():
            with self.rows_path.open("rb") as file:
                whole = _end_of_last_line(file)
            if whole < self.rows_path.stat().st_size:
                os.truncate(self.rows_path, whole)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every whole row so far, in order, one at a time."""
        with contextlib.suppress(FileNotFoundError), self.rows_path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n") and line.strip():
                    yield json.loads(line)

    def rows_from(self, offset: int, at_most_bytes: int | None = None) -> tuple[list[dict[str, Any]], int]:
        """The whole rows that start at byte `offset`, and the offset behind them; an unfinished last row waits."""
        try:
            with self.rows_path.open("rb") as file:
                file.seek(offset)
                content = file.read() if at_most_bytes is None else file.read(at_most_bytes)
                if at_most_bytes is not None and content and b"\n" not in content:
                    content += file.readline()
        except FileNotFoundError:
            return [], offset
        content = content[: content.rfind(b"\n") + 1]
        return [json.loads(line) for line in content.splitlines() if line.strip()], offset + len(content)

    def request_stop(self, pause: bool = False) -> None:
        """Ask the worker to stop after the row at hand; `pause` says that the run is to go on later.

        To ask for the same again changes nothing: the patience with the worker is measured from the first time.
        """
        if self.stop_requested_at() is None or self.pauses != pause:
            (self.path / "stop").write_text(PAUSE if pause else "", encoding="utf-8")

    @property
    def pauses(self) -> bool:
        """Whether the stop that was asked for, if any, is a pause."""
        try:
            return (self.path / "stop").read_text(encoding="utf-8") == PAUSE
        except FileNotFoundError:
            return False

    def hold_room(self) -> None:
        """Keep a little of the disk for the worker's last words."""
        with contextlib.suppress(OSError):
            (self.path / ".room").write_bytes(bytes(ROOM_BYTES))

    def free_room(self) -> None:
        (self.path / ".room").unlink(missing_ok=True)

    def clear_stop(self) -> None:
        (self.path / "stop").unlink(missing_ok=True)

    def stop_requested_at(self) -> float | None:
        """When the stop was asked for, seconds since 1970; None if it was not."""
        try:
            return (self.path / "stop").stat().st_mtime
        except FileNotFoundError:
            return None

    def check_stop(self) -> None:
        """Interrupted if a stop was asked for."""
        if self.stop_requested_at() is not None:
            raise Interrupted("The run was asked to stop.")

    def checkpoints(self) -> list[Path]:
        """Folders of saved weights named `checkpoint-STEP`, wherever the trainer put them in the run folder."""
        found = self.path.glob("**/checkpoint-*")
        return sorted(folder for folder in found if folder.is_dir() and folder.name.rpartition("-")[2].isdigit())

    @property
    def trained(self) -> Path:
        """Where a trainer puts its checkpoints and what it ends with."""
        return self.path / "trained"

    def keep(self, step: int) -> None:
        """Note that the checkpoint of this step is to stay."""
        (self.path / "kept").mkdir(exist_ok=True)
        (self.path / "kept" / str(step)).touch()

    def kept(self) -> set[int]:
        """Steps whose checkpoints are to stay."""
        return {int(note.name) for note in (self.path / "kept").glob("*")}

    def log(self, lines: int = 200) -> str:
        """The last lines that the worker wrote."""
        try:
            with self.log_path.open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - 400 * lines))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _replace(self, name: str, text: str) -> None:
        """Write a small file whole: a reader sees the old one or the new one. DataError where it cannot be written."""
        replace_file(self.path / name, text.encode("utf-8"))


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole: a reader, or a later start, sees the old one or the new one. DataError where it cannot be."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with _written(path):
        try:
            with partial.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


def _end_of_last_line(file: BinaryIO) -> int:
    """Offset behind the last line break, looked for from the end; 0 if there is none."""
    place = file.seek(0, os.SEEK_END)
    while place > 0:
        start = max(0, place - BLOCK_BYTES)
        file.seek(start)
        found = file.read(place - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        place = start
    return 0


def line_of(row: dict[str, Any]) -> bytes:
    """The row as it stands in a file of rows; the same row gives the same bytes."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


@contextlib.contextmanager
def _written(path: Path) -> Iterator[None]:
    """DataError that says what could not be written and why, for what the operating system refuses."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as problem:
        why = (problem.strerror or str(problem)).lower()
        mend = "Make room there" if problem.errno in _NO_ROOM else "Make it writable"
        raise DataError(
            f"{path} could not be written: {why}. What was made before is whole. {mend} and resume the run."
        ) from problem


def _lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().split(b"\n") if line.strip()]

"""Answers of endpoints on disk: what was answered once is never asked again, however often a run is killed."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import threading
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..errors import DataError, RunStopped
from .budget import Tokens

_HEAD = b'{"sum":"00000000",'
"""A line is its checksum and then the rest of a JSON object; the checksum is that of the rest."""
_log = logging.getLogger(__name__)


class ResponseCache:
    """One append-only JSONL file with one owner at a time; failures are never answers.

    Three kinds of lines: `asked` before a request goes out with the most that it may cost, `key` with its answer,
    `failed` when none came. What was asked and has neither was under way when the last owner died. A line reaches the
    operating system in one write before the answer is used, so a killed process loses no answer; a line that is torn
    or garbled is left out and asked again.
    """

    def __init__(self, path: Path) -> None:
        """DataError if another process has the file or it cannot be written."""
        self.path = path
        self.lost: int = 0
        """Requests that were under way when the last owner was killed."""
        self.earlier: dict[str, tuple[int, Tokens]] = {}
        """Model → requests and tokens of earlier owners, those of lost requests at the most they may have cost."""
        self._places: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        # Not bound to a thread: whoever closes gives it back.
        self._owner = FileLock(f"{path}.lock", timeout=0, thread_local=False)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._owner.acquire()
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            self._end = self._read()
        except Timeout:
            raise DataError(f"Another process writes to the answers in {path}. Wait for it or stop it.") from None
        except OSError as problem:
            self._owner.release()
            raise DataError(f"The answers in {path} cannot be kept ({problem.strerror}). Make room there.") from problem

    def __enter__(self) -> ResponseCache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        return len(self._places)

    def close(self) -> None:
        """Give the file back, its lines on disk."""
        with self._lock:
            if self._file >= 0:
                os.fsync(self._file)
                os.close(self._file)
                self._file = -1
                self._owner.release()

    def get(self, key: str) -> Any | None:
        """The answer under this key; None if there is none."""
        with self._lock:
            place = self._places.get(key)
            line = os.pread(self._file, place[1], place[0]) if place else b""
        entry = _entry(line) if line else None
        return entry["answer"] if entry else None

    def asked(self, key: str, model: str, most: Tokens) -> None:
        """Note that a request goes out and what it may cost at most."""
        self._append({"asked": key, "model": model, "tokens": [most.prompt, most.completion]})

    def put(self, key: str, model: str, used: Tokens, calls: int, answer: Any) -> Any:
        """Keep the answer and what it cost; the first answer under a key stays, and is what comes back."""
        entry = {"key": key, "model": model, "tokens": [used.prompt, used.completion], "calls": calls, "answer": answer}
        place = self._append(entry)
        with self._lock:
            first = self._places.setdefault(key, place)
        return answer if first == place else self.get(key)

    def failed(self, key: str, model: str, used: Tokens, calls: int) -> None:
        """Note that no answer came, and what the tries may have cost."""
        self._append({"failed": key, "model": model, "tokens": [used.prompt, used.completion], "calls": calls})

    def _append(self, entry: Mapping[str, Any]) -> tuple[int, int]:
        """Where the line stands; RunStopped if it could not be written whole, the file then being as before."""
        line = _line(entry)
        with self._lock:
            start = self._end
            try:
                written = 0
                while written < len(line):
                    written += os.pwrite(self._file, line[written:], start + written)
            except OSError as problem:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, start)
                raise RunStopped(
                    f"An answer could not be written to {self.path} ({problem.strerror}). Make room there and resume."
                ) from problem
            self._end = start + len(line)
        return start, len(line)

    def _read(self) -> int:
        """The end of the last whole line; behind it the file is cut off."""
        under_way: dict[str, tuple[str, Tokens]] = {}
        garbled = end = 0
        with self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                entry = _entry(line)
                if entry is None:
                    garbled += 1
                else:
                    self._take_in(entry, (end, len(line)), under_way)
                end += len(line)
        os.ftruncate(self._file, end)
        for model, most in under_way.values():
            self._charge(model, 1, most)
        self.lost = len(under_way)
        if garbled:
            _log.warning("%s: %d garbled lines are left out; what they answered is asked again.", self.path, garbled)
        if self.lost:
            _log.warning("%s: %d requests were under way at the last end; they are asked again.", self.path, self.lost)
        self._settle_lost(under_way, end)
        return self._end

    def _settle_lost(self, under_way: Mapping[str, tuple[str, Tokens]], end: int) -> None:
        """Write down what lost requests may have cost, so that it is counted once, whoever asks them again."""
        self._end = end
        for key, (model, most) in under_way.items():
            self.failed(key, model, most, 1)

    def _take_in(self, entry: dict[str, Any], place: tuple[int, int], under_way: dict[str, Any]) -> None:
        key = str(entry.get("asked") or entry.get("key") or entry.get("failed"))
        tokens = Tokens(*entry["tokens"])
        if "asked" in entry:
            under_way[key] = (entry["model"], tokens)
            return
        under_way.pop(key, None)
        self._charge(entry["model"], entry["calls"], tokens)
        if "key" in entry:
            self._places.setdefault(key, place)

    def _charge(self, model: str, calls: int, tokens: Tokens) -> None:
        earlier_calls, earlier = self.earlier.get(model, (0, Tokens()))
        self.earlier[model] = (earlier_calls + calls, earlier + tokens)


def _line(entry: Mapping[str, Any]) -> bytes:
    # ASCII, because an answer may hold half a character that UTF-8 has no bytes for.
    rest = json.dumps(entry, separators=(",", ":")).encode()[1:] + b"\n"
    return b'{"sum":"%08x",' % zlib.crc32(rest) + rest


def _entry(line: bytes) -> dict[str, Any] | None:
    """The object of a line; None if it is not as it was written."""
    rest = line[len(_HEAD) :]
    if line[: len(_HEAD)] != b'{"sum":"%08x",' % zlib.crc32(rest):
        return None
    return json.loads(b"{" + rest)

"""The wish to stop, told at once to everybody who waits for a server."""

from __future__ import annotations

import contextlib
import socket
import threading
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import Interrupted

LOOKS_EVERY = 0.3
"""Seconds between two looks whether somebody asked to stop."""
_OPENED = (".connect_tcp.complete", ".start_tls.complete", ".connect_unix_socket.complete")
"""How the client's events end that bring a new connection."""


class Halt:
    """Set once, from any thread: pauses end, open connections are cut, and whoever checks is interrupted."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._streams: weakref.WeakSet[Any] = weakref.WeakSet()
        self._lock = threading.Lock()

    def set(self) -> None:
        """Stop whatever waits; nothing can be begun again."""
        self._asked.set()
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            _cut(stream)

    def is_set(self) -> bool:
        """Whether somebody asked to stop."""
        return self._asked.is_set()

    def interrupted(self) -> Interrupted | None:
        """What those who wait raise; None as long as nobody asked to stop."""
        said = "The run was asked to stop. What is finished is valid; resume it to go on."
        return Interrupted(said) if self._asked.is_set() else None

    def check(self) -> None:
        """Interrupted if somebody asked to stop."""
        if problem := self.interrupted():
            raise problem

    def sleep(self, seconds: float) -> None:
        """A pause; Interrupted as soon as somebody asks to stop."""
        self._asked.wait(max(0.0, seconds))
        self.check()

    def watch(self, asked: Callable[[], bool]) -> None:
        """Look every little while, in a thread that keeps no process alive, until `asked()` says to stop."""

        def look() -> None:
            while not self._asked.wait(LOOKS_EVERY):
                if asked():
                    self.set()

        threading.Thread(target=look, name="halt-watch", daemon=True).start()

    def note(self, event: str, info: Mapping[str, Any]) -> None:
        """Take in an event of the HTTP client, so that the connections it opens can be cut."""
        if not event.endswith(_OPENED):
            return
        stream = info["return_value"]
        with self._lock:
            self._streams.add(stream)
        if self._asked.is_set():
            _cut(stream)


def _cut(stream: Any) -> None:
    """End both directions; closing alone would leave a thread that reads in its wait."""
    opened = stream.get_extra_info("socket")
    with contextlib.suppress(OSError):
        opened.shutdown(socket.SHUT_RDWR)

"""The last few results of slow work, shared by all threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Kept(Generic[V]):
    """Values by key, each made once however many threads ask for it; the least recently used ones are let go."""

    def __init__(self, most: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        self._most = most
        """Total weight that is kept; the newest value is kept whatever it weighs."""
        self._weigh = weigh
        self._values: OrderedDict[Hashable, V] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], V]) -> V:
        """The kept value, else what `make` gives; another thread that asks for the same key meanwhile waits for it."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    return self._values[key]
            try:
                value = make()
                self.put(key, value)
            finally:
                with self._lock:
                    self._making.pop(key, None)
        return value

    def put(self, key: Hashable, value: V) -> None:
        """Keep this value, in place of what was there."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            weight = sum(self._weigh(kept) for kept in self._values.values())
            while weight > self._most and len(self._values) > 1:
                weight -= self._weigh(self._values.popitem(last=False)[1])

    def newest(self, matches: Callable[[Hashable], bool]) -> V | None:
        """The value used last of those whose key matches; None while there is none."""
        with self._lock:
            return next((value for key, value in reversed(self._values.items()) if matches(key)), None)

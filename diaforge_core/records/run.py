"""A piece of work with an id, done by a worker process in its own folder."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import Field

from .base import Record

RunKind = Literal["generate", "train", "evaluate"]
RunState = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled", "lost"]
RESUMABLE: tuple[RunState, ...] = ("paused", "failed", "cancelled", "lost")
FINISHED: frozenset[str] = frozenset({"succeeded", *RESUMABLE})
"""Nobody works on it."""


class Progress(Record):
    """How far a run is."""

    done: int = Field(ge=0)
    total: int = Field(ge=0)
    unit: str = "scenarios"
    message: str = ""
    seconds_left: float | None = None
    """Estimated from this process's own pace; None while unknown."""


class Run(Record):
    """A run as it stands now."""

    id: str
    name: str
    kind: RunKind
    state: RunState
    config: dict[str, Any]
    """The frozen configuration that the worker reads; no secrets."""
    created: dt.datetime
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    progress: Progress | None = None
    error: str = ""
    """One message a person can act on; empty unless the state is `failed` or `lost`."""
    result: dict[str, Any] = Field(default_factory=dict)
    """What the kind of run reports where it ends, be that before its time; empty until then."""

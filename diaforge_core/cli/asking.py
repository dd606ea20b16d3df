"""What every command shares: its options, where it is done, how its answer is printed."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import DiaForgeError
from ..records.run import FINISHED, Run
from ..settings import workspace_dir

SECONDS_BETWEEN_LINES = 1.0

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace", help="Workspace folder; by default DIAFORGE_WORKSPACE or data/workspace.", metavar="DIR"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout at the end.")]
WhereOption = Annotated[
    list[str] | None,
    typer.Option(help="Any part of a filter, PART=VALUE, such as reviewer=Ana or commented=yes; repeat it."),
]
WhoOption = Annotated[str | None, typer.Option("--who", help="Your name, to sign with.")]


def do(
    command: str,
    params: dict[str, Any],
    workspace: Path | None,
    as_json: bool,
    text_of: Callable[[dict[str, Any]], str] | None = None,
) -> None:
    """Run the command where the workspace is, and print what it gives; `text_of` words it for people."""
    result = guarded(lambda: _perform(command, params, workspace))
    if text_of and not as_json:
        print(text_of(result))
    else:
        show(result, as_json)


def _perform(command: str, params: dict[str, Any], workspace: Path | None) -> dict[str, Any]:
    from ..services.handover import perform

    return perform(workspace_dir(workspace), command, params, Teller())


def guarded(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` gives; the program ends with 2 and one message for what the user can mend."""
    try:
        return work()
    except DiaForgeError as problem:
        print(problem, file=sys.stderr)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        print(
            "Interrupted. A run that was started goes on by itself; see `runs`, or stop it with `cancel`.",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None


class Teller:
    """Tells stderr how far a run is, with the time left: every change of state, else a line a second at most."""

    def __init__(self) -> None:
        self._state = ""
        self._told = 0.0

    def __call__(self, run: Run) -> None:
        now = time.monotonic()
        state = f"{run.name}: {run.state}"
        if state == self._state and now - self._told < SECONDS_BETWEEN_LINES:
            return
        self._state, self._told = state, now
        print(progress_line(run), file=sys.stderr, flush=True)


def progress_line(run: Run) -> str:
    """`name: running, 12 of 40 dialogues, 3 s left`."""
    parts = [f"{run.name}: {run.state}"]
    if run.progress and run.state not in ("queued", "lost"):
        total = f" of {run.progress.total}" if run.progress.total else ""
        parts.append(f"{run.progress.done}{total} {run.progress.unit}")
        if run.state not in FINISHED and run.progress.seconds_left is not None:
            parts.append(f"{duration(run.progress.seconds_left)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """`42 s`, `3 min` or `2 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def show(result: dict[str, Any], as_json: bool) -> None:
    """Print a command's answer: one JSON object, or a line for each of its keys."""
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    for key, value in result.items():
        print(f"{key}: {_shown(value)}")


def _shown(value: Any, indent: str = "  ") -> str:
    """The value for people: nested lists and objects one entry a line."""
    if isinstance(value, dict) and set(value) == {"value", "low", "high", "n"}:
        return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f}, n = {value['n']})"
    if isinstance(value, dict) and value:
        return "".join(f"\n{indent}{key}: {_shown(item, indent + '  ')}" for key, item in value.items())
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return "".join(f"\n{indent}- {_line(item)}" for item in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_line(item)}" for key, item in value.items() if item not in (None, "", {}, []))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else str(value)


def absolute(path: Path) -> str:
    """The path as the app sees it too, whatever folder this was typed in."""
    return os.path.abspath(os.path.expanduser(path))


def spec(model: str) -> str:
    """The model spec with a folder in it made absolute, for the app may have started in another one."""
    return f"hf:{absolute(Path(model[3:]))}" if model.startswith("hf:") and model[3:] else model


def me() -> str:
    """The name that is signed with where none was given."""
    from ..services.workspace import user_name

    return user_name()

"""Short jobs that need torch, each in a process of its own: the app never imports torch.

`python -m diaforge_core.services.model_tasks TASK` reads JSON from stdin and writes one JSON object to stdout.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ..errors import DiaForgeError, ModelError
from .jobs import worker_environment

TASK_SECONDS = 600.0
"""Merging a large model writes tens of gigabytes."""


def run_model_task(task: str, given: dict[str, Any], timeout_seconds: float = TASK_SECONDS) -> dict[str, Any]:
    """What the task answers; ModelError with its message if it fails or takes too long."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "diaforge_core.services.model_tasks", task],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
            cwd=Path(__file__).resolve().parents[2],
            env=worker_environment(),
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"The model did not finish '{task}' within {timeout_seconds:g} s. Try again.") from None
    if done.returncode != 0:
        raise ModelError(done.stderr.strip()[-2000:] or f"'{task}' failed without a word.")
    return json.loads(done.stdout.splitlines()[-1])


def merge(given: dict[str, Any]) -> dict[str, Any]:
    """`out`: the folder that now holds the model with its adapter merged in."""
    from ..training.weights import merge_adapter

    folder = merge_adapter(Path(given["adapter"]), Path(given["out"]), Path(given["models_dir"]))
    return {"out": str(folder)}


def device(given: dict[str, Any]) -> dict[str, Any]:
    """`device`: what torch would compute on here."""
    from ..conversation.local_model import best_device

    return {"device": best_device()}


TASKS = {"merge": merge, "device": device}


def main(arguments: list[str]) -> int:
    """Exit code 0, or 2 with one message if the user can mend it."""
    try:
        answer = TASKS[arguments[0]](json.load(sys.stdin))
    except DiaForgeError as problem:
        print(problem, file=sys.stderr)
        return 2
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

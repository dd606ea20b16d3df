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
    from ..conversation.local_model import LocalModel
    from ..conversation.model_specs import locate, parse_spec

    folders = locate(parse_spec(given["spec"]), Path(given["models_dir"]))
    if folders.adapter is None:
        raise ModelError(f"{folders.base} is a whole model already; there is no adapter to merge.")
    loaded = LocalModel(folders.base, adapter=folders.adapter, device="cpu")
    out = Path(given["out"])
    out.mkdir(parents=True, exist_ok=True)
    loaded.model.merge_and_unload().save_pretrained(out, safe_serialization=True)
    loaded.tokenizer.save_pretrained(out)
    return {"out": str(out)}


def device(given: dict[str, Any]) -> dict[str, Any]:
    """`device`, `name` and `memory_bytes` of what torch would compute on, and torch's `version`."""
    import torch

    from ..conversation.local_model import best_device

    found = best_device()
    cuda = found == "cuda"
    return {
        "device": found,
        "name": torch.cuda.get_device_name() if cuda else "",
        "memory_bytes": torch.cuda.get_device_properties(0).total_memory if cuda else 0,
        "version": torch.__version__,
        "built_for_cuda": torch.version.cuda or "",
    }


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

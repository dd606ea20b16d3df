"""Short jobs that need torch, each in a process of its own: the app never imports torch.

`python -m diaforge_core.services.model_tasks TASK` reads JSON from stdin and writes one JSON object to stdout.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..errors import DiaForgeError, ModelError
from .jobs import is_steady, worker_environment

TASK_SECONDS = 600.0


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
            env=worker_environment(steady=is_steady(given.get("choices", {}))),
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"The model did not finish '{task}' within {timeout_seconds:g} s. Try again.") from None
    if done.returncode != 0:
        raise ModelError(done.stderr.strip()[-2000:] or f"'{task}' failed without a word.")
    return json.loads(done.stdout.splitlines()[-1])


def weights(given: dict[str, Any]) -> dict[str, Any]:
    """`out`: the folder that now holds the whole model in the form asked for, with its card."""
    from ..training.exporting import modelfile, write_adapter, write_folder, write_gguf

    out, models_dir = Path(given["out"]), Path(given["models_dir"])
    if given["form"] == "huggingface":
        write_folder(Path(given["tuned"]), out, models_dir)
    elif given["form"] == "adapter":
        write_adapter(Path(given["tuned"]), out)
    else:
        with tempfile.TemporaryDirectory(dir=out) as plain:
            folder = write_folder(Path(given["tuned"]), Path(plain), models_dir)
            file = write_gguf(folder, out / f"{given['name']}.gguf", given["kind"])
            text = modelfile(folder, file.name, given["name"], given["system"])
            (out / "Modelfile").write_text(text, encoding="utf-8")
    (out / "README.md").write_text(given["card"], encoding="utf-8")
    return {"out": str(out)}


def preflight(given: dict[str, Any]) -> dict[str, Any]:
    """A `Measured`: what a run over `dialogues`, or over `pairs`, needs here."""
    from ..records.dialogue import Dialogue
    from ..records.pair import Pair
    from ..records.tool import Catalog
    from ..training.choices import TrainingChoices
    from ..training.preflight import measure
    from ..training.trainer import ToolCallingTrainer

    catalog = Catalog.model_validate(given["catalog"])
    trainer = ToolCallingTrainer(given["model"], Path(given["models_dir"]), catalog)
    dialogues = [Dialogue.model_validate(one) for one in given["dialogues"]]
    choices = TrainingChoices.of(given["choices"])
    pairs = [Pair.model_validate(one) for one in given["pairs"]]
    return measure(trainer, dialogues, choices, pairs=pairs, plays=given["plays"]).model_dump(mode="json")


def mask(given: dict[str, Any]) -> dict[str, Any]:
    """`pieces` as the tokenizer makes them, each with whether it is learned; `tokens`, `target_tokens`."""
    from ..conversation.local_model import load_tokenizer
    from ..conversation.model_specs import locate, parse_spec
    from ..records.dialogue import Dialogue
    from ..records.tool import Tool
    from ..training.examples import build_examples, loss_mask_preview

    folders = locate(parse_spec(given["model"]), Path(given["models_dir"]))
    tokenizer = load_tokenizer(folders.base)
    dialogue = Dialogue.model_validate(given["dialogue"])
    tools = [Tool.model_validate(tool) for tool in given["tools"]]
    how = {name: given[name] for name in ("loss_mask", "keep_thoughts", "without_thoughts")}
    how["rendering"] = given["rendering"] or folders.rendering
    (example,) = build_examples([dialogue], lambda _: tools, tokenizer, **how)
    pieces = loss_mask_preview(dialogue, tools, tokenizer, **how)
    return {"pieces": pieces, "tokens": example.tokens, "target_tokens": example.target_tokens}


def retention(given: dict[str, Any]) -> dict[str, Any]:
    """A `Retained`: what the model can do besides."""
    from ..training.retention import retained

    return retained(given["model"], Path(given["models_dir"])).model_dump(mode="json")


def device(given: dict[str, Any]) -> dict[str, Any]:
    """`device`: what torch would compute on here."""
    from ..conversation.local_model import best_device

    return {"device": best_device()}


TASKS = {"weights": weights, "preflight": preflight, "mask": mask, "retention": retention, "device": device}


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

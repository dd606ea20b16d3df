"""The command line's words about studies: data, tuning and judging of one model in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..records.trace import Decoding
from .asking import JsonOption, WorkspaceOption, absolute, do, spec

app = typer.Typer(no_args_is_help=True)
"""Commands that stand beside all others."""
Many = list[str] | None


@app.command()
def recipe(
    model: Annotated[str, typer.Argument(help="Model spec of what is tuned; smollm2 by default.")] = "",
    preset: Annotated[
        Literal["small", "full"] | None,
        typer.Option(help="small, by default: sized for an hour on two cores. full: for ten, or a GPU."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the study; its runs and datasets are named after it.")] = "",
    catalogs: Annotated[
        Many,
        typer.Option("--catalogs", help="Catalogs to train on, or a file or folder of one: NAME,NAME or given often."),
    ] = None,
    held_out: Annotated[
        Many, typer.Option("--held-out-catalogs", help="Catalogs, or parts NAME:GROUP of some, to evaluate on alone.")
    ] = None,
    only: Annotated[
        Many, typer.Option(help="Step, or the beginning of some, such as ablation:no-thought or curve; may be often.")
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Say how far each step is; do nothing.")] = False,
    out: Annotated[Path | None, typer.Option(help="File for the report too.")] = None,
    dialogues: Annotated[int | None, typer.Option(help="Dialogues to attempt, over all catalogs.")] = None,
    teacher: Annotated[str, typer.Option(help="Model spec of the assistant whose turns are learned.")] = "",
    scenarios: Annotated[int | None, typer.Option(help="Scenarios that every model plays.")] = None,
    trials: Annotated[int | None, typer.Option(help="Times that each is played.")] = None,
    hours: Annotated[float | None, typer.Option(help="Hours that the training may take; 0 for any time.")] = None,
    watch: Annotated[int | None, typer.Option(help="Scenarios played with each checkpoint that is compared.")] = None,
    goes_on_from: Annotated[
        str, typer.Option("--from", help="Model spec of an adapter of the model that the tuning goes on with.")
    ] = "",
    decoding: Annotated[
        Decoding | None,
        typer.Option(help="How base and tuned write, as in `evaluate`; by default for smollm2 grounded."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Same seed, same data.")] = None,
    epochs: float | None = None,
    max_steps: Annotated[int | None, typer.Option(help="Optimiser steps, instead of epochs.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Dialogues per optimiser step.")] = None,
    learning_rate: float | None = None,
    keep_thoughts: Annotated[
        bool, typer.Option("--keep-thoughts", help="Earlier thoughts stay in the history, and are learned from.")
    ] = False,
    lora_rank: int | None = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest dialogue to learn from, in tokens.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, float32 or bfloat16.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Train all weights instead of an adapter.")] = False,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Make data, tune a model and judge it on tools that it never saw; the same command goes on where it was."""
    params: dict[str, Any] = {
        "model": spec(model), "preset": preset or "", "name": name, "catalogs": _sources(catalogs),
        "held_out": _sources(held_out), "only": only or [], "plan": plan, "out": absolute(out) if out else "",
        "dialogues": dialogues, "teacher": spec(teacher), "goes_on_from": spec(goes_on_from),
        "decoding": decoding or "", "scenarios": scenarios, "trials": trials, "hours": hours, "watch": watch,
        "seed": seed,
    }  # fmt: skip
    training = {
        "epochs": epochs, "max_steps": max_steps, "batch_size": batch_size, "learning_rate": learning_rate,
        "lora_rank": lora_rank, "max_tokens": max_tokens, "precision": precision, "full": full or None,
        "keep_thoughts": keep_thoughts or None,
    }  # fmt: skip
    params["training"] = {key: value for key, value in training.items() if value is not None}
    do("recipe", params, workspace, json_)


def _sources(given: Many) -> list[str]:
    """The catalogs as the app sees them too: files and folders made absolute, names with commas taken apart."""
    found = []
    for each in given or ():
        is_path = Path(each).expanduser().exists()
        found += [absolute(Path(each))] if is_path else [name.strip() for name in each.split(",") if name.strip()]
    return found

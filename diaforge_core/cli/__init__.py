"""The command line: parses words, gives them to the services or to the app that has the workspace, prints the answer.

Exit codes: 0; 2 with one message for what the user can mend; 1 for a bug.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ..records.trace import Decoding
from ..settings import workspace_dir
from . import catalogs, generating, studies, team, traces
from .asking import (
    JsonOption,
    WhereOption,
    WhoOption,
    WorkspaceOption,
    absolute,
    do,
    duration,
    guarded,
    me,
    progress_line,
    show,
    spec,
)
from .generating import EngineOption, MaxCalls, MaxMoney, MaxTokens, PriceOption, Shards, Workers, sharing, spending

__all__ = ["app", "duration", "main", "progress_line"]

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Find what gets confused in an API catalog, and train an assistant that asks before it acts.",
)
review_app = typer.Typer(no_args_is_help=True, help="List dialogues and decide about them.")
app.add_typer(generating.app)
app.add_typer(studies.app)
app.add_typer(catalogs.app)
app.add_typer(catalogs.catalog_app, name="catalog")
app.add_typer(review_app, name="review")
app.add_typer(team.queue_app, name="queue")
app.add_typer(team.role_app, name="role")
app.add_typer(team.keep_app, name="keep")
app.add_typer(traces.traces_app, name="traces")


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="JSONL, JSON or Parquet of any form that `export` writes, or alike.")],
    dataset: Annotated[str, typer.Option(help="Dataset that the dialogues go into.")],
    keep_good: Annotated[
        bool,
        typer.Option("--keep-good", help="Load the good rows and list the bad ones, instead of refusing all."),
    ] = False,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Load dialogues from a file; its content says which form it has."""
    do("load", {"file": absolute(file), "dataset": dataset, "keep_good": keep_good}, workspace, json_)


@app.command()
def datasets(workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """List the datasets."""
    do("datasets", {}, workspace, json_)


@app.command()
def verify(
    what: Annotated[str, typer.Argument(metavar="DATASET|FILE.jsonl")],
    catalog: Annotated[
        str | None, typer.Option(help="Catalog to check against; by default the one named inside.")
    ] = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Run the verification cascade."""
    is_file = what.endswith(".jsonl") or os.path.isfile(what)  # false too for a word too long to be a path
    do("verify", {"what": absolute(Path(what)) if is_file else what, "catalog": catalog}, workspace, json_)


@app.command()
def split(
    dataset: str,
    held_out: Annotated[float, typer.Option(help="Share held out for the test.")] = 0.2,
    validation: Annotated[float, typer.Option(help="Share for choices made while training.")] = 0.1,
    seed: int = 0,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Split a dataset by near-duplicate distance."""
    params = {"dataset": dataset, "held_out": held_out, "validation": validation, "seed": seed}
    do("split", params, workspace, json_)


@app.command()
def train(
    dataset: Annotated[str, typer.Option(help="Dataset to train on.")],
    run: Annotated[str, typer.Option(help="Name of the run.")],
    model: Annotated[str, typer.Option(help="Model spec of the base.")] = "smollm2",
    stage: Annotated[
        str, typer.Option(help="sft, or preference: learn from pairs of a right and a wrong act.")
    ] = "sft",
    pairs: Annotated[str, typer.Option(help="Dataset or evaluation run to unlearn mistakes of, or kept:pairs.")] = "",
    loss_mask: Annotated[str, typer.Option(help="assistant_only, final_call_only or all.")] = "assistant_only",
    keep_thoughts: Annotated[
        bool, typer.Option("--keep-thoughts", help="Earlier thoughts stay in the history.")
    ] = False,
    without_thoughts: Annotated[
        bool, typer.Option("--without-thoughts", help="Learn replies and calls without the thoughts before them.")
    ] = False,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Learn from what a verifier or a person rejected too.")
    ] = False,
    layout: Annotated[
        str | None, typer.Option(help="one_pass or slices; the model's layers decide by default.")
    ] = None,
    rendering: Annotated[str, typer.Option(help="Form of the text; the model's own by default.")] = "",
    reduction: Annotated[str, typer.Option(help="What counts alike: every token, or every turn (slice).")] = "token",
    epochs: float = 1.0,
    max_steps: Annotated[int | None, typer.Option(help="Optimiser steps, instead of epochs.")] = None,
    batch_size: Annotated[int, typer.Option(help="Dialogues per optimiser step, over all processes.")] = 4,
    row_tokens: Annotated[
        int | None, typer.Option(help="Tokens of a packed row; the device decides by default.")
    ] = None,
    too_long: Annotated[
        str, typer.Option(help="Dialogues longer than the model reads: refuse or leave_out.")
    ] = "refuse",
    max_tokens: Annotated[
        int | None, typer.Option(help="Tokens that a dialogue may have; what the model reads by default.")
    ] = None,
    learning_rate: float = 2e-4,
    schedule: Annotated[str, typer.Option(help="cosine, linear or constant.")] = "cosine",
    warmup: Annotated[float, typer.Option(help="Share of the steps in which the learning rate rises.")] = 0.05,
    weight_decay: float = 0.0,
    full: Annotated[bool, typer.Option("--full", help="Train all weights instead of an adapter.")] = False,
    lora_rank: int = 16,
    lora_targets: Annotated[str, typer.Option(help="all-linear or attention.")] = "all-linear",
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto",
    seed: int = 0,
    checkpoint_every: Annotated[int | None, typer.Option(help="Steps between checkpoints.")] = None,
    validation: Annotated[str, typer.Option(help="Dataset that checkpoints are evaluated on; no test part.")] = "",
    watch: Annotated[int, typer.Option(help="Scenarios of it played in each evaluation.")] = 8,
    decoding: Annotated[Decoding, typer.Option(help="How the model writes in them, as in `evaluate`.")] = "free",
    evaluate_every: Annotated[int | None, typer.Option(help="Steps between evaluations.")] = None,
    patience: Annotated[int | None, typer.Option(help="Evaluations without a better one before it stops.")] = None,
    seen: Annotated[str, typer.Option(help="The dataset's stamp; refuses one that changed since.")] = "",
    processes: Annotated[int, typer.Option(help="Processes that share the work, one a GPU.")] = 1,
    measure: Annotated[
        bool, typer.Option("--measure", help="Say what it would need, measured on the longest dialogue; start nothing.")
    ] = False,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Fine-tune a model."""
    given = {name: value for name, value in locals().items() if name not in ("measure", "workspace", "json_")}
    do("train measure" if measure else "train", given | {"model": spec(model)}, workspace, json_)


@app.command()
def evaluate(
    model: Annotated[str, typer.Option(help="Model spec.")],
    scenarios: Annotated[str, typer.Option(help="Dataset whose scenarios are played.")] = "",
    catalog: Annotated[str, typer.Option(help="Catalog to draw scenarios from.")] = "",
    again: Annotated[str, typer.Option(help="Evaluation to play again, on its catalog as it is now.")] = "",
    holding: Annotated[
        list[str] | None, typer.Option(help="Only scenarios that need or offer this tool; may be given often.")
    ] = None,
    static: Annotated[
        str, typer.Option(help="gold or own: the stored user's turns, after the stored assistant's or the model's own.")
    ] = "",
    prompt: Annotated[
        Literal["plain", "examples"], typer.Option(help="What the model reads first: two worked examples too, or not.")
    ] = "plain",
    decoding: Annotated[
        Decoding,
        typer.Option(
            help="constrained: turns of a model on this machine are held to what the tools in view take; grounded: "
            "calls also to what was said."
        ),
    ] = "free",
    count: Annotated[int, typer.Option(help="Scenarios at most.")] = 20,
    trials: Annotated[int, typer.Option(help="Each redraws the user's wording.")] = 1,
    seed: int = 0,
    run: Annotated[str, typer.Option(help="Name of the run.")] = "",
    max_tokens: MaxTokens = None,
    max_money: MaxMoney = None,
    max_calls: MaxCalls = None,
    price: PriceOption = None,
    workers: Workers = 0,
    engine: EngineOption = "local",
    shards: Shards = "",
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Evaluate a model in live conversations with the simulated user, or against stored dialogues."""
    params = {"model": spec(model), "scenarios": scenarios, "catalog": catalog, "count": count, "trials": trials}
    params |= {"again": again, "holding": holding or [], "static": static, "prompt": prompt, "decoding": decoding}
    params |= {"seed": seed, "run": run, "who": me()}
    params |= spending(max_tokens, max_money, max_calls, price) | sharing(workers, engine, shards)
    do("evaluate", params, workspace, json_)


@app.command()
def compare(run_a: str, run_b: str, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Compare two evaluations."""
    do("compare", {"run_a": run_a, "run_b": run_b}, workspace, json_)


@app.command()
def export(
    dataset: str,
    out: Annotated[Path, typer.Option(help="File to write.")],
    format: Annotated[
        str, typer.Option(help="trl, trl-parquet, openai, sharegpt, dpo, corpus (of the paper), dialogues or csv.")
    ] = "trl",
    licence: Annotated[str, typer.Option(help="What the card says of the licence.")] = "",
    bare: Annotated[
        bool, typer.Option("--bare", help="Without the field from which `load` makes the very dialogues again.")
    ] = False,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Write a dataset in a form that training tools read, and its card beside it."""
    params = {"dataset": dataset, "format": format, "out": absolute(out), "licence": licence, "bare": bare}
    do("export", params, workspace, json_)


@app.command()
def demo(
    reset: Annotated[bool, typer.Option("--reset", help="Build the demo anew; everything else stays.")] = False,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Only if the workspace holds nothing, or a demo that was interrupted.")
    ] = False,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Build the demo workspace."""
    do("demo", {"reset": reset, "if_empty": if_empty}, workspace, json_)


@app.command()
def runs(workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """List the runs."""
    do("runs", {}, workspace, json_)


@app.command()
def resume(
    run: str,
    from_whole: Annotated[
        bool,
        typer.Option("--from-whole", help="Training: delete broken checkpoints, go on from the newest whole one."),
    ] = False,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Go on with a paused, failed, cancelled or lost run."""
    do("resume", {"run": run, "from_whole": from_whole}, workspace, json_)


@app.command()
def cancel(run: str, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Stop a run; what it has made stays usable."""
    do("cancel", {"run": run}, workspace, json_)


@app.command()
def merge(
    run: Annotated[str, typer.Argument(metavar="RUN[@STEP]")],
    out: Annotated[Path, typer.Option(help="New folder for the whole model.", metavar="DIR")],
    form: Annotated[
        Literal["huggingface", "gguf", "adapter"],
        typer.Option(help="A plain model folder, a GGUF file with a Modelfile, or the adapter alone, not merged."),
    ] = "huggingface",
    kind: Annotated[
        Literal["f16", "bf16", "q8_0", "f32"], typer.Option(help="How a GGUF file holds its numbers.")
    ] = "f16",
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Save a run's model whole, its adapter merged in, with a card that says where it comes from."""
    do("merge", {"run": run, "out": absolute(out), "form": form, "kind": kind}, workspace, json_)


@app.command()
def doctor(workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Say what this machine has and lacks, and the line that mends it."""

    def examine() -> dict[str, Any]:
        from ..services.doctor import examine

        return examine(workspace_dir(workspace))

    show(guarded(examine), json_)


@review_app.command("list")
def review_list(
    dataset: str,
    state: Literal["pending", "accepted", "rejected", "flagged", "failed"] | None = None,
    text: str = "",
    tier: str | None = None,
    where: WhereOption = None,
    limit: Annotated[int, typer.Option(min=0)] = 50,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """List dialogues of a dataset."""
    params = {"dataset": dataset, "state": state, "text": text, "tier": tier, "limit": limit, "offset": offset}
    params["where"] = where or []
    do("review list", params, workspace, json_)


@review_app.command("show")
def review_show(dialogue: str, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Show one dialogue."""
    do("review show", {"dialogue": dialogue}, workspace, json_)


@review_app.command("accept")
def review_accept(
    dialogue: str, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Accept a dialogue."""
    _decide("accept", dialogue, "", who, workspace, json_)


@review_app.command("reject")
def review_reject(
    dialogue: str,
    reason: Annotated[str, typer.Option(help="Why.")] = "other",
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Reject a dialogue."""
    _decide("reject", dialogue, reason, who, workspace, json_)


@review_app.command("flag")
def review_flag(
    dialogue: str,
    reason: str = "",
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Flag a dialogue for another look."""
    _decide("flag", dialogue, reason, who, workspace, json_)


@review_app.command("reopen")
def review_reopen(
    dialogue: str, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Make a decided dialogue pending again."""
    _decide("reopen", dialogue, "", who, workspace, json_)


@review_app.command("undo")
def review_undo(who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Take back what you did last, be it to one dialogue or to many."""
    do("review undo", {"who": who or me()}, workspace, json_)


@review_app.command("redo")
def review_redo(who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Do again what you took back last."""
    do("review redo", {"who": who or me()}, workspace, json_)


def _decide(kind: str, dialogue: str, reason: str, who: str | None, workspace: Path | None, json_: bool) -> None:
    params = {"dialogue": dialogue, "kind": kind, "reason": reason, "who": who or me()}
    do("review decide", params, workspace, json_)


def main() -> None:
    """Run the command line; a DiaForgeError outside of a command is the user's to mend too."""
    app()

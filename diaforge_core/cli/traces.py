"""The commands about traces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .asking import JsonOption, WhoOption, WorkspaceOption, absolute, do, me

traces_app = typer.Typer(no_args_is_help=True, help="Look for traces, read them, write them out.")

Where = Annotated[
    list[str] | None,
    typer.Option(help="PART=VALUE, such as outcome=right or tier=hard; several of one part count as either."),
]
Text = Annotated[str, typer.Option(help="Words that were said.")]
Order = Annotated[str, typer.Option(help="Such as newest, outcome, tokens; with - before it the other way round.")]


@traces_app.command("list")
def traces_list(
    where: Where = None,
    text: Text = "",
    order: Order = "newest",
    limit: Annotated[int, typer.Option(min=0)] = 50,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """List traces."""
    params = {"where": where or [], "text": text, "order": order, "limit": limit, "offset": offset}
    do("traces list", params, workspace, json_)


@traces_app.command("show")
def traces_show(trace: str, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Show one trace."""
    do("traces show", {"trace": trace}, workspace, json_)


@traces_app.command("counts")
def traces_counts(
    part: Annotated[str, typer.Argument(help="Such as outcome, model, goal_tool.")],
    where: Where = None,
    text: Text = "",
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Count the values of a part of the filter."""
    do("traces counts", {"part": part, "where": where or [], "text": text}, workspace, json_)


@traces_app.command("export")
def traces_export(
    out: Annotated[Path, typer.Option(help="File to write.")],
    format: Annotated[
        Literal["jsonl", "parquet", "inspect"], typer.Option(help="inspect: a log that `inspect view` opens (.eval).")
    ] = "jsonl",
    where: Where = None,
    text: Text = "",
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Write all traces that a filter leaves to a file."""
    params = {"out": absolute(out), "format": format, "where": where or [], "text": text}
    do("traces export", params, workspace, json_)


@traces_app.command("pack")
def traces_pack(
    run: Annotated[str, typer.Argument(help="Evaluation.")],
    out: Annotated[Path, typer.Option(help="File to write (.zip).")],
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Write an evaluation as one file: recipe, tools, scenarios and traces."""
    do("traces pack", {"run": run, "out": absolute(out)}, workspace, json_)


@traces_app.command("unpack")
def traces_unpack(
    file: Path,
    name: Annotated[str, typer.Option(help="Name of the run; that of the packed one by default.")] = "",
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Bring a packed evaluation into the workspace; its numbers are measured anew."""
    do("traces unpack", {"file": absolute(file), "name": name}, workspace, json_)


@traces_app.command("sql")
def traces_sql(
    query: Annotated[str, typer.Argument(help="One SELECT over traces, turns and runs.")],
    limit: Annotated[int, typer.Option(min=1)] = 1_000,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Ask a read-only copy of the traces in SQL."""
    do("traces sql", {"query": query, "limit": limit}, workspace, json_)


@traces_app.command("note")
def traces_note(
    trace: str,
    text: str,
    turn: Annotated[int | None, typer.Option(min=1, help="The turn it is about, counted from 1.")] = None,
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Write a note on a trace."""
    do("traces note", {"trace": trace, "text": text, "turn": turn, "who": who or me()}, workspace, json_)


@traces_app.command("label")
def traces_label(
    trace: str,
    turn: Annotated[int, typer.Argument(min=1, help="Counted from 1.")],
    label: Annotated[str, typer.Argument(help="Id of the label.")],
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Put a label on a turn, or take yours off."""
    do("traces label", {"trace": trace, "turn": turn, "label": label, "who": who or me()}, workspace, json_)


@traces_app.command("fault")
def traces_fault(
    trace: str,
    blame: Annotated[Literal["agent", "user", "gold", "none"], typer.Argument(help="none: take the mark back.")],
    why: Annotated[str, typer.Option(help="Why; others will read it.")] = "",
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Mark who was at fault for how a conversation went."""
    do("traces fault", {"trace": trace, "blame": blame, "why": why, "who": who or me()}, workspace, json_)


@traces_app.command("more")
def traces_more(
    trace: str,
    count: Annotated[int, typer.Option(min=1)] = 20,
    dataset: Annotated[str, typer.Option(help="Dataset that they go into; by default one of their own.")] = "",
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Make dialogues like a failed conversation: its tools, difficulty and behaviour."""
    do("traces more", {"trace": trace, "count": count, "dataset": dataset}, workspace, json_)


@traces_app.command("correct")
def traces_correct(
    trace: str,
    turn: Annotated[int | None, typer.Option(min=1, help="Counted from 1; by default the first faulty one.")] = None,
    dataset: Annotated[str, typer.Option(help="Dataset that it waits in.")] = "corrections",
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Put a failed conversation into the review queue, up to the turn to correct."""
    params = {"trace": trace, "turn": turn, "dataset": dataset, "who": who or me()}
    do("traces correct", params, workspace, json_)


@traces_app.command("pair")
def traces_pair(
    trace: str,
    drop: Annotated[bool, typer.Option("--drop", help="Keep it no longer.")] = False,
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Keep a failed conversation as a preference pair, for `train --stage preference --pairs kept:pairs`."""
    do("traces pair", {"trace": trace, "drop": drop, "who": who or me()}, workspace, json_)

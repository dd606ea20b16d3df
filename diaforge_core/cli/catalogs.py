"""The command line's words about catalogs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .asking import JsonOption, WhoOption, WorkspaceOption, absolute, do, guarded, me

app = typer.Typer(no_args_is_help=True)
"""Commands that stand beside all others."""
catalog_app = typer.Typer(no_args_is_help=True, help="Look into a catalog, edit it, go back.")

REMARKS_SHOWN = 10
"""Remarks printed for people; all are in the JSON."""
NameArgument = Annotated[str, typer.Argument(metavar="CATALOG")]
OnOption = Annotated[
    str | None,
    typer.Option("--on", help="Version that you looked at: what others changed since is not overwritten."),
]
EffectOption = Annotated[Literal["read", "write", "destructive"] | None, typer.Option(help="Only of this side effect.")]


@app.command("import")
def import_(
    name: Annotated[str, typer.Option(help="Name of the catalog.")],
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE|FOLDER...]", help="API documents or tool lists.")
    ] = None,
    server: Annotated[
        str | None, typer.Option(help="A running MCP server's address, or the command that starts one.")
    ] = None,
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Import documents as one catalog; edits of an earlier import of this name are carried over."""
    params = {"name": name, "who": who or me()}
    with tempfile.TemporaryDirectory() as folder:
        answers = [guarded(lambda: _saved_answer(server, Path(folder)))["file"]] if server else []
        given = [*(absolute(file) for file in files or ()), *answers]
        do("import", params | {"files": given}, workspace, json_, import_text)


@app.command()
def catalogs(
    archived: Annotated[bool, typer.Option("--archived", help="Those that were archived instead.")] = False,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """List the catalogs."""
    do("catalogs", {"archived": archived}, workspace, json_)


@app.command()
def ambiguity(
    name: NameArgument,
    floor: Annotated[float | None, typer.Option(min=0, max=1, help="Closeness from which tools are grouped.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Riskiest pairs shown.")] = 20,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Show which tools of a catalog get confused."""
    do("ambiguity", {"name": name, "floor": floor, "top": top}, workspace, json_)


@app.command()
def tools(
    name: NameArgument,
    words: Annotated[list[str] | None, typer.Argument(help="Words that a tool must hold, all of them.")] = None,
    effect: EffectOption = None,
    limit: Annotated[int, typer.Option(min=0)] = 50,
    offset: Annotated[int, typer.Option(min=0)] = 0,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Search the tools of a catalog."""
    params = {"name": name, "text": " ".join(words or []), "effect": effect, "limit": limit, "offset": offset}
    do("tools", params, workspace, json_)


@app.command()
def pair(name: NameArgument, a: str, b: str, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Show how close two tools are, what separates them, and words that would."""
    do("pair", {"name": name, "a": a, "b": b}, workspace, json_)


@app.command("export-catalog")
def export_catalog(
    name: NameArgument,
    out: Annotated[Path, typer.Option(help="File to write.")],
    form: Annotated[Literal["openapi", "openai", "mcp"], typer.Option(help="What the file is to be.")] = "openapi",
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Write a catalog, edits and all, as a document that imports as the same tools."""
    do("export-catalog", {"name": name, "form": form, "out": absolute(out)}, workspace, json_)


@catalog_app.command("tool")
def tool(name: NameArgument, tool: str, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Show one tool with its schema, source and nearest tools."""
    do("catalog tool", {"name": name, "tool": tool}, workspace, json_)


@catalog_app.command("report")
def report(name: NameArgument, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Say what was read in the last import and what was not."""
    do("catalog report", {"name": name}, workspace, json_, report_text)


@catalog_app.command("duplicates")
def duplicates(name: NameArgument, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """List tools that no question to a user tells apart."""
    do("catalog duplicates", {"name": name}, workspace, json_)


@catalog_app.command("suspicions")
def suspicions(name: NameArgument, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """List text that is unseen or speaks to a model."""
    do("catalog suspicions", {"name": name}, workspace, json_)


@catalog_app.command("history")
def history(name: NameArgument, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """List imports and edits, newest first."""
    do("catalog history", {"name": name}, workspace, json_, history_text)


@catalog_app.command("diff")
def diff(
    name: NameArgument,
    old: Annotated[str | None, typer.Argument(help="Version, or its first letters; by default the import.")] = None,
    new: Annotated[str | None, typer.Argument(help="By default the current version.")] = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Say what differs between two versions; by default, what people changed."""
    do("catalog diff", {"name": name, "old": old, "new": new}, workspace, json_)


@catalog_app.command("reword")
def reword(
    name: NameArgument,
    tool: str,
    summary: Annotated[str | None, typer.Option(help="One line; by default it stays.")] = None,
    description: Annotated[str | None, typer.Option(help="By default it stays.")] = None,
    who: WhoOption = None,
    on: OnOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Give a tool other words."""
    params = {"tool": tool, "summary": summary, "description": description}
    _edit("catalog reword", name, params, who, on, workspace, json_)


@catalog_app.command("side-effect")
def side_effect(
    name: NameArgument,
    tool: str,
    effect: Literal["read", "write", "destructive"],
    who: WhoOption = None,
    on: OnOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Correct what a tool does to the data."""
    _edit("catalog side-effect", name, {"tool": tool, "effect": effect}, who, on, workspace, json_)


@catalog_app.command("pin")
def pin(
    name: NameArgument,
    a: str,
    b: str,
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Always offer two tools beside each other where one is the goal."""
    _edit("catalog pair", name, {"a": a, "b": b, "status": "pinned"}, who, None, workspace, json_)


@catalog_app.command("ban")
def ban(
    name: NameArgument,
    a: str,
    b: str,
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Never offer two tools beside each other."""
    _edit("catalog pair", name, {"a": a, "b": b, "status": "banned"}, who, None, workspace, json_)


@catalog_app.command("unpair")
def unpair(
    name: NameArgument,
    a: str,
    b: str,
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Take a pin or a ban away."""
    _edit("catalog pair", name, {"a": a, "b": b, "status": None}, who, None, workspace, json_)


@catalog_app.command("leave-out")
def leave_out(
    name: NameArgument,
    tools: list[str],
    who: WhoOption = None,
    on: OnOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Leave tools out of the catalog, now and after a later import."""
    _edit("catalog leave-out", name, {"tools": tools}, who, on, workspace, json_)


@catalog_app.command("put-back")
def put_back(
    name: NameArgument,
    tools: list[str],
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Put tools back that were left out."""
    _edit("catalog put-back", name, {"tools": tools}, who, None, workspace, json_)


@catalog_app.command("restore")
def restore(
    name: NameArgument,
    version: Annotated[str, typer.Argument(help="Version, or its first letters; see `catalog history`.")],
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Make an earlier version current again."""
    _edit("catalog restore", name, {"version": version}, who, None, workspace, json_)


@catalog_app.command("undo")
def undo(
    name: NameArgument, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Take the last import, edit or restore back; again for the one before."""
    _edit("catalog undo", name, {}, who, None, workspace, json_)


@catalog_app.command("redo")
def redo(
    name: NameArgument, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Do again what was undone last."""
    _edit("catalog redo", name, {}, who, None, workspace, json_)


@catalog_app.command("archive")
def archive(
    name: NameArgument, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Take a catalog off the list; `undo` brings it back."""
    _edit("catalog archive", name, {}, who, None, workspace, json_)


def _saved_answer(server: str, folder: Path) -> dict[str, Any]:
    """The `file` that the server's tools were saved in: asked here, with this person's own rights and environment."""
    from ..services.live_servers import tools_of_server

    (folder / "server.json").write_bytes(tools_of_server(server))
    return {"file": str(folder / "server.json")}


def import_text(result: dict[str, Any]) -> str:
    """What an import brought, in lines for people."""
    lines = [f"{result['catalog']}: {result['note']}.", *_read_lines(result)]
    reworded = [each["name"] for each in (result["difference"] or {}).get("changed", []) if each["reworded"]]
    if reworded:
        lines.append(f"Reworded at the same address, worth reading: {_listed(reworded)}.")
    if result["edits_lost"]:
        lines.append(f"Edits lost, since the documents changed or removed the same: {_listed(result['edits_lost'])}.")
    return "\n".join(lines)


def report_text(result: dict[str, Any]) -> str:
    """What was read in an import and what was not, in lines for people."""
    return "\n".join([f"{result['catalog']}, version {result['version']}", *_read_lines(result)])


def history_text(result: dict[str, Any]) -> str:
    """The history, a row a line."""
    return "\n".join(
        f"{row['version']}  {row['moment'][:16]}  {row['kind']:<7}  {row['tools']:>6} tools  "
        f"{row['who'] or '-'}: {row['note']}"
        for row in result["history"]
    )


def _read_lines(result: dict[str, Any]) -> list[str]:
    counts = {key: ", ".join(f"{kind} {n:,}" for kind, n in result[key].items()) for key in ("kinds", "side_effects")}
    lines = [f"{result['tools']:,} tools. By kind: {counts['kinds']}. By side effect: {counts['side_effects']}."]
    if result["skipped"]:
        lines.append(f"{len(result['skipped']):,} could not be read:")
        lines += [f"- {each['where']}: {each['why']}" for each in result["skipped"]]
    if result["remarks"]:
        lines.append(f"{len(result['remarks']):,} more that are no tools:")
        lines += [f"- {each['where']}: {each['why']}" for each in result["remarks"][:REMARKS_SHOWN]]
    return lines


def _listed(names: list[str], shown: int = 20) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def _edit(
    command: str,
    name: str,
    params: dict[str, Any],
    who: str | None,
    on: str | None,
    workspace: Path | None,
    json_: bool,
) -> None:
    do(command, {"name": name, **params, "who": who or me(), "on": on}, workspace, json_)

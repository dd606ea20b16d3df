"""The command line's commands about catalogs; see `commands`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalog.importing import catalog_files, read_bytes
from ..errors import CatalogError
from .reports import plain

if TYPE_CHECKING:
    from .catalogs import ImportOutcome
    from .commands import Command, OnProgress
    from .workspace import Workspace

NEAREST = 5
"""Nearest tools reported for each tool."""


def import_files(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """What was read as in `report`, and `is_new, note, difference, edits_lost`."""
    given = [Path(file) for file in params["files"]]
    if len(given) == 1 and given[0].is_dir():
        outcome = workspace.catalogs.add_folder(str(given[0]), params["name"], params["who"])
    else:
        outcome = workspace.catalogs.bring_in(list(_documents(given)), params["name"], params["who"])
    return _imported(workspace, outcome)


def catalogs(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`catalogs`: each in a line."""
    infos = workspace.catalogs.archived() if params.get("archived") else workspace.catalogs.names()
    return {"catalogs": [plain(info) | {"imported": str(info.imported)} for info in infos]}


def ambiguity(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`tools, clusters: [{tools, closeness}], nearest: {tool: [[name, closeness]…]}, riskiest`."""
    floor = {} if params.get("floor") is None else {"floor": params["floor"]}
    found = workspace.catalogs.ambiguity(params["name"], **floor)
    return {
        "tools": len(workspace.catalogs.get(params["name"]).tools),
        "clusters": [{"tools": list(cluster.tools), "closeness": cluster.closeness} for cluster in found.clusters],
        "nearest": {name: plain(list(near)[:NEAREST]) for name, near in found.nearest.items()},
        "riskiest": plain(list(found.riskiest)[: params.get("top", 20)]),
    }


def tools(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`total, tools: [{name, original_name, method, side_effect, group, summary}]`."""
    page = workspace.catalogs.search(
        params["name"], params["text"], params.get("effect"), params["offset"], params["limit"]
    )
    fields = {"name", "original_name", "method", "side_effect", "group", "summary"}
    return {"total": page.total, "tools": [tool.model_dump(include=fields) for tool in page.tools]}


def tool(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """The tool's record, and `nearest: [[name, closeness]…], suspicions`."""
    found = workspace.catalogs.get(params["name"]).tool(params["tool"])
    nearest = workspace.catalogs.ambiguity(params["name"]).nearest.get(found.name, [])
    suspected = workspace.catalogs.suspicions(params["name"]).get(found.name, ())
    return plain(found) | {"nearest": plain(nearest[:NEAREST]), "suspicions": plain(suspected)}


def pair(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`a, b, status, closeness: {text, name, parameters, total}, question, answers: {tool: text}, suggestions`."""
    found = workspace.catalogs.pair(params["name"], params["a"], params["b"])
    return {
        "a": found.a.name,
        "b": found.b.name,
        "status": found.status,
        "closeness": plain(found.closeness),
        "question": found.facet.question if found.facet else None,
        "answers": plain(found.facet.answers) if found.facet else {},
        "suggestions": plain(workspace.catalogs.suggest(params["name"], found.a.name, found.b.name)),
    }


def duplicates(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`tools`: how many stand in a group; `groups: [{tools, why}]`."""
    groups = workspace.catalogs.duplicates(params["name"])
    return {"tools": sum(len(group.tools) for group in groups), "groups": plain(groups)}


def suspicions(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`tools: {tool: [{kind, where, excerpt, why}]}`."""
    return {"tools": plain(workspace.catalogs.suspicions(params["name"]))}


def export(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`catalog, version, form, out, tools, bytes`."""
    catalog = workspace.catalogs.get(params["name"])
    content = workspace.catalogs.export(params["name"], params["form"])
    try:
        Path(params["out"]).write_bytes(content)
    except OSError as problem:
        raise CatalogError(
            f"{params['out']} cannot be written: {problem.strerror}. Give another file with --out."
        ) from problem
    return {
        "catalog": catalog.name,
        "version": catalog.version,
        "form": params["form"],
        "out": params["out"],
        "tools": len(catalog.tools),
        "bytes": len(content),
    }


def report(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`catalog, version, tools, kinds, side_effects, skipped: [{where, why}], remarks, edited`: of the last import."""
    row = workspace.catalogs.history(params["name"])[0]
    read = plain(workspace.catalogs.report(params["name"]))
    return {"catalog": params["name"], "version": row.imported, **read, "edited": row.version != row.imported}


def history(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`history`: each row, newest first."""
    rows = workspace.catalogs.history(params["name"])
    return {"history": [plain(row) | {"moment": str(row.moment)} for row in rows]}


def diff(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`old, new, summary, added, removed, changed: [{name, fields, reworded}], pairs: [{a, b, before, after}]`."""
    row = workspace.catalogs.history(params["name"])[0]
    old = _version(workspace, params["name"], params.get("old") or row.imported)
    new = _version(workspace, params["name"], params.get("new") or row.version)
    found = workspace.catalogs.difference(params["name"], old, new)
    return {"old": old, "new": new, "summary": found.summary, **plain(found)}


def reword(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `edited`; words that are not given stay."""
    name, words = params["name"], workspace.catalogs.get(params["name"]).tool(params["tool"])
    summary, description = (
        getattr(words, field) if params.get(field) is None else params[field] for field in ("summary", "description")
    )
    return edited(
        workspace, params, lambda who, on: workspace.catalogs.reword(name, words.name, summary, description, who, on)
    )


def side_effect(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `edited`."""
    given = (params["name"], params["tool"], params["effect"])
    return edited(workspace, params, lambda who, on: workspace.catalogs.set_side_effect(*given, who, on))


def pair_as(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `edited`."""
    given = (params["name"], params["a"], params["b"], params["status"])
    return edited(workspace, params, lambda who, on: workspace.catalogs.pair_as(*given, who, on))


def leave_out(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `edited`."""
    given = (params["name"], params["tools"])
    return edited(workspace, params, lambda who, on: workspace.catalogs.leave_out(*given, who, on))


def put_back(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `edited`."""
    return edited(workspace, params, lambda who, on: workspace.catalogs.put_back(params["name"], params["tools"], who))


def restore(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `edited`."""
    version = _version(workspace, params["name"], params["version"])
    return edited(workspace, params, lambda who, on: workspace.catalogs.restore(params["name"], version, who))


def undo(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `edited`."""
    return edited(workspace, params, lambda who, on: workspace.catalogs.undo(params["name"], who))


def redo(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `edited`."""
    return edited(workspace, params, lambda who, on: workspace.catalogs.redo(params["name"], who))


def archive(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `edited`."""
    return edited(workspace, params, lambda who, on: workspace.catalogs.archive(params["name"], who))


def edited(workspace: Workspace, params: dict[str, Any], edit: Callable[[str, str | None], object]) -> dict[str, Any]:
    """`catalog, version, tools, changed, note`: what is current after the edit, and whether it did anything."""
    before = workspace.catalogs.history(params["name"])[0]
    on = _version(workspace, params["name"], params["on"]) if params.get("on") else None
    edit(params["who"], on)
    row = workspace.catalogs.history(params["name"])[0]
    changed = row.seq != before.seq
    note = row.note if changed else "nothing changed: it is so already"
    return {"catalog": params["name"], "version": row.version, "tools": row.tools, "changed": changed, "note": note}


CATALOG_COMMANDS: dict[str, Command] = {
    "import": import_files,
    "catalogs": catalogs,
    "ambiguity": ambiguity,
    "tools": tools,
    "pair": pair,
    "export-catalog": export,
    "catalog tool": tool,
    "catalog duplicates": duplicates,
    "catalog suspicions": suspicions,
    "catalog report": report,
    "catalog history": history,
    "catalog diff": diff,
    "catalog reword": reword,
    "catalog side-effect": side_effect,
    "catalog pair": pair_as,
    "catalog leave-out": leave_out,
    "catalog put-back": put_back,
    "catalog restore": restore,
    "catalog undo": undo,
    "catalog redo": redo,
    "catalog archive": archive,
}
"""Command → its function."""


def _documents(given: list[Path]) -> Iterator[tuple[str, bytes]]:
    """File name and content of each file, those of folders in their place."""
    for path in given:
        for file in catalog_files(path) if path.is_dir() else [path]:
            yield file.name, read_bytes(file)


def _imported(workspace: Workspace, outcome: ImportOutcome) -> dict[str, Any]:
    catalog = outcome.catalog
    read = plain(workspace.catalogs.report(catalog.name))
    return {
        "catalog": catalog.name,
        "version": catalog.version,
        **read,
        "tools": len(catalog.tools),
        "is_new": outcome.is_new,
        "note": outcome.note,
        "difference": plain(outcome.difference),
        "edits_lost": list(outcome.lost),
    }


def _version(workspace: Workspace, name: str, given: str) -> str:
    """The version that begins with these characters; CatalogError if none does or several do."""
    rows = workspace.catalogs.history(name)
    known = dict.fromkeys(version for row in rows for version in (row.version, row.imported))
    found = [version for version in known if version.startswith(given)]
    if len(found) != 1:
        raise CatalogError(
            f"'{given}' names {len(found) or 'no'} versions of catalog '{name}'. It has {', '.join(list(known)[:12])}."
        )
    return found[0]

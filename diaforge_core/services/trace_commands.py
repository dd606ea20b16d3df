"""What the command line can do with traces."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from .reports import plain
from .run_files import pack, unpack
from .traces import PARTS

if TYPE_CHECKING:
    from .workspace import Workspace

_COLUMNS = ("id", "run", "model", "tier", "goal_tool", "called", "outcome", "reason", "opening")


def traces_list(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`total, traces: [{id, run, model, tier, goal_tool, called, outcome, reason, opening}]`."""
    found = _filters(params)
    frame, total = workspace.traces.page(found, params["order"], params["offset"], params["limit"])
    rows = frame[list(_COLUMNS)].itertuples(index=False)
    return {"total": total, "traces": [dict(zip(_COLUMNS, row, strict=True)) for row in rows]}


def traces_show(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`run, trace, labels, notes`."""
    trace = workspace.traces.get(params["trace"])
    return {
        "run": workspace.traces.run_of(trace.id),
        "trace": plain(trace),
        "labels": [plain(label) for label in workspace.trace_notes.labels(trace.id)],
        "notes": [plain(note) | {"when": note.when.isoformat()} for note in workspace.trace_notes.of(trace.id)],
    }


def traces_counts(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`part, counts: {value: n}`: what the part could be narrowed to beside the filter, most first."""
    return {"part": params["part"], "counts": workspace.traces.choices(_filters(params), params["part"])}


def traces_export(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`out, format, traces`."""
    form, out = params["format"], params["out"]
    rows = workspace.trace_exports.export(_filters(params), form, out)
    return {"out": out, "format": form, "traces": rows}


def traces_pack(workspace: Workspace, params: dict[str, Any], on_progress: Any) -> dict[str, Any]:
    """`run, traces, out`."""
    return pack(workspace, params["run"], Path(params["out"]))


def traces_unpack(workspace: Workspace, params: dict[str, Any], on_progress: Any) -> dict[str, Any]:
    """`run, acc` of what is measured anew."""
    run = unpack(workspace, Path(params["file"]), params["name"])
    return {"run": run.name, "acc": run.result["acc"]}


def traces_sql(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`rows: [{column: value}]`."""
    frame = workspace.traces.sql(params["query"], params["limit"])
    return {"rows": json.loads(frame.to_json(orient="records", date_format="iso") or "[]")}


def traces_note(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`id, trace, turn, text`."""
    turn = params["turn"] - 1 if params.get("turn") else None
    note = workspace.trace_notes.add(params["trace"], params["text"], turn, params["who"])
    return {"id": note.id, "trace": params["trace"], "turn": params.get("turn"), "text": note.text}


def traces_label(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`trace, turn, label, on`."""
    on = workspace.trace_notes.toggle(params["trace"], params["turn"] - 1, params["label"], params["who"])
    return {"trace": params["trace"], "turn": params["turn"], "label": params["label"], "on": on}


def traces_fault(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`trace, blame, why, history: [{blame, why, who, when}]`; blame `none` takes the mark back."""
    trace, blame, who = params["trace"], params["blame"], params["who"]
    if blame == "none":
        workspace.faults.take_back(workspace.traces.get(trace).id, who)
    else:
        trace = workspace.faults.mark(trace, blame, params["why"], who).trace
    said = workspace.faults.history(workspace.traces.get(trace).id)
    history = [{"blame": each.blame, "why": each.why, "who": each.who, "when": each.when.isoformat()} for each in said]
    return {"trace": trace, "blame": said[-1].blame, "why": said[-1].why, "history": history}


def traces_correct(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`dataset, dialogue, turn`: what waits in the review queue, and the turn to edit, counted from 1."""
    turn = params["turn"] - 1 if params.get("turn") else None
    made = workspace.failures.correct(params["trace"], turn, params["dataset"], params["who"])
    return {"dataset": made.dataset, "dialogue": made.dialogue, "turn": made.turn + 1}


def traces_pair(workspace: Workspace, params: dict[str, Any], _: object) -> dict[str, Any]:
    """`trace, fault, kept`: what was done wrong, and how many pairs are kept now."""
    fault = ""
    if params["drop"]:
        workspace.failures.drop_pair(params["trace"], params["who"])
    else:
        fault = workspace.failures.keep_pair(params["trace"], params["who"]).fault
    return {"trace": params["trace"], "fault": fault, "kept": len(workspace.failures.kept_pairs())}


def _filters(params: dict[str, Any]) -> dict[str, Any]:
    """The filter of `where`, each `PART=VALUE`, and `text`; DataError for what is none."""
    found: dict[str, list[str]] = defaultdict(list)
    for given in params.get("where") or ():
        part, _, value = given.partition("=")
        if part not in (*PARTS, "text") or not value:
            known = ", ".join((*PARTS, "text"))
            raise DataError(f"'{given}' narrows no traces. Give PART=VALUE with one of the parts {known}.")
        found[part].append(value)
    return dict(found) | ({"text": params["text"]} if params.get("text") else {})


TRACE_COMMANDS: dict[str, Callable[[Workspace, dict[str, Any], Any], dict[str, Any]]] = {
    "traces list": traces_list,
    "traces show": traces_show,
    "traces counts": traces_counts,
    "traces export": traces_export,
    "traces pack": traces_pack,
    "traces unpack": traces_unpack,
    "traces sql": traces_sql,
    "traces note": traces_note,
    "traces label": traces_label,
    "traces fault": traces_fault,
    "traces correct": traces_correct,
    "traces pair": traces_pair,
}

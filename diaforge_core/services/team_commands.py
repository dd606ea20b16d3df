"""The command line's commands about working together: queues, roles, order among what there is; see `commands`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..evaluation.agreement import Agreement
from ..records.queue import Queue
from .filter_words import filter_of
from .reports import plain

if TYPE_CHECKING:
    from .commands import Command, OnProgress
    from .workspace import Workspace

_OF_QUEUE = ("order", "seed", "overlap", "opinions", "people")


def queue_make(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """The queue's own fields."""
    found = filter_of(params)
    parts = {key: params[key] for key in _OF_QUEUE if params.get(key) is not None}
    return _queue(workspace.queues.make(params["name"], found, who=params["who"], **parts))


def queue_list(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`queues`: each with its fields and how far it is."""
    queues = workspace.queues.all(archived=params.get("archived", False))
    return {"queues": [_queue(queue) | {"progress": plain(workspace.queues.progress(queue.id))} for queue in queues]}


def queue_next(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dialogue, version, text`, or `dialogue: null` and `why`."""
    found = workspace.queues.next_for(params["queue"], params["who"])
    if found is None:
        return {"dialogue": None, "why": str(workspace.queues.progress(params["queue"], params["who"]))}
    dialogue = workspace.review.get(found).dialogue
    return {"dialogue": found, "version": dialogue.version, "text": str(dialogue)}


def queue_judge(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dialogue, version, state`, and what was stored: a decision, or an opinion where several judge it blind."""
    version = params.get("version") or workspace.review.get(params["dialogue"]).dialogue.version
    said = workspace.queues.decide(
        params["dialogue"], version, params["kind"], params.get("reason") or "", params["who"]
    )
    after = workspace.review.get(params["dialogue"])
    stored = {"kind": said.kind, "reason": said.reason, "who": said.who}
    return {
        "dialogue": params["dialogue"],
        "version": version,
        "state": after.state,
        type(said).__name__.lower(): stored,
    }


def queue_skip(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`skipped`: the dialogue's id."""
    workspace.queues.skip(params["queue"], params["dialogue"], params["who"])
    return {"skipped": params["dialogue"]}


def queue_take(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dialogue, from`: who else has had it until now, the longest first."""
    key = workspace.review.get(params["dialogue"]).dialogue.id
    others = workspace.leases.others(key, params["who"])
    workspace.leases.take(key, params["who"], over=True)
    return {"dialogue": key, "from": [holder.who for holder in others]}


def queue_archive(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """The queue's own fields."""
    return _queue(workspace.queues.change(params["queue"], archived=not params["undo"], who=params["who"]))


def queue_agreement(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`decisions` and `labels`, each as `{measure, value, low, high, units, people, same}`, and `disputed`."""
    found = workspace.agreement.of(params["queue"])
    names = {label.id: label.name for label in workspace.labels.all(archived=True)}
    disputed = workspace.opinions.disagreements(workspace.queues.get(params["queue"]))
    return {
        "decisions": _agreement(found.decisions),
        "labels": {names[key]: _agreement(each) for key, each in found.labels.items()},
        "disputed": [
            {"dialogue": each.dialogue, **{said.who: said.kind for said in each.opinions}} for each in disputed
        ],
    }


def queue_settle(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dialogue, state`, after an adjudicator has settled a disagreement."""
    key = params["dialogue"]
    version = workspace.review.get(key).dialogue.version
    workspace.opinions.adjudicate(key, version, params["kind"], params.get("reason") or "", params["who"])
    return {"dialogue": key, "state": workspace.review.get(key).state}


def role_list(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`people`: name → role; empty while everybody may do everything."""
    return {"people": dict(workspace.people.all())}


def role_give(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """As `role list`, after giving one, or taking it where `role` is empty."""
    if params["role"]:
        workspace.people.give(params["name"], params["role"], params["who"])
    else:
        workspace.people.take(params["name"], params["who"])
    return role_list(workspace, params, on_progress)


def keep_rename(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`kind, name`."""
    workspace.housekeeping.rename(params["kind"], params["name"], params["new"], params["who"])
    return {"kind": params["kind"], "name": params["new"].strip()}


def keep_archive(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`kind, archived`: all that are now."""
    kind, archived = params["kind"], not params["undo"]
    workspace.housekeeping.archive(kind, params["name"], params["who"], archived=archived)
    return {"kind": kind, "archived": workspace.housekeeping.archived(kind)}


def keep_remove(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`id, kind, name, until`: what is in the bin now, and until when."""
    binned = workspace.housekeeping.remove(params["kind"], params["name"], params["who"])
    return {"id": binned.id, "kind": binned.kind, "name": binned.name, "until": str(binned.until)}


def keep_bin(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`bin`: each with its id, kind, name, who put it there, and until when it stays."""
    rows = workspace.housekeeping.bin()
    return {"bin": [plain(each) | {"when": str(each.when), "until": str(each.until)} for each in rows]}


def keep_restore(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`name`: what it is called now."""
    return {"name": workspace.housekeeping.restore(params["id"], params["who"])}


def _queue(queue: Queue) -> dict[str, Any]:
    return queue.model_dump(mode="json")


def _agreement(found: Agreement) -> dict[str, Any]:
    ends = {"low": found.interval.low, "high": found.interval.high} if found.interval else {"low": None, "high": None}
    counted = {"units": found.units, "people": found.people, "same": found.same}
    return {"measure": found.measure, "value": found.value, **ends, **counted}


TEAM_COMMANDS: dict[str, Command] = {
    "queue make": queue_make,
    "queue list": queue_list,
    "queue next": queue_next,
    "queue judge": queue_judge,
    "queue skip": queue_skip,
    "queue take": queue_take,
    "queue archive": queue_archive,
    "queue agreement": queue_agreement,
    "queue settle": queue_settle,
    "role list": role_list,
    "role give": role_give,
    "keep rename": keep_rename,
    "keep archive": keep_archive,
    "keep remove": keep_remove,
    "keep bin": keep_bin,
    "keep restore": keep_restore,
}

"""The commands about working together: queues, roles, and order among datasets and runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from .asking import JsonOption, WhereOption, WhoOption, WorkspaceOption, do, me

queue_app = typer.Typer(no_args_is_help=True, help="Queues that several people review together.")
role_app = typer.Typer(no_args_is_help=True, help="Who may do what.")
keep_app = typer.Typer(no_args_is_help=True, help="Rename, archive and delete datasets and runs, and bring them back.")

Judgement = Literal["accept", "reject", "flag"]
Kind = Literal["dataset", "run"]
Undo = Annotated[bool, typer.Option("--undo", help="Put it back on the lists.")]


@queue_app.command("make")
def queue_make(
    name: str,
    dataset: Annotated[str, typer.Option(help="Dataset that it is about.")],
    state: Literal["pending", "accepted", "rejected", "flagged", "failed"] = "pending",
    text: Annotated[str, typer.Option(help="Words that were said.")] = "",
    tier: str | None = None,
    verifier: Annotated[str, typer.Option(help="The first verifier that failed.")] = "",
    goal_tool: str = "",
    label: Annotated[str, typer.Option(help="Id of a label on a turn.")] = "",
    where: WhereOption = None,
    order: Literal["generated", "oldest_decision", "random", "riskiest"] = "generated",
    seed: int = 0,
    overlap: Annotated[int, typer.Option(help="Percent that several people judge blind.")] = 0,
    opinions: Annotated[int, typer.Option(help="How many people judge each of those.")] = 2,
    person: Annotated[list[str] | None, typer.Option(help="Somebody it is for; repeat it. All, without.")] = None,
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Make a queue."""
    params: dict[str, Any] = {"name": name, "dataset": dataset, "state": state, "text": text, "tier": tier}
    params |= {"verifier": verifier, "goal_tool": goal_tool, "label": label, "order": order, "seed": seed}
    params |= {"overlap": overlap, "opinions": opinions, "people": person or [], "who": who or me()}
    params |= {"where": where or []}
    do("queue make", params, workspace, json_)


@queue_app.command("list")
def queue_list(
    archived: Annotated[bool, typer.Option("--archived", help="Those put away too.")] = False,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """List the queues and how far they are."""
    do("queue list", {"archived": archived}, workspace, json_)


@queue_app.command("next")
def queue_next(queue: str, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Get the next dialogue, which nobody else gets meanwhile."""
    do("queue next", {"queue": queue, "who": who or me()}, workspace, json_)


@queue_app.command("judge")
def queue_judge(
    dialogue: str,
    kind: Judgement,
    reason: str = "",
    version: Annotated[int | None, typer.Option(help="The version that you read.")] = None,
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Say what you think of a dialogue: a decision, or an opinion where several judge it blind."""
    params = {"dialogue": dialogue, "kind": kind, "reason": reason, "version": version, "who": who or me()}
    do("queue judge", params, workspace, json_)


@queue_app.command("skip")
def queue_skip(
    queue: str, dialogue: str, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Give a dialogue back unjudged."""
    do("queue skip", {"queue": queue, "dialogue": dialogue, "who": who or me()}, workspace, json_)


@queue_app.command("take")
def queue_take(
    dialogue: str, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Take a dialogue over from somebody who has it open."""
    do("queue take", {"dialogue": dialogue, "who": who or me()}, workspace, json_)


@queue_app.command("archive")
def queue_archive(
    queue: str, undo: Undo = False, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Put a queue away; nobody is served from it then."""
    do("queue archive", {"queue": queue, "undo": undo, "who": who or me()}, workspace, json_)


@queue_app.command("agreement")
def queue_agreement(queue: str, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Say how far people agree, on decisions and on each label, and where they do not."""
    do("queue agreement", {"queue": queue}, workspace, json_)


@queue_app.command("settle")
def queue_settle(
    dialogue: str,
    kind: Judgement,
    reason: str = "",
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Settle a disagreement."""
    do("queue settle", {"dialogue": dialogue, "kind": kind, "reason": reason, "who": who or me()}, workspace, json_)


@role_app.command("list")
def role_list(workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """List who has a role."""
    do("role list", {}, workspace, json_)


@role_app.command("give")
def role_give(
    name: str,
    role: Literal["analyst", "reviewer", "admin"],
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Give somebody a role; the first one of a workspace must be an admin's."""
    do("role give", {"name": name, "role": role, "who": who or me()}, workspace, json_)


@role_app.command("take")
def role_take(name: str, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Take somebody's role away."""
    do("role give", {"name": name, "role": "", "who": who or me()}, workspace, json_)


@keep_app.command("rename")
def keep_rename(
    kind: Kind, name: str, new: str, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Give a dataset or run another name."""
    do("keep rename", {"kind": kind, "name": name, "new": new, "who": who or me()}, workspace, json_)


@keep_app.command("archive")
def keep_archive(
    kind: Kind,
    name: str,
    undo: Undo = False,
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Take a dataset or run off the lists."""
    do("keep archive", {"kind": kind, "name": name, "undo": undo, "who": who or me()}, workspace, json_)


@keep_app.command("remove")
def keep_remove(
    kind: Kind, name: str, who: WhoOption = None, workspace: WorkspaceOption = None, json_: JsonOption = False
) -> None:
    """Put a dataset or a finished run into the bin, where it waits thirty days."""
    do("keep remove", {"kind": kind, "name": name, "who": who or me()}, workspace, json_)


@keep_app.command("bin")
def keep_bin(workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """List what is in the bin."""
    do("keep bin", {}, workspace, json_)


@keep_app.command("restore")
def keep_restore(
    binned: Annotated[str, typer.Argument(metavar="ID", help="Its id, as `keep bin` lists it.")],
    who: WhoOption = None,
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Bring something back from the bin."""
    do("keep restore", {"id": binned, "who": who or me()}, workspace, json_)

"""What the command line can do: each command takes an open workspace and parameters, and gives one JSON object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from ..errors import DataError
from ..generator.recipe import Recipe
from ..records.base import Record
from ..records.run import Run
from .acts import Act
from .catalog_commands import CATALOG_COMMANDS
from .evaluation import EvalRecipe
from .exports import card_of
from .filter_words import filter_of
from .reports import plain
from .team_commands import TEAM_COMMANDS
from .trace_commands import TRACE_COMMANDS
from .training import TrainRecipe

if TYPE_CHECKING:
    from .workspace import Workspace

OnProgress = Callable[[Run], None]
Command = Callable[["Workspace", dict[str, Any], OnProgress], dict[str, Any]]
R = TypeVar("R", bound=Record)


def generate(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dataset, asked, accepted, rejected: {verifier: n}, assistant_turns_per_dialogue, tiers, run`."""
    run = workspace.generation.start(_recipe(Recipe, params))
    return _finished(workspace, run, on_progress)


def load(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dataset, dialogues, kept, added, already, catalog, remarks, left_out: [{where, why}]`."""
    done = workspace.datasets.load_file(params["file"], params["dataset"], keep_good=bool(params.get("keep_good")))
    return {
        "dataset": done.dataset.name,
        "dialogues": done.dataset.dialogues,
        "kept": done.dataset.kept,
        "added": done.added,
        "already": done.already,
        "catalog": done.catalog,
        "remarks": list(done.remarks),
        "left_out": [{"where": where, "why": why} for where, why in done.left_out],
    }


def verify(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dialogues, passed, failed: [{id, verifier, turn, reason}]`."""
    return plain(workspace.datasets.verify(params["what"], params.get("catalog")))


def split(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`train, validation, held_out, dropped, train_dataset, validation_dataset, held_out_dataset`."""
    return plain(workspace.datasets.split(params["dataset"], params["held_out"], params["validation"], params["seed"]))


def train(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`run, steps, target_tokens, loss_first, loss_last, tokens_per_second, peak_memory_bytes, adapter`."""
    run = workspace.training.start(_recipe(TrainRecipe, params))
    return _finished(workspace, run, on_progress)


def train_measure(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`needs, free, disk_needs, disk_free, fits, seconds, steps, tokens, target_tokens, longest`; nothing starts.

    Bytes, seconds, tokens; `fits` says whether memory and disk suffice.
    """
    found = workspace.preflight.measure(_recipe(TrainRecipe, params))
    measured = found.measured
    told = {"needs": found.needs, "free": found.free, "fits": found.fits and found.fits_disk, "seconds": found.seconds}
    told |= {"disk_needs": found.disk_needs, "disk_free": found.disk_free}
    sizes = {"tokens": measured.tokens, "target_tokens": measured.target_tokens, "longest": measured.longest}
    return told | {"steps": found.steps} | sizes


def evaluate(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`run`, each metric as `{value, low, high, n}` or null, `outcomes, no_tool_outcomes, by`, `baselines`, …

    `by` holds the metrics of each group of each breakdown; `test_looks` how often a test part was looked at.
    """
    given = {key: value for key, value in params.items() if key != "who"}
    run = workspace.evaluation.start(_recipe(EvalRecipe, given), params.get("who", ""))
    return _finished(workspace, run, on_progress)


def compare(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`difference: {metric: {value, low, high, p}}`, the same by group under `by`, `verdict`, and the pairs."""
    return plain(workspace.evaluation.compare(params["run_a"], params["run_b"]))


def traces_more(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """What `generate` gives, of the dialogues that were made like a trace."""
    run = workspace.failures.make_more(params["trace"], params["count"], params["dataset"])
    return _finished(workspace, run, on_progress)


def export(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dataset, format, out, card, rows, warnings`: the last are sentences on what is too little varied."""
    dataset, form, out = params["dataset"], params["format"], params["out"]
    choices = {"licence": params.get("licence") or "", "bare": bool(params.get("bare"))}
    rows = workspace.exports.export(dataset, form, out, **choices)
    return {
        "dataset": dataset,
        "format": form,
        "out": out,
        "card": str(card_of(Path(out))),
        "rows": rows,
        "warnings": workspace.exports.warnings(dataset, form),
    }


def demo(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`built`, and what there is: catalog, dataset, dialogues by state, runs."""
    if params.get("reset") or workspace.demo.is_unfinished:
        return {"built": True, **workspace.demo.reset(on_progress)}
    if params.get("if_empty") and not workspace.is_empty:
        return {"built": False}
    return {"built": True, **workspace.demo.build(on_progress)}


def recipe(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`study, report, verdict, results: {row: {metric: …} or why it is absent}, steps: {name: state}`.

    With `plan` nothing is done, and `steps` alone tell how far it is.
    """
    given = {key: value for key, value in params.items() if key not in ("model", "preset", "only", "plan", "out")}
    name = workspace.studies.begin(params["model"], params["preset"], **given).name
    if params.get("plan"):
        return {"study": name, "steps": {stage.name: stage.state for stage in workspace.studies.stages(name)}}
    report = workspace.studies.carry_on(name, params.get("only") or (), on_progress)
    written = workspace.studies.report_file(name)
    if params.get("out"):
        written = Path(params["out"])
        written.write_text(workspace.studies.report_file(name).read_text(encoding="utf-8"), encoding="utf-8")
    return {
        "study": name,
        "report": str(written),
        "verdict": report.verdict,
        "results": {row.title: plain(row.values) if not row.absent else row.absent for row in report.rows},
        "steps": {stage.name: stage.state for stage in report.stages},
    }


def review_list(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dataset, total, dialogues: [{id, version, state, tier, goal_tool, failed_verifier, opening}]`."""
    found = filter_of({"state": None} | params)
    frame = workspace.finding.page(found, params["offset"], params["limit"])
    columns = ["id", "version", "state", "tier", "goal_tool", "failed_verifier", "opening"]
    return {
        "dataset": params["dataset"],
        "total": workspace.finding.count(found),
        "dialogues": [dict(zip(columns, row, strict=True)) for row in frame[columns].itertuples(index=False)],
    }


def review_show(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`state, dialogue, decisions`."""
    return plain(workspace.review.get(params["dialogue"]))


def review_decide(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`dialogue, version, state, decision`."""
    before = workspace.review.get(params["dialogue"])
    version = params.get("version") or before.dialogue.version
    decision = workspace.review.decide(
        params["dialogue"], version, params["kind"], params.get("reason") or "", params["who"]
    )
    after = workspace.review.get(params["dialogue"])
    return {"dialogue": after.dialogue.id, "version": version, "state": after.state, "decision": plain(decision)}


def review_undo(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`undone`: the first decision of the act taken back and how many dialogues that was about, or null."""
    return {"undone": _act(workspace.review.undo(params["who"]))}


def review_redo(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`redone`: the same of the act that stands again, or null."""
    return {"redone": _act(workspace.review.redo(params["who"]))}


def _act(act: Act | None) -> dict[str, Any] | None:
    return plain(act.decisions[0]) | {"dialogues": len(act.decisions)} if act else None


def datasets(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`datasets`: each in a line."""
    return {"datasets": [plain(info) | {"created": str(info.created)} for info in workspace.datasets.names()]}


def runs(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`runs`: each with name, kind, state, progress, error and times, newest first."""
    workspace.jobs.poll()
    return {"runs": [plain(run) | {"config": run.config["recipe"]} for run in workspace.jobs.all()]}


def resume(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """What the run's own command gives, once it is finished."""
    go_on = workspace.training.go_on if params.get("from_whole") else workspace.jobs.resume
    return _finished(workspace, go_on(params["run"]), on_progress)


def cancel(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`run, state`, once it has stopped."""
    run = workspace.jobs.wait(workspace.jobs.cancel(params["run"]).id, on_progress)
    return {"run": run.name, "state": run.state}


def pause(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`run, state`, once it is at rest."""
    run = workspace.jobs.wait(workspace.jobs.pause(params["run"]).id, on_progress)
    return {"run": run.name, "state": run.state}


def merge(workspace: Workspace, params: dict[str, Any], on_progress: OnProgress) -> dict[str, Any]:
    """`run, form, out`."""
    form, out = params["form"], Path(params["out"])
    return {"run": params["run"], "form": form} | {
        "out": str(workspace.weights.save(params["run"], form, out=out, kind=params["kind"]))
    }


COMMANDS: dict[str, Command] = {
    **CATALOG_COMMANDS,
    **TEAM_COMMANDS,
    **TRACE_COMMANDS,
    "generate": generate,
    "load": load,
    "datasets": datasets,
    "verify": verify,
    "split": split,
    "train": train,
    "train measure": train_measure,
    "evaluate": evaluate,
    "compare": compare,
    "traces more": traces_more,
    "export": export,
    "demo": demo,
    "review list": review_list,
    "review show": review_show,
    "review decide": review_decide,
    "review undo": review_undo,
    "review redo": review_redo,
    "runs": runs,
    "resume": resume,
    "cancel": cancel,
    "pause": pause,
    "merge": merge,
    "recipe": recipe,
}
"""Command → its function; the command line and the handover both call through this."""


def _recipe(kind: type[R], params: dict[str, Any]) -> R:
    """The recipe of these parameters; DataError that names every one that cannot be."""
    given = {key: value for key, value in params.items() if value is not None}
    try:
        return kind.model_validate(given)
    except ValidationError as problem:
        faults = [f"{_option(fault['loc'])}: {fault['msg']}" for fault in problem.errors()]
        raise DataError("\n".join(["These options cannot be:", *faults])) from problem


def _option(place: Sequence[int | str]) -> str:
    """The option of the command line that fills this place of a recipe."""
    first, *inside = map(str, place)
    if first == "limits" and inside:
        return f"--max-{inside[0]}"
    said_often = ("dials", "styles", "departments", "goal_tools", "prices")
    return f"--{first.removesuffix('s') if first in said_often else first}".replace("_", "-")


def _finished(workspace: Workspace, run: Run, on_progress: OnProgress) -> dict[str, Any]:
    """What the run reports; DataError with its error if it failed, was stopped or was lost."""
    done = workspace.jobs.wait(run.id, on_progress)
    if done.state != "succeeded":
        advice = f"Go on with it: resume '{done.name}'."
        broken = workspace.training.broken(done.id) if done.kind == "train" else None
        if broken:
            where = f"step {broken.whole}" if broken.whole else "its start"
            again = f"steps {broken.whole + 1} to {broken.reached} are done again, and the broken weights deleted."
            raise DataError(f"{done.error} Go on from {where}: resume '{done.name}' --from-whole; {again}")
        raise DataError(done.error or f"Run '{done.name}' is {done.state}; what it had made is kept. {advice}")
    return {"run": done.name, **done.result}

"""A finished evaluation as one file, to hand over or to keep: its recipe, its tools, its scenarios and every trace.

What comes in is measured anew from the traces, so that its numbers are those of its words.
"""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import DataError
from ..evaluation.baselines import baselines, is_baseline
from ..evaluation.evaluator import tools_by_name
from ..evaluation.metrics import measure
from ..records.run import Run
from ..records.scenario import Scenario
from ..records.tool import Catalog
from ..records.trace import Trace
from ..store.run_folder import Status
from ..store.trace_journal import TraceJournal
from .evaluation_scenarios import EvalRecipe, evaluation_of
from .exports import replaced
from .names import clean_name
from .reports import measurements_report, plain

if TYPE_CHECKING:
    from .workspace import Workspace

FORM = "diaforge-evaluation-1"
MOST_BYTES = 1 << 30
"""Unpacked; a million conversations have more, and go as Parquet."""
_HEAD, _CATALOG, _SCENARIOS, _TRACES = "evaluation.json", "catalog.json", "scenarios.jsonl", "traces.jsonl"
_ROWS = 500
"""Traces written at a time."""


def pack(workspace: Workspace, run: str, out: Path) -> dict[str, Any]:
    """`run, traces, out` of the file, which holds the evaluation of this id or name.

    DataError if it is no evaluation, has not ended well, or the file cannot be written.
    """
    record = evaluation_of(workspace, run)
    if record.state != "succeeded":
        raise DataError(f"Run '{record.name}' is {record.state}; only an evaluation that ended well can be packed.")
    folder = workspace.jobs.folder(record.id)
    recipe = {key: value for key, value in record.config["recipe"].items() if key in EvalRecipe.model_fields}
    head = {
        "form": FORM,
        "name": record.name,
        "ended": record.ended.isoformat() if record.ended else "",
        "recipe": recipe | {"shards": "", "engine": "local"},
    }
    count = 0

    def write(file: Any) -> int:
        nonlocal count
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
            packed.writestr(_HEAD, json.dumps(head, ensure_ascii=False, indent=1))
            packed.writestr(_CATALOG, folder.catalog().model_dump_json())
            packed.writestr(_SCENARIOS, "".join(f"{each.model_dump_json()}\n" for each in folder.scenarios()))
            with packed.open(_TRACES, "w") as lines:
                for trace in TraceJournal(folder).traces():
                    lines.write(f"{trace.model_dump_json()}\n".encode())
                    count += 1
        return count

    replaced(out, write)
    return {"run": record.name, "traces": count, "out": str(out)}


def unpack(workspace: Workspace, file: Path, name: str = "") -> Run:
    """The evaluation in the file as a run of this workspace, under its own name or another.

    DataError if the file is none of these, is damaged, or a run of the name is here.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            if sum(each.file_size for each in packed.infolist()) > MOST_BYTES:
                raise DataError(f"{file.name} holds more than {MOST_BYTES >> 20} MB. Hand its traces over as Parquet.")
            head = json.loads(packed.read(_HEAD))
            if head.get("form") != FORM:
                raise DataError(f"{file.name} is of the form '{head.get('form')}'; this version reads '{FORM}'.")
            catalog = Catalog.model_validate_json(packed.read(_CATALOG))
            scenarios = [Scenario.model_validate_json(line) for line in packed.read(_SCENARIOS).splitlines()]
            traces = [Trace.model_validate_json(line) for line in packed.read(_TRACES).splitlines()]
        recipe = EvalRecipe.model_validate(head["recipe"])
        ended = dt.datetime.fromisoformat(head["ended"]) if head["ended"] else None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, ValidationError) as problem:
        told = str(problem).splitlines()[0]
        raise DataError(f"{file.name} is no packed evaluation, or it is damaged: {told}.") from problem
    _check(file, catalog, scenarios, traces)
    name = clean_name(name or str(head["name"]), "run")
    if name in {run.name for run in workspace.jobs.all()}:
        raise DataError(f"There is a run '{name}' here. Give another name.")
    return _kept(workspace, name, recipe, catalog, scenarios, traces, ended)


def _check(file: Path, catalog: Catalog, scenarios: list[Scenario], traces: list[Trace]) -> None:
    known, wanted = {each.id for each in scenarios}, tools_by_name(catalog)
    if not traces or not {trace.scenario.id for trace in traces} <= known:
        raise DataError(f"{file.name} holds traces of other scenarios than its own, or none.")
    missing = {name for each in scenarios for name in (each.goal_tool, *each.candidates) if name not in wanted}
    if missing:
        raise DataError(f"{file.name} lacks tools that its scenarios name: {', '.join(sorted(missing)[:5])}.")


def _kept(
    workspace: Workspace,
    name: str,
    recipe: EvalRecipe,
    catalog: Catalog,
    scenarios: list[Scenario],
    traces: list[Trace],
    ended: dt.datetime | None,
) -> Run:
    folder, now = workspace.jobs.new_folder(), dt.datetime.now(dt.UTC)
    run_id = folder.path.name
    config = {
        "id": run_id,
        "name": name,
        "kind": "evaluate",
        "created": (ended or now).astimezone(dt.UTC).replace(tzinfo=None).isoformat(),
        "models_dir": str(workspace.models_dir),
        "recipe": recipe.model_dump(mode="json") | {"run": name},
        "model": recipe.model,
        "test_looks": {},
    }
    folder.create(config, catalog, scenarios)
    for some in _portions(traces):
        folder.append(*({"trace": trace.model_dump(mode="json")} for trace in some))
    result = measurements_report(measure(traces, tools_by_name(catalog)))
    if not is_baseline(recipe.model):
        result |= {"baselines": plain(baselines(catalog, scenarios, recipe.seed))}
    folder.set_status(Status(state="succeeded", started=ended, ended=ended or now, result=result))
    workspace.jobs.recover()
    return workspace.jobs.get(run_id)


def _portions(traces: list[Trace]) -> Iterator[list[Trace]]:
    yield from (traces[start : start + _ROWS] for start in range(0, len(traces), _ROWS))

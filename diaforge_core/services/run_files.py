"""A finished evaluation as one file, to hand over or to keep: its recipe, its tools, its scenarios and every trace.

What comes in is judged and measured anew, turn by turn, so that its numbers are those of its words.
"""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import Field

from ..errors import DataError
from ..evaluation.baselines import baselines, is_baseline
from ..evaluation.evaluator import judged, tools_by_name
from ..evaluation.metrics import measure
from ..records.base import Record
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
MOST_BYTES = 256 << 20
"""Of each part, unpacked: some forty thousand conversations. More of them go as Parquet."""
_HEAD, _CATALOG, _SCENARIOS, _TRACES = "evaluation.json", "catalog.json", "scenarios.jsonl", "traces.jsonl"
_DAMAGE = (OSError, EOFError, ValueError, KeyError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a file of another kind, a broken or an encrypted one raises."""


class _Head(Record):
    """What the file says of itself."""

    form: str
    name: str = ""
    ended: dt.datetime | None = None
    recipe: dict[str, Any] = Field(default_factory=dict)


def pack(workspace: Workspace, run: str, out: Path) -> dict[str, Any]:
    """`run, traces, out` of the file, which holds the evaluation of this id or name.

    DataError if it is no evaluation, has not ended well, or the file cannot be written.
    """
    record = evaluation_of(workspace, run)
    if record.state != "succeeded":
        raise DataError(f"Run '{record.name}' is {record.state}; only an evaluation that ended well can be packed.")
    folder = workspace.jobs.folder(record.id)
    if not folder.scenarios():
        raise DataError(f"Run '{record.name}' holds what people saved from the playground. Export its traces instead.")
    recipe = {key: value for key, value in record.config["recipe"].items() if key in EvalRecipe.model_fields}
    own = {"shards": "", "engine": "local"}
    head = _Head(form=FORM, name=record.name, ended=record.ended, recipe=recipe | own)

    def write(file: BinaryIO) -> int:
        count = 0
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
            packed.writestr(_HEAD, head.model_dump_json(indent=1))
            packed.writestr(_CATALOG, folder.catalog().model_dump_json())
            packed.writestr(_SCENARIOS, "".join(f"{each.model_dump_json()}\n" for each in folder.scenarios()))
            with packed.open(_TRACES, "w") as lines:
                for trace in TraceJournal(folder).traces():
                    lines.write(f"{trace.model_dump_json()}\n".encode())
                    count += 1
        return count

    return {"run": record.name, "traces": replaced(out, write), "out": str(out)}


def unpack(workspace: Workspace, file: Path, name: str = "") -> Run:
    """The evaluation in the file as a run of this workspace, under its own name or another.

    DataError if the file is none of these, is damaged, or a run of the name is here.
    """
    try:
        with zipfile.ZipFile(file) as packed:
            head = _Head.model_validate_json(b"".join(_lines(packed, _HEAD)))
            if head.form != FORM:
                raise DataError(f"{file.name} is of the form '{head.form}'; this version reads '{FORM}'.")
            catalog = Catalog.model_validate_json(b"".join(_lines(packed, _CATALOG)))
            scenarios = [Scenario.model_validate_json(line) for line in _lines(packed, _SCENARIOS)]
            traces = [Trace.model_validate_json(line) for line in _lines(packed, _TRACES)]
        recipe = EvalRecipe.model_validate(head.recipe)
    except _DAMAGE as problem:
        told = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise DataError(f"{file.name} is no packed evaluation, or it is damaged: {told}.") from problem
    name = clean_name(name or head.name, "run")
    catalog = catalog.model_copy(update={"name": _readable(catalog.name)})
    _check(file, catalog, scenarios, traces)
    # Scenarios of several catalogs were played on all of them in one, which is the catalog that is here now.
    own = {"catalog": catalog.name, "catalog_version": catalog.version}
    scenarios = [scenario.model_copy(update=own) for scenario in scenarios]
    by_name = tools_by_name(catalog)
    graded = [
        judged(trace.model_copy(update={"scenario": trace.scenario.model_copy(update=own)}), by_name)
        for trace in traces
    ]
    result = measurements_report(measure(graded, by_name))
    if not is_baseline(recipe.model):
        result |= {"baselines": plain(baselines(catalog, scenarios, recipe.seed))}
    status = Status(state="succeeded", ended=head.ended or dt.datetime.now(dt.UTC), result=result)
    config = {"recipe": recipe.model_dump(mode="json") | {"run": name}, "model": recipe.model, "test_looks": {}}
    rows = ({"trace": trace.model_dump(mode="json")} for trace in graded)
    return workspace.jobs.bring_in(name, config, status, catalog, scenarios, rows)


def _lines(packed: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The lines of a part; ValueError where there are more bytes than are taken, whatever the file says of itself."""
    left = MOST_BYTES
    with packed.open(part) as lines:
        while line := lines.readline(left + 1):
            left -= len(line)
            if left < 0:
                raise ValueError(f"{part} holds more than {MOST_BYTES >> 20} MB; hand its traces over as Parquet")
            yield line


def _readable(name: str) -> str:
    """The catalog's name as one that a catalog can have here: that of several in one has signs between them."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in " ._-") else " " for char in name)
    return clean_name(" ".join(kept.split())[:64], "catalog")


def _check(file: Path, catalog: Catalog, scenarios: list[Scenario], traces: list[Trace]) -> None:
    known, wanted = {each.id for each in scenarios}, tools_by_name(catalog)
    if not traces or not {trace.scenario.id for trace in traces} <= known:
        raise DataError(f"{file.name} holds traces of other scenarios than its own, or none.")
    played = [*scenarios, *(trace.scenario for trace in traces)]
    missing = {name for each in played for name in (each.goal_tool, *each.candidates) if name not in wanted}
    if missing:
        raise DataError(f"{file.name} lacks tools that its scenarios name: {', '.join(sorted(missing)[:5])}.")

"""Studies: data, tuning and judging of one model in one plan, which goes on where it was."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from ..conversation.smollm2 import NAME as EMBEDDED
from ..conversation.smollm2 import TUNED
from ..errors import DataError, DiaForgeError, Interrupted
from ..records.run import FINISHED, RESUMABLE, Run
from ..training.adapters import base_named_by
from .model_tasks import run_model_task
from .names import clean_name
from .study_choices import (
    LONGEST_NAME,
    SAMPLE,
    Preset,
    StudyChoices,
    check_sources,
    default_held_out,
    preset_values,
)
from .study_folder import StudyFolder
from .study_machine import halves
from .study_report import StudyReport, as_markdown, report_of
from .study_steps import AnyStep, FactStep, RunStep, Steps, is_stopped, seconds_of, timed

if TYPE_CHECKING:
    from .workspace import Workspace

__all__ = ["Preset", "Stage", "Studies", "StudyChoices", "StudyReport"]

OnProgress = Callable[[Run], None]
StageState = Literal["done", "going on", "stopped", "to do", "when asked for"]
LOOK_SECONDS = 2.0
"""Between two looks at whether to go on waiting for a run."""


@dataclass(frozen=True, slots=True)
class Stage:
    """How far one step is."""

    name: str
    title: str
    state: StageState
    run: Run | None
    seconds: float | None
    """Wall-clock time that it took; None where that is not known yet."""
    note: str = ""
    """Why it need not be done, or what stopped it."""


class Studies:
    """The studies of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._under_way: set[str] = set()
        """Studies that this process carries on."""
        self._problems: dict[str, str] = {}
        """Study → what stopped it in this process."""
        self._starting = threading.Lock()
        self._closed = threading.Event()

    def names(self) -> list[str]:
        """Every study, the newest first."""
        found = (self._workspace.folder / "studies").glob("*/choices.json")
        return [file.parent.name for file in sorted(found, key=lambda file: -file.stat().st_mtime)]

    def choices(self, name: str) -> StudyChoices:
        """What a study was begun with; DataError with those there are if there is none of this name."""
        found = self._folder(name).choices()
        if found is None:
            known = ", ".join(self.names()) or "none yet"
            raise DataError(f"There is no study '{name}' in this workspace (there: {known}).")
        return found

    def parts(self, catalogs: Sequence[str]) -> list[str]:
        """The parts of these catalogs that can be held out of them, as `NAME:GROUP`, in the catalogs' order."""
        here = {info.name for info in self._workspace.catalogs.names()}
        found = []
        for name in catalogs:
            tools = self._workspace.catalogs.get(name).tools if name in here else ()
            groups = list(dict.fromkeys(tool.group for tool in tools if tool.group))
            found += [f"{name}:{group}" for group in (groups if len(groups) > 1 else ())]
        return found

    def begin(self, model: str = "", preset: Preset | Literal[""] = "", **given: Any) -> StudyChoices:
        """The study of this name, by default that of model and preset; one that was begun already is given back.

        Of a new one the model is by default smollm2 and the preset small.

        `given` are choices in place of the preset's, those of training under `training`; catalogs may be files or
        folders, which are imported. DataError for what cannot be, and where the study was begun with something else;
        ModelError for a model that cannot be tuned.
        """
        given = {key: value for key, value in given.items() if value not in (None, "", (), [], {})}
        given |= {key: tuple(map(self._catalog, given[key])) for key in ("catalogs", "held_out") if key in given}
        asked = {key: value for key, value in (("model", model), ("preset", preset)) if value}
        model, preset = model or EMBEDDED, preset or "small"
        stem = model.rpartition("/")[2] if model.startswith("hf:") else model
        name = clean_name(str(given.get("name") or f"{stem.replace(':', ' ')} {preset}")[:LONGEST_NAME], "study")
        before = self._folder(name).choices()
        if before is not None:
            _check_same(before, asked | given)
            return before
        choices = self._chosen(name, model, preset, given)
        resolved = self._workspace.models.resolve(model)
        if resolved.startswith(("scripted:", "openai:")):
            raise DataError(f"'{model}' has no weights to tune. Use smollm2, hf:DIR or run:NAME.")
        self._workspace.models.resolve(choices.teacher)
        if choices.goes_on_from:
            self._check_start(choices, resolved)
        self._folder(name).begin(choices)
        return choices

    def carry_on(self, name: str, only: Sequence[str] = (), on_progress: OnProgress | None = None) -> StudyReport:
        """The report, once every step is done that is not to wait until it is asked for.

        `only`: names of steps, or their beginnings (`ablation:no-thought`, `curve`), which are done with what they
        need. DataError if there is no such step, if a step fails, in its words, or if the study goes on already.
        """
        wanted = self._wanted(name, self._steps(name), only)
        self._enter(name)
        return self._carry(name, wanted, on_progress or (lambda _: None))

    def carry_on_behind(self, name: str, only: Sequence[str] = ()) -> None:
        """As `carry_on`, in a thread of this process; what stops it is told by `problem`."""
        wanted = self._wanted(name, self._steps(name), only)
        self._enter(name)

        def work() -> None:
            with contextlib.suppress(DiaForgeError):  # kept as the study's problem
                self._carry(name, wanted, lambda _: None)

        threading.Thread(target=work, name=f"diaforge-study-{name}", daemon=True).start()

    def _carry(self, name: str, wanted: set[str], on_progress: OnProgress) -> StudyReport:
        """As `carry_on`, for who has entered."""
        try:
            for step in self._steps(name).all():
                if step.name in wanted and not self._is_done(name, step):
                    self._do(name, step, on_progress)
            return self.write_report(name)
        except DiaForgeError as problem:
            self._problems[name] = str(problem)
            raise
        finally:
            self._under_way.discard(name)

    def _enter(self, name: str) -> None:
        """Take the study for the caller alone; DataError where somebody else of this process has it."""
        with self._starting:
            if name in self._under_way:
                raise DataError(f"Study '{name}' goes on already.")
            self._under_way.add(name)
        self._problems.pop(name, None)

    def is_under_way(self, name: str) -> bool:
        """Whether this process carries the study on."""
        return name in self._under_way

    def problem(self, name: str) -> str:
        """What stopped the study in this process; empty if nothing did."""
        return self._problems.get(name, "")

    def stages(self, name: str) -> list[Stage]:
        """How far each step is, in order."""
        choices = self.choices(name)
        steps = Steps(self._workspace, choices, self._folder(name), self._workspace.jobs.all())
        return [self._stage(name, step, choices) for step in steps.all()]

    def report(self, name: str) -> StudyReport:
        """All that is known of the study now, from runs, datasets and what its steps found out."""
        return report_of(self._workspace, self.choices(name), self._folder(name), self.stages(name))

    def write_report(self, name: str) -> StudyReport:
        """The report, written as Markdown into the study's folder too."""
        found, file = self.report(name), self._folder(name).report
        file.write_text(as_markdown(found), encoding="utf-8")
        return found

    def report_file(self, name: str) -> Path:
        """Where the report of a study is written."""
        return self._folder(name).report

    def close(self) -> None:
        """Wait for nothing more; runs go on in their own processes."""
        self._closed.set()

    def _folder(self, name: str) -> StudyFolder:
        return StudyFolder(self._workspace.folder / "studies" / clean_name(name, "study"))

    def _steps(self, name: str) -> Steps:
        return Steps(self._workspace, self.choices(name), self._folder(name))

    def _chosen(self, name: str, model: str, preset: Preset, given: Mapping[str, Any]) -> StudyChoices:
        """The choices of a new study."""
        catalogs = given.get("catalogs", (SAMPLE,))
        held_out = given.get("held_out") or default_held_out(catalogs)
        has_gpu = preset == "full" and run_model_task("device", {})["device"] != "cpu"
        values = preset_values(preset, has_gpu, halves())
        training = {**values["training"], **given.get("training", {})}
        values |= {"decoding": "grounded" if model in (EMBEDDED, TUNED) else "free"}
        own = {"name": name, "model": model, "preset": preset, "catalogs": catalogs, "held_out": held_out}
        try:
            choices = StudyChoices.model_validate({**values, **given, **own, "training": training})
        except ValidationError as problem:
            wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problem.errors()]
            raise DataError("\n".join(["The study cannot be made so:", *wrong])) from problem
        check_sources(choices)
        return choices

    def _check_start(self, choices: StudyChoices, model: str) -> None:
        """DataError unless the tuning can go on from what was named; `model` is the study's as it was resolved."""
        start, named = self._workspace.models.resolve(choices.goes_on_from), choices.goes_on_from
        folder = Path(start.removeprefix("hf:"))
        if not (folder / "adapter_config.json").is_file():
            raise DataError(f"'{named}' is no adapter. Go on from one of {choices.model}: run:NAME or hf:FOLDER.")
        if choices.training.full:
            raise DataError("A tuning of all weights (--full) cannot go on from an adapter (--from). Leave one out.")
        if (base := base_named_by(folder)) != model.removeprefix("hf:"):
            raise DataError(
                f"'{named}' is an adapter of '{base}' and not of '{choices.model}'. Name one of that model."
            )

    def _catalog(self, text: str) -> str:
        """The name of a catalog, or of its part; a file or a folder is imported under its own name."""
        known = {info.name for info in self._workspace.catalogs.names()} | {SAMPLE}
        if text in known or text.partition(":")[0] in known:
            return text
        path = Path(text).expanduser()
        if path.is_dir():
            return self._workspace.catalogs.add_folder(str(path), path.name).catalog.name
        if path.is_file():
            return self._workspace.catalogs.bring_in([(path.name, path.read_bytes())], path.stem).catalog.name
        listed = ", ".join(sorted(known))
        raise DataError(f"'{text}' is neither a catalog of this workspace ({listed}) nor a file or folder of one.")

    def _wanted(self, name: str, steps: Steps, only: Sequence[str]) -> set[str]:
        """Names of the steps that are to be done."""
        choices, all_steps = self.choices(name), steps.all()
        if not only:
            return {step.name for step in all_steps if not _begins(step.name, choices.later)}
        needs = {step.name: step.needs for step in all_steps}
        unknown = [each for each in only if not any(_begins(step, (each,)) for step in needs)]
        if unknown:
            raise DataError(f"Study '{name}' has no step '{unknown[0]}'. It has: {', '.join(needs)}.")
        wanted: set[str] = set()
        left = [step for step in needs if _begins(step, only)]
        while left:
            step = left.pop()
            if step not in wanted:
                wanted.add(step)
                left += needs[step]
        return wanted

    def _is_done(self, name: str, step: AnyStep) -> bool:
        if isinstance(step, FactStep):
            facts = self._folder(name).facts(step.name)
            return facts is not None and step.holds(facts)
        if step.spared():
            return True
        run = step.find()
        return run is not None and run.state == "succeeded"

    def _do(self, name: str, step: AnyStep, on_progress: OnProgress) -> None:
        """Do a step to its end; DataError, in its words, where it comes to none."""
        if isinstance(step, RunStep):
            self._run(name, step, on_progress)
            return
        facts = timed(step)
        self._folder(name).keep(step.name, facts)
        if not step.holds(facts):
            self.write_report(name)
            raise DataError(facts.get("message") or f"Step '{step.name}' of study '{name}' does not hold.")

    def _run(self, name: str, step: RunStep, on_progress: OnProgress) -> None:
        jobs, run = self._workspace.jobs, step.find()
        if run is None:
            run = step.start()
        elif run.state in RESUMABLE:
            broken = run.kind == "train" and self._workspace.training.broken(run.id) is not None
            run = self._workspace.training.go_on(run.id) if broken else jobs.resume(run.id)
        while run.state not in FINISHED:
            if self._closed.is_set():
                raise Interrupted(f"Study '{name}' waits for nothing more; run '{run.name}' goes on.")
            run = jobs.wait(run.id, on_progress, timeout_seconds=LOOK_SECONDS)
        if run.state != "succeeded":
            why = f": {run.error}" if run.error else "."
            raise DataError(f"Study '{name}' stopped at step '{step.name}': run '{run.name}' is {run.state}{why}")

    def _stage(self, name: str, step: AnyStep, choices: StudyChoices) -> Stage:
        facts = self._folder(name).facts(step.name) if isinstance(step, FactStep) else None
        run = step.find() if isinstance(step, RunStep) else None
        note = step.spared() if isinstance(step, RunStep) else (facts or {}).get("message", "")
        state: StageState = "when asked for" if _begins(step.name, choices.later) else "to do"
        if self._is_done(name, step):
            state = "done"
        elif is_stopped(run):
            state, note = "stopped", run.error if run else ""
        elif run is not None:
            state = "going on"
        elif facts is not None and note:
            state = "stopped"
        return Stage(step.name, step.title, state, run, seconds_of(step, facts), note)


def _begins(step: str, beginnings: Sequence[str]) -> bool:
    """Whether a step is one of these, or stands below one."""
    return any(step == each or step.startswith(f"{each}:") for each in beginnings)


def _check_same(before: StudyChoices, given: Mapping[str, Any]) -> None:
    """DataError that names what was asked for and is otherwise in the study that there is."""
    old = before.model_dump()
    flat = {key: value for key, value in given.items() if key not in ("training", "name")}
    other = [key for key, value in flat.items() if _plain(old[key]) != _plain(value)]
    other += [key for key, value in given.get("training", {}).items() if old["training"][key] != value]
    if other:
        options = ", ".join(other).replace("goes_on_from", "from")
        raise DataError(
            f"Study '{before.name}' was begun with other choices of {options}. Go on with it as it is, or "
            "begin another one under a new name (--name)."
        )


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value

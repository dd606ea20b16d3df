"""Tuned weights saved for other programs, each with a card that says where they come from."""

from __future__ import annotations

import datetime as dt
import itertools
import os
import re
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import psutil

from ..conversation import smollm2
from ..conversation.prompts import system_text
from ..conversation.seals import sealed_weights
from ..errors import DataError
from ..generator.identity import as_markdown, inline_text, table_lines
from ..records.run import Run
from ..records.scenario import Setting
from .model_tasks import run_model_task
from .names import clean_name
from .training import trained_with

if TYPE_CHECKING:
    from .workspace import Workspace

Form = Literal["huggingface", "gguf", "adapter"]
"""A folder that transformers, vLLM and others load; one file for llama.cpp, with a Modelfile for Ollama; or the adapter
alone, in half precision, for PEFT and for DiaForge elsewhere."""
FORMS: tuple[Form, ...] = ("huggingface", "gguf", "adapter")
SAVING_SECONDS = 3600.0
"""A large model is tens of gigabytes, written twice for GGUF."""
_UNFINISHED = re.compile(r"\..+\.(\d{1,9})\.[0-9a-f]{32}")
"""Name of a folder that is being saved: its later name, the process that saves it, and a mark of its own."""


class Weights:
    """Saving the models of training runs."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def folder(self) -> Path:
        """Where they are saved unless another place is named."""
        return self._workspace.folder / "exports"

    def save(
        self, model: str, form: Form = "huggingface", name: str = "", *, out: Path | None = None, kind: str = "f16"
    ) -> Path:
        """The new folder with the whole model of `run:NAME[@STEP]`, its card as README.md.

        It is `name` inside the workspace's exports, or `out`; there is a whole folder or none. A process of its own
        does it (seconds to minutes). DataError if there is something already or no such model; ModelError if it
        cannot be converted, with the line that installs the converter where that is missing.
        """
        spec = model if model.startswith("run:") else f"run:{model}"
        tuned = self._workspace.models.take(spec).removeprefix("hf:")
        name = clean_name(name or self.default_name(spec, form), "folder")
        target = out.expanduser().resolve() if out else self.folder / name
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise DataError(f"{target} is not an empty folder. Give it another name, or take what is there away.")
        partial = target.with_name(f".{target.name}.{os.getpid()}.{uuid.uuid4().hex}")
        given = {
            "tuned": tuned,
            "form": form,
            "kind": kind,
            "out": str(partial),
            "name": target.name,
            "models_dir": str(self._workspace.models_dir),
            "card": self.card(spec, form),
            "system": system_text((), Setting(today=dt.date.today())),
        }
        try:
            partial.mkdir(parents=True)
            _sweep(target.parent)
            run_model_task("weights", given, SAVING_SECONDS)
            partial.replace(target)
        except OSError as problem:
            raise DataError(f"{target} cannot be written: {problem.strerror}. Give another folder.") from problem
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return target

    def default_name(self, spec: str, form: Form) -> str:
        """The name of the folder of `run:NAME[@STEP]` where none is given; without a space, as Ollama wants it."""
        run, _, step = spec.removeprefix("run:").partition("@")
        parts = [self._workspace.jobs.get(run).name, *(["at", step] if step else []), form]
        return "-".join(parts).replace(" ", "-")[:64]

    def card(self, spec: str, form: Form = "huggingface") -> str:
        """The card of a model `run:NAME[@STEP]`: its base and licence, its choices, its scores and its data, also those
        of the runs that it went on from.
        """
        from huggingface_hub import ModelCardData

        legs = self._workspace.training.legs(spec.removeprefix("run:").partition("@")[0])
        run, first = legs[0], legs[-1]
        recipe = first.config["recipe"]
        licence = _licence(first.config["model"], recipe["model"])
        data = ModelCardData(
            license=licence.lower() if licence else None,
            base_model=smollm2.SOURCE if recipe["model"] == smollm2.NAME else None,
            library_name={"huggingface": "transformers", "gguf": "gguf", "adapter": "peft"}[form],
            pipeline_tag="text-generation",
            tags=["tool-calling", "diaforge"],
        )
        parts = [
            f"---\n{data.to_yaml()}\n---",
            f"# {run.name}",
            "A model tuned with DiaForge to find out which tool is meant, ask for what is missing, and then call once.",
            _section("Base", {"model": recipe["model"], "licence": licence or "not stated: ask its owner"}),
            _section("Choices", _chosen(run)),
            self._scores(spec),
            self._data(run),
            *(self._before(leg, later) for later, leg in itertools.pairwise(legs)),
        ]
        if recipe["model"].startswith("run:"):
            parts.append(f"## Before\n\n{inline_text(recipe['model'])}, which is no longer here.")
        return "\n\n".join(parts) + "\n"

    def _before(self, leg: Run, later: Run) -> str:
        """A run that a later one went on from: what it trained with, and what its dataset is made of."""
        start = {"gone on from": later.config["recipe"]["model"]}
        told = _section(f"Before: {inline_text(leg.name)}", _chosen(leg) | start)
        return f"{told}\n\n{self._data(leg, with_versions=False)}"

    def _data(self, run: Run, *, with_versions: bool = True) -> str:
        """What the dataset is made of, as it stands now."""
        dataset = run.config["recipe"]["dataset"]
        given = len(self._workspace.jobs.folder(run.id).dialogues())
        learned = self._workspace.training.totals(run.id).get("dialogues", given)
        head = f"## Data of {inline_text(run.name)}\n\nTrained on {learned:,} dialogues of the dataset `{dataset}`."
        head += f" {given - learned:,} more were longer than allowed." if learned < given else ""
        try:
            made = as_markdown(self._workspace.profiles.identity(dataset), with_versions=with_versions)
        except DataError:
            return f"{head} That dataset is no longer in the workspace."
        return f"{head} The dataset as it stands today:\n\n{_lowered(made)}"

    def _scores(self, spec: str) -> str:
        """Every evaluation of exactly these weights, whatever they were called, each number with its interval and n."""
        weights = self._workspace.models.resolve(spec)
        sealed = _sealed(weights)
        of_these = [
            run.id
            for run in self._workspace.evaluation.runs()
            if run.config["model"] == weights or (sealed and _sealed(run.config["model"]) == sealed)
        ]
        table = self._workspace.evaluation.table(of_these)
        rows = [
            f"| {row['run']} | {row['metric'].upper()} | {row['value']:.1%} | {row['low']:.1%} to {row['high']:.1%} | "
            f"{row['n']} |"
            for row in table.to_dict("records")
        ]
        if not rows:
            return "## Scores\n\nThese weights were not evaluated."
        head = ["| evaluation | metric | value | 95 % interval | n |", "|---|---|---|---|---|"]
        return "## Scores\n\n" + "\n".join([*head, *rows])


def _sweep(folder: Path) -> None:
    """Takes away what savings left behind whose process is no more."""
    for left in folder.iterdir():
        found = _UNFINISHED.fullmatch(left.name)
        if found and not psutil.pid_exists(int(found.group(1))):
            shutil.rmtree(left, ignore_errors=True)


def _sealed(resolved: str) -> dict[str, str]:
    """By what weights are known wherever they lie: those of a run are also those of its last checkpoint."""
    return sealed_weights(Path(resolved.removeprefix("hf:")))


def _chosen(run: Run) -> dict[str, Any]:
    kept = {
        key: value
        for key, value in trained_with(run).items()
        if value not in (None, "") and key not in ("model", "run")
    }
    return kept | {"steps done": run.result.get("steps", "not finished")}


def _section(title: str, facts: dict[str, Any]) -> str:
    return "\n".join(table_lines(title, facts)).rstrip()


def _licence(resolved: str, named: str) -> str:
    """The licence of the base model as its own card states it; empty if it does not."""
    if named == smollm2.NAME:
        return smollm2.LICENCE
    card = Path(resolved.removeprefix("hf:")) / "README.md"
    if not card.is_file():
        return ""
    from huggingface_hub import ModelCard

    try:
        return str(ModelCard.load(card).data.to_dict().get("license") or "")
    except (ValueError, OSError):
        return ""


def _lowered(markdown: str) -> str:
    """The headings one level deeper, to stand under another heading."""
    return "\n".join(f"##{line}" if line.startswith("#") else line for line in markdown.splitlines())

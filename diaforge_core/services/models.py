"""Which models there are, and what a spec stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversation import smollm2
from ..conversation.assistants import Assistant, scripted_assistant
from ..conversation.model_specs import SCRIPTED, local_folder, locate, parse_spec
from ..errors import DataError, ModelError

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """One entry of a list of models."""

    spec: str
    label: str
    scripted: bool


class Models:
    """Model specs of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def choices(self, *, scripted: bool = True) -> list[ModelChoice]:
        """Every model that can be chosen here: runs' adapters and checkpoints, the embedded model, scripted ones."""
        found = []
        for run in self._workspace.training.runs():
            for checkpoint in reversed(self._workspace.training.checkpoints(run.id)):
                label = f"{run.name}" if checkpoint.final else f"{run.name} at step {checkpoint.step}"
                found.append(ModelChoice(checkpoint.spec, label, False))
        if smollm2.has_tuned():
            found.append(ModelChoice(smollm2.TUNED, "SmolLM2-135M, tuned with DiaForge", False))
        found.append(ModelChoice(smollm2.NAME, "SmolLM2-135M-Instruct", False))
        if scripted:
            found += [ModelChoice(f"scripted:{name}", f"scripted: {name}", True) for name in SCRIPTED]
        return found

    def resolve(self, spec: str) -> str:
        """The spec as a worker takes it: `run:NAME[@STEP]` becomes `hf:FOLDER`, every other one stays.

        ModelError for what is no spec or is not on this machine; DataError for a run or step that is not here.
        """
        parsed = parse_spec(spec)
        if parsed.kind == "hub":
            locate(parsed, self._workspace.models_dir)
        if parsed.kind == "smollm2":
            smollm2.check_here(self._workspace.models_dir)
        if parsed.kind == "hf":
            return f"hf:{local_folder(parsed)}"
        if parsed.kind != "run":
            return spec
        name, _, step = spec.removeprefix("run:").partition("@")
        run = self._workspace.jobs.get(name)
        if run.kind != "train":
            raise DataError(f"Run '{run.name}' is a run of kind '{run.kind}', so it has no model. Name a training run.")
        checkpoints = self._workspace.training.checkpoints(run.id)
        if not checkpoints:
            raise DataError(f"Run '{run.name}' ({run.state}) has saved no weights yet.")
        if not step:
            return f"hf:{checkpoints[-1].folder}"
        for checkpoint in checkpoints:
            if str(checkpoint.step) == step:
                return f"hf:{checkpoint.folder}"
        known = ", ".join(str(checkpoint.step) for checkpoint in checkpoints)
        raise DataError(f"Run '{run.name}' has no checkpoint at step {step}. It has: {known}.")

    def take(self, spec: str) -> str:
        """As `resolve`, for what goes on to use it: a checkpoint that is named by its step stays from now on."""
        found, parsed = self.resolve(spec), parse_spec(spec)
        if parsed.step is not None:
            self._workspace.jobs.folder(parsed.name).keep(parsed.step)
        return found

    def scripted(self, spec: str) -> Assistant:
        """The scripted assistant of this spec, in this process; ModelError if it is a model that needs a worker."""
        if not spec.startswith("scripted:"):
            raise ModelError(
                f"'{spec}' needs a worker; a preview is made with a scripted assistant. Use scripted:oracle."
            )
        return scripted_assistant(spec)

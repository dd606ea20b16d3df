"""Fine-tuning runs."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import Field

from ..conversation.model_specs import parse_spec
from ..conversation.prompts import RENDERING
from ..conversation.seals import is_sealed
from ..errors import DataError, ModelError
from ..records.dialogue import Dialogue
from ..records.pair import Pair
from ..records.run import RESUMABLE, Run
from ..records.trace import Decoding
from ..store.run_folder import RunFolder
from ..training.adapters import adapter_choices
from ..training.checkpoints import Evaluation, forget_after, newest_whole_step, step_of
from ..training.choices import TrainingChoices
from ..training.pairs import pair_of_trace, pairs_of_dialogue
from .failures import KEPT_PAIRS
from .kept import Kept
from .names import clean_name

if TYPE_CHECKING:
    from .workspace import Workspace

BUILT_IN = RENDERING
"""Name of the built-in form of conversations, a value of `rendering`."""
RUNS_READ = 8
"""Runs whose rows are kept in memory."""
VALIDATED = 64
"""Dialogues that each evaluation of a checkpoint reads at most: their ten thousand learned tokens tell checkpoints
apart, and a processor reads them in a minute."""
CURVE_COLUMNS = (
    "step", "epoch", "loss", "eval_loss", "learning_rate", "tokens_per_second", "target_tokens_total",
    "peak_memory_bytes",
)  # fmt: skip


class TrainRecipe(TrainingChoices):
    """What is to be trained, on what."""

    dataset: str
    """Its kept dialogues are trained on."""
    unverified: bool = False
    """Those that a verifier or a person rejected are trained on too, to see what the cascade is worth."""
    run: str
    """Name of the run, new in this workspace."""
    model: str = "smollm2"
    """Model spec of the base."""
    validation: str = ""
    """Dataset that the evaluations read, some of all over it: dialogues for the loss, their scenarios for live scores;
    empty for none."""
    watch: int = Field(default=8, ge=0, le=VALIDATED)
    """Scenarios played in each evaluation: it halts the training meanwhile."""
    decoding: Decoding = "free"
    """How the model writes in them."""
    pairs: str = ""
    """Preference stage: the dataset or the evaluation run whose mistakes are unlearned; empty takes likely mistakes in
    the dialogues trained on."""
    seen: str = ""
    """`Datasets.stamp` of the dataset as it was when it was chosen; empty does not ask."""
    processes: int = Field(default=1, ge=1)
    """Processes that share the work, one a GPU."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights at a step."""

    step: int
    folder: Path
    spec: str
    """`run:NAME@STEP`, as a model spec."""
    final: bool
    best: bool = False
    """Whether it did best on the validation part."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a run cannot be gone on with as it is."""

    step: int
    """Of the newest checkpoint, which is not as it was saved."""
    whole: int
    """Step of the newest whole one; 0 if there is none."""
    reached: int
    """The last step that was done; those after `whole` are to be done again."""


def trained_with(run: Run) -> dict[str, Any]:
    """Choice → what the run trains with: its recipe, with rank and targets of the adapter that it goes on from."""
    return run.config.get("recipe", {}) | run.config.get("adapter", {})


class Training:
    """Starting, watching and using fine-tuning runs."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: Kept[tuple[dict[str, Any], ...]] = Kept(RUNS_READ)

    def start(self, recipe: TrainRecipe) -> Run:
        """The run, queued or already running in a worker.

        DataError if the name is taken, the dataset has no kept dialogue or is another than was `seen`, or if the
        validation dataset holds dialogues of a test part; ModelError for a model that cannot be trained. Nothing is
        started then.
        """
        name = clean_name(recipe.run, "run")
        dialogues = self.dialogues(recipe)
        if not dialogues:
            raise DataError(
                f"Dataset '{recipe.dataset}' has no kept dialogue to train on. Generate more, or accept some in Review."
            )
        if recipe.seen and recipe.seen != self._workspace.datasets.stamp(recipe.dataset):
            raise DataError(
                f"Dataset '{recipe.dataset}' changed since it was chosen: dialogues or decisions are not as they were. "
                "Nothing was started. Look at it again, and start then."
            )
        model = self._workspace.models.take(recipe.model)
        if model.startswith(("scripted:", "openai:")):
            raise ModelError(f"'{recipe.model}' has no weights to train. Use smollm2, hf:DIR or run:NAME.")
        self._refuse_test_part(recipe.validation)
        held_out = self._workspace.datasets.load(recipe.validation) if recipe.validation else []
        read = min(len(held_out), VALIDATED)
        held_out = [held_out[place * len(held_out) // read] for place in range(read)]
        pairs = self.pairs(recipe, dialogues) if recipe.stage == "preference" else []
        told = [dialogue for pair in pairs for dialogue in (pair.chosen, pair.rejected)]
        catalog = self._workspace.catalogs.of_dialogues([*dialogues, *held_out, *told])
        return self._workspace.jobs.submit(
            "train",
            name,
            {"recipe": recipe.model_dump(mode="json"), "model": model, "adapter": self._gone_on_with(recipe, model)},
            catalog=catalog,
            dialogues=dialogues,
            validation=held_out,
            pairs=pairs,
        )

    def dialogues(self, recipe: TrainRecipe) -> list[Dialogue]:
        """What the recipe learns from, in the dataset's order; DataError if there is no such dataset."""
        return self._workspace.datasets.load(recipe.dataset, "all" if recipe.unverified else "kept")

    def pairs(self, recipe: TrainRecipe, dialogues: Sequence[Dialogue]) -> list[Pair]:
        """What the preference stage learns from; DataError if the run it names made no mistake to unlearn."""
        traces = self._workspace.traces
        if recipe.pairs == KEPT_PAIRS:
            return self._kept_pairs()
        if not self._is_run(recipe.pairs):
            self._refuse_test_part(recipe.pairs)
            told = self._workspace.datasets.load(recipe.pairs) if recipe.pairs else dialogues
            tools_of = self._workspace.review.tools
            return [pair for dialogue in told for pair in pairs_of_dialogue(dialogue, tools_of(dialogue))]
        self._refuse_test_part(self._workspace.jobs.get(recipe.pairs).config["recipe"].get("scenarios", ""))
        played = traces.of_run(recipe.pairs)
        pairs = [pair for trace in played if (pair := pair_of_trace(trace, traces.tools(trace)))]
        if not pairs:
            raise DataError(
                f"'{recipe.pairs}' has no mistake to learn from: none of its {len(played)} conversations failed where "
                "the teacher would have acted otherwise. Name a dataset, or an evaluation of a weaker model."
            )
        return pairs

    def _kept_pairs(self) -> list[Pair]:
        kept = self._workspace.failures.kept_pairs()
        if not kept:
            raise DataError("No preference pair is kept. Open a failed conversation in Traces and keep its pair.")
        return kept

    def _gone_on_with(self, recipe: TrainRecipe, model: str) -> dict[str, Any]:
        """`lora_rank` and `lora_targets` of the adapter that the run goes on from; empty where it makes its own."""
        folder, parsed = Path(model.removeprefix("hf:")), parse_spec(recipe.model)
        if not (folder / "adapter_config.json").is_file():
            return {}
        if parsed.kind != "run":
            return adapter_choices(folder)
        before = trained_with(self._workspace.jobs.get(parsed.name))
        return {name: before[name] for name in ("lora_rank", "lora_targets")}

    def stamp(self, recipe: TrainRecipe) -> str:
        """A text that is another one as soon as what the recipe learns from changes, an evaluation that grows too."""
        stamps = [self._workspace.datasets.stamp(recipe.dataset)]
        if recipe.stage == "preference" and recipe.pairs:
            stamps.append(self._stamp_of_pairs(recipe.pairs))
        return " ".join(stamps)

    def _stamp_of_pairs(self, pairs: str) -> str:
        """A text that is another one when the dataset changes, there are more conversations, or other pairs kept."""
        if not self._is_run(pairs):
            return self._workspace.datasets.stamp(pairs)
        if pairs == KEPT_PAIRS:
            return str(len(self._workspace.failures.kept_pairs()))
        return str(self._workspace.traces.played(self._workspace.jobs.get(pairs).id))

    def _is_run(self, pairs: str) -> bool:
        """Whether pairs of this name come from an evaluation."""
        return bool(pairs) and pairs not in self._workspace.datasets.listed()

    def _refuse_test_part(self, dataset: str) -> None:
        """DataError if the dataset holds dialogues of a split's test part: what learns by them proves nothing."""
        rows = self._workspace.database.rows(
            "SELECT t.dataset, count(*) FROM members m JOIN members t ON t.dialogue = m.dialogue "
            "JOIN datasets d ON d.name = t.dataset AND d.part = 'test' "
            "WHERE m.dataset = ? GROUP BY t.dataset ORDER BY t.dataset",
            [dataset],
        )
        if rows:
            raise DataError(
                f"{rows[0][1]} dialogues of '{dataset}' belong to the test part '{rows[0][0]}'. A model that is "
                "trained or chosen by them cannot be tested on them: take another part of the split."
            )

    def runs(self) -> list[Run]:
        """All training runs that are not archived, newest first."""
        return [run for run in self._workspace.jobs.listed() if run.kind == "train"]

    def curve(self, run: str) -> pd.DataFrame:
        """What the trainer logged, one row a step: step, loss, learning_rate, tokens_per_second, … in step order;
        eval_loss where that step was evaluated.

        A step that is done again after a resume stands once, as last logged, and those after it are gone until they are
        done again too. Empty before the first log.
        """
        rows = self._rows(run)
        found = {step: judged.get("eval_loss") for step, judged in self._judged(run).items()}
        steps: list[dict[str, Any]] = []
        for log in (row["log"] for row in rows if "log" in row):
            while steps and steps[-1]["step"] >= log["step"]:
                steps.pop()
            steps.append(log | {"eval_loss": found.get(log["step"])})
        frame = pd.DataFrame(steps)
        for column in CURVE_COLUMNS:
            if column not in frame:
                frame[column] = pd.Series(dtype="float64")
        return frame

    def scores(self, run: str) -> pd.DataFrame:
        """Live accuracy of the checkpoints on the validation scenarios: step, metric, value, low, high, n."""
        rows = [
            {"step": step, "metric": metric, **estimate}
            for step, scored in self._judged(run).items()
            for metric, estimate in scored.items()
            if isinstance(estimate, dict)
        ]
        return pd.DataFrame(rows, columns=["step", "metric", "value", "low", "high", "n"])

    def checkpoints(self, run: str) -> list[Checkpoint]:
        """The weights that a run has saved whole, by step; the finished adapter last."""
        record = self._workspace.jobs.get(run)
        whole = list(filter(is_sealed, self._folder(run).checkpoints()))
        best = self._best(run, set(map(step_of, whole)))
        found = []
        for checkpoint in whole:
            step = step_of(checkpoint)
            found.append(Checkpoint(step, checkpoint, f"run:{record.name}@{step}", False, step == best))
        found.sort(key=lambda checkpoint: checkpoint.step)
        if record.result.get("adapter"):
            final = Path(record.result["adapter"])
            found.append(Checkpoint(int(record.result.get("steps", 0)), final, f"run:{record.name}", True))
        return found

    def broken(self, run: str) -> Broken | None:
        """Why the run's last start refused to go on, where its newest checkpoint is broken; None if that is not so."""
        rows = self._rows(run)
        if not rows or "broken" not in rows[-1] or self._workspace.jobs.get(run).state != "failed":
            return None
        reached = max((row["log"]["step"] for row in rows if "log" in row), default=0)
        return Broken(**rows[-1]["broken"], reached=reached)

    def go_on(self, run: str) -> Run:
        """The run, going on from its newest whole checkpoint, or from its start if none is; later ones are deleted.

        It trains on what it was started with. DataError as from `Jobs.resume`.
        """
        record, checkpoints = self._workspace.jobs.get(run), self._folder(run).trained / "checkpoints"
        if record.state in RESUMABLE:
            known = self.broken(run)
            forget_after(checkpoints, known.whole if known else newest_whole_step(checkpoints))
        return self._workspace.jobs.resume(run)

    def _best(self, run: str, among: Container[int]) -> int | None:
        """The step of these that did best on the validation part, the earliest of equals; None if none was judged."""
        found = []
        for step, row in self._judged(run).items():
            if step not in among:
                continue
            scores = {name: scored["value"] for name, scored in row.items() if isinstance(scored, dict)}
            found.append(Evaluation(step, row.get("eval_loss"), scores))
        return max(found, key=lambda one: one.rank).step if found else None

    def command(self, recipe: TrainRecipe) -> list[str]:
        """The command line that starts the same run, as an argument list."""
        words = [Path(sys.executable).name, "-m", "diaforge_core", "train"]
        given = recipe.model_dump(exclude_defaults=True) | {"dataset": recipe.dataset, "model": recipe.model}
        for key, value in given.items():
            option = f"--{key.replace('_', '-')}"
            words += [option] if value is True else [option, str(value)]
        return [*words, "--workspace", str(self._workspace.folder)]

    def command_text(self, recipe: TrainRecipe) -> str:
        """`command` as one line that a shell takes."""
        return shlex.join(self.command(recipe))

    def recipe(self, run: str) -> TrainRecipe:
        """What the run was started with."""
        return TrainRecipe.model_validate(self._workspace.jobs.get(run).config["recipe"])

    def legs(self, run: str) -> list[Run]:
        """The run, and those whose weights it went on from, newest first; it ends before one that is no longer here."""
        found = [self._workspace.jobs.get(run)]
        known = {each.id: each for each in self._workspace.jobs.all()}
        while parse_spec(found[-1].config["recipe"]["model"]).kind == "run":
            # By where the weights lie: the run that they came from may have another name since.
            folders = Path(found[-1].config["model"].removeprefix("hf:")).parents
            before = next((known[folder.name] for folder in folders if folder.name in known), None)
            if before is None:
                break
            found.append(before)
        return found

    def totals(self, run: str) -> dict[str, int]:
        """What the run logged at its start: dialogues, left_out, tokens, target_tokens, longest; empty before that."""
        return next((row["data"] for row in reversed(self._rows(run)) if "data" in row), {})

    def _judged(self, run: str) -> dict[int, dict[str, Any]]:
        """Step → what its evaluation gave, as last logged, in step order."""
        found = {row["checkpoint"]["step"]: row["checkpoint"] for row in self._rows(run) if "checkpoint" in row}
        return dict(sorted(found.items()))

    def _rows(self, run: str) -> Sequence[dict[str, Any]]:
        """The run's rows so far; read anew only when there are more: a page asks several times a drawing."""
        folder = self._folder(run)
        if not folder.rows_path.is_file():
            return ()
        file = folder.rows_path.stat()
        return self._read.get((folder.path, file.st_size, file.st_mtime_ns), lambda: tuple(folder.rows()))

    def _folder(self, run: str) -> RunFolder:
        return self._workspace.jobs.folder(run)

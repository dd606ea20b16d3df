"""The steps of a study, in order: each is an ordinary run under a derived name, or short work whose facts are kept.

A step is done when its run has succeeded, or its facts are there and still hold; so a study goes on where it was.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..conversation.model_specs import parse_spec
from ..errors import DataError
from ..generator.recipe import Recipe
from ..records.dialogue import Dialogue
from ..records.run import RESUMABLE, Run
from ..records.tool import Catalog
from ..records.trace import Decoding
from ..training.estimate import steps_of
from .demo import DOCUMENT
from .evaluation_scenarios import EvalRecipe
from .model_tasks import run_model_task
from .study_checks import check_training_data
from .study_choices import SAMPLE, Source, StudyChoices, part_of
from .study_folder import Facts, StudyFolder
from .study_machine import is_this_machine, this_machine
from .training import TrainRecipe

if TYPE_CHECKING:
    from .workspace import Workspace

SCRIPTS = ("oracle", "eager", "nearest", "cautious")
"""Scripted assistants that play the scenarios too: one that asks well, two that never ask, one that never calls."""
FAR = 0.5
"""Greatest closeness of a distractor in the ablation without near-duplicates: tools of different business areas."""
ANY_FAR = 1000
"""How many of a tool's nearest are looked at there."""
SAME_TEST = {"assistant": "scripted:oracle"}
"""Which scenarios are kept for the test depends on no teacher of the study."""
SPARE = 1.2
"""Scenarios attempted for each that is wanted: a few are rejected."""
BESIDES_SECONDS = 3600.0
"""A large model on a processor takes its time."""
SAVED = 30
"""Checkpoints of a training run: a killed one does a thirtieth of it again."""
CURVE = (12, 25, 50)
"""Shares of the dialogues, in percent, that the learning curve is drawn over; the whole is its last point."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step."""

    name: str
    title: str
    needs: tuple[str, ...]
    """Names of the steps that come before it."""


@dataclass(frozen=True, slots=True)
class RunStep(Step):
    """A run of the workspace."""

    find: Callable[[], Run | None]
    start: Callable[[], Run]
    spared: Callable[[], str] = str
    """Why it need not be done; empty if it is to be."""


@dataclass(frozen=True, slots=True)
class FactStep(Step):
    """Short work whose facts are kept."""

    do: Callable[[], Facts]
    holds: Callable[[Facts], bool] = lambda _: True
    """Whether facts that are kept still hold."""


AnyStep = RunStep | FactStep


class Steps:
    """The steps of one study in one workspace."""

    def __init__(
        self, workspace: Workspace, choices: StudyChoices, folder: StudyFolder, runs: Sequence[Run] | None = None
    ) -> None:
        """`runs`: those of the workspace, newest first, for who only looks; else they are looked up each time."""
        self._workspace, self._choices, self._folder, self._runs = workspace, choices, folder, runs

    # Names that are derived from the study's

    def named(self, *words: str) -> str:
        """The name of a run, dataset or catalog of the study."""
        return " ".join([self._choices.name, *words])[:64].strip()

    @property
    def raw(self) -> str:
        """Dataset of all that is generated over the catalogs trained on."""
        return self.named("raw")

    @property
    def unseen(self) -> str:
        """Dataset of the held-out catalogs' scenarios."""
        return self.named("unseen")

    @property
    def whole(self) -> str:
        """Dataset that is split."""
        return self.named("apart")

    def part(self, which: str) -> str:
        """Dataset of a part of the split: train, validation or held-out."""
        return f"{self.whole}-{which}"

    @property
    def learned(self) -> str:
        """Dataset that is trained on."""
        return (self._folder.facts("pace") or {}).get("dataset") or self.part("train")

    def tuned(self, run: str = "tuned") -> str:
        """Spec of the best weights of a training run of the study, else of its last."""
        name = self.named(run)
        found = self._workspace.training.checkpoints(name)
        if not found:
            raise DataError(f"Run '{name}' has saved no weights. Go on with it: resume '{name}'.")
        return next((checkpoint for checkpoint in found if checkpoint.best), found[-1]).spec

    # The plan

    def all(self) -> list[AnyStep]:
        """Every step, each after those that it needs."""
        return [*self._data(), *self._tuning(), *self._judging(), *self._ablations(), *self._curve()]

    def _data(self) -> Iterator[AnyStep]:
        yield FactStep("machine", "what it runs on", (), self._machine, is_this_machine)
        yield FactStep("catalogs", "catalogs and their parts", ("machine",), self._catalogs)
        attempted = round(self._choices.scenarios * SPARE) + 2
        generated = [
            *self._generated("dialogues", self.raw, self._trained_catalogs(), self._choices.dialogues),
            *self._generated("unseen", self.named("unseen raw"), self._held_out_catalogs(), attempted, SAME_TEST),
        ]
        yield from generated
        needs = tuple(step.name for step in generated)
        yield FactStep("parts", "three parts that share nothing alike", needs, self._parts, self._has_parts)
        yield FactStep("check", "nothing of the test is learned", ("parts",), self._check, self._still_clean)

    def _tuning(self) -> Iterator[AnyStep]:
        needs = ("check",)
        if self._choices.hours:
            yield FactStep("pace", "how much fits into the time", needs, self._pace)
            needs = ("check", "pace")
        yield self._trains("train", "the tuning", needs, "tuned", lambda: self.learned, **self._main_tuning)

    def _judging(self) -> Iterator[AnyStep]:
        model, unseen = self._choices.model, self.unseen
        yield self._judges("evaluate:base", "the base model", ("check",), unseen, lambda: model)
        examples = {"prompt": "examples"}
        yield self._judges("evaluate:examples", "two worked examples", ("check",), unseen, lambda: model, examples)
        yield self._judges("evaluate:tuned", "the tuned model", ("train",), unseen, self.tuned)
        for held in takewhile(lambda held: held != self._choices.decoding, get_args(Decoding)):
            less, told = {"decoding": held}, f"decoding {held}"
            yield self._judges(f"{held}:base", f"the base, {told}", ("check",), unseen, lambda: model, less)
            yield self._judges(f"{held}:tuned", f"the tuned, {told}", ("train",), unseen, self.tuned, less)
        for name in SCRIPTS:
            spec = f"scripted:{name}"
            yield self._judges(f"evaluate:{name}", f"script: {name}", ("check",), unseen, lambda spec=spec: spec)
        if self._choices.near:
            near = self.part("held-out")
            yield self._judges("near:base", "base, catalogs known", ("check",), near, lambda: model)
            yield self._judges("near:tuned", "tuned, catalogs known", ("train",), near, self.tuned)
        yield FactStep("besides:base", "what the base can do besides", (), lambda: self._besides(model))
        yield FactStep("besides:tuned", "what is left of it", ("train",), lambda: self._besides(self.tuned()))

    def _ablations(self) -> Iterator[AnyStep]:
        yield from self._ablation("no-thought", "no thought", (), lambda: self.learned, without_thoughts=True)
        data = FactStep("ablation:no-cascade:data", "what the cascade rejected", self._ready, self._unverified)
        yield data
        spared = self._spared_by_cascade
        unverified = self.named("unverified")
        needs = (data.name,)
        yield from self._ablation("no-cascade", "no cascade", needs, lambda: unverified, spared, unverified=True)
        far, count = self.named("far raw"), self._choices.dialogues
        bounds: dict[str, Any] = {"near_ceiling": FAR, "neighbours": ANY_FAR}
        prefix = "ablation:no-near-duplicates"
        made = list(self._generated(f"{prefix}:dialogues", far, self._trained_catalogs(), count, bounds))
        yield from made
        needs = (*self._ready, *(step.name for step in made))
        yield FactStep(f"{prefix}:data", "dialogues without near-duplicates", needs, self._far)
        yield from self._ablation(
            "no-near-duplicates", "no near-duplicates", (f"{prefix}:data",), lambda: self.named("far")
        )

    def _curve(self) -> Iterator[AnyStep]:
        for percent in CURVE:
            name, dataset = f"curve:{percent}", self.named(f"{percent} percent")
            yield FactStep(f"{name}:data", f"{percent} % of the dialogues", self._ready, self._sampled(percent))
            yield self._trains(
                f"{name}:train", f"tuning on {percent} %", (f"{name}:data",), f"tuned {percent} percent",
                lambda dataset=dataset: dataset,
            )  # fmt: skip
            yield self._judges(
                f"{name}:evaluate", f"tuned on {percent} %", (f"{name}:train",), self.unseen,
                lambda percent=percent: self.tuned(f"tuned {percent} percent"),
            )  # fmt: skip

    @property
    def _ready(self) -> tuple[str, ...]:
        """Steps after which it is known what is trained on."""
        return ("check", "pace") if self._choices.hours else ("check",)

    def _ablation(
        self, name: str, title: str, needs: tuple[str, ...], dataset: Callable[[], str],
        spared: Callable[[], str] = str, **choices: Any,
    ) -> Iterator[AnyStep]:  # fmt: skip
        step, run = f"ablation:{name}", f"tuned {name}"
        yield self._trains(f"{step}:train", f"tuning, {title}", needs or self._ready, run, dataset, spared, **choices)
        yield self._judges(
            f"{step}:evaluate", title, (f"{step}:train",), self.unseen, lambda: self.tuned(run), spared=spared
        )

    # Kinds of runs

    def _generated(
        self, step: str, dataset: str, catalogs: Mapping[str, str], count: int, changes: dict[str, Any] | None = None
    ) -> Iterator[AnyStep]:
        """One run a catalog, an equal share each."""
        for number, (source, catalog) in enumerate(catalogs.items()):
            recipe = Recipe(
                catalog=catalog,
                dataset=dataset,
                count=max(1, len(range(number, count, len(catalogs)))),
                seed=self._choices.seed + number,
                **{"assistant": self._choices.teacher, **(changes or {})},
            )

            def find(recipe: Recipe = recipe) -> Run | None:
                return self._find("generate", catalog=recipe.catalog, dataset=recipe.dataset)

            def start(recipe: Recipe = recipe) -> Run:
                return self._workspace.generation.start(recipe)

            yield RunStep(f"{step}:{source}", f"dialogues over {source}", ("catalogs",), find, start)

    def _trains(
        self, step: str, title: str, needs: tuple[str, ...], run: str, dataset: Callable[[], str],
        spared: Callable[[], str] = str, **choices: Any,
    ) -> RunStep:  # fmt: skip
        name = self.named(run)

        def start() -> Run:
            return self._workspace.training.start(self.training_recipe(dataset(), name, **choices))

        return RunStep(step, title, needs, lambda: self._find("train", run=name), start, spared)

    @property
    def _main_tuning(self) -> dict[str, Any]:
        """Choices of the study's own tuning, which ablations and curve do not share."""
        return {"model": self._choices.goes_on_from} if self._choices.goes_on_from else {}

    def training_recipe(self, dataset: str, run: str, **choices: Any) -> TrainRecipe:
        """What a training run of the study is started with."""
        given = self._choices.training.model_dump() | {"seed": self._choices.seed} | choices
        given = {"model": self._choices.model} | given
        recipe = TrainRecipe.model_validate(given | {"dataset": dataset, "run": run})
        learned = len(self._workspace.training.dialogues(recipe))
        steps = steps_of(learned, recipe.epochs, recipe.batch_size, recipe.max_steps)
        when = {"evaluate_every": _share(steps, self._choices.comparisons), "checkpoint_every": _share(steps, SAVED)}
        held_out = self.part("validation") if self._choices.validation else ""
        watched: dict[str, Any] = {"validation": held_out, "watch": self._choices.watch} if held_out else {}
        watched |= {"decoding": self._choices.decoding}
        return TrainRecipe.model_validate(recipe.model_dump() | (when if held_out else {}) | watched)

    def _judges(
        self, step: str, title: str, needs: tuple[str, ...], scenarios: str, model: Callable[[], str],
        changes: dict[str, Any] | None = None, spared: Callable[[], str] = str,
    ) -> RunStep:  # fmt: skip
        name = self.named("on", step.replace(":", " "))

        def start() -> Run:
            sizes = {"count": self._choices.scenarios, "trials": self._choices.trials, "seed": self._choices.seed}
            spec = model()
            decoding = "free" if spec.startswith("scripted:") else self._choices.decoding
            given = {"model": spec, "run": name, "scenarios": scenarios, "decoding": decoding} | sizes | (changes or {})
            return self._workspace.evaluation.start(EvalRecipe.model_validate(given))

        return RunStep(step, title, needs, lambda: self._find("evaluate", run=name), start, spared)

    def _find(self, kind: str, **recipe: str) -> Run | None:
        """The newest run of this kind whose recipe says so; one named by the study is found by its name."""
        for run in self._workspace.jobs.all() if self._runs is None else self._runs:
            told = run.config["recipe"] | ({"run": run.name} if "run" in recipe else {})
            if run.kind == kind and all(told.get(key) == value for key, value in recipe.items()):
                return run
        return None

    # Short work

    def _machine(self) -> Facts:
        before = self._folder.facts("machine") or {}
        earlier = [*before.pop("earlier", []), before] if before else []
        return this_machine() | {"earlier": earlier}

    def _trained_catalogs(self) -> dict[str, str]:
        """As it was named → the catalog that is trained on."""
        names = self._choices.catalogs
        return {name: self._part_name(name, "rest") if self._groups_held(name) else name for name in names}

    def _held_out_catalogs(self) -> dict[str, str]:
        """As it was named → the catalog that is evaluated on."""
        sources = [Source.of(text) for text in self._choices.held_out]
        return {one.text: self._part_name(one.catalog, one.group) if one.group else one.catalog for one in sources}

    def _groups_held(self, catalog: str) -> tuple[str, ...]:
        sources = [Source.of(text) for text in self._choices.held_out]
        return tuple(one.group for one in sources if one.group and one.catalog == catalog)

    def _part_name(self, catalog: str, group: str) -> str:
        kept = "".join(char if char.isalnum() and char.isascii() else "-" for char in group)
        return self.named(catalog, kept)

    def _catalogs(self) -> Facts:
        """Every catalog of the study, made from the workspace's own where it is a part of one."""
        catalogs = self._workspace.catalogs
        wanted = {Source.of(text).catalog for text in (*self._choices.catalogs, *self._choices.held_out)}
        if SAMPLE in wanted - {info.name for info in catalogs.names()}:
            catalogs.add([(DOCUMENT.name, DOCUMENT.read_bytes())], SAMPLE)
        for name in self._choices.catalogs:
            if groups := self._groups_held(name):
                catalogs.put(part_of(catalogs.get(name), self._part_name(name, "rest"), without=groups))
        for source in map(Source.of, self._choices.held_out):
            if source.group:
                name = self._part_name(source.catalog, source.group)
                catalogs.put(part_of(catalogs.get(source.catalog), name, group=source.group))

        def told(names: Mapping[str, str]) -> dict[str, int]:
            return {source: len(catalogs.get(name).tools) for source, name in names.items()}

        return {"trained": told(self._trained_catalogs()), "held_out": told(self._held_out_catalogs())}

    def _parts(self) -> Facts:
        """The test part of the held-out catalogs, and three parts of what has nothing near it."""
        datasets, choices = self._workspace.datasets, self._choices
        unseen = self._put(self.unseen, self._even(self.named("unseen raw")), self.named("unseen raw"), test=True)
        kept, made = datasets.load(self.raw), datasets.info(self.raw)
        apart = self._workspace.leaks.apart(kept, [self.unseen])
        if not apart:
            raise DataError(
                f"All {len(kept)} dialogues have a tool that is alike one of the held-out catalogs. Hold others out."
            )
        self._put(self.whole, apart, self.raw)
        parts = datasets.split(self.whole, choices.near, choices.validation, choices.seed)
        if not parts.held_out:
            datasets.remove(parts.held_out_dataset)
        return {
            "generated": made.dialogues,
            "rejected": made.dialogues - made.kept,
            "near_the_test": len(kept) - len(apart),
            "straddling": parts.dropped,
            "train": parts.train,
            "validation": parts.validation,
            "held_out": parts.held_out,
            "unseen": len(unseen),
        }

    def _has_parts(self, facts: Facts) -> bool:
        there = set(self._workspace.datasets.listed())
        return {self.part("train"), self.unseen} <= there

    def _even(self, dataset: str) -> list[Dialogue]:
        """As many dialogues as scenarios are wanted, of each catalog in turn."""
        by_catalog: dict[str, list[Dialogue]] = {}
        for dialogue in self._workspace.datasets.load(dataset):
            by_catalog.setdefault(dialogue.scenario.catalog, []).append(dialogue)
        places = [(place, name) for name, found in by_catalog.items() for place in range(len(found))]
        return [by_catalog[name][place] for place, name in sorted(places)][: self._choices.scenarios]

    def _put(self, dataset: str, dialogues: Sequence[Dialogue], parent: str, *, test: bool = False) -> list[Dialogue]:
        """The dialogues, which the dataset of this name now holds and no others."""
        if not dialogues:
            raise DataError(f"There is no dialogue for dataset '{dataset}'. Attempt more, or of other catalogs.")
        catalog: Catalog | None = self._workspace.datasets.only_catalog(dialogues)
        self._workspace.datasets.create(
            dataset, parent=parent, part="test" if test else "", catalog=catalog, replace=True
        )
        self._workspace.datasets.add(dataset, dialogues)
        return list(dialogues)

    def _check(self) -> Facts:
        learned = [self.part("train")] + ([self.part("validation")] if self._choices.validation else [])
        before, unknown = self._learned_before()
        return check_training_data(self._workspace, learned, self.unseen, before) | {"unknown": unknown}

    def _learned_before(self) -> tuple[list[Dialogue], str]:
        """What the weights that the tuning starts from learned from or were chosen by, as it was then.

        And the spec of an adapter that they go back to of which nobody here knows it; empty if there is none.
        """
        start = self._choices.goes_on_from or self._choices.model
        spec = parse_spec(start)
        legs = self._workspace.training.legs(spec.name) if spec.kind == "run" else []
        origin = legs[-1].config["recipe"]["model"] if legs else start
        weights = legs[-1].config["model"] if legs else self._workspace.models.resolve(start)
        is_adapter = (Path(weights.removeprefix("hf:")) / "adapter_config.json").is_file()
        dialogues: list[Dialogue] = []
        for folder in (self._workspace.jobs.folder(leg.id) for leg in legs):
            dialogues += [*folder.dialogues(), *folder.dialogues("validation")]
            dialogues += [side for pair in folder.pairs() for side in (pair.chosen, pair.rejected)]
        return dialogues, origin if is_adapter or parse_spec(origin).kind == "run" else ""

    def _still_clean(self, facts: Facts) -> bool:
        stamps = {name: self._workspace.datasets.stamp(name) for name in facts["stamps"]}
        return bool(facts["clean"]) and stamps == facts["stamps"]

    def _pace(self) -> Facts:
        """How many dialogues fit into the hours, measured on this machine, and the dataset of them."""
        train, hours = self.part("train"), self._choices.hours
        found = self._workspace.preflight.measure(self.training_recipe(train, self.named("tuned"), **self._main_tuning))
        measured, there = found.measured, self._workspace.datasets.info(train).kept
        fresh = found.seconds - measured.start_seconds
        share = min(1.0, max(0.0, hours * 3600 - measured.start_seconds) / fresh)
        facts = {"of": there, "dialogues": there, "seconds": round(found.seconds, 1), "dataset": train}
        facts |= {"too_long": measured.left_out, "seconds_per_token": measured.seconds_per_token}
        facts |= {"device": measured.device}
        if share >= 1.0:
            return facts
        some = self._workspace.datasets.sample(train, max(1, int(share * there)), self._choices.seed)
        self._put(self.named("fitting"), some, train)
        seconds = round(measured.start_seconds + fresh * len(some) / there, 1)
        return facts | {"dialogues": len(some), "seconds": seconds, "dataset": self.named("fitting")}

    def _besides(self, spec: str) -> Facts:
        """What the model of a spec can do besides."""
        self._workspace.playground.yield_device()
        given = {"model": self._workspace.models.take(spec), "models_dir": str(self._workspace.models_dir)}
        return run_model_task("retention", given, BESIDES_SECONDS)

    def _unverified(self) -> Facts:
        """What is trained on, with what the cascade rejected beside it."""
        rejected = self._workspace.datasets.load(self.raw, "failed")
        apart = self._workspace.leaks.apart(rejected, self._judged)
        learned = self._workspace.datasets.load(self.learned)
        if apart:
            self._put(self.named("unverified"), [*learned, *apart], self.learned)
        return {"rejected": len(rejected), "learned": len(apart), "of": len(learned)}

    def _spared_by_cascade(self) -> str:
        facts = self._folder.facts("ablation:no-cascade:data")
        if facts is None or facts["learned"]:
            return ""
        return f"the cascade rejected {facts['rejected']} dialogues, none of which would be learned from"

    @property
    def _judged(self) -> list[str]:
        """Datasets that models are compared on."""
        return [self.unseen] + ([self.part("validation")] if self._choices.validation else [])

    def _far(self) -> Facts:
        """As many dialogues without near-duplicates as are trained on."""
        wanted = self._workspace.datasets.info(self.learned).kept
        apart = self._workspace.leaks.apart(self._workspace.datasets.load(self.named("far raw")), self._judged)
        found = self._put(self.named("far"), apart[:wanted], self.named("far raw"))
        checked = check_training_data(self._workspace, [self.named("far")], self.unseen)
        if not checked["clean"]:
            raise DataError(checked["message"])
        return {"dialogues": len(found), "of": wanted}

    def _sampled(self, percent: int) -> Callable[[], Facts]:
        def sampled() -> Facts:
            whole = self._workspace.datasets.info(self.learned).kept
            some = self._workspace.datasets.sample(self.learned, max(1, whole * percent // 100), self._choices.seed)
            return {"dialogues": len(self._put(self.named(f"{percent} percent"), some, self.learned)), "of": whole}

        return sampled


def _share(steps: int, parts: int) -> int:
    """Steps of each of so many parts."""
    return max(1, math.ceil(steps / parts))


def seconds_of(step: AnyStep, facts: Facts | None) -> float | None:
    """Wall-clock seconds that a step took; None if that is not known."""
    if isinstance(step, FactStep):
        return (facts or {}).get("took")
    run = step.find()
    return (run.ended - run.started).total_seconds() if run and run.started and run.ended else None


def is_stopped(run: Run | None) -> bool:
    """Whether a run ended before its end and can be gone on with."""
    return run is not None and run.state in RESUMABLE


def timed(step: FactStep) -> Facts:
    """What the step found out, with the seconds that it took."""
    started = time.monotonic()
    facts = step.do()
    return facts | {"took": round(time.monotonic() - started, 1)}

"""Making ambiguous dialogues: a preview at once, a run in a worker, one dialogue anew from a turn on."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import psutil

from ..conversation.assistants import Teacher
from ..conversation.budget import Spending, Tokens
from ..conversation.dials import DIALS
from ..conversation.model_specs import parse_spec
from ..conversation.personas import departments, styles
from ..conversation.rollout import run_rollout
from ..conversation.scenarios import DEFAULT_MIX, available_tiers, draw_scenarios
from ..errors import DataError, ModelError
from ..generator.costs import Expected, expected_calls, expected_from
from ..generator.identity import versions
from ..generator.recipe import SCRIPTED_USER, Recipe, SpendingLimits
from ..generator.utcgen import TRIES, UTCGen, dialogue_of, scripted_user
from ..records.base import derived_seed
from ..records.dialogue import Dialogue
from ..records.run import Run
from ..records.tool import Catalog
from .names import clean_name
from .shards import check_recipe, processes_for

if TYPE_CHECKING:
    from .workspace import Workspace


__all__ = ["DEFAULT_MIX", "Generation", "GenerationEstimate", "Recipe"]

SAMPLE = 24
"""Dialogues that an estimate is measured on: the mean of their turns is then within a tenth of the truth."""
WARM_UP = 6
"""Dialogues made before the clock runs: the first ones of a catalog are slower."""
START_SECONDS = 1.5
"""From the start of a worker to its first dialogue."""
OVERHEAD = 1.15
"""What storing a dialogue takes on top of making it."""
_SCRIPTED = {"assistant": "scripted:oracle", "user": SCRIPTED_USER, "words": "", "critic": ""}
"""Who plays where the scripts stand in for models."""


@dataclass(frozen=True, slots=True)
class GenerationEstimate:
    """What a recipe will take."""

    dialogues: int
    accepted: int
    """Expected to pass the cascade, from the sample."""
    assistant_turns: int
    seconds: float | None
    """Wall-clock, from the sample's pace; None where a model on this machine plays and has not been measured."""
    tiers: dict[str, int]
    """Scenarios of each tier, unavailable tiers already redistributed."""
    unavailable_tiers: tuple[str, ...]
    calls: int = 0
    """Requests to endpoints; 0 where nobody asks one."""
    tokens: int = 0
    """Read and written together."""
    money: float = 0.0
    """In the currency of the recipe's prices; 0 for models without one."""
    over: str = ""
    """Which limit the run will reach, and how far it comes; empty if none."""


@dataclass(frozen=True, slots=True)
class NewDialogue:
    """A dialogue of a run in a line."""

    id: str
    opening: str
    tier: str
    failed: str
    """The first verifier that it fails; empty if none."""


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a run has made so far."""

    accepted: int
    rejected: dict[str, int]
    """First verifier failed → dialogues, the most frequent first."""
    newest: tuple[NewDialogue, ...]
    """Newest first."""


class Generation:
    """Previews and runs of generation."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def preview(self, catalog: str, recipe: Recipe | None = None, count: int = 5) -> list[Dialogue]:
        """The first `count` dialogues of the recipe, verified, passing or not; nothing is stored.

        Only for a scripted teacher: ModelError otherwise (a model needs a worker).
        """
        recipe = recipe or Recipe(catalog=catalog)
        return self._sample(self._workspace.catalogs.get(catalog), recipe, count)

    def estimate(self, recipe: Recipe, sample: int = SAMPLE) -> GenerationEstimate:
        """What the recipe will take, measured on at most `sample` dialogues of it, which the scripts play.

        Where a preview was made with the recipe's own models, calls, tokens, money and acceptance are told from that.
        """
        catalog = self._workspace.catalogs.get(recipe.catalog)
        tiers = available_tiers(catalog, recipe.choices)
        dialogues, pace = self._paced(catalog, recipe.model_copy(update=_SCRIPTED), sample)
        share = recipe.count / max(1, len(dialogues))
        made = self.preview_run(recipe)
        measured = self._measured(made, recipe) if made else None
        expected = measured or expected_calls(recipe, dialogues, catalog)
        kept = sum(dialogue.passed for dialogue in dialogues) * share
        if made and measured:
            kept = made.result["accepted"] / made.result["asked"] * recipe.count
        processes = processes_for(recipe, recipe.count, len(catalog.tools))
        seconds = START_SECONDS + crowding(processes) * pace * OVERHEAD * recipe.count / processes
        return GenerationEstimate(
            dialogues=recipe.count,
            accepted=round(kept),
            assistant_turns=round(sum(dialogue.assistant_turns for dialogue in dialogues) * share),
            seconds=None if _computes_here(recipe) and not expected.seconds else seconds + expected.seconds,
            tiers=_tier_counts(recipe, tiers),
            unavailable_tiers=tuple(tier for tier in recipe.mix if tier not in tiers and recipe.mix[tier] > 0),
            calls=expected.calls,
            tokens=expected.prompt_tokens + expected.completion_tokens,
            money=expected.money,
            over=over_words(recipe.limits, expected),
        )

    def _paced(self, catalog: Catalog, recipe: Recipe, sample: int) -> tuple[list[Dialogue], float]:
        """At most `sample` dialogues of a scripted recipe, and the seconds that one takes once all is warm."""
        started = time.perf_counter()
        dialogues = self._sample(catalog, recipe, min(WARM_UP, recipe.count))
        if recipe.count > WARM_UP:
            started = time.perf_counter()
            dialogues = self._sample(catalog, recipe, min(sample, recipe.count))
        return dialogues, (time.perf_counter() - started) / max(1, len(dialogues))

    def _measured(self, run: Run, recipe: Recipe) -> Expected | None:
        """What the recipe will ask of models, told from a run that made some of it; None if that tells nothing."""
        spent, asked = run.result.get("spent"), run.result.get("asked", 0)
        if not asked or run.state != "succeeded":
            return None
        rows = self._workspace.database.rows("SELECT sum(seconds) FROM traces WHERE run = ?", [run.id])
        one_by_one = float(rows[0][0] or 0.0)
        expected = expected_from(spending_of(spent or {}), asked, one_by_one, recipe.count)
        return replace(expected, seconds=one_by_one / asked * recipe.count) if _computes_here(recipe) else expected

    def start(self, recipe: Recipe, *, preview: bool = False) -> Run:
        """The run that fills `recipe.dataset`, queued or already running in a worker.

        DataError if the dataset is being filled by another run; CatalogError if there is no such catalog, or if what
        may stand beside a goal tool leaves no scenario; ModelError for a side that cannot be had. `preview` marks it as
        one that only shows what a recipe gives.
        """
        check_recipe(recipe)
        dataset = clean_name(recipe.dataset, "dataset")
        catalog = self._workspace.catalogs.get(recipe.catalog)
        catalog.subset(recipe.goal_tools)
        available_tiers(catalog, recipe.choices)
        for run in self._workspace.jobs.unfinished("generate"):
            if run.config["recipe"]["dataset"] == dataset:
                raise DataError(
                    f"Run '{run.name}' is filling dataset '{dataset}' now. Wait for it, cancel it, or name another one."
                )
        config = {"recipe": recipe.model_copy(update={"dataset": dataset}).model_dump(mode="json")}
        models = {side: self._workspace.models.take(spec) for side, spec in recipe.models.items()}
        config |= {"model": models["assistant"], "models": models, "versions": versions().model_dump(mode="json")}
        config |= {"preview": True} if preview else {}
        run = self._workspace.jobs.submit("generate", f"generate {dataset}", config, catalog=catalog, numbered=True)
        self._workspace.datasets.create(dataset, catalog=catalog, run=run.id)
        return run

    def start_preview(self, recipe: Recipe, count: int = 5) -> Run:
        """The run that makes the recipe's first dialogues with its models, into `preview_dataset(recipe)`.

        What an earlier preview of the dataset made is gone then.
        """
        dataset = preview_dataset(recipe)
        if dataset in {info.name for info in self._workspace.datasets.names(archived=True)} and not any(
            run.config["recipe"]["dataset"] == dataset for run in self._workspace.jobs.unfinished("generate")
        ):
            self._workspace.datasets.remove(dataset)
        return self.start(recipe.model_copy(update={"dataset": dataset, "count": count}), preview=True)

    def preview_run(self, recipe: Recipe) -> Run | None:
        """The newest preview made with models for this very recipe; None if there is none."""
        dataset, wanted = preview_dataset(recipe), _of_words(recipe.model_dump(mode="json"))
        for run in self._workspace.jobs.all():
            if run.kind == "generate" and run.config["recipe"]["dataset"] == dataset:
                return run if _of_words(run.config["recipe"]) == wanted else None
        return None

    def regenerate(self, dialogue_id: str, turn: int, seed: int = 0, who: str = "") -> Dialogue:
        """The stored dialogue's new version, played anew from `turn` on as in `played_anew`; its history stays.

        It is to be reviewed again. DataError as there.
        """
        old = self._workspace.review.get(dialogue_id).dialogue
        new = self.played_anew(old, turn, seed)
        return self._workspace.review.edit(
            dialogue_id, old.version, new.turns, who, reason=f"played anew from turn {turn + 1}"
        )

    def played_anew(self, old: Dialogue, turn: int, seed: int = 0) -> Dialogue:
        """The verified dialogue with the turns before `turn` (from 0) as they are and new ones by the scripts after.

        Another seed says it in other words. Of a few wordings the first that passes the cascade is taken, else the
        last. Nothing is stored. DataError if there is no such turn, or nothing can follow the turns before it.
        """
        if not 0 <= turn < len(old.turns):
            raise DataError(f"Dialogue {old.id} has no turn {turn + 1}; it has {len(old.turns)}.")
        if any(each.call for each in old.turns[:turn]):
            raise DataError(f"The conversation is over before turn {turn + 1}: its call is made. Take an earlier one.")
        scenario = old.scenario
        catalog = self._workspace.catalogs.find(scenario.catalog, scenario.catalog_version)
        tools = catalog.subset(list(dict.fromkeys([*scenario.candidates, scenario.goal_tool])))
        shown = catalog.subset(list(scenario.candidates))
        new, trace = old, None
        for attempt in range(TRIES):
            trial = derived_seed("anew", old.id, old.version, turn, seed, attempt)
            user = scripted_user(scenario, tools, trial)
            trace = run_rollout(scenario, shown, user, Teacher(), trial=trial, start=old.turns[:turn])
            new = dialogue_of(trace, catalog)
            if new.passed:
                break
        if trace is None or trace.ended == "error":
            raise DataError(f"It cannot be played on from turn {turn + 1}. {trace.error if trace else ''}".strip())
        return new

    def counts(self, run_id: str, newest: int = 8, rejected_only: bool = False) -> RunCounts:
        """What a run has made so far, as it came out of the cascade, and its newest dialogues."""
        dataset = self._workspace.jobs.get(run_id).config["recipe"]["dataset"]
        source = (
            "traces t JOIN dialogues d ON d.trace = t.raw_id AND d.version = 1 "
            "JOIN members m ON m.dialogue = d.id AND m.dataset = ? WHERE t.run = ?"
        )
        rows = self._workspace.database.rows(
            f"SELECT d.failed_verifier, count(*) FROM {source} GROUP BY 1 ORDER BY 2 DESC, 1", [dataset, run_id]
        )
        last = self._workspace.database.rows(
            f"SELECT d.id, d.opening, d.tier, d.failed_verifier FROM {source} AND (d.passed IS FALSE OR ?) "
            "ORDER BY m.position DESC LIMIT ?",
            [dataset, run_id, not rejected_only, newest],
        )
        found = dict(rows)
        return RunCounts(found.pop("", 0), found, tuple(NewDialogue(*row) for row in last))

    def _sample(self, catalog: Catalog, recipe: Recipe, count: int) -> list[Dialogue]:
        assistant = self._workspace.models.scripted(recipe.assistant)
        scenarios = draw_scenarios(
            catalog,
            count,
            recipe.seed,
            recipe.choices,
        )
        made = UTCGen(api_catalog=catalog, seed=recipe.seed).generate(catalog, scenarios, assistant)
        return [dialogue for _, dialogue in made]


def _tier_counts(recipe: Recipe, tiers: Mapping[str, object] | Sequence[str]) -> dict[str, int]:
    shares = {tier: share for tier, share in recipe.mix.items() if tier in tiers and share > 0}
    total = sum(shares.values()) or 1.0
    return {tier: round(recipe.count * share / total) for tier, share in shares.items()}


def crowding(processes: int) -> float:
    """How many times longer work takes because of what else the machine does; 1 on one that has cores to spare.

    A sample does not show it: a short burst is given its time at once, long work gets its share only.
    """
    others = max(0.0, psutil.getloadavg()[0] - 1.0)  # one is this app, which has just made the sample
    return max(1.0, (others + processes) / (os.cpu_count() or 1))


def preview_dataset(recipe: Recipe) -> str:
    """Name of the dataset that a preview made with models goes into."""
    return f"{recipe.dataset[:56]}-preview"


@dataclass(frozen=True, slots=True)
class Offered:
    """What a recipe may choose among."""

    styles: tuple[str, ...]
    departments: tuple[str, ...]
    dials: tuple[str, ...]


def offered() -> Offered:
    """The ways of writing, departments and behaviours that there are."""
    return Offered(styles(), departments(), DIALS)


def endpoint_models(recipe: Recipe) -> list[str]:
    """The models that servers are asked for, as the servers know them; specs that cannot be read are left out."""
    found: dict[str, None] = {}
    for spec in recipe.models.values():
        with contextlib.suppress(ModelError):
            parsed = parse_spec(spec)
            if parsed.kind == "openai":
                found[parsed.name] = None
    return list(found)


def over_words(limits: SpendingLimits, expected: Expected) -> str:
    """Which limit ends the run first, and how far it comes until then; empty if none does."""
    tokens = expected.prompt_tokens + expected.completion_tokens
    asked = {"calls": expected.calls, "tokens": tokens, "money": expected.money}
    reach = {
        name: limit / asked[name]
        for name, limit in limits.model_dump().items()
        if limit is not None and asked[name] > limit
    }
    if not reach:
        return ""
    first = min(reach, key=lambda name: reach[name])
    what = f"{limits.money:g} in money" if first == "money" else f"{getattr(limits, first):,} {first}"
    return f"The limit of {what} ends it after about {reach[first]:.0%} of the scenarios."


def spending_of(spent: Mapping[str, Any]) -> Spending:
    """What a run's result says was spent on models."""
    return Spending(
        tokens=Tokens(**spent.get("tokens", {})),
        money=spent.get("money", 0.0),
        calls=spent.get("calls", 0),
        retries=spent.get("retries", 0),
        cache_hits=spent.get("cache_hits", 0),
    )


def _computes_here(recipe: Recipe) -> bool:
    """Whether a model on this machine plays, whose pace nobody knows before it has."""
    return any(not spec.startswith(("scripted:", "openai:")) for spec in recipe.models.values())


def _of_words(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What of a recipe decides over the words of its first dialogues."""
    no_matter = {"dataset", "count", "limits", "prices", "workers", "engine", "shards"}
    return {key: value for key, value in recipe.items() if key not in no_matter}


def has_models(recipe: Recipe) -> bool:
    """Whether anybody but the scripts plays a side."""
    return any(not spec.startswith("scripted:") for spec in recipe.models.values())

"""Making ambiguous dialogues: a preview at once, a run in a worker."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversation.scenarios import DEFAULT_MIX, available_tiers, draw_scenarios
from ..errors import DataError
from ..generator.recipe import Recipe
from ..generator.utcgen import UTCGen
from ..records.dialogue import Dialogue
from ..records.run import Run
from ..records.tool import Catalog
from .names import clean_name

if TYPE_CHECKING:
    from .workspace import Workspace


__all__ = ["DEFAULT_MIX", "Generation", "GenerationEstimate", "Recipe"]


@dataclass(frozen=True, slots=True)
class GenerationEstimate:
    """What a recipe will take."""

    dialogues: int
    accepted: int
    """Expected to pass the cascade, from the sample."""
    assistant_turns: int
    seconds: float
    """Wall-clock, from the sample's pace."""
    tiers: dict[str, int]
    """Scenarios of each tier, unavailable tiers already redistributed."""
    unavailable_tiers: tuple[str, ...]


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

    def estimate(self, recipe: Recipe, sample: int = 5) -> GenerationEstimate:
        """What the recipe will take, measured on `sample` dialogues of it."""
        catalog = self._workspace.catalogs.get(recipe.catalog)
        tiers = available_tiers(catalog, recipe.nearness)
        started = time.perf_counter()
        dialogues = self._sample(catalog, recipe, min(sample, recipe.count))
        pace = (time.perf_counter() - started) / max(1, len(dialogues))
        share = recipe.count / max(1, len(dialogues))
        return GenerationEstimate(
            dialogues=recipe.count,
            accepted=round(sum(dialogue.passed for dialogue in dialogues) * share),
            assistant_turns=round(sum(dialogue.assistant_turns for dialogue in dialogues) * share),
            seconds=pace * recipe.count,
            tiers=_tier_counts(recipe, tiers),
            unavailable_tiers=tuple(tier for tier in recipe.mix if tier not in tiers and recipe.mix[tier] > 0),
        )

    def start(self, recipe: Recipe) -> Run:
        """The run that fills `recipe.dataset`, queued or already running in a worker.

        DataError if the dataset is being filled by another run; CatalogError if there is no such catalog, or if what
        may stand beside a goal tool leaves no scenario.
        """
        dataset = clean_name(recipe.dataset, "dataset")
        catalog = self._workspace.catalogs.get(recipe.catalog)
        catalog.subset(recipe.goal_tools)
        available_tiers(catalog, recipe.nearness)
        for run in self._workspace.jobs.unfinished("generate"):
            if run.config["recipe"]["dataset"] == dataset:
                raise DataError(
                    f"Run '{run.name}' is filling dataset '{dataset}' now. Wait for it, cancel it, or name another one."
                )
        config = {"recipe": recipe.model_copy(update={"dataset": dataset}).model_dump(mode="json")}
        spec = self._workspace.models.resolve(recipe.assistant)
        run = self._workspace.jobs.submit(
            "generate", f"generate {dataset}", config | {"model": spec}, catalog=catalog, numbered=True
        )
        self._workspace.datasets.create(dataset, catalog=catalog, run=run.id)
        return run

    def _sample(self, catalog: Catalog, recipe: Recipe, count: int) -> list[Dialogue]:
        assistant = self._workspace.models.scripted(recipe.assistant)
        scenarios = draw_scenarios(
            catalog,
            count,
            recipe.seed,
            mix=recipe.mix,
            goal_tools=recipe.goal_tools or None,
            no_tool_share=recipe.no_tool_share,
            nearness=recipe.nearness,
        )
        made = UTCGen(api_catalog=catalog, seed=recipe.seed).generate(catalog, scenarios, assistant)
        return [dialogue for _, dialogue in made]


def _tier_counts(recipe: Recipe, tiers: Mapping[str, object] | Sequence[str]) -> dict[str, int]:
    shares = {tier: share for tier, share in recipe.mix.items() if tier in tiers and share > 0}
    total = sum(shares.values()) or 1.0
    return {tier: round(recipe.count * share / total) for tier, share in shares.items()}

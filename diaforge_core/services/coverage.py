"""Which parts of a catalog a dataset covers, and what fills the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..conversation.choices import Choices
from ..conversation.scenarios import draw_scenarios
from ..errors import CatalogError, DataError
from ..generator.coverage import COLUMNS, Axis, CoverageRow, coverage, filling
from ..generator.recipe import Recipe
from ..records.base import derived_seed
from ..records.run import Run
from ..records.tool import Catalog

if TYPE_CHECKING:
    from .workspace import Workspace

__all__ = ["COLUMNS", "Axis", "Coverage", "CoverageRow", "Grid", "Plan"]

TRIED = 4
"""Scenarios drawn to see whether a tier can come about in a cluster."""
LOOKED_INTO = 80
"""Cells that are looked into so; of more the ones that lack the most."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Target against produced for each cell."""

    catalog: str
    axis: Axis
    rows: tuple[CoverageRow, ...]
    kept: int
    """Dialogues counted: those that passed every verifier and that nobody rejected."""
    wanted: int
    """Dialogues that the targets share out."""

    @property
    def missing(self) -> int:
        return sum(row.missing for row in self.rows)


@dataclass(frozen=True, slots=True)
class Plan:
    """A recipe that fills cells, and the cells that none can fill."""

    recipe: Recipe | None
    """None where nothing is missing, or nothing that is missing can be drawn."""
    missing: int
    """Dialogues that the cells it fills lack."""
    out_of_reach: tuple[CoverageRow, ...]
    """Cells without any scenario of their tier: no tool there, with what may stand beside it, gives one."""


class Coverage:
    """The grids of one workspace's datasets."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def grid(self, dataset: str, axis: Axis = "tier", wanted: int | None = None) -> Grid:
        """The grid of a dataset's kept dialogues against its catalog's newest version.

        `wanted` dialogues are shared out, by default as many as there are. The mix is that of the runs that made them.
        DataError for a dataset whose catalog is not known, CatalogError where it is not here.
        """
        kept = self._workspace.datasets.load(dataset)
        catalog = self._catalog(dataset)
        recipes = self._recipes(dataset)
        wanted = max(wanted or 0, len(kept)) if wanted is None else wanted
        clusters = self._workspace.catalogs.ambiguity(catalog.name).clusters
        mix = _mix(recipes) if axis == "tier" else None
        rows = coverage(kept, catalog, mix, axis=axis, wanted=wanted, clusters=clusters)
        return Grid(catalog.name, axis, rows, len(kept), wanted)

    def plan(self, dataset: str, axis: Axis, rows: Sequence[CoverageRow]) -> Plan:
        """The recipe that fills those of `rows` that lack dialogues, into the same dataset, with a seed of its own.

        It is the newest recipe of the dataset but for goal tools, tiers or styles, and count. What is withheld cannot
        be chosen; there the tools are.
        """
        catalog = self._catalog(dataset)
        newest = next(iter(self._recipes(dataset)), Recipe(catalog=catalog.name, dataset=dataset))
        lacking = sorted((row for row in rows if row.missing), key=lambda row: -row.missing)
        far = self._out_of_reach(catalog, newest, lacking[:LOOKED_INTO]) if axis == "tier" else ()
        found = filling([row for row in lacking if row not in far], self._accepted_share(dataset))
        if found is None:
            return Plan(None, 0, tuple(far))
        chosen: dict[str, Any] = {"goal_tools": found.goal_tools, "count": found.count, "catalog": catalog.name}
        if axis == "tier":
            chosen["mix"] = found.shares
        elif axis == "style":
            chosen["styles"] = tuple(found.shares)
        chosen["seed"] = self._fresh_seed(dataset)
        recipe = Recipe.model_validate(newest.model_dump() | {"dataset": dataset} | chosen)
        return Plan(recipe, found.missing, tuple(far))

    def _catalog(self, dataset: str) -> Catalog:
        info = self._workspace.datasets.info(dataset)
        name = info.catalog or next((d.scenario.catalog for d in self._workspace.datasets.sample(dataset, 1)), "")
        if not name:
            raise DataError(f"Dataset '{dataset}' names no catalog, so nothing says what it should cover.")
        return self._workspace.catalogs.get(name)

    def _runs(self, dataset: str) -> list[Run]:
        """The runs that fill this dataset, newest first."""
        return [
            run
            for run in self._workspace.jobs.all()
            if run.kind == "generate" and run.config["recipe"]["dataset"] == dataset
        ]

    def _recipes(self, dataset: str) -> list[Recipe]:
        return [Recipe.model_validate(run.config["recipe"]) for run in self._runs(dataset)]

    def _accepted_share(self, dataset: str) -> float:
        info = self._workspace.datasets.info(dataset)
        return info.kept / info.dialogues if info.kept else 1.0

    def _fresh_seed(self, dataset: str) -> int:
        """A seed that no run of the dataset has had, the same for the same runs."""
        taken = {recipe.seed for recipe in self._recipes(dataset)}
        drawn = (derived_seed("fill", dataset, len(taken), n) % 2**31 for n in range(len(taken) + 1))
        return next(seed for seed in drawn if seed not in taken)

    def _out_of_reach(self, catalog: Catalog, recipe: Recipe, rows: Sequence[CoverageRow]) -> list[CoverageRow]:
        return [row for row in rows if not self._comes_about(catalog, recipe, row)]

    def _comes_about(self, catalog: Catalog, recipe: Recipe, row: CoverageRow) -> bool:
        """Whether a few draws round the cell's tools give a scenario of its tier."""
        chosen = recipe.model_dump() | {"goal_tools": row.tools, "mix": {row.column: 1.0}}
        try:
            drawn = draw_scenarios(catalog, TRIED, recipe.seed, Choices.of(chosen))
            return any(scenario.tier == row.column for scenario in drawn)
        except CatalogError:
            return False


def _mix(recipes: Sequence[Recipe]) -> Mapping[str, float] | None:
    """The tiers' shares over all recipes, each weighed by its count; those that fill gaps are left out of it.

    A recipe that was limited to some tools filled what another had left open, so its mix says nothing of the whole.
    """
    whole = [recipe for recipe in recipes if not recipe.goal_tools] or list(recipes)
    shares: defaultdict[str, float] = defaultdict(float)
    for recipe in whole:
        total = sum(recipe.mix.values()) or 1.0
        for tier, share in recipe.mix.items():
            shares[tier] += recipe.count * share / total
    return shares or None

"""How close a scenario's goal tool is to what is offered beside it."""

from __future__ import annotations

from collections.abc import Callable

from ..catalog.neighbours import to_nearest
from ..errors import DiaForgeError
from ..records.scenario import Scenario
from ..records.tool import Catalog
from .kept import Kept

MOST_KEPT = 20_000
"""Sets of candidates whose closeness is remembered."""


class Nearness:
    """Measures scenarios, each set of candidates once."""

    def __init__(self, catalog_of: Callable[[Scenario], Catalog]) -> None:
        self._catalog_of = catalog_of
        self._kept: Kept[float | None] = Kept(MOST_KEPT)

    def of(self, scenario: Scenario) -> float | None:
        """Closeness, from 0 to 1, of the goal tool to the nearest of the other candidates.

        None where there is no other, or the catalog that the scenario was made with is not here.
        """
        key = (scenario.catalog, scenario.catalog_version, scenario.goal_tool, scenario.candidates)
        return self._kept.get(key, lambda: self._measured(scenario))

    def _measured(self, scenario: Scenario) -> float | None:
        names = [scenario.goal_tool, *(name for name in scenario.candidates if name != scenario.goal_tool)]
        try:
            goal, *others = self._catalog_of(scenario).subset(names)
        except DiaForgeError:
            return None
        return to_nearest(goal, others)

"""Whether candidate sets give their goal tool away by position, by centre or by twins (METHOD.md §2), measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..records.scenario import Scenario
from ..records.tool import Catalog
from .candidates import medoid, text_medoid, unseparated


@dataclass(frozen=True, slots=True)
class GiveAway:
    """What a reader who knows only the candidates could win by; scenarios without a right tool left out."""

    scenarios: int
    position: float
    """Chi-square p of the goal's position, over sets of every size: small where positions are not uniform."""
    chance: float
    """Share of goals that a blind choice among the candidates finds."""
    central: float
    """Share of goals that are the closest to all others of their set."""
    central_text: float
    """Share of goals whose text is the most like all others' of their set."""
    twins: int
    """Distractors that no facet of their set tells from the goal."""


def give_away(scenarios: Sequence[Scenario], catalog: Catalog) -> GiveAway:
    """What these scenarios give away; at least one of them must have a right tool in view."""
    solvable = [scenario for scenario in scenarios if scenario.solvable]
    sets = [(scenario.goal_tool, catalog.subset(list(scenario.candidates))) for scenario in solvable]
    return GiveAway(
        scenarios=len(solvable),
        position=position_p(solvable),
        chance=sum(1 / len(tools) for _, tools in sets) / len(sets),
        central=sum(medoid(tools) == goal for goal, tools in sets) / len(sets),
        central_text=sum(text_medoid(tools) == goal for goal, tools in sets) / len(sets),
        twins=sum(len(unseparated(goal, tools)) for goal, tools in sets),
    )


def position_p(scenarios: Sequence[Scenario]) -> float:
    """Chi-square p of the goal standing at each position equally often; the sizes of sets are added up."""
    from scipy.stats import chi2, chisquare

    places: dict[int, Counter[int]] = {}
    for scenario in scenarios:
        if scenario.solvable:
            size = len(scenario.candidates)
            places.setdefault(size, Counter())[scenario.candidates.index(scenario.goal_tool)] += 1
    tests = [chisquare([counts[place] for place in range(size)]) for size, counts in sorted(places.items())]
    return float(chi2.sf(sum(test.statistic for test in tests), sum(size - 1 for size in places)))

"""The floor and the ceiling of a set of scenarios: what scripts reach that act without asking, and one that asks well.

`oracle` sees only what a model sees, so what it reaches can be reached (METHOD.md §4 "Baselines").
"""

from __future__ import annotations

from collections.abc import Sequence

from ..conversation.assistants import scripted_assistant
from ..records.scenario import Scenario
from ..records.tool import Catalog
from .evaluator import evaluate_scenarios, tools_by_name
from .metrics import Values, headlines

CEILING = "oracle"
BASELINES = (CEILING, "eager", "random", "first", "central", "nearest", "cautious")
"""The scripts, the one that asks well first; each is `scripted:NAME` as a model."""
MOST = 60
"""Scenarios that they play: an interval of chance is then ten points wide to each side, and it takes seconds."""


def baselines(catalog: Catalog, scenarios: Sequence[Scenario], seed: int = 0) -> dict[str, Values]:
    """Baseline → its headline numbers on these scenarios, or on `MOST` spread evenly over them; one trial each."""
    step = max(1.0, len(scenarios) / MOST)
    some = [scenarios[int(place * step)] for place in range(min(MOST, len(scenarios)))]
    tools = tools_by_name(catalog)
    return {
        name: headlines(evaluate_scenarios(catalog, some, scripted_assistant(f"scripted:{name}"), seed=seed), tools)
        for name in BASELINES
    }


def is_baseline(spec: str) -> bool:
    """Whether a model spec names one of them."""
    return spec.removeprefix("scripted:") in BASELINES and spec.startswith("scripted:")

"""What results are broken down by: each scenario belongs to one group of each breakdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..catalog.ambiguity import RISK
from ..records.nearness import BIN_NAMES
from ..records.scenario import TIERS
from .episodes import Episode

NO_DIAL = "none"
"""Group of the scenarios whose user is disturbed by no behaviour dial."""


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One way to put scenarios into groups."""

    title: str
    group: Callable[[Episode], str]
    """The episode's group; empty for none."""
    order: tuple[str, ...] = ()
    """Groups in the order of reports; others follow by length and name, so that numbers stand as numbers do."""


BREAKDOWNS: dict[str, Breakdown] = {
    "tier": Breakdown("Difficulty", lambda episode: episode.tier, TIERS),
    "candidates": Breakdown("Candidates", lambda episode: str(episode.candidates)),
    "closeness": Breakdown("Closeness of the nearest candidate", lambda episode: episode.closeness, BIN_NAMES),
    "dial": Breakdown("Behaviour of the user", lambda episode: episode.dial or NO_DIAL, (NO_DIAL,)),
    "side_effect": Breakdown("Side effect of the goal tool", lambda episode: episode.side_effect, tuple(RISK)),
}
"""Name → breakdown, in the order of reports."""


def grouped(name: str, episodes: Sequence[Episode]) -> dict[str, list[Episode]]:
    """Group of a breakdown → its episodes, groups in order; only groups that occur."""
    found: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        found[BREAKDOWNS[name].group(episode)].append(episode)
    return {group: found[group] for group in in_order(name, found) if group}


def in_order(name: str, groups: Iterable[str]) -> list[str]:
    """Groups of a breakdown, each once, in the order of reports."""
    first = {group: place for place, group in enumerate(BREAKDOWNS[name].order)}
    return sorted(set(groups), key=lambda group: (first.get(group, len(first)), len(group), group))

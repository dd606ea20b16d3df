"""Which tools stand beside a goal tool: near-duplicates that words tell apart, with no give-away by centre."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, islice

import numpy as np

from ..catalog.facets import facets, indistinguishable
from ..catalog.neighbours import closeness, nearest
from ..records.tool import Catalog, Tool

NEIGHBOURS = 24
"""How many near tools of each are looked at; several times the largest candidate set."""
CENTRES = 6
"""Among how many of the goal's nearest tools the other centre of a set is drawn."""


class Neighbourhood:
    """The near tools of every tool of one catalog, and which pairs no question can tell apart."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._near = nearest(catalog, min(NEIGHBOURS, max(1, len(catalog.tools) - 1)))
        self._confused: dict[frozenset[str], bool] = {}

    def near(self, name: str) -> tuple[str, ...]:
        """Names of the tools nearest to `name`, nearest first, itself left out."""
        return tuple(other for other, _ in self._near.get(name, ()) if other != name)

    def separable(self, a: str, b: str) -> bool:
        """Whether some question that a user can answer tells the two tools apart."""
        pair = frozenset((a, b))
        if pair not in self._confused:
            self._confused[pair] = indistinguishable(self.catalog.tool(a), self.catalog.tool(b))
        return not self._confused[pair]

    def distractors(self, goal: str, count: int, rng: random.Random, *, other_centre: bool) -> tuple[str, ...] | None:
        """`count` near tools of the goal in a seeded order, each told apart from it by a facet of the whole set.

        With `other_centre` the set is grown round another tool, and the goal is not its medoid (METHOD.md §2). None
        when the catalog does not hold such a set.
        """
        if not other_centre:
            return self._grow(goal, (goal,), count, rng)
        centres = [name for name in self.near(goal)[:CENTRES] if self.separable(goal, name)]
        rng.shuffle(centres)
        for centre in centres:
            grown = self._grow(goal, (centre, goal), count, rng)
            if grown and medoid(self.catalog.subset([goal, *grown])) != goal:
                return grown
        return None

    def _grow(self, goal: str, centres: tuple[str, ...], count: int, rng: random.Random) -> tuple[str, ...] | None:
        """Distractors from the centres' neighbours, the first centre's first; a centre is itself one."""
        names = [centre for centre in centres if centre != goal]
        near = dict.fromkeys(name for centre in centres for name in self.near(centre))
        pool = (name for name in near if name != goal and name not in centres and self.separable(goal, name))
        first = list(islice(pool, max(count * 2, 6)))
        # Near tools stay likelier than far ones, yet two sets round one goal differ.
        order = sorted(range(len(first)), key=lambda place: place + rng.random() * count * 2)
        for name in chain([first[place] for place in order], pool):
            names.append(name)
            if len(names) == count:
                for stuck in unseparated(goal, self.catalog.subset([goal, *names])):
                    names.remove(stuck)
                if len(names) == count:
                    return tuple(names)
        return None


@lru_cache(maxsize=4)
def _neighbourhood(key: _ByVersion) -> Neighbourhood:
    return Neighbourhood(key.catalog)


class _ByVersion:
    """A catalog as a cache key: equal to any other import of the same tools."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def __hash__(self) -> int:
        return hash((self.catalog.name, self.catalog.version))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByVersion) and (self.catalog.name, self.catalog.version) == (
            other.catalog.name,
            other.catalog.version,
        )


def neighbourhood(catalog: Catalog) -> Neighbourhood:
    """The catalog's neighbourhood, made once and kept for the last few catalogs."""
    return _neighbourhood(_ByVersion(catalog))


def unseparated(goal: str, tools: Sequence[Tool]) -> tuple[str, ...]:
    """Names of the tools that no facet of this very set tells apart from the goal tool, in the order given."""
    known = facets(tools)
    return tuple(
        tool.name
        for tool in tools
        if tool.name != goal and not any(separates(facet.answers, goal, tool.name) for facet in known)
    )


def separates(answers: dict[str, str], a: str, b: str) -> bool:
    """Whether both tools have an answer and the answers differ."""
    return a in answers and b in answers and answers[a] != answers[b]


def medoid(tools: Sequence[Tool]) -> str:
    """The name of the tool that is closest to all others together; ties by name."""
    sums = np.round(np.asarray(closeness(tools), dtype=np.float64).sum(axis=1), 4)
    return min(zip(-sums, (tool.name for tool in tools), strict=True))[1]

"""Which tools stand beside a goal tool: near-duplicates that words tell apart, with no give-away by centre."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog.closeness import SCALE
from ..catalog.embedding import embed
from ..catalog.facets import answerable
from ..catalog.neighbours import Mined, closeness, mine
from ..catalog.profiles import profile
from ..catalog.verbs import split_head
from ..errors import CatalogError
from ..records.tool import Catalog, Tool

ROUND_ANOTHER = 0.5
"""Share of the sets that are grown round another tool than the goal (METHOD.md §2)."""
TRIES = 6
"""Sets grown round a goal tool until one has it in its middle, or has not, as wanted."""
CENTRES = 6
"""Among how many of the goal's nearest tools the other centre of a set is drawn."""

FEW_KIN = 3
"""Near tools about the goal's own thing from which on no others of that kind are looked for."""
MOST_KIN = 64
"""Tools of that kind that are measured at most."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """Which tools may stand beside a goal tool."""

    floor: float = 0.0
    """Least closeness to the goal tool."""
    ceiling: float = 1.0
    """Greatest closeness to the goal tool."""
    neighbours: int = 24
    """How many near tools of each are looked at; several times the largest candidate set."""

    def __post_init__(self) -> None:
        """CatalogError where no closeness lies between the two bounds."""
        if self.floor > self.ceiling:
            raise CatalogError(
                f"Distractors cannot be at least {self.floor:g} and at most {self.ceiling:g} close to the goal tool. "
                "Lower the floor or raise the ceiling of closeness."
            )

    @property
    def has_bounds(self) -> bool:
        """Whether some near tools are too far or too close."""
        return self.floor > 0 or self.ceiling < 1

    @classmethod
    def of(cls, recipe: Mapping[str, Any]) -> Nearness:
        """That of a recipe's fields; one written before there were any has the defaults."""
        given = {"floor": "near_floor", "ceiling": "near_ceiling", "neighbours": "neighbours"}
        return cls(**{key: recipe[name] for key, name in given.items() if name in recipe})


ANY_NEAR = Nearness()


class Neighbourhood:
    """The near tools of every tool of one catalog, and which of them may stand in one candidate set.

    A banned pair never does, be one of the two the goal tool or both distractors. The tools pinned to a goal tool stand
    in each of its sets, closest first, whatever their closeness, as far as the set has room and a question tells them
    from it.
    """

    def __init__(self, catalog: Catalog, nearness: Nearness = ANY_NEAR) -> None:
        self.catalog, self.nearness = catalog, nearness
        mined = _mined(ByVersion(catalog), min(nearness.neighbours, max(1, len(catalog.tools) - 1)))
        self._near = mined.nearest()
        self._measured = mined.measured
        self._places = {tool.name: place for place, tool in enumerate(mined.measured.tools)}
        self._confused: dict[frozenset[str], bool] = {}
        self._close: dict[str, dict[str, float]] = {}
        self._about: dict[str, frozenset[str]] = {}
        self._kindred: dict[str, tuple[str, ...]] = {}
        self._vectors: dict[str, NDArray[np.float32]] = {}
        self._banned = {frozenset(pair) for pair in catalog.banned}

    def near(self, name: str) -> tuple[str, ...]:
        """Names of the tools nearest to `name`, nearest first, itself left out."""
        return tuple(other for other, _ in self._near.get(name, ()) if other != name)

    def pinned(self, goal: str) -> tuple[str, ...]:
        """The tools pinned to the goal that a question tells from it, closest first, ties by name."""
        partners = {name for pair in self.catalog.pinned if goal in pair for name in pair} - {goal}
        apart = [name for name in partners if name in self.catalog and self.separable(goal, name)]
        close = self._closeness(goal, apart)
        return tuple(sorted(apart, key=lambda name: (-close[name], name)))

    def separable(self, a: str, b: str) -> bool:
        """Whether some question that a user can answer tells the two tools apart."""
        pair = frozenset((a, b))
        if pair not in self._confused:
            self._confused[pair] = bool(unseparated(a, self.catalog.subset((a, b))))
        return not self._confused[pair]

    def distractors(self, goal: str, count: int, rng: random.Random) -> tuple[str, ...] | None:
        """`count` near tools of the goal in a seeded order, each told apart from it by a facet of the whole set.

        Half of the sets are grown round another tool and the goal is not in their middle; of all sets it is in the
        middle of about one in `count + 1`, as by chance (METHOD.md §2). None when the catalog does not hold such a set.
        """
        point = rng.random()
        if point < ROUND_ANOTHER:
            return self._round_another(goal, count, rng)
        central = point < ROUND_ANOTHER + 1 / (count + 1)
        return self._round_goal(goal, count, rng, central=central)

    def _round_goal(self, goal: str, count: int, rng: random.Random, *, central: bool) -> tuple[str, ...] | None:
        """A set grown round the goal that has it in its middle or not; where none has, what comes closest."""
        second = None
        for attempt in range(TRIES):
            grown = self._grow(goal, (goal,), count, rng, topical=attempt < TRIES // 2)
            if grown is None:
                return None
            middle = self._middle(goal, grown)
            if middle == {goal} if central else goal not in middle:
                return grown
            second = grown if second is None or (central and goal in middle) else second
        return second if central else self._round_another(goal, count, rng) or second

    def _round_another(self, goal: str, count: int, rng: random.Random) -> tuple[str, ...] | None:
        """A set grown round one of the goal's nearest tools, without the goal in its middle; None if there is none."""
        around = [*self.near(goal)[:CENTRES], *self._kin(goal)]
        centres = [name for name in self._within(goal, around) if self._suits(goal, name)]
        rng.shuffle(centres)
        centres.sort(key=lambda name: self._is_foreign(goal, name))
        second = None
        for topical, centre in product((True, False), centres):
            grown = self._grow(goal, (centre, goal), count, rng, topical=topical)
            middle = self._middle(goal, grown) if grown else {goal}
            if goal not in middle:
                return grown
            if middle != {goal}:
                second = second or grown
        return second

    def _middle(self, goal: str, others: Sequence[str]) -> set[str]:
        """The tools that are most like all others of the set: by closeness, and by their texts alone."""
        names = [goal, *others]
        self._measure(names)
        sums = [sum(self._close[name][other] for other in names if other != name) for name in names]
        return {_highest(names, sums), _highest(names, alike([self.text_vector(name) for name in names]))}

    def text_vector(self, name: str) -> NDArray[np.float32]:
        """The vector of what a tool is called and says of itself."""
        if name not in self._vectors:  # its neighbours' are asked for next, and many at once are read faster
            new = [each for each in (name, *self.near(name)) if each not in self._vectors]
            self._vectors.update(zip(new, text_vectors(self.catalog.subset(new)), strict=True))
        return self._vectors[name]

    def _grow(
        self, goal: str, centres: tuple[str, ...], count: int, rng: random.Random, *, topical: bool
    ) -> tuple[str, ...] | None:
        """Distractors: the pinned tools, the centres, then the centres' neighbours, the first centre's first.

        `topical` prefers those about the goal's own thing: what only shares its act leaves little to be vague about.
        """
        pins: list[str] = []
        for name in self.pinned(goal):
            if len(pins) < count and not self._clashes(name, pins):
                pins.append(name)
        own = [name for name in centres if name not in (goal, *pins) and not self._clashes(name, pins)]
        names = [*pins, *own][:count]
        near = dict.fromkeys(chain(*(self.near(centre) for centre in centres), self._kin(goal)))
        others = list(self._within(goal, [name for name in near if name not in (goal, *centres, *pins)]))
        foreign = {name for name in others if topical and self._is_foreign(goal, name)}
        for name in chain([""], _mixed(others, foreign, count * 2, rng)):
            if name and self._suits(goal, name) and not self._clashes(name, names):
                names.append(name)
            if len(names) == count:
                names = self._told_apart(goal, names, pins)
            if len(names) == count:
                return tuple(names)
        return None

    def _told_apart(self, goal: str, names: list[str], pins: Sequence[str]) -> list[str]:
        """The names without those that no facet of the whole set tells from the goal.

        Where that would be a pinned one, the first that is not pinned makes room for another instead.
        """
        stuck = unseparated(goal, self.catalog.subset([goal, *names]))
        free = [name for name in names if name not in pins]
        if free and any(name in pins for name in stuck):
            return [name for name in names if name != free[0]]
        return [name for name in names if name not in stuck]

    def _kin(self, goal: str) -> tuple[str, ...]:
        """Tools about the same thing that its nearest leave out, closest first, where those hold hardly any."""
        if goal not in self._kindred:
            near = self.near(goal)
            few = sum(not self._is_foreign(goal, name) for name in near) < FEW_KIN
            others = set(self._of_thing[self._things(goal)]) - {goal, *near} if few else set()
            close = self._closeness(goal, sorted(others)[:MOST_KIN])
            self._kindred[goal] = tuple(sorted(close, key=lambda name: (-close[name], name))[:CENTRES])
        return self._kindred[goal]

    @cached_property
    def _of_thing(self) -> dict[frozenset[str], list[str]]:
        """The names of all tools by the thing that they are about."""
        found: dict[frozenset[str], list[str]] = {}
        for tool in self.catalog.tools:
            found.setdefault(self._things(tool.name), []).append(tool.name)
        return found

    def _is_foreign(self, goal: str, name: str) -> bool:
        """Whether the two tools are about things of different kinds, so that no one noun could be said of both."""
        return self._head(goal) != self._head(name)

    def _head(self, name: str) -> str:
        """The noun that the thing's name is about: "participant" of "conversation participant"."""
        return split_head(profile(self.catalog.tool(name)).resource.casefold())[0].rpartition(" ")[2]

    def _things(self, name: str) -> frozenset[str]:
        """The words of the thing that a tool is about."""
        if name not in self._about:
            self._about[name] = frozenset(profile(self.catalog.tool(name)).resource.casefold().split())
        return self._about[name]

    def _suits(self, goal: str, name: str) -> bool:
        """Whether a tool may stand beside the goal: neither banned from it nor its twin."""
        return not self._clashes(name, (goal,)) and self.separable(goal, name)

    def _within(self, goal: str, names: Iterable[str]) -> Iterable[str]:
        """Those of the names that are neither too far from the goal nor too close to it."""
        bounds = self.nearness
        if not bounds.has_bounds:
            return names
        return [name for name, close in self._closeness(goal, names).items() if bounds.floor <= close <= bounds.ceiling]

    def _clashes(self, name: str, names: Sequence[str]) -> bool:
        """Whether a tool is banned from standing beside one of these."""
        return bool(self._banned) and any(frozenset((name, other)) in self._banned for other in names)

    def _closeness(self, goal: str, names: Iterable[str]) -> dict[str, float]:
        """The closeness of each of these tools to the goal; measured where it is none of its nearest."""
        names = list(names)
        known = self._known(goal)
        new = [name for name in names if name not in known]
        if new:
            known.update(zip(new, self._table([goal, *new])[0][1:], strict=True))
        return {name: known[name] for name in names}

    def _measure(self, names: Sequence[str]) -> None:
        """Measure every two of these tools, all at once if any pair is not known yet."""
        if all(self._known(one).keys() >= set(names) - {one} for one in names):
            return
        for one, row in zip(names, self._table(names), strict=True):
            self._known(one).update(zip(names, row, strict=True))

    def _table(self, names: Sequence[str]) -> list[list[float]]:
        """The closeness of every two of these tools."""
        steps = self._measured.among(np.array([self._places[name] for name in names]))
        return [[step / SCALE for step in row] for row in steps.tolist()]

    def _known(self, name: str) -> dict[str, float]:
        return self._close.setdefault(name, dict(self._near.get(name, ())))


@lru_cache(maxsize=2)
def _mined(key: ByVersion, k: int) -> Mined:
    """The nearest of every tool, mined once for all bounds of closeness."""
    return mine(key.catalog.tools, k)


@lru_cache(maxsize=4)
def _neighbourhood(key: ByVersion, nearness: Nearness) -> Neighbourhood:
    return Neighbourhood(key.catalog, nearness)


class ByVersion:
    """A catalog as a cache key: equal to any other import of the same tools with the same pairs."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def __hash__(self) -> int:
        return hash((self.catalog.name, self.catalog.version))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByVersion) and (self.catalog.name, self.catalog.version) == (
            other.catalog.name,
            other.catalog.version,
        )


def neighbourhood(catalog: Catalog, nearness: Nearness = ANY_NEAR) -> Neighbourhood:
    """The catalog's neighbourhood, made once and kept for the last few catalogs."""
    return _neighbourhood(ByVersion(catalog), nearness)


def _mixed(names: Sequence[str], later: set[str], width: float, rng: random.Random) -> list[str]:
    """The names, given nearest first, such that near ones stay likelier, yet two sets round one goal differ."""
    rank: dict[str, float] = {}
    for is_later in (False, True):
        group = [name for name in names if (name in later) == is_later]
        rank |= {name: place + (rng.random() + is_later) * width for place, name in enumerate(group)}
    return sorted(names, key=lambda name: rank[name])


def unseparated(goal: str, tools: Sequence[Tool]) -> tuple[str, ...]:
    """Names of the tools that no answerable question on this set tells apart from the goal tool, in the order given."""
    known = answerable(tools)
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
    return _highest([tool.name for tool in tools], np.asarray(closeness(tools), dtype=np.float64).sum(axis=1) - 1)


def text_medoid(tools: Sequence[Tool]) -> str:
    """The name of the tool whose text is most like those of all others together; ties by name."""
    return _highest([tool.name for tool in tools], alike(list(text_vectors(tools))))


def text_vectors(tools: Sequence[Tool]) -> NDArray[np.float32]:
    """(n, width) unit rows of what each tool is called and says of itself."""
    return embed([f"{tool.original_name} {tool.text}" for tool in tools])


def alike(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """How like all rows together each row is."""
    rows = np.asarray(vectors, dtype=np.float64)
    return rows @ rows.sum(axis=0)


def _highest(names: Sequence[str], scores: Iterable[float]) -> str:
    """The name of the highest score; ties, to four decimals, by name."""
    return min(zip((-round(float(score), 4) for score in scores), names, strict=True))[1]

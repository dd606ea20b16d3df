"""What gets confused in a version of a catalog: each result is made once, and the last few are kept."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from pathlib import Path

from ..catalog.ambiguity import FLOOR, NEAREST, Ambiguity, Pair, ambiguity, risk
from ..catalog.duplicates import DuplicateGroup, duplicate_groups
from ..catalog.mining import Mined
from ..catalog.neighbours import mine
from ..catalog.rewording import Rewording, suggest
from ..catalog.search import ToolSearch
from ..catalog.suspicion import Suspicion
from ..catalog.vector_cache import VectorCache
from ..records.tool import Catalog
from .findings import AMBIGUITY, DUPLICATES, LARGE, SUSPICIONS, Findings, suspicious
from .kept import Kept

KEPT_RESULTS = 6
"""Searches, maps, … of that many versions are held."""
KEPT_MINED = 3
"""Measured neighbourhoods held, the heaviest result of all; an edited version is measured from the one before."""
KEPT_LISTS = 100
"""Short lists held: suggestions for a pair, riskiest pairs of a selection."""


class Confusion:
    """Slow questions about versions of catalogs, answered once however many threads ask."""

    def __init__(self, get: Callable[[str, str], Catalog], cache: Path) -> None:
        self._get = get
        """Gives the version of a name."""
        self._vectors = VectorCache(cache)
        self._findings = Findings(cache)
        self._looked_at: dict[str, str] = {}
        """Name → the version that was worked out in another process."""
        self._mined: Kept[Mined] = Kept(KEPT_MINED)
        self._ambiguities: Kept[Ambiguity] = Kept(KEPT_RESULTS)
        self._duplicates: Kept[tuple[DuplicateGroup, ...]] = Kept(KEPT_RESULTS)
        self._searches: Kept[ToolSearch] = Kept(KEPT_RESULTS)
        self._suspicions: Kept[dict[str, tuple[Suspicion, ...]]] = Kept(KEPT_RESULTS)
        self._riskiest: Kept[tuple[Pair, ...]] = Kept(KEPT_LISTS)
        self._suggestions: Kept[tuple[Rewording, ...]] = Kept(KEPT_LISTS)

    def search(self, name: str, version: str) -> ToolSearch:
        """The search box of a version."""
        return self._searches.get(version, lambda: ToolSearch(self._get(name, version).tools))

    def ambiguity(self, name: str, version: str, floor: float) -> Ambiguity:
        """The confusion map of a version; another floor or version costs only what is different in it."""
        return self._ambiguities.get((version, floor), lambda: self._map(self._get(name, version), floor))

    def duplicates(self, name: str, version: str) -> tuple[DuplicateGroup, ...]:
        """Groups of tools that no question tells apart."""
        return self._duplicates.get(version, lambda: self._twins(self._get(name, version)))

    def suspicions(self, name: str, version: str) -> dict[str, tuple[Suspicion, ...]]:
        """Tool → what in its text a person should look at; tools without any are left out."""
        return self._suspicions.get(version, lambda: self._suspicious(self._get(name, version)))

    def suggest(self, name: str, version: str, a: str, b: str) -> tuple[Rewording, ...]:
        """Words that would tell two tools apart, measured on the neighbourhoods that are known."""
        return self._suggestions.get((version, a, b), lambda: self._suggest(self._get(name, version), a, b))

    def riskiest(
        self, name: str, version: str, among: tuple[str, ...] | None, limit: int, floor: float
    ) -> tuple[Pair, ...]:
        """As `Catalogs.riskiest_among`."""
        key = (name, version, among, limit, floor)
        return self._riskiest.get(key, lambda: self._riskiest_of(name, version, among, limit, floor))

    def _map(self, catalog: Catalog, floor: float) -> Ambiguity:
        """At the usual floor, a large catalog is left to another process unless a version of it was looked at."""
        name, version = catalog.name, catalog.version
        if len(catalog.tools) >= LARGE and floor == FLOOR and self._looked_at.get(name, version) == version:
            self._looked_at[name] = version
            return self._findings.of(AMBIGUITY, catalog)
        return ambiguity(catalog, floor, mined=self._measured(catalog))

    def _twins(self, catalog: Catalog) -> tuple[DuplicateGroup, ...]:
        return (
            self._findings.of(DUPLICATES, catalog) if len(catalog.tools) >= LARGE else duplicate_groups(catalog.tools)
        )

    def _suspicious(self, catalog: Catalog) -> dict[str, tuple[Suspicion, ...]]:
        return self._findings.of(SUSPICIONS, catalog) if len(catalog.tools) >= LARGE else suspicious(catalog)

    def _measured(self, catalog: Catalog) -> Mined:
        return self._mined.get((catalog.name, catalog.version), lambda: self._mine(catalog))

    def _mine(self, catalog: Catalog) -> Mined:
        """The neighbourhood of every tool, from a file or from another version of this catalog where there is one."""
        return self._from_file(catalog) or mine(
            catalog.tools, NEAREST, self._measured_before(catalog.name), self._vectors
        )

    def _measured_before(self, name: str) -> Mined | None:
        """What is known of another version of this catalog."""
        held = self._mined.newest(lambda key: isinstance(key, tuple) and key[0] == name)
        if held is None and name in self._looked_at:
            return self._from_file(self._get(name, self._looked_at[name]))
        return held

    def _from_file(self, catalog: Catalog) -> Mined | None:
        return self._findings.mined(catalog, self._vectors) if len(catalog.tools) >= LARGE else None

    def _suggest(self, catalog: Catalog, a: str, b: str) -> tuple[Rewording, ...]:
        return suggest(catalog, a, b, self.ambiguity(catalog.name, catalog.version, FLOOR).nearest)

    def _riskiest_of(
        self, name: str, version: str, among: tuple[str, ...] | None, limit: int, floor: float
    ) -> tuple[Pair, ...]:
        catalog = self._get(name, version)
        wanted = {tool.name for tool in (catalog.tools if among is None else catalog.subset(among))}
        nearest = self.ambiguity(name, version, floor).nearest
        close = {(min(a, b), max(a, b)): at for a in wanted for b, at in nearest[a] if b in wanted and at >= floor}
        banned, groups = set(catalog.banned), self.duplicates(name, version)
        group = {tool: place for place, twins in enumerate(groups) for tool in twins.tools}
        pairs = (
            Pair(a, b, at, risk(catalog.tool(a), catalog.tool(b), at))
            for (a, b), at in close.items()
            if (a, b) not in banned and (a not in group or group[a] != group.get(b))
        )
        return tuple(heapq.nsmallest(limit, pairs, key=lambda pair: (-pair.risk, -pair.closeness, pair.a, pair.b)))

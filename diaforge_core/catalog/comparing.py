"""What became of a catalog between two versions: tools added, removed and changed, pairs set and let go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..records.tool import Catalog, NamePair, Tool

PairStatus = Literal["pinned", "banned"]
PROVENANCE = frozenset({"source", "position", "side_effect_reason"})
"""Fields in which a difference alone is no change: a renamed file or a moved line says nothing else of the tool."""
TEXTS = ("title", "description")
"""Keys of a schema that hold words and no rule."""
_MATCHED_BY: tuple[Callable[[Tool], Hashable], ...] = (
    lambda tool: (tool.name, tool.original_name, tool.position),
    lambda tool: (tool.original_name, tool.source, tool.position),
    lambda tool: (tool.original_name, tool.position),
    lambda tool: (tool.method, tool.path, tool.source) if tool.path else None,
    lambda tool: (tool.method, tool.path) if tool.path else None,
    lambda tool: tool.name,
)
"""What two versions of a tool have in common, the surest first; None says nothing."""


@dataclass(frozen=True, slots=True)
class ToolChange:
    """One tool that both versions have and that is not the same in them."""

    name: str
    """Its name in the new version."""
    fields: tuple[str, ...]
    """The fields of the record that differ, in the record's order, without provenance."""
    reworded: bool
    """Whether what it says of itself or of a parameter that it had before is another text: a model trained or
    instructed on the old words now reads different ones (a "rug pull")."""


@dataclass(frozen=True, slots=True)
class PairChange:
    """A pair that people, or the document itself, now treat otherwise."""

    a: str
    b: str
    before: PairStatus | None
    after: PairStatus | None


@dataclass(frozen=True, slots=True)
class CatalogDiff:
    """The difference of two versions; names of removed tools are the old ones, all others the new ones."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[ToolChange, ...]
    pairs: tuple[PairChange, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.pairs)

    @property
    def reworded(self) -> tuple[str, ...]:
        """Names of the tools whose words changed."""
        return tuple(change.name for change in self.changed if change.reworded)

    @property
    def summary(self) -> str:
        """Such as `3 added, 1 removed, 2 changed (1 reworded)`; `nothing changed` where nothing did."""
        reworded = f" ({len(self.reworded)} reworded)" if self.reworded else ""
        parts = [
            f"{len(self.added)} added" if self.added else "",
            f"{len(self.removed)} removed" if self.removed else "",
            f"{len(self.changed)} changed{reworded}" if self.changed else "",
            f"{len(self.pairs)} {'pair' if len(self.pairs) == 1 else 'pairs'} set otherwise" if self.pairs else "",
        ]
        return ", ".join(part for part in parts if part) or "nothing changed"


def compare_catalogs(old: Catalog, new: Catalog) -> CatalogDiff:
    """What is different in `new`; tools are found again by their place in the source, then by name.

    Added and changed tools stand in the order of `new`, removed ones in that of `old`.
    """
    same = matched(old.tools, new.tools)
    kept = set(same.values())
    return CatalogDiff(
        added=tuple(tool.name for tool in new.tools if tool.name not in kept),
        removed=tuple(tool.name for tool in old.tools if tool.name not in same),
        changed=tuple(_changes(old, new, same)),
        pairs=tuple(_pair_changes(old, new, same)),
    )


def matched(old: Iterable[Tool], new: Iterable[Tool]) -> dict[str, str]:
    """Name in `old` → name in `new` of every tool that both have.

    By name and place in the source, then by original name and place, then by address, then by name; in each step only
    tools that nothing else on their side could be taken for.
    """
    left, right = {tool.name: tool for tool in old}, {tool.name: tool for tool in new}
    found: dict[str, str] = {}
    for key_of in _MATCHED_BY:
        ours, theirs = _once(left.values(), key_of), _once(right.values(), key_of)
        for key in ours.keys() & theirs.keys():
            found[ours[key]] = theirs[key]
            del left[ours[key]], right[theirs[key]]
    return found


def changed_fields(old: Tool, new: Tool) -> tuple[str, ...]:
    """The fields in which two versions of a tool differ, in the record's order, without provenance."""
    if old == new:
        return ()
    names = (name for name in Tool.model_fields if name not in PROVENANCE)
    return tuple(name for name in names if getattr(old, name) != getattr(new, name))


def is_reworded(old: Tool, new: Tool) -> bool:
    """Whether summary, description, or the words of a parameter that both have are not the same."""
    if (old.summary, old.description) != (new.summary, new.description):
        return True
    if old.parameters == new.parameters:
        return False
    before, after = dict(_words(old.parameters)), dict(_words(new.parameters))
    return any(before[place] != after[place] for place in before.keys() & after.keys())


def pair_statuses(catalog: Catalog) -> dict[NamePair, PairStatus]:
    """Pair → whether it is pinned or banned."""
    statuses: dict[NamePair, PairStatus] = {}
    for pair in catalog.pinned:
        statuses[pair] = "pinned"
    for pair in catalog.banned:
        statuses[pair] = "banned"
    return statuses


def renamed_pairs(statuses: Mapping[NamePair, PairStatus], same: Mapping[str, str]) -> dict[NamePair, PairStatus]:
    """The pairs by their names in the other version; those of a tool that it lacks are left out."""
    return {
        (min(same[a], same[b]), max(same[a], same[b])): status
        for (a, b), status in statuses.items()
        if a in same and b in same
    }


def _once(tools: Iterable[Tool], key_of: Callable[[Tool], Hashable]) -> dict[Hashable, str]:
    """Key → name of each tool whose key no other of them has."""
    keyed = [(key_of(tool), tool.name) for tool in tools]
    times = Counter(key for key, _ in keyed)
    return {key: name for key, name in keyed if key is not None and times[key] == 1}


def _changes(old: Catalog, new: Catalog, same: Mapping[str, str]) -> Iterator[ToolChange]:
    before = {same[tool.name]: tool for tool in old.tools if tool.name in same}
    for tool in new.tools:
        if tool.name in before and (fields := changed_fields(before[tool.name], tool)):
            yield ToolChange(tool.name, fields, is_reworded(before[tool.name], tool))


def _pair_changes(old: Catalog, new: Catalog, same: Mapping[str, str]) -> Iterator[PairChange]:
    """Pairs of tools that both versions have and whose status is another one."""
    before = renamed_pairs(pair_statuses(old), same)
    now = pair_statuses(new)
    for a, b in sorted(before.keys() | now.keys()):
        if before.get((a, b)) != now.get((a, b)):
            yield PairChange(a, b, before.get((a, b)), now.get((a, b)))


def _words(schema: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], tuple[str, ...]]]:
    """Place of each object within a schema, and the words that stand there."""
    if isinstance(schema, dict):
        yield place, tuple(schema[key] if isinstance(schema.get(key), str) else "" for key in TEXTS)
        for key, part in schema.items():
            yield from _words(part, (*place, key))
    elif isinstance(schema, list):
        for index, part in enumerate(schema):
            yield from _words(part, (*place, index))

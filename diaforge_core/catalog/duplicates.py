"""Tools that nothing a user could say tells apart: the true duplicates of a catalog."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..records.tool import Tool
from .facets import indistinguishable
from .leaves import tellable
from .profiles import profile
from .words import meaning

_KEYS = re.compile(r"\{(.*?)\}")


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Tools of which no answerable question separates any two."""

    tools: tuple[str, ...]
    """Names in alphabetic order, at least two."""
    why: str
    """What they have in common, in one sentence."""


def duplicate_groups(
    tools: Sequence[Tool], close_pairs: Iterable[tuple[int, int]] | None = None
) -> tuple[DuplicateGroup, ...]:
    """The groups in which every two tools are `indistinguishable`, in the order of their first names.

    Each tool stands in at most one group: where a tool fits two, in the one whose first name comes first. With
    `close_pairs`, places of two tools each, only those pairs are looked at.
    """
    alike = _alike(tools) if close_pairs is None else _checked(tools, close_pairs)
    by_name = {tool.name: tool for tool in tools}
    return tuple(DuplicateGroup(names, _why([by_name[name] for name in names])) for names in _cliques(alike))


def _alike(tools: Sequence[Tool]) -> dict[str, set[str]]:
    """Tool name → the tools that no question tells from it, found among those that profiles do not tell apart."""
    buckets: defaultdict[object, list[Tool]] = defaultdict(list)
    for tool in tools:
        item = profile(tool)
        buckets[meaning(item.task), meaning(item.resource)].append(tool)
    pairs = ((a, b) for bucket in buckets.values() for a, b in _pairs(bucket))
    return _links(pairs)


def _pairs(bucket: Sequence[Tool]) -> Iterator[tuple[Tool, Tool]]:
    """Every two of a bucket that lie at the same places; one whose address hides its place may lie at any."""
    placed: defaultdict[tuple[str, ...] | None, list[Tool]] = defaultdict(list)
    for tool in bucket:
        placed[profile(tool).within].append(tool)
    hidden = placed.pop(None, [])
    for group in placed.values():
        yield from _by_area(group)
    yield from ((a, b) for place, a in enumerate(hidden) for b in hidden[place + 1 :])
    yield from ((a, b) for group in placed.values() for a in group for b in hidden)


def _by_area(group: Sequence[Tool]) -> Iterator[tuple[Tool, Tool]]:
    """Every two of a group whose areas mean the same, or that have none."""
    areas: defaultdict[frozenset[str], list[Tool]] = defaultdict(list)
    for tool in group:
        areas[meaning(profile(tool).group)].append(tool)
    unknown = areas.pop(frozenset(), [])
    for members in (*areas.values(), unknown):
        yield from ((a, b) for place, a in enumerate(members) for b in members[place + 1 :])
    yield from ((a, b) for members in areas.values() for a in members for b in unknown)


def _checked(tools: Sequence[Tool], pairs: Iterable[tuple[int, int]]) -> dict[str, set[str]]:
    return _links((tools[a], tools[b]) for a, b in pairs if a != b)


def _links(pairs: Iterable[tuple[Tool, Tool]]) -> dict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for a, b in pairs:
        if _seen_alike(a, b) or indistinguishable(a, b):
            found[a.name].add(b.name)
            found[b.name].add(a.name)
    return found


def _seen_alike(a: Tool, b: Tool) -> bool:
    """Whether all that any question is made of is the same for both, so that none need be made."""
    return profile(a) == profile(b) and (_takes_the_same(a, b) or tellable(a) == tellable(b))


def _takes_the_same(a: Tool, b: Tool) -> bool:
    return a.parameters == b.parameters and _KEYS.findall(a.path) == _KEYS.findall(b.path)


def _cliques(alike: dict[str, set[str]]) -> list[tuple[str, ...]]:
    """Groups that are wholly linked, made by name; a tool that fits no group of two is left out."""
    taken: set[str] = set()
    groups: list[tuple[str, ...]] = []
    for name in sorted(alike):
        if name in taken:
            continue
        group = [name]
        for other in sorted(alike[name] - taken):
            if other > name and all(other in alike[member] for member in group):
                group.append(other)
        if len(group) > 1:
            taken.update(group)
            groups.append(tuple(group))
    return groups


def _why(tools: Sequence[Tool]) -> str:
    """What the tools of one group have in common."""
    first, *others = tools
    if all(_declares(tool) == _declares(first) for tool in others):
        return "They share method, description and parameters."
    if all(profile(tool).identity == profile(first).identity for tool in others):
        return "They differ only by version."
    return "Nothing a user could answer tells them apart."


def _declares(tool: Tool) -> tuple[object, ...]:
    return tool.method, tool.text, tool.parameters

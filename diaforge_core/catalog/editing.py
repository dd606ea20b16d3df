"""Edits of a catalog by people: each gives a new catalog, and a fresh import takes them over."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ..errors import CatalogError
from ..records.tool import Catalog, NamePair, SideEffect, Tool
from .comparing import PairStatus, matched, pair_statuses, renamed_pairs
from .facets import indistinguishable
from .formats.drafts import MAX_DESCRIPTION, MAX_SUMMARY

BY_HAND = "Set by hand."
"""Reason of a side effect that a person chose."""
_EDITED = (("summary", "description"), ("side_effect", "side_effect_reason"))
"""What people edit of a tool, each a group of fields that is carried over whole or not at all."""


@dataclass(frozen=True, slots=True)
class Rebase:
    """A fresh import with the edits of an older one."""

    catalog: Catalog
    lost: tuple[str, ...]
    """Tools with an edit that could not be carried over, because the import changed or removed the same, and those
    that a set pair lost by being removed; in order."""


def reworded(catalog: Catalog, tool: str, summary: str, description: str) -> Catalog:
    """The catalog with other words for one tool; the catalog itself if they are the same.

    CatalogError if there is no such tool, or if the words are none, too long or hold characters that nobody sees.
    """
    found = catalog.tool(tool)
    said = {
        "summary": _text(found, "summary", summary, MAX_SUMMARY),
        "description": _text(found, "description", description, MAX_DESCRIPTION),
    }
    if "\n" in said["summary"]:
        raise CatalogError(
            f"The summary of '{found.original_name}' is more than one line. Put the rest in the description."
        )
    if not any(said.values()):
        raise CatalogError(
            f"Without summary and description nothing tells what '{found.original_name}' does. Give one of the two."
        )
    return _with(catalog, found, said)


def with_side_effect(catalog: Catalog, tool: str, effect: SideEffect) -> Catalog:
    """The catalog with another side effect for one tool; the catalog itself if it is the same.

    CatalogError if there is no such tool or no such side effect.
    """
    found = catalog.tool(tool)
    if effect not in get_args(SideEffect):
        raise CatalogError(f"'{effect}' is no side effect. Use one of {', '.join(get_args(SideEffect))}.")
    if effect == found.side_effect:
        return catalog
    return _with(catalog, found, {"side_effect": effect, "side_effect_reason": BY_HAND})


def without(catalog: Catalog, names: Sequence[str]) -> Catalog:
    """The catalog without these tools and their pairs; CatalogError if one is not there or none would be left."""
    out = {catalog.tool(name).name for name in names}
    if len(out) == len(catalog.tools):
        raise CatalogError(
            f"Catalog '{catalog.name}' would have no tool left. Leave fewer out, or archive the catalog."
        )
    return _rebuilt(catalog, [tool for tool in catalog.tools if tool.name not in out]) if out else catalog


def put_back(catalog: Catalog, base: Catalog, names: Sequence[str]) -> Catalog:
    """The catalog with tools of its import `base` again, as they were there, in the order of `base`.

    Tools that were never left out stay as they are. CatalogError if `base` has no such tool.
    """
    there = {tool.name: tool for tool in catalog.tools}
    back = {name: base.tool(name) for name in names}
    wanted = {tool.name: tool for tool in back.values()} | there
    ordered = [wanted[tool.name] for tool in base.tools if tool.name in wanted]
    return catalog if len(wanted) == len(there) else _rebuilt(catalog, ordered)


def paired(catalog: Catalog, a: str, b: str, status: PairStatus | None) -> Catalog:
    """The catalog with two tools pinned or banned as a pair, or neither; the catalog itself if they are so already.

    CatalogError if a tool is not there, the two are one, there is no such status, or the two shall stand beside each
    other though no question tells them apart.
    """
    one, other = sorted((catalog.tool(a).name, catalog.tool(b).name))
    if one == other:
        raise CatalogError(f"A pair is of two different tools, and both names are '{a}'. Name another one beside it.")
    if status not in (None, *get_args(PairStatus)):
        raise CatalogError(f"A pair cannot be '{status}'. It is pinned, banned or neither.")
    statuses = pair_statuses(catalog)
    if statuses.get((one, other)) == status:
        return catalog
    if status == "pinned" and indistinguishable(catalog.tool(a), catalog.tool(b)):
        raise CatalogError(
            f"No question that a user can answer tells '{a}' from '{b}', so they cannot stand beside each other. "
            "Leave one of the two out, or ban the pair."
        )
    statuses.pop((one, other), None)
    if status:
        statuses[one, other] = status
    return _paired_as(catalog, statuses)


def rebased(base: Catalog, edited: Catalog, imported: Catalog) -> Rebase:
    """`imported` with what people changed from `base` to `edited`, and the tools where that was not possible.

    Words and side effect are carried over apart: where the import itself changed the same of a tool, the import wins
    and the tool is named. A tool that was left out stays out. A pair is carried over where both its tools survive; the
    one that does not is named.
    `rebased(base, base, new)` is `new`, and `rebased(base, edited, base)` is `edited`.
    """
    same = matched(base.tools, imported.tools)
    merged, lost = _carried(base, edited, imported, same)
    lost += [name for name in _missing_of_pairs(base, edited, same) if name not in lost]
    kept = {tool.name for tool in edited.tools}
    out = {new for old, new in same.items() if old not in kept}
    if len(out) == len(imported.tools):  # nothing that people wanted is in it any more
        lost, out = [*lost, *sorted(out)], set()
    tools = [merged.get(tool.name, tool) for tool in imported.tools if tool.name not in out]
    catalog = _rebuilt(imported, tools) if merged or out else imported
    return Rebase(_paired_as(catalog, _merged_pairs(base, edited, imported, same)), tuple(lost))


def _carried(
    base: Catalog, edited: Catalog, imported: Catalog, same: Mapping[str, str]
) -> tuple[dict[str, Tool], list[str]]:
    """The tools of the import that an edit changes, by name, and the names of those that lose one."""
    old, fresh = {tool.name: tool for tool in base.tools}, {tool.name: tool for tool in imported.tools}
    merged: dict[str, Tool] = {}
    lost: list[str] = []
    for mine in edited.tools:
        if mine.name not in old or mine == old[mine.name]:
            continue
        if mine.name not in same:
            lost.append(mine.name)
            continue
        new = fresh[same[mine.name]]
        tool, whole = _merged(old[mine.name], mine, new)
        if tool != new:
            merged[new.name] = tool
        if not whole:
            lost.append(new.name)
    return merged, lost


def _merged(old: Tool, mine: Tool, new: Tool) -> tuple[Tool, bool]:
    """The imported tool with the edits that it leaves room for, and whether those are all."""
    changes: dict[str, Any] = {}
    whole = True
    for fields in _EDITED:
        ours, theirs = ([getattr(tool, field) for field in fields] for tool in (mine, new))
        before = [getattr(old, field) for field in fields]
        if ours == before:
            continue
        if _same_but_for_reason(fields, theirs, before):
            changes |= dict(zip(fields, ours, strict=True))
        elif not _same_but_for_reason(fields, theirs, ours):
            whole = False
    return (Tool(**{**_fields(new), **changes}) if changes else new), whole


def _same_but_for_reason(fields: Sequence[str], one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether the values are the same; the reason of a side effect counts for nothing."""
    return all(a == b for field, a, b in zip(fields, one, other, strict=True) if field != "side_effect_reason")


def _missing_of_pairs(base: Catalog, edited: Catalog, same: Mapping[str, str]) -> list[str]:
    """Tools that the import removed from under a pair that people set, in the order of the names."""
    before = pair_statuses(base)
    mine = [pair for pair, status in pair_statuses(edited).items() if before.get(pair) != status]
    return sorted({name for pair in mine for name in pair if name not in same})


def _merged_pairs(
    base: Catalog, edited: Catalog, imported: Catalog, same: Mapping[str, str]
) -> dict[NamePair, PairStatus]:
    """Each pair as the import has it, or as people set it where the import leaves it as it was."""
    before, mine = (renamed_pairs(pair_statuses(catalog), same) for catalog in (base, edited))
    new = pair_statuses(imported)
    result: dict[NamePair, PairStatus] = {}
    for pair in before.keys() | mine.keys() | new.keys():
        is_edit = mine.get(pair) != before.get(pair) and new.get(pair) == before.get(pair)
        status = (mine if is_edit else new).get(pair)
        if status is not None:
            result[pair] = status
    return result


def _text(tool: Tool, field: str, text: str, most: int) -> str:
    """The text trimmed; the tool's own text, whatever it holds, if it is left as it is."""
    trimmed = text.strip()
    if trimmed == getattr(tool, field).strip():
        return getattr(tool, field)
    if len(trimmed) > most:
        raise CatalogError(
            f"The {field} of '{tool.original_name}' has {len(trimmed):,} characters; at most {most:,} fit."
        )
    if any(unicodedata.category(char) in ("Cc", "Cs") and char not in "\n\t" for char in trimmed):
        raise CatalogError(f"The {field} of '{tool.original_name}' holds control characters. Type it anew.")
    return trimmed


def _with(catalog: Catalog, tool: Tool, changes: Mapping[str, Any]) -> Catalog:
    changed = Tool(**{**_fields(tool), **changes})
    if changed == tool:
        return catalog
    return _rebuilt(catalog, [changed if each.name == tool.name else each for each in catalog.tools])


def _rebuilt(catalog: Catalog, tools: Iterable[Tool]) -> Catalog:
    """The catalog with these tools and those of its pairs whose tools are both among them."""
    kept = tuple(tools)
    names = {tool.name for tool in kept}
    pinned, banned = (
        tuple(pair for pair in pairs if names.issuperset(pair)) for pairs in (catalog.pinned, catalog.banned)
    )
    return Catalog(name=catalog.name, tools=kept, skipped=catalog.skipped, pinned=pinned, banned=banned)


def _paired_as(catalog: Catalog, statuses: Mapping[NamePair, PairStatus]) -> Catalog:
    """The catalog with exactly these pairs, as far as it has their tools."""
    names = {tool.name for tool in catalog.tools}
    pinned, banned = (
        tuple(sorted(pair for pair, kept in statuses.items() if kept == status and names.issuperset(pair)))
        for status in get_args(PairStatus)
    )
    if (pinned, banned) == (catalog.pinned, catalog.banned):
        return catalog
    return Catalog(name=catalog.name, tools=catalog.tools, skipped=catalog.skipped, pinned=pinned, banned=banned)


def _fields(tool: Tool) -> dict[str, Any]:
    return {field: getattr(tool, field) for field in Tool.model_fields}

"""Where a thing lies, as people say it of their own accord: "under chat or video", "inside a message"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..catalog.facets import facets
from ..catalog.places import inside
from ..catalog.profiles import profile
from ..catalog.words import by_identity
from ..records.tool import Tool


def spots(tools: Sequence[Tool]) -> dict[str, str]:
    """Place → how it is said among these tools; of every place that one of their things lies in."""
    known = frozenset(place for tool in tools for place in profile(tool).within or ())
    return {place: inside((place,), known) for place in sorted(known)}


def fitting(words: str, tools: Sequence[Tool]) -> set[str]:
    """Names of the tools that fit where the words say the thing is; all of them where the words say nothing of it."""
    names = {tool.name for tool in tools}
    low = words.casefold()
    for said, fits in _held(tools):
        if said.search(low):
            names = names & fits or names
    between, areas = _areas(tools)
    found = between.search(low) if between else None
    if found:
        either = {found["one"], found["other"]}
        names = {name for name in names if areas.get(name, found["one"]) in either} or names
    return names


def without_places(words: str, tools: Sequence[Tool]) -> str:
    """The words without where the thing is, so that "inside the list" is not taken for listing."""
    for said, _ in _held(tools):
        words = said.sub(" ", words)
    between, _ = _areas(tools)
    return between.sub(" ", words) if between else words


@by_identity(2048)
def _held(tools: Sequence[Tool]) -> list[tuple[re.Pattern[str], frozenset[str]]]:
    """How each place is said, longer ones first, and which tools may lie in it: those whose address hides it do too."""
    chains = {tool.name: profile(tool).within for tool in tools}
    said = sorted(spots(tools).items(), key=lambda item: (-len(item[1]), item))
    return [
        (
            re.compile(rf"\b{re.escape(words)}\b", re.IGNORECASE),
            frozenset(name for name, chain in chains.items() if chain is None or place in chain),
        )
        for place, words in said
    ]


@by_identity(2048)
def _areas(tools: Sequence[Tool]) -> tuple[re.Pattern[str] | None, dict[str, str]]:
    """What finds two of the tools' areas with "or" between them, and each tool's area in lower case."""
    answers = next((facet.answers for facet in facets(tools) if facet.key == "group"), {})
    areas = {name: area.casefold() for name, area in answers.items()}
    one_of = "|".join(re.escape(area) for area in sorted(set(areas.values()), key=lambda area: (-len(area), area)))
    between = rf"\b(?P<one>{one_of}) or (?P<other>{one_of})\b"
    return (re.compile(between, re.IGNORECASE) if areas else None), areas

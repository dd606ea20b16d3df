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
    for said, fits in _held(tuple(tools)):
        if said.search(low):
            names = names & fits or names
    between, areas = _areas(tuple(tools))
    found = between.search(low) if between else None
    if found:
        either = {found["one"], found["other"]}
        names = {name for name in names if areas.get(name, found["one"]) in either} or names
    return names


@by_identity(2048)
def _held(tools: Sequence[Tool]) -> list[tuple[re.Pattern[str], frozenset[str]]]:
    """How each place is said that only some of the tools lie in, and which may: those whose address hides it do too."""
    chains = {tool.name: profile(tool).within for tool in tools}
    found = []
    for place, said in spots(tools).items():
        fits = frozenset(name for name, chain in chains.items() if chain is None or place in chain)
        if len(fits) < len(tools):
            found.append((re.compile(rf"\b{re.escape(said.casefold())}\b"), fits))
    return found


@by_identity(2048)
def _areas(tools: Sequence[Tool]) -> tuple[re.Pattern[str] | None, dict[str, str]]:
    """What finds two of the tools' areas with "or" between them, and each tool's area; all in lower case."""
    answers = next((facet.answers for facet in facets(tools) if facet.key == "group"), {})
    areas = {name: area.casefold() for name, area in answers.items()}
    one_of = "|".join(re.escape(area) for area in sorted(set(areas.values()), key=lambda area: (-len(area), area)))
    return (re.compile(rf"\b(?P<one>{one_of}) or (?P<other>{one_of})\b") if areas else None), areas

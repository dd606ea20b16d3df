"""Cleaned, unique tool names."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from ..records.base import content_id
from ..records.tool import Tool

MAX_NAME = 64
"""Characters that model providers allow in a tool name."""


def clean_name(original: str) -> str:
    """The name with everything but letters, digits, `_` and `-` replaced, at most 64 characters, never empty.

    A name that loses letters by it keeps a short hash, so that two different names seldom become one.
    """
    plain = unicodedata.normalize("NFKD", original).encode("ascii", "ignore").decode()
    cleaned = re.sub(r"[^A-Za-z0-9-]+", "_", plain).strip("_-")
    lost = sum(character.isalnum() for character in original) > sum(character.isalnum() for character in plain)
    if not cleaned or lost:
        cleaned = f"{cleaned}_{content_id(original, length=6)}" if cleaned else f"tool_{content_id(original, length=6)}"
    return _fit(cleaned, original)


def words_of(identifier: str) -> list[str]:
    """The lower-case words of an identifier: split at case changes, digits' ends and separators."""
    spaced = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3 \2\4", identifier)
    return [word.lower() for word in re.split(r"[^A-Za-z0-9]+", spaced) if word]


def name_from_path(method: str, path: str) -> str:
    """A readable name for an operation without one: `GET /leads/{id}/notes` → `get_leads_notes_by_id`."""
    steps = [step for step in path.split("/") if step]
    fixed = ["_".join(words_of(step)) for step in steps if "{" not in step]
    keys = ["_".join(words_of(step)) for step in steps if "{" in step]
    tail = ["by", "_and_".join(keys)] if keys else []
    return "_".join([method.lower(), *fixed, *tail])


def unique_names(tools: Sequence[Tool]) -> tuple[Tool, ...]:
    """The same tools in the same order, each name once, small and capital letters taken as the same.

    Tools that share a name all get their document's name as a tail; within one document the later ones get a number.
    Documents are gone through by name, so that the result does not depend on which came first.
    """
    sources = _short_sources(tools)
    shared = _repeated(tool.name.lower() for tool in tools)
    named = [
        _renamed(tool, f"{tool.name}__{sources[tool.source]}")
        if tool.name.lower() in shared and sources.get(tool.source)
        else tool
        for tool in tools
    ]
    taken = Counter(tool.name.lower() for tool in named)
    used: set[str] = set()
    numbers: dict[str, int] = {}
    """Name → the next number to try for it, so that many of one name do not each count from the start."""
    out = list(named)
    for place in sorted(range(len(named)), key=lambda each: named[each].source):
        tool = named[place]
        name, number = tool.name, numbers.get(tool.name.lower(), 2)
        while name.lower() in used or (name != tool.name and name.lower() in taken):
            name, number = _fit(f"{tool.name}_{number}", tool.name + str(number)), number + 1
        numbers[tool.name.lower()] = number
        used.add(name.lower())
        out[place] = _renamed(tool, name)
    return tuple(out)


def _repeated(names: Iterable[str]) -> set[str]:
    counts = Counter(name for name in names)
    return {name for name, count in counts.items() if count > 1}


def _short_sources(tools: Sequence[Tool]) -> dict[str, str]:
    """Source → a short word for it, without what all sources begin with; nothing when there is only one source."""
    stems = {source: "_".join(words_of(PurePosixPath(source).stem)) for source in {tool.source for tool in tools}}
    if len(stems) < 2:
        return {}
    start = _common_start(sorted(stems.values()))
    short = {source: stem[len(start) :] or stem for source, stem in stems.items()}
    alike = _repeated(short.values())
    return {
        source: f"{word}_{content_id(source, length=4)}" if word in alike else word for source, word in short.items()
    }


def _common_start(words: list[str]) -> str:
    """What all of the sorted words begin with, up to and with an underscore."""
    first, last = words[0], words[-1]
    length = next((i for i, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return first[: first.rfind("_", 0, length) + 1]


def _renamed(tool: Tool, name: str) -> Tool:
    name = _fit(name, name)
    return tool if name == tool.name else Tool.model_validate({**dict(tool), "name": name})


def _fit(name: str, original: str) -> str:
    """The name in at most 64 characters; a longer one is cut and told apart by a hash of the original."""
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 7]}_{content_id(original, length=6)}"

"""The search box of a catalog: which tools hold every word that a person types."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..records.tool import SideEffect, Tool

MAX_WORDS = 24
"""Words of a query that are looked for; the rest of a pasted paragraph would only cost time."""


class ToolSearch:
    """The searchable words of some tools, folded once; a query then reads each text at most once a word."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._names = [_name(tool) for tool in tools]
        self._texts = [_text(name, tool) for name, tool in zip(self._names, tools, strict=True)]
        self._effects = np.array([tool.side_effect for tool in tools], dtype=object)
        self._groups = np.array([tool.group for tool in tools], dtype=object)

    def find(self, text: str, side_effect: SideEffect | None = None, group: str | None = None) -> NDArray[np.intp]:
        """Places of the tools that hold every word of `text`; those that hold all in the name first.

        Within both, the document's order. A word counts wherever its letters stand, in any case, so that results come
        while one types. The name, what the tool says of itself, its group, its address and its parameters are searched.
        """
        places = self._filtered(side_effect, group)
        words = _words(text)
        found = _holding(self._texts, words, places)
        named = _holding(self._names, words, found)
        rest = np.setdiff1d(found, named, assume_unique=True)
        return np.concatenate([named, rest])

    def _filtered(self, side_effect: SideEffect | None, group: str | None) -> NDArray[np.intp]:
        kept = np.ones(len(self._texts), dtype=bool)
        if side_effect is not None:
            kept &= self._effects == side_effect
        if group is not None:
            kept &= self._groups == group
        return np.flatnonzero(kept)


def _holding(texts: list[str], words: list[str], places: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those of `places` whose text holds every word, in order."""
    left = places.tolist()
    for word in words:
        left = [place for place in left if word in texts[place]]
    return np.array(left, dtype=np.intp)


def _words(text: str) -> list[str]:
    """The different words of a query, long ones first since they leave the fewest tools to read."""
    words = sorted(set(text.casefold().split()), key=lambda word: (-len(word), word))[:MAX_WORDS]
    return [word for place, word in enumerate(words) if not any(word in longer for longer in words[:place])]


def _name(tool: Tool) -> str:
    return f"{tool.original_name} {tool.name}".casefold()


def _text(name: str, tool: Tool) -> str:
    return f"{name} {' '.join((tool.text, tool.group, tool.path, *tool.properties))}".casefold()

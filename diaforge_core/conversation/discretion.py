"""What a user must not say: the goal tool's name, a quotation of its description, or a value before its stage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from ..catalog.words import folded, identifier_words
from ..records.scenario import Scenario
from ..records.tool import Tool
from .stated_values import stated_top

QUOTED_WORDS = 6
"""Consecutive words of a description from which on a turn quotes it (METHOD.md §2, check 5)."""
_TELLING = 4
"""Characters from which on a value in free text is no accident."""
_WORD = re.compile(r"[^\W\d_]+|\d+")


class Discretion:
    """Judges the words of one scenario's user before they are said."""

    def __init__(self, scenario: Scenario, goal: Tool, parts: dict[str, Any]) -> None:
        self.scenario = scenario
        self.goal = goal
        self._parts = parts

    def leaks(self, text: str, *, opening: bool = False) -> bool:
        """Whether the words hold the goal's name or quote its description (METHOD.md §2, check 5)."""
        words = _WORD.findall(text.casefold())
        return any(_holds_name(words, name, opening) for name in names_of(self.goal)) or self._quotes(words)

    def too_early(self, text: str, number: int) -> bool:
        """Whether the words of user turn `number` hold a value whose stage has not come, even by accident."""
        low = text.casefold()
        due = " ".join(said for said, stage in self._telling if stage <= number)
        return any(
            re.search(rf"(?<![\w.@-]){re.escape(said)}(?![\w@-])", low)
            for said, stage in self._telling
            if stage > number and said in low and said not in due
        )

    @cached_property
    def _telling(self) -> list[tuple[str, int]]:
        """Each value that free text could give away, in lower case, with its stage."""
        return [
            (said, self.scenario.stage_of(stated_top(self.goal, path)))
            for path, value in self._parts.items()
            if (said := _as_said(value))
        ]

    @cached_property
    def _runs(self) -> frozenset[tuple[str, ...]]:
        return frozenset(_runs(_WORD.findall(self.goal.text.casefold())))

    def _quotes(self, words: Sequence[str]) -> bool:
        return any(run in self._runs for run in _runs(words))


def _as_said(value: Any) -> str:
    said = str(value).casefold()
    telling = isinstance(value, str | int | float) and not isinstance(value, bool) and len(said) >= _TELLING
    return said if telling else ""


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[start : start + QUOTED_WORDS]) for start in range(len(words) - QUOTED_WORDS + 1))


def names_of(tool: Tool) -> set[str]:
    """What the tool is called: its cleaned and its original name, and the last part of that."""
    return {tool.name, tool.original_name, re.split(r"[./:]", tool.original_name)[-1]} - {""}


def says_name(text: str, tool: Tool) -> bool:
    """Whether the text is the tool's name, however it is spelled."""
    return folded(text) in {folded(name) for name in names_of(tool)}


def _holds_name(words: Sequence[str], name: str, opening: bool) -> bool:
    parts = re.findall(r"[^\W_]+", " ".join(identifier_words(name)))
    if len(parts) <= 2 and not opening:
        return False
    wanted = folded(name)
    for start in range(len(words)):
        run = ""
        for word in words[start:]:
            run += word
            if run == wanted:
                return True
            if len(run) >= len(wanted):
                break
    return False

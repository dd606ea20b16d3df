"""What is different between two tools, put so that the eye finds it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Literal

from diaforge_core.records.tool import Tool

from .catalog_schema import type_words
from .wording import plain

MOST_WORDS = 400
"""Words of each text that are compared."""
Where = Literal["both", "other type", "other need", "only first", "only second"]
WHERE_WORDS: dict[Where, str] = {
    "both": "in both",
    "other type": "other type",
    "other need": "needed in one",
    "only first": "only left",
    "only second": "only right",
}


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One parameter of either tool."""

    name: str
    where: Where
    first: str
    """Type in the first tool, with a star where it is required; empty if it has none of this name."""
    second: str


def marked_words(text: str, other: str) -> str:
    """`text` as escaped Markdown, the words that `other` does not have at that place highlighted."""
    mine, theirs = re.findall(r"\S+", text)[:MOST_WORDS], re.findall(r"\S+", other)[:MOST_WORDS]
    if not mine:
        return ":gray[no text]"
    pieces = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        words = plain(" ".join(mine[start:end]))
        if words:
            pieces.append(words if kind == "equal" else f":yellow-background[{words}]")
    return " ".join(pieces)


def field_differences(a: Tool, b: Tool) -> list[FieldDifference]:
    """Every parameter of the two: those of one alone first, then those that differ, then those in both alike."""
    found = [_difference(a, b, name) for name in dict.fromkeys([*a.properties, *b.properties])]
    order: list[Where] = ["only first", "only second", "other type", "other need", "both"]
    return sorted(found, key=lambda field: order.index(field.where))


def _difference(a: Tool, b: Tool, name: str) -> FieldDifference:
    first, second = _field(a, name), _field(b, name)
    if not second:
        where: Where = "only first"
    elif not first:
        where = "only second"
    elif first.rstrip("*") != second.rstrip("*"):
        where = "other type"
    else:
        where = "both" if first == second else "other need"
    return FieldDifference(name, where, first, second)


def _field(tool: Tool, name: str) -> str:
    if name not in tool.properties:
        return ""
    schema = tool.properties[name]
    return type_words(schema if isinstance(schema, dict) else {}) + ("*" if name in tool.required else "")

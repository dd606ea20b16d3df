"""What a person may call each value of a tool, and where such names stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..catalog.leaves import Leaf, leaves
from ..catalog.words import by_identity, identifier_words
from ..records.tool import Tool


def _label_variants(leaf: Leaf) -> Iterator[str]:
    label = leaf.label.casefold()
    yield label
    for word, others in (
        ("email", ("e-mail", "email address", "e-mail address", "mail address")),
        ("phone", ("phone number", "telephone number", "telephone")),
        ("id", ("identifier", "number")),
    ):
        words = label.split()
        if words[-1] == word:
            yield from (" ".join([*words[:-1], other]) for other in others)
    raw = leaf.keys[-1].casefold()
    if len(raw) > 3:
        yield raw
        yield " ".join(identifier_words(leaf.keys[-1]))


@by_identity(8192)
def _label_table(tools: Sequence[Tool]) -> dict[str, Leaf]:
    (tool,) = tools
    found = leaves(tool)
    table = {leaf.label.casefold(): leaf for leaf in found}
    for leaf in found:
        for variant in _label_variants(leaf):
            if variant:
                table.setdefault(variant, leaf)
    return table


def label_table(tool: Tool) -> dict[str, Leaf]:
    """Every way to name a value of the tool, lower case → the value; the labels themselves come first."""
    return _label_table((tool,))


@by_identity(8192)
def _label_pattern(tools: Sequence[Tool]) -> re.Pattern[str]:
    ways = sorted(label_table(tools[0]), key=lambda way: (-len(way), way))
    inside = "|".join(re.escape(way).replace(r"\ ", r"\s+") for way in ways) or r"(?!)"
    return re.compile(rf"(?<![\w@/])(?:{inside})(?!\w)", re.IGNORECASE)


def label_pattern(tool: Tool) -> re.Pattern[str]:
    """Matches any name of any value of the tool, the longest first."""
    return _label_pattern((tool,))


def leaf_named(tool: Tool, words: str) -> Leaf:
    """The value that a match of `label_pattern` names."""
    return label_table(tool)[re.sub(r"\s+", " ", words.casefold())]


def labels_in(text: str, tools: Sequence[Tool]) -> Iterator[tuple[str, int]]:
    """The top-level name of each value that a text calls by its name, and how many words that name has."""
    for tool in tools:
        for found in label_pattern(tool).finditer(text):
            yield leaf_named(tool, found[0]).keys[0], len(found[0].split())

"""What the tools of a group have in common, in a few words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from diaforge_core.records.tool import Tool

from .wording import visible

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_EMPTY = frozenset(
    {"a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "api", "id", "v"}
)
MOST_WORDS = 3


def common_words(tools: Sequence[Tool], everywhere: frozenset[str] = frozenset()) -> str:
    """The up to three words that most of the names share, in the names' order; those of `everywhere` say nothing.

    The first name itself, in words, where they share none.
    """
    names = [name_words(tool) for tool in tools]
    shared = Counter(word for words in names for word in set(words) if word not in everywhere)
    least = max(2, 0.6 * len(tools))
    kept = sorted((word for word, n in shared.items() if n >= least), key=lambda word: (-shared[word], word))
    kept = kept[:MOST_WORDS] if kept else [word for word in names[0] if word not in everywhere][:MOST_WORDS]
    order = next((words for words in names if all(word in words for word in kept)), names[0])
    return " ".join(sorted(kept, key=lambda word: order.index(word) if word in order else 99))


def name_words(tool: Tool) -> list[str]:
    """The words of a tool's name in lower case, in order, each once, without numbers and joining words."""
    found = (word.lower() for word in _WORD.findall(visible(tool.original_name)))
    return [word for word in dict.fromkeys(found) if word not in _EMPTY]


def words_of_part(tool: Tool) -> list[str]:
    """The words of a one-word part that the tool's name repeats, as in `HR.ListEmployees` of HR."""
    part = tool.group.lower()
    return [part] if part in name_words(tool) else []


def said_everywhere(tools: Sequence[Tool], share: float = 0.3) -> frozenset[str]:
    """Words that this share of all names hold, so that they tell no group from another."""
    counts = Counter(word for tool in tools for word in name_words(tool))
    return frozenset(word for word, n in counts.items() if n > max(3, share * len(tools)))

"""Words and values compared as the verifiers compare them: folded, run by run, leaf by leaf."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from ...records.tool import Tool

TELLING_LENGTH = 4
"""Characters from which on a value is recognised in free text; a shorter one occurs by chance."""


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """The text with width, case and runs of white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@lru_cache(maxsize=8192)
def name_words(text: str, *, split_case: bool = True) -> tuple[str, ...]:
    """The lower-case words of a name or a sentence; `createLead_v2` is create, lead, v, 2."""
    if split_case:
        text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return tuple(re.findall(r"[^\W\d_]+|\d+", unicodedata.normalize("NFKC", text).casefold()))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and value of everything in nested objects that is no object; a list is one value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def same_value(a: Any, b: Any) -> bool:
    """Whether two values are one, numbers by value and text by folded words."""
    if isinstance(a, str) and isinstance(b, str):
        return fold(a) == fold(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b or str(a).lower() == str(b).lower()
    return a == b or str(a) == str(b)


def is_telling(value: Any) -> bool:
    """Whether finding the value in free text is no accident."""
    return not isinstance(value, bool) and isinstance(value, str | int | float) and len(str(value)) >= TELLING_LENGTH


def contains(words: str, value: Any) -> bool:
    """Whether the words hold the value as a whole word or run of words."""
    if fold(str(value)) not in fold(words):
        return False
    return re.search(rf"(?<![\w.@-]){re.escape(fold(str(value)))}(?![\w@-])", fold(words)) is not None


def spoken(value: Any, words: str) -> bool:
    """Whether a person who says `words` gives the value: as it is, in plain words, or each part of a list."""
    if isinstance(value, list):
        return all(spoken(part, words) for part in value)
    if isinstance(value, dict):
        return all(spoken(part, words) for _, part in leaves(value))
    if isinstance(value, bool) or value is None:
        return False  # a yes needs its question: only a reading of both can ground it
    if isinstance(value, int | float):
        text = fold(words).replace(",", "")
        return contains(text, value) or contains(text, f"{value:g}") or contains(text, f"{value:.2f}")
    return contains(words, value) or run_in(name_words(value), name_words(words, split_case=False))


def run_in(run: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the words of `run` stand consecutively in `words`."""
    size, wanted = len(run), tuple(run)
    if not size or wanted[0] not in words:
        return False
    starts = (at for at, word in enumerate(words) if word == wanted[0])
    return any(tuple(words[at : at + size]) == wanted for at in starts)


def is_fixed(tool: Tool | None, path: str) -> bool:
    """Whether the schema leaves no choice at this path, so that nobody needs to say it."""
    schema: Any = tool.parameters if tool else {}
    for key in path.split("."):
        schema = schema.get("properties", {}).get(key, {}) if isinstance(schema, dict) else {}
    return isinstance(schema, dict) and ("const" in schema or len(schema.get("enum", ())) == 1)


def top_of(tool: Tool, path: str) -> str:
    """The parameter that a dotted path is part of; a parameter's own name may hold dots."""
    owners = [name for name in tool.properties if path == name or path.startswith(f"{name}.")]
    return max(owners, key=len, default=path.split(".")[0])

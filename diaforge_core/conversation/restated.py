"""Which of a user's own values an assistant says over wrongly, though it does not call them by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..catalog.leaves import Leaf
from .spoken_values import heard, same

_TOKEN = re.compile(r"(?<![\w@.-])(?=[\w@.+-]*\d)[\w@][\w@.:/+-]*\w|(?<![\w@.-])\d(?![\w@])")
"""A word with a digit in it: a number, a day, a time, a key."""
_NUMBERED = re.compile(r"^\s*\(?\d{1,2}[.):]\s", re.MULTILINE)


def misstated(reply: str, values: Mapping[str, Any], leaves: Mapping[str, Leaf]) -> list[str]:
    """Paths of the values that stand in no place of the reply where something else of their form does.

    Each word of the reply can stand for one value only, so that a key said twice is missed where another one of its
    form should be.
    """
    text = _NUMBERED.sub(lambda found: " " * len(found[0]), reply)
    tokens = [(found.start(), found[0]) for found in _TOKEN.finditer(text)]
    left = [path for path in values if not _stands(text, tokens, values[path], leaves[path].schema)]
    return [
        path for path in left if any(_is_of_its_form(token, values[path], leaves[path].schema) for _, token in tokens)
    ]


def _stands(text: str, tokens: list[tuple[int, str]], value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether the value stands in the text; the word that it takes up is taken off the list."""
    for place, (start, _) in enumerate(tokens):
        said = heard(dict(schema), text[start:])
        if said and same(said[0], value):
            del tokens[place]
            return True
    return any(_as_words(value)) and any(words in text.casefold() for words in _as_words(value))


def _as_words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.replace("_", " ").casefold()
        yield value.casefold()


def _is_of_its_form(token: str, value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a word could be the value: letters where it has letters, digits where it has digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    if isinstance(value, str):
        return _form(token) == _form(value)
    said = heard(dict(schema), token)
    return said is not None and said[1] == len(token) and isinstance(said[0], int | float)


def _form(word: str) -> str:
    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "a", word.casefold()))

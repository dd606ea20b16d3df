"""What a document says in words or by examples that a value may be, where its schema does not say it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .naming import words_of

_CUE = re.compile(
    r"\b(?:can be|may be|must be|one of|either|possible [a-z ]{0,24}(?:values|types|options)|valid [a-z ]{0,24}values"
    r"|allowed values|supported values|accepted values|options|whether to [a-z ]{1,60})\b[^`\n]{0,40}(?=`)",
    re.IGNORECASE,
)
"""Words after which a description lists values between back quotes."""
_QUOTED = re.compile(r"`([A-Za-z][\w.:-]{1,39})`")
_LISTED = re.compile(r"(?:[:–—]|\bone of) ((?:[A-Za-z][\w-]{2,20}, ){1,6}(?:and|or) [A-Za-z][\w-]{2,20})\.?\s*$")
_RANGE = re.compile(r"\bbetween `?(\d{1,9})`? and `?(\d{1,9})`?")
_LENGTH = re.compile(r"\b(?:up to|at most|maximum of|no more than|maximum length of) {1,2}(\d{1,4}) characters")
_NOT_VALUES = frozenset(("null", "true", "false", "none", "and", "or"))
_PLACEHOLDERS = frozenset(
    (
        *("string", "example", "sample", "test", "name", "value", "text", "type", "foo", "bar", "id", "sid", "key"),
        *("identity", "client", "hello", "body", "friendlyname", "uniquename", "description", "yourvalue", "todo"),
    )
)
_CODE = re.compile(
    r"[a-z]+(?:[A-Z][a-z]+)+|[a-z]+(?:[._:-][a-z0-9]+)+|[a-z]{3,16}|[A-Z]+(?:_[A-Z]+)*|[a-z]{2}-[A-Z]{2}"
)
"""An example of this shape is a code that the machine knows, not just any text."""


def stated_options(name: str, schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The texts that the description or the examples of a parameter give as its values, in their order; few or none."""
    examples = tuple(each for each in _flat(schema.get("examples", ())) if isinstance(each, str))
    return _options(name, str(schema.get("description", "")), examples)


@lru_cache(maxsize=65_536)
def _options(name: str, description: str, examples: tuple[str, ...]) -> tuple[str, ...]:
    quoted = _quoted(description)
    own = "".join(words_of(name))
    known = [text for text in quoted if "".join(words_of(text)) != own]
    if len(known) >= 2:
        return tuple(dict.fromkeys(known))
    listed = _LISTED.search(description)
    if listed:
        return tuple(re.split(r", (?:and |or )?| and | or ", listed[1].replace(", and ", ", ").replace(", or ", ", ")))
    return tuple(dict.fromkeys(text for text in examples if _CODE.fullmatch(text) and not _is_placeholder(text, own)))


def _quoted(description: str) -> list[str]:
    """The values between back quotes in the sentences that list some."""
    found: list[str] = []
    for cue in _CUE.finditer(description):
        sentence = re.split(r"\.\s|\n|\bdefault", description[cue.end() :], maxsplit=1)[0]
        found += [text for text in _QUOTED.findall(sentence) if text.casefold() not in _NOT_VALUES]
    return found


def _is_placeholder(text: str, own: str) -> bool:
    plain = "".join(words_of(text))
    return plain in _PLACEHOLDERS or plain in own or own in plain


def _flat(values: Any) -> list[Any]:
    """The values, those of lists among them one by one."""
    return [each for value in values for each in (value if isinstance(value, list) else [value])]


def stated_length(schema: Mapping[str, Any]) -> int:
    """Most characters of a text by its description; 0 where that says nothing of it."""
    said = _LENGTH.search(str(schema.get("description", "")))
    return int(said[1]) if said else 0


def stated_range(schema: Mapping[str, Any]) -> tuple[float, float] | None:
    """Lowest and highest number that the description gives, or that lie well round an example; None without either."""
    said = _RANGE.search(str(schema.get("description", "")))
    if said and int(said[1]) < int(said[2]):
        return int(said[1]), int(said[2])
    numbers = [
        each for each in schema.get("examples", ()) if isinstance(each, int | float) and not isinstance(each, bool)
    ]
    if not numbers or numbers[0] <= 1:
        return None
    return numbers[0] / 2.5, numbers[0] * 2.5

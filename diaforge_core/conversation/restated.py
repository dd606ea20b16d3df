"""Which of a user's own values an assistant says over wrongly, in whatever form it writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from ..catalog.leaves import Leaf
from ..catalog.words import folded, word_set
from .ear import FUNCTION_WORDS, content, plain_english
from .mentions import DAY, NUMBER, TIME, mentions
from .spoken_values import enum_said

_WORD = re.compile(r"[^\W_]+(?:['’](?!s\b)[^\W_]+)*")
_CODE = re.compile(r"(?<![\w@])[\w@+](?:[\w@.:/+-]*\w)?")
_DENIES = word_set("not no without never don't isn't won't doesn't nor unchecked off false")
_CLAUSE = re.compile(r"[,;!?|\n]|\.(?!\d)|\b(?:and|but|with)\b", re.IGNORECASE)
_NEAR = 70
"""rapidfuzz ratio from which on one text may be another one in a different form."""
_MOST_OF = 0.75
"""Share of a text's words that must be there for the text to be said over, in other words perhaps."""
_FROM_WORDS = 4
"""Words from which on a string is a text that need not be said over word for word."""


def misstated(reply: str, values: Mapping[str, Any], leaves: Mapping[str, Leaf]) -> list[str]:
    """Paths of the values that stand in no place of the reply where something else of their form does.

    Each mention in the reply stands for one value only, so that a key said twice is missed where another one of its
    form should be. What is not said over at all is no mistake.
    """
    said = _Said(reply)
    left = [path for path in values if not said.takes(values[path], leaves[path])]
    return [
        path
        for path in left
        if said.has_another(values[path], leaves[path], values.values())
        or said.fills_in_another(values[path], leaves[path])
    ]


@dataclass
class _Said:
    """What a reply mentions; what has been taken for a value is taken off."""

    reply: str

    def __post_init__(self) -> None:
        self._mentions = mentions(self.reply)
        spans = [(found.start, found.end) for found in self._mentions if found.kind != NUMBER]
        self._codes = [
            found[0]
            for found in _CODE.finditer(self.reply)
            if any(letter.isdigit() for letter in found[0])
            and not any(start <= found.start() < end for start, end in spans)
        ]
        self._words = _WORD.findall(self.reply)
        self._low = [word.casefold() for word in self._words]

    def takes(self, value: Any, leaf: Leaf) -> bool:
        """Whether the value is said, in any form."""
        if isinstance(value, bool):
            return self._affirms(leaf) in (None, value)
        if isinstance(value, int | float):
            return self._take(NUMBER, value)
        if not isinstance(value, str):
            return True
        for kind in (DAY, TIME):
            wanted = [found.value for found in mentions(value) if found.kind == kind]
            if wanted and len(value) < 30:
                return all(self._take(kind, each) for each in wanted)
        if self._take_code(value):
            return True
        return self._has_words(enum_said(value) if "enum" in leaf.schema else value, leaf)

    def has_another(self, value: Any, leaf: Leaf, own: Iterator[Any] | Any) -> bool:
        """Whether something is said that could only be meant for the value, and is not it."""
        if isinstance(value, bool):
            return True
        if isinstance(value, int | float):
            return any(found.kind == NUMBER for found in self._mentions)
        for kind in (DAY, TIME):
            if any(found.kind == kind for found in mentions(value)) and len(value) < 30:
                return any(found.kind == kind for found in self._mentions)
        if "enum" in leaf.schema:
            others = [str(option) for option in leaf.schema["enum"] if option != value]
            return any(self._has_words(enum_said(option), leaf) for option in others)
        if any(letter.isdigit() for letter in value):
            return any(_form(code) == _form(value) for code in self._codes)
        return self._has_a_near_name(value, own)

    def fills_in_another(self, value: Any, leaf: Leaf) -> bool:
        """Whether a line gives a text by its name, and it has nothing of the value: "list_name: Trade"."""
        if not isinstance(value, str) or "enum" in leaf.schema or any(each.kind != NUMBER for each in mentions(value)):
            return False
        names = "|".join(re.escape(name) for name in {leaf.label, leaf.keys[-1]})
        filled = rf"^[^\w\n]*(?:{names})[^\w\n]*?[:|=](?P<said>[^\n|]*\w[^\n|]*)"
        found = re.search(filled, self.reply, re.IGNORECASE | re.MULTILINE)
        if found is None or "?" in found["said"]:
            return False
        said, meant = ({word[0] for word in content(text)} for text in (found["said"], value))
        return (
            bool(said) and not said & meant and fuzz.partial_ratio(found["said"].casefold(), value.casefold()) < _NEAR
        )

    def _take(self, kind: str, value: object) -> bool:
        for found in self._mentions:
            if found.kind == kind and found.agrees(value):
                self._mentions.remove(found)
                return True
        return False

    def _take_code(self, value: str) -> bool:
        """Whether a text with a digit stands in the reply, whatever it is spaced and hyphenated with."""
        if not any(letter.isdigit() for letter in value):
            return False
        whole = folded(value)
        for place in range(len(self._codes)):
            if folded(self._codes[place]) == whole:
                del self._codes[place]
                self._mentions = [each for each in self._mentions if folded(each.text) not in whole]
                return True
        parts = [folded(part) for part in re.split(r"\s+", value)]
        return len(parts) > 1 and whole in folded(self.reply)

    def _has_words(self, text: str, leaf: Leaf) -> bool:
        """Whether the words of a text are said, most of them if there are many."""
        words = [word.casefold() for word in _WORD.findall(text)]
        if not words:
            return True
        if _runs(words, self._low) or folded(text) in map(folded, self._words):
            return True
        telling = [word for word in words if word not in FUNCTION_WORDS]
        if len(words) < _FROM_WORDS and "enum" not in leaf.schema:
            return False
        said = {feature for word in content(self.reply) for feature in word[:1]}
        meant = [word[0] for word in content(" ".join(telling))]
        return bool(meant) and sum(word in said for word in meant) >= _MOST_OF * len(meant)

    def _affirms(self, leaf: Leaf) -> bool | None:
        """What a clause about something that is either so or not says of it; None where none is about it."""
        about = {word[0] for word in content(f"{leaf.label} {leaf.schema.get('description', '')}")}
        for clause in _CLAUSE.split(self.reply):
            said = {word[0] for word in content(clause)}
            if len(said & about) >= min(2, len(about)) or {word[0] for word in content(leaf.label)} <= said:
                return not any(word.casefold() in _DENIES for word in _WORD.findall(clause))
        return None

    def _has_a_near_name(self, value: str, own: Any) -> bool:
        """Whether a name is said that could be a slip for this one, or shares a part with it."""
        names = [word for word in _WORD.findall(value) if word[:1].isupper()]
        taken = {word.casefold() for each in own if isinstance(each, str) for word in _WORD.findall(each)}
        others = [
            word
            for word in self._words
            if word[:1].isupper() and word.casefold() not in taken and word.casefold() not in plain_english()
        ]
        if any(0 < OSA.distance(name.casefold(), other.casefold()) <= 2 for name in names for other in others):
            return True
        return any(name.casefold() in self._low for name in names) and bool(others)


def _runs(words: Sequence[str], text: Sequence[str]) -> bool:
    """Whether the words stand in the text one after the other."""
    return any(list(text[start : start + len(words)]) == list(words) for start in range(len(text) - len(words) + 1))


def _form(word: str) -> str:
    return re.sub(r"\d", "9", re.sub(r"[^\W\d_]", "a", folded(word)))

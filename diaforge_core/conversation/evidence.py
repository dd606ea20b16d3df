"""What free words point at: each tool, and each value that the tools take, by the words that it is told in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ..catalog.leaves import leaves
from ..catalog.words import by_identity, word_set
from ..records.tool import Tool
from .ear import DIRECTIONS, SENSE, Features, content, in_full, words_of

_DIRECTION = 0.35
"""Weight of "from", "to" and the like, against 1 for other words."""
_ALIKE = 0.65
"""Weight of a near synonym, against 1 for the word itself."""
_NAME, _TOLD, _BESIDES, _TAKEN = 1.0, 0.7, 0.45, 0.4
"""Weight of a word of a tool's name, of the first line on it, of further lines, of the values it cannot do without."""
_LABEL, _FORM, _ABOUT, _CHOICE = 1.0, 0.5, 0.6, 0.8
"""Weight of a word of a value's label, of one that only says what form it has, of its description, of its choices."""
_FORMS = frozenset({"id", "number", "code", "date", "name", "type", "new", "value", "text", "reference", "time", "day"})
_MAKING = word_set(
    "create add new open register post book order schedule request start make place issue raise file launch hire enrol "
    "establish draft plan set insert apply lodge submit log record begin"
)
"""First or last words of the names of tools that make something."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
_DENIED = re.compile(r"\b(?:not|no|without|nothing|never|don't|cannot|isn't|aren't)\b[^.,;:]*", re.IGNORECASE)
Scores = tuple[float, ...]


@dataclass(frozen=True)
class Bags:
    """Things, each with the weighted words that it is told in."""

    names: tuple[str, ...]
    table: Mapping[str, Scores]
    """Feature → its weight in each."""
    _known: dict[Features, Scores] = field(default_factory=dict)

    @cached_property
    def silent(self) -> Scores:
        """The scores of what says nothing."""
        return (0.0,) * len(self.names)

    def of(self, word: Features) -> Scores:
        """How much the word points at each; a word that all share points at none."""
        found = self._known.get(word)
        if found is None:
            if len(self._known) > 4096:
                self._known.clear()
            found = self._known[word] = self._of(word)
        return found

    def _of(self, word: Features) -> Scores:
        rows = [self.table[feature] for feature in word if feature in self.table]
        if not rows:
            return self.silent
        return tuple(map(max, zip(*map(_told_apart, rows), strict=True)))

    def knows(self, word: Features) -> bool:
        """Whether any of the things is told in the word or a near synonym."""
        return any(feature in self.table for feature in word)

    def alike(self, one: str, other: str) -> float:
        """How much of what tells the first is said of the other too, 0 to 1."""
        places = self.names.index(one), self.names.index(other)
        heavy = [row for feature, row in self.table.items() if feature[0] != SENSE and row[places[0]] >= _NAME]
        return sum(min(1.0, row[places[1]]) for row in heavy) / len(heavy) if heavy else 0.0

    def score(self, words: Iterable[Features]) -> Scores:
        """The same of several words together."""
        rows = [row for word in dict.fromkeys(words) if (row := self.of(word)) is not self.silent]
        return tuple(map(sum, zip(*rows, strict=True))) if rows else self.silent


def _told_apart(row: Scores) -> Scores:
    """The weights of a feature, all the less the more things share it."""
    count, most = len(row), max(row)
    telling = 1.0 if count < 2 else (1 - sum(row) / (count * most)) * count / (count - 1)
    return tuple(weight * telling for weight in row)


def _bags(told: Mapping[str, Mapping[str, float]]) -> Bags:
    names = tuple(told)
    every = {feature for weights in told.values() for feature in weights}
    return Bags(names, {feature: tuple(told[name].get(feature, 0.0) for name in names) for feature in every})


def _take(weights: dict[str, float], text: str, weight: float, *, directions: bool = False) -> None:
    for word in content(text, directions=directions):
        for place, feature in enumerate(word):
            alike = weight * (_ALIKE if place else 1.0) * (_DIRECTION if word[0] in DIRECTIONS else 1.0)
            weights[feature] = max(weights.get(feature, 0.0), alike)


@by_identity(4096)
def _tool_bags(tools: Sequence[Tool]) -> Bags:
    return _bags({tool.name: _words_of_tool(tool) for tool in tools})


def _words_of_tool(tool: Tool) -> dict[str, float]:
    weights: dict[str, float] = {}
    for leaf in leaves(tool):
        if len(leaf.keys) == 1 and leaf.required:
            _take(weights, f"{in_full(leaf.label)} {leaf.schema.get('description', '')}", _TAKEN)
    first, *later = _SENTENCE.split(_DENIED.sub(" ", tool.text)) or [""]
    _take(weights, " ".join(later), _BESIDES)
    _take(weights, first, _TOLD)
    _take(weights, " ".join(first.split()[:1]), _NAME)
    _take(weights, in_full(tool.name), _NAME)
    _take(weights, "new" if makes(tool) else "existing", _NAME)
    for form in _FORMS & weights.keys() - {"new"}:
        weights[form] = min(weights[form], _TAKEN)
    return weights


def makes(tool: Tool) -> bool:
    """Whether a tool makes something rather than works on what is there."""
    words = in_full(tool.name).split()
    return bool(_MAKING & {*words[:1], *words[-1:]})


def tool_bags(tools: Sequence[Tool]) -> Bags:
    """The tools in their order, with the words of their names and texts."""
    return _tool_bags(tools)


@dataclass(frozen=True, slots=True)
class Taken:
    """One value that some of the tools take, by its top-level name."""

    name: str
    schema: Mapping[str, Any]
    words: frozenset[str]
    """Features of its label and of what is said of it."""
    label: frozenset[str]
    """Roots of its label's words."""
    choices: tuple[frozenset[str], ...]
    """Features of each value that it may have, if those are few."""
    required: bool
    needed_by: frozenset[str]
    """Tools that cannot do without it."""
    taken_by: frozenset[str]
    """Tools that take it."""


@by_identity(4096)
def _values(tools: Sequence[Tool]) -> tuple[tuple[Taken, ...], Bags]:
    told: dict[str, dict[str, float]] = defaultdict(dict)
    taken: dict[str, Taken] = {}
    needed: dict[str, set[str]] = defaultdict(set)
    takers: dict[str, set[str]] = defaultdict(set)
    for tool in tools:
        for leaf in leaves(tool):
            name = leaf.keys[0]
            _tell(told[name], name, leaf.label, leaf.schema)
            if len(leaf.keys) == 1:
                takers[name].add(tool.name)
                needed[name].update([tool.name] if leaf.required else [])
                taken.setdefault(name, _taken(name, leaf.label, leaf.schema, leaf.required))
    found = tuple(
        replace(taken[name], needed_by=frozenset(needed[name]), taken_by=frozenset(takers[name]))
        for name in told
        if name in taken
    )
    return found, _bags({value.name: told[value.name] for value in found})


def _tell(weights: dict[str, float], name: str, label: str, schema: Mapping[str, Any]) -> None:
    _take(weights, " ".join(_choices(schema)), _CHOICE)
    _take(weights, str(schema.get("description", "")), _ABOUT, directions=True)
    for phrase in (in_full(label), in_full(name)):
        own = " ".join(word for word in words_of(phrase) if word not in _FORMS)
        _take(weights, phrase, _FORM, directions=True)
        _take(weights, own, _LABEL, directions=True)


def _choices(schema: Mapping[str, Any]) -> list[str]:
    return [in_full(str(value)) for value in schema.get("enum", ()) if isinstance(value, str)]


def _taken(name: str, label: str, schema: Mapping[str, Any], required: bool) -> Taken:
    label = in_full(label)
    said = f"{label} {schema.get('description', '')}"
    words = frozenset(feature for word in content(said) for feature in word)
    choices = tuple(frozenset(each for word in content(text) for each in word) for text in _choices(schema))
    return Taken(
        name, schema, words, frozenset(word[0] for word in content(label)), choices, required, frozenset(), frozenset()
    )


def values_taken(tools: Sequence[Tool]) -> tuple[Taken, ...]:
    """Every value that the tools take, each name once."""
    return _values(tools)[0]


def value_bags(tools: Sequence[Tool]) -> Bags:
    """The same with the words that each is told in, in the same order."""
    return _values(tools)[1]


def spoken_words(tools: Sequence[Tool]) -> frozenset[str]:
    """The words that the tools are told in, letters only, in which a slip of the keyboard may end up."""
    return _spoken(tools)


@by_identity(4096)
def _spoken(tools: Sequence[Tool]) -> frozenset[str]:
    return frozenset(word for tool in tools for text in _texts(tool) for word in words_of(text) if len(word) > 3)


def _texts(tool: Tool) -> Iterator[str]:
    yield tool.text
    yield in_full(tool.name)
    for leaf in leaves(tool):
        yield in_full(leaf.label)
        yield str(leaf.schema.get("description", ""))
        yield from _choices(leaf.schema)

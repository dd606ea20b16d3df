"""Whether words are about a value or about a task: by the words they share, by what they ask, and by their sense."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ...catalog.embedding import embed
from ...catalog.leaves import Leaf, leaves
from ...catalog.profiles import profile
from ...catalog.words import by_identity, identifier_words, meaning
from ...records.tool import Tool
from ..spoken_values import kinds

NEAR = 0.24
"""Cosine from which on words are about a value or a task; unrelated small talk mostly stays below it."""
_ASKS = {
    "when": re.compile(r"\b(?:when|what (?:day|date|time)|from when|until when|how long|which (?:day|date))\b", re.I),
    "amount": re.compile(r"\bhow (?:much|many|often|long|high|large|big|risky|urgent)\b", re.I),
    "person": re.compile(r"\b(?:who|whom|whose)\b", re.I),
    "place": re.compile(r"\b(?:where|address|reach)\b", re.I),
    "reason": re.compile(r"\b(?:why|what for|reason|ground|how come)\b", re.I),
}
_ASKING_WORDS = frozenset(
    meaning("how when where whom whose why right now ok okay sure let tell know give get put shall may must much")
)
_SHARED = 2
"""Words of a task that a question must share to be about it; a single one may be there by chance."""
_PERSON = frozenset(meaning("name email user person employee contact owner author recipient approver manager customer"))
_PLACE = frozenset(meaning("address city location room site country street region email place destination warehouse"))
_REASON = frozenset(meaning("reason cause why description note comment details text justification ground message"))


def _content(text: str) -> frozenset[str]:
    """What a text is about, the words that only ask left out."""
    return meaning(text) - _ASKING_WORDS


def link_to_value(words: str, leaf: Leaf) -> bool:
    """Whether a question may well ask for this value."""
    said = _content(words)
    if said & _own_words(leaf.label, leaf.keys[-1], _text_of(leaf)):
        return True
    if any(pattern.search(words) and _is_asked_by(kind, leaf) for kind, pattern in _ASKS.items()):
        return True
    return nearness(words, (f"{leaf.label}. {leaf.schema.get('description', '')}",)) >= NEAR


def _text_of(leaf: Leaf) -> str:
    options = leaf.schema.get("enum", ())
    return f"{leaf.schema.get('description', '')} {json.dumps(options) if options else ''}"


@lru_cache(maxsize=16_384)
def _own_words(label: str, key: str, text: str) -> frozenset[str]:
    return meaning(f"{label} {' '.join(identifier_words(key))} {text}")


def _is_asked_by(kind: str, leaf: Leaf) -> bool:
    """Whether a question word such as "when" can ask for a value of this schema."""
    if kind == "when":
        return leaf.schema.get("format") in ("date", "date-time", "time") or bool(
            meaning(leaf.label) & meaning("date day time start end deadline duration period until")
        )
    if kind == "amount":
        return bool({"integer", "number"} & set(kinds(leaf.schema))) or "enum" in leaf.schema
    if kind == "person":
        return leaf.schema.get("format") == "email" or bool(meaning(leaf.label) & _PERSON)
    own = _PLACE if kind == "place" else _REASON
    return bool((meaning(leaf.label) | meaning(str(leaf.schema.get("description", "")))) & own)


def linked_values(words: str, tool: Tool) -> list[Leaf]:
    """The values of the tool that words may ask for."""
    return [leaf for leaf in leaves(tool) if link_to_value(words, leaf)]


def named_values(words: str, tools: Sequence[Tool]) -> bool:
    """Whether words name a value of one of the tools: by its label, or by what its description is about."""
    said = _content(words)
    described = ((leaf, str(leaf.schema.get("description", ""))) for leaf in _all(tools))
    return any(said & _named_by(leaf.label, leaf.keys[-1], text) for leaf, text in described)


def _all(tools: Sequence[Tool]) -> Iterator[Leaf]:
    for tool in tools:
        yield from leaves(tool)


@lru_cache(maxsize=16_384)
def _named_by(label: str, key: str, description: str) -> frozenset[str]:
    return meaning(f"{label} {' '.join(identifier_words(key))} {description}")


@by_identity(4096)
def _task_words(tools: Sequence[Tool]) -> frozenset[str]:
    said = (f"{tool.text} {profile(tool).task} {' '.join(identifier_words(tool.name))} {tool.group}" for tool in tools)
    return frozenset().union(*map(meaning, said))


def link_to_tasks(words: str, tools: Sequence[Tool]) -> bool:
    """Whether words are about what one of these tools does."""
    if len(_content(words) & _task_words(tools)) >= _SHARED:
        return True
    return nearness(words, tuple(tool.text or tool.name for tool in tools)) >= NEAR


def nearness(words: str, texts: tuple[str, ...]) -> float:
    """Greatest cosine between the sense of the words and of one of the texts."""
    vector = embed([words])[0]
    return float(np.max(_vectors(texts) @ vector)) if texts else 0.0


@lru_cache(maxsize=4096)
def _vectors(texts: tuple[str, ...]) -> NDArray[np.float32]:
    return embed(texts)

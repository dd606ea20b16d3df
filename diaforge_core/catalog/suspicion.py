"""Text in a tool that is meant for a model's eyes and not for a reader's: found, quoted safely, with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from ..records.tool import Tool
from .hidden_text import hidden, lookalikes, plain, visible
from .instruction_text import instructions

Kind = Literal["instruction", "invisible", "mixed script", "link"]
EXCERPT = 160
"""Characters that are quoted of a suspicious text, before what is unseen in them is written out."""
AROUND = 40
"""Characters quoted before and after what was found."""
MAX_PLACES = 20
"""Suspicions that one tool is reported with."""
_LINKS = (
    (
        "![",
        re.compile(r"!\[[^\]\n]{0,200}\]\s?[(\[]"),
        "A page that shows it as Markdown would fetch an image from elsewhere.",
    ),
    (
        "<",
        re.compile(
            r"<(?:script|iframe|img|object|embed|svg|link|meta|form|base)\b[^>\n]{0,300}?\b(?:src|href|on\w+|data|action|"
            r"content)\s?=|<script>",
            re.IGNORECASE,
        ),
        "A page that shows it as HTML would run or fetch something.",
    ),
    (
        "script:",
        re.compile(r"\b(?:javascript|vbscript):(?=[^\s\"'`.,;)])", re.IGNORECASE),
        "A link that would run a script.",
    ),
    ("data:", re.compile(r"\bdata:[a-z]+/[\w.+-]+[;,]", re.IGNORECASE), "An address that holds a whole file."),
)
"""A text without which the pattern cannot match, the pattern, and what it means."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One place of a tool's text that a person should look at before a model does."""

    kind: Kind
    where: str
    """`name`, `summary`, `description`, or the parameter by its dotted path."""
    excerpt: str
    """The text round it, every unseen character written out as `<U+200B>`, so that a page can show it."""
    why: str
    """A plain sentence."""


def suspicions(tool: Tool) -> tuple[Suspicion, ...]:
    """What in the tool's text is unseen, looks like other letters, speaks to the model, or links; in the text's order.

    At most 20, one for each place and reason. Everything that a model is shown is read: names, summary, description,
    and the names, texts, choices, defaults and examples of all parameters.
    """
    found: dict[Suspicion, None] = {}
    for where, text, is_name in _texts(tool):
        for kind, excerpt, why in _found(text, is_name):
            found.setdefault(Suspicion(kind, where, excerpt, why))
            if len(found) == MAX_PLACES:
                return tuple(found)
    return tuple(found)


def _texts(tool: Tool) -> Iterator[tuple[str, str, bool]]:
    """Where, text, and whether it is a name, of everything that the tool says."""
    yield "name", tool.original_name, True
    yield "summary", tool.summary, False
    if tool.description != tool.summary:
        yield "description", tool.description, False
    yield "group", tool.group, True
    waiting: list[tuple[str, Any, bool]] = [("", tool.parameters, False)]
    while waiting:
        path, value, is_name = waiting.pop()
        if isinstance(value, str):
            yield f"parameter `{visible(path)}`" if path else "parameters", value, is_name
        elif isinstance(value, list):
            waiting += [(path, each, is_name) for each in reversed(value)]
        elif isinstance(value, dict):
            waiting += list(_inside(path, value))[::-1]


def _inside(path: str, schema: dict[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    """What stands in a mapping, with the path of each."""
    for key, value in schema.items():
        if key == "properties" and isinstance(value, dict):
            for name, each in value.items():
                inner = f"{path}.{name}" if path else name
                yield inner, name, True
                yield inner, each, False
        elif isinstance(value, (dict, list, str)) and key != "type":
            if not (key.isascii() and key.isidentifier()):  # what looks like a keyword holds no sentence
                yield path, key, True
            yield path, value, key == "enum"


@lru_cache(maxsize=50_000)
def _found(text: str, is_name: bool) -> tuple[tuple[Kind, str, str], ...]:
    """Kind, excerpt and reason of everything suspicious; kept, since documents repeat the same texts very often."""
    found: list[tuple[Kind, str, str]] = []
    if len(text) < 3 and text.isascii():
        return ()
    for each in hidden(text):
        found.append(("invisible", _excerpt(text, each.start, each.end), each.why))
    for each in lookalikes(text, is_name=is_name):
        found.append(("mixed script", _excerpt(text, each.start, each.end), each.why))
    readable = plain(text)
    for each in instructions(readable):
        found.append(("instruction", _excerpt(readable, each.start, each.end), each.why))
    lowered = text.lower()
    for cue, pattern, why in _LINKS:
        if cue in lowered and (link := pattern.search(text)):
            found.append(("link", _excerpt(text, link.start(), link.end()), why))
    return tuple(dict.fromkeys(found))


def _excerpt(text: str, start: int, end: int) -> str:
    """The text from a little before to a little after, in one line, with unseen characters written out."""
    first, last = max(start - AROUND, 0), min(max(end, start + 1) + AROUND, start + EXCERPT, len(text))
    shown = " ".join(visible(text[first:last]).split())
    return f"{'…' if first else ''}{shown}{'…' if last < len(text) else ''}"

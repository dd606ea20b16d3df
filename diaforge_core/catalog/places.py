"""Where an operation's thing lies, by its address: the things above it, and the area that its document stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..records.tool import Tool
from .nouns import noun
from .words import identifier_words, plain_words, singular, word_set

_TERSE = 2
"""Letters up to which a segment is an abbreviation, so that its placeholder tells more (`/b/{bucket}`)."""
_KEY_WORDS = word_set("id ids sid key name number uuid guid code uri")
_NO_AREA = word_set(
    "api apis openapi swagger spec json yaml yml rest service services document metadata prod alpha beta"
)
_SERVER = re.compile(r"^.*?/(?:v\d[\w.]*|alpha|beta|20\d\d-\d\d-\d\d)(?=/|$)")
"""An address up to its version tag, which names the server."""
_ENDING = re.compile(r"\.(?:json|ya?ml|csdl|edmx|xml)$", re.IGNORECASE)


def path_nouns(path: str) -> list[tuple[str, bool]]:
    """The named segments of an address template as nouns, each with whether a `{…}` follows it."""
    segments = [segment.removesuffix(".json") for segment in path.split("/") if segment]
    named: list[tuple[str, bool]] = []
    for place, segment in enumerate(segments):
        own = segment.split("(")[0].split(":")[0]
        words = identifier_words(own)
        if own.startswith("{") or "{" in own or not words:
            continue
        following = segments[place + 1] if place + 1 < len(segments) else ""
        followed = following.startswith("{") or "({" in segment or "='{" in segment or "={" in segment
        if len(own) <= _TERSE and following.startswith("{"):
            words = _keyed(following) or words
        named.append((noun(words), followed))
    return named


def _keyed(placeholder: str) -> tuple[str, ...]:
    """The thing whose key a placeholder is: `{bucketId}` → bucket."""
    words = identifier_words(placeholder.strip("{}"))
    return tuple(word for word in words if word not in _KEY_WORDS)


def hides_its_place(path: str) -> bool:
    """Whether one placeholder follows another, so that the address fits things at several places."""
    return re.search(r"\}/\{", path) is not None


def above(path: str, own: Sequence[str]) -> tuple[str, ...]:
    """The things that the address puts the operation's own thing into, the nearest first; `own` ones left out.

    Segments before a version tag name the server, not a place.
    """
    trimmed = _SERVER.sub("", path)
    nouns = [named for named, _ in path_nouns(trimmed)]
    found = [named for named in nouns[:-1] if named not in own]
    return tuple(dict.fromkeys(reversed(found)))


def area(tool: Tool, resource: str) -> str:
    """The part of the enterprise or the product by the group, without the resource's own words."""
    if not tool.group:
        return ""
    spoken = tool.group if " " in tool.group or tool.group.isupper() else plain_words(tool.group)
    mine = {singular(word) for word in resource.casefold().split()}
    kept = [word for word in spoken.split() if word.casefold() not in _NO_AREA]
    left = [word for word in kept if singular(word.casefold()) not in mine]
    return " ".join(left if left and " " not in tool.group else kept or spoken.split())


def document_area(tool: Tool) -> frozenset[str]:
    """The words of the document's file name, versions left out."""
    return frozenset(word for word in identifier_words(_ENDING.sub("", tool.source)) if word not in _NO_AREA)

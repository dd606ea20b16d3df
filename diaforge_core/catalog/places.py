"""Where an operation's thing lies, by its address: the things above it, and the area that its document stands for."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..records.tool import Tool
from .nouns import noun
from .words import ACRONYMS, countable, identifier_words, plain_words, plural, shown, singular, with_article, word_set

ALONE = {"zone": "in one zone", "region": "in one region", "global": "worldwide", "me": "for yourself"}
"""Places that are said in another way than "inside a …"."""
_PEOPLE = word_set("user member person contact employee customer worker student teacher guest guardian candidate")
_TERSE = 2
"""Letters up to which a segment is an abbreviation, so that its placeholder tells more (`/b/{bucket}`)."""
_THINGS_IN_ING = word_set(
    "meeting building setting listing string thing recording booking training finding mapping binding"
)
"""Words in -ing that name something that other things lie in; most others are headings."""
_QUALITIES = word_set("wireless")
"""Headings that are no noun."""
_KEY_WORDS = word_set("id ids sid key name number uuid guid code uri")
_NO_AREA = word_set(
    "api apis openapi swagger spec json yaml yml rest service services document metadata prod alpha beta"
)
_PRODUCT = re.compile(r"(?P<product>[A-Za-z]+?)V\d+[A-Z]")
"""A group that is a product, its version and one of its things: "ChatV1Channel"."""
_AREAS = word_set(
    "security auth voice video identity search print privacy storage recovery admin education authentication external "
    "exchange copilot communication insight people report solution setting policy identities labels teamwork usage"
)
"""Headings of an address that are said as an area: nothing is inside "the security"."""
_ENDS_AN_AREA = word_set("management governance protection authentication authorization security")
"""Last words of such headings: nothing is inside "the device management" either."""
_MERE_LETTERS = word_set("auth gb tollfree provision batch marketplace")
"""Headings that tell a person nothing."""
_SERVER = re.compile(r"^.*?/(?:v\d[\w.]*|alpha|beta|20\d\d-\d\d-\d\d)(?=/|$)")
"""An address up to its version tag, which names the server."""
_ENDING = re.compile(r"\.(?:json|ya?ml|csdl|edmx|xml)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """One named segment of an address."""

    noun: str
    """In the singular."""
    keyed: bool
    """Whether a `{…}` follows, so that it is one of several."""
    stated: str
    """As the address has it."""

    @property
    def said(self) -> str:
        """How the place is told from others: "calendar" for one of several, "the calendar" for the only one."""
        if self.keyed or self.noun in ALONE:
            return self.noun
        return self.stated if self.stated != self.noun or not countable(self.noun) else f"the {self.noun}"

    @property
    def holds(self) -> bool:
        """Whether a thing can lie in it: nothing lies in a mere heading, such as `SIP` or `messaging`."""
        last = self.noun.split()[-1].lower()
        heading = (
            last in ACRONYMS
            or last in _QUALITIES | _MERE_LETTERS
            or (last.endswith("ing") and last not in _THINGS_IN_ING)
        )
        collection = self.stated != self.noun and singular(self.stated) == self.noun
        return self.keyed or not (heading or collection)

    @property
    def lone(self) -> bool:
        """Whether it is the only one of its kind where it lies, such as `calendar` of a user."""
        return not self.keyed and self.stated == self.noun and countable(self.noun)


@lru_cache(maxsize=8_192)
def path_places(path: str) -> tuple[Place, ...]:
    """The named segments of an address template, the outermost first."""
    segments = [segment.removesuffix(".json") for segment in path.split("/") if segment]
    named: list[Place] = []
    for at, segment in enumerate(segments):
        own = segment.split("(")[0].split(":")[0].rsplit(".", 1)[-1]
        words = identifier_words(own)
        if own.startswith("{") or "{" in own or not words:
            continue
        following = segments[at + 1] if at + 1 < len(segments) else ""
        keyed = following.startswith("{") or "({" in segment or "={" in segment or "='{" in segment
        unsaid = len(own) <= _TERSE or own.lower() in _AREAS
        if unsaid and own != "me" and following.startswith("{"):
            words = _keyed(following) or words
        named.append(Place(noun(words), keyed, shown(words)))
    return tuple(named)


def path_nouns(path: str) -> list[tuple[str, bool]]:
    """The named segments of an address template as nouns, each with whether a `{…}` follows it."""
    return [(place.noun, place.keyed) for place in path_places(path)]


def _keyed(placeholder: str) -> tuple[str, ...]:
    """The thing whose key a placeholder is: `{bucketId}` → bucket."""
    words = identifier_words(placeholder.strip("{}"))
    return tuple(word for word in words if word not in _KEY_WORDS)


def hides_its_place(path: str) -> bool:
    """Whether one placeholder follows another, so that the address fits things at several places."""
    return re.search(r"\}/\{", path) is not None


def without_server(path: str) -> str:
    """The address behind its version tag; all of it where it has none."""
    return _SERVER.sub("", path)


def above(path: str, own: Collection[str]) -> tuple[str, ...]:
    """The things that the address puts the operation's own thing into, the nearest first; `own` ones left out.

    Segments before a version tag name the server, not a place.
    """
    places = [place for place in path_places(without_server(path))[:-1] if place.holds]
    return tuple(dict.fromkeys(place.said for place in reversed(places) if not _is_one_of(place.noun, own)))


def _is_one_of(noun: str, own: Collection[str]) -> bool:
    """Whether it is one of the things, or one of them of a kind: a region disk is a disk."""
    return any(thing == noun or thing.endswith(f" {noun}") for thing in own)


def inside(chain: Sequence[str], known: frozenset[str]) -> str:
    """Places from the inside out in a person's words: "inside a calendar of a group".

    Where `known` holds a place both as the only one and as one of several, each is said as what it is.
    """
    *inner, last = chain
    if last == "me":
        if not inner:
            return "for yourself"
        where, mine = "for" if inner[0] in _PEOPLE else "inside", inner[0].removeprefix("the ")
        return f"{where} one of your {_several(mine)}" if mine == inner[0] else f"{where} your own {mine}"
    extent = next((place for place in chain if place in ALONE), "")
    named = [place for place in chain if place not in ALONE]
    if not named:
        return ALONE[extent]
    listed = " of ".join(_one(place, known) for place in named)
    where = f"{'for' if named[0] in _PEOPLE else 'inside'} {listed}"
    if extent == "global":
        return where.replace("inside a ", "inside a worldwide ", 1).replace("inside an ", "inside a worldwide ", 1)
    return f"{where} {ALONE[extent]}" if extent else where


def _several(place: str) -> str:
    *before, last = place.split()
    return " ".join([*before, plural(last)])


def _one(place: str, known: frozenset[str]) -> str:
    bare = place.removeprefix("the ")
    if bare != place and bare in known:
        return f"the main {bare}"
    heads = singular(bare) in _AREAS or bare.split()[-1] in _ENDS_AN_AREA
    if heads and (bare != place or singular(place) != place):
        return f"the {bare} area"
    if bare == place and f"the {place}" in known:
        return with_article(f"particular {place}")
    return place if bare != place else with_article(place)


def area(tool: Tool, resource: str) -> str:
    """The part of the enterprise or the product by the group, without the resource's own words at its end."""
    if not tool.group:
        return ""
    if found := _PRODUCT.match(tool.group):
        return plain_words(found["product"])
    spoken = tool.group if " " in tool.group or tool.group.isupper() else plain_words(tool.group)
    mine = {singular(word) for word in re.split(r"[ -]", resource.casefold())}
    told = spoken.split()
    kept = [word for word in told if word.casefold() not in _NO_AREA or (word == told[0] == "service")] or told
    if " " in tool.group or all(singular(word.casefold()) in mine for word in kept):
        return " ".join(kept)
    while singular(kept[-1].casefold()) in mine:
        kept.pop()
    return " ".join(kept)


def document_area(tool: Tool) -> tuple[str, ...]:
    """The words of the document's file name, versions left out."""
    return tuple(word for word in identifier_words(_ENDING.sub("", tool.source)) if word not in _NO_AREA)

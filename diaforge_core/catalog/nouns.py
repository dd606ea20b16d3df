"""Noun phrases out of identifier words, as a person would say them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from .verbs import PREPOSITIONS
from .words import modifier, shown, singular, word_set

_AFTER_WHICH = {
    "on": word_set("add log sign roll"),
    "in": word_set("port log sign opt check plug built"),
    "out": word_set("log sign opt check port roll"),
    "off": word_set("sign cut"),
    "up": word_set("sign back set follow"),
}
"""Second word → first words with which it is one noun, such as add-on or port-in."""
_BEFORE_ITS_NOUN = word_set(
    "local mobile national voip daily weekly monthly yearly today yesterday archived deleted active inactive pending "
    "aws scheduled draft public private shared global regional zonal bulk realtime live local_only"
)
"""Last words of a name that say which kind of thing is meant, and stand before it in a sentence."""
_PAIRS_BEFORE = {
    ("toll", "free"): "toll-free",
    ("shared", "cost"): "shared-cost",
    ("real", "time"): "real-time",
    ("last", "month"): "last month's",
    ("this", "month"): "this month's",
    ("all", "time"): "all-time",
    ("o", "auth"): "OAuth",
    ("o", "auth2"): "OAuth",
    ("you", "tube"): "YouTube",
    ("i", "os"): "iOS",
    ("on", "premise"): "on-premises",
    ("on", "premises"): "on-premises",
    ("one", "drive"): "OneDrive",
    ("one", "note"): "OneNote",
    ("office", "365"): "Office 365",
    ("m", "365"): "Microsoft 365",
    ("microsoft", "365"): "Microsoft 365",
    ("share", "point"): "SharePoint",
}
_WITHOUT_A_HEAD: dict[tuple[str, ...], tuple[str, ...]] = {
    ("following",): ("followed", "item"),
    ("special",): ("special", "item"),
    ("delta",): ("latest", "change"),
    ("used",): ("recently", "used", "item"),
    ("shared",): ("shared", "item"),
    ("trending",): ("trending", "item"),
    ("recent",): ("recent", "item"),
    ("shared", "with", "me"): ("shared", "item"),
    ("as", "hierarchy"): ("hierarchy",),
    ("terms", "and", "conditions"): ("terms", "document"),
    ("terms", "and", "condition"): ("terms", "document"),
}
"""Names of nothing but a quality, as a thing of that quality."""
_NO_PART_OF_IT = {"OneDrive": ["for", "business"], "skype": ["for", "business"]}
"""Name of a product → what may follow it and be left out."""
_LOOSE = {"is": "status", "does": ""}
"""First word of a name that asks something → what the answer to it is called: `isPublished` → published status."""
_SAID_AS = {
    "onenote": "OneNote",
    "skype": "Skype",
    "today": "today's",
    "yesterday": "yesterday's",
    "oauth": "OAuth",
    "oauth2": "OAuth",
    "ios": "iOS",
}
_ENDS_A_PHRASE = word_set(
    ". , ; : ( ) for of in from to by with on at that which and or as if resource resources instance instances object "
    "objects is are associated belonging"
)
"""What may follow a noun phrase; after another word its last word would not be its head."""
_OPENERS = word_set("new get existing")
"""Words that a document puts before a thing to tell operations apart, though they say nothing of the thing."""


_STEM = 6
"""Letters of a word in -ing from which on the next word may only repeat it: "porting port-in"."""


def _joined(words: Sequence[str]) -> list[str]:
    """The words with those that make one word put together: add-on, toll-free, app-to-person."""
    kept: list[str] = []
    rest = list(words)
    while rest:
        pair = (rest[0], rest[1]) if len(rest) > 1 else ("", "")
        if pair in _PAIRS_BEFORE:
            kept.append(_PAIRS_BEFORE[pair])
            rest = rest[2:]
        elif kept and rest[:2] == _NO_PART_OF_IT.get(kept[-1]) and len(rest) > 2:
            rest = rest[2:]
        elif pair[0] in _AFTER_WHICH.get(pair[1].removesuffix("s"), ()):
            kept.append("-".join(pair))
            rest = rest[2:]
        elif _is_one_word(rest, len(kept)):
            kept.append("-".join(rest[:3]))
            rest = rest[3:]
        else:
            kept.append(rest[0])
            rest = rest[1:]
    return kept


def _is_one_word(rest: Sequence[str], before: int) -> bool:
    """Whether the first three words are one: app-to-person, work-from-anywhere."""
    if list(rest[1:3]) == ["from", "anywhere"]:
        return True
    return len(rest) > 2 and rest[1] == "to" and before + len(rest) > 2 and rest[0] != "and"


def _in_front(words: list[str]) -> list[str]:
    """The words with a describing last word moved before what it describes."""
    if len(words) < 2:
        return words
    last = words[-1]
    if last in _BEFORE_ITS_NOUN or last in _PAIRS_BEFORE.values() or last.count("-") == 2:
        place = 1 if words[0] == "US" else 0
        words = [*words[:place], last, *words[place:-1]]
    return [_SAID_AS.get(word, word) for word in words]


def noun(words: Sequence[str]) -> str:
    """A noun phrase with its head in the singular; the head stands before the first preposition."""
    return _noun(tuple(words))


@lru_cache(maxsize=65_536)
def _noun(words: tuple[str, ...]) -> str:
    kept = list(_WITHOUT_A_HEAD.get(words, words))
    while len(kept) > 1 and kept[0] in _OPENERS:
        kept = kept[1:]
    if len(kept) > 1 and kept[0] == "us":
        kept[0] = "US"
    if len(kept) > 1 and kept[0] in _LOOSE:
        kept = [word for word in (*kept[1:], _LOOSE[kept[0]]) if word not in ("", "have")]
    kept = _in_front(_joined(kept))
    for size in range(1, len(kept) // 2 + 1):
        if [singular(word) for word in kept[:size]] == [singular(word) for word in kept[size : 2 * size]]:
            kept = kept[size:]
            break
    if len(kept) > 1 and kept[0].endswith("ing") and len(kept[0]) > _STEM and kept[1].startswith(kept[0][:-3]):
        kept = kept[1:]
    head = next((place for place, word in enumerate(kept) if word in PREPOSITIONS and place), len(kept)) - 1
    if head >= 0 and kept[0] != "all":
        kept[:head] = map(modifier, kept[:head])
        kept[head] = singular(kept[head])
    while kept and kept[-1] in PREPOSITIONS | {"as"}:
        kept.pop()
    return shown(kept)


def in_the_text_s_order(phrase: str, text: str) -> str:
    """The phrase as the text words it, where that says the same words in another order ("credential AWS")."""
    wanted = phrase.split()
    if len(wanted) < 2 or any(word in PREPOSITIONS for word in wanted):
        return phrase
    size = len(wanted)
    mine = {singular(word.casefold()): word for word in wanted}
    told = re.findall(r"[A-Za-z0-9'-]+|[.,;:()]", text)
    for start in range(len(told) - size + 1):
        if start + size < len(told) and told[start + size].casefold() not in _ENDS_A_PHRASE:
            continue
        run = [singular(word.casefold()) for word in told[start : start + size]]
        if set(run) == mine.keys() and len(set(run)) == size and not run[-1].endswith(("ed", "ing")):
            return " ".join(mine[word] for word in run)
    return phrase

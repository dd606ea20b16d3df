"""Good English for OData operations that the document itself does not describe."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..side_effects import DESTRUCTIVE_WORDS, READ_WORDS, WRITE_WORDS
from ..words import identifier_words, plural, shown, singular, with_article, word_set

_PREFIX = re.compile(r"^(?:[A-Z]|to|_|xSAPx?\w*?|YY\d)_(?=\w)|^_(?=\w)")
_SET = re.compile(r"(?<=[a-z0-9])(?:Set|Collection)$")
_PREPOSITIONS = word_set("by for in on to of with at from per into")
_MORE_VERBS = word_set(
    "accept acquire activate allow analyse analyze answer append assess associate autofit autoset ban batch begin "
    "bypass calculate change clean clear clock clone commit complete confirm connect copy decline delegate demote "
    "deploy discover dismiss dispatch duplicate end evaluate exclude excuse execute extract favorite filter finish "
    "follow force format generate grant hard hide include ingest initialize initiate instantiate invoke key launch "
    "link locate lock logout mark migrate mute notify pause permanently pin play poll post process promote protect "
    "query reboot recommend recover redirect refresh release remediate rename reply report resolve restart resume "
    "retry return rotate run scan send set share shut sign simulate skip snooze soft sort stage start stop subscribe "
    "summarize supersede sync synchronize tag take tentatively terminate test transition translate trigger "
    "troubleshoot undo upgrade use verify wait wake"
)
_VERBS = (READ_WORDS | WRITE_WORDS | DESTRUCTIVE_WORDS | _MORE_VERBS) - word_set("order record account")
_MANNERS = {"permanent": "permanently", "remote": "remotely", "soft": "softly", "force": "forcibly", "hard": "fully"}
_PARTICLES = word_set("down up off out in on")
_SIDES = word_set("above below before after")
_INSIDE = word_set("add append")
"""Deeds on a list that put something into it."""
_AGAIN = re.compile(r"^(?:re|un|de|dis)(?=[a-z]{4})")
"""What stands before a verb to turn it round or repeat it."""
_PLURALS = word_set("pcs vms ids apis urls uris apps ins permissions settings preferences")
"""Plurals that the general rule takes for singulars, or for nouns without one."""


def noun_of(name: str, label: str = "") -> str:
    """The name as words, the technical frame of enterprise names left out: `A_SalesOrderSet` → "sales order".

    The label instead where there is one. Never empty.
    """
    if label:
        return " ".join(word if word.isupper() else word.lower() for word in label.split())
    bare = _SET.sub("", _PREFIX.sub("", name)) or name
    return shown(identifier_words(bare)) or " ".join(bare.lower().split()) or "entity"


def one(noun: str) -> str:
    """The noun phrase with its head in the singular."""
    return _with_head(noun, lambda word: word[:-1] if word.lower() in _PLURALS else singular(word))


def many(noun: str) -> str:
    """The noun phrase with its head in the plural."""
    return _with_head(noun, lambda word: word if word.lower() in _PLURALS else plural(word))


def a(noun: str) -> str:
    """One of these with its article: "an event"."""
    words = one(noun).split()
    head = _head(words)
    return " ".join([with_article(" ".join(words[:head])), *words[head:]])


def the_type(noun: str) -> str:
    """One entity of a type of this name: "an event"; a type with a plural name stands for one thing all the same."""
    words = noun.split()
    head = _head(words)
    phrase = with_article(" ".join(words[:head]))
    return " ".join([phrase if phrase.split()[0] in ("a", "an") else f"the {phrase}", *words[head:]])


def deed(name: str, target: str, *, is_function: bool, given: Sequence[str] = ()) -> str:
    """A summary of an operation from its name: "Cancel an event", "Send mail for a user".

    `target` is what it is bound to in words, empty if it stands alone, or a place such as "in reports". `given` are
    the parameters that tell it from others of its name.
    """
    words = list(identifier_words(_PREFIX.sub("", name))) or [name.lower()]
    while is_function and len(words) > 1 and words[-1] in _PREPOSITIONS:
        words.pop()
    return _sentence(_phrase(words, target, is_function=is_function) + _given(given))


def _phrase(words: list[str], target: str, *, is_function: bool) -> str:
    text = shown(words)
    placed = target.startswith("in ")
    link = "" if placed or words[-1] in _SIDES else " of" if is_function else " for"
    linked = f"{link} {target}" if target else ""
    if words[0] in _INSIDE and len(words) == 1 and target.startswith("the "):
        return f"{text} to {target}"
    if words == ["delta"]:
        return f"get what has changed{linked.replace(' of ', ' among ', 1)}"
    if words[0] in ("is", "has") and len(words) > 1 and target and not placed:
        return f"check whether {target} {text}"
    if len(words) == 2 and words[0] in _MANNERS and _acts(words[1]):
        return f"{_MANNERS[words[0]]} {words[1]}{f' {target}' if target else ''}"
    if len(words) == 2 and words[1] in _PARTICLES and target and _acts(words[0]):
        return f"{text} {target}"
    if not _acts(words[0]):
        return f"get the {text}{linked}" if is_function else f"run {text}{linked}"
    if target and not placed and (len(words) == 1 or words[1] in _PREPOSITIONS):
        return " ".join([words[0], target, *([shown(words[1:])] if words[1:] else [])])
    return f"{text}{linked}"


def _acts(word: str) -> bool:
    return word in _VERBS or _AGAIN.sub("", word) in _VERBS or word.endswith(("ize", "ise", "ify"))


def _given(names: Sequence[str]) -> str:
    if not names:
        return ""
    words = [noun_of(name) for name in names[:4]]
    return f", given the {words[0]}" if len(words) == 1 else f", given the {', '.join(words[:-1])} and {words[-1]}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _with_head(noun: str, form: Callable[[str], str]) -> str:
    words = noun.split()
    head = _head(words) - 1
    return " ".join([*words[:head], form(words[head]), *words[head + 1 :]])


def _head(words: Sequence[str]) -> int:
    """How many words there are before the first preposition inside of the phrase; all if there is none."""
    return next((place for place, word in enumerate(words) if place and word in _PREPOSITIONS), len(words))

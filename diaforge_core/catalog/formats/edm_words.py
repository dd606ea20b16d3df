"""Good English for OData operations that the document itself does not describe."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..side_effects import DESTRUCTIVE_WORDS, READ_WORDS, WRITE_WORDS
from ..words import identifier_words, plural, shown, singular, with_article, word_set

_PREFIX = re.compile(r"^(?:[A-Z]|to|_|xSAPx?\w*?|YY\d)_(?=\w)|^_(?=\w)")
_SET = re.compile(r"(?<=[a-z0-9])(?:Set|Collection)$")
_PREPOSITIONS = word_set("by for in on to of with at from per into")
_WITHOUT_ARTICLE = ("ment", "ance", "ence", "ion", "ing", "ity", "age", "work", "ics", "ance", "cy")
"""Endings of nouns such as `deviceManagement` that stand without an article."""
_VERBS = (
    READ_WORDS
    | WRITE_WORDS
    | DESTRUCTIVE_WORDS
    | word_set(
        "accept decline forward reply copy clone sync shut reboot reboot retry run execute evaluate instantiate "
        "activate confirm dismiss complete finish stop pause resume rotate recover restart reconnect provision "
        "process parse translate subscribe unsubscribe follow unfollow checkin checkout share unshare mark hide unhide "
        "pin unpin lock unlock mute unmute answer play redirect discover filter acquire generate upload retry commit "
        "initiate begin end locate recommend offboard onboard dispatch recycle protect sort autofit merge unmerge "
        "clear calculate reauthorize abort append apply bypass change wipe logout migrate permanently soft hard allow "
        "delegate promote demote assess ban unban annotate release return notify report tag untag sign trigger test "
        "simulate invalidate recalculate refresh rename replace reorder reprocess restore rerun resubmit submit "
        "summarize cancel keep log request skip take use"
    )
) - word_set("order record import export log report account")


def noun_of(name: str, label: str = "") -> str:
    """The name as words, the technical frame of enterprise names left out: `A_SalesOrderSet` → "sales order".

    The label instead where there is one.
    """
    if label:
        return " ".join(word if word.isupper() else word.lower() for word in label.split())
    bare = _SET.sub("", _PREFIX.sub("", name)) or name
    return shown(identifier_words(bare)) or bare.lower()


def one(noun: str) -> str:
    """The noun phrase with its head in the singular."""
    return _with_head(noun, singular)


def many(noun: str) -> str:
    """The noun phrase with its head in the plural."""
    return _with_head(noun, plural)


def a(noun: str) -> str:
    """One of these with its article: "an event"."""
    words = one(noun).split()
    head = _head(words)
    return " ".join([with_article(" ".join(words[:head])), *words[head:]])


def within(noun: str) -> str:
    """Where the members of a part of the service are: "in device management", "in the directory"."""
    bare = noun.split()[-1].endswith(_WITHOUT_ARTICLE) or plural(noun.split()[-1]) == noun.split()[-1]
    return f"in {noun}" if bare else f"in the {noun}"


def deed(name: str, target: str, *, is_function: bool, on_many: bool) -> str:
    """A summary of a bound or free operation from its name: "Cancel an event", "Send mail for a user".

    `target` is what it is bound to in words, empty if it stands alone.
    """
    words = list(identifier_words(_PREFIX.sub("", name))) or [name.lower()]
    if words == ["delta"]:
        return f"Get what has changed among {target}" if target else "Get what has changed"
    phrase = shown(words)
    acts = words[0] in _VERBS
    if not acts and is_function:
        phrase = f"Get the {phrase}"
    if not target:
        return _sentence(phrase)
    if acts and len(words) == 1:
        return _sentence(f"{phrase} {target}")
    return _sentence(f"{phrase} {'among' if on_many else 'of' if is_function else 'for'} {target}")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _with_head(noun: str, form) -> str:
    words = noun.split()
    head = _head(words) - 1
    return " ".join([*words[:head], form(words[head]), *words[head + 1 :]])


def _head(words: Sequence[str]) -> int:
    """How many words there are before the first preposition inside of the phrase; all if there is none."""
    return next((place for place, word in enumerate(words) if place and word in _PREPOSITIONS), len(words))

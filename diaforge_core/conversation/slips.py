"""Slips of the keyboard that can be undone: common words misspelled in ways that are no words of their own."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

_WRITTEN = {
    "the": "teh hte", "and": "adn nad", "with": "wiht wtih", "that": "taht thta", "this": "thsi htis tihs",
    "what": "waht whta", "have": "ahve hvae", "need": "nede neeed", "want": "wnat watn", "would": "woudl wuold",
    "could": "coudl cuold", "should": "shoudl shuold", "please": "plese pelase plaese", "about": "abotu abuot",
    "something": "somthing soemthing somehting", "someone": "someoen somone", "some": "soem smoe", "for": "fro forr",
    "from": "fomr", "help": "hlep halp", "here": "heer hre", "there": "tehre thre", "thanks": "thnaks thansk",
    "thank": "thnak tahnk", "today": "todya", "tomorrow": "tommorow tomorow", "before": "befor beofre",
    "because": "becuase becasue", "until": "untill", "really": "realy raelly", "which": "whcih wich",
    "where": "wehre", "when": "wehn whne", "your": "yoru yuor", "you": "yuo yoou", "our": "oru ourr",
    "just": "jsut juts", "like": "liek lkie", "know": "konw knwo", "think": "thikn htink", "them": "htem tehm",
    "they": "tehy htey", "will": "wlil wiill", "can": "cna cann", "again": "agian", "week": "weeek wekk",
    "manager": "managr manageer", "colleague": "collegue colleage", "asked": "aksed askd",
    "quick": "qiuck quik", "quickly": "quikly qucikly", "hello": "helo hlelo", "morning": "mornign",
    "afternoon": "afternon", "sorry": "sory srory", "right": "rihgt", "still": "stil sitll",
    "friday": "firday", "monday": "mondya", "waiting": "wating waitng", "moment": "momnet moemnt",
    "second": "secnod", "sure": "suer srue", "okay": "okya", "great": "graet", "best": "bset", "does": "deos",
    "yesterday": "yesteday", "weekend": "wekend weeknd", "possible": "posible possibel", "urgent": "urgnet",
    "matter": "mattter", "question": "quesiton qestion", "department": "departmnet", "office": "offcie ofice",
    "don't": "dont", "doesn't": "doesnt", "didn't": "didnt", "isn't": "isnt", "can't": "cant",
    "haven't": "havent", "couldn't": "couldnt", "wouldn't": "wouldnt", "i've": "ive", "that's": "thats",
    "there's": "theres", "what's": "whats", "they're": "theyre", "you're": "youre", "i'm": "im",
    "who's": "whos", "we've": "weve", "you've": "youve",
}  # fmt: skip
"""Word → its slips, each the slip of one word only and no word itself."""
_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|\S*[@\d/\\_=][^\s]*")
"""Quoted text, addresses, codes and numbers, in which nothing is touched."""


_SLIPS = {word: tuple(slips.split()) for word, slips in _WRITTEN.items()}


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    """Slip → the word that was meant."""
    return {slip: word for word, slips in _SLIPS.items() for slip in slips}


@lru_cache(maxsize=1)
def _slipped() -> re.Pattern[str]:
    return _any_of(_words())


@lru_cache(maxsize=1)
def _meant() -> re.Pattern[str]:
    return _any_of(_SLIPS)


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    listed = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.compile(rf"(?<![\w'’;@./-])(?:{listed})(?![\w'’;@/-]|\.\w)", re.IGNORECASE)


def undo(text: str) -> str:
    """The text with every slip of the keyboard that `with_slips` makes put right; any other text as it is."""
    return _slipped().sub(lambda found: _as_cased(_words()[found[0].lower()], found[0]), text)


def with_slips(text: str, rng: random.Random, kept: Sequence[tuple[int, int]] = ()) -> str:
    """The text with one slip, seldom two, in its most common words; never between the `kept` positions.

    Nothing quoted and nothing with a digit is touched, and `undo` gives the text back; the text itself where no word
    of it can slip, or where it holds what could be taken for a slip.
    """
    places = list(_places(text, kept))
    if not places or undo(text) != text:
        return text
    chosen = rng.sample(places, min(len(places), 1 if rng.random() < 0.8 else 2))
    slipped = text
    for start, end in sorted(chosen, reverse=True):
        word = text[start:end]
        slip = rng.choice(_SLIPS[word.lower()])
        slipped = f"{slipped[:start]}{_as_cased(slip, word)}{slipped[end:]}"
    return slipped if undo(slipped) == text else text


def _places(text: str, kept: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where a word stands that can slip."""
    closed = [*kept, *(found.span() for found in _QUOTED.finditer(text))]
    for found in _meant().finditer(text):
        if not any(start < found.end() and found.start() < end for start, end in closed):
            yield found.span()


def _as_cased(word: str, like: str) -> str:
    """The word with a capital where the other has one; "I" always has."""
    if word.startswith("i'"):
        return f"I{word[1:]}"
    return word.capitalize() if like[:1].isupper() else word

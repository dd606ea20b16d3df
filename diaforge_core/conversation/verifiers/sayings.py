"""Where a user's words give a value, however a person puts it: moments, amounts, codes, lists and plain text."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ...catalog.words import folded, identifier_words, meaning
from ..spoken_values import enum_said
from .amounts import UNITS, Span, numbers
from .moments import moment_said, times

_CODES = {
    "EUR": "euro euros €", "USD": "dollar dollars $", "GBP": "pound pounds sterling £", "CHF": "franc francs",
    "JPY": "yen ¥", "INR": "rupee rupees ₹", "CNY": "yuan renminbi", "PLN": "zloty zlotys", "SEK": "krona kronor",
    "DE": "germany german", "FR": "france french", "GB": "uk britain england", "UK": "britain england",
    "US": "usa america states", "ES": "spain spanish", "IT": "italy italian", "NL": "netherlands dutch holland",
    "AT": "austria austrian", "CH": "switzerland swiss", "PL": "poland polish", "SE": "sweden swedish",
    "EN": "english", "PT": "portugal portuguese", "JP": "japan japanese", "IN": "india", "BR": "brazil",
    "GET": "fetch", "true": "yes", "false": "no",
}  # fmt: skip
"""Code → words that a person says for it (METHOD.md §2, check 4)."""
_TOKEN = re.compile(r"[^\W_]+")
Tokens = tuple[tuple[str, int, int], ...]
_DIGITS = {word: str(digit) for word, digit in UNITS.items() if digit < 10} | {"oh": "0"}
_SIGNS = frozenset(["dot", "at", "dash", "hyphen", "minus", "underscore", "slash", "point"])
"""How the signs of a code or an address are called when it is dictated."""
_DICTATED = 4
"""Characters from which on a code is known again when it is spelled out."""
_TELLING_DIGITS = 5
"""Characters of letters and digits from which on an identifier is known again without its separators."""


def said_at(value: Any, words: str, today: dt.date) -> Span | None:
    """Where the words last give the value, as offsets; None where they do not. Lists and objects: all their parts."""
    if isinstance(value, list | dict):
        return _all_said(list(value.values()) if isinstance(value, dict) else value, words, today)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _last(span for number, span in numbers(words) if abs(number - value) < 1e-9)
    return _text_said(str(value), words, today)


def _all_said(parts: list[Any], words: str, today: dt.date) -> Span | None:
    spans = [said_at(part, words, today) for part in parts if not isinstance(part, bool)]
    found = [span for span in spans if span]
    if not found or len(found) < len(spans):
        return None
    return min(start for start, _ in found), max(end for _, end in found)


def _last(spans: Iterator[Span]) -> Span | None:
    return max(spans, default=None)


@lru_cache(maxsize=2048)
def _text_said(text: str, words: str, today: dt.date) -> Span | None:
    found = _verbatim(text, words) or _as_code(text, words)
    if found or not text.strip():
        return found
    if re.fullmatch(r"\d{4}-\d{2}(-\d{2}.*)?", text):
        return moment_said(text, words, today)
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", text):
        return _last(span for time, span in times(words) if time == text[:5].zfill(5))
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return _last(span for number, span in numbers(words) if abs(number - float(text)) < 1e-9)
    return _in_other_order(text, words)


def _verbatim(text: str, words: str) -> Span | None:
    """The words themselves, whatever their case and whatever separates them."""
    return _run_at(text, words) or _run_at(enum_said(text), words)


def _run_at(text: str, words: str) -> Span | None:
    """Where the words of a text last stand one after the other."""
    wanted = [token for token, _, _ in _tokens(text)]
    said = _tokens(words)
    size = len(wanted)
    if not size:
        place = words.rfind(text) if text else -1
        return (place, place + len(text)) if place >= 0 else None
    for at in range(len(said) - size, -1, -1):
        if said[at][0] == wanted[0] and all(said[at + more][0] == wanted[more] for more in range(1, size)):
            span = (said[at][1], said[at + size - 1][2])
            if _stands_alone(span, words):
                return span
    return None


@lru_cache(maxsize=4096)
def _tokens(text: str) -> Tokens:
    """Runs of letters and digits, lower case, with where they stand."""
    return tuple((found[0].casefold(), found.start(), found.end()) for found in _TOKEN.finditer(text))


def _stands_alone(span: Span, words: str) -> bool:
    """Whether what stands there is no part of a longer code, number or address."""
    before, after = words[max(0, span[0] - 2) : span[0]], words[span[1] : span[1] + 2]
    glued = re.search(r"\w[.@-]$|[\w@]$", before) or re.match(r"[.@-]\w|[\w@]", after)
    return glued is None


def _as_code(text: str, words: str) -> Span | None:
    """An identifier or a number with other separators, or the everyday word for a code."""
    bare = folded(text)
    said = _tokens(words)
    coded = any(character.isdigit() for character in bare)
    if len(bare) >= _TELLING_DIGITS and coded:
        found = _spread(bare, said)
        if found:
            return found
    if len(bare) >= _DICTATED and (coded or "@" in text):
        found = _spread(bare, _as_dictated(words))
        if found:
            return found
    for word in _CODES.get(text.upper() if len(text) <= 3 else text.lower(), "").split():
        place = words.find(word) if not word.isalpha() else -1
        if place >= 0:
            return place, place + len(word)
        for token, start, end in said:
            if token == word:
                return start, end
    return None


@lru_cache(maxsize=1024)
def _as_dictated(words: str) -> Tokens:
    """The tokens as one hears them who writes down a code: digits for their words, signs left out; none if not so."""
    said = _tokens(words)
    if not any(token in _SIGNS or token in _DIGITS for token, _, _ in said):
        return ()
    return tuple((_DIGITS.get(token, token), start, end) for token, start, end in said if token not in _SIGNS)


def _spread(bare: str, said: Tokens) -> Span | None:
    """Where these letters and digits stand with nothing but separators between them."""
    for at, (token, start, _) in enumerate(said):
        if not bare.startswith(token):
            continue
        run = ""
        for more, _, end in said[at:]:
            run += more
            if run == bare:
                return start, end
            if not bare.startswith(run):
                break
    return None


def _in_other_order(text: str, words: str) -> Span | None:
    """All that a text of several words is about, within one sentence: "the screen is cracked" for cracked screen."""
    wanted = meaning(" ".join(identifier_words(text)) if "_" in text else text)
    if len(wanted) < 2 or any(character.isdigit() for character in text):
        return None
    for sentence in re.finditer(r"[^.!?\n]+", words):
        if wanted <= meaning(sentence[0]):
            return sentence.span()
    return None

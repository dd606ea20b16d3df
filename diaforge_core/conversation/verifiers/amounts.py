"""The numbers that words hold, in digits or spelled out, and lengths of time as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]
"""Where something stands in a text: first character, and the one after the last."""

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
UNITS = {word: number for number, word in enumerate(_SMALL)} | {word: 10 * ten for ten, word in enumerate(_TENS, 2)}
"""Number word → its value, up to ninety."""
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "k": 1000, "m": 1_000_000, "grand": 1000}
_DOZENS = {"once": 1, "twice": 2, "dozen": 12, "a couple": 2, "half a dozen": 6, "fortnight": 14}
_NUMERAL = re.compile(
    r"(?<![\w.])[-+]?(?:\d{1,3}(?:\.\d{3})+(?=,\d|\b(?!\.\d))|\d{1,3}(?:[,'’\u00a0 ]\d{3})+"
    r"|\d+)(?:[.,]\d+)?(?:\s?(?:k|m|thousand|million|grand"
    r"|hundred)\b)?",
    re.IGNORECASE,
)
_SMALLER = {"minute": 60, "hour": 60, "day": 24, "week": 7, "year": 12}
_DURATION = re.compile(
    r"\b(?P<amount>\d+(?:[.,]\d+)?|[a-z]+)[\s-](?P<unit>minute|hour|day|week"
    r"|year)s?\b(?P<half> and a half)?",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    rf"\b(?:(?:a|{'|'.join(UNITS)}|hundred|thousand|million)(?:[\s-]+(?:and\s+)?|\b))+", re.IGNORECASE
)


def numbers(words: str) -> Iterator[tuple[float, Span]]:
    """Every number that the words hold, in digits or spelled out, with where it stands."""
    for found in _NUMERAL.finditer(words):
        yield from ((number, found.span()) for number in _of_numeral(found[0]))
    for found in _SPELLED.finditer(words):
        number = of_words(re.findall(r"[a-z]+", found[0].lower()))
        if number is not None:
            yield float(number), found.span()
    yield from _durations(words)
    for word, number in _DOZENS.items():
        for found in re.finditer(rf"\b{word}\b", words, re.IGNORECASE):
            yield float(number), found.span()


def _durations(words: str) -> Iterator[tuple[float, Span]]:
    """Lengths of time in the next smaller unit: two hours are 120 (minutes), a week is 7 (days)."""
    for found in _DURATION.finditer(words):
        amount = _amount(found["amount"])
        if amount is not None:
            amount += 0.5 if found["half"] else 0
            yield amount * _SMALLER[found["unit"].lower()], found.span()
    for found in re.finditer(r"\bhalf an? (hour|day|year)\b", words, re.IGNORECASE):
        yield _SMALLER[found[1].lower()] / 2, found.span()


def _amount(text: str) -> float | None:
    """What an amount says, in digits or spelled out."""
    if re.fullmatch(r"\d+(?:[.,]\d+)?", text):
        return float(text.replace(",", "."))
    return 1.0 if text.lower() in ("a", "an", "one") else of_words([text.lower()])


def _of_numeral(text: str) -> Iterator[float]:
    """The values that a numeral may have: a comma may separate thousands or decimals."""
    scale = 1
    tail = re.search(r"[a-z]+$", text.lower())
    if tail:
        scale, text = _SCALES[tail[0]], text[: -len(tail[0])].strip()
    text = re.sub(r"['’\u00a0 ]", "", text)
    for way in {text.replace(",", ""), text.replace(".", "").replace(",", ".")}:
        try:
            yield float(way) * scale
        except ValueError:
            continue


def of_words(words: list[str]) -> int | None:
    """The whole number that these words spell; None where they spell none."""
    total = group = 0
    spoken = False
    for word in words:
        if word in UNITS:
            group, spoken = group + UNITS[word], True
        elif word == "hundred":
            group, spoken = max(1, group) * 100, True
        elif word in ("thousand", "million"):
            total, group, spoken = total + max(1, group) * _SCALES[word], 0, True
    return total + group if spoken else None

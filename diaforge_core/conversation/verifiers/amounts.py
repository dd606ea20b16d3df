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
_THOUSANDS = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
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
    """The values that a numeral may have: a comma may separate decimals, but before three digits it parts thousands."""
    scale = 1
    tail = re.search(r"[a-z]+$", text.lower())
    if tail:
        scale, text = _SCALES[tail[0]], text[: -len(tail[0])].strip()
    text = re.sub(r"['’\u00a0 ]", "", text)
    decimal = () if _THOUSANDS.fullmatch(text) else (text.replace(".", "").replace(",", "."),)
    for way in {text.replace(",", ""), *decimal}:
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


# --- units -----------------------------------------------------------------------------------------------------------

_MEASURES = {
    "time": "second minute hour day week month quarter year",
    "weight": "gram g kilogram kilo kg tonne ton pound lb ounce",
    "length": "metre meter kilometre kilometer km mile foot feet cm centimetre",
}
"""What is measured → the units people say for it."""
_MEASURE = {unit: measure for measure, units in _MEASURES.items() for unit in units.split()}
_SAME_UNIT = {"kg": "kilogram", "kilo": "kilogram", "g": "gram", "ton": "tonne", "lb": "pound", "meter": "metre",
              "kilometer": "kilometre", "km": "kilometre", "feet": "foot", "cm": "centimetre"}  # fmt: skip
_UNIT = re.compile(rf"\b({'|'.join(sorted(_MEASURE, key=len, reverse=True))})s?\b", re.IGNORECASE)
_UNIT_AFTER = re.compile(rf"[\s-]{{0,2}}({'|'.join(sorted(_MEASURE, key=len, reverse=True))})s?\b", re.IGNORECASE)


def units_in(words: str) -> frozenset[str]:
    """The units that words name."""
    return frozenset(_as_unit(found[1]) for found in _UNIT.finditer(words))


def _as_unit(word: str) -> str:
    return _SAME_UNIT.get(word.lower(), word.lower())


def measures(words: str, units: frozenset[str]) -> Iterator[tuple[set[float], str]]:
    """Every number that the words give in one of the units, in all ways that it may be read, with its words."""
    ways: dict[Span, set[float]] = {}
    for number, span in numbers(words):
        ways.setdefault(span, set()).add(number)
    for (start, end), read in ways.items():
        found = _UNIT_AFTER.match(words, end)
        if found and _as_unit(found[1]) in units:
            yield read, words[start : found.end()]


def foreign_unit(value: float, words: str, units: frozenset[str]) -> str:
    """The words that give a number in another unit of what `units` measure, where nothing gives it otherwise."""
    measures = {_MEASURE[unit] for unit in units if unit in _MEASURE}
    wrong = ""
    for number, (start, end) in numbers(words):
        if abs(number - value) > 1e-9:
            continue
        found = _UNIT_AFTER.match(words, end)
        if not found or _as_unit(found[1]) in units or _MEASURE[found[1].lower()] not in measures:
            return ""
        wrong = words[start : found.end()]
    return wrong

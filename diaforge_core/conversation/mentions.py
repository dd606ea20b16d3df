"""Days, times and numbers in a text, in the forms in which people and programs write them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

DAY, TIME, NUMBER = "day", "time", "number"
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_MONTH = "|".join(f"{month}|{month[:3]}|{'sept' if month[0] == 's' else month[:4]}" for month in _MONTHS)
_ORDINAL = r"(?:st|nd|rd|th)?"
_DAY = re.compile(
    rf"(?P<y>\d{{4}})-(?P<m>\d\d)-(?P<d>\d\d)(?!\d)"
    rf"|\b(?:the )?(?P<d1>\d{{1,2}}){_ORDINAL}(?: of)?[ .-]+(?P<m1>{_MONTH})\b\.?(?:[ ,-]+(?P<y1>\d{{4}})\b)?"
    rf"|\b(?P<m2>{_MONTH})\b\.? (?:the )?(?P<d2>\d{{1,2}}){_ORDINAL}\b(?!:)(?:,? (?P<y2>\d{{4}})\b)?"
    rf"|\b(?P<d3>\d{{1,2}})[./](?P<m3>\d{{1,2}})[./](?P<y3>\d{{4}})\b",
    re.IGNORECASE,
)
_RANGE = re.compile(
    rf"\b(\d{{1,2}})(\s*(?:-|–|—|to|until)\s*)(?=\d{{1,2}}{_ORDINAL} (?P<m>{_MONTH})\b)",
    re.IGNORECASE,
)
"""Two days of one month: "11–14 May"."""
_TIME = re.compile(
    r"(?<![\d.:-])(?P<h>\d{1,2}):(?P<m>\d\d)(?::\d\d)?(?:\s*(?P<half>[ap])\.?m\b)?"
    r"|(?<![\d.:-])(?P<h2>\d{1,2})(?:\.(?P<m2>\d\d))?\s*(?P<half2>[ap])\.?m\b",
    re.IGNORECASE,
)
_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: number for number, word in enumerate(_ONES)} | {
    word: 10 * (place + 2) for place, word in enumerate(_TENS)
}
_SCALE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_NUMBER_WORD = "|".join((*_WORDS, *_SCALE))
_SPELLED = re.compile(
    rf"\b(?:a (?=hundred|thousand|dozen))?(?:{_NUMBER_WORD}|dozen)(?:(?:[ -]| and )(?:{_NUMBER_WORD}))*"
    r"(?P<half> and a half)?\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(
    r"(?<![\w.,:/+-])[+-]?(?P<n>\d{1,3}(?:[,  '’]\d{3})+(?:\.\d+)?"
    r"|\d+(?:[.,]\d+)?)(?P<k>[kK](?![^\W\d_]))?(?=[^\W\d_]{0,4}\b)"
    r"(?![\w]*\d)(?![.:/-]\w)"
)
_NUMBERED = re.compile(r"^\s*\(?\d{1,2}[.):]\s", re.MULTILINE)
"""How a list is numbered."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A day, time or number in a text."""

    kind: str
    value: object
    """(year or 0, month, day), (hour, minute) or a number."""
    text: str
    start: int
    end: int

    def agrees(self, other: object) -> bool:
        """Whether it can be the other value: a day without a year is that day of any year."""
        if self.kind == DAY and isinstance(self.value, tuple) and isinstance(other, tuple):
            return self.value[1:] == other[1:] and 0 in (self.value[0] - other[0], self.value[0], other[0])
        if self.kind == NUMBER and isinstance(self.value, float) and isinstance(other, int | float):
            return abs(self.value - other) < 1e-9
        return self.value == other


def mentions(text: str) -> list[Mention]:
    """What a text mentions, in the order of its words; the numbers of a list's items are no numbers."""
    text = _NUMBERED.sub(lambda found: " " * len(found[0]), text)
    text = _RANGE.sub(lambda found: f"{found[1]} {found['m']}{found[2]}", text)
    found: list[Mention] = []
    for each in (*_days(text), *_times(text), *_numbers(text)):
        if not any(each.start < other.end and other.start < each.end for other in found):
            found.append(each)
    return sorted(found, key=lambda mention: mention.start)


def _days(text: str) -> Iterator[Mention]:
    for found in _DAY.finditer(text):
        year = next((found[name] for name in ("y", "y1", "y2", "y3") if found[name]), "0")
        month = next(found[name] for name in ("m", "m1", "m2", "m3") if found[name])
        day = next(found[name] for name in ("d", "d1", "d2", "d3") if found[name])
        number = int(month) if month.isdigit() else [name[:3] for name in _MONTHS].index(month[:3].lower()) + 1
        value = (int(year), number, int(day))
        if _is_day(*value):
            yield Mention(DAY, value, found[0], *found.span())


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year or 2000, month, day)
    except ValueError:
        return False
    return True


def _times(text: str) -> Iterator[Mention]:
    for found in _TIME.finditer(text):
        hour, minute = int(found["h"] or found["h2"]), int(found["m"] or found["m2"] or 0)
        half = (found["half"] or found["half2"] or "").lower()
        hour = hour % 12 + 12 * (half == "p") if half else hour
        if hour < 25 and minute < 60:
            yield Mention(TIME, (hour, minute), found[0], *found.span())


def _numbers(text: str) -> Iterator[Mention]:
    for found in _DIGITS.finditer(text):
        digits = re.sub(r"[  '’]|,(?=\d{3}(?:\D|$))", "", found["n"]).replace(",", ".")
        yield Mention(NUMBER, float(digits) * (1_000 if found["k"] else 1), found[0], *found.span())
    for found in _SPELLED.finditer(text):
        yield Mention(NUMBER, _spelled(found[0]), found[0], *found.span())


def _spelled(words: str) -> float:
    total, part = 0.0, 0.0
    low = words.casefold()
    for word in re.findall(r"[a-z]+", low.replace("and a half", "")):
        if word in _WORDS:
            part += _WORDS[word]
        elif word == "dozen":
            part = 12 * (part or 1)
        elif word == "hundred":
            part = 100 * (part or 1)
        elif word in _SCALE:
            total, part = total + _SCALE[word] * (part or 1), 0.0
    return total + part + 0.5 * low.endswith("and a half")

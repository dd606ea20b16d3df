"""Where a user's words give a value, however a person puts it: moments, amounts, codes, lists and plain text."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ...catalog.words import folded, identifier_words, meaning
from ..spoken_values import enum_said

Span = tuple[int, int]

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
        return _moment_said(text, words, today)
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
def _tokens(text: str) -> tuple[tuple[str, int, int], ...]:
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
    if len(bare) >= _TELLING_DIGITS and any(character.isdigit() for character in bare):
        found = _spread(bare, words)
        if found:
            return found
    said = _tokens(words)
    for word in _CODES.get(text.upper() if len(text) <= 3 else text.lower(), "").split():
        place = words.find(word) if not word.isalpha() else -1
        if place >= 0:
            return place, place + len(word)
        for token, start, end in said:
            if token == word:
                return start, end
    return None


def _spread(bare: str, words: str) -> Span | None:
    """Where these letters and digits stand with nothing but separators between them."""
    said = _tokens(words)
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


# --- numbers ---------------------------------------------------------------------------------------------------------

_UNITS = {
    word: number
    for number, word in enumerate(
        [
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
    )
} | {
    word: 10 * place
    for place, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
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
    rf"\b(?:(?:a|{'|'.join(_UNITS)}|hundred|thousand|million)(?:[\s-]+(?:and\s+)?|\b))+", re.IGNORECASE
)


def numbers(words: str) -> Iterator[tuple[float, Span]]:
    """Every number that the words hold, in digits or spelled out, with where it stands."""
    for found in _NUMERAL.finditer(words):
        yield from ((number, found.span()) for number in _of_numeral(found[0]))
    for found in _SPELLED.finditer(words):
        number = _of_words(re.findall(r"[a-z]+", found[0].lower()))
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
    return 1.0 if text.lower() in ("a", "an", "one") else _of_words([text.lower()])


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


def _of_words(words: list[str]) -> int | None:
    total = group = 0
    spoken = False
    for word in words:
        if word in _UNITS:
            group, spoken = group + _UNITS[word], True
        elif word == "hundred":
            group, spoken = max(1, group) * 100, True
        elif word in ("thousand", "million"):
            total, group, spoken = total + max(1, group) * _SCALES[word], 0, True
    return total + group if spoken else None


# --- moments ---------------------------------------------------------------------------------------------------------

_MONTHS = {name.lower(): place for place, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name[:3]: place for name, place in list(_MONTHS.items())} | {"sept": 9}
_DAYS = {name.lower(): place for place, name in enumerate(calendar.day_name)}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY = r"(?:\d{1,2}(?:st|nd|rd|th)?)"
_DATE = re.compile(
    rf"\b(?:(?P<iso>\d{{4}})[-/.](?P<isom>\d{{1,2}})[-/.](?P<isod>\d{{1,2}})"
    rf"|(?P<a>\d{{1,2}})[./-](?P<b>\d{{1,2}})(?:[./-](?P<y3>\d{{4}}|\d{{2}}))?"
    rf"|(?P<m1>{_MONTH})\.?\s+(?:the\s+)?(?P<d1>{_DAY})\b(?:,?\s+(?P<y1>\d{{4}}))?"
    rf"|(?P<d2>{_DAY})\s+(?:of\s+)?(?P<m2>{_MONTH})\b\.?(?:,?\s+(?P<y2>\d{{4}}))?)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(?:(?P<word>the day after tomorrow|day after tomorrow|tomorrow|today|yesterday|tonight|right now"
    r"|immediately|this (?:morning|afternoon|evening|noon))"
    r"|in (?P<count>[\w-]+) (?P<unit>day|week|month|year)s?|(?P<ago>[\w-]+) (?P<agounit>day|week|month|year)s? ago"
    r"|(?:a|one) (?P<from>week|month|year) from (?:today|now)"
    rf"|(?P<which>next|this|coming|last|on|by|until|from|till|since|a)? ?(?P<day>{'|'.join(_DAYS)})\b"
    rf"|(?P<end>end|last day|close) of (?:the |this )?(?P<endof>next )?(?P<period>month|year|quarter|week|{_MONTH})"
    r"|(?P<start>first|start|beginning|1st)(?: day)? of (?:the )?(?P<startof>next |this )?(?P<period2>month"
    r"|year|week)"
    r"|next (?P<plus>week|month|year))",
    re.IGNORECASE,
)


def _moment_said(value: str, words: str, today: dt.date) -> Span | None:
    """Where the words give a day, a month, or a day with its time."""
    if len(value) == 7:
        return _month_said(value, words, today)
    day = value[:10]
    found = _last(span for date, span in dates(words, today) if date.isoformat() == day)
    if not found or len(value) == 10 or re.match(r"T00:00", value[10:]):
        return found
    at = _last(span for time, span in times(words) if time == value[11:16])
    return (min(found[0], at[0]), max(found[1], at[1])) if at else None


def _month_said(value: str, words: str, today: dt.date) -> Span | None:
    year, month = int(value[:4]), int(value[5:])
    for found in re.finditer(rf"\b({_MONTH})\b(?:,?\s+(\d{{4}}))?", words, re.IGNORECASE):
        if _MONTHS[found[1].lower()] == month and int(found[2] or year) == year:
            return found.span()
    for word, plus in (("this month", 0), ("last month", -1), ("next month", 1)):
        place = words.lower().find(word)
        if place >= 0 and _months_later(today.replace(day=1), plus).isoformat()[:7] == value:
            return place, place + len(word)
    return None


def dates(words: str, today: dt.date) -> Iterator[tuple[dt.date, Span]]:
    """Every day that the words may mean, with where they name it; a day without a year may be of three."""
    for found in _DATE.finditer(words):
        for year, month, day in _year_month_day(found, today):
            try:
                yield dt.date(year, month, day), found.span()
            except ValueError:
                continue
    for found in _RELATIVE.finditer(words):
        yield from ((day, found.span()) for day in _days_meant(found, today))


def _year_month_day(found: re.Match[str], today: dt.date) -> Iterator[tuple[int, int, int]]:
    years = (today.year, today.year + 1, today.year - 1)
    if found["iso"]:
        yield int(found["iso"]), int(found["isom"]), int(found["isod"])
    elif found["a"]:
        one, two = int(found["a"]), int(found["b"])
        given = found["y3"]
        for year in (int(given) + (2000 if len(given) == 2 else 0),) if given else years:
            yield year, two, one
            yield year, one, two
    else:
        month = _MONTHS[(found["m1"] or found["m2"]).lower()]
        day = int(re.sub(r"\D", "", found["d1"] or found["d2"]))
        given = found["y1"] or found["y2"]
        yield from ((year, month, day) for year in ((int(given),) if given else years))


def _days_meant(found: re.Match[str], today: dt.date) -> Iterator[dt.date]:
    if found["word"]:
        word = found["word"].lower()
        yield today + dt.timedelta({"tomorrow": 1, "yesterday": -1}.get(word, 2 if "after" in word else 0))
    elif found["count"] or found["ago"]:
        amount = _count(found["count"] or found["ago"])
        if amount is not None:
            yield _later(today, (found["unit"] or found["agounit"]).lower(), amount if found["count"] else -amount)
    elif found["from"] or found["plus"]:
        yield _later(today, (found["from"] or found["plus"]).lower(), 1)
    elif found["day"]:
        yield from _weekdays(found["day"].lower(), (found["which"] or "").lower(), today)
    elif found["end"]:
        period = found["period"].lower()
        if period in _MONTHS:
            yield from (_last_of(year, _MONTHS[period]) for year in (today.year, today.year + 1, today.year - 1))
        else:
            yield _end_of(period, today, bool(found["endof"]))
    else:
        unit, later = found["period2"].lower(), 0 if (found["startof"] or "").strip() == "this" else 1
        first = today - dt.timedelta(today.weekday()) if unit == "week" else today.replace(day=1)
        first = first.replace(month=1) if unit == "year" else first
        yield _later(first, unit, later)


def _count(word: str) -> int | None:
    if word.isdigit():
        return int(word)
    return 1 if word.lower() in ("a", "an") else _of_words(re.findall("[a-z]+", word.lower()))


def _later(day: dt.date, unit: str, amount: int) -> dt.date:
    if unit in ("day", "week"):
        return day + dt.timedelta(amount * (7 if unit == "week" else 1))
    return _months_later(day, amount * (12 if unit == "year" else 1))


def _months_later(day: dt.date, amount: int) -> dt.date:
    month = day.month - 1 + amount
    year, month = day.year + month // 12, month % 12 + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _weekdays(name: str, which: str, today: dt.date) -> Iterator[dt.date]:
    """The days that "Monday" may mean: the coming one and the one after, or the last one."""
    ahead = (_DAYS[name] - today.weekday()) % 7
    if which == "last":
        yield today + dt.timedelta(ahead - 7)
        return
    for plus in (ahead, ahead + 7):
        yield today + dt.timedelta(plus)


def _last_of(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def _end_of(period: str, today: dt.date, following: bool) -> dt.date:
    if period == "week":
        return today + dt.timedelta(4 - today.weekday() + 7 * following)
    if period == "year":
        return dt.date(today.year + following, 12, 31)
    month = today.replace(day=1) if period == "month" else today.replace(day=1, month=(today.month - 1) // 3 * 3 + 3)
    month = _months_later(month, (1 if period == "month" else 3) * following)
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


_TIME = re.compile(
    r"(?P<lead>\b(?:at|from|until|till|by|before|after|around"
    r"|about) )?\b(?P<h>\d{1,2})(?:[:.h](?P<m>\d{2}))?\s*(?P<half>[ap]\.?m\b\.?)?(?P<clock>\s*o'?clock"
    r"|\s+(?:hours|hrs|uhr))?"
    rf"|\b(?P<past>half past|quarter past|quarter to)\s+(?P<hw>\w+)|\b(?P<word>noon|midday|midnight)\b"
    rf"|\bat\s+(?P<at>{'|'.join(_UNITS)})\b",
    re.IGNORECASE,
)


def times(words: str) -> Iterator[tuple[str, Span]]:
    """Every time of day that the words may mean as HH:MM, with where they name it."""
    for found in _TIME.finditer(words):
        for hour, minute in _clock(found):
            if 0 <= hour < 24 and 0 <= minute < 60:
                yield f"{hour:02d}:{minute:02d}", found.span()


def _clock(found: re.Match[str]) -> Iterator[tuple[int, int]]:
    if found["word"]:
        yield (0 if found["word"].lower() == "midnight" else 12), 0
    elif found["past"]:
        hour = _count(found["hw"])
        if hour is not None:
            minute = {"half past": 30, "quarter past": 15, "quarter to": 45}[found["past"].lower()]
            hour -= minute == 45
            yield from ((hour, minute), (hour + 12, minute))
    elif found["at"]:
        yield from ((_UNITS[found["at"].lower()] + plus, 0) for plus in (0, 12))
    else:
        hour, minute = int(found["h"]), int(found["m"] or 0)
        half = (found["half"] or "")[:1].lower()
        if not (half or found["m"] or found["clock"] or found["lead"]):
            return  # a bare number is a day or an amount
        if half:
            yield hour % 12 + (12 if half == "p" else 0), minute
        else:
            yield from ((hour, minute), (hour + 12, minute))

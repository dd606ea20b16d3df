"""The days and times of day that words mean, seen from one day (METHOD.md §2, check 4: relative dates)."""

from __future__ import annotations

import calendar
import contextlib
import datetime as dt
import re
from collections.abc import Iterator

from .amounts import UNITS, Span, of_words

_YEAR = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTHS = {name: place for place, name in enumerate(_YEAR, 1)}
_MONTHS |= {name[:3]: place for name, place in list(_MONTHS.items())} | {"sept": 9}
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAYS = {name: place for place, name in enumerate(_WEEK)}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY = r"(?:\d{1,2}(?:st|nd|rd|th)?)"
_DATE = re.compile(
    rf"\b(?:(?P<iso>\d{{4}})[-/.](?P<isom>\d{{1,2}})[-/.](?P<isod>\d{{1,2}})"
    r"|(?P<a>\d{1,2})[./-](?P<b>\d{1,2})(?:[./-](?P<y3>\d{4}|\d{2})(?!\d)"
    rf"|(?!\d|[./-]\d|\s+(?:{_MONTH})\b)(?!(?<=-\d)\s?[ap]\.?m\b)(?!(?<=-\d\d)\s?[ap]\.?m\b))"
    rf"|(?P<m1>{_MONTH})\.?\s+(?:the\s+)?(?P<d1>{_DAY})\b(?:,?\s+(?P<y1>\d{{4}}))?"
    rf"|(?P<d2>{_DAY})\s+(?:of\s+)?(?P<m2>{_MONTH})\b\.?(?:,?\s+(?P<y2>\d{{4}}))?)",
    re.IGNORECASE,
)
_TO = r"\s*(?:-|–|—|to|until|till)\s*"
_DAYS_TO = re.compile(
    rf"(?<![:.\d/-])\b(?P<d1>{_DAY}){_TO}{_DAY}\s+(?:of\s+)?(?P<m1>{_MONTH})\b\.?(?:,?\s+(?P<y1>\d{{4}}))?"
    rf"|\b(?P<m2>{_MONTH})\.?\s+(?:the\s+)?(?P<d2>{_DAY}){_TO}(?P<d3>{_DAY})(?:,?\s+(?P<y2>\d{{4}})\b|(?=\s*(?:[.,;!?)]|$)))",
    re.IGNORECASE,
)
"""Two days of one month: "5 to 9 May 2025", "May 5-9, 2025"."""
_RELATIVE = re.compile(
    r"\b(?:(?P<word>the day after tomorrow|day after tomorrow|tomorrow|today|yesterday|tonight|right now"
    r"|immediately|this (?:morning|afternoon|evening|noon))"
    r"|in (?P<count>[\w-]{1,20}) (?P<unit>day|week|month|year)s?"
    r"|(?<![\w-])(?P<ago>[\w-]{1,20}) (?P<agounit>day|week|month|year)s? ago"
    r"|(?:a|one) (?P<from>week|month|year) from (?:today|now)"
    rf"|(?P<which>next|this|coming|last|on|by|until|from|till|since|a)? ?(?P<day>{'|'.join(_DAYS)})\b"
    rf"|(?P<end>end|last day|close) of (?:the |this )?(?P<endof>next )?(?P<period>month|year|quarter|week|{_MONTH})"
    r"|(?P<start>first|start|beginning|1st)(?: day)? of (?:the )?(?P<startof>next |this )?(?P<period2>month"
    r"|year|week)"
    r"|next (?P<plus>week|month|year))",
    re.IGNORECASE,
)


def moment_said(value: str, words: str, today: dt.date) -> Span | None:
    """Where the words give a day, a month, or a day with its time."""
    if len(value) == 7:
        return _month_said(value, words, today)
    day = value[:10]
    found = max((span for date, span in dates(words, today) if date.isoformat() == day), default=None)
    if not found or len(value) == 10 or re.match(r"T00:00", value[10:]):
        return found
    at = max((span for time, span in times(words) if time == value[11:16]), default=None)
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
        yield from ((day, found.span()) for day in _real_days(found, today))
    for found in _DAYS_TO.finditer(words):
        yield from _days_to(found, today)
    for found in _RELATIVE.finditer(words):
        try:
            yield from ((day, found.span()) for day in _days_meant(found, today))
        except (ValueError, OverflowError):  # "in 9000 years"
            continue


def _real_days(found: re.Match[str], today: dt.date) -> Iterator[dt.date]:
    for year, month, day in _year_month_day(found, today):
        try:
            yield dt.date(year, month, day)
        except ValueError:
            continue


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


def _days_to(found: re.Match[str], today: dt.date) -> Iterator[tuple[dt.date, Span]]:
    """The days of a range that do not stand beside their month, or not beside their year."""
    month, given = _MONTHS[(found["m1"] or found["m2"]).lower()], found["y1"] or found["y2"]
    for name in ("d1", "d2", "d3"):
        for year in (int(given),) if given else (today.year, today.year + 1, today.year - 1):
            if found[name]:
                with contextlib.suppress(ValueError):  # the 31st of a shorter month
                    yield dt.date(year, month, int(re.sub(r"\D", "", found[name]))), found.span(name)


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
    if word.isdecimal():
        return int(word)
    return 1 if word.lower() in ("a", "an") else of_words(re.findall("[a-z]+", word.lower()))


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


_WEEKDAY_BEFORE = re.compile(rf"\b({'|'.join(_DAYS)})(?:,? (?:the )?|, )$", re.IGNORECASE)
_WEEKDAY_AFTER = re.compile(rf",? \(?(?:a )?({'|'.join(_DAYS)})\b(?! (?:{'|'.join(_DAYS)}))", re.IGNORECASE)


def false_weekday(words: str, today: dt.date) -> str:
    """What is wrong with the first date that stands beside a weekday on which it does not fall; empty if nothing is."""
    if not any(day in words.casefold() for day in _DAYS):
        return ""
    for found in _DATE.finditer(words):
        beside = _WEEKDAY_BEFORE.search(words, 0, found.start()) or _WEEKDAY_AFTER.match(words, found.end())
        days = list(_real_days(found, today)) if beside else []
        if days and beside and all(day.weekday() != _DAYS[beside[1].lower()] for day in days):
            return f"{found[0]} is no {beside[1].capitalize()}"
    return ""


_TIME = re.compile(
    rf"(?<![-/:.\d])\b(?P<before>1[0-2]|[1-9])(?={_TO}(?P<then>1[0-2]|[1-9])\s*(?P<late>[ap])\.?m\b)"
    r"|\b(?:at|(?:from|until|till|to|by|before|after|around|about)(?= (?!19|20))) (?P<four>[0-2]\d[0-5]\d)\b"
    r"|(?P<lead>\b(?:at|from|until|till|by|before|after|around"
    r"|about) )?(?<!\+)\b(?P<h>\d{1,2})(?!\d)(?:[:.h](?P<m>\d{2}))?\s*(?P<half>[ap]\.?m\b\.?)?(?P<clock>\s*o'?clock"
    r"|\s+(?:hours|hrs|uhr))?"
    rf"|\b(?P<past>half past|quarter past|quarter to)\s+(?P<hw>\w+)|\b(?P<word>noon|midday|midnight)\b"
    rf"|\bat\s+(?P<at>{'|'.join(UNITS)})\b",
    re.IGNORECASE,
)


_ENDS_IN_MONTH = re.compile(rf"\b(?:{_MONTH})\.?\s*$", re.IGNORECASE)


def times(words: str) -> Iterator[tuple[str, Span]]:
    """Every time of day that the words may mean as HH:MM, with where they name it."""
    for found in _TIME.finditer(words):
        if found["before"] and _ENDS_IN_MONTH.search(words, 0, found.start()):
            continue
        for hour, minute in _clock(found):
            if 0 <= hour < 24 and 0 <= minute < 60:
                yield f"{hour:02d}:{minute:02d}", found.span()


def _clock(found: re.Match[str]) -> Iterator[tuple[int, int]]:
    if found["word"]:
        yield (0 if found["word"].lower() == "midnight" else 12), 0
    elif found["four"]:
        yield int(found["four"][:2]), int(found["four"][2:])
    elif found["before"]:
        first, last, late = int(found["before"]) % 12, int(found["then"]) % 12, found["late"].lower() == "p"
        yield first + 12 * (late == (first <= last)), 0
    elif found["past"]:
        hour = _count(found["hw"])
        if hour is not None:
            minute = {"half past": 30, "quarter past": 15, "quarter to": 45}[found["past"].lower()]
            hour -= minute == 45
            yield from ((hour, minute), (hour + 12, minute))
    elif found["at"]:
        yield from ((UNITS[found["at"].lower()] + plus, 0) for plus in (0, 12))
    else:
        hour, minute = int(found["h"]), int(found["m"] or 0)
        half = (found["half"] or "")[:1].lower()
        if not (half or found["m"] or found["clock"] or found["lead"]):
            return  # a bare number is a day or an amount
        if half:
            yield hour % 12 + (12 if half == "p" else 0), minute
        else:
            yield from ((hour, minute), (hour + 12, minute))

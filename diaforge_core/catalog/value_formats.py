"""The `format`s that argument values are checked for; all others count as remarks."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from jsonschema import FormatChecker

_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")
_HOST = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_DURATION = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?", re.IGNORECASE)


def instant(text: str) -> dt.datetime:
    """The instant that an ISO date-time names, in UTC; one without a zone counts as UTC. ValueError if it is none."""
    moment = dt.datetime.fromisoformat(text.strip().upper().replace(" ", "T", 1))
    try:
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("it lies outside of the calendar") from None


def _date(text: str) -> bool:
    return bool(_DATE.fullmatch(text)) and bool(dt.date.fromisoformat(text))


def _date_time(text: str) -> bool:
    return bool(_DATE.match(text)) and text[10:11] in ("T", "t", " ") and bool(instant(text))


def _time(text: str) -> bool:
    return bool(_TIME.fullmatch(text)) and dt.time.fromisoformat(text.upper()) is not None


def _uri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme) and bool(parts.netloc or parts.path) and not any(letter.isspace() for letter in text)


CHECKS: dict[str, Callable[[str], Any]] = {
    "date": _date,
    "date-time": _date_time,
    "time": _time,
    "duration": _DURATION.fullmatch,
    "email": _EMAIL.fullmatch,
    "idn-email": _EMAIL.fullmatch,
    "hostname": _HOST.fullmatch,
    "ipv4": ipaddress.IPv4Address,
    "ipv6": ipaddress.IPv6Address,
    "uri": _uri,
    "url": _uri,
    "uuid": lambda text: len(text) in (32, 36) and uuid.UUID(text),
}
"""Format → a check that returns something truthy, or raises ValueError."""


def format_checker() -> FormatChecker:
    """A checker of exactly these formats, the same whichever optional packages are installed."""
    checker = FormatChecker(formats=())
    checker.checkers = {name: (_checks(check), ValueError) for name, check in CHECKS.items()}
    return checker


def _checks(check: Callable[[str], Any]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or bool(check(value))

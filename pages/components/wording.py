"""Text from documents, people and models made safe to draw, and numbers and times in plain words."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

DECODING = {
    "free": "as they like",
    "constrained": "held to what the tools take",
    "grounded": "held to the tools and to what was said",
}
"""How models on this machine write."""
DECODING_HELP = (
    "Held: a call names a tool in view, its keys and its choices; held to what was said, it also gives no value that "
    "nobody gave."
)
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_ICON_CODE = re.compile(r":(?=[\w+/-]+:)")
_WORD_JOINER = "\u2060"


def plain(text: object, limit: int = 0) -> str:
    """`text` as Markdown that shows exactly these characters: no link, image, heading, formula or colour.

    Line ends become spaces, invisible and direction-changing characters are dropped, and a positive `limit` cuts
    with an ellipsis. An invisible word joiner keeps `:name:` from being drawn as an icon, and addresses from
    becoming links.
    """
    shown = " ".join(visible(str(text)).split())
    if limit and len(shown) > limit:
        shown = shown[: limit - 1].rstrip() + "…"
    shown = shown.replace("://", f":{_WORD_JOINER}//").replace("www.", f"www{_WORD_JOINER}.")
    shown = shown.replace("@", f"@{_WORD_JOINER}")
    return _PUNCTUATION.sub(r"\\\1", _ICON_CODE.sub(f":{_WORD_JOINER}", shown))


def formatted(text: str) -> str:
    """`text` as Markdown whose headings, lists, emphasis, quotes and code show, and nothing else of it.

    Links and images show as they are written, and so do tags, formulas, icons and colours: an invisible word joiner
    takes each of them apart.
    """
    shown = visible(text).replace("$", "\\$")
    for mark in ("<", "!", "](", "]:", "][", "://", "www.", "@"):
        shown = shown.replace(mark, mark[0] + _WORD_JOINER + mark[1:])
    return re.sub(r":(?=[\w+/-]+[:\[])", f":{_WORD_JOINER}", shown)


def visible(text: str) -> str:
    """`text` without control and format characters (tabs and line ends stay), so that nothing hides in it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char for char in text if char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Co", "Cs"}
    )


def clip(text: object, limit: int = 80) -> str:
    """One line of `text`, for places that draw no Markdown (table cells, choices)."""
    shown = " ".join(visible(str(text)).split())
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "…"


def count(number: int, one: str, many: str = "") -> str:
    """`1 dialogue`, `1,250 dialogues`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """`45 s`, `12 min`, `3 h 5 min`; empty where unknown."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def ago(when: dt.datetime | None, now: dt.datetime | None = None) -> str:
    """`just now`, `5 min ago`, `yesterday`-like words; a time without a zone counts as UTC. Empty where unknown."""
    if when is None:
        return ""
    now = now or dt.datetime.now(dt.UTC)
    when = when.replace(tzinfo=dt.UTC) if when.tzinfo is None else when
    seconds = (now - when).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 48 * 3600:
        return f"{duration(seconds)} ago"
    return f"{round(seconds / 86400)} days ago"


def exact(when: dt.datetime | None) -> str:
    """The time to the second in UTC, for the hover."""
    return when.strftime("%Y-%m-%d %H:%M:%S UTC") if when else ""


def percent(share: float | None) -> str:
    """`62 %`; a dash where not measured."""
    return "–" if share is None else f"{share * 100:.0f} %"


def interval(value: float, low: float, high: float, n: int | None = None) -> str:
    """`62 % (53–70), n = 119`."""
    size = f", n = {n}" if n is not None else ""
    return f"{value * 100:.0f} % ({low * 100:.0f}–{high * 100:.0f}){size}"


def letters(index: int) -> str:
    """The letter of the candidate at `index`: A, B, …, Z, AA, …"""
    head, tail = divmod(index, 26)
    return (letters(head - 1) if head else "") + chr(65 + tail)


def memory(size: float) -> str:
    """`0.6 MB`, `0.8 GB`, `31 GB`; of bytes, a gigabyte being 10⁹ of them."""
    unit, bytes_of_it = ("GB", 1e9) if size >= 1e8 else ("MB", 1e6)
    return f"{size / bytes_of_it:.{0 if size >= 10 * bytes_of_it else 1}f} {unit}"

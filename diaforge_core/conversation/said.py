"""What of the values of a call was said to the assistant, and for which of them."""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz, process

from ..catalog.arguments import fits
from ..catalog.leaves import Leaf, leaves
from ..catalog.words import meaning
from ..records.dialogue import Turn
from ..records.tool import Tool
from .mentions import mentions
from .verifiers.amounts import Span
from .verifiers.moments import dates, times
from .verifiers.sayings import said_at
from .view import View

_NEAR, _NEAR_LENGTH = 85, 5
"""rapidfuzz ratio from which on words are a text that was written over wrongly, and characters it must have."""
_SENTENCE = 4
"""Words from which on a text says so much that another one is no more than almost the same by chance."""
_TAKEN = "\u01c1"
"""Stands for each character of words that are a value already: a letter, so that they part what stands round them."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(\S*)")
_IS = r"\s*(?:[:=]|\b(?:is|was|must be|would be|will be|should be|has to be)\b)?\s*(?:on\s+)?"
"""What may stand between the name of a place and its value."""
_UTC = re.compile(r"\s*(?:UTC|GMT|Z)\b")
_RECKONED = re.compile(r"\b(?:after|before|later|earlier|until|next|following|back)\b", re.IGNORECASE)
_LEAD, _BESIDES, _TIME_BEHIND = 3, 48, 6
"""Words before what is all that a turn says, characters that it has besides, and those between a day and its time."""
_WORD = re.compile(r"\S+")
_NAME = re.compile(r"\w+")
_EDGES = ".,;:!?*'\"‘’“”()<>[]{}"
_EXACT = 10**15
"""Greater numbers are names: they are written, never reckoned with."""
_PHONE = re.compile(r"\+?[\d\s().-]{7,}")
_PHONE_DIGITS = 7
"""Last digits by which a number is known again, with or without those of country and place."""
_BESIDE = 32
"""Characters before and behind a value within which its name says what it is."""
_SHORT = 8
"""Words up to which a yes is one to all of what it answers."""
_YES = re.compile(
    r"\W*(?:y|yes|yeah|yep|yup|correct|right|exactly|sure|ok|okay|fine|perfect|great|confirmed|agreed|go ahead"
    r"|absolutely|of course|I confirm|please do|that (?:works|is fine)|that(?:'s| is) (?:right|correct)"
    r"|(?:looks|sounds) (?:good|right|fine))\b(?!.*\b(?:no|not|but|wait|drop|instead|now|without|except)\b)(?!.*n't\b)",
    re.IGNORECASE,
)
_SEVERAL = re.compile(
    r"\b(?:both|each|the same (?:one|day|date|time|address|number|value|name|place|for|as)|same as|as well as|only day"
    r"|(?:one|single) day|(?:day|days) off|all day|all (?:two|three|of them))\b",
    re.IGNORECASE,
)
"""Says that one thing goes into several places."""


class Said:
    """What was said to the assistant, the last words first; words taken for a value are taken off."""

    def __init__(self, view: View, tool: Tool) -> None:
        self._today = view.setting.today
        self._labels = [leaf.label for leaf in leaves(tool)]
        self._heard = [*reversed(list(_heard(view.turns))), f"{view.setting.time_zone} {view.setting.locale}"]
        self._left = list(self._heard)
        self._several = any(_SEVERAL.search(words) for words in self._heard)

    def doubt(self, leaf: Leaf, value: Any) -> tuple[bool, float, int, bool, bool]:
        """How easily the words could be meant for another place: of two that were said once, the surer one has them."""
        formed = not isinstance(value, str) or bool({"format", "pattern"} & leaf.schema.keys())
        return (
            not fits(leaf.schema, value), -self._named(leaf, value), -len(str(value)), not leaf.required,
            not formed,
        )  # fmt: skip

    def takes(self, leaf: Leaf, value: Any) -> bool:
        """Whether all of the value is said, for nothing else, and can be what is wanted there."""
        before = list(self._left)
        form = {key: leaf.schema[key] for key in ("type", "format") if key in leaf.schema}
        if ("format" in form and not fits(form, value)) or self._runs_on(value, leaf):
            return False
        if all(self._takes(part, leaf) for part in words_of(value, leaf.schema)):
            return True
        self._left = before
        return False

    def near(self, leaf: Leaf, value: Any) -> tuple[Any, ...]:
        """What was said, and is no other value yet, where this is that with a slip of the pen; at most one."""
        if not isinstance(value, str):
            return ()
        moment = _MOMENT.fullmatch(value)
        if moment or _DAY.fullmatch(value):
            found = list(self._near_days(leaf, value[:10], moment))
        elif at := self._runs_on(value, leaf):
            found = [value[:at].rstrip(" ,;.")]
        else:
            found = list(self._near_words(value))
        found = [each for each in dict.fromkeys(found) if fits(leaf.schema, each) and each != value]
        return tuple(found) if len(found) == 1 else ()

    def _named(self, leaf: Leaf, value: Any) -> float:
        """The share of the words in the name of the place that stand beside the value, where there are most."""
        name, share = set(leaf.label.casefold().split()), 0.0
        for part in words_of(value, leaf.schema):
            for words in self._heard:
                if span := _found(part, words, self._today):
                    beside = f"{words[max(0, span[0] - _BESIDE) : span[0]]} {words[span[1] :][:_BESIDE]}"
                    share = max(share, len(name & set(_NAME.findall(beside.casefold()))) / len(name))
        return share

    def _takes(self, value: str | float, leaf: Leaf) -> bool:
        shared = False
        for place, heard in enumerate(self._heard):
            # What is taken is looked for as well, since other words may be understood by it only, as in "5 to 9 May".
            for words in (heard, self._left[place]):
                span = _found(value, _without_labels(words, value, self._labels), self._today)
                if span and self._is_mixed_up(value, words):
                    continue
                own = _own(value, span, words) if span else None
                if span and _in_other_case(value, words, span) and fits(leaf.schema, words[slice(*span)]):
                    return False
                if own and _TAKEN not in self._left[place][slice(*own)]:
                    self._take(place, own)
                    return True
                shared = shared or (span is not None and (self._several or self._is_part(place, span)))
        return shared

    def _runs_on(self, value: Any, leaf: Leaf) -> int:
        """Where in a text the next thing that the user said begins, with its name and a sign; 0 where none does."""
        others = "|".join(re.escape(label) for label in self._labels if label != leaf.label)
        next_one = (
            re.search(rf"[,;.] (?:{others})(?:[:=] | = )", value, re.IGNORECASE) if isinstance(value, str) else None
        )
        return next_one.start() if next_one and others else 0

    def _is_mixed_up(self, value: str | float, words: str) -> bool:
        """Whether the words give each time its own day, and not the one that stands in the value."""
        moment = _MOMENT.fullmatch(value) if isinstance(value, str) else None
        return moment is not None and bool(own := self._own_days(words, moment[2])) and moment[1] not in own

    def _own_days(self, words: str, time: str) -> set[str]:
        """The days with which a time of day is said, where each time has a day of its own before it."""
        days = [(span, day.isoformat()) for day, span in dates(words, self._today)]
        clock = [
            (each, at)
            for each, at in times(words)
            if not any(at[0] < end and at[1] > start for (start, end), _ in days)
        ]
        before = {at: max((span for span, _ in days if span[0] <= at[0]), default=None) for _, at in clock}
        if None in before.values() or len(set(before.values())) < len(before):
            return set()
        wanted = {before[at] for each, at in clock if each == time}
        return {day for span, day in days if span in wanted}

    def _is_part(self, place: int, span: Span) -> bool:
        """Whether the words are a part of other ones that are taken, as a first name is of a name."""
        start, end = span
        left = self._left[place]
        return set(left[start:end]) == {_TAKEN} and _TAKEN in (left[start - 1 : start], left[end : end + 1])

    def _take(self, place: int, span: Span) -> None:
        start, end = span
        words = self._left[place]
        self._left[place] = words[:start] + _TAKEN * (end - start) + words[end:]

    def _near_days(self, leaf: Leaf, day: str, moment: re.Match[str] | None) -> Iterator[str]:
        """What this was meant for among the days said in full, with a time of day those that it was said with.

        Days that have its digits; or that stand right behind the name of the place; or are all that was said last.
        """
        for place, words in enumerate(self._left):
            days = [
                (span, said.isoformat())
                for said, span in dates(words, self._today)
                if str(said.year) in words[span[0] : span[1]]
            ]
            for span, said in days:
                clock = self._times_of(words, span) if moment else [""]
                digits = day[:4] == said[:4] and sorted(day) == sorted(said)
                mixed = moment is not None and self._is_mixed_up(moment[0], words) and day in {each for _, each in days}
                named = re.search(rf"\b{re.escape(leaf.label)}{_IS}$", words[: span[0]], re.IGNORECASE)
                alone = place == 0 and len(days) == 1 and _is_all(words, span)
                for time in clock:
                    slip = (digits or mixed) and (moment is None or time == moment[2])
                    if slip or named or alone:
                        yield f"{said}T{time}{moment[3]}" if moment else said

    def _times_of(self, words: str, day: Span) -> list[str]:
        """The time of day in UTC that is said behind a day."""
        found = [(at, time) for time, at in times(words) if at[0] >= day[1] and at[0] - day[1] < _TIME_BEHIND]
        first = min(found, default=None)
        if first is None or ":" not in words[slice(*first[0])] or not _UTC.match(words[first[0][1] :]):
            return []
        return [time for at, time in found if at == first[0]][:1]

    def _near_words(self, value: str) -> Iterator[str]:
        """Words that are this text with a slip; of a code or a name, which are much alike, the same characters."""
        long = len(value.split()) >= _SENTENCE
        for words in self._left:
            windows = list(_windows(words, len(value.split())))
            yield from (text for text in windows if text != value and text.casefold() == value.casefold())
            if long:
                found = process.extractOne(value, windows, scorer=fuzz.ratio, score_cutoff=_NEAR)
                yield from found[:1] if found else ()
            elif len(value) >= _NEAR_LENGTH:
                yield from (text for text in windows if sorted(text) == sorted(value))


def words_of(value: Any, schema: Any) -> Iterator[str | float]:
    """The texts and numbers of a value that people say as they are."""
    schema = schema if isinstance(schema, Mapping) else {}
    if isinstance(value, bool) or value is None or value in (0, 1) or is_choice(schema):
        return
    if "default" in schema and value == schema["default"]:  # which is as good as nothing
        return
    if isinstance(value, Mapping):
        parts = schema.get("properties") or {}
        for name, part in value.items():
            yield from words_of(part, parts.get(name))
    elif isinstance(value, list):
        for part in value:
            yield from words_of(part, schema.get("items"))
    elif isinstance(value, str | int | float):
        yield value


def is_choice(schema: Mapping[str, Any]) -> bool:
    parts = [part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key) or ()]
    return "enum" in schema or "const" in schema or any(isinstance(part, Mapping) and is_choice(part) for part in parts)


def _heard(turns: Sequence[Turn]) -> Iterator[str]:
    """What users and tools said, and what a short yes agrees to."""
    for before, turn in zip((None, *turns), turns, strict=False):
        if turn.speaker == "tool":
            yield _composed(_answered(turn.reply))
        elif turn.speaker == "user":
            agreed = before is not None and before.reply and _YES.match(turn.reply)
            yield _composed(turn.reply)
            if agreed and before and len(turn.reply.split()) <= _SHORT:
                yield _composed(before.reply)


def _answered(reply: str) -> str:
    """The texts and numbers of a tool's answer, a line each, where it is JSON."""
    try:
        answer = json.loads(reply)
    except (ValueError, RecursionError):
        return reply
    return "\n".join(map(str, words_of(answer, {})))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _found(value: str | float, words: str, today: dt.date) -> Span | None:
    """Where the words last give the value, in whatever form."""
    if not isinstance(value, str):
        return _number(value, words, today)
    text = _composed(value)
    found = said_at(text, words, today) or said_at(text.partition("://")[2].rstrip("/") or text, words, today)
    if found or not text.strip():
        return found
    if _PHONE.fullmatch(text):
        return _dialled(text, words)
    at = words.find(text) if not text.isascii() else -1
    return (at, at + len(text)) if at >= 0 else None


def _number(value: float, words: str, today: dt.date) -> Span | None:
    """Where a number stands, as a share of a hundred or below zero too."""
    if abs(value) > _EXACT:
        return said_at(str(value), words, today)
    ways = [value, *([value * 100] if "%" in words else []), *([-value] if "minus" in words and value < 0 else [])]
    told = next((span for way in ways if (span := said_at(way, words, today))), None)
    return told or next(((each.start, each.end) for each in mentions(words) if each.agrees(value)), None)


def _dialled(number: str, words: str) -> Span | None:
    """Where a telephone number stands, however it is spaced, with or without country and place."""
    digits = re.sub(r"\D", "", number).lstrip("0")
    for found in _PHONE.finditer(words):
        said = re.sub(r"\D", "", found[0]).lstrip("0")
        shorter, longer = sorted((digits, said), key=len)
        if len(shorter) >= _PHONE_DIGITS and longer.endswith(shorter):
            return found.span()
    return None


def _without_labels(words: str, value: str | float, labels: Sequence[str]) -> str:
    """The words without the names of places that the value itself could be."""
    if not isinstance(value, str) or not (told := meaning(value)):
        return words
    for label in labels:
        if told <= meaning(label):
            named = rf"(?<![\"“«‘'])\b(?:{re.escape(label)}|(?:the|my|our|your|its) {re.escape(label.split()[-1])})\b"
            words = re.sub(named, lambda found: _TAKEN * len(found[0]), words, flags=re.IGNORECASE)
    return words


def _own(value: str | float, span: Span, words: str) -> Span:
    """The part of the words that no other value can be: of a moment its time, since days are shared."""
    if not isinstance(value, str):
        return span
    if moment := _MOMENT.fullmatch(value):
        return max((at for time, at in times(words) if time == moment[2]), default=(0, 0))
    as_it_is = _DAY.fullmatch(value) or _PHONE.fullmatch(value) or span[1] - span[0] <= len(value) + 4
    return span if as_it_is else (0, 0)  # else it is put in other words, with more between


def _in_other_case(value: str | float, words: str, span: Span) -> bool:
    """Whether the words are the text in other letters, and not just since they begin a sentence."""
    said = words[slice(*span)]
    begins = not words[: span[0]].strip() or words[: span[0]].rstrip()[-1:] in ".!?:\n"
    other = isinstance(value, str) and said != value and said.casefold() == value.casefold()
    return other and not (begins and isinstance(value, str) and said[1:] == value[1:])


def _is_all(words: str, span: Span) -> bool:
    """Whether a day, perhaps with its time, is all that the words say."""
    brief = len(words[: span[0]].split()) <= _LEAD and len(words) - (span[1] - span[0]) < _BESIDES
    return brief and not _RECKONED.search(words)


def _windows(words: str, size: int) -> Iterator[str]:
    """Each run of about as many words, without what stands round it and without words that are taken."""
    found = [word.span() for word in _WORD.finditer(words)]
    for more in range(max(1, size - 1), size + 2):
        for first in range(len(found) - more + 1):
            text = words[found[first][0] : found[first + more - 1][1]].strip(_EDGES)
            if text and _TAKEN not in text:
                yield re.sub(r"\s+", " ", text)

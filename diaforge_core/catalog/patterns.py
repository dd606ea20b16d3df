"""Regular expressions from documents: which are safe to try, and texts that fit them."""

from __future__ import annotations

import math
import random
import re
import string
import warnings
from functools import lru_cache
from re import _constants, _parser  # pyright: ignore[reportAttributeAccessIssue]
from typing import Any

MAX_PATTERN = 1_000
"""Characters of a pattern."""
MAX_PATTERN_TEXT = 512
"""Characters of a text that a pattern is tried on; a longer text does not fit it."""
MAX_WAYS = math.log(5e8)
"""Natural logarithm of the ways in which a pattern may split one text; more could take minutes to try."""
_LETTERS = string.ascii_lowercase + string.digits + string.ascii_uppercase + " -_.:/@#+"


def is_safe(pattern: str) -> bool:
    """Whether Python can read the pattern, and try it on any text of 512 characters in bounded time."""
    return len(pattern) <= MAX_PATTERN and _is_safe(pattern)


@lru_cache(maxsize=4_096)
def _is_safe(pattern: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python may read otherwise in future is no concern of the document's
            re.compile(pattern)
            parsed = _parser.parse(pattern)
        return parsed.getwidth()[0] <= MAX_PATTERN_TEXT and _starts(parsed) + _ways(parsed) <= MAX_WAYS
    except (re.error, OverflowError, RecursionError):
        return False


def text_like(pattern: str, rng: random.Random) -> str:
    """A short text that the pattern describes; without regard to look-around and back references."""
    return _draw(_parser.parse(pattern), rng)


def _starts(parsed: Any) -> float:
    """Logarithm of the places of a text at which the pattern is tried."""
    beginnings = (_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING)
    anchored = bool(parsed) and parsed[0][0] == _constants.AT and parsed[0][1] in beginnings
    return 0.0 if anchored else math.log(MAX_PATTERN_TEXT)


def _ways(parsed: Any) -> float:
    """Logarithm of an upper bound of the ways in which the steps can share a text among them."""
    total = 0.0
    steps = list(parsed)
    for place, (operation, argument) in enumerate(steps):
        if _ends_at_once(operation, argument, steps[place + 1 : place + 2]):
            continue
        inner = sum(_ways(each) for each in _bodies(operation, argument))
        if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            low, high = argument[0], min(argument[1], MAX_PATTERN_TEXT)
            inner = inner * high + math.log(max(high - low, 0) + 1)
        elif operation == _constants.BRANCH:
            inner += math.log(len(argument[1]))
        total += inner
    return total


def _ends_at_once(operation: Any, argument: Any, following: list[Any]) -> bool:
    """Whether a repeated set of letters can stop in one place only: before a letter that is not in it."""
    if operation != _constants.MAX_REPEAT or len(argument[2]) != 1 or not following:
        return False
    (kind, members), (next_kind, code) = argument[2][0], following[0]
    if next_kind != _constants.LITERAL or kind != _constants.IN:
        return next_kind == _constants.LITERAL and kind == _constants.NOT_LITERAL and members == code
    negated = members[0][0] == _constants.NEGATE
    forms = {chr(code), chr(code).lower(), chr(code).upper()}  # the pattern may disregard case
    return all(_in_set(members[1:] if negated else members, form) == negated for form in forms)


def _bodies(operation: Any, argument: Any) -> list[Any]:
    """The parsed patterns inside of one step."""
    if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
        return [argument[2]]
    if operation == _constants.SUBPATTERN:
        return [argument[-1]]
    if operation == _constants.BRANCH:
        return list(argument[1])
    if operation in (_constants.ASSERT, _constants.ASSERT_NOT):
        return [argument[1]]
    return [argument] if operation == _constants.ATOMIC_GROUP else []


def _draw(parsed: Any, rng: random.Random) -> str:
    return "".join(_draw_step(operation, argument, rng) for operation, argument in parsed)


def _draw_step(operation: Any, argument: Any, rng: random.Random) -> str:
    if operation == _constants.LITERAL:
        return chr(argument)
    if operation in (_constants.ANY, _constants.NOT_LITERAL):
        return rng.choice(string.ascii_lowercase)
    if operation == _constants.IN:
        return _draw_from_set(argument, rng)
    if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT):
        low, high, body = argument
        times = rng.randint(low, min(high, max(low, 8))) if high > low else low
        return "".join(_draw(body, rng) for _ in range(min(times, 200)))
    if operation == _constants.BRANCH:
        return _draw(rng.choice(argument[1]), rng)
    if operation in (_constants.SUBPATTERN, _constants.ATOMIC_GROUP):
        return _draw(argument[-1] if operation == _constants.SUBPATTERN else argument, rng)
    return ""


def _draw_from_set(members: Any, rng: random.Random) -> str:
    return rng.choice(_letters_of(tuple(members)))


@lru_cache(maxsize=1024)
def _letters_of(members: tuple[Any, ...]) -> list[str]:
    """The letters of a set that are easy to say and to type; at least one."""
    if members and members[0][0] == _constants.NEGATE:
        return [letter for letter in _LETTERS[:36] if not _in_set(members[1:], letter)] or ["x"]
    for alphabet in (_LETTERS[:36], _LETTERS):  # lower case and digits first
        letters = [letter for letter in alphabet if _in_set(members, letter)]
        if letters:
            return letters
    kind, value = members[0]
    return [chr(value[0]) if kind == _constants.RANGE else chr(value) if kind == _constants.LITERAL else "x"]


def _in_set(members: Any, letter: str) -> bool:
    tests = {
        _constants.CATEGORY_DIGIT: letter.isdigit(),
        _constants.CATEGORY_NOT_DIGIT: not letter.isdigit(),
        _constants.CATEGORY_WORD: letter.isalnum() or letter == "_",
        _constants.CATEGORY_NOT_WORD: not (letter.isalnum() or letter == "_"),
        _constants.CATEGORY_SPACE: letter == " ",
        _constants.CATEGORY_NOT_SPACE: letter != " ",
    }
    for kind, value in members:
        if kind == _constants.LITERAL and chr(value) == letter:
            return True
        if kind == _constants.RANGE and value[0] <= ord(letter) <= value[1]:
            return True
        if kind == _constants.CATEGORY and tests.get(value, False):
            return True
    return False

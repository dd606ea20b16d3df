"""Regular expressions from documents: which are safe to try, and texts that fit them."""

from __future__ import annotations

import random
import re
import string
import warnings
from re import _constants, _parser  # pyright: ignore[reportAttributeAccessIssue]
from typing import Any

MAX_PATTERN = 1_000
"""Characters of a pattern."""
MAX_OPEN_REPEATS = 3
"""Repeats without a small limit in one pattern; with n of them a match may take time of the n-th power."""
SMALL_REPEAT = 64
_LETTERS = string.ascii_lowercase + string.digits + string.ascii_uppercase + " -_.:/@#+"


def is_safe(pattern: str) -> bool:
    """Whether Python can read the pattern and try it in bounded time: few open repeats, none inside another."""
    if len(pattern) > MAX_PATTERN:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Python may read otherwise in future is no concern of the document's
            re.compile(pattern)
            return _open_repeats(_parser.parse(pattern)) <= MAX_OPEN_REPEATS
    except (re.error, OverflowError, RecursionError, _Nested):
        return False


def text_like(pattern: str, rng: random.Random) -> str:
    """A short text that the pattern describes; without regard to look-around and back references."""
    return _draw(_parser.parse(pattern), rng)


class _Nested(Exception):
    """An open repeat inside another."""


def _open_repeats(parsed: Any) -> int:
    count = 0
    for operation, argument in parsed:
        inner = sum(_open_repeats(each) for each in _bodies(operation, argument))
        if operation in (_constants.MAX_REPEAT, _constants.MIN_REPEAT) and argument[1] > SMALL_REPEAT:
            branches = any(step == _constants.BRANCH for step, _ in _flat(argument[2]))
            if inner or branches:
                raise _Nested
            inner = 1
        count += inner
    return count


def _flat(parsed: Any) -> list[tuple[Any, Any]]:
    steps = list(parsed)
    return steps + [
        step for operation, argument in steps for body in _bodies(operation, argument) for step in _flat(body)
    ]


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
    if members and members[0][0] == _constants.NEGATE:
        return rng.choice([letter for letter in _LETTERS[:36] if not _in_set(members[1:], letter)] or ["x"])
    for alphabet in (_LETTERS[:36], _LETTERS):  # lower case and digits first: easier to say and to type
        letters = [letter for letter in alphabet if _in_set(members, letter)]
        if letters:
            return rng.choice(letters)
    kind, value = members[0]
    return chr(value[0]) if kind == _constants.RANGE else chr(value) if kind == _constants.LITERAL else "x"


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

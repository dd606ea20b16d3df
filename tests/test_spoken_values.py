"""Values said in words are heard as the very same values."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.conversation.spoken_values import heard, same, spoken

AFTER = ("", ".", ", and the next one is 5", " and more", ". Thanks!", "; rest")
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=40),
    "integer": st.integers(-(10**12), 10**12),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9),
    "boolean": st.booleans(),
    "object": st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=8), max_size=3),
}


@given(st.sampled_from(sorted(SCALARS)).flatmap(lambda kind: st.tuples(st.just(kind), SCALARS[kind])), st.randoms())
def test_any_value_is_heard_as_it_was_meant_whatever_follows(pair: tuple[str, Any], rng: random.Random):
    kind, value = pair
    schema = {"type": kind}
    words = spoken(schema, value, rng)
    for after in AFTER:
        found = heard(schema, words + after)
        assert found is not None
        assert same(found[0], value)
        assert found[1] == len(words)


@given(
    st.lists(st.text(min_size=1, max_size=12) | st.sampled_from(["red", "blue, green", "and"]), min_size=1),
    st.randoms(),
)
def test_any_list_of_texts_is_heard_as_it_was_meant(value: list[str], rng: random.Random):
    schema = {"type": "array", "items": {"type": "string"}}
    found = heard(schema, spoken(schema, value, rng) + ".")
    assert found is not None
    assert found[0] == value


@given(st.datetimes(min_value=dt.datetime(1970, 1, 1), max_value=dt.datetime(2099, 12, 31)), st.randoms())
def test_a_moment_is_said_as_people_say_it_and_heard_again(moment: dt.datetime, rng: random.Random):
    schema = {"type": "string", "format": "date-time"}
    value = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    words = spoken(schema, value, rng)
    assert "T" not in words.removesuffix("UTC")
    for after in AFTER:
        assert heard(schema, words + after) == (value, len(words))


@pytest.mark.parametrize(
    ("schema", "words", "value"),
    [
        ({"type": "string", "format": "date"}, "March 3, 2026", "2026-03-03"),
        ({"type": "string", "format": "date"}, "3rd March 2026", "2026-03-03"),
        ({"type": "string", "format": "date-time"}, "1 May 2026, 14:45 UTC", "2026-05-01T14:45:00Z"),
        ({"type": "string", "format": "date-time"}, "May 1, 2026 at 9:05 UTC", "2026-05-01T09:05:00Z"),
        ({"type": "string", "format": "date-time"}, "2026-05-01T14:45:00Z", "2026-05-01T14:45:00Z"),
        ({"type": "string", "enum": ["IN_PROGRESS", "DONE"]}, "in progress", "IN_PROGRESS"),
        ({"type": "string", "enum": ["1-10", "11-50", "51-200"]}, "51-200, I think", "51-200"),
        ({"enum": [1, 2, 3]}, "2", 2),
        ({"type": "boolean"}, "yes, please", True),
        ({"type": "boolean"}, "off", False),
        ({"type": ["integer", "null"]}, "12,500", 12500),
        ({"type": ["string", "null"]}, "null", None),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "L-7", "L-7"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, '"7"', "7"),
        ({"type": "string"}, "“a, b and c”", "a, b and c"),
        ({"type": "array", "items": {"type": "integer"}}, "1, 2, and 3", [1, 2, 3]),
        ({"type": "array", "items": {"enum": ["A_B", "C"]}}, "a b and c", ["A_B", "C"]),
    ],
)
def test_what_people_write_is_heard(schema: dict[str, Any], words: str, value: Any):
    found = heard(schema, words)
    assert found is not None
    assert same(found[0], value)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer"}, "many"),
        ({"type": "integer"}, "2.5"),
        ({"type": "integer"}, "5th"),
        ({"type": "string", "enum": ["open", "shut"]}, "opened"),
        ({"type": "boolean"}, "nothing"),
        ({"type": "object"}, "some thing"),
        ({"type": "string"}, ""),
    ],
)
def test_what_is_not_of_the_type_is_not_heard(schema: dict[str, Any], words: str):
    assert heard(schema, words) is None

"""A value is found in the words that a person gives it in, and not in words that give another."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.conversation.verifiers.amounts import numbers
from diaforge_core.conversation.verifiers.moments import dates, times
from diaforge_core.conversation.verifiers.sayings import said_at

TODAY = dt.date(2026, 3, 2)
"""A Monday."""

SAID: dict[str, Any] = {
    "LD-20418 please": "LD-20418",
    "the number is ld 20418": "LD-20418",
    "call +46 (8) 555-01-17": "+46 8 555 0117",
    "it is still IN progress": "IN_PROGRESS",
    "the screen is cracked": "cracked screen",
    "paid in euros": "EUR",
    "Twelve hundred euros": 1200,
    "12.5k": 12500,
    "61,500 as well": 61500.0,
    "1.250,50": 1250.5,
    "two hours": 120,
    "an hour and a half": 90,
    "half an hour": 30,
    "tomorrow": "2026-03-03",
    "from next Monday": "2026-03-09",
    "last Friday": "2026-02-27",
    "as of April 1st": "2026-04-01",
    "by 31.12.2026": "2026-12-31",
    "by the end of this month": "2026-03-31",
    "in two weeks": "2026-03-16",
    "the last day of February": "2026-02-28",
    "since 7:45 this morning": "2026-03-02T07:45:00Z",
    "next Tuesday at 3 pm": "2026-03-10T15:00:00Z",
    "Thursday at half past two": "2026-03-05T14:30:00Z",
    "the February books": "2026-02",
    "phone and e-mail": ["e-mail", "phone"],
    "it ends in four four seven one": "4471",
    "h dot bloom at tern dot example": "h.bloom@tern.example",
    "that is J O dash four four one oh": "JO-4410",
}
NOT_SAID: dict[str, Any] = {
    "LD-20418": "LD-2041",
    "LD-204189": "LD-20418",
    "x@mail.example.org": "x@mail.example",
    "12,500": 1250,
    "40,000": 40.0,
    "one or two of the four": "124",
    "at 10:00 on 11 March 2026": "2026-03-11T11:00:00Z",
    "on 3 April": "2026-04-13",
    "yes": True,
    "phone": ["e-mail", "phone"],
    "the duplicate": "of the original",
}


@pytest.mark.parametrize(("words", "value"), SAID.items(), ids=SAID)
def test_the_words_give_the_value(words: str, value: Any):
    assert said_at(value, words, TODAY)


@pytest.mark.parametrize(("words", "value"), NOT_SAID.items(), ids=NOT_SAID)
def test_the_words_do_not_give_the_value(words: str, value: Any):
    assert said_at(value, words, TODAY) is None


def test_the_last_place_counts():
    assert said_at("Lyon", "from Lyon, I mean to Lyon", TODAY) == (21, 25)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)))
def test_a_date_is_known_again_in_every_common_form(day: dt.date):
    forms = (f"{day:%B} {day.day}, {day.year}", f"{day.day} {day:%b} {day.year}", f"{day:%d.%m.%Y}", day.isoformat())
    for form in forms:
        assert day in {found for found, _ in dates(f"on {form} then", TODAY)}, form


@given(st.integers(0, 10**9))
def test_a_number_is_known_again_with_and_without_separators(number: int):
    for form in (str(number), f"{number:,}", f"{number:,}".replace(",", " ")):
        assert float(number) in {found for found, _ in numbers(f"make it {form} please")}, form


@given(st.integers(0, 23), st.integers(0, 59))
def test_a_time_is_known_again(hour: int, minute: int):
    assert f"{hour:02d}:{minute:02d}" in {found for found, _ in times(f"at {hour}:{minute:02d}")}


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_words_can_be_read(value: str, words: str):
    span = said_at(value, words, TODAY)
    assert span is None or 0 <= span[0] <= span[1] <= len(words)


@given(st.text(max_size=80))
def test_any_words_can_be_read_for_moments_and_numbers(words: str):
    for _, (start, end) in (*dates(words, TODAY), *numbers(words), *times(words)):
        assert 0 <= start < end <= len(words)


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("5–9 May 2025", ["2025-05-05", "2025-05-09"]),
        ("from 5 to 9 May 2025", ["2025-05-05", "2025-05-09"]),
        ("May 5-9, 2025", ["2025-05-05", "2025-05-09"]),
        ("until the 9th of May 2025", ["2025-05-09"]),
        ("31 March 2025 17:15 to 3 April 2025", ["2025-03-31", "2025-04-03"]),
        ("5/3/2025 PM", ["2025-03-05", "2025-05-03"]),
        ("on May 5 2025 - 10:30", ["2025-05-05"]),
        ("May 5 2025 until 17:00", ["2025-05-05"]),
        ("I need 12 and 3 May 2025 is the start", ["2025-05-03"]),
        ("3-5pm, 5-9 May 2025", ["2025-05-05", "2025-05-09"]),
        ("in 9000 years, 5000 years ago, in 99999999999 days, in ² weeks", []),
    ],
)
def test_days_are_read_as_people_write_them_together(words: str, days: list[str]) -> None:
    assert sorted({day.isoformat() for day, _ in dates(words, TODAY) if day.year == 2025}) == days


@pytest.mark.parametrize(
    ("words", "clock"),
    [
        ("3-5pm", ["15:00", "17:00"]),
        ("9-5pm", ["09:00", "17:00"]),
        ("11 to 1pm", ["11:00", "13:00"]),
        ("from 0900 to 1700", ["09:00", "17:00"]),
        ("by 1730 UTC, or at 2015", ["17:30", "20:15"]),
        ("at 1530 tomorrow", ["15:30"]),
        ("from 2024 until 2025", []),
        ("09:45+02:00", ["09:45", "21:45"]),
        ("May 5 to 9 am", ["09:00"]),
        ("May 20 and 5pm", ["17:00"]),
    ],
)
def test_times_are_read_as_people_write_them_together(words: str, clock: list[str]) -> None:
    assert sorted({time for time, _ in times(words)}) == clock

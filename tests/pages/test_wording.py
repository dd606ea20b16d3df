"""Text from outside is drawn as it is; numbers and times in plain words."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pages.components.wording import ago, clip, count, duration, interval, letters, memory, plain, visible

UNSAFE = set("!\"#$%&'()*+,-./:;<=>?[\\]^_`{|}~")


@given(some.text())
def test_every_mark_of_markdown_is_escaped(text: str) -> None:
    shown = plain(text)
    for place, char in enumerate(shown):
        before = len(shown[:place]) - len(shown[:place].rstrip("\\"))
        if char in UNSAFE - {"\\"}:
            assert before % 2 == 1
    assert "\n" not in shown


@given(some.text())
def test_nothing_but_escapes_and_joiners_is_added(text: str) -> None:
    bare = plain(text).replace("\u2060", "")
    undone = "".join(char for place, char in enumerate(bare) if not (char == "\\" and _escapes(bare, place)))
    assert undone == " ".join(visible(text).split())


def _escapes(text: str, place: int) -> bool:
    before = len(text[:place]) - len(text[:place].rstrip("\\"))
    return before % 2 == 0


def test_direction_marks_and_control_characters_do_not_hide_text() -> None:
    assert visible("ok\u202egnp\u202c\u200b\x07 \U000e0041end") == "okgnp end"


def test_a_limit_cuts_with_an_ellipsis() -> None:
    assert clip("one two three", 8) == "one two…"
    assert plain("one two three", 8) == "one two…"


def test_addresses_and_icon_codes_are_broken() -> None:
    assert "://" not in plain("https://evil.example").replace("\\", "")
    assert ":smile:" not in plain(":smile:").replace("\\", "")


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, ""), (0.2, "1 s"), (45, "45 s"), (600, "10 min"), (3 * 3600 + 300, "3 h 5 min")]
)
def test_durations_read_as_people_say_them(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"), [(590_160, "0.6 MB"), (42e6, "42 MB"), (0.81e9, "0.8 GB"), (31e9, "31 GB"), (0, "0.0 MB")]
)
def test_sizes_have_a_unit_in_which_they_are_seen(size: float, words: str) -> None:
    assert memory(size) == words


def test_times_are_relative() -> None:
    now = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
    assert ago(now - dt.timedelta(seconds=5), now) == "just now"
    assert ago(now - dt.timedelta(minutes=5), now) == "5 min ago"
    assert ago(dt.datetime(2026, 2, 20, 12), now) == "10 days ago"
    assert ago(None) == ""


def test_numbers_carry_their_interval_and_n() -> None:
    assert interval(0.62, 0.53, 0.7, 119) == "62 % (53–70), n = 119"
    assert count(1, "dialogue") == "1 dialogue"
    assert count(1250, "dialogue") == "1,250 dialogues"


def test_letters_go_on_after_z() -> None:
    assert [letters(index) for index in (0, 25, 26, 27)] == ["A", "Z", "AA", "AB"]

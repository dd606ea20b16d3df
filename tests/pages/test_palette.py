"""One place for colours: the theme, the palette and the outcomes agree."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import get_args

import pytest

from diaforge_core.records.review import ReviewState
from diaforge_core.records.run import RunState
from diaforge_core.records.tool import SideEffect
from diaforge_core.records.trace import NoToolOutcome, Outcome
from pages.components.palette import DARK, LIGHT, OUTCOMES, RUN_STATES, SIDE_EFFECTS, STATES, contrast, ink_on, look

CONFIG = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))


@pytest.mark.parametrize(("theme", "palette"), [("light", LIGHT), ("dark", DARK)])
def test_the_theme_has_the_colours_of_the_palette(theme: str, palette: dict[str, str]) -> None:
    given = CONFIG["theme"][theme]
    assert given["primaryColor"] == palette["primary"]
    assert {name: given[f"{name}Color"] for name in ("blue", "orange", "red", "gray", "yellow", "text")} == {
        name: palette[name] for name in ("blue", "orange", "red", "gray", "yellow", "text")
    }


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_what_stands_on_a_colour_can_be_read(palette: dict[str, str]) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for name in ("primary", "blue", "orange", "gray", "red", "yellow"):
        assert contrast(ink_on(palette[name]), palette[name]) >= 4.5, name


def test_every_value_that_is_shown_has_word_icon_and_colour() -> None:
    assert set(get_args(Outcome)) | set(get_args(NoToolOutcome)) == set(OUTCOMES)
    assert set(get_args(ReviewState)) == set(STATES)
    assert set(get_args(RunState)) == set(RUN_STATES)
    assert set(get_args(SideEffect)) == set(SIDE_EFFECTS)
    for kind in (OUTCOMES, STATES, RUN_STATES, SIDE_EFFECTS):
        assert len({(shown.word, shown.icon) for shown in kind.values()}) >= len(kind) - 1


def test_an_unforeseen_value_is_shown_as_its_own_words() -> None:
    assert look(OUTCOMES, "some_new_one").word == "some new one"
    assert look(OUTCOMES, "").word == "unknown"


def test_nothing_is_sent_home_and_only_this_machine_is_served() -> None:
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["server"]["address"] == "127.0.0.1"

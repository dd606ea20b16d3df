"""The Generate page's section on distractors: what is set there, the next preview obeys."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from pages.components.generate_recipe import pair_line
from tests.factories import sales_tools
from tests.pages.test_pages import words

Open = Callable[..., AppTest]


def previewed(at: AppTest) -> list[str]:
    return [box.label for box in at.expander if box.label.startswith("**")]


def test_a_floor_of_closeness_changes_the_preview_and_one_that_leaves_nothing_is_one_message(open_page: Open) -> None:
    at = open_page("generate")
    before = previewed(at)
    at.slider(key="generate.closeness").set_value((0.4, 1.0)).run()
    assert not at.exception
    assert not at.error
    assert len(previewed(at)) == 5
    assert previewed(at) != before
    at.slider(key="generate.closeness").set_value((0.95, 1.0)).run()
    assert not at.exception
    assert len(at.error) == 1
    assert "Lower the floor" in at.error[0].value
    assert "Nothing can be made" in words(at)


def test_the_section_says_what_people_said_of_pairs() -> None:
    from diaforge_core.records.tool import Catalog

    plain = Catalog(name="sample", tools=sales_tools())
    pair = ("CRM_CreateContact", "CRM_CreateLead")
    assert "No pair" in pair_line(plain)
    assert "1 pinned pair: beside" in pair_line(Catalog(name="sample", tools=sales_tools(), pinned=(pair,)))
    assert "1 banned pair: never" in pair_line(Catalog(name="sample", tools=sales_tools(), banned=(pair,)))

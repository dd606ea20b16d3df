"""The Generate page: what is set in the recipe, the preview obeys; what it made is covered, varied and traced."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from diaforge_core.records.tool import Catalog, Tool
from pages.components.generate_recipe import pair_line
from pages.components.wiring import services
from tests.factories import a_tool, sales_tools
from tests.pages.test_pages import words

Open = Callable[..., AppTest]
SERVER = "openai:qwen3@http://127.0.0.1:9/v1"


def previewed(at: AppTest) -> list[str]:
    return [box.label for box in at.expander if box.label.startswith("**")]


def test_a_new_user_sees_five_whole_dialogues_and_can_start_without_opening_anything(open_page: Open) -> None:
    at = open_page("generate")
    assert not at.exception
    assert not at.error
    assert len(previewed(at)) == 5
    assert not at.button(key="generate.start").disabled
    assert sum(element.value.startswith("**Goal:**") for element in at.markdown) == 5
    assert sum(element.value.startswith("**Persona:**") for element in at.markdown) == 5


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
    assert at.button(key="generate.start").disabled


def test_the_section_says_what_people_said_of_pairs() -> None:
    plain = Catalog(name="sample", tools=sales_tools())
    pair = ("CRM_CreateContact", "CRM_CreateLead")
    assert "No pair" in pair_line(plain)
    assert "1 pinned pair: beside" in pair_line(Catalog(name="sample", tools=sales_tools(), pinned=(pair,)))
    assert "1 banned pair: never" in pair_line(Catalog(name="sample", tools=sales_tools(), banned=(pair,)))


def test_tiers_ways_of_writing_and_behaviours_that_are_chosen_are_those_previewed(open_page: Open) -> None:
    at = open_page("generate")
    for tier, share in {"baseline": 0, "medium": 100, "hard": 0, "expert": 0}.items():
        at.slider(key=f"generate.mix.{tier}").set_value(share)
    at.session_state["generate.styles"] = ["formal"]
    at.slider(key="generate.dial_share").set_value(100)
    at.multiselect(key="generate.dials").set_value(["impatient"]).run()
    assert not at.exception
    assert all("· medium ·" in label for label in previewed(at))
    personas = [element.value for element in at.markdown if element.value.startswith("**Persona:**")]
    assert all("writes formal" in line for line in personas)
    assert sum(element.value == "**Behaviour:** is impatient" for element in at.markdown) == 5


def test_a_cluster_as_the_goal_is_all_of_its_tools(open_page: Open) -> None:
    at = open_page("generate")
    clusters = next(box for box in at.multiselect if box.label == "Clusters of near-duplicates")
    clusters.set_value([clusters.options[0]] if clusters.options[0] in clusters.options else []).run()
    assert not at.exception
    assert "tools may be the goal" in words(at)


def test_sliders_all_at_zero_are_the_usual_mix(open_page: Open) -> None:
    at = open_page("generate")
    for tier in ("baseline", "medium", "hard", "expert"):
        at.slider(key=f"generate.mix.{tier}").set_value(0)
    at.run()
    assert not at.exception
    assert "the usual mix" in words(at)
    assert len(previewed(at)) == 5


def test_a_spec_that_nobody_can_play_is_said_and_nothing_can_be_started(open_page: Open) -> None:
    at = open_page("generate", model="no such thing")
    at.selectbox(key="generate.critic").set_value("no such thing").run()
    assert not at.exception
    assert "not a model spec" in words(at)
    assert at.button(key="generate.start").disabled


def test_an_endpoint_has_prices_and_a_limit_that_is_too_low_is_said_before_the_start(open_page: Open) -> None:
    at = open_page("generate", model=SERVER)
    assert not [box for box in at.number_input if box.key == "generate.limit.calls"]
    at.selectbox(key="generate.words").set_value(SERVER).run()
    assert not at.exception
    at.number_input(key="generate.price.qwen3.read").set_value(2.0)
    at.number_input(key="generate.limit.calls").set_value(20).run()
    assert not at.exception
    assert "in money" in words(at)
    assert "limit of 20 calls ends it after about" in words(at)
    assert at.button(key="generate.preview").label == "Make 5 dialogues with these models"


@pytest.mark.parametrize("tools", [(), (a_tool("CRM_CreateLead", email="string!"),)], ids=["no tool", "one tool"])
def test_a_catalog_too_small_for_a_choice_is_one_message(open_page: Open, tools: tuple[Tool, ...]) -> None:
    open_page("home")
    services().catalogs.put(Catalog(name="lonely", tools=tools))
    at = open_page("generate", catalog="lonely")
    assert not at.exception
    assert len(at.error) == 1
    assert "three" in at.error[0].value or "tools" in at.error[0].value
    assert at.button(key="generate.start").disabled
    services().catalogs.archive("lonely")


def test_a_previewed_dialogue_played_anew_keeps_its_beginning(open_page: Open) -> None:
    at = open_page("generate")
    before = [element.value for element in at.text]
    next(button for button in at.button if button.label == "Play from here").click().run()
    assert not at.exception
    after = [element.value for element in at.text]
    assert after[0] == before[0]
    assert after != before

"""Finding on the Review page: links that open filter, dialogue and turn, what narrows, named views."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from diaforge_core.records.queue import Filter
from diaforge_core.services.workspace import Workspace

from .test_pages import words
from .test_review_team import button
from .test_review_team import services as services

Open = Callable[..., AppTest]


@pytest.fixture
def hard(services: Workspace) -> Iterator[str]:
    """Opening of the first dialogue of a dataset of its own, the only one that is commented on."""
    kept = services.datasets.load("talks")[:4]
    services.datasets.create("found")
    services.datasets.add("found", [one.model_copy(update={"id": f"found-{n}"}) for n, one in enumerate(kept)])
    services.comments.add("found-2", "Why?", who="Bo")
    yield kept[2].turns[0].reply
    for view in services.views.all():
        services.views.delete(view.id, "Ana")
    services.datasets.remove("found")


def choose(at: AppTest, label: str, value: str) -> AppTest:
    return next(each for each in at.selectbox if each.label == label).set_value(value).run()


def test_a_link_opens_filter_dialogue_and_turn(open_page: Open, hard: str) -> None:
    at = open_page("review", dataset="found", state="all", commented="yes", dialogue="found-2", turn="2")
    assert not at.exception
    assert hard in words(at)
    assert "**1** of 1" in words(at)
    assert "**Labels of turn 2**" in words(at)
    assert button(at, "Has comments: yes")


def test_a_link_to_a_dialogue_outside_the_filter_still_opens_it(open_page: Open, hard: str) -> None:
    at = open_page("review", dataset="found", state="all", commented="yes", dialogue="found-0")
    assert "not among these 1" in words(at)
    button(at, "Next").click().run()
    assert at.query_params["dialogue"] == "found-2"


def test_what_narrows_is_chosen_with_counts_and_taken_away_by_its_chip(open_page: Open, hard: str) -> None:
    at = open_page("review", dataset="found", state="all", dialogue="found-3", turn="1")
    at.session_state["filters.more"] = True
    at.run()
    choose(at, "Has comments", "yes")
    assert at.query_params["commented"] == "yes"
    assert "dialogue" not in at.query_params
    assert "turn" not in at.query_params
    assert hard in words(at)
    button(at, "Has comments: yes").click().run()
    assert "commented" not in at.query_params
    assert "**1** of 4" in words(at)


def test_a_filter_is_kept_as_a_view_chosen_renamed_and_deleted(open_page: Open, services: Workspace, hard: str) -> None:
    at = open_page("review", dataset="found", state="all", commented="yes")
    at.session_state["views.keep"] = True
    at.run()
    next(each for each in at.text_input if each.label == "Name").set_value("With talk").run()
    button(at, "Keep as a view").click().run()
    (view,) = services.views.all()
    assert view.filter == Filter(dataset="found", state=None, commented=True)
    at = open_page("review", dataset="talks", state="all")
    at.session_state["views.keep"] = True
    choose(at, "View", view.id)
    assert (at.session_state["dataset"], at.query_params["state"]) == ("found", "all")
    assert at.query_params["commented"] == "yes"
    assert hard in words(at)
    next(each for each in at.text_input if each.label == "Name").set_value("Talked about").run()
    button(at, "Rename").click().run()
    assert [each.name for each in services.views.all()] == ["Talked about"]
    button(at, "Delete view").click().run()
    assert services.views.all() == []
    assert hard in words(at)


def test_an_act_on_many_is_about_the_whole_filter(open_page: Open, hard: str) -> None:
    at = open_page("review", dataset="found", state="all", commented="yes")
    assert button(at, "With these 1 …")


def test_every_filter_comes_back_from_its_link(open_page: Open, hard: str) -> None:
    at = open_page("review", dataset="found", state="all", tier="no such", solvable="no", reviewer="Nobody & Co")
    assert "No dialogues match these filters" in words(at)
    for chip in ("Tier: no such", "Right tool in view: no", "Judged by: Nobody \\& Co"):
        assert button(at, chip)
    button(at, "Clear all").click().run()
    assert "**1** of 4" in words(at)

"""The tabs of the Generate page on a dataset: covered, varied, compared, traced to what made it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from diaforge_core.records.base import content_id
from diaforge_core.records.dialogue import Dialogue
from pages.components.wiring import services
from tests.obedient_model import plays_all
from tests.pages.test_pages import words
from tests.stub_server import StubServer

Open = Callable[..., AppTest]


@pytest.mark.parametrize("view", ["Coverage", "Variety", "Compare", "Origin"])
def test_every_tab_opens_by_its_link_and_on_an_empty_workspace(open_page: Open, view: str) -> None:
    at = open_page("generate", view=view, dataset="talks")
    assert not at.exception
    assert not at.error
    assert not [button for button in at.button if button.key == "generate.start"]


def test_gaps_are_filled_by_one_click_and_the_grid_counts_what_arrives(open_page: Open) -> None:
    open_page("home")
    kept = services().datasets.load("talks")
    services().datasets.create("gaps", catalog=services().catalogs.get("enterprise"))
    services().datasets.add("gaps", kept[:4])
    at = open_page("generate", view="Coverage", dataset="gaps")
    at.number_input(key="coverage.wanted.gaps").set_value(30).run()
    assert not at.exception
    at.button(key="coverage.fill.gaps").click().run()
    assert not at.exception
    assert not at.error
    run = next(run for run in services().jobs.all() if run.config["recipe"].get("dataset") == "gaps")
    assert services().jobs.wait(run.id).state == "succeeded"
    grid = services().coverage.grid("gaps", wanted=30)
    assert grid.kept > 20
    assert grid.missing < 15
    services().datasets.remove("gaps")


def test_five_paraphrases_are_one_cluster_and_keeping_one_can_be_undone(open_page: Open) -> None:
    open_page("home")
    first, *others = services().datasets.load("talks")
    again = [
        Dialogue.model_validate(
            first.model_dump()
            | {
                "id": content_id(first.id, greeting),
                "turns": (
                    first.turns[0].model_copy(update={"reply": f"{greeting}! {first.turns[0].reply}"}),
                    *first.turns[1:],
                ),
            }
        )
        for greeting in ("Hello", "Hi", "Hey", "Morning", "Greetings")
    ]
    services().datasets.create("twice", catalog=services().catalogs.get("enterprise"))
    services().datasets.add("twice", [*others, *again])
    at = open_page("generate", view="Variety", dataset="twice")
    assert "**1 cluster**, 4 dialogues too many" in words(at)
    next(button for button in at.button if button.label == "Keep this one, reject 4 others").click().run()
    assert not at.error
    assert "No two kept dialogues say the same" in words(at)
    at.button(key="variety.undo").click().run()
    assert "**1 cluster**, 4 dialogues too many" in words(at)
    services().datasets.remove("twice")


def test_a_dialogue_of_a_run_opens_and_is_played_anew_from_a_turn(open_page: Open) -> None:
    at = open_page("generate", run="generate talks")
    row = next(button for button in at.button if str(button.key).startswith("generate.row."))
    row.click().run()
    assert not at.exception
    replay = [
        button for button in at.button if button.label == "Play from here" and str(button.key).startswith("open.")
    ]
    replay[0].click().run()
    assert not at.exception
    assert "Saved as version 2" in words(at)
    services().review.undo("Ana")


def test_two_datasets_stand_side_by_side(open_page: Open) -> None:
    open_page("home")
    services().datasets.create("few")
    services().datasets.add("few", services().datasets.load("talks")[:5])
    at = open_page("generate", view="Compare", dataset="talks", beside="few")
    frame = at.dataframe[0].value
    assert list(frame.columns) == ["", "talks", "few"]
    assert list(frame.loc[frame[""] == "Dialogues"].iloc[0])[2] == "5"
    assert len(at.get("plotly_chart")) == 2
    services().datasets.remove("few")


def test_review_plays_a_dialogue_anew_as_a_new_version_and_undo_brings_the_old_words_back(open_page: Open) -> None:
    at = open_page("review", dataset="talks")
    before = [element.value for element in at.text]
    next(button for button in at.button if button.label == "Play from here").click().run()
    assert not at.exception
    assert not at.error
    assert any(toast.value.startswith("Saved as version") for toast in at.toast)
    assert [element.value for element in at.text] != before
    next(button for button in at.button if button.label == "Undo").click().run()
    assert not at.error
    assert [element.value for element in at.text] == before


def test_a_preview_with_models_is_a_run_of_its_own_whose_dialogues_are_shown(
    open_page: Open, serve: Callable[..., StubServer]
) -> None:
    spec = f"openai:small@{serve(script=plays_all).url}"
    at = open_page("generate", model=spec)
    at.selectbox(key="generate.words").set_value(spec).run()
    at.button(key="generate.preview").click().run()
    assert not at.exception
    assert not at.error
    run = services().jobs.all()[0]
    assert services().jobs.wait(run.id).state == "succeeded"
    at.run()
    assert not at.exception
    made = services().datasets.load("enterprise-dialogues-preview", "all")
    assert len(made) == 5
    drawn = {element.value for element in at.text}
    assert all(dialogue.turns[0].reply in drawn for dialogue in made)
    assert "Told from the scripts" not in words(at)
    services().datasets.remove("enterprise-dialogues-preview")

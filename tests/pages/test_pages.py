"""Every page on a workspace with something in it, and on an empty one."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from diaforge_core.services.preflight import planned_steps
from diaforge_core.services.training import TrainRecipe
from pages.components.device import device_words

PAGES = ("home", "catalog", "generate", "review", "train", "evaluate", "traces", "study", "playground")
Open = Callable[..., AppTest]


def words(at: AppTest) -> str:
    """All that is drawn as text on the page."""
    kinds = (at.title, at.markdown, at.caption, at.text, at.info, at.warning, at.success, at.error)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_on_a_workspace_with_something_in_it(open_page: Open, name: str) -> None:
    at = open_page(name)
    assert not at.exception
    assert not at.error
    assert at.title[0].value.lower() == name


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_an_empty_workspace_says_what_it_will_show(open_empty: Open, name: str) -> None:
    at = open_empty(name)
    assert not at.exception
    assert not at.error
    assert len(words(at)) > 60


@pytest.mark.parametrize("view", ["Tools", "Confusion map", "Pair", "Import report", "History"])
def test_every_tab_of_the_catalog_opens_by_its_link(open_page: Open, view: str) -> None:
    at = open_page("catalog", view=view)
    assert not at.exception
    assert not at.error


def test_the_search_narrows_the_tools(open_page: Open) -> None:
    at = open_page("catalog")
    at.text_input(key="q").set_value("lead").run()
    assert not at.exception
    assert "of " in words(at)


def test_a_file_that_is_no_catalog_is_one_message_and_nothing_is_stored(open_page: Open) -> None:
    at = open_page("catalog")
    at.file_uploader(key="catalog.files.0").set_value([("notes.txt", b"just notes", "text/plain")])
    at.text_input(key="catalog.name.0").set_value("notes")
    at.button(key="catalog.import").click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert "notes" in at.error[0].value
    assert at.selectbox(key="catalog").options == ["enterprise"]


def test_generate_previews_and_says_what_it_will_take(open_page: Open) -> None:
    at = open_page("generate")
    assert not at.exception
    assert len([box for box in at.expander if "**1**" in box.label]) == 1
    assert any("kept of" in element.value for element in at.markdown)


def test_accepting_shows_the_next_dialogue_and_undo_brings_the_first_back(open_page: Open) -> None:
    at = open_page("review", dataset="talks")
    accept = next(button for button in at.button if button.label == "Accept")
    first = accept.key
    accept.click().run()
    assert not at.exception
    assert next(button for button in at.button if button.label == "Accept").key != first
    next(button for button in at.button if button.label == "Undo").click().run()
    assert not at.error
    assert next(button for button in at.button if button.label == "Accept").key == first


def test_a_reject_asks_for_the_reason(open_page: Open) -> None:
    at = open_page("review", dataset="talks")
    next(button for button in at.button if button.label == "Reject").click().run()
    assert any(button.label == "Wrong tool" for button in at.button)
    assert next(button for button in at.button if button.label == "Accept").disabled


def test_an_edit_is_verified_again_and_can_be_undone(open_page: Open) -> None:
    at = open_page("review", dataset="talks")
    next(button for button in at.button if button.label == "Edit turn 1").click().run()
    area = next(area for area in at.text_area if area.label == "Words")
    area.set_value("Something entirely different, please.").run()
    next(button for button in at.button if button.label == "Save").click().run()
    assert not at.exception
    assert "Something entirely different" in words(at)
    assert re.search(r"version [2-9]", words(at))  # tests of other pages share the workspace
    next(button for button in at.button if button.label == "Undo").click().run()
    assert not at.error
    assert "Something entirely different" not in words(at)


def test_what_fails_a_check_cannot_be_accepted(open_page: Open) -> None:
    at = open_page("review", dataset="talks")
    next(button for button in at.button if button.label == "Edit turn 3").click().run()
    next(area for area in at.text_area if area.label == "Words").set_value("Whatever you think.").run()
    next(button for button in at.button if button.label == "Save").click().run()
    accept = next(button for button in at.button if button.label == "Accept")
    assert accept.disabled
    assert "fails a check" in accept.help
    next(button for button in at.button if button.label == "Undo").click().run()
    assert not at.error


def test_the_kept_dialogues_can_be_downloaded(open_page: Open) -> None:
    at = open_page("review", dataset="talks")
    at.session_state["export.talks"] = True
    at.run()
    at.radio(key="review.export").set_value("dpo").run()
    assert not at.exception
    assert next(button for button in at.get("download_button") if "talks.dpo" in button.proto.id)


def test_a_number_of_steps_stands_instead_of_the_epochs() -> None:
    recipe = TrainRecipe(dataset="talks", run="one", epochs=2, batch_size=4)
    assert planned_steps(9, recipe) == 6
    assert planned_steps(9, recipe.model_copy(update={"max_steps": 50})) == 50


def test_a_machine_without_a_gpu_says_so_and_one_with_an_idle_card_names_it() -> None:
    assert "No GPU here" in device_words({"device": "cpu", "cards": []})
    assert "NVIDIA H200" in device_words({"device": "cuda", "cards": ["NVIDIA H200, 143771 MiB"]})
    assert device_words({"device": None, "cards": []}) == ""


def test_a_split_leads_on_to_its_training_part(open_page: Open) -> None:
    at = open_page("train", dataset="talks")
    at.button(key="train.split.talks").click().run()
    assert not at.exception
    assert not at.error
    assert at.selectbox(key="dataset").value == "talks-train"


def test_train_shows_the_exact_command(open_page: Open) -> None:
    at = open_page("train")
    assert any("diaforge_core train" in code.value and "--dataset" in code.value for code in at.code)


def test_results_and_comparison_are_drawn(open_page: Open) -> None:
    assert len(open_page("evaluate").get("plotly_chart")) >= 2
    at = open_page("evaluate", view="Compare", a="oracle", b="eager")
    assert not at.exception
    assert at.info


def test_a_trace_opens_by_its_link_and_filters_narrow_the_table(open_page: Open) -> None:
    at = open_page("traces", run="eager")
    assert not at.exception
    assert any("4 traces" in caption.value for caption in at.caption)
    assert any("What the user wanted" in mark.value for mark in at.markdown)


def test_the_sql_box_reads_and_cannot_write(open_page: Open) -> None:
    at = open_page("traces")
    at.session_state["traces.sql.box"] = True
    at.run()
    at.text_area(key="traces.query").set_value("SELECT count(*) AS n FROM traces")
    next(button for button in at.button if button.label == "Run").click().run()
    assert not at.error
    at.text_area(key="traces.query").set_value("DROP TABLE traces")
    next(button for button in at.button if button.label == "Run").click().run()
    assert not at.exception
    assert len(at.error) == 1


def test_a_conversation_with_the_scripted_assistant(open_page: Open) -> None:
    at = open_page("playground")
    at.button(key="playground.start").click().run()
    assert not at.exception
    at.chat_input[0].set_value("I need to get something into the system.").run()
    assert not at.exception
    assert any("Assistant · turn 2" in caption.value for caption in at.caption)


def test_a_person_plays_the_assistant(open_page: Open) -> None:
    at = open_page("playground")
    at.session_state["playground.side"] = "I play the assistant"
    at.run()
    at.button(key="playground.start").click().run()
    assert not at.exception
    assert "You are the assistant" in words(at)
    assert "What the user wants" not in [box.label for box in at.expander]
    at.chat_input[0].set_value("What exactly should happen to it?").run()
    assert any("User · turn 3" in caption.value for caption in at.caption)
    next(button for button in at.button if button.label == "No tool fits").click().run()
    assert not at.exception
    assert "What the user wants" in [box.label for box in at.expander]


def test_a_watched_conversation_goes_to_its_end_by_itself_and_is_kept(open_page: Open) -> None:
    at = open_page("playground")
    at.session_state["playground.side"] = "Nobody: watch"
    at.run()
    at.button(key="playground.start").click().run()
    next(button for button in at.button if button.label == "To the end").click().run()
    assert not at.exception
    keep = next(button for button in at.button if button.label == "Keep as a dialogue")
    keep.click().run()
    assert not at.exception
    assert "to be reviewed" in at.toast[0].value


def test_the_link_of_a_scenario_leads_back_to_it(open_page: Open) -> None:
    at = open_page("playground")
    at.button(key="playground.start").click().run()
    wanted = next(box for box in at.expander if box.label == "Your part: what you want").text[0].value
    again = open_page("playground", seed="".join(at.query_params["seed"]))
    again.button(key="playground.start").click().run()
    assert next(box for box in again.expander if box.label == "Your part: what you want").text[0].value == wanted


def test_an_unknown_dialogue_or_trace_in_the_link_is_one_message(open_page: Open) -> None:
    for name, query in (("review", {"dialogue": "nope"}), ("traces", {"trace": "nope"})):
        at = open_page(name, **query)
        assert not at.exception
        assert len(at.error) == 1


def _sidebar() -> None:
    from pages.components.sidebar import sidebar
    from pages.components.wiring import page

    with page("Frame", "?"):
        sidebar()


def test_a_folder_that_cannot_be_opened_is_one_message_and_the_workspace_stays(open_page: Open) -> None:
    assert not open_page("home").error
    at = AppTest.from_function(_sidebar, default_timeout=60)
    at.session_state["sidebar.workspace"] = True
    at.run()
    at.text_input(key="sidebar.folder").set_value("/proc/nowhere").run()
    at.button(key="sidebar.open").click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert not at.run().error


def test_decisions_are_signed_with_the_name_that_was_given(open_page: Open) -> None:
    assert not open_page("home").error
    at = AppTest.from_function(_sidebar, default_timeout=60)
    at.session_state["sidebar.who"] = True
    at.run()
    at.text_input(key="who.name").set_value("Bo").run()
    assert at.session_state["who.name"] == "Bo"

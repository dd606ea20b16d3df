"""Editing, drafts, history and bulk acts on the Review page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.services.workspace import Workspace, open_workspace
from tests.factories import LEAD_ARGUMENTS, a_catalog, a_dialogue, calls, lead_turns

from .conftest import _opener
from .test_pages import words

Open = Callable[..., AppTest]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace of six dialogues, two of them with an argument that nobody gave."""
    invented = (*lead_turns()[:5], calls("CRM_CreateLead", **LEAD_ARGUMENTS, industry="retail"))
    made = [a_dialogue(id=f"d{place}", turns=invented if place < 2 else None) for place in range(6)]
    with open_workspace(tmp_path / "w") as workspace:
        workspace.catalogs.put(a_catalog())
        workspace.datasets.load_file("\n".join(one.model_dump_json() for one in made).encode(), "talks")
    return tmp_path / "w"


@pytest.fixture
def open_review(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    pages = _opener(folder, monkeypatch)
    yield partial(next(pages), "review", dataset="talks")
    next(pages, None)


def here(at: AppTest) -> Workspace:
    from pages.components.wiring import services

    return services()


def stored(at: AppTest, dialogue: str = "d3") -> Dialogue:
    return here(at).review.get(dialogue).dialogue


def press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label == label and not button.disabled).click().run()
    assert not at.exception
    return at


def type_words(at: AppTest, text: str, label: str = "Words") -> AppTest:
    next(area for area in at.text_area if area.label == label).set_value(text).run()
    assert not at.exception
    return at


def test_what_is_typed_is_a_draft_at_once_and_is_offered_in_another_tab(open_review: Open) -> None:
    at = press(open_review(dialogue="d3", state="all"), "Edit turn 1")
    type_words(at, "Please put John Carter into the system.")
    assert stored(at).version == 1
    other = open_review(dialogue="d3", state="all")
    assert "Your draft from" in words(other)
    press(press(other, "Go on"), "Go on with it")
    next(box for box in other.selectbox if box.label == "Turn").select_index(0).run()
    assert (
        next(area for area in other.text_area if area.label == "Words").value
        == "Please put John Carter into the system."
    )
    press(other, "Save")
    assert (stored(at).version, stored(at).turns[0].reply) == (2, "Please put John Carter into the system.")
    assert here(at).drafts.find("d3", "Ana") is None


def test_a_draft_is_discarded_and_the_dialogue_is_as_it_was(open_review: Open) -> None:
    at = type_words(press(open_review(dialogue="d3", state="all"), "Edit turn 1"), "Something else.")
    press(at, "Discard")
    assert stored(at).version == 1
    assert "Your draft from" not in words(open_review(dialogue="d3", state="all"))


def test_turns_are_inserted_split_and_deleted_and_saved_as_one_version(open_review: Open) -> None:
    at = press(open_review(dialogue="d3", state="all"), "Edit turn 5")
    press(at, "Split here")
    press(at, "Insert before")
    assert "the assistant turn has no thought" in words(at)
    type_words(at, "And the phone?")
    type_words(at, "The phone may be given too.", "Thought")
    press(at, "Save")
    assert [turn.speaker for turn in stored(at).turns] == ["user", "assistant"] * 4
    assert stored(at).turns[5].reply == "And the phone?"
    press(press(at, "Edit turn 6"), "Delete")
    assert next(box for box in at.selectbox if box.label == "Turn").value == 4
    press(at, "Save")
    assert len(stored(at).turns) == 7
    assert "Accept" not in [button.label for button in at.button if not button.disabled]
    press(press(at, "Undo"), "Undo")
    assert stored(at).turns == lead_turns()


def test_a_value_that_cannot_be_read_stays_in_the_draft_and_greys_save(open_review: Open) -> None:
    at = press(open_review(dialogue="d3", state="all"), "Edit turn 6")
    next(field for field in at.text_input if field.label.startswith("company")).set_value("many").run()
    assert next(button for button in at.button if button.label == "Save").disabled
    other = open_review(dialogue="d3", state="all")
    press(press(other, "Go on"), "Go on with it")
    assert next(field for field in other.text_input if field.label.startswith("company")).value == "many"


def test_a_draft_on_an_older_version_is_shown_beside_the_newer_one(open_review: Open) -> None:
    at = type_words(press(open_review(dialogue="d3", state="all"), "Edit turn 1"), "My own words for John Carter.")
    here(at).leases.take("d3", "Ben", over=True)
    here(at).editing.save("d3", 1, lead_turns()[:4], who="Ben")
    here(at).leases.release("d3", "Ben")
    press(at, "Save")
    assert stored(at).version == 2
    assert any("Ben made version 2" in box.value for box in at.warning)
    assert "own" in words(at)
    press(at, "Go on with mine, on top of version 2")
    press(at, "Save")
    assert stored(at).version == 3
    assert stored(at).turns[0].reply == "My own words for John Carter."
    assert here(at).review.get("d3", 2).dialogue.turns == lead_turns()[:4]


def test_goal_and_candidates_are_edited_beside_the_turns(open_review: Open) -> None:
    at = press(open_review(dialogue="d3", state="all"), "Edit turn 6")
    next(one for one in at.segmented_control if one.label == "Part").set_value("Goal and candidates").run()
    next(field for field in at.text_input if field.label.startswith("phone")).set_value("+1 312 555 0199").run()
    assert "wrong arguments" in words(at)
    next(field for field in at.text_input if field.label == "Why").set_value("new phone").run()
    press(at, "Save")
    assert stored(at).scenario.gold_arguments["phone"] == "+1 312 555 0199"
    assert stored(at).scenario.parent == a_dialogue().scenario.id
    assert here(at).review.history("d3")[-1].reason == "new phone"


def test_the_history_shows_a_difference_and_restores(open_review: Open) -> None:
    at = open_review(dialogue="d3", state="all")
    here(at).leases.take("d3", "Ben", over=True)
    here(at).editing.save("d3", 1, lead_turns()[1:], who="Ben", why="shorter")
    here(at).leases.release("d3", "Ben")
    press(at.run(), "History")
    assert "Ben" in words(at)
    assert "turn 1 removed" in words(at)
    press(at, "Restore version 1")
    assert stored(at).turns == lead_turns()
    assert here(at).editing.changes("d3")[0].kind == "restore"


def test_a_bulk_reject_is_looked_at_first_done_at_once_and_undone_and_redone_by_a_key(open_review: Open) -> None:
    at = open_review(state="all")
    press(at, "With these 6 …")
    assert next(button for button in at.button if button.label == "Accept").disabled
    next(box for box in at.selectbox if box.label == "Do").select_index(1).run()
    press(at, "Show what would happen to 6 dialogues")
    assert here(at).datasets.info("talks").rejected == 0
    press(at, "Do it to 6 dialogues")
    assert here(at).datasets.info("talks").rejected == 6
    press(at, "Undo")
    assert here(at).datasets.info("talks").rejected == 0
    press(at, "Redo")
    assert here(at).datasets.info("talks").rejected == 6


def test_a_bulk_repair_lists_differences_and_mends_the_good_ones(open_review: Open) -> None:
    at = open_review(state="all")
    press(at, "With these 6 …")
    next(box for box in at.selectbox if box.label == "Do").set_value("drop ungrounded").run()
    press(at, "Show what would happen to 6 dialogues")
    assert "industry" in words(at)
    press(at, "Do it to 2 dialogues")
    assert here(at).datasets.info("talks").failed == 0
    press(at, "Undo")
    assert here(at).datasets.info("talks").failed == 2

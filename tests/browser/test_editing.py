"""Editing with insert and split, a reload in between, restoring, and a bulk reject with one undo, in a browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from .serving import PATIENCE_MS, settled

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def open_review(tab: Page, query: str) -> None:
    tab.goto(f"/review?{query}")
    settled(tab)


def dialog(tab: Page) -> Locator:
    return tab.get_by_role("dialog")


def turns(tab: Page) -> int:
    """How many turns are on screen, each with its edit button."""
    return tab.get_by_role("button", name=re.compile(r"^Edit turn \d+")).count()


def test_insert_and_split_survive_a_reload_as_a_draft_and_a_restore_takes_them_back(tab: Page) -> None:
    open_review(tab, "dataset=own&state=all")
    tab.get_by_role("button", name="Edit turn 1", exact=True).wait_for()
    before = turns(tab)
    tab.get_by_role("button", name="Edit turn 1", exact=True).click()
    dialog(tab).get_by_role("button", name="Split", exact=True).click()
    tab.get_by_role("button", name="Split here").click()
    dialog(tab).get_by_text(re.compile("the user speaks where")).first.wait_for()
    settled(tab)
    dialog(tab).get_by_role("button", name="Insert before").click()
    dialog(tab).get_by_text("the assistant turn has no thought").wait_for()
    settled(tab)
    words = dialog(tab).get_by_label("Words")
    expect(words).to_have_value("", timeout=PATIENCE_MS)
    words.fill("Go on, I am listening.")
    words.press("Control+Enter")
    settled(tab)
    tab.reload()
    settled(tab)
    tab.get_by_text("Your draft from").first.wait_for()
    tab.get_by_role("button", name="Go on", exact=True).click()
    dialog(tab).get_by_role("button", name="Go on with it").click()
    dialog(tab).get_by_role("button", name="Save").click()
    tab.get_by_text("Saved as version 2").wait_for()
    settled(tab)
    tab.get_by_test_id("stMain").get_by_text("Go on, I am listening.").first.wait_for()
    assert turns(tab) == before + 2
    tab.get_by_role("button", name="History", exact=True).click()
    dialog(tab).get_by_text("turn 2 added").wait_for()
    dialog(tab).get_by_role("button", name="Restore version 1").click()
    tab.get_by_text("Saved as version 3; every check passed.").wait_for()
    settled(tab)
    assert turns(tab) == before


def test_a_bulk_reject_is_shown_first_and_undone_and_redone_by_one_key_each(tab: Page) -> None:
    open_review(tab, "dataset=own&state=pending")
    tab.get_by_role("button", name=re.compile("With these 4")).click()
    choice = dialog(tab).get_by_role("combobox").first
    choice.click()
    tab.get_by_role("option", name="Reject all").click()
    settled(tab)
    dialog(tab).get_by_role("button", name="Show what would happen to 4 dialogues").click()
    dialog(tab).get_by_role("button", name="Do it to 4 dialogues").click()
    tab.get_by_text("Done to 4 dialogues").wait_for()
    settled(tab)
    open_review(tab, "dataset=own&state=rejected")
    tab.get_by_text("rejected 4").wait_for()
    for key, told in (("u", "Took back: reject on 4 dialogues."), ("y", "Done again: reject on 4 dialogues.")) * 2:
        tab.get_by_role("heading", name="Review", exact=True).click()
        tab.keyboard.press(key)
        tab.get_by_text(told).first.wait_for()
        settled(tab)
        tab.get_by_text("rejected 0" if key == "u" else "rejected 4").wait_for()
    tab.keyboard.press("u")
    tab.get_by_text("rejected 0").wait_for()

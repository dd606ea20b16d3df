"""A link opened in another browser shows the same filter, dialogue and turn; Back goes back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .conftest import PATIENCE_MS
from .serving import settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def shown(page: Page) -> str:
    """What stands on the turn cards of the page."""
    cards = page.locator("[class*='st-key-turn-review']")
    cards.first.wait_for()
    return "\n".join(cards.all_inner_texts())


def test_the_same_link_shows_the_same_in_two_browsers(tab: Page, browser: Browser, address: str) -> None:
    tab.goto("/review?dataset=demo&state=all")
    settled(tab)
    tab.get_by_role("button", name="More filters").click()
    tier = tab.get_by_role("combobox", name="Tier")
    tier.click()
    tab.get_by_role("option", name="hard").click()
    tab.get_by_role("button", name="Tier: hard").wait_for()
    settled(tab)
    tab.keyboard.press("Escape")
    tab.locator("[class*='st-key-next-'] button").click()
    tab.wait_for_url(re.compile("dialogue="))
    settled(tab)
    tab.get_by_role("button", name="Select turn 2").click()
    tab.get_by_text("Labels of turn 2").wait_for()
    tab.wait_for_url(re.compile("turn=2"))
    settled(tab)
    other = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=address)
    try:
        page = other.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(tab.url)
        page.get_by_text("Labels of turn 2").wait_for()
        settled(page)
        page.get_by_role("button", name="Tier: hard").wait_for()
        assert shown(page) == shown(tab)
    finally:
        other.close()


def test_back_takes_the_filter_away_again(tab: Page) -> None:
    tab.goto("/review?dataset=demo&state=all&tier=hard")
    settled(tab)
    chip = tab.get_by_role("button", name="Tier: hard")
    chip.click()
    chip.wait_for(state="detached")
    settled(tab)
    tab.go_back()
    chip.wait_for()

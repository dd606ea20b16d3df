"""The Evaluate page in a browser: a cell of the confusions opens the conversations behind it."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Page, expect

from .serving import settled
from .test_generate import MOST_CLICKS, TAKEN_MS


def click_cell(tab: Page, place: int, before: str) -> None:
    """Click a cell until another one than `before` is told, for a chart that is being drawn takes no click."""
    told = tab.get_by_test_id("stMarkdown").filter(has_text="needed,").first
    for _ in range(MOST_CLICKS):
        cell = tab.locator(".js-plotly-plot .scatterlayer .point").nth(place)
        cell.wait_for()
        cell.scroll_into_view_if_needed()
        box = cell.bounding_box()
        assert box is not None
        tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        with suppress(AssertionError):
            expect(told).not_to_have_text(before, timeout=TAKEN_MS)
            return
    expect(told).not_to_have_text(before)


def test_a_cell_of_the_confusions_opens_its_conversations(tab: Page) -> None:
    tab.goto("/evaluate?view=Confusions&of_run=demo%20eager")
    settled(tab)
    told = tab.get_by_test_id("stMarkdown").filter(has_text="needed,").first
    click_cell(tab, 1, told.text_content() or "")
    settled(tab)
    tab.get_by_role("link", name="wrong twin").first.click()
    tab.wait_for_url("**/traces?*trace=*")

"""The Generate page as people use it: a run to look into, a gap that is clicked and filled, a turn played anew."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from .serving import settled

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILLED_MS = 60_000
"""A worker's start and a few dialogues, also on a busy machine."""
MOST_CLICKS, TAKEN_MS = 5, 8_000
"""How often a click is tried, and how long a chart has to answer one."""


def open_tab(tab: Page, view: str, **query: str) -> None:
    words = "&".join(f"{key}={value}" for key, value in {"view": view, **query}.items())
    tab.goto(f"/generate?{words}")
    settled(tab)


def kept(tab: Page) -> int:
    """Dialogues that the grid says were wanted by default: as many as are kept."""
    return int(tab.get_by_role("spinbutton", name="Dialogues wanted in all").input_value())


def click_first_cell(tab: Page) -> None:
    """Click the first cell of the grid, again where the chart was still being drawn and did not take it."""
    cell = tab.locator(".js-plotly-plot .scatterlayer .point").first
    selected = tab.get_by_text(re.compile("missing in the 1 cell selected"))
    for _ in range(MOST_CLICKS):
        cell.wait_for()
        box = cell.bounding_box()
        assert box is not None
        tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        with suppress(PlaywrightTimeout):
            selected.wait_for(timeout=TAKEN_MS)
            return
    selected.wait_for()


def test_a_cell_of_the_grid_is_clicked_filled_and_its_dialogues_arrive(tab: Page) -> None:
    open_tab(tab, "Coverage", dataset="sparse")
    before = kept(tab)
    wanted = tab.get_by_role("spinbutton", name="Dialogues wanted in all")
    wanted.fill("200")
    wanted.press("Enter")
    tab.get_by_text(re.compile("^\\d+ dialogues missing in all cells")).wait_for()
    settled(tab)
    click_first_cell(tab)
    settled(tab)
    tab.get_by_role("button", name=re.compile("^Fill gaps: \\d+ scenarios? into sparse")).click()
    main = tab.get_by_test_id("stMainBlockContainer")
    main.get_by_text("generate sparse").first.wait_for()
    main.get_by_text("finished").first.wait_for(timeout=FILLED_MS)
    settled(tab)
    open_tab(tab, "Coverage", dataset="sparse")
    assert kept(tab) > before


def test_a_dialogue_of_a_run_opens_and_a_turn_is_played_anew(tab: Page) -> None:
    open_tab(tab, "New+dialogues")
    tab.get_by_text("Newest dialogues").click()
    tab.locator("[class*=st-key-generate-row]").first.get_by_role("button").click()
    dialog = tab.get_by_role("dialog")
    dialog.get_by_text("Hidden side").wait_for()
    settled(tab)
    dialog.get_by_role("button", name="Play anew").click()
    tab.get_by_role("button", name="Play from here").last.click()
    dialog.get_by_text(re.compile("^Saved as version 2")).wait_for()


def test_a_server_that_is_typed_in_has_limits_and_prices(tab: Page) -> None:
    open_tab(tab, "New+dialogues")
    tab.get_by_text("Who plays").click()
    box = tab.get_by_role("combobox", name=re.compile("^Wording"))
    box.fill("openai:qwen3@http://127.0.0.1:9/v1")
    box.press("Enter")
    tab.get_by_text("Limits and prices").wait_for()
    settled(tab)
    tab.get_by_role("button", name="Make 5 dialogues with these models").wait_for()
    tab.get_by_text(re.compile("calls, .* tokens")).wait_for()


@pytest.mark.parametrize("view", ["Coverage", "Variety", "Compare", "Origin"])
def test_hostile_words_of_a_dialogue_stay_words_in_every_tab(tab: Page, view: str) -> None:
    open_tab(tab, view, dataset="hostile")
    tab.get_by_role("tab", name=view).wait_for()
    settled(tab)
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("img[src*=tracker], a[href*=javascript]").count() == 0
    assert tab.get_by_test_id("stException").count() == 0

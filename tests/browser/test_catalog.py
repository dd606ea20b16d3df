"""The Catalog page as people use it: find, compare, ban and undo, select on the map, bring documents in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pages.test_catalog import document

from .serving import settled

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

IMPORTED_MS = 40_000
"""An upload, its import and the drawing of its tools, also on a busy machine."""
HEADER, ROW, BOX = 34, 33, 17
"""Pixels of a table: the height of its head and of a row, and where in a row its box to choose it is."""


def open_tab(tab: Page, view: str, **query: str) -> None:
    words = "&".join(f"{key}={value}" for key, value in {"view": view, "catalog": "enterprise", **query}.items())
    tab.goto(f"/catalog?{words}")
    settled(tab)
    tab.get_by_role("tab", name=view).wait_for()


def choose_row(tab: Page, table: Locator, row: int) -> None:
    """Click the box of a row of a table, which is a canvas and holds no elements."""
    table.scroll_into_view_if_needed()
    settled(tab)
    table.click(position={"x": BOX, "y": HEADER + ROW * row + ROW // 2})


def import_files(tab: Page, files: list[Path], name: str) -> None:
    """Import files under a name that is typed at once, while the files are still on their way."""
    tab.goto("/catalog?view=Tools")
    settled(tab)
    tab.get_by_text("Import a catalog").first.click()
    tab.get_by_role("button", name="Import", exact=True).wait_for()
    settled(tab)  # the box is drawn anew once it is open, sooner than a person can choose a file
    tab.locator("input[type=file]").set_input_files(files)
    tab.get_by_role("textbox", name="Name").fill(name)
    for file in files:
        tab.get_by_text(file.name).first.wait_for()
    tab.get_by_role("button", name="Import", exact=True).click()
    tab.wait_for_url(f"**catalog={name}**", timeout=IMPORTED_MS)
    settled(tab)


def test_a_search_leads_to_a_pair_that_is_banned_and_undone(tab: Page) -> None:
    open_tab(tab, "Tools")
    tab.get_by_role("textbox", name="Search").fill("group member")
    tab.get_by_text("3 of 197 tools").wait_for()
    settled(tab)
    assert "q=group" in tab.url
    choose_row(tab, tab.get_by_test_id("stDataFrame").last, 0)
    tab.get_by_text("What one would ask").wait_for()
    settled(tab)
    assert "a=IAM_AddGroupMember" in tab.url
    assert "b=IAM_RemoveGroupMember" in tab.url
    tab.get_by_role("radio", name="Ban").click()
    tab.get_by_text(re.compile("^Last change: banned: IAM.AddGroupMember")).wait_for()
    tab.get_by_role("button", name="Undo").click()
    tab.get_by_text(re.compile("^Last change: undone: banned")).wait_for()
    settled(tab)
    tab.reload()
    settled(tab)
    assert tab.get_by_role("radio", name="As measured").is_checked()


def test_back_leads_to_the_tab_before(tab: Page) -> None:
    open_tab(tab, "Confusion map")
    tab.get_by_role("tab", name="History").click()
    tab.get_by_text("Versions", exact=True).wait_for()
    settled(tab)
    tab.go_back()
    tab.get_by_text("Counts as a near-duplicate").wait_for()
    assert tab.get_by_role("tab", name="Confusion map").get_attribute("aria-selected") == "true"


def test_what_is_drawn_round_on_the_map_is_listed_beside_it(tab: Page) -> None:
    open_tab(tab, "Confusion map")
    plot = tab.locator(".js-plotly-plot .draglayer .nsewdrag").first
    plot.wait_for()
    settled(tab)
    box = plot.bounding_box()
    assert box is not None
    tab.locator('.modebar-btn[data-val="lasso"]').click()
    left, top, right, low = (box["x"] + 20, box["y"] + 20, box["x"] + 0.7 * box["width"], box["y"] + box["height"] - 20)
    tab.mouse.move(left, top)
    tab.mouse.down()
    for x, y in ((right, top), (right, low), (left, low), (left, top)):
        tab.mouse.move(x, y, steps=4)
    tab.mouse.up()
    tab.get_by_text(re.compile(r"^\d+ tools selected$")).wait_for()
    tab.get_by_text("The riskiest pairs among them").wait_for()
    settled(tab)
    tab.get_by_role("button", name="Look closely").click()
    tab.get_by_role("button", name="Whole map").wait_for()
    assert "at=" in tab.url


def test_a_click_on_a_dot_shows_its_neighbours(tab: Page) -> None:
    open_tab(tab, "Confusion map")
    dot = tab.locator(".js-plotly-plot .scatterlayer .point").last
    dot.wait_for()
    settled(tab)
    box = dot.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"], box["y"])
    tab.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.get_by_text("Easily mistaken for").wait_for()
    tab.get_by_role("button", name="Open the tool").click()
    tab.get_by_role("textbox", name="Search").wait_for()
    settled(tab)
    assert "tool=" in tab.url


def test_two_files_and_a_name_typed_at_once_make_one_catalog(tab: Page, tmp_path: Path) -> None:
    first, second = tmp_path / "orders.json", tmp_path / "cases.json"
    first.write_bytes(document())
    second.write_bytes(document().replace(b"/orders", b"/cases").replace(b"Order", b"Case"))
    import_files(tab, [first, second], "two")
    tab.get_by_text(re.compile("10 tools · ")).wait_for()


@pytest.mark.parametrize("view", ["Tools", "Confusion+map", "Pair", "Import+report", "History"])
def test_hostile_words_of_a_document_stay_words(tab: Page, tmp_path: Path, view: str) -> None:
    file = tmp_path / "orders.json"
    file.write_bytes(document().replace(b"alert(1)", b"window.hacked=1"))
    import_files(tab, [file], "poisoned")
    tab.goto(f"/catalog?catalog=poisoned&view={view}&tool=hostile&a=hostile&b=listVendors&near=hostile")
    settled(tab)
    tab.get_by_role("tab", name=view.replace("+", " ")).wait_for()
    settled(tab)
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("img[src*=evil], a[href*=evil]").count() == 0


def test_the_search_outlives_a_look_at_another_tab(tab: Page) -> None:
    from playwright.sync_api import expect

    tab.goto("/catalog")
    settled(tab)
    search = tab.get_by_role("textbox", name="Search")
    search.fill("no such words")
    expect(tab.get_by_text("No tool holds all of these words")).to_be_visible()
    tab.get_by_role("tab", name="History").click()
    expect(search).to_be_hidden()
    settled(tab)
    tab.get_by_role("tab", name="Tools").click()
    expect(search).to_have_value("no such words")
    expect(tab.get_by_text("No tool holds all of these words")).to_be_visible()

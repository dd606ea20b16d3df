"""The app as people use it: every page in a real browser, and the first loop from generating to accepting."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .serving import settled

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = {
    "": "Home",
    "catalog": "Catalog",
    "generate": "Generate",
    "review": "Review",
    "train": "Train",
    "evaluate": "Evaluate",
    "traces": "Traces",
    "study": "Study",
    "playground": "Playground",
}


def open_page(tab: Page, path: str) -> None:
    tab.goto(f"/{path}")
    settled(tab)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_without_a_fault(tab: Page, path: str) -> None:
    open_page(tab, path)
    tab.get_by_role("heading", name=PAGES[path], exact=True).wait_for()
    assert tab.get_by_test_id("stException").count() == 0
    assert tab.get_by_test_id("stAlertContentError").count() == 0


def test_the_navigation_leads_to_every_page_and_back_works(tab: Page) -> None:
    open_page(tab, "")
    for title in ("Catalog", "Traces"):
        tab.get_by_test_id("stSidebarNav").get_by_role("link", name=title).click()
        tab.get_by_role("heading", name=title, exact=True).wait_for()
    tab.go_back()
    tab.get_by_role("heading", name="Catalog", exact=True).wait_for()


def test_a_view_is_a_link(tab: Page) -> None:
    open_page(tab, "catalog?view=Pair")
    assert tab.get_by_role("tab", name="Pair").get_attribute("aria-selected") == "true"


def test_keys_accept_a_dialogue_and_undo_it(tab: Page) -> None:
    open_page(tab, "review?dataset=demo&state=pending")
    first = tab.get_by_test_id("stMain").get_by_text("of", exact=False).first.inner_text()
    tab.get_by_role("heading", name="Review", exact=True).click()
    tab.keyboard.press("a")
    tab.get_by_text("Accepted.").wait_for()
    settled(tab)
    tab.keyboard.press("u")
    tab.get_by_text("Took back: accept.").wait_for()
    settled(tab)
    assert tab.get_by_test_id("stMain").get_by_text("of", exact=False).first.inner_text() == first


def test_generate_edit_accept_reload_and_it_is_still_there(tab: Page) -> None:
    open_page(tab, "generate")
    tab.get_by_role("textbox", name="Dataset", exact=True).fill("loop")
    tab.get_by_role("textbox", name="Dataset", exact=True).press("Enter")
    tab.get_by_role("spinbutton", name="Scenarios", exact=True).fill("6")
    tab.get_by_role("spinbutton", name="Scenarios", exact=True).press("Enter")
    tab.get_by_role("button", name="Start: 6 scenarios into loop").click()
    tab.get_by_test_id("stMainBlockContainer").get_by_text("generate loop").wait_for()
    tab.get_by_test_id("stMainBlockContainer").get_by_text("finished").first.wait_for(timeout=60_000)
    settled(tab)
    open_page(tab, "review?dataset=loop&state=all")
    tab.get_by_role("button", name="Edit turn 1").click()
    words = tab.get_by_role("dialog").get_by_label("Words")
    words.fill(f"{words.input_value()} Thanks a lot.")
    words.press("Control+Enter")
    tab.get_by_role("dialog").get_by_role("button", name="Save").click()
    tab.get_by_text("Saved as version 2").wait_for()
    settled(tab)
    tab.keyboard.press("a")
    tab.get_by_text("Accepted.").wait_for()
    open_page(tab, "review?dataset=loop&state=accepted")
    tab.reload()
    settled(tab)
    tab.get_by_test_id("stMain").get_by_text("Thanks a lot.").first.wait_for()


def test_browser_tests_share_one_app_whatever_runs_beside_them(request: pytest.FixtureRequest) -> None:
    assert "PYTEST_XDIST_WORKER" not in os.environ or request.node.nodeid.endswith("@browser")

"""Two people on one queue, each in a browser of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from .conftest import SHARED
from .serving import PATIENCE_MS, dialog_by, settled, sign_as

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


@pytest.fixture
def sit_down(browser: Browser, address: str) -> Iterator[Callable[[str, str], Page]]:
    """Opens a path in a fresh browser as the person named."""
    with ExitStack() as stack:

        def sit_down(name: str, path: str) -> Page:
            context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=address)
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(PATIENCE_MS)
            sign_as(page, name)
            page.get_by_test_id("stSidebarNav").get_by_role("link", name="Review").click()
            page.get_by_role("heading", name="Review", exact=True).wait_for()
            choose(page, path)
            return page

        yield sit_down


def choose(page: Page, queue: str) -> None:
    settled(page)
    page.get_by_role("combobox", name=re.compile("Queue")).click()
    page.get_by_role("option", name=queue).click()
    page.get_by_test_id("stMain").get_by_text(queue, exact=True).first.wait_for()
    settled(page)


def on_screen(page: Page) -> str:
    """Id of the dialogue that the accept button is bound to; empty for none."""
    found = page.locator("[class*='st-key-accept-']")
    if not found.count():
        return ""
    return re.search(r"st-key-accept-((?:shared|twice)-\d+)-", found.first.get_attribute("class") or "").group(1)  # pyright: ignore[reportOptionalMemberAccess]


def chips(page: Page) -> Locator:
    """The label 'called too early' where it stands on a turn."""
    return page.locator("[class*='st-key-turn-review']").get_by_text("called too early")


def accept(page: Page, before: str) -> None:
    page.keyboard.press("a")
    gone(page, before)


def gone(page: Page, before: str) -> None:
    """Wait until another dialogue is on screen."""
    page.wait_for_function("id => !document.querySelector(`[class*='st-key-accept-${id}-']`)", arg=before)
    settled(page)


def test_two_people_work_one_queue_off_and_nothing_is_served_to_both(sit_down: Callable[[str, str], Page]) -> None:
    people = {name: sit_down(name, "shared queue") for name in ("Bo", "Cleo")}
    served: dict[str, list[str]] = {name: [] for name in people}
    for _ in range(SHARED):
        for name, page in people.items():
            shown = on_screen(page)
            if shown:
                served[name].append(shown)
                accept(page, shown)
    everything = served["Bo"] + served["Cleo"]
    assert len(everything) == len(set(everything)) == SHARED
    assert min(len(each) for each in served.values()) >= SHARED // 2 - 1
    for page in people.values():
        page.get_by_text(f"{SHARED} of {SHARED} are decided").wait_for()


def test_each_judges_the_same_dialogue_blind_and_they_meet_in_the_agreement(
    sit_down: Callable[[str, str], Page],
) -> None:
    bo, cleo = sit_down("Bo", "twice queue"), sit_down("Cleo", "twice queue")
    assert on_screen(bo) == on_screen(cleo) == "twice-0"
    bo.get_by_role("heading", name="Review", exact=True).click()
    bo.keyboard.press("2")
    chips(bo).wait_for()
    accept(bo, "twice-0")
    cleo.reload()
    settled(cleo)
    assert on_screen(cleo) == "twice-0"
    assert chips(cleo).count() == 0
    dialog_by(cleo, "x")
    cleo.get_by_role("dialog").get_by_role("button", name="Wrong tool").wait_for()
    settled(cleo)
    cleo.keyboard.press("1")
    gone(cleo, "twice-0")
    assert on_screen(cleo) == "twice-1"
    cleo.get_by_role("radio", name="Agreement").or_(cleo.get_by_role("button", name="Agreement")).first.click()
    cleo.get_by_text("Disagreements (1)").wait_for()


def test_a_held_dialogue_opened_by_its_link_says_who_has_it_and_is_taken_over(
    sit_down: Callable[[str, str], Page], tab: Page
) -> None:
    tab.goto("/review?dataset=demo&state=pending")
    settled(tab)
    bar = tab.locator("[class*='st-key-edit-']").last.get_attribute("class") or ""
    key = re.search(r"st-key-edit-(\w+)-1", bar).group(1)  # pyright: ignore[reportOptionalMemberAccess]
    cleo = sit_down("Cleo", "blind queue")
    cleo.goto(f"/review?dataset=demo&state=pending&dialogue={key}")
    settled(cleo)
    cleo.get_by_text("Ana is on this dialogue").wait_for()
    cleo.get_by_role("button", name="Take over").click()
    cleo.get_by_text("Ana is on this dialogue").wait_for(state="detached")
    settled(cleo)
    cleo.keyboard.press("f")
    cleo.get_by_text("Flagged.").wait_for()
    settled(cleo)
    cleo.keyboard.press("u")
    cleo.get_by_text("Took back: flag.").wait_for()

"""A link opened in another browser shows the same filter, dialogue and turn; Back goes back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from .conftest import PATIENCE_MS
from .serving import ON_SCREEN, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, WebSocketRoute


class SlowLine:
    """A connection whose answers can be held back: the server goes on while the browser still shows what was."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._is_holding = False
        self._held: list[tuple[WebSocketRoute, str | bytes]] = []
        page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def _connect(self, browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()

        def answer(message: str | bytes) -> None:
            if self._is_holding:
                self._held.append((browser, message))
            else:
                browser.send(message)

        server.on_message(answer)

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Bring nothing to the browser meanwhile, and all of it in its order at the end."""
        self._is_holding = True
        yield
        self._is_holding = False
        for browser, message in self._held:
            browser.send(message)
        self._held.clear()

    def wait_until_drawn(self) -> None:
        """Wait until the server has drawn the page anew; the browser has not seen it."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while not any(_ends_a_drawing(message) for _, message in self._held):
            assert time.monotonic() < deadline, "the server drew nothing"
            self._page.wait_for_timeout(20)


def _ends_a_drawing(message: str | bytes) -> bool:
    read = ForwardMsg()
    read.ParseFromString(message if isinstance(message, bytes) else message.encode())
    return read.WhichOneof("type") == "script_finished"


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


def test_a_press_made_before_the_browser_has_seen_the_filters_close_counts(tab: Page) -> None:
    line = SlowLine(tab)
    tab.goto("/review?dataset=demo&state=all&tier=hard")
    settled(tab)
    tab.get_by_role("button", name="More filters").click()
    tab.get_by_role("combobox", name="Persona").wait_for()
    settled(tab)
    first = tab.locator(ON_SCREEN).get_attribute("class")
    with line.holding():
        tab.keyboard.press("Escape")
        line.wait_until_drawn()
        tab.locator("[class*='st-key-next-'] button").click()
    tab.wait_for_url(re.compile("dialogue="))
    settled(tab)
    assert tab.locator(ON_SCREEN).get_attribute("class") != first


def test_back_takes_the_filter_away_again(tab: Page) -> None:
    tab.goto("/review?dataset=demo&state=all&tier=hard")
    settled(tab)
    chip = tab.get_by_role("button", name="Tier: hard")
    chip.click()
    chip.wait_for(state="detached")
    settled(tab)
    tab.go_back()
    chip.wait_for()

"""Reviewing by keys while the server is killed at random moments."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

from .serving import PATIENCE_MS, on_screen, open_review

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from .serving import App

LONGEST_SECONDS = 1.5
"""From the first decision after a start to the kill, at most: several more."""
LOOK_MS = 20


def review_through_kills(app: App, context: BrowserContext, query: str, kills: int, seed: int = 0) -> list[str]:
    """Ids of the dialogues whose accepting the page acknowledged by showing the next one.

    The app is started, killed `kills` times while keys are pressed, and started again each time; it is left running.
    Each life lasts for one acknowledged key and a random time from then on, so that a slow machine sees as many.
    """
    rng = random.Random(seed)
    acknowledged: list[str] = []
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    for _ in range(kills):
        app.start()
        open_review(page, query)
        acknowledged.append(_accept(page, app))
        timer = threading.Timer(rng.uniform(0.0, LONGEST_SECONDS), app.kill)
        timer.start()
        while accepted := _accept(page, app):
            acknowledged.append(accepted)
        timer.join()
    app.start()
    open_review(page, query)
    return acknowledged


def _accept(page: Page, app: App) -> str:
    """Id of the dialogue that a key accepted, once the next one is on screen; empty when the app died before that."""
    before = on_screen(page)
    page.keyboard.press("a")
    while on_screen(page) in ("", before):
        if app.is_dead:
            return ""
        page.wait_for_timeout(LOOK_MS)
    return before.rpartition("-")[0]

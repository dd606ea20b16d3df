"""Reviewing by keys at 5,000 dialogues in a real browser: from the press to the next dialogue on screen."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.reviewing import many_dialogues
from benchmarks.timing import report
from tests.browser.serving import (
    PATIENCE_MS,
    chromium_at,
    find_chromium,
    fresh,
    gone,
    on_screen,
    open_review,
    running,
    settled,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

COUNT = 5_000
DECISIONS, THIRTY = 50, 30
LIMIT_MS = 300.0
LABELLED = "[class*='st-key-turn-review'] >> text=called too early"
WATCH = """
() => {
    const bar = () => document.querySelector("[class*='st-key-accept-'], [class*='st-key-reopen-']");
    const bound = () => (bar()?.className.match(/st-key-(?:accept|reopen)-([\\w-]+)-\\d+/) ?? [])[1];
    const turns = id => document.querySelector(`[class*='st-key-turn-review-${id}-0']`);
    addEventListener("keydown", () => {
        const before = bound(), pressed = performance.now();
        window.shown = null;
        const look = () => {
            const now = bound();
            if (now && now !== before && turns(now)) window.shown = performance.now() - pressed;
            else requestAnimationFrame(look);
        };
        look();
    }, true);
}
"""
"""From each key press on, looks at every frame until the bar is bound to another dialogue whose turns are there."""


def main(arguments: tuple[str, ...] = ()) -> None:
    """Print median and 95th percentile of accepts, rejects and flags in milliseconds; a workspace can be given."""
    chromium = find_chromium()
    if chromium is None:
        print("There is no Chromium here; nothing was measured.")
        return
    with tempfile.TemporaryDirectory() as folder, chromium_at(chromium) as browser:
        workspace = Path(arguments[0]) if arguments else many_dialogues(Path(folder) / "workspace", COUNT)
        with running(workspace) as app:
            page = fresh(browser, app.address).new_page()
            page.set_default_timeout(PATIENCE_MS)
            open_review(page, "dataset=many&state=pending")
            page.evaluate(WATCH)
            taken = sorted(_decided(page, place) for place in range(DECISIONS))
            seconds = _worked_off(page)
    print(f"{DECISIONS} decisions by keys, load {os.getloadavg()[0]:.1f}")
    report("next dialogue on screen, median", statistics.median(taken), "ms", LIMIT_MS, at_most=True)
    report("95th percentile", taken[int(0.95 * len(taken))], "ms", 2 * LIMIT_MS, at_most=True)
    print(f"{THIRTY} dialogues by keys alone, without reading time: {seconds:.1f} s, {seconds / THIRTY:.2f} s each")


def _worked_off(page: Page) -> float:
    """Seconds for thirty dialogues by keys alone: each decided, every third labelled before, every tenth also undone
    and done again."""
    began = time.monotonic()
    for place in range(THIRTY):
        if place % 3 == 0:
            page.keyboard.press("2")
            page.locator(LABELLED).first.wait_for()
            settled(page)
        before = on_screen(page)
        _decided(page, place)
        if place % 10 == 9:
            for key, told in (("u", "Took back"), ("y", "Done again")):
                page.keyboard.press(key)
                page.get_by_text(told).first.wait_for()
                settled(page)
            page.keyboard.press("ArrowRight")
            gone(page, before)
            settled(page)
    return time.monotonic() - began


def _decided(page: Page, place: int) -> float:
    """Milliseconds from the deciding key to the next dialogue; accepts, rejects and flags take turns."""
    kind = "axf"[place % 3]
    if kind == "x":
        page.keyboard.press("x")
        page.get_by_role("dialog").get_by_role("button", name="Wrong tool").wait_for()
        settled(page)
    before = on_screen(page)
    page.keyboard.press("1" if kind == "x" else kind)
    page.wait_for_function("() => window.shown !== null")
    taken = float(page.evaluate("window.shown"))
    settled(page)
    if on_screen(page) == before:
        raise SystemExit("The page stayed at the dialogue that was decided.")
    return taken


if __name__ == "__main__":
    main(tuple(sys.argv[1:]))

"""Photograph every page of a running app: `python docs/take_screenshots.py ADDRESS FOLDER [WIDTH]`.

Needs Chromium and the test requirements. Writes FOLDER/PAGE-light.png and FOLDER/PAGE-dark.png.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

PAGES = {
    "home": "",
    "catalog": "catalog",
    "confusion-map": "catalog?view=Confusion+map",
    "pair": "catalog?view=Pair",
    "import-report": "catalog?view=Import+report",
    "catalog-history": "catalog?view=History",
    "generate": "generate",
    "review": "review",
    "train": "train",
    "evaluate": "evaluate",
    "traces": "traces",
    "study": "study",
    "playground": "playground",
}
"""Name of the picture → address of the page."""
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def settled(page: Page) -> None:
    """Wait until the page's script has ended and nothing is a skeleton any more."""
    page.wait_for_selector(IDLE, timeout=60_000)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_load_state("networkidle")


def main(address: str, folder: Path, width: int) -> None:
    """Write both themes of every page; the picture is as high as the page."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page = context.new_page()
            for name, path in PAGES.items():
                page.goto(f"{address}/{path}")
                settled(page)
                height = page.get_by_test_id("stMain").evaluate("element => element.scrollHeight")
                page.set_viewport_size({"width": width, "height": max(900, min(int(height), 2200))})
                settled(page)
                page.screenshot(path=str(folder / f"{name}-{scheme}.png"))
                page.set_viewport_size({"width": width, "height": 900})
            context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1280)

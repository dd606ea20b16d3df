"""The real app as a process of its own, and a Chromium to look at it: for browser tests and benchmarks."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
PATIENCE_MS = 45_000
"""How long anything may take to show, also on a machine with other work; what passes does not wait for it."""
LOOK_SECONDS = 0.05
IDLE = '[data-test-script-state="notRunning"]'
ON_SCREEN = "[class*='st-key-accept-'], [class*='st-key-reopen-']"
"""The first button of the Review page's bar, whose key names the dialogue and the version that it is bound to."""


class App:
    """The app on a workspace: started, killed, started again, always at one address."""

    def __init__(self, workspace: Path, user: str = "Ana") -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port: int = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"
        self.log = workspace / "app.log"
        self._environment = os.environ | {"DIAFORGE_WORKSPACE": str(workspace), "DIAFORGE_USER": user}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Seconds from the command to the first answer; RuntimeError with the log if there is none."""
        began = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self._port)],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        while time.monotonic() < began + START_SECONDS and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=2):
                    return time.monotonic() - began
            except OSError:
                time.sleep(LOOK_SECONDS)
        raise RuntimeError(f"the app did not start:\n{self.log.read_text('utf-8')[-2000:]}")

    @property
    def is_dead(self) -> bool:
        """Whether its process has ended."""
        return self.process is None or self.process.poll() is not None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(20)

    def stop(self) -> None:
        """End it as a person would."""
        if self.process is not None and not self.is_dead:
            self.process.terminate()
            self.process.wait(20)


@contextmanager
def running(workspace: Path) -> Iterator[App]:
    """The app on a workspace, stopped at the end."""
    app = App(workspace)
    try:
        app.start()
        yield app
    finally:
        app.stop()


def find_chromium() -> str | None:
    """Path of a Chromium; None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def chromium_at(path: str) -> Iterator[Browser]:
    """A running Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


def fresh(browser: Browser, address: str, width: int = 1280, height: int = 900, dark: bool = False) -> BrowserContext:
    """A browser that has never been here."""
    return browser.new_context(
        viewport={"width": width, "height": height}, base_url=address, color_scheme="dark" if dark else "light"
    )


def settled(page: Page) -> None:
    """Wait until the app has drawn everything and what it drew listens to keys, which begins a moment later."""
    page.wait_for_selector(IDLE, state="attached")
    page.evaluate("new Promise(done => requestIdleCallback(done, {timeout: 2000}))")


def sign_as(page: Page, name: str) -> None:
    """Have what is decided in this browser signed by `name`."""
    page.goto("/")
    settled(page)
    page.get_by_test_id("stSidebar").get_by_role("button", name="Ana").click()
    page.get_by_label("Decisions are signed by").fill(name)
    page.get_by_label("Decisions are signed by").press("Enter")
    page.get_by_test_id("stSidebar").get_by_role("button", name=name, exact=True).wait_for()
    page.keyboard.press("Escape")


def open_review(page: Page, query: str) -> None:
    """Open the Review page and wait until its keys work."""
    page.goto(f"/review?{query}")
    settled(page)
    page.locator(ON_SCREEN).get_by_role("button").first.wait_for()
    settled(page)


def gone(page: Page, before: str) -> None:
    """Wait until the bar is bound to another dialogue than `before`, or there is none any more."""
    page.wait_for_function(
        "([bar, key]) => !document.querySelector(bar)?.className.includes(key)", arg=[ON_SCREEN, before]
    )


def on_screen(page: Page) -> str:
    """`id-version` of the dialogue that the bar of the Review page is bound to; empty for none."""
    found = page.locator(ON_SCREEN)
    if not found.count():
        return ""
    key = re.search(r"st-key-(?:accept|reopen)-([\w-]+)", found.first.get_attribute("class") or "")
    return key.group(1) if key else ""


def dialog_by(page: Page, key: str) -> None:
    """Open a dialog by its key, pressed anew where a page that is still being drawn did not take it."""
    from playwright.sync_api import TimeoutError as PlaywrightTimeout

    button = page.get_by_role("dialog").get_by_role("button").first
    for patience in (5_000, 5_000, 10_000, PATIENCE_MS):
        page.keyboard.press(key)
        with suppress(PlaywrightTimeout):
            button.wait_for(timeout=patience)
            return
    raise AssertionError(f"'{key}' opens no dialog")

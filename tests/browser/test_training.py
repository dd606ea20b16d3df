"""A training run outlives the browser and the app, goes on where it was, and its model can be talked to."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from .serving import PATIENCE_MS, App, fresh, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

STEPS, SAVED = 60, 6
"""Steps of a tiny model, and after how many of them there is a checkpoint: enough to be killed on the way."""
TRAINED_MS = 180_000


@pytest.fixture
def app(spare: Path, tmp_path: Path) -> Iterator[App]:
    """An app of its own on a copy of the workspace, as it is killed."""
    app = App(Path(shutil.copytree(spare, tmp_path / "workspace")))
    app.start()
    yield app
    app.stop()


def opened(browser: Browser, app: App, path: str) -> tuple[BrowserContext, Page]:
    context = fresh(browser, app.address)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(path)
    settled(page)
    return context, page


def rows_of(workspace: Path) -> list[dict]:
    file = next(
        run / "rows.jsonl" for run in (workspace / "runs").iterdir() if '"tiny-1"' in (run / "config.json").read_text()
    )
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def steps_of(workspace: Path) -> list[int]:
    return [row["log"]["step"] for row in rows_of(workspace) if "log" in row]


def kill_worker(workspace: Path) -> None:
    """End the run's worker at once, as a crash of the machine would."""
    for file in (workspace / "runs").glob("*/process.json"):
        if '"tiny-1"' in (file.parent / "config.json").read_text():
            psutil.Process(json.loads(file.read_text())["pid"]).send_signal(signal.SIGKILL)


def test_a_run_goes_on_after_the_browser_was_closed_and_app_and_worker_were_killed(
    browser: Browser, app: App, tiny_llama_dir: Path
) -> None:
    workspace = app.log.parent
    context, page = opened(browser, app, "/train?dataset=tiny")
    model = page.get_by_role("combobox", name="Base model")
    model.fill(f"hf:{tiny_llama_dir}")
    model.press("Enter")
    settled(page)
    steps = page.get_by_role("spinbutton", name="Steps", exact=True)
    steps.fill(str(STEPS))
    steps.press("Enter")
    page.get_by_text(f"4 dialogues, {STEPS} steps").wait_for()
    page.get_by_role("button", name="Start training").click()
    page.get_by_text("Started.").wait_for()
    page.get_by_test_id("stMetric").first.wait_for(timeout=TRAINED_MS)
    context.close()
    while len(steps_of(workspace)) <= SAVED + 2:
        time.sleep(0.1)

    app.kill()
    kill_worker(workspace)
    before = steps_of(workspace)
    assert 0 < len(before) < STEPS
    app.start()
    context, page = opened(browser, app, "/train?run=tiny-1")
    main = page.get_by_test_id("stMainBlockContainer")
    main.get_by_text("interrupted").wait_for()
    main.get_by_text("Resume the run to go on").wait_for()
    main.get_by_role("button", name="Resume").click()
    main.get_by_text("finished").wait_for(timeout=TRAINED_MS)
    settled(page)

    after = steps_of(workspace)
    assert after[: len(before)] == before
    assert sorted(set(after)) == list(range(1, STEPS + 1))
    resumed_at = after[len(before)]
    assert 1 < resumed_at <= before[-1] + 1
    data = [row["data"] for row in rows_of(workspace) if "data" in row]
    assert data[0] == data[-1]
    main.get_by_text(f"{data[0]['tokens']:,} tokens an epoch, {data[0]['target_tokens']:,} of them learned").wait_for()

    main.get_by_role("link", name="Chat with it").click()
    page.wait_for_url(re.compile("playground"))
    settled(page)
    assert "run%3Atiny-1" in page.url or "run:tiny-1" in page.url
    chat(page)
    context.close()


def chat(page: Page) -> None:
    """Say something to the chosen model, and wait for its answer."""
    page.get_by_role("button", name="Start", exact=True).click()
    box = page.get_by_test_id("stChatInputTextArea")
    box.wait_for()
    box.fill("Please add John Carter as a new lead.")
    box.press("Enter")
    page.get_by_text("Please add John Carter as a new lead.").first.wait_for()
    page.get_by_text("Assistant · turn 2").wait_for(timeout=TRAINED_MS)

"""What people bring and how they leave: real and broken files, hostile words, a training whose tab is closed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .serving import ROOT, settled

if TYPE_CHECKING:
    from playwright.sync_api import Page

TWILIO = ROOT.parent / "shared" / "catalogs" / "twilio" / "twilio_proxy_v1.json"
TRAINED_MS = 90_000
"""A start, two steps of a tiny model on four dialogues, and saving the adapter, also on a busy machine."""


def upload(tab: Page, file: Path, name: str) -> None:
    tab.goto("/catalog")
    settled(tab)
    tab.get_by_text("Import a catalog").first.click()
    tab.locator("input[type=file]").set_input_files(file)
    tab.get_by_text(file.name).wait_for()
    settled(tab)
    tab.get_by_role("textbox", name="Name").fill(name)
    tab.get_by_role("textbox", name="Name").press("Enter")
    settled(tab)
    tab.get_by_role("button", name="Import", exact=True).click()


def test_an_uploaded_document_is_on_screen_with_its_tools(tab: Page) -> None:
    real = TWILIO if TWILIO.exists() else ROOT / "data" / "enterprise_openapi.json"
    upload(tab, real, "uploaded")
    tab.get_by_text(re.compile(r"Imported uploaded: \d+ tools")).wait_for()
    settled(tab)
    tab.get_by_text(re.compile(r"^\d+ of \d+ tools$")).wait_for()
    assert "catalog=uploaded" in tab.url
    assert tab.get_by_test_id("stAlertContentError").count() == 0


def test_a_broken_document_is_one_message_that_says_where(tab: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"openapi": "3.0.0", "paths": {')
    upload(tab, broken, "broken")
    tab.get_by_test_id("stAlertContentError").wait_for()
    settled(tab)
    message = tab.get_by_test_id("stAlertContentError")
    assert message.count() == 1
    assert "broken.json" in message.inner_text()
    assert "line 1" in message.inner_text()
    assert tab.get_by_text("broken.json", exact=True).is_visible()


@pytest.mark.parametrize("path", ["review?dataset=hostile&state=all", "train?dataset=hostile", "generate"])
def test_hostile_words_stay_words(tab: Page, path: str) -> None:
    tab.goto(f"/{path}")
    settled(tab)
    if path.startswith("review"):
        tab.get_by_text('<img src="http://tracker.example/a.png"').first.wait_for()
        tab.get_by_text("Show goal and gold values").click()
        tab.get_by_text("Thought").first.click()
        settled(tab)
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("img[src*=tracker], a[href*=javascript], a[href*=tracker]").count() == 0


def test_a_training_goes_on_when_its_tab_is_closed(tab: Page, tiny_llama_dir: Path) -> None:
    from playwright.sync_api import expect

    first = tab.context.new_page()
    first.goto("/train?dataset=tiny")
    settled(first)
    model = first.get_by_role("combobox", name="Base model")
    model.fill(f"hf:{tiny_llama_dir}")
    model.press("Enter")
    settled(first)
    steps = first.get_by_role("spinbutton", name="Steps", exact=True)
    steps.fill("2")
    steps.press("Enter")
    first.get_by_text("4 dialogues, 2 steps").wait_for()
    first.get_by_role("button", name="Start training").click()
    first.get_by_text("Started.").wait_for()
    first.close()
    tab.goto("/train?run=tiny-1")
    main = tab.get_by_test_id("stMainBlockContainer")
    main.get_by_text("finished").wait_for(timeout=TRAINED_MS)
    settled(tab)
    loss = tab.get_by_test_id("stMetric").filter(has_text="Loss").first
    expect(loss).to_be_visible()
    assert re.search(r"\d\.\d{3}", loss.inner_text())
    main.get_by_role("link", name="Chat with it").first.wait_for()

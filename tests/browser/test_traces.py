"""The Traces page by keys, and its link in another browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .serving import settled

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_keys_walk_the_list_and_the_turns_and_the_link_leads_back_to_both(tab: Page) -> None:
    tab.goto("/traces?order=goal_tool")
    settled(tab)
    tab.get_by_role("button", name="Next", exact=False).last.wait_for()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_url(re.compile("trace="))
    tab.get_by_text("2 of ").first.wait_for()
    tab.keyboard.press("j")
    tab.wait_for_url(re.compile("turn=2"))
    tab.get_by_text("Labels of turn 2").wait_for()
    link = tab.url
    tab.keyboard.press("ArrowRight")
    tab.get_by_text("3 of ").first.wait_for()
    tab.goto(link)
    settled(tab)
    tab.get_by_text("Labels of turn 2").wait_for()
    tab.get_by_text("2 of ").first.wait_for()

"""Every page and every dialog of Review, read by axe: nothing serious or critical that is ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from .serving import dialog_by, open_review, settled
from .test_app import PAGES

if TYPE_CHECKING:
    from playwright.sync_api import Page

SERIOUS = {"serious", "critical"}
THE_FRAMEWORKS = {
    "list": "[data-testid=stSidebarNavItems]",
    "listitem": "[data-testid=stSidebarNavItems]",
}
"""Rule → where the framework itself breaks it: it puts each group of the navigation's links into a `div` between `ul`
and `li`, which no page of ours can change."""
IN_THE_DARK = {
    "color-contrast": "button[role=radio][aria-checked=true], [data-testid=stSliderThumbValue]",
}
"""As above, in the dark theme alone: the framework writes white on the primary colour and the primary colour on dark,
and no one colour is both dark and light enough. Ours is for buttons; a chosen pill and a slider's value have 3.5."""
DRAWN_IN = "theme => getComputedStyle(document.querySelector('[data-testid=stApp]')).colorScheme === theme"
STILL = "() => !document.getAnimations().some(one => one instanceof CSSTransition && one.playState === 'running')"
"""Whether no colour is on its way to another one."""
REVIEW = "dataset=demo&state=pending"


def findings(page: Page, theme: str) -> list[str]:
    """What axe finds on what is on screen, less what the framework alone could mend."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{rule['impact']} {rule['id']}: {node['html'][:300]} {node['failureSummary'][:300]}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
        if not _is_the_frameworks(page, theme, rule["id"], node["target"][0])
    ]


def assert_readable(page: Page) -> None:
    """Nothing serious in the light theme, nor in the dark one."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(DRAWN_IN, arg=theme)
        settled(page)
        page.wait_for_function(STILL)
        assert findings(page, theme) == [], theme


def _is_the_frameworks(page: Page, theme: str, rule: str, target: str) -> bool:
    where = (THE_FRAMEWORKS | (IN_THE_DARK if theme == "dark" else {})).get(rule)
    return where is not None and page.locator(target).first.evaluate("(node, where) => !!node.closest(where)", where)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_serious_finding(tab: Page, path: str) -> None:
    tab.goto(f"/{path}")
    tab.get_by_role("heading", name=PAGES[path], exact=True).wait_for()
    assert_readable(tab)


@pytest.mark.parametrize("what", ["edit", "reject", "keys", "history", "bulk", "labels", "export", "agreement"])
def test_a_part_of_review_has_no_serious_finding(tab: Page, what: str) -> None:
    open_review(tab, REVIEW)
    if what in ("edit", "reject", "keys"):
        dialog_by(tab, {"edit": "e", "reject": "x", "keys": "h"}[what])
    elif what == "agreement":
        queue = tab.get_by_role("combobox", name=re.compile("Queue"))
        queue.click()
        tab.get_by_role("option", name="blind queue").click()
        tab.get_by_text("Agreement", exact=True).click()
        tab.get_by_role("heading", name="How far people agree").wait_for()
    else:
        name = {"history": "History", "bulk": "With these", "labels": "Edit labels", "export": "Export"}[what]
        tab.get_by_role("button", name=re.compile(name)).first.click()
        inside = {"history": "What was done", "bulk": "Do", "labels": "Add", "export": "For"}[what]
        tab.get_by_text(inside, exact=True).first.wait_for()
    assert_readable(tab)

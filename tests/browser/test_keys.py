"""Keys pressed faster than the page is drawn, and a server that is killed between them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .killing import review_through_kills
from .serving import App, fresh, gone, on_screen, open_review, settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PACE_MS = 100
PRESSES = ["a", "a", "ArrowRight", "x", "1", "ArrowLeft", "f", "a", "ArrowRight", "f"] * 4
NOTE = """
() => {
    const named = (pattern, root = document) => {
        for (const each of root.querySelectorAll("[class*='st-key-']")) {
            const found = each.className.match(pattern);
            if (found) return {key: found[1], live: !each.querySelector("button")?.disabled};
        }
    };
    const seen = {};
    const look = () => {
        for (const each of document.querySelectorAll("[class*='st-key-turn-review-']"))
            seen[each.className.match(/st-key-turn-review-([\\w-]+)-\\d+(?![\\w-])/)?.[1]] = performance.now();
    };
    const frame = () => { look(); requestAnimationFrame(frame); };
    frame();
    window.pressed = [];
    const dialog = () => document.querySelector("[role=dialog]");
    const button = {
        a: () => named(/st-key-accept-([\\w-]+)-\\d+(?![\\w-])/),
        f: () => named(/st-key-flag-([\\w-]+)-\\d+(?![\\w-])/),
        x: () => named(/st-key-reject-([\\w-]+)-\\d+(?![\\w-])/),
        ArrowLeft: () => named(/st-key-previous-([\\w-]+)-\\d+(?![\\w-])/),
        ArrowRight: () => named(/st-key-next-([\\w-]+)-\\d+(?![\\w-])/),
        "1": () => dialog() && named(/st-key-reason-([\\w-]+)-\\d+-1(?![\\w-])/, dialog()),
    };
    addEventListener("keydown", event => {
        look();
        const bound = button[event.key]?.();
        const near = Object.keys(seen).filter(key => performance.now() - seen[key] <= BLINK);
        window.pressed.push({key: event.key, bound: bound?.live ? bound.key : "", near, dialog: !!dialog()});
    }, true);
}
"""
"""Notes with each key press which dialogue its button is bound to, if it takes the press, and which dialogues were
on screen within a blink before."""
BLINK_MS = 250
"""Nobody sees and presses faster: what is pressed is meant for what was on screen that long ago."""
AT_ONCE = "keys => keys.forEach(key => document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true})))"
"""Presses keys with no time between them."""
ENOUGH, MOST_ROUNDS = 4, 8
"""Decisions that a burst must lead to, and how often the same presses are tried for them."""
KIND = {"a": "accept", "f": "flag", "1": "reject"}


def decided(workspace: Path, dataset: str) -> list[dict[str, Any]]:
    """The decisions on a dataset's dialogues in the events file, oldest first."""
    lines = map(json.loads, (workspace / "decisions.jsonl").read_text("utf-8").splitlines())
    found = [decision for line in lines for decision in decisions_of(line)]
    return [decision for decision in found if decision["dialogue"].startswith(f"{dataset}-")]


def decisions_of(line: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything in a line of the events file that has the form of a decision."""
    if isinstance(line, dict):
        if {"dialogue", "kind", "version"} <= line.keys():
            return [line]
        return [each for part in line.values() for each in decisions_of(part)]
    return [each for part in line for each in decisions_of(part)] if isinstance(line, list) else []


def test_ten_presses_a_second_decide_what_was_on_screen_once_each(tab: Page, workspace: Path) -> None:
    open_review(tab, "dataset=burst&state=pending")
    tab.evaluate(NOTE.replace("BLINK", str(BLINK_MS)))
    for _ in range(MOST_ROUNDS):  # a busy machine takes fewer of the same presses
        for key in PRESSES:
            tab.keyboard.press(key)
            tab.wait_for_timeout(PACE_MS)
        settled(tab)
        if len(decided(workspace, "burst")) >= ENOUGH:
            break
    pressed = tab.evaluate("window.pressed")
    made = decided(workspace, "burst")
    seen = {(key, KIND[press["key"]]) for press in pressed if press["key"] in KIND for key in press["near"]}
    assert len(made) >= ENOUGH
    for decision in made:
        assert (decision["dialogue"], decision["kind"]) in seen, f"{decision} {pressed}"
    assert set(Counter(decision["dialogue"] for decision in made).values()) == {1}, f"{made} {pressed}"
    missed = meant(pressed) - {decision["dialogue"] for decision in made}
    assert not missed, f"{missed} {pressed}"


def meant(pressed: list[dict[str, Any]]) -> set[str]:
    """What was alone on screen for a blink when the first key that its buttons take decided it.

    Keys behind the first come before the page has answered, so they are meant for what is on its way.
    """
    taken = [press for press in pressed if press["bound"]]
    firsts = [
        press
        for before, press in zip([{}, *taken], taken, strict=False)
        if (before.get("bound"), before.get("dialog")) != (press["bound"], press["dialog"])
    ]
    return {press["bound"] for press in firsts if press["key"] in KIND and press["near"] == [press["bound"]]}


def test_a_second_decision_on_what_is_decided_does_nothing(tab: Page, workspace: Path) -> None:
    open_review(tab, "dataset=burst&state=pending")
    shown = on_screen(tab)
    before = len(decided(workspace, "burst"))
    tab.evaluate(AT_ONCE, ["f", "a"])
    gone(tab, shown)
    settled(tab)
    assert len(decided(workspace, "burst")) <= before + 1


def test_keys_pressed_right_behind_a_decision_do_not_open_what_was_decided(tab: Page, workspace: Path) -> None:
    open_review(tab, "dataset=burst&state=pending")
    shown = on_screen(tab)
    before = len(decided(workspace, "burst"))
    tab.evaluate(AT_ONCE, ["f", "x", "e"])
    gone(tab, shown)
    settled(tab)
    assert len(decided(workspace, "burst")) == before + 1
    assert tab.get_by_role("dialog").count() == 0


def test_a_decision_pressed_right_behind_a_move_decides_nothing(tab: Page, workspace: Path) -> None:
    open_review(tab, "dataset=burst&state=pending")
    shown = on_screen(tab)
    before = len(decided(workspace, "burst"))
    tab.evaluate(AT_ONCE, ["ArrowRight", "f", "a"])
    gone(tab, shown)
    settled(tab)
    assert len(decided(workspace, "burst")) == before
    assert on_screen(tab) != shown


def test_what_was_typed_is_kept_when_the_edit_dialog_is_closed(tab: Page) -> None:
    open_review(tab, "dataset=burst&state=pending")
    tab.keyboard.press("e")
    dialog = tab.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Thought").first.click()
    tab.keyboard.press("Control+End")
    tab.keyboard.type(" One more reason.")
    tab.keyboard.press("Escape")
    dialog.get_by_role("button", name="Close", exact=True).click()
    dialog.wait_for(state="detached")
    tab.get_by_text("Your draft from").wait_for()
    settled(tab)
    tab.get_by_role("button", name="Go on").click()
    dialog.get_by_text("One more reason.").first.wait_for()


def test_no_acknowledged_decision_is_lost_when_the_server_is_killed(browser: Browser, spare: Path) -> None:
    from diaforge_core.services.workspace import open_workspace

    app = App(spare)
    acknowledged = review_through_kills(app, fresh(browser, app.address), "dataset=demo&state=pending", kills=4)
    app.stop()
    with open_workspace(spare) as reopened:
        assert not reopened.notices
        assert {reopened.review.get(key).state for key in acknowledged} == {"accepted"}
    assert len(acknowledged) == len(set(acknowledged)) >= 4

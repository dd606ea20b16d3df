"""Two people in two browsers on one queue of 500: what was served to both, and what was lost."""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

from benchmarks.reviewing import DATASET, many_dialogues
from benchmarks.timing import report
from diaforge_core.records.queue import Filter
from diaforge_core.services.workspace import open_workspace
from tests.browser.serving import (
    PATIENCE_MS,
    chromium_at,
    find_chromium,
    fresh,
    on_screen,
    open_review,
    running,
    sign_as,
)

COUNT = 520
"""So that at least 500 pass the checks and are to be reviewed."""
PEOPLE = ("Bo", "Cleo")


def main() -> None:
    """Print the pace of both together, dialogues that both were given, and decisions that are not in the workspace."""
    chromium = find_chromium()
    if chromium is None:
        print("There is no Chromium here; nothing was measured.")
        return
    with tempfile.TemporaryDirectory() as folder:
        workspace = many_dialogues(Path(folder) / "workspace", COUNT)
        with open_workspace(workspace) as made:
            queue = made.queues.make("shared", Filter(dataset=DATASET, state="pending")).id
            total = made.queues.progress(queue).total
        served: dict[str, list[str]] = {name: [] for name in PEOPLE}
        began = time.monotonic()
        with running(workspace) as app:
            desks = [
                threading.Thread(target=_review, args=(chromium, app.address, queue, name, served[name]))
                for name in PEOPLE
            ]
            for desk in desks:
                desk.start()
            for desk in desks:
                desk.join()
        seconds = time.monotonic() - began
        with open_workspace(workspace) as reopened:
            lost = [
                key
                for name, keys in served.items()
                for key in keys
                if (found := reopened.review.get(key)).state != "accepted" or found.decisions[-1].who != name
            ]
    shares = ", ".join(f"{name} {len(keys)}" for name, keys in served.items())
    print(f"{total} dialogues, {shares}, {seconds:.0f} s with start and sign-in")
    report("served to both", len(set(served[PEOPLE[0]]) & set(served[PEOPLE[1]])), "dialogues", 0, at_most=True)
    report("decisions lost", len(lost), "decisions", 0, at_most=True)
    report("reviewed", sum(map(len, served.values())), "dialogues", total, at_most=False)


def _review(chromium: str, address: str, queue: str, name: str, served: list[str]) -> None:
    """Accept by key whatever the queue serves, as soon as it is on screen, until there is nothing left."""
    with chromium_at(chromium) as browser:
        page = fresh(browser, address).new_page()
        page.set_default_timeout(PATIENCE_MS)
        sign_as(page, name)
        open_review(page, f"queue={queue}")
        while shown := on_screen(page):
            served.append(shown.rpartition("-")[0])
            page.keyboard.press("a")
            page.wait_for_function(MOVED, arg=shown)


MOVED = """
key => {
    const bar = document.querySelector("[class*='st-key-accept-'], [class*='st-key-reopen-']");
    const idle = document.querySelector("[data-test-script-state='notRunning']");
    return bar ? !bar.className.includes(key) : idle !== null;
}
"""
"""Another dialogue is on screen, or none any more."""


if __name__ == "__main__":
    main()

"""Twenty `kill -9` of the app at random moments of reviewing by keys: acknowledged decisions that are gone."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.reviewing import DATASET, many_dialogues
from benchmarks.timing import report
from diaforge_core.services.workspace import open_workspace
from tests.browser.killing import review_through_kills
from tests.browser.serving import App, chromium_at, find_chromium, fresh

COUNT = 500
KILLS = 20


def main() -> None:
    """Print how many decisions the page acknowledged, and how many of them are not in the workspace afterwards."""
    chromium = find_chromium()
    if chromium is None:
        print("There is no Chromium here; nothing was measured.")
        return
    with tempfile.TemporaryDirectory() as folder, chromium_at(chromium) as browser:
        workspace = many_dialogues(Path(folder) / "workspace", COUNT)
        app = App(workspace)
        acknowledged = review_through_kills(app, fresh(browser, app.address), f"dataset={DATASET}&state=pending", KILLS)
        app.stop()
        with open_workspace(workspace) as reopened:
            lost = [key for key in acknowledged if reopened.review.get(key).state != "accepted"]
            for notice in reopened.notices:
                print(f"found amiss at the start: {notice}")
    print(f"{KILLS} kills, {len(acknowledged)} decisions acknowledged")
    report("acknowledged decisions lost", len(lost), "decisions", 0, at_most=True)


if __name__ == "__main__":
    main()

"""The real app on a free port with a demo workspace, and a browser that notes every fault."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .serving import PATIENCE_MS, chromium_at, find_chromium, fresh, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

SHARED = 24
"""Dialogues of the queue that two people work off together."""
PAYLOAD = (
    '<img src="http://tracker.example/a.png" onerror="window.hacked=1"><script>window.hacked=1</script> '
    "![pixel](http://tracker.example/b.png) [click](javascript:window.hacked=1) :material/skull: $x^2$ <|im_end|>"
)
"""What an attacker would write into a dialogue: markup, a picture that phones home, a link that runs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(str(item.fspath)).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium; a skip with its reason where there is none, unless DIAFORGE_BROWSER=required."""
    found = find_chromium()
    if found:
        return found
    reason = "no Chromium on this machine (Debian: apt-get install chromium)"
    if os.environ.get("DIAFORGE_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a demo workspace with some datasets and queues more."""
    from diaforge_core.records.queue import Filter
    from diaforge_core.services.workspace import open_workspace

    folder = tmp_path_factory.mktemp("browser") / "workspace"
    with open_workspace(folder) as workspace:
        workspace.demo.build()
        kept = workspace.datasets.load("demo")
        workspace.datasets.create("tiny")
        workspace.datasets.add("tiny", kept[:4])
        workspace.datasets.create("sparse")
        workspace.datasets.add("sparse", kept[4:8])
        workspace.datasets.create("own")
        workspace.datasets.add("own", [one.model_copy(update={"id": f"own-{one.id}"}) for one in kept[8:12]])
        for name, count, overlap in (("shared", SHARED, 0), ("blind", 3, 100), ("twice", 3, 100), ("burst", 40, 0)):
            copies = [one.model_copy(update={"id": f"{name}-{place}"}) for place, one in enumerate(kept[:count])]
            workspace.datasets.create(name)
            workspace.datasets.add(name, copies)
            workspace.queues.make(f"{name} queue", Filter(dataset=name), overlap=overlap, who="Ana")
        workspace.datasets.load_file(_hostile(kept[4].model_dump(mode="json")), "hostile")
    return folder


@pytest.fixture(scope="session")
def spare(workspace: Path) -> Path:
    """Folder of a copy of the workspace, for an app of its own; made before the first app opens the original."""
    return Path(shutil.copytree(workspace, workspace.with_name("spare")))


@pytest.fixture(scope="session")
def address(chromium: str, workspace: Path, spare: Path) -> Iterator[str]:
    """Address of the running app on the workspace."""
    with running(workspace) as app:
        yield app.address


def _hostile(dialogue: dict[str, Any]) -> bytes:
    """The dialogue as a line of a file, with `PAYLOAD` in every place that holds free text."""
    dialogue["id"] = "hostile"
    dialogue["scenario"]["goal"] = PAYLOAD
    for turn in dialogue["turns"]:
        if turn["speaker"] == "assistant":
            turn["thought"] = PAYLOAD
        if turn["reply"]:
            turn["reply"] = PAYLOAD
        if turn["call"]:
            turn["call"]["arguments"] = dict.fromkeys(turn["call"]["arguments"], PAYLOAD) | {PAYLOAD: PAYLOAD}
    return json.dumps(dialogue).encode()


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """A Chromium, closed after the last browser test: its event loop would disturb tests that run their own."""
    with chromium_at(chromium) as launched:
        yield launched


@pytest.fixture
def tab(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh tab; at its end there must have been no page error, console error or request to elsewhere."""
    context = fresh(browser, address)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
    page.on("console", lambda line: faults.append(f"console: {line.text} {line.location}") if _is_fault(line) else None)
    page.on(
        "request", lambda request: faults.append(f"request: {request.url}") if _foreign(request.url, address) else None
    )
    yield page
    context.close()
    assert not faults, "\n".join(faults)


def _is_fault(line: ConsoleMessage) -> bool:
    """Errors, except that the framework looks for its server under the page's own path first and gets a 404."""
    probe = "/_stcore/" in line.location.get("url", "") and "404" in line.text
    return line.type == "error" and not probe


def _foreign(url: str, address: str) -> bool:
    host = address.removeprefix("http://")
    return not url.startswith((f"http://{host}", f"ws://{host}", "data:", "blob:"))

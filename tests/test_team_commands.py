"""Working together from the command line, and several processes on one queue."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from diaforge_core.cli import app
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Filter
from diaforge_core.services.workspace import Workspace, open_workspace

from .test_queues import many
from .test_services_data import made as made
from .test_services_review import workspace as workspace

WORKER = """
import sys
from pathlib import Path
from diaforge_core.services.handover import perform
folder, who = Path(sys.argv[1]), sys.argv[2]
say = lambda run: None
while (found := perform(folder, "queue next", {"queue": "q", "who": who}, say))["dialogue"]:
    print(found["dialogue"], flush=True)
    judged = {"dialogue": found["dialogue"], "version": 1, "kind": "accept", "who": who}
    perform(folder, "queue judge", judged, say)
"""
"""Works a queue off through the app, as one more process."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "served", serve_handover=True) as opened:
        yield opened


def test_four_processes_on_one_queue_are_served_nothing_twice_and_lose_nothing(served: Workspace, made: list[Dialogue]):
    ids = many(served, made, 200)
    served.queues.make("q", Filter(dataset="many"), who="Ana")
    workers = {
        name: subprocess.Popen(
            [sys.executable, "-c", WORKER, str(served.folder), name], stdout=subprocess.PIPE, text=True
        )
        for name in ("Ana", "Bo", "Cleo", "Dan")
    }
    got = {name: worker.communicate(timeout=240)[0].split() for name, worker in workers.items()}
    assert [worker.returncode for worker in workers.values()] == [0] * 4
    assert sorted(dialogue for each in got.values() for dialogue in each) == sorted(ids)
    decided = dict(served.database.rows("SELECT dialogue, who FROM decisions"))
    assert decided == {dialogue: name for name, each in got.items() for dialogue in each}
    assert served.datasets.info("many").accepted == 200


@pytest.fixture
def say(workspace: Workspace) -> Callable[..., dict[str, Any]]:
    """Runs a command on the closed workspace as Ana; what it gives."""
    folder = workspace.folder
    workspace.close()

    def run(*words: str, who: str = "Ana", code: int = 0) -> dict[str, Any]:
        tail = [] if who == "" else ["--who", who]
        result = CliRunner().invoke(app, [*words, *tail, "--workspace", str(folder), "--json"])
        assert result.exit_code == code, result.output
        return json.loads(result.stdout) if code == 0 else {"said": result.stderr}

    return run


def test_a_queue_is_made_judged_compared_and_settled_by_command(say: Callable[..., dict[str, Any]]):
    made = say("queue", "make", "q", "--dataset", "d", "--overlap", "100", "--person", "Ana", "--person", "Bo")
    assert (made["overlap"], made["people"], made["filter"]["state"]) == (100, ["Ana", "Bo"], "pending")
    first = say("queue", "next", "q")
    assert first["text"].startswith("User: ")
    assert "opinion" in say("queue", "judge", first["dialogue"], "accept")
    assert say("queue", "next", "q", who="Bo")["dialogue"] == first["dialogue"]
    assert say("queue", "judge", first["dialogue"], "reject", who="Bo")["state"] == "pending"
    found = say("queue", "agreement", "q", who="")
    assert found["disputed"] == [{"dialogue": first["dialogue"], "Ana": "accept", "Bo": "reject"}]
    assert say("queue", "settle", first["dialogue"], "reject")["state"] == "rejected"
    assert say("queue", "list", who="")["queues"][0]["progress"]["done"] == 1
    mine = say("queue", "next", "q")["dialogue"]
    assert say("queue", "take", mine, who="Bo") == {"dialogue": mine, "from": ["Ana"]}
    assert say("queue", "skip", "q", say("queue", "next", "q")["dialogue"])["skipped"]
    assert say("queue", "archive", "q")["archived"]
    assert "archived" in say("queue", "next", "q", code=2)["said"]


def test_a_queue_with_nothing_for_somebody_says_why(say: Callable[..., dict[str, Any]]):
    made = say("queue", "make", "none", "--dataset", "d", "--text", "no such words", "--where", "reviewer=Ana")
    assert made["filter"]["reviewer"] == "Ana"
    assert say("queue", "next", "none") == {
        "dialogue": None,
        "why": "Nothing is left for you: 0 of 0 are decided, 0 wait for others.",
    }


def test_roles_are_given_and_refusals_are_one_message(say: Callable[..., dict[str, Any]]):
    say("role", "give", "Ana", "admin")
    assert say("role", "give", "Rex", "reviewer")["people"] == {"Ana": "admin", "Rex": "reviewer"}
    refused = say("keep", "remove", "dataset", "d", who="Rex", code=2)["said"]
    assert refused.startswith("Rex is a reviewer here, and deleting and restoring takes an admin.")
    assert say("role", "take", "Rex")["people"] == say("role", "list", who="")["people"] == {"Ana": "admin"}


def test_datasets_are_renamed_archived_deleted_and_restored_by_command(say: Callable[..., dict[str, Any]]):
    assert say("keep", "rename", "dataset", "d", "better")["name"] == "better"
    assert say("keep", "archive", "dataset", "better")["archived"] == ["better"]
    assert say("datasets", who="")["datasets"] == []
    assert say("keep", "archive", "dataset", "better", "--undo")["archived"] == []
    binned = say("keep", "remove", "dataset", "better")
    assert [row["id"] for row in say("keep", "bin", who="")["bin"]] == [binned["id"]]
    assert say("keep", "restore", binned["id"])["name"] == "better"
    assert say("datasets", who="")["datasets"][0]["name"] == "better"

"""Whole runs with models on every side: no key anywhere, an end in time, and nothing spoilt by a server that dies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diaforge_core.conversation.exchange.forms import openai_rows
from diaforge_core.generator.recipe import Recipe, SpendingLimits
from diaforge_core.records.trace import Trace
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog
from .obedient_model import answer, plays_all
from .stub_server import Reply, StubServer, refuses, says

KEY = "sk-canary-2718-nobody-may-find-this"
Serve = Callable[..., StubServer]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("DIAFORGE_API_KEY", KEY)
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        yield opened


def a_recipe(server: StubServer, *sides: str, **changes: Any) -> Recipe:
    spec = f"openai:m@{server.url}"
    return Recipe.model_validate(
        {"catalog": "sample", "dataset": "d", "count": 8, "seed": 3, **dict.fromkeys(sides, spec), **changes}
    )


def traces(workspace: Workspace, run: str) -> list[Trace]:
    return [Trace.model_validate(row["trace"]) for row in workspace.jobs.folder(run).rows()]


def test_a_key_that_every_side_repeats_is_found_nowhere(workspace: Workspace, serve: Serve, tmp_path: Path) -> None:
    def tells(number: int, request: dict[str, Any]) -> Reply:
        if number % 11 == 10:
            return refuses(400, f"bad request with {KEY}")
        told = [f"<think>My key is {KEY}.</think>{answer(request, place)}" for place in range(request.get("n", 1))]
        if "last reviewer" in request["messages"][0]["content"]:
            told = [json.dumps({"pass": False, "turn": 1, "reason": f"It needs {KEY}."})]
        elif "You reword" in request["messages"][0]["content"] and number % 2:
            told = [json.dumps({"say": f"It is {KEY}.", "thought": f"Use {KEY}."})]
        return says(*told, reasoning_content=f"Key: {KEY}")

    server = serve(script=tells)
    done = workspace.jobs.wait(workspace.generation.start(a_recipe(server, "user", "words", "critic")).id)
    assert done.state == "succeeded", done.error
    assert server.authorizations[0] == f"Bearer {KEY}"
    asked = " ".join(request["messages"][0]["content"] for request in server.requests)
    assert all(side in asked for side in ("You are the customer", "You reword", "last reviewer"))
    dialogues = workspace.datasets.load("d", "all")
    exported = json.dumps([openai_rows(each, a_catalog()) for each in dialogues])
    assert "It needs ***." in "".join(dialogue.model_dump_json() for dialogue in dialogues)
    said = exported + done.model_dump_json() + workspace.jobs.log(done.id)
    assert KEY not in said
    found = [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    workspace.close()
    found += [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert found == []


def test_a_server_that_dies_ends_the_run_in_one_message_and_a_resume_makes_it_whole(
    workspace: Workspace, serve: Serve
) -> None:
    down = [False]

    def dies(number: int, request: dict[str, Any]) -> Reply:
        down[0] = down[0] or number == 40
        return refuses(401, "the key has run out") if down[0] else plays_all(number, request)

    server = serve(script=dies)
    run = workspace.generation.start(a_recipe(server, "user", "critic", count=30))
    failed = workspace.jobs.wait(run.id)
    assert failed.state == "failed"
    assert "the key has run out" in failed.error
    assert "resume the run when that is mended" in failed.error
    assert failed.result["spent"]["calls"] >= 40
    kept = traces(workspace, run.id)
    assert not any(trace.unanswered for trace in kept)
    down[0] = False
    server.script = plays_all
    before = len(server.requests)
    workspace.jobs.resume(run.id)
    done = workspace.jobs.wait(run.id)
    assert done.state == "succeeded", done.error
    whole = traces(workspace, run.id)
    assert whole[: len(kept)] == kept
    assert len({trace.scenario.id for trace in whole}) == len(whole) == 30
    assert [trace.ended for trace in whole if trace.ended == "error"] == []
    assert done.result["spent"]["calls"] > failed.result["spent"]["calls"]
    assert len(server.requests) - before < 30 * 6


@pytest.mark.parametrize("reply", [Reply(hangs=True), refuses(429, "slow down", Retry_After="60")])
def test_a_cancelled_run_waits_for_nobody(workspace: Workspace, serve: Serve, reply: Reply) -> None:
    server = serve(script=lambda number, request: reply if number > 20 else plays_all(number, request))
    run = workspace.generation.start(a_recipe(server, "user", "critic", count=40))
    deadline = time.monotonic() + 60
    while len(server.requests) < 25:
        assert time.monotonic() < deadline, workspace.jobs.log(run.id)
        time.sleep(0.02)
    asked = time.monotonic()
    workspace.jobs.cancel(run.id)
    done = workspace.jobs.wait(run.id, timeout_seconds=30)
    assert time.monotonic() - asked < 4.0
    assert done.state == "cancelled"
    assert done.result["spent"]["calls"] >= 20


def test_a_budget_ends_the_run_with_what_was_spent_and_what_is_finished(workspace: Workspace, serve: Serve) -> None:
    server = serve(script=lambda number, request: replace(plays_all(number, request), delay=0.01))
    recipe = a_recipe(server, "user", "critic", count=40, limits=SpendingLimits(calls=60))
    done = workspace.jobs.wait(workspace.generation.start(recipe).id)
    assert done.state == "failed"
    assert "The budget of 60 calls could be exceeded" in done.error
    assert done.result["spent"]["calls"] == len(server.requests) == 60
    assert not any(trace.unanswered for trace in traces(workspace, done.id))

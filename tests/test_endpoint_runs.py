"""Whole runs against a real server: killed and resumed, out of budget, and with a key that nobody may find anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from diaforge_core.conversation.budget import Budget, Limits
from diaforge_core.conversation.chat_models import ModelAssistant, OpenAIModel
from diaforge_core.conversation.endpoint import Means
from diaforge_core.conversation.exchange.forms import openai_rows
from diaforge_core.conversation.model_specs import parse_spec
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import BudgetReached, ModelError
from diaforge_core.generator.recipe import Recipe, SpendingLimits
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.trace import Trace
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog
from .stub_server import Reply, StubServer, refuses, says

KEY = "sk-canary-0815-nobody-may-find-this"
NONE_FITS = "<think>Nothing here.</think>\nNone of the available tools fits your request."
Serve = Callable[..., StubServer]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("DIAFORGE_API_KEY", KEY)
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        yield opened


def asks_then_leaves(number: int, request: dict[str, Any]) -> Reply:
    """A question first, which asks what is wanted, and the same answer to the same request."""
    asked = any(message["role"] == "assistant" for message in request["messages"])
    return replace(says(NONE_FITS if asked else "<think>Unclear.</think>\nWhat would you like to do?"), delay=0.03)


def test_a_killed_evaluation_asks_nothing_again_that_was_answered(workspace: Workspace, serve: Serve) -> None:
    server = serve(script=asks_then_leaves)
    recipe = EvalRecipe(model=f"openai:m@{server.url}", run="e", catalog="sample", count=8, trials=2, seed=1)
    run = workspace.evaluation.start(recipe)
    deadline = time.monotonic() + 60
    while len(server.requests) < 11:
        assert time.monotonic() < deadline, workspace.jobs.log(run.id)
        time.sleep(0.002)
    known = workspace.jobs.folder(run.id).process()
    assert known
    os.kill(known[0], signal.SIGKILL)
    assert workspace.jobs.wait(run.id, timeout_seconds=30).state == "lost"
    answered = (workspace.jobs.folder("e").path / "responses.jsonl").read_text().count('"key":')
    before = len(server.requests)
    workspace.jobs.resume("e")
    done = workspace.jobs.wait("e")
    assert done.state == "succeeded", done.error
    traces = [Trace.model_validate(row["trace"]) for row in workspace.jobs.folder("e").rows()]
    turns = sum(turn.speaker == "assistant" for trace in traces for turn in trace.turns)
    assert len(traces) == 16
    assert len(server.requests) - before == turns - answered
    assert len({json.dumps(request) for request in server.requests}) == turns
    lost = before - answered
    assert 0 <= lost <= 16
    assert turns + lost <= done.result["spent"]["calls"] <= turns + 16
    assert lost == 0 or "requests were under way at the last end; they are asked again" in workspace.jobs.log("e")


def mute_from(first: int) -> Callable[[int, dict[str, Any]], Reply]:
    """No byte to request number `first` and those after it."""
    return lambda number, request: replace(asks_then_leaves(number, request), hangs=number >= first)


def test_a_generation_stops_within_seconds_though_its_server_is_mute_and_says_what_it_spent(
    workspace: Workspace, serve: Serve
) -> None:
    server = serve(script=mute_from(60))
    spec = f"openai:m@{server.url}"
    run = workspace.generation.start(Recipe(catalog="sample", dataset="d", count=40, seed=3, assistant=spec))
    wait_for(lambda: len(server.requests) > 60)
    workspace.jobs.pause(run.id)
    started = time.monotonic()
    paused = workspace.jobs.wait(run.id, timeout_seconds=30)
    assert time.monotonic() - started < 5.0  # 2 s where nothing else is at work on the machine
    assert paused.state == "paused"
    assert paused.result["spent"]["calls"] >= 60
    rows = workspace.jobs.folder(run.id).rows_path
    before = rows.read_bytes() if rows.exists() else b""
    answered = (workspace.jobs.folder(run.id).path / "responses.jsonl").read_text().count('"key":')
    asked = len(server.requests)
    server.script = asks_then_leaves
    workspace.jobs.resume(run.id)
    done = workspace.jobs.wait(run.id)
    assert done.state == "succeeded", done.error
    folder = workspace.jobs.folder(run.id)
    assert rows.read_bytes().startswith(before)
    turns = sum(turn["speaker"] == "assistant" for row in folder.rows() for turn in row["dialogue"]["turns"])
    assert len(server.requests) - asked == turns - answered
    assert done.result["asked"] == 40


def test_a_server_that_dies_ends_the_run_without_filling_it_with_errors_and_it_goes_on_later(
    workspace: Workspace, serve: Serve
) -> None:
    def refuses_from_the_twentieth(number: int, request: dict[str, Any]) -> Reply:
        return asks_then_leaves(number, request) if number < 20 else refuses(401, "no more")

    server = serve(script=refuses_from_the_twentieth)
    spec = f"openai:m@{server.url}"
    run = workspace.generation.start(Recipe(catalog="sample", dataset="d", count=40, seed=3, assistant=spec))
    failed = workspace.jobs.wait(run.id)
    assert failed.state == "failed"
    assert "resume the run when that is mended" in failed.error
    assert failed.result["spent"]["calls"] >= 20
    folder = workspace.jobs.folder(run.id)
    assert [row for row in folder.rows() if row["trace"]["ended"] == "error"] == []
    server.script = asks_then_leaves
    workspace.jobs.resume(run.id)
    assert workspace.jobs.wait(run.id).state == "succeeded"
    assert {row["trace"]["ended"] for row in folder.rows()} == {"none_fits"}
    assert len(list(folder.rows())) == 40


def test_a_run_out_of_budget_says_what_it_spent_and_goes_on_when_it_may_spend_more(
    workspace: Workspace, serve: Serve
) -> None:
    spec = f"openai:m@{serve(script=asks_then_leaves).url}"
    recipe = EvalRecipe(model=spec, run="e", catalog="sample", count=6, limits=SpendingLimits(calls=5))
    run = workspace.jobs.wait(workspace.evaluation.start(recipe).id)
    assert run.state == "failed"
    assert "The budget of 5 calls" in run.error
    assert run.result["spent"]["calls"] == 5


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_key_is_in_no_file_of_a_workspace_and_in_nothing_that_is_said(
    workspace: Workspace, serve: Serve, tmp_path: Path
) -> None:
    server = serve(
        says(f"<think>My key is {KEY}.</think>\nWhat would you like to do? Say {KEY}."),
        refuses(400, f"no more for {KEY}"),
        says(NONE_FITS),
    )
    spec = f"openai:m@{server.url}"
    generated = workspace.generation.start(Recipe(catalog="sample", dataset="d", count=4, seed=3, assistant=spec))
    done = [workspace.jobs.wait(generated.id)]
    done.append(workspace.jobs.wait(workspace.evaluation.start(EvalRecipe(model=spec, catalog="sample", count=3)).id))
    refusing = serve(refuses(401, f"Incorrect API key provided: {KEY}"))
    gone = workspace.evaluation.start(EvalRecipe(model=f"openai:m@{refusing.url}", catalog="sample", count=3))
    done.append(workspace.jobs.wait(gone.id))
    assert [run.state for run in done] == ["succeeded", "succeeded", "failed"]
    assert "Incorrect API key provided: ***. Set the right key in DIAFORGE_API_KEY" in done[2].error
    # An export takes only what passed; here the rows of what did not.
    dialogues = workspace.datasets.load("d", "all")
    exported = json.dumps([openai_rows(each, a_catalog()) for each in dialogues])
    assert "What would you like to do?" in exported
    said = exported + "".join(run.model_dump_json() + workspace.jobs.log(run.id) for run in done)
    assert KEY not in said
    assert server.authorizations[0] == f"Bearer {KEY}"
    while_open = contents(tmp_path)
    assert any(name == "responses.jsonl" and b"My key is ***" in content for name, content in while_open)
    workspace.close()
    assert [name for name, content in while_open + contents(tmp_path) if KEY.encode() in content] == []


def contents(folder: Path) -> list[tuple[str, bytes]]:
    """Name and bytes of every file below."""
    return [(path.name, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]


def test_a_key_is_in_no_traceback_even_of_a_fault_of_ours(serve: Serve) -> None:
    code = (
        "from diaforge_core.conversation.chat_models import OpenAIModel; import sys\n"
        "model = OpenAIModel('m', sys.argv[1])\n"
        "print(model, vars(model), vars(model.endpoint))\n"
        "model.complete([{'role': 'user', 'content': object()}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, serve(says("Hi")).url],
        capture_output=True,
        text=True,
        env=os.environ | {"DIAFORGE_API_KEY": KEY, "OPENAI_LOG": "debug"},
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert KEY not in done.stdout + done.stderr


def test_an_address_with_a_password_or_a_query_is_refused_without_repeating_it() -> None:
    for address in (f"http://me:{KEY}@host/v1", f"https://host/v1?api_key={KEY}"):
        with pytest.raises(ModelError, match="Give the plain address and set the key in DIAFORGE_API_KEY") as problem:
            parse_spec(f"openai:m@{address}")
        assert KEY not in str(problem.value)


def test_a_reached_budget_ends_the_batch_and_what_is_finished_is_whole(serve: Serve) -> None:
    server = serve(script=asks_then_leaves)
    means = Means(budget=Budget(Limits(calls=7)))
    assistant = ModelAssistant(OpenAIModel("m", server.url, key=SecretStr("k"), means=means), "openai:m")
    made = UTCGen(a_catalog()).generate(scenarios=draw_scenarios(a_catalog(), 10, 1), assistant=assistant)
    finished: list[Trace] = []
    with pytest.raises(BudgetReached, match=r"The budget of 7 calls could be exceeded.*Spent: .*, 7 calls"):
        finished.extend(trace for trace, _ in made)
    assert len(server.requests) == 7
    assert [trace.ended for trace in finished] == ["none_fits"] * len(finished)
    assert finished

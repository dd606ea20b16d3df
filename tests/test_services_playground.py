"""Live conversations, with scripted assistants in this process and a model in a worker of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from diaforge_core.errors import DataError, ModelError
from diaforge_core.records.tool import ToolCall
from diaforge_core.services.resident import Resident
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog, an_adapter_without_base


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        yield opened


def test_nobody_plays_and_every_column_ends_with_its_outcome(workspace: Workspace):
    scenario = workspace.playground.scenario("sample", seed=4)
    models = ["scripted:oracle", "scripted:eager", "scripted:cautious"]
    session = workspace.playground.start(models, scenario=scenario)
    for _ in range(20):
        session = workspace.playground.step(session.id)
    assert [column.model for column in session.columns] == models
    assert session.columns[0].outcome in ("right", "refused")
    assert session.columns[2].ended in ("turn_limit", "none_fits")
    assert all(column.reason for column in session.columns)


def test_a_person_plays_the_user_and_the_strip_follows(workspace: Workspace):
    scenario = workspace.playground.scenario("sample", goal_tool="CRM.CreateLead", seed=4)
    session = workspace.playground.start(["scripted:oracle"], scenario=scenario)
    session = workspace.playground.send(session.id, "I need to get John Carter into the system.")
    turns = session.columns[0].turns
    assert [turn.speaker for turn in turns[:2]] == ["user", "assistant"]
    steps = workspace.playground.strip(session.id)
    assert steps[-1].open_tools
    assert "".join(workspace.playground.stream(session.id, 0)) == ""


def test_a_turn_is_said_and_then_streamed(workspace: Workspace):
    session = workspace.playground.start(
        ["scripted:oracle"], catalog="sample", tools=["CRM_CreateLead", "CRM_CreateContact"]
    )
    workspace.playground.say(session.id, "Please add John Carter.")
    words = "".join(workspace.playground.stream(session.id, 0))
    assert words
    assert workspace.playground.get(session.id).columns[0].turns[-1].reply in words
    with pytest.raises(DataError, match="no goal"):
        workspace.playground.trace(session.id)


def test_a_person_plays_the_assistant_against_the_simulated_user_and_saves_the_trace(workspace: Workspace):
    scenario = workspace.playground.scenario("sample", goal_tool="CRM_CreateLead", seed=4)
    session = workspace.playground.start(["scripted:oracle"], scenario=scenario, opening=True)
    other = next(name for name in scenario.candidates if name != scenario.goal_tool)
    session = workspace.playground.act(session.id, call=ToolCall(name=other, arguments={}))
    assert session.columns[0].turns[-1].speaker == "tool"
    session = workspace.playground.act(session.id, call=ToolCall(name="CRM_CreateLead", arguments={}))
    assert session.columns[0].ended == "call"
    trace_id = workspace.playground.save(session.id)
    trace = workspace.traces.get(trace_id)
    assert trace.user == "person"
    assert workspace.traces.run_of(trace_id) == "playground sample"
    assert workspace.evaluation.runs() == []
    assert workspace.playground.save(session.id) == trace_id
    with pytest.raises(DataError, match="ended"):
        workspace.playground.act(session.id, reply="Hello?")


def test_what_cannot_start_says_why(workspace: Workspace):
    start = workspace.playground.start
    with pytest.raises(DataError, match="one to 3"):
        start([], catalog="sample", tools=["CRM_CreateLead"])
    with pytest.raises(DataError, match="at least one tool"):
        start(["scripted:oracle"], catalog="sample")
    with pytest.raises(ModelError, match="model spec"):
        start(["scripted:none"], catalog="sample", tools=["CRM_CreateLead"])
    with pytest.raises(DataError, match="gone"):
        workspace.playground.get("old")


def test_a_model_that_cannot_be_loaded_ends_its_column_only(workspace: Workspace, tmp_path: Path):
    scenario = workspace.playground.scenario("sample", seed=4)
    model = f"hf:{an_adapter_without_base(tmp_path)}"
    session = workspace.playground.start([model, "scripted:oracle"], scenario=scenario, opening=True)
    session = workspace.playground.step(session.id)
    assert session.columns[0].ended == "error"
    assert "nowhere" in session.columns[0].reason
    assert session.columns[1].turns[-1].speaker == "assistant"


@pytest.mark.timeout(120)
def test_a_resident_model_streams_and_completes_the_same_words(workspace: Workspace, tiny_llama_dir: Path):
    spec = f"hf:{tiny_llama_dir}"
    session = workspace.playground.start([spec], catalog="sample", tools=["CRM_CreateLead", "CRM_UpdateLead"])
    workspace.playground.say(session.id, "Add John.")
    streamed = "".join(workspace.playground.stream(session.id, 0))
    column = workspace.playground.get(session.id).columns[0]
    assert column.ended != "error", column.reason
    assert column.turns[-1].speaker == "assistant"
    again = workspace.playground.start([spec], catalog="sample", tools=["CRM_CreateLead", "CRM_UpdateLead"])
    answered = workspace.playground.send(again.id, "Add John.").columns[0]
    assert answered.turns[-1].reply == column.turns[-1].reply
    assert answered.turns[-1].tokens > 0
    assert streamed
    resident = next(iter(workspace.playground._residents.values()))
    assert resident.alive
    workspace.close()
    assert not resident.alive


def test_a_resident_without_a_model_says_why(tmp_path: Path):
    with pytest.raises(ModelError, match="/no/model/here"):
        Resident("hf:/no/model/here", tmp_path)

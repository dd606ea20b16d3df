"""Live conversations, with scripted assistants in this process and a model in a worker of its own."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from diaforge_core.conversation.assistants import View
from diaforge_core.conversation.chat_models import ModelAssistant
from diaforge_core.conversation.constrained import with_constrained_decoding
from diaforge_core.conversation.model_specs import open_assistant
from diaforge_core.conversation.prompts import parse_turn
from diaforge_core.errors import DataError, ModelError
from diaforge_core.records.scenario import Setting
from diaforge_core.records.tool import Tool, ToolCall
from diaforge_core.records.trace import Decoding
from diaforge_core.services.playground import PERSON, Session
from diaforge_core.services.resident import Resident
from diaforge_core.services.workspace import Workspace, open_workspace

from .chat_templates import HERMES, with_template
from .factories import a_catalog, an_adapter_without_base


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        yield opened


def answered(workspace: Workspace, session: Session) -> Session:
    """The session after the answer of every column that owes one."""
    for index in range(len(session.columns)):
        list(workspace.playground.stream(session.id, index))
    return workspace.playground.get(session.id)


def test_nobody_plays_and_every_column_ends_with_its_outcome(workspace: Workspace):
    scenario = workspace.playground.scenario("sample", seed=4)
    models = ["scripted:oracle", "scripted:eager", "scripted:cautious"]
    session = workspace.playground.start(models, scenario=scenario)
    for _ in range(20):
        session = answered(workspace, workspace.playground.user_turns(session.id))
    assert [column.model for column in session.columns] == models
    assert session.columns[0].outcome in ("right", "refused")
    assert session.columns[2].ended in ("turn_limit", "none_fits")
    assert all(column.reason for column in session.columns)


def test_a_person_plays_the_user_and_the_strip_follows(workspace: Workspace):
    scenario = workspace.playground.scenario("sample", goal_tool="CRM.CreateLead", seed=4)
    session = workspace.playground.start(["scripted:oracle"], scenario=scenario)
    session = answered(workspace, workspace.playground.say(session.id, "I need to get John Carter into the system."))
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
    session = workspace.playground.start([PERSON], scenario=scenario, opening=True)
    other = next(name for name in scenario.candidates if name != scenario.goal_tool)
    session = workspace.playground.act(session.id, call=ToolCall(name=other, arguments={}))
    assert session.columns[0].turns[-1].speaker == "tool"
    session = workspace.playground.act(session.id, call=ToolCall(name="CRM_CreateLead", arguments={}))
    assert session.columns[0].ended == "call"
    trace_id = workspace.playground.save(session.id)
    trace = workspace.traces.get(trace_id)
    assert (trace.assistant, trace.user) == (PERSON, "scripted")
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
    session = answered(workspace, session)
    assert session.columns[0].ended == "error"
    assert "nowhere" in session.columns[0].reason
    assert session.columns[1].turns[-1].speaker == "assistant"


@pytest.mark.timeout(120)
def test_a_model_that_is_held_to_the_tools_streams_what_it_writes_so(workspace: Workspace, tiny_llama_dir: Path):
    spec, names = f"hf:{tiny_llama_dir}", ["CRM_CreateLead", "CRM_UpdateLead"]
    written = []
    for decoding in ("free", "constrained"):
        session = workspace.playground.start([spec], catalog="sample", tools=names, decoding=decoding)
        workspace.playground.say(session.id, "Add John.")
        seed = workspace.playground._seed(live := workspace.playground._session(session.id), live.columns[0])
        written.append("".join(workspace.playground.stream(session.id, 0)))
    alone = open_assistant(spec, workspace.models_dir)
    assert isinstance(alone, ModelAssistant)
    held = with_constrained_decoding(alone)
    view = View(tools=session.tools, setting=live.setting, turns=tuple(live.columns[0].turns[:1]))
    assert parse_turn(written[1]).reply == held.act(view, seed).reply
    assert written[0] != written[1]


@pytest.mark.timeout(120)
def test_a_model_that_is_held_to_what_was_said_shows_only_what_holds(
    workspace: Workspace, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch
):
    def made_up(*_: object, held_to: Sequence[Tool], tools: object, answers: object):
        (tool,) = held_to
        arguments = {"customer_name": "John", "email": "acme@example.com"}
        if tool.properties["email"].get("enum") == []:
            yield "What is the email?"
        else:
            yield f"<tool_call>{json.dumps({'name': tool.name, 'arguments': arguments})}</tool_call>"

    monkeypatch.setattr(Resident, "stream", made_up)
    shows: dict[Decoding, str] = {"constrained": "acme@", "grounded": "What is the email?"}
    for decoding, shown in shows.items():
        session = workspace.playground.start(
            [f"hf:{tiny_llama_dir}"], catalog="sample", tools=["CRM_CreateLead"], decoding=decoding
        )
        workspace.playground.say(session.id, "Add John.")
        words = "".join(workspace.playground.stream(session.id, 0))
        stored = workspace.playground.get(session.id).columns[0].turns[1]
        assert shown in words
        assert ("acme@" in words) == (decoding == "constrained")
        assert (stored.reply, stored.call) == (parse_turn(words).reply, parse_turn(words).call)


@pytest.mark.timeout(120)
def test_a_model_with_a_form_of_its_own_says_that_it_cannot_be_held(
    workspace: Workspace, tiny_llama_dir: Path, tmp_path: Path
):
    own = shutil.copytree(tiny_llama_dir, tmp_path / "own")
    with_template(tiny_llama_dir, HERMES).save_pretrained(own)
    session = workspace.playground.start(
        [f"hf:{own}"], catalog="sample", tools=["CRM_CreateLead"], decoding="constrained"
    )
    workspace.playground.say(session.id, "Add John.")
    assert "".join(workspace.playground.stream(session.id, 0)) == ""
    column = workspace.playground.get(session.id).columns[0]
    assert column.ended == "error"
    assert "let it write as it likes" in column.reason


@pytest.mark.timeout(120)
def test_a_resident_model_streams_and_completes_the_same_words(workspace: Workspace, tiny_llama_dir: Path):
    spec = f"hf:{tiny_llama_dir}"
    session = workspace.playground.start([spec], catalog="sample", tools=["CRM_CreateLead", "CRM_UpdateLead"])
    workspace.playground.say(session.id, "Add John.")
    streamed = "".join(workspace.playground.stream(session.id, 0))
    column = workspace.playground.get(session.id).columns[0]
    assert column.ended != "error", column.reason
    assert column.turns[-1].speaker == "assistant"
    assert streamed
    resident = next(iter(workspace.playground._residents.values()))
    view = View(tools=session.tools, setting=Setting(today=dt.date.today()), turns=column.turns[:1])
    completed = resident.assistant(spec).act(view, 0)
    assert completed.reply == column.turns[-1].reply
    assert completed.tokens > 0
    assert resident.alive
    workspace.close()
    assert not resident.alive


def test_a_resident_without_a_model_says_why(tmp_path: Path):
    with pytest.raises(ModelError, match="/no/model/here"):
        Resident("hf:/no/model/here", tmp_path)


def test_what_was_watched_is_kept_as_a_dialogue_to_be_reviewed(workspace: Workspace):
    scenario = workspace.playground.scenario("sample", goal_tool="CRM_CreateLead", seed=4)
    session = workspace.playground.start(["scripted:oracle", "scripted:eager"], scenario=scenario)
    with pytest.raises(DataError, match="goes on"):
        workspace.playground.keep(session.id)
    while not all(column.ended for column in session.columns):
        session = answered(workspace, workspace.playground.user_turns(session.id))
    kept = [workspace.playground.keep(session.id, column) for column in (0, 1, 0)]
    assert [dialogue.passed for dialogue in kept[:2]] == [True, False]
    assert kept[2] == kept[0]
    info = workspace.datasets.info("playground sample")
    assert (info.dialogues, info.failed) == (2, 1)
    assert workspace.review.get(kept[0].id).state == "pending"


def test_a_person_who_plays_the_assistant_says_why_and_makes_a_whole_dialogue(workspace: Workspace):
    scenario = workspace.playground.scenario("sample", goal_tool="CRM_CreateLead", tier="baseline", seed=4)
    watched = workspace.playground.start(["scripted:oracle"], scenario=scenario)
    while not watched.columns[0].ended:
        watched = answered(workspace, workspace.playground.user_turns(watched.id))
    played = workspace.playground.start([PERSON], scenario=scenario, opening=True)
    for turn in (turn for turn in watched.columns[0].turns if turn.speaker == "assistant"):
        played = workspace.playground.act(played.id, turn.reply, turn.call, turn.thought)
    kept = workspace.playground.keep(played.id)
    assert kept.passed
    assert kept.assistant == PERSON


def test_no_model_answers_for_the_person(workspace: Workspace):
    scenario = workspace.playground.scenario("sample", seed=4)
    session = workspace.playground.start([PERSON], scenario=scenario, opening=True)
    assert list(workspace.playground.stream(session.id, 0)) == []
    assert workspace.playground.user_turns(session.id).columns[0].turns == session.columns[0].turns
    watched = workspace.playground.start(["scripted:oracle"], scenario=scenario, opening=True)
    with pytest.raises(DataError, match="not your turn"):
        workspace.playground.act(watched.id, "Which of them?")

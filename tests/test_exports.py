"""What training tools read: each form's rows, whole files, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from diaforge_core.catalog.arguments import validate
from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.services.exports import FORMATS, Format
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog
from .test_services_data import made as made


@pytest.fixture
def workspace(tmp_path: Path, made: list[Dialogue]) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        opened.datasets.create("d")
        opened.datasets.add("d", made)
        yield opened


def kept(workspace: Workspace) -> list[Dialogue]:
    return workspace.datasets.load("d")


def test_trl_rows_hold_arguments_as_objects_tools_and_thoughts(workspace: Workspace):
    for row, dialogue in zip(workspace.exports.rows("d", "trl"), kept(workspace), strict=True):
        roles = [message["role"] for message in row["messages"]]
        assert roles == ["system", *(turn.speaker for turn in dialogue.turns)]
        assert [tool["function"]["name"] for tool in row["tools"]] == list(dialogue.scenario.candidates)
        call = dialogue.turns[-1].call
        if call:
            function = row["messages"][-1]["tool_calls"][0]["function"]
            assert function == {"name": call.name, "arguments": call.arguments}
        assert dialogue.turns[1].thought in row["messages"][2]["content"]


def test_openai_rows_hold_arguments_as_json_text_and_no_thoughts(workspace: Workspace):
    for row, dialogue in zip(workspace.exports.rows("d", "openai"), kept(workspace), strict=True):
        text = json.dumps(row)
        assert "<think>" not in text
        call = dialogue.turns[-1].call
        if call:
            function = row["messages"][-1]["tool_calls"][0]["function"]
            assert json.loads(function["arguments"]) == call.arguments
            assert function["name"] in {tool["function"]["name"] for tool in row["tools"]}


def test_sharegpt_rows_alternate_between_the_two_sides(workspace: Workspace):
    for row in workspace.exports.rows("d", "sharegpt"):
        for number, turn in enumerate(row["conversations"]):
            assert turn["from"] in (("human", "observation") if number % 2 == 0 else ("gpt", "function_call"))
        assert isinstance(json.loads(row["tools"]), list)
        assert row["system"]


def test_dpo_rows_prefer_the_right_act_to_a_likely_mistake(workspace: Workspace):
    rows = workspace.exports.rows("d", "dpo")
    assert len(rows) == sum(dialogue.assistant_turns for dialogue in kept(workspace))
    for row in rows:
        assert row["chosen"] != row["rejected"]
        assert row["prompt"][-1]["role"] == "user"
        for call in row["rejected"][0].get("tool_calls", ()):
            assert call["function"]["name"] in {tool["function"]["name"] for tool in row["tools"]}
    assert {row["fault"] for row in rows} > {"called_too_early"}
    assert rows == workspace.exports.rows("d", "dpo")


def test_an_early_call_holds_only_values_that_the_user_had_given(workspace: Workspace):
    by_id = {dialogue.id: dialogue for dialogue in kept(workspace)}
    for row in workspace.exports.rows("d", "dpo"):
        if row["fault"] != "called_too_early":
            continue
        function = row["rejected"][0]["tool_calls"][0]["function"]
        tool = a_catalog().tool(function["name"])
        assert all("missing" in problem.message for problem in validate(tool, function["arguments"]))
        assert by_id[row["dialogue"]].turns[row["turn"]].call is None


def test_our_own_records_load_back_as_the_identical_set(workspace: Workspace, tmp_path: Path):
    out = tmp_path / "out" / "d.jsonl"
    assert workspace.exports.export("d", "dialogues", out) == len(kept(workspace))
    workspace.datasets.load_file(out, "again")
    assert workspace.datasets.load("again", "all") == kept(workspace)


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_holds_one_object_a_line_and_leaves_nothing_beside_it(workspace: Workspace, tmp_path: Path, form):
    out = tmp_path / f"{form}.jsonl"
    rows = workspace.exports.export("d", form, out)
    lines = out.read_text(encoding="utf-8").splitlines()
    assert len(lines) == rows
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_cannot_be_exported_says_why(workspace: Workspace, tmp_path: Path):
    workspace.datasets.create("empty")
    (tmp_path / "file").write_text("x")
    for dataset, form, out, said in (
        ("d", "xml", "x", "trl"),
        ("none", "trl", "x", "none"),
        ("empty", "trl", "x", "no kept dialogue"),
        ("d", "trl", "file/x.jsonl", "cannot be written"),
    ):
        with pytest.raises(DataError, match=said):
            workspace.exports.export(dataset, form, tmp_path / out)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("form", ["trl", "openai", "sharegpt", "dpo"])
def test_a_form_for_training_tools_is_not_loaded_but_told_apart(workspace: Workspace, tmp_path: Path, form: Format):
    workspace.exports.export("d", form, tmp_path / "out.jsonl")
    with pytest.raises(DataError, match="--format dialogues"):
        workspace.datasets.load_file(tmp_path / "out.jsonl", "again")
    assert [info.name for info in workspace.datasets.names()] == ["d"]

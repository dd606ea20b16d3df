"""Exports of a dataset: each form's rows, whole files, the card, the list for a spreadsheet, refusals."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from diaforge_core.catalog.arguments import validate
from diaforge_core.conversation.exchange.forms import FORMS as WHOLE
from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.services.commands import COMMANDS
from diaforge_core.services.dialogue_list import harmless
from diaforge_core.services.exports import FORMATS, Format, card_of, file_name
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog, a_dialogue, a_tool, calls, lead_turns, user
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
        assert [tool["function"]["name"] for tool in json.loads(row["tools"])] == list(dialogue.scenario.candidates)
        call = dialogue.turns[-1].call
        if call:
            function = row["messages"][-1]["tool_calls"][0]["function"]
            assert function == {"name": call.name, "arguments": call.arguments}
        assert dialogue.turns[1].thought in row["messages"][2]["content"]


def test_openai_rows_hold_arguments_as_json_text_and_no_thoughts(workspace: Workspace):
    for row, dialogue in zip(workspace.exports.rows("d", "openai"), kept(workspace), strict=True):
        assert "<think>" not in json.dumps(row)
        call = dialogue.turns[-1].call
        if call:
            function = row["messages"][-1]["tool_calls"][0]["function"]
            assert json.loads(function["arguments"]) == call.arguments
            assert function["name"] in {tool["function"]["name"] for tool in row["tools"]}


def test_corpus_rows_keep_the_two_lists_of_tools_apart(workspace: Workspace):
    for row, dialogue in zip(workspace.exports.rows("d", "corpus"), kept(workspace), strict=True):
        scenario = dialogue.scenario
        names = {
            field: [json.loads(tool)["function"]["name"] for tool in row[field]]
            for field in ("distractor_tools", "retrieved_tools")
        }
        assert names == {
            "distractor_tools": list(scenario.distractors),
            "retrieved_tools": list(scenario.candidates),
        }
        assert json.loads(row["seed"])["function"]["name"] == scenario.goal_tool
        assert scenario.persona.name in row["user_persona"]
        assert [message.get("thought", "") for message in row["messages"]] == [turn.thought for turn in dialogue.turns]
        assert {key for message in row["messages"] for key in message} <= {"role", "content", "thought", "tool_calls"}


def test_dpo_rows_prefer_the_right_act_to_a_likely_mistake(workspace: Workspace):
    rows = workspace.exports.rows("d", "dpo")
    assert len(rows) == sum(dialogue.assistant_turns for dialogue in kept(workspace))
    for row in rows:
        assert row["chosen"] != row["rejected"]
        assert row["prompt"][-1]["role"] == "user"
        for call in row["rejected"][0].get("tool_calls", ()):
            assert call["function"]["name"] in {tool["function"]["name"] for tool in json.loads(row["tools"])}
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


@pytest.mark.parametrize("form", WHOLE)
def test_every_form_loads_back_as_the_identical_set(workspace: Workspace, tmp_path: Path, form: Format):
    out = tmp_path / "out" / "d"
    workspace.exports.export("d", form, out)
    done = workspace.datasets.load_file(out, "again")
    assert (done.added, done.left_out, done.remarks) == (len(kept(workspace)), (), ())
    assert workspace.datasets.load("again", "all") == kept(workspace)


@pytest.mark.parametrize("form", ["trl", "trl-parquet", "openai", "sharegpt", "dpo", "corpus"])
def test_a_bare_export_differs_in_one_field_alone(workspace: Workspace, tmp_path: Path, form: Format):
    for bare in (False, True):
        workspace.exports.export("d", form, tmp_path / str(bare), bare=bare)
    whole, without = (read_rows(tmp_path / name) for name in ("False", "True"))
    assert all("diaforge" in row for row in whole)
    assert [{key: value for key, value in row.items() if key != "diaforge"} for row in whole] == without


def read_rows(path: Path) -> list[dict[str, object]]:
    from diaforge_core.conversation.exchange.files import rows_of

    with path.open("rb") as file:
        return [row for _, row in rows_of(file, path.name) if isinstance(row, dict)]


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_lies_beside_its_card_and_nothing_else(workspace: Workspace, tmp_path: Path, form: Format):
    out = tmp_path / "out" / file_name("d", form)
    rows = workspace.exports.export("d", form, out, licence="CC BY 4.0")
    assert rows == (sum(d.assistant_turns for d in kept(workspace)) if form == "dpo" else len(kept(workspace)))
    assert out.read_bytes() == workspace.exports.content("d", form)
    assert {path.name for path in out.parent.iterdir()} == {out.name, card_of(out).name}
    card = card_of(out).read_text(encoding="utf-8")
    assert "## Licence\n\nCC BY 4.0" in card
    assert out.name in card or form == "csv"


def test_the_card_says_who_decided_how_many_and_that_no_licence_is_known(workspace: Workspace):
    first, second, third = (dialogue.id for dialogue in kept(workspace)[:3])
    workspace.review.decide(first, 1, "accept", "", "Ana")
    workspace.review.decide(second, 1, "accept", "", "Ana")
    workspace.review.decide(third, 1, "reject", "other", "B|n")
    workspace.review.decide(third, 1, "reopen", "", "Ana")
    workspace.review.undo("Ana")
    card = workspace.exports.card("d", "trl")
    assert "| Ana | accept 2 |" in card
    assert "| B\\|n | reject 1 |" in card
    assert "Not stated" in card


def test_the_list_has_every_dialogue_and_no_formula(workspace: Workspace):
    evil = a_dialogue(turns=(user('=HYPERLINK("http://evil.example","x")'), *lead_turns()[1:]), id="@evil")
    workspace.datasets.add("d", [evil])
    workspace.review.decide("@evil", 1, "reject", "-2+3", "+Ana")
    text = workspace.exports.content("d", "csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == ["id", "opening", "tier", "goal", "state", "reviewer", "reason", "words"]
    assert len(rows) == len(kept(workspace)) + 1
    last = rows[-1]
    assert (last["id"], last["reviewer"], last["reason"]) == ("'@evil", "'+Ana", "'-2+3")
    assert last["opening"].startswith("'=HYPERLINK")
    assert last["state"] == "rejected"
    assert last["words"].startswith("User: =HYPERLINK")
    assert all(cell == harmless(cell) for row in rows for cell in row.values())


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_cell_is_never_taken_for_a_formula(start: str):
    assert harmless(f"{start}1+1") == f"'{start}1+1"
    assert harmless(f"x{start}") == f"x{start}"


def test_why_a_verifier_rejected_it_stands_in_the_list(workspace: Workspace):
    workspace.datasets.load_file(a_dialogue(turns=lead_turns()[:-1], id="short").model_dump_json().encode(), "d")
    rows = list(csv.DictReader(io.StringIO(workspace.exports.content("d", "csv").decode("utf-8-sig"))))
    assert (rows[-1]["id"], rows[-1]["state"]) == ("short", "failed")
    assert rows[-1]["reason"].startswith("format: ")


def test_what_cannot_be_exported_says_why(workspace: Workspace, tmp_path: Path):
    workspace.datasets.create("empty")
    (tmp_path / "file").write_text("x")
    for dataset, form, out, said in (
        ("d", "xml", "x", "trl"),
        ("none", "trl", "x", "none"),
        ("none", "csv", "x", "none"),
        ("empty", "trl", "x", "no kept dialogue"),
        ("empty", "trl-parquet", "x", "no kept dialogue"),
        ("d", "trl", "file/x.jsonl", "cannot be written"),
    ):
        with pytest.raises(DataError, match=said):
            workspace.exports.export(dataset, form, tmp_path / out)  # pyright: ignore[reportArgumentType]
    with pytest.raises(DataError, match="Use one of: trl"):
        workspace.exports.rows("d", "csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "workspace"]
    assert workspace.exports.export("empty", "csv", tmp_path / "empty.csv") == 0


def test_a_number_that_a_form_cannot_hold_is_named_before_a_file_is_there(workspace: Workspace, tmp_path: Path):
    digits = 10**30
    catalog = a_catalog(a_tool("Count", number="integer!"), name="big")
    dialogue = a_dialogue(turns=(user("Count."), calls("Count", number=digits)), id="big")
    scenario = dialogue.scenario.model_copy(
        update={"catalog": "big", "catalog_version": catalog.version, "candidates": ("Count",), "goal_tool": "Count"}
    )
    verdicts = kept(workspace)[0].verdicts
    workspace.catalogs.put(catalog)
    workspace.datasets.create("b")
    workspace.datasets.add("b", [dialogue.model_copy(update={"scenario": scenario, "verdicts": verdicts})])
    with pytest.raises(DataError, match="`big`: an argument"):
        workspace.exports.export("b", "trl", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    for form in ("openai", "sharegpt", "dialogues"):
        assert str(digits) in workspace.exports.content("b", form).decode()


def test_a_description_that_openai_refuses_is_a_warning_of_that_form_alone(workspace: Workspace):
    catalog = a_catalog(a_tool("Long", description="x" * 1025), a_tool("Short", description="x" * 1024), name="long")
    dialogue = kept(workspace)[0]
    scenario = dialogue.scenario.model_copy(
        update={"catalog": "long", "catalog_version": catalog.version, "candidates": ("Long", "Short")}
    )
    workspace.catalogs.put(catalog)
    workspace.datasets.create("l")
    workspace.datasets.add("l", [dialogue.model_copy(update={"scenario": scenario, "id": "l"})])
    assert any("1,024 characters: Long." in said for said in workspace.exports.warnings("l", "openai"))
    assert not any("1,024" in said for said in workspace.exports.warnings("l", "trl"))


def test_the_command_gives_the_card_and_takes_licence_and_bare(workspace: Workspace, tmp_path: Path):
    params = {"dataset": "d", "format": "trl", "out": str(tmp_path / "x.jsonl"), "licence": "ours", "bare": True}
    done = COMMANDS["export"](workspace, params, lambda _: None)
    assert done["card"] == str(tmp_path / "x.jsonl.md")
    assert "ours" in Path(done["card"]).read_text()
    assert "diaforge" not in json.loads((tmp_path / "x.jsonl").read_text().splitlines()[0])


def test_an_export_of_our_own_needs_no_catalog(tmp_path: Path, made: list[Dialogue]):
    with open_workspace(tmp_path / "other") as opened:
        opened.datasets.create("d")
        opened.datasets.add("d", made)
        for form in ("dialogues", "csv"):
            assert opened.exports.content("d", form)


def test_every_form_is_offered_on_the_page_and_the_command_line():
    from diaforge_core.cli import app
    from pages.components.review_view import EXPORTS

    assert set(EXPORTS) == set(FORMATS) == {*WHOLE, "csv"} == set(get_args(Format))
    command = next(each for each in app.registered_commands if each.callback and each.callback.__name__ == "export")
    assert command.callback
    told = str(command.callback.__annotations__["format"])
    assert all(form in told for form in FORMATS)

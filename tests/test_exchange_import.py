"""Files of dialogues coming in: our own forms in any state, rows of other programs, and what is neither."""

from __future__ import annotations

import datetime as dt
import io
import json
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaforge_core.conversation.exchange.elsewhere import UNDATED
from diaforge_core.conversation.exchange.forms import FORMS
from diaforge_core.conversation.exchange.parsing import Parsed, parse
from diaforge_core.conversation.exchange.writing import write_rows
from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.tool import ToolCall
from diaforge_core.services.commands import COMMANDS
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import LEAD_ARGUMENTS, a_catalog, a_dialogue, a_scenario, asks, calls, lead_turns, user
from .test_services_data import made as made

CANDIDATES = ("CRM_UpdateLead", "CRM_CreateLead", "CRM_CreateContact")


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        yield opened


def read(rows: Sequence[Any]) -> Parsed:
    """The rows as JSON lines, read; a text is a line as it stands."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    return parse(io.BytesIO("\n".join(lines).encode("utf-8", "surrogatepass")), "file", "seen")


def problem_of(row: Any) -> str:
    """Why this row alone is no dialogue."""
    parsed = read([row])
    assert parsed.dialogues == ()
    assert [where for where, _ in parsed.problems] == ["line 1"]
    return parsed.problems[0][1]


def there(form: str, dialogues: Sequence[Dialogue]) -> Parsed:
    """The dialogues written in a form and read again."""
    file = io.BytesIO()
    write_rows((row for dialogue in dialogues for row in FORMS[form].write(dialogue, a_catalog())), FORMS[form], file)
    file.seek(0)
    return parse(file, "file", "seen")


def tool(name: str = "CRM.CreateLead", **parameters: Any) -> dict[str, Any]:
    properties = {"email": {"type": "string"}, **parameters}
    schema = {"type": "object", "properties": properties, "required": ["email"]}
    return {"type": "function", "function": {"name": name, "description": f"Does {name}.", "parameters": schema}}


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def a_call(name: str = "CRM.CreateLead", arguments: Any = None) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments or {"email": "a@b.example"}}}


def a_row(**changes: Any) -> dict[str, Any]:
    """A row of another program, with messages and tools as TRL has them."""
    return {
        "messages": [
            said("system", "Today is 2024-05-06. Be kind."),
            said("user", "Please get John into the system."),
            said("assistant", "<think>Lead or contact?</think>\nIs John a lead or a contact?"),
            said("user", "A lead, a@b.example."),
            said("assistant", "", reasoning_content="A lead it is.", tool_calls=[a_call()]),
        ],
        "tools": [tool(), tool("CRM.CreateContact")],
    } | changes


def only(parsed: Parsed) -> Dialogue:
    assert parsed.problems == ()
    (dialogue,) = parsed.dialogues
    return dialogue


# ---- Our own ---------------------------------------------------------------------------------------------------------

NASTY = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from([
    "<think>no</think>", "</think>", "<|im_end|>\n<|im_start|>system", "<tool_call>{}</tool_call>", "‏مرحبا",
    "👩‍👩‍👧‍👦", "<script>alert(1)</script>", "![x](http://evil.example/x.png)", "\u2028\u0085\x00\x1c", "  padded  ",
    '{"role": "user"}', "null", "2026-03-02T10:00:00", "[]", "",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | NASTY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
ASSISTANT = st.builds(
    lambda thought, reply, call: Turn(speaker="assistant", thought=thought, reply="" if call else reply, call=call),
    NASTY,
    NASTY,
    st.none() | st.builds(lambda given: ToolCall(name="CRM_GetLead", arguments=given), st.dictionaries(NASTY, VALUES)),
)
DIALOGUES = st.builds(
    lambda turns: a_dialogue(turns=[turn for pair in turns for turn in pair]),
    st.lists(st.tuples(NASTY.map(user), ASSISTANT), min_size=1, max_size=4),
)


@settings(max_examples=150, deadline=None)
@given(DIALOGUES, st.sampled_from(sorted(FORMS)))
def test_whatever_was_said_comes_back_to_the_letter_from_every_form(dialogue: Dialogue, form: str):
    parsed = there(form, [dialogue, a_dialogue()])
    assert parsed.problems == ()
    assert parsed.dialogues == (dialogue, a_dialogue())
    assert parsed.remarks == ()


def test_preference_pairs_come_back_though_some_are_missing_or_in_another_order():
    rows = FORMS["dpo"].write(a_dialogue(), a_catalog()) + FORMS["dpo"].write(a_dialogue(id="b"), a_catalog())
    parsed = read([rows[4], rows[1], rows[0], rows[3]])
    assert sorted(dialogue.id for dialogue in parsed.dialogues) == sorted(["b", a_dialogue().id])
    assert parsed.problems == ()


def test_a_preference_pair_that_was_changed_is_refused():
    row = FORMS["dpo"].write(a_dialogue(), a_catalog())[0]
    row["prompt"][-1]["content"] = "Something else."
    assert "was changed since it was written" in problem_of(row)


@pytest.mark.parametrize("form", ["trl", "openai", "sharegpt", "corpus"])
def test_a_turn_that_was_changed_elsewhere_is_not_lost(form: str):
    row = FORMS[form].write(a_dialogue(), a_catalog())[0]
    text = json.dumps(row).replace("What is the email?", "And the email, please?", 1)
    parsed = read([text])
    dialogue = only(parsed)
    assert dialogue.turns[3].reply == "And the email, please?"
    assert [dialogue.turns[index] for index in (0, 1, 2, 4, 5)] == [lead_turns()[index] for index in (0, 1, 2, 4, 5)]
    assert (dialogue.id, dialogue.scenario, dialogue.verdicts) == (a_dialogue().id, a_scenario(), ())
    assert "1 of them" in parsed.remarks[0]


def test_a_call_that_was_changed_elsewhere_is_not_lost():
    row = FORMS["openai"].write(a_dialogue(), a_catalog())[0]
    row["messages"][-1]["tool_calls"][0]["function"]["arguments"] = '{"email": 7}'
    assert only(read([row])).turns[-1].call == ToolCall(name="CRM_CreateLead", arguments={"email": 7})


def test_turns_that_were_taken_away_are_gone():
    row = FORMS["trl"].write(a_dialogue(), a_catalog())[0]
    row["messages"] = row["messages"][:-2]
    assert only(read([row])).turns == lead_turns()[:-2]


def test_a_row_with_a_broken_field_of_ours_is_named():
    for broken in ("{}", "no JSON", {"id": "x"}, None, 7):
        row = FORMS["trl"].write(a_dialogue(), a_catalog())[0] | {"diaforge": broken}
        assert "field `diaforge` holds no dialogue" in problem_of(row)


def test_our_rows_survive_a_journey_through_datasets(made: list[Dialogue], tmp_path: Path):
    from datasets import load_dataset

    rows = [row for dialogue in made for row in FORMS["trl"].write(dialogue, a_catalog())]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = load_dataset("json", data_files=str(tmp_path / "a.jsonl"), split="train", cache_dir=str(tmp_path / "c"))
    found.to_parquet(tmp_path / "b.parquet")
    found.to_json(tmp_path / "b.jsonl")
    for name in ("b.parquet", "b.jsonl"):
        with (tmp_path / name).open("rb") as file:
            parsed = parse(file, name, "seen")
        assert parsed.dialogues == tuple(made)
        assert parsed.problems == ()


# ---- Rows of other programs ------------------------------------------------------------------------------------------


def test_a_row_of_another_program_becomes_a_dialogue_over_its_tools():
    parsed = read([a_row()])
    dialogue = only(parsed)
    scenario = dialogue.scenario
    assert [turn.speaker for turn in dialogue.turns] == ["user", "assistant", "user", "assistant"]
    assert dialogue.turns[1] == asks("Is John a lead or a contact?", thought="Lead or contact?")
    assert dialogue.turns[3].thought == "A lead it is."
    assert dialogue.turns[3].call == ToolCall(name="CRM_CreateLead", arguments={"email": "a@b.example"})
    assert (scenario.goal_tool, scenario.candidates) == ("CRM_CreateLead", ("CRM_CreateLead", "CRM_CreateContact"))
    assert scenario.distractors == ("CRM_CreateContact",)
    assert scenario.gold_arguments == {"email": "a@b.example"}
    assert scenario.setting.today == dt.date(2024, 5, 6)
    assert parsed.catalog
    assert parsed.catalog.name == scenario.catalog == "seen"
    assert parsed.catalog.version == scenario.catalog_version
    assert parsed.catalog.tool("CRM_CreateLead").original_name == "CRM.CreateLead"
    assert len(parsed.remarks) == 2


@pytest.mark.parametrize("form", ["trl", "openai", "sharegpt", "corpus"])
def test_every_form_without_our_field_gives_turns_call_and_candidates(form: str):
    row = {key: value for key, value in FORMS[form].write(a_dialogue(), a_catalog())[0].items() if key != "diaforge"}
    dialogue = only(read([row]))
    assert [(turn.speaker, turn.reply, turn.call) for turn in dialogue.turns] == [
        (turn.speaker, turn.reply, turn.call) for turn in lead_turns()
    ]
    assert dialogue.scenario.candidates == CANDIDATES
    assert dialogue.scenario.gold_arguments == LEAD_ARGUMENTS
    assert dialogue.scenario.goal_tool == "CRM_CreateLead"
    has_thoughts = [bool(turn.thought) for turn in dialogue.turns]
    assert has_thoughts == {
        "openai": [False] * 6,
        "sharegpt": [False, True, False, True, False, False],
    }.get(form, [False, True] * 3)


def test_the_same_row_gives_the_same_dialogue_in_every_file():
    dialogue = only(read([a_row()]))
    later = read([a_row(tools=[tool("X"), tool()]), a_row()]).dialogues[1]
    assert (later.id, later.turns) == (dialogue.id, dialogue.turns)
    assert only(read([a_row(messages=a_row()["messages"][1:])])).scenario.setting.today == UNDATED


def test_a_row_that_names_its_goal_may_be_one_that_no_tool_fits():
    messages = [said("user", "Close it."), said("assistant", "None of my tools can do that.", thought="None fits.")]
    row = {
        "seed": tool("CRM.CloseCase"),
        "user_persona": "A hurried clerk.",
        "messages": messages,
        "distractor_tools": ["CRM.CreateContact"],
        "retrieved_tools": [tool(), tool("CRM.CreateContact")],
    }
    for packed in (row, row | {"seed": json.dumps(row["seed"]), "retrieved_tools": json.dumps(row["retrieved_tools"])}):
        scenario = only(read([packed])).scenario
        assert (scenario.goal_tool, scenario.solvable) == ("CRM_CloseCase", False)
        assert scenario.distractors == ("CRM_CreateContact",)
        assert scenario.persona.role == "A hurried clerk."
        assert scenario.gold_arguments == {}


def test_two_tools_of_one_name_in_two_rows_are_two_tools_of_the_catalog():
    other = tool("CRM.CreateLead", phone={"type": "string"})
    parsed = read([a_row(), a_row(tools=[other])])
    assert parsed.catalog
    assert [each.name for each in parsed.catalog.tools] == ["CRM_CreateLead", "CRM_CreateContact", "CRM_CreateLead_2"]
    first, second = parsed.dialogues
    assert (first.scenario.goal_tool, second.scenario.goal_tool) == ("CRM_CreateLead", "CRM_CreateLead_2")
    assert second.turns[-1].call
    assert second.turns[-1].call.name == "CRM_CreateLead_2"


def test_a_long_conversation_is_kept_whole_with_what_tools_answered():
    messages = [
        said("user", "Go."),
        said("assistant", None, tool_calls=[a_call()]),
        said("tool", [{"type": "text", "text": "done"}], tool_call_id="1"),
        said("assistant", "It is done."),
    ]
    dialogue = only(read([a_row(messages=messages)]))
    assert [(turn.speaker, turn.reply) for turn in dialogue.turns] == [
        ("user", "Go."), ("assistant", ""), ("tool", "done"), ("assistant", "It is done."),
    ]  # fmt: skip


def test_a_parquet_file_whose_objects_were_filled_up_with_nulls_is_read_without_them(tmp_path: Path):
    other = a_row(tools=[tool(phone={"type": "string"})])
    other["messages"][-1]["tool_calls"] = [a_call(arguments={"email": "x", "phone": "7"})]
    pq.write_table(pa.Table.from_pylist([a_row(), other]), tmp_path / "x.parquet")
    with (tmp_path / "x.parquet").open("rb") as file:
        parsed = parse(file, "x.parquet", "seen")
    assert parsed.problems == ()
    assert [dialogue.scenario.gold_arguments for dialogue in parsed.dialogues] == [
        {"email": "a@b.example"}, {"email": "x", "phone": "7"},
    ]  # fmt: skip


def test_a_json_list_is_read_like_lines():
    content = b"\xef\xbb\xbf\n " + json.dumps([a_row(), 7, a_row(tools=[])], indent=1).encode()
    parsed = parse(io.BytesIO(content), "x.json", "seen")
    assert len(parsed.dialogues) == 1
    assert parsed.problems == (("row 2", "it is no JSON object"), ("row 3", "it offers no tools"))


# ---- What cannot be a dialogue ---------------------------------------------------------------------------------------

BAD = {
    "no list of messages": a_row(messages={"role": "user"}),
    "a text that is not JSON": a_row(messages="hello"),
    "message 1 is no object": a_row(messages=[7]),
    "conversation has no turn": a_row(messages=[said("system", "x")]),
    'message 1 is said by "robot"': a_row(messages=[said("robot", "x")]),
    "message 1 is said by null": a_row(messages=[{"content": "x"}]),
    "message 1 holds something other than text": a_row(messages=[said("user", [{"type": "image_url"}])]),
    "message 1 holds something other": a_row(messages=[said("user", 7)]),
    "makes 2 calls": a_row(messages=[said("assistant", "", tool_calls=[a_call(), a_call()])]),
    "calls CRM.CreateLead with arguments that are no JSON object": a_row(
        messages=[said("assistant", "", tool_calls=[a_call(arguments="{'email': 1}")])]
    ),
    "with arguments that are no": a_row(messages=[said("assistant", "", tool_calls=[a_call(arguments=[1])])]),
    "makes a call that names no tool": a_row(messages=[said("assistant", "", tool_calls=[{"function": {}}])]),
    "has a list of calls that is none": a_row(messages=[said("assistant", "", tool_calls={"a": 1})]),
    "turn 1 calls Nowhere, which is none of its tools (CRM.CreateContact, CRM.CreateLead)": a_row(
        messages=[said("assistant", "", tool_calls=[a_call("Nowhere")])]
    ),
    "it offers no tools": a_row(tools=None),
    "its list of tools is none": a_row(tools={"a": 1}),
    "its list of tools is a text that is not JSON": a_row(tools="tools"),
    "one of its tools has no name": a_row(tools=[{"description": "x"}]),
    "CRM.X is named without its parameters": a_row(tools=["CRM.X"]),
    "two different tools of it are named CRM.CreateLead": a_row(tools=[tool(), tool(x={"type": "string"})]),
    "its tool A cannot be read": a_row(tools=[tool(), {"name": "A", "parameters": "x"}]),
    "so it has no goal": a_row(messages=[said("user", "Hi"), said("assistant", "Hello")]),
    "preference pair of another program": {"prompt": "x", "chosen": "y", "rejected": "z"},
    "of no form that is known here (its fields: text)": {"text": "hello"},
    "fields: none": {},
    "id: Field required": {"scenario": {}, "turns": []},
    "half a character": a_row(extra="\ud800"),
    "nests deeper": a_row(extra=json.loads("[" * 150 + "]" * 150)),
}


@pytest.mark.parametrize("said_of_it", BAD)
def test_a_row_that_is_no_dialogue_is_named_with_its_reason(said_of_it: str):
    assert said_of_it in problem_of(BAD[said_of_it])


def test_what_a_reason_quotes_of_a_row_cannot_steer_a_terminal():
    reason = problem_of({"\x1b[2Jfield\r\n": 1})
    assert reason.isprintable()
    assert "field" in reason


def test_all_bad_rows_are_named_in_order_and_the_good_ones_are_there():
    parsed = read([a_row(), *BAD.values(), "{broken", a_row(tools=[tool()]), a_row()])
    assert len(parsed.dialogues) == 2
    numbers = [int(where.split()[1]) for where, _ in parsed.problems]
    assert numbers == [*range(2, len(BAD) + 3), len(BAD) + 4]
    assert "stands in line 1 already" in parsed.problems[-1][1]


ROWS = [a_row(), *(FORMS[form].write(a_dialogue(), a_catalog())[0] for form in sorted(FORMS))]


@st.composite
def spoilt_rows(draw: st.DrawFn) -> Any:
    """A good row of some form with one value in it replaced by any other."""
    row = json.loads(json.dumps(draw(st.sampled_from(ROWS))))
    place: Any = {"row": row}
    key: Any = "row"
    while isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 5)):
        place = place[key]
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = draw(VALUES | st.sampled_from(ROWS))
    return row if key != "row" else {"row": row}


@settings(max_examples=500, deadline=None)
@given(spoilt_rows())
def test_a_spoilt_row_is_a_dialogue_that_can_be_stored_or_a_reason(row: Any):
    parsed = read([row])
    assert len(parsed.dialogues) + len(parsed.problems) == 1
    for dialogue in parsed.dialogues:
        assert Dialogue.model_validate_json(dialogue.model_dump_json()) == dialogue


def test_a_parquet_column_that_json_has_no_word_for_does_no_harm(tmp_path: Path):
    odd = {"made": dt.datetime(2026, 3, 2), "raw": b"\xff", "price": Decimal("1.5"), "score": float("nan")}
    pq.write_table(pa.Table.from_pylist([a_row(tools=[tool()]) | odd]), tmp_path / "x.parquet")
    with (tmp_path / "x.parquet").open("rb") as file:
        assert len(parse(file, "x.parquet", "seen").dialogues) == 1
    messages = [said("assistant", "", tool_calls=[a_call(arguments={"email": float("inf")})])]
    pq.write_table(pa.Table.from_pylist([a_row(messages=messages)]), tmp_path / "x.parquet")
    with (tmp_path / "x.parquet").open("rb") as file:
        assert "number that JSON does not know" in parse(file, "x.parquet", "seen").problems[0][1]


def test_a_row_of_ours_that_lost_its_conversation_is_named():
    row = FORMS["trl"].write(a_dialogue(), a_catalog())[0]
    assert "has no turn" in problem_of(row | {"messages": []})
    assert "is no list of messages" in problem_of({key: row[key] for key in row if key != "messages"})
    pair = FORMS["dpo"].write(a_dialogue(), a_catalog())[0]
    assert "its `prompt` is no list" in problem_of(pair | {"prompt": None})
    assert problem_of(row | {"messages": [], "prompt": "a column of somebody's"})


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"\x00" * 100 + b"PAR1", b"[1, 2", b'"id","opening"\r\n'])
def test_a_file_that_cannot_be_read_at_all_is_one_message(content: bytes):
    with pytest.raises(DataError, match=r"x\.any"):
        parse(io.BytesIO(content), "x.any", "seen")


def test_a_parquet_file_that_unpacks_to_too_much_is_refused_unread(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("diaforge_core.conversation.exchange.files.MAX_PARQUET_BYTES", 10)
    with pytest.raises(DataError, match="unpacks to more than"):
        there("trl-parquet", [a_dialogue()])


# ---- Into a workspace ------------------------------------------------------------------------------------------------


def lines(*rows: Any) -> bytes:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows).encode()


def test_rows_of_another_program_are_reviewed_like_any_others(workspace: Workspace):
    done = workspace.datasets.load_file(lines(a_row()), "theirs")
    assert (done.added, done.catalog, done.dataset.catalog) == (1, "theirs", "theirs")
    (dialogue,) = workspace.datasets.load("theirs", "all")
    assert dialogue.verdicts
    assert [tool.name for tool in workspace.review.tools(dialogue)] == ["CRM_CreateLead", "CRM_CreateContact"]
    assert workspace.review.ambiguity_strip(dialogue)
    assert workspace.coverage.grid("theirs").rows
    again = workspace.datasets.load_file(lines(a_row()), "theirs")
    assert (again.added, again.already) == (0, 1)


def test_a_catalog_of_that_name_stays_current(workspace: Workspace):
    workspace.catalogs.put(a_catalog(name="theirs"))
    workspace.datasets.load_file(lines(a_row()), "theirs")
    assert workspace.catalogs.get("theirs") == a_catalog(name="theirs")
    (dialogue,) = workspace.datasets.load("theirs", "all")
    assert len(workspace.review.tools(dialogue)) == 2


def test_missing_thoughts_are_a_verdict_and_not_a_refusal(workspace: Workspace):
    messages = [said("user", "A lead, a@b.example."), said("assistant", None, tool_calls=[a_call()])]
    workspace.datasets.load_file(lines(a_row(messages=messages)), "theirs")
    (dialogue,) = workspace.datasets.load("theirs", "failed")
    assert dialogue.verdicts[0].reason == "the assistant turn has no thought"


def test_bad_rows_hold_up_all_unless_the_good_ones_are_wanted(workspace: Workspace):
    content = lines(a_row(), "{broken", a_row(tools=[]), a_row(tools=[tool()]))
    with pytest.raises(DataError, match=r"(?s)2 lines.*`line 2`.*`line 3`: it offers no tools.*--keep-good"):
        workspace.datasets.load_file(content, "theirs")
    assert (workspace.datasets.names(), workspace.catalogs.names()) == ([], [])
    done = workspace.datasets.load_file(content, "theirs", keep_good=True)
    assert [where for where, _ in done.left_out] == ["line 2", "line 3"]
    assert (done.added, done.dataset.dialogues) == (2, 2)


def test_nothing_good_is_a_refusal_though_the_good_ones_are_wanted(workspace: Workspace):
    with pytest.raises(DataError, match="no good one"):
        workspace.datasets.load_file(b"{broken", "theirs", keep_good=True)
    assert workspace.datasets.names() == []


def test_what_the_dataset_holds_in_other_words_is_left_and_named(workspace: Workspace):
    workspace.catalogs.put(a_catalog())
    workspace.datasets.load_file(a_dialogue(id="a").model_dump_json().encode(), "d")
    row = FORMS["trl"].write(a_dialogue(id="a"), a_catalog())[0]
    row["messages"][1]["content"] = "Other words."
    done = workspace.datasets.load_file(lines(row), "d")
    assert (done.added, done.already) == (0, 1)
    assert any("left as they are here: a." in remark for remark in done.remarks)
    assert workspace.datasets.load("d", "all")[0].turns == lead_turns()
    workspace.datasets.load_file(lines(row), "other")
    assert workspace.datasets.load("other", "all")[0].turns[0].reply == "Other words."


def test_a_catalog_that_is_not_here_is_named(workspace: Workspace):
    done = workspace.datasets.load_file(a_dialogue().model_dump_json().encode(), "d")
    assert done.remarks == ("Catalog 'sample' is not in this workspace: import it to open its dialogues in Review.",)


def test_payloads_of_every_kind_are_stored_as_they_are(workspace: Workspace):
    payloads = [
        "<|im_end|>",
        "\u202eمرحبا",
        "👩‍👩‍👧‍👦",
        "<script>alert(1)</script>",
        "![x](http://evil.example)",
        "x" * (10 << 20),
    ]
    messages = [turn for text in payloads for turn in (said("user", text), said("assistant", text))]
    messages += [said("user", "Go."), said("assistant", "", tool_calls=[a_call()])]
    done = workspace.datasets.load_file(lines(a_row(messages=messages)), "theirs")
    assert done.added == 1
    (dialogue,) = workspace.datasets.load("theirs", "all")
    assert [turn.reply for turn in dialogue.turns[:-2:2]] == payloads


@pytest.mark.parametrize("text", ["x", "“", "<think ", "\n"])
def test_a_turn_of_ten_megabytes_is_a_verdict_at_once_and_can_be_opened(workspace: Workspace, text: str):
    messages = [said("user", text * ((10 << 20) // len(text)) + " A lead."), *a_row()["messages"][2:]]
    began = time.monotonic()
    workspace.datasets.load_file(lines(a_row(messages=messages)), "theirs")
    (dialogue,) = workspace.datasets.load("theirs", "failed")
    assert dialogue.verdicts[0].reason.startswith("the turn holds more than 10,000 characters")
    assert dialogue.turns[0].reply == messages[0]["content"]
    assert workspace.review.ambiguity_strip(dialogue)
    assert time.monotonic() - began < 20


def test_a_file_of_another_program_can_be_verified_without_being_loaded(workspace: Workspace, tmp_path: Path):
    (tmp_path / "theirs.jsonl").write_bytes(lines(a_row()))
    found = workspace.datasets.verify(tmp_path / "theirs.jsonl")
    assert found.dialogues == 1
    assert (workspace.datasets.names(), workspace.catalogs.names()) == ([], [])


def test_the_command_tells_what_was_left_out(workspace: Workspace, tmp_path: Path):
    (tmp_path / "theirs.jsonl").write_bytes(lines(a_row(), "{broken"))
    params = {"file": str(tmp_path / "theirs.jsonl"), "dataset": "theirs", "keep_good": True}
    done = COMMANDS["load"](workspace, params, lambda _: None)
    assert done["left_out"][0]["where"] == "line 2"
    assert (done["added"], done["catalog"], len(done["remarks"])) == (1, "theirs", 2)


def test_a_call_of_ours_whose_arguments_are_text_is_a_bad_line(workspace: Workspace):
    dialogue = a_dialogue(turns=(user("Go."), calls("CRM_GetLead"))).model_dump(mode="json")
    dialogue["turns"][1]["call"]["arguments"] = "{}"
    with pytest.raises(DataError, match=r"`line 1`: turns\.1\.call\.arguments"):
        workspace.datasets.load_file(lines(dialogue), "d")

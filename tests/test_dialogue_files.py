"""JSONL files of dialogues: what goes out comes back, and every bad line is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaforge_core.conversation.dialogue_files import load_synthetic_data, write_dialogues
from diaforge_core.conversation.exchange.forms import FORMS
from diaforge_core.conversation.exchange.writing import write_rows
from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Dialogue
from tests import factories
from tests.factories import a_catalog, lead_turns, user


def a_dialogue(name: str, words: str = "I need to get John Carter into the system.") -> Dialogue:
    return factories.a_dialogue(turns=(user(words), *lead_turns()[1:]), id=name)


def test_dialogues_written_and_loaded_are_the_same(tmp_path: Path) -> None:
    dialogues = [a_dialogue("a"), a_dialogue("b", "Zeile\u2028eins\nzwei \u2603 \x85")]
    path = tmp_path / "deep" / "d.jsonl"
    assert write_dialogues(path, iter(dialogues)) == 2
    assert load_synthetic_data(path) == dialogues
    assert len(path.read_bytes().splitlines()) == 2


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_words_survive_the_file(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    path = tmp_path_factory.getbasetemp() / "words.jsonl"
    write_dialogues(path, [a_dialogue("a", words)])
    assert load_synthetic_data(path)[0].turns[0].reply == words


def test_every_bad_line_is_named_in_one_error(tmp_path: Path) -> None:
    good = a_dialogue("a").model_dump_json()
    path = tmp_path / "d.jsonl"
    path.write_text("\n".join([good, "{broken", "", '{"turns": []}', a_dialogue("b").model_dump_json(), good]))
    with pytest.raises(DataError) as caught:
        load_synthetic_data(path)
    message = str(caught.value)
    assert "3 lines" in message
    assert "`line 2`" in message
    assert "`line 4`: id: Field required (and 1 more)" in message
    assert "`line 6`: dialogue 'a' stands in line 1 already" in message
    assert "`line 5`" not in message


def test_what_is_no_row_of_any_form_is_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(b'\xff\xfe\x00{\n[1]\n7\n{"a": 1, "b": 2}\n{"n": NaN}\n' + b'{"a":' * 500 + b"1" + b"}" * 500)
    with pytest.raises(DataError) as caught:
        load_synthetic_data(path)
    for said in (
        "`line 1`: it is not UTF-8 text",
        "`line 2`: it is no JSON object",
        "`line 3`: it is no JSON object",
        "`line 4`: it is of no form that is known here (its fields: a, b)",
        "`line 5`: it is not JSON (NaN is not JSON)",
        "`line 6`: it nests deeper than 100 levels",
    ):
        assert said in str(caught.value)


def test_hundreds_of_bad_lines_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text("{\n" * 100 + a_dialogue("a").model_dump_json() + "\n" + "{\n" * 100)
    with pytest.raises(DataError, match=r"(?s)200 lines.*The others are lines 41-100, 102-201\.") as caught:
        load_synthetic_data(path)
    assert str(caught.value).count("it is not JSON") == 40


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_data_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.jsonl"
    path.write_bytes(content)
    with pytest.raises(DataError):
        load_synthetic_data(path)


def test_an_empty_file_holds_no_dialogue(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("\n\n")
    with pytest.raises(DataError, match="holds no dialogue"):
        load_synthetic_data(path)


def test_a_missing_file_says_where_it_was_looked_for() -> None:
    with pytest.raises(DataError, match=r"no_such\.jsonl.*data"):
        load_synthetic_data("no_such.jsonl")


def test_a_file_of_the_data_folder_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diaforge_core.conversation.dialogue_files.DATA_DIR", tmp_path)
    write_dialogues(tmp_path / "only_in_data.jsonl", [a_dialogue("a")])
    assert load_synthetic_data("only_in_data.jsonl") == [a_dialogue("a")]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    write_dialogues(path, [a_dialogue("a")])

    def broken():
        yield a_dialogue("b")
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        write_dialogues(path, broken())
    assert load_synthetic_data(path) == [a_dialogue("a")]
    assert os.listdir(tmp_path) == ["d.jsonl"]


def test_a_dialogue_without_an_id_is_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(a_dialogue("kept").model_dump_json().replace('"id":"kept"', '"id":""'))
    with pytest.raises(DataError, match="line 1"):
        load_synthetic_data(path)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_export_loads_without_a_workspace(tmp_path: Path, form: str) -> None:
    dialogues = [a_dialogue("a"), a_dialogue("b", "Zeile\u2028eins <|im_end|> \u2603")]
    rows = [row for dialogue in dialogues for row in FORMS[form].write(dialogue, a_catalog())]
    with (tmp_path / "rows").open("wb") as file:
        write_rows(rows, FORMS[form], file)
    assert load_synthetic_data(tmp_path / "rows") == dialogues


def test_rows_of_another_program_are_sent_to_a_workspace(tmp_path: Path) -> None:
    row = FORMS["trl"].write(a_dialogue("a"), a_catalog())[0]
    (tmp_path / "d.jsonl").write_text(json.dumps({key: row[key] for key in ("messages", "tools")}))
    with pytest.raises(DataError, match="load FILE --dataset"):
        load_synthetic_data(tmp_path / "d.jsonl")

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.errors import DataError, Interrupted
from diaforge_core.records.run import Progress
from diaforge_core.store.run_folder import RunFolder, Status

from .factories import a_catalog, a_dialogue, a_scenario


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.create({"kind": "generate", "recipe": {}}, a_catalog(), [a_scenario()], [a_dialogue()])
    return made


def test_a_run_folder_gives_back_everything_that_the_run_starts_from(folder: RunFolder):
    assert folder.config() == {"kind": "generate", "recipe": {}}
    assert folder.catalog() == a_catalog()
    assert folder.scenarios() == [a_scenario()]
    assert folder.dialogues() == [a_dialogue()]
    assert folder.dialogues("validation") == []
    assert folder.status() == Status()
    assert folder.progress() is None
    assert folder.process() is None


def test_a_folder_without_a_configuration_is_named(tmp_path: Path):
    with pytest.raises(DataError, match="no run folder"):
        RunFolder(tmp_path).config()


def test_rows_are_read_from_where_the_last_reading_ended(folder: RunFolder):
    assert folder.rows_from(0) == ([], 0)
    folder.append({"n": 1})
    rows, reached = folder.rows_from(0)
    folder.append({"n": "zwei ü"})
    later, end = folder.rows_from(reached)
    assert (rows, later) == ([{"n": 1}], [{"n": "zwei ü"}])
    assert folder.rows_from(end) == ([], end)


def test_an_unfinished_row_waits_and_is_cut_off_before_the_next(folder: RunFolder):
    folder.append({"n": 1})
    whole = folder.rows_path.read_bytes()
    folder.rows_path.write_bytes(whole + b'{"n": 2, "torn')
    assert list(folder.rows()) == [{"n": 1}]
    folder.repair()
    assert folder.rows_path.read_bytes() == whole
    folder.append({"n": 2})
    assert list(folder.rows()) == [{"n": 1}, {"n": 2}]


@given(cut=st.integers(min_value=0, max_value=60))
def test_wherever_the_last_row_is_torn_the_rows_before_it_stay(tmp_path_factory: pytest.TempPathFactory, cut: int):
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    rows = [{"n": number, "text": "x" * number} for number in range(3)]
    for row in rows:
        folder.append(row)
    content = folder.rows_path.read_bytes()
    folder.rows_path.write_bytes(content[: len(content) - cut])
    folder.repair()
    left = list(folder.rows())
    assert left == rows[: len(left)]
    assert folder.rows_path.read_bytes() == content[: folder.rows_path.stat().st_size]


def test_a_torn_row_longer_than_a_block_is_cut_off_whole(folder: RunFolder, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("diaforge_core.store.run_folder.BLOCK_BYTES", 7)
    folder.append({"n": 1}, {"n": 2})
    whole = folder.rows_path.read_bytes()
    folder.rows_path.write_bytes(whole + b"x" * 100)
    folder.repair()
    assert folder.rows_path.read_bytes() == whole
    folder.rows_path.write_bytes(b"x" * 100)
    folder.repair()
    assert folder.rows_path.read_bytes() == b""


def test_a_row_longer_than_the_piece_asked_for_comes_whole(folder: RunFolder):
    folder.append({"text": "x" * 5000})
    folder.append({"n": 2})
    rows, reached = folder.rows_from(0, at_most_bytes=100)
    assert [len(json.dumps(row)) > 5000 for row in rows] == [True]
    assert folder.rows_from(reached, at_most_bytes=100)[0] == [{"n": 2}]


def test_small_files_are_replaced_whole_and_leave_nothing_beside_them(folder: RunFolder):
    folder.set_progress(Progress(done=1, total=2))
    folder.set_progress(Progress(done=2, total=2))
    assert folder.progress() == Progress(done=2, total=2)
    assert [path.name for path in folder.path.iterdir() if path.name.startswith(".")] == []


def test_the_wish_to_stop_is_seen_and_taken_back(folder: RunFolder):
    assert folder.stop_requested_at() is None
    folder.request_stop()
    assert folder.stop_requested_at()
    folder.clear_stop()
    assert folder.stop_requested_at() is None


def test_a_wish_to_pause_is_told_from_a_wish_to_stop(folder: RunFolder):
    assert not folder.pauses
    folder.check_stop()
    folder.request_stop(pause=True)
    assert folder.pauses
    with pytest.raises(Interrupted):
        folder.check_stop()
    folder.request_stop()
    assert not folder.pauses


def test_asking_again_does_not_start_the_patience_with_the_worker_anew(folder: RunFolder):
    folder.request_stop()
    os.utime(folder.path / "stop", (1000, 1000))
    folder.request_stop()
    assert folder.stop_requested_at() == 1000
    folder.request_stop(pause=True)
    assert (folder.stop_requested_at() or 0) > 1000


def test_room_for_last_words_is_held_and_given_back(folder: RunFolder):
    folder.hold_room()
    assert (folder.path / ".room").stat().st_blocks > 0
    folder.free_room()
    folder.free_room()
    assert not (folder.path / ".room").exists()


def test_the_log_is_read_from_its_end(folder: RunFolder):
    folder.log_path.write_text("\n".join(f"line {number}" for number in range(1000)), encoding="utf-8")
    assert folder.log(2) == "line 998\nline 999"

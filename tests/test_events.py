from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from diaforge_core.records.review import Decision
from diaforge_core.services.recovery import replay_decisions
from diaforge_core.store import dialogues as table
from diaforge_core.store.database import Database
from diaforge_core.store.events import EventLog

from .factories import a_dialogue


def decision(name: str = "one", dialogue: str = "d1", **changes) -> Decision:
    fields = {
        "id": name, "dialogue": dialogue, "version": 1, "kind": "accept", "who": "Ana",
        "when": dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC),
    }  # fmt: skip
    return Decision(**(fields | changes))


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    made = EventLog(tmp_path / "decisions.jsonl")
    made.decide(decision("one"))
    made.decide(decision("two", "d2", kind="edit"), a_dialogue(id="d2", version=2))
    return made


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path / "store.duckdb")
    with opened.write() as cursor:
        table.add(cursor, "s", [a_dialogue(id="d1"), a_dialogue(id="d2")])
    yield opened
    opened.close()


def test_events_are_read_back_in_order_and_chained(log: EventLog):
    events = list(EventLog(log.path).events())
    assert [event.seq for event in events] == [1, 2]
    assert events[1].before == events[0].hash
    assert events[1].dialogue == a_dialogue(id="d2", version=2)
    assert EventLog(log.path).notices == []


def test_a_log_opened_again_goes_on_with_the_chain(log: EventLog):
    again = EventLog(log.path)
    again.decide(decision("three"))
    assert EventLog(log.path).notices == []
    assert [event.seq for event in again.events()] == [1, 2, 3]


def test_a_changed_line_is_noticed(log: EventLog):
    log.path.write_text(log.path.read_text().replace('"accept"', '"reject"'))
    assert any("line 1" in notice for notice in EventLog(log.path).notices)


def test_a_line_taken_out_is_noticed(log: EventLog):
    log.decide(decision("three"))
    lines = log.path.read_text().splitlines(keepends=True)
    log.path.write_text(lines[0] + lines[2])
    assert any("line 2" in notice for notice in EventLog(log.path).notices)


def test_an_unfinished_last_line_is_cut_off_and_said(log: EventLog):
    whole = log.path.read_bytes()
    log.path.write_bytes(whole + b'{"seq": 3')
    again = EventLog(log.path)
    assert log.path.read_bytes() == whole
    assert "unfinished" in again.notices[0]


def test_decisions_that_the_database_lost_are_put_back(log: EventLog, database: Database):
    notices = replay_decisions(database, log)
    assert "2 decisions" in notices[0]
    assert database.rows("SELECT dialogue, version, state, decided_by FROM heads ORDER BY dialogue") == [
        ("d1", 1, "accepted", "Ana"),
        ("d2", 2, "pending", "Ana"),
    ]
    assert replay_decisions(database, log) == []


def test_decisions_on_dialogues_that_were_taken_out_are_not_put_back(log: EventLog, database: Database):
    log.forget(["d1"])
    replay_decisions(database, log)
    assert database.rows("SELECT state FROM heads WHERE dialogue = 'd1'") == [("pending",)]
    log.decide(decision("four", kind="flag"))
    replay_decisions(database, log)
    assert database.rows("SELECT state FROM heads WHERE dialogue = 'd1'") == [("flagged",)]


def test_a_decision_on_a_dialogue_that_is_gone_is_counted(log: EventLog, database: Database):
    log.decide(decision("three", "nowhere"))
    assert any("no longer here" in notice for notice in replay_decisions(database, log))


BEFORE_ACTS = """\
{"seq":1,"kind":"decision","decision":{"id":"one","dialogue":"d1","version":1,"kind":"accept","reason":"","who":"Ana",\
"when":"2026-03-02T09:30:00Z"},"dialogue":null,"forgotten":[],"before":"","hash":"5836471687f1c5c2c43c6917e0c72016"}
{"seq":2,"kind":"decision","decision":{"id":"two","dialogue":"d1","version":1,"kind":"undo","reason":"one","who":"Ana",\
"when":"2026-03-02T09:30:00Z"},"dialogue":null,"forgotten":[],"before":"5836471687f1c5c2c43c6917e0c72016",\
"hash":"a6c1a2c2f32e1f33d283a8ab4eee2db8"}
{"seq":3,"kind":"forget","decision":null,"dialogue":null,"forgotten":["d9"],\
"before":"a6c1a2c2f32e1f33d283a8ab4eee2db8","hash":"ce6c95768a2dca26c88609c84f9ea32f"}
"""
"""A file as version 0.3 wrote it."""


def test_a_file_from_before_there_were_acts_is_read_without_a_complaint_and_goes_on(tmp_path: Path, database: Database):
    path = tmp_path / "old.jsonl"
    path.write_text(BEFORE_ACTS)
    old = EventLog(path)
    assert old.notices == []
    assert [event.decision.stroke for event in old.events() if event.decision] == ["one", "two"]
    replay_decisions(database, old)
    assert database.rows("SELECT state FROM heads WHERE dialogue = 'd1'") == [("pending",)]
    assert database.rows("SELECT id, act, undone FROM decisions ORDER BY seq") == [
        ("one", "one", True), ("two", "two", False),
    ]  # fmt: skip
    old.act([(decision("three", act="three"), None), (decision("four", "d2", act="three"), None)])
    assert EventLog(path).notices == []


@pytest.mark.parametrize("kept", [1, 2])
def test_an_act_of_which_a_part_was_written_is_cut_off_as_a_whole(log: EventLog, kept: int):
    whole = log.path.read_bytes()
    log.act([(decision(name, act="three"), None) for name in ("three", "four", "five")])
    lines = log.path.read_bytes()[len(whole) :].splitlines(keepends=True)
    log.path.write_bytes(whole + b"".join(lines[:kept]) + lines[kept][:20])
    again = EventLog(log.path)
    assert log.path.read_bytes() == whole
    assert "unfinished" in again.notices[0]
    again.decide(decision("six"))
    assert [event.seq for event in EventLog(log.path).events()] == [1, 2, 3]
    assert EventLog(log.path).notices == []

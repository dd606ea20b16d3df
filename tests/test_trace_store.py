"""Traces at rest: as columns, in Parquet files, in the journal of a run, in a database of an older form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as some

from diaforge_core.errors import DataError
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.tool import ToolCall
from diaforge_core.records.trace import AuditMark, Trace
from diaforge_core.store import trace_files, trace_journal
from diaforge_core.store import traces as table
from diaforge_core.store.database import MIGRATIONS, Database
from diaforge_core.store.run_folder import RunFolder, line_of
from diaforge_core.store.trace_form import columns_of, fault_of, traces_of
from diaforge_core.store.trace_journal import TraceJournal

from .factories import a_catalog, a_scenario, a_trace, lead_turns

words = some.text(alphabet=some.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
arguments = some.dictionaries(words, some.none() | some.booleans() | some.integers(-9, 9) | words | some.lists(words))
said = some.builds(
    Turn,
    speaker=some.sampled_from(["user", "assistant", "tool"]),
    thought=words,
    reply=words,
    note=words,
    call=some.none() | some.builds(ToolCall, name=words, arguments=arguments),
    seconds=some.floats(0, 9),
    tokens=some.integers(0, 99),
)
marks = some.builds(
    AuditMark, kind=some.sampled_from(["leak", "too_early", "not_understood"]), turn=some.integers(0, 3), reason=words
)
traces = some.builds(
    a_trace,
    turns=some.lists(said, max_size=4),
    trial=some.integers(0, 3),
    outcome=some.sampled_from(["", "right", "premature", "error"]),
    reason=words,
    error=words,
    unanswered=some.booleans(),
    audit=some.lists(marks, max_size=2).map(tuple),
    user=words,
    id=words,
)


def numbered(count: int, start: int = 0) -> list[Trace]:
    return [a_trace(id=f"t{number}", trial=number) for number in range(start, start + count)]


def stored(database: Database, made: list[Trace], run: str = "r") -> list[Trace]:
    """What the database gives back, under the ids of the run."""
    places = [row[0] for row in database.rows("SELECT seq FROM traces WHERE run = ? ORDER BY seq", [run])]
    by_id = {table.stored_id(run, trace.id): trace.id for trace in made}
    return [found.model_copy(update={"id": by_id[found.id]}) for found in table.read(database, places)]


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path / "store.duckdb")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run")
    made.create({"kind": "evaluate", "recipe": {}}, a_catalog())
    return made


@given(some.lists(traces, max_size=3))
def test_a_trace_comes_back_from_its_columns_as_it_was(made: list[Trace]):
    assert traces_of(columns_of(made)) == made


def test_a_trace_comes_back_from_the_database_as_it_was_whatever_the_order_asked_for(database: Database):
    made = numbered(table.READ_AT_ONCE + 2)
    with database.write() as cursor:
        table.add(cursor, "r", made)
    assert stored(database, made) == made
    assert [trace.trial for trace in table.read(database, [3, 1, 999_999, 2])] == [2, 0, 1]
    assert database.rows("SELECT count(*) FROM scenario_bodies") == [(1,)]


def test_a_call_without_a_name_is_still_a_call(database: Database):
    odd = a_trace(turns=[lead_turns()[0], Turn(speaker="assistant", call=ToolCall(name=""))])
    with database.write() as cursor:
        table.add(cursor, "r", [odd])
    assert stored(database, [odd]) == [odd]


def test_the_audit_says_whose_fault_it_was():
    leak, unheard = (AuditMark(kind=kind, turn=0, reason="x") for kind in ("leak", "not_understood"))
    assert fault_of(a_trace(outcome="wrong_value", audit=(leak,))) == "user"
    assert fault_of(a_trace(outcome="wrong_value", audit=(unheard,))) == "assistant"
    assert fault_of(a_trace(outcome="right")) == "none"
    assert fault_of(a_trace(outcome="error")) == "none"


def test_what_no_trace_needs_any_more_goes_with_its_run(database: Database):
    other = a_scenario(goal="Something else.")
    with database.write() as cursor:
        table.add(cursor, "r", numbered(2))
        table.add(cursor, "s", [a_trace(other)])
    with database.write() as cursor:
        table.remove_run(cursor, "r")
    assert database.rows("SELECT count(*) FROM scenario_bodies") == [(1,)]
    assert database.rows("SELECT DISTINCT trace FROM turns") == database.rows("SELECT id FROM traces")


def test_a_file_of_traces_is_read_in_groups_and_another_file_is_refused(tmp_path: Path):
    made = numbered(5)
    path = tmp_path / "traces.parquet"
    assert trace_files.write(path, [columns_of(made[:3]), columns_of(made[3:])]) == 5
    assert [traces_of(group) for group in trace_files.groups(path)] == [made[:3], made[3:]]
    path.write_bytes(b"no Parquet")
    with pytest.raises(DataError, match="cannot be read as traces"):
        list(trace_files.groups(path))


def test_a_long_journal_becomes_a_file_and_nothing_is_lost(folder: RunFolder, monkeypatch: pytest.MonkeyPatch):
    made = numbered(7)
    monkeypatch.setattr(trace_journal, "SEAL_BYTES", 3 * len(line_of({"trace": made[0].model_dump(mode="json")})))
    journal = TraceJournal(folder)
    for trace in made:
        journal.append(trace)
    assert list(journal.traces()) == made
    assert [part.name for part in journal.parts()] == ["traces-00000.parquet", "traces-00001.parquet"]
    assert len(list(folder.rows())) == 1


def test_a_worker_killed_between_file_and_new_journal_plays_nothing_twice(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
):
    made = numbered(3)
    journal = TraceJournal(folder)
    journal.append(*made)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trace_journal, "replace_file", killed)
    with pytest.raises(KeyboardInterrupt):
        journal.seal()
    monkeypatch.undo()
    assert len(list(journal.traces())) == 6
    TraceJournal(folder).repair()
    assert list(journal.traces()) == made
    journal.append(*numbered(1, 3))
    journal.repair()
    assert list(journal.traces()) == numbered(4)


def test_a_database_of_an_older_form_keeps_its_traces(tmp_path: Path):
    mark = AuditMark(kind="leak", turn=0, reason="told too much")
    made = [a_trace(id="one", outcome="right"), a_trace(id="two", trial=1, outcome="wrong_value", audit=(mark,))]
    old = duckdb.connect(str(tmp_path / "old.duckdb"))
    before = next(place for place, statements in enumerate(MIGRATIONS) if "whole_traces" in statements)
    for statements in MIGRATIONS[:before]:
        old.execute(statements)
    old.execute("CREATE TABLE form (number INTEGER)")
    old.execute("INSERT INTO form VALUES (?)", [before])
    for seq, trace in enumerate(made, 1):
        summary = ["", "", "", "", trace.trial, trace.assistant, "hard", "G", "C", trace.outcome, "", trace.ended, "hi"]
        summary[:4] = [table.stored_id("r", trace.id), trace.id, "r", trace.scenario.id]
        old.execute(
            f"INSERT INTO traces VALUES ({', '.join('?' * 22)})",
            [seq, *summary, "", True, 3, 0, 0.0, False, "hi", trace.model_dump_json()],
        )
    old.close()
    opened = Database(tmp_path / "old.duckdb")
    assert stored(opened, made) == made
    assert opened.rows("SELECT fault, candidates, tier FROM traces ORDER BY seq") == [
        ("none", len(made[0].scenario.candidates), "hard"),
        ("user", len(made[0].scenario.candidates), "hard"),
    ]
    assert opened.rows("SELECT count(*) FROM turns") == [(2 * len(lead_turns()),)]
    opened.close()

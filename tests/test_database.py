from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from diaforge_core.errors import DataError, WorkspaceError
from diaforge_core.store import dialogues as dialogue_table
from diaforge_core.store import traces as trace_table
from diaforge_core.store.database import MIGRATIONS, Database, insert, utc_now
from diaforge_core.store.ownership import Ownership, holder, is_alive
from diaforge_core.store.sandbox import read_only_query

from .factories import a_dialogue, a_trace, asks, lead_turns, user


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path / "store.duckdb")
    yield opened
    opened.close()


def put_run(database: Database, run: str = "r1") -> None:
    with database.write() as cursor:
        cursor.execute(
            "INSERT INTO runs VALUES (?, ?, 'evaluate', 'succeeded', false, '{}', ?, NULL, NULL, '', '', '{}', 0)",
            [run, f"run {run}", utc_now()],
        )


def test_a_database_opened_again_holds_what_was_written(tmp_path: Path):
    first = Database(tmp_path / "store.duckdb")
    with first.write() as cursor:
        cursor.execute("INSERT INTO settings VALUES ('a', 'b')")
    first.close()
    second = Database(tmp_path / "store.duckdb")
    assert second.rows("SELECT value FROM settings") == [("b",)]
    assert second.rows("SELECT max(number) FROM form") == [(len(MIGRATIONS),)]
    second.close()


def test_a_transaction_that_fails_leaves_nothing(database: Database):
    def fail() -> None:
        with database.write() as cursor:
            cursor.execute("INSERT INTO settings VALUES ('a', 'b')")
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        fail()
    assert database.rows("SELECT * FROM settings") == []


def test_a_read_is_remembered_until_what_it_reads_is_written(database: Database):
    def read() -> list[int]:
        return [database.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("leases", "skips")]

    def change(table: str, only: str) -> None:
        with database.write(only) as cursor:
            cursor.execute(f"DELETE FROM {table}")

    with database.write() as cursor:
        cursor.execute("INSERT INTO leases VALUES ('d', 'Ana', '', now()::TIMESTAMP, now()::TIMESTAMP)")
        cursor.execute("INSERT INTO skips VALUES ('q', 'd', 'Ana', now()::TIMESTAMP)")
    assert read() == [1, 1]
    change("leases", "leases")
    assert read() == [0, 1]
    change("skips", "leases")
    assert read() == [0, 1], "only reads that name the table are read anew"
    change("skips", "")
    assert read() == [0, 0]


def test_a_database_of_a_newer_form_is_refused_with_what_to_do(tmp_path: Path):
    first = Database(tmp_path / "store.duckdb")
    with first.write() as cursor:
        cursor.execute("INSERT INTO form VALUES (99)")
    first.close()
    with pytest.raises(WorkspaceError, match="newer DiaForge"):
        Database(tmp_path / "store.duckdb")


def test_a_row_whose_key_is_there_is_left_out(database: Database):
    with database.write() as cursor:
        insert(cursor, "settings", [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}])
        insert(cursor, "settings", [{"name": "a", "value": "9"}, {"name": "c", "value": "3"}])
    assert database.rows("SELECT * FROM settings ORDER BY name") == [("a", "1"), ("b", "2"), ("c", "3")]


def test_dialogues_are_added_once_and_keep_their_order(database: Database):
    dialogues = [a_dialogue(id=f"d{number}") for number in (3, 1, 2)]
    with database.write() as cursor:
        assert dialogue_table.add(cursor, "s", dialogues) == 3
        assert dialogue_table.add(cursor, "s", dialogues[:2]) == 0
    found = database.rows(f"SELECT d.id FROM {dialogue_table.SOURCE} WHERE m.dataset = 's' ORDER BY m.position")
    assert [row[0] for row in found] == ["d3", "d1", "d2"]


def test_the_same_words_are_shared_by_two_datasets_and_other_words_get_an_id_of_their_own(database: Database):
    same, other = a_dialogue(id="d"), a_dialogue(id="d", turns=(user("Hello."), asks("Which one?")))
    with database.write() as cursor:
        dialogue_table.add(cursor, "one", [same])
    with database.write() as cursor:
        dialogue_table.add(cursor, "two", [same])
        dialogue_table.add(cursor, "three", [other])
        dialogue_table.add(cursor, "three", [other])
    rows = database.rows("SELECT dataset, dialogue FROM members ORDER BY dataset")
    assert rows[0] == ("one", "d")
    assert rows[2] == ("two", "d")
    assert rows[1][0] == "three"
    assert rows[1][1] != "d"
    assert len(rows) == 3


def test_traces_are_stored_once_per_run_and_the_same_rollout_may_stand_in_two(database: Database):
    for run in ("r1", "r2"):
        put_run(database, run)
        with database.write() as cursor:
            trace_table.add(cursor, run, [a_trace(), a_trace()])
            trace_table.add(cursor, run, [a_trace()])
    assert database.rows("SELECT count(*), count(DISTINCT id) FROM traces") == [(2, 2)]
    assert database.rows("SELECT count(*) FROM turns") == [(2 * len(lead_turns()),)]


def test_a_read_only_query_sees_the_traces(database: Database):
    put_run(database)
    with database.write() as cursor:
        trace_table.add(cursor, "r1", [a_trace()])
    frame = read_only_query(database, "SELECT run_name, goal_tool FROM traces", 10)
    assert frame.to_dict("records") == [{"run_name": "run r1", "goal_tool": "CRM_CreateLead"}]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM traces",
        "SELECT 1; DROP TABLE traces",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/out.csv'",
        "ATTACH 'other.duckdb'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT * FROM nowhere",
        "not SQL",
    ],
)
def test_a_query_that_is_no_plain_select_over_the_copies_is_refused(database: Database, query: str):
    put_run(database)
    with pytest.raises(DataError):
        read_only_query(database, query, 10)
    assert database.rows("SELECT count(*) FROM runs") == [(1,)]


def test_a_query_without_an_end_is_stopped(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("diaforge_core.store.sandbox.TIME_LIMIT_SECONDS", 0.2)
    with pytest.raises(DataError, match="longer than"):
        read_only_query(database, "SELECT sum(a.range * b.range) FROM range(1000000000) a, range(1000000) b", 10)


def test_two_owners_of_one_folder_are_not_possible_and_the_second_names_the_first(tmp_path: Path):
    first, second = Ownership(tmp_path), Ownership(tmp_path)
    first.acquire("app")
    with pytest.raises(WorkspaceError, match=rf"process {os.getpid()} \(app\)"):
        second.acquire("command runs")
    first.release()
    second.acquire("command runs")
    found = holder(tmp_path)
    assert found
    assert found.what == "command runs"
    second.release()
    assert holder(tmp_path) is None


def test_the_file_with_the_token_is_for_its_owner_only(tmp_path: Path):
    owner = Ownership(tmp_path)
    owner.acquire("app")
    owner.publish(1234, "secret")
    assert (tmp_path / "owner.json").stat().st_mode & 0o777 == 0o600
    owner.release()


def test_the_name_that_a_dead_process_left_does_not_count(tmp_path: Path):
    code = (
        f"from diaforge_core.store.ownership import Ownership as O; from pathlib import Path; import os; "
        f"O(Path({str(tmp_path)!r})).acquire('app'); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert (tmp_path / "owner.json").exists()
    assert holder(tmp_path, patience_seconds=0.0) is None
    mine = Ownership(tmp_path)
    mine.acquire("app")
    mine.release()


def test_a_later_process_of_the_same_number_is_another_process():
    assert not is_alive(os.getpid(), 1.0)


def ask_until_closed(database: Database, problems: list[duckdb.Error]) -> None:
    try:
        while True:
            database.cursor().execute("SELECT 1").close()
    except duckdb.Error as problem:
        problems.append(problem)


def test_threads_that_ask_while_it_closes_neither_hinder_it_nor_get_in_each_others_way(tmp_path: Path):
    problems: list[duckdb.Error] = []
    for _ in range(20):
        database = Database(tmp_path / "store.duckdb")
        threads = [threading.Thread(target=ask_until_closed, args=(database, problems)) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.02)  # so that they are at it
        database.close()
        for thread in threads:
            thread.join()
    assert not any(isinstance(problem, duckdb.ResourceInUseException) for problem in problems)


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from diaforge_core.errors import WorkspaceError
from diaforge_core.store.database import Database

database = Database(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    with database.write() as cursor:
        cursor.execute("CREATE TABLE wide AS SELECT i, md5(i::text) AS text FROM range(400000) r(i)")
except WorkspaceError as problem:
    print(problem)
"""


def test_a_disk_that_takes_no_more_is_one_message_and_keeps_what_was_there(tmp_path: Path):
    path = tmp_path / "diaforge.duckdb"
    Database(path).close()
    said = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False)
    assert "Make room on the disk" in said.stdout, said.stderr
    reopened = Database(path)
    assert reopened.rows("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'wide'") == [(0,)]
    reopened.close()

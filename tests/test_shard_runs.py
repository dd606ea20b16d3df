"""Runs of several processes: killed, out of room and elsewhere, they end in the rows of one that was left alone."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from diaforge_core.services.jobs import worker_environment
from diaforge_core.services.shards import make_shard
from diaforge_core.services.shelf import Shelf
from diaforge_core.store.run_folder import RunFolder, line_of

from .run_folders import COUNT, PATIENCE_SECONDS, ROOT, a_run, an_evaluation, done, said, start

pytestmark = pytest.mark.xdist_group("shard runs")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The rows that one process makes in one go."""
    return done(a_run(tmp_path_factory.mktemp("runs") / "alone", workers=1))


def wait_until(happened: Callable[[], bool], worker: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert worker.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)


def rows_of(folder: RunFolder) -> int:
    return folder.rows_path.read_bytes().count(b"\n") if folder.rows_path.exists() else 0


def shards_of(folder: RunFolder) -> int:
    return len(list((folder.path / "shards").glob("0*.jsonl")))


def test_a_shard_is_the_same_bytes_wherever_it_is_made(tmp_path: Path, undisturbed: bytes):
    folder = a_run(tmp_path / "run")
    lines = undisturbed.splitlines(keepends=True)
    assert make_shard(folder.path, 2) == b"".join(lines[20:30])
    assert make_shard(folder.path, 6) == b"".join(lines[60:])
    said = "import sys; from pathlib import Path; from diaforge_core.services.shards import make_shard\n"
    said += "sys.stdout.buffer.write(make_shard(Path(sys.argv[1]), 2))"
    elsewhere = subprocess.run(
        [sys.executable, "-c", said, folder.path],
        cwd=ROOT,
        capture_output=True,
        check=True,
        env=worker_environment() | {"PYTHONHASHSEED": "77"},
    )
    assert elsewhere.stdout == b"".join(lines[20:30])


def test_a_row_has_no_time_of_a_clock_in_it(undisturbed: bytes):
    for line in undisturbed.splitlines():
        row = json.loads(line)
        assert row["trace"]["seconds"] == 0.0
        assert {turn["seconds"] for turn in row["trace"]["turns"]} == {0.0}


def test_a_run_killed_again_and_again_ends_in_the_bytes_of_one_left_alone(tmp_path: Path, undisturbed: bytes):
    folder = a_run(tmp_path / "run")
    worker = start(folder)
    wait_until(lambda: rows_of(folder) > 0, worker)
    processes = psutil.Process(worker.pid).children(recursive=True)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert len(processes) >= 2
    assert psutil.wait_procs(processes, timeout=20)[1] == []
    before = folder.rows_path.read_bytes()
    assert before.count(b"\n") < COUNT
    before = before[: before.rfind(b"\n") + 1]
    with folder.rows_path.open("ab") as file:
        file.write(b'{"trace": {"torn')
    (folder.path / "shards" / ".00006.jsonl.1").write_bytes(b"half")

    worker = start(folder)
    wait_until(lambda: rows_of(folder) > before.count(b"\n"), worker)
    children = psutil.Process(worker.pid).children()
    next(each for each in children if "spawn_main" in " ".join(each.cmdline())).kill()
    assert worker.wait(PATIENCE_SECONDS) == 2
    assert "ended from outside" in folder.status().error
    assert folder.status().result["asked"] == rows_of(folder) < COUNT
    assert folder.rows_path.read_bytes().startswith(before)

    assert done(folder) == undisturbed
    assert list((folder.path / "shards").iterdir()) == []


def test_shards_put_at_an_address_stay_there_under_the_name_of_the_run(tmp_path: Path, undisturbed: bytes):
    folder = a_run(tmp_path / "run", shards=f"file://{tmp_path}/store")
    assert done(folder) == undisturbed
    kept = sorted((tmp_path / "store" / "run").iterdir())
    assert [path.name for path in kept] == [f"{number:05}.jsonl" for number in range(7)]
    assert b"".join(path.read_bytes() for path in kept) == undisturbed
    assert not (folder.path / "shards").exists()


def test_a_garbled_shard_is_not_taken_in_and_not_kept(tmp_path: Path, undisturbed: bytes):
    folder = a_run(tmp_path / "run")
    shelf = Shelf(str(folder.path / "shards"))
    shelf.put(1, b"{}\n")
    assert start(folder).wait(PATIENCE_SECONDS) == 2
    assert "Shard 1" in folder.status().error
    assert folder.rows_path.read_bytes() == b"".join(undisturbed.splitlines(keepends=True)[:10])
    assert not shelf.has(1)


def test_a_file_that_may_not_grow_ends_the_run_in_one_sentence_and_leaves_no_half_row(
    tmp_path: Path, undisturbed: bytes
):
    folder = a_run(tmp_path / "run", workers=1)
    limit = len(undisturbed) // 2
    worker = start(folder, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert worker.wait(PATIENCE_SECONDS) == 2
    status = folder.status()
    assert (status.state, "file too large" in status.error) == ("failed", True)
    assert status.error.endswith("Make room there and resume the run.")
    kept = folder.rows_path.read_bytes()
    assert undisturbed.startswith(kept)
    assert kept.endswith(b"\n")
    assert status.result["asked"] == kept.count(b"\n")
    assert done(folder) == undisturbed


def test_an_evaluation_in_shards_plays_every_conversation_once_also_after_a_kill(tmp_path: Path):
    alone = an_evaluation(tmp_path / "alone", "scripted:oracle", workers=1)
    done(alone)
    folder = an_evaluation(tmp_path / "run", "scripted:oracle")
    worker = start(folder)
    wait_until(lambda: shards_of(folder) > 0 or rows_of(folder) > 0, worker)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    # As if the second of two shards had been taken in before the first, by a run that played them as they ended.
    kept = [row for row in alone.rows() if row["trace"]["trial"] == 1]
    folder.repair()
    folder.rows_path.write_bytes(b"".join(line_of(row) for row in kept[:3]))
    done(folder)
    assert said(folder) == said(alone)
    assert list((folder.path / "shards").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(small_disk: Path, undisturbed: bytes):
    folder = a_run(small_disk / "run")
    assert start(folder).wait(PATIENCE_SECONDS) == 2
    assert folder.status().state == "failed"
    assert "no space left on device" in folder.status().error
    assert undisturbed.startswith(folder.rows_path.read_bytes())
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    assert done(folder) == undisturbed

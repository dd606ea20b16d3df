"""Answers on disk: nothing that was answered is lost or asked twice, whatever happens to the process or the file."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diaforge_core.conversation.budget import Tokens
from diaforge_core.conversation.response_cache import ResponseCache
from diaforge_core.errors import DataError, RunStopped

from .stub_server import StubServer, says

IN_FLIGHT = 8
ASKED = 120


def filled(path: Path) -> None:
    with ResponseCache(path) as cache:
        for place in range(3):
            cache.asked(f"k{place}", "m", Tokens(50, 50))
            cache.put(f"k{place}", "m", Tokens(10, 1), 1, {"text": f"Grüße {place}"})


def test_answers_are_found_again_with_what_they_cost(tmp_path: Path) -> None:
    filled(tmp_path / "c")
    with ResponseCache(tmp_path / "c") as cache:
        assert [cache.get(f"k{place}") for place in range(4)] == [
            *({"text": f"Grüße {place}"} for place in range(3)),
            None,
        ]
        assert (cache.lost, cache.earlier) == (0, {"m": (3, Tokens(30, 3))})


def test_each_line_is_json_with_a_checksum(tmp_path: Path) -> None:
    filled(tmp_path / "c")
    lines = [json.loads(line) for line in (tmp_path / "c").read_text().splitlines()]
    assert [next(iter(line)) for line in lines] == ["sum"] * 6
    assert lines[1]["answer"] == {"text": "Grüße 0"}


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_cut_off_is_as_if_never_written(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "c"
    filled(path)
    os.truncate(path, path.stat().st_size - cut)
    with ResponseCache(path) as cache:
        assert len(cache) == 2
        assert cache.lost == 1
        cache.put("k2", "m", Tokens(10, 1), 1, {"text": "again"})
    with ResponseCache(path) as cache:
        assert (cache.lost, cache.get("k2")) == (0, {"text": "again"})


def test_a_garbled_line_is_left_out_and_the_rest_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "c"
    filled(path)
    path.write_bytes(
        path.read_bytes().replace("0".join(('"text":"Gr\\u00fc\\u00dfe ', '"')).encode(), b'"text":"Lies"')
    )
    with ResponseCache(path) as cache:
        assert [cache.get(f"k{place}") is not None for place in range(3)] == [False, True, True]
    assert "1 garbled lines are left out" in caplog.text


def test_the_first_answer_under_a_key_stays(tmp_path: Path) -> None:
    for _ in range(2):
        with ResponseCache(tmp_path / "c") as cache:
            assert cache.put("k", "m", Tokens(), 1, cache.get("k") or "first") == "first"
            assert cache.put("k", "m", Tokens(), 1, "second") == "first"


def test_two_owners_at_once_are_refused(tmp_path: Path) -> None:
    with (
        ResponseCache(tmp_path / "c"),
        pytest.raises(DataError, match="Another process writes to the answers in"),
    ):
        ResponseCache(tmp_path / "c")
    ResponseCache(tmp_path / "c").close()


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c"
    filled(path)
    before, write = path.read_bytes(), os.pwrite

    def half(file: int, data: bytes, place: int) -> int:
        if len(data) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:30], place)

    with ResponseCache(path) as cache:
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", half)
            with pytest.raises(RunStopped, match="No space left on device"):
                cache.put("k9", "m", Tokens(), 1, {"text": "x" * 40})
        assert path.read_bytes() == before
        cache.put("k9", "m", Tokens(), 1, "room again")
    with ResponseCache(path) as cache:
        assert (len(cache), cache.get("k9")) == (4, "room again")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="cannot be kept"):
        ResponseCache(tmp_path / "file" / "c")


# --- kill -9 ---------------------------------------------------------------------------------------------------------

CHILD = f"""
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pydantic import SecretStr
from diaforge_core.conversation.endpoint import Endpoint, Means, Question
from diaforge_core.conversation.response_cache import ResponseCache

with ResponseCache(Path(sys.argv[2])) as cache:
    endpoint = Endpoint("m", sys.argv[1], key=SecretStr("k"), means=Means(cache=cache, in_flight={IN_FLIGHT}))
    ask = lambda seed: endpoint.ask(Question([{{"role": "user", "content": "Hi"}}], seed=seed))
    with ThreadPoolExecutor(16) as pool:
        print(*(answer.text for answer in pool.map(ask, range({ASKED}))), sep="|")
"""


def test_after_kill_9_only_what_was_in_flight_is_asked_again(tmp_path: Path, serve: Callable[..., StubServer]) -> None:
    def script(number: int, request: dict[str, Any]) -> Any:
        return replace(says(f"To {request['seed']}."), delay=0.02)

    server, path = serve(script=script), tmp_path / "c"
    command = [sys.executable, "-c", CHILD, server.url, str(path)]
    for wanted in (20, 60):
        child = subprocess.Popen(command, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(server.requests) < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
        child.communicate()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "|".join(f"To {seed}." for seed in range(ASKED))
    again = len(server.requests) - ASKED
    assert 0 < again <= 2 * IN_FLIGHT
    assert "requests were under way at the last end; they are asked again" in done.stderr
    with ResponseCache(path) as cache:
        assert (len(cache), cache.lost) == (ASKED, 0)
        # What was lost counts as paid for at the most that it may have cost, sent or just about to be.
        calls, tokens = cache.earlier["m"]
        assert ASKED + again <= calls <= ASKED + 2 * IN_FLIGHT
        assert tokens.completion == ASKED * 7 + (calls - ASKED) * 256

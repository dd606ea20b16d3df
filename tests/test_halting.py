"""A stop reaches everybody who waits for a server, wherever they wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from diaforge_core.conversation.budget import Budget, Limits
from diaforge_core.conversation.endpoint import Endpoint, Means, Question, run_means
from diaforge_core.errors import Interrupted

from .stub_server import Reply, StubServer, refuses, says

QUESTION = Question([{"role": "user", "content": "Hi"}], seed=3)
Serve = Callable[..., StubServer]


def seconds_until_all_end(endpoint: Endpoint, many: int, after: float = 0.3) -> tuple[float, set[str]]:
    """How long after the stop the last of so many questions ended, and what each ended in."""

    def ask(seed: int) -> str:
        try:
            return endpoint.ask(replace(QUESTION, seed=seed)).text
        except Interrupted:
            return "interrupted"

    with ThreadPoolExecutor(many) as pool:
        under_way = [pool.submit(ask, seed) for seed in range(many)]
        time.sleep(after)
        stopped = time.monotonic()
        endpoint.means.stop.set()
        ends = {future.result() for future in under_way}
        return time.monotonic() - stopped, ends


@pytest.mark.parametrize(
    "reply",
    [
        Reply(hangs=True),
        replace(says("Hello."), drip=0.2),
        refuses(429, "wait", Retry_After="60"),
        refuses(500, "down"),
    ],
)
def test_what_is_in_flight_is_cut_within_two_seconds(serve: Serve, reply: Reply) -> None:
    endpoint = Endpoint(
        "m", serve(reply).url, key=SecretStr("k"), means=Means(in_flight=24, timeout=60, wait_seconds=30)
    )
    seconds, ends = seconds_until_all_end(endpoint, 40)
    assert ends == {"interrupted"}
    assert seconds < 2.0


def test_who_waits_for_the_budget_is_woken(serve: Serve) -> None:
    means = Means(budget=Budget(Limits(calls=1)), timeout=60)
    seconds, ends = seconds_until_all_end(
        Endpoint("m", serve(Reply(hangs=True)).url, key=SecretStr("k"), means=means), 4
    )
    assert "interrupted" in ends
    assert seconds < 2.0


def test_after_a_stop_nothing_is_sent(serve: Serve) -> None:
    server = serve(says("Hello."))
    endpoint = Endpoint("m", server.url, key=SecretStr("k"))
    endpoint.ask(QUESTION)
    endpoint.means.stop.set()
    with pytest.raises(Interrupted, match="resume it to go on"):
        endpoint.ask(replace(QUESTION, seed=4))
    assert len(server.requests) == 1


def test_a_watcher_sets_the_stop_when_somebody_asks(serve: Serve) -> None:
    asked = threading.Event()
    endpoint = Endpoint("m", serve(Reply(hangs=True)).url, key=SecretStr("k"))
    endpoint.means.stop_when(asked.is_set)
    threading.Timer(0.2, asked.set).start()
    with pytest.raises(Interrupted):
        endpoint.ask(QUESTION)


def test_an_interrupted_question_is_asked_again_and_what_it_may_have_cost_counts_once(
    serve: Serve, tmp_path: Path
) -> None:
    server = serve(Reply(hangs=True), says("Hello."))
    means = run_means(tmp_path)
    seconds_until_all_end(Endpoint("m", server.url, key=SecretStr("k"), means=means), 1)
    spent = means.report()["spent"]
    means.close()
    resumed = run_means(tmp_path)
    assert resumed.report()["spent"]["tokens"] == spent["tokens"]
    assert Endpoint("m", server.url, key=SecretStr("k"), means=resumed).ask(QUESTION).text == "Hello."
    assert resumed.report()["spent"]["calls"] == spent["calls"] + 1
    resumed.close()

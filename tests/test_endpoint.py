"""An endpoint through every mood of its server: each ends in an answer or in one line that says what to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from diaforge_core.conversation.budget import Budget, Limits, Price, Tokens
from diaforge_core.conversation.endpoint import Endpoint, Means, Question, run_means
from diaforge_core.conversation.response_cache import ResponseCache
from diaforge_core.errors import BudgetReached, DataError, ModelError

from .stub_server import Reply, StubServer, refuses, says

KEY = "sk-canary-4711-do-not-print"
QUESTION = Question([{"role": "user", "content": "Hi"}], seed=3)
Serve = Callable[..., StubServer]


def an_endpoint(server: StubServer, key: str = KEY, **means: Any) -> Endpoint:
    given: dict[str, Any] = {"wait_seconds": 0.01, "timeout": 5.0, **means}
    return Endpoint("m", server.url, key=SecretStr(key), means=Means(**given))


# --- failures --------------------------------------------------------------------------------------------------------

HALF = says("Hello.")
MOODS: dict[str, tuple[Reply, str, int]] = {
    "429 for ever": (refuses(429, "slow down"), "answered 429: slow down (8 tries). Ask for fewer at once", 8),
    "500 for ever": (refuses(500, "oh no"), "answered 500: oh no (4 tries). Look at the server's own log", 4),
    "web page": (Reply(content_type="text/html", body="<html>Hi</html>"), "answer (a web page) is not that of", 1),
    "half a JSON": (Reply(body=HALF.body[:60]), "answer (half a JSON text) is not that of", 4),
    "broken off": (replace(HALF, sent=60), "cannot be reached (peer closed connection", 4),
    "no choices": (Reply(body='{"choices": []}'), "answer without a message is not that of", 4),
    "no message": (Reply(body='{"choices": [{}]}'), "answer without a message is not that of", 4),
    "numbers": (Reply(body='{"choices": [{"message": {"content": 7}}]}'), "without a message is not that of", 4),
    "deep": (Reply(body="[" * 100_000), "half a JSON text", 4),
    "nothing": (Reply(body=""), "answer (nothing) is not that of", 4),
    "error in a 200": (Reply(body='{"error": {"message": "no worker"}}'), "it answered: no worker (4 tries)", 4),
    "wrong key": (refuses(401, f"bad key {KEY}"), "answered 401: bad key ***. Set the right key", 1),
    "no such model": (refuses(404, "no model m"), "answered 404: no model m. Check the model's name", 1),
    "too long": (refuses(400, "maximum context length is 12"), "answered 400: maximum context length is 12", 1),
    "error page": (Reply(502, "text/html", "<html>Bad gateway</html>"), "answered 502: Said (4 tries)", 4),
}


@pytest.mark.parametrize("mood", MOODS)
def test_a_failure_is_one_line_that_says_what_to_do(serve: Serve, mood: str) -> None:
    reply, words, requests = MOODS[mood]
    server = serve(reply)
    with pytest.raises(ModelError) as problem:
        an_endpoint(server).ask(QUESTION)
    said = str(problem.value)
    assert said.startswith(f"The model 'm' at {server.url} gave no answer: it")
    assert words in said
    assert said.endswith(".")
    assert "\n" not in said
    assert KEY not in said + repr(problem.value) + repr(problem.value.__cause__) + repr(problem.value.__context__)
    assert len(server.requests) == requests


@pytest.mark.parametrize(
    "usage", ['{"prompt_tokens": 1e999, "completion_tokens": 1}', "[]", '"x"', '{"prompt_tokens": {}}']
)
def test_counts_that_are_none_do_not_lose_the_answer(serve: Serve, usage: str) -> None:
    body = says("Hello.", usage=None).body[:-1] + f', "usage": {usage}}}'
    assert an_endpoint(serve(Reply(body=body))).ask(QUESTION).tokens.completion == QUESTION.max_tokens


@pytest.mark.parametrize("reply", [Reply(hangs=True), replace(HALF, drip=0.05)])
def test_a_server_that_hangs_or_drips_is_given_up_after_two_tries(serve: Serve, reply: Reply) -> None:
    server, started = serve(reply), time.monotonic()
    with pytest.raises(ModelError, match=r"did not answer within 0\.3 seconds \(2 tries\)\. Look whether"):
        an_endpoint(server, timeout=0.3).ask(QUESTION)
    assert time.monotonic() - started < 2.0


def test_an_endless_answer_is_cut_off(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diaforge_core.conversation.endpoint.MAX_ANSWER_BYTES", 1 << 20)
    with pytest.raises(ModelError, match="of more than 1 MB is not that"):
        an_endpoint(serve(Reply(body="x" * (2 << 20)))).ask(QUESTION)


@pytest.mark.parametrize("name", ["429 for ever", "500 for ever", "half a JSON", "broken off", "no choices"])
def test_what_may_pass_is_tried_again(serve: Serve, name: str) -> None:
    server = serve(MOODS[name][0], MOODS[name][0], says("Hello."))
    assert an_endpoint(server).ask(QUESTION).text == "Hello."


@pytest.mark.parametrize("pause", ["1", lambda: formatdate(time.time() + 2, usegmt=True)])
def test_retry_after_is_honoured_as_seconds_and_as_a_date(serve: Serve, pause: Any) -> None:
    said = pause if isinstance(pause, str) else pause()
    endpoint, started = an_endpoint(serve(refuses(429, "wait", Retry_After=said), says("Hello."))), time.monotonic()
    assert endpoint.ask(QUESTION).text == "Hello."
    assert 0.9 <= time.monotonic() - started < 4.0


def test_when_one_request_is_told_to_wait_the_others_wait_too(serve: Serve) -> None:
    server = serve(refuses(429, "wait", Retry_After="0.6"), says("Hello."))
    endpoint = an_endpoint(server)
    first = threading.Thread(target=endpoint.ask, args=(QUESTION,))
    first.start()
    while not server.ends:
        time.sleep(0.01)
    time.sleep(0.05)
    started = time.monotonic()
    endpoint.ask(replace(QUESTION, seed=9))
    first.join()
    assert time.monotonic() - started > 0.3


def test_a_pause_that_nobody_would_wait_for_ends_at_once(serve: Serve) -> None:
    server = serve(refuses(429, "quota", Retry_After="3600"))
    with pytest.raises(ModelError, match=r"429: quota\. Ask for fewer at once, or resume later"):
        an_endpoint(server).ask(QUESTION)
    assert len(server.requests) == 1


def test_no_more_requests_are_in_flight_than_allowed(serve: Serve) -> None:
    server = serve(replace(says("Hello."), delay=0.05))
    endpoint = an_endpoint(server, in_flight=3)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda seed: endpoint.ask(replace(QUESTION, seed=seed)), range(24)))
    assert server.most_open == 3


# --- what servers do not understand ----------------------------------------------------------------------------------


def refusing(*names: str) -> Callable[[int, dict[str, Any]], Reply]:
    def script(number: int, request: dict[str, Any]) -> Reply:
        for name in names:
            if name in request:
                return refuses(400, f"Unsupported parameter: '{name}'")
        return says(*[f"Hello {place}." for place in range(request.get("n", 1))])

    return script


@pytest.mark.parametrize("name", ["seed", "temperature", "max_tokens"])
def test_a_parameter_that_the_server_refuses_is_left_out_from_then_on(serve: Serve, name: str) -> None:
    server = serve(script=refusing(name))
    endpoint = an_endpoint(server)
    for seed in range(3):
        assert endpoint.ask(replace(QUESTION, seed=seed)).text == "Hello 0."
    assert [name in request for request in server.requests] == [True, False, False, False]
    assert ("max_completion_tokens" in server.requests[-1]) == (name == "max_tokens")


def test_several_candidates_come_from_one_request(serve: Serve) -> None:
    server = serve(script=refusing())
    found = an_endpoint(server).candidates(QUESTION, 3)
    assert [answer.text for answer in found] == ["Hello 0.", "Hello 1.", "Hello 2."]
    assert [answer.tokens for answer in found] == [Tokens(5, 7), Tokens(), Tokens()]
    assert len(server.requests) == 1


@pytest.mark.parametrize("refused", [True, False])
def test_without_n_each_candidate_has_a_request_and_a_seed_of_its_own(
    serve: Serve, refused: bool, tmp_path: Path
) -> None:
    script = refusing("n") if refused else lambda number, request: says(f"Hello {number}.")
    server = serve(script=script)
    with ResponseCache(tmp_path / "c") as cache:
        first = an_endpoint(server, cache=cache).candidates(QUESTION, 3)
        assert len(server.requests) == 4
        assert len({request["seed"] for request in server.requests[1:]}) == 3
        again = an_endpoint(server, cache=cache).candidates(QUESTION, 3)
    assert [answer.text for answer in again] == [answer.text for answer in first]
    assert len(server.requests) == 4


def test_that_n_is_not_known_is_remembered(serve: Serve) -> None:
    server = serve(script=refusing("n"))
    endpoint = an_endpoint(server)
    endpoint.candidates(QUESTION, 2)
    endpoint.candidates(replace(QUESTION, seed=4), 2)
    assert ["n" in request for request in server.requests] == [True, False, False, False, False]


# --- cache -----------------------------------------------------------------------------------------------------------


def test_the_same_question_is_asked_once_and_a_trial_anew(serve: Serve, tmp_path: Path) -> None:
    server = serve(script=lambda number, _: says(f"Hello {number}.", reasoning_content="Hm."))
    with ResponseCache(tmp_path / "c") as cache:
        endpoint = an_endpoint(server, cache=cache)
        first, again = endpoint.ask(QUESTION), endpoint.ask(QUESTION)
        assert (first.cached, again.cached) == (False, True)
        assert replace(again, cached=False) == first
        changes = ({"trial": 1}, {"seed": 4}, {"temperature": 0.5}, {"max_tokens": 9}, {"tools": [{"type": "x"}]})
        assert len({endpoint.ask(replace(QUESTION, **change)).text for change in changes}) == len(changes)
        assert Endpoint("other", server.url, means=endpoint.means).ask(QUESTION).text == "Hello 6."
        assert endpoint.means.budget.spent.cache_hits == 1


def test_a_failure_is_never_kept(serve: Serve, tmp_path: Path) -> None:
    server = serve(refuses(400, "no"), says("Hello."))
    with ResponseCache(tmp_path / "c") as cache:
        endpoint = an_endpoint(server, cache=cache)
        with pytest.raises(ModelError):
            endpoint.ask(QUESTION)
        assert len(cache) == 0
        assert endpoint.ask(QUESTION).text == "Hello."


def test_half_a_character_in_an_answer_becomes_one_that_a_file_can_hold(serve: Serve, tmp_path: Path) -> None:
    server = serve(Reply(body=says("Hello.").body.replace("Hello.", "\\ud800 Hello.")))
    with ResponseCache(tmp_path / "c") as cache:
        endpoint = an_endpoint(server, cache=cache)
        assert endpoint.ask(QUESTION).text == endpoint.ask(QUESTION).text == "? Hello."


# --- budget ----------------------------------------------------------------------------------------------------------


def test_calls_tokens_money_and_retries_are_counted(serve: Serve) -> None:
    budget = Budget(prices={"m": Price(prompt=2.0, completion=10.0)})
    endpoint = an_endpoint(serve(refuses(429, "wait"), says("Hello.", usage=(1000, 100))), budget=budget)
    endpoint.ask(QUESTION)
    spent = budget.spent
    assert (spent.calls, spent.retries, spent.tokens) == (2, 1, Tokens(1000, 100))
    assert spent.money == pytest.approx(0.003)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(calls=3), "3 calls"),
        (Limits(tokens=1500), "1,500 tokens"),
        (Limits(money=0.0153), "0.0153 in money"),
    ],
)
def test_no_limit_is_ever_exceeded_by_many_at_once(serve: Serve, limits: Limits, words: str) -> None:
    # 82 bytes of question and what a template may add, and 256 tokens to write: at most 350 tokens a request.
    server = serve(replace(says("Hello.", usage=(120, 200)), delay=0.02))
    budget = Budget(limits, {"m": Price(10.0, 10.0)})
    endpoint = an_endpoint(server, budget=budget)
    problems: list[str] = []

    def ask(seed: int) -> None:
        try:
            endpoint.ask(replace(QUESTION, seed=seed))
        except BudgetReached as problem:
            problems.append(str(problem))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))
    spent = budget.spent
    assert len(server.requests) == spent.calls == 16 - len(problems)
    assert spent.calls >= 3
    assert spent.tokens.total <= (limits.tokens or 1e9)
    assert spent.money <= (limits.money or 1e9)
    assert all(problem.startswith(f"The budget of {words} could be exceeded") for problem in problems)
    assert problems


def test_an_answer_from_the_cache_needs_no_budget(serve: Serve, tmp_path: Path) -> None:
    server = serve(says("Hello."))
    with ResponseCache(tmp_path / "c") as cache:
        endpoint = an_endpoint(server, cache=cache, budget=Budget(Limits(calls=1)))
        assert endpoint.ask(QUESTION).text == endpoint.ask(QUESTION).text
        with pytest.raises(BudgetReached):
            endpoint.ask(replace(QUESTION, seed=9))


def test_money_is_not_limited_where_a_price_is_missing(serve: Serve) -> None:
    with pytest.raises(DataError, match=r"'m' has no price \(priced: x\)"):
        an_endpoint(serve(says("Hello.")), budget=Budget(Limits(money=1.0), {"x": Price(1.0)}))


def test_a_try_without_an_answer_is_paid_for_unless_it_was_refused(serve: Serve) -> None:
    budget = Budget()
    server = serve(Reply(hangs=True), refuses(503, "busy"), says("Hello."))
    endpoint = an_endpoint(server, budget=budget, timeout=0.3)
    assert endpoint.ask(QUESTION).tokens == Tokens(5, 7)
    assert budget.spent.tokens.completion == 7 + QUESTION.max_tokens
    assert budget.spent.calls == 3


def test_a_server_that_counts_nothing_is_taken_at_the_most_it_can_have_cost(serve: Serve) -> None:
    budget = Budget()
    an_endpoint(serve(says("Hello.", usage=None)), budget=budget).ask(QUESTION)
    assert budget.spent.tokens.completion == QUESTION.max_tokens


def test_a_resumed_run_goes_on_counting_where_it_was(serve: Serve, tmp_path: Path) -> None:
    server = serve(says("Hello.", usage=(1000, 100)))
    for place in range(3):
        means = run_means(tmp_path, prices={"m": Price(1.0, 1.0)})
        endpoint = Endpoint("m", server.url, means=means)
        assert [endpoint.ask(replace(QUESTION, seed=seed)).cached for seed in range(place + 1)].count(False) == 1
        assert means.budget.spent.calls == place + 1
        assert means.budget.spent.money == pytest.approx(0.0011 * (place + 1))
        assert means.cache is not None
        means.cache.close()


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_that_the_server_repeats_stays_out_of_answers_and_files(serve: Serve, tmp_path: Path) -> None:
    with ResponseCache(tmp_path / "c") as cache:
        endpoint = an_endpoint(serve(says(f"Your key is {KEY}.")), cache=cache)
        assert endpoint.ask(QUESTION).text == "Your key is ***."
        assert KEY not in repr(endpoint) + repr(vars(endpoint))
    assert KEY.encode() not in (tmp_path / "c").read_bytes()


@pytest.mark.parametrize("status", [200, 401])
def test_not_even_half_a_key_is_left_where_long_words_are_cut(serve: Serve, status: int) -> None:
    said = "x" * 190 + KEY
    with pytest.raises(ModelError) as problem:
        an_endpoint(serve(refuses(status, said))).ask(QUESTION)
    assert KEY[:6] not in str(problem.value)


def test_a_placeholder_for_a_key_hides_no_words(serve: Serve) -> None:
    assert an_endpoint(serve(says("Hello.")), key="o").ask(QUESTION).text == "Hello."

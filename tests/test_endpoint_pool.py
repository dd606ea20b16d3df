"""Several servers of one model: each scenario keeps to one of them, and to the next when that is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from diaforge_core.conversation import endpoint_pool
from diaforge_core.conversation.endpoint import Endpoint, Means, Question, run_means
from diaforge_core.conversation.endpoint_pool import EndpointPool, open_endpoint
from diaforge_core.conversation.model_specs import parse_spec
from diaforge_core.errors import ModelError, Unanswered

from .stub_server import Reply, StubServer, refuses, says

Serve = Callable[..., StubServer]
SCENARIOS = 60


def a_question(scenario: int, *said: str, **more: Any) -> Question:
    turns = [{"role": "user", "content": words} for words in said or ("Hi",)]
    return Question([{"role": "system", "content": f"Tools of scenario {scenario}"}, *turns], **more)


class Breakable:
    """What a server answers until it is broken."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.broken = False

    def __call__(self, number: int, request: dict[str, Any]) -> Reply:
        return refuses(404, f"{self.words} is gone") if self.broken else says(self.words)


def a_pool(*servers: StubServer, means: Means | None = None) -> EndpointPool:
    pool = open_endpoint(
        "m", ",".join(server.url for server in servers), key=SecretStr("none"), means=means or Means(wait_seconds=0.01)
    )
    assert isinstance(pool, EndpointPool)
    return pool


def test_all_turns_and_trials_of_a_scenario_ask_one_server_and_the_scenarios_are_shared_out(serve: Serve):
    servers = [serve(says(f"Server {place}.")) for place in range(3)]
    pool = a_pool(*servers)
    shares: Counter[str] = Counter()
    for scenario in range(SCENARIOS):
        told = {pool.ask(a_question(scenario, *"abc"[:turn], trial=trial)).text for turn in (1, 2) for trial in (0, 1)}
        assert len(told) == 1
        shares.update(told)
    assert len(shares) == 3
    assert min(shares.values()) >= SCENARIOS // 3 // 3


def test_when_a_server_is_lost_only_its_own_scenarios_move(serve: Serve):
    minds = [Breakable(f"Server {place}.") for place in range(3)]
    pool = a_pool(*(serve(script=mind) for mind in minds))
    before = {scenario: pool.ask(a_question(scenario)).text for scenario in range(SCENARIOS)}
    minds[1].broken = True
    after = {scenario: pool.ask(a_question(scenario)).text for scenario in range(SCENARIOS)}
    moved = {scenario for scenario in before if before[scenario] != after[scenario]}
    assert moved == {scenario for scenario, told in before.items() if told == "Server 1."}
    assert {after[scenario] for scenario in moved} == {"Server 0.", "Server 2."}


def test_a_lost_server_is_left_alone_for_a_while_and_then_asked_again(serve: Serve, monkeypatch: pytest.MonkeyPatch):
    mind = Breakable("Back.")
    broken, whole = serve(script=mind), serve(says("Here."))
    pool, mind.broken = a_pool(broken, whole), True
    scenario = next(each for each in range(SCENARIOS) if pool.order(a_question(each))[0] == broken.url)
    assert [pool.ask(a_question(scenario, str(number))).text for number in range(2)] == ["Here.", "Here."]
    mind.broken = False
    assert pool.ask(a_question(scenario, "still away")).text == "Here."
    monkeypatch.setattr(endpoint_pool.time, "monotonic", lambda now=endpoint_pool.time.monotonic: now() + 61)
    assert pool.ask(a_question(scenario, "again")).text == "Back."


def test_with_no_server_left_each_is_named_with_its_own_words(serve: Serve):
    pool = a_pool(serve(refuses(404, "no model m")), serve(refuses(401, "bad key")))
    with pytest.raises(Unanswered, match=r"no model m.*bad key|bad key.*no model m"):
        pool.ask(a_question(1))


def test_a_question_that_is_refused_for_what_it_holds_is_not_passed_round(serve: Serve):
    servers = [serve(refuses(400, "maximum context length is 12")) for _ in range(2)]
    with pytest.raises(ModelError, match="maximum context"):
        a_pool(*servers).ask(a_question(1))
    assert sorted(len(server.requests) for server in servers) == [0, 1]


def test_a_resumed_run_finds_an_answer_whichever_server_gave_it(serve: Serve, tmp_path: Path):
    minds = [Breakable(f"Server {place}.") for place in range(2)]
    servers = [serve(script=mind) for mind in minds]
    first = a_pool(*servers, means=run_means(tmp_path))
    told = [first.ask(a_question(scenario)).text for scenario in range(8)]
    first.means.close()
    minds[0].broken = True
    resumed = a_pool(*servers, means=run_means(tmp_path))
    assert [resumed.ask(a_question(scenario)).text for scenario in range(8)] == told
    assert len(servers[1].requests) == told.count("Server 1.")


def test_votes_come_from_one_server(serve: Serve):
    servers = [serve(says("One.", "Two.")), serve(says("Three.", "Four."))]
    told = {answer.text for answer in a_pool(*servers).candidates(a_question(3), 2)}
    assert told in ({"One.", "Two."}, {"Three.", "Four."})


def test_the_spec_of_a_pool_names_every_server():
    spec = parse_spec("openai:qwen3@http://a:8000/v1,http://b:8000/v1#native")
    assert (spec.name, spec.base_url, spec.native) == ("qwen3", "http://a:8000/v1,http://b:8000/v1", True)
    pool = open_endpoint("m", spec.base_url, key=SecretStr("none"), means=Means(in_flight=8))
    assert pool.in_flight == 16
    assert isinstance(open_endpoint("m", "http://a:1/v1,", key=SecretStr("none")), Endpoint)
    for wrong in ("openai:m@http://a/v1,b", "openai:m@http://a/v1,http://user:secret@b/v1"):
        with pytest.raises(ModelError):
            parse_spec(wrong)

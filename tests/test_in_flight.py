"""Many conversations at once come out as one after the other would, and can be stopped."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pydantic import SecretStr

from diaforge_core.conversation.assistants import Teacher
from diaforge_core.conversation.chat_models import ModelAssistant, OpenAIModel
from diaforge_core.conversation.in_flight import AHEAD, as_they_end, in_order
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import Interrupted
from diaforge_core.evaluation.evaluator import evaluate_as_they_end, evaluate_scenarios, in_plan_order
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.trace import Trace

from .factories import a_catalog
from .stub_server import StubServer, says


def test_results_come_in_the_order_of_the_items() -> None:
    def slow(item: int) -> int:
        time.sleep(random.Random(item).uniform(0.0, 0.01))
        return item

    assert list(in_order(slow, range(100), 8)) == list(range(100))


def test_no_more_than_allowed_go_on_at_once_and_items_are_not_drawn_far_ahead() -> None:
    drawn, now, most = [], [0], [0]
    lock = threading.Lock()

    def items() -> Iterator[int]:
        for item in range(100):
            drawn.append(item)
            yield item

    def play(item: int) -> int:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.002)
        with lock:
            now[0] -= 1
        return item

    made = in_order(play, items(), 5)
    assert next(made) == 0
    assert len(drawn) == 5 * AHEAD
    assert list(made) == list(range(1, 100))
    assert most[0] == 5


def test_a_failure_comes_after_what_was_before_it() -> None:
    def play(item: int) -> int:
        if item == 7:
            raise ValueError("seven")
        return item

    got = []
    with pytest.raises(ValueError, match="seven"):
        got.extend(in_order(play, range(20), 4))
    made = in_order(play, range(20), 4)
    assert [next(made) for _ in range(7)] == list(range(7))
    with pytest.raises(ValueError, match="seven"):
        next(made)


def test_when_it_is_closed_what_has_not_begun_never_does() -> None:
    begun = []

    def play(item: int) -> int:
        begun.append(item)
        time.sleep(0.05)
        return item

    made = in_order(play, range(1000), 2)
    next(made)
    made.close()
    after = len(begun)
    time.sleep(0.12)
    assert len(begun) == after < 2 * AHEAD


@pytest.mark.parametrize("at_once", [1, 6])
def test_what_ends_first_comes_first_and_everything_once(at_once: int) -> None:
    def play(item: int) -> int:
        time.sleep(0.2 if item == 0 else 0.001)
        return item

    made = list(as_they_end(play, range(30), at_once))
    assert sorted(made) == list(range(30))
    assert (made[0] == 0) == (at_once == 1)


def all_until_it_fails(made: Iterator[int]) -> tuple[list[int], Exception | None]:
    got: list[int] = []
    try:
        for each in made:
            got.append(each)
    except (Interrupted, ValueError) as problem:
        return got, problem
    return got, None


def test_once_a_stop_is_heard_nothing_begins_and_what_ends_still_comes() -> None:
    begun: list[int] = []
    stop = threading.Event()

    def play(item: int) -> int:
        begun.append(item)
        time.sleep(0.01 * (1 + item))
        stop.set()
        return item

    def check() -> None:
        if stop.is_set():
            raise Interrupted("stop")

    got, problem = all_until_it_fails(as_they_end(play, range(100), 6, check))
    assert isinstance(problem, Interrupted)
    assert sorted(got) == sorted(begun)
    assert len(begun) < 12


def test_a_failure_loses_nothing_that_is_finished() -> None:
    def play(item: int) -> int:
        if item == 1:
            raise ValueError("one")
        time.sleep(0.1)
        return item

    got, problem = all_until_it_fails(as_they_end(play, range(100), 4))
    assert str(problem) == "one"
    assert {0, 2, 3} <= set(got)
    assert len(got) < 8


def test_scripted_conversations_in_threads_are_those_of_one_after_the_other() -> None:
    catalog = a_catalog()
    scenarios = list(draw_scenarios(catalog, 60, 5))

    def words(traces: list[Trace]) -> list[object]:
        return [trace.model_dump(exclude={"seconds"}) for trace in traces]

    alone = list(evaluate_scenarios(catalog, scenarios, Teacher()))
    together = list(evaluate_scenarios(catalog, scenarios, Teacher(), at_once=16))
    assert words(together) == words(alone)
    ended = evaluate_as_they_end(catalog, scenarios, Teacher(), at_once=16)
    assert words(in_plan_order(ended, scenarios)) == words(alone)
    pairs = [[each.id for _, each in UTCGen(catalog).generate(scenarios=scenarios, at_once=n)] for n in (1, 16)]
    assert pairs[0] == pairs[1]


def test_conversations_wait_for_a_server_side_by_side(serve: Callable[..., StubServer]) -> None:
    server = serve(replace(says("None of the available tools fits your request."), delay=0.1))
    model = OpenAIModel("m", server.url, key=SecretStr("none"))
    scenarios = list(draw_scenarios(a_catalog(), 40, 5))
    traces = list(evaluate_scenarios(a_catalog(), scenarios, ModelAssistant(model, "openai:m"), at_once=20))
    assert [trace.scenario.id for trace in traces] == [scenario.id for scenario in scenarios]
    assert {trace.ended for trace in traces} == {"none_fits"}
    assert server.most_open > 3

"""Shards: which scenarios they hold, where they are put, and what comes of a bad scenario."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.conversation import in_flight
from diaforge_core.conversation.in_flight import in_turn
from diaforge_core.conversation.teacher import Teacher
from diaforge_core.conversation.view import View
from diaforge_core.errors import BudgetReached, CatalogError, DataError, ModelError
from diaforge_core.generator import shards
from diaforge_core.generator.agents import open_agents
from diaforge_core.generator.shards import Made, make, shard_of, shards_left
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.scenario import Scenario
from diaforge_core.services.evaluation_scenarios import EvalRecipe
from diaforge_core.services.reports import GenerationTally
from diaforge_core.services.shards import check_evaluation, check_recipe, processes_for
from diaforge_core.services.shelf import Shelf

from .factories import a_catalog
from .run_folders import COUNT, a_recipe

# --- what a shard is -------------------------------------------------------------------------------------------------


@given(count=st.integers(1, 20_000), part=st.floats(0, 1))
def test_shards_hold_every_scenario_once_and_the_first_left_holds_the_next_one(count: int, part: float):
    made = int(part * count)
    left = [number for shard in shards_left(count, made) for number in shard_of(count, shard)]
    assert left == list(range(left[0] if left else count, count))
    assert made == count or left[0] <= made < left[0] + len(shard_of(count, shards_left(count, made)[0]))


@given(order=st.permutations(range(9)), ahead=st.integers(1, 9))
def test_shards_come_in_their_order_in_whatever_order_they_are_made(order: list[int], ahead: int):
    begun: dict[int, Future[int]] = {}

    def begin(number: int) -> Future[int]:
        begun[number] = Future()
        assert len([each for each in begun.values() if not each.done()]) <= ahead
        return begun[number]

    def one_is_made() -> None:
        number = next(number for number in order if number in begun and not begun[number].done())
        begun[number].set_result(number)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(in_flight, "CHECK_SECONDS", 0.0)
        assert list(in_turn(begin, range(9), ahead, one_is_made)) == list(range(9))


def test_processes_are_taken_where_they_pay():
    assert processes_for(a_recipe(workers=3), COUNT) == 3
    assert processes_for(a_recipe(workers=64), COUNT) == 7  # there are no more shards
    assert processes_for(a_recipe(workers=0), COUNT) == 1  # not worth the start of another
    assert processes_for(a_recipe(workers=64), 1) == 1
    assert 1 <= processes_for(a_recipe(workers=0, count=100_000), 100_000) <= 8
    many = a_recipe(workers=0, count=2_000)
    assert processes_for(many, 2_000, tools=30_000) == 1  # each would have to read them all
    assert processes_for(a_recipe(workers=0, count=1_000_000), 1_000_000, tools=10**9) == 1  # nor have room for them
    assert processes_for(a_recipe(workers=4, user="openai:m@http://localhost:1/v1"), COUNT) == 1


def test_a_recipe_that_cannot_be_done_as_it_says_is_refused_without_repeating_a_secret():
    with pytest.raises(DataError, match="engine 'local'"):
        check_recipe(a_recipe(engine="ray", critic="smollm2"))
    for side in ("user", "words", "critic"):
        with pytest.raises(DataError, match=f"the assistant only; {side}"):
            check_recipe(a_recipe(**{side: "scripted:oracle"}))
    for address in ("s3://me:canary@bucket/runs", "https://host/runs?key=canary"):
        with pytest.raises(DataError, match="in the environment") as problem:
            check_recipe(a_recipe(shards=address))
        assert "canary" not in str(problem.value)
    check_recipe(a_recipe(engine="ray", shards="s3://bucket/runs"))


def test_an_evaluation_that_cannot_be_spread_is_refused():
    with pytest.raises(DataError, match="engine 'local'"):
        check_evaluation(EvalRecipe(model="openai:m@http://localhost:1/v1", engine="ray"))
    with pytest.raises(DataError, match="static"):
        check_evaluation(EvalRecipe(model="smollm2", engine="ray", static="gold"))
    with pytest.raises(DataError, match="in the environment"):
        check_evaluation(EvalRecipe(model="smollm2", shards="s3://me:canary@bucket/runs"))
    check_evaluation(EvalRecipe(model="smollm2", engine="ray"))


# --- where shards are put --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["memory://runs/one", "{}/shards"])
def test_a_shelf_gives_back_what_was_put_there(where: str, tmp_path: Path):
    shelf = Shelf(where.format(tmp_path))
    assert (shelf.has(3), shelf.get(3)) == (False, None)
    shelf.put(3, b"three\n")
    shelf.put(3, b"drei\n")
    assert (shelf.has(3), shelf.get(3)) == (True, b"drei\n")
    shelf.remove(3)
    shelf.remove(3)
    assert (shelf.has(3), shelf.get(3)) == (False, None)


def test_an_address_that_nothing_can_be_put_at_is_named(tmp_path: Path):
    with pytest.raises(DataError, match="nowhere://there"):
        Shelf("nowhere://there")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file"):
        Shelf(str(tmp_path / "file" / "under")).put(1, b"")


def test_what_a_killed_process_had_begun_to_write_is_taken_away(tmp_path: Path):
    shelf = Shelf(str(tmp_path))
    shelf.put(1, b"one\n")
    (tmp_path / ".00002.jsonl.4711").write_bytes(b"tw")
    shelf.clear_unfinished()
    assert [path.name for path in tmp_path.iterdir()] == ["00001.jsonl"]


# --- bad scenarios ---------------------------------------------------------------------------------------------------


class Stumbles(Teacher):
    """A teacher that raises what it is given for the scenario of one system turn."""

    def __init__(self, scenario: Scenario, problem: BaseException) -> None:
        self._at, self._problem = scenario.setting, problem

    def act(self, view: View, seed: int) -> Turn:
        if view.setting == self._at:
            raise self._problem
        return super().act(view, seed)


def made_with(problem: BaseException) -> list[Made]:
    """Ten scenarios, number 4 of which raises `problem`."""
    recipe = a_recipe(count=10)
    agents = open_agents(recipe, {}, Path())
    fourth = next(iter(make(a_catalog(), recipe, agents, range(4, 5)))).trace
    assert fourth
    agents = type(agents)(Stumbles(fourth.scenario, problem), agents.user)
    return list(make(a_catalog(), recipe, agents, range(10)))


def test_a_fault_of_ours_in_one_scenario_is_a_row_with_its_reason_counted_and_logged(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.ERROR):
        made = made_with(ZeroDivisionError("by nothing"))
    assert [each.number for each in made] == list(range(10))
    bad = made[4].dialogue
    assert bad
    assert [verdict.verifier for verdict in bad.verdicts] == ["rollout"]
    assert "ZeroDivisionError: by nothing. This is a fault of DiaForge" in bad.verdicts[0].reason
    assert "Traceback" in caplog.text
    tally = GenerationTally("d")
    for each in made:
        tally.add(each.row())
    assert (tally.report()["asked"], tally.report()["faults"]) == (10, 1)
    assert tally.report()["rejected"]["rollout"] == 1


def test_a_failure_that_a_person_can_mend_is_a_row_and_no_fault():
    bad = made_with(ModelError("no such model"))[4]
    assert bad.dialogue
    assert (bad.fault, bad.dialogue.verdicts[0].reason) == ("", "no such model")


@pytest.mark.parametrize("problem", [MemoryError(), KeyboardInterrupt(), SystemExit(3), BudgetReached("all spent")])
def test_what_ends_a_run_goes_through(problem: BaseException):
    with pytest.raises(type(problem)):
        made_with(problem)


def test_a_scenario_that_cannot_be_drawn_is_a_row_and_the_others_are_as_ever(monkeypatch: pytest.MonkeyPatch):
    recipe = a_recipe(count=10)
    agents = open_agents(recipe, {}, Path())
    whole = [each.row() for each in make(a_catalog(), recipe, agents, range(10))]
    draw = shards.draw_scenarios

    def draws_all_but_two(catalog: Any, count: int, seed: int, choices: Any, *, start: int) -> Iterator[Scenario]:
        for number in range(start, start + count):
            if number in (0, 4):
                raise CatalogError("nothing stands beside it")
            yield from draw(catalog, 1, seed, choices, start=number)

    monkeypatch.setattr(shards, "draw_scenarios", draws_all_but_two)
    made = [each.row() for each in make(a_catalog(), recipe, agents, range(10))]
    missing = [{"undrawn": {"number": number, "error": "nothing stands beside it"}} for number in (0, 4)]
    assert made == [missing[0], *whole[1:4], missing[1], *whole[5:]]
    tally = GenerationTally("d")
    for row in made:
        tally.add(row)
    assert (tally.report()["asked"], tally.report()["undrawn"]) == (10, 2)
    with pytest.raises(CatalogError):
        list(make(a_catalog(), recipe, agents, range(4, 5)))

"""Mining again after changes: equal to mining anew, whatever changed; pairs kept down to one floor."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diaforge_core.catalog import closeness as closeness_module
from diaforge_core.catalog import mining
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.catalog.mining import Mined, mine
from diaforge_core.catalog.neighbours import closeness
from diaforge_core.records.tool import Tool
from tests.factories import a_tool

TOOLS = load_catalog("enterprise_apis.json").tools


def pairs_of(mined: Mined) -> dict[tuple[str, str], int]:
    names = [tool.name for tool in mined.measured.tools]
    pairs = mined.pairs
    rows = zip(pairs.one.tolist(), pairs.other.tolist(), pairs.steps.tolist(), strict=True)
    return {(names[one], names[other]): steps for one, other, steps in rows}


def assert_same(one: Mined, other: Mined) -> None:
    assert one.nearest() == other.nearest()
    assert one.pairs.floor == other.pairs.floor
    assert pairs_of(one) == pairs_of(other)


def edited(tools: Sequence[Tool], rng: random.Random, share: float) -> list[Tool]:
    """The tools in another order, some of them reworded, renamed or gone, and one more."""
    new = list(tools)
    for place in rng.sample(range(len(new)), round(share * len(new))):
        kind = rng.choice(["text", "name", "parameters"])
        if kind == "text":
            new[place] = new[place].model_copy(update={"description": f"Another thing number {place}."})
        elif kind == "name":
            new[place] = new[place].model_copy(update={"name": f"a_{rng.random()}".replace(".", "_")})
        else:
            new[place] = new[place].model_copy(update={"parameters": new[place - 1].parameters})
    for _ in range(round(share * len(new) / 2)):
        new.pop(rng.randrange(len(new)))
    rng.shuffle(new)
    return [
        *new,
        a_tool(f"Newcomer{rng.randrange(10**9)}", original_name="Newcomer", summary="Create a lead for a customer"),
    ]


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.0, 0.01, 0.05, 0.15]), spare=st.sampled_from([0, 1, 24]))
def test_after_any_change_mining_again_is_equal_to_mining_anew(seed: int, share: float, spare: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mining, "SPARE", spare)
        rng = random.Random(seed)
        mined, tools = mine(TOOLS, 4), list(TOOLS)
        for _ in range(2):
            tools = edited(tools, rng, share)
            mined = mine(tools, 4, mined)
            assert_same(mined, mine(tools, 4))


def test_where_nothing_changed_nothing_is_compared_or_embedded(monkeypatch: pytest.MonkeyPatch):
    before = mine(TOOLS, 4)

    def never(*_: object) -> None:
        raise AssertionError("compared again")

    monkeypatch.setattr(mining, "compare", never)
    monkeypatch.setattr(closeness_module, "told_of", never)
    assert_same(mine(TOOLS[::-1], 4, before), before)


def test_few_tools_that_come_and_go_are_all_listed():
    mined = mine(TOOLS[:3], 5)
    for count in (4, 6, 2, 1, 5):
        mined = mine(TOOLS[:count], 5, mined)
        assert_same(mined, mine(TOOLS[:count], 5))


def test_pairs_are_those_of_the_table_down_to_the_floor():
    table = closeness(TOOLS)
    names = [tool.name for tool in TOOLS]
    expected = {
        (min(names[a], names[b]), max(names[a], names[b])): round(float(table[a, b]) * 10_000)
        for a in range(len(names))
        for b in range(a)
        if table[a, b] >= mining.PAIR_FLOOR
    }
    assert pairs_of(mine(TOOLS, 4)) == expected


def test_too_many_pairs_leave_the_closest_down_to_one_floor(monkeypatch: pytest.MonkeyPatch):
    all_pairs = pairs_of(mine(TOOLS, 4))
    monkeypatch.setattr(mining, "MAX_PAIRS", 100)
    monkeypatch.setattr(mining, "SPARE_PAIRS", 30)
    monkeypatch.setattr(mining, "ROWS", 16)
    few = mine(TOOLS, 4)
    assert len(pairs_of(few)) <= 100
    assert pairs_of(few) == {pair: steps for pair, steps in all_pairs.items() if steps >= few.pairs.floor}
    assert sum(steps >= few.pairs.floor - 1 for steps in all_pairs.values()) > 100
    tools = edited(TOOLS, random.Random(3), 0.02)
    assert_same(mine(tools, 4, few), mine(tools, 4))


def test_hundreds_of_equal_tools_have_the_first_by_name():
    twins = [a_tool(f"Twin{i:04}", original_name="Twin", summary="The same") for i in range(700)]
    near = mine(twins, 3).nearest()
    assert [name for name, _ in near["Twin0400"]] == ["Twin0000", "Twin0001", "Twin0002"]
    assert [name for name, _ in near["Twin0001"]] == ["Twin0000", "Twin0002", "Twin0003"]

"""The parts of a split share no near-duplicate tools, and what straddles is counted."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from diaforge_core.catalog.neighbours import closeness
from diaforge_core.errors import DataError
from diaforge_core.generator.split import CLOSE, Split, split
from diaforge_core.records.dialogue import Dialogue, Verdict
from diaforge_core.records.tool import Catalog, Tool
from diaforge_core.services.workspace import open_workspace
from tests.factories import a_catalog, a_dialogue, a_scenario, a_tool, sales_tools

THINGS = (
    "lead", "invoice", "ticket", "contract", "supplier", "employee", "shipment", "budget", "role", "campaign", "asset",
    "payroll", "warranty", "forecast", "vacation", "meeting",
)  # fmt: skip


def tool_on(act: str, thing: str) -> Tool:
    return a_tool(f"{act}{thing.title()}", summary=f"{act} a {thing}", **{f"{thing}_id": "string!"})


FAMILIES = a_catalog(*(tool_on(act, thing) for thing in THINGS for act in ("Get", "Close", "Archive")))


def dialogues_over(catalog: Catalog, sets: list[tuple[str, ...]]) -> list[Dialogue]:
    return [
        a_dialogue(a_scenario(catalog, goal_tool=names[0], candidates=names, gold_arguments={}, stages=(), seed=number))
        for number, names in enumerate(sets)
    ]


def family_sets(per_family: int) -> list[tuple[str, ...]]:
    return [
        tuple(f"{act}{thing.title()}" for act in ("Get", "Close", "Archive"))
        for thing in THINGS
        for _ in range(per_family)
    ]


def tools_of(part: tuple[Dialogue, ...]) -> list[str]:
    return sorted({name for d in part for name in (*d.scenario.candidates, d.scenario.goal_tool)})


def closest(catalog: Catalog, a: tuple[Dialogue, ...], b: tuple[Dialogue, ...]) -> float:
    first, second = tools_of(a), tools_of(b)
    assert not set(first) & set(second)
    matrix = np.asarray(closeness(catalog.subset([*first, *second])))
    return float(matrix[: len(first), len(first) :].max())


def check_apart(catalog: Catalog, made: Split) -> None:
    assert closest(catalog, made.train, made.held_out) < made.closeness
    assert closest(catalog, made.validation, made.held_out) < made.closeness
    assert closest(catalog, made.train, made.validation) < made.closeness


def test_separate_families_are_dealt_out_whole_and_nothing_is_lost():
    dialogues = dialogues_over(FAMILIES, family_sets(5))
    made = split(FAMILIES, dialogues, 0.2, 0.1, seed=3, closeness=0.97)
    assert made.dropped == ()
    assert len(made.held_out) == pytest.approx(16, abs=4)
    assert len(made.validation) == pytest.approx(8, abs=4)
    assert len(made.train) + len(made.validation) + len(made.held_out) == len(dialogues)
    check_apart(FAMILIES, made)


def test_one_giant_component_is_cut_and_the_straddlers_are_counted():
    names = [tool.name for tool in FAMILIES.tools]
    sets = [tuple(names[(at + step) % len(names)] for step in range(4)) for at in range(len(names))] * 4
    dialogues = dialogues_over(FAMILIES, sets)
    made = split(FAMILIES, dialogues, 0.2, 0.1, seed=1, closeness=0.97)
    kept = len(made.train) + len(made.validation) + len(made.held_out)
    assert 0 < len(made.dropped) < len(dialogues) / 2
    assert kept + len(made.dropped) == len(dialogues)
    assert len(made.held_out) / kept == pytest.approx(0.2, abs=0.08)
    assert len(made.validation) / kept == pytest.approx(0.1, abs=0.06)
    check_apart(FAMILIES, made)


def test_a_split_repeats_under_its_seed_and_keeps_the_order_given():
    dialogues = dialogues_over(FAMILIES, family_sets(3))
    first, again, other = (split(FAMILIES, dialogues, seed=seed, closeness=0.97) for seed in (1, 1, 2))
    assert first == again
    assert first.held_out != other.held_out
    order = [dialogue.id for dialogue in dialogues]
    assert [order.index(d.id) for d in first.train] == sorted(order.index(d.id) for d in first.train)


def test_parts_of_no_size_stay_empty():
    dialogues = dialogues_over(FAMILIES, family_sets(2))
    made = split(FAMILIES, dialogues, held_out=0.25, validation=0.0, closeness=0.97)
    assert made.validation == ()
    assert made.held_out


def test_random_candidate_sets_still_part_at_the_default_closeness():
    rng = random.Random(4)
    names = [tool.name for tool in FAMILIES.tools]
    at = {name: place for place, name in enumerate(names)}
    sets = []
    for _ in range(120):
        goal = rng.choice(names)
        near = sorted(names, key=lambda name: (abs(at[name] - at[goal]), name))[1:7]
        sets.append((goal, *rng.sample(near, 3)))
    made = split(FAMILIES, dialogues_over(FAMILIES, sets), seed=2)
    assert made.closeness == CLOSE
    assert made.held_out
    assert made.train
    check_apart(FAMILIES, made)


def test_dialogues_that_cannot_be_parted_are_one_clear_message():
    names = tuple(tool.name for tool in sales_tools()[:4])
    with pytest.raises(DataError, match="cannot be split"):
        split(a_catalog(), dialogues_over(a_catalog(), [names] * 10))


def test_a_dataset_of_several_catalogs_is_split_with_the_tools_of_all(tmp_path: Path):
    """Within a catalog no thing is near another; together each has its near-duplicate in the other catalog."""
    acts = {"own": ("Get", "Close"), "other": ("Archive", "Reopen")}
    catalogs = [a_catalog(*(tool_on(act, thing) for thing in THINGS for act in acts[name]), name=name) for name in acts]
    made = [
        one.model_copy(update={"verdicts": (Verdict(verifier="format", passed=True),)})
        for catalog in catalogs
        for one in dialogues_over(catalog, 2 * [tuple(f"{a}{t.title()}" for a in acts[catalog.name]) for t in THINGS])
    ]
    with open_workspace(tmp_path / "workspace") as workspace:
        for catalog in catalogs:
            workspace.catalogs.put(catalog)
        workspace.datasets.create("both")
        workspace.datasets.add("both", made)
        parts = workspace.datasets.split("both", seed=3)
        assert (parts.held_out, parts.validation) > (0, 0)
        for judged in (parts.validation_dataset, parts.held_out_dataset):
            assert workspace.leaks.between(parts.train_dataset, judged).is_clean
        shorter = workspace.preflight.leave_out("both", (made[0].id,))
        assert len(workspace.masks.ids(shorter)) == len(made) - 1
        assert {workspace.datasets.info(name).catalog for name in (parts.train_dataset, shorter)} == {""}
        assert list(workspace.variety._catalogs(made)) == catalogs

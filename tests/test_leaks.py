"""A model is not judged by what it learned from, nor by near-duplicates of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from diaforge_core.records.dialogue import Verdict
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog, a_dialogue, a_scenario, a_tool, sales_tools

CATALOG = a_catalog(*sales_tools(), a_tool("Kitchen_OrderLunch", dish="string!", summary="Order a meal"))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(CATALOG)
        yield opened


def put(workspace: Workspace, dataset: str, *candidates: str, seed: int = 7) -> None:
    scenario = a_scenario(CATALOG, goal_tool=candidates[0], candidates=candidates, seed=seed)
    workspace.datasets.create(dataset)
    workspace.datasets.add(dataset, [a_dialogue(scenario, verdicts=(Verdict(verifier="format", passed=True),))])


def test_a_dialogue_in_both_is_shared(workspace: Workspace) -> None:
    for name in ("learned", "judged"):
        put(workspace, name, "CRM_CreateLead", "CRM_UpdateLead")
    found = workspace.leaks.between("learned", "judged")
    assert (found.dialogues, found.shared, found.near) == (1, 1, 1)
    assert not found.is_clean


def test_another_dialogue_with_the_same_tools_leaks_too(workspace: Workspace) -> None:
    put(workspace, "learned", "CRM_CreateLead", "CRM_UpdateLead")
    put(workspace, "judged", "CRM_CreateLead", "CRM_CreateContact", seed=8)
    found = workspace.leaks.between("learned", "judged")
    assert (found.shared, found.near) == (0, 1)
    assert found.closest is not None
    assert found.closest[2] == 1.0


def test_an_empty_side_leaks_nothing(workspace: Workspace) -> None:
    put(workspace, "learned", "CRM_CreateLead", "CRM_UpdateLead")
    workspace.datasets.create("empty")
    assert workspace.leaks.between("learned", "empty").is_clean


def test_unlike_tools_do_not_leak(workspace: Workspace) -> None:
    put(workspace, "learned", "CRM_CreateLead", "CRM_UpdateLead")
    put(workspace, "judged", "Kitchen_OrderLunch", seed=8)
    found = workspace.leaks.between("learned", "judged")
    assert found.is_clean
    assert found.closest is not None
    assert found.closest[1] == "Kitchen_OrderLunch"
    assert found.closest[2] < 0.5


def test_dialogues_are_parted_from_those_that_judge(workspace: Workspace) -> None:
    put(workspace, "judged", "CRM_CreateLead", "CRM_UpdateLead")
    put(workspace, "learned", "CRM_CreateContact", "CRM_CreateLead", seed=8)
    put(workspace, "apart", "Kitchen_OrderLunch", seed=9)
    near, far = (workspace.datasets.load(name) for name in ("learned", "apart"))
    assert workspace.leaks.apart([*far, *near], ["judged"]) == far
    assert workspace.leaks.apart([*far, *near], []) == [*far, *near]


def test_near_duplicates_in_two_catalogs_are_seen(workspace: Workspace) -> None:
    twin = a_catalog(CATALOG.tool("CRM_CreateLead").model_copy(update={"name": "Sales_AddLead"}), name="other")
    workspace.catalogs.put(twin)
    put(workspace, "learned", "CRM_CreateLead", "CRM_UpdateLead")
    scenario = a_scenario(twin, goal_tool="Sales_AddLead", candidates=("Sales_AddLead",), seed=8)
    workspace.datasets.create("judged")
    passed = (Verdict(verifier="format", passed=True),)
    workspace.datasets.add("judged", [a_dialogue(scenario, verdicts=passed)])
    found = workspace.leaks.between("learned", "judged")
    assert (found.shared, found.near) == (0, 1)
    assert found.closest is not None
    assert found.closest[:2] == ("CRM_CreateLead", "Sales_AddLead")

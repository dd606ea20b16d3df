"""Catalogs of odd tools give scenarios or one clear message, and never stop a draw half-way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from diaforge_core.catalog.arguments import validate
from diaforge_core.conversation.choices import Choices
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import CatalogError
from diaforge_core.records.tool import Tool
from tests.factories import a_catalog, a_tool, sales_tools, wide_catalog


def nested(depth: int) -> dict[str, Any]:
    """What a schema that refers to itself looks like once its references are resolved so many levels deep."""
    inner = nested(depth - 1) if depth else {}
    return {"type": "object", "properties": {"name": {"type": "string"}, **({"child": inner} if depth else {})}}


MANY = [f"field_{number}" for number in range(120)]
ODD = {
    "without parameters": a_tool("ListRoles", summary="List all roles"),
    "with 120 optional parameters": a_tool("SearchRoles", summary="Search roles", **dict.fromkeys(MANY, "string")),
    "with 120 required parameters": a_tool("CreateRole", summary="Create a role", **dict.fromkeys(MANY, "string!")),
    "that refers to itself": a_tool("CopyRole", summary="Copy a role", role={**nested(40), "required!": True}),
    "with only optional parameters": a_tool("UpdateRole", summary="Update a role", title="string", size="integer"),
}


@pytest.mark.parametrize("kind", ODD)
def test_a_tool_gives_scenarios(kind: str):
    goal = ODD[kind]
    catalog = a_catalog(*sales_tools(), *ODD.values())
    for scenario in draw_scenarios(catalog, 6, 3, Choices(goal_tools=[goal.name])):
        assert scenario.goal_tool == goal.name
        assert validate(goal, scenario.gold_arguments) == []


def test_a_tool_that_no_call_fits_is_passed_over():
    impossible = a_tool("GetNothing", summary="Get nothing", id={"type": "string", "enum": [1], "required!": True})
    catalog = a_catalog(*sales_tools(), impossible)
    drawn = list(draw_scenarios(catalog, 30, 3))
    assert len(drawn) == 30
    assert "GetNothing" not in {scenario.goal_tool for scenario in drawn}
    with pytest.raises(CatalogError, match=r"No valid arguments for 'GetNothing'.*leave the tool out as a goal"):
        next(draw_scenarios(catalog, 1, 3, Choices(goal_tools=["GetNothing"])))


@pytest.mark.parametrize(
    "tools",
    [
        sales_tools()[:1],
        sales_tools()[:2],
        tuple(a_tool(f"Twin{n}", summary="Do it", original_name="Twin", id="string!") for n in range(6)),
    ],
    ids=["one tool", "two tools", "identical tools"],
)
def test_too_little_to_choose_from_is_one_message_with_what_to_do(tools: tuple[Tool, ...]):
    with pytest.raises(CatalogError, match=r"No scenario can be drawn from catalog 'sample'.*Import more of the API"):
        next(draw_scenarios(a_catalog(*tools), 1, 0))


def test_another_process_with_other_hashes_draws_the_same_parts_in_any_order():
    """What one process draws in a row is what another draws from the end."""
    script = (
        "from tests.factories import wide_catalog\n"
        "from diaforge_core.conversation.scenarios import draw_scenarios\n"
        "for start in (6, 3, 0):\n"
        "    print(start, *(s.id for s in draw_scenarios(wide_catalog(), 3, 5, start=start)))\n"
    )
    root = Path(__file__).parents[1]
    said = {}
    for seed in ("1", "77"):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        lines = subprocess.check_output([sys.executable, "-c", script], env=env, cwd=root, text=True).splitlines()
        said[seed] = dict(line.split(" ", 1) for line in lines)
    ids = [scenario.id for scenario in draw_scenarios(wide_catalog(), 9, 5)]
    assert said["1"] == said["77"]
    assert " ".join(said["1"][start] for start in ("0", "3", "6")) == " ".join(ids)

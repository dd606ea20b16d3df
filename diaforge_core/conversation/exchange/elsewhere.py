"""Rows that another program wrote: what can honestly be made of a conversation and the tools beside it.

The goal is the tool that `seed` names or, without one, the tool called; gold arguments are those of the call to it; the
candidates are the tools offered, in their order; the user may say everything from the start. What a row does not tell
(persona, day, tier) is filled in as it follows from the rest or marked as unknown, and the cascade judges the outcome
like any other dialogue. A row from which no goal follows is refused.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ...catalog.formats import function_tools
from ...catalog.naming import unique_names
from ...records.base import canonical_json, content_id
from ...records.dialogue import Dialogue, Turn
from ...records.scenario import Persona, Scenario, Setting
from ...records.tool import Catalog, Tool, ToolCall
from ..effort import questions_needed
from ..gold import business_goal
from ..tiers import tier_of
from .messages import RowProblem, turns_of, unpacked

UNKNOWN = "unknown"
"""Who wrote the assistant's side, and a persona's part that the row does not tell."""
UNDATED = dt.date(2000, 1, 1)
"""The day of a conversation that states none: fixed, so that a file read twice gives the same dialogues."""
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


@dataclass(frozen=True, slots=True)
class Talk:
    """What a row from elsewhere says, its tools still as they stand there."""

    where: str
    """The row's place in its file."""
    turns: tuple[Turn, ...]
    scene: str
    """The words of its system messages."""
    offered: tuple[str, ...]
    """Canonical JSON of the tools that the assistant is shown."""
    distractors: tuple[str, ...]
    seed: str
    """The goal tool, as these; empty if the row names none."""
    persona: Persona

    @property
    def tools(self) -> tuple[str, ...]:
        """Every tool of the row once."""
        return tuple(dict.fromkeys([*self.offered, *self.distractors, *([self.seed] if self.seed else [])]))


def talk_of(where: str, row: dict[str, Any]) -> Talk:
    """What the row says; RowProblem if it is no conversation with its tools."""
    turns, scene = turns_of(row.get("messages", row.get("conversations")))
    if not turns:
        raise RowProblem("its conversation has no turn")
    seed = _listed([row["seed"]] if row.get("seed") else [], "its seed")
    offered = _listed(row.get("retrieved_tools", row.get("tools")), "its list of tools")
    distractors = _listed(row.get("distractor_tools"), "its list of distractor tools")
    known = {_name(tool): canonical_json(tool) for tool in [*seed, *distractors, *offered] if isinstance(tool, dict)}
    written = [tuple(_written(tool, known) for tool in tools) for tools in (seed, offered, distractors)]
    if not written[1]:
        raise RowProblem("it offers no tools")
    scene = "\n".join(filter(None, [scene, row["system"] if isinstance(row.get("system"), str) else ""]))
    return Talk(where, turns, scene, written[1], written[2], next(iter(written[0]), ""), _persona(row))


@dataclass(frozen=True, slots=True)
class Offered:
    """The tools of many rows as one catalog."""

    catalog: Catalog
    names: dict[str, str]
    """Canonical JSON of a tool as a row has it → its name in the catalog."""
    faults: dict[str, str]
    """Canonical JSON of a tool that could not be read → why."""


def tools_of(talks: Sequence[Talk], source: str, name: str) -> Offered:
    """All tools of these rows, each definition once, as the catalog `name`."""
    found: dict[str, Tool] = {}
    faults: dict[str, str] = {}
    for text in dict.fromkeys(text for talk in talks for text in talk.tools):
        read = function_tools.read([unpacked(text, "a tool")], source)
        if read.tools:
            found[text] = read.tools[0]
        else:
            faults[text] = read.skipped[0].why
    named = unique_names(list(found.values()))
    return Offered(
        catalog=Catalog(name=name, tools=named),
        names={text: tool.name for text, tool in zip(found, named, strict=True)},
        faults=faults,
    )


def dialogue_of(talk: Talk, offered: Offered) -> Dialogue:
    """The row's dialogue, not yet verified; RowProblem if no scenario follows from it."""
    names = _names(talk, offered)
    turns = tuple(_renamed(index, turn, names) for index, turn in enumerate(talk.turns, 1))
    calls = [turn.call for turn in turns if turn.call]
    if not talk.seed and not calls:
        raise RowProblem("no tool is called in it and no `seed` names the one that was wanted, so it has no goal")
    goal = offered.names[talk.seed] if talk.seed else calls[-1].name
    gold = next((call.arguments for call in reversed(calls) if call.name == goal), {})
    said = [turn.model_dump(mode="json") for turn in talk.turns]
    key = content_id(said, talk.offered, talk.distractors, talk.seed, talk.persona.model_dump(), str(_day(talk)))
    return Dialogue(id=key, scenario=_scenario(key, talk, offered, goal, gold), turns=turns, assistant=UNKNOWN)


def _names(talk: Talk, offered: Offered) -> dict[str, str]:
    """The names of the row's tools as it has them → their names in the catalog."""
    names: dict[str, str] = {}
    for text in talk.tools:
        name = _name(unpacked(text, "a tool"))
        if text in offered.faults:
            raise RowProblem(f"its tool {name[:64]} cannot be read: {offered.faults[text]}")
        if name in names:
            raise RowProblem(f"two different tools of it are named {name[:64]}")
        names[name] = offered.names[text]
    return names


def _scenario(key: str, talk: Talk, offered: Offered, goal: str, gold: dict[str, Any]) -> Scenario:
    candidates = tuple(dict.fromkeys(offered.names[text] for text in talk.offered))
    distractors = tuple(dict.fromkeys(offered.names[text] for text in talk.distractors)) or candidates
    scenario = Scenario(
        id=content_id("elsewhere", key),
        catalog=offered.catalog.name,
        catalog_version=offered.catalog.version,
        tier="baseline",
        goal_tool=goal,
        goal=business_goal(offered.catalog.tool(goal)),
        gold_arguments=gold,
        candidates=candidates,
        distractors=tuple(name for name in distractors if name != goal),
        persona=talk.persona,
        stages=(),
        setting=Setting(today=_day(talk)),
        questions_needed=0,
        seed=0,
    )
    tools = offered.catalog.subset(list(dict.fromkeys([*candidates, goal])))
    counted = Scenario.model_validate(scenario.model_dump() | {"questions_needed": questions_needed(scenario, tools)})
    return Scenario.model_validate(counted.model_dump() | {"tier": tier_of(counted, tools)})


def _renamed(number: int, turn: Turn, names: dict[str, str]) -> Turn:
    """The turn, its call under the tool's name in the catalog."""
    if turn.call is None:
        return turn
    if turn.call.name not in names:
        there = ", ".join(sorted(names)[:5]) + (" and others" if len(names) > 5 else "")
        raise RowProblem(f"turn {number} calls {turn.call.name[:64]}, which is none of its tools ({there})")
    call = ToolCall(name=names[turn.call.name], arguments=turn.call.arguments)
    return Turn.model_validate(turn.model_dump() | {"call": call})


def _day(talk: Talk) -> dt.date:
    """The first day that the system messages name."""
    for found in _DAY.finditer(talk.scene):
        with suppress(ValueError):
            return dt.date.fromisoformat(found[0])
    return UNDATED


def _listed(value: Any, what: str) -> list[Any]:
    """The tools of a list, each an object or a bare name; the list and each tool may be JSON text."""
    listed = unpacked(value, what) if isinstance(value, str) else value or []
    if not isinstance(listed, list):
        raise RowProblem(f"{what} is none")
    return [_tool(each) for each in listed]


def _tool(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = unpacked(value, "a tool")
    if isinstance(value, str) or (isinstance(value, dict) and _name(value)):
        return value
    raise RowProblem("one of its tools has no name")


def _name(tool: dict[str, Any]) -> str:
    inner = tool.get("function")
    name = (inner if isinstance(inner, dict) else tool).get("name")
    return name if isinstance(name, str) else ""


def _written(tool: Any, known: dict[str, str]) -> str:
    """Canonical JSON of a tool; one that is only named is looked for among the row's others."""
    if isinstance(tool, dict):
        return canonical_json(tool)
    if tool not in known:
        raise RowProblem(f"its tool {tool[:64]} is named without its parameters")
    return known[tool]


def _persona(row: dict[str, Any]) -> Persona:
    given = row.get("user_persona")
    if isinstance(given, dict):
        with suppress(ValidationError):
            return Persona.model_validate(given)
        given = canonical_json(given)
    told = given.strip() if isinstance(given, str) else ""
    return Persona(name=UNKNOWN, role=told or UNKNOWN, department=UNKNOWN)

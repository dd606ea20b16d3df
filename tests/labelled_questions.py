"""Labelled questions of assistants, and whether each is understood right (tests/questions/README.md has the labels).

Every question is put to the simulated user's own ear: `hear`, against the tools that the reader finds still open
after the talk before it. The user's own words never rule out what it needs, so where the reader takes these hand-made
turns to do so, all the tools shown are open. Right means

- `which`: the tools are parted as labelled, group by group. Where one thing is asked with a yes or a no for answer, a
  yes must leave one labelled group to the tool, and a no the other; tools that the label leaves out, because the talk
  has ruled them out for a person, may then stand on the side of the no.
- `values`: exactly the labelled parameters are asked for, and no tool.
- `both`: both of these.
- `confirm`: it is taken for a request to confirm, and the user answers yes if, and only if, every restated value is its
  own.
- `options`, `nothing`: it is taken for an open question, or for nothing that could be answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from diaforge_core.catalog.importing import import_bytes
from diaforge_core.conversation.hearing import hear
from diaforge_core.conversation.reading import read
from diaforge_core.conversation.simulated_user import ScriptedUser
from diaforge_core.conversation.understanding import Asked
from diaforge_core.records.dialogue import Turn
from diaforge_core.records.tool import Tool
from tests.factories import a_scenario

FOLDER = Path(__file__).parent / "questions"
OPEN = FOLDER / "questions-open.jsonl"
MORE = FOLDER / "questions-more.jsonl"
FRESH = FOLDER / "questions-fresh.jsonl"
REPLIES = FOLDER / "questions-replies.jsonl"
REAL = FOLDER / "questions-real.jsonl"
KINDS = ("which", "values", "both", "confirm", "options", "nothing")
_HEARD_AS = {"which": "facet", "both": "facet", "values": "arguments", "confirm": "confirmation", "options": "options",
             "nothing": "other"}  # fmt: skip


@cache
def families() -> dict[str, dict[str, Tool]]:
    """Family → the name of a tool in its list → tool, as an import of the list reads it."""
    files = ("catalogs.json", "catalogs-more.json", "catalogs-fresh.json", "catalogs-replies.json")
    written = {name: tools for file in files for name, tools in json.loads((FOLDER / file).read_text("utf-8")).items()}
    return {name: _family(name, tools) for name, tools in written.items()}


def _family(name: str, tools: Any) -> dict[str, Tool]:
    catalog = import_bytes([(f"{name}.json", json.dumps(tools).encode())], name)
    return {tool.original_name: tool for tool in catalog.tools}


def labelled(path: Path) -> Iterator[dict[str, Any]]:
    """The questions of a file, with the names that the tools have here."""
    return (_renamed(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())


def _renamed(question: dict[str, Any]) -> dict[str, Any]:
    tools = families()[question["family"]]
    means = question["means"]
    groups = (
        {"groups": [[tools[name].name for name in group] for group in means["groups"]]} if "groups" in means else {}
    )
    candidates = [tools[name].name for name in question["candidates"]]
    return question | {"goal": tools[question["goal"]].name, "candidates": candidates, "means": means | groups}


def heard(question: Mapping[str, Any]) -> Asked:
    """What the user makes of the question at this point of the talk."""
    return hear(question["question"], _open(question), _shown(question), _turns(question))


def is_right(question: Mapping[str, Any]) -> bool:
    """Whether the question is understood right, as the module says."""
    means, asked = question["means"], heard(question)
    if asked.kind != _HEARD_AS[means["kind"]]:
        return False
    if means["kind"] == "confirm":
        own = all(_folded(question["gold"].get(name)) == _folded(value) for name, value in means["arguments"].items())
        return _agrees(question) == own
    return set(asked.parameters) == set(means.get("parameters", ())) and _parted(asked, means.get("groups", ()))


def _folded(value: Any) -> Any:
    """The value as it sounds: nobody hears capital letters."""
    return value.casefold() if isinstance(value, str) else value


def _open(question: Mapping[str, Any]) -> list[Tool]:
    tools = _shown(question)
    still = read(tools, _turns(question), hear).open_tools
    return [tool for tool in tools if tool.name in still] if question["goal"] in still else tools


def _talk(question: Mapping[str, Any]) -> list[Turn]:
    """The turns before the question; none where the reader takes them to rule out what the user needs."""
    turns = _turns(question)
    return turns if question["goal"] in read(_shown(question), turns, hear).open_tools else []


def _shown(question: Mapping[str, Any]) -> list[Tool]:
    tools = {tool.name: tool for tool in families()[question["family"]].values()}
    return [tools[name] for name in question["candidates"]]


def _turns(question: Mapping[str, Any]) -> list[Turn]:
    return [Turn(speaker=turn["speaker"], reply=turn["text"]) for turn in question["turns"]]


def _parted(asked: Asked, labels: list[list[str]]) -> bool:
    meant = {frozenset(group) for group in labels}
    offered = {frozenset(group) for group in asked.groups}
    if len(offered) != 1 or len(meant) != 2:
        return offered == meant
    (yes,) = offered
    return yes in meant and not any(yes & other for other in meant - {yes})


def _agrees(question: Mapping[str, Any]) -> bool:
    tools = _shown(question)
    scenario = a_scenario(
        goal_tool=question["goal"],
        candidates=question["candidates"],
        gold_arguments=question["gold"],
        stages=(),
        bank="evaluation",
    )
    turns = [*_talk(question), Turn(speaker="assistant", reply=question["question"])]
    user = ScriptedUser(scenario, tools)
    return read(user.candidates, [*turns, user.answer(turns)], hear).confirmed

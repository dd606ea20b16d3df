"""Dialogues worded by hand, and faults to plant in them: what the verification cascade is measured on.

`clean_dialogues()` are the hand-worded ones, `generated_clean()` those of the generator under fixed seeds,
`planted(kind)` the faulty ones of one kind. Nothing here was written with the verifiers in view.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from diaforge_core.catalog.importing import import_catalog, load_catalog
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.scenario import InformationStage
from diaforge_core.records.tool import Catalog, ToolCall

from ..factories import a_dialogue, a_persona, a_scenario, a_setting

HERE = Path(__file__).parent
OWN_CATALOGS = ("banking", "facilities", "logistics")
DEMO = "demo"
BY_HAND = "by hand"
"""The teacher of a hand-worded dialogue."""
GENERATED = {DEMO: 50, "banking": 16, "facilities": 17, "logistics": 17}
"""How many generated dialogues each catalog contributes."""
SEED = 2026


class _Plain(yaml.SafeLoader):
    """YAML in which a date stays the text it is."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@cache
def planted_catalog(name: str) -> Catalog:
    """The demo catalog, or one of our own by name."""
    if name == DEMO:
        return load_catalog("enterprise_apis.json")
    return import_catalog([HERE / "catalogs" / f"{name}.json"], name)


@cache
def clean_dialogues() -> tuple[tuple[Dialogue, Catalog], ...]:
    """The hundred hand-worded dialogues that faults are planted in, in the order of files and entries."""
    return _worded("dialogues")


@cache
def held_out_dialogues() -> tuple[tuple[Dialogue, Catalog], ...]:
    """More hand-worded dialogues, to see how what was learnt from the hundred carries over."""
    return _worded("held_out")


def _worded(folder: str) -> tuple[tuple[Dialogue, Catalog], ...]:
    entries = (entry for file in sorted((HERE / folder).glob("*.yaml")) for entry in _entries(file))
    return tuple(_read(entry, number) for number, entry in enumerate(entries))


@cache
def generated_clean() -> tuple[tuple[Dialogue, Catalog], ...]:
    """A hundred dialogues of the generator under a fixed seed, all that it plays, whatever its own cascade says."""
    return tuple(
        (dialogue, planted_catalog(name)) for name, count in GENERATED.items() for dialogue in _generated(name, count)
    )


def _generated(name: str, count: int) -> list[Dialogue]:
    catalog = planted_catalog(name)
    played = UTCGen(catalog).generate(scenarios=draw_scenarios(catalog, count, seed=SEED))
    return [dialogue.model_copy(update={"verdicts": ()}) for _, dialogue in played]


def _entries(file: Path) -> list[dict[str, Any]]:
    return yaml.load(file.read_text(encoding="utf-8"), Loader=_Plain)


def _read(entry: dict[str, Any], number: int) -> tuple[Dialogue, Catalog]:
    catalog = planted_catalog(entry["catalog"])
    turns = tuple(_turns(entry["turns"], entry["gold"]))
    asked = sum(turn.speaker == "assistant" and not turn.call for turn in turns)
    name, role, department, style = entry["who"].split(", ")
    changes = {key: entry[key] for key in ("dial", "tier") if key in entry}
    scenario = a_scenario(
        catalog,
        goal_tool=entry["goal"],
        candidates=entry["among"],
        goal=entry["wants"],
        gold_arguments=entry["gold"],
        persona=a_persona(name=name, role=role, department=department, style=style),
        stages=tuple(InformationStage(turn=turn, revealed=tuple(what)) for turn, what in _stages(entry)),
        setting=a_setting(confirm_destructive=entry.get("confirm", False)),
        questions_needed=asked,
        seed=number,
        **changes,
    )
    return a_dialogue(scenario, turns, assistant=BY_HAND), catalog


def _stages(entry: dict[str, Any]) -> list[tuple[int, list[str]]]:
    return list(entry.get("stages", {}).items())


def _turns(script: str, gold: dict[str, Any]) -> Iterator[Turn]:
    """The turns of a script: `U:` a user's words, `T:` a thought, then `A:` words or `C:` a call with the gold."""
    thought = ""
    for line in script.strip().splitlines():
        who, words = line[:2], line[2:].strip()
        if who == "U:":
            yield Turn(speaker="user", reply=words)
        elif who == "T:":
            thought = words
        elif who == "A:":
            yield Turn(speaker="assistant", thought=thought, reply=words)
        elif who == "C:":
            yield Turn(speaker="assistant", thought=thought, call=ToolCall(name=words, arguments=gold))
        else:
            raise ValueError(f"a line of a script starts with U:, T:, A: or C:, not {line[:20]!r}")

"""What planting a fault takes: places in a dialogue, its values, and edits that keep everything else as it was."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.scenario import InformationStage
from diaforge_core.records.tool import Catalog, Tool, ToolCall

Path = tuple[str | int, ...]
Planted = tuple[Dialogue, int | None]
"""The faulty dialogue, and the turn that the verdict should point at where only one can be meant."""
Plant = Callable[[Dialogue, Catalog, random.Random], Planted | None]
DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True)
class Fault:
    """One kind of fault: how it is planted, and which verifiers may rightly catch it (any of them counts)."""

    name: str
    what: str
    caught_by: frozenset[str]
    plant: Plant


FAULTS: dict[str, Fault] = {}
"""Every kind by name, filled in by the modules that define them."""


def fault(what: str, *caught_by: str) -> Callable[[Plant], Plant]:
    """Enters a planting function under its own name."""

    def enter(plant: Plant) -> Plant:
        name = getattr(plant, "__name__", "")
        FAULTS[name] = Fault(name, what, frozenset(caught_by), plant)
        return plant

    return enter


def with_turns(dialogue: Dialogue, turns: list[Turn] | tuple[Turn, ...]) -> Dialogue:
    """The dialogue with these turns and no verdicts."""
    return dialogue.model_copy(update={"turns": tuple(turns), "verdicts": ()})


def with_turn(dialogue: Dialogue, index: int, **changes: Any) -> Dialogue:
    """The dialogue with fields of one turn changed."""
    turns = list(dialogue.turns)
    turns[index] = turns[index].model_copy(update=changes)
    return with_turns(dialogue, turns)


def inserted(dialogue: Dialogue, index: int, *turns: Turn) -> Dialogue:
    """The dialogue with turns put in before the one at `index`."""
    return with_turns(dialogue, [*dialogue.turns[:index], *turns, *dialogue.turns[index:]])


def with_scenario(dialogue: Dialogue, **changes: Any) -> Dialogue:
    """The dialogue with fields of its scenario changed."""
    return dialogue.model_copy(update={"scenario": dialogue.scenario.model_copy(update=changes), "verdicts": ()})


def call_at(dialogue: Dialogue) -> int | None:
    """Where the one call is; None where the dialogue ends in a refusal."""
    last = len(dialogue.turns) - 1
    return last if dialogue.turns[last].call else None


def call_of(dialogue: Dialogue) -> ToolCall | None:
    """The call that the dialogue ends with, if any."""
    return dialogue.turns[-1].call


def calling(dialogue: Dialogue, name: str | None = None, arguments: Mapping[str, Any] | None = None) -> Dialogue:
    """The dialogue whose call has another name or other arguments."""
    call = dialogue.turns[-1].call
    assert call is not None
    new = ToolCall(name=name or call.name, arguments=dict(call.arguments if arguments is None else arguments))
    return with_turn(dialogue, len(dialogue.turns) - 1, call=new)


def calling_gold(dialogue: Dialogue, arguments: Mapping[str, Any]) -> Dialogue:
    """The dialogue whose call and whose gold arguments are both these, so that only the words can tell."""
    stages = tuple(
        InformationStage(turn=stage.turn, revealed=tuple(name for name in stage.revealed if name in arguments))
        for stage in dialogue.scenario.stages
    )
    return with_scenario(calling(dialogue, arguments=arguments), gold_arguments=dict(arguments), stages=stages)


def goal_tool(dialogue: Dialogue, catalog: Catalog) -> Tool:
    """The tool the dialogue is about."""
    return catalog.tool(dialogue.scenario.goal_tool)


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar in nested arguments with its path."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from leaves(part, (*path, index))
    else:
        yield path, value


def set_at(arguments: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy of the arguments with the value at `path` replaced."""
    new = deepcopy(dict(arguments))
    place: Any = new
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return new


def schema_at(tool: Tool, path: Path) -> dict[str, Any]:
    """The schema of the value at `path`; empty where the tool does not say."""
    schema: dict[str, Any] = tool.parameters
    for step in path:
        schema = schema.get("items", {}) if isinstance(step, int) else schema.get("properties", {}).get(step, {})
    return schema


def objects(value: Any, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every object inside nested arguments, without the outermost one."""
    if isinstance(value, Mapping):
        if path:
            yield path, value
        for key, part in value.items():
            yield from objects(part, (*path, key))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from objects(part, (*path, index))


def user_turns(dialogue: Dialogue) -> list[int]:
    """Where the user speaks."""
    return [index for index, turn in enumerate(dialogue.turns) if turn.speaker == "user"]


def replies(dialogue: Dialogue) -> list[int]:
    """Where the assistant speaks instead of calling."""
    return [index for index, turn in enumerate(dialogue.turns) if turn.speaker == "assistant" and not turn.call]


def all_said(dialogue: Dialogue) -> str:
    """All that the user says, as one text."""
    return "\n".join(dialogue.turns[index].reply for index in user_turns(dialogue))


def stated(dialogue: Dialogue) -> list[tuple[Path, str, int]]:
    """Values that stand letter for letter in exactly one user turn: path, value, turn."""
    found = []
    for path, value in leaves(dialogue.scenario.gold_arguments):
        if not isinstance(value, str) or len(value) < 4:
            continue
        where = [index for index in user_turns(dialogue) if value in dialogue.turns[index].reply]
        if len(where) == 1 and dialogue.turns[where[0]].reply.count(value) == 1:
            found.append((path, value, where[0]))
    return found


def pick(rng: random.Random, items: list[Any]) -> Any:
    """One of the items; None where there is none."""
    return rng.choice(items) if items else None


def in_words(name: str) -> str:
    """A parameter's or tool's name as people say it: `incidentNumber` → incident number."""
    return " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)).lower()


def other_digits(text: str, rng: random.Random) -> str:
    """The text with each digit moved on by the same random step."""
    step = rng.randint(1, 8)
    return re.sub(r"\d", lambda match: str((int(match[0]) + step) % 10), text)


def another(value: Any, rng: random.Random) -> Any:
    """Another value of the same make that is still plausible; None for plain words, dates and truth values."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value + rng.randint(2, 9)
    if isinstance(value, float):
        return value + rng.choice((13.0, 40.0, 250.0))
    if DATE.match(value):
        return None
    if "@" in value:
        return f"{rng.choice(('kira.vance', 'd.osei', 'paul.rehn'))}@{value.split('@')[1]}"
    return other_digits(value, rng) if re.search(r"\d", value) else None


def demands_confirmation(dialogue: Dialogue, catalog: Catalog) -> bool:
    """Whether the call must be confirmed once."""
    tool = goal_tool(dialogue, catalog)
    return (
        call_at(dialogue) is not None
        and dialogue.scenario.setting.confirm_destructive
        and (tool.side_effect == "destructive")
    )


def gold_of(dialogue: Dialogue) -> dict[str, Any]:
    """The gold arguments, in a dictionary of their own."""
    return dict(dialogue.scenario.gold_arguments)


def place_in(dialogue: Dialogue, rng: random.Random, items: list[Any]) -> Any:
    """One of the items, where the dialogue calls at all."""
    return pick(rng, items) if call_at(dialogue) is not None else None


def at_the_call(dialogue: Dialogue) -> Planted:
    """This dialogue, with its last turn as the place of the fault."""
    return dialogue, len(dialogue.turns) - 1

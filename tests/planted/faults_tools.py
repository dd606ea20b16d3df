"""Faults in which tool is called, whether one is called at all, and when."""

from __future__ import annotations

import random

from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.tool import Catalog

from . import BY_HAND
from .planting import (
    Planted,
    at_the_call,
    call_at,
    calling,
    fault,
    gold_of,
    in_words,
    place_in,
    stated,
    with_scenario,
    with_turn,
    with_turns,
)

REFUSALS = (
    "I'm sorry, none of my tools can do that.",
    "Unfortunately there's nothing among my functions that fits your request.",
    "That is outside of what I can do here, sorry.",
)


@fault("A near-duplicate among the candidates is called with the same arguments.", "tool_call")
def wrong_twin(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    others = [name for name in dialogue.scenario.candidates if name != dialogue.scenario.goal_tool]
    name = place_in(dialogue, rng, others)
    return name and at_the_call(calling(dialogue, name))


@fault("A tool that exists nowhere is called.", "tool_call")
def invented_tool(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    end = place_in(dialogue, rng, ["V2", "Bulk", "_now", "Quick"])
    return end and at_the_call(calling(dialogue, dialogue.scenario.goal_tool + end))


@fault("A tool of the catalog that is not among the candidates is called.", "tool_call")
def tool_not_in_view(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    unseen = [tool.name for tool in catalog.tools if tool.name not in dialogue.scenario.candidates]
    name = place_in(dialogue, rng, unseen)
    return name and at_the_call(calling(dialogue, name))


@fault("The assistant calls a candidate though none fits.", "tool_call")
def calls_though_none_fits(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if dialogue.scenario.solvable:
        return None
    turn = Turn.model_validate(
        {
            "speaker": "assistant",
            "thought": "Close enough, so I call it.",
            "call": {"name": rng.choice(dialogue.scenario.candidates), "arguments": {}},
        }
    )
    return with_turns(dialogue, [*dialogue.turns[:-1], turn]), len(dialogue.turns) - 1


@fault("The assistant says that none fits though one does.", "tool_call", "format")
def refuses_though_one_fits(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if (at := call_at(dialogue)) is None:
        return None
    thought = rng.choice(("None of these does it.", "I see no way to do this."))
    return with_turn(dialogue, at, call=None, thought=thought, reply=rng.choice(REFUSALS)), None


@fault("The assistant refuses at once, without a question.", "phase_order", "format", "tool_call")
def refuses_without_asking(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if dialogue.scenario.solvable or len(dialogue.turns) < 4:
        return None
    return with_turns(dialogue, [dialogue.turns[0], dialogue.turns[-1]]), None


@fault("The call is made before the user has said the values.", "grounding", "phase_order", "arguments")
def calls_before_the_values(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    places = stated(dialogue)
    if call_at(dialogue) is None or not places:
        return None
    last = max(index for _, _, index in places)
    if last == 0:
        return None
    return with_turns(dialogue, [*dialogue.turns[: last - 1], dialogue.turns[-1]]), last - 1


@fault("The call is made while the words still fit several candidates.", "phase_order")
def calls_before_it_is_clear(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if call_at(dialogue) is None or dialogue.assistant != BY_HAND:
        return None
    opening = dialogue.turns[0].reply
    if _all_shared(dialogue, catalog):
        values = ", ".join(f"{in_words(key)} {value}" for key, value in gold_of(dialogue).items())
        opening = f"{opening.rstrip()} {rng.choice(('It is', 'Take', 'You need', 'For that:'))} {values}."
    first = dialogue.turns[0].model_copy(update={"reply": opening})
    return with_scenario(with_turns(dialogue, [first, dialogue.turns[-1]]), stages=()), 1


def _all_shared(dialogue: Dialogue, catalog: Catalog) -> bool:
    """Whether another candidate takes all the same values, so that they do not tell which is meant."""
    gold = gold_of(dialogue)
    others = [catalog.tool(name) for name in dialogue.scenario.candidates if name != dialogue.scenario.goal_tool]
    plain = all(isinstance(value, (str, int, float)) for value in gold.values())
    return plain and any(gold.keys() <= other.properties.keys() for other in others)

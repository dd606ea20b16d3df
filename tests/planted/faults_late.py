"""Ten kinds more, worded after the verifiers had learnt of the thirty before them."""

from __future__ import annotations

import random
import re

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.tool import Catalog

from .planting import (
    Planted,
    at_the_call,
    call_at,
    calling_gold,
    demands_confirmation,
    fault,
    gold_of,
    leaves,
    pick,
    place_in,
    replies,
    set_at,
    stated,
    with_turn,
    with_turns,
)


@fault("A reply says the same sentence three times.", "format", "relevance")
def loops(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = pick(rng, replies(dialogue))
    if index is None:
        return None
    words = dialogue.turns[index].reply
    last = re.split(r"(?<=[.!?])\s+", words)[-1]
    return with_turn(dialogue, index, reply=rng.choice((f"{words} {words} {words}", f"{words} {last} {last}"))), index


@fault("The user answers the confirmation with a question, and the call is made.", "phase_order")
def question_for_an_answer(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if not demands_confirmation(dialogue, catalog):
        return None
    asked = rng.choice(
        (
            "What happens to the rest then?",
            "Can that be undone?",
            "Who will be told about it?",
            "Would that cost us anything?",
        )
    )
    return at_the_call(with_turn(dialogue, len(dialogue.turns) - 2, reply=asked))


@fault("The refusal says that something was done instead.", "tool_call", "relevance", "grounding")
def refusal_claims_a_deed(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if call_at(dialogue) is not None:
        return None
    index = len(dialogue.turns) - 1
    deed = rng.choice(
        (
            "I've forwarded your request to the team.",
            "Still, I have opened a ticket for you.",
            "A colleague was informed and will call you back today.",
            "I have noted it down in your file meanwhile.",
        )
    )
    return with_turn(dialogue, index, reply=f"{dialogue.turns[index].reply} {deed}"), index


@fault("The user wants none of what was offered, and the assistant goes on.", "phase_order", "tool_call")
def none_of_these(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if call_at(dialogue) is None or len(dialogue.turns) < 4:
        return None
    said = " ".join(f"{value}." for _, value, turn in stated(dialogue) if turn == 2)
    refused = rng.choice(("None of those, I'm afraid.", "No, it's something else entirely.", "Neither, that's not it."))
    return with_turn(dialogue, 2, reply=f"{refused} {said}".strip()), None


@fault("The assistant asks in a language that the user does not speak.", "relevance", "format")
def asked_in_another_language(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = place_in(dialogue, rng, replies(dialogue))
    if index is None:
        return None
    foreign = rng.choice(
        (
            "Was genau soll ich damit tun, und welche Angaben haben Sie dazu?",
            "Que souhaitez-vous faire exactement, et avec quelles informations ?",
            "¿Qué quiere hacer exactamente y con qué datos?",
        )
    )
    return with_turn(dialogue, index, reply=foreign), index


@fault("The cents of an amount are dropped, in the gold arguments too.", "grounding")
def cents_dropped(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    gold, places = gold_of(dialogue), []
    for _, value in leaves(gold):
        whole = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 10 and value == int(value)
        said = re.compile(rf"(?<![\w.,-])(?:{value:.0f}|{value:,.0f})(?![\w-]|[.,]\d)") if whole else None
        turns = range(0, len(dialogue.turns), 2)
        places += [(value, said, turn) for turn in turns if said and said.search(dialogue.turns[turn].reply)]
    place = place_in(dialogue, rng, places)
    if place is None:
        return None
    _, said, turn = place
    cents = rng.choice((".40", ".75", ".99"))
    words = said.sub(lambda found: found[0] + cents, dialogue.turns[turn].reply, count=1)
    return at_the_call(with_turn(dialogue, turn, reply=words))


@fault("A letter of a name is lost, in the gold arguments too.", "grounding")
def letter_lost(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    names = [
        (path, value) for path, value, _ in stated(dialogue) if re.fullmatch(r"[A-Z]\w{3,}(?: [A-Z]\w{3,})*", value)
    ]
    place = place_in(dialogue, rng, [(path, value) for path, value in names if not re.search(r"\d", value)])
    if place is None:
        return None
    path, value = place
    lost = rng.randrange(1, len(value.split()[0]) - 1)
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), path, value[:lost] + value[lost + 1 :])))


@fault("A moment has the hours of the words in another zone, in the gold arguments too.", "grounding")
def clock_in_another_zone(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    moments = [
        (path, value) for path, value in leaves(gold_of(dialogue)) if re.search(r"T\d\d:\d\d(:\d\d)?Z$", str(value))
    ]
    place = place_in(dialogue, rng, moments)
    if place is None:
        return None
    path, value = place
    moved = value[:-1] + rng.choice(("+02:00", "-05:00", "+09:00"))
    return at_the_call(calling_gold(dialogue, set_at(gold_of(dialogue), path, moved)))


@fault(
    "A question and its answer have changed places between the speakers.", "relevance", "format", "phase_order", "leak"
)
def words_exchanged(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = place_in(dialogue, rng, replies(dialogue))
    if index is None:
        return None
    asked, answered = dialogue.turns[index].reply, dialogue.turns[index + 1].reply
    return with_turn(with_turn(dialogue, index, reply=answered), index + 1, reply=asked), None


@fault("The thoughts of two assistant turns have changed places.", "phase_order", "tool_call", "grounding", "relevance")
def thoughts_exchanged(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if call_at(dialogue) is None or not replies(dialogue):
        return None
    first, last = replies(dialogue)[0], len(dialogue.turns) - 1
    turns = list(dialogue.turns)
    thoughts = turns[first].thought, turns[last].thought
    turns[first] = turns[first].model_copy(update={"thought": thoughts[1]})
    turns[last] = turns[last].model_copy(update={"thought": thoughts[0]})
    return with_turns(dialogue, turns), None

"""Words and thoughts gone wrong in ways that nobody had listed."""

from __future__ import annotations

import random
import re

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.tool import Catalog, Tool

from .planting import (
    Planted,
    demands_confirmation,
    fault,
    goal_tool,
    in_words,
    leaves,
    pick,
    place_in,
    replies,
    stated,
    user_turns,
    with_turn,
)

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
DIGITS = ("zero", *NUMBERS[1:10])
MISTAKEN = ("phase_order", "relevance", "grounding", "tool_call")
"""The verifiers that may rightly say of a thought that it has the state of things wrong."""


def deed_of(tool: Tool) -> str:
    """What the tool does, as an infinitive: the start of its text up to the first full stop."""
    verb, *rest = re.split(r"[.:;](?:\s|$)", tool.summary or tool.text)[0].split()
    plain = re.sub(r"(?<=[^s])s$", "", re.sub(r"(?<=[^aeiou])ies$", "y", verb.lower()))
    return " ".join([plain, *rest])


def others(dialogue: Dialogue, catalog: Catalog) -> list[Tool]:
    """The candidates that are not meant."""
    return [catalog.tool(name) for name in dialogue.scenario.candidates if name != dialogue.scenario.goal_tool]


def named(dialogue: Dialogue) -> list[tuple[str, str, int]]:
    """Values of the top level that stand in one user turn: their names in words, values and turns."""
    return [(in_words(str(path[0])), value, turn) for path, value, turn in stated(dialogue) if len(path) == 1]


def with_values_of(dialogue: Dialogue, turn: int, words: str) -> str:
    """The words, and after them the values that the turn states."""
    said = [f" The {name} is {value}." for name, value, where in named(dialogue) if where == turn]
    return words + "".join(said)


@fault("A question for a missing value asks for one that is known as well.", "relevance")
def asks_for_a_known_one_too(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    asked = [index for index in replies(dialogue)[1:] if "?" in dialogue.turns[index].reply]
    if demands_confirmation(dialogue, catalog):
        asked = asked[:-1]
    place = place_in(
        dialogue, rng, [(index, name) for index in asked for name, _, turn in named(dialogue) if turn < index]
    )
    if place is None:
        return None
    index, name = place
    more = rng.choice((f"And what is the {name}?", f"Also, the {name}, please?", f"I need the {name}, too."))
    return with_turn(dialogue, index, reply=f"{dialogue.turns[index].reply} {more}"), index


@fault("The first question offers what the opening has ruled out.", "relevance", "phase_order")
def offers_what_was_ruled_out(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    first = next(iter(replies(dialogue)), None)
    if first is None or len(dialogue.scenario.candidates) < 3:
        return None
    asked = dialogue.turns[first].reply.lower()
    offered = [tool for tool in others(dialogue, catalog) if deed_of(tool).split()[0] in re.findall(r"\w+", asked)]
    tool = place_in(dialogue, rng, offered)
    if tool is None:
        return None
    form = rng.choice(
        ("I don't want to {deed}, though.", "It's not to {deed}.", "Just so you know, I'm not going to {deed}.")
    )
    words = f"{dialogue.turns[0].reply.rstrip()} {form.format(deed=deed_of(tool))}"
    return with_turn(dialogue, 0, reply=words), first


@fault("The user's answer leaves two tasks, and the assistant goes on with one.", "phase_order", "relevance")
def answer_leaves_two(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    twin = place_in(dialogue, rng, others(dialogue, catalog))
    if twin is None or len(user_turns(dialogue)) != 2 or len(dialogue.scenario.candidates) < 3:
        return None
    two = [deed_of(goal_tool(dialogue, catalog)), deed_of(twin)]
    rng.shuffle(two)
    form = rng.choice(
        ("Either to {} or to {}, it's one of these.", "It must be to {} or else to {}.", "To {}, or to {}.")
    )
    return with_turn(dialogue, 2, reply=with_values_of(dialogue, 2, form.format(*two))), None


@fault("The confirmation leaves one of the values out.", "relevance", "phase_order")
def confirmation_leaves_one_out(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if not demands_confirmation(dialogue, catalog):
        return None
    index = replies(dialogue)[-1]
    words = dialogue.turns[index].reply
    restated = [value for _, value, _ in named(dialogue) if words.count(value) == 1]
    if len(restated) < 2:
        return None
    gone = rng.choice(restated)
    return with_turn(dialogue, index, reply=words.replace(gone, rng.choice(("that", "the one you said")))), index


@fault("The confirmation restates the values, but for another task.", "relevance", "phase_order", "grounding")
def confirms_another_task(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    twin = pick(rng, others(dialogue, catalog))
    if twin is None or not demands_confirmation(dialogue, catalog):
        return None
    index = replies(dialogue)[-1]
    values = ", ".join(f"{in_words(str(path[-1]))} {value}" for path, value in leaves(dialogue.scenario.gold_arguments))
    words = rng.choice(("I am about to {deed}: {values}. Shall I?", "So I {deed}, with {values}. Is that right?"))
    return with_turn(dialogue, index, reply=words.format(deed=deed_of(twin), values=values)), index


def spelled(value: str) -> str:
    """A code or an address as people say it on the telephone."""
    signs = {"@": "at", ".": "dot", "-": "dash", "_": "underscore"}
    parts: list[str] = re.findall(r"\d|[^\W\d_]+|[@._-]", value)
    return " ".join(DIGITS[int(part)] if part.isdigit() else signs.get(part, part) for part in parts)


@fault("A code or an address is spelled out before its stage.", "leak")
def spelled_before_its_stage(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    turns, places = user_turns(dialogue), []
    for path, value, _ in stated(dialogue):
        stage = dialogue.scenario.stage_of(str(path[0]))
        if stage > 1 and re.search(r"\d{3}|@", value) and not re.match(r"\d{4}-\d\d-", value):
            places += [(turn, path, value) for turn in turns[: stage - 1]]
    place = pick(rng, places)
    if place is None:
        return None
    turn, path, value = place
    words = f"{dialogue.turns[turn].reply.rstrip()} By the way, the {in_words(str(path[-1]))} is {spelled(value)}."
    return with_turn(dialogue, turn, reply=words), turn


@fault("The opening is the goal tool's description, with small words strewn in.", "leak", "relevance", "phase_order")
def description_with_small_words(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    words = re.sub(r"[^\w\s'-]", "", goal_tool(dialogue, catalog).text).split()[:20]
    if len(words) < 9 or len(dialogue.scenario.candidates) < 2 or not dialogue.scenario.solvable:
        return None
    small = rng.choice((("well",), ("kind of", "really"), ("say", "you know")))
    strewn = [f"{word} {small[at % len(small)]}" if at % 4 == 3 else word for at, word in enumerate(words)]
    return with_turn(dialogue, 0, reply=f"I need something: {' '.join(strewn).lower()}."), None


@fault("The thought of a question says that a value was given which was not.", *MISTAKEN)
def thought_claims_given(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    said = named(dialogue)
    place = place_in(dialogue, rng, [(at, name) for at in replies(dialogue) for name, _, turn in said if turn > at])
    if place is None:
        return None
    index, name = place
    claim = rng.choice(("The {} was given already.", "They told me the {}.", "I have the {} already."))
    return with_turn(dialogue, index, thought=f"{dialogue.turns[index].thought} {claim.format(name)}"), index


@fault("The thought of a question says that a value is missing which was given.", *MISTAKEN)
def thought_claims_missing(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    said = named(dialogue)
    place = place_in(dialogue, rng, [(at, name) for at in replies(dialogue) for name, _, turn in said if turn < at])
    if place is None:
        return None
    index, name = place
    claim = rng.choice(("The {} has not been said yet.", "I still lack the {}.", "Nobody has told me the {} so far."))
    return with_turn(dialogue, index, thought=f"{dialogue.turns[index].thought} {claim.format(name)}"), index


@fault("A thought counts the tools wrong.", *MISTAKEN, "format")
def thought_counts_tools_wrong(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = next(iter(replies(dialogue)), None)
    if index is None:
        return None
    wrong = len(dialogue.scenario.candidates) + rng.randint(1, 4)
    count = rng.choice((str(wrong), NUMBERS[wrong]))
    claim = rng.choice(
        (f"There are {count} tools here.", f"I have {count} tools to choose from.", f"{count} tools fit.")
    )
    return with_turn(dialogue, index, thought=f"{claim} {dialogue.turns[index].thought}"), index


@fault("The assistant's turn says next to nothing, and the user answers as if it had asked.", "relevance", "format")
def next_to_nothing(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = place_in(dialogue, rng, replies(dialogue))
    return (
        None
        if index is None
        else (with_turn(dialogue, index, reply=rng.choice(("...", "Hm.", "OK.", "-", "?"))), index)
    )


@fault("A template's placeholder was left in somebody's words.", "format", "relevance", "leak")
def placeholder_left(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = pick(rng, [at for at, turn in enumerate(dialogue.turns) if turn.reply])
    hole = rng.choice(("{customer_name}", "[NAME]", "<your name>", "{{user}}", "$NAME", "XXX", "TODO"))
    words = dialogue.turns[index].reply
    return with_turn(dialogue, index, reply=rng.choice((f"Dear {hole}, {words}", f"{words} Regards, {hole}"))), index


@fault("The assistant says back the user's words in place of a question.", "relevance", "format", "grounding")
def parrots_the_user(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = place_in(dialogue, rng, replies(dialogue))
    return None if index is None else (with_turn(dialogue, index, reply=dialogue.turns[index - 1].reply), index)


@fault("The private thought stands in the public reply.", "format", "relevance", "leak", "phase_order")
def thought_said_aloud(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = pick(rng, replies(dialogue))
    if index is None:
        return None
    turn = dialogue.turns[index]
    aloud = rng.choice(
        (f"{turn.thought} {turn.reply}", f"{turn.reply}\n\n{turn.thought}", f"({turn.thought}) {turn.reply}")
    )
    return with_turn(dialogue, index, reply=aloud), index


@fault("A question breaks off in mid-sentence.", "format", "relevance")
def question_breaks_off(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    long = [index for index in replies(dialogue) if len(dialogue.turns[index].reply.split()) >= 7]
    index = place_in(dialogue, rng, long)
    if index is None:
        return None
    words = dialogue.turns[index].reply.split()
    kept = words[: max(2, rng.randint(len(words) // 3, 2 * len(words) // 3))]
    return with_turn(dialogue, index, reply=" ".join(kept).rstrip(",.;:?!")), index

"""Faults in what is said and thought: leaks, questions that should not be asked, confirmations, thoughts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.scenario import InformationStage
from diaforge_core.records.tool import Catalog

from . import BY_HAND
from .planting import (
    Planted,
    all_said,
    call_at,
    call_of,
    demands_confirmation,
    fault,
    goal_tool,
    in_words,
    inserted,
    leaves,
    pick,
    replies,
    stated,
    user_turns,
    with_scenario,
    with_turn,
    with_turns,
)  # fmt: skip

ASKS_FOR = (
    "What is the {n}?", "Could you tell me the {n}, please?", "I still need the {n}. What would it be?",
    "And the {n}?", "Which {n} shall I put down?", "One thing: what about the {n}?",
)  # fmt: skip
YESSES = ("yes", "Yes, please do.", "go on then", "Correct.", "that's right")
NO_THINGS = ("Why", "How", "What", "Where", "Who", "Whether", "Which", "Coming")
"""First words of a description that names no thing."""
LEAKS = ("It's the {n} thing.", "I think what I need is {n}.", "You know, {n}.", "Somebody told me to ask for {n}.")


def _asks(words: str, thought: str) -> Turn:
    return Turn(speaker="assistant", thought=thought, reply=words)


def _says(words: str) -> Turn:
    return Turn(speaker="user", reply=words)


def _label(dialogue: Dialogue, catalog: Catalog, name: str) -> str:
    """What people call a parameter: its short description where that is a thing, else its name in words."""
    described = goal_tool(dialogue, catalog).properties[name].get("description", "").rstrip(".")
    is_thing = described and described.split()[0] not in NO_THINGS and len(described.split()) <= 6
    return described[0].lower() + described[1:] if is_thing else in_words(name)


def _question(reply: str) -> str:
    """What a reply asks, without its greeting."""
    sentences = re.split(r"(?<=[.!?])\s+", reply)
    first = next((at for at, sentence in enumerate(sentences) if sentence.endswith("?")), 0)
    return " ".join(sentences[first:])


def _leaks_in_opening(
    spelled: Callable[[str], str], dialogue: Dialogue, catalog: Catalog, rng: random.Random
) -> Planted:
    name = spelled(goal_tool(dialogue, catalog).original_name)
    words = f"{dialogue.turns[0].reply.rstrip()} {rng.choice(LEAKS).format(n=name)}"
    return with_turn(dialogue, 0, reply=words), 0


def _parts(name: str) -> list[str]:
    return in_words(name).split()


@fault("The opening holds the goal tool's name in camel case.", "leak")
def opening_leaks_camel_case(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    return _leaks_in_opening(lambda name: "".join(map(str.capitalize, _parts(name))), dialogue, catalog, rng)


@fault("The opening holds the goal tool's name in snake case.", "leak")
def opening_leaks_snake_case(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    return _leaks_in_opening(lambda name: "_".join(_parts(name)), dialogue, catalog, rng)


@fault("The opening holds the goal tool's name as plain words.", "leak")
def opening_leaks_spaced(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    return _leaks_in_opening(lambda name: " ".join(_parts(name)), dialogue, catalog, rng)


@fault("The opening holds the goal tool's name with dots or hyphens.", "leak")
def opening_leaks_dotted(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    mark = rng.choice((".", "-", "/"))
    return _leaks_in_opening(lambda name: mark.join(_parts(name)), dialogue, catalog, rng)


@fault("The opening holds the goal tool's original name.", "leak")
def opening_leaks_original_name(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    return _leaks_in_opening(str, dialogue, catalog, rng)


@fault("A later user turn holds the goal tool's name of three or more words.", "leak")
def answer_leaks_the_name(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    name = goal_tool(dialogue, catalog).original_name
    index = pick(rng, user_turns(dialogue)[1:])
    if index is None or len(_parts(name)) < 3:
        return None
    spelled = rng.choice((name, "_".join(_parts(name)), " ".join(_parts(name)), "-".join(_parts(name))))
    words = f"{dialogue.turns[index].reply.rstrip()} {rng.choice(LEAKS).format(n=spelled)}"
    return with_turn(dialogue, index, reply=words), index


@fault("A user turn quotes six or more words of the goal tool's description.", "leak")
def quotes_the_description(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    sentences = re.split(r"(?<=[.!?])\s", goal_tool(dialogue, catalog).description)
    long = [sentence.split() for sentence in sentences if len(sentence.split()) >= 8]
    if (words := pick(rng, long)) is None:
        return None
    start = rng.randint(0, len(words) - 8)
    quote = " ".join(words[start : start + 8]).rstrip(".,;").lower()
    index = rng.choice(user_turns(dialogue))
    before = rng.choice(("Basically,", "The thing is:", "I mean it", "As they say,"))
    return with_turn(dialogue, index, reply=f"{dialogue.turns[index].reply.rstrip()} {before} {quote}."), index


@fault("A value is said before its stage.", "leak")
def value_before_its_stage(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = pick(rng, stated(dialogue))
    if place is None:
        return None
    name, index = place[0][0], place[2]
    number = user_turns(dialogue).index(index) + 1
    others = [
        InformationStage(turn=stage.turn, revealed=tuple(each for each in stage.revealed if each != name))
        for stage in dialogue.scenario.stages
    ]
    stages = (*others, InformationStage(turn=number + 1, revealed=(name,)))
    return with_scenario(dialogue, stages=stages), index if len(place[0]) == 1 else None


@fault("A slot is asked for before it is clear which tool is meant.", "phase_order", "relevance")
def slot_asked_too_early(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    name = pick(rng, list(goal_tool(dialogue, catalog).required))
    if dialogue.assistant != BY_HAND or not dialogue.scenario.solvable or name is None:
        return None
    question = _asks(rng.choice(ASKS_FOR).format(n=_label(dialogue, catalog, name)), "I need that value in any case.")
    later = rng.choice(
        ("I'll give you that later.", "don't have it at hand yet", "Later, please.", "Hm, need to check.")
    )
    return inserted(_stages_later(dialogue), 1, question, _says(later)), 1


def _stages_later(dialogue: Dialogue) -> Dialogue:
    """The same dialogue with every stage but the first one user turn later."""
    stages = tuple(
        stage.model_copy(update={"turn": stage.turn + (stage.turn > 1)}) for stage in dialogue.scenario.stages
    )
    return with_scenario(dialogue, stages=stages)


@fault("The user leaves the choice open, and the assistant goes on as if it were made.", "phase_order", "relevance")
def choice_left_open(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    scenario = dialogue.scenario
    if dialogue.assistant != BY_HAND or not scenario.solvable or scenario.tier == "expert":
        return None
    words = ("Whatever you think is best.", "Not sure, what would you do?", "either", "I don't know, you tell me.")
    return with_turn(dialogue, 2, reply=rng.choice(words)), 3


@fault("A value that the user has said is asked for again.", "relevance")
def known_value_asked_again(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = pick(rng, [each for each in stated(dialogue) if len(each[0]) == 1])
    if (at := call_at(dialogue)) is None or place is None:
        return None
    question = _asks(
        rng.choice(ASKS_FOR).format(n=_label(dialogue, catalog, place[0][0])), "I had better have that once more."
    )
    again = rng.choice(("As I said, {v}.", "{v}, I told you already", "Still {v}."))
    return inserted(dialogue, at, question, _says(again.format(v=place[1]))), at


@fault("An optional value is asked for.", "relevance")
def optional_value_asked(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    rules = goal_tool(dialogue, catalog)
    conditional = repr(rules.parameters.get("allOf")) + repr(rules.parameters.get("then"))
    conditional += repr([rules.parameters.get(key) for key in ("else", "oneOf", "anyOf", "dependentRequired")])
    gold = dialogue.scenario.gold_arguments
    free = [name for name in rules.properties if name not in rules.required and name not in gold]
    name = pick(rng, [name for name in free if repr(name) not in conditional])
    if (at := call_at(dialogue)) is None or name is None or dialogue.scenario.setting.confirm_destructive:
        return None
    question = _asks(rng.choice(ASKS_FOR).format(n=_label(dialogue, catalog, name)), "That would be nice to have.")
    answer = rng.choice(("Leave that out.", "No need for that.", "I don't have that, go without."))
    return inserted(dialogue, at, question, _says(answer)), at


@fault("Something that no tool takes is asked for.", "relevance")
def something_foreign_asked(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if (at := call_at(dialogue)) is None:
        return None
    question = rng.choice(
        (
            "And what colour should the folder have?",
            "Before I go on: how did you hear about us?",
            "Which browser are you using?",
            "Could you rate our talk from one to five?",
            "What's your shoe size, by the way?",
        )
    )
    answer = rng.choice(("Why do you need that?", "Doesn't matter.", "no idea", "Rather not say."))
    return inserted(dialogue, at, _asks(question, "One more thing I would like to know."), _says(answer)), at


@fault("A question at the start separates nothing.", "relevance")
def question_separates_nothing(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    question, answer = rng.choice(
        (
            ("Has your week been a good one so far?", "It was all right."),
            ("Is it urgent, or does it have time?", "It has time."),
            ("Have you tried this before?", "No, first time."),
            ("Are you on a computer or on your phone right now?", "Computer."),
            ("Would you like a long or a short answer?", "short"),
        )
    )
    turns = _asks(question, "Let me get a feeling for it."), _says(answer)
    return inserted(_stages_later(dialogue), 1, *turns), 1


@fault("The question which tool is meant comes again when that is clear.", "relevance")
def settled_choice_asked_again(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    at = call_at(dialogue)
    if at is None or dialogue.assistant != BY_HAND:
        return None
    again = rng.choice(("Sorry, once again: {q}", "I forgot, {q}", "{q}"))
    question = _asks(again.format(q=_question(dialogue.turns[1].reply)), "I want to be sure which one they mean.")
    words = rng.choice(("I answered that already.", "The same as before.", "you know that"))
    return inserted(dialogue, at, question, _says(words)), at


@fault("The confirmation is asked for twice.", "relevance")
def second_confirmation(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if not demands_confirmation(dialogue, catalog):
        return None
    at = len(dialogue.turns) - 1
    again = rng.choice(("Really sure? {q}", "Just to be on the safe side, once more: {q}", "{q}"))
    question = _asks(again.format(q=_question(dialogue.turns[at - 2].reply)), "Better twice than never.")
    return inserted(dialogue, at, question, _says(rng.choice(YESSES))), at


@fault("A destructive call is made without the confirmation that the setting demands.", "phase_order", "tool_call")
def confirmation_missing(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if not demands_confirmation(dialogue, catalog) or len(dialogue.turns) < 6:
        return None
    return with_turns(dialogue, [*dialogue.turns[:-3], dialogue.turns[-1]]), len(dialogue.turns) - 3


@fault(
    "The user declines the confirmation, and the call is made all the same.", "phase_order", "relevance", "tool_call"
)
def confirmation_declined(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if not demands_confirmation(dialogue, catalog):
        return None
    words = rng.choice(
        (
            "No, stop!",
            "no, please don't",
            "Hold on, better not.",
            "I've changed my mind, leave it.",
            "Let me think about it first.",
            "hm, not sure yet",
        )
    )
    return with_turn(dialogue, len(dialogue.turns) - 2, reply=words), None


@fault("The confirmation does not restate the values.", "relevance", "phase_order")
def confirmation_without_values(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if not demands_confirmation(dialogue, catalog):
        return None
    index = len(dialogue.turns) - 3
    words = rng.choice(("Shall I really do that?", "Are you sure?", "It can't be undone. Continue?"))
    return with_turn(dialogue, index, reply=words), None


@fault("A confirmation is asked for though nothing demands it.", "relevance")
def confirmation_not_demanded(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    call = call_of(dialogue)
    if call is None or demands_confirmation(dialogue, catalog):
        return None
    values = ", ".join(f"{in_words(key)} {value}" for key, value in call.arguments.items())
    words = rng.choice(("So I have {v}. Is that right?", "{v} - shall I go ahead?", "Let me read it back: {v}. Okay?"))
    question = _asks(words.format(v=values), "I'd rather have a yes first.")
    at = len(dialogue.turns) - 1
    return inserted(dialogue, at, question, _says(rng.choice(YESSES))), at


@fault("The assistant mentions a number that nobody gave.", "grounding", "relevance")
def number_nobody_gave(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = pick(rng, replies(dialogue)[1:])
    if index is None or call_at(dialogue) is None:
        return None
    said = rng.choice(("I have noted {k}-{n}. ", "So that's number {n}. ", "Good, {n} it is. "))
    said = said.format(n=rng.randint(61000, 98000), k=rng.choice(("AB", "REF", "Z")))
    return with_turn(dialogue, index, reply=said + dialogue.turns[index].reply), index


@fault(
    "The user answers in the assistant's voice, and the values are never said.", "grounding", "relevance", "phase_order"
)
def user_in_the_assistants_voice(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    place = pick(rng, [each for each in stated(dialogue) if each[2] > 0])
    if call_at(dialogue) is None or place is None:
        return None
    words = rng.choice(
        (
            "Certainly! Which one would you like me to take care of?",
            "Of course, I'd be happy to help. Could you give me the details?",
            "Thank you for the information. Is there anything else I can do for you?",
        )
    )
    return with_turn(dialogue, place[2], reply=words), None


@fault("The thought before the call names another candidate as the right one.", "tool_call", "phase_order", "grounding")
def thought_contradicts_the_call(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    others = [name for name in dialogue.scenario.candidates if name != dialogue.scenario.goal_tool]
    if (at := call_at(dialogue)) is None or not others:
        return None
    thought = rng.choice(("Clearly {n} is what they want.", "So {n} has to be called now.", "Only {n} fits."))
    return with_turn(dialogue, at, thought=thought.format(n=rng.choice(others))), at


@fault("A thought holds a value that no user turn gave by then.", "grounding", "leak", "phase_order")
def thought_knows_too_much(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    known = [(value, index) for _, value, index in stated(dialogue) if re.search(r"\d|@", value)]
    places = [(value, at) for value, index in known for at in replies(dialogue) if at < index]
    place = pick(rng, places)
    if place is None:
        return None
    value, at = place
    more = rng.choice((" It will be {v}, I suppose.", " I can take {v} for it.", " They surely mean {v}."))
    return with_turn(dialogue, at, thought=dialogue.turns[at].thought + more.format(v=value)), at


@fault("A thought holds a number that occurs nowhere else.", "grounding", "leak")
def thought_invents_a_number(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    number = str(rng.randint(41000, 99000))
    if number in all_said(dialogue) or call_at(dialogue) is None:
        return None
    at = rng.choice([index for index, turn in enumerate(dialogue.turns) if turn.speaker == "assistant"])
    more = rng.choice((" The number is {n}.", " It is about {n}, so that is known.", " They gave {n}."))
    return with_turn(dialogue, at, thought=dialogue.turns[at].thought + more.format(n=number)), at


@fault("The first thought settles on the goal tool though several are open.", "phase_order")
def thought_settles_early(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if dialogue.assistant != BY_HAND or not dialogue.scenario.solvable:
        return None
    thought = rng.choice(
        (
            "The user means {n}; I only ask to be polite.",
            "This is a case for {n}.",
            "It has to be {n}, whatever they answer.",
            "I will use {n}.",
        )
    )
    return with_turn(dialogue, 1, thought=thought.format(n=dialogue.scenario.goal_tool)), 1


@fault("One turn asks which tool is meant and for a slot at once.", "phase_order", "relevance")
def slot_and_choice_in_one(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    known = {path[0] for path, _ in leaves(dialogue.scenario.gold_arguments)}
    name = pick(rng, [each for each in goal_tool(dialogue, catalog).required if each in known])
    if dialogue.assistant != BY_HAND or name is None or not dialogue.scenario.solvable:
        return None
    words = rng.choice((" Also, what's the {n}?", " And please tell me the {n}.", " I need the {n} too."))
    return with_turn(dialogue, 1, reply=dialogue.turns[1].reply + words.format(n=_label(dialogue, catalog, name))), 1

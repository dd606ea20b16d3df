"""Faults in the shape of a dialogue: who speaks when, and with what."""

from __future__ import annotations

import json
import random

from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.tool import Catalog

from .planting import Planted, call_at, fault, inserted, pick, replies, user_turns, with_turn, with_turns

THANKS = ("Great, thank you!", "perfect, cheers", "Did it go through?", "Many thanks, that was all.")
CLOSINGS = ("You're welcome, anything else?", "It has been taken care of.", "Done! Have a nice day.")
GREETINGS = ("Hello! How may I help?", "Good morning, what can I do for you today?", "Hi there, tell me what you need.")


@fault("An assistant turn has no thought.", "format")
def thought_is_empty(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = rng.choice([at for at, turn in enumerate(dialogue.turns) if turn.speaker == "assistant"])
    return with_turn(dialogue, index, thought=rng.choice(("", "  "))), index


@fault("The same call is made twice.", "format", "tool_call")
def two_calls(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if (at := call_at(dialogue)) is None:
        return None
    again = Turn(speaker="user", reply=rng.choice(("Nothing happened, try again.", "hm, once more please?")))
    return with_turns(dialogue, [*dialogue.turns, again, dialogue.turns[at]]), None


@fault("Another candidate is called on the way, before the right one.", "format", "tool_call")
def a_wrong_call_on_the_way(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    others = [name for name in dialogue.scenario.candidates if name != dialogue.scenario.goal_tool]
    if (at := call_at(dialogue)) is None or not others:
        return None
    turn = dialogue.turns[at]
    assert turn.call is not None
    wrong = turn.model_copy(update={"call": turn.call.model_copy(update={"name": rng.choice(others)})})
    upset = Turn(speaker="user", reply=rng.choice(("No, that's not what I meant.", "that was the wrong thing")))
    return inserted(dialogue, at, wrong, upset), at


@fault("The user goes on talking after the call.", "format")
def turns_after_the_call(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if call_at(dialogue) is None:
        return None
    return with_turns(dialogue, [*dialogue.turns, Turn(speaker="user", reply=rng.choice(THANKS))]), None


@fault("The call is not the last turn: the assistant says goodbye after it.", "format")
def call_is_not_last(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if call_at(dialogue) is None:
        return None
    closing = Turn(speaker="assistant", thought="It is done, so I close politely.", reply=rng.choice(CLOSINGS))
    thanks = Turn(speaker="user", reply=rng.choice(THANKS))
    return with_turns(dialogue, [*dialogue.turns, thanks, closing]), None


@fault("One side speaks twice in a row.", "format")
def roles_do_not_alternate(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = rng.choice(user_turns(dialogue))
    more = rng.choice(("Are you still there?", "sorry, my connection dropped", "One second."))
    return inserted(dialogue, index + 1, Turn(speaker="user", reply=more)), None


@fault("The assistant opens the conversation.", "format")
def starts_with_the_assistant(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    first = Turn(speaker="assistant", thought="Nobody has said anything so far.", reply=rng.choice(GREETINGS))
    return inserted(dialogue, 0, first), None


@fault("One assistant turn both speaks and calls.", "format")
def reply_and_call(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if (at := call_at(dialogue)) is None:
        return None
    return with_turn(dialogue, at, reply=rng.choice(("I'm on it.", "One moment, I'll do that now.", "Doing it."))), at


@fault("A user turn is empty.", "format")
def user_turn_is_empty(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = rng.choice(user_turns(dialogue))
    return with_turn(dialogue, index, reply=rng.choice(("", " "))), index


@fault("An assistant turn neither speaks nor calls.", "format")
def assistant_turn_is_empty(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = rng.choice(replies(dialogue))
    return with_turn(dialogue, index, reply=""), index


@fault("The dialogue stops before the call is made.", "format", "tool_call")
def stops_before_the_call(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if (at := call_at(dialogue)) is None:
        return None
    return with_turns(dialogue, dialogue.turns[: at - rng.randint(0, 1)]), None


@fault("The user makes the call.", "format")
def the_user_calls(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if (at := call_at(dialogue)) is None:
        return None
    return with_turn(dialogue, at - 1, call=dialogue.turns[at].call), at - 1


@fault("A tool answers in the middle of the dialogue.", "format")
def a_tool_answers(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    index = pick(rng, user_turns(dialogue)[1:])
    return with_turn(dialogue, index, speaker="tool"), None


@fault("The assistant recites the call as JSON instead of making it.", "format", "tool_call")
def json_instead_of_the_call(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if (at := call_at(dialogue)) is None:
        return None
    return with_turn(dialogue, at, call=None, reply=_as_json(dialogue, rng)), None


@fault("The assistant shows the user the call as JSON before making it.", "format", "leak", "relevance", "phase_order")
def json_shown_to_the_user(dialogue: Dialogue, catalog: Catalog, rng: random.Random) -> Planted | None:
    if (at := call_at(dialogue)) is None or dialogue.scenario.setting.confirm_destructive:
        return None
    shown = Turn(speaker="assistant", thought="I let the user see it.", reply=_as_json(dialogue, rng))
    return inserted(dialogue, at, shown, Turn(speaker="user", reply=rng.choice(("ok?", "Looks fine I guess.")))), at


def _as_json(dialogue: Dialogue, rng: random.Random) -> str:
    call = dialogue.turns[-1].call
    assert call is not None
    text = json.dumps({"name": call.name, "arguments": call.arguments}, ensure_ascii=False)
    return rng.choice(("{}", "Here is what I send: {}", "```json\n{}\n```")).replace("{}", text, 1)

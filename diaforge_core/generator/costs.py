"""What a recipe will ask of its models: calls, tokens, money and time, told from a sample before anything is spent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..conversation.budget import Price, Spending, Tokens
from ..conversation.critic import critic_request
from ..conversation.endpoint import IN_FLIGHT
from ..conversation.model_specs import parse_spec
from ..conversation.model_user import user_messages
from ..conversation.model_user_briefs import Briefs
from ..conversation.model_user_checks import UserWords
from ..conversation.prompts import Message, chat_messages, render_target
from ..conversation.worded import assistant_request, user_request
from ..records.base import canonical_json
from ..records.dialogue import Dialogue, Turn
from ..records.tool import Catalog
from .agents import is_endpoint
from .recipe import Recipe

LATENCY = 2.0
"""Seconds that a server is taken to need for one answer when nothing was measured."""
_MESSAGE = 5
"""Tokens of a chat template round each message."""
_VERDICT = 18
"""Tokens of a critic's JSON object that passes: the reason is empty then."""
_DRAFT = 24
"""Tokens of a draft of a user turn: one or two sentences in a JSON object; a preview by the model tells better."""
_PIECE = 7
"""Letters that a token holds at most, on the average over words of a catalog: counts within 7 % of SmolLM2's."""
_WORDS = re.compile(r"[^\W\d_]+|\d|[^\w\s]|_")


@dataclass(frozen=True, slots=True)
class Expected:
    """What the models of a whole recipe will be asked; all zero where it asks no endpoint."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: float = 0.0
    """In the currency of the recipe's prices; a model without a price costs nothing here."""
    seconds: float = 0.0
    """Time in which conversations wait for answers, as many at once as may be in flight."""


@dataclass(frozen=True, slots=True)
class _Call:
    """One request as it is expected."""

    side: str
    prompt: int
    completion: int


def expected_calls(
    recipe: Recipe, dialogues: Sequence[Dialogue], catalog: Catalog, *, latency: float = LATENCY
) -> Expected:
    """What the recipe's endpoints will be asked for all of its scenarios, told from a scripted sample of them.

    Taken to go as in the sample, each turn at the first try, several drafts in one request. `latency` is in seconds
    for one answer.
    """
    sides = {side: parse_spec(spec).name for side, spec in recipe.models.items() if is_endpoint(spec)}
    if not sides or not dialogues:
        return Expected()
    share = recipe.count / len(dialogues)
    tokens = dict.fromkeys(sides, Tokens())
    calls, longest = 0, 0
    for dialogue in dialogues:
        made = [call for call in _calls(recipe, dialogue, catalog) if call.side in sides]
        calls, longest = calls + len(made), max(longest, len(made))
        for call in made:
            tokens[call.side] += Tokens(call.prompt, call.completion)
    prices = {model: Price(price.prompt, price.completion) for model, price in recipe.prices.items()}
    money = sum(prices.get(sides[side], Price()).of(used) for side, used in tokens.items())
    total = sum(tokens.values(), Tokens())
    at_once = min(IN_FLIGHT, recipe.count)
    return Expected(
        calls=round(calls * share),
        prompt_tokens=round(total.prompt * share),
        completion_tokens=round(total.completion * share),
        money=money * share,
        seconds=latency * max(longest, calls * share / at_once),
    )


def expected_from(spent: Spending, played: int, seconds: float, count: int) -> Expected:
    """The same from `played` conversations that the models themselves have had, which took `seconds` one by one."""
    share = count / max(1, played)
    return Expected(
        calls=round((spent.calls + spent.cache_hits) * share),
        prompt_tokens=round(spent.tokens.prompt * share),
        completion_tokens=round(spent.tokens.completion * share),
        money=spent.money * share,
        seconds=seconds * share / min(IN_FLIGHT, max(1, count)),
    )


def tokens_in(text: str) -> int:
    """About how many tokens a text has: long words in pieces, digits and signs one by one."""
    return sum(-(-len(word) // _PIECE) for word in _WORDS.findall(text))


def _calls(recipe: Recipe, dialogue: Dialogue, catalog: Catalog) -> Iterator[_Call]:
    scenario = dialogue.scenario
    tools = catalog.subset(list(dict.fromkeys([*scenario.candidates, scenario.goal_tool])))
    scripted = parse_spec(recipe.assistant).kind == "scripted"
    briefs = Briefs(UserWords(scenario, tools), 0)
    for index, turn in enumerate(dialogue.turns):
        before = dialogue.turns[:index]
        if turn.speaker == "assistant" and not scripted:
            asked = chat_messages(catalog.subset(list(scenario.candidates)), scenario.setting, before)
            yield _Call("assistant", _size(asked), tokens_in(render_target(turn)))
        elif turn.speaker == "assistant" and recipe.words:
            yield _Call("words", _size(assistant_request(turn, before)), tokens_in(_reworded(turn)))
        elif turn.speaker == "user" and "user" in recipe.models:
            brief = briefs.answer(before) if before else briefs.opening()
            yield _Call("user", _size(user_messages(scenario, before, brief)), _DRAFT * recipe.votes)
        elif turn.speaker == "user" and recipe.words:
            yield _Call("words", _size(user_request(scenario, turn, before)), tokens_in(_reworded(turn)))
    if recipe.critic and dialogue.passed:
        yield _Call("critic", _size(critic_request(dialogue)), _VERDICT)


def _size(messages: Sequence[Message]) -> int:
    return sum(tokens_in(message["content"]) + _MESSAGE for message in messages)


def _reworded(turn: Turn) -> str:
    return canonical_json({"thought": turn.thought, "say": turn.reply})

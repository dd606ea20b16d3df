"""JSON objects and several answers from any chat model, with the help of its server where that has any."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from ..catalog.checking import validate
from ..errors import ModelError
from ..records.base import canonical_json, derived_seed
from ..records.tool import Tool
from .chat_models import REPLY_TOKENS, ChatModel, Completion
from .prompts import Message
from .signatures import shorten

_ASK = "Answer with one JSON object and nothing else. It must fit this JSON Schema:\n{schema}"
_REPAIR = "That does not fit: {problems}. Answer again with the corrected JSON object and nothing else."
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_SHOWN = 5
"""Problems of a first answer that the model is told."""


@runtime_checkable
class HoldsToSchema(Protocol):
    """A chat model whose server may know how to keep an answer to a schema."""

    def complete_as(
        self, messages: Sequence[Message], schema: Mapping[str, Any], *, seed: int = 0, max_tokens: int = REPLY_TOKENS
    ) -> Completion:
        """The next message, held to the schema where the server can."""
        ...


@runtime_checkable
class AnswersSeveral(Protocol):
    """A chat model that gives several answers at once."""

    def complete_several(
        self,
        messages: Sequence[Message],
        count: int,
        *,
        schema: Mapping[str, Any] | None = None,
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
    ) -> list[Completion]:
        """As many next messages, held to a schema where there is one and the server can."""
        ...


def complete_json(
    model: ChatModel,
    messages: Sequence[Message],
    schema: Mapping[str, Any],
    *,
    seed: int = 0,
    max_tokens: int = REPLY_TOKENS,
) -> dict[str, Any]:
    """The object that the model answers with, valid against the schema of an object; a wrong one is sent back once.

    ModelError with what is wrong if the second answer does not fit either, and for every failure of the model.
    """
    asked = with_schema(messages, schema)
    said = _complete(model, asked, schema, seed, max_tokens)
    found, problems = read_object(said, schema)
    if problems:
        again = _REPAIR.format(problems="; ".join(problems[:_SHOWN]))
        asked += [Message(role="assistant", content=said), Message(role="user", content=again)]
        said = _complete(model, asked, schema, derived_seed("repair", seed), max_tokens)
        found, problems = read_object(said, schema)
    if problems:
        raise ModelError(
            f"The model gave no JSON object of the asked form in two tries: {shorten('; '.join(problems), 200)}. "
            "Choose a model that can, or allow it longer answers."
        )
    return found


def candidates(
    model: ChatModel,
    messages: Sequence[Message],
    count: int,
    *,
    schema: Mapping[str, Any] | None = None,
    seed: int = 0,
    max_tokens: int = REPLY_TOKENS,
) -> list[Completion]:
    """`count` answers of the model to vote on, in one request where its server can; the same seed, the same answers."""
    if isinstance(model, AnswersSeveral):
        return model.complete_several(messages, count, schema=schema, seed=seed, max_tokens=max_tokens)
    seeds = [derived_seed("candidate", seed, each) for each in range(count)]
    return [model.complete(messages, seed=each, max_tokens=max_tokens) for each in seeds]


def read_object(text: str, schema: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The first JSON object in a model's words, outside its thoughts, and every way in which it breaks the schema."""
    words = _THOUGHT.sub("", text)
    try:
        found, _ = json.JSONDecoder().raw_decode(words, words.index("{"))
    except RecursionError:
        return {}, ["the JSON is nested too deep"]
    except ValueError:
        return {}, ["there is no whole JSON object in the answer"]
    return found, [
        str(problem)
        for problem in validate(Tool(name="answer", original_name="answer", parameters=dict(schema)), found)
    ]


def with_schema(messages: Sequence[Message], schema: Mapping[str, Any]) -> list[Message]:
    """The messages that end in the request for an object; never two of the user in a row, which templates refuse."""
    request = _ASK.format(schema=canonical_json(schema))
    if messages and messages[-1]["role"] == "user":
        *earlier, last = messages
        return [*earlier, last | {"content": f"{last['content']}\n\n{request}"}]
    return [*messages, Message(role="user", content=request)]


def _complete(model: ChatModel, messages: Sequence[Message], schema: Mapping[str, Any], seed: int, most: int) -> str:
    if isinstance(model, HoldsToSchema):
        return model.complete_as(messages, schema, seed=seed, max_tokens=most).text
    return model.complete(messages, seed=seed, max_tokens=most).text

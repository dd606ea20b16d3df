"""Two worked examples in the system turn, for a model that was not tuned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from ..errors import ModelError
from ..records.dialogue import Turn
from ..records.tool import Tool, ToolCall
from ..settings import DATA_DIR
from .prompts import render_target
from .signatures import signature

if TYPE_CHECKING:
    from .view import Assistant

FILE = DATA_DIR / "worked_examples.yaml"


def with_worked_examples(assistant: Assistant) -> Assistant:
    """The assistant, which now reads the examples too; ModelError if it reads no text of ours."""
    from .chat_models import ModelAssistant

    if not isinstance(assistant, ModelAssistant):
        raise ModelError(f"'{assistant.spec}' reads no worked examples. Evaluate it without them.")
    assistant.examples = worked_examples()
    return assistant


@lru_cache(maxsize=1)
def worked_examples() -> str:
    """The text of the examples, as it stands at the end of a system turn; tools and turns in the built-in form."""
    told = YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))
    return "\n\n".join("\n".join(_lines(number, example)) for number, example in enumerate(told, 1))


def _lines(number: int, example: Mapping[str, Any]) -> Iterator[str]:
    yield f"Example {number}, with other tools:"
    yield from (f"- {signature(Tool.model_validate(tool))}" for tool in example["tools"])
    for said in example["turns"]:
        yield f"User: {said['user']}" if "user" in said else f"Assistant: {render_target(_turn(said))}"


def _turn(said: Mapping[str, Any]) -> Turn:
    call = ToolCall.model_validate(said["call"]) if "call" in said else None
    return Turn(speaker="assistant", thought=said["thought"], reply=said.get("reply", ""), call=call)

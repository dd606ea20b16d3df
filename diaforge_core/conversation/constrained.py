"""Constrained decoding: what a model on this machine writes is held to a reply, or to a call that a tool in view takes.

A call then names one of the tools, has no key that the tool lacks and all that it requires, in the schema's order,
values of the right type, and choices from their list. What it says is still the model's; nothing is known of right or
wrong here. Words and thoughts can hold neither `<` nor `[` where that could begin what is read as a call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..catalog.words import by_identity
from ..errors import ModelError
from ..records.tool import Tool
from .prompts import END, RENDERING, encode_control

if TYPE_CHECKING:
    import torch

    from .view import Assistant

    Draw = Callable[[torch.Tensor], int]

_DEEPEST = 6
"""Levels of nested objects that are held to their schema; deeper ones may be any JSON."""
_WORDS = r"""
thought: /<think>([^<\[]|<[ =0-9]|\[[^Tt\[<]|\[[Tt][^Oo\[<])*<\/think>/
TEXT: /\n?[^\s<\[{`]([^<\[]|<[ =0-9]|\[[^Tt\[<]|\[[Tt][^Oo\[<])*/
"""
"""No words may begin what is read as a call in another form."""
_CALL = r"""
call: /\n?<tool_call>/ tool "</tool_call>"
tool: %json """
_KINDS = ("string", "number", "integer", "boolean", "array", "object", "null")
_OPENING = ("allOf", "anyOf", "oneOf", "$ref", "then", "else", "dependentSchemas", "patternProperties")
"""What beside an object's properties may allow it further keys."""
_SPACING = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": ", "lenient": True}
"""As calls are written in training data."""


def with_constrained_decoding(assistant: Assistant) -> Assistant:
    """The assistant, whose turns are constrained from now on; ModelError if its model's cannot be."""
    from .chat_models import ModelAssistant
    from .local_model import LocalModel

    if not isinstance(assistant, ModelAssistant) or not isinstance(model := assistant.model, LocalModel):
        raise ModelError(f"Decoding can be constrained for models on this machine; '{assistant.spec}' is none.")
    check_can_be_constrained(model.tokenizer, model.rendering.name, assistant.spec)
    assistant.constraint = Constraint(model.tokenizer, int(model.model.config.get_text_config().vocab_size))
    return assistant


def check_can_be_constrained(tokenizer: Any, rendering: str, spec: str) -> None:
    """ModelError where a model with this tokenizer that writes turns in this form cannot be constrained."""
    if rendering != RENDERING or len(encode_control(tokenizer, END)) != 1:
        raise ModelError(
            f"'{spec}' writes turns in the form '{rendering}'. Decoding can be constrained in the built-in form "
            f"'{RENDERING}' only, for models whose tokenizer knows {END}. Take free decoding."
        )


class Constraint:
    """What a tokenizer's model may write, for one choice of tools after another."""

    def __init__(self, tokenizer: Any, scores: int) -> None:
        """`scores` is how many the model gives for each place, which may be more than its tokenizer has tokens.

        ModelError for a tokenizer that cannot be looked into.
        """
        from llguidance.hf import from_tokenizer

        (end,) = encode_control(tokenizer, END)
        try:
            self._tokens = from_tokenizer(tokenizer, n_vocab=scores, eos_token=end)
        except ValueError as problem:
            raise ModelError(f"Decoding cannot be constrained with the tokenizer of this model: {problem}") from problem

    def held_to(self, tools: Sequence[Tool]) -> Callable[[Draw | None], Draw]:
        """What makes of a way to draw tokens, or to take the best ones, the same among those that may come next.

        It serves for one turn. ModelError that names the tools whose schemas cannot be held to.
        """
        import numpy as np
        import torch
        from llguidance import LLMatcher

        matcher = LLMatcher(self._tokens, grammar_of(tools))
        if problem := matcher.get_error():
            alone = {tool.name: LLMatcher(self._tokens, grammar_of([tool])).get_error() for tool in tools}
            named = "; ".join(f"{name}: {found.splitlines()[0]}" for name, found in alone.items() if found)
            raise ModelError(f"Decoding cannot be constrained to these tools: {named or problem.splitlines()[0]}")

        def hold(draw: Draw | None) -> Draw:
            def one(scores: torch.Tensor) -> int:
                bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)
                allowed = torch.from_numpy(np.unpackbits(bits, bitorder="little")[: scores.shape[-1]].astype(bool))
                held = scores.masked_fill(~allowed.to(scores.device), -torch.inf)
                token = int(held.argmax()) if draw is None else draw(held)
                matcher.consume_token(token)
                return token

            return one

        return hold


@by_identity(512)
def grammar_of(tools: Sequence[Tool]) -> str:
    """What a turn may be while these tools are in view, in the grammar that llguidance reads: a thought, then words, a
    call, or both; without tools only words.
    """
    if not tools:
        return "start: thought? TEXT" + _WORDS
    calls = [
        _object({"name": {"const": tool.name}, "arguments": plain_schema(tool.parameters)}, ("name", "arguments"))
        for tool in tools
    ]
    return "start: thought? (call | TEXT call?)" + _WORDS + _CALL + json.dumps({"x-guidance": _SPACING, "anyOf": calls})


def plain_schema(schema: Any, depth: int = 0) -> dict[str, Any]:
    """What of a schema calls are held to: keys, which of them are required, types and choices.

    Formats, limits and conditions are for the comparison afterwards; `{}` allows anything. The arguments themselves
    (depth 0) are an object in any case.
    """
    if depth == 0:
        return _object_of(schema if isinstance(schema, Mapping) else {}, 0)
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return {}
    for choice in ("const", "enum"):
        if choice in schema:
            return {choice: schema[choice]}
    given = schema.get("type") or ("object" if "properties" in schema else ())
    kinds = [kind for kind in ([given] if isinstance(given, str) else given) if kind in _KINDS]
    if not kinds:
        several = schema.get("anyOf") or schema.get("oneOf") or ()
        return {"anyOf": [plain_schema(part, depth + 1) for part in several]} if several else {}
    found = [_of_kind(kind, schema, depth) for kind in kinds]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _of_kind(kind: str, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if kind == "array":
        return {"type": "array", "items": plain_schema(schema.get("items"), depth + 1)}
    if kind == "object":
        return _object_of(schema, depth) if schema.get("properties") else {"type": "object"}
    return {"type": kind}


def _object_of(schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """An object with these properties; with others only where the schema may allow them."""
    properties = schema.get("properties") or {}
    needed = schema.get("required")
    required = [name for name in properties if isinstance(needed, list | tuple) and name in needed]
    is_open = bool(schema.get("additionalProperties")) or any(key in schema for key in _OPENING)
    return _object({name: plain_schema(part, depth + 1) for name, part in properties.items()}, required, is_open)


def _object(properties: Mapping[str, Any], required: Sequence[str], is_open: bool = False) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": is_open,
    }

"""Grounded decoding: a turn that gives a tool a value that nobody said is written again, without that value.

What a call or a draft of one holds must stand in the user's words, in what they said yes to, or in what a tool
answered, as check 4 of the cascade finds values in words; and words said once are one value only, unless people say
that they are several. Where the value itself was said and written over wrongly, that may take its place; else it is
missing, and is left out or asked for. Choices from a list, what is either so or not, none and one are for the model to
tell: people say them in many words. Keys that no schema names are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..catalog.leaves import Leaf, leaves
from ..records.dialogue import Turn
from ..records.tool import Tool
from .notes import noted_call
from .said import Said, words_of
from .view import View

Keys = tuple[str, ...]
Held = Mapping[tuple[str, Keys], tuple[Any, ...]]
"""Tool and keys of one of its values → what that may be; nothing for what is missing."""


def grounded(write: Callable[[Sequence[Tool]], Turn], view: View) -> Turn:
    """The first turn that holds no value that nobody said; `write` gives one while these tools are in view.

    Its time and tokens are those of all tries. There is an end to them: each leaves some value fewer ways to be.
    """
    held: dict[tuple[str, Keys], tuple[Any, ...]] = {}
    seconds, tokens = 0.0, 0
    while True:
        turn = write(narrowed(view.tools, held))
        seconds, tokens = seconds + turn.seconds, tokens + turn.tokens
        found = {place: values for place, values in unsaid(turn, view).items() if held.get(place) != ()}
        if not found:
            return Turn(**turn.model_dump() | {"seconds": seconds, "tokens": tokens})
        held |= {place: () if place in held else values for place, values in found.items()}


def unsaid(turn: Turn, view: View) -> dict[tuple[str, Keys], tuple[Any, ...]]:
    """Tool and keys of each value in the turn's call, or in the draft of one, that nobody said, with what may stand
    there instead."""
    call = turn.call or noted_call(turn.thought)
    tool = next((tool for tool in view.tools if call and tool.name == call.name), None)
    if call is None or tool is None:
        return {}
    said = Said(view)
    given = sorted(_given(tool, call.arguments), key=lambda each: said.doubt(*each))
    loose = [(leaf, value) for leaf, value in given if not said.takes(leaf, value)]
    return {(tool.name, leaf.keys): said.near(leaf, value) for leaf, value in loose}


def narrowed(tools: Sequence[Tool], held: Held) -> Sequence[Tool]:
    """The tools, which take nothing else where values are held; the very same where none are."""
    if not held:
        return tools
    return [_narrowed(tool, {keys: held[name, keys] for name, keys in held if name == tool.name}) for tool in tools]


def _narrowed(tool: Tool, held: Mapping[Keys, tuple[Any, ...]]) -> Tool:
    parameters = tool.parameters
    for keys, values in held.items():
        parameters = _with_choices(parameters, keys, values)
    return tool.model_copy(update={"parameters": parameters}) if held else tool


def _with_choices(schema: Mapping[str, Any], keys: Keys, values: tuple[Any, ...]) -> dict[str, Any]:
    """The schema with these as the only choices at the keys, in each of its branches that knows them."""
    if not keys:
        return {"enum": list(values)}
    changed = dict(schema)
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(branches := schema.get(key), list):
            changed[key] = [
                _with_choices(part, keys, values) if isinstance(part, Mapping) and _names(part, keys[0]) else part
                for part in branches
            ]
    parts = schema.get("properties") or {}
    if keys[0] in parts or not _names(schema, keys[0]):
        part = parts.get(keys[0])
        inner = _with_choices(part if isinstance(part, Mapping) else {}, keys[1:], values)
        changed["properties"] = {**parts, keys[0]: inner}
    return changed


def _names(schema: Mapping[str, Any], key: str) -> bool:
    """Whether the schema, or a branch of it, has a property of this name."""
    parts = [part for kind in ("allOf", "anyOf", "oneOf") for part in schema.get(kind) or ()]
    return key in (schema.get("properties") or {}) or any(
        isinstance(part, Mapping) and _names(part, key) for part in parts
    )


def _given(tool: Tool, arguments: Mapping[str, Any]) -> Iterator[tuple[Leaf, Any]]:
    """Each value of a call in which something is said word for word, with its place in the tool."""
    every = leaves(tool)
    wholes = {leaf.keys[:-1] for leaf in every}
    for leaf in every:
        value: Any = arguments
        for key in leaf.keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        in_parts = leaf.keys in wholes and isinstance(value, Mapping)
        if not in_parts and any(True for _ in words_of(value, leaf.schema)):
            yield leaf, value

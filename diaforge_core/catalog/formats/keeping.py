"""What our own exports write beside an operation, so that reading them again gives the very same tool.

`x-diaforge` is a mapping with those fields of the tool that its format has no place for, or that would be read
otherwise. `arguments` there is the tool's whole schema, in which `true` stands for a property that is read from its
usual place. `pinned` and `banned` are lists of other tools' names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import ValidationError

from ...records.base import canonical_json
from ...records.tool import Tool
from ..refs import References
from ..schemas import SchemaProblem, SchemaReader
from .joining import check_arguments

KEY = "x-diaforge"
FIELDS = tuple(name for name in Tool.model_fields if name != "parameters")
MAX_KEPT_TEXT = 20_000
"""Characters of one kept field."""
KINDS: tuple[Literal["pinned", "banned"], ...] = ("pinned", "banned")

KeptPair = tuple[Literal["pinned", "banned"], str, str]
"""What is said of a pair, and the two names."""


def kept_in(*entries: Any) -> dict[str, Any]:
    """The `x-diaforge` mapping of the first of these mappings that has one; empty if none has."""
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get(KEY), dict):
            return entry[KEY]
    return {}


def lost_in_reading(tool: Tool, read: Tool) -> dict[str, Any]:
    """What must be kept beside an operation that is read as `read`, so that it becomes `tool` again."""
    lost = {name: getattr(tool, name) for name in FIELDS if getattr(tool, name) != getattr(read, name)}
    if not same_schema(tool.parameters, read.parameters):
        same = {name for name, each in tool.properties.items() if same_schema(each, read.properties.get(name))}
        lost["arguments"] = dict(tool.parameters)
        if "properties" in tool.parameters:
            lost["arguments"]["properties"] = {n: True if n in same else s for n, s in tool.properties.items()}
    return lost


def same_schema(one: Any, other: Any) -> bool:
    """Whether two schemas are the same to the letter, the order of their fields included."""
    if json.dumps(one) == json.dumps(other):
        return True
    return canonical_json(one) == canonical_json(other) and list(_fields(one)) == list(_fields(other))


def _fields(schema: Any) -> Iterator[list[str]]:
    """The names under every `properties`, in order, each list at a place of its own."""
    if isinstance(schema, dict):
        for key in sorted(schema):
            if key == "properties" and isinstance(schema[key], dict):
                yield list(schema[key])
            yield from _fields(schema[key])
    elif isinstance(schema, list):
        for each in schema:
            yield from _fields(each)


def restored(tool: Tool, kept: dict[str, Any]) -> Tool:
    """The tool with the kept fields in place of its own; SchemaProblem if they are none that a tool can have."""
    fields = {name: kept[name] for name in FIELDS if name in kept}
    if any(isinstance(value, str) and len(value) > MAX_KEPT_TEXT for value in fields.values()):
        raise SchemaProblem(f"a field of its `{KEY}` has more than {MAX_KEPT_TEXT:,} characters")
    parameters = _arguments(tool, kept["arguments"]) if "arguments" in kept else tool.parameters
    try:
        return Tool(**{name: getattr(tool, name) for name in FIELDS} | fields, parameters=parameters)
    except ValidationError as error:
        wrong = ", ".join(f"`{each['loc'][0]}`" for each in error.errors())
        raise SchemaProblem(f"{wrong} of its `{KEY}` is not what a tool can have") from None


def kept_pairs(tool: Tool, kept: dict[str, Any]) -> list[KeptPair]:
    """The pairs that are kept beside this tool."""
    pairs: list[KeptPair] = []
    for kind in KINDS:
        others = kept.get(kind)
        for other in others if isinstance(others, list) else ():
            if isinstance(other, str):
                pairs.append((kind, tool.name, other))
    return pairs


def _arguments(tool: Tool, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise SchemaProblem(f"`arguments` of its `{KEY}` is not a mapping")
    filled = dict(given)
    if isinstance(filled.get("properties"), dict):
        filled["properties"] = {
            name: tool.properties.get(name, {}) if each is True else each for name, each in filled["properties"].items()
        }
    arguments = SchemaReader(References(filled), keep_read_only=True).read(filled)
    check_arguments(arguments)
    return arguments

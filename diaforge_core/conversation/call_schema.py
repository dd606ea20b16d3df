"""What of a tool's JSON Schema a written call is held to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..records.tool import Tool

_DEEPEST = 6
"""Levels of nested objects that are held to their schema; deeper ones may be any JSON."""
_KINDS = ("string", "number", "integer", "boolean", "array", "object", "null")
_OPENING = ("allOf", "anyOf", "oneOf", "$ref", "then", "else", "dependentSchemas", "patternProperties")
"""What beside an object's properties may allow it further keys."""


def call_schema(tool: Tool) -> dict[str, Any]:
    """Schema of a whole call of the tool: its name, and arguments that it takes."""
    return _object({"name": {"const": tool.name}, "arguments": plain_schema(tool.parameters)}, ("name", "arguments"))


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


def can_be_met(schema: Mapping[str, Any]) -> bool:
    """Whether any value meets such a schema: none does where something needed is to be one of no choices at all."""
    if "enum" in schema:
        return len(schema["enum"]) > 0
    if "anyOf" in schema:
        return any(map(can_be_met, schema["anyOf"]))
    parts = schema.get("properties", {})
    return all(can_be_met(parts[name]) for name in schema.get("required", ()))


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

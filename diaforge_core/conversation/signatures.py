"""A tool as one line of text for a model: each parameter with its type, required mark and enum, and the rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..records.tool import Tool

DESCRIPTION_CHARACTERS = 160
"""Enough to tell near-duplicates apart; longer texts cost every turn of every conversation."""
MAX_DEPTH = 5
"""Deeper objects are written as `object`; no catalog that we know asks for more."""
_TYPE_WORDS = frozenset(("string", "integer", "number", "boolean", "object", "null", "any", "true", "false"))
_PLAIN = re.compile(r"[A-Za-z][\w./+-]*$")


def signature(tool: Tool) -> str:
    """One line: `Name(parameter*: type, …) [destructive]: what it does. Rule: …`; `*` marks what is required."""
    parameters = _fields(tool.parameters, depth=0)
    effect = f" [{tool.side_effect}]" if tool.side_effect != "write" else ""
    text = shorten(_about(tool), DESCRIPTION_CHARACTERS)
    rules = "; ".join(dict.fromkeys(_rules(tool.parameters)))
    line = f"{tool.name}({parameters}){effect}"
    return line + (f": {text}" if text else "") + (f" Rule: {rules}." if rules else "")


def _about(tool: Tool) -> str:
    """Summary and description as sentences."""
    if not tool.summary or tool.text == tool.description:
        return tool.text
    return ". ".join(part for part in (tool.summary.rstrip(". "), tool.description) if part)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters of the text on one line, cut between words and marked with `…`."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    return line[: limit - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def type_words(schema: Any, depth: int = 0) -> str:
    """The values a schema allows, in a TypeScript-like short form; `any` where it says nothing."""
    if not isinstance(schema, Mapping) or not schema:
        return "any"
    if "const" in schema:
        return _literal(schema["const"])
    if schema.get("enum"):
        return "|".join(_literal(value) for value in schema["enum"])
    for key in ("anyOf", "oneOf"):
        if schema.get(key) and "properties" not in schema:
            return "|".join(dict.fromkeys(type_words(option, depth) for option in schema[key]))
    kinds = schema.get("type", "object" if "properties" in schema else "any")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return "|".join(_kind_words(str(kind), schema, depth) for kind in kinds)


def _kind_words(kind: str, schema: Mapping[str, Any], depth: int) -> str:
    if kind == "array":
        return f"[{type_words(schema.get('items'), depth + 1)}]"
    if kind == "object" and depth < MAX_DEPTH:
        if schema.get("properties"):
            return "{" + _fields(schema, depth + 1) + "}"
        if isinstance(schema.get("additionalProperties"), Mapping):
            return "{…: " + type_words(schema["additionalProperties"], depth + 1) + "}"
    if kind == "string" and schema.get("format"):
        return f"string<{schema['format']}>"
    return kind


def _fields(schema: Mapping[str, Any], depth: int) -> str:
    required = set(schema.get("required", ()))
    return ", ".join(
        f"{name}{'*' if name in required else ''}: {type_words(inner, depth)}"
        for name, inner in schema.get("properties", {}).items()
    )


def _literal(value: Any) -> str:
    """A value as a model must write it; quotes only where a bare word could be read as something else."""
    if isinstance(value, str) and _PLAIN.match(value) and value.lower() not in _TYPE_WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _rules(schema: Mapping[str, Any]) -> Iterator[str]:
    """What is required only under a condition, in words, for one object schema."""
    for name, needed in schema.get("dependentRequired", {}).items():
        yield f"{name} needs {', '.join(needed)}"
    if isinstance(schema.get("if"), Mapping):
        condition = _demands(schema["if"])
        for key, words in (("then", "if"), ("else", "unless")):
            if condition and (demanded := _demands(schema.get(key))):
                yield f"{words} {condition}: {demanded}"
    for key, words in (("oneOf", "exactly one of"), ("anyOf", "at least one of")):
        options = [text.removesuffix(" required") for option in schema.get(key, ()) if (text := _demands(option))]
        if options:
            yield f"{words} ({') | ('.join(options)})"
    for part in schema.get("allOf", ()):
        if isinstance(part, Mapping):
            yield from _rules(part)


def _demands(schema: Any) -> str:
    """What a partial schema asks for: `kind=wire, iban required`; empty when it asks for nothing that we can say."""
    if not isinstance(schema, Mapping):
        return ""
    properties = {name: inner for name, inner in schema.get("properties", {}).items() if isinstance(inner, Mapping)}
    fixed = {name for name, inner in properties.items() if "const" in inner or "enum" in inner}
    parts = [f"{name}={type_words(properties[name])}" for name in properties if name in fixed]
    needed = [name for name in schema.get("required", ()) if name not in fixed]
    if needed:
        parts.append(f"{', '.join(needed)} required")
    excluded = schema.get("not")
    if isinstance(excluded, Mapping) and excluded.get("required"):
        parts.append(f"no {', '.join(excluded['required'])}")
    parts.extend(_rules({key: schema[key] for key in ("dependentRequired", "if", "then", "else") if key in schema}))
    return ", ".join(parts)

"""Lists of tools as model providers and MCP servers write them."""

from __future__ import annotations

from typing import Any

from ..refs import References, RefError
from ..schemas import SchemaProblem, SchemaReader
from .drafts import Draft, Found, as_text

_SCHEMA_KEYS = ("parameters", "inputSchema", "input_schema")


def recognises(document: Any) -> bool:
    """Whether this is a list of tools, bare or under `tools`, `functions` or the `result` of an MCP answer."""
    entries = _entries(document)
    return bool(entries) and any(_looks_like_tool(entry) for entry in entries)


def read(document: Any, source: str) -> Found:
    """Every tool in the list's order."""
    found = Found()
    for index, entry in enumerate(_entries(document) or ()):
        function = _function(entry)
        name = as_text(function.get("name")) if function else ""
        position = name[:100] or f"tool {index + 1}"
        try:
            if not function:
                raise SchemaProblem("it is not a tool: there is no mapping with a name")
            if not name:
                raise SchemaProblem("it has no name")
            found.tools.append(_draft(entry, function, name, source).tool())
        except (SchemaProblem, RefError) as error:
            found.skip(position, str(error))
    return found


def _entries(document: Any) -> list[Any] | None:
    if isinstance(document, dict):
        if isinstance(document.get("result"), dict):
            document = document["result"]
        document = document.get("tools", document.get("functions"))
    return document if isinstance(document, list) else None


def _looks_like_tool(entry: Any) -> bool:
    function = _function(entry)
    return bool(function) and "name" in function and (
        any(key in function for key in _SCHEMA_KEYS) or "description" in function or entry.get("type") == "function"
    )  # fmt: skip


def _function(entry: Any) -> dict[str, Any]:
    """The part of an entry that holds name and parameters; empty if it is no mapping."""
    if not isinstance(entry, dict):
        return {}
    return entry["function"] if isinstance(entry.get("function"), dict) else entry


def _draft(entry: dict[str, Any], function: dict[str, Any], name: str, source: str) -> Draft:
    both = {**function, **{key: value for key, value in entry.items() if key.startswith("x-")}}
    original = as_text(both.get("x-original-name")) or name
    effect, reason = _declared_effect(both)
    method, path = as_text(both.get("x-method")).upper(), as_text(both.get("x-path"))
    return Draft(
        original_name=original,
        parameters=_arguments(function),
        source=source,
        position=f"{method} {path}" if method and path else original,
        summary=as_text(both.get("x-summary")) or as_text(function.get("title")),
        description=as_text(function.get("description")),
        group=as_text(both.get("x-group")) or _prefix(original),
        method=method,
        path=path,
        deprecated=both.get("x-deprecated") is True or function.get("deprecated") is True,
        side_effect=effect,
        side_effect_reason=reason,
    )


def _arguments(function: dict[str, Any]) -> dict[str, Any]:
    given = next((function[key] for key in _SCHEMA_KEYS if function.get(key) is not None), {})
    if not isinstance(given, dict):
        raise SchemaProblem("its parameters are not a mapping")
    schema = SchemaReader(References(given), keep_read_only=True).read(given)
    return {"type": "object", "properties": {}} | schema


def _declared_effect(both: dict[str, Any]) -> tuple[Any, str]:
    """What the entry says it does: our own extension, else the hints of MCP."""
    if "x-side-effect" in both:
        return both["x-side-effect"], as_text(both.get("x-side-effect-reason"))
    hints = both.get("annotations")
    if not isinstance(hints, dict):
        return None, ""
    if hints.get("readOnlyHint") is True:
        return "read", "The server marks it as read-only."
    if hints.get("destructiveHint") is True:
        return "destructive", "The server marks it as destructive."
    return None, ""


def _prefix(name: str) -> str:
    """The part of a dotted or slashed name before its first separator."""
    for separator in (".", "/"):
        if separator in name.strip(separator):
            return name.split(separator, 1)[0]
    return ""

"""Lists of tools as model providers, MCP servers and function-calling benchmarks write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...records.base import canonical_json
from ..refs import References, RefError
from ..schemas import SchemaProblem, SchemaReader
from .drafts import Draft, Found, as_text
from .keeping import kept_in

_SCHEMA_KEYS = ("parameters", "inputSchema", "input_schema", "parametersJsonSchema", "parameters_json_schema")
_LISTS = ("tools", "functions", "functionDeclarations", "function_declarations")
"""Keys under which a mapping holds its tools."""
_PROVIDER_TOOLS = frozenset({
    "googleSearch", "googleSearchRetrieval", "enterpriseWebSearch", "googleMaps", "urlContext", "codeExecution",
    "computerUse", "fileSearch", "retrieval", "mcpServers",
})  # fmt: skip
"""Keys of Gemini's entries for tools that Google runs itself, without underscores."""
_OWN_TYPES = ("function", "custom")
"""Types of tools that are called with named arguments; providers run all others themselves."""


def recognises(document: Any) -> bool:
    """Whether this is a list of tools, bare or under `tools`, `functions` or the `result` of an MCP answer.

    A list of a benchmark's questions with the `function`s offered beside each, and one tool alone, count too.
    """
    return any(_looks_like_tool(entry) for entry in _entries(document))


def read(document: Any, source: str) -> Found:
    """Every tool in the list's order; one that repeats an earlier one or that the provider runs is a remark."""
    found = Found()
    seen: set[str] = set()
    for index, entry in enumerate(_entries(document)):
        function = _function(entry)
        position = as_text(function.get("name"))[:100] or f"tool {index + 1}"
        try:
            if (text := canonical_json(entry)) in seen:
                found.remark(position, "it repeats an earlier tool word for word")
                continue
            seen.add(text)
            if kind := _run_by_provider(entry, function):
                found.remark(
                    position, f"a tool of type `{kind[:60]}` is run by the provider itself and is not called by name"
                )
                continue
            found.add(_draft(entry, function, source))
        except (SchemaProblem, RefError) as error:
            found.skip(position, str(error))
    if cursor := _next_page(document):
        found.skip("the next page", f"the answer is one page of several; ask the server for cursor `{cursor[:60]}` too")
    return found


def _entries(document: Any) -> Iterator[Any]:
    """The entries of the list, wherever the document keeps them."""
    if isinstance(document, dict):
        document = _unwrapped(document)
        held = next((document[key] for key in _LISTS if isinstance(document.get(key), list)), None)
        document = held if held is not None else [document]
    for entry in document if isinstance(document, list) else ():
        yield from _within(entry)


def _within(entry: Any) -> Iterator[Any]:
    """The tools that one entry holds: itself, or those of a benchmark's question, a server's page, a group."""
    if not isinstance(entry, dict):
        yield entry
        return
    inner = _unwrapped(entry)
    holds_tools = inner is not entry or entry.get("type") == "namespace"
    lists = ("function", *_LISTS[2:], *(_LISTS[:1] if holds_tools else ()))
    held = next((inner[key] for key in lists if isinstance(inner.get(key), list)), None)
    yield from [entry] if held is None else held


def _unwrapped(document: dict[str, Any]) -> dict[str, Any]:
    """What a JSON-RPC answer holds; any other mapping itself."""
    return document["result"] if isinstance(document.get("result"), dict) else document


def _next_page(document: Any) -> str:
    answers = document if isinstance(document, list) else [document]
    last = _unwrapped(answers[-1]) if answers and isinstance(answers[-1], dict) else {}
    return as_text(last.get("nextCursor"))


def _looks_like_tool(entry: Any) -> bool:
    function = _function(entry)
    return "name" in function and (
        any(key in function for key in _SCHEMA_KEYS) or "description" in function or entry.get("type") == "function"
    )


def _function(entry: Any) -> dict[str, Any]:
    """The part of an entry that holds name and parameters; empty if it is no mapping."""
    if not isinstance(entry, dict):
        return {}
    return entry["function"] if isinstance(entry.get("function"), dict) else entry


def _draft(entry: Any, function: dict[str, Any], source: str) -> Draft:
    _check_callable(entry, function)
    name = as_text(function["name"])
    both = {**function, **{key: value for key, value in entry.items() if key.startswith("x-")}}
    original = as_text(both.get("x-original-name")) or name
    effect, reason = _declared_effect(both)
    method, path = as_text(both.get("x-method")).upper(), as_text(both.get("x-path"))
    return Draft(
        original_name=original,
        parameters=_arguments(entry, function),
        source=source,
        position=f"{method} {path}" if method and path else original,
        summary=as_text(both.get("x-summary")) or _title(function),
        description=as_text(function.get("description")),
        group=as_text(both.get("x-group")) or _prefix(original),
        method=method,
        path=path,
        deprecated=both.get("x-deprecated") is True or function.get("deprecated") is True,
        side_effect=effect,
        side_effect_reason=reason,
        kept=kept_in(entry, function, function.get("_meta")),
    )


def _check_callable(entry: Any, function: dict[str, Any]) -> None:
    """SchemaProblem if the entry is no tool that is called with named arguments."""
    kind = as_text(entry.get("type")) if isinstance(entry, dict) else ""
    if kind == "custom" and not _has_schema(function):
        raise SchemaProblem("it takes free text in place of named arguments")
    if not function:
        raise SchemaProblem("it is not a tool: there is no mapping with a name")
    if not as_text(function.get("name")):
        raise SchemaProblem("it has no name")


def _run_by_provider(entry: Any, function: dict[str, Any]) -> str:
    """The type of a tool that the provider runs itself; empty for all others."""
    if not isinstance(entry, dict):
        return ""
    kind = as_text(entry.get("type"))
    if kind and kind not in _OWN_TYPES and not _has_schema(function):
        return kind
    return next((key for key in entry if _camel(key) in _PROVIDER_TOOLS and set(entry) == {key}), "")


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _has_schema(function: dict[str, Any]) -> bool:
    return any(key in function for key in _SCHEMA_KEYS)


def _title(function: dict[str, Any]) -> str:
    hints = function.get("annotations")
    return as_text(function.get("title")) or as_text(hints.get("title") if isinstance(hints, dict) else "")


def _arguments(entry: dict[str, Any], function: dict[str, Any]) -> dict[str, Any]:
    given = next((function[key] for key in _SCHEMA_KEYS if function.get(key) is not None), {})
    if not isinstance(given, dict):
        raise SchemaProblem("its parameters are not a mapping")
    schema = SchemaReader(References(given), keep_read_only=True).read(given)
    if function.get("strict") is True or entry.get("strict") is True:
        schema = _without_forced(schema)
    return {"type": "object", "properties": {}} | schema


def _without_forced(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without the parameters that are required only because a strict tool must require all.

    Where a tool is `strict`, an optional parameter is written as a required one that may be null.
    """
    properties = {name: _without_forced(each) for name, each in schema.get("properties", {}).items()}
    required = [name for name in schema.get("required", ()) if not _takes_null(properties.get(name, {}))]
    out = {key: value for key, value in schema.items() if key != "required"}
    if "properties" in schema:
        out["properties"] = properties
    if "items" in schema:
        out["items"] = _without_forced(schema["items"])
    return out | ({"required": required} if required else {})


def _takes_null(schema: dict[str, Any]) -> bool:
    types = schema.get("type")
    return types == "null" or (isinstance(types, list) and "null" in types) or any(
        _takes_null(each) for each in schema.get("anyOf", ())
    )  # fmt: skip


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
    if hints.get("destructiveHint") is False and hints.get("readOnlyHint") is False:
        return "write", "The server marks it as changing data without destroying any."
    return None, ""


def _prefix(name: str) -> str:
    """The part of a dotted or slashed name before its first separator."""
    for separator in (".", "/"):
        if separator in name.strip(separator):
            return name.split(separator, 1)[0]
    return ""

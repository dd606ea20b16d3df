"""A catalog as a document that other programs read, and from which the very same catalog is imported again."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import CatalogError, problem_list
from ..records.tool import Catalog, Tool
from .formats import function_tools, openapi
from .formats.drafts import Found
from .formats.keeping import KEY, lost_in_reading, restored, same_schema
from .schemas import SchemaProblem

EXPORTS = ("openapi", "openai", "mcp")
"""OpenAPI 3.1; the list of tools that OpenAI's chat interface takes; the answer of an MCP server to `tools/list`."""
COMPACT_FROM = 2_000
"""Tools from which on a document is written without line breaks, which would make it half as large again."""
_NOWHERE = "\0"
"""A source that no tool has: the export's own file name is not known, so every tool's source is kept."""
_VERBS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_WITHOUT_BODY = frozenset({"get", "delete", "options", "head", "trace"})
_TEMPLATE = re.compile(r"\{([^{}/]+)\}")


def export_catalog(catalog: Catalog, form: str) -> bytes:
    """The catalog's tools as a JSON document of this form, one of `EXPORTS`.

    What the form has no place for stands in `x-diaforge` fields beside each operation, which other programs pass over.
    CatalogError for any other form, or if a tool is such that no document could give it back.
    """
    writers = {"openapi": _openapi, "openai": _openai, "mcp": _mcp}
    if form not in writers:
        raise CatalogError(f"There is no export as '{form[:40]}'. Choose one of {', '.join(EXPORTS)}.")
    lines = None if len(catalog.tools) >= COMPACT_FROM else 1
    return (json.dumps(writers[form](catalog), indent=lines, ensure_ascii=False) + "\n").encode()


def _openai(catalog: Catalog) -> list[dict[str, Any]]:
    def write(tool: Tool) -> dict[str, Any]:
        about = tool.description or tool.summary
        function = {"name": tool.name, "description": about, "parameters": tool.parameters}
        return {"type": "function", "function": function}

    entries = [write(tool) for tool in catalog.tools]
    kept = _kept(catalog, entries, lambda entry: function_tools.read([entry], _NOWHERE))
    return [{**entry, **({KEY: each} if each else {})} for entry, each in zip(entries, kept, strict=True)]


def _mcp(catalog: Catalog) -> dict[str, Any]:
    def write(tool: Tool) -> dict[str, Any]:
        return {
            "name": tool.name,
            "title": tool.summary,
            "description": tool.description,
            "inputSchema": {"type": "object"} | tool.parameters,
            "annotations": {
                "readOnlyHint": tool.side_effect == "read",
                "destructiveHint": tool.side_effect == "destructive",
            },
        }

    entries = [write(tool) for tool in catalog.tools]
    kept = _kept(catalog, entries, lambda entry: function_tools.read([entry], _NOWHERE))
    tools = [{**entry, **({"_meta": {KEY: each}} if each else {})} for entry, each in zip(entries, kept, strict=True)]
    return {"tools": tools}


def _openapi(catalog: Catalog) -> dict[str, Any]:
    places = _addresses(catalog.tools)
    often = Counter(tool.original_name for tool in catalog.tools)
    entries = [
        _operation(tool, path, verb, tool.original_name if often[tool.original_name] == 1 else tool.name)
        for tool, (path, verb) in zip(catalog.tools, places, strict=True)
    ]
    alone = [
        {"openapi": "3.1.0", "paths": {path: {verb: op}}} for op, (path, verb) in zip(entries, places, strict=True)
    ]
    kept = _kept(catalog, alone, lambda document: openapi.read(document, _NOWHERE))
    paths: dict[str, dict[str, Any]] = {}
    for (path, verb), entry, each in zip(places, entries, kept, strict=True):
        paths.setdefault(path, {})[verb] = {**entry, **({KEY: each} if each else {})}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": catalog.name, "version": catalog.version},
        "paths": paths,
    }
    names = {place: tool.name for place, tool in zip(places, catalog.tools, strict=True)}
    written = [names[path, verb] for path, verbs in paths.items() for verb in verbs]
    if written != [tool.name for tool in catalog.tools]:
        document[KEY] = {"order": [tool.name for tool in catalog.tools]}
    return document


def _kept(catalog: Catalog, entries: Sequence[Any], read: Callable[[Any], Found]) -> list[dict[str, Any]]:
    """What must stand beside each entry, so that reading it gives back the tool and its pairs."""
    partners = _partners(catalog)
    kept: list[dict[str, Any]] = []
    problems: list[tuple[str, str]] = []
    for tool, entry in zip(catalog.tools, entries, strict=True):
        try:
            kept.append(_kept_of(tool, read(entry)) | partners.get(tool.name, {}))
        except SchemaProblem as error:
            problems.append((tool.name, str(error)))
    if problems:
        advice = "Nothing was exported. Correct these tools, or leave them out of the catalog."
        raise CatalogError(problem_list(f"{catalog.name}: some tools cannot be written down.", problems, advice))
    return kept


def _kept_of(tool: Tool, found: Found) -> dict[str, Any]:
    """As `_kept`, of one tool; SchemaProblem if no kept fields could give it back."""
    if not found.tools:
        raise SchemaProblem(found.skipped[0].why)
    lost = lost_in_reading(tool, found.tools[0])
    again = restored(found.tools[0], lost) if lost else found.tools[0]
    if again != tool or ("arguments" in lost and not same_schema(again.parameters, tool.parameters)):
        raise SchemaProblem("its parameters are not as an import writes them")
    return lost


def _partners(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Name of the first tool of each pair → its partners by kind."""
    partners: dict[str, dict[str, Any]] = {}
    for kind, pairs in (("pinned", catalog.pinned), ("banned", catalog.banned)):
        for one, other in pairs:
            partners.setdefault(one, {}).setdefault(kind, []).append(other)
    return partners


def _addresses(tools: Sequence[Tool]) -> list[tuple[str, str]]:
    """Path and verb of each tool, each pair once.

    A tool keeps its own path where OpenAPI allows it: every `{name}` in it is a required argument, and no other tool
    has the same path and verb. Else the path is made of its name.
    """
    taken: set[tuple[str, str]] = set()
    spelled: dict[str, str] = {}
    places: list[tuple[str, str]] = []
    for tool in tools:
        verb = tool.method.lower() if tool.method.lower() in _VERBS else "post"
        path = tool.path
        shape = _TEMPLATE.sub("{}", path)
        if not _is_address(tool) or (path, verb) in taken or spelled.get(shape, path) != path:
            path = f"/tools/{tool.name}"
            while (path, verb) in taken:
                path += "_"
            shape = path
        spelled[shape] = path
        taken.add((path, verb))
        places.append((path, verb))
    return places


def _is_address(tool: Tool) -> bool:
    path, names = tool.path, _TEMPLATE.findall(tool.path)
    plain = path.startswith("/") and not re.search(r"[{}\s?#]", _TEMPLATE.sub("", path))
    return plain and len(names) == len(set(names)) and set(names) <= set(tool.required)


def _operation(tool: Tool, path: str, verb: str, operation_id: str) -> dict[str, Any]:
    """The tool as an OpenAPI operation: what the path names in the path, the rest in query or body by the verb."""
    in_path = set(_TEMPLATE.findall(path))
    in_url = [name for name in tool.properties if name in in_path or verb in _WITHOUT_BODY]
    result: dict[str, Any] = {"operationId": operation_id, "summary": tool.summary, "description": tool.description}
    if tool.group:
        result["tags"] = [tool.group]
    if tool.deprecated:
        result["deprecated"] = True
    if in_url:
        result["parameters"] = [_parameter(tool, name, "path" if name in in_path else "query") for name in in_url]
    if verb not in _WITHOUT_BODY and len(in_url) < len(tool.properties):
        result["requestBody"] = _body(tool, in_path)
    result["responses"] = {"200": {"description": "Done."}}
    return result


def _parameter(tool: Tool, name: str, place: str) -> dict[str, Any]:
    schema = tool.properties[name]
    described = {"description": schema["description"]} if "description" in schema else {}
    return {
        "name": name,
        "in": place,
        "required": name in tool.required,
        **described,
        "schema": {key: value for key, value in schema.items() if key != "description"},
    }


def _body(tool: Tool, in_path: set[str]) -> dict[str, Any]:
    """The request body of all arguments that do not stand in the path."""
    required = [name for name in tool.parameters.get("required", ()) if name not in in_path]
    schema = {key: value for key, value in tool.parameters.items() if key != "required"}
    schema["properties"] = {name: each for name, each in tool.properties.items() if name not in in_path}
    if required:
        schema["required"] = required
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}

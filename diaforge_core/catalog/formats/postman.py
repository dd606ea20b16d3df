"""Postman collections, version 2.0 and 2.1, as tools."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from ...errors import CatalogError
from ..documents import DocumentError, parse_document
from ..naming import name_from_path
from ..refs import References
from ..schemas import SchemaProblem, SchemaReader
from .bodies import is_credential, is_secret, schema_of
from .drafts import Draft, Found, as_text
from .joining import naming, with_body
from .openapi import TRANSPORT_HEADERS

_MORE_TRANSPORT = frozenset({"cache-control", "connection", "accept-encoding"})
MAX_FOLDERS = 40
"""Levels of folders in folders."""
_LITERAL = re.compile(r"^\{\{[^{}]*\}\}$")
_BARE_VARIABLE = re.compile(r"([:\[,]\s*)(\{\{[^{}\"]*\}\})(?=\s*[,}\]])")
"""A `{{variable}}` in a JSON text that stands where a number would, without quotes."""
_GRAPHQL_VARIABLE = re.compile(r"\$(\w+)\s*:\s*([\w\[\]!]+)")
_GRAPHQL_READS = re.compile(r"(\s|#[^\n]*\n)*(query\b|fragment\b|\{)")
_GRAPHQL_WRITES = re.compile(r"\b(mutation|subscription)\b")
_GRAPHQL_TYPES = {"Int": "integer", "Float": "number", "Boolean": "boolean", "String": "string", "ID": "string"}


def recognises(document: Any) -> bool:
    """Whether this is a collection, bare or as the answer of Postman's own API."""
    collection = _collection(document)
    info = collection.get("info")
    return isinstance(info, dict) and (
        "item" in collection or "_postman_id" in info or "getpostman.com" in str(info.get("schema"))
    )


def read(document: Any, source: str) -> Found:
    """Every request, in the order of folders and requests. CatalogError for a collection of version 1."""
    collection = _collection(document)
    if "/v1" in str(collection["info"].get("schema")):
        raise CatalogError(
            f"{source}: this is a Postman collection of version 1. Export it as Collection v2.1; nothing was imported."
        )
    found = Found()
    title = as_text(collection["info"].get("name"))
    requests = list(_requests(collection.get("item"), (), found))
    often = Counter(trail[-1].lower() for trail, _ in requests)
    for trail, item in requests:
        position = " / ".join(trail)
        try:
            draft = _draft(item, trail, title, source)
            found.add(replace(draft, told_apart=" ".join(trail[-2:])) if often[trail[-1].lower()] > 1 else draft)
        except SchemaProblem as error:
            found.skip(position, str(error))
    return found


def _collection(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        return {}
    inner = document.get("collection")
    return inner if isinstance(inner, dict) and "info" in inner else document


def _requests(items: Any, trail: tuple[str, ...], found: Found) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Each request with the names that lead to it, its own last."""
    place = " / ".join(trail) or "item"
    if not isinstance(items, list):
        found.skip(place, "`item` is not a list")
        return
    if len(trail) > MAX_FOLDERS:
        found.skip(place, f"folders are nested deeper than {MAX_FOLDERS} levels")
        return
    for index, item in enumerate(items):
        name = as_text(item.get("name")) if isinstance(item, dict) else ""
        inner = (*trail, name[:200] or f"request {index + 1}")
        if not isinstance(item, dict):
            found.skip(" / ".join(inner), "it is neither a folder nor a request")
        elif "item" in item:
            yield from _requests(item["item"], inner, found)
        else:
            yield inner, item


def _draft(item: dict[str, Any], trail: tuple[str, ...], title: str, source: str) -> Draft:
    request = item.get("request")
    if isinstance(request, str):  # a bare address is a GET
        request = {"method": "GET", "url": request}
    if not isinstance(request, dict):
        raise SchemaProblem("it has no request")
    method = as_text(request.get("method")).upper() or "GET"
    path, variables, query = _address(request.get("url"))
    told, graphql = "", _graphql(request)
    if graphql:
        told = f"GraphQL: {graphql[:1_500]}"
    only_reads = bool(_GRAPHQL_READS.match(graphql)) and not _GRAPHQL_WRITES.search(graphql)
    name = as_text(item.get("name"))
    return Draft(
        original_name=name or f"{method} {path}",
        parameters=_arguments(request, path, variables, query),
        source=source,
        position=" / ".join(trail),
        summary=name or " ".join(name_from_path(method, path).split("_")).capitalize(),
        description="\n\n".join(part for part in (_description(request) or _description(item), told) if part),
        group=trail[0] if len(trail) > 1 else title,
        method=method,
        path=path,
        side_effect="read" if only_reads else None,
        side_effect_reason="A GraphQL query only reads." if only_reads else "",
    )


def _description(owner: dict[str, Any]) -> str:
    given = owner.get("description")
    return as_text(given.get("content")) if isinstance(given, dict) else as_text(given)


def _address(url: Any) -> tuple[str, list[Any], list[Any]]:
    """The path with `{name}` for what is filled in, the path's variables and the query, as they stand."""
    parts = url if isinstance(url, dict) else {}
    raw = as_text(parts.get("raw")) if parts else as_text(url)
    steps = parts.get("path")
    if isinstance(steps, str):
        steps = steps.split("/")
    if not isinstance(steps, list):
        steps = _path_of(raw)
    texts = [as_text(step.get("value")) if isinstance(step, dict) else as_text(step) for step in steps]
    path = "/" + "/".join(_step(text) for text in texts if text)
    return path, _list(parts.get("variable")), _list(parts.get("query")) if "query" in parts else _query_of(raw)


def _path_of(raw: str) -> list[str]:
    bare = raw.split("?", 1)[0].split("#", 1)[0]
    bare = re.sub(r"^[a-z][a-z0-9+.-]*://", "", bare, flags=re.IGNORECASE)
    return bare.split("/")[1:]


def _query_of(raw: str) -> list[Any]:
    text = raw.partition("?")[2].split("#", 1)[0]
    pairs = [part.partition("=") for part in text.split("&") if part]
    return [{"key": unquote(key), "value": unquote(value)} for key, _, value in pairs]


def _step(text: str) -> str:
    """One step of the path: `:id` and `{{id}}` become `{id}`; a token that was left in it becomes `{key}`."""
    if text.startswith(":") and len(text) > 1:
        return "{" + text[1:] + "}"
    if is_secret("", text):
        return "{key}"
    return re.sub(r"\{\{\s*([^{}]+?)\s*\}\}", r"{\1}", text)


def _arguments(request: dict[str, Any], path: str, variables: list[Any], query: list[Any]) -> dict[str, Any]:
    known = {name: (entry, schema) for name, entry, schema in _entries(variables)}
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name in re.findall(r"\{([^{}]+)\}", path):
        properties[name] = known[name][1] if name in known else {"type": "string"}
        required.append(name)
    headers = [each for each in _list(request.get("header")) if not _is_machinery(each)]
    for place, entries in (("query", query), ("header", headers)):
        for name, entry, schema in _entries(entries):
            if is_credential(name):
                continue
            chosen = name if name not in properties else f"{place}_{name}"
            properties[chosen] = schema
            required += [chosen] if _is_required(entry) else []
    arguments = {"type": "object", "properties": properties, "required": list(dict.fromkeys(required))}
    with naming("body"):
        body = _body(request.get("body"))
        arguments = with_body(arguments, body, body_required=False) if body else arguments
        arguments = SchemaReader(References(arguments)).read(arguments)
    return {"type": "object", "properties": {}} | arguments


def _entries(entries: list[Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, entry and schema of each entry of a query, a form or the headers; a repeated name is a list."""
    merged: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for entry in entries:
        name = as_text(entry.get("key", entry.get("id"))) if isinstance(entry, dict) else ""
        if not name or _LITERAL.match(name):
            continue
        schema = _field(entry, name)
        if name in merged:
            first = merged[name][1]
            about = {"description": first["description"]} if "description" in first else {}
            items = first.get("items", {k: v for k, v in first.items() if k != "description"})
            schema = {"type": "array", "items": items, **about}
        merged[name] = (entry, schema)
    yield from ((name, entry, schema) for name, (entry, schema) in merged.items())


def _field(entry: dict[str, Any], name: str) -> dict[str, Any]:
    if entry.get("type") == "file":
        schema: dict[str, Any] = {"type": "string", "format": "binary"}
    else:
        value = entry.get("value")
        schema = schema_of(_as_value(value) if isinstance(value, str) else value, name)
        schema = schema if schema.get("type") not in (None, "object", "array") else {"type": "string"}
    described = _description(entry)
    return {**schema, "description": described} if described else schema


def _as_value(text: str) -> Any:
    """The number or truth that a text shows; texts that only look like numbers, such as `007`, stay texts."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?(0|[1-9]\d{0,14})", text) else text


def _is_required(entry: dict[str, Any]) -> bool:
    """Whether the entry says so itself, as collections made from API descriptions do; Postman has no word for it."""
    return entry.get("disabled") is not True and _description(entry).lower().startswith(("(required)", "required"))


def _is_machinery(header: Any) -> bool:
    name = as_text(header.get("key")).lower() if isinstance(header, dict) else ""
    return name in TRANSPORT_HEADERS | _MORE_TRANSPORT or name.startswith("postman-")


def _body(body: Any) -> dict[str, Any]:
    """The schema of a request's body; empty if it has none."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise SchemaProblem("it is not a mapping")
    mode = body.get("mode")
    if body.get("disabled") is True or mode is None:
        return {}
    if mode in ("urlencoded", "formdata"):
        entries = list(_entries(_list(body.get(mode))))
        required = [name for name, entry, _ in entries if _is_required(entry)]
        fields = {name: schema for name, _, schema in entries}
        return {"type": "object", "properties": fields, "required": required} if fields else {}
    if mode == "graphql":
        return _graphql_variables(body.get("graphql"))
    if mode == "file":
        return {"type": "string", "format": "binary", "description": "The file to send."}
    if mode == "raw":
        return _raw_schema(as_text(body.get("raw")))
    raise SchemaProblem(f"mode `{str(mode)[:40]}` is unknown")


def _raw_schema(text: str) -> dict[str, Any]:
    """What a raw body's example shows if it is JSON, whatever it is declared as; else one text."""
    if not text:
        return {}
    value = _json_example(text)
    if isinstance(value, (dict, list)):
        return schema_of(value)
    return {"type": "string", "description": "The body as text."}


def _json_example(text: str) -> Any:
    """The value of a JSON text in which variables may stand without quotes; None if it is none."""
    if text[:1] not in ("{", "["):
        return None
    quoted = _BARE_VARIABLE.sub(r'\1"\2"', text)
    try:
        return parse_document(re.sub(r"^\s*//.*$", "", quoted, flags=re.MULTILINE).encode())
    except DocumentError:
        return None


def _graphql(request: dict[str, Any]) -> str:
    """The query text of a GraphQL request; empty for all others."""
    body = request.get("body")
    if not isinstance(body, dict) or body.get("mode") != "graphql" or not isinstance(body.get("graphql"), dict):
        return ""
    return as_text(body["graphql"].get("query"))


def _graphql_variables(graphql: Any) -> dict[str, Any]:
    """The variables that the query declares, with the types and examples that are given for them."""
    if not isinstance(graphql, dict):
        return {}
    given = graphql.get("variables")
    shown = _json_example(given.strip()) if isinstance(given, str) else given
    fields = schema_of(shown)["properties"] if isinstance(shown, dict) else {}
    head = as_text(graphql.get("query")).split("{", 1)[0]
    declared = _GRAPHQL_VARIABLE.findall(head)
    for name, kind in declared:
        known = _GRAPHQL_TYPES.get(kind.strip("!"))
        fields[name] = {**fields.get(name, {}), **({"type": known} if known else {})}
    required = [name for name, kind in declared if kind.endswith("!")]
    return {"type": "object", "properties": fields, "required": required} if fields else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

"""OpenAPI 2.0 (Swagger), 3.0, 3.1 and 3.2 documents as tools.

Of a body's media types JSON is read if it is among them, else a form, else the first: JSON says most about its fields.
Those that declare other fields are named as skipped; servers, cookies, responses and security are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...errors import CatalogError
from ..naming import name_from_path, words_of
from ..refs import References, RefError
from ..schemas import SchemaProblem, SchemaReader
from .drafts import Draft, Found, as_text
from .joining import naming, with_body
from .keeping import kept_in

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
TRANSPORT_HEADERS = frozenset({"accept", "content-type", "authorization", "user-agent", "host", "content-length"})
"""Headers that the caller's machinery fills, never a person."""
_FORM_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
PLACES = ("path", "query", "header", "cookie", "body", "formData", "querystring")
_TEMPLATE = re.compile(r"\{(\w[\w.-]{0,99})\}")
_ON_PARAMETER = frozenset({"name", "in", "required", "allowEmptyValue", "collectionFormat", "style", "explode"})


def recognises(document: Any) -> bool:
    """Whether this is an OpenAPI document, of whatever version."""
    return isinstance(document, dict) and ("openapi" in document or "swagger" in document)


def read(document: dict[str, Any], source: str) -> Found:
    """Every operation in the document's order. CatalogError if the document as a whole is none."""
    version = str(document.get("openapi") or document.get("swagger"))
    if not version.startswith(("2.", "3.")) and version not in ("2", "3"):
        raise CatalogError(f"{source}: OpenAPI version `{version[:20]}` is unknown; 2.0 to 3.2 are read.")
    paths = document.get("paths", {})
    if not isinstance(paths, dict):
        raise CatalogError(f"{source}: `paths` is not a mapping from addresses to operations; nothing was imported.")
    found = Found()
    reading = _Reading(References(document), source, found, _security_parameters(document))
    for path, item in paths.items():
        _read_path(reading, path, item)
    webhooks = document.get("webhooks")
    if isinstance(webhooks, dict) and webhooks:
        found.remark("webhooks", f"calls that the service itself makes are no tools ({len(webhooks)} here)")
    _put_in_order(found, kept_in(document).get("order"))
    return found


def _put_in_order(found: Found, order: Any) -> None:
    """Sorts the tools as our own export says, which had to group them by address; unnamed ones stay last."""
    if isinstance(order, list):
        places = {name: place for place, name in enumerate(order) if isinstance(name, str)}
        found.tools.sort(key=lambda tool: places.get(tool.name, len(places)))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One document being read."""

    references: References
    source: str
    found: Found
    security: frozenset[tuple[str, str]]
    """Place and lower-case name of the parameters that carry a key, filled by the caller's machinery."""


def _security_parameters(document: dict[str, Any]) -> frozenset[tuple[str, str]]:
    components = document.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else document.get("securityDefinitions")
    declared = schemes.values() if isinstance(schemes, dict) else ()
    keys = [each for each in declared if isinstance(each, dict) and each.get("type") == "apiKey"]
    return frozenset((as_text(each.get("in")), as_text(each.get("name")).lower()) for each in keys)


def _read_path(reading: _Reading, path: str, item: Any) -> None:
    if path.startswith("x-"):
        return
    try:
        item = _path_item(reading.references, item)
    except RefError as error:
        reading.found.skip(path, str(error))
        return
    if not isinstance(item, dict):
        reading.found.skip(path, "there is no mapping of operations under this address")
        return
    for method, operation in _operations(item):
        position = f"{method} {path}"
        try:
            reading.found.add(_operation(reading, path, item, method, operation))
        except (SchemaProblem, RefError) as error:
            reading.found.skip(position, str(error))


def _path_item(references: References, item: Any) -> Any:
    """The item, or what it refers to with what stands beside the reference."""
    if not isinstance(item, dict) or "$ref" not in item:
        return item
    target = references.follow(item)
    beside = {key: value for key, value in item.items() if key != "$ref"}
    return {**target, **beside} if isinstance(target, dict) else target


def _operations(item: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Upper-case verb and operation; those of `additionalOperations` last."""
    for method, operation in item.items():
        if method.lower() in METHODS:
            yield method.upper(), operation
    more = item.get("additionalOperations")
    if isinstance(more, dict):
        yield from ((method.upper(), operation) for method, operation in more.items())


def _operation(reading: _Reading, path: str, item: dict[str, Any], method: str, operation: Any) -> Draft:
    if not isinstance(operation, dict):
        raise SchemaProblem("the operation is not a mapping")
    position = f"{method} {path}"
    name = as_text(operation.get("operationId")) or position
    tags = operation.get("tags")
    tag = as_text(tags[0]) if isinstance(tags, list) and tags else ""
    return Draft(
        original_name=as_text(operation.get("x-original-name")) or name,
        parameters=_arguments(reading, item, operation, position),
        source=reading.source,
        position=position,
        summary=_summary(operation, name, position, method, path),
        description=as_text(operation.get("description")) or as_text(item.get("description")),
        group=as_text(operation.get("x-group")) or tag or _first_step(path),
        method=method,
        path=path,
        deprecated=operation.get("deprecated") is True,
        side_effect=operation.get("x-side-effect"),
        side_effect_reason=as_text(operation.get("x-side-effect-reason")),
        kept=kept_in(operation),
    )


def _summary(operation: dict[str, Any], name: str, position: str, method: str, path: str) -> str:
    """The operation's own summary; without any text of its own, its name in words, never that of its neighbours."""
    own = as_text(operation.get("summary"))
    if own or as_text(operation.get("description")):
        return own
    words = name_from_path(method, path).split("_") if name == position else words_of(name)
    return " ".join(words).capitalize()


def _first_step(path: str) -> str:
    """The first word of an address that is no version and no placeholder."""
    steps = (step for step in path.split("/") if step and "{" not in step)
    return next((step for step in steps if not (step[0] in "vV" and step[1:2].isdigit())), "")


def _arguments(reading: _Reading, item: dict[str, Any], operation: dict[str, Any], position: str) -> dict[str, Any]:
    """One object schema of all that a caller gives: path, query and header parameters, then the body's fields."""
    reader = SchemaReader(reading.references)
    arguments: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    form: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    bodies: list[tuple[dict[str, Any], bool]] = []
    for parameter in _parameters(reading, item, operation):
        name, place = parameter["name"], parameter["in"]
        needed = parameter.get("required") is True or place == "path"
        with naming(name):
            if place == "body":
                bodies.append((reader.read(parameter.get("schema", {})), needed))
            elif place == "querystring":
                bodies.append((_parameter_schema(reading.references, reader, parameter), needed))
            else:
                owner = form if place == "formData" else arguments
                schema = _parameter_schema(reading.references, reader, parameter)
                name = name if name not in owner["properties"] else f"{place}_{name}"
                owner["properties"][name] = schema
                owner["required"] += [name] if needed else []
    if form["properties"]:
        bodies.append((form, True))
    if "requestBody" in operation:
        bodies.append(_request_body(reading, reader, operation["requestBody"], position))
    for name in _undeclared(position, arguments["properties"]):
        why = f"the address needs `{name[:60]}`, which no parameter declares; it was read as required text"
        reading.found.remark(position, why)
        arguments["properties"][name] = {"type": "string"}
        arguments["required"].append(name)
    for body, needed in bodies:
        arguments = with_body(arguments, body, needed)
    if not arguments["required"]:
        del arguments["required"]
    return arguments


def _undeclared(position: str, declared: dict[str, Any]) -> list[str]:
    """What the address leaves open, such as `{id}`, though no parameter is of that name."""
    return [name for name in dict.fromkeys(_TEMPLATE.findall(position)) if name not in declared]


def _parameters(reading: _Reading, item: dict[str, Any], operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parameters that a person gives; the operation's own win over those of its path."""
    chosen: dict[tuple[str, str], dict[str, Any]] = {}
    for owner in (item, operation):
        declared: dict[tuple[str, str], dict[str, Any]] = {}
        given = owner.get("parameters") or []
        if not isinstance(given, list):
            raise SchemaProblem("`parameters` is not a list")
        for entry in given:
            parameter = reading.references.follow(entry)
            if not isinstance(parameter, dict) or not as_text(parameter.get("name")):
                raise SchemaProblem("a parameter has no name")
            if parameter.get("in") not in PLACES:
                raise SchemaProblem(f"parameter `{parameter['name'][:60]}` does not say whether it is in path or query")
            key = (parameter["name"], parameter["in"])
            if key in declared and declared[key] != parameter:
                raise SchemaProblem(f"parameter `{key[0][:60]}` is declared twice with different types")
            declared[key] = parameter
        chosen |= declared
    for (name, place), parameter in chosen.items():
        machinery = place == "cookie" or (place == "header" and name.lower() in TRANSPORT_HEADERS)
        if not machinery and (place, name.lower()) not in reading.security:
            yield parameter


def _parameter_schema(references: References, reader: SchemaReader, parameter: dict[str, Any]) -> dict[str, Any]:
    """The schema of one parameter with its description; OpenAPI 2.0 keeps the keywords on the parameter itself."""
    content = parameter.get("content")
    if "schema" in parameter:
        schema = reader.read(parameter["schema"])
    elif isinstance(content, dict) and content:
        schema = reader.read(_media_schema(references.follow(next(iter(content.values())))))
    else:
        schema = reader.read({key: value for key, value in parameter.items() if key not in _ON_PARAMETER})
    described = as_text(parameter.get("description"))
    schema = {**schema, "description": described} if described else dict(schema)
    if parameter.get("deprecated") is True:
        schema["deprecated"] = True
    if "examples" not in schema and (shown := _examples(references, parameter)):
        schema["examples"] = shown
    return schema


def _examples(references: References, owner: dict[str, Any]) -> list[Any]:
    """The values that a parameter or media type shows beside its schema, at most five."""
    if "example" in owner:
        return [owner["example"]]
    named = owner.get("examples")
    shown = [references.follow(each) for each in list(named.values())[:5]] if isinstance(named, dict) else []
    keys = ("dataValue", "value")
    return [each[key] for each in shown if isinstance(each, dict) for key in keys if key in each]


def _media_schema(media: Any) -> Any:
    """The schema of a media type; that of a stream is a list of its items."""
    if not isinstance(media, dict):
        return {}
    if "schema" not in media and "itemSchema" in media:
        return {"type": "array", "items": media["itemSchema"]}
    return media.get("schema", {})


def _request_body(reading: _Reading, reader: SchemaReader, given: Any, position: str) -> tuple[dict[str, Any], bool]:
    """The schema of the body and whether it is required; an empty one if there is none."""
    references = reading.references
    body = references.follow(given)
    if not isinstance(body, dict):
        raise SchemaProblem("`requestBody` is not a mapping")
    content = body.get("content", {})
    if not isinstance(content, dict):
        raise SchemaProblem("`content` of the body is not a mapping")
    if not content:
        return {}, False
    kind = _chosen_kind(list(content))
    content = {name: references.follow(media) for name, media in content.items()}
    media = content[kind]
    if not isinstance(media, dict):
        raise SchemaProblem(f"the body's `{kind[:60]}` is not a mapping")
    with naming("body"):
        schema = reader.read(_media_schema(media))
    if as_text(body.get("description")) and "description" not in schema:
        schema = {**schema, "description": as_text(body["description"])}
    for other, each in content.items():
        if _media_schema(each) != _media_schema(media):
            why = f"the operation was read with its `{kind[:60]}` body instead"
            reading.found.remark(f"{position}, body as {other[:60]}", why)
    return _with_examples(schema, _examples(references, media)), body.get("required") is True


def _chosen_kind(kinds: list[str]) -> str:
    plain = {kind.split(";")[0].strip().lower(): kind for kind in reversed(kinds)}
    known = next((plain[kind] for kind in _FORM_TYPES if kind in plain), None)
    return known or next((kind for kind in kinds if "json" in kind), kinds[0])


def _with_examples(schema: dict[str, Any], examples: list[Any]) -> dict[str, Any]:
    """The body's schema with the fields of the examples beside those fields that show none themselves."""
    fields = dict(schema.get("properties", {}))
    for example in examples[:1]:
        for name, value in example.items() if isinstance(example, dict) else ():
            if name in fields and not {"examples", "default", "const", "properties"} & set(fields[name]):
                fields[name] = {**fields[name], "examples": [value]}
    return {**schema, "properties": fields} if fields else schema

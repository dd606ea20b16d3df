"""OpenAPI 2.0 (Swagger), 3.0 and 3.1 documents as tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...errors import CatalogError
from ..naming import name_from_path, words_of
from ..refs import References, RefError
from ..schemas import SchemaProblem, SchemaReader
from .drafts import Draft, Found, as_text
from .joining import naming, with_body

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
TRANSPORT_HEADERS = frozenset({"accept", "content-type", "authorization", "user-agent", "host", "content-length"})
"""Headers that the caller's machinery fills, never a person."""
_FORM_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
_ON_PARAMETER = frozenset({"name", "in", "required", "allowEmptyValue", "collectionFormat", "style", "explode"})


def recognises(document: Any) -> bool:
    """Whether this is an OpenAPI document, of whatever version."""
    return isinstance(document, dict) and ("openapi" in document or "swagger" in document)


def read(document: dict[str, Any], source: str) -> Found:
    """Every operation in the document's order. CatalogError if the document as a whole is none."""
    version = str(document.get("openapi") or document.get("swagger"))
    if not version.startswith(("2.", "3.")) and version not in ("2", "3"):
        raise CatalogError(f"{source}: OpenAPI version `{version[:20]}` is unknown; 2.0, 3.0 and 3.1 are read.")
    paths = document.get("paths", {})
    if not isinstance(paths, dict):
        raise CatalogError(f"{source}: `paths` is not a mapping from addresses to operations; nothing was imported.")
    found = Found()
    references = References(document)
    for path, item in paths.items():
        _read_path(references, path, item, source, found)
    return found


def _read_path(references: References, path: str, item: Any, source: str, found: Found) -> None:
    if path.startswith("x-"):
        return
    try:
        item = references.follow(item)
    except RefError as error:
        found.skip(path, str(error))
        return
    if not isinstance(item, dict):
        found.skip(path, "there is no mapping of operations under this address")
        return
    for method in item:
        if method.lower() not in METHODS:
            continue
        position = f"{method.upper()} {path}"
        try:
            found.add(_operation(references, path, item, method, source, position))
        except (SchemaProblem, RefError) as error:
            found.skip(position, str(error))


def _operation(
    references: References, path: str, item: dict[str, Any], method: str, source: str, position: str
) -> Draft:
    operation = item[method]
    if not isinstance(operation, dict):
        raise SchemaProblem("the operation is not a mapping")
    name = as_text(operation.get("operationId")) or position
    tags = operation.get("tags")
    tag = as_text(tags[0]) if isinstance(tags, list) and tags else ""
    return Draft(
        original_name=as_text(operation.get("x-original-name")) or name,
        parameters=_arguments(references, item, operation),
        source=source,
        position=position,
        summary=_summary(operation, name, position, method, path),
        description=as_text(operation.get("description")) or as_text(item.get("description")),
        group=as_text(operation.get("x-group")) or tag or _first_step(path),
        method=method.upper(),
        path=path,
        deprecated=operation.get("deprecated") is True,
        side_effect=operation.get("x-side-effect"),
        side_effect_reason=as_text(operation.get("x-side-effect-reason")),
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


def _arguments(references: References, item: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """One object schema of all that a caller gives: path, query and header parameters, then the body's fields."""
    reader = SchemaReader(references)
    properties: dict[str, Any] = {}
    required: list[str] = []
    body: dict[str, Any] | None = None
    body_required = False
    form: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for parameter in _parameters(references, item, operation):
        name, place = parameter["name"], parameter["in"]
        needed = parameter.get("required") is True or place == "path"
        with naming(name):
            if place == "body":
                body, body_required = reader.read(parameter.get("schema", {})), needed
            elif place == "formData":
                form["properties"][name] = _parameter_schema(reader, parameter)
                form["required"] += [name] if needed else []
            else:
                schema = _parameter_schema(reader, parameter)
                name = name if name not in properties else f"{place}_{name}"
                properties[name] = schema
                required += [name] if needed else []
    if form["properties"]:
        body, body_required = form, True
    if "requestBody" in operation:
        body, body_required = _request_body(references, reader, operation["requestBody"])
    arguments: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    if body is not None:
        arguments = with_body(arguments, body, body_required)
    if not arguments["required"]:
        del arguments["required"]
    return arguments


def _parameters(references: References, item: dict[str, Any], operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parameters that a person gives; the operation's own win over those of its path."""
    chosen: dict[tuple[str, str], dict[str, Any]] = {}
    for owner in (item, operation):
        declared: dict[tuple[str, str], dict[str, Any]] = {}
        given = owner.get("parameters") or []
        if not isinstance(given, list):
            raise SchemaProblem("`parameters` is not a list")
        for entry in given:
            parameter = references.follow(entry)
            if not isinstance(parameter, dict) or not as_text(parameter.get("name")):
                raise SchemaProblem("a parameter has no name")
            if parameter.get("in") not in ("path", "query", "header", "cookie", "body", "formData"):
                raise SchemaProblem(f"parameter `{parameter['name'][:60]}` does not say whether it is in path or query")
            key = (parameter["name"], parameter["in"])
            if key in declared and declared[key] != parameter:
                raise SchemaProblem(f"parameter `{key[0][:60]}` is declared twice with different types")
            declared[key] = parameter
        chosen |= declared
    for (name, place), parameter in chosen.items():
        if place != "cookie" and not (place == "header" and name.lower() in TRANSPORT_HEADERS):
            yield parameter


def _parameter_schema(reader: SchemaReader, parameter: dict[str, Any]) -> dict[str, Any]:
    """The schema of one parameter with its description; OpenAPI 2.0 keeps the keywords on the parameter itself."""
    content = parameter.get("content")
    if "schema" in parameter:
        schema = reader.read(parameter["schema"])
    elif isinstance(content, dict) and content:
        media = next(iter(content.values()))
        schema = reader.read(media.get("schema", {}) if isinstance(media, dict) else {})
    else:
        schema = reader.read({key: value for key, value in parameter.items() if key not in _ON_PARAMETER})
    described = as_text(parameter.get("description"))
    schema = {**schema, "description": described} if described else dict(schema)
    if parameter.get("deprecated") is True:
        schema["deprecated"] = True
    if "example" in parameter and "examples" not in schema and "schema" in parameter:
        schema["examples"] = [parameter["example"]]
    return schema


def _request_body(references: References, reader: SchemaReader, given: Any) -> tuple[dict[str, Any] | None, bool]:
    body = references.follow(given)
    if not isinstance(body, dict):
        raise SchemaProblem("`requestBody` is not a mapping")
    content = body.get("content", {})
    if not isinstance(content, dict):
        raise SchemaProblem("`content` of the body is not a mapping")
    if not content:
        return None, False
    kind = next((name for name in _FORM_TYPES if name in content), None)
    kind = kind or next((name for name in content if "json" in name), None) or next(iter(content))
    media = content[kind]
    if not isinstance(media, dict):
        raise SchemaProblem(f"the body's `{kind[:60]}` is not a mapping")
    with naming("body"):
        schema = reader.read(media.get("schema", {}))
    if as_text(body.get("description")) and "description" not in schema:
        schema = {**schema, "description": as_text(body["description"])}
    return schema, body.get("required") is True

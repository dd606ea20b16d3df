"""Google API discovery documents as tools."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ...errors import CatalogError
from ..refs import References, RefError
from ..schemas import SchemaProblem, SchemaReader
from .drafts import Draft, Found, as_text
from .joining import naming, with_body

_FORMATS = {"google-datetime": "date-time"}
_PATTERNS = {
    "int64": r"^-?\d{1,19}$",
    "uint64": r"^\d{1,20}$",
    "google-duration": r"^-?\d{1,12}(\.\d{1,9})?s$",
}
"""What the text of these formats looks like: 64-bit numbers travel as text, since JSON numbers lose digits."""
MAX_OWN_VALUES = 5_000_000
"""Values of schemas that are made for single methods because some fields are required for them alone; methods beyond it
share those of the document, in which such fields are optional. The largest real document comes to a tenth of it."""
_NOT_SCHEMA = frozenset(
    {"id", "annotations", "enumDescriptions", "enumDeprecated", "location", "repeated", "required", "default", "format"}
)


def recognises(document: Any) -> bool:
    """Whether this is a discovery document, or the list of them."""
    if not isinstance(document, dict):
        return False
    return str(document.get("kind")).startswith("discovery#") or "discoveryVersion" in document


def read(document: dict[str, Any], source: str) -> Found:
    """Every method, those of a resource before those of its nested resources. CatalogError for a list of documents."""
    if document.get("kind") == "discovery#directoryList":
        raise CatalogError(
            f"{source}: this is the directory of discovery documents, not one of them. "
            "Give the documents that it lists; nothing was imported."
        )
    found = Found()
    reading = _Reading(document, source)
    for position, method, deprecated in _methods(document, "", False, found):
        try:
            found.add(reading.draft(position, method, deprecated))
        except (SchemaProblem, RefError) as error:
            found.skip(position, str(error))
    return found


def _methods(owner: Any, place: str, deprecated: bool, found: Found) -> Iterator[tuple[str, Any, bool]]:
    """Each method's place, the method as it stands, and whether a resource above it is deprecated."""
    if not isinstance(owner, dict):
        found.skip(place, "the resource is not a mapping")
        return
    deprecated = deprecated or owner.get("deprecated") is True
    for key in ("methods", "resources"):
        members = owner.get(key, {})
        if not isinstance(members, dict):
            found.skip(f"{place}.{key}".strip("."), f"`{key}` is not a mapping")
            continue
        for name, member in members.items():
            inner = f"{place}.{name}".strip(".")
            if key == "methods":
                yield inner, member, deprecated
            else:
                yield from _methods(member, inner, deprecated, found)


class _Reading:
    """One document being read: its schemas in JSON Schema's words are made once and shared by its methods."""

    def __init__(self, document: dict[str, Any], source: str) -> None:
        self.source = source
        self.service = as_text(document.get("servicePath")).strip("/")
        title = as_text(document.get("canonicalName")) or as_text(document.get("title"))
        self.group = title.removesuffix(" API") or as_text(document.get("name"))
        schemas = document.get("schemas", {})
        self.schemas = schemas if isinstance(schemas, dict) else {}
        self.needing = set(_methods_named(list(self.schemas.values())))
        self.shared = _Schemas(self.schemas, "")
        self.budget = MAX_OWN_VALUES

    def draft(self, place: str, method: Any, deprecated: bool) -> Draft:
        if not isinstance(method, dict):
            raise SchemaProblem("the method is not a mapping")
        name = as_text(method.get("id")) or place
        verb = as_text(method.get("httpMethod")).upper()
        path = self._path(method)
        return Draft(
            original_name=name,
            parameters=self._arguments(method, name),
            source=self.source,
            position=f"{verb} {path}" if verb and path else name,
            description=as_text(method.get("description")),
            group=self.group,
            method=verb,
            path=path,
            deprecated=deprecated or method.get("deprecated") is True,
        )

    def _path(self, method: dict[str, Any]) -> str:
        """The address; the flat form where there is one, since it names the resources that `{+name}` hides."""
        given = as_text(method.get("flatPath")) or as_text(method.get("path")).replace("{+", "{")
        parts = [part for part in (self.service, given.strip("/")) if part]
        return "/" + "/".join(parts) if given else ""

    def _arguments(self, method: dict[str, Any], name: str) -> dict[str, Any]:
        if name not in self.needing or self.budget <= 0:
            return _arguments(method, name, self.shared)
        own = _Schemas(self.schemas, name)
        try:
            return _arguments(method, name, own)
        finally:
            self.budget -= sum(_size(each) for each in own.made.values())


class _Schemas(References):
    """The document's named schemas, in JSON Schema's words, as one method needs them."""

    def __init__(self, schemas: dict[str, Any], method: str) -> None:
        super().__init__(schemas)
        self.method = method
        self.made: dict[str, Any] = {}

    def lookup(self, ref: Any) -> Any:
        """The schema of this name. RefError if there is none."""
        if not isinstance(ref, str) or ref not in self.document:
            raise RefError(f"the reference `{str(ref)[:120]}` leads to no schema of this document")
        if ref not in self.made:
            self.made[ref] = _in_json_schema(self.document[ref], self.method)
        return self.made[ref]


def _arguments(method: dict[str, Any], name: str, references: _Schemas) -> dict[str, Any]:
    reader = SchemaReader(references)
    arguments: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
    for key, parameter in _parameters(method):
        with naming(key):
            arguments["properties"][key] = reader.read(_parameter_schema(parameter))
        if parameter.get("required") is True:
            arguments["required"].append(key)
    if "request" in method:
        with naming("body"):
            body = reader.read(_in_json_schema(method["request"], name))
        arguments = with_body(arguments, body, body_required=True)
    if "mediaUpload" in method:
        arguments["properties"] |= _upload(method["mediaUpload"], arguments["properties"])
    if not arguments["required"]:
        del arguments["required"]
    return arguments


def _methods_named(schemas: list[Any]) -> Iterator[str]:
    """The ids of methods for which some field is required, though it is optional for others."""
    waiting = schemas
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            annotations = value.get("annotations")
            if isinstance(annotations, dict) and isinstance(annotations.get("required"), list):
                yield from (name for name in annotations["required"] if isinstance(name, str))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _size(value: Any) -> int:
    """How many mappings, lists and keys the value holds."""
    total, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, (dict, list)):
            total += 1 + len(each)
            waiting += each.values() if isinstance(each, dict) else each
    return total


def _parameters(method: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    given = method.get("parameters", {})
    if not isinstance(given, dict):
        raise SchemaProblem("`parameters` is not a mapping")
    for name, parameter in given.items():
        if not isinstance(parameter, dict):
            raise SchemaProblem(f"parameter `{name[:60]}` is not a mapping")
        yield name, parameter


def _parameter_schema(parameter: dict[str, Any]) -> dict[str, Any]:
    """The parameter's own schema; one that may be repeated is a list of it."""
    schema = _in_json_schema(parameter, "")
    if parameter.get("repeated") is not True:
        return schema
    about = {key: schema.pop(key) for key in ("description", "deprecated") if key in schema}
    return {"type": "array", "items": schema, **about}


def _in_json_schema(schema: Any, method: str) -> Any:
    """The schema in JSON Schema's words, its `$ref`s left as they are; what is no mapping as it stands."""
    if not isinstance(schema, dict):
        return schema
    out = {key: value for key, value in schema.items() if key not in _NOT_SCHEMA}
    _add_format(schema, out)
    _add_default(schema, out)
    _add_meanings(schema, out)
    if isinstance(properties := schema.get("properties"), dict):
        out["properties"] = {name: _in_json_schema(each, method) for name, each in properties.items()}
        if needed := [name for name, each in properties.items() if _is_required_for(each, method)]:
            out["required"] = needed
    for key in ("items", "additionalProperties"):
        if key in schema:
            out[key] = _in_json_schema(schema[key], method)
    return out


def _is_required_for(schema: Any, method: str) -> bool:
    annotations = schema.get("annotations") if isinstance(schema, dict) else None
    named = annotations.get("required") if isinstance(annotations, dict) else None
    return isinstance(named, list) and method in named


def _add_format(schema: dict[str, Any], out: dict[str, Any]) -> None:
    form = schema.get("format")
    if not isinstance(form, str):
        return
    out["format"] = _FORMATS.get(form, form)
    if schema.get("type") == "string" and form in _PATTERNS:
        out.setdefault("pattern", _PATTERNS[form])
    elif schema.get("type") == "integer" and form.startswith("uint"):
        out.setdefault("minimum", 0)


def _add_default(schema: dict[str, Any], out: dict[str, Any]) -> None:
    """The default, which these documents always write as text, as a value of the schema's type."""
    default, kind = schema.get("default"), schema.get("type")
    if default is None:
        return
    try:
        if kind == "boolean":
            default = {"true": True, "false": False}[str(default).lower()]
        elif kind in ("integer", "number"):
            default = float(default) if kind == "number" else int(default)
    except (ValueError, KeyError, TypeError, OverflowError):
        return
    if not isinstance(default, float) or math.isfinite(default):
        out["default"] = default


def _add_meanings(schema: dict[str, Any], out: dict[str, Any]) -> None:
    """What each value of an enum means, told in the description, since JSON Schema has no place for it."""
    values, meanings = schema.get("enum"), schema.get("enumDescriptions")
    if not isinstance(values, list) or not isinstance(meanings, list):
        return
    told = [(value, as_text(meaning)) for value, meaning in zip(values, meanings, strict=False)]
    lines = [f"- `{value}`: {' '.join(meaning.split())}" for value, meaning in told if meaning]
    out["description"] = "\n".join([as_text(schema.get("description")), *lines]).strip()


def _upload(media: Any, taken: dict[str, Any]) -> dict[str, Any]:
    """The argument for the file that a method takes, named as in Google's own clients."""
    accepted = media.get("accept") if isinstance(media, dict) else None
    kinds = [kind for kind in accepted if isinstance(kind, str)] if isinstance(accepted, list) else []
    known = f" Accepted kinds: {', '.join(kinds)[:200]}." if kinds and kinds != ["*/*"] else ""
    schema = {"type": "string", "format": "binary", "description": f"The file to upload.{known}"}
    return {} if "media_body" in taken else {"media_body": schema}

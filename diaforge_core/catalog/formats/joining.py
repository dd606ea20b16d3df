"""All arguments of an operation as one object schema."""

from __future__ import annotations

from typing import Any

from ..refs import RefError
from ..schemas import SchemaProblem

CONDITIONS = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")
"""Keywords of an object that speak of several of its fields at once."""


class naming:
    """Says which parameter a schema's problem is about."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, (SchemaProblem, RefError)):
            raise SchemaProblem(f"in `{self.name[:60]}`: {error}") from None


def check_arguments(parameters: dict[str, Any]) -> None:
    """Nothing; SchemaProblem if `parameters` is no object schema or requires a parameter that it does not declare."""
    if parameters.get("type", "object") != "object":
        raise SchemaProblem("the arguments are not an object")
    missing = [name for name in parameters.get("required", ()) if name not in parameters.get("properties", {})]
    if missing:
        names = ", ".join(f"`{name[:60]}`" for name in missing[:5])
        raise SchemaProblem(f"`required` names {names}, which is not declared" if len(missing) == 1 else
                            f"`required` names {names}, which are not declared")  # fmt: skip


def with_body(arguments: dict[str, Any], body: dict[str, Any], body_required: bool) -> dict[str, Any]:
    """The arguments with the body's fields beside the others, its conditions kept; as one `body` if that cannot be.

    A field that another argument is named like is merged with it if the two are the same, else called `body_…`.
    """
    properties, required = arguments["properties"], arguments["required"]
    fields = body.get("properties", {})
    clashes = {name for name in fields if name in properties and not _same(fields[name], properties[name])}
    conditional = any(key in body for key in CONDITIONS)
    if not _spreads(body) or (clashes and conditional):
        return _with_whole_body(arguments, body, body_required)
    renamed = {name: f"body_{name}" if name in clashes else name for name in fields}
    body_needs = [renamed.get(name, name) for name in body.get("required", ())]
    rest = {key: value for key, value in body.items() if key in CONDITIONS or key == "additionalProperties"}
    merged = {renamed[name]: schema for name, schema in fields.items() if renamed[name] not in properties}
    return {
        **arguments,
        "properties": {**properties, **merged},
        "required": list(dict.fromkeys([*required, *body_needs])),
        **rest,
    }


def _with_whole_body(arguments: dict[str, Any], body: dict[str, Any], body_required: bool) -> dict[str, Any]:
    if not body or body == {"type": "object"}:
        return arguments
    properties = arguments["properties"]
    name = "body" if "body" not in properties else "request_body"
    return {
        **arguments,
        "properties": {**properties, name: body},
        "required": [*arguments["required"], *([name] if body_required else [])],
    }


def _spreads(body: dict[str, Any]) -> bool:
    """Whether the body is an object whose fields can stand among the other arguments without changing meaning."""
    if body.get("type", "object") != "object" or not body.get("properties"):
        return False
    closed = (part.get("additionalProperties") for key in ("allOf", "anyOf", "oneOf") for part in body.get(key, ()))
    return all(each is not False for each in closed)


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    plain = [{k: v for k, v in each.items() if k not in ("description", "title", "examples")} for each in (one, other)]
    return plain[0] == plain[1]

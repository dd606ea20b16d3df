"""What a schema's conditions (`if`, `dependentRequired`, `oneOf` …) demand, given what is chosen so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..records.tool import Tool
from .checking import fits

_ASKS = ("required", "minProperties", "dependentRequired")
"""Keywords by which an object is incomplete rather than wrong."""


def required_for(tool: Tool, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The parameters without which a call with these arguments is not complete, those already given included.

    In the order of the tool's parameters. A condition counts once the mandatory parameters that it looks at are given;
    its optional ones are judged as the call stands. Where one of several forms is needed and the arguments leave it
    open, first what all forms share is required, then the form that asks for least, the first of equals.
    """
    names = needed(tool.parameters, arguments)
    order = {name: place for place, name in enumerate(tool.properties)}
    return tuple(sorted(names, key=lambda name: (order.get(name, len(order)), name)))


def schema_for(tool: Tool, parameter: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The parameter's schema with what the tool's conditions add to it given these arguments; empty if undeclared."""
    return field_schema(tool.parameters, parameter, arguments)


def needed(schema: Mapping[str, Any], value: Mapping[str, Any]) -> set[str]:
    """The keys that an object schema requires of `value` as it is so far."""
    names: set[str] = set()
    for part in active_parts(schema, value):
        names.update(part.get("required", ()))
        for given, others in part.get("dependentRequired", {}).items():
            if given in value:
                names.update(others)
    return names


def field_schema(schema: Mapping[str, Any], name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of one key with what active conditions add: enums narrowed, other keywords replaced."""
    out: dict[str, Any] = {}
    for part in active_parts(schema, value):
        field = part.get("properties", {}).get(name)
        if not isinstance(field, Mapping):
            continue
        options = [each for each in out.get("enum", field.get("enum", ())) if each in field.get("enum", (each,))]
        out = out | dict(field) | ({"enum": options} if options else {})
    return out


def active_parts(
    schema: Mapping[str, Any], value: Mapping[str, Any], demanded: frozenset[str] = frozenset()
) -> Iterator[Mapping[str, Any]]:
    """The schema and those of its sub-schemas that apply to the same object, given its keys so far."""
    demanded |= frozenset(schema.get("required", ()))
    yield schema
    for part in schema.get("allOf", ()):
        yield from active_parts(part, value, demanded)
    for given, part in schema.get("dependentSchemas", {}).items():
        if given in value:
            yield from active_parts(part, value, demanded)
    if "if" in schema and not any(name in demanded and name not in value for name in looked_at(schema["if"])):
        chosen = schema.get("then" if fits(schema["if"], value) else "else", {})
        yield from active_parts(chosen, value, demanded)
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            yield from _active_form(schema[key], value, demanded)


def looked_at(condition: Mapping[str, Any]) -> set[str]:
    """The keys on whose presence or value a condition depends."""
    names = set(condition.get("properties", {})) | set(condition.get("required", ()))
    for key in ("allOf", "anyOf", "oneOf"):
        for part in condition.get(key, ()):
            names |= looked_at(part)
    return names | (looked_at(condition["not"]) if "not" in condition else set())


def _active_form(
    forms: list[Mapping[str, Any]], value: Mapping[str, Any], demanded: frozenset[str]
) -> Iterator[Mapping[str, Any]]:
    """The form that `value` is taking, or, while that is open, what all possible forms share."""
    possible = [form for form in forms if fits({k: v for k, v in form.items() if k not in _ASKS}, value)]
    if not possible:
        return
    wants = [needed(form, value) for form in possible]
    shared = set.intersection(*wants)
    if len(possible) > 1 and shared - set(value):
        yield {"required": sorted(shared)}
        return
    least = min(range(len(possible)), key=lambda index: len(wants[index] - set(value)))
    yield from active_parts(possible[least], value, demanded)

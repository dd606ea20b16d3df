"""Values checked against the schemas of a tool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry

from ..records.tool import Tool
from .patterns import MAX_PATTERN_TEXT
from .value_formats import format_checker

MAX_PROBLEMS = 20
MAX_ARGUMENT_NODES = 5_000
"""Values in the arguments of one call."""
MAX_ARGUMENT_DEPTH = 30


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which arguments do not fit a tool."""

    path: str
    """Dotted path of the argument, such as `address.city`; empty for the arguments as a whole."""
    message: str

    def __str__(self) -> str:
        return f"`{self.path}`: {self.message}" if self.path else self.message


def validate(tool: Tool, arguments: Mapping[str, Any]) -> list[Problem]:
    """Every way in which the arguments break the tool's JSON Schema (formats included), in order; empty when none.

    At most 20; arguments that are far too large or deep are one problem, unread (METHOD.md §2, check 3).
    """
    if not _is_small(arguments):
        return [Problem("", f"the arguments hold more than {MAX_ARGUMENT_NODES} values or are nested too deep")]
    problems: dict[Problem, None] = {}
    for error in _validator(tool.parameters).iter_errors(dict(arguments)):
        for problem in _problems(error):
            problems.setdefault(problem)
        if len(problems) >= MAX_PROBLEMS:
            break
    return sorted(problems, key=lambda problem: problem.path)[:MAX_PROBLEMS]


def fits(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether the value is valid against the schema, formats included."""
    return _is_small(value) and _validator(schema).is_valid(value)


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and (len(value) > MAX_PATTERN_TEXT or not re.search(pattern, value)):
        yield ValidationError(f"does not fit the pattern {pattern}")


_Validator = extend(Draft202012Validator, {"pattern": _pattern})
_FORMATS = format_checker()
_NOTHING_OUTSIDE: Registry[Any] = Registry()


def _validator(schema: Mapping[str, Any]) -> Any:
    return _Validator(schema, format_checker=_FORMATS, registry=_NOTHING_OUTSIDE)


def _is_small(value: Any) -> bool:
    waiting, nodes = [(value, 0)], 0
    while waiting:
        each, depth = waiting.pop()
        nodes += 1
        if nodes > MAX_ARGUMENT_NODES or depth > MAX_ARGUMENT_DEPTH:
            return False
        if isinstance(each, Mapping):
            waiting += [(child, depth + 1) for child in each.values()]
        elif isinstance(each, (list, tuple)):
            waiting += [(child, depth + 1) for child in each]
    return True


def _problems(error: ValidationError) -> list[Problem]:
    """The error in words, at the argument that is to be changed."""
    path = ".".join(str(step) for step in error.absolute_path)
    rule, value, given = error.validator, cast(Any, error.validator_value), cast(Any, error.instance)
    if rule == "required":
        missing = [name for name in value if name not in given]
        return [Problem(_join(path, name), "is missing") for name in missing]
    if rule == "dependentRequired":
        return [
            Problem(_join(path, name), f"is required when `{other}` is given")
            for other, names in value.items()
            if other in given
            for name in names
            if name not in given
        ]
    if rule == "additionalProperties" and value is False:
        declared = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
        return [Problem(_join(path, name), "is not a parameter") for name in given if name not in declared]
    return [Problem(path, _words(rule, value, error))]


_TEXTS = {
    "const": "must be {}",
    "format": "is not a valid {}",
    "pattern": "does not fit the pattern {}",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be above {}",
    "exclusiveMaximum": "must be below {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must hold at least {} items",
    "maxItems": "must hold at most {} items",
    "minProperties": "must hold at least {} values",
    "uniqueItems": "holds an item twice",
}
"""Keyword of a schema → what a value that breaks it is told."""


def _words(rule: Any, value: Any, error: ValidationError) -> str:
    if rule in ("oneOf", "anyOf") and isinstance(value, list):
        return _alternatives(rule, value, error)
    if rule == "type":
        return f"must be {_type_words(value)}, not {_type_name(error.instance)}"
    if rule == "enum":
        return "must be one of " + ", ".join(str(each) for each in value[:12])
    text = _TEXTS.get(str(rule))
    return text.format(value) if text else error.message[:300]


def _alternatives(rule: str, branches: list[Any], error: ValidationError) -> str:
    required = [branch.get("required", ()) for branch in branches if isinstance(branch, dict)]
    sets = [" and ".join(f"`{name}`" for name in names) for names in required]
    if isinstance(error.instance, Mapping) and len(sets) == len(branches) and all(sets):
        return f"give {'exactly' if rule == 'oneOf' else 'at least'} one of: {' or '.join(sets)}"
    return "fits none of the allowed forms" if error.context else "fits more than one of forms that exclude each other"


def _type_words(value: Any) -> str:
    return " or ".join(value) if isinstance(value, list) else str(value)


def _type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {str: "string", int: "integer", float: "number", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), type(value).__name__)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name

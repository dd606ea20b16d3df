"""A form for the arguments of a call, made from the tool's schema; or the same arguments as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from diaforge_core.records.tool import Tool

from .dialogue_view import value_text
from .wording import plain

Check = Callable[[Tool, dict[str, Any]], Sequence[str]]
"""Arguments of a tool → what is wrong with them, one sentence each."""
NESTING = 4
"""Levels of objects drawn as fields; deeper ones are edited as JSON, which stays readable at any depth."""
NOT_GIVEN = "not given"


class FieldError(ValueError):
    """A text that is no value of its field's type; the message says why."""


@dataclass(slots=True)
class Filled:
    """What a form holds now."""

    arguments: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """Why it cannot be saved; empty when it can."""


def edit_arguments(tool: Tool, arguments: Mapping[str, Any], key: str, check: Check) -> Filled:
    """Draw the form for `tool` filled with `arguments`; what it holds now, with every problem named."""
    as_json = st.toggle("Edit as JSON", key=f"{key}.raw", help="For what the fields below cannot say.")
    filled = _json_area(arguments, key) if as_json else _fields(tool.parameters, arguments, key)
    if not filled.problems:
        filled.problems = list(check(tool, filled.arguments))
    for problem in filled.problems:
        st.markdown(f":orange-badge[:material/priority_high: not valid] {plain(problem, 300)}")
    return filled


def _json_area(arguments: Mapping[str, Any], key: str) -> Filled:
    text = json.dumps(arguments, indent=2, ensure_ascii=False)
    edited = st.text_area("Arguments as JSON", value=text, key=f"{key}.json", height=220)
    try:
        return Filled(parse_object(edited))
    except FieldError as error:
        return Filled({}, [str(error)])


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object in `text`; FieldError that names line and column, or the kind found instead."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise FieldError(f"Line {error.lineno}, column {error.colno} is not JSON: {error.msg}.") from error
    except RecursionError as error:
        raise FieldError("This JSON is nested too deeply.") from error
    if not isinstance(value, dict):
        raise FieldError("Arguments are one JSON object, such as {}.")
    return value


def declared(schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Every property that the schema or one of its branches names, in order; the plain declaration wins."""
    found: dict[str, Any] = dict(schema.get("properties") or {})
    if depth > NESTING:
        return found
    branches = [schema.get(key) for key in ("then", "else")]
    for key in ("allOf", "anyOf", "oneOf"):
        branches += schema.get(key) or []
    branches += (schema.get("dependentSchemas") or {}).values()
    for branch in branches:
        if isinstance(branch, Mapping):
            for name, value in declared(branch, depth + 1).items():
                found.setdefault(name, value)
    return found


def _fields(schema: Mapping[str, Any], arguments: Mapping[str, Any], key: str, prefix: str = "") -> Filled:
    """One widget a property; an argument that the schema does not know is kept as a JSON field."""
    filled = Filled()
    properties = declared(schema)
    required = set(schema.get("required") or ())
    for name in [*properties, *(name for name in arguments if name not in properties)]:
        part = properties.get(name)
        path = f"{prefix}{name}"
        given = arguments.get(name)
        if kind_of(part) == "object" and path.count(".") < NESTING:
            _nested(name, part, given, key, path, name in required, filled)
            continue
        try:
            value = _widget(
                path, part if isinstance(part, Mapping) else {}, name in arguments, given, key, name in required
            )
        except FieldError as error:
            filled.problems.append(f"{path}: {error}")
            continue
        if value is not None:
            filled.arguments[name] = value[0]
        elif name in required and (not prefix or arguments):
            filled.problems.append(f"{path}: is required")
    return filled


def _nested(name: str, part: Any, given: Any, key: str, path: str, required: bool, filled: Filled) -> None:
    with st.container(border=True):
        st.caption(f"{plain(path)}{' (required)' if required else ''}")
        inner = _fields(part, given if isinstance(given, Mapping) else {}, key, f"{path}.")
    if inner.arguments or required or given is not None:
        filled.arguments[name] = inner.arguments
        filled.problems += inner.problems


def kind_of(schema: Any) -> str:
    """Which field fits a schema: choice, yes_no, integer, number, text, object or json."""
    if not isinstance(schema, Mapping):
        return "json"
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return "choice"
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds or [] if kind != "null"]
    if kinds == ["object"] and schema.get("properties"):
        return "object"
    simple = {"boolean": "yes_no", "integer": "integer", "number": "number", "string": "text"}
    return simple.get(kinds[0], "json") if len(kinds) == 1 else "json"


def _widget(
    path: str, schema: Mapping[str, Any], present: bool, given: Any, key: str, required: bool
) -> tuple[Any] | None:
    """The field's value in a 1-tuple, None where it is left out; FieldError where its text is none."""
    kind = kind_of(schema)
    label = f"{plain(path)}{' *' if required else ''}"
    hint = plain(schema.get("description") or "", 400) or None
    name = f"{key}.field.{path}"
    if kind in {"choice", "yes_no"}:
        options = list(schema["enum"]) if kind == "choice" else [True, False]
        if present and not any(same(option, given) for option in options):
            options.append(given)
        start = next((i for i, option in enumerate(options) if present and same(option, given)), None)
        chosen = st.selectbox(
            label,
            range(len(options)),
            index=start,
            format_func=lambda index: value_text(options[index]),
            placeholder=NOT_GIVEN,
            key=name,
            help=hint,
        )
        return None if chosen is None else (options[chosen],)
    fits = not present or kind != "text" or isinstance(given, str)
    text = value_text(given) if present else ""
    if kind == "json" or not fits:
        text = json.dumps(given, ensure_ascii=False) if present else ""
    entered = st.text_input(label, value=text, key=name, help=hint, placeholder=NOT_GIVEN)
    return parse_field(kind, entered, required)


def same(one: Any, other: Any) -> bool:
    """Equal values of one type, so that 1 is not True."""
    return type(one) is type(other) and one == other


def parse_field(kind: str, text: str, required: bool = False) -> tuple[Any] | None:
    """The value that `text` means for a field of this kind, in a 1-tuple; None for an empty field.

    FieldError where the text is no such value.
    """
    if text == "" or (kind != "text" and not text.strip()):
        return None
    if kind == "text":
        return (text,)
    if kind == "integer":
        try:
            return (int(text.strip().replace("_", "x")),)
        except ValueError as error:
            raise FieldError(f"'{text}' is not a whole number") from error
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        wanted = "a number" if kind == "number" else 'JSON, such as ["a", "b"]'
        raise FieldError(f"'{text}' is not {wanted}") from error
    if kind == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise FieldError(f"'{text}' is not a number")
    return (value,)

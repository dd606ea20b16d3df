"""The single fields of a form: a widget for a value, and what its text means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from .dialogue_view import value_text
from .wording import plain

NOT_GIVEN = "not given"


class FieldError(ValueError):
    """A text that is no value of its field's type; the message says why."""

    def __init__(self, message: str, text: str = "") -> None:
        super().__init__(message)
        self.text = text
        """What was typed."""


def unread(key: str, path: str) -> str:
    """The name under which a form keeps the text of a field: that of its widget."""
    return f"{key}.field.{path}"


def value_field(
    key: str,
    path: str,
    kind: str,
    schema: Any,
    present: bool,
    given: Any,
    required: bool,
    texts: Mapping[str, str],
) -> tuple[Any] | None:
    """Draw one value; it in a 1-tuple, None where it is left out. FieldError where the text is no value."""
    schema = schema if isinstance(schema, Mapping) else {}
    label = f"{plain(path)}{' *' if required else ''}"
    hint = plain(schema.get("description") or "", 400) or None
    name = unread(key, path)
    if kind == "fixed":
        text = value_text(schema["const"])
        st.text_input(label, text, key=f"{name}.{text}", help=hint, disabled=True)
        return (schema["const"],) if required or present else None
    if kind in ("choice", "yes_no"):
        return _choice(name, label, hint, schema, present, given)
    fits = not present or kind != "text" or isinstance(given, str)
    text = value_text(given) if present else ""
    if kind == "json" or not fits:
        text = json.dumps(given, ensure_ascii=False) if present else ""
    text = texts.get(name, text)
    entered = st.text_input(label, value=text, key=name, help=hint, placeholder=NOT_GIVEN)
    return parse_field(kind, entered)


def _choice(
    name: str, label: str, hint: str | None, schema: Mapping[str, Any], present: bool, given: Any
) -> tuple[Any] | None:
    """A choice of values; options are kept as JSON, so that 1 is not True and a narrowed list keeps what was chosen."""
    options = [json.dumps(option, ensure_ascii=False) for option in schema.get("enum") or [True, False]]
    held = json.dumps(given, ensure_ascii=False) if present else None
    if held is not None and held not in options:
        options.append(held)
    chosen = st.selectbox(
        label,
        options,
        index=options.index(held) if held is not None else None,
        format_func=lambda option: value_text(json.loads(option)),
        placeholder=NOT_GIVEN,
        key=name,
        help=hint,
    )
    return None if chosen is None else (json.loads(chosen),)


def field_now(key: str, path: str, kind: str) -> tuple[Any] | tuple[()] | None:
    """What the field of a path holds: a value, nothing, or None where it is not on screen or holds no value."""
    name = unread(key, path)
    if name not in st.session_state or kind in ("fixed", "object", "array", "forms"):
        return None
    text = st.session_state[name]
    try:
        value = (json.loads(text),) if kind in ("choice", "yes_no") and text else parse_field(kind, text or "")
    except (FieldError, ValueError):
        return None
    return value or ()


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object in `text`; FieldError that names line and column, or the kind found instead."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise FieldError(f"Line {error.lineno}, column {error.colno} is not JSON: {error.msg}.", text) from error
    except RecursionError as error:
        raise FieldError("This JSON is nested too deeply.", text) from error
    if not isinstance(value, dict):
        raise FieldError("Arguments are one JSON object, such as {}.", text)
    return value


def parse_field(kind: str, text: str) -> tuple[Any] | None:
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
            raise FieldError(f"'{text}' is not a whole number", text) from error
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        wanted = "a number" if kind == "number" else 'JSON, such as ["a", "b"]'
        raise FieldError(f"'{text}' is not {wanted}", text) from error
    if kind == "number" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise FieldError(f"'{text}' is not a number", text)
    return (value,)

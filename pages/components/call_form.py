"""A form for the arguments of a call, made from the tool's schema; or the same arguments as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from diaforge_core.records.tool import Tool
from diaforge_core.services.call_forms import alternatives, fits, shape

from .call_fields import FieldError, field_now, parse_object, unread, value_field
from .wording import plain

Check = Callable[[Tool, dict[str, Any]], Sequence[str]]
"""Arguments of a tool → what is wrong with them, one sentence each."""
NESTING = 4
"""Levels of objects drawn as fields; deeper ones are edited as JSON, which stays readable at any depth."""


@dataclass(slots=True)
class Filled:
    """What a form holds now."""

    arguments: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """Why it cannot be saved; empty when it can."""
    unread: dict[str, str] = field(default_factory=dict)
    """Name of a field → its text, where that is no value yet."""


def edit_arguments(
    tool: Tool,
    arguments: Mapping[str, Any],
    key: str,
    check: Check,
    texts: Mapping[str, str] | None = None,
) -> Filled:
    """Draw the form for `tool` filled with `arguments`; what it holds now, with every problem named.

    `texts` fills fields with what was typed into them before and was no value: the `unread` of a form before.
    """
    texts = texts or {}
    as_json = st.segmented_control(
        "Arguments",
        ["Form", "JSON"],
        default="JSON" if f"{key}.json" in texts else "Form",
        key=f"{key}.tab",
        required=True,
        label_visibility="collapsed",
        help="JSON says what the fields cannot.",
    )
    drawing = _Drawing(key, texts)
    filled = _json_area(arguments, key, texts) if as_json == "JSON" else drawing.fields(tool.parameters, arguments)
    if not filled.problems:
        filled.problems = list(check(tool, filled.arguments))
    for problem in filled.problems:
        st.markdown(f":orange-badge[:material/priority_high: not valid] {plain(problem, 300)}")
    return filled


def _json_area(arguments: Mapping[str, Any], key: str, texts: Mapping[str, str]) -> Filled:
    name = f"{key}.json"
    text = texts.get(name, json.dumps(arguments, indent=2, ensure_ascii=False))
    edited = st.text_area("Arguments as JSON", value=text, key=name, height=220)
    try:
        return Filled(parse_object(edited))
    except FieldError as error:
        return Filled(dict(arguments), [str(error)], {name: edited})


class _Drawing:
    """The fields of one form, drawn from schema and values."""

    def __init__(self, key: str, texts: Mapping[str, str]) -> None:
        self._key = key
        self._texts = texts

    def fields(self, schema: Mapping[str, Any], given: Mapping[str, Any], prefix: str = "") -> Filled:
        """One widget a property; an argument that the schema does not know is kept as a JSON field."""
        filled = Filled()
        found = shape(schema, self._now(schema, given, prefix), self._picked(schema, prefix))
        for forms in found.forms:
            self._choice(prefix.rstrip("."), forms.key, forms.labels, forms.chosen)
        for name in [*found.fields, *self._unknown(schema, given, found.fields)]:
            self._one(name, found.fields.get(name), given, prefix, name in found.required, filled)
        return filled

    def _one(
        self, name: str, schema: Any, given: Mapping[str, Any], prefix: str, required: bool, filled: Filled
    ) -> None:
        """Draw one field and take what it holds into `filled`."""
        path = f"{prefix}{name}"
        try:
            value = self._value(path, schema, name in given, given.get(name), required, filled)
        except FieldError as error:
            filled.problems.append(f"{path}: {error}")
            filled.unread[unread(self._key, path)] = error.text
            if name in given:
                filled.arguments[name] = given[name]
            return
        if value is not None:
            filled.arguments[name] = value[0]
        elif required and (not prefix or given):
            filled.problems.append(f"{path}: is required")

    def _value(
        self, path: str, schema: Any, present: bool, given: Any, required: bool, filled: Filled
    ) -> tuple[Any] | None:
        """What the field holds in a 1-tuple, None where it is left out; FieldError where its text is no value."""
        kind = kind_of(schema) if path.count(".") < NESTING else "json"
        if kind == "object":
            return self._object(path, schema, present, given, required, filled)
        if kind == "array":
            return self._array(path, schema, present, given, required, filled)
        if kind == "forms":
            return self._one_of(path, schema, present, given, required, filled)
        return value_field(self._key, path, kind, schema, present, given, required, self._texts)

    def _one_of(
        self, path: str, schema: Mapping[str, Any], present: bool, given: Any, required: bool, filled: Filled
    ) -> tuple[Any] | None:
        """The choice of a form, and the field of the one chosen; a value of another form is not taken along."""
        picked = next(iter(self._picked(schema, f"{path}.").values()), None)
        forms, inner = alternatives(schema, given, picked)
        self._choice(path, forms.key, forms.labels, forms.chosen)
        stays = present and (picked is None or fits(inner, given))
        own = _Drawing(f"{self._key}.{path}.{forms.chosen}", self._texts)
        return own._value(path, inner, stays, given if stays else None, required, filled)

    def _object(
        self, path: str, schema: Mapping[str, Any], present: bool, given: Any, required: bool, filled: Filled
    ) -> tuple[Any] | None:
        with st.container(border=True):
            st.caption(f"{plain(path)}{' (required)' if required else ''}")
            inner = self.fields(schema, given if isinstance(given, Mapping) else {}, f"{path}.")
        if not (inner.arguments or inner.unread or required or present):
            return None
        filled.problems += inner.problems
        filled.unread |= inner.unread
        return (inner.arguments,)

    def _array(
        self, path: str, schema: Mapping[str, Any], present: bool, given: Any, required: bool, filled: Filled
    ) -> tuple[Any] | None:
        """One field an item, each with a button that takes it out, and one that adds another."""
        name = f"{self._key}.items.{path}"
        items, places = _items(name, list(given) if isinstance(given, list | tuple) else [])
        values: list[Any] = []
        with st.container(border=True):
            st.caption(f"{plain(path)}{' *' if required else ''} · {len(places)} items")
            for place in places:
                self._item(f"{path}.{place}", schema["items"], items, place, values, filled)
                st.button(
                    "Remove",
                    key=f"{name}.out.{place}",
                    icon=":material/remove:",
                    type="tertiary",
                    on_click=places.remove,
                    args=(place,),
                )
            st.button(
                "Add an item",
                key=f"{name}.add",
                icon=":material/add:",
                type="tertiary",
                on_click=lambda: places.append(max([*places, len(items) - 1]) + 1),
            )
        return (values,) if values or required or present else None

    def _item(
        self, path: str, schema: Mapping[str, Any], items: Sequence[Any], place: int, values: list[Any], filled: Filled
    ) -> None:
        there = place < len(items)
        one = Filled()
        self._one(
            str(place), schema, {str(place): items[place]} if there else {}, path.rpartition(".")[0] + ".", False, one
        )
        values += one.arguments.values()
        filled.problems += one.problems
        filled.unread |= one.unread

    def _choice(self, path: str, key: str, labels: Sequence[str], chosen: int) -> None:
        st.selectbox(
            f"{plain(path) or 'Arguments'}: which form",
            range(len(labels)),
            index=chosen,
            format_func=list(labels).__getitem__,
            key=f"{self._key}.form.{path}.{key}",
        )

    def _picked(self, schema: Mapping[str, Any], prefix: str) -> dict[str, int]:
        """Which forms a person has chosen for this object."""
        names = {key: f"{self._key}.form.{prefix.rstrip('.')}.{key}" for key in ("oneOf", "anyOf")}
        found = {key: st.session_state.get(name) for key, name in names.items() if schema.get(key)}
        return {key: place for key, place in found.items() if place is not None}

    def _now(self, schema: Mapping[str, Any], given: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        """The values as the fields hold them before they are drawn, so that conditions follow at once."""
        now = dict(given)
        for name, part in declared(schema).items():
            kind = kind_of(part)
            held = field_now(self._key, f"{prefix}{name}", kind)
            if held is None:
                continue
            now.pop(name, None)
            if held:
                now[name] = held[0]
        return now

    @staticmethod
    def _unknown(schema: Mapping[str, Any], given: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
        """Arguments that no field is for: those of another form go, the others stay to be looked at."""
        others = declared({key: schema[key] for key in ("oneOf", "anyOf") if key in schema})
        return [name for name in given if name not in fields and name not in others]


def _items(name: str, given: list[Any]) -> tuple[list[Any], list[int]]:
    """The items with which the fields of a list began, and the places in it that are still there or were added.

    They begin anew whenever the fields were not on screen before, since their widgets have forgotten everything then.
    """
    if f"{name}.add" not in st.session_state or name not in st.session_state:
        st.session_state[name] = (given, list(range(len(given))))
    return st.session_state[name]


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


def kind_of(schema: Any) -> str:
    """Which field fits a schema: fixed, choice, yes_no, integer, number, text, object, array, forms or json."""
    if not isinstance(schema, Mapping):
        return "json"
    if "const" in schema:
        return "fixed"
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return "choice"
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds or [] if kind != "null"]
    if kinds in (["object"], []) and (schema.get("properties") or "if" in schema):
        return "object"
    if any(len(schema.get(key) or ()) > 1 for key in ("oneOf", "anyOf")):
        return "object" if kinds == ["object"] else "forms"
    if kinds == ["array"] and kind_of(schema.get("items")) != "json":
        return "array"
    simple = {"boolean": "yes_no", "integer": "integer", "number": "number", "string": "text"}
    return simple.get(kinds[0], "json") if len(kinds) == 1 else "json"

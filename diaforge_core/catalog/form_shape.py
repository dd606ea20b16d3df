"""What a form for an object shows, given what is filled in so far: its fields, which are required, and its forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .checking import fits
from .conditions import active_parts, field_schema, needed

CHOICES = ("oneOf", "anyOf")


@dataclass(frozen=True, slots=True)
class Forms:
    """Several forms of which an object takes one."""

    key: str
    """`oneOf` or `anyOf`."""
    labels: tuple[str, ...]
    chosen: int


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of an object as they are now."""

    fields: dict[str, dict[str, Any]]
    """Name → its schema with what active conditions add, in the schema's order; inactive ones are left out."""
    required: frozenset[str]
    forms: tuple[Forms, ...]


def shape(schema: Mapping[str, Any], value: Mapping[str, Any], picked: Mapping[str, int] | None = None) -> Shape:
    """The shape of an object schema for this value; `picked` says which form is taken where a person chose one."""
    parts: list[Mapping[str, Any]] = [schema]
    forms: list[Forms] = []
    for key in CHOICES:
        branches = branches_of(schema, key)
        if not any("properties" in branch for branch in branches):
            continue
        chosen = (picked or {}).get(key, best(branches, value))
        forms.append(Forms(key, tuple(label(branch, place) for place, branch in enumerate(branches)), chosen))
        parts = [{name: each for name, each in parts[0].items() if name != key}, *parts[1:], branches[chosen]]
    whole = {"allOf": parts}
    names = dict.fromkeys(name for part in active_parts(whole, value) for name in part.get("properties", {}))
    return Shape(
        {name: field_schema(whole, name, value) for name in names}, frozenset(needed(whole, value)), tuple(forms)
    )


def branches_of(schema: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The forms of a schema under `oneOf` or `anyOf`; empty where it has none."""
    return [branch for branch in schema.get(key) or () if isinstance(branch, Mapping)]


def best(branches: list[Mapping[str, Any]], value: Any) -> int:
    """Index of the form that the value takes: the first that it fits, else the one that shares most names with it."""
    fitting = next((place for place, branch in enumerate(branches) if fits(branch, value)), None)
    if fitting is not None:
        return fitting
    names = set(value) if isinstance(value, Mapping) else set()
    shared = [len(names & set(branch.get("properties", {}))) for branch in branches]
    return shared.index(max(shared))


def label(branch: Mapping[str, Any], place: int) -> str:
    """What to call a form: its title, the constant that marks it, what it requires, its type, else its number."""
    if branch.get("title"):
        return str(branch["title"])
    constants = [str(each["const"]) for each in branch.get("properties", {}).values() if "const" in each]
    names = constants or [str(name) for name in branch.get("required", ())] or list(branch.get("properties", {}))[:3]
    return ", ".join(names) or str(branch.get("type", f"form {place + 1}"))


def alternatives(schema: Mapping[str, Any], value: Any, picked: int | None = None) -> tuple[Forms, dict[str, Any]]:
    """The forms of a value that may be one of several, and the schema of the one that it takes."""
    key = next(key for key in CHOICES if branches_of(schema, key))
    branches = branches_of(schema, key)
    chosen = best(branches, value) if picked is None else picked
    rest = {name: each for name, each in schema.items() if name != key}
    labels = tuple(label(branch, place) for place, branch in enumerate(branches))
    return Forms(key, labels, chosen), {**rest, **branches[chosen]}

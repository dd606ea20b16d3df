"""Arguments of a call: checked, compared, drawn, and what is still required of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..records.base import canonical_json
from ..records.tool import Tool
from .checking import Problem, fits, validate
from .conditions import required_for, schema_for
from .sampling import sample_arguments
from .value_formats import CHECKS, instant

__all__ = [
    "Comparison",
    "Problem",
    "byte_equal",
    "equal_arguments",
    "fits",
    "normalise",
    "required_for",
    "sample_arguments",
    "schema_for",
    "validate",
]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the arguments of a call differ from the gold arguments; each part lists dotted paths."""

    equal: bool
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    different: tuple[str, ...] = ()


def equal_arguments(tool: Tool, given: Mapping[str, Any], gold: Mapping[str, Any]) -> Comparison:
    """Whether the arguments mean the same, and the dotted paths of keys that are missing, extra or of other value.

    An omitted optional equals its schema default (METHOD.md §4, comparing arguments).
    """
    missing: list[str] = []
    extra: list[str] = []
    different: list[str] = []
    _compare(tool.parameters, given, gold, "", missing, extra, different)
    return Comparison(not (missing or extra or different), tuple(missing), tuple(extra), tuple(different))


def byte_equal(given: Mapping[str, Any], gold: Mapping[str, Any]) -> bool:
    """Whether the arguments are the same JSON to the byte, the order of keys apart."""
    return canonical_json(given) == canonical_json(gold)


def normalise(schema: Mapping[str, Any], value: Any) -> Any:
    """The value in the one form in which equal values are equal JSON (METHOD.md §4, comparing arguments).

    Strings: NFKC, trimmed, white space collapsed; case folded for e-mail, UUID and enum only. Dates as instants in UTC.
    Numbers: 1.0 as 1. Arrays sorted where `uniqueItems`. Objects without optional keys that hold their default.
    """
    schema = _branch(schema, value)
    if isinstance(value, str):
        return _normal_text(schema, value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, (list, tuple)):
        items = [normalise(_item_schema(schema, index), each) for index, each in enumerate(value)]
        return sorted(items, key=canonical_json) if schema.get("uniqueItems") is True else items
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return {
            key: normal
            for key, each in value.items()
            if not _is_default(schema, key, normal := normalise(fields.get(key, {}), each))
        }
    return value


def _compare(
    schema: Mapping[str, Any],
    given: Mapping[str, Any],
    gold: Mapping[str, Any],
    path: str,
    missing: list[str],
    extra: list[str],
    different: list[str],
) -> None:
    given_normal, gold_normal = normalise(schema, given), normalise(schema, gold)
    fields = _branch(schema, gold).get("properties", {})
    for key in dict.fromkeys([*gold, *given]):
        if key not in given_normal and key not in gold_normal:
            continue
        place = f"{path}.{key}" if path else str(key)
        one, other = given.get(key), gold.get(key)
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            _compare(fields.get(key, {}), one, other, place, missing, extra, different)
        elif key not in given:
            missing.append(place)
        elif key not in gold:
            extra.append(place)
        elif canonical_json([given_normal.get(key), key in given_normal]) != canonical_json(
            [gold_normal.get(key), key in gold_normal]
        ):
            different.append(place)


def _is_default(schema: Mapping[str, Any], key: str, normal: Any) -> bool:
    field = schema.get("properties", {}).get(key, {})
    if "default" not in field or key in schema.get("required", ()):
        return False
    return canonical_json(normalise({k: v for k, v in field.items() if k != "default"}, field["default"])) == (
        canonical_json(normal)
    )


def _normal_text(schema: Mapping[str, Any], text: str) -> str:
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    form = schema.get("format")
    if form in ("email", "idn-email", "uuid"):
        return plain.casefold()
    if form in ("date", "date-time", "time"):
        return _normal_moment(form, plain)
    for option in schema.get("enum", ()):
        if isinstance(option, str) and " ".join(option.split()).casefold() == plain.casefold():
            return option
    return plain


def _normal_moment(form: str, text: str) -> str:
    try:
        if not CHECKS[form](text):
            return text
        if form == "date-time":
            return instant(text).isoformat()
        return text if form == "date" else instant(f"2000-01-02T{text}").time().isoformat()
    except ValueError:
        return text


def _item_schema(schema: Mapping[str, Any], index: int) -> Mapping[str, Any]:
    first = schema.get("prefixItems", ())
    chosen = first[index] if index < len(first) else schema.get("items", {})
    return chosen if isinstance(chosen, Mapping) else {}


def _branch(schema: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """The schema with the parts of `allOf`, and of the first form of `anyOf`/`oneOf` that fits, laid beside it."""
    parts = [part for part in schema.get("allOf", ()) if isinstance(part, Mapping)]
    for key in ("anyOf", "oneOf"):
        forms = [form for form in schema.get(key, ()) if isinstance(form, Mapping)]
        parts += next(([form] for form in forms if fits(form, value)), [])
    if not parts:
        return schema
    out: dict[str, Any] = {}
    for part in (*parts, {key: each for key, each in schema.items() if key not in ("allOf", "anyOf", "oneOf")}):
        inner = _branch(part, value)
        fields = out.get("properties", {}) | inner.get("properties", {})
        out = out | dict(inner) | ({"properties": fields} if fields else {})
    return out

"""Parameter schemas of any dialect as plain JSON Schema 2020-12: references resolved, size bounded."""

from __future__ import annotations

import contextlib
import math
from typing import Any, NamedTuple

from ..records.base import canonical_json
from .patterns import is_safe
from .refs import MAX_HOPS, References, RefError

MAX_SCHEMA_DEPTH = 24
"""Levels of nesting in one tool's parameters."""
MAX_SCHEMA_NODES = 1_500
"""Schemas in one tool's parameters; beyond it no one could fill the form, and no model could read it."""
MAX_TEXT = 4_000
"""Characters of a description that are kept."""
MAX_ENUM = 2_000
"""Values of an enum; a longer one is left out and the description says so."""
MAX_VALUE_PARTS = 500
"""Values and hundreds of characters in one default, example or allowed value."""
MAX_VALUE_DEPTH = 20
MAX_ENUM_PARTS = 5_000
"""As `MAX_VALUE_PARTS`, of all values of one enum together."""
MAX_KEY = 300
"""Characters of a parameter's name."""
MAX_LEAST_TEXT = 100_000
MAX_LEAST = 5_000
"""Characters, and items or fields, that a schema may demand at least; no call can hold more."""
MAX_COUNT_DIGITS = 19
"""Digits of a count that is written as text."""
MAX_DOCUMENT_PARTS = 2_000_000
"""Parts of schemas in all tools of one document; real catalogs of 20,000 tools have fewer."""
CUT_SELF = "Shortened here: it refers to itself."
CUT_SIZE = "Shortened here: the definition goes on for too long."
TYPES = ("null", "boolean", "object", "array", "number", "string", "integer")
_TYPE_WORDS = {
    "int": "integer", "long": "integer", "int32": "integer", "int64": "integer", "short": "integer",
    "byte": "integer", "bigint": "integer", "biginteger": "integer",
    "float": "number", "double": "number", "decimal": "number",
    "bool": "boolean", "dict": "object", "map": "object", "list": "array", "tuple": "array",
    "hashmap": "object", "hashtable": "object", "arraylist": "array", "set": "array", "queue": "array",
    "stack": "array", "char": "string",
    "str": "string", "text": "string", "file": "string", "uuid": "string", "date": "string", "datetime": "string",
}  # fmt: skip
_TYPE_FORMATS = {"uuid": "uuid", "date": "date", "datetime": "date-time", "file": "binary"}
_COUNTS = (
    *("minLength", "maxLength", "minItems", "maxItems"),
    *("minProperties", "maxProperties", "minContains", "maxContains"),
)
_ONE_SCHEMA = ("not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties")
_MANY_SCHEMAS = ("allOf", "anyOf", "oneOf", "prefixItems")


class SchemaProblem(ValueError):
    """Why a schema cannot be used, as the end of a sentence."""


class _Known(NamedTuple):
    """What a reference leads to, read before, and when reading it again would give the same."""

    schema: dict[str, Any]
    nodes: int
    height: int
    hops: int
    met: frozenset[str]

    def fits(self, nodes: int, depth: int, trail: tuple[str, ...]) -> bool:
        return (
            nodes + self.nodes <= MAX_SCHEMA_NODES
            and depth + self.height <= MAX_SCHEMA_DEPTH
            and len(trail) + self.hops <= MAX_HOPS
            and self.met.isdisjoint(trail)
        )


class SchemaReader:
    """Turns the schemas of one operation into plain ones; one reader an operation, since it counts their size."""

    def __init__(self, references: References, *, keep_read_only: bool = False) -> None:
        self.references = references
        self.keep_read_only = keep_read_only
        self.nodes = 0
        self._deepest = 0
        self._longest = 0
        self._met: set[str] = set()

    def read(self, schema: Any) -> dict[str, Any]:
        """The schema with local references put in place, `nullable` as a type, old keywords in today's form.

        A schema that comes back to itself, or that outgrows the limits, is cut with a plain one whose description says
        so. SchemaProblem if it is malformed or refers out of the document.
        """
        try:
            return self._read(schema, 0, ())
        except RefError as error:
            raise SchemaProblem(str(error)) from None

    def _read(self, schema: Any, depth: int, trail: tuple[str, ...]) -> dict[str, Any]:
        if schema is True:
            return {}
        if schema is False:
            return {"not": {}}
        if not isinstance(schema, dict):
            raise SchemaProblem(f"a schema is {_kind(schema)} instead of a mapping")
        self._spend(1)
        self.nodes += 1
        self._deepest = max(self._deepest, depth)
        if "$ref" in schema:
            return self._read_ref(schema, depth, trail)
        if depth > MAX_SCHEMA_DEPTH or self.nodes > MAX_SCHEMA_NODES:
            return _cut(schema, CUT_SIZE)
        return self._read_plain(schema, depth, trail)

    def _read_ref(self, schema: dict[str, Any], depth: int, trail: tuple[str, ...]) -> dict[str, Any]:
        ref = schema["$ref"]
        if not isinstance(ref, str):
            raise RefError("a `$ref` is not text")
        target = self.references.lookup(ref)
        self._met.add(ref)
        self._longest = max(self._longest, len(trail))
        if ref in trail:
            if isinstance(target, dict) and "$ref" in target:
                self.references.follow(target)  # a circle of bare references has no content to cut to
            return _cut(target, CUT_SELF)
        if len(trail) > MAX_HOPS:
            return _cut(target, CUT_SIZE)
        resolved = self._resolved(ref, target, depth, trail)
        beside = {key: value for key, value in schema.items() if key != "$ref" and not key.startswith("$")}
        if not beside:
            return resolved
        extra = self._read_plain(beside, depth, trail)
        conflicting = any(key in resolved and key not in _ANNOTATIONS for key in extra)
        return {**extra, "allOf": [resolved, *extra.get("allOf", [])]} if conflicting else resolved | extra

    def _resolved(self, ref: str, target: Any, depth: int, trail: tuple[str, ...]) -> dict[str, Any]:
        """The target read, or as it was read before where no limit and no circle would make a difference."""
        key = (self.keep_read_only, ref)
        known = self.references.known.get(key)
        if known is not None and known.fits(self.nodes, depth, trail):
            self._spend(known.nodes)
            self.nodes += known.nodes
            self._deepest = max(self._deepest, depth + known.height)
            self._longest = max(self._longest, len(trail) + known.hops)
            self._met |= known.met
            return known.schema
        before = (self.nodes, self._deepest, self._longest, self._met)
        self._deepest, self._longest, self._met = depth, len(trail), set()
        resolved = self._read(target, depth, (*trail, ref))
        made = _Known(
            resolved,
            self.nodes - before[0],
            self._deepest - depth,
            self._longest - len(trail),
            frozenset(self._met),
        )
        if made.fits(before[0], depth, trail):
            self.references.known[key] = made
        self._deepest, self._longest = max(self._deepest, before[1]), max(self._longest, before[2])
        self._met |= before[3]
        return resolved

    def _spend(self, parts: int) -> None:
        self.references.spent += parts
        if self.references.spent > MAX_DOCUMENT_PARTS:
            raise SchemaProblem(
                f"the schemas of this document unfold to more than {MAX_DOCUMENT_PARTS:,} parts, as its references "
                "are used very often; give it in several documents"
            )

    def _read_plain(self, schema: dict[str, Any], depth: int, trail: tuple[str, ...]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        notes: list[str] = []
        _read_type(schema, out)
        self._spend(_read_values(schema, out, notes))
        _read_limits(schema, out, notes)
        self._read_object(schema, out, depth, trail)
        _leave_out_patterns(out, notes)
        self._read_items(schema, out, depth, trail)
        for key in _ONE_SCHEMA:
            if key in schema:
                out[key] = self._read(schema[key], depth + 1, trail)
        for key in _MANY_SCHEMAS:
            if key in schema:
                out[key] = [self._read(each, depth + 1, trail) for each in _schemas(schema[key], key)]
                if not out[key]:
                    del out[key]
        if isinstance(schema.get("items"), list) and schema["items"]:  # positional items before 2020-12
            out["prefixItems"] = [self._read(each, depth + 1, trail) for each in _schemas(schema["items"], "items")]
        if schema.get("nullable") is True:
            _allow_null(out)
        _read_annotations(schema, out)
        if notes:
            out["description"] = " ".join([out.get("description", ""), *notes]).strip()
        return _flatten_all_of(out)

    def _read_object(self, schema: dict[str, Any], out: dict[str, Any], depth: int, trail: tuple[str, ...]) -> None:
        for key in ("properties", "patternProperties", "dependentSchemas"):
            if key in schema:
                out[key] = {
                    name: self._read(each, depth + 1, trail)
                    for name, each in _dict(schema[key], key).items()
                    if self.keep_read_only or key != "properties" or not _read_only(each)
                }
        required = schema.get("required")
        if isinstance(required, list):
            hidden = set(_dict(schema.get("properties", {}), "properties")) - set(out.get("properties", {}))
            names = [name for name in dict.fromkeys(_names(required, "required")) if name not in hidden]
            if names:
                out["required"] = names
        elif required is not None and not isinstance(required, bool):  # `required: true` on a property: old habit
            raise SchemaProblem("`required` is neither a list nor true or false")
        if "additionalProperties" in schema:
            extra = schema["additionalProperties"]
            out["additionalProperties"] = extra if isinstance(extra, bool) else self._read(extra, depth + 1, trail)
        self._read_dependencies(schema, out, depth, trail)
        if ("properties" in out or "additionalProperties" in out) and not _typed(schema):
            out.setdefault("type", "object")

    def _read_dependencies(
        self, schema: dict[str, Any], out: dict[str, Any], depth: int, trail: tuple[str, ...]
    ) -> None:
        needs = dict(_dict(schema.get("dependentRequired", {}), "dependentRequired"))
        for name, each in _dict(schema.get("dependencies", {}), "dependencies").items():
            if isinstance(each, list):
                needs[name] = each
            else:
                out.setdefault("dependentSchemas", {})[name] = self._read(each, depth + 1, trail)
        if needs:
            out["dependentRequired"] = {name: _names(each, "dependentRequired") for name, each in needs.items()}

    def _read_items(self, schema: dict[str, Any], out: dict[str, Any], depth: int, trail: tuple[str, ...]) -> None:
        if "items" in schema and not isinstance(schema["items"], list):
            out["items"] = self._read(schema["items"], depth + 1, trail)
        elif isinstance(schema.get("items"), list) and "additionalItems" in schema:
            out["items"] = self._read(schema["additionalItems"], depth + 1, trail)


_ANNOTATIONS = frozenset({"description", "title", "default", "examples", "deprecated"})


def _read_type(schema: dict[str, Any], out: dict[str, Any]) -> None:
    given = schema.get("type")
    if given is None or given == "any":
        return
    names = given if isinstance(given, list) else [given]
    types: list[str] = []
    for name in names:
        word = name.lower() if isinstance(name, str) else name
        mapped = _TYPE_WORDS.get(word, word) if isinstance(word, str) else None
        if mapped not in TYPES:
            raise SchemaProblem(f"`{str(name)[:60]}` is not a type")
        if word in _TYPE_FORMATS:
            out["format"] = _TYPE_FORMATS[word]
        if mapped not in types:
            types.append(mapped)
    if types:
        out["type"] = types[0] if len(types) == 1 else types


def _read_values(schema: dict[str, Any], out: dict[str, Any], notes: list[str]) -> int:
    """Adds the values that the schema names; their size in parts. What is too long to show is left out and noted."""
    size = 0
    if "enum" in schema:
        size += _read_enum(_list(schema["enum"], "enum"), out, notes)
    if "const" in schema:
        if (parts := _parts(schema["const"])) > MAX_VALUE_PARTS:
            raise SchemaProblem("its `const` is too long")
        out["const"] = schema["const"]
        size += parts
    if "default" in schema:
        if (parts := _parts(schema["default"])) <= MAX_VALUE_PARTS:
            out["default"] = schema["default"]
            size += parts
        else:
            notes.append("Not shown here: its default, which is very long.")
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        out["examples"] = examples[:5]
    elif "example" in schema:
        out["examples"] = [schema["example"]]
    if "examples" in out:
        size += (parts := _parts(out["examples"]))
        if parts > MAX_VALUE_PARTS:
            del out["examples"]
    return size


def _read_enum(values: list[Any], out: dict[str, Any], notes: list[str]) -> int:
    if len(values) > MAX_ENUM or (size := sum(map(_parts, values))) > MAX_ENUM_PARTS:
        notes.append(f"Not listed here: its {len(values):,} allowed values.")
        return 1
    unique: dict[Any, Any] = {}
    for value in values:
        unique.setdefault(_sameness(value), value)
    if unique:
        out["enum"] = list(unique.values())
    return size


def _sameness(value: Any) -> Any:
    """Equal for values that are the same in JSON: `1` and `1.0`, but not `1` and `true`."""
    if isinstance(value, (dict, list)):
        return canonical_json(value)
    return (isinstance(value, bool), value) if not isinstance(value, str) else (value,)


def _parts(value: Any) -> int:
    """How much the value holds: values, and hundreds of characters; more than any limit if it is nested too deep."""
    waiting, parts = [(value, 0)], 0
    while waiting:
        each, depth = waiting.pop()
        parts += 1 + (len(each) // 100 if isinstance(each, (str, dict, list)) else 0)
        if depth > MAX_VALUE_DEPTH or parts > MAX_ENUM_PARTS:
            return MAX_ENUM_PARTS + 1
        if isinstance(each, dict):
            parts += sum(len(key) for key in each) // 100
            waiting += [(child, depth + 1) for child in each.values()]
        elif isinstance(each, list):
            waiting += [(child, depth + 1) for child in each]
    return parts


def _read_limits(schema: dict[str, Any], out: dict[str, Any], notes: list[str]) -> None:
    for key in _COUNTS:
        if key in schema:
            count = schema[key]
            if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) <= MAX_COUNT_DIGITS:
                count = int(count)  # 64-bit numbers travel as text in Google's JSON
            if isinstance(count, bool) or not isinstance(count, (int, float)) or count < 0 or count != int(count):
                raise SchemaProblem(f"`{key}` is {str(count)[:40]!r} instead of a whole number")
            if key.startswith("min") and count > (MAX_LEAST_TEXT if key == "minLength" else MAX_LEAST):
                raise SchemaProblem(f"`{key}` is {str(int(count))[:40]}, more than any call can hold")
            out[key] = int(count)
    for key in ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"):
        if key in schema and not isinstance(schema[key], bool):
            out[key] = _number(schema[key], key)
    for strict, plain in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(strict) is True and plain in out:
            out[strict] = out.pop(plain)
    if out.get("multipleOf", 1) <= 0:
        raise SchemaProblem("`multipleOf` is not above zero")
    if isinstance(schema.get("uniqueItems"), bool):
        out["uniqueItems"] = schema["uniqueItems"]
    form, pattern = schema.get("format"), schema.get("pattern")
    if isinstance(form, str) and form:
        out["format"] = form[:MAX_KEY]
    if isinstance(pattern, str) and is_safe(pattern):
        out["pattern"] = pattern
    elif isinstance(pattern, str):
        notes.append(f"Not checked here: that it fits the pattern `{pattern[:MAX_KEY]}`.")


def _leave_out_patterns(out: dict[str, Any], notes: list[str]) -> None:
    """Leaves out names of fields by patterns that could not be tried in bounded time, and says so."""
    given = out.get("patternProperties", {})
    unsafe = [pattern for pattern in given if not is_safe(pattern)]
    if not given:
        return
    out["patternProperties"] = {pattern: each for pattern, each in given.items() if pattern not in unsafe}
    if unsafe:
        notes += [f"Not checked here: fields whose names fit the pattern `{each[:MAX_KEY]}`." for each in unsafe[:5]]
        if out.get("additionalProperties") is False:
            del out["additionalProperties"]  # it would refuse the very fields that are meant


def _read_annotations(schema: dict[str, Any], out: dict[str, Any]) -> None:
    for key in ("title", "description"):
        if isinstance(schema.get(key), str) and schema[key].strip():
            out[key] = schema[key].strip()[:MAX_TEXT].rstrip()
    if schema.get("deprecated") is True:
        out["deprecated"] = True


def _allow_null(out: dict[str, Any]) -> None:
    if isinstance(out.get("type"), str) and out["type"] != "null":
        out["type"] = [out["type"], "null"]
    elif isinstance(out.get("type"), list) and "null" not in out["type"]:
        out["type"] = [*out["type"], "null"]
    if "enum" in out and None not in out["enum"]:
        out["enum"] = [*out["enum"], None]


_MERGEABLE = frozenset({"type", "properties", "required", "title", "description", "examples", "additionalProperties"})


def _flatten_all_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the plain object parts of its `allOf` merged in; conditions and clashes stay where they are."""
    if "allOf" not in schema:
        return schema
    out = {key: value for key, value in schema.items() if key != "allOf"}
    kept: list[dict[str, Any]] = []
    for part in schema["allOf"]:
        if not out and part and len(schema["allOf"]) == 1:
            out = dict(part)
        elif _merges(out, part):
            out.setdefault("type", "object")
            if "properties" in part:
                out["properties"] = out.get("properties", {}) | part["properties"]
            required = dict.fromkeys([*out.get("required", []), *part.get("required", [])])
            if required:
                out["required"] = list(required)
            for key in ("title", "description"):
                if key in part:
                    out.setdefault(key, part[key])
        elif part and not set(part) <= _ANNOTATIONS:
            kept.append(part)
        else:
            out = part | out
    if kept:
        out["allOf"] = [*kept, *out.get("allOf", [])]
    return out


def _merges(whole: dict[str, Any], part: dict[str, Any]) -> bool:
    if not set(part) <= _MERGEABLE or not ("properties" in part or "required" in part):
        return False
    if part.get("type", "object") != "object":
        return False
    if whole.get("type", "object") != "object" or part.get("additionalProperties", True) is not True:
        return False
    if whole.get("additionalProperties", True) is not True:
        return False
    own = whole.get("properties", {})
    return all(own[name] == each for name, each in part.get("properties", {}).items() if name in own)


def _cut(schema: Any, why: str) -> dict[str, Any]:
    """A plain schema of the same type that says that it was shortened."""
    out: dict[str, Any] = {}
    given = schema.get("type") if isinstance(schema, dict) else None
    names = [name for name in (given if isinstance(given, list) else [given]) if name in TYPES]
    if names:
        out["type"] = names[0] if len(names) == 1 else names
    elif isinstance(schema, dict) and ("properties" in schema or "allOf" in schema):
        out["type"] = "object"
    about = schema.get("description") if isinstance(schema, dict) else None
    out["description"] = f"{about.strip()[:400]} {why}".strip() if isinstance(about, str) else why
    return out


def _read_only(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("readOnly") is True


def _typed(schema: dict[str, Any]) -> bool:
    return schema.get("type") is not None


def _kind(value: Any) -> str:
    words = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "empty"}
    return words.get(type(value), "a number")


def _dict(value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SchemaProblem(f"`{key}` is {_kind(value)} instead of a mapping")
    if len(value) > MAX_SCHEMA_NODES:
        raise SchemaProblem(f"`{key}` holds {len(value):,} entries (limit {MAX_SCHEMA_NODES:,})")
    for name in value:
        if len(name) > MAX_KEY:
            raise SchemaProblem(f"`{key}` holds the name `{name[:40]}…` of {len(name):,} characters (limit {MAX_KEY})")
    return value


def _list(value: Any, key: str) -> list[Any]:
    if not isinstance(value, list):
        raise SchemaProblem(f"`{key}` is {_kind(value)} instead of a list")
    return value


def _schemas(value: Any, key: str) -> list[Any]:
    if len(_list(value, key)) > MAX_SCHEMA_NODES:
        raise SchemaProblem(f"`{key}` holds {len(value):,} schemas (limit {MAX_SCHEMA_NODES:,})")
    return value


def _names(value: Any, key: str) -> list[str]:
    names = _list(value, key)
    if len(names) > MAX_SCHEMA_NODES:
        raise SchemaProblem(f"`{key}` holds {len(names):,} names (limit {MAX_SCHEMA_NODES:,})")
    if not all(isinstance(name, str) for name in names):
        raise SchemaProblem(f"`{key}` holds something that is not a name")
    return names


def _number(value: Any, key: str) -> float:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SchemaProblem(f"`{key}` is {str(value)[:40]!r} instead of a number")
    if not math.isfinite(value) if isinstance(value, float) else abs(value) > 10**300:
        raise SchemaProblem(f"`{key}` is {str(value)[:40]!r}, which is too large to compare with")
    return value

"""JSON Schemas of OData types: what a caller may give for a property, an entity or a parameter.

Navigation properties are no part of them. What an entity contains has operations of its own; other entities are linked
by their address (`@odata.bind`), which nobody states in words, and mostly a property holds their key as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..schemas import CUT_SELF, CUT_SIZE, MAX_ENUM, MAX_TEXT, SchemaProblem
from .edm_model import MAX_PROPERTIES, Model, Property, Structure, TypeRef

Use = Literal["create", "update", "value"]
"""What a structure is given for: a new entity, a change of one, or a value inside of something else."""
MAX_BODY_NODES = 300
"""Schemas in one body; nested parts are cut, the deepest first, until it fits. Top properties always stay."""
MAX_BODY_DEPTH = 5
"""Levels of nested values in one body."""
MAX_KINDS = 12
"""Derived types of an abstract one whose own properties are told; beyond it only their names are."""
MAX_NESTED_TEXT = 240
"""Characters of a description inside of a nested value; longer ones are cut at a sentence or a word."""
KIND = "odata_type"
"""Argument that says which of several derived types is meant: `@odata.type`, in letters that argument names allow."""
MARKER_MEMBER = "unknownFutureValue"
"""A member of evolvable enumerations that stands for those to come and is never sent."""
_WHOLE = {
    "Edm.Byte": (0, 255), "Edm.SByte": (-128, 127), "Edm.Int16": (-32_768, 32_767),
    "Edm.Int32": (-2_147_483_648, 2_147_483_647),
}  # fmt: skip
_PRIMITIVES: dict[str, dict[str, Any]] = {
    "Edm.String": {"type": "string"},
    "Edm.Boolean": {"type": "boolean"},
    "Edm.Int64": {"type": "integer"},
    "Edm.Decimal": {"type": "number"},
    "Edm.Double": {"type": "number"},
    "Edm.Single": {"type": "number"},
    "Edm.Guid": {"type": "string", "format": "uuid"},
    "Edm.Date": {"type": "string", "format": "date"},
    "Edm.DateTime": {"type": "string", "format": "date-time"},
    "Edm.DateTimeOffset": {"type": "string", "format": "date-time"},
    "Edm.TimeOfDay": {"type": "string", "format": "time"},
    "Edm.Time": {"type": "string", "format": "time"},
    "Edm.Duration": {"type": "string", "format": "duration"},
    "Edm.Binary": {"type": "string", "format": "byte"},
    "Edm.PrimitiveType": {},
    "Edm.Untyped": {},
    "Edm.ComplexType": {"type": "object"},
    "Edm.EntityType": {"type": "object"},
}
_LEFT_OUT = frozenset({"Edm.Stream", "Edm.ModelElementPath", "Edm.AnnotationPath", "Edm.PropertyPath"})
"""What is not part of a request's values: streams are sent apart."""
_STAMP = re.compile(
    r"(?:created|creation|deleted|lastModified|modified|lastChanged?|changed|lastUpdated?|updated)"
    r"(?:By|By_?User|At|On|Date|Time|DateTime|Date_?Time|By_?UserId)|[ec]Tag|changeKey",
    re.IGNORECASE,
)
"""Properties in which services note who changed what and when: filled by them whether or not the document says so."""
_READ_ONLY_PERMISSIONS = frozenset({"Read", "1", "None", "0"})


@dataclass(frozen=True, slots=True)
class Body:
    """The arguments that say what an entity holds."""

    properties: dict[str, Any]
    required: tuple[str, ...]
    weight: int
    """How much it holds: its schemas, and long texts and lists of values in them."""


class _TooLarge(Exception):
    """More schemas than a body may hold."""


@dataclass(slots=True)
class _Budget:
    depth: int
    nodes: int = 0

    def count(self) -> None:
        self.nodes += 1
        if self.nodes > MAX_BODY_NODES and self.depth > 1:
            raise _TooLarge


@dataclass(slots=True)
class Schemas:
    """Turns the types of one model into JSON Schemas; remembers bodies, since many operations share a type."""

    model: Model
    work: int = 0
    """Schemas made so far, those given up again included."""
    _bodies: dict[tuple[str, Use], Body] = field(default_factory=dict)
    _keys: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    _values: dict[TypeRef, dict[str, Any]] = field(default_factory=dict)
    _enumerations: dict[str, dict[str, Any]] = field(default_factory=dict)

    def body(self, name: str, use: Use) -> Body:
        """What may be given of this entity type; nothing that only the service sets. SchemaProblem as in `lineage`."""
        known = self._bodies.get((name, use))
        if known is None:
            known = self._bodies[name, use] = self._fitting(name, use)
        return known

    def parameter(self, each: Property) -> dict[str, Any]:
        """The schema of an operation's parameter. SchemaProblem if its type is unknown."""
        if each.type.name not in self.model.structures:
            return self._described(each, self._reference(each, _Budget(1), 0, ()), MAX_TEXT)
        if each.type not in self._values:
            self._values[each.type] = self._value(each)
        return self._described(each, self._values[each.type], MAX_TEXT)

    def _value(self, each: Property) -> dict[str, Any]:
        for depth in range(MAX_BODY_DEPTH, 1, -1):
            budget = _Budget(depth)
            try:
                return self._reference(each, budget, 0, ())
            except _TooLarge:
                continue
            finally:
                self.work += budget.nodes
        return self._reference(each, _Budget(1), 0, ())

    def plain(self, each: Property) -> dict[str, Any]:
        """The schema of a key."""
        if (each.owner, each.name) not in self._keys:
            self._keys[each.owner, each.name] = self._described(
                each, self._reference(each, _Budget(1), 0, ()), MAX_TEXT
            )
        return self._keys[each.owner, each.name]

    def is_left_out(self, type_name: str) -> bool:
        """Whether values of this type are not part of a request."""
        return type_name in _LEFT_OUT

    def _fitting(self, name: str, use: Use) -> Body:
        for depth in range(MAX_BODY_DEPTH, 0, -1):
            budget = _Budget(depth)
            try:
                properties, required = self._members(name, use, budget, 0, (name,))
                return Body(properties, required, sum(weight(each) for each in properties.values()))
            except _TooLarge:
                continue
            finally:
                self.work += budget.nodes
        raise SchemaProblem(f"the type `{name[:120]}` is too large")

    # --- structures ---

    def _members(
        self, name: str, use: Use, budget: _Budget, level: int, trail: tuple[str, ...]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Properties and required names of a structure; those of derived types too where it cannot stand itself."""
        made = self.server_made(name) if use != "value" else frozenset[str]()
        chosen = [each for each in self.model.properties(name) if each.name not in made and is_writable(each, use)]
        properties: dict[str, Any] = {}
        required = [each.name for each in chosen if is_required(each, use)]
        if self.model.structures[name].abstract and use != "update":
            properties |= self._kind(name)
            required = [*properties, *required]
        self._fill(properties, chosen, use, budget, level, trail)
        if KIND in properties or (self.model.structures[name].abstract and use == "update"):
            self._fill_derived(name, properties, use, budget, level, trail)
        return properties, tuple(each for each in required if each in properties)

    def _kind(self, name: str) -> dict[str, Any]:
        kinds = [_simple(each) for each in self.model.concrete(name)]
        if not kinds:
            return {}
        return {KIND: {"type": "string", "enum": kinds[:MAX_ENUM], "description": f"Which kind of {_simple(name)}."}}

    def _fill(
        self,
        properties: dict[str, Any],
        chosen: list[Property],
        use: Use,
        budget: _Budget,
        level: int,
        trail: tuple[str, ...],
    ) -> None:
        for each in chosen:
            try:
                schema = self._reference(each, budget, level, trail)
            except SchemaProblem as problem:
                self.model.faults[f"{each.owner}/{each.name}"] = str(problem)
                continue
            schema = self._described(each, schema, MAX_TEXT if not level else MAX_NESTED_TEXT)
            properties[each.name] = _or_null(schema) if use == "update" and each.nullable else schema

    def _fill_derived(
        self,
        name: str,
        properties: dict[str, Any],
        use: Use,
        budget: _Budget,
        level: int,
        trail: tuple[str, ...],
    ) -> None:
        """Adds what the types derived from an abstract one have beside it, each with the types that it is for."""
        kinds = self.model.concrete(name)
        if len(kinds) > MAX_KINDS or sum(len(self.model.properties(kind)) for kind in kinds) > MAX_PROPERTIES:
            return
        owners: dict[str, list[str]] = {}
        extra: dict[str, Property] = {}
        for kind in kinds:
            for each in self.model.properties(kind):
                if each.name not in properties and is_writable(each, use) and each.name not in self.server_made(kind):
                    extra.setdefault(each.name, each)
                    owners.setdefault(each.name, []).append(_simple(kind))
        own: dict[str, Any] = {}
        self._fill(own, list(extra.values()), use, budget, level, trail)
        for key, schema in own.items():
            note = f"Only for {_listed(owners[key])}."
            properties[key] = {**schema, "description": f"{note} {schema.get('description', '')}".strip()[:MAX_TEXT]}

    def server_made(self, name: str) -> frozenset[str]:
        """Key properties that the service gives a new entity, so that nobody is asked for them.

        It says so itself, or the one key is a GUID, is called `id`, or is a number called like `OrderID`.
        """
        key = self.model.key(name)
        made = {each.name for each in key if not is_writable(each, "create")}
        if len(key) == 1 and _looks_made(key[0]):
            made.add(key[0].name)
        return frozenset(made)

    def _structure(self, structure: Structure, budget: _Budget, level: int, trail: tuple[str, ...]) -> dict[str, Any]:
        if structure.name in trail:
            return {"type": "object", "description": CUT_SELF}
        if level >= budget.depth:
            return {"type": "object", "description": CUT_SIZE}
        self.model.lineage(structure.name)
        properties, required = self._members(structure.name, "value", budget, level, (*trail, structure.name))
        if not properties and _simple(structure.name).lower() == "json":
            return {}  # the usual stand-in for any JSON value, from before OData had a type for it
        schema: dict[str, Any] = {"type": "object"}
        if properties:
            schema["properties"] = properties
        if required:
            schema["required"] = list(required)
        if structure.open:
            schema["additionalProperties"] = True
        return schema

    # --- values ---

    def _reference(self, each: Property, budget: _Budget, level: int, trail: tuple[str, ...]) -> dict[str, Any]:
        schema = self._one(each.type, each, budget, level, trail)
        if each.default is not None and not each.type.many:
            value = _default(schema, each.default)
            schema = schema if value is None else {**schema, "default": value}
        return {"type": "array", "items": schema} if each.type.many else schema

    def _one(
        self, kind: TypeRef, each: Property, budget: _Budget, level: int, trail: tuple[str, ...]
    ) -> dict[str, Any]:
        budget.count()
        name = kind.name
        if name.startswith("Edm."):
            return _primitive(name, each)
        if name in self.model.enumerations:
            if name not in self._enumerations:
                self._enumerations[name] = self._enumeration(name)
            return self._enumerations[name]
        if name in self.model.definitions:
            return self._definition(name, each)
        if name in self.model.structures:
            return self._structure(self.model.structures[name], budget, level + 1, trail)
        raise SchemaProblem(f"the type `{name[:120]}` of `{each.name[:60]}` is not declared in this document")

    def _enumeration(self, name: str) -> dict[str, Any]:
        enumeration = self.model.enumerations[name]
        members = [each for each in enumeration.members if each != MARKER_MEMBER] or list(enumeration.members)
        schema: dict[str, Any] = {"type": "string"}
        if members:
            schema["enum"] = members[:MAX_ENUM]
        about = [documentation(enumeration.notes)]
        if enumeration.flags:
            about.append("One of these flags; the service also takes several, joined by commas.")
        text = " ".join(part for part in about if part)
        return {**schema, "description": _shortened(text, MAX_NESTED_TEXT)} if text else schema

    def _definition(self, name: str, each: Property) -> dict[str, Any]:
        definition = self.model.definitions[name]
        if not definition.type.name.startswith("Edm."):
            raise SchemaProblem(f"the type definition `{name[:120]}` does not stand for a primitive type")
        return _primitive(definition.type.name, each, {**definition.limits, **each.limits})

    def _described(self, each: Property, schema: dict[str, Any], limit: int) -> dict[str, Any]:
        """The schema with what the document says of the property; else with what it says of the type."""
        notes, out = each.notes, dict(schema)
        text = documentation(notes) or schema.get("description", "")
        text = _shortened(text, limit)
        if text:
            out["description"] = text
        if notes.get("Core.IsURL") is True and out.get("type") == "string":
            out["format"] = "uri"
        if _revision(notes) == "Deprecated":
            out["deprecated"] = True
        return out


def weight(schema: Mapping[str, Any]) -> int:
    """How much a schema holds: one for each schema in it, and more for long texts and lists of values."""
    own = 1 + len(schema.get("enum", ())) // 20 + len(schema.get("description", "")) // 200
    parts = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return own + sum(weight(each) for each in parts)


# --- what the notes of an element say ---


def documentation(notes: Mapping[str, Any]) -> str:
    """What the document says of an element, for a reader: description, label or quick info, then the long one."""
    short = next((_text(notes.get(key)) for key in _SHORT_TEXTS if _text(notes.get(key))), "")
    label = label_of(notes)
    if label and short and label.lower() not in short.lower():
        short = f"{label}: {short}"
    short = short or label
    long = next((_text(notes.get(key)) for key in ("Core.LongDescription",) if _text(notes.get(key))), "")
    if not long or long == short:
        return short
    return long if short.rstrip(".") in long else f"{short.rstrip('.')}. {long}" if short else long


_SHORT_TEXTS = ("Core.Description", "Common.QuickInfo", "@quickinfo")


def label_of(notes: Mapping[str, Any]) -> str:
    """The short name that a business user knows an element by, where the document gives one."""
    return next((_text(notes.get(key)) for key in ("Common.Label", "@label", "@heading") if _text(notes.get(key))), "")


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _revision(notes: Mapping[str, Any]) -> str:
    for each in notes.get("Core.Revisions") or () if isinstance(notes.get("Core.Revisions"), list) else ():
        kind = str(each.get("Kind", "")) if isinstance(each, Mapping) else ""
        if kind.rsplit("/", 1)[-1] == "Deprecated":
            return "Deprecated"
    return ""


def is_deprecated(notes: Mapping[str, Any]) -> bool:
    """Whether the document says that the element is on its way out."""
    return _revision(notes) == "Deprecated"


def is_writable(each: Property, use: Use) -> bool:
    """Whether a caller may give the property for this use."""
    notes = each.notes
    if each.type.name in _LEFT_OUT or notes.get("Core.Computed") is True:
        return False
    permission = str(notes.get("Core.Permissions", "")).split("/")[-1]
    control = str(notes.get("Common.FieldControl", "")).split("/")[-1]
    if permission in _READ_ONLY_PERMISSIONS or control in ("ReadOnly", "Inapplicable", "Hidden"):
        return False
    if str(notes.get("@StoreGeneratedPattern", "")) in ("Identity", "Computed"):
        return False
    if _STAMP.fullmatch(each.name) and "Write" not in permission:
        return False
    if use == "create":
        return notes.get("@creatable") != "false"
    if use == "update":
        return notes.get("@updatable") != "false" and notes.get("Core.Immutable") is not True
    return True


def is_required(each: Property, use: Use) -> bool:
    """Whether a caller must give the property: it cannot be empty, and nothing stands in for it.

    A list left out is an empty one, and a flag left out is off, whatever the document says of null.
    """
    if use == "update":
        return False
    notes = each.notes
    if notes.get("Core.Required") is True or str(notes.get("Common.FieldControl", "")).endswith("Mandatory"):
        return True
    if each.nullable or each.default is not None or each.type.many or "Core.ComputedDefaultValue" in notes:
        return False
    return each.type.name != "Edm.Boolean"


def _looks_made(key: Property) -> bool:
    name, kind = key.name, key.type.name
    if kind == "Edm.Guid" or name.lower() == "id":
        return True
    return kind in ("Edm.Int32", "Edm.Int64") and name.lower().endswith("id")


# --- plain values ---


def _primitive(name: str, each: Property, limits: Mapping[str, str] | None = None) -> dict[str, Any]:
    limits = each.limits if limits is None else limits
    if name in _WHOLE:
        lowest, highest = _WHOLE[name]
        return {"type": "integer", "minimum": lowest, "maximum": highest}
    if name.startswith(("Edm.Geography", "Edm.Geometry")):
        return {"type": "object", "description": "A place or shape as GeoJSON."}
    if name not in _PRIMITIVES:
        raise SchemaProblem(f"the type `{name[:120]}` of `{each.name[:60]}` is none that OData knows")
    schema = dict(_PRIMITIVES[name])
    if name == "Edm.String":
        return _string(schema, each, limits)
    if name == "Edm.Decimal":
        return _decimal(schema, limits)
    if name == "Edm.DateTime" and each.notes.get("@display-format") == "Date":
        schema["format"] = "date"
    return schema


def _string(schema: dict[str, Any], each: Property, limits: Mapping[str, str]) -> dict[str, Any]:
    longest = _count(limits.get("MaxLength"))
    if longest:
        schema["maxLength"] = longest
    if str(each.notes.get("@semantics", "")).startswith("email"):
        schema["format"] = "email"
    return schema


def _decimal(schema: dict[str, Any], limits: Mapping[str, str]) -> dict[str, Any]:
    """A number below the power of ten that the precision leaves; its decimals are told, since `multipleOf` rounds."""
    precision, scale = _count(limits.get("Precision")), _count(limits.get("Scale", "0"))
    if scale == 0 and "Precision" in limits:
        schema["type"] = "integer"
    if precision and scale is not None and 0 < precision - scale <= 15:
        limit = 10 ** (precision - scale)
        schema |= {"exclusiveMinimum": -limit, "exclusiveMaximum": limit}
    if scale:
        schema["description"] = f"At most {scale} decimals."
    return schema


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else None


def _default(schema: Mapping[str, Any], text: str) -> Any:
    """The default as a value of the schema's type; None if it is none."""
    kind = schema.get("type")
    if kind == "boolean":
        return {"true": True, "false": False, "1": True, "0": False}.get(text.strip().lower())
    if kind in ("integer", "number"):
        try:
            number = float(text)
        except ValueError:
            return None
        whole = number == int(number) if abs(number) < 1e15 else False
        return int(number) if whole else number if kind == "number" and abs(number) < 1e300 else None
    if "enum" in schema:
        member = text.split("'")[1] if text.count("'") == 2 else text
        return member if member in schema["enum"] else None
    return text if kind == "string" and "format" not in schema and len(text) <= schema.get("maxLength", 1000) else None


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    out = dict(schema)
    if isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
        if "enum" in out:
            out["enum"] = [*out["enum"], None]
    return out


def _shortened(text: str, limit: int) -> str:
    """The text, or its first sentence that fits, or its first words."""
    text = text.strip()
    if len(text) <= limit:
        return text
    sentence = text[:limit].rfind(". ")
    return text[: sentence + 1] if sentence > limit // 3 else text[: limit - 2].rsplit(" ", 1)[0] + " …"


def _simple(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _listed(names: list[str]) -> str:
    quoted = [f"`{each}`" for each in names[:6]] + (["others"] if len(names) > 6 else [])
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"

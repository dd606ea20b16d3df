"""What an OData `$metadata` document declares: types, containers and operations, V2 and V4 in one form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from xml.etree.ElementTree import Element

from ..schemas import SchemaProblem
from ..xml_documents import local_name

MAX_INHERITANCE = 40
"""Base types of one type, one above the other."""
MAX_PROPERTIES = 1_200
"""Properties of one type, inherited ones included; no one could fill a form of more."""
MAX_NAME = 480
"""Characters of a name; OData itself allows 128 for one identifier."""
MAX_NOTE = 8_000
"""Characters of an annotation that are kept."""
MAX_FAMILY = 1_000
"""Types derived from one, directly or not, that are looked at."""
_VERSION = re.compile(r"[vV]\d+")
_COLLECTION = re.compile(r"Collection\((.*)\)")


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A type as a property or parameter names it."""

    name: str
    """Qualified, aliases resolved."""
    many: bool = False

    def __str__(self) -> str:
        return f"Collection({self.name})" if self.many else self.name


@dataclass(frozen=True, slots=True)
class Property:
    """One structural property of a type, or one parameter of an operation."""

    name: str
    type: TypeRef
    nullable: bool
    default: str | None
    limits: Mapping[str, str]
    """`MaxLength`, `Precision` and `Scale` as they stand."""
    notes: Mapping[str, Any]
    owner: str
    """The type that declares it."""


@dataclass(frozen=True, slots=True)
class Navigation:
    """A property that leads to other entities."""

    name: str
    type: TypeRef
    contained: bool
    """Whether what it leads to belongs to the entity and has no other home."""
    notes: Mapping[str, Any]
    owner: str


@dataclass(slots=True)
class Structure:
    """An entity type or a complex type, own members only."""

    name: str
    base: str
    abstract: bool
    open: bool
    key: tuple[str, ...]
    properties: tuple[Property, ...]
    navigations: tuple[Navigation, ...]
    notes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Enumeration:
    name: str
    members: tuple[str, ...]
    flags: bool
    notes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """An action or function, one overload of it."""

    name: str
    qualified: str
    is_action: bool
    binding: TypeRef | None
    """What it is bound to; None if it stands alone."""
    parameters: tuple[Property, ...]
    returns: TypeRef | None
    notes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Import:
    """An operation that the container offers on its own."""

    name: str
    operation: str
    """Qualified name; in V2, where the import is the operation, that of the container and the import."""
    entity_set: str


@dataclass(frozen=True, slots=True)
class Source:
    """An entity set or a singleton."""

    name: str
    type: str
    many: bool
    notes: Mapping[str, Any]
    container: str


@dataclass(slots=True)
class Model:
    """All that the schemas of one document declare, by qualified name."""

    old: bool = False
    """Whether it is a document of OData V1 to V3, whose rules differ."""
    structures: dict[str, Structure] = field(default_factory=dict)
    enumerations: dict[str, Enumeration] = field(default_factory=dict)
    definitions: dict[str, Property] = field(default_factory=dict)
    """Type definitions, as a property of their underlying type."""
    sources: list[Source] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    external: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Annotations that stand apart from their target, by target."""
    derived: dict[str, list[str]] = field(default_factory=dict)
    """Type → those directly derived from it."""
    faults: dict[str, str] = field(default_factory=dict)
    """What could not be read → why."""
    _properties: dict[str, list[Property]] = field(default_factory=dict)
    _navigations: dict[str, list[Navigation]] = field(default_factory=dict)
    _concrete: dict[str, list[str]] = field(default_factory=dict)

    def lineage(self, name: str) -> list[Structure]:
        """The type and its base types, the topmost first; SchemaProblem for one unknown, or a circle of them."""
        if not name:
            raise SchemaProblem("it names no type")
        found: list[Structure] = []
        seen: set[str] = set()
        while name:
            if name in seen:
                raise SchemaProblem(f"its base types lead round in a circle through `{name[:120]}`")
            if name not in self.structures:
                raise SchemaProblem(f"the type `{name[:120]}` is not declared in this document")
            if len(found) >= MAX_INHERITANCE:
                raise SchemaProblem(f"it has more than {MAX_INHERITANCE} base types one above the other")
            seen.add(name)
            found.append(self.structures[name])
            name = found[-1].base
        return found[::-1]

    def properties(self, name: str) -> list[Property]:
        """All properties of a type, inherited ones first; SchemaProblem as in `lineage`, or if there are too many."""
        if name not in self._properties:
            self._properties[name] = _members(name, [each.properties for each in self.lineage(name)])
        return self._properties[name]

    def navigations(self, name: str) -> list[Navigation]:
        """All navigation properties of a type, inherited ones first; SchemaProblem as in `properties`."""
        if name not in self._navigations:
            self._navigations[name] = _members(name, [each.navigations for each in self.lineage(name)])
        return self._navigations[name]

    def key(self, name: str) -> list[Property]:
        """The properties that tell one entity from another, in order; empty if the type has no key."""
        names = next((structure.key for structure in reversed(self.lineage(name)) if structure.key), ())
        known = {each.name: each for each in self.properties(name)}
        return [known[each] for each in names if each in known]

    def family(self, name: str) -> list[str]:
        """The type and those that derive from it, breadth first, the first of them where there are very many."""
        found, seen, place = [name], {name}, 0
        while place < len(found) < MAX_FAMILY:
            children = [child for child in self.derived.get(found[place], ()) if child not in seen]
            seen.update(children)
            found += children
            place += 1
        return found[:MAX_FAMILY]

    def concrete(self, name: str) -> list[str]:
        """Those of the type's family that are not abstract."""
        if name not in self._concrete:
            known = [each for each in self.family(name) if each in self.structures]
            self._concrete[name] = [each for each in known if not self.structures[each].abstract]
        return self._concrete[name]


Member = TypeVar("Member", Property, Navigation)


def _members(name: str, declared: list[tuple[Member, ...]]) -> list[Member]:
    """The members of a type and its bases by name, a later one in the place of an earlier; checked before built."""
    count = sum(len(each) for each in declared)
    if count > MAX_PROPERTIES:
        raise SchemaProblem(f"the type `{name[:120]}` has {count:,} properties (limit {MAX_PROPERTIES:,})")
    return list({each.name: each for members in declared for each in members}.values())


def read_model(root: Element) -> Model:
    """The model of a document whose root is `Edmx` or a bare `Schema`; declarations without a name are left out."""
    return _Reader(root).model()


class _Reader:
    def __init__(self, root: Element) -> None:
        self.schemas = [each for each in root.iter() if local_name(each.tag) == "Schema"]
        self.names: dict[str, str] = {}
        """Alias → namespace, of this document's schemas and of the vocabularies it includes."""
        for element in (*self.schemas, *(each for each in root.iter() if local_name(each.tag) == "Include")):
            alias, namespace = element.get("Alias"), element.get("Namespace")
            if alias and namespace:
                self.names.setdefault(alias, namespace)
        old = not root.get("Version", "1.0").startswith("4") and not any("oasis-open" in s.tag for s in self.schemas)
        self.found = Model(old=old)
        self.associations: dict[str, dict[str, tuple[str, str]]] = {}

    def model(self) -> Model:
        for schema in self.schemas:
            for each in _children(schema, "Annotations"):
                self._external(each)
            for each in _children(schema, "Association"):
                self._association(schema.get("Namespace", ""), each)
        for schema in self.schemas:
            self._schema(schema.get("Namespace", ""), schema)
        for structure in self.found.structures.values():
            if structure.base:
                self.found.derived.setdefault(structure.base, []).append(structure.name)
        return self.found

    def _schema(self, namespace: str, schema: Element) -> None:
        for element in schema:
            kind, name = local_name(element.tag), self._name(element)
            qualified = f"{namespace}.{name}" if namespace else name
            if not name:
                continue
            if kind in ("EntityType", "ComplexType"):
                self.found.structures.setdefault(qualified, self._structure(qualified, element))
            elif kind == "EnumType":
                self._enumeration(qualified, element)
            elif kind == "TypeDefinition":
                self.found.definitions[qualified] = self._property(element, "UnderlyingType", qualified)
            elif kind in ("Action", "Function"):
                self._operation(qualified, element)
            elif kind == "EntityContainer":
                self._container(qualified, element)

    # --- names and annotations ---

    def _name(self, element: Element) -> str:
        """The element's name; empty if it has none, or one that is far too long."""
        name = element.get("Name", "").strip()
        if len(name) > MAX_NAME:
            self.found.faults[f"{local_name(element.tag)} {name[:60]} …"] = f"its name has {len(name):,} characters"
            return ""
        return name

    def _resolve(self, name: str) -> str:
        """A qualified name with its alias replaced by the namespace that it stands for."""
        head, dot, tail = name.strip().rpartition(".")
        return f"{self.names.get(head, head)}{dot}{tail}"

    def _type(self, text: str | None) -> TypeRef:
        text = (text or "Edm.String").strip()
        match = _COLLECTION.fullmatch(text)
        return TypeRef(self._resolve(match[1] if match else text), bool(match))

    def _external(self, element: Element) -> None:
        target = self._target(element.get("Target", ""))
        known = self.found.external.setdefault(target, {})
        for term, value in self._annotations(element).items():
            known.setdefault(term, value)

    def _target(self, target: str) -> str:
        """The target with all aliases resolved, those in a parameter list too, and no spaces."""
        head, slash, rest = target.partition("/") if "(" not in target else _after_parameters(target)
        name, parenthesis, types = head.partition("(")
        resolved = self._resolve(name)
        if parenthesis:
            listed = [str(self._type(each)) for each in types.removesuffix(")").split(",") if each.strip()]
            resolved = f"{resolved}({','.join(listed)})"
        return f"{resolved}{slash}{rest}"

    def _annotations(self, element: Element) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in _children(element, "Annotation"):
            term = self._resolve(each.get("Term", ""))
            found.setdefault(_short(term), _value(each))
        return found

    def _notes(self, element: Element, *targets: str) -> dict[str, Any]:
        """Annotations of an element: SAP's and other foreign attributes, V2 documentation, inline, then external."""
        found: dict[str, Any] = {}
        for key, value in element.attrib.items():
            if "}" in key:
                found[f"@{local_name(key)}"] = value[:MAX_NOTE]
        for each in _children(element, "Documentation"):
            for part in each:
                if local_name(part.tag) in ("Summary", "LongDescription") and (part.text or "").strip():
                    term = "Core.Description" if local_name(part.tag) == "Summary" else "Core.LongDescription"
                    found[term] = (part.text or "").strip()[:MAX_NOTE]
        found |= self._annotations(element)
        for target in targets:
            found = self.found.external.get(target, {}) | found
        return found

    # --- types ---

    def _structure(self, qualified: str, element: Element) -> Structure:
        key = [ref.get("Name", "") for each in _children(element, "Key") for ref in _children(each, "PropertyRef")]
        properties = [self._property(each, "Type", qualified) for each in _children(element, "Property")]
        navigations = [self._navigation(each, qualified) for each in _children(element, "NavigationProperty")]
        return Structure(
            name=qualified,
            base=self._resolve(element.get("BaseType", "")),
            abstract=element.get("Abstract") == "true",
            open=element.get("OpenType") == "true",
            key=tuple(key),
            properties=tuple(each for each in properties if each.name),
            navigations=tuple(each for each in navigations if each is not None),
            notes=self._notes(element, qualified),
        )

    def _property(self, element: Element, type_attribute: str, owner: str, *targets: str) -> Property:
        name = self._name(element)
        return Property(
            name=name,
            type=self._type(element.get(type_attribute) or element.get("Type")),
            nullable=element.get("Nullable", "true") != "false",
            default=element.get("DefaultValue"),
            limits={key: element.attrib[key] for key in ("MaxLength", "Precision", "Scale") if key in element.attrib},
            notes=self._notes(element, *(targets or (f"{owner}/{name}",))),
            owner=owner,
        )

    def _navigation(self, element: Element, owner: str) -> Navigation | None:
        name = self._name(element)
        if not name:
            return None
        reference = self._type(element.get("Type")) if element.get("Type") else self._end(element)
        if not reference.name:
            self.found.faults[f"{owner}/{name}"] = "its relationship or role is not declared in this document"
            return None
        contained = element.get("ContainsTarget") == "true"
        return Navigation(name, reference, contained, self._notes(element, f"{owner}/{name}"), owner)

    def _end(self, element: Element) -> TypeRef:
        """Where a navigation property of V2 leads, by its relationship and role; a type without a name if nowhere."""
        ends = self.associations.get(self._resolve(element.get("Relationship", "")), {})
        target, multiplicity = ends.get(element.get("ToRole", ""), ("", ""))
        return TypeRef(target, multiplicity == "*")

    def _association(self, namespace: str, element: Element) -> None:
        name = f"{namespace}.{element.get('Name', '')}"
        self.associations[name] = {
            end.get("Role", ""): (self._resolve(end.get("Type", "")), end.get("Multiplicity", ""))
            for end in _children(element, "End")
        }

    def _enumeration(self, qualified: str, element: Element) -> None:
        members = [each.get("Name", "") for each in _children(element, "Member")]
        self.found.enumerations[qualified] = Enumeration(
            qualified,
            tuple(dict.fromkeys(each for each in members if 0 < len(each) <= MAX_NAME)),
            element.get("IsFlags") == "true",
            self._notes(element, qualified),
        )

    # --- operations and containers ---

    def _operation(self, qualified: str, element: Element) -> None:
        bound = element.get("IsBound") == "true"
        types = ",".join(str(self._type(each.get("Type"))) for each in _children(element, "Parameter"))
        targets = (f"{qualified}({types})", qualified)
        parameters = [
            self._property(each, "Type", qualified, *(f"{target}/{each.get('Name', '')}" for target in targets))
            for each in _children(element, "Parameter")
        ]
        returns = next(iter(_children(element, "ReturnType")), None)
        self.found.operations.append(
            Operation(
                name=qualified.rsplit(".", 1)[-1],
                qualified=qualified,
                is_action=local_name(element.tag) == "Action",
                binding=parameters[0].type if bound and parameters else None,
                parameters=tuple(parameters[1:] if bound else parameters),
                returns=self._type(returns.get("Type")) if returns is not None else None,
                notes=self._notes(element, *targets),
            )
        )

    def _container(self, qualified: str, element: Element) -> None:
        for each in element:
            kind, name = local_name(each.tag), self._name(each)
            if not name:
                continue
            notes = self._notes(each, f"{qualified}/{name}")
            if kind in ("EntitySet", "Singleton"):
                many = kind == "EntitySet"
                of = self._resolve(each.get("EntityType" if many else "Type", ""))
                self.found.sources.append(Source(name, of, many, notes, qualified))
            elif kind in ("ActionImport", "FunctionImport"):
                self._import(kind, qualified, name, each, notes)

    def _import(self, kind: str, container: str, name: str, element: Element, notes: dict[str, Any]) -> None:
        named = element.get(kind.removesuffix("Import"))
        entity_set = element.get("EntitySet", "")
        if named:
            self.found.imports.append(Import(name, self._resolve(named), entity_set))
            return
        parameters = [self._property(each, "Type", name, "") for each in _children(element, "Parameter")]
        parameters = [each for each in parameters if each.name]
        returns = element.get("ReturnType") or next(
            (each.get("Type") for each in _children(element, "ReturnType")), None
        )
        bound = element.get("IsBindable") == "true" and bool(parameters)
        verb = str(notes.get("@HttpMethod", "")).upper()
        reads = verb == "GET" or (not verb and element.get("IsSideEffecting") == "false")
        operation = Operation(
            name=name,
            qualified=f"{container}.{name}",
            is_action=not reads,
            binding=parameters[0].type if bound else None,
            parameters=tuple(parameters[1:] if bound else parameters),
            returns=self._type(returns) if returns else None,
            notes=notes,
        )
        self.found.operations.append(operation)
        if not bound:
            self.found.imports.append(Import(name, operation.qualified, entity_set))


def _children(element: Element, name: str) -> list[Element]:
    return [each for each in element if local_name(each.tag) == name]


def _after_parameters(target: str) -> tuple[str, str, str]:
    end = target.rfind(")")
    head, rest = target[: end + 1], target[end + 1 :]
    return head, rest[:1], rest[1:]


def _short(term: str) -> str:
    """The last two words of a term without its version: `Org.OData.Core.V1.Computed` → `Core.Computed`."""
    words = [word for word in term.split("#")[0].split(".") if not _VERSION.fullmatch(word)]
    return ".".join(words[-2:])


_VALUES = ("String", "Bool", "EnumMember", "PropertyPath", "NavigationPropertyPath", "Path", "Int", "Decimal", "Float")


def _value(element: Element) -> Any:
    """What an annotation says, as plain values; True for one that only stands there."""
    for key in _VALUES:
        if key in element.attrib:
            return _plain(key, element.attrib[key])
    for child in element:
        kind = local_name(child.tag)
        if kind == "Record":
            return {each.get("Property", ""): _value(each) for each in _children(child, "PropertyValue")}
        if kind == "Collection":
            return [_item(each) for each in child]
        if kind in _VALUES:
            return _plain(kind, child.text or "")
    return True


def _item(element: Element) -> Any:
    if local_name(element.tag) == "Record":
        return {each.get("Property", ""): _value(each) for each in _children(element, "PropertyValue")}
    return (element.text or "").strip()[:MAX_NAME]


def _plain(kind: str, text: str) -> Any:
    return text.strip() == "true" if kind == "Bool" else text.strip()[:MAX_NOTE]


def records(value: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings in a list, or none if it is no list."""
    yield from (each for each in (value if isinstance(value, list) else ()) if isinstance(each, Mapping))

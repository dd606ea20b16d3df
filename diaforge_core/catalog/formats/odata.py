"""OData `$metadata` documents, V2 and V4: what a service offers on its entities, and its actions and functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any
from xml.etree.ElementTree import Element

from ..schemas import MAX_TEXT, SchemaProblem
from ..xml_documents import local_name
from .drafts import Draft, Found
from .edm_model import Import, Model, Operation, TypeRef, read_model
from .edm_places import Key, Place, Restrictions, places
from .edm_schemas import Body, Schemas, documentation, is_deprecated, is_writable, label_of, weight
from .edm_words import a, deed, many, noun_of, one, the_type

MAX_OPERATIONS = 20_000
"""Operations of one document; far beyond what any service offers."""
MAX_WEIGHT = 1_000_000
"""Schemas in all arguments of one document together, long texts and lists counted as several."""
MAX_WORK = 500_000
"""Schemas made for one document, those given up for being too large included."""
MAX_SKIPPED = 1_000
"""Faults that are named one by one."""
MAX_SHOWN = 8
"""Properties that the description of a query names."""
MAX_LISTED = 40
"""Names that `select` and `expand` list; beyond it they are plain text."""


def recognises(document: Any) -> bool:
    """Whether this is an XML document of an OData service: `Edmx`, or a bare `Schema` with types in it."""
    if not isinstance(document, Element):
        return False
    kinds = ("EntityType", "EntityContainer", "ComplexType")
    name = local_name(document.tag)
    return name == "Edmx" or (name == "Schema" and any(local_name(each.tag) in kinds for each in document))


def read(document: Any, source: str) -> Found:
    """Every operation: entity sets and singletons in their order, each with what it contains, then operations.

    What the service says that it does not support is counted in a remark.
    """
    reader = _Reader(read_model(document), source)
    try:
        reader.entities()
        reader.operations()
    except _Enough as enough:
        reader.found.skip("the rest of the document", str(enough))
    for where, why in reader.model.faults.items():
        reader.found.skip(where, why)
    more = len(reader.found.skipped) - MAX_SKIPPED
    if more > 0:
        del reader.found.skipped[MAX_SKIPPED:]
        reader.found.skip("the rest of the document", f"it has {more:,} more faults")
    if reader.ruled_out:
        reader.found.remark("restrictions", f"operations that the service itself rules out: {reader.ruled_out:,}")
    return reader.found


class _Enough(Exception):
    """The document goes on for too long."""


@dataclass(slots=True)
class _Reader:
    model: Model
    source: str
    found: Found = field(default_factory=Found)
    weight: int = 0
    ruled_out: int = 0
    """Operations that the service says it does not support."""
    offered: list[Place] = field(default_factory=list)
    schemas: Schemas = field(init=False)

    def __post_init__(self) -> None:
        self.schemas = Schemas(self.model)

    def entities(self) -> None:
        """Adds the tools of all entity sets and singletons, and remembers their places."""
        for source in self.model.sources:
            try:
                for place in places(self.model, source):
                    self._offer(place)
            except SchemaProblem as problem:
                self.found.skip(f"{'EntitySet' if source.many else 'Singleton'} {source.name}", str(problem))

    def _offer(self, place: Place) -> None:
        if len(self.offered) >= MAX_OPERATIONS:
            raise _Enough(f"it offers more than {MAX_OPERATIONS:,} addresses")
        self.offered.append(place)
        try:
            self._place(place)
        except SchemaProblem as problem:
            self.found.skip(_position(place), str(problem))

    def operations(self) -> None:
        """Adds the tools of all actions and functions, those that stand alone first."""
        free: dict[str, list[Operation]] = {}
        for operation in self.model.operations:
            if operation.binding is None:
                free.setdefault(operation.qualified, []).append(operation)
        homes = {each.type: each.name for each in reversed(self.model.sources) if each.many}
        for each in self.model.imports:
            self._import(each, free.get(each.operation, []), homes)
        bound = [each for each in self.model.operations if each.binding]
        reached = _Reach(self.model, self.offered)
        counts = Counter((each.qualified, str(each.binding)) for each in bound)
        for each in bound:
            self._bound(each, reached, overloaded=counts[each.qualified, str(each.binding)] > 1)

    # --- entities ---

    def _place(self, place: Place) -> None:
        limits = Restrictions(self.model, place)
        single = bool(place.own) or not place.many
        if not single:
            self.found.skip(_position(place), f"the type `{place.type[:120]}` has no key, so none can be addressed")
        if place.many and self._supported(limits.allows("ReadRestrictions", "Readable"), limits.sap("addressable")):
            self._query(place, limits)
        if single and self._supported(limits.by_key()):
            self._read(place, limits)
        if place.many and self._supported(limits.allows("InsertRestrictions", "Insertable"), limits.sap("creatable")):
            self._create(place, limits)
        if single and self._supported(limits.allows("UpdateRestrictions", "Updatable"), limits.sap("updatable")):
            self._update(place, limits)
        if place.own and self._supported(limits.allows("DeleteRestrictions", "Deletable"), limits.sap("deletable")):
            self._delete(place)

    def _supported(self, allowed: bool, said_by_sap: str = "") -> bool:
        """Whether the service offers an operation; one that it rules out is counted."""
        supported = allowed and said_by_sap != "false"
        self.ruled_out += not supported
        return supported

    def _query(self, place: Place, limits: Restrictions) -> None:
        arguments = _Arguments(self.schemas, place.above)
        arguments.add(_query_options(self.model, place, limits))
        arguments.add(_shape_options(self.model, place, limits))
        self._entity(place, "QUERY", "list", f"List {place.all}", place.path, arguments)

    def _read(self, place: Place, limits: Restrictions) -> None:
        arguments = _Arguments(self.schemas, place.keys)
        arguments.add(_shape_options(self.model, place, limits))
        self._entity(place, "READ", "get", f"Get {place.each}", place.one_path, arguments)

    def _create(self, place: Place, limits: Restrictions) -> None:
        body = self.schemas.body(place.type, "create")
        left_out = limits.names("InsertRestrictions", "NonInsertableProperties")
        if not set(body.properties) - left_out:
            return
        also = limits.names("InsertRestrictions", "RequiredProperties")
        arguments = _Arguments(self.schemas, place.above)
        arguments.add_body(body, left_out, also)
        self._entity(place, "CREATE", "create", f"Create {place.each}", place.path, arguments)

    def _update(self, place: Place, limits: Restrictions) -> None:
        body = self.schemas.body(place.type, "update")
        left_out = limits.names("UpdateRestrictions", "NonUpdatableProperties")
        keys = {key.property.name for key in place.own}
        if not set(body.properties) - left_out - keys:
            return
        arguments = _Arguments(self.schemas, place.keys)
        arguments.add_body(body, left_out | keys)
        self._entity(place, "UPDATE", "update", f"Update {place.each}", place.one_path, arguments)

    def _delete(self, place: Place) -> None:
        arguments = _Arguments(self.schemas, place.keys)
        self._entity(place, "DELETE", "delete", f"Delete {place.each}", place.one_path, arguments)

    def _entity(self, place: Place, kind: str, verb: str, summary: str, path: str, arguments: _Arguments) -> None:
        structure = self.model.structures[place.type]
        notes = place.steps[-1].notes if place.steps else place.source.notes
        self._add(
            arguments,
            Draft(
                original_name=f"{place.name}.{verb}",
                parameters=arguments.schema(),
                source=self.source,
                position=_position(place),
                summary=summary,
                description=_paragraph(
                    documentation(notes),
                    self._about(place),
                    documentation(structure.notes),
                    self._shown(place) if kind in ("QUERY", "READ") else "",
                ),
                group=place.source.name,
                method=kind,
                path=path,
                deprecated=is_deprecated(structure.notes) or is_deprecated(notes),
            ),
        )

    def _about(self, place: Place) -> str:
        """What the entities are, where their place is called something else: "A special is a drive item."."""
        noun = noun_of(_simple(place.type))
        if set(one(noun).lower().split()) & set(one(place.noun).lower().split()) or not place.many:
            return ""
        subject = a(place.noun)
        return f"{subject[:1].upper()}{subject[1:]} is {the_type(noun)}."

    def _shown(self, place: Place) -> str:
        """The first properties of the entities in words, so that a reader sees what there is to be had."""
        keys = {"id", *(key.property.name for key in place.own)}
        told = (each for each in self.model.properties(place.type) if each.name not in keys)
        shown = (noun_of(each.name) for each in told if is_writable(each, "value"))
        nouns = list(dict.fromkeys(islice(shown, MAX_SHOWN + 1)))
        return f"Shows {', '.join(nouns[:MAX_SHOWN])}{' and more' if len(nouns) > MAX_SHOWN else ''}." if nouns else ""

    # --- operations ---

    def _import(self, each: Import, overloads: list[Operation], homes: dict[str, str]) -> None:
        """Adds a free operation, grouped under the entity set that it names, or that holds what it returns."""
        if not overloads:
            self.found.skip(f"Import {each.name}", f"the operation `{each.operation[:120]}` is not declared")
        for operation in overloads:
            name = _overload_name(each.name, operation) if len(overloads) > 1 else each.name
            word = "Action" if operation.is_action else "Function"
            position = f"{word} {operation.qualified}"
            returned = homes.get(operation.returns.name) if operation.returns else None
            group = each.entity_set.rsplit("/", 1)[-1] or returned or _simple(operation.qualified.rpartition(".")[0])
            given = _given(operation) if len(overloads) > 1 else ()
            self._operation(operation, name, position, _Home("", f"/{each.name}", group, "", ()), given)

    def _bound(self, each: Operation, reached: _Reach, *, overloaded: bool) -> None:
        binding = each.binding or TypeRef("")
        home = reached.home(binding)
        name = _overload_name(each.name, each) if overloaded else each.name
        position = f"{'Action' if each.is_action else 'Function'} {each.qualified} bound to {_simple(str(binding))}"
        placed = replace(home, path=f"{home.path}/{each.name}")
        self._operation(each, f"{home.name}.{name}", position, placed, _given(each) if overloaded else ())

    def _operation(self, each: Operation, name: str, position: str, home: _Home, given: tuple[str, ...]) -> None:
        try:
            arguments = _Arguments(self.schemas, home.keys)
            for parameter in each.parameters:
                arguments.add_parameter(self.schemas, parameter, needed=_needed(each, parameter, old=self.model.old))
        except SchemaProblem as problem:
            self.found.skip(position, str(problem))
            return
        said, label = documentation(each.notes), label_of(each.notes)
        plain = deed(each.name, home.words, is_function=not each.is_action, given=given)
        summary = plain if not said or said == label else ""
        self._add(
            arguments,
            Draft(
                original_name=name,
                parameters=arguments.schema(),
                source=self.source,
                position=position,
                summary=summary,
                description=_paragraph(said, "" if summary else plain, self._returned(each.returns)),
                group=home.group,
                method="ACTION" if each.is_action else "FUNCTION",
                path=home.path,
                deprecated=is_deprecated(each.notes),
            ),
        )

    def _returned(self, returns: TypeRef | None) -> str:
        if returns is None:
            return ""
        if returns.name.startswith("Edm."):
            word = _PLAIN_TYPES.get(returns.name, "a value")
            return f"Returns a list, each {word}." if returns.many else f"Returns {word}."
        noun = noun_of(_simple(returns.name))
        return f"Returns a list of {many(noun)}." if returns.many else f"Returns {the_type(noun)}."

    def _add(self, arguments: _Arguments, draft: Draft) -> None:
        self.weight += arguments.weight
        if len(self.found.tools) >= MAX_OPERATIONS:
            raise _Enough(f"it declares more than {MAX_OPERATIONS:,} operations")
        if self.weight > MAX_WEIGHT or self.schemas.work > MAX_WORK:
            raise _Enough("its types are so large that all their operations together would take too much memory")
        try:
            self.found.tools.append(draft.tool())
        except SchemaProblem as problem:
            self.found.skip(draft.position, str(problem))


_PLAIN_TYPES = {
    "Edm.String": "a text", "Edm.Boolean": "yes or no", "Edm.Stream": "a file", "Edm.Guid": "an ID",
    "Edm.Date": "a date", "Edm.Int32": "a number", "Edm.Int64": "a number", "Edm.Int16": "a number",
    "Edm.Decimal": "a number", "Edm.Double": "a number", "Edm.Single": "a number", "Edm.DateTimeOffset": "a time",
    "Edm.DateTime": "a time", "Edm.Duration": "a length of time",
}  # fmt: skip


class _Arguments:
    """The arguments of one operation, as they come together."""

    def __init__(self, schemas: Schemas, keys: Iterable[Key]) -> None:
        self.properties: dict[str, Any] = {}
        self.required: list[str] = []
        self.weight = 0
        for key in keys:
            schema = schemas.plain(key.property)
            said = schema.get("description") or f"Identifies the {key.of}."
            self.add({key.argument: {**schema, "description": said}})
            self.required.append(key.argument)

    def add(self, properties: dict[str, Any]) -> None:
        """Adds optional arguments."""
        self.properties |= properties
        self.weight += sum(weight(each) for each in properties.values())

    def add_body(
        self, body: Body, left_out: frozenset[str] | set[str], also_required: frozenset[str] = frozenset()
    ) -> None:
        """Adds what an entity holds; a name that a key has already taken gets `body_` before it."""
        taken = set(self.properties)
        names = {name: f"body_{name}" if name in taken else name for name in body.properties if name not in left_out}
        self.properties |= {names[name]: body.properties[name] for name in names}
        self.required += [names[name] for name in names if name in body.required or name in also_required]
        self.weight += body.weight

    def add_parameter(self, schemas: Schemas, parameter: Any, *, needed: bool) -> None:
        """Adds a parameter of an operation. SchemaProblem if its type is unknown."""
        if schemas.is_left_out(parameter.type.name):
            return
        name = f"parameter_{parameter.name}" if parameter.name in self.properties else parameter.name
        self.properties[name] = schemas.parameter(parameter)
        self.required += [name] if needed else []
        self.weight += weight(self.properties[name])

    def schema(self) -> dict[str, Any]:
        """One object schema of all arguments."""
        schema: dict[str, Any] = {"type": "object", "properties": self.properties}
        return {**schema, "required": list(dict.fromkeys(self.required))} if self.required else schema


def _needed(operation: Operation, parameter: Any, *, old: bool) -> bool:
    """Whether a caller must give the parameter: those of a function belong to its address, unless marked optional."""
    if "Core.OptionalParameter" in parameter.notes or parameter.default is not None:
        return False
    if old or operation.is_action:
        return not parameter.nullable and not (parameter.type.many and not old)
    return True


# --- options of a query ---


def _query_options(model: Model, place: Place, limits: Restrictions) -> dict[str, Any]:
    """Arguments that narrow and order a list, in plain names; those that the service takes."""
    example = _example(model, place)
    found: dict[str, Any] = {}
    searches = limits.sap("searchable") == "true" if model.old else limits.allows("SearchRestrictions", "Searchable")
    if searches:
        found["search"] = {"type": "string", "description": f"Words that the {many(place.noun)} hold."}
    if limits.allows("FilterRestrictions", "Filterable"):
        note = " One is required." if limits.sap("requires-filter") == "true" else ""
        found["filter"] = {
            "type": "string",
            "format": "odata-filter",
            "description": f"Condition as an OData expression (`$filter`), such as `{example} eq 'value'`.{note}",
        }
    if limits.allows("SortRestrictions", "Sortable"):
        found["order_by"] = {
            "type": "string",
            "description": f"Order of the list (`$orderby`), such as `{example} desc`.",
        }
    pages = limits.sap("pageable") != "false"
    if pages and limits.allows("TopSupported", ""):
        found["top"] = {"type": "integer", "minimum": 0, "description": "How many at most (`$top`)."}
    if pages and limits.allows("SkipSupported", ""):
        found["skip"] = {"type": "integer", "minimum": 0, "description": "How many to pass over (`$skip`)."}
    return found


def _shape_options(model: Model, place: Place, limits: Restrictions) -> dict[str, Any]:
    """Arguments that say what is shown of each entity."""
    found: dict[str, Any] = {}
    if limits.allows("SelectSupport", "Supported"):
        found["select"] = _listing([each.name for each in model.properties(place.type)], "Only these properties")
    expands = limits.allows("ExpandRestrictions", "Expandable")
    names = [each.name for each in model.navigations(place.type)]
    if expands and names:
        found["expand"] = _listing(names, "Related entities that are shown with it")
    return found


def _example(model: Model, place: Place) -> str:
    """A property that a condition could be about: the first text that is no key, else the first."""
    properties = model.properties(place.type)
    keys = {key.property.name for key in place.own}
    texts = (each.name for each in properties if each.type.name == "Edm.String" and each.name not in keys)
    return next(texts, properties[0].name if properties else "Name")


def _listing(names: list[str], about: str) -> dict[str, Any]:
    items: dict[str, Any] = {"type": "string"}
    if 0 < len(names) <= MAX_LISTED:
        items["enum"] = names
    return {"type": "array", "items": items, "uniqueItems": True, "description": f"{about}."}


# --- where a bound operation is found ---


@dataclass(frozen=True, slots=True)
class _Home:
    name: str
    path: str
    group: str
    words: str
    keys: tuple[Key, ...]


class _Reach:
    """Finds the shortest address that the container offers to a type."""

    def __init__(self, model: Model, offered: Iterable[Place]) -> None:
        self.model = model
        self.homes: dict[TypeRef, _Home] = {}
        self.exact: dict[TypeRef, Place] = {}
        """Type → the shortest place of this very type: of one of it, or of many."""
        self.derived: dict[TypeRef, Place] = {}
        """Type → the shortest place of a type derived from it."""
        for place in offered:
            self._keep(place, many=False)
            if place.many:
                self._keep(place, many=True)

    def home(self, binding: TypeRef) -> _Home:
        """The place of this very type, else of a type derived from it, else of a base type with the type as a cast.

        Where the container offers none within reach, a path that says the type.
        """
        if binding not in self.homes:
            self.homes[binding] = self._find(binding)
        return self.homes[binding]

    def _keep(self, place: Place, *, many: bool) -> None:
        if not many and place.many and not place.own:
            return
        _shorter(self.exact, TypeRef(place.type, many), place)
        for base in self._bases(place.type):
            _shorter(self.derived, TypeRef(base, many), place)

    def _find(self, binding: TypeRef) -> _Home:
        place = self.exact.get(binding) or self.derived.get(binding)
        if place:
            return self._at(place, binding, "")
        for base in self._bases(binding.name):
            place = self.exact.get(TypeRef(base, binding.many))
            if place:
                return self._at(place, binding, binding.name)
        return self._nowhere(binding)

    def _at(self, place: Place, binding: TypeRef, cast: str) -> _Home:
        path = place.path if binding.many else place.one_path
        noun = noun_of(_simple(cast)) if cast else ""
        if cast:
            words = f"the {many(noun)}" if binding.many else the_type(noun)
        else:
            words = place.all if binding.many else place.where
        name = f"{place.name}.{_simple(cast)}" if cast else place.name
        keys = place.above if binding.many else place.keys
        return _Home(name, f"{path}/{cast}" if cast else path, place.source.name, words, keys)

    def _nowhere(self, binding: TypeRef) -> _Home:
        simple = _simple(binding.name)
        noun = noun_of(simple)
        name = noun.lower().replace(" ", "-")
        path = f"/{binding.name}"
        keys: tuple[Key, ...] = ()
        if not binding.many and binding.name in self.model.structures:
            known = _key_or_none(self.model, binding.name)
            keys = tuple(Key(f"{name}-{each.name}", each, noun) for each in known)
            path += "".join(f"/{{{each.argument}}}" for each in keys)
        return _Home(simple, path, simple, f"the {many(noun)}" if binding.many else the_type(noun), keys)

    def _bases(self, name: str) -> list[str]:
        try:
            return [each.name for each in reversed(self.model.lineage(name))][1:]
        except SchemaProblem:
            return []


def _shorter(known: dict[TypeRef, Place], kind: TypeRef, place: Place) -> None:
    """Keeps the shorter of two places; an entity set before a singleton."""
    best = known.get(kind)
    if best is None or _length(place) < _length(best):
        known[kind] = place


def _length(place: Place) -> tuple[int, bool, bool]:
    """How far the place is; an entity set comes before a singleton, and a place called like its type before others."""
    called = set(one(place.noun).lower().split()) <= set(noun_of(_simple(place.type)).lower().split())
    return len(place.steps), not place.source.many, not called


def _key_or_none(model: Model, name: str) -> list[Any]:
    try:
        return model.key(name)
    except SchemaProblem:
        return []


def _position(place: Place) -> str:
    start = f"{'EntitySet' if place.source.many else 'Singleton'} {place.source.name}"
    return "/".join([start, *(step.name for step in place.steps)])


def _overload_name(name: str, operation: Operation) -> str:
    given = _given(operation)
    return f"{name}_by_{'_and_'.join(given)}" if given else name


def _given(operation: Operation) -> tuple[str, ...]:
    return tuple(each.name for each in operation.parameters)


def _simple(name: str) -> str:
    return name.rsplit(".", 1)[-1].rstrip(")") if "(" not in name else f"a collection of {_simple(name[11:-1])}"


def _paragraph(*parts: str) -> str:
    """The parts as one text, each a sentence, none twice."""
    said: list[str] = []
    for part in parts:
        text = part.strip()
        if text and not any(text.rstrip(".") in each for each in said):
            said.append(text if text.endswith((".", "!", "?", "…", ":")) else f"{text}.")
    return " ".join(said)[:MAX_TEXT]

"""Addresses that an OData service offers: entity sets, singletons and what they contain, with their restrictions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..schemas import SchemaProblem
from .edm_model import Model, Navigation, Property, Source, records
from .edm_schemas import label_of
from .edm_words import a, many, noun_of, one

MAX_CONTAINED = 2
"""Contained navigation properties below an entity set or singleton."""
THE_CALLER = "me"
"""Singleton that stands for whoever signs in, wherever a service has it."""


@dataclass(frozen=True, slots=True)
class Key:
    """One value that says which entity is meant."""

    argument: str
    property: Property
    of: str
    """The noun of the entity, told from those of the entities that it lies in."""


@dataclass(frozen=True, slots=True)
class Place:
    """An entity set, a singleton, or a contained navigation property below one."""

    source: Source
    steps: tuple[Navigation, ...]
    path: str
    """Address template without the place's own key: keys as segments, as OData 4.01 allows."""
    type: str
    many: bool
    above: tuple[Key, ...]
    """Keys of the entities that it lies in."""
    own: tuple[Key, ...]
    """Its own key; empty for a single one, or where the type has none."""
    noun: str
    parent: str
    """The entity that it lies in, in words: "of an event of a user", "in device management"; may be empty."""

    @property
    def name(self) -> str:
        return ".".join([self.source.name, *(step.name for step in self.steps)])

    @property
    def keys(self) -> tuple[Key, ...]:
        return (*self.above, *self.own)

    @property
    def one_path(self) -> str:
        """The address of one entity."""
        return self.path + "".join(f"/{{{key.argument}}}" for key in self.own)

    @property
    def all(self) -> str:
        """All of its entities in words: "the attachments of an event"."""
        return f"the {_joined(many(self.noun), self.parent)}" if self.many else self.each

    @property
    def each(self) -> str:
        """One of its entities in words: "an attachment of an event", "the calendar of a user"."""
        if not self.many and not self.steps and self.source.name == THE_CALLER:
            return "the signed-in user"
        return _joined(a(self.noun) if self.many else f"the {self.noun}", self.parent)

    @property
    def where(self) -> str:
        """What an operation bound to one of its entities works on: the entity, or "in reports" for a whole part."""
        if self.many or self.steps or self.source.name == THE_CALLER:
            return self.each
        return f"in {self.noun}"


def places(model: Model, source: Source) -> Iterator[Place]:
    """The source, then what it contains, depth first, two levels deep. SchemaProblem for an unknown or broken type.

    What is broken below the source is left out and added to the faults of the model.
    """
    structure = model.lineage(source.type)[-1]
    own = _keys(model, source.type, one(noun_of(source.type.rsplit(".", 1)[-1])), ()) if source.many else ()
    label = label_of(source.notes) or (label_of(structure.notes) if model.old else "")
    noun = noun_of(source.name, label)
    root = Place(source, (), f"/{source.name}", source.type, source.many, (), own, noun, "")
    yield root
    yield from _below(model, root)


def _below(model: Model, place: Place) -> Iterator[Place]:
    if len(place.steps) >= MAX_CONTAINED or (place.many and not place.own):
        return
    for step in model.navigations(place.type):
        if not step.contained:
            continue
        try:
            below = _step(model, place, step)
        except SchemaProblem as problem:
            model.faults[f"{step.owner}/{step.name}"] = str(problem)
            continue
        yield below
        yield from _below(model, below)


def _step(model: Model, place: Place, step: Navigation) -> Place:
    model.properties(step.type.name)
    model.navigations(step.type.name)
    return Place(
        source=place.source,
        steps=(*place.steps, step),
        path=f"{place.one_path}/{step.name}",
        type=step.type.name,
        many=step.type.many,
        above=place.keys,
        own=_keys(model, step.type.name, one(noun_of(step.name)), place.keys) if step.type.many else (),
        noun=noun_of(step.name, label_of(step.notes)),
        parent=_of(place),
    )


def _of(place: Place) -> str:
    if place.many or place.steps or place.source.name == THE_CALLER:
        return f"of {place.each}"
    return f"in {place.noun}"


def _keys(model: Model, type_name: str, noun: str, above: tuple[Key, ...]) -> tuple[Key, ...]:
    """The entity's keys as arguments whose names differ from those above: `user-id`, `SalesOrder`."""
    noun = f"inner {noun}" if any(key.of == noun for key in above) else noun
    taken = {key.argument.lower() for key in above}
    found: list[Key] = []
    for each in model.key(type_name):
        stem = "-".join(noun.lower().split())
        name = f"{stem}-{each.name}" if each.name.lower() in ("id", "key", "name", "code") else each.name
        if name.lower() in taken:
            name = f"{stem}-{each.name}"
        plain, number = name, 2
        while name.lower() in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name.lower())
        found.append(Key(name, each, noun))
    return tuple(found)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


# --- what the service does not support ---


class Restrictions:
    """What the annotations say about a place, the most specific first."""

    def __init__(self, model: Model, place: Place) -> None:
        self.old = model.old
        self._notes = list(_notes(model, place))
        self._source = place.source.notes if not place.steps else {}

    def allows(self, term: str, word: str) -> bool:
        """Whether nothing says that `word` of a capability `term` is false."""
        for notes in self._notes:
            value = notes.get(f"Capabilities.{term}", notes.get(term))
            if isinstance(value, Mapping) and isinstance(value.get(word), bool):
                return value[word]
            if isinstance(value, bool) and (term.endswith("Supported") or not value):
                return value
        return True

    def by_key(self) -> bool:
        """Whether one entity may be read by its key."""
        for notes in self._notes:
            value = notes.get("Capabilities.ReadRestrictions", notes.get("ReadRestrictions"))
            if isinstance(value, Mapping):
                single = value.get("ReadByKeyRestrictions")
                if isinstance(single, Mapping) and isinstance(single.get("Readable"), bool):
                    return single["Readable"]
        return self.allows("ReadRestrictions", "Readable")

    def names(self, term: str, word: str) -> frozenset[str]:
        """Properties that a capability lists under `word`."""
        for notes in self._notes:
            value = notes.get(f"Capabilities.{term}", notes.get(term))
            if isinstance(value, Mapping) and isinstance(value.get(word), list):
                return frozenset(str(each) for each in value[word])
        return frozenset()

    def sap(self, word: str) -> str:
        """What SAP's own attribute says of an entity set; empty if nothing."""
        return str(self._source.get(f"@{word}", ""))


def _notes(model: Model, place: Place) -> Iterator[Mapping[str, Any]]:
    """Annotations that speak of the place: of its path, of the navigation property, then of its type."""
    path = [step.name for step in place.steps]
    if path:
        yield model.external.get("/".join([place.source.container, place.source.name, *path]), {})
        for level in range(len(path), 0, -1):
            start = len(path) - level
            holder = place.steps[start - 1].notes if start else place.source.notes
            yield from _restricted(holder, "/".join(path[start:]))
        yield place.steps[-1].notes
    else:
        yield place.source.notes
    try:
        lineage = model.lineage(place.type)
    except SchemaProblem:
        return
    for structure in reversed(lineage):
        yield structure.notes


def _restricted(notes: Mapping[str, Any], path: str) -> Iterator[Mapping[str, Any]]:
    restrictions = notes.get("Capabilities.NavigationRestrictions")
    if isinstance(restrictions, Mapping):
        for each in records(restrictions.get("RestrictedProperties")):
            if each.get("NavigationProperty") == path:
                yield each

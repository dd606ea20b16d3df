"""One operation of an API collection, a call to it, and the collection."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from rapidfuzz import process

from ..errors import CatalogError
from .base import Record, canonical_json, list_id

SideEffect = Literal["read", "write", "destructive"]
ToolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Tool(Record):
    """One operation that an assistant can call."""

    name: ToolName
    """The cleaned name that models see; unique in its catalog."""
    original_name: str
    """The name as the source document gives it, dots and slashes included."""
    summary: str = ""
    """One line of the document on what the operation does."""
    description: str = ""
    parameters: dict[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    """A JSON Schema (2020-12) object of all arguments, references resolved."""
    side_effect: SideEffect = "write"
    side_effect_reason: str = ""
    group: str = ""
    """The part of the enterprise or the tag it belongs to, such as "CRM"."""
    method: str = ""
    """HTTP verb or kind of operation in the source, upper case; empty when there is none."""
    path: str = ""
    """The address template in the source; empty when there is none."""
    source: str = ""
    """File name of the document it came from."""
    position: str = ""
    """Where in that document it stands, such as `POST /leads`."""
    deprecated: bool = False

    @property
    def properties(self) -> dict[str, Any]:
        """Parameter name → its schema, in the document's order."""
        return self.parameters.get("properties", {})

    @property
    def required(self) -> tuple[str, ...]:
        """Parameters that are mandatory without any condition, in the order of `properties`."""
        wanted = set(self.parameters.get("required", ()))
        return tuple(name for name in self.properties if name in wanted)

    @property
    def text(self) -> str:
        """Summary and description as one text, the summary not repeated."""
        if self.summary and self.description.startswith(self.summary.rstrip(".")):
            return self.description
        return " ".join(part for part in (self.summary, self.description) if part)


class ToolCall(Record):
    """A call as an assistant makes it: possibly to a tool that does not exist, with any arguments."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Skipped(Record):
    """Something of a document that did not become a tool."""

    where: str
    why: str
    is_fault: bool = True
    """Whether it is an operation that could not be read; otherwise it is none, or only one of several ways of one."""


NamePair = tuple[ToolName, ToolName]
"""Two different tools by cleaned name, in alphabetic order."""


class Catalog(Record):
    """An API collection: its tools in the document's order, what could not be read of it, what people said of pairs."""

    name: str
    tools: tuple[Tool, ...]
    skipped: tuple[Skipped, ...] = ()
    pinned: tuple[NamePair, ...] = ()
    """Pairs that are always offered beside each other where one of the two is the goal tool; in order."""
    banned: tuple[NamePair, ...] = ()
    """Pairs that are never offered beside each other; in order."""

    @model_validator(mode="after")
    def _pairs_in_order(self) -> Catalog:
        for pairs in (self.pinned, self.banned):
            if list(pairs) != sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}):
                raise ValueError("pairs are of two different tools in alphabetic order, each pair once and in order")
        if both := set(self.pinned) & set(self.banned):
            raise ValueError(f"a pair cannot be pinned and banned: {sorted(both)[0]}")
        return self

    @property
    def faults(self) -> tuple[Skipped, ...]:
        """The operations that could not be read."""
        return tuple(each for each in self.skipped if each.is_fault)

    @property
    def remarks(self) -> tuple[Skipped, ...]:
        """What else the documents hold that is no tool, without being a fault."""
        return tuple(each for each in self.skipped if not each.is_fault)

    @cached_property
    def version(self) -> str:
        """A name for exactly these tools and pairs; two imports of one document share it."""
        pairs = [self.pinned, self.banned] if self.pinned or self.banned else []
        return list_id(map(_canonical, self.tools), *pairs)

    @cached_property
    def _by_name(self) -> dict[str, Tool]:
        originals = {tool.original_name: tool for tool in self.tools}
        return originals | {tool.name: tool for tool in self.tools}

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def tool(self, name: str) -> Tool:
        """The tool of this cleaned or original name; CatalogError with the closest names if there is none."""
        found = self._by_name.get(name)
        if found is None:
            close = [match[0] for match in process.extract(name, list(self._by_name), limit=3)]
            hint = f" Did you mean {', '.join(close)}?" if close else ""
            raise CatalogError(f"Catalog '{self.name}' has no tool '{name}'.{hint}")
        return found

    def subset(self, names: tuple[str, ...] | list[str]) -> tuple[Tool, ...]:
        """These tools in the order of `names`; CatalogError as in `tool`."""
        return tuple(self.tool(name) for name in names)


def _canonical(tool: Tool) -> str:
    """The canonical JSON of a tool; the dump is slow at 28,000 of them and changes only what JSON does not know."""
    try:
        return canonical_json({field: getattr(tool, field) for field in Tool.model_fields}, allow_nan=False)
    except (TypeError, ValueError):
        return canonical_json(tool.model_dump(mode="json"))

"""What every format's reader hands over."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...errors import CatalogError
from ...records.tool import Skipped, Tool
from ..naming import clean_name, words_of
from ..schemas import SchemaProblem
from ..side_effects import side_effect_of
from .joining import check_arguments
from .keeping import KeptPair, kept_pairs, restored

MAX_TOOLS = 60_000
"""Operations of one document; the largest public ones have some 20,000."""
MAX_SUMMARY = 200
"""Characters of a summary; a longer first sentence is cut at a word."""
MAX_DESCRIPTION = 6_000


@dataclass(slots=True)
class Found:
    """The operations of one document: those that could be read, and why the others could not."""

    tools: list[Tool] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    pairs: list[KeptPair] = field(default_factory=list)
    """What the document says of pairs of its tools, by the tools' names here."""

    def add(self, draft: Draft) -> None:
        """The draft's tool among the others; SchemaProblem as in `Draft.tool`, CatalogError beyond `MAX_TOOLS`."""
        if len(self.tools) >= MAX_TOOLS:
            raise CatalogError(
                f"{draft.source}: the document declares more than {MAX_TOOLS:,} operations. "
                "Split it into parts and import those that are needed; nothing was imported."
            )
        tool = draft.tool()
        self.tools.append(tool)
        self.pairs += kept_pairs(tool, draft.kept)

    def skip(self, where: str, why: str) -> None:
        """Name an operation that cannot be read."""
        self.skipped.append(Skipped(where=where, why=why))

    def remark(self, where: str, why: str) -> None:
        """Name what is no operation to call, or was read in one of several ways."""
        self.skipped.append(Skipped(where=where, why=why, is_fault=False))


@dataclass(frozen=True, slots=True)
class Draft:
    """An operation as a document describes it; empty text where it says nothing."""

    original_name: str
    parameters: dict[str, Any]
    source: str
    position: str
    summary: str = ""
    description: str = ""
    group: str = ""
    method: str = ""
    path: str = ""
    deprecated: bool = False
    told_apart: str = ""
    """What the cleaned name is made of where `original_name` alone would not tell it from others."""
    side_effect: Any = None
    """What the document itself says the operation does; None where it says nothing."""
    side_effect_reason: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    """What our own export wrote beside the operation; see `keeping`."""

    def tool(self) -> Tool:
        """The tool; SchemaProblem if the document names a side effect that is none, or the arguments are no object."""
        check_arguments(self.parameters)
        summary, description = _texts(self.summary, self.description, self.original_name)
        effect, reason = self._side_effect(summary)
        tool = Tool(
            name=clean_name(self.told_apart or self.original_name),
            original_name=self.original_name,
            summary=summary,
            description=description,
            parameters=self.parameters,
            side_effect=effect,
            side_effect_reason=reason,
            group=self.group,
            method=self.method,
            path=self.path,
            source=self.source,
            position=self.position,
            deprecated=self.deprecated,
        )
        return restored(tool, self.kept) if self.kept else tool

    def _side_effect(self, summary: str):
        if self.side_effect is None:
            return side_effect_of(self.method, self.original_name, summary, self.path)
        if self.side_effect not in ("read", "write", "destructive"):
            raise SchemaProblem(f"side effect {str(self.side_effect)[:40]!r} is none of read, write, destructive")
        return self.side_effect, self.side_effect_reason or "The document says so."


def as_text(value: Any) -> str:
    """The value if it is text, trimmed; else nothing."""
    return value.strip() if isinstance(value, str) else ""


def _texts(summary: str, description: str, original_name: str) -> tuple[str, str]:
    """Summary and description; a missing summary is the description's first sentence, else the name in words."""
    description = description[:MAX_DESCRIPTION]
    if not summary:
        summary = _first_sentence(description) or " ".join(words_of(original_name)).capitalize() or original_name
    return _cut_at_word(" ".join(summary.split())), description


def _first_sentence(text: str) -> str:
    line = " ".join(text.split("\n\n")[0].split())
    end = line.find(". ")
    return line if end < 0 else line[: end + 1]


def _cut_at_word(text: str) -> str:
    return text if len(text) <= MAX_SUMMARY else text[: MAX_SUMMARY - 2].rsplit(" ", 1)[0] + " …"

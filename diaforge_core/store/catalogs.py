"""Catalogs in the database: a body for every version, and the append-only history that tells which one is current."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from ..records.base import Record
from ..records.tool import Catalog, NamePair, Skipped, Tool
from .database import Database, utc_now

HistoryKind = Literal["import", "edit", "restore", "archive"]


@dataclass(frozen=True, slots=True)
class CatalogVersion:
    """One row of a catalog's history: what became current, by whom and why."""

    seq: int
    """Counted over all catalogs; a later row has a higher one."""
    version: str
    parent: str
    """The version that was current before; empty in the first row."""
    kind: HistoryKind
    """`restore` also when an undo or redo went back to it; `archive` keeps the version and takes it off the list."""
    note: str
    """What was done, in words."""
    who: str
    """Empty where nobody was asked."""
    moment: dt.datetime
    """UTC."""
    tools: int
    skipped: int
    """Operations that could not be imported."""
    imported: str
    """The version, as it was imported, that this one rests on; the version itself where nobody edited it."""
    made_on: int | None
    """The row whose state was current before; None in the first."""
    shows: int | None
    """The row whose state an undo or redo went to; None for every other row."""


class Edits(Record):
    """A version of a catalog as what it has otherwise than the import that it rests on, which is large."""

    tools: tuple[Tool, ...]
    """Tools that are not as they were imported."""
    left_out: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    pinned: tuple[NamePair, ...]
    banned: tuple[NamePair, ...]

    @classmethod
    def between(cls, base: Catalog, catalog: Catalog) -> Edits | None:
        """What makes `catalog` of `base`; None if it holds other tools, or in another order."""
        before, after = ({tool.name: tool for tool in each.tools} for each in (base, catalog))
        edits = cls(
            tools=tuple(
                tool for name, tool in after.items() if tool is not before.get(name) and tool != before.get(name)
            ),
            left_out=tuple(name for name in before if name not in after),
            skipped=catalog.skipped,
            pinned=catalog.pinned,
            banned=catalog.banned,
        )
        return edits if edits.applied(base).tools == catalog.tools else None

    def applied(self, base: Catalog) -> Catalog:
        """The version, of the import that it rests on."""
        out, changed = set(self.left_out), {tool.name: tool for tool in self.tools}
        tools = tuple(changed.get(tool.name, tool) for tool in base.tools if tool.name not in out)
        return Catalog(name=base.name, tools=tools, skipped=self.skipped, pinned=self.pinned, banned=self.banned)


_COLUMNS = (
    "h.seq, h.version, h.parent, h.kind, h.note, h.who, h.moment, c.tools, c.skipped, h.imported, h.made_on, h.shows"
)
_BODIES = (
    "JOIN catalogs c ON c.name = h.name AND c.version = h.version "
    "JOIN catalogs i ON i.name = h.name AND i.version = h.imported"
)
_FROM = "catalog_history h JOIN catalogs c ON c.name = h.name AND c.version = h.version"


def history(database: Database, name: str) -> list[CatalogVersion]:
    """Every row of one catalog, newest first; empty if there is no such catalog."""
    rows = database.rows(f"SELECT {_COLUMNS} FROM {_FROM} WHERE h.name = ? ORDER BY h.seq DESC", [name])
    return [CatalogVersion(*row) for row in rows]


def head(database: Database, name: str) -> CatalogVersion | None:
    """The newest row of one catalog; None if there is no such catalog."""
    rows = database.rows(f"SELECT {_COLUMNS} FROM {_FROM} WHERE h.name = ? ORDER BY h.seq DESC LIMIT 1", [name])
    return CatalogVersion(*rows[0]) if rows else None


def heads(database: Database, archived: bool) -> list[tuple[Any, ...]]:
    """(name, version, tools, moment of the import, skipped, number of versions, edited) of each name, by name."""
    return database.rows(
        f"""
        SELECT h.name, h.version, c.tools, i.imported, c.skipped, l.versions, h.version <> h.imported
        FROM (SELECT max(seq) AS seq, count(DISTINCT version) AS versions FROM catalog_history GROUP BY name) l
        JOIN catalog_history h ON h.seq = l.seq {_BODIES}
        WHERE (h.kind = 'archive') = ? ORDER BY h.name
        """,
        [archived],
    )


def versions(database: Database, name: str) -> list[tuple[Any, ...]]:
    """As `heads` without the name, for every version of one catalog, the one that was current last first."""
    return database.rows(
        f"""
        SELECT h.version, c.tools, i.imported, c.skipped, count(*) OVER (), h.version <> h.imported
        FROM (SELECT max(seq) AS seq FROM catalog_history WHERE name = ? GROUP BY version) l
        JOIN catalog_history h ON h.seq = l.seq {_BODIES}
        ORDER BY h.seq DESC
        """,
        [name],
    )


def kept_versions(database: Database, name: str) -> set[str]:
    """The versions of one catalog whose bodies are kept, plain imports that edits rest on included."""
    return {row[0] for row in database.rows("SELECT version FROM catalogs WHERE name = ?", [name])}


def body(database: Database, name: str, version: str, get: Callable[[str], Catalog]) -> Catalog | None:
    """The catalog kept under this name and version; None if it is not. `get` gives the version that it rests on."""
    rows = database.rows("SELECT body, rests_on FROM catalogs WHERE name = ? AND version = ?", [name, version])
    if not rows:
        return None
    text, rests_on = rows[0]
    return Edits.model_validate_json(text).applied(get(rests_on)) if rests_on else Catalog.model_validate_json(text)


def keep(cursor: duckdb.DuckDBPyConnection, catalog: Catalog, base: Catalog | None = None) -> None:
    """Keep the catalog under its name and version, as what it has otherwise than `base` where that is given.

    What could not be imported of a version that is kept already is replaced by the newer report.
    """
    edits = Edits.between(base, catalog) if base is not None and base.version != catalog.version else None
    cursor.execute("DELETE FROM catalogs WHERE name = ? AND version = ?", [catalog.name, catalog.version])
    cursor.execute(
        "INSERT INTO catalogs (name, version, imported, tools, skipped, body, rests_on) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            catalog.name,
            catalog.version,
            utc_now(),
            len(catalog.tools),
            len(catalog.faults),
            (edits or catalog).model_dump_json(),
            base.version if edits and base else "",
        ],
    )


def append(
    cursor: duckdb.DuckDBPyConnection,
    name: str,
    version: str,
    imported: str,
    kind: HistoryKind,
    note: str,
    who: str,
    before: CatalogVersion | None,
    shows: int | None = None,
) -> None:
    """Make this version current; its body must be kept already."""
    made_on = None if before is None else before.shows or before.seq
    cursor.execute(
        "INSERT INTO catalog_history "
        "SELECT coalesce(max(seq), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM catalog_history",
        [name, version, before.version if before else "", imported, kind, note, who, utc_now(), made_on, shows],
    )

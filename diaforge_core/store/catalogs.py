"""Catalogs in the database: a body for every version, and the append-only history that tells which one is current."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from ..records.tool import Catalog
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


def body(database: Database, name: str, version: str) -> Catalog | None:
    """The catalog kept under this name and version; None if it is not."""
    rows = database.rows("SELECT body FROM catalogs WHERE name = ? AND version = ?", [name, version])
    return Catalog.model_validate_json(rows[0][0]) if rows else None


def keep(cursor: duckdb.DuckDBPyConnection, catalog: Catalog) -> None:
    """Keep the catalog's body under its name and version; what could not be imported of it is the newer report."""
    cursor.execute("DELETE FROM catalogs WHERE name = ? AND version = ?", [catalog.name, catalog.version])
    cursor.execute(
        "INSERT INTO catalogs VALUES (?, ?, ?, ?, ?, ?)",
        [
            catalog.name,
            catalog.version,
            utc_now(),
            len(catalog.tools),
            len(catalog.skipped),
            catalog.model_dump_json(),
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

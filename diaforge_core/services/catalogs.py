"""Catalogs of the workspace: import, versions, what gets confused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..catalog.ambiguity import Ambiguity, ambiguity
from ..catalog.facets import Facet, best_facet, facets
from ..catalog.importing import import_bytes
from ..catalog.neighbours import ClosenessParts, pair_closeness
from ..errors import CatalogError
from ..records.tool import Catalog, Tool
from .names import clean_name, safe_file_name

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class CatalogInfo:
    """One catalog's newest version in a line."""

    name: str
    version: str
    tools: int
    imported: dt.datetime
    """UTC."""
    skipped: int
    """Operations that could not be imported."""
    versions: int
    """How many different versions are kept."""


@dataclass(frozen=True, slots=True)
class ToolPair:
    """Two tools beside each other."""

    a: Tool
    b: Tool
    closeness: ClosenessParts
    facet: Facet | None
    """What tells them apart, as a question; None if no answerable one does."""


class Catalogs:
    """The catalogs of one workspace; every version that was imported is kept."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._catalogs: dict[tuple[str, str], Catalog] = {}
        self._ambiguities: dict[str, Ambiguity] = {}

    def add(self, files: Sequence[tuple[str, bytes]], name: str) -> Catalog:
        """The catalog imported from (file name, content) documents and stored under `name` as its newest version.

        CatalogError if a file is no catalog or holds no operation; nothing is stored then.
        """
        documents = [(safe_file_name(file), content) for file, content in files]
        return self.put(import_bytes(documents, clean_name(name, "catalog")))

    def put(self, catalog: Catalog) -> Catalog:
        """The catalog itself, stored as the newest version of its name."""
        now = dt.datetime.now(dt.UTC)
        with self._workspace.database.write() as cursor:
            cursor.execute("DELETE FROM catalogs WHERE name = ? AND version = ?", [catalog.name, catalog.version])
            cursor.execute(
                "INSERT INTO catalogs VALUES (?, ?, ?, ?, ?, ?)",
                [
                    catalog.name,
                    catalog.version,
                    now,
                    len(catalog.tools),
                    len(catalog.skipped),
                    catalog.model_dump_json(),
                ],
            )
        return catalog

    def names(self) -> list[CatalogInfo]:
        """The newest version of each catalog, by name."""
        rows = self._workspace.database.rows(
            "SELECT name, arg_max(version, imported), arg_max(tools, imported), max(imported), "
            "arg_max(skipped, imported), count(*) FROM catalogs GROUP BY name ORDER BY name"
        )
        return [CatalogInfo(*row) for row in rows]

    def versions(self, name: str) -> list[CatalogInfo]:
        """All kept versions of one catalog, newest first; CatalogError if there is none."""
        rows = self._workspace.database.rows(
            "SELECT name, version, tools, imported, skipped, 1 FROM catalogs WHERE name = ? ORDER BY imported DESC",
            [name],
        )
        if not rows:
            raise self._missing(name)
        return [CatalogInfo(row[0], row[1], row[2], row[3], row[4], len(rows)) for row in rows]

    def get(self, name: str, version: str | None = None) -> Catalog:
        """The catalog's newest version, or the one given; CatalogError with what there is if it is not stored."""
        wanted = version or self._newest(name)
        if (name, wanted) not in self._catalogs:
            rows = self._workspace.database.rows(
                "SELECT body FROM catalogs WHERE name = ? AND version = ?", [name, wanted]
            )
            if not rows:
                raise CatalogError(
                    f"Catalog '{name}' has no version {wanted} here. Import the document that it was made from again."
                )
            self._catalogs[name, wanted] = Catalog.model_validate_json(rows[0][0])
        return self._catalogs[name, wanted]

    def find(self, name: str, version: str) -> Catalog:
        """The very version if it is kept under any name, else the newest of that name; CatalogError if neither is."""
        rows = self._workspace.database.rows(
            "SELECT name FROM catalogs WHERE version = ? ORDER BY name <> ? LIMIT 1", [version, name]
        )
        return self.get(rows[0][0], version) if rows else self.get(name)

    def ambiguity(self, name: str, version: str | None = None) -> Ambiguity:
        """Clusters, nearest tools and riskiest pairs of a catalog; computed once per version and process."""
        catalog = self.get(name, version)
        if catalog.version not in self._ambiguities:
            self._ambiguities[catalog.version] = ambiguity(catalog)
        return self._ambiguities[catalog.version]

    def facets(self, name: str, tools: Sequence[str]) -> tuple[Facet, ...]:
        """What tells these tools apart, as questions with each tool's answer."""
        return facets(self.get(name).subset(tuple(tools)))

    def pair(self, name: str, a: str, b: str) -> ToolPair:
        """Two tools, how close they are and the question that separates them."""
        catalog = self.get(name)
        first, second = catalog.tool(a), catalog.tool(b)
        return ToolPair(first, second, pair_closeness(first, second), best_facet((first, second)))

    def _newest(self, name: str) -> str:
        rows = self._workspace.database.rows(
            "SELECT version FROM catalogs WHERE name = ? ORDER BY imported DESC LIMIT 1", [name]
        )
        if not rows:
            raise self._missing(name)
        return rows[0][0]

    def _missing(self, name: str) -> CatalogError:
        known = ", ".join(info.name for info in self.names()) or "none yet"
        return CatalogError(f"There is no catalog '{name}' in this workspace (there: {known}). Import it first.")

"""Catalogs of the workspace: import, edits as versions, history, what gets confused."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..catalog import editing
from ..catalog.ambiguity import FLOOR, Ambiguity, Pair
from ..catalog.comparing import CatalogDiff, PairStatus, compare_catalogs, pair_statuses
from ..catalog.duplicates import DuplicateGroup
from ..catalog.exporting import export_catalog
from ..catalog.facets import Facet, best_facet, facets
from ..catalog.importing import import_bytes, import_folder
from ..catalog.neighbours import ClosenessParts, pair_closeness
from ..catalog.rewording import Rewording
from ..catalog.suspicion import Suspicion
from ..errors import CatalogError, DataError, problem_list
from ..records.dialogue import Dialogue
from ..records.tool import Catalog, SideEffect, Skipped, Tool
from ..store import catalogs as table
from ..store.catalogs import CatalogVersion, HistoryKind
from .confusion import Confusion
from .kept import Kept
from .names import clean_name, safe_file_name

if TYPE_CHECKING:
    from .workspace import Workspace

KEPT_TOOLS = 120_000
"""Tools of all catalogs held in memory: four versions of the largest public collection, near 1 GB."""
NAMED = 8
"""Tools named in a note of the history; more are counted."""


@dataclass(frozen=True, slots=True)
class CatalogInfo:
    """One version of a catalog in a line."""

    name: str
    version: str
    tools: int
    imported: dt.datetime
    """When the import that it rests on was made, UTC."""
    skipped: int
    """Operations that could not be imported."""
    versions: int
    """How many different versions are kept."""
    edited: bool
    """Whether people changed it after the import."""


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import brought."""

    catalog: Catalog
    """The current version now: the import, with the edits of the version before."""
    difference: CatalogDiff | None
    """What the documents say otherwise than those of the last import; None if there was none of this name."""
    lost: tuple[str, ...]
    """Tools with an edit that could not be carried over, since the documents changed or dropped the same."""
    is_new: bool
    """Whether there is a new version; False if the documents say what they said."""
    note: str
    """The same in words."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was read of the documents and what was not."""

    tools: int
    kinds: dict[str, int]
    """HTTP verb or kind of operation ("function" where the document has none) → tools, the most frequent first."""
    side_effects: dict[str, int]
    """read, write, destructive → tools."""
    skipped: tuple[Skipped, ...]
    """Operations that could not be read."""
    remarks: tuple[Skipped, ...]
    """What else the documents hold that is no tool: other files, other bodies, operations that a service rules out."""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Some of the tools that a search found."""

    total: int
    """Tools found in all."""
    tools: tuple[Tool, ...]


@dataclass(frozen=True, slots=True)
class ToolPair:
    """Two tools beside each other."""

    a: Tool
    b: Tool
    closeness: ClosenessParts
    facet: Facet | None
    """What tells them apart, as a question; None if no answerable one does."""
    status: PairStatus | None = None
    """Whether people want them always, or never, beside each other."""


class Catalogs:
    """The catalogs of one workspace; every import and every edit of it is kept as a version."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._writing = threading.RLock()
        """Held from reading a current version to replacing it, so that no edit is lost."""
        self._catalogs: Kept[Catalog] = Kept(KEPT_TOOLS, lambda catalog: len(catalog.tools))
        self._confusion = Confusion(self.get, workspace.folder / "cache")

    # What there is

    def names(self) -> list[CatalogInfo]:
        """The current version of each catalog that is not archived, by name."""
        return [CatalogInfo(*row) for row in table.heads(self._workspace.database, archived=False)]

    def archived(self) -> list[CatalogInfo]:
        """The current version of each archived catalog, by name; `undo` brings one back."""
        return [CatalogInfo(*row) for row in table.heads(self._workspace.database, archived=True)]

    def versions(self, name: str) -> list[CatalogInfo]:
        """All kept versions of one catalog, the one that was current last first; CatalogError if there is none."""
        rows = table.versions(self._workspace.database, name)
        if not rows:
            raise self._missing(name)
        return [CatalogInfo(name, *row) for row in rows]

    def get(self, name: str, version: str | None = None) -> Catalog:
        """The catalog's current version, or the one given; CatalogError with what there is if it is not stored."""
        wanted = version or self._head(name).version
        return self._catalogs.get((name, wanted), lambda: self._read(name, wanted))

    def find(self, name: str, version: str) -> Catalog:
        """The very version if it is kept under any name, else that name's current one; CatalogError if neither is."""
        rows = self._workspace.database.rows(
            "SELECT name FROM catalogs WHERE version = ? ORDER BY name <> ? LIMIT 1", [version, name]
        )
        return self.get(rows[0][0], version) if rows else self.get(name)

    def of_dialogues(self, dialogues: Sequence[Dialogue]) -> Catalog:
        """The catalog that these dialogues were made from; of several, or of several versions, candidates and goals.

        DataError that names every tool whose text is not the same in all of them; CatalogError as in `find`.
        """
        made_from = dict.fromkeys((one.scenario.catalog, one.scenario.catalog_version) for one in dialogues)
        if len(made_from) == 1:
            return self.find(*next(iter(made_from)))
        found: dict[str, Tool] = {}
        clashes: dict[str, str] = {}
        for name, version in made_from:
            catalog = self.find(name, version)
            scenarios = [one.scenario for one in dialogues if _made_from(one) == (name, version)]
            goals = {one.goal_tool for one in scenarios if one.goal_tool in catalog}
            for tool in catalog.subset(sorted(goals.union(*(one.candidates for one in scenarios)))):
                if found.setdefault(tool.name, tool) != tool:
                    clashes[tool.name] = f"is another tool, or has another text, in '{name}'"
        if clashes:
            raise DataError(
                problem_list(
                    f"The dialogues come from {len(made_from)} catalogs or versions, which differ:",
                    sorted(clashes.items()),
                    "Take dialogues of one version, or make the older ones again from the catalog as it is now.",
                )
            )
        return Catalog(name=" + ".join(dict.fromkeys(name for name, _ in made_from)), tools=tuple(found.values()))

    # Import

    def add(self, files: Sequence[tuple[str, bytes]], name: str, who: str = "") -> Catalog:
        """The catalog of `bring_in`."""
        return self.bring_in(files, name, who).catalog

    def bring_in(self, files: Sequence[tuple[str, bytes]], name: str, who: str = "") -> ImportOutcome:
        """What importing (file name, content) documents as this catalog brought; they replace those of the last import.

        Edits of the version before are carried over. CatalogError if a file is no catalog or holds no operation;
        nothing is stored then.
        """
        documents = [(safe_file_name(file), content) for file, content in files]
        return self._imported(import_bytes(documents, clean_name(name, "catalog")), who)

    def add_folder(self, path: str, name: str, who: str = "") -> ImportOutcome:
        """As `bring_in`, of all catalog files below a folder on this machine; CatalogError as in `import_folder`."""
        return self._imported(import_folder(path, clean_name(name, "catalog")), who)

    def put(self, catalog: Catalog) -> Catalog:
        """The catalog itself, stored as an import and current from now on, without edits of the version before."""
        with self._writing:
            before = table.head(self._workspace.database, catalog.name)
            if before is None or before.version != catalog.version:
                self._append(before, catalog, catalog, "import", "", "")
        return catalog

    def adopt(self, catalog: Catalog) -> None:
        """Keep a version that a run brings along; it becomes current only where there is no catalog of its name."""
        with self._writing:
            if table.head(self._workspace.database, catalog.name) is None:
                self.put(catalog)
            elif catalog.version not in table.kept_versions(self._workspace.database, catalog.name):
                self._keep(catalog)

    def last_import(self, name: str) -> Catalog:
        """The import that the current version rests on, without edits; CatalogError if there is no such catalog."""
        return self.get(name, self._head(name).imported)

    def report(self, name: str) -> ImportReport:
        """What was read in the last import and what was not; CatalogError if there is no such catalog."""
        catalog = self.last_import(name)
        kinds = Counter(tool.method or "function" for tool in catalog.tools)
        effects = Counter(tool.side_effect for tool in catalog.tools)
        return ImportReport(
            tools=len(catalog.tools),
            kinds=dict(kinds.most_common()),
            side_effects=dict(effects.most_common()),
            skipped=catalog.faults,
            remarks=catalog.remarks,
        )

    # History

    def history(self, name: str) -> list[CatalogVersion]:
        """What became current when and why, newest first; CatalogError if there is no such catalog."""
        rows = table.history(self._workspace.database, name)
        if not rows:
            raise self._missing(name)
        return rows

    def difference(self, name: str, old_version: str, new_version: str) -> CatalogDiff:
        """What is different in the new version; CatalogError if one of the two is not kept."""
        return compare_catalogs(self.get(name, old_version), self.get(name, new_version))

    def restore(self, name: str, version: str, who: str = "") -> Catalog:
        """The kept version, current again as a new row of the history; CatalogError if it is not kept."""
        with self._writing:
            before, rows = self._head(name), self.history(name)
            found = next((row for row in rows if row.version == version and row.kind != "archive"), None)
            if found is None:
                raise CatalogError(f"Catalog '{name}' has no version {version}. See its history for those there are.")
            if before.kind != "archive" and before.version == version:
                return self.get(name, version)
            return self._go_to(before, found, name, f"back to version {version[:8]}", who, None)

    def undo(self, name: str, who: str = "") -> Catalog:
        """The catalog as it was before its last import, edit, restore or archiving; undo again goes further back.

        CatalogError if there is nothing before.
        """
        with self._writing:
            before, rows = self._head(name), {row.seq: row for row in self.history(name)}
            undone = rows[before.shows or before.seq]
            if undone.made_on is None:
                raise CatalogError(f"Nothing was done to '{name}' since its first import, so there is nothing to undo.")
            return self._go_to(
                before, rows[undone.made_on], name, f"undone: {undone.note or undone.kind}", who, undone.made_on
            )

    def redo(self, name: str, who: str = "") -> Catalog:
        """The catalog as it was before the last undo; CatalogError if the last thing done was no undo or redo."""
        with self._writing:
            before = self._head(name)
            shown = before.shows or before.seq
            later = next((r for r in self.history(name) if r.made_on == shown and r.shows is None), None)
            if later is None:
                raise CatalogError(f"The last thing done to '{name}' was not undone, so there is nothing to redo.")
            return self._go_to(before, later, name, f"done again: {later.note or later.kind}", who, later.seq)

    def archive(self, name: str, who: str = "") -> None:
        """Take the catalog off the list; versions, dialogues and runs of it stay, and `undo` brings it back."""
        with self._writing:
            before = self._head(name)
            if before.kind != "archive":
                current, base = self.get(name), self.last_import(name)
                self._append(before, current, base, "archive", "archived", who)

    # Edits: each is a new version, and gives it. `on` is the version that a person saw: an edit of the same tool that
    # somebody else made since is not overwritten but refused (CatalogError).

    def reword(
        self, name: str, tool: str, summary: str, description: str, who: str = "", on: str | None = None
    ) -> Catalog:
        """The catalog with other words for one tool; CatalogError as in `editing.reworded`."""
        note = f"reworded {self._shown(name, tool)}"
        return self._edit(name, note, lambda now: editing.reworded(now, tool, summary, description), who, on, [tool])

    def set_side_effect(
        self, name: str, tool: str, effect: SideEffect, who: str = "", on: str | None = None
    ) -> Catalog:
        """The catalog with another side effect for one tool; CatalogError as in `editing.with_side_effect`."""
        note = f"side effect of {self._shown(name, tool)}: {effect}"
        return self._edit(name, note, lambda now: editing.with_side_effect(now, tool, effect), who, on, [tool])

    def pair_as(
        self, name: str, a: str, b: str, status: PairStatus | None, who: str = "", on: str | None = None
    ) -> Catalog:
        """The catalog with the pair pinned, banned or neither; CatalogError as in `editing.paired`."""
        note = f"{status or 'neither pinned nor banned'}: {self._shown(name, a)} beside {self._shown(name, b)}"
        return self._edit(name, note, lambda now: editing.paired(now, a, b, status), who, on)

    def leave_out(self, name: str, tools: Sequence[str], who: str = "", on: str | None = None) -> Catalog:
        """The catalog without these tools; CatalogError as in `editing.without`."""
        note = f"left out {_listed([self._shown(name, tool) for tool in tools])}"
        return self._edit(name, note, lambda now: editing.without(now, tools), who, on, tools)

    def put_back(self, name: str, tools: Sequence[str], who: str = "") -> Catalog:
        """The catalog with tools that were left out, as their import has them; CatalogError if it has no such tool."""
        base = self.last_import(name)
        note = f"put back {_listed([base.tool(tool).original_name for tool in tools])}"
        return self._edit(name, note, lambda now: editing.put_back(now, self.last_import(name), tools), who)

    def left_out(self, name: str) -> tuple[Tool, ...]:
        """The tools of the last import that people left out, in its order."""
        kept = {tool.name for tool in self.get(name).tools}
        return tuple(tool for tool in self.last_import(name).tools if tool.name not in kept)

    # What gets confused

    def search(
        self,
        name: str,
        text: str,
        effect: SideEffect | None = None,
        offset: int = 0,
        limit: int = 50,
        group: str | None = None,
    ) -> SearchPage:
        """A page of the tools that hold every word of `text`, those that hold it in the name first."""
        catalog = self.get(name)
        found = self._confusion.search(name, self._head(name).version).find(text, effect, group)
        return SearchPage(len(found), tuple(catalog.tools[place] for place in found[offset : offset + limit]))

    def ambiguity(self, name: str, version: str | None = None, floor: float = FLOOR) -> Ambiguity:
        """Clusters, nearest tools and riskiest pairs of a catalog; computed once per version and floor."""
        return self._confusion.ambiguity(name, version or self._head(name).version, floor)

    def riskiest_among(
        self, name: str, tools: Sequence[str] | None = None, limit: int = 60, floor: float = FLOOR
    ) -> tuple[Pair, ...]:
        """The riskiest pairs of these tools (all without any) that can be told apart, riskiest first; ties by name.

        Of pairs in which one is among the nearest of the other, at least `floor` close; banned pairs and duplicates are
        left out. CatalogError if a tool is not there.
        """
        among = None if tools is None else tuple(tools)
        return self._confusion.riskiest(name, self._head(name).version, among, limit, floor)

    def facets(self, name: str, tools: Sequence[str], version: str | None = None) -> tuple[Facet, ...]:
        """What tells these tools apart, as questions with each tool's answer; of a version as in `find`."""
        catalog = self.find(name, version) if version else self.get(name)
        return facets(catalog.subset(tuple(tools)))

    def pair(self, name: str, a: str, b: str) -> ToolPair:
        """Two tools, how close they are and the question that separates them."""
        catalog = self.get(name)
        first, second = catalog.tool(a), catalog.tool(b)
        names = (min(first.name, second.name), max(first.name, second.name))
        return ToolPair(
            first,
            second,
            pair_closeness(first, second),
            best_facet((first, second)),
            pair_statuses(catalog).get(names),
        )

    def suggest(self, name: str, a: str, b: str) -> tuple[Rewording, ...]:
        """For each of two tools the words that would tell it best from the other, measured; empty if none would."""
        return self._confusion.suggest(name, self._head(name).version, a, b)

    def duplicates(self, name: str) -> tuple[DuplicateGroup, ...]:
        """Groups of tools that no question to a user tells apart; they are never offered together."""
        return self._confusion.duplicates(name, self._head(name).version)

    def suspicions(self, name: str) -> dict[str, tuple[Suspicion, ...]]:
        """Tool → what in its text a person should look at before a model does; tools without any are left out."""
        return self._confusion.suspicions(name, self._head(name).version)

    def export(self, name: str, form: str) -> bytes:
        """The current version as a document of this form (`exporting.EXPORTS`), which imports as the same tools."""
        return export_catalog(self.get(name), form)

    # Inside

    def _imported(self, fresh: Catalog, who: str) -> ImportOutcome:
        with self._writing:
            before = table.head(self._workspace.database, fresh.name)
            if before is None:
                self._append(None, fresh, fresh, "import", "first import", who)
                return ImportOutcome(fresh, None, (), True, "first import")
            base, current = self.get(fresh.name, before.imported), self.get(fresh.name, before.version)
            if fresh.version == base.version:
                return self._imported_again(before, current, fresh, who)
            found, difference = editing.rebased(base, current, fresh), compare_catalogs(base, fresh)
            note = difference.summary + (f"; edits lost: {_listed(found.lost)}" if found.lost else "")
            self._append(before, found.catalog, fresh, "import", note, who)
            return ImportOutcome(found.catalog, difference, found.lost, True, note)

    def _imported_again(self, before: CatalogVersion, current: Catalog, fresh: Catalog, who: str) -> ImportOutcome:
        """Nothing new but, perhaps, in what could not be read; an archived catalog comes back by it."""
        if current.skipped != fresh.skipped:
            current = Catalog(
                name=current.name,
                tools=current.tools,
                skipped=fresh.skipped,
                pinned=current.pinned,
                banned=current.banned,
            )
            self._keep(fresh)
            self._keep(current, fresh)
        if before.kind == "archive":
            self._append(before, current, fresh, "restore", "imported again", who)
        note = "these documents were imported already; nothing changed"
        return ImportOutcome(current, CatalogDiff((), (), ()), (), False, note)

    def _edit(
        self,
        name: str,
        note: str,
        change: Callable[[Catalog], Catalog],
        who: str,
        on: str | None = None,
        about: Sequence[str] = (),
    ) -> Catalog:
        """The new version that `change` makes of the current one, which nobody else replaces meanwhile."""
        with self._writing:
            before = self._head(name)
            if before.kind == "archive":
                raise CatalogError(f"Catalog '{name}' is archived. Bring it back by undo, then edit it.")
            current = self.get(name, before.version)
            if on not in (None, before.version):
                self._refuse_overwriting(before, current, self.get(name, on), about)
            changed = change(current)
            if changed is not current:
                self._append(before, changed, self.get(name, before.imported), "edit", note, who)
            return changed

    def _refuse_overwriting(
        self, before: CatalogVersion, current: Catalog, seen: Catalog, about: Sequence[str]
    ) -> None:
        """Nothing; CatalogError if one of these tools is no longer what the person saw."""
        for name in about:
            if name in seen and (name not in current or current.tool(name) != seen.tool(name)):
                raise CatalogError(
                    f"'{seen.tool(name).original_name}' was changed by {before.who or 'someone else'} since you opened "
                    "it; nothing of yours was saved. Look at what it says now and edit again."
                )

    def _go_to(
        self, before: CatalogVersion, target: CatalogVersion, name: str, note: str, who: str, shows: int | None
    ) -> Catalog:
        catalog, base = self.get(name, target.version), self.get(name, target.imported)
        kind: HistoryKind = "archive" if target.kind == "archive" else "restore"
        self._append(before, catalog, base, kind, note, who, shows)
        return catalog

    def _append(
        self,
        before: CatalogVersion | None,
        catalog: Catalog,
        base: Catalog,
        kind: HistoryKind,
        note: str,
        who: str,
        shows: int | None = None,
    ) -> None:
        """Keep the catalog and the import that it rests on, and make it current."""
        kept = table.kept_versions(self._workspace.database, catalog.name)
        with self._workspace.database.write() as cursor:
            for each in {base.version: base, catalog.version: catalog}.values():
                if each.version not in kept:
                    table.keep(cursor, each, base)
            table.append(cursor, catalog.name, catalog.version, base.version, kind, note, who, before, shows)
        self._catalogs.put((catalog.name, catalog.version), catalog)

    def _keep(self, catalog: Catalog, base: Catalog | None = None) -> None:
        with self._workspace.database.write() as cursor:
            table.keep(cursor, catalog, base)
        self._catalogs.put((catalog.name, catalog.version), catalog)

    def _read(self, name: str, version: str) -> Catalog:
        found = table.body(self._workspace.database, name, version, lambda base: self.get(name, base))
        if found is None:
            raise CatalogError(
                f"Catalog '{name}' has no version {version} here. Import the document that it was made from again."
            )
        return found

    def _shown(self, name: str, tool: str) -> str:
        """The tool's name as its document gives it; CatalogError if there is no such tool."""
        return self.get(name).tool(tool).original_name

    def _head(self, name: str) -> CatalogVersion:
        found = table.head(self._workspace.database, name)
        if found is None:
            raise self._missing(name)
        return found

    def _missing(self, name: str) -> CatalogError:
        known = ", ".join(info.name for info in self.names()) or "none yet"
        return CatalogError(f"There is no catalog '{name}' in this workspace (there: {known}). Import it first.")


def _listed(names: Sequence[str]) -> str:
    """`a, b and 3 more`."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _made_from(dialogue: Dialogue) -> tuple[str, str]:
    return dialogue.scenario.catalog, dialogue.scenario.catalog_version

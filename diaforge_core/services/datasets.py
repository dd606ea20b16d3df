"""Datasets: named, ordered sets of dialogues."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..conversation.verifiers import cascade
from ..errors import DataError
from ..generator.diversity import Diversity, diversity
from ..generator.split import split
from ..records.dialogue import Dialogue
from ..records.review import ReviewState
from ..records.tool import Catalog
from ..store import dialogues as table
from . import loading
from .names import clean_name

if TYPE_CHECKING:
    from .workspace import Workspace

_SUFFIXES = (".jsonl", ".json", ".parquet")
STREAMED = 500
"""Dialogues fetched from the database at once."""
Which = Literal["kept", "all", "accepted", "failed"]
"""kept: passed every verifier and not rejected by people; accepted: by people; failed: a verifier, undecided."""
Part = Literal["train", "validation", "test"]
"""Of a split (METHOD.md §4)."""
ShownState = Literal["pending", "accepted", "rejected", "flagged", "failed"]
"""A dialogue's state as shown: decided by people, else `failed` (a verifier) or `pending`."""


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """One dataset in a line; accepted + rejected + flagged + pending + failed = dialogues."""

    name: str
    dialogues: int
    accepted: int
    rejected: int
    pending: int
    flagged: int
    failed: int
    """Rejected by a verifier and undecided by people."""
    kept: int
    """Passed every verifier and not rejected by people: what training takes."""
    created: dt.datetime
    """UTC."""
    parent: str
    """The dataset it was split from; empty if none."""
    catalog: str
    run: str
    """Id of the run that made it; empty if none."""


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """One verdict that is no pass."""

    id: str
    verifier: str
    turn: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What the cascade says of a set of dialogues."""

    dialogues: int
    passed: int
    failed: tuple[FailedCheck, ...]
    """The first failed verdict of each dialogue that does not pass."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The three parts of a split (METHOD.md §4), each a dataset of its own."""

    train: int
    validation: int
    held_out: int
    dropped: int
    """Dialogues that straddle the parts and are in none."""
    train_dataset: str
    validation_dataset: str
    held_out_dataset: str


class Datasets:
    """The datasets of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def names(self, *, archived: bool = False) -> list[DatasetInfo]:
        """Every dataset, newest first; with `archived` those taken off the lists too."""
        rows = self._workspace.database.rows(table.DATASETS_SQL, ["", ""])
        away = set() if archived else {note.key for note in self._workspace.notes.known("archive")}
        return [DatasetInfo(*row) for row in rows if f"dataset/{row[0]}" not in away]

    def listed(self) -> list[str]:
        """Names of the datasets that are not archived, newest first: `names` without counting anything."""
        rows = self._workspace.database.rows(
            "SELECT name FROM datasets WHERE 'dataset/' || name NOT IN "
            "(SELECT key FROM notes WHERE topic = 'archive' AND stands) ORDER BY created DESC, name"
        )
        return [row[0] for row in rows]

    def info(self, name: str) -> DatasetInfo:
        """One dataset; DataError with what there is if it is not here."""
        self.check(name)
        return DatasetInfo(*self._workspace.database.rows(table.DATASETS_SQL, [name, name])[0])

    def check(self, name: str) -> None:
        """DataError with what there is if there is no dataset of this name."""
        known = [row[0] for row in self._workspace.database.rows("SELECT name FROM datasets ORDER BY created DESC")]
        if name not in known:
            raise DataError(
                f"There is no dataset '{name}' in this workspace (there: {', '.join(known) or 'none yet'}). "
                "Generate one or load one from a file."
            )

    def holding(self, dialogue_id: str) -> str:
        """Name of the newest dataset that holds a dialogue; empty if none does."""
        rows = self._workspace.database.rows(
            "SELECT m.dataset FROM members m JOIN datasets s ON s.name = m.dataset WHERE m.dialogue = ? "
            "ORDER BY s.created DESC LIMIT 1",
            [dialogue_id],
        )
        return rows[0][0] if rows else ""

    def stamp(self, name: str) -> str:
        """A text that is another one as soon as a dialogue of the dataset, or a decision on one, changes."""
        rows = self._workspace.database.rows(
            "SELECT count(*), sum(hash(dialogue, version, state, passed)) FROM members WHERE dataset = ?",
            [name],
        )
        return f"{rows[0][0]}.{rows[0][1]}"

    def load(self, name: str, which: Which = "kept") -> list[Dialogue]:
        """The newest versions of a dataset's dialogues, in its order; DataError if there is no such dataset."""
        return list(self.stream(name, which))

    def stream(self, name: str, which: Which = "kept") -> Iterator[Dialogue]:
        """As `load`, one at a time, all as they were when the first was asked for."""
        self.info(name)
        condition = {
            "kept": "d.passed AND h.state <> 'rejected'",
            "all": "true",
            "accepted": "h.state = 'accepted'",
            "failed": "NOT d.passed AND h.state = 'pending'",
        }[which]
        with self._workspace.database.cursor() as cursor:
            cursor.execute(
                f"SELECT d.body FROM {table.SOURCE} WHERE m.dataset = ? AND {condition} ORDER BY m.position", [name]
            )
            while rows := cursor.fetchmany(STREAMED):
                yield from (Dialogue.model_validate_json(row[0]) for row in rows)

    def load_file(
        self,
        file: str | Path | bytes,
        dataset: str,
        file_name: str = "upload.jsonl",
        *,
        keep_good: bool = False,
    ) -> loading.Loaded:
        """What a file of any form that `export` writes, or another program, added to the dataset, verified anew.

        `file` is a path or the content itself. Rows of other programs bring a catalog of their tools, named as the
        dataset. Where a dialogue's catalog is not in this workspace, the verdicts stay as they came. A dialogue that is
        in the dataset already is not added again. DataError naming every bad row, and nothing is stored then; with
        `keep_good` the others are loaded and the bad ones reported.
        """
        return loading.load_file(self._workspace, file, dataset, file_name, keep_good)

    def create(
        self,
        name: str,
        *,
        parent: str = "",
        part: Part | Literal[""] = "",
        catalog: Catalog | None = None,
        run: str = "",
        replace: bool = False,
    ) -> None:
        """Make the dataset if it is not there; `replace=True` empties one that is (its dialogues stay stored).

        `part` says which part of the split of `parent` it is.
        """
        with self._workspace.database.write() as cursor:
            if replace:
                cursor.execute("DELETE FROM members WHERE dataset = ?", [name])
                cursor.execute("DELETE FROM datasets WHERE name = ?", [name])
            cursor.execute(
                "INSERT OR IGNORE INTO datasets VALUES (?, ?, ?, ?, ?, ?)",
                [name, dt.datetime.now(dt.UTC), parent, catalog.name if catalog else "", run, part],
            )

    def add(self, name: str, dialogues: Sequence[Dialogue]) -> int:
        """How many were new to the dataset; those already in it are left alone."""
        with self._workspace.database.write() as cursor:
            return table.add(cursor, name, dialogues)

    def remove(self, name: str) -> None:
        """Take a dataset out of the workspace, and those of its dialogues that no other dataset holds."""
        self.info(name)
        with self._workspace.database.write() as cursor:
            gone = table.remove_dataset(cursor, name)
        self._workspace.events.forget(gone)

    def verify(self, name_or_file: str | Path, catalog: str | None = None) -> Verification:
        """What the cascade says now of a dataset's newest versions, or of a JSONL file's dialogues.

        Nothing is stored. A file's dialogues are checked against `catalog`, by default the one each of them names.
        """
        checked = [cascade(dialogue, found) for dialogue, found in self._dataset_or_file(name_or_file, catalog)]
        failed = [
            FailedCheck(dialogue.id, verdict.verifier, verdict.turn, verdict.reason)
            for dialogue in checked
            if not dialogue.passed
            for verdict in [next(verdict for verdict in dialogue.verdicts if not verdict.passed)]
        ]
        return Verification(len(checked), len(checked) - len(failed), tuple(failed))

    def split(self, name: str, held_out: float = 0.2, validation: float = 0.1, seed: int = 0) -> Parts:
        """The kept dialogues in three parts by near-duplicate distance, as `NAME-train`, `-validation`, `-held-out`.

        Splitting again replaces the parts. DataError if there is nothing to split, the shares leave no training part,
        or the dialogues come from catalogs or versions in which a tool is not the same.
        """
        if not (0 <= held_out < 1 and 0 <= validation < 1 and held_out + validation < 1):
            raise DataError(
                f"Shares of {held_out:g} held out and {validation:g} for validation leave nothing to train on. "
                "Give two shares of 0 or more that sum to less than 1."
            )
        if seed < 0:
            raise DataError(f"A seed of {seed} is not possible. Give a whole number of 0 or more.")
        dialogues = self.load(name)
        if not dialogues:
            raise DataError(f"Dataset '{name}' has no kept dialogue to split. Generate more, or accept some in Review.")
        catalog = self._workspace.catalogs.of_dialogues(dialogues)
        made = split(catalog, dialogues, held_out, validation, seed)
        names = []
        parts: tuple[tuple[Part, str, tuple[Dialogue, ...]], ...] = (
            ("train", "train", made.train),
            ("validation", "validation", made.validation),
            ("test", "held-out", made.held_out),
        )
        for part, suffix, chosen in parts:
            part_name = clean_name(f"{name}-{suffix}", "dataset")
            self.create(part_name, parent=name, part=part, catalog=self.only_catalog(dialogues), replace=True)
            self.add(part_name, chosen)
            names.append(part_name)
        return Parts(len(made.train), len(made.validation), len(made.held_out), len(made.dropped), *names)

    def only_catalog(self, dialogues: Sequence[Dialogue]) -> Catalog | None:
        """The catalog that all of them were made from; None if several were. CatalogError if it is not here."""
        names = {one.scenario.catalog for one in dialogues}
        first = dialogues[0].scenario
        return self._workspace.catalogs.find(first.catalog, first.catalog_version) if len(names) == 1 else None

    def diversity(self, name: str) -> Diversity:
        """How varied the kept dialogues are, and which are near-duplicates of one another."""
        return diversity(self.load(name))

    def sample(self, name: str, count: int, seed: int = 0) -> list[Dialogue]:
        """At most `count` kept dialogues in the dataset's order, drawn by `seed`."""
        kept = self.load(name)
        chosen = sorted(random.Random(seed).sample(range(len(kept)), min(count, len(kept))))
        return [kept[index] for index in chosen]

    def _dataset_or_file(self, name_or_file: str | Path, catalog: str | None) -> Iterator[tuple[Dialogue, Catalog]]:
        """Each dialogue and the catalog to check it against."""
        is_file = Path(name_or_file).suffix in _SUFFIXES or os.path.isfile(name_or_file)
        if str(name_or_file) in {info.name for info in self.names(archived=True)} or not is_file:
            for dialogue in self.load(str(name_or_file), "all"):
                yield dialogue, self._catalog_of(dialogue, catalog)
            return
        parsed = loading.read_file(name_or_file, "Correct or remove these; nothing was verified.")
        own = parsed.catalog
        for dialogue in parsed.dialogues:
            is_own = own and not catalog and dialogue.scenario.catalog_version == own.version
            yield dialogue, own if own and is_own else self._catalog_of(dialogue, catalog)

    def _catalog_of(self, dialogue: Dialogue, catalog: str | None) -> Catalog:
        if catalog:
            return self._workspace.catalogs.get(catalog)
        return self._workspace.catalogs.find(dialogue.scenario.catalog, dialogue.scenario.catalog_version)


def shown_state(state: ReviewState, passed: bool) -> ShownState:
    """People's decision, else what the verifiers say."""
    return state if state != "pending" else "pending" if passed else "failed"

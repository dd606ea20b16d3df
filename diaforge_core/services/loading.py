"""Files of dialogues into datasets."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..conversation.dialogue_files import find_file, opened
from ..conversation.exchange.parsing import Parsed, Problem, parse, refuse_bad
from ..conversation.verifiers import cascade
from ..errors import CatalogError
from ..records.dialogue import Dialogue
from ..store import dialogues as table
from .names import clean_name, safe_file_name

if TYPE_CHECKING:
    from .datasets import DatasetInfo
    from .workspace import Workspace

_ADVICE = "Correct or remove these and load the file again, or keep the good ones with --keep-good; nothing was loaded."
_NAMED = 5
"""Dialogues named in a remark; more are counted."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a file into a dataset brought."""

    dataset: DatasetInfo
    added: int
    already: int
    """Dialogues of the file that were in the dataset before, and stay there as they were."""
    left_out: tuple[Problem, ...]
    """Rows that are no dialogue, each with its reason; empty unless the good ones alone were wanted."""
    remarks: tuple[str, ...]
    """What else a person should know of it, one sentence each."""
    catalog: str
    """Name of the catalog that was made of the tools in the file; empty if none was."""


def read_file(file: str | Path, advice: str) -> Parsed:
    """What the file holds; DataError with this advice if one of its rows is bad, or as in `find_file`."""
    path = find_file(file)
    with opened(path) as opened_file:
        parsed = parse(opened_file, path.name, path.stem)
    refuse_bad(parsed, path.name, advice)
    return parsed


def load_file(workspace: Workspace, file: str | Path | bytes, dataset: str, file_name: str, keep_good: bool) -> Loaded:
    """See `Datasets.load_file`."""
    name = clean_name(dataset, "dataset")
    source = safe_file_name(file_name) if isinstance(file, bytes) else Path(file).name
    with io.BytesIO(file) if isinstance(file, bytes) else opened(find_file(file)) as opened_file:
        parsed = parse(opened_file, source, name)
    if not (keep_good and parsed.dialogues):
        refuse_bad(parsed, source, _ADVICE if parsed.dialogues else "There is no good one among them.")
    if parsed.catalog:
        workspace.catalogs.adopt(parsed.catalog)
    dialogues = [_verified(workspace, dialogue) for dialogue in parsed.dialogues]
    workspace.datasets.create(name, catalog=parsed.catalog)
    with workspace.database.write() as cursor:
        changed = table.changed_members(cursor, name, dialogues)
        added = table.add(cursor, name, dialogues)
    return Loaded(
        dataset=workspace.datasets.info(name),
        added=added,
        already=len(dialogues) - added,
        left_out=parsed.problems,
        remarks=(*parsed.remarks, *_said_otherwise(changed), *_without_catalog(workspace, dialogues)),
        catalog=parsed.catalog.name if parsed.catalog else "",
    )


def _verified(workspace: Workspace, dialogue: Dialogue) -> Dialogue:
    """The dialogue with the verdicts of its catalog, if that is here; else as it came."""
    scenario = dialogue.scenario
    try:
        return cascade(dialogue, workspace.catalogs.find(scenario.catalog, scenario.catalog_version))
    except CatalogError:
        return dialogue


def _said_otherwise(ids: Sequence[str]) -> Iterator[str]:
    if ids:
        named = ", ".join(ids[:_NAMED]) + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")
        yield (
            f"{len(ids)} that were in the dataset already say something else in the file and were left as they are "
            f"here: {named}. Load the file into another dataset to have both."
        )


def _without_catalog(workspace: Workspace, dialogues: Sequence[Dialogue]) -> Iterator[str]:
    """One sentence for each catalog that these dialogues name and that is not here."""
    named = {(each.scenario.catalog, each.scenario.catalog_version) for each in dialogues}
    for name, version in sorted(named):
        try:
            workspace.catalogs.find(name, version)
        except CatalogError:
            yield f"Catalog '{name}' is not in this workspace: import it to open its dialogues in Review."

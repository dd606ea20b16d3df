"""The list of a dataset's dialogues for a spreadsheet, one row each, in which nothing is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..records.dialogue import Dialogue
from ..records.review import Decision
from ..store import dialogues as table
from .datasets import STREAMED

if TYPE_CHECKING:
    from .workspace import Workspace

COLUMNS = ("id", "opening", "tier", "goal", "state", "reviewer", "reason", "words")
"""`reason`: why people decided so, or what the verifiers say; `words`: all that was said, one turn a line."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for the start of a formula."""
_LAST = (
    "LEFT JOIN (SELECT dialogue, arg_max(body, seq) AS body FROM decisions WHERE NOT undone AND kind <> 'undo' "
    "GROUP BY dialogue) c ON c.dialogue = d.id"
)


def write_list(workspace: Workspace, dataset: str, file: BinaryIO) -> int:
    """How many dialogues were written, whatever was decided on them, in the dataset's order; the file is left open.

    UTF-8 with the mark by which spreadsheets know it, every cell in quotes.
    """
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    text.write("\ufeff")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for row in _rows(workspace, dataset):
        writer.writerow(map(harmless, row))
        count += 1
    text.detach()
    return count


def harmless(cell: str) -> str:
    """The text as a spreadsheet shows it; one that it would take for a formula stands behind an apostrophe."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _rows(workspace: Workspace, dataset: str) -> Iterator[tuple[str, ...]]:
    query = (
        f"SELECT d.opening, d.body, {table.SHOWN_STATE}, h.decided_by, c.body FROM {table.SOURCE} {_LAST} "
        "WHERE m.dataset = ? ORDER BY m.position"
    )
    with workspace.database.cursor() as cursor:
        cursor.execute(query, [dataset])
        while rows := cursor.fetchmany(STREAMED):
            for opening, body, state, who, decision in rows:
                dialogue = Dialogue.model_validate_json(body)
                scenario = dialogue.scenario
                reason = _reason(dialogue, Decision.model_validate_json(decision) if decision else None)
                yield dialogue.id, opening, scenario.tier, scenario.goal, state, who or "", reason, str(dialogue)


def _reason(dialogue: Dialogue, decision: Decision | None) -> str:
    if decision and decision.reason:
        return decision.reason
    failed = next((verdict for verdict in dialogue.verdicts if not verdict.passed), None)
    return f"{failed.verifier}: {failed.reason}" if failed else ""

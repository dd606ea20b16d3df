"""A filter of dialogues as SQL: what meets it, and what it could be narrowed to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..records.queue import Filter

Sql = tuple[str, list[Any]]
"""A piece of SQL and the values of its places."""
COLUMN_OF = {
    "tier": "m.tier",
    "persona": "m.persona",
    "style": "m.style",
    "department": "m.department",
    "dial": "m.dial",
    "goal_tool": "m.goal_tool",
    "assistant": "m.assistant",
    "verifier": "m.failed_verifier",
    "reason": "m.reason",
}
"""Part of a filter → the column that must equal it."""
SAID = {
    "label": "SELECT dialogue, value, who FROM notes WHERE topic = 'label' AND stands",
    "reviewer": "SELECT dialogue, decided_by AS value, decided_by AS who FROM heads WHERE decided_by <> '' "
    "UNION ALL SELECT dialogue, who AS value, who FROM notes WHERE topic = 'opinion' AND stands",
    "commented": "SELECT dialogue, 'yes' AS value, who FROM notes WHERE topic = 'comment' AND stands",
}
"""Part of a filter → what people said that it is about: dialogue, value, who."""
_IN_VERSION = "(m.dialogue, m.version) IN (SELECT (id, version) FROM dialogues WHERE {})"
"""For what only the version's own row holds."""
_VALUE_OF = COLUMN_OF | {"candidate": "m.candidate", "solvable": "CASE WHEN m.solvable THEN 'yes' ELSE 'no' END"}
_OFFERED = """(SELECT m.*, unnest(d.candidates) AS candidate FROM members m
    JOIN dialogues d ON d.id = m.dialogue AND d.version = m.version) m"""
"""The members, each once for every tool among its candidates."""
_YES_OR_NO = {True: "yes", False: "no"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, and what they may not know yet."""

    who: str
    blind: Sequence[str]
    """Dialogues that are judged blind: what others said of them does not count."""


def filtered(found: Filter, reader: Reader | None = None, *, any_state: bool = False) -> Sql:
    """The condition of a filter on `members m`, for everybody or as one reader may see it.

    With `any_state` whatever was decided.
    """
    parts: list[Sql] = [("m.dataset = ?", [found.dataset])]
    if found.state and not any_state:
        parts.append(("m.state = ?", [found.state]))
    parts += [(f"{column} = ?", [wanted]) for part, column in COLUMN_OF.items() if (wanted := getattr(found, part))]
    if found.solvable is not None:
        parts.append(("m.solvable = ?", [found.solvable]))
    if found.candidate:
        parts.append((_IN_VERSION.format("list_contains(candidates, ?)"), [found.candidate]))
    parts += [_said_so(part, wanted, reader) for part in SAID if (wanted := getattr(found, part))]
    if found.text:
        parts.append((_IN_VERSION.format("contains(words, ?)"), [found.text.lower()]))
    return " AND ".join(sql for sql, _ in parts), [value for _, values in parts for value in values]


def choices(part: str, found: Filter, reader: Reader | None, most: int) -> Sql:
    """The query for the values that a part of the filter can take, each with how many dialogues it would leave.

    Columns: value, count; most first, then by value. The part itself does not narrow them, the others do.
    """
    where, values = filtered(_without(found, part), reader)
    if part in SAID:
        said, more = _visible(part, reader)
        rows = f"SELECT s.value, m.dialogue FROM members m JOIN ({said}) s USING (dialogue) WHERE {where}"
        values = [*more, *values]
    else:
        rows = (
            f"SELECT {_VALUE_OF[part]} AS value FROM {_OFFERED if part == 'candidate' else 'members m'} WHERE {where}"
        )
    number = "count(DISTINCT dialogue)" if part in SAID else "count(*)"
    query = f"SELECT value, {number} AS n FROM ({rows}) WHERE value <> '' GROUP BY value ORDER BY n DESC, value LIMIT ?"
    return query, [*values, most]


def _without(found: Filter, part: str) -> Filter:
    """The filter with one part not given."""
    return found.model_copy(update={part: Filter.model_fields[part].default})


def _said_so(part: str, wanted: str | bool, reader: Reader | None) -> Sql:
    said, values = _visible(part, reader)
    value = _YES_OR_NO[wanted] if isinstance(wanted, bool) else wanted
    return f"m.dialogue IN (SELECT dialogue FROM ({said}) WHERE value = ?)", [*values, value]


def _visible(part: str, reader: Reader | None) -> Sql:
    """What was said, without what this reader may not know yet."""
    if reader is None:
        return SAID[part], []
    return (
        f"SELECT dialogue, value FROM ({SAID[part]}) WHERE who = ? OR dialogue NOT IN (SELECT unnest(?))",
        [reader.who, list(reader.blind)],
    )

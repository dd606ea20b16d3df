"""A filter and an order of traces as SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DataError
from ..records.nearness import BIN_NAMES, BINS
from .database import Database
from .traces import BINNED

Filters = Mapping[str, Any]
"""Part → the value, or the values of which one is to be there; a part that is empty narrows nothing."""
Sql = tuple[str, list[Any]]
FEW = 60_000
"""Traces whose words are searched apart: some ten thousand of them are 50 MB."""
_BINNED_CLOSENESS = "CASE WHEN t.closeness IS NULL THEN '' " + " ".join(
    [f"WHEN t.closeness < {bound} THEN '{name}'" for bound, name in zip(BINS, BIN_NAMES, strict=False)]
    + [f"ELSE '{BIN_NAMES[-1]}' END"]
)
COLUMN_OF = {
    "outcome": "t.outcome",
    "reason": "t.reason",
    "tier": "t.tier",
    "goal_tool": "t.goal_tool",
    "called": "t.called",
    "model": "t.model",
    "scenario": "t.scenario",
    "dial": "t.dial",
    "fault": "t.fault",
    "candidates": "t.candidates",
    "closeness": _BINNED_CLOSENESS,
    "solvable": "CASE WHEN t.solvable THEN 'yes' ELSE 'no' END",
}
"""Part of a filter → the column or expression that must have its value."""
_SAID = {
    "label": "SELECT dialogue, value FROM notes WHERE topic = 'trace_label' AND stands",
    "noted": "SELECT dialogue, 'yes' AS value FROM notes WHERE topic = 'trace_note' AND stands",
}
"""Part of a filter → what people said of traces: the trace and the value."""
_OF_RUNS = ("run", "kind")
PARTS = (*_OF_RUNS, *COLUMN_OF, *_SAID)
"""Everything that traces are narrowed by besides words."""
ORDERS = {
    "newest": "t.seq",
    "outcome": "t.outcome",
    "reason": "t.reason",
    "opening": "t.opening",
    "goal_tool": "t.goal_tool",
    "called": "t.called",
    "tier": "t.tier",
    "model": "t.model",
    "run": "t.run",
    "candidates": "t.candidates",
    "closeness": "coalesce(t.closeness, -1)",
    "fault": "t.fault",
    "dial": "t.dial",
    "turns": "t.assistant_turns",
    "tokens": "t.tokens",
    "seconds": "t.seconds",
}
"""Order → what it sorts by; traces that are alike in it stand as they were taken in."""


def condition(database: Database, filters: Filters) -> Sql:
    """The SQL condition of these filters on `traces t` and its values; DataError for a filter that there is not."""
    given = {part: _listed(wanted) for part, wanted in filters.items() if wanted not in (None, "", [], ())}
    unknown = [part for part in given if part not in (*PARTS, "text")]
    if unknown:
        raise DataError(f"Traces have no filter '{unknown[0]}'. Use one of: {', '.join((*PARTS, 'text'))}.")
    parts = [_of_runs(database, given)]
    parts += [_narrowed(part, given[part]) for part in COLUMN_OF if part in given]
    for part in _SAID:
        if part in given:
            parts.append(_said_so(database, part, given[part]))
    found = _all_of([(sql, values) for sql, values in parts if sql != "true"])
    for text in given.get("text", ()):
        found = _with_words(database, found, text.lower())
    return found


def choices(database: Database, filters: Filters, part: str, most: int) -> Sql:
    """The query for the values that a part can take, each with how many traces the other parts leave; most first."""
    where, values = condition(database, {name: wanted for name, wanted in filters.items() if name != part})
    if part in _SAID:
        source = (
            f"(SELECT DISTINCT s.value, t.id FROM traces t JOIN ({_SAID[part]}) s ON s.dialogue = t.id WHERE {where})"
        )
    elif part in _OF_RUNS:
        column = "r.name" if part == "run" else "r.kind"
        counted = f"SELECT t.run, count(*) AS n FROM traces t WHERE {where} GROUP BY t.run"
        query = f"SELECT {column}, sum(c.n)::BIGINT AS n FROM ({counted}) c JOIN runs r ON r.id = c.run GROUP BY 1"
        return f"{query} ORDER BY n DESC, 1 LIMIT ?", [*values, most]
    else:
        source = f"(SELECT {COLUMN_OF[part]} AS value FROM traces t WHERE {where})"
    some = "WHERE CAST(value AS VARCHAR) <> '' GROUP BY value"
    return f"SELECT value, count(*) AS n FROM {source} {some} ORDER BY n DESC, value LIMIT ?", [*values, most]


def tally(column: str, where: str) -> str:
    """The query for how conversations ended by a column: value, outcome, traces and what they took on average."""
    return f"""
SELECT {column} AS value, t.outcome, count(*) AS traces, avg(t.assistant_turns) AS assistant_turns,
    avg(t.tokens) AS tokens, avg(t.seconds) AS seconds
FROM traces t WHERE {where} GROUP BY 1, 2 ORDER BY 1, 2"""


def ordered_by(order: str) -> tuple[str, bool]:
    """What an order sorts by and whether downwards; `-` before a name turns it round. DataError for an unknown one."""
    name = order.removeprefix("-")
    if name not in ORDERS:
        raise DataError(
            f"Traces cannot be ordered by '{order}'. Use one of, also with - before it: {', '.join(ORDERS)}."
        )
    return ORDERS[name], (name == "newest") != (order != name)


def _said_so(database: Database, part: str, wanted: list[str]) -> Sql:
    """Traces of which this was said, by their numbers: to look for them by their ids takes longer than all the rest."""
    narrowed, values = _among("value", wanted)
    said = f"SELECT dialogue FROM ({_SAID[part]}) WHERE {narrowed}"
    rows = database.rows(f"SELECT seq FROM traces WHERE id IN ({said}) ORDER BY seq", values)
    return "t.seq IN (SELECT unnest(?::BIGINT[]))", [[row[0] for row in rows]]


def _with_words(database: Database, others: Sql, text: str) -> Sql:
    """The condition narrowed to traces in which this was said.

    The database reads whole blocks of words, whatever else narrows them; so those of few traces are taken out first.
    """
    where, values = others
    if where != "true" and database.rows(f"SELECT count(*) FROM traces t WHERE {where}", values)[0][0] <= FEW:
        few = f"WITH few AS MATERIALIZED (SELECT t.seq, t.words FROM traces t WHERE {where})"
        return f"t.seq IN ({few} SELECT seq FROM few WHERE contains(words, ?))", [*values, text]
    return _all_of([others, ("contains(t.words, ?)", [text])])


def _all_of(parts: list[Sql]) -> Sql:
    return " AND ".join(sql for sql, _ in parts) or "true", [value for _, values in parts for value in values]


def _of_runs(database: Database, given: Mapping[str, list[str]]) -> Sql:
    """The runs that are asked for and not in the bin, named one by one unless they are all."""
    runs = database.rows("SELECT id, name, kind, state FROM runs")
    wanted = [
        key
        for key, name, kind, state in runs
        if state != BINNED
        and ("kind" not in given or kind in given["kind"])
        and ("run" not in given or key in given["run"] or name in given["run"])
    ]
    return ("true", []) if len(wanted) == len(runs) else _among("t.run", wanted)


def _among(column: str, wanted: list[Any]) -> Sql:
    """Each value in a place of its own, so that the same question is known again."""
    if not wanted:
        return "false", []
    return (f"{column} = ?" if len(wanted) == 1 else f"{column} IN ({', '.join('?' * len(wanted))})"), wanted


def _narrowed(part: str, wanted: list[str]) -> Sql:
    """The condition on the part's own column, typed as it is; DataError for a value that the part cannot have."""
    if part == "candidates":
        if not all(value.isdecimal() for value in wanted):
            known = "Give one like 4."
            raise DataError(f"Traces are filtered by a number of candidates, not by '{', '.join(wanted)}'. {known}")
        return _among("t.candidates", [int(value) for value in wanted])
    if part == "solvable":
        return _among("t.solvable", [value == "yes" for value in wanted])
    if part == "closeness":
        return f"({' OR '.join(map(_in_bin, wanted))})", []
    return _among(COLUMN_OF[part], wanted)


def _in_bin(name: str) -> str:
    if name not in BIN_NAMES:
        raise DataError(f"There is no bin of closeness '{name}'. Use one of: {', '.join(BIN_NAMES)}.")
    place = BIN_NAMES.index(name)
    low = f"t.closeness >= {BINS[place - 1]}" if place else "t.closeness IS NOT NULL"
    return f"({low} AND t.closeness < {BINS[place]})" if place < len(BINS) else f"({low})"


def _listed(wanted: Any) -> list[str]:
    several = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
    return [_word(value) for value in several]


def _word(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)

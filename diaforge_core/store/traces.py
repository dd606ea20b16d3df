"""Rows of traces and their turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from ..errors import DataError
from ..records.base import canonical_json, content_id
from ..records.dialogue import public_words
from ..records.trace import Trace
from .database import insert

BINNED = "binned"
"""The state of a run that waits in the bin: no list shows it, nor its traces."""
SOURCE = f"traces t JOIN runs r ON r.id = t.run AND r.state <> '{BINNED}'"
COLUMNS = (
    "t.id, r.name AS run, r.kind AS kind, t.scenario, t.trial, t.model, t.tier, t.goal_tool, t.called, t.outcome, "
    "t.reason, t.opening, t.dial, t.solvable, t.assistant_turns, t.tokens, t.seconds, t.user_fault, t.ended"
)
FILTERS = {
    "kind": "r.kind",
    "outcome": "t.outcome",
    "tier": "t.tier",
    "goal_tool": "t.goal_tool",
    "called": "t.called",
    "model": "t.model",
    "scenario": "t.scenario",
    "dial": "t.dial",
    "solvable": "t.solvable",
    "user_fault": "t.user_fault",
    "run": "r.name",
}
"""Filter → the column it reads."""


def condition(filters: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The SQL condition of these filters and its values; DataError for a filter that there is not."""
    parts, values = ["true"], []
    for name, wanted in filters.items():
        if wanted is None or wanted == "" or wanted == []:
            continue
        if name == "text":
            parts.append("contains(t.words, ?)")
            values.append(str(wanted).lower())
            continue
        if name not in FILTERS:
            raise DataError(f"Traces have no filter '{name}'. Use one of: {', '.join([*FILTERS, 'text'])}.")
        choices = list(wanted) if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
        either = f"{FILTERS[name]} IN (SELECT unnest(?))"
        parts.append(f"({either} OR r.id IN (SELECT unnest(?)))" if name == "run" else either)
        values += [choices, choices] if name == "run" else [choices]
    return " AND ".join(parts), values


def add(cursor: duckdb.DuckDBPyConnection, run: str, traces: Sequence[Trace]) -> None:
    """Store a run's traces with their turns; one that is stored already is left alone."""
    keyed = {stored_id(run, trace.id): trace for trace in traces}
    known = cursor.execute("SELECT id FROM traces WHERE id IN (SELECT unnest(?))", [list(keyed)]).fetchall()
    for row in known:
        del keyed[row[0]]
    start = cursor.execute("SELECT max(seq) FROM traces").fetchall()[0][0] or 0
    insert(cursor, "traces", [_row(key, seq, run, trace) for seq, (key, trace) in enumerate(keyed.items(), start + 1)])
    insert(cursor, "turns", [turn for key, trace in keyed.items() for turn in _turns(key, trace)])


def remove_run(cursor: duckdb.DuckDBPyConnection, run: str) -> None:
    """Take a run and its traces out."""
    cursor.execute("DELETE FROM turns WHERE trace IN (SELECT id FROM traces WHERE run = ?)", [run])
    cursor.execute("DELETE FROM traces WHERE run = ?", [run])
    cursor.execute("DELETE FROM runs WHERE id = ?", [run])


def stored_id(run: str, trace_id: str) -> str:
    """The trace's id in the workspace: two runs may play the same rollout."""
    return content_id(run, trace_id)


def _row(key: str, seq: int, run: str, trace: Trace) -> dict[str, Any]:
    scenario = trace.scenario
    words = [public_words(turn) for turn in trace.turns]
    called = [turn.call.name for turn in trace.turns if turn.call]
    return {
        "seq": seq,
        "id": key,
        "raw_id": trace.id,
        "run": run,
        "scenario": scenario.id,
        "trial": trace.trial,
        "model": trace.assistant,
        "tier": scenario.tier,
        "goal_tool": scenario.goal_tool,
        "called": called[-1] if called else "",
        "outcome": trace.outcome,
        "reason": trace.reason,
        "ended": trace.ended,
        "opening": words[0] if words else "",
        "dial": scenario.dial or "",
        "solvable": scenario.solvable,
        "assistant_turns": sum(turn.speaker == "assistant" for turn in trace.turns),
        "tokens": sum(turn.tokens for turn in trace.turns),
        "seconds": trace.seconds,
        "user_fault": bool(trace.audit),
        "words": "\n".join(words).lower(),
        "body": trace.model_dump_json(),
    }


def _turns(key: str, trace: Trace) -> list[dict[str, Any]]:
    return [
        {
            "trace": key,
            "turn": index,
            "speaker": turn.speaker,
            "thought": turn.thought,
            "reply": turn.reply,
            "call_name": turn.call.name if turn.call else "",
            "call_arguments": canonical_json(turn.call.arguments) if turn.call else "",
            "seconds": turn.seconds,
            "tokens": turn.tokens,
        }
        for index, turn in enumerate(trace.turns)
    ]

"""Traces as columns: what the database takes in, and what Parquet files of traces hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from ..records.dialogue import Turn, public_words
from ..records.scenario import Scenario
from ..records.trace import USER_FAULTS, Trace

Closeness = Callable[[Scenario], float | None]
"""How close the goal tool is to the nearest of the other candidates; None where nobody knows."""
TURN = pa.struct(
    [
        ("turn", pa.int32()),
        ("speaker", pa.string()),
        ("thought", pa.string()),
        ("reply", pa.string()),
        ("call_name", pa.string()),
        ("call_arguments", pa.string()),
        ("note", pa.string()),
        ("seconds", pa.float64()),
        ("tokens", pa.int64()),
    ]
)
"""A turn; without a call both of its columns are null."""
SUMMARY = pa.schema(
    [
        ("raw_id", pa.string()),
        ("scenario", pa.string()),
        ("scenario_key", pa.string()),
        ("trial", pa.int32()),
        ("model", pa.string()),
        ("user_side", pa.string()),
        ("tier", pa.string()),
        ("goal_tool", pa.string()),
        ("called", pa.string()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("ended", pa.string()),
        ("error", pa.string()),
        ("unanswered", pa.bool_()),
        ("audit", pa.string()),
        ("fault", pa.string()),
        ("opening", pa.string()),
        ("dial", pa.string()),
        ("solvable", pa.bool_()),
        ("candidates", pa.int32()),
        ("closeness", pa.float64()),
        ("assistant_turns", pa.int32()),
        ("tokens", pa.int64()),
        ("seconds", pa.float64()),
        ("words", pa.string()),
    ]
)
"""What lists show and filters read of a trace, and the small rest of it."""
SCHEMA = pa.schema([*SUMMARY, ("scenario_body", pa.string()), ("turns", pa.list_(TURN))])
"""A whole trace; `scenario_body` is the JSON that `scenario_key` names."""


def columns_of(traces: Sequence[Trace], closeness: Closeness | None = None) -> pa.Table:
    """The traces as a table of `SCHEMA`, a row each, in their order."""
    rows = [_row(trace, closeness) for trace in traces]
    return pa.table({name: [row[name] for row in rows] for name in SCHEMA.names}, schema=SCHEMA)


def trace_of(row: Mapping[str, Any], scenario_body: str, turns: Sequence[Mapping[str, Any]]) -> Trace:
    """The trace that a row of the columns, its scenario and its turns in order hold."""
    return Trace(
        id=row["id"],
        scenario=Scenario.model_validate_json(scenario_body),
        trial=row["trial"],
        turns=tuple(_turn(turn) for turn in turns),
        assistant=row["model"],
        user=row["user_side"],
        ended=row["ended"],
        error=row["error"],
        unanswered=row["unanswered"],
        outcome=row["outcome"],
        reason=row["reason"],
        audit=json.loads(row["audit"]) if row["audit"] else (),
        seconds=row["seconds"],
    )


def traces_of(table: pa.Table) -> list[Trace]:
    """The traces of a table of `SCHEMA`, under the ids that their run gave them."""
    rows = table.to_pylist()
    return [trace_of(row | {"id": row["raw_id"]}, row["scenario_body"], row["turns"]) for row in rows]


def fault_of(trace: Trace) -> str:
    """Who failed: `user` where the audit blames it, `assistant` for any other bad end, else `none`."""
    if any(mark.kind in USER_FAULTS for mark in trace.audit):
        return "user"
    return "none" if trace.outcome in ("", "right", "refused", "error") else "assistant"


def _row(trace: Trace, closeness: Closeness | None) -> dict[str, Any]:
    scenario = trace.scenario
    body = scenario.model_dump_json()
    words = [public_words(turn) for turn in trace.turns]
    called = [turn.call.name for turn in trace.turns if turn.call]
    audit = [mark.model_dump(mode="json") for mark in trace.audit]
    return {
        "raw_id": trace.id,
        "scenario": scenario.id,
        "scenario_key": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "scenario_body": body,
        "trial": trace.trial,
        "model": trace.assistant,
        "user_side": trace.user,
        "tier": scenario.tier,
        "goal_tool": scenario.goal_tool,
        "called": called[-1] if called else "",
        "outcome": trace.outcome,
        "reason": trace.reason,
        "ended": trace.ended,
        "error": trace.error,
        "unanswered": trace.unanswered,
        "audit": json.dumps(audit, ensure_ascii=False) if audit else "",
        "fault": fault_of(trace),
        "opening": words[0] if words else "",
        "dial": scenario.dial or "",
        "solvable": scenario.solvable,
        "candidates": len(scenario.candidates),
        "closeness": closeness(scenario) if closeness else None,
        "assistant_turns": sum(turn.speaker == "assistant" for turn in trace.turns),
        "tokens": sum(turn.tokens for turn in trace.turns),
        "seconds": trace.seconds,
        "words": "\n".join(words).lower(),
        "turns": [_turn_row(place, turn) for place, turn in enumerate(trace.turns)],
    }


def _turn_row(place: int, turn: Turn) -> dict[str, Any]:
    return {
        "turn": place,
        "speaker": turn.speaker,
        "thought": turn.thought,
        "reply": turn.reply,
        "call_name": turn.call.name if turn.call else None,
        "call_arguments": json.dumps(turn.call.arguments, ensure_ascii=False) if turn.call else None,
        "note": turn.note,
        "seconds": turn.seconds,
        "tokens": turn.tokens,
    }


def _turn(row: Mapping[str, Any]) -> Turn:
    name, arguments = row["call_name"], row["call_arguments"]
    call = None if name is None else {"name": name, "arguments": json.loads(arguments)}
    same = {key: row[key] for key in ("speaker", "thought", "reply", "note", "seconds", "tokens")}
    return Turn.model_validate(same | {"call": call})

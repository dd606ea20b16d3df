"""Traces as a log of Inspect (`.eval`): a zip of one JSON file a conversation, a summary of each, and a header.

The form is that of inspect_ai's `EvalLog`, version 2, which `inspect view` and `read_eval_log` open.
"""

from __future__ import annotations

import datetime as dt
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from ...records.base import content_id
from ...records.dialogue import Turn
from ...records.trace import Trace

VERSION = 2
SCORER = "outcome"
GOOD = ("right", "refused")
"""Outcomes that count as correct."""


def write_log(name: str, traces: Iterable[Trace], file: BinaryIO) -> int:
    """How many traces were written; each is a sample under its trace id, its trial counted as the epoch."""
    written, outcomes, models = 0, Counter[bool](), set[str]()
    summaries: list[dict[str, Any]] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as log:
        for trace in traces:
            sample = sample_of(trace)
            _put(log, f"samples/{sample['id']}_epoch_{sample['epoch']}.json", sample)
            summaries.append(_summary(sample))
            outcomes[trace.outcome in GOOD] += 1
            models.add(trace.assistant)
            written += 1
        model = models.pop() if len(models) == 1 else "several models"
        start = _start(name, model, summaries)
        _put(log, "_journal/start.json", start)
        _put(log, "summaries.json", summaries)
        _put(log, "header.json", start | {"status": "success"} | _results(outcomes))
    return written


def sample_of(trace: Trace) -> dict[str, Any]:
    """One conversation as an `EvalSample`."""
    scenario, messages = trace.scenario, list(_messages(trace))
    answers = [message for message in messages if message["role"] == "assistant"]
    score = {
        "value": "C" if trace.outcome in GOOD else "I",
        "answer": next((turn.call.name for turn in reversed(trace.turns) if turn.call), ""),
        "explanation": trace.reason,
        "metadata": {"outcome": trace.outcome},
        "history": [],
    }
    return {
        "id": trace.id,
        "epoch": trace.trial + 1,
        "input": trace.turns[0].reply if trace.turns else "",
        "target": _target(trace),
        "messages": messages,
        "output": _output(trace, answers),
        "scores": {SCORER: score},
        "metadata": {
            "scenario": scenario.id,
            "tier": scenario.tier,
            "goal": scenario.goal,
            "goal_tool": scenario.goal_tool,
            "candidates": list(scenario.candidates),
            "outcome": trace.outcome,
            "ended": trace.ended,
            "user": trace.user,
            "user_faults": [mark.model_dump(mode="json") for mark in trace.audit],
            "persona": scenario.persona.model_dump(mode="json"),
        },
        "store": {},
        "events": [],
        "model_usage": {},
        "attachments": {},
        "total_time": trace.seconds,
        "uuid": trace.id,
    } | ({"error": _error(trace.error)} if trace.ended == "error" else {})


def _messages(trace: Trace) -> Iterator[dict[str, Any]]:
    for place, turn in enumerate(trace.turns):
        message: dict[str, Any] = {"id": f"{trace.id}-{place}", "role": turn.speaker, "content": turn.reply}
        if turn.speaker == "assistant":
            message |= {"content": _content(turn), "source": "generate", "model": trace.assistant}
            if turn.call:
                call = {"function": turn.call.name, "arguments": turn.call.arguments, "type": "function"}
                message["tool_calls"] = [{"id": f"call-{place}"} | call]
        elif turn.speaker == "tool":
            message["tool_call_id"] = f"call-{place - 1}"
        yield message


def _content(turn: Turn) -> Any:
    if not turn.thought:
        return turn.reply
    return [{"type": "reasoning", "reasoning": turn.thought}, {"type": "text", "text": turn.reply}]


def _output(trace: Trace, answers: list[dict[str, Any]]) -> dict[str, Any]:
    if not answers:
        return {"model": trace.assistant, "choices": []}
    reason = "tool_calls" if "tool_calls" in answers[-1] else "stop"
    return {"model": trace.assistant, "choices": [{"message": answers[-1], "stop_reason": reason}]}


def _target(trace: Trace) -> str:
    scenario = trace.scenario
    if not scenario.solvable:
        return "no tool fits"
    return f"{scenario.goal_tool}({json.dumps(scenario.gold_arguments, ensure_ascii=False)})"


def _summary(sample: dict[str, Any]) -> dict[str, Any]:
    same = ("id", "epoch", "input", "target", "metadata", "scores", "model_usage", "total_time", "uuid")
    found = {key: sample[key] for key in same} | {"completed": True, "message_count": len(sample["messages"])}
    return found | ({"error": sample["error"]["message"]} if "error" in sample else {})


def _start(name: str, model: str, summaries: list[dict[str, Any]]) -> dict[str, Any]:
    log_id = content_id(name, [summary["id"] for summary in summaries], length=22)
    spec = {
        "eval_id": log_id,
        "run_id": log_id,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "task": "diaforge",
        "task_id": log_id,
        "task_version": 0,
        "task_attribs": {},
        "task_args": {},
        "dataset": {"name": name, "samples": len(summaries), "sample_ids": [each["id"] for each in summaries]},
        "model": model,
        "model_args": {},
        "config": {"epochs": max((each["epoch"] for each in summaries), default=1)},
        "packages": {},
    }
    return {"version": VERSION, "eval": spec, "plan": {"name": "plan", "steps": [], "config": {}}}


def _results(outcomes: Counter[bool]) -> dict[str, Any]:
    total = outcomes.total()
    accuracy = {"name": "accuracy", "value": outcomes[True] / total if total else 0.0, "params": {}}
    score = {"name": SCORER, "scorer": SCORER, "params": {}, "metrics": {"accuracy": accuracy}}
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return {
        "results": {"total_samples": total, "completed_samples": total, "scores": [score]},
        "stats": {"started_at": now, "completed_at": now, "model_usage": {}},
    }


def _error(message: str) -> dict[str, str]:
    return {"message": message, "traceback": message, "traceback_ansi": message}


def _put(log: zipfile.ZipFile, name: str, value: Any) -> None:
    log.writestr(name, json.dumps(value, ensure_ascii=False))

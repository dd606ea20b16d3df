"""Traces into DuckDB by Arrow batches, as the store does it, against row-by-row `executemany`."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import duckdb

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.assistants import Teacher
from diaforge_core.conversation.scenarios import Choices, draw_scenarios
from diaforge_core.evaluation.evaluator import evaluate_scenarios
from diaforge_core.store import traces as trace_table
from diaforge_core.store.database import Database

DISTINCT, COPIES = 50, 40


def main() -> None:
    """Print rows a second both ways and the ratio; the stored turns are counted to be equal first."""
    catalog = load_catalog("enterprise_apis.json")
    scenarios = list(draw_scenarios(catalog, DISTINCT, 1, Choices(bank="evaluation")))
    traces = list(evaluate_scenarios(catalog, scenarios, Teacher(), trials=1, seed=1))
    turns = [(trace.id, place, turn) for trace in traces for place, turn in enumerate(trace.turns)]
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "store.duckdb")
        start = time.perf_counter()
        for copy in range(COPIES):
            trace_table.add(database.cursor(), f"run{copy}", traces)
        arrow = len(turns) * COPIES / (time.perf_counter() - start)
        found = database.cursor().execute("SELECT count(*) FROM turns").fetchone()
        if found is None or found[0] != len(turns) * COPIES:
            raise SystemExit(f"{found} turns were stored, not {len(turns) * COPIES}. Nothing is compared.")
        database.close()
        plain = duckdb.connect(str(Path(folder) / "plain.duckdb"))
        plain.execute("CREATE TABLE turns (trace TEXT, place INTEGER, speaker TEXT, reply TEXT, call TEXT)")
        rows = [
            (key, place, turn.speaker, turn.reply, json.dumps(turn.call and turn.call.model_dump()))
            for key, place, turn in turns
        ]
        start = time.perf_counter()
        plain.executemany("INSERT INTO turns VALUES (?, ?, ?, ?, ?)", rows)
        one_by_one = len(rows) / (time.perf_counter() - start)
    print(f"Arrow batches, the whole trace with its columns: {arrow:,.0f} turns/s")
    print(f"executemany, turns alone: {one_by_one:,.0f} turns/s")
    print(f"Arrow is {arrow / one_by_one:.1f} times as fast")

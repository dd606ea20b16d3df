"""Parquet files of a million conversations, made once: real ones, each copy with names and numbers of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.assistants import scripted_assistant
from diaforge_core.conversation.scenarios import Choices, draw_scenarios
from diaforge_core.evaluation.evaluator import evaluate_scenarios
from diaforge_core.records.base import content_id
from diaforge_core.records.tool import Catalog
from diaforge_core.records.trace import Trace
from diaforge_core.services.nearness import Nearness
from diaforge_core.store import trace_files
from diaforge_core.store.trace_form import SCHEMA, columns_of

CATALOG = "enterprise_apis.json"
TRACES, TURNS_EACH = 1_000_000, 10
RUNS = 20
DISTINCT = 250
"""Scenarios that are really played, by each of the models."""
MODELS = ("oracle", "eager", "cautious", "random")
LONG = 6
"""Turns of a conversation that is copied once more for its length: people and models say more than scripts do."""
_PER_FILE = 50_000
_COPIES = """
SELECT * REPLACE (
    substr(md5(raw_id || n), 1, 12) AS raw_id,
    model || (n % 5) AS model,
    trial + n % 4 AS trial,
    opening || mark AS opening,
    words || lower(mark) || repeat(' ' || md5(words || n), 6) AS words,
    seconds + n % 97 / 10 AS seconds,
    tokens + n % 211 AS tokens,
    list_transform(turns, lambda t: struct_update(t,
        reply := CASE WHEN t.turn % 2 = 0 THEN t.reply || mark ELSE t.reply || ' ' || md5(t.reply || n) END,
        thought := CASE WHEN t.thought = '' THEN '' ELSE t.thought || ' Case ' || n || '.' END,
        tokens := t.tokens + n % 53)) AS turns)
FROM (SELECT b.*, c.n, ' Our file is K' || (c.n * 4000 + b.place) || ', said ' || md5(c.n::VARCHAR || b.raw_id)
        || '.' AS mark FROM base b, (SELECT unnest(range(?, ?)) AS n) c)
"""


def parquet_files(traces: int = TRACES) -> list[Path]:
    """The files, `RUNS` runs one after the other; made now if they are not there."""
    root = Path(os.environ.get("DIAFORGE_BENCH", Path(__file__).resolve().parent.parent / ".cache"))
    folder = root / f"traces-{traces}-{content_id(str(SCHEMA), _COPIES)}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _make(folder, traces)
        (folder / "done").touch()
    return sorted(folder.glob("*.parquet"))


def played(catalog: Catalog) -> list[Trace]:
    """Conversations of several assistants on the same scenarios, made longer to `TURNS_EACH` turns on average."""
    scenarios = list(draw_scenarios(catalog, DISTINCT, 2, Choices(bank="evaluation")))
    traces = [
        trace
        for name in MODELS
        for trace in evaluate_scenarios(catalog, scenarios, scripted_assistant(f"scripted:{name}"), trials=1, seed=1)
    ]
    share = TURNS_EACH * len(traces) / sum(len(trace.turns) for trace in traces)
    return [_longer(trace, max(1, round(len(trace.turns) * share))) for trace in traces]


def _longer(trace: Trace, turns: int) -> Trace:
    """The conversation with its middle said over and over, up to so many turns."""
    said = list(trace.turns)
    middle = said[1:-1] or said[:1]
    more = [middle[place % len(middle)] for place in range(max(0, turns - len(said)))]
    return trace.model_copy(update={"turns": (*said[:-1], *more, said[-1])})


def _make(folder: Path, traces: int) -> None:
    catalog = load_catalog(CATALOG)
    closeness = Nearness(lambda _: catalog).of
    base = columns_of(played(catalog), closeness)
    base = base.append_column("place", pa.array(range(base.num_rows)))
    copies = -(-traces // base.num_rows)
    per_file = max(1, _PER_FILE // base.num_rows)
    for number, start in enumerate(range(0, copies, per_file)):
        tables = _copied(base, range(start, min(copies, start + per_file)))
        trace_files.write(folder / f"{number:03}.parquet", tables)


def _copied(base: pa.Table, copies: range) -> Iterator[pa.Table]:
    with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "2GB"}) as work:
        work.register("base", base)
        for start in range(copies.start, copies.stop, 5):
            found = work.sql(_COPIES, params=[start, min(copies.stop, start + 5)]).to_arrow_table()
            yield found.select(SCHEMA.names).cast(SCHEMA)

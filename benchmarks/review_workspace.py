"""A workspace as large as a team's: dialogues and traces by the ten thousand, kept between runs of the benchmarks."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.assistants import Teacher, scripted_assistant
from diaforge_core.conversation.scenarios import Choices, draw_scenarios
from diaforge_core.evaluation.evaluator import evaluate_scenarios
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.dialogue import Dialogue, Turn
from diaforge_core.records.note import Note
from diaforge_core.records.queue import Filter
from diaforge_core.records.review import REJECT_REASONS, DecisionKind
from diaforge_core.records.tool import Catalog
from diaforge_core.records.trace import Trace
from diaforge_core.services.acts import Step
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.store import traces as trace_table
from diaforge_core.store.database import MIGRATIONS

DIALOGUES, TRACES = 50_000, 20_000
DISTINCT = 400
"""Dialogues that are generated; the others are these with an id, a number and a reviewer's history of their own."""
DISTINCT_TRACES = 100
DECIDED, LABELLED, COMMENTED = 6_000, 1_000, 500
PEOPLE = ("Ana", "Bo", "Cleo")
DATASET, RUN = "large", "large evaluation"
_AT_ONCE = 5_000
T = TypeVar("T")


def large_workspace() -> Path:
    """The folder of the workspace, made now if this form of the database has none yet."""
    root = Path(os.environ.get("DIAFORGE_BENCH", Path(__file__).resolve().parent.parent / ".cache"))
    folder = root / f"review-{DIALOGUES}-{TRACES}-form{len(MIGRATIONS)}"
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        with open_workspace(folder) as workspace:
            catalog = load_catalog("enterprise_apis.json")
            workspace.catalogs.put(catalog)
            _fill(workspace, catalog)
        (folder / "done").touch()
    return folder


def _fill(workspace: Workspace, catalog: Catalog) -> None:
    scenarios = draw_scenarios(catalog, DISTINCT, 1)
    pairs = UTCGen(catalog).generate(catalog, scenarios, scripted_assistant("scripted:oracle"))
    made = [dialogue for _, dialogue in pairs]
    workspace.datasets.create(DATASET, catalog=catalog)
    for copies in _in_batches(made, DIALOGUES):
        workspace.datasets.add(DATASET, [_reworded(one, number) for number, one in copies])
    _review(workspace, random.Random(0))
    watched = list(draw_scenarios(catalog, DISTINCT_TRACES, 2, Choices(bank="evaluation")))
    traces = list(evaluate_scenarios(catalog, watched, Teacher(), trials=1, seed=1))
    with workspace.database.write() as cursor:
        row = [RUN, dt.datetime.now(dt.UTC).replace(tzinfo=None)]
        cursor.execute(
            "INSERT INTO runs "
            "VALUES ('large', ?, 'evaluate', 'succeeded', false, '{}', ?, NULL, NULL, '', '', '{}', 0)",
            row,
        )
    for copies in _in_batches(traces, TRACES):
        with workspace.database.write() as cursor:
            trace_table.add(cursor, "large", [_renumbered(one, number) for number, one in copies])


def _review(workspace: Workspace, rng: random.Random) -> None:
    """What three people have decided, labelled and commented on."""
    ids = workspace.finding.ids(Filter(dataset=DATASET))
    decided = rng.sample(ids, DECIDED)
    kinds: tuple[DecisionKind, ...] = ("accept", "reject", "flag")
    for place, who in enumerate(PEOPLE):
        for kind in kinds:
            share = decided[place * len(kinds) + kinds.index(kind) :: len(PEOPLE) * len(kinds)]
            steps = [Step(key, 1, kind, rng.choice(REJECT_REASONS) if kind == "reject" else "") for key in share]
            workspace.acts.perform(steps, who)
    labels = [label.id for label in workspace.labels.all()]
    workspace.notes.put(*(_label(key, rng.choice(labels), rng.choice(PEOPLE)) for key in rng.sample(ids, LABELLED)))
    workspace.notes.put(*(_comment(key, rng.choice(PEOPLE)) for key in rng.sample(ids, COMMENTED)))


def _label(dialogue: str, label: str, who: str) -> Note:
    now = dt.datetime.now(dt.UTC)
    key = f"{dialogue}/1/1/{label}/{who}"
    return Note(topic="label", key=key, value=label, dialogue=dialogue, version=1, turn=1, who=who, when=now)


def _comment(dialogue: str, who: str) -> Note:
    now = dt.datetime.now(dt.UTC)
    text = "Would anybody say it like this?"
    return Note(topic="comment", key=f"on-{dialogue}", text=text, dialogue=dialogue, version=1, who=who, when=now)


def _in_batches(distinct: Sequence[T], total: int) -> Iterator[list[tuple[int, T]]]:
    """Copies in turn, each with its number, `_AT_ONCE` at a time."""
    for start in range(0, total, _AT_ONCE):
        yield [(number, distinct[number % len(distinct)]) for number in range(start, min(total, start + _AT_ONCE))]


def _reworded(dialogue: Dialogue, number: int) -> Dialogue:
    turns = _numbered(dialogue.turns, number)
    return dialogue.model_copy(update={"id": f"{dialogue.id}-{number}", "turns": turns})


def _renumbered(trace: Trace, number: int) -> Trace:
    return trace.model_copy(update={"id": f"{trace.id}-{number}", "turns": _numbered(trace.turns, number)})


def _numbered(turns: Sequence[Turn], number: int) -> tuple[Turn, ...]:
    """The turns, the first of them with words that no other copy has."""
    return (turns[0].model_copy(update={"reply": f"{turns[0].reply} Our file is K{number}."}), *turns[1:])

"""From a failed conversation to data: more dialogues like it, a turn to correct in Review, a preference pair."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DataError
from ..generator.recipe import Recipe
from ..generator.utcgen import dialogue_of
from ..records.base import derived_seed
from ..records.note import Note
from ..records.pair import Pair
from ..records.run import Run
from ..records.trace import Trace
from ..training.pairs import RIGHT, pair_of_trace
from .names import clean_name

if TYPE_CHECKING:
    from .workspace import Workspace

KEPT_PAIRS = "kept:pairs"
"""Stands for the kept pairs where a dataset or run of pairs is named; no dataset can be called so."""
CORRECTIONS = "corrections"
"""Dataset of the conversations that wait for a turn to be corrected."""
LIKE_IT = 20


@dataclass(frozen=True, slots=True)
class ToCorrect:
    """A dialogue in the review queue, and the turn of it that is to be edited."""

    dataset: str
    dialogue: str
    turn: int
    """Index of its last turn; what came after it is left out."""


class Failures:
    """What is made of failed traces."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def recipe(self, trace_id: str, count: int = LIKE_IT, dataset: str = "") -> Recipe:
        """What makes dialogues like a trace: its goal and the twins beside it as goals, its tier and its behaviour.

        Without a right tool in view where it had none. Asked again it is another draw, for the dataset has grown.
        """
        trace = self._workspace.traces.get(trace_id)
        scenario = trace.scenario
        name = clean_name(dataset or f"like-{trace.id[:8]}", "dataset")
        made = len(self.made_after(trace.id))
        return Recipe(
            catalog=scenario.catalog,
            dataset=name,
            count=count,
            seed=derived_seed("like", trace.id, made) % 2**31,
            mix={scenario.tier: 1.0},
            goal_tools=self._twins(trace),
            no_tool_share=0.0 if scenario.solvable else 1.0,
            dial_share=1.0 if scenario.dial else 0.0,
            dials=(scenario.dial,) if scenario.dial else (),
            parent=trace.id,
        )

    def made_after(self, trace_id: str) -> list[Run]:
        """The runs of generation whose dialogues were made after a trace."""
        runs = self._workspace.jobs.all()
        return [run for run in runs if run.kind == "generate" and run.config["recipe"].get("parent") == trace_id]

    def make_more(self, trace_id: str, count: int = LIKE_IT, dataset: str = "") -> Run:
        """The run that makes them on the catalog as it is now. Errors as in `Generation.start`."""
        return self._workspace.generation.start(self.recipe(trace_id, count, dataset))

    def correct(self, trace_id: str, turn: int | None = None, dataset: str = CORRECTIONS, who: str = "") -> ToCorrect:
        """The conversation up to a turn, in the review queue; by default up to the first that the teacher faults.

        NotAllowed; DataError if there is no such turn of the assistant, or if it was played on a test part.
        """
        self._workspace.people.check(who, "edit")
        trace = self._workspace.traces.get(trace_id)
        self._refuse_test_part(trace)
        place = self.faulty_turn(trace_id) if turn is None else turn
        if not 0 <= place < len(trace.turns) or trace.turns[place].speaker != "assistant":
            raise DataError(f"Turn {place + 1} of trace {trace.id} is no turn of the assistant. Choose one of its own.")
        catalog = self._workspace.catalogs.find(trace.scenario.catalog, trace.scenario.catalog_version)
        scenario = trace.scenario.model_copy(update={"bank": "generation", "parent": trace.id})
        cut = trace.model_copy(update={"turns": trace.turns[: place + 1], "ended": "turn_limit", "scenario": scenario})
        dialogue, name = dialogue_of(cut, catalog), clean_name(dataset, "dataset")
        self._workspace.datasets.create(name, catalog=catalog)
        self._workspace.datasets.add(name, [dialogue])
        return ToCorrect(name, dialogue.id, place)

    def faulty_turn(self, trace_id: str) -> int:
        """Index of the first turn in which the teacher would have acted otherwise, else of the assistant's last.

        DataError if the assistant said nothing.
        """
        trace = self._workspace.traces.get(trace_id)
        pair = self._pair(trace)
        if pair is not None:
            return len(pair.rejected.turns) - 1
        own = [place for place, turn in enumerate(trace.turns) if turn.speaker == "assistant"]
        if not own:
            raise DataError(f"In trace {trace.id} the assistant said nothing, so there is no turn to correct.")
        return own[-1]

    def why_no_pair(self, trace_id: str) -> str:
        """Why a trace makes no preference pair; empty if it makes one."""
        trace = self._workspace.traces.get(trace_id)
        if trace.outcome in RIGHT:
            return "It went right, so there is nothing to unlearn."
        if self._pair(trace) is None:
            return "The teacher would have acted no better, or the fault was not the model's."
        return ""

    def keep_pair(self, trace_id: str, who: str = "") -> Pair:
        """The pair that is kept for the preference stage: what the teacher would have done against what was done.

        NotAllowed; DataError where there is none, or if it was played on a test part.
        """
        self._workspace.people.check(who, "label")
        trace = self._workspace.traces.get(trace_id)
        self._refuse_test_part(trace)
        pair = self._pair(trace)
        if pair is None:
            raise DataError(f"Trace {trace.id} makes no pair. {self.why_no_pair(trace.id)} Choose another one.")
        self._put(trace, pair.fault, who)
        return pair

    def drop_pair(self, trace_id: str, who: str = "") -> None:
        """Keep the pair of a trace no longer."""
        self._workspace.people.check(who, "label")
        self._put(self._workspace.traces.get(trace_id), "", who)

    def is_kept(self, trace_id: str) -> bool:
        """Whether the pair of a trace is kept."""
        return self._workspace.notes.one("pair", trace_id) is not None

    def kept_pairs(self) -> list[Pair]:
        """All that are kept, oldest first, of traces that are still here."""
        rows = self._workspace.database.rows(
            "SELECT n.key FROM notes n JOIN traces t ON t.id = n.key WHERE n.topic = 'pair' AND n.stands ORDER BY n.seq"
        )
        found = (self._pair(self._workspace.traces.get(row[0])) for row in rows)
        return [pair for pair in found if pair is not None]

    def origin(self, parent: str) -> str:
        """Id of the trace that a scenario's `parent` names; empty if it names none that is here."""
        rows = self._workspace.database.rows("SELECT id FROM traces WHERE id = ?", [parent]) if parent else []
        return rows[0][0] if rows else ""

    def test_part(self, trace_id: str) -> str:
        """Name of the test part that a trace was played on; empty if it was none."""
        run = self._workspace.jobs.get(self._workspace.traces.run_of(trace_id))
        return next(iter(run.config.get("test_looks") or {}), "")

    def _refuse_test_part(self, trace: Trace) -> None:
        part = self.test_part(trace.id)
        if part:
            raise DataError(
                f"This conversation was played on the test part '{part}'. A model that learns from it cannot be tested "
                "on it any more. Evaluate on the validation part and learn from what fails there."
            )

    def _twins(self, trace: Trace) -> tuple[str, ...]:
        """The goal tool, and the candidates of its cluster of near-duplicates, the wrongly called ones among them."""
        scenario = trace.scenario
        catalog = self._workspace.catalogs.get(scenario.catalog)
        beside = [name for name in scenario.candidates if name != scenario.goal_tool and name in catalog]
        called = {turn.call.name for turn in trace.turns if turn.call}
        clusters = self._workspace.catalogs.ambiguity(scenario.catalog).clusters
        near = next((set(cluster.tools) for cluster in clusters if scenario.goal_tool in cluster.tools), set())
        return (scenario.goal_tool, *(name for name in beside if name in near or name in called))

    def _pair(self, trace: Trace) -> Pair | None:
        return pair_of_trace(trace, self._workspace.traces.tools(trace))

    def _put(self, trace: Trace, fault: str, who: str) -> None:
        now = dt.datetime.now(dt.UTC)
        self._workspace.notes.put(
            Note(topic="pair", key=trace.id, value=fault, dialogue=trace.id, gone=not fault, who=who, when=now)
        )

"""Many dialogues at one stroke: first what would happen to each, then the good ones as one act."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..conversation.dialogue_diff import Difference, difference
from ..conversation.repairs import REPAIRS, REVERIFY, Repair, repair
from ..conversation.verifiers import cascade
from ..records.dialogue import Dialogue
from ..records.review import Decision, DecisionKind, ReviewState
from ..store import decisions as table
from .acts import Act, Step
from .review import check_kind, refusal

if TYPE_CHECKING:
    from .workspace import Workspace

__all__ = ["Bulk", "Done", "Plan", "Planned", "Repair"]

AT_ONCE = 500
"""Dialogues read from the database together."""
NOT_HERE = "It is not in this workspace any more."
MOVED_ON = "It has changed since the dry run."


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen to one dialogue."""

    dialogue: str
    version: int
    """The version that was looked at; 0 for a dialogue that is not here."""
    opening: str
    outcome: Literal["good", "refused", "same"]
    """`same`: there is nothing to do."""
    why: str = ""
    """Why it is refused, or what there is to know besides; one sentence."""
    new: Dialogue | None = None
    """The further version that a repair makes, verified."""
    difference: Difference | None = None
    """What a repair changes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The dry run of an act on many dialogues: nothing is done yet."""

    kind: DecisionKind
    reason: str
    rows: tuple[Planned, ...]
    """In the order of the ids given, each once."""

    @property
    def good(self) -> tuple[Planned, ...]:
        """The dialogues that it would be done to."""
        return tuple(row for row in self.rows if row.outcome == "good")

    def count(self, outcome: str) -> int:
        """How many dialogues have this outcome."""
        return sum(row.outcome == outcome for row in self.rows)


@dataclass(frozen=True, slots=True)
class Done:
    """What a plan came to."""

    act: Act | None
    """None where nothing was left to do."""
    left_out: tuple[Planned, ...]
    """Those of the good ones that have changed since the dry run, with the reason."""


class Bulk:
    """Acts and repairs on lists of dialogues."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def repairs(self) -> tuple[Repair, ...]:
        """The repairs that there are, in the order to offer them."""
        return tuple(REPAIRS.values())

    def plan(self, dialogues: Sequence[str], kind: DecisionKind, reason: str = "") -> Plan:
        """What accepting, rejecting, flagging or reopening would do to each of these; nothing is stored.

        Only what passes every check can be accepted, and what people have decided is decided anew only by reopening.
        DataError if `kind` is none of these.
        """
        check_kind(kind)

        def plan_one(key: str, dialogue: Dialogue, state: ReviewState, last: Decision | None) -> Planned:
            opening = dialogue.turns[0].reply if dialogue.turns else ""
            if state == table.STATE_AFTER[kind]:
                return Planned(key, dialogue.version, opening, "same", f"It is {state} already.")
            why = refusal(kind, state, last)
            if kind == "accept" and not dialogue.passed and not why:
                failed = next((verdict.reason for verdict in dialogue.verdicts if not verdict.passed), "not verified")
                why = f"It fails a check: {failed}."
            return Planned(key, dialogue.version, opening, "refused" if why else "good", why)

        return Plan(kind, reason, self._each(dialogues, plan_one))

    def plan_repair(self, dialogues: Sequence[str], name: str, values: Mapping[str, str] | None = None) -> Plan:
        """What a repair would make of each of these, and which would fail a check then; nothing is stored.

        Good is what the repair changes and what passes then; verifying again is good wherever it gives other verdicts.
        DataError for an unknown repair, or one that lacks a value.
        """
        mend = repair(name, values or {})

        def plan_one(key: str, old: Dialogue, state: ReviewState, _last: Decision | None) -> Planned:
            scenario = old.scenario
            catalog = self._workspace.catalogs.find(scenario.catalog, scenario.catalog_version)
            opening = old.turns[0].reply if old.turns else ""
            new = mend(old, catalog)
            same_words = (new.turns, new.scenario) == (old.turns, old.scenario)
            if same_words and name != REVERIFY:
                return Planned(key, old.version, opening, "same", "There is nothing to mend.")
            fields = new.model_dump() | {"version": old.version + 1, "verdicts": ()}
            new = cascade(Dialogue.model_validate(fields), catalog)
            if same_words and new.verdicts == old.verdicts:
                return Planned(key, old.version, opening, "same", "The verdicts are the same.")
            failed = next((verdict for verdict in new.verdicts if not verdict.passed), None)
            why = f"It would fail a check: {failed.reason}." if failed else _reopened(state)
            good = failed is None or same_words
            return Planned(key, old.version, opening, "good" if good else "refused", why, new, difference(old, new))

        told = ", ".join(f"{field} “{text}”" for field, text in (values or {}).items() if text)
        return Plan(
            "edit", f"{REPAIRS[name].title.lower()}{f': {told}' if told else ''}", self._each(dialogues, plan_one)
        )

    def apply(self, plan: Plan, who: str = "") -> Done:
        """Do the good ones as one act, which one undo takes back; those that changed since the dry run are left out."""
        with self._workspace.database.lock:
            now = table.heads(self._workspace.database, [row.dialogue for row in plan.good])
            last = table.standing(self._workspace.database, list(now))
            barred = self._workspace.gate.refusals(list(now), plan.kind, who)
            steps, left_out = [], []
            for row in plan.good:
                version, state = now.get(row.dialogue, (0, "pending"))
                why = "" if version == row.version else MOVED_ON if version else NOT_HERE
                why = why or barred.get(row.dialogue, "")
                why = why or (refusal(plan.kind, state, last.get(row.dialogue)) if row.new is None else "")
                if why:
                    left_out.append(Planned(row.dialogue, version, row.opening, "refused", why))
                else:
                    steps.append(Step(row.dialogue, row.version, plan.kind, plan.reason, row.new))
            act = self._workspace.acts.perform(steps, who) if steps else None
        return Done(act, tuple(left_out))

    def _each(
        self,
        dialogues: Sequence[str],
        plan_one: Callable[[str, Dialogue, ReviewState, Decision | None], Planned],
    ) -> tuple[Planned, ...]:
        database = self._workspace.database
        planned: list[Planned] = []
        ids = list(dict.fromkeys(dialogues))
        for start in range(0, len(ids), AT_ONCE):
            some = ids[start : start + AT_ONCE]
            heads = table.heads(database, some)
            words = table.versions(database, [(key, version) for key, (version, _) in heads.items()])
            last = table.standing(database, some)
            for key in some:
                if key in words:
                    planned.append(plan_one(key, words[key], heads[key][1], last.get(key)))
                else:
                    planned.append(Planned(key, 0, "", "refused", NOT_HERE))
        return tuple(planned)


def _reopened(state: ReviewState) -> str:
    return "" if state == "pending" else f"It is {state} and would be to review again."

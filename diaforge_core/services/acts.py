"""What people do, one act at a time: an act may be about many dialogues, and is taken back or brought back as one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DataError
from ..records.dialogue import Dialogue
from ..records.review import Decision, DecisionKind
from ..store import decisions as table

if TYPE_CHECKING:
    from .workspace import Workspace

NOBODY = "someone"
"""Who signs where no name was given."""
MAKES_VERSION: tuple[DecisionKind, ...] = ("edit", "restore")
"""Kinds of decision that leave a further version of the dialogue."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an act does to one dialogue."""

    dialogue: str
    version: int
    """The version that it is about."""
    kind: DecisionKind
    reason: str = ""
    new: Dialogue | None = None
    """The further version that it makes."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did at one stroke."""

    decisions: tuple[Decision, ...]
    """At least one; all of one kind, person and moment, each about another dialogue."""

    @property
    def kind(self) -> DecisionKind:
        return self.decisions[0].kind

    @property
    def dialogue(self) -> str:
        """Id of the first dialogue that it is about."""
        return self.decisions[0].dialogue

    def __str__(self) -> str:
        """`reject`, or `reject on 50 dialogues`."""
        return self.kind if len(self.decisions) == 1 else f"{self.kind} on {len(self.decisions)} dialogues"


class Acts:
    """Storing, undoing and redoing what people do."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def perform(self, steps: Sequence[Step], who: str) -> Act:
        """The act, first in the events file and then in the database: what is acknowledged is in both.

        At most one step a dialogue, and at least one; whether they fit its state is for the caller to check,
        under the database's lock. NotAllowed or DataError, and nothing is changed, as `Gate.check` says.
        """
        name, when = uuid.uuid4().hex[:12], dt.datetime.now(dt.UTC)
        decisions = [
            Decision(
                id=name if place == 0 else uuid.uuid4().hex[:12],
                dialogue=step.dialogue,
                version=step.version,
                kind=step.kind,
                reason=step.reason,
                who=who or NOBODY,
                when=when,
                act=name,
            )
            for place, step in enumerate(steps)
        ]
        made = [step.new for step in steps]
        with self._workspace.database.lock:
            self._workspace.gate.check([step.dialogue for step in steps], steps[0].kind, who)
            events = self._workspace.events.act(list(zip(decisions, made, strict=True)))
            with self._workspace.database.write() as cursor:
                numbers = [event.seq for event in events]
                table.apply(cursor, list(zip(numbers, decisions, made, strict=True)))
        return Act(tuple(decisions))

    def undo(self, who: str) -> Act | None:
        """The last act of this person that still stands, now taken back; None if there is none.

        An undone edit leaves a further version with the words from before it. DataError, and nothing is changed, if
        somebody else has since decided or edited one of its dialogues.
        """
        database = self._workspace.database
        with database.lock:
            decisions = table.last_act(database, who or NOBODY)
            if not decisions:
                return None
            last = table.standing(database, [decision.dialogue for decision in decisions])
            for decision in decisions:
                newer = last[decision.dialogue]
                if newer.id != decision.id:
                    raise DataError(_blocked(newer, decision, "taken back"))
            self.perform(self._steps(decisions, "undo", 0), who)
            return Act(tuple(decisions))

    def redo(self, who: str) -> Act | None:
        """The act that this person took back last, now standing again; None if there is none, or a new act came since.

        An edit comes back as a further version. DataError, and nothing is changed, if somebody else has since done
        anything to one of its dialogues.
        """
        database = self._workspace.database
        with database.lock:
            undos = table.last_undo(database, who or NOBODY)
            if not undos:
                return None
            targets = table.by_id(database, [undo.reason for undo in undos])
            decisions = [targets[undo.reason] for undo in undos]
            about = [decision.dialogue for decision in decisions]
            newer = table.others_since(database, about, who or NOBODY, undos[0].id)
            if newer:
                here = next(decision for decision in decisions if decision.dialogue == newer.dialogue)
                raise DataError(_blocked(newer, here, "brought back"))
            self.perform(self._steps(decisions, "redo", 1), who)
            return Act(tuple(decisions))

    def _steps(self, decisions: Sequence[Decision], kind: DecisionKind, further: int) -> list[Step]:
        """A step for each decision that goes back to what stood before it (0) or after it (1)."""
        database = self._workspace.database
        heads = table.heads(database, [decision.dialogue for decision in decisions])
        edits = [(each.dialogue, each.version + further) for each in decisions if each.kind in MAKES_VERSION]
        words = table.versions(database, edits) if edits else {}
        steps = []
        for decision in decisions:
            version = heads[decision.dialogue][0]
            then = words.get(decision.dialogue)
            new = Dialogue.model_validate(then.model_dump() | {"version": version + 1}) if then else None
            steps.append(Step(decision.dialogue, version, kind, decision.id, new))
        return steps


def _blocked(newer: Decision, own: Decision, what: str) -> str:
    return (
        f"{newer.who} has since said '{newer.kind}' on dialogue {newer.dialogue}, so your '{own.kind}' cannot be "
        f"{what}. Open the dialogue and decide it anew."
    )

"""Changing dialogues: what an edit would break, saving it, the history of versions, and going back to one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversation.dialogue_diff import Difference, KeyChange, Piece, TurnChange, difference
from ..conversation.turn_edits import Turns, answering, deleted, inserted, replaced, split, spoken_by
from ..conversation.verifiers import every_fault
from ..errors import DataError
from ..records.dialogue import Dialogue, Speaker, Turn, Verdict
from ..records.review import Decision, DecisionKind
from ..records.scenario import Aim
from .acts import MAKES_VERSION, Step

if TYPE_CHECKING:
    from .workspace import Workspace

__all__ = ["Change", "Difference", "Editing", "KeyChange", "Outcome", "Piece", "TurnChange"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A dialogue as an edit leaves it."""

    dialogue: Dialogue
    """With its verdicts."""
    broken: tuple[Verdict, ...]
    """What fails now and did not before, one a turn and verifier, in reading order; those of no turn at the end."""

    @property
    def broken_turns(self) -> tuple[int, ...]:
        """Indices of the turns that became inconsistent, rising."""
        return tuple(sorted({verdict.turn for verdict in self.broken if verdict.turn is not None}))


@dataclass(frozen=True, slots=True)
class Change:
    """How a version came to be."""

    version: int
    kind: DecisionKind | None
    """None of the first version: it was made and not changed."""
    who: str
    when: dt.datetime | None
    """UTC."""
    why: str


class Editing:
    """Edits of dialogues; each that is saved is a further version."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    # --- steps on the way, nothing stored --------------------------------------------------------------------------

    def insert(self, turns: Sequence[Turn], index: int) -> Turns:
        """The turns with an empty one, of the side whose turn it is, before the one at `index`."""
        return inserted(turns, index, answering(turns, index))

    def delete(self, turns: Sequence[Turn], index: int) -> Turns:
        """The turns without the one at `index`."""
        return deleted(turns, index)

    def split(self, turns: Sequence[Turn], index: int, at: int) -> Turns:
        """The turns with one divided before the character `at` of its words; DataError where a part would be empty."""
        return split(turns, index, at)

    def change_speaker(self, turns: Sequence[Turn], index: int, speaker: Speaker) -> Turns:
        """The turns with one said by somebody else; DataError where it calls a tool."""
        return spoken_by(turns, index, speaker)

    def replace(self, turns: Sequence[Turn], index: int, turn: Turn) -> Turns:
        """The turns with another one at `index`."""
        return replaced(turns, index, turn)

    def check(self, old: Dialogue, turns: Sequence[Turn], aim: Aim | None = None) -> Outcome:
        """What saving these turns, and this aim, would make of `old`; DataError for an aim that cannot be."""
        return self._outcome(old, self._workspace.review.as_edited(old, turns, aim))

    # --- stored ------------------------------------------------------------------------------------------------------

    def save(
        self,
        dialogue_id: str,
        version: int,
        turns: Sequence[Turn],
        aim: Aim | None = None,
        who: str = "",
        why: str = "",
    ) -> Outcome:
        """The outcome of the further version with these turns, and this aim; this person's drafts of it are done with.

        It is stored also where it fails: it can be mended later, or undone. DataError, and the draft stays, if
        `version` is not the newest, or for an aim that cannot be.
        """
        old = self._workspace.review.get(dialogue_id).dialogue
        new = self._workspace.review.edit(dialogue_id, version, turns, who, why, aim)
        self._workspace.drafts.discard(dialogue_id, who)
        return self._outcome(old, new)

    def restore(self, dialogue_id: str, seen: int, version: int, who: str = "") -> Outcome:
        """The outcome of the further version that says what `version` said, verified anew.

        DataError if `seen` is not the newest version, if there is no such version, or if it is what stands.
        """
        with self._workspace.database.lock:
            self._workspace.review.check_version(dialogue_id, seen)
            old = self._workspace.review.get(dialogue_id).dialogue
            then = self._workspace.review.get(dialogue_id, version).dialogue
            if (then.turns, then.scenario) == (old.turns, old.scenario):
                raise DataError(f"Version {version} says what the dialogue says now; there is nothing to restore.")
            back = then.model_copy(update={"version": seen})
            new = self._workspace.review.as_edited(back, then.turns)
            self._workspace.acts.perform([Step(dialogue_id, seen, "restore", f"version {version}", new)], who)
        return self._outcome(old, new)

    # --- history -----------------------------------------------------------------------------------------------------

    def changes(self, dialogue_id: str) -> list[Change]:
        """How every version came to be, the newest first."""
        decisions = self._workspace.review.history(dialogue_id)
        by_id = {decision.id: decision for decision in decisions}
        made = {each.version + 1: each for each in decisions if _makes_version(each, by_id)}
        rows = self._workspace.database.rows(
            "SELECT version FROM dialogues WHERE id = ? ORDER BY version DESC", [dialogue_id]
        )
        return [_change(version, made.get(version), by_id) for (version,) in rows]

    def difference(self, dialogue_id: str, before: int, after: int) -> Difference:
        """What is different between two versions; DataError for one that there is not."""
        review = self._workspace.review
        return difference(review.get(dialogue_id, before).dialogue, review.get(dialogue_id, after).dialogue)

    def compare(self, old: Dialogue, turns: Sequence[Turn], aim: Aim) -> Difference:
        """What is different between a version and what somebody has made of it but not saved."""
        scenario = old.scenario.model_copy(update=aim.model_dump())
        return difference(old, old.model_copy(update={"turns": tuple(turns), "scenario": scenario}))

    def _outcome(self, old: Dialogue, new: Dialogue) -> Outcome:
        """What is broken in `new` and was not in `old`, turns known again by their content."""
        catalog = self._workspace.catalogs.find(new.scenario.catalog, new.scenario.catalog_version)
        turn_of = {turn.after: turn.before for turn in difference(old, new).turns}
        added = {after for after, before in turn_of.items() if before is None}
        was = {(fault.verifier, fault.turn) for fault in every_fault(old, catalog)}
        broken = [
            fault
            for fault in every_fault(new, catalog)
            if fault.turn in added or (fault.verifier, turn_of.get(fault.turn)) not in was
        ]
        return Outcome(new, tuple(sorted(broken, key=lambda fault: (fault.turn is None, fault.turn or 0))))


def _makes_version(decision: Decision, by_id: dict[str, Decision]) -> bool:
    about = by_id.get(decision.reason) if decision.kind in ("undo", "redo") else decision
    return about is not None and about.kind in MAKES_VERSION


def _change(version: int, decision: Decision | None, by_id: dict[str, Decision]) -> Change:
    if decision is None:
        return Change(version, None, "", None, "")
    why = decision.reason
    if decision.kind in ("undo", "redo"):
        about = by_id[decision.reason]
        why = f"{about.kind}{f', {about.reason}' if about.reason else ''}"
    return Change(version, decision.kind, decision.who, decision.when, why)

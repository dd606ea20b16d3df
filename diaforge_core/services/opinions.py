"""Blind judgements by several people, and what follows from them.

A dialogue in the overlap of a queue is not decided by the first who reads it. Each person's judgement is stored as an
*opinion* of theirs on the version that they saw: it changes no state, so the dialogue stays in the queue of the next
person, and nobody is told of it. Once as many people as the queue wants have judged the newest version, either all
agree, and the decision that follows is stored with the last opinion in one line of the events file, signed by all of
them; or they disagree, and the dialogue waits until somebody who may adjudicates it. An edit makes a new version,
which has no opinions yet. While opinions are outstanding a plain decision is refused, whoever makes it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ..errors import DataError
from ..records.note import Note
from ..records.queue import Queue
from ..records.review import Decision, DecisionKind
from ..store import queues as sql

if TYPE_CHECKING:
    from .workspace import Workspace

JUDGEMENTS: tuple[DecisionKind, ...] = ("accept", "reject", "flag")


@dataclass(frozen=True, slots=True)
class Opinion:
    """One person's blind judgement of one version."""

    dialogue: str
    version: int
    kind: DecisionKind
    reason: str
    who: str
    when: dt.datetime
    """UTC."""

    def __str__(self) -> str:
        return f"{self.kind}, judged blind"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A dialogue whose judges do not agree, and that nobody has settled."""

    dialogue: str
    version: int
    opening: str
    opinions: tuple[Opinion, ...]


class Opinions:
    """The opinions of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def give(self, dialogue_id: str, version: int, kind: DecisionKind, reason: str = "", who: str = "") -> Opinion:
        """The stored opinion; the same by the same person again is the one already stored.

        NotAllowed; DataError for a dialogue that no queue wants opinions of, one that has all of them, an old version,
        or a second, other opinion of the same person.
        """
        self._workspace.people.check(who, "decide")
        if kind not in JUDGEMENTS:
            raise DataError(f"'{kind}' is no judgement. Use one of {', '.join(JUDGEMENTS)}.")
        with self._workspace.database.lock:
            given = {opinion.who: opinion for opinion in self._on(dialogue_id, version)}
            if who in given and (given[who].kind, given[who].reason) == (kind, reason):
                return given[who]
            wanted = self._check_wanted(dialogue_id, version, who, given)
            now = dt.datetime.now(dt.UTC)
            opinion = Opinion(dialogue_id, version, kind, reason, who, now)
            everybody = [*given.values(), opinion]
            agreed = len(everybody) >= wanted and len({each.kind for each in everybody}) == 1
            self._workspace.notes.put(_note(opinion), follows=_decision(everybody) if agreed else None)
            self._workspace.leases.release(dialogue_id, who)
            return opinion

    def withdraw(self, who: str) -> Opinion | None:
        """The person's last opinion, taken back; None if there is none that still is to be answered by others."""
        with self._workspace.database.lock:
            last = self.last(who)
            if last is not None:
                now = dt.datetime.now(dt.UTC)
                self._workspace.notes.put(Note.model_validate(_note(last).model_dump() | {"gone": True, "when": now}))
            return last

    def last(self, who: str) -> Opinion | None:
        """The person's newest opinion that can be taken back: others are still to judge, and nothing was decided."""
        notes = self._workspace.notes.standing("opinion", "who = ?", [who])
        return next((_opinion(note) for note in reversed(notes) if self.is_blind(note.dialogue)), None)

    def is_blind(self, dialogue_id: str, who: str = "") -> bool:
        """Whether opinions on a dialogue are outstanding, so that nobody sees what another said of it."""
        wanted = self._workspace.queues.wanted(dialogue_id)
        return wanted > 1 and len(self.on_newest(dialogue_id)) < wanted

    def of(self, dialogue_id: str, who: str) -> list[Opinion]:
        """The opinions on the newest version that a person may see, oldest first: their own, or all once all judged."""
        found = self.on_newest(dialogue_id)
        return [each for each in found if each.who == who] if self.is_blind(dialogue_id, who) else found

    def look(self, dialogue_id: str, who: str) -> list[Opinion]:
        """All opinions on the newest version, whoever is still to judge; NotAllowed to all but adjudicators.

        DataError to an adjudicator who is asked for an opinion too and has not given it.
        """
        self._workspace.people.check(who, "adjudicate")
        found = self.on_newest(dialogue_id)
        asked = {name for queue in self._workspace.queues.sharing(dialogue_id) for name in queue.people}
        if who in asked - {opinion.who for opinion in found}:
            raise DataError("You are asked to judge this dialogue blind yourself. Judge it first, then look.")
        return found

    def refusal(self, dialogue_id: str, who: str) -> str:
        """Why a plain decision of the person's is not stored: it would cut blind judging short, or settle a
        disagreement that is not theirs to settle; empty if it is.
        """
        queues = self._workspace.queues.sharing(dialogue_id)
        wanted = max((queue.opinions for queue in queues), default=1)
        given = len(self.on_newest(dialogue_id))
        if wanted > 1 and given < wanted:
            names = " and ".join(f"'{queue.name}'" for queue in queues)
            return (
                f"Dialogue {dialogue_id} is judged blind by {wanted} people in queue {names}, {given} of them so far. "
                "Judge it there, or archive the queue."
            )
        return self._workspace.people.refusal(who, "adjudicate") if wanted > 1 else ""

    def disagreements(self, queue: Queue) -> list[Disagreement]:
        """The dialogues of a queue that all have judged and that wait to be settled, in the dataset's order."""
        items, values = sql.open_items(queue, self._workspace.leases.moment(""))
        rows = self._workspace.database.rows(
            f"SELECT i.id, d.opening FROM ({items}) i JOIN heads h ON h.dialogue = i.id "
            "JOIN dialogues d ON d.id = i.id AND d.version = h.version "
            "WHERE i.wanted > 1 AND i.opinions >= i.wanted ORDER BY i.position",
            values,
        )
        found = [(key, opening, tuple(self.on_newest(key))) for key, opening in rows]
        return [Disagreement(key, opinions[0].version, opening, opinions) for key, opening, opinions in found]

    def adjudicate(
        self, dialogue_id: str, version: int, kind: DecisionKind, reason: str = "", who: str = ""
    ) -> Decision:
        """The decision that settles a disagreement. NotAllowed; DataError while opinions are outstanding."""
        self._workspace.people.check(who, "adjudicate")
        return self._workspace.review.decide(dialogue_id, version, kind, reason, who)

    def on_newest(self, dialogue_id: str) -> list[Opinion]:
        """The opinions on the newest version, oldest first, for services that show none of it to people."""
        notes = self._workspace.notes.standing(
            "opinion", "dialogue = ? AND version = (SELECT version FROM heads WHERE dialogue = ?)", [dialogue_id] * 2
        )
        return [_opinion(note) for note in notes]

    def all(self, dataset: str) -> list[Opinion]:
        """Every opinion that stands on dialogues of a dataset, blind ones too: for counting, not for showing."""
        notes = self._workspace.notes.standing(
            "opinion", "dialogue IN (SELECT dialogue FROM members WHERE dataset = ?)", [dataset]
        )
        return [_opinion(note) for note in notes]

    def _on(self, dialogue_id: str, version: int) -> list[Opinion]:
        notes = self._workspace.notes.standing("opinion", "dialogue = ? AND version = ?", [dialogue_id, version])
        return [_opinion(note) for note in notes]

    def _check_wanted(self, dialogue_id: str, version: int, who: str, given: dict[str, Opinion]) -> int:
        """How many opinions are wanted; DataError if this person's is not one of them."""
        held = self._workspace.leases.refusal(dialogue_id, who)
        if held:
            raise DataError(held)
        newest = self._workspace.review.get(dialogue_id).dialogue.version
        if version != newest:
            raise DataError(
                f"Dialogue {dialogue_id} was changed while you had version {version} open; version {newest} is the "
                "newest. Nothing was stored. Look at it and judge again."
            )
        queues = self._workspace.queues.sharing(dialogue_id)
        wanted = max((queue.opinions for queue in queues), default=1)
        if who in given:
            raise DataError(f"You judged this already: {given[who].kind}. Take that back first to judge anew.")
        if len(given) >= wanted:
            raise DataError(f"Dialogue {dialogue_id} has every judgement it needs. Go on with the next one.")
        if all(queue.people and who not in queue.people for queue in queues):
            raise DataError(f"{who} is not among the people of queue '{queues[0].name}'. Ask an admin to be added.")
        return wanted


def _note(opinion: Opinion) -> Note:
    return Note(
        topic="opinion",
        key=f"{opinion.dialogue}/{opinion.version}/{opinion.who}",
        value=opinion.kind,
        text=opinion.reason,
        dialogue=opinion.dialogue,
        version=opinion.version,
        who=opinion.who,
        when=opinion.when,
    )


def _opinion(note: Note) -> Opinion:
    return Opinion(note.dialogue, note.version, cast(DecisionKind, note.value), note.text, note.who, note.when)


def _decision(agreed: list[Opinion]) -> Decision:
    """The decision that follows when all agree, signed by all."""
    last = agreed[-1]
    return Decision(
        id=uuid.uuid4().hex[:12],
        dialogue=last.dialogue,
        version=last.version,
        kind=last.kind,
        reason="; ".join(dict.fromkeys(each.reason for each in agreed if each.reason)),
        who=" and ".join(each.who for each in agreed),
        when=last.when,
    )

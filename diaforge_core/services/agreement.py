"""How far people agree with each other, and the critic with people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversation.critic import CRITIC
from ..evaluation.agreement import Agreement, Unit, agreement
from ..evaluation.statistics import Interval, wilson
from ..records.dialogue import Dialogue
from ..records.note import Note
from ..records.queue import Queue
from ..store.filters import filtered
from .kept import Kept
from .opinions import Opinion
from .variety import SAME

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class QueueAgreement:
    """How far those who judged a queue's dialogues blind agree."""

    decisions: Agreement
    """On accept, reject or flag, one unit a dialogue."""
    labels: dict[str, Agreement]
    """Label's id → on whether a turn deserves it, one unit a turn; labels that nobody used are left out."""


@dataclass(frozen=True, slots=True)
class Share:
    """How often the critic was right by people's decisions."""

    agreed: int
    n: int
    interval: Interval
    """95 %, Wilson's."""


@dataclass(frozen=True, slots=True)
class CriticRecord:
    """What people decided on dialogues that the critic had judged."""

    passed: Share
    """Of those it passed: accepted."""
    failed: Share
    """Of those it objected to: rejected."""


class Agreements:
    """The agreement within one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kept: Kept[QueueAgreement] = Kept(16)
        self._critics: Kept[CriticRecord] = Kept(16)

    def of(self, id_or_name: str) -> QueueAgreement:
        """The agreement of a queue as it stands; kept until somebody judges or labels. DataError as in `Queues.get`."""
        queue = self._workspace.queues.get(id_or_name)
        stamp = self._workspace.database.rows("SELECT max(seq) FROM notes WHERE topic IN ('opinion', 'label')")
        return self._kept.get((queue.id, queue.filter.model_dump_json(), stamp[0][0]), lambda: self._of(queue))

    def critic(self, dataset: str) -> CriticRecord:
        """The critic's past agreement with people over a dataset's dialogues.

        Only a decision on the very version that the critic read counts; rejecting a duplicate says nothing of it.
        Kept until somebody decides.
        """
        stamp = self._workspace.database.rows("SELECT max(seq) FROM decisions")
        return self._critics.get((dataset, stamp[0][0]), lambda: self._critic(dataset))

    def _critic(self, dataset: str) -> CriticRecord:
        rows = self._workspace.database.rows(
            "SELECT d.body, k.kind FROM decisions k JOIN dialogues d ON d.id = k.dialogue AND d.version = k.version "
            "JOIN members m ON m.dialogue = d.id "
            "WHERE m.dataset = ? AND NOT k.undone AND k.kind IN ('accept', 'reject') "
            "AND NOT contains(k.body, ?) AND contains(d.body, ?) "
            "QUALIFY row_number() OVER (PARTITION BY k.dialogue ORDER BY k.seq DESC) = 1",
            [dataset, f'"reason":"{SAME}', f'"verifier":"{CRITIC}"'],
        )
        said = [(_critics(Dialogue.model_validate_json(body)), kind == "accept") for body, kind in rows]
        return CriticRecord(
            _share([accepted for passed, accepted in said if passed]),
            _share([not accepted for passed, accepted in said if not passed]),
        )

    def _of(self, queue: Queue) -> QueueAgreement:
        opinions = self._judged(queue)
        decisions = [Unit(key[0], {each.who: each.kind for each in given}) for key, given in opinions.items()]
        shared = {key: [each.who for each in given] for key, given in opinions.items() if len(given) > 1}
        put = self._labels(shared)
        labels = {
            label.id: agreement(self._turns(shared, put, label.id))
            for label in self._workspace.labels.all(archived=True)
            if any(note.value == label.id for notes in put.values() for note in notes)
        }
        return QueueAgreement(agreement(decisions), labels)

    def _judged(self, queue: Queue) -> Mapping[tuple[str, int], list[Opinion]]:
        """Dialogue and version → the opinions on it, of the dialogues of the queue in whatever state they are."""
        where, values = filtered(queue.filter, any_state=True)
        inside = {
            row[0] for row in self._workspace.database.rows(f"SELECT m.dialogue FROM members m WHERE {where}", values)
        }
        found: dict[tuple[str, int], list[Opinion]] = defaultdict(list)
        for each in self._workspace.opinions.all(queue.filter.dataset):
            if each.dialogue in inside:
                found[each.dialogue, each.version].append(each)
        return found

    def _labels(self, shared: Mapping[tuple[str, int], Sequence[str]]) -> Mapping[tuple[str, int], list[Note]]:
        """The labels that the judges put on the versions which they judged."""
        found: dict[tuple[str, int], list[Note]] = defaultdict(list)
        ids = sorted({key for key, _ in shared})
        for note in self._workspace.notes.standing("label", "dialogue IN (SELECT unnest(?))", [ids]):
            if note.who in shared.get((note.dialogue, note.version), ()):
                found[note.dialogue, note.version].append(note)
        return found

    def _turns(
        self, shared: Mapping[tuple[str, int], Sequence[str]], put: Mapping[tuple[str, int], list[Note]], label: str
    ) -> list[Unit]:
        """One unit a turn: who put the label on it, and who did not."""
        lengths = self._lengths([key for key, _ in shared])
        units = []
        for key, people in shared.items():
            on = {(note.turn, note.who) for note in put.get(key, ()) if note.value == label}
            for turn in range(lengths[key]):
                units.append(Unit(key[0], {who: "yes" if (turn, who) in on else "no" for who in people}))
        return units

    def _lengths(self, ids: Sequence[str]) -> dict[tuple[str, int], int]:
        rows = self._workspace.database.rows(
            "SELECT id, version, turns FROM dialogues WHERE id IN (SELECT unnest(?))", [list(ids)]
        )
        return {(key, version): turns for key, version, turns in rows}


def _critics(dialogue: Dialogue) -> bool:
    return all(verdict.passed for verdict in dialogue.verdicts if verdict.verifier == CRITIC)


def _share(right: Sequence[bool]) -> Share:
    return Share(sum(right), len(right), wilson(sum(right), len(right)))

"""Queues: dialogues that several people work through, each served to one of them, or to several blind.

A queue is a filter that stays alive: what is generated later and meets it is served too. What a person gets next is
found and leased in one transaction, so that no two people are given the same dialogue.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import CatalogError, DataError
from ..records.note import Note
from ..records.queue import Filter, Queue
from ..records.review import Decision, DecisionKind, ReviewState
from ..store import queues as sql
from ..store.filters import filtered
from .acts import Act
from .opinions import Opinion

if TYPE_CHECKING:
    from .workspace import Workspace


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a queue is; total = done + left + disputed."""

    total: int
    done: int
    """Decided since the queue was made."""
    left: int
    """Lack a judgement, held ones included."""
    disputed: int
    """Judged by all who were asked, who disagree."""
    yours: int
    """Of those left, the ones that this person could judge, held by others or not."""
    held: dict[str, int]
    """Person → dialogues of this queue before them now, most first."""
    by_person: dict[str, int]
    """Person → dialogues they judged since the queue was made, most first."""

    def __str__(self) -> str:
        """One sentence for somebody who gets nothing."""
        if not self.yours:
            return f"Nothing is left for you: {self.done} of {self.total} are decided, {self.left} wait for others."
        held = ", ".join(f"{name} {number}" for name, number in self.held.items())
        return f"{self.yours} left, all held: {held}."


class Queues:
    """The queues of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def all(self, *, archived: bool = False) -> list[Queue]:
        """The queues, oldest first; with `archived` those put away too."""
        found = [Queue.model_validate_json(note.text) for note in self._workspace.notes.known("queue")]
        ordered = sorted(found, key=lambda queue: (queue.created, queue.name))
        return [queue for queue in ordered if archived or not queue.archived]

    def get(self, id_or_name: str) -> Queue:
        """One queue; DataError with the names there are if it is not here."""
        known = self.all(archived=True)
        found = [queue for queue in known if id_or_name in (queue.id, queue.name)]
        if not found:
            names = ", ".join(queue.name for queue in known) or "none yet"
            raise DataError(f"There is no queue '{id_or_name}' in this workspace (there: {names}).")
        return found[0]

    def make(self, name: str, filter: Filter, *, who: str = "", **parts: Any) -> Queue:
        """The new queue; `parts` are fields of `Queue`. NotAllowed; DataError for what cannot be, or a taken name."""
        self._workspace.datasets.check(filter.dataset)
        now = dt.datetime.now(dt.UTC)
        return self._put({"id": uuid.uuid4().hex[:12], "name": name, "filter": filter, "created": now} | parts, who)

    def change(self, id_or_name: str, *, who: str = "", **parts: Any) -> Queue:
        """The queue with these fields changed; what was judged in it stays. Errors as in `make` and `get`."""
        return self._put(self.get(id_or_name).model_dump() | parts, who)

    def next_for(self, id_or_name: str, who: str) -> str | None:
        """The dialogue that a person gets, leased to them: the one they have, else the first that is free.

        None if there is nothing for them now; `progress` says why. NotAllowed to those who may not decide, DataError
        to those whom the queue does not serve.
        """
        self._workspace.people.check(who, "decide")
        queue = self.get(id_or_name)
        self._check_serves(queue, who)
        with self._workspace.database.write("leases") as cursor:
            query, values = sql.next_item(queue, self._workspace.leases.moment(who), self._effects(queue))
            found = cursor.execute(query, values).fetchall()
            if not found:
                return None
            self._workspace.leases.grant(cursor, found[0][0], who, queue.id)
            return found[0][0]

    def skip(self, id_or_name: str, dialogue_id: str, who: str) -> None:
        """Give a dialogue back unjudged; this person gets it again when nothing else is left."""
        queue = self.get(id_or_name)
        with self._workspace.database.write() as cursor:
            cursor.execute("DELETE FROM leases WHERE dialogue = ? AND who = ?", [dialogue_id, who])
            cursor.execute(
                "INSERT OR REPLACE INTO skips VALUES (?, ?, ?, ?)",
                [queue.id, dialogue_id, who, dt.datetime.now(dt.UTC).replace(tzinfo=None)],
            )

    def decide(
        self,
        dialogue_id: str,
        version: int,
        kind: DecisionKind,
        reason: str = "",
        who: str = "",
        seen: ReviewState | None = None,
    ) -> Decision | Opinion:
        """What was stored: an opinion where a queue wants several blind ones, else the decision.

        Errors as in `Review.decide` and `Opinions.give`.
        """
        with self._workspace.database.lock:
            if self._workspace.opinions.is_blind(dialogue_id) or self._repeats(dialogue_id, version, who):
                return self._workspace.opinions.give(dialogue_id, version, kind, reason, who)
            decision = self._workspace.review.decide(dialogue_id, version, kind, reason, who, seen)
            self._workspace.leases.release(dialogue_id, who)
            return decision

    def undo(self, who: str) -> Act | Opinion | None:
        """The person's last act or unanswered opinion, whichever is newer, taken back; None for neither."""
        with self._workspace.database.lock:
            opinion = self._workspace.opinions.last(who)
            newest = self._workspace.database.rows(
                "SELECT max(moment) FROM decisions WHERE who = ? AND NOT undone AND kind NOT IN ('undo', 'redo')", [who]
            )[0][0]
            if opinion and (newest is None or newest.replace(tzinfo=dt.UTC) <= opinion.when):
                return self._workspace.opinions.withdraw(who)
            return self._workspace.review.undo(who)

    def progress(self, id_or_name: str, who: str = "") -> Progress:
        """How far the queue is, and what is in it for this person."""
        queue = self.get(id_or_name)
        items, values = sql.open_items(queue, self._workspace.leases.moment(who))
        disputed, left, yours = self._workspace.database.rows(
            "SELECT count(*) FILTER (wanted > 1 AND opinions >= wanted), "
            "count(*) FILTER (opinions < wanted OR wanted = 1), "
            f"count(*) FILTER (opinions < wanted AND NOT mine) FROM ({items})",
            values,
        )[0]
        judged = self._judged(queue)
        done = len({dialogue for dialogue, _, decided in judged if decided})
        held = _counted([holder.who for _, holder in self._workspace.leases.held(queue)])
        by_person = _counted([name for _, name, _ in judged])
        return Progress(done + left + disputed, done, left, disputed, yours, held, by_person)

    def sharing(self, dialogue_id: str) -> list[Queue]:
        """The queues that want several opinions on a dialogue as it stands."""
        return [queue for queue in self.all() if queue.overlap and self._shares(queue, dialogue_id)]

    def wanted(self, dialogue_id: str) -> int:
        """How many people are to judge a dialogue as it stands: 1, or more where a queue wants it judged blind."""
        return max((queue.opinions for queue in self.sharing(dialogue_id)), default=1)

    def shared(self, dialogues: Sequence[str]) -> list[str]:
        """Those of the dialogues that some queue wants several opinions on."""
        queues = [queue for queue in self.all() if queue.overlap]
        return [key for key in dialogues if any(self._shares(queue, key) for queue in queues)]

    def blind(self) -> set[str]:
        """Every dialogue that lacks an opinion which some queue wants."""
        found: set[str] = set()
        for queue in (queue for queue in self.all() if queue.overlap):
            items, values = sql.open_items(queue, self._workspace.leases.moment(""))
            rows = self._workspace.database.rows(
                f"SELECT id FROM ({items}) WHERE wanted > 1 AND opinions < wanted", values
            )
            found |= {row[0] for row in rows}
        return found

    def _shares(self, queue: Queue, dialogue_id: str) -> bool:
        where, values = filtered(queue.filter)
        query = f"SELECT {sql.wanted(queue)} FROM members m WHERE m.dialogue = ? AND {where} AND {sql.undecided(queue)}"
        rows = self._workspace.database.rows(query, [dialogue_id, *values])
        return bool(rows) and rows[0][0] > 1

    def _repeats(self, dialogue_id: str, version: int, who: str) -> bool:
        """Whether the person judged this version already: a second press must not become a plain decision."""
        return any(
            each.who == who and each.version == version for each in self._workspace.opinions.on_newest(dialogue_id)
        )

    def _judged(self, queue: Queue) -> list[tuple[str, str, bool]]:
        """Dialogue, person and whether it is decided, for every judgement since the queue was made."""
        where, values = filtered(queue.filter, any_state=True)
        query = f"""
WITH inside AS (SELECT m.dialogue AS id, m.state FROM members m WHERE {where}),
said AS (
    SELECT dialogue, who, moment FROM decisions WHERE NOT undone AND kind IN ('accept', 'reject', 'flag')
        AND seq NOT IN (SELECT seq FROM notes WHERE topic = 'opinion')
    UNION ALL SELECT dialogue, who, moment FROM notes WHERE topic = 'opinion' AND stands)
SELECT DISTINCT i.id, said.who, i.state IN ('accepted', 'rejected', 'flagged')
FROM inside i JOIN said ON said.dialogue = i.id WHERE said.moment >= ?"""
        created = queue.created.astimezone(dt.UTC).replace(tzinfo=None)
        return self._workspace.database.rows(query, [*values, created])

    def _check_serves(self, queue: Queue, who: str) -> None:
        if queue.archived or (queue.people and who not in queue.people):
            why = "is archived" if queue.archived else f"is for {', '.join(queue.people)}"
            raise DataError(f"Queue '{queue.name}' {why}, so it serves nothing to {who}. Choose another one.")

    def _effects(self, queue: Queue) -> Sequence[Sequence[str]]:
        """Names of the tools that destroy and of those that write, where the order asks for them."""
        if queue.order != "riskiest":
            return [], []
        try:
            tools = self._workspace.catalogs.get(self._workspace.datasets.info(queue.filter.dataset).catalog).tools
        except CatalogError:
            return [], []
        return [[tool.name for tool in tools if tool.side_effect == effect] for effect in ("destructive", "write")]

    def _put(self, fields: dict[str, Any], who: str) -> Queue:
        self._workspace.people.check(who, "queues")
        try:
            queue = Queue.model_validate(fields | {"name": str(fields["name"]).strip()[:60]})
        except ValidationError as problem:
            faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in problem.errors()]
            raise DataError("\n".join(["This queue cannot be:", *faults])) from problem
        if not queue.name or any(queue.name == each.name and queue.id != each.id for each in self.all(archived=True)):
            raise DataError(f"A queue cannot be called '{queue.name}': it is taken, or empty. Take another name.")
        now = dt.datetime.now(dt.UTC)
        self._workspace.notes.put(Note(topic="queue", key=queue.id, text=queue.model_dump_json(), who=who, when=now))
        return queue


def _counted(names: Sequence[str]) -> dict[str, int]:
    """Name → how often, most first, then by name."""
    numbers = {name: names.count(name) for name in set(names)}
    return dict(sorted(numbers.items(), key=lambda item: (-item[1], item[0])))

"""What a queue serves, as SQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from ..records.queue import Queue
from .filters import Sql, filtered


@dataclass(frozen=True, slots=True)
class Moment:
    """When and for whom a queue is looked at."""

    who: str
    alive_since: dt.datetime
    """A lease whose last beat is older has expired."""


def wanted(queue: Queue) -> str:
    """How many people judge a dialogue; chosen by its id alone, so that it is the same whenever it is asked."""
    share = "CAST('0x' || md5(m.dialogue)[1:7] AS BIGINT) % 10000"
    return f"CASE WHEN {share} < {queue.overlap * 100} THEN {queue.opinions} ELSE 1 END"


def undecided(queue: Queue) -> str:
    """What a queue can still serve; flagged ones only where it is a queue of those."""
    settled = ["accepted", "rejected", *([] if queue.filter.state == "flagged" else ["flagged"])]
    return f"m.state NOT IN ({', '.join(repr(state) for state in settled)})"


def open_items(queue: Queue, at: Moment) -> Sql:
    """Dialogues that are undecided and lack a judgement, with who holds or judged them, as a query.

    Columns: id, position, decided_at, goal_tool, tier, turns, wanted, opinions, holders (others with a live lease),
    mine (whether this person judged it already), held (whether this person has it).
    """
    where, values = filtered(queue.filter)
    query = f"""
SELECT m.dialogue AS id, m.position, m.decided_at, m.goal_tool, m.tier, m.turns, {wanted(queue)} AS wanted,
    coalesce(o.opinions, 0) AS opinions, coalesce(o.mine, false) AS mine,
    coalesce(l.holders, 0) AS holders, coalesce(l.held, false) AS held
FROM members m
LEFT JOIN (SELECT dialogue, version, count(*) AS opinions, bool_or(who = ?) AS mine
    FROM notes WHERE topic = 'opinion' AND stands GROUP BY dialogue, version) o
    ON o.dialogue = m.dialogue AND o.version = m.version
LEFT JOIN (SELECT dialogue, count(*) FILTER (who <> ?) AS holders, bool_or(who = ?) AS held
    FROM leases WHERE beat >= ? GROUP BY dialogue) l ON l.dialogue = m.dialogue
WHERE {where} AND {undecided(queue)}"""
    return query, [at.who, at.who, at.who, at.alive_since, *values]


def next_item(queue: Queue, at: Moment, effects: Sequence[Sequence[str]]) -> Sql:
    """The query for the one dialogue that a person gets now: what they hold, else the first that is free.

    `effects` are the names of the tools that destroy and of those that write, for the riskiest first. What the person
    skipped comes last, the longest ago first.
    """
    items, values = open_items(queue, at)
    order, more = ordered(queue, effects)
    query = f"""
SELECT i.id FROM ({items}) i LEFT JOIN skips s ON s.dialogue = i.id AND s.queue = ? AND s.who = ?
WHERE NOT i.mine AND i.opinions + i.holders < i.wanted
ORDER BY NOT i.held, s.moment NULLS FIRST, {order}, i.position LIMIT 1"""
    return query, [*values, queue.id, at.who, *more]


def ordered(queue: Queue, effects: Sequence[Sequence[str]]) -> Sql:
    """The ORDER BY of a queue's own order."""
    if queue.order == "random":
        return "md5(? || i.id)", [str(queue.seed)]
    if queue.order == "oldest_decision":
        return "i.decided_at NULLS LAST", []
    if queue.order == "riskiest":
        destroys, writes = effects
        harm = "CASE WHEN list_contains(?, i.goal_tool) THEN 0 WHEN list_contains(?, i.goal_tool) THEN 1 ELSE 2 END"
        tier = "list_position(['expert', 'hard', 'medium', 'baseline'], i.tier)"
        return f"{harm}, {tier}, i.turns DESC", [list(destroys), list(writes)]
    return "i.position", []

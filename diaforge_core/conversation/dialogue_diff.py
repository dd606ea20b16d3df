"""What is different between two versions of a dialogue: turns by content, text by words, arguments by key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any, Literal

from rapidfuzz import fuzz

from ..records.base import canonical_json
from ..records.dialogue import Dialogue, Turn

ALIKE = 0.5
"""Likeness of two turns from which on one is taken for the other, changed."""
COMPARED = 2_000
"""Characters of a turn that are looked at to find its like."""
MOST_PAIRS = 250_000
"""Pairs of words, or of turns, that are weighed; a longer part is taken as replaced as a whole."""
_WORD = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")

Kind = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; the old text is all that is `same` or `gone`, the new one all that is `same` or `new`."""

    kind: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class KeyChange:
    """One value that is not what it was."""

    path: str
    """Dotted, such as `address.city`."""
    kind: Kind
    old: Any = None
    """None where it was added; `kind` tells that from a null."""
    new: Any = None


@dataclass(frozen=True, slots=True)
class TurnChange:
    """One turn of either version."""

    kind: Kind
    before: int | None
    """Index in the older version; None for an added turn."""
    after: int | None
    """Index in the newer version; None for a removed turn."""
    reply: tuple[Piece, ...] = ()
    thought: tuple[Piece, ...] = ()
    keys: tuple[KeyChange, ...] = ()
    """What is different besides text: `speaker`, `call` (the tool), and the arguments by their paths."""


@dataclass(frozen=True, slots=True)
class Difference:
    """All that is different between two versions."""

    turns: tuple[TurnChange, ...]
    """Every turn of either, in reading order."""
    goal: tuple[Piece, ...] = ()
    """The goal in business words; empty where it is the same."""
    keys: tuple[KeyChange, ...] = ()
    """`goal tool`, `candidate` for each that came or went, and the gold arguments as `gold.PATH`."""

    @property
    def is_none(self) -> bool:
        """Whether the two say the same."""
        return not (self.goal or self.keys or any(turn.kind != "same" for turn in self.turns))


def difference(old: Dialogue, new: Dialogue) -> Difference:
    """What is different from `old` to `new`; verdicts, costs and notes are not compared."""
    pairs = align(old.turns, new.turns)
    was, now = old.scenario, new.scenario
    keys = [*_one("goal tool", was.goal_tool, now.goal_tool)]
    keys += [KeyChange("candidate", "removed", old=name) for name in was.candidates if name not in now.candidates]
    keys += [KeyChange("candidate", "added", new=name) for name in now.candidates if name not in was.candidates]
    if set(was.candidates) == set(now.candidates):
        keys += _one("candidates' order", list(was.candidates), list(now.candidates))
    keys += changed_keys(was.gold_arguments, now.gold_arguments, "gold.")
    return Difference(
        tuple(_turn_change(old.turns, new.turns, before, after) for before, after in pairs),
        words_between(was.goal, now.goal) if was.goal != now.goal else (),
        tuple(keys),
    )


def words_between(old: str, new: str) -> tuple[Piece, ...]:
    """The pieces that lead from one text to the other, by words and signs; each goes with the spaces after it."""
    a, b = _WORD.findall(old), _WORD.findall(new)
    pieces: list[Piece] = []
    for kind, a_from, a_to, b_from, b_to in _blocks(a, b):
        if kind == "equal":
            pieces.append(Piece("same", "".join(a[a_from:a_to])))
            continue
        if a_from < a_to:
            pieces.append(Piece("gone", "".join(a[a_from:a_to])))
        if b_from < b_to:
            pieces.append(Piece("new", "".join(b[b_from:b_to])))
    return tuple(pieces)


def changed_keys(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[KeyChange]:
    """Every leaf that came, went or changed, by dotted path, in the order of the old ones; a list is one leaf."""
    a, b = dict(leaves(old, prefix)), dict(leaves(new, prefix))
    found: list[KeyChange] = []
    for path in dict.fromkeys([*a, *b]):
        if path not in b:
            found.append(KeyChange(path, "removed", old=a[path]))
        elif path not in a:
            found.append(KeyChange(path, "added", new=b[path]))
        elif not _same(a[path], b[path]):
            found.append(KeyChange(path, "changed", a[path], b[path]))
    return found


def leaves(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and value of every leaf of nested objects; lists and empty objects are leaves."""
    for key, each in value.items():
        if isinstance(each, Mapping) and each:
            yield from leaves(each, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", each


# --- which turn became which -----------------------------------------------------------------------------------------


def align(old: Sequence[Turn], new: Sequence[Turn]) -> list[tuple[int | None, int | None]]:
    """Every index of either as a pair, None where the turn has no like; both sides rise.

    Equal turns at both ends are matched first, then those in between so that the likeness of all pairs is greatest;
    what then stands in the same gap on the same side is taken for a turn that was rewritten.
    """
    start, end = _ends([_said(turn) for turn in old], [_said(turn) for turn in new])
    old_to, new_to = len(old) - end, len(new) - end
    matched = [(index, index) for index in range(start)]
    matched += [(start + a, start + b) for a, b in _likest(old[start:old_to], new[start:new_to])]
    matched += [(old_to + step, new_to + step) for step in range(end)]
    pairs: list[tuple[int | None, int | None]] = []
    a_from = b_from = 0
    for a, b in [*matched, (len(old), len(new))]:
        pairs += _gap(old, new, range(a_from, a), range(b_from, b))
        pairs.append((a, b))
        a_from, b_from = a + 1, b + 1
    return pairs[:-1]


def _likest(old: Sequence[Turn], new: Sequence[Turn]) -> list[tuple[int, int]]:
    """The rising pairs of like turns with the greatest sum of likeness."""
    if len(old) * len(new) > MOST_PAIRS:
        return []
    texts = [_compared(turn) for turn in old], [_compared(turn) for turn in new]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    like = [[_likeness(old[a], new[b], texts[0][a], texts[1][b]) for b in range(len(new))] for a in range(len(old))]
    for a in reversed(range(len(old))):
        for b in reversed(range(len(new))):
            best[a][b] = max(best[a + 1][b], best[a][b + 1], like[a][b] + best[a + 1][b + 1] if like[a][b] else 0.0)
    pairs, a, b = [], 0, 0
    while a < len(old) and b < len(new):
        if like[a][b] and best[a][b] == like[a][b] + best[a + 1][b + 1]:
            pairs.append((a, b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return pairs


def _likeness(a: Turn, b: Turn, a_text: str, b_text: str) -> float:
    """How alike two turns are, 0 where they are not taken for one; words that changed sides count a little less."""
    found = fuzz.ratio(a_text, b_text, score_cutoff=100 * ALIKE) / 100
    return found if a.speaker == b.speaker else found * 0.9


def _gap(old: Sequence[Turn], new: Sequence[Turn], gone: range, come: range) -> Iterator[tuple[int | None, int | None]]:
    """What stands between two matches: turns of one speaker in pairs, in order; the others alone."""
    left = list(gone)
    for b in come:
        a = next((a for a in left if old[a].speaker == new[b].speaker), None)
        if a is None:
            yield None, b
            continue
        yield from ((skipped, None) for skipped in left[: left.index(a)])
        del left[: left.index(a) + 1]
        yield a, b
    yield from ((a, None) for a in left)


def _turn_change(old: Sequence[Turn], new: Sequence[Turn], before: int | None, after: int | None) -> TurnChange:
    a = old[before] if before is not None else None
    b = new[after] if after is not None else None
    if a is not None and b is not None and _said(a) == _said(b):
        return TurnChange("same", before, after)
    kind: Kind = "added" if a is None else "removed" if b is None else "changed"
    text = partial(_text_change, a, b)
    return TurnChange(kind, before, after, text("reply"), text("thought"), tuple(_key_changes(a, b)))


def _text_change(a: Turn | None, b: Turn | None, field: str) -> tuple[Piece, ...]:
    """The pieces of a text of the turns; empty where it is the same."""
    old, new = (str(getattr(turn, field)) if turn else "" for turn in (a, b))
    return words_between(old, new) if old != new else ()


def _key_changes(a: Turn | None, b: Turn | None) -> list[KeyChange]:
    """Who speaks, which tool is called, and its arguments."""
    calls = [turn.call if turn else None for turn in (a, b)]
    was, now = ({"call": call.name} if call else {} for call in calls)
    old, new = (call.arguments if call else {} for call in calls)
    speaker = _one("speaker", a.speaker, b.speaker) if a and b else []
    return [*speaker, *changed_keys(was, now), *changed_keys(old, new)]


def _said(turn: Turn) -> tuple[str, ...]:
    call = canonical_json(turn.call.model_dump(mode="json")) if turn.call else ""
    return turn.speaker, turn.thought, turn.reply, call


def _compared(turn: Turn) -> str:
    """The text by which a turn is known again."""
    call = canonical_json(turn.call.model_dump(mode="json")) if turn.call else ""
    return f"{turn.reply[:COMPARED]}\n{call[:COMPARED]}\n{turn.thought[:COMPARED]}"


# --- sequences -------------------------------------------------------------------------------------------------------


def _blocks(a: list[str], b: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """The blocks of `difflib`, equal ends cut off first, and what is too long between them as one replacement."""
    start, end = _ends(a, b)
    a_to, b_to = len(a) - end, len(b) - end
    if start:
        yield "equal", 0, start, 0, start
    if (a_to - start) * (b_to - start) > MOST_PAIRS:
        yield "replace", start, a_to, start, b_to
    else:
        matcher = difflib.SequenceMatcher(None, a[start:a_to], b[start:b_to], autojunk=False)
        for kind, a_from, a_end, b_from, b_end in matcher.get_opcodes():
            yield kind, start + a_from, start + a_end, start + b_from, start + b_end
    if end:
        yield "equal", a_to, len(a), b_to, len(b)


def _ends(a: Sequence[Any], b: Sequence[Any]) -> tuple[int, int]:
    """How many items are equal at the start, and how many of the rest at the end."""
    start = next((n for n, (x, y) in enumerate(zip_longest(a, b)) if x != y), len(a))
    rest = zip(reversed(a[start:]), reversed(b[start:]), strict=False)
    end = next((n for n, (x, y) in enumerate(rest) if x != y), min(len(a), len(b)) - start)
    return start, end


def _one(path: str, old: Any, new: Any) -> list[KeyChange]:
    return [] if old == new else [KeyChange(path, "changed", old, new)]


def _same(a: Any, b: Any) -> bool:
    return canonical_json(a) == canonical_json(b)

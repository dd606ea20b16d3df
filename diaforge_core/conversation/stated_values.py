"""Which values a user turn states, by its words and the tool's schema: "the account ID is 12", "use 12 as the one"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

from ..catalog.leaves import Leaf, is_object, leaves
from ..catalog.words import by_identity, word_set
from ..records.scenario import Bank
from ..records.tool import Tool
from .labels import label_pattern, leaf_named
from .spoken_values import heard, kinds
from .understanding import Asked
from .wording import expansions

_REMEMBERED = 64
"""Turns kept for one tool: those of the conversations that are going on at the same time."""
_STARTERS = word_set(
    "the a an and also for our my your its their his her this that with as but or so then is new old correct right "
    "actually about use set change make update meanwhile oh sorry no yes sure to in on of plus under wrong"
)
"""Words that a label may follow; after any other it is part of something else, such as "legal" in "legal name"."""
_COPULA = re.compile(
    r"\s*(?:\((?!\s)[^)]{0,40}\)\s*)?"
    r"(?:\s+(?:I\s+(?:have|got|was\s+given)|we\s+(?:have|use)|you'll\s+need|in\s+question|here|for\s+(?:this|that|it)"
    r"|on\s+(?:file|record|my\s+(?:screen|list|side)|our\s+side)))?"
    r"(?:(?::|=|->|→)\s*(?:it'?s\s+)?|,?\s+(?:should\s+be|would\s+be|should\s+read|reads|goes\s+in\s+as"
    r"|will\s+be|can\s+be|must\s+be"
    r"|has\s+to\s+be|needs?\s+to\s+be|is\s+to\s+be|are\s+to\s+be|is\s+now|to\s+be|goes\s+as|set\s+to"
    r"|is|are|was|were|it'?s|it\s+is"
    r"|that'?s|that\s+is|they'?re|they\s+are|please\s+use|use|please\s+put|put|make\s+it|go\s+with"
    r"|we\s+have|I\s+have|take|enter)"
    r"\s*:?\s+(?:(?:set\s+to|going\s+to\s+be|actually|now|still|simply|just)\s+)?)",
    re.IGNORECASE,
)
_ADJACENT = re.compile(r"\s+(?=[\"“«]|(?=[^\s,;]*\d)[^\s,;]+)")
"""A value right behind its label, without a verb: only if it is quoted or holds a digit."""
_FLAG = re.compile(r",?\s+(?=(?:yes|no|on|off)\b)", re.IGNORECASE)
"""The same for a yes or no."""
_WORD_BEFORE = re.compile(r"([\w'’]+)\s*\Z")
_JOINT = re.compile(r"\s+(?:is|as|for|under)\s+(?:the|our|my)\s+\Z", re.IGNORECASE)
"""What stands between a value and its label where the value comes first."""
_TOKEN_BEFORE = re.compile(r"(?:\"[^\"]*\"|“[^”]*”|(?=[^\s,;\"“”]*\d)[^\s,;:\"“”]+)\Z")
_AFTER_FLIPPED = re.compile(r"\s*(?:[.,;!?)]|\Z|\s(?:and|plus|but|then|with|while|please|thanks|here)\b|\s[-–—])")
_BEFORE_NEXT = re.compile(
    r"(?:[,;.]?\s*\b(?:and|also|plus|for|as|with|the|our|my|your|its|their|a|an|actually|then|oh|use|put|take"
    r"|by\s+the\s+way|in\s+addition|furthermore)\b"
    r"|[,;.])*\s*$",
    re.IGNORECASE,
)
_GIVING = re.compile(
    r"^(?:(?:[^.:!?]{0,40}[:!.?]\s+))?(?:(?:sure|okay|ok|right|yes|yep|well|ah|oh|thanks|certainly"
    r"|of course|naturally)[,.!]\s+)*"
    r"(?:(?:it'?s|it is|it would be|that'?s|that is|that would be|that will be|it should be|should be"
    r"|make it|use|just use"
    r"|please use|put|take|set it to|i'?d say|let'?s say|let'?s use|go with)\s+)?",
    re.IGNORECASE,
)
_PLAIN_GIVING = re.compile(
    r"(?:(?:it'?s|it is|that'?s|that is|that would be|that will be|it should be|make it|use|please use|put"
    r"|go with)\s+)?",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|“[^”]*”")
_NO_VALUE = re.compile(
    r"(?:yes|yep|no|nope|none|neither|i|i'm|i'd|sorry|hm|what|why|how|not|that|you|can|could|as i"
    r"|the (?:first|second|third|"
    r"fourth|fifth|sixth|last)|first things|before that)\b",
    re.IGNORECASE,
)
"""How words begin that are no value said by itself."""

_DEFERS = re.compile(
    r"\blook(?:ing)?\b.{0,60}?\bup\b|\bfind(?:ing)? (?:that |it |them )?out\b|\b(?:don't|do not"
    r"|haven't|have not)\b.{0,60}?\b(?:yet|at hand"
    r"|in front of me|handy|with me|ready)\b|\blet me check\b|\bget back to you\b"
    r"|\bneed(?:s)? to check\b|\bwill follow\b"
    r"|\bstill (?:have|need|waiting)\b.{0,20}\b(?:find|check|ask|for)\b|\bask (?:a colleague|around"
    r"|my)\b|\bnot sure yet\b|\bchecking\b"
    r"|\bhave to dig\b|\bto be (?:supplied|provided) (?:later|shortly)\b",
    re.IGNORECASE,
)
_DECLINES = re.compile(
    r"\bno (?:particular )?preference\b|\bleave\b.{0,60}?\b(?:out|blank|empty|open|aside)\b"
    r"|\bleft (?:out|blank|empty|open)\b|\bdon't need\b"
    r"|\bnot needed\b|\bskip\b|\bnothing (?:for|on)\b|\bdoesn't matter\b|\bwithout\b|\bomit(?:ted)?\b"
    r"|\bdon't have (?:one|any|that)\b"
    r"|\bdon't care\b|\bno need\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Stated:
    """What one user turn states of one tool's values."""

    values: tuple[tuple[str, Any, int, int], ...]
    """Dotted path, value, start and end in the reply, in the order of the words."""
    spans: tuple[tuple[int, int], ...]
    """Where labels and values stand, so that the rest can be read for other things."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A label in the words, with where its value begins, or the whole value where that stands before it."""

    leaf: Leaf
    label: int
    value: int
    before: tuple[Any, int] | None = None
    """The value that stands before the label, and where it ends."""

    @property
    def start(self) -> int:
        """Where its words begin."""
        return min(self.label, self.value)


@dataclass(frozen=True, slots=True)
class _Found:
    """A value in the words."""

    path: str
    value: Any
    start: int
    end: int
    span: tuple[int, int]
    """Where it stands together with its label."""


def _names(reply: str, tool: Tool) -> list[_Named]:
    """Each label of the tool that a value follows, or stands before, in the order of the words."""
    found: list[_Named] = []
    for label in label_pattern(tool).finditer(reply):
        leaf = leaf_named(tool, label[0])
        before = _WORD_BEFORE.search(reply, max(0, label.start() - 24), label.start())
        if before and before[1].lower() not in _STARTERS:
            continue
        copula = _COPULA.match(reply, label.end()) or _adjacent(leaf).match(reply, label.end())
        if copula and copula.end() < len(reply):
            found.append(_Named(leaf, label.start(), copula.end()))
        elif before and _AFTER_FLIPPED.match(reply, label.end()):
            found.extend(_flipped(reply, leaf, label.start(), label.end()))
    return found


def _adjacent(leaf: Leaf) -> re.Pattern[str]:
    return _FLAG if "boolean" in kinds(leaf.schema) else _ADJACENT


def _flipped(reply: str, leaf: Leaf, label: int, label_end: int) -> Iterator[_Named]:
    """A value that stands before its label: "use 12 as the account ID"; it is quoted or one word with a digit."""
    joint = _JOINT.search(reply, max(0, label - 16), label)
    said = _TOKEN_BEFORE.search(reply[max(0, joint.start() - 240) : joint.start()]) if joint else None
    value = heard(leaf.schema, said[0]) if said else None
    if joint and said and value and value[1] == len(said[0]):
        yield _Named(leaf, label_end, joint.start() - len(said[0]), (value[0], joint.start()))


def _labelled(reply: str, tool: Tool) -> Iterator[_Found]:
    """Each value that is stated with its label, in the order of the words."""
    names = _names(reply, tool)
    done = 0
    for place, named in enumerate(names):
        if named.start < done:
            continue
        if named.before:
            value, end = named.before
            done = named.label
        else:
            heard_here = _heard_behind(reply, named, names[place + 1 :])
            if heard_here is None:
                continue
            value, end = heard_here[0], named.value + heard_here[1]
            done = end
        yield _Found(named.leaf.path, value, named.value, end, (named.start, max(named.label, end)))


def _heard_behind(reply: str, named: _Named, later: Sequence[_Named]) -> tuple[Any, int] | None:
    """The value that begins behind a label, read no further than to where the next one is named."""
    stop = len(reply)
    if reply[named.value] not in "\"“«'[{" or "array" in kinds(named.leaf.schema):
        quoted = [found.span() for found in _QUOTED.finditer(reply, named.value)]
        starts = (other.start for other in later if other.start > named.value)
        following = next((at for at in starts if not any(a < at < b for a, b in quoted)), None)
        if following is not None:
            stop = named.value + len(_BEFORE_NEXT.sub("", reply[named.value : following]))
    return heard(named.leaf.schema, reply[named.value : stop]) if stop > named.value else None


def _bare(reply: str, tool: Tool, asked: Sequence[str]) -> Iterator[_Found]:
    """The one value that was asked for, said without its label."""
    wanted = [leaf for leaf in leaves(tool) if leaf.keys == (asked[0],)]
    if len(wanted) != 1 or is_object(wanted[0].schema):
        return
    led = _lead_ins().match(reply)
    after = led.end() if led else 0
    plain = _PLAIN_GIVING.match(reply, after)
    for lead in dict.fromkeys((plain, _GIVING.match(reply))):
        start = lead.end() if lead else after
        if _NO_VALUE.match(reply[start:]) and "boolean" not in kinds(wanted[0].schema):
            return
        found = heard(wanted[0].schema, reply[start:])
        rest = reply[start + found[1] :] if found else ""
        if found and not re.match(r"\s*,?\s*\w+\s+\w+\s+\w+", rest) and not re.match(r"\s*:", rest):
            end = start + found[1]
            yield _Found(wanted[0].path, found[0], start, end, (start, end))
            return


@lru_cache(maxsize=1)
def _lead_ins() -> re.Pattern[str]:
    """Matches what the banks put before a value."""
    rules = ("give", "impatient", "first_this")
    said = {text for bank in get_args(Bank) for rule in rules for text in expansions(bank, rule)} - {""}
    return re.compile(rf"\s*(?:(?:{'|'.join(map(re.escape, sorted(said, key=len, reverse=True)))})\s+)*", re.IGNORECASE)


@by_identity(4096)
def _memory(tools: Sequence[Tool]) -> dict[tuple[str, tuple[str, ...]], Stated]:
    """Turns already read against this very tool."""
    return {}


def stated(reply: str, tool: Tool, asked: Sequence[str] = ()) -> Stated:
    """What a user turn states of the tool's values; `asked` are the parameters that the turn before asked for."""
    known = _memory((tool,))
    key = (reply, tuple(name for name in asked if name in tool.properties))
    found = known.get(key)
    if found is None:
        # Conversations run in threads, so nothing is looked up again that another may have thrown away.
        if len(known) >= _REMEMBERED:
            known.clear()
        found = known[key] = _stated(reply, tool, key[1])
    return found


def _stated(reply: str, tool: Tool, asked: tuple[str, ...]) -> Stated:
    found = list(_labelled(reply, tool))
    if not found and len(asked) == 1 and not (_DEFERS.search(reply) or _DECLINES.search(reply)):
        found = list(_bare(reply, tool, asked))
    return Stated(
        tuple((value.path, value.value, value.start, value.end) for value in found),
        tuple(value.span for value in found),
    )


def without_values(reply: str, spans: Sequence[tuple[int, int]]) -> str:
    """The reply with stated values and quoted words blanked, so that they are not taken for an answer."""
    characters = list(reply)
    for start, end in [
        *spans,
        *(found.span() for found in re.finditer(r"\"[^\"]*\"|“[^”]*”|\S+@\S+|https?://\S+", reply)),
    ]:
        characters[start:end] = " " * (end - start)
    return "".join(characters)


def put_off(reply: str, asked: Asked, tool: Tool, spans: Sequence[tuple[int, int]]) -> tuple[set[str], set[str]]:
    """Top-level parameters that the reply defers, and those it declines; what it names, else all that was asked."""
    deferred: set[str] = set()
    declined: set[str] = set()
    for sentence in re.split(r"[.;!?](?:\s|$)", without_values(reply, spans)):
        named = {leaf_named(tool, found[0]).keys[0] for found in label_pattern(tool).finditer(sentence)}
        about = named or set(asked.parameters)
        if _DEFERS.search(sentence):
            deferred |= about
        elif _DECLINES.search(sentence):
            declined |= about
    return deferred, declined


def stated_top(tool: Tool, path: str) -> str:
    """The parameter that the value at a dotted path is part of; KeyError if the tool has no such value."""
    return _tops((tool,))[path]


@by_identity(4096)
def _tops(tools: Sequence[Tool]) -> dict[str, str]:
    return {leaf.path: leaf.keys[0] for leaf in leaves(tools[0])}

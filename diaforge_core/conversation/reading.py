"""What a conversation has established: the tools still possible and the values stated, from public words alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, get_args

from ..catalog.arguments import required_for
from ..catalog.leaves import Leaf, is_object, leaves
from ..catalog.profiles import profile
from ..catalog.words import meaning
from ..records.dialogue import Evidence, Turn
from ..records.scenario import Bank
from ..records.tool import Tool
from .spoken_values import heard, kinds
from .understanding import Answers, Asked, answers_of, label_pattern, leaf_named, understand
from .wording import expansions

_UNDERSTOOD_SHARE = 0.5
"""Share of an answer's telling words that a reply must hold to be taken for that answer."""
_CLOSE = 0.02
"""Likeness within which two answers are equally well said."""
_STARTERS = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "also",
        "for",
        "our",
        "my",
        "your",
        "its",
        "their",
        "his",
        "her",
        "this",
        "that",
        "with",
        "as",
        "but",
        "or",
        "so",
        "then",
        "is",
        "new",
        "old",
        "correct",
        "right",
        "actually",
        "about",
        "use",
        "set",
        "change",
        "make",
        "update",
        "meanwhile",
        "oh",
        "sorry",
        "no",
        "yes",
        "sure",
        "to",
        "in",
        "on",
        "of",
    ]
)
"""Words that a label may follow; after any other it is part of something else, such as "legal" in "legal name"."""
_COPULA = re.compile(
    r"\s*(?:\((?!\s)[^)]{0,40}\)\s*)?(?:(?::|=|->|→)\s*(?:it'?s\s+)?|,?\s+(?:should\s+be|would\s+be"
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
_BEFORE_NEXT = re.compile(
    r"(?:[,;.]?\s*\b(?:and|also|for|with|the|our|my|your|its|their|a|an|actually|then|oh"
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
_NONE = re.compile(
    r"\b(?:none|neither)\b|\bnot any of (?:those|these|them)\b|\bnothing (?:you listed|on that list"
    r"|of the sort you)\b",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^\W*(?:\w+[,.:!]\s+)?(?:yes|yep|yeah|yup|correct|right|exactly|sure|i do\b|there is\b|go ahead"
    r"|please (?:do|proceed|go)|confirmed"
    r"|i confirm|that'?s (?:right|correct)|absolutely|indeed|affirmative|ok|okay|proceed|do it|by all means|agreed)",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:\w+[,.:!]\s+)?(?:no|nope|nah|not|i don'?t|i do not|there isn'?t|there is no|negative|wait"
    r"|stop|cancel)\b",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    r"\b(?:no wait|scratch that|hang on|hold on|mixed that up|i mean|correction|strike that|on second thought)\b\W*",
    re.IGNORECASE,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)}|last)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the public words up to one turn establish."""

    open_tools: tuple[str, ...]
    """Names of the tools that still fit, in the order they are shown; empty when the user ruled all out."""
    values: Mapping[str, Evidence]
    """Dotted path → the value last stated for it and where; of the open tools, or of all when none is open."""
    asked_parameters: frozenset[str] = frozenset()
    """Top-level parameters that the assistant has asked for."""
    deferred: frozenset[str] = frozenset()
    """Those of them that the user wants to give later, and has not given yet."""
    declined: frozenset[str] = frozenset()
    """Those that the user leaves out."""
    confirmed: bool = False
    """Whether the user said yes to a confirmation."""
    confirmation_asked: bool = False
    asked_facets: frozenset[str] = frozenset()
    """Keys of the separating questions asked so far."""


# --- which tool ------------------------------------------------------------------------------------------------------


def _closest(answers: Answers, said: frozenset[str]) -> set[str]:
    """The answers that the words are most like, as a set: several when equally like, none when like no one."""
    scored = {answer: answers.likeness(answer, said) for answer in answers.words}
    best = max(share for share, _ in scored.values())
    if best < _UNDERSTOOD_SHARE:
        return set()
    near = {answer: weight for answer, (share, weight) in scored.items() if share >= best - _CLOSE}
    widest = max(near.values())
    return {answer for answer, weight in near.items() if weight >= widest - _CLOSE}


def _keep(answers: Answers, chosen: set[str], tools: Sequence[str]) -> list[str]:
    return [name for name in tools if answers.facet.answers.get(name) in chosen or name not in answers.facet.answers]


def _by_ordinal(answers: Answers, asked: Asked, reply: str) -> set[str]:
    found = _ORDINAL.search(reply)
    if not found or not asked.options or asked.facets[:1] != (answers.facet.key,):
        return set()
    place = len(asked.options) - 1 if found[1].lower() == "last" else _ORDINALS.index(found[1].lower())
    return {asked.options[place]} if place < len(asked.options) else set()


def _by_yes_no(answers: Answers, asked: Asked, reply: str) -> set[str]:
    """What a bare yes or no chooses: for a parameter question, or where a single choice was offered."""
    yes, no = bool(_YES.search(reply)), bool(_NO.search(reply))
    if not yes and not no:
        return set()
    if answers.facet.key.startswith("parameter:"):
        return {answer for answer in answers.words if answer.startswith("yes" if yes else "no")}
    if len(asked.options) != 1 or asked.facets[:1] != (answers.facet.key,):
        return set()
    return {answer for answer in answers.words if (answer in asked.options) == yes}


def _after_asking(reply: str, asked: Asked, tools: Sequence[Tool]) -> list[str]:
    """The tools left by the answer to a separating question; all of them when it says nothing about it."""
    names = [tool.name for tool in tools]
    if _NONE.search(reply):
        offered = set(asked.tools) if asked.tools else set(names)
        return [name for name in names if name not in offered]
    said = meaning(reply)
    left = names
    answered = False
    for answers in answers_of(tools):
        if answers.facet.key not in asked.facets:
            continue
        chosen = _by_ordinal(answers, asked, reply)
        if not chosen and not answers.facet.key.startswith("parameter:"):
            chosen = _closest(answers, said)
        chosen = chosen or _by_yes_no(answers, asked, reply)
        kept = [name for name in _keep(answers, chosen, names) if name in left] if chosen else []
        if kept:
            left, answered = kept, True
    further = [tool for tool in tools if tool.name in left]
    return _unasked(reply, further if answered else tools)


def _unasked(words: str, tools: Sequence[Tool]) -> list[str]:
    """The tools that words of the user's own accord fit: by the action and the thing they name, if any."""
    said = meaning(words)
    left = [tool.name for tool in tools]
    actions = {tool.name: meaning(profile(tool).act) for tool in tools}
    things = {tool.name: meaning(profile(tool).resource) for tool in tools}
    for table, whole in ((actions, False), (things, True)):
        common = frozenset.intersection(*table.values())
        mentioned = (frozenset.union(*table.values()) - common) & said
        if not mentioned:
            continue
        fits = [name for name in left if (mentioned <= table[name] if whole else mentioned & table[name])]
        if fits:
            left = fits
    return left


def _without_values(reply: str, spans: Sequence[tuple[int, int]]) -> str:
    """The reply with stated values and quoted words blanked, so that they are not taken for an answer."""
    characters = list(reply)
    for start, end in [
        *spans,
        *(found.span() for found in re.finditer(r"\"[^\"]*\"|“[^”]*”|\S+@\S+|https?://\S+", reply)),
    ]:
        characters[start:end] = " " * (end - start)
    return "".join(characters)


def _narrowed(reply: str, asked: Asked | None, tools: Sequence[Tool], spans: Sequence[tuple[int, int]]) -> list[str]:
    """The tools, of these, that still fit after one user turn."""
    if not tools:
        return []
    words = _without_values(reply, spans)
    changed = [found.end() for found in _CHANGED.finditer(words)]
    if changed and words[changed[-1] :].strip():
        words = words[changed[-1] :]
    if asked and asked.kind == "facet":
        return _after_asking(words, asked, tools)
    if asked and _NONE.search(words):
        return []
    return [tool.name for tool in tools] if len(tools) == 1 else _unasked(words, tools)


# --- which values ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stated:
    """What one user turn states of one tool's values."""

    values: tuple[tuple[str, Any, int, int], ...]
    """Dotted path, value, start and end in the reply, in the order of the words."""
    spans: tuple[tuple[int, int], ...]
    """Where labels and values stand, so that the rest can be read for other things."""


def _label_starts(reply: str, tool: Tool) -> list[tuple[int, int, Leaf]]:
    """Start of the label, start of its value, and the value named, for each label that a value follows."""
    found: list[tuple[int, int, Leaf]] = []
    for label in label_pattern(tool).finditer(reply):
        before = re.search(r"([\w'’]+)\s*$", reply[max(0, label.start() - 24) : label.start()])
        if before and before[1].lower() not in _STARTERS:
            continue
        copula = _COPULA.match(reply, label.end()) or _ADJACENT.match(reply, label.end())
        if copula and copula.end() < len(reply):
            found.append((label.start(), copula.end(), leaf_named(tool, label[0])))
    return found


def _labelled(reply: str, tool: Tool) -> Iterator[tuple[str, Any, int, int, int]]:
    """Path, value, start of the label, start and end of the value, for each value stated with its label."""
    starts = _label_starts(reply, tool)
    done = 0
    for place, (label, value, leaf) in enumerate(starts):
        if label < done:
            continue
        stop = len(reply)
        if reply[value] not in "\"“«'[{" or "array" in kinds(leaf.schema):
            quoted = [found.span() for found in _QUOTED.finditer(reply, value)]
            following = next(
                (at for at, _, _ in starts[place + 1 :] if at > value and not any(a < at < b for a, b in quoted)), None
            )
            if following is not None:
                stop = value + len(_BEFORE_NEXT.sub("", reply[value:following]))
        found = heard(leaf.schema, reply[value:stop]) if stop > value else None
        if found:
            done = value + found[1]
            yield leaf.path, found[0], label, value, done


def _bare(reply: str, tool: Tool, asked: Sequence[str]) -> Iterator[tuple[str, Any, int, int, int]]:
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
            yield wanted[0].path, found[0], start, start, start + found[1]
            return


@lru_cache(maxsize=1)
def _lead_ins() -> re.Pattern[str]:
    """Matches what the banks put before a value."""
    rules = ("give", "impatient", "first_this")
    said = {text for bank in get_args(Bank) for rule in rules for text in expansions(bank, rule)} - {""}
    return re.compile(rf"\s*(?:(?:{'|'.join(map(re.escape, sorted(said, key=len, reverse=True)))})\s+)*", re.IGNORECASE)


@lru_cache(maxsize=16_384)
def _stated(reply: str, tool_id: int, asked: tuple[str, ...]) -> Stated:
    tool = _tools[tool_id]
    found = list(_labelled(reply, tool))
    if not found and len(asked) == 1 and not (_DEFERS.search(reply) or _DECLINES.search(reply)):
        found = list(_bare(reply, tool, asked))
    return Stated(
        tuple((path, value, start, end) for path, value, _, start, end in found),
        tuple((label, end) for _, _, label, _, end in found),
    )


_tools: dict[int, Tool] = {}
"""The tools that turns were read against, by identity; kept so that an identity never comes to mean another tool."""


def stated(reply: str, tool: Tool, asked: Sequence[str] = ()) -> Stated:
    """What a user turn states of the tool's values; `asked` are the parameters that the turn before asked for."""
    if len(_tools) > 50_000:
        _tools.clear()
        _stated.cache_clear()
    _tools[id(tool)] = tool
    return _stated(reply, id(tool), tuple(name for name in asked if name in tool.properties))


def _put_off(reply: str, asked: Asked, tool: Tool, spans: Sequence[tuple[int, int]]) -> tuple[set[str], set[str]]:
    """Top-level parameters that the reply defers, and those it declines; what it names, else all that was asked."""
    deferred: set[str] = set()
    declined: set[str] = set()
    for sentence in re.split(r"[.;!?](?:\s|$)", _without_values(reply, spans)):
        named = {leaf_named(tool, found[0]).keys[0] for found in label_pattern(tool).finditer(sentence)}
        about = named or set(asked.parameters)
        if _DEFERS.search(sentence):
            deferred |= about
        elif _DECLINES.search(sentence):
            declined |= about
    return deferred, declined


# --- the whole -------------------------------------------------------------------------------------------------------


class _Reader:
    """Takes the turns in one after the other."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.tools = tuple(tools)
        self.open = list(self.tools)
        self.said: list[tuple[int, str, Asked | None]] = []
        """Index, words and the question before, of each user turn."""
        self.asked: Asked | None = None
        self.parameters: set[str] = set()
        self.facets: set[str] = set()
        self.deferred: set[str] = set()
        self.declined: set[str] = set()
        self.confirmed = self.confirmation_asked = False

    def take(self, index: int, turn: Turn) -> None:
        if turn.speaker == "assistant" and turn.call is None:
            self._assistant(turn.reply)
        elif turn.speaker == "user":
            self._user(index, turn.reply)

    def _assistant(self, reply: str) -> None:
        self.asked = understand(reply, self.open or self.tools)
        self.parameters |= set(self.asked.parameters)
        self.facets |= set(self.asked.facets)
        self.confirmation_asked |= self.asked.kind == "confirmation"

    def _user(self, index: int, reply: str) -> None:
        asked = self.asked
        before = self.open
        spans = [span for tool in before for span in stated(reply, tool, asked.parameters if asked else ()).spans]
        left = set(_narrowed(reply, asked, before, spans))
        self.open = [tool for tool in before if tool.name in left]
        self.said.append((index, reply, asked))
        if asked and asked.kind == "confirmation":
            self.confirmed = bool(_YES.search(reply)) and not _NO.search(reply)
        if asked and asked.parameters and self.open:
            deferred, declined = _put_off(reply, asked, self.open[0], spans)
            self.deferred |= deferred
            self.declined |= declined
        self.asked = None

    def values(self) -> dict[str, Evidence]:
        found: dict[str, Evidence] = {}
        for index, reply, asked in self.said:
            parameters = asked.parameters if asked and asked.kind == "arguments" else ()
            turn: dict[str, Evidence] = {}
            for tool in self.open or self.tools:
                for path, value, start, end in stated(reply, tool, parameters).values:
                    turn[path] = Evidence(parameter=path, value=value, turn=index, start=start, end=end)
            found.update(turn)
        return found

    def reading(self) -> Reading:
        values = self.values()
        given = {path.split(".")[0] for path in values} | set(values)
        return Reading(
            open_tools=tuple(tool.name for tool in self.open),
            values=values,
            asked_parameters=frozenset(self.parameters),
            deferred=frozenset(self.deferred - given),
            declined=frozenset(self.declined - given),
            confirmed=self.confirmed,
            confirmation_asked=self.confirmation_asked,
            asked_facets=frozenset(self.facets),
        )


def read_each(tools: Sequence[Tool], turns: Sequence[Turn]) -> tuple[Reading, ...]:
    """What is established after each turn, one reading a turn."""
    reader = _Reader(tools)
    found: list[Reading] = []
    for index, turn in enumerate(turns):
        reader.take(index, turn)
        found.append(reader.reading() if turn.speaker == "user" or not found else _after_question(found[-1], reader))
    return tuple(found)


def _after_question(before: Reading, reader: _Reader) -> Reading:
    return replace(
        before,
        asked_parameters=frozenset(reader.parameters),
        confirmation_asked=reader.confirmation_asked,
        asked_facets=frozenset(reader.facets),
    )


def read(tools: Sequence[Tool], turns: Sequence[Turn]) -> Reading:
    """What the conversation so far establishes, from its public words alone; the last statement of a value wins."""
    reader = _Reader(tools)
    for index, turn in enumerate(turns):
        reader.take(index, turn)
    return reader.reading()


def assemble(tool: Tool, values: Mapping[str, Evidence]) -> dict[str, Any]:
    """The arguments of a call from dotted values, nested by the tool's schema; what it does not take is left out."""
    arguments: dict[str, Any] = {}
    for leaf in sorted(leaves(tool), key=lambda leaf: len(leaf.keys)):
        if leaf.path not in values:
            continue
        place: Any = arguments
        for key in leaf.keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                break
        if isinstance(place, dict):
            place[leaf.keys[-1]] = values[leaf.path].value
    ordered = {name: arguments[name] for name in tool.properties if name in arguments}
    return ordered | arguments


def spoken_parts(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted path → value of all in the arguments that is spoken by itself; `assemble` puts it together again."""
    found: dict[str, Any] = {}
    known = {leaf.keys: leaf for leaf in leaves(tool)}

    def walk(value: Any, keys: tuple[str, ...]) -> None:
        leaf = known.get(keys)
        parts = isinstance(value, dict) and value and all((*keys, str(key)) in known for key in value)
        if parts:
            for key, part in value.items():
                walk(part, (*keys, str(key)))
        elif leaf:
            found[leaf.path] = value

    for name, value in arguments.items():
        walk(value, (name,))
    return found


def missing(tool: Tool, values: Mapping[str, Evidence]) -> tuple[str, ...]:
    """Dotted paths that must still be known before the tool can be called with these values, in the schema's order."""
    arguments = assemble(tool, values)
    found: list[str] = []
    for name in required_for(tool, arguments):
        if name not in arguments:
            inner = list(_required_parts(tool, (name,)))
            found.extend(inner or [name])
        elif isinstance(arguments[name], dict) and name not in values:
            found.extend(part for part in _required_parts(tool, (name,)) if part not in values)
    optional = [name for name in arguments if name not in values and name not in required_for(tool, arguments)]
    for name in optional:
        found.extend(part for part in _required_parts(tool, (name,)) if part not in values)
    return tuple(dict.fromkeys(found))


def _required_parts(tool: Tool, keys: tuple[str, ...]) -> Iterator[str]:
    """Paths of the required parts of an object parameter, objects among them taken apart in turn."""
    for leaf in leaves(tool):
        if leaf.keys[:-1] == keys and leaf.required:
            inner = list(_required_parts(tool, leaf.keys)) if is_object(leaf.schema) else []
            yield from inner or [leaf.path]

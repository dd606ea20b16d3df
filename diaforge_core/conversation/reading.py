"""What a conversation has established: the tools still possible and the values stated, from public words alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..catalog.arguments import required_for
from ..catalog.leaves import is_object, leaves
from ..catalog.profiles import profile
from ..catalog.verbs import split_head
from ..catalog.words import meaning
from ..records.dialogue import Evidence, Turn
from ..records.tool import Tool
from .named_choices import Answers, answers_of
from .sentences import ORDINALS
from .stated_values import put_off, stated, without_values
from .understanding import Asked, Ear, by_the_word
from .whereabouts import fitting, without_places

MOST_READ = 10_000
"""Characters of a turn that are read: a page and a half. Reading takes the square of a text without spaces."""
_UNDERSTOOD_SHARE = 0.5
"""Share of an answer's telling words that a reply must hold to be taken for that answer."""
_CLOSE = 0.02
"""Likeness within which two answers are equally well said."""
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
_MYSELF = re.compile(r"\bmyself\b", re.IGNORECASE)
"""How a user says what a question offers "for yourself"."""
_ORDINAL = re.compile(rf"\b({'|'.join(ORDINALS)}|last)\b", re.IGNORECASE)


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


def _ordinal(reply: str, count: int) -> int | None:
    """Which of so many things, counted from 0, the reply picks by its place; past them for a place that there is not.

    None where it names no place.
    """
    found = _ORDINAL.search(reply)
    if not found:
        return None
    return count - 1 if found[1].lower() == "last" else ORDINALS.index(found[1].lower())


def _by_ordinal(answers: Answers, asked: Asked, reply: str) -> set[str]:
    place = _ordinal(reply, len(asked.options))
    if place is None or not asked.options or asked.facets[:1] != (answers.facet.key,):
        return set()
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


def _by_groups(asked: Asked, reply: str, names: Sequence[str]) -> list[str]:
    """The tools that an ordinal, or a bare yes or no, leaves of what was offered in no facet's words."""
    if asked.options or not asked.groups:
        return []
    place = _ordinal(reply, len(asked.groups))
    if place is not None and len(asked.groups) > 1:
        return [name for name in names if place < len(asked.groups) and name in asked.groups[place]]
    if len(asked.groups) > 1 or not (_YES.search(reply) or _NO.search(reply)):
        return []
    return [name for name in names if any(name in group for group in asked.groups) == bool(_YES.search(reply))]


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
    if not answered and (picked := _by_groups(asked, reply, names)):
        return picked
    further = [tool for tool in tools if tool.name in left]
    return _unasked(reply, further if answered else tools)


_OR = re.compile(r"\bor\b", re.IGNORECASE)


def _unasked(words: str, tools: Sequence[Tool]) -> list[str]:
    """The tools that words of the user's own accord fit: by the place, the action and the thing they name, if any.

    Of two things that a person mixes up ("a rate plan or a service") either may be meant. What is called by the very
    words goes before what only has them in a longer name, a message before a message template; so does what they are
    the head of, a task queue before the statistics of one where a queue is spoken of.
    """
    placed = fitting(words, tools)
    words = without_places(words, tools)
    said = meaning(words)
    actions = {tool.name: meaning(profile(tool).act) for tool in tools}
    things = {tool.name: meaning(profile(tool).resource) for tool in tools}
    left = [tool.name for tool in tools if tool.name in placed]
    acted = _telling(actions) & said
    if acted & frozenset.union(*things.values()):
        acted = _telling(actions) & meaning(_without_things(words, tools))
    if acted:
        left = [name for name in left if acted & actions[name]] or left
    named = _telling(things) & said
    if named:
        either = _either(words, things)
        fits = either or {name for name in things if named <= things[name]}
        left = [name for name in left if name in fits] or left
        if either:
            return left
    whole = [name for name in left if things[name] and things[name] <= said]
    heads = {tool.name: _head(tool) for tool in tools}
    return whole or [name for name in left if heads[name] & said] or left


def _head(tool: Tool) -> frozenset[str]:
    """The noun that the thing's name is about: "statistics" of "task queue statistics"."""
    return meaning(" ".join(split_head(profile(tool).resource)[0].split()[-1:]))


def _without_things(words: str, tools: Sequence[Tool]) -> str:
    """The words without the names of things that hold a verb, so that an access list is not taken for listing."""
    named = {profile(tool).resource for tool in tools} - {""}
    for name in sorted(named, key=lambda name: (-len(name), name)):
        *before, last = name.split()
        form = r"\s+".join(map(re.escape, [*before, last]))
        lead = "" if before else r"(?<=\ba )|(?<=\ban )|(?<=\bthe )|(?<=\bour )|(?<=\bmy )|(?<=\bnew )|(?<=\bor )"
        words = re.sub(rf"(?:{lead})\b{form}(?:e?s)?\b" if lead else rf"\b{form}(?:e?s)?\b", " ", words, flags=re.I)
    return words


def _telling(table: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The words that some tools have and others have not."""
    return frozenset.union(*table.values()) - frozenset.intersection(*table.values())


def _either(words: str, things: Mapping[str, frozenset[str]]) -> set[str]:
    """The tools that one of several things named fits; none unless at least two are named, each fitting some tool."""
    parts = _OR.split(words)
    known = frozenset.union(*things.values())
    choices = [named for part in parts if (named := meaning(part) & known)] if len(parts) > 1 else []
    fits = [
        {name for name, thing in things.items() if choice == thing}
        or {name for name, thing in things.items() if choice <= thing}
        for choice in choices
    ]
    return set().union(*fits) if len(fits) > 1 and all(fits) else set()


def takes_back(words: str) -> bool:
    """Whether a user turn takes back what it said before: "no wait", "scratch that"."""
    return _CHANGED.search(words) is not None


def _narrowed(reply: str, asked: Asked | None, tools: Sequence[Tool], spans: Sequence[tuple[int, int]]) -> list[str]:
    """The tools, of these, that still fit after one user turn."""
    if not tools:
        return []
    words = _MYSELF.sub("yourself", without_values(reply, spans))
    changed = [found.end() for found in _CHANGED.finditer(words)]
    after = words[changed[-1] :] if changed else ""
    left = _said_of(after, asked, tools) if after.strip() else []
    # What corrects a value alone says nothing of the tool, so that what stands before it still holds.
    return left if left and len(left) < len(tools) else _said_of(words, asked, tools)


def _said_of(words: str, asked: Asked | None, tools: Sequence[Tool]) -> list[str]:
    """The tools, of these, that still fit after words that nothing takes back."""
    if asked and asked.kind == "facet":
        return _after_asking(words, asked, tools)
    if asked and _NONE.search(words):
        return []
    return [tool.name for tool in tools] if len(tools) == 1 else _unasked(words, tools)


# --- the whole -------------------------------------------------------------------------------------------------------


class _Reader:
    """Takes the turns in one after the other."""

    def __init__(self, tools: Sequence[Tool], ear: Ear) -> None:
        self.tools = tuple(tools)
        self.ear = ear
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
        reply = turn.reply[:MOST_READ]
        if turn.speaker == "assistant" and turn.call is None:
            self._assistant(reply)
        elif turn.speaker == "user":
            self._user(index, reply)

    def _assistant(self, reply: str) -> None:
        self.asked = self.ear(reply, self.open or self.tools, self.tools)
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
            deferred, declined = put_off(reply, asked, self.open[0], spans)
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


def read_each(tools: Sequence[Tool], turns: Sequence[Turn], ear: Ear = by_the_word) -> tuple[Reading, ...]:
    """What is established after each turn, one reading a turn; `ear` takes in what the assistant asks."""
    reader = _Reader(tools, ear)
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


def read(tools: Sequence[Tool], turns: Sequence[Turn], ear: Ear = by_the_word) -> Reading:
    """What the conversation so far establishes, from its public words alone; the last statement of a value wins."""
    reader = _Reader(tools, ear)
    for index, turn in enumerate(turns):
        reader.take(index, turn)
    return reader.reading()


def assemble(tool: Tool, values: Mapping[str, Evidence]) -> dict[str, Any]:
    """The arguments of a call from dotted values, nested and ordered by the tool's schema.

    What it does not take is left out.
    """
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
    is_plain = len(ordered) == len(arguments) and not any(isinstance(value, dict) for value in ordered.values())
    return ordered if is_plain else _arranged(tool, arguments)


def _arranged(tool: Tool, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, and the parts of objects among them, in the schema's order."""
    places: dict[tuple[str, ...], int] = {(): 0}
    for place, leaf in enumerate(leaves(tool)):
        for depth in range(1, len(leaf.keys) + 1):
            places.setdefault(leaf.keys[:depth], place)

    def arranged(value: Any, keys: tuple[str, ...]) -> Any:
        if not isinstance(value, dict) or keys not in places:
            return value
        parts = sorted(value.items(), key=lambda part: places.get((*keys, part[0]), len(places)))
        return {name: arranged(part, (*keys, name)) for name, part in parts}

    return arranged(arguments, ())


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

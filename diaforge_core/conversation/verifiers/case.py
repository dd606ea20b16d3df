"""One dialogue as the verifiers look at it: what its words have established, turn by turn, and where."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...catalog.leaves import labels_of
from ...catalog.leaves import leaves as leaves_of
from ...catalog.profiles import profile
from ...catalog.words import meaning
from ...records.dialogue import Dialogue, Evidence, Turn
from ...records.scenario import Scenario
from ...records.tool import Tool, ToolCall
from ..reading import Reading, missing, read_each, spoken_parts
from ..understanding import Asked, Ear, among, by_the_word
from .amounts import Span
from .links import link_to_value
from .sayings import said_at
from .words import is_telling, same_value, top_of

_EVASIVE = re.compile(
    r"\b(?:not sure|no idea|don'?t know|do not know|can'?t say|cannot say|hard to say|whichever|whatever"
    r"|either is fine"
    r"|you (?:decide|choose|pick|tell me)|what do you mean|explain|(?:don'?t|didn'?t|did not"
    r"|do not) (?:understand|get (?:it|that|you)|follow)|doesn'?t matter|up to you|no clue"
    r"|let me (?:first )?(?:check|think|ask|find|look)|(?:have|need) to (?:check|ask|look (?:it|that|them|this) up)"
    r"|will (?:check|ask)"
    r"|get back to you|one moment|hang on|later|any of (?:them|those|these)|either (?:one|way))\b"
    r"|^\W*(?:either|any|both|all of them|all)\W*$",
    re.IGNORECASE,
)
"""How a user says that the answer has to wait or is left to others."""
_CHOICE = re.compile(
    r"\bor\b|\bversus\b|\bvs\b|\brather than\b|\binstead\b|\bwhich\b|\bwhat (?:kind|sort|type|exactly|should"
    r"|would|do|are"
    r"|shall|does|happened|happens)\b|\bhow (?:should|would|do|can)\b|\bwhat'?s\b|\bwhat (?:is|it)\b|;",
    re.IGNORECASE,
)
"""How a question offers things to choose from, or leaves it to the user to say what is wanted."""
_OR = re.compile(r"\bor\b|;", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:not|n't|rather than|instead of) [^,.;!?]+", re.IGNORECASE)
_DECLINES = re.compile(
    r"^\W*(?:sorry,? |hm+,? |well,? |no,? )*(?:none|neither|not any) (?:of|is|fits)\b|^\W*neither\b"
    r"|\bsomething else (?:entirely|altogether)\b",
    re.IGNORECASE,
)
"""How a user declines all that was offered."""
_ARTICLES = frozenset(("the", "an", "of", "to", "is", "it's", "and", "or", "for", "with", "please", "you", "me"))
_BETWEEN = re.compile(r",|;|\bor\b|\bversus\b|\bvs\b|\?")
_QUOTE = re.compile(r"[\"“][^\"”]*[\"”]|\S*[\d@]\S*")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a dialogue fails a check."""

    reason: str
    turn: int | None = None
    """Index into the dialogue's turns."""


class Case:
    """One dialogue as the verifiers look at it; what the words establish is read once for all of them."""

    def __init__(self, dialogue: Dialogue, tools: Sequence[Tool], ear: Ear = by_the_word) -> None:
        """`ear` takes in what the assistant asks."""
        by_name = {tool.name: tool for tool in tools}
        self.scenario: Scenario = dialogue.scenario
        self.turns: tuple[Turn, ...] = dialogue.turns
        self.candidates = tuple(by_name[name] for name in self.scenario.candidates if name in by_name)
        self.ear = among(self.candidates, ear)
        self.goal: Tool | None = by_name.get(self.scenario.goal_tool)
        named = (*self.scenario.candidates, self.scenario.goal_tool)
        self.unknown = tuple(name for name in dict.fromkeys(named) if name not in by_name)
        """Tools of the scenario that the catalog does not hold."""

    # --- as any reader of the public words sees it -------------------------------------------------------------------

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """What the words have established after each turn."""
        return read_each(self.candidates, self.turns, self.ear)

    @cached_property
    def goal_readings(self) -> tuple[Reading, ...]:
        """The same, read with the goal tool alone in mind: which of its values were stated where."""
        return read_each([self.goal], self.turns, self.ear) if self.goal else ()

    @cached_property
    def asked(self) -> Mapping[int, Asked]:
        """What each assistant reply asks, by index of the turn."""
        return {
            index: self.ear(turn.reply, self.tools_before(index) or self.candidates, self.candidates)
            for index, turn in enumerate(self.turns)
            if turn.speaker == "assistant" and turn.call is None
        }

    @property
    def call(self) -> ToolCall | None:
        """The last turn's call."""
        return self.turns[-1].call if self.turns else None

    @property
    def today(self) -> dt.date:
        """The day that the system turn states."""
        return self.scenario.setting.today

    @property
    def last(self) -> int:
        """Index of the last turn."""
        return len(self.turns) - 1

    def open_before(self, index: int) -> tuple[str, ...]:
        """The candidates that are still possible when turn `index` begins."""
        return self.readings[index - 1].open_tools if index > 0 else tuple(tool.name for tool in self.candidates)

    def tools_before(self, index: int) -> tuple[Tool, ...]:
        """The same as tools, in the order shown."""
        still_open = self.open_before(index)
        return tuple(tool for tool in self.candidates if tool.name in still_open)

    def user_turns(self) -> Iterator[tuple[int, int, str]]:
        """Index, number from 1, and words of each user turn."""
        number = 0
        for index, turn in enumerate(self.turns):
            if turn.speaker == "user":
                number += 1
                yield index, number, turn.reply

    def user_words_before(self, index: int) -> str:
        """The user's words before turn `index`, a line a turn."""
        return "\n".join(turn.reply for turn in self.turns[:index] if turn.speaker == "user")

    # --- as a person who knows the goal reads it ---------------------------------------------------------------------

    @cached_property
    def gold_parts(self) -> dict[str, Any]:
        """Dotted path → value of all in the gold arguments that is spoken by itself."""
        return spoken_parts(self.goal, self.scenario.gold_arguments) if self.goal else {}

    @cached_property
    def called_parts(self) -> dict[str, Any]:
        """The same of the call's arguments, where it calls the goal tool."""
        return spoken_parts(self.goal, self.call.arguments) if self.goal and self.call else {}

    def is_read(self, path: str) -> bool:
        """Whether the reading hears the call's value under its own label, or as the answer to a question for it."""
        read = self.goal_readings[-1].values.get(path) if self.goal_readings else None
        return read is not None and same_value(read.value, self.called_parts.get(path))

    def mentions(self, value: Any, index: int) -> Iterator[Span]:
        """Every place where turn `index` gives the value, the last one first."""
        words = self.turns[index].reply
        span = said_at(value, words, self.today)
        while span and span[0] < span[1]:
            yield span
            words = words[: span[0]]
            span = said_at(value, words, self.today)

    @cached_property
    def stated(self) -> dict[str, Evidence]:
        """Dotted path → where a gold value was first given beyond doubt."""
        found: dict[str, Evidence] = {}
        for path, value in self.gold_parts.items():
            evidence = self._read_as(path, value) or (self.first_said(path, value) if is_distinct(value) else None)
            if evidence:
                found[path] = evidence
        return found

    def _read_as(self, path: str, value: Any) -> Evidence | None:
        """Where the reading first hears this value under its own label."""
        for reading in self.goal_readings:
            if path in reading.values and same_value(reading.values[path].value, value):
                return reading.values[path]
        return None

    def first_said(self, path: str, value: Any) -> Evidence | None:
        """Where a user turn first gives the value, in whatever words."""
        return next(self.sayings(path, value), None)

    def sayings(self, path: str, value: Any) -> Iterator[Evidence]:
        """Every user turn that gives the value in some words, earliest first."""
        for index, _, words in self.user_turns():
            span = said_at(value, words, self.today)
            if span:
                yield Evidence(parameter=path, value=value, turn=index, start=span[0], end=span[1])

    def known_before(self, index: int) -> dict[str, Evidence]:
        """Dotted path → words, for all that the user had given of the goal's values when turn `index` began."""
        known = dict(self.goal_readings[index - 1].values) if self.goal and index > 0 else {}
        known |= {path: each for path, each in self.stated.items() if each.turn < index and path not in known}
        return known

    def open_values(self, index: int) -> tuple[str, ...]:
        """Dotted paths of the goal's values that must still be asked for when turn `index` begins."""
        return missing(self.goal, self.known_before(index)) if self.goal else ()

    def heard_before(self, index: int) -> dict[str, Evidence]:
        """`known_before` with what the user may have given in other words too, by the most generous reading."""
        known = self.known_before(index)
        for path, value in self.gold_parts.items():
            if path not in known:
                said = self.first_said(path, value)
                if said and said.turn < index:
                    known[path] = said
        return known

    def answered_before(self, index: int) -> dict[str, Evidence]:
        """`heard_before`, but only what was the answer to a question about that value."""
        found: dict[str, Evidence] = {}
        labelled = {leaf.path: leaf for leaf in leaves_of(self.goal)} if self.goal else {}
        for path, each in self.heard_before(index).items():
            asked = self.turns[each.turn - 1].reply if each.turn > 0 else ""
            if not asked or path not in labelled or each.turn == 2 or self.is_evasive(each.turn):
                continue  # the first question is about the task
            if link_to_value(asked, labelled[path]):
                found[path] = each
        return found

    def unheard(self, index: int) -> set[str]:
        """The goal's parameters that are missing even by the most generous reading when turn `index` begins."""
        return {self.parameter(path) for path in missing(self.goal, self.heard_before(index))} if self.goal else set()

    def may_be_complete(self, index: int) -> bool:
        """Whether, read generously, nothing of what the goal tool needs is missing when turn `index` begins."""
        if self.goal is None:
            return False
        unsaid = missing(self.goal, self.heard_before(index))
        return all(self._is_a_choice(path) and self._was_asked(path, index) for path in unsaid)

    def _is_a_choice(self, path: str) -> bool:
        leaf = next((leaf for leaf in leaves_of(self.goal) if leaf.path == path), None) if self.goal else None
        return leaf is not None and ("enum" in leaf.schema or leaf.schema.get("type") == "boolean")

    def _was_asked(self, path: str, index: int) -> bool:
        return any(earlier < index and self.beside_values(earlier + 1) for earlier in self.asked)

    def given_in(self, index: int) -> tuple[str, ...]:
        """Dotted paths of the gold values that user turn `index` gives in some words."""
        words = self.turns[index].reply if 0 <= index < len(self.turns) else ""
        read = self.goal_readings[index].values if self.goal and words else {}
        return tuple(
            path
            for path, value in self.gold_parts.items()
            if (path in read and read[path].turn == index) or (words and said_at(value, words, self.today))
        )

    def is_part_of_another(self, path: str) -> bool:
        """Whether the words of another gold value give this one too: the currency in "Main EUR account"."""
        value = self.gold_parts[path]
        others = (str(other) for name, other in self.gold_parts.items() if name != path and other != value)
        return any(said_at(value, other, self.today) for other in others)

    def beside_values(self, index: int) -> frozenset[str]:
        """What user turn `index` says besides values: its content words without them, nor numbers, nor quotes."""
        if not 0 <= index < len(self.turns):
            return frozenset()
        words = self.without_values(self.turns[index].reply)
        labels = meaning(" ".join(labels_of(self.goal).values())) if self.goal else frozenset()
        return meaning(words) - labels

    def without_values(self, words: str) -> str:
        """The words without gold values, quotes, and whatever holds a digit or is an address."""
        for value in self.gold_parts.values():
            for part in value if isinstance(value, list) else [value]:
                span = said_at(part, words, self.today)
                if span:
                    words = f"{words[: span[0]]} {words[span[1] :]}"
        return _QUOTE.sub(" ", words)

    def is_evasive(self, index: int) -> bool:
        """Whether user turn `index` puts its answer off or leaves it to others."""
        if not 0 <= index < len(self.turns):
            return False
        put_off = self.goal_readings[index].deferred if self.goal else frozenset()
        return bool(put_off) or _EVASIVE.search(self.turns[index].reply) is not None

    def leaves_open(self, index: int) -> bool:
        """Whether user turn `index` says nothing but that it cannot or will not choose."""
        words = self.turns[index].reply.strip()
        if not self.is_evasive(index) and not words.endswith("?"):
            return False
        clauses = re.findall(r"[^,.;!?]+[,.;!?]?", words)
        return not any(meaning(each) for each in clauses if not (_EVASIVE.search(each) or each.endswith("?")))

    def declines(self, index: int) -> bool:
        """Whether user turn `index` wants nothing of what was offered."""
        return _DECLINES.search(self.turns[index].reply) is not None

    def settled_before(self, index: int) -> bool:
        """Whether a fair listener may hold that the goal tool alone is meant when turn `index` begins.

        So it is when the words read so; and also when a question about the task was answered in words that no reader
        of ours makes out, which a person may well understand.
        """
        if len(self.open_before(index)) < 2 or not self.scenario.solvable:
            return len(self.open_before(index)) < 2
        return any(
            self._answered_freely(earlier) or self._tells_the_task(earlier)
            for earlier in self.asked
            if earlier < index - 1
        )

    def _tells_the_task(self, index: int) -> bool:
        """Whether the answer to question `index` tells the goal's task, what it denies left out, and no other's."""
        words = meaning(_DENIED.sub(" ", self.turns[index + 1].reply)) if self.goal else frozenset()
        told = [tool for tool in self.tools_before(index + 2) if meaning(profile(tool).task) <= words]
        return told == [self.goal]

    def _answered_freely(self, index: int) -> bool:
        """Whether question `index` was about the task and its answer says something that the readers do not get."""
        reply, asked = self.turns[index].reply, self.asked[index]
        if asked.parameters and not _OR.search(reply):
            return False
        if asked.kind in ("none_fits", "confirmation") or not _CHOICE.search(reply) or self.is_evasive(index + 1):
            return False
        if self.understood(index) or self.declines(index + 1):
            return False
        return bool(self.beside_values(index + 1) or self.picked(index))

    def picked(self, index: int) -> set[str]:
        """Words of a choice in question `index` that its answer takes up, values left out."""
        if not _OR.search(self.turns[index].reply) or index + 1 >= len(self.turns):
            return set()
        return _plain_words(self.turns[index].reply) & _plain_words(self.without_values(self.turns[index + 1].reply))

    def understood(self, index: int) -> bool:
        """Whether question and answer were both read word by word, so that what stays open is really open."""
        asked = self.asked[index]
        if asked.kind != "facet" or len(asked.options) < 2:
            return False
        narrowed = len(self.open_before(index + 2)) < len(self.open_before(index))
        return narrowed and _offers_just(asked.options, self.turns[index].reply)

    def parameter(self, path: str) -> str:
        """The goal's parameter that a dotted path is part of."""
        return top_of(self.goal, path) if self.goal else path


def _plain_words(text: str) -> set[str]:
    """The words of a text but for articles and the like."""
    return set(re.findall(r"[^\W\d_]{2,}", text.casefold())) - _ARTICLES


def _offers_just(options: Sequence[str], words: str) -> bool:
    """Whether a question names each of the options once, word by word, and nothing else after the first of them."""
    said = [meaning(part) for part in _BETWEEN.split(words)]
    offered = [{option for option in options if meaning(option) <= part} for part in said]
    places = [place for place, each in enumerate(offered) if each]
    named = [option for each in offered for option in _widest(each)]
    together = places and all(offered[place] or len(said[place]) < 2 for place in range(places[0], len(said)))
    return bool(together) and sorted(named) == sorted(options)


def _widest(options: set[str]) -> set[str]:
    """The options that are no mere part of another: "a role" where "a scoped role" is said."""
    return {one for one in options if not any(meaning(one) < meaning(other) for other in options)}


def is_distinct(value: Any) -> bool:
    """Whether a value found in free text can only be there because the user gave it."""
    if isinstance(value, list):
        return bool(value) and all(is_distinct(part) for part in value)
    text = str(value)
    return is_telling(value) and (any(not character.isalpha() for character in text) or len(text) >= 12)

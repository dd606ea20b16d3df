"""What a question in free words asks: which of the tools, by the choices it offers, and which values, unit by unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..catalog.words import identifier_words
from ..records.tool import Tool
from .asked_values import EQUAL, EXPLAINED, VALUE, WH, Part, ValueEar, split
from .ear import content
from .evidence import Scores, tool_bags

Group = tuple[str, ...]
_FEWEST = 0.2
"""Evidence that a choice must give for a tool."""
_NEAR = 0.8
"""Share of the best tool's evidence from which on another one may be meant as well."""
_SIBLING = 0.2
"""Evidence that a tool gets from being wholly like what another choice means."""
_RIVAL = 0.5
"""Share of a tool's stronger evidence beside a part that counts against it there."""

_EITHER_WORD = (
    r"\bor\b(?!\s+(?:not|so|else|no|is there|isn't (?:it|there))\b\W*(?:$|\?))|\bversus\b|\bvs\b\.?|\brather than\b"
)
_EITHER = re.compile(_EITHER_WORD, re.IGNORECASE)
_CHOICE = re.compile(rf"[,;:?!]|{_EITHER_WORD}|\s[-–—]+\s|\n|(?:^|(?<=\s))\(?\d{{1,2}}[.)](?=\s)", re.IGNORECASE)
_BESIDE_THE_POINT = re.compile(
    r"^\W*(?:when|if|before|once|after|as|since|while|regarding|concerning)\b(?!\W*$)", re.IGNORECASE
)
"""How a part begins that only says when or about what a choice is made."""
_FOR_VALUES = re.compile(
    r"\b(?:need|tell me|provide|missing|give me|send me|share|specify|enter|supply|require[sd]?|details)\b",
    re.IGNORECASE,
)
"""What a lead-in says to a list of values."""
_AND = re.compile(r"^\W*(?:and|also|plus|as well as)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:^|(?<=\s))\(?\d{1,2}[.)](?=\s)")
_MEANS = re.compile(r"\b(by|with|via|for)\b[^,?]*, ?\1\b", re.IGNORECASE)
"""Choices without "or": "by name, by number?"."""
_BY_MEANS = re.compile(r"\b(?:by|with|via|using)\b", re.IGNORECASE)
"""How a value is offered that decides over the tool."""
_CLOSED = 0.75
"""Weight of the evidence for a tool that the talk has ruled out, against 1 for one that is still open."""
_IN_CONTEXT = 0.5
"""Share of the evidence that the rest of a reply gives for one tool of a group below which another is left out."""
_EARLY = 6
"""Letters before which a question word leads its part."""
_HAVE = re.compile(
    r"\b(?:(?:you|they|he|she) (?:already |also |happen to )?(?:have|has|know|knows|got|hold)(?! to\b| in mind)"
    r"|at hand|available|handy)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\((?=[^()]*,)[^()]*\)")
"""Names in brackets that stand for one thing."""
_TAG = re.compile(
    r",?\s*\b(?:right|correct|yes|is it|isn't it|are they|aren't they|do you|don't you|does it|doesn't it"
    r"|is there|isn't there"
    r"|are you|is that|or not|or no|or is there|or isn't it|do they|don't they|are we|aren't we)\W*\?",
    re.IGNORECASE,
)
_INDEFINITE = re.compile(r"\b(?:an?|one|whole|entire|complete|single|new|existing)\b", re.IGNORECASE)
_GIVE = re.compile(r"\b(?:tell|give|need|provide|send|know|have|say|name|the)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a question in free words asks."""

    groups: tuple[Group, ...] = ()
    """The tools that each choice would leave; one where yes or no is asked."""
    parameters: tuple[str, ...] = ()


class Listener:
    """Takes in sentences that ask something, against the tools still open and all that are shown."""

    def __init__(self, tools: Sequence[Tool], shown: Sequence[Tool]) -> None:
        self._open = {tool.name for tool in tools}
        self._tools = tool_bags(shown)
        self._ear = ValueEar(tools, shown)
        self._tools_by_name = {tool.name: tool for tool in shown}
        self._context = self._tools.silent

    def lists_values(self, text: str) -> bool:
        """Whether a text is nothing but names of values: "customer number and currency"."""
        return self._ear.lists(text)

    def hear(self, sentences: Sequence[str], reply: str) -> Heard:
        """What the sentences that ask something ask taken together; `reply` is all that was said."""
        groups: list[Group] = []
        alone: list[Group] = []
        parameters: list[str] = []
        self._context = self._tools.score(content(_beside_the_choices(reply)))
        for sentence in sentences:
            chosen, left = self._choices(sentence)
            groups.extend(group for group in chosen if group not in groups)
            one = self._yes_no(sentence) if not chosen else ()
            asked = [] if one else self._ear.asked(left)
            parameters.extend(name for name in asked if name not in parameters)
            alone.extend([one] if one else [])
        groups = groups or self._told_apart(alone)
        return Heard(tuple(groups or alone[:1]), tuple(parameters))

    # --- which tool --------------------------------------------------------------------------------------------------

    def _choices(self, sentence: str) -> tuple[list[Group], list[str]]:
        """The groups of tools that a sentence offers to choose from, and the parts of it that ask something else."""
        if len(self._tools.names) < 2 or not (
            _EITHER.search(sentence) or _listing(sentence) or _MEANS.search(sentence)
        ):
            return [], [sentence]
        parts = [self._ear.part(text) for text in split(_LISTED.sub(_joined, _behind_lead(sentence)), _CHOICE)]
        if self._ear.of_choices(parts):
            return [], [sentence]
        values = [part for place, part in enumerate(parts) if self._asks_value(parts, place)]
        groups = self._groups([part for part in parts if part not in values and _is_offer(part.text)], sentence)
        return (groups, [part.text for part in values]) if len(groups) > 1 else ([], [sentence])

    def _group(self, part: Part, beside: Sequence[Part] = ()) -> Group:
        """The tools that a part of a choice means, rather than those that the parts beside it mean."""
        if max(part.tools, default=0.0) < _FEWEST or part.explained < EXPLAINED:
            return ()
        scores = self._against(part, beside)
        best = max(scores)
        near = [name for name, score in zip(self._tools.names, scores, strict=True) if score >= _NEAR * best > 0]
        first = {name for name, score in zip(self._tools.names, scores, strict=True) if score >= EQUAL * best}
        group = tuple(name for name in near if name in self._open) if first & self._open else tuple(near)
        return group if len(group) < len(self._tools.names) else ()

    def _against(self, part: Part, beside: Sequence[Part]) -> Scores:
        """The evidence for each tool, less for what is better said beside it, more for what is like that."""
        own = tuple(
            score if name in self._open else _CLOSED * score
            for name, score in zip(self._tools.names, part.tools, strict=True)
        )
        if not beside:
            return own
        rivals = [max(column) for column in zip(*(other.tools for other in beside), strict=True)]
        meant = [name for other in beside if max(other.tools) >= _FEWEST for name in self._first(other)]
        return tuple(
            score and score + _SIBLING * self._likeness(name, meant) - _RIVAL * max(0.0, rival - score)
            for name, score, rival in zip(self._tools.names, own, rivals, strict=True)
        )

    def _first(self, part: Part) -> list[str]:
        best = max(part.tools)
        return [name for name, score in zip(self._tools.names, part.tools, strict=True) if score >= EQUAL * best]

    def _likeness(self, name: str, others: Sequence[str]) -> float:
        return max((self._tools.alike(name, other) for other in others if other != name), default=0.0)

    def _groups(self, parts: Sequence[Part], sentence: str) -> list[Group]:
        """What each part of a choice means, all told apart."""
        if _HAVE.search(sentence) and (held := self._held(parts)):
            return held
        found = [self._group(part, [*parts[:place], *parts[place + 1 :]]) for place, part in enumerate(parts)]
        groups = self._told_apart(self._parted(parts, found))
        if not groups and _BY_MEANS.search(sentence):
            return self._held(parts)
        if any(word[0] == "exist" for part in parts for word in part.words):
            return groups
        return [self._paired(group, [name for other in groups if other != group for name in other]) for group in groups]

    def _parted(self, parts: Sequence[Part], groups: Sequence[Group]) -> list[Group]:
        """The groups, each tool of several of them left in the one that speaks of it most rather than of others."""
        share = {
            (place, name): part.tools[self._tools.names.index(name)] / max(part.tools)
            for place, (part, group) in enumerate(zip(parts, groups, strict=True))
            for name in group
        }
        best = {name: max(each for (_, other), each in share.items() if other == name) for _, name in share}
        kept = [
            tuple(name for name in group if share[place, name] >= EQUAL * best[name]) or group
            for place, group in enumerate(groups)
        ]
        return [group for group in kept if group]

    def _paired(self, group: Group, others: Sequence[str]) -> Group:
        """Of the tools that one choice may mean, those that do the same, or work on the same, as the other choices."""
        in_context = self._by_context(group)
        for word_of, most in ((_first_word, len(others)), (_last_word, 1)):
            mine = {name: word_of(self._tools_by_name[name]) for name in in_context}
            theirs = {word_of(self._tools_by_name[name]) for name in others}
            shared = set(mine.values()) & theirs
            if len(shared) == 1 and len(theirs) <= most:
                return tuple(name for name, word in mine.items() if word in shared)
        return in_context

    def _by_context(self, group: Group) -> Group:
        """The tools of a group that the rest of the reply speaks of, if it speaks of some more than of others."""
        scores = [self._context[self._tools.names.index(name)] for name in group]
        best = max(scores, default=0.0)
        if best < _FEWEST:
            return group
        return tuple(name for name, score in zip(group, scores, strict=True) if score >= _IN_CONTEXT * best)

    def _held(self, parts: Sequence[Part]) -> list[Group]:
        """The tools that each value needs which a part of a choice names, if those are different ones."""
        found: list[Group] = []
        for part in parts:
            best = max(part.values, default=0.0)
            if best >= _FEWEST:
                takers = self._ear.taken[part.values.index(best)].needed_by
                found.append(tuple(name for name in self._tools.names if name in takers))
        return self._told_apart([group for group in found if group])

    def _asks_value(self, parts: Sequence[Part], place: int) -> bool:
        """Whether a part of a choice asks for a value beside it rather than offers a tool."""
        part = parts[place]
        beside = _AND.match(part.text) or any(_AND.match(other.text) for other in parts[place + 1 : place + 2])
        if not beside or max(scores := self._ear.scores(part), default=0.0) < VALUE:
            return False
        label = self._ear.taken[scores.index(max(scores))].label
        return WH.search(part.text) is not None or (label <= part.said and _GIVE.search(part.text) is not None)

    def _yes_no(self, sentence: str) -> Group:
        """The tools that a yes would leave."""
        if len(self._tools.names) < 2 or "?" not in sentence or WH.search(sentence):
            return ()
        part = self._ear.part(_TAG.sub(" ", sentence))
        if self._ear.by_label(part) or self._ear.of_choices(
            [self._ear.part(text) for text in split(sentence, _CHOICE)]
        ):
            return ()
        if self._ear.is_named(part) and not (_INDEFINITE.search(sentence) or self._ear.is_no_answer(part, sentence)):
            return ()
        return self._group(part)

    def _told_apart(self, groups: Sequence[Group]) -> list[Group]:
        """The distinct groups without what another says more exactly; one that holds all others is only context."""
        distinct = list(dict.fromkeys(groups))
        every = {name for group in distinct for name in group}
        kept = [group for group in distinct if len(distinct) < 3 or set(group) != every]
        found: list[Group] = []
        for group in kept:
            inner = {name for other in kept if set(other) < set(group) for name in other}
            found.append(tuple(name for name in group if name not in inner) or group)
        return found if len(found) > 1 else []


def _first_word(tool: Tool) -> str:
    """What a tool does, as the first word of its name says."""
    return (identifier_words(tool.name) or (tool.name,))[0]


def _last_word(tool: Tool) -> str:
    """What a tool works on, as the last word of its name says."""
    return (identifier_words(tool.name) or (tool.name,))[-1]


def _beside_the_choices(reply: str) -> str:
    """The parts of a reply that offer nothing."""
    return " ".join(
        part
        for sentence in re.split(r"(?<=[.!?])\s+", reply)
        for part in ([sentence] if not _EITHER.search(sentence) else split(sentence, _CHOICE))
        if not (_EITHER.search(sentence) and _is_offer(part))
    )


def _listing(sentence: str) -> bool:
    """Whether a sentence lists what to choose from, line by line or by numbers."""
    if len(split(sentence, _CHOICE)) < 3 or not ("\n" in sentence or _NUMBERED.search(sentence)):
        return False
    return not _FOR_VALUES.search(sentence.partition("\n")[0])


def _is_offer(text: str) -> bool:
    """Whether a part of a choice may be one of the things to choose from."""
    wh = WH.search(text)
    return not (wh and wh.start() < _EARLY) and not _BESIDE_THE_POINT.search(text)


def _behind_lead(sentence: str) -> str:
    """A sentence without what stands before a colon, if choices stand behind it."""
    lead, _, rest = sentence.partition(":")
    return rest if _EITHER.search(rest) and not _EITHER.search(lead) else sentence


def _joined(listed: re.Match[str]) -> str:
    return listed[0].replace(",", " ")

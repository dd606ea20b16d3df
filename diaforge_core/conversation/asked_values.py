"""Which values a question in free words asks for, part by part of its sentences."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ..catalog.words import by_identity, word_set
from ..records.tool import Tool
from .ear import Features, content
from .evidence import Scores, Taken, tool_bags, value_bags, values_taken
from .labels import labels_in
from .likeness import value_likeness
from .mentions import DAY, NUMBER, TIME, mentions

VALUE = 0.45
"""Evidence from which on a value is asked for."""
EXPLAINED = 0.33
"""Share of a part's words that must be words of the tools, for the part to be about them."""
_BY_KIND = 0.6
"""Evidence that "when", "who" or "how many" gives for a day, a person or a number."""
_NOT_ITS_KIND = 0.4
"""Share of the evidence that is left for a value that cannot be an answer to the question word."""
_OF_EACH = 0.8
"""The same for a value of each of several tools between which the user is to choose."""
_OF_ONE = 0.7
"""Share of the best value's evidence from which on one of the tool that all is asked of goes before it."""
_HALF = 0.3
"""Evidence that is enough for a value of the same kind as the one that is asked for behind it."""
_FEWEST = 0.2
"""Evidence of words below which only the question word tells what is asked for."""

_GIVEN = 0.8
"""Share of the evidence that is left for a value that the talk has given already."""
_IN_FULL = 0.3
"""Evidence that it gives for a value that all words of its label, or such as mean the same, are there."""
_SAID = 2.0
"""Evidence that a value's full label gives."""
EQUAL = 0.97
"""Share of the best value's evidence from which on another one is as likely."""
_UNIT = re.compile(
    r"[,;:?!/&+\n]|\.(?=\s)|\b(?=to where\b)|\b(?:and|or|as well as|plus|along with)\b|(?=\b(?:into|to|until"
    r"|till) (?:wh|how))"
    r"|\s[-–—]+\s|…|\([a-z\d]\)",
    re.IGNORECASE,
)
WH = re.compile(
    r"\b(?P<wh>whose|whom|who|where|why|how come|how much longer|how many more (?:days|weeks|months|years)"
    r"|how (?:many|much|long|often|far|big|heavy|soon|high|large|fast|old|bad|urgent|quickly|late|early|tall|wide"
    r"|deep"
    r"|hot|cold|warm|strong|severe|serious)|how"
    r"|(?:which|what|from what|until which|that) (?:day|date|time|hour|night|moment|month|week|year)s?"
    r"|(?:which|what) (?:person|people|place|reason|number of|amount|sum|figure|total|price|kind|sort|type|one)"
    r"|which|what"
    r"|when(?=\W*$|\s+(?:is|are|was|were|do|does"
    r"|did|will|would|should|shall|can|could|must|has|have|exactly|to|from|it|they|he|she)\b)"
    r"|(?<=\s)when(?=\s+(?:the|you|we|i|this|that|your|his|her|their|our)\b))\b(?! matters)",
    re.IGNORECASE,
)
_KEY = re.compile(r"(?<![\w-])(?=[\w/-]*\d)(?=[\w/-]*[A-Za-z])[\w/-]+|\+?\d{5,}")
"""A key: letters with digits, or many digits."""
_LEADS = re.compile(r"(?::|\s[-–—])\s*$|\?\s*\n\s*$")
"""How a question ends that the choices behind it answer."""
_TO = re.compile(r"\b(?:into|to|until|till)\b", re.IGNORECASE)
_VERB = re.compile(r"\b(?:is|are|was|were|will|has|have|had|can|be|ok|okay)\b", re.IGNORECASE)
IN_CASE = re.compile(
    r"^\W*(?:(?:and|or|but|so|then)\W+)*(?:if|for (?:an?|the)\b|in (?:the )?(?P<nth>first|second|latter|former)"
    r"|in (?:the )?case|if it(?:'s| is) the (?:latter|former)|should"
    r"|when it(?:'s| is)|otherwise)\b(?! so\b)(?!.*\b(?:need|require|please|tell|give)\b)",
    re.IGNORECASE,
)
"""How a part begins that only says in which case something is asked."""
_DAY_WORDS = word_set("day date deadline birthday due until expiry")
_TIME_WORDS = word_set("time hour clock hh:mm")
_SPANS = word_set("hours days minutes months years weeks nights seconds duration length period term")
_KINDS = {
    "person": word_set(
        "person people manager lawyer clinician staff author payee recipient institution member team owner approver "
        "contact employee user customer supplier driver doctor name holder applicant organiser organizer witness "
        "inspector courier adjuster engineer operator agent company party assignee requester sponsor tenant student "
        "patient guest technician teacher instructor colleague candidate speaker sender receiver buyer seller "
        "contractor editor director nurse physician visitor caller reporter signer signatory guardian parent body"
    ),
    "place": word_set(
        "location depot place address site city country room building warehouse destination origin clinic branch "
        "shelf bin dock department station floor street store shop office venue hall lab port gate platform region "
        "zone area town ward desk where terminal"
    ),
    "reason": word_set("reason cause why justification grounds ground purpose basis motive because evidence"),
    "length": word_set("until last end duration period length"),
    "frequency": word_set("frequency interval granularity often times rhythm cycle"),
    "key": word_set("id number code no reference key serial"),
    "choice": word_set("type kind category class sort mode"),
    "urgency": word_set("priority urgency severity level urgent serious"),
}
"""Kind of answer → words of what is of that kind."""
_KIND_OF = {
    "who": "person", "whom": "person", "whose": "person", "where": "place", "why": "reason", "how come": "reason",
    "how long": "length", "how often": "frequency", "how bad": "urgency", "how urgent": "urgency",
    "how quickly": "urgency", "how soon": "urgency", "how severe": "urgency", "how serious": "urgency",
    "how many": "number", "how much": "number", "how big": "number", "how far": "number", "how heavy": "number",
    "how high": "number", "how large": "number", "how fast": "number", "how old": "number", "how tall": "number",
    "how wide": "number", "how deep": "number", "how hot": "number", "how cold": "number", "how warm": "number",
    "number of": "number", "amount": "number", "sum": "number", "figure": "number", "total": "number",
    "price": "number", "kind": "choice", "sort": "choice", "type": "choice", "one": "key", "much longer": "length",
    "how much longer": "length", "many more days": "length", "person": "person", "people": "person", "place": "place",
    "reason": "reason",
}  # fmt: skip
"""Question word → the kind of answer that it asks for."""
_CLOCK = re.compile(r"\b(?:time|hour)s?$")
_DAY = re.compile(r"^when$|\b(?:day|date|night|month|week|year|moment)s?$")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a sentence, and what it points at."""

    text: str
    words: tuple[Features, ...]
    tools: Scores
    values: Scores
    explained: float
    """Share of its words that the tools or their values are told in."""

    @property
    def said(self) -> set[str]:
        """The roots of its words, and what means the same."""
        return {feature for word in self.words for feature in word}


@dataclass(frozen=True, slots=True)
class _Unit:
    """How much a part of a question asks for each value."""

    scores: Scores
    of: frozenset[str] = frozenset()
    """The tools that it is only asked of; none for any."""
    is_question: bool = False
    """Whether it has a question word."""
    sentence: str = ""
    by_kind: bool = False
    """Whether nothing but a question word tells what it asks for."""


class ValueEar:
    """Makes out which values of the open tools are asked for; all the tools shown tell what words are about them."""

    def __init__(self, tools: Sequence[Tool], shown: Sequence[Tool]) -> None:
        self._tools, self._values = tool_bags(shown), value_bags(tools)
        self.taken = values_taken(tools)
        self._kinds = _kinds(tools)
        self._of = tools

    def part(self, text: str) -> Part:
        """A part of a sentence with what it points at."""
        words = content(text)
        told = sum(self._tools.knows(word) or self._values.knows(word) for word in words)
        values = self._values.score(content(text, directions=True))
        return Part(text, words, self._tools.score(words), values, told / len(words) if words else 0.0)

    def of_choices(self, parts: Sequence[Part]) -> Taken | None:
        """The value whose choices are offered, if they are: "single, double or suite"."""
        said = [{word[0] for word in part.words} for part in parts]
        for value in self.taken:
            named = [{choice for choice in value.choices if choice & each} for each in said]
            if sum(map(bool, named)) > 1 and len(set().union(*named)) > 1:
                return value
        return None

    def asked(self, texts: Sequence[str], groups: Sequence[Collection[str]] = (), talk: str = "") -> list[str]:
        """The values that parts of a sentence ask for, in the order of the words.

        `groups` are the tools that they are likely values of: of each group the one that fits best, if it fits.
        """
        named = {name for group in groups for name in group} or {tool.name for tool in self._of}
        fresh = [
            _GIVEN if talk and value.taken_by & named and self._is_given(value, own, named, talk) else 1.0
            for value, own in zip(self.taken, self._kinds, strict=True)
        ]
        units = [
            replace(unit, scores=tuple(score * share for score, share in zip(unit.scores, fresh, strict=True)))
            for text in texts
            for unit in self._units(text, groups)
        ]
        one = self._asked_of(units, {name for group in groups for name in group})
        meant = [(unit, self._meant(unit, one, groups)) for unit in units]
        found = [name for unit, names in meant for name in _clear(unit, names, meant)]
        return list(dict.fromkeys(found))

    def fitting(self, sentences: Sequence[str], tools: Collection[str], talk: str) -> list[str]:
        """The values that the tools cannot do without, that may answer the question words, and that no word gave."""
        asked = [found["wh"].casefold() for sentence in sentences for found in WH.finditer(sentence)]
        kinds = frozenset().union(*map(_kinds_asked, asked))
        return [
            value.name
            for value, own in zip(self.taken, self._kinds, strict=True)
            if value.needed_by & set(tools) and _may_be(kinds, own) and not self._is_given(value, own, tools, talk)
        ]

    def _is_given(self, value: Taken, own: frozenset[str], tools: Collection[str], talk: str) -> bool:
        """Whether the talk mentions as many days, numbers or keys as the tools need, this one among them."""
        if value.choices:
            said = {feature for word in content(talk) for feature in word[:1]}
            return any(choice & said for choice in value.choices)
        for kind in (DAY, TIME, NUMBER):
            if kind in own:
                return sum(found.kind == kind for found in mentions(talk)) >= self._needed(kind, tools)
        if "key" in own:
            return len(_KEY.findall(talk)) >= self._needed("key", tools)
        return False

    def _needed(self, kind: str, tools: Collection[str]) -> int:
        return sum(
            kind in own and bool(value.needed_by & set(tools))
            for value, own in zip(self.taken, self._kinds, strict=True)
        )

    def likeness(self, text: str) -> dict[str, float]:
        """How like each value the text is."""
        return {value.name: like for value, like in zip(self.taken, value_likeness(text, self._of), strict=True)}

    def lists(self, text: str) -> bool:
        """Whether a text is nothing but names of values: "customer number and currency"."""
        units = [self.part(unit) for unit in split(text, _UNIT)]
        return 0 < len(units) < 6 and all(
            len(part.words) < 4
            and part.explained == 1
            and max(part.values, default=0.0) >= VALUE
            and not _VERB.search(part.text)
            for part in units
        )

    def is_named(self, part: Part) -> bool:
        """Whether a part points at a value rather than at a tool."""
        best = max(part.values, default=0.0)
        if best < VALUE:
            return False
        return best >= max(part.tools) or self.taken[part.values.index(best)].label <= part.said

    def flags(self, part: Part) -> Scores:
        """The evidence for each value that a yes, a no or one of a few choices can give."""
        return tuple(
            score if value.choices or value.schema.get("type") == "boolean" else 0.0
            for score, value in zip(part.values, self.taken, strict=True)
        )

    def by_label(self, part: Part) -> Scores:
        """The values that a part of a question calls by their full labels, if it does."""
        named = {name for name, size in labels_in(part.text, self._of) if size > 1 or len(part.words) < 2}
        return tuple(_SAID * (value.name in named) for value in self.taken) if named else ()

    def scores(self, part: Part) -> Scores:
        asked = WH.search(part.text)
        kinds = _kinds_asked(asked["wh"].casefold()) if asked else frozenset[str]()
        said = part.said
        return tuple(
            _fitted(score + _IN_FULL * (taken.label <= said), kinds, own)
            for score, taken, own in zip(part.values, self.taken, self._kinds, strict=True)
        )

    def _units(self, text: str, groups: Sequence[Collection[str]]) -> list[_Unit]:
        """How much each part of a sentence asks for each value; choices of one value ask for that together."""
        parts = [self.part(part) for part in split(text, _UNIT)]
        chosen = self.of_choices(parts)
        sentence = text
        found: list[_Unit] = []
        only: frozenset[str] = frozenset()
        for place, part in enumerate(parts):
            if condition := self._condition(part.text, groups):
                only = condition if place == 0 or (len(parts) > place + 1 and not found) else frozenset()
                if not only and found:
                    found[-1] = replace(found[-1], of=condition)
            elif chosen and any(choice & part.said for choice in chosen.choices):
                scores = tuple(_SAID * (value is chosen) for value in self.taken)
                if found and found[-1].is_question and _LEADS.search(text.partition(part.text)[0]):
                    found.pop()
                found.append(_Unit(scores, only, sentence=sentence))
            elif unit := self._unit(part, found, parts[place + 1 :]):
                found.append(replace(unit, of=only, sentence=sentence))
        return found

    def _condition(self, text: str, groups: Sequence[Collection[str]]) -> frozenset[str]:
        """The tools that a part is about which only says when something is asked: "if you revoke it"."""
        found = IN_CASE.search(text)
        if not found:
            return frozenset()
        if found["nth"] and len(groups) > 1:
            return frozenset(groups[0] if found["nth"].casefold() in ("first", "former") else groups[-1])
        scores = dict(zip(self._tools.names, self._tools.score(content(text)), strict=True))
        if len(groups) > 1:
            told = [max(scores[name] for name in group) for group in groups]
            return frozenset(groups[told.index(max(told))]) if max(told) else frozenset()
        best = max(scores.values())
        return frozenset(name for name, score in scores.items() if score >= EQUAL * best > 0)

    def _unit(self, part: Part, before: Sequence[_Unit], behind: Sequence[Part]) -> _Unit | None:
        """How much one part of a question asks for each value; None where it asks for none."""
        if labelled := self.by_label(part):
            return _Unit(labelled)
        asked = WH.search(part.text)
        if asked and not part.words and not _kinds_asked(asked["wh"].casefold()):
            return before[-1] if before and _TO.search(part.text) else None
        scores = self.scores(part)
        best = max(scores, default=0.0)
        if best < VALUE and not (best >= _HALF and self._is_joined(scores, behind)):
            return None
        kinds = _kinds_asked(asked["wh"].casefold()) if asked else frozenset[str]()
        by_kind = best >= _BY_KIND and kinds & self._kinds[scores.index(best)]
        if part.words and part.explained < EXPLAINED and not by_kind:
            return None
        if not asked and not self._names(part, scores.index(best)):
            return None
        return _Unit(scores, is_question=bool(asked), by_kind=bool(by_kind) and max(part.values) < _FEWEST)

    def _is_joined(self, scores: Scores, behind: Sequence[Part]) -> bool:
        """Whether the next part goes on with a value of the same kind: "the first and the last day"."""
        after = self.scores(behind[0]) if behind else ()
        if max(after, default=0.0) < VALUE:
            return False
        return bool(self._kinds[scores.index(max(scores))] & self._kinds[after.index(max(after))])

    def _names(self, part: Part, place: int) -> bool:
        """Whether a part without a question word names the value by its label, or one of its choices."""
        said = part.said
        taken = self.taken[place]
        return taken.label <= said or any(choice & said for choice in taken.choices) or part.explained >= 0.5

    def _asked_of(self, units: Sequence[_Unit], likely: Collection[str]) -> frozenset[str]:
        """The tools that most of what is asked for together is of."""
        totals = {
            name: sum(
                max((s for s, v in zip(unit.scores, self.taken, strict=True) if name in v.taken_by), default=0.0)
                for unit in units
            )
            * (1.0 if not likely or name in likely else _OF_ONE)
            for name in (tool.name for tool in self._of)
        }
        best = max(totals.values(), default=0.0)
        return frozenset(name for name, total in totals.items() if total >= EQUAL * best)

    def _meant(self, unit: _Unit, one: frozenset[str], groups: Sequence[Collection[str]]) -> list[str]:
        """The values that a part asks for: of the tools that it is about, of each group, or of the likeliest."""
        if unit.of:
            return self._best(unit.scores, unit.of)
        if len(groups) > 1:
            return [name for group in groups for name in self._best(unit.scores, group, _OF_EACH)]
        return self._best(unit.scores, one)

    def _best(self, scores: Scores, tools: Collection[str], least: float = _OF_ONE) -> list[str]:
        """The values of these tools that fit best; of any tool where theirs fit much worse."""
        best = max(scores)
        of_these = [s if value.taken_by & set(tools) else 0.0 for s, value in zip(scores, self.taken, strict=True)]
        if max(of_these) < least * best:
            if least == _OF_EACH:
                return []
            of_these = list(scores)
        best = max(of_these)
        equal = [value for value, score in zip(self.taken, of_these, strict=True) if score >= best * EQUAL]
        return [value.name for value in equal if value.required or not any(other.required for other in equal)]


def _fitted(score: float, asked: frozenset[str], own: frozenset[str]) -> float:
    """The evidence for a value of some kinds where some kind is asked for."""
    if asked & own:
        return score + _BY_KIND
    return score if _may_be(asked, own) else score * _NOT_ITS_KIND


def _clear(unit: _Unit, names: Sequence[str], beside: Sequence[tuple[_Unit, Sequence[str]]]) -> Sequence[str]:
    """Of the values that a question word alone leaves possible, those that no other part asks for in plain words.

    None where the other part is no question of its own, but says what is meant: "how much, in litres".
    """
    if not unit.by_kind or len(names) < 2:
        return names
    others = [(other, name) for other, each in beside if not other.by_kind for name in each if name in names]
    if any(not other.is_question or other.sentence != unit.sentence for other, _ in others):
        return ()
    return [name for name in names if name not in {name for _, name in others}]


def split(text: str, by: re.Pattern[str]) -> list[str]:
    return [part for part in by.split(text) if part and part.strip()]


_STRICT = frozenset({"day", "time", "number", "flag"})
"""Kinds that are told by the form of a value, so that nothing else is of them."""
_TOLD = _STRICT | {"reason", "place", "person"}
"""Kinds of which one value is no two."""


def _may_be(asked: frozenset[str], own: frozenset[str]) -> bool:
    """Whether a value of some kinds can be an answer of the kinds asked for."""
    return not asked or bool(asked & own) or not (_STRICT & asked or _TOLD & own)


def _kinds_asked(wh: str) -> frozenset[str]:
    """The kinds of answers that a question word asks for; none where any will do."""
    if _CLOCK.search(wh):
        return frozenset({"time"})
    if _DAY.search(wh):
        return frozenset({"day", "time"} if wh == "when" else {"day"})
    kind = _KIND_OF.get(wh) or _KIND_OF.get(wh.partition(" ")[2])
    return frozenset({kind} if kind else ())


@by_identity(4096)
def _kinds(tools: Sequence[Tool]) -> tuple[frozenset[str], ...]:
    """The kinds of answers that each of the tools' values is."""
    return tuple(frozenset(_kinds_of(value)) for value in values_taken(tools))


def _kinds_of(value: Taken) -> Iterator[str]:
    form, kind = str(value.schema.get("format", "")), value.schema.get("type")
    if kind in ("integer", "number"):
        yield "number"
        if value.label & _roots(_SPANS):
            yield "length"
    elif kind == "boolean":
        yield "flag"
    if form.startswith("date") or (not form and kind == "string" and value.label & _roots(_DAY_WORDS)):
        yield "day"
    if form in ("date-time", "time") or (kind == "string" and value.label & _roots(_TIME_WORDS)):
        yield "time"
    if value.choices:
        yield "choice"
    yield from (name for name, words in _KINDS.items() if value.words & _roots(words))


def _roots(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word[0] for word in content(" ".join(sorted(words))))

"""What a question in free words asks: which of the tools, by the choices it offers, and which values, unit by unit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..catalog.words import identifier_words, word_set
from ..records.tool import Tool
from .ear import Features, content
from .evidence import Scores, Taken, tool_bags, value_bags, values_taken
from .labels import labels_in

Group = tuple[str, ...]
_FEWEST = 0.2
"""Evidence that a choice must give for a tool."""
_NEAR = 0.8
"""Share of the best tool's evidence from which on another one may be meant as well."""
_VALUE = 0.45
"""Evidence from which on a value is asked for."""
_SIBLING = 0.2
"""Evidence that a tool gets from being wholly like what another choice means."""
_RIVAL = 0.5
"""Share of a tool's stronger evidence beside a part that counts against it there."""
_EXPLAINED = 0.33
"""Share of a part's words that must be words of the tools, for the part to be about them."""
_BY_KIND = 0.6
"""Evidence that "when", "who" or "how many" gives for a day, a person or a number."""
_OF_ONE = 0.7
"""Share of the best value's evidence from which on one of the tool that all is asked of goes before it."""
_IN_FULL = 0.3
"""Evidence that it gives for a value that all words of its label, or such as mean the same, are there."""
_SAID = 2.0
"""Evidence that a value's full label gives."""
_EQUAL = 0.97
"""Share of the best value's evidence from which on another one is as likely."""

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
_UNIT = re.compile(r"[,;:?!/&+\n]|\band\b|\bor\b|\bas well as\b|\bplus\b|\balong with\b|\s[-–—]+\s", re.IGNORECASE)
_AND = re.compile(r"^\W*(?:and|also|plus|as well as)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:^|(?<=\s))\(?\d{1,2}[.)](?=\s)")
_BY_MEANS = re.compile(r"\b(?:by|with|via|using)\b", re.IGNORECASE)
"""How a value is offered that decides over the tool."""
_IN_CONTEXT = 0.5
"""Share of the evidence that the rest of a reply gives for one tool of a group below which another is left out."""
_EARLY = 10
"""Letters before which a question word leads its part."""
_HAVE = re.compile(
    r"\b(?:(?:you|they|he|she) (?:already |also |happen to )?(?:have|has|know|knows|got|hold)(?! to\b| in mind)"
    r"|at hand|available|handy)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\((?=[^()]*,)[^()]*\)")
"""Names in brackets that stand for one thing."""
_WH = re.compile(
    r"\b(?P<wh>whose|whom|who|where|why|how (?:many|much|long|often|far|big|heavy|soon|high|large|fast|old)|how"
    r"|(?:which|what|from what|until which) (?:day|date|time)|which|what"
    r"|when(?=\W*$|\s+(?:is|are|was|were|do|does|did|will|would|should|shall|can|could|must|has|have|exactly|to|from|it"
    r"|they|he|she)\b))\b(?! (?:matters|of))",
    re.IGNORECASE,
)
_TAG = re.compile(
    r",?\s*\b(?:right|correct|yes|is it|isn't it|are they|aren't they|do you|don't you|does it|doesn't it"
    r"|is there|isn't there"
    r"|are you|is that|or not|or no|or is there|or isn't it|do they|don't they|are we|aren't we)\W*\?",
    re.IGNORECASE,
)
_INDEFINITE = re.compile(r"\b(?:an?|one|whole|entire|complete|single|new|existing)\b", re.IGNORECASE)
_VERB = re.compile(r"\b(?:is|are|was|were|will|has|have|had|can|be|ok|okay)\b", re.IGNORECASE)
_GIVE = re.compile(r"\b(?:tell|give|need|provide|send|know|have|say|name|the)\b", re.IGNORECASE)
_KINDS = {
    "when": word_set("day date time deadline"),
    "who": word_set("person manager lawyer clinician staff author payee recipient institution member team owner "
    "approver "
                    "contact employee user customer supplier driver doctor name receives addressed"),
    "where": word_set("location depot place address site city country room building warehouse destination origin "
                      "clinic branch shelf bin dock"),
    "why": word_set("reason cause why"),
}  # fmt: skip
"""Question word → words of what it may ask for."""
_DAY = re.compile(r"\b(?:day|date|time)\b|^when$")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a question in free words asks."""

    groups: tuple[Group, ...] = ()
    """The tools that each choice would leave; one where yes or no is asked."""
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a sentence, and what it points at."""

    text: str
    words: tuple[Features, ...]
    tools: Scores
    values: Scores
    explained: float
    """Share of its words that the tools or their values are told in."""


class Listener:
    """Takes in sentences that ask something, against the tools still open and all that are shown."""

    def __init__(self, tools: Sequence[Tool], shown: Sequence[Tool]) -> None:
        self._open = {tool.name for tool in tools}
        self._tools, self._values = tool_bags(shown), value_bags(tools)
        self._taken = values_taken(tools)
        self._of = tools
        self._tools_by_name = {tool.name: tool for tool in shown}
        self._context = self._tools.silent

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
            asked = [] if one else self._asked(left)
            parameters.extend(name for name in asked if name not in parameters)
            alone.extend([one] if one else [])
        groups = groups or self._told_apart(alone)
        return Heard(tuple(groups or alone[:1]), tuple(parameters))

    # --- which tool --------------------------------------------------------------------------------------------------

    def _choices(self, sentence: str) -> tuple[list[Group], list[str]]:
        """The groups of tools that a sentence offers to choose from, and the parts of it that ask something else."""
        if len(self._tools.names) < 2 or not (_EITHER.search(sentence) or _listing(sentence)):
            return [], [sentence]
        parts = [self._part(text) for text in _split(_LISTED.sub(_joined, sentence), _CHOICE)]
        if self._value_of_choices(parts):
            return [], [sentence]
        values = [part for place, part in enumerate(parts) if self._asks_value(parts, place)]
        groups = self._groups([part for part in parts if part not in values and _is_offer(part.text)], sentence)
        return (groups, [part.text for part in values]) if len(groups) > 1 else ([], [sentence])

    def _value_of_choices(self, parts: Sequence[_Part]) -> Taken | None:
        """The value whose choices are offered, if they are: "single, double or suite"."""
        said = [{word[0] for word in part.words} for part in parts]
        for value in self._taken:
            named = [{choice for choice in value.choices if choice & each} for each in said]
            if sum(map(bool, named)) > 1 and len(set().union(*named)) > 1:
                return value
        return None

    def _part(self, text: str) -> _Part:
        words = content(text)
        told = sum(self._tools.knows(word) or self._values.knows(word) for word in words)
        values = self._values.score(content(text, directions=True))
        return _Part(text, words, self._tools.score(words), values, told / len(words) if words else 0.0)

    def _group(self, part: _Part, beside: Sequence[_Part] = ()) -> Group:
        """The tools that a part of a choice means, rather than those that the parts beside it mean."""
        if max(part.tools, default=0.0) < _FEWEST or part.explained < _EXPLAINED:
            return ()
        scores = self._against(part, beside)
        best = max(scores)
        near = [name for name, score in zip(self._tools.names, scores, strict=True) if score >= _NEAR * best > 0]
        first = {name for name, score in zip(self._tools.names, scores, strict=True) if score >= _EQUAL * best}
        group = tuple(name for name in near if name in self._open) if first & self._open else tuple(near)
        return group if len(group) < len(self._tools.names) else ()

    def _against(self, part: _Part, beside: Sequence[_Part]) -> Scores:
        """The evidence for each tool, less for what is better said beside it, more for what is like that."""
        if not beside:
            return part.tools
        rivals = [max(column) for column in zip(*(other.tools for other in beside), strict=True)]
        meant = [name for other in beside if max(other.tools) >= _FEWEST for name in self._first(other)]
        return tuple(
            score and score + _SIBLING * self._likeness(name, meant) - _RIVAL * max(0.0, rival - score)
            for name, score, rival in zip(self._tools.names, part.tools, rivals, strict=True)
        )

    def _first(self, part: _Part) -> list[str]:
        best = max(part.tools)
        return [name for name, score in zip(self._tools.names, part.tools, strict=True) if score >= _EQUAL * best]

    def _likeness(self, name: str, others: Sequence[str]) -> float:
        return max((self._tools.alike(name, other) for other in others if other != name), default=0.0)

    def _groups(self, parts: Sequence[_Part], sentence: str) -> list[Group]:
        """What each part of a choice means, all told apart."""
        if _HAVE.search(sentence) and (held := self._held(parts)):
            return held
        found = [self._group(part, [*parts[:place], *parts[place + 1 :]]) for place, part in enumerate(parts)]
        groups = self._told_apart([group for group in found if group])
        if not groups and _BY_MEANS.search(sentence):
            return self._held(parts)
        if any(word[0] == "exist" for part in parts for word in part.words):
            return groups
        return [self._paired(group, [name for other in groups if other != group for name in other]) for group in groups]

    def _paired(self, group: Group, others: Sequence[str]) -> Group:
        """Of the tools that one choice may mean, those that do the same, or work on the same, as the other choices."""
        in_context = self._by_context(group)
        for words in (first_words, last_words):
            shared = {words(self._tools_by_name[name]) for name in others}
            alike = tuple(name for name in in_context if words(self._tools_by_name[name]) in shared)
            if len(shared) == 1 and alike:
                return alike
        return in_context

    def _by_context(self, group: Group) -> Group:
        """The tools of a group that the rest of the reply speaks of, if it speaks of some more than of others."""
        scores = [self._context[self._tools.names.index(name)] for name in group]
        best = max(scores, default=0.0)
        if best < _FEWEST:
            return group
        return tuple(name for name, score in zip(group, scores, strict=True) if score >= _IN_CONTEXT * best)

    def _held(self, parts: Sequence[_Part]) -> list[Group]:
        """The tools that each value needs which a part of a choice names, if those are different ones."""
        found: list[Group] = []
        for part in parts:
            best = max(part.values, default=0.0)
            if best >= _FEWEST:
                takers = self._taken[part.values.index(best)].needed_by
                found.append(tuple(name for name in self._tools.names if name in takers))
        return self._told_apart([group for group in found if group])

    def _asks_value(self, parts: Sequence[_Part], place: int) -> bool:
        """Whether a part of a choice asks for a value beside it rather than offers a tool."""
        part = parts[place]
        beside = _AND.match(part.text) or any(_AND.match(other.text) for other in parts[place + 1 : place + 2])
        if not beside or max(scores := self._with_kind(part), default=0.0) < _VALUE:
            return False
        said = {feature for word in part.words for feature in word}
        label = self._taken[scores.index(max(scores))].label
        return _WH.search(part.text) is not None or (label <= said and _GIVE.search(part.text) is not None)

    def _yes_no(self, sentence: str) -> Group:
        """The tools that a yes would leave."""
        if len(self._tools.names) < 2 or "?" not in sentence or _WH.search(sentence):
            return ()
        part = self._part(_TAG.sub(" ", sentence))
        if self._by_label(part) or self._value_of_choices([self._part(text) for text in _split(sentence, _CHOICE)]):
            return ()
        if self._names_value(part) and not _INDEFINITE.search(sentence):
            return ()
        return self._group(part)

    def _names_value(self, part: _Part) -> bool:
        said = {feature for word in part.words for feature in word}
        best = max(part.values, default=0.0)
        if best < _VALUE:
            return False
        return best >= max(part.tools) or self._taken[part.values.index(best)].label <= said

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

    # --- values ------------------------------------------------------------------------------------------------------

    def _asked(self, texts: Sequence[str]) -> list[str]:
        """The values that parts of a sentence ask for, in the order of the words."""
        units = [unit for text in texts for unit in self._units(text)]
        one = self._asked_of(units)
        return [name for unit in units for name in self._meant(unit, one)]

    def _units(self, text: str) -> Iterator[Scores]:
        """How much each part of a sentence asks for each value; choices of one value ask for that together."""
        parts = _split(text, _UNIT)
        chosen = self._value_of_choices([self._part(part) for part in parts])
        for part in parts:
            said = {word[0] for word in content(part)}
            if chosen and any(choice & said for choice in chosen.choices):
                yield tuple(_SAID * (value is chosen) for value in self._taken)
            elif unit := self._unit(part):
                yield unit

    def _unit(self, text: str) -> Scores | None:
        """How much one part of a question asks for each value; None where it asks for none."""
        part = self._part(text)
        if labelled := self._by_label(part):
            return labelled
        scores = self._with_kind(part)
        best = max(scores, default=0.0)
        by_kind = best >= _BY_KIND and len(part.words) < 3
        if best < _VALUE or (part.words and part.explained < _EXPLAINED and not by_kind):
            return None
        return scores if _WH.search(text) or self._names(part, scores.index(best)) else None

    def _by_label(self, part: _Part) -> Scores:
        """The values that a part of a question calls by their full labels, if it does."""
        named = {name for name, size in labels_in(part.text, self._of) if size > 1 or len(part.words) < 2}
        return tuple(_SAID * (value.name in named) for value in self._taken) if named else ()

    def _asked_of(self, units: Sequence[Scores]) -> frozenset[str]:
        """The tools that most of what is asked for together is of."""
        totals = {
            name: sum(
                max((s for s, v in zip(unit, self._taken, strict=True) if name in v.taken_by), default=0.0)
                for unit in units
            )
            for name in self._open
        }
        best = max(totals.values(), default=0.0)
        return frozenset(name for name, total in totals.items() if total >= _EQUAL * best)

    def _meant(self, unit: Scores, tools: frozenset[str]) -> list[str]:
        best = max(unit)
        of_one = [s if value.taken_by & tools else 0.0 for s, value in zip(unit, self._taken, strict=True)]
        scores = of_one if max(of_one) >= _OF_ONE * best else list(unit)
        best = max(scores)
        equal = [value for value, score in zip(self._taken, scores, strict=True) if score >= best * _EQUAL]
        return [value.name for value in equal if value.required or not any(other.required for other in equal)]

    def lists_values(self, text: str) -> bool:
        """Whether a text is nothing but names of values: "customer number and currency"."""
        units = [self._part(unit) for unit in _split(text, _UNIT)]
        return 0 < len(units) < 6 and all(
            len(part.words) < 4 and part.explained == 1 and max(part.values) >= _VALUE and not _VERB.search(part.text)
            for part in units
        )

    def _names(self, part: _Part, place: int) -> bool:
        """Whether a part without a question word names the value by its label, or one of its choices."""
        said = {feature for word in part.words for feature in word}
        taken = self._taken[place]
        return taken.label <= said or any(choice & said for choice in taken.choices) or part.explained >= 0.5

    def _with_kind(self, part: _Part) -> Scores:
        asked = _WH.search(part.text)
        said = {feature for word in part.words for feature in word}
        return tuple(
            score
            + _BY_KIND * bool(asked and _may_answer(asked["wh"].casefold(), taken))
            + _IN_FULL * (taken.label <= said)
            for score, taken in zip(part.values, self._taken, strict=True)
        )


def _split(text: str, by: re.Pattern[str]) -> list[str]:
    return [part for part in by.split(text) if part.strip()]


def first_words(tool: Tool) -> str:
    """What a tool does, as the first word of its name says."""
    return identifier_words(tool.name)[0]


def last_words(tool: Tool) -> str:
    """What a tool works on, as the last word of its name says."""
    return identifier_words(tool.name)[-1]


def _beside_the_choices(reply: str) -> str:
    """The parts of a reply that offer nothing."""
    return " ".join(
        part
        for sentence in re.split(r"(?<=[.!?])\s+", reply)
        for part in ([sentence] if not _EITHER.search(sentence) else _split(sentence, _CHOICE))
        if not (_EITHER.search(sentence) and _is_offer(part))
    )


def _listing(sentence: str) -> bool:
    """Whether a sentence lists what to choose from, line by line or by numbers."""
    if len(_split(sentence, _CHOICE)) < 3 or not ("\n" in sentence or _NUMBERED.search(sentence)):
        return False
    return not _FOR_VALUES.search(sentence.partition("\n")[0])


def _is_offer(text: str) -> bool:
    """Whether a part of a choice may be one of the things to choose from."""
    wh = _WH.search(text)
    return not (wh and wh.start() < _EARLY) and not _BESIDE_THE_POINT.search(text)


def _joined(listed: re.Match[str]) -> str:
    return listed[0].replace(",", " ")


def _may_answer(wh: str, taken: Taken) -> bool:
    """Whether the value is of the kind that the question word asks for."""
    kind = taken.schema.get("type")
    if wh in ("how many", "how much"):
        return kind in ("integer", "number")
    if _DAY.search(wh):
        return str(taken.schema.get("format", "")).startswith("date") or bool(_kind_words("when") & taken.label)
    wanted = {"whose": "who", "whom": "who"}.get(wh, wh)
    return bool(_kind_words(wanted) & taken.words) if wanted in _KINDS else False


def _kind_words(wh: str) -> frozenset[str]:
    return frozenset(word[0] for word in content(" ".join(sorted(_KINDS[wh]))))

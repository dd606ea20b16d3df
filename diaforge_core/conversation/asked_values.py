"""Which values a question in free words asks for, part by part of its sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..catalog.words import word_set
from ..records.tool import Tool
from .ear import Features, content
from .evidence import Scores, Taken, tool_bags, value_bags, values_taken
from .labels import labels_in

VALUE = 0.45
"""Evidence from which on a value is asked for."""
EXPLAINED = 0.33
"""Share of a part's words that must be words of the tools, for the part to be about them."""
_BY_KIND = 0.6
"""Evidence that "when", "who" or "how many" gives for a day, a person or a number."""
_OF_ONE = 0.7
"""Share of the best value's evidence from which on one of the tool that all is asked of goes before it."""
_IN_FULL = 0.3
"""Evidence that it gives for a value that all words of its label, or such as mean the same, are there."""
_SAID = 2.0
"""Evidence that a value's full label gives."""
EQUAL = 0.97
"""Share of the best value's evidence from which on another one is as likely."""
_UNIT = re.compile(
    r"[,;:?!/&+\n]|\b(?=to where\b)|\band\b|\bor\b|\bas well as\b|\bplus\b|\balong with\b|\s[-–—]+\s", re.IGNORECASE
)
WH = re.compile(
    r"\b(?P<wh>whose|whom|who|where|why|how (?:many|much|long|often|far|big|heavy|soon|high|large|fast|old)|how"
    r"|(?:which|what|from what|until which) (?:day|date|time)|which|what|when(?=\W*$|\s+(?:is|are|was|were|do|does"
    r"|did|will|would|should|shall|can|could|must|has|have|exactly|to|from|it|they|he|she)\b))\b(?! matters)",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    r"^\W*(?:(?:and|so|then|ok|okay)\W+)*(?:is|are|do|does|did|was|were|will|has|should|shall)\b(?! (?:there"
    r"|you have)\b)",
    re.IGNORECASE,
)
"""How a question begins that is answered by yes or no; "is there a budget?" asks for it."""
_VERB = re.compile(r"\b(?:is|are|was|were|will|has|have|had|can|be|ok|okay)\b", re.IGNORECASE)
_KINDS = {
    "when": word_set("day date time deadline"),
    "who": word_set(
        "person manager lawyer clinician staff author payee recipient institution member team owner approver "
        "contact employee user customer supplier driver doctor name receives addressed"
    ),
    "where": word_set(
        "location depot place address site city country room building warehouse destination origin clinic branch "
        "shelf bin dock department"
    ),
    "why": word_set("reason cause why"),
    "how long": word_set("until last end duration period"),
    "how often": word_set("frequency interval granularity"),
}  # fmt: skip
"""Question word → words of what it may ask for."""
_CLOCK = frozenset(word[0] for word in content("time hour clock"))
_DAY = re.compile(r"\b(?:day|date|time)\b|^when$")


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


class ValueEar:
    """Makes out which values of the open tools are asked for; all the tools shown tell what words are about them."""

    def __init__(self, tools: Sequence[Tool], shown: Sequence[Tool]) -> None:
        self._tools, self._values = tool_bags(shown), value_bags(tools)
        self.taken = values_taken(tools)
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

    def asked(self, texts: Sequence[str]) -> list[str]:
        """The values that parts of a sentence ask for, in the order of the words."""
        units = [unit for text in texts for unit in self._units(text)]
        one = self._asked_of(units)
        return [name for unit in units for name in self._meant(unit, one)]

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

    def is_no_answer(self, part: Part, sentence: str) -> bool:
        """Whether a yes or a no to the sentence cannot give the value that the part points at."""
        value = self.taken[part.values.index(max(part.values))]
        return bool(_YES_NO.match(sentence)) and not value.choices and value.schema.get("type") != "boolean"

    def by_label(self, part: Part) -> Scores:
        """The values that a part of a question calls by their full labels, if it does."""
        named = {name for name, size in labels_in(part.text, self._of) if size > 1 or len(part.words) < 2}
        return tuple(_SAID * (value.name in named) for value in self.taken) if named else ()

    def scores(self, part: Part) -> Scores:
        asked = WH.search(part.text)
        said = part.said
        return tuple(
            score
            + _BY_KIND * bool(asked and _may_answer(asked["wh"].casefold(), taken))
            + _IN_FULL * (taken.label <= said)
            for score, taken in zip(part.values, self.taken, strict=True)
        )

    def _units(self, text: str) -> Iterator[Scores]:
        """How much each part of a sentence asks for each value; choices of one value ask for that together."""
        parts = split(text, _UNIT)
        chosen = self.of_choices([self.part(part) for part in parts])
        for part in parts:
            said = {feature for word in content(part) for feature in word}
            if chosen and any(choice & said for choice in chosen.choices):
                yield tuple(_SAID * (value is chosen) for value in self.taken)
            elif unit := self._unit(part):
                yield unit

    def _unit(self, text: str) -> Scores | None:
        """How much one part of a question asks for each value; None where it asks for none."""
        part = self.part(text)
        if labelled := self.by_label(part):
            return labelled
        scores = self.scores(part)
        best = max(scores, default=0.0)
        by_kind = best >= _BY_KIND and len(part.words) < 3
        if best < VALUE or (part.words and part.explained < EXPLAINED and not by_kind):
            return None
        return scores if WH.search(text) or self._names(part, scores.index(best)) else None

    def _names(self, part: Part, place: int) -> bool:
        """Whether a part without a question word names the value by its label, or one of its choices."""
        said = part.said
        taken = self.taken[place]
        return taken.label <= said or any(choice & said for choice in taken.choices) or part.explained >= 0.5

    def _asked_of(self, units: Sequence[Scores]) -> frozenset[str]:
        """The tools that most of what is asked for together is of."""
        totals = {
            name: sum(
                max((s for s, v in zip(unit, self.taken, strict=True) if name in v.taken_by), default=0.0)
                for unit in units
            )
            for name in (tool.name for tool in self._of)
        }
        best = max(totals.values(), default=0.0)
        return frozenset(name for name, total in totals.items() if total >= EQUAL * best)

    def _meant(self, unit: Scores, tools: frozenset[str]) -> list[str]:
        best = max(unit)
        of_one = [s if value.taken_by & tools else 0.0 for s, value in zip(unit, self.taken, strict=True)]
        scores = of_one if max(of_one) >= _OF_ONE * best else list(unit)
        best = max(scores)
        equal = [value for value, score in zip(self.taken, scores, strict=True) if score >= best * EQUAL]
        return [value.name for value in equal if value.required or not any(other.required for other in equal)]


def split(text: str, by: re.Pattern[str]) -> list[str]:
    return [part for part in by.split(text) if part.strip()]


def _may_answer(wh: str, taken: Taken) -> bool:
    """Whether the value is of the kind that the question word asks for."""
    kind = taken.schema.get("type")
    if wh in ("how many", "how much"):
        return kind in ("integer", "number")
    if wh.endswith(" time"):
        return bool(_CLOCK & taken.label)
    if _DAY.search(wh):
        return str(taken.schema.get("format", "")).startswith("date") or bool(_kind_words("when") & taken.label)
    wanted = {"whose": "who", "whom": "who"}.get(wh, wh)
    return bool(_kind_words(wanted) & taken.words) if wanted in _KINDS else False


def _kind_words(wh: str) -> frozenset[str]:
    return frozenset(word[0] for word in content(" ".join(sorted(_KINDS[wh]))))

"""Choices between tools that a sentence names word by word, as the answers of the catalog's separating questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..catalog.facets import Facet, facets
from ..catalog.words import by_identity, meaning
from ..records.tool import Tool
from .labels import label_pattern

COMMON_WEIGHT = 0.1
"""Weight of a word that all answers to a question share, against 1 for one that tells them apart."""
_NAMED_SHARE = 0.75
"""Share of an answer's telling words that must stand in one choice of a question for the choice to be that answer."""
_IN_FULL = 0.999
"""The same for words that leave nothing of an answer out."""
_ACTION = "@"
"""How the stem of a common action begins among the stems of `meaning`."""
_FRAME = meaning(
    "plan mean prefer intend hope try look aim goal idea intention task job request wish purpose exactly rather"
)
"""Stems of how a question is put, which are no part of what it offers."""
_LED_BY_ARTICLE = re.compile(r"\s*(?:an?|the)\s", re.IGNORECASE)
CHOICE = re.compile(r"[,;:]|\bor\b|\bversus\b|\bvs\b|\brather than\b|\?")
YES_NO = re.compile(
    r"\b(?:do you (?:want|wish|need|mean|intend|plan)|would you like|should i|shall i|is (?:this|it"
    r"|that)|are (?:you|we|these)"
    r"|does (?:this|it)|did you (?:want|mean)|you (?:want|mean))\b",
    re.IGNORECASE,
)
_HAVE = re.compile(
    r"\b(?:do you (?:already |also |happen to )*(?:have|know|hold)|is there|have you (?:got)?|are there)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answers:
    """One facet's answers with the words that tell them apart."""

    facet: Facet
    words: dict[str, frozenset[str]]
    """Answer → its stems."""
    common: frozenset[str]
    """Stems that all answers share."""

    def likeness(self, answer: str, said: frozenset[str]) -> tuple[float, float]:
        """Share of the answer's weight that stands in the words said, and that weight."""
        weights = {word: COMMON_WEIGHT if word in self.common else 1.0 for word in self.words[answer]}
        total = sum(weights.values())
        matched = sum(weight for word, weight in weights.items() if word in said)
        return (matched / total if total else 0.0), matched


@by_identity(4096)
def _answers_of(tools: Sequence[Tool]) -> tuple[Answers, ...]:
    found: list[Answers] = []
    for facet in facets(tools):
        words = {answer: meaning(answer) for answer in facet.options}
        found.append(Answers(facet, words, frozenset.intersection(*words.values())))
    return tuple(found)


def answers_of(tools: Sequence[Tool]) -> tuple[Answers, ...]:
    """Every facet of the tools with its answers' words."""
    return _answers_of(sorted(tools, key=lambda tool: tool.name))


@dataclass(frozen=True, slots=True)
class _Choice:
    """One of the things that a sentence offers."""

    start: int
    end: int
    said: frozenset[str]


def _choices(masked: str) -> list[_Choice]:
    """The parts of a sentence between the words that part choices, those without content left out.

    A bare action takes on what the next one works on, and a bare thing the action before it: "view, change or remove
    a rule", "remove a rule, a policy or a page".
    """
    ends = [(found.start(), found.end()) for found in CHOICE.finditer(masked)]
    starts = [0, *(end for _, end in ends)]
    parts = zip(starts, [*(start for start, _ in ends), len(masked)], strict=True)
    found = [_Choice(start, end, said) for start, end in parts if (said := meaning(masked[start:end]))]
    for place, choice in enumerate(found[1:], 1):
        before = {word for word in found[place - 1].said if word.startswith(_ACTION)}
        if len(before) == 1 and _LED_BY_ARTICLE.match(masked, choice.start) and not _acts(choice.said):
            found[place] = replace(choice, said=choice.said | before)
    for place in range(len(found) - 2, -1, -1):
        if _is_bare(found[place].said) and _acts(found[place + 1].said):
            thing = {word for word in found[place + 1].said if not word.startswith(_ACTION)}
            found[place] = replace(found[place], said=found[place].said | thing)
    return found


def _acts(said: frozenset[str]) -> bool:
    return any(word.startswith(_ACTION) for word in said)


def _is_bare(said: frozenset[str]) -> bool:
    """Whether the words are one common action and nothing that it works on."""
    return sum(word.startswith(_ACTION) for word in said) == 1 and len(said - _FRAME) == 1


def _named_in(answers: Answers, low: str, choices: Sequence[_Choice]) -> tuple[bool, list[str]]:
    """Whether the sentence says its answers in full, and the answers that it names, in the order of its words.

    In full is as they stand, or in other words that leave nothing of them out.
    """
    spans = _literally(answers, low)
    literal = len(spans) > 1
    found = {answer: start for start, _, answer in spans} if literal else {}
    in_full = True
    for choice in choices:
        if literal and any(start < choice.end and choice.start < end for start, end, _ in spans):
            continue
        winner, share = _likest(answers, choice.said)
        if winner not in found and share >= (_IN_FULL if literal else _NAMED_SHARE):
            found[winner] = choice.start
            in_full = in_full and share >= _IN_FULL
    if not found:
        return False, [answer for _, _, answer in spans]
    return literal or (in_full and len(found) > 1), sorted(found, key=lambda answer: found[answer])


def _literally(answers: Answers, low: str) -> list[tuple[int, int, str]]:
    """Start, end and answer for each that stands in the lower-case words, longer ones first."""
    spans: list[tuple[int, int, str]] = []
    for answer in sorted(answers.words, key=len, reverse=True):
        for start, end in _places(answer.casefold(), low):
            if not any(start < other_end and other < end for other, other_end, _ in spans):
                spans.append((start, end, answer))
                break
    return spans


def _places(words: str, text: str) -> Iterator[tuple[int, int]]:
    """Where the words stand in the text as whole words."""
    start = text.find(words)
    while start >= 0 and words:
        end = start + len(words)
        if not (start and _in_word(text[start - 1])) and not (end < len(text) and _in_word(text[end])):
            yield start, end
        start = text.find(words, start + 1)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _likest(answers: Answers, said: frozenset[str]) -> tuple[str, float]:
    """The one answer that the words are most like and their likeness; no answer where two are equally like."""
    scored = [(answers.likeness(answer, said), answer) for answer in answers.words]
    best = max(score for score, _ in scored)
    winners = [answer for score, answer in scored if score == best]
    return (winners[0], best[0]) if len(winners) == 1 else ("", 0.0)


def _masked(sentence: str, tools: Sequence[Tool]) -> str:
    """The sentence with blanks for names of parameters, so that "the account ID" is not taken for "an account"."""
    for tool in tools:
        sentence = label_pattern(tool).sub(lambda found: " " * len(found[0]) if " " in found[0] else found[0], sentence)
    return sentence


def facets_named(sentence: str, tools: Sequence[Tool]) -> list[tuple[Facet, list[str], bool]]:
    """The separating questions in one sentence with the answers they name, the most literal and widest first."""
    found: list[tuple[tuple[bool, float], Facet, list[str]]] = []
    low = sentence.casefold()
    choices = _choices(_masked(sentence, tools) if "?" in sentence else sentence)
    for answers in answers_of(tools):
        facet = answers.facet
        if facet.key.startswith("parameter:"):
            if _HAVE.search(sentence) and any(_places(facet.key.removeprefix("parameter:").casefold(), low)):
                found.append(((True, 9.0), facet, list(facet.options)))
            continue
        in_full, named = _named_in(answers, low, choices)
        alone = len(named) == 1 and YES_NO.search(sentence) and "?" in sentence
        if len(named) > 1 or alone:
            width = len(named) + 0.1 * max(len(answers.words[answer]) for answer in named)
            found.append(((in_full, width), facet, named))
    found.sort(key=lambda item: (-item[0][0], -item[0][1]))
    return [(facet, named, key[0]) for key, facet, named in found]

"""What an assistant's words ask of the user, whoever worded them: which tool, which values, a yes, or nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import fuzz

from ..catalog.facets import Facet, facets
from ..catalog.leaves import leaves
from ..catalog.words import by_identity, meaning
from ..records.tool import Tool
from .labels import label_pattern, leaf_named

AskedKind = Literal["facet", "arguments", "confirmation", "options", "none_fits", "other"]
COMMON_WEIGHT = 0.1
"""Weight of a word that all answers to a question share, against 1 for one that tells them apart."""
_NAMED_SHARE = 0.75
"""Share of an answer's telling words that must stand in one choice of a question for the choice to be that answer."""
_IN_FULL = 0.999
"""The same for words that leave nothing of an answer out."""
_FUZZY_WORD = 84
"""rapidfuzz ratio from which on each misspelled word is taken for its place in a parameter's label."""
_ACTION = "@"
"""How the stem of a common action begins among the stems of `meaning`."""
_FRAME = meaning(
    "plan mean prefer intend hope try look aim goal idea intention task job request wish purpose exactly rather"
)
"""Stems of how a question is put, which are no part of what it offers."""
_LED_BY_ARTICLE = re.compile(r"\s*(?:an?|the)\s", re.IGNORECASE)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_CHOICE = re.compile(r"[,;:]|\bor\b|\bversus\b|\bvs\b|\brather than\b|\?")
_YES_NO = re.compile(
    r"\b(?:do you (?:want|wish|need|mean|intend|plan)|would you like|should i|shall i|is (?:this|it"
    r"|that)|are (?:you|we|these)"
    r"|does (?:this|it)|did you (?:want|mean)|you (?:want|mean))\b",
    re.IGNORECASE,
)
_WHICH_OF = re.compile(r"\bwhich (?:of|one|area|comes|is it)\b|\bwhat shall it be\b", re.IGNORECASE)
_HANDING_OVER = re.compile(r"\b(?:provide|give|share|specify|supply|send|what (?:is|are))\b", re.IGNORECASE)
_HAVE = re.compile(
    r"\b(?:do you (?:already |also |happen to )*(?:have|know|hold)|is there|have you (?:got)?|are there)\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\?|\b(?:please|need|needed|require[sd]?|provide|give|share|missing|tell me|send|specify|what"
    r"|which|let me have|let me know"
    r"|enter|supply|state|confirm the|still open|kindly|could you|can you)\b",
    re.IGNORECASE,
)
_CONFIRMATION = re.compile(
    r"\b(?:shall i (?:go|proceed|do|submit|continue|carry)|should i (?:go ahead|proceed|submit"
    r"|continue|carry)|go ahead\?"
    r"|(?:do|can|could|would) you (?:please )?confirm|please confirm|is (?:that|this|everything"
    r"|all of (?:that|this)) "
    r"(?:correct|right|okay|ok|fine)|are you sure|may i proceed|can i proceed|ready to proceed"
    r"|happy for me to|okay to proceed"
    r"|does that look right|correct\?|want me to (?:go ahead|proceed))\b|\b(?:correct|right|confirm(?:ed)?)\?\s*$",
    re.IGNORECASE,
)
_NONE_FITS = re.compile(
    r"\b(?:none of (?:the |my |these |those )?(?:\w+ )?(?:tools?|functions?|operations?|apis?|options?)\b"
    r"|no (?:available |suitable |matching )?(?:tool|function|operation)\b|(?:do not|don't) have (?:a"
    r"|any) (?:\w+ )?(?:tool|function)"
    r"|(?:can't|cannot|can not|unable to|not able to|won't be able to) (?:help|do|assist|complete"
    r"|perform|handle|carry)"
    r"|nothing (?:i have|here|available) (?:fits|matches|can)|outside (?:of )?what i can)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:what (?:would|do|did|are|can|should|kind|sort|type|exactly|precisely|specifically|is it|task|action)"
    r"|which (?:kind|type|sort|one)"
    r"|(?:tell me|say) (?:more|a bit)|more (?:detail|information|specific|context)|clarify|elaborate"
    r"|how (?:can|may) i help|describe"
    r"|please specify|be more specific|what's (?:this|it))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one assistant reply asks."""

    kind: AskedKind
    facets: tuple[str, ...] = ()
    """Keys of the separating questions it asks, the most literal first."""
    parameters: tuple[str, ...] = ()
    """Top-level parameter names of any of the tools, in the order they are asked for."""
    tools: tuple[str, ...] = ()
    """Tools that the choices named fit, by name."""
    options: tuple[str, ...] = ()
    """The choices named, as the first facet's answers, in the order of the words."""
    in_full: bool = False
    groups: tuple[tuple[str, ...], ...] = ()
    """The tools that each choice would leave, by name, in the order of the words; one where yes or no is asked."""


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


def sentences(text: str) -> list[str]:
    """The sentences of a text, by their end marks and by lines."""
    return [part for part in _SENTENCE.split(text) if part.strip()]


# --- understanding ---------------------------------------------------------------------------------------------------


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
    ends = [(found.start(), found.end()) for found in _CHOICE.finditer(masked)]
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


def _facets_asked(sentence: str, tools: Sequence[Tool]) -> list[tuple[Facet, list[str], bool]]:
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
        alone = len(named) == 1 and _YES_NO.search(sentence) and "?" in sentence
        if len(named) > 1 or alone:
            width = len(named) + 0.1 * max(len(answers.words[answer]) for answer in named)
            found.append(((in_full, width), facet, named))
    found.sort(key=lambda item: (-item[0][0], -item[0][1]))
    return [(facet, named, key[0]) for key, facet, named in found]


def _parameters_asked(sentence: str, tools: Sequence[Tool]) -> list[str]:
    """Top-level names of the parameters that a sentence names, in the order of its words."""
    found: dict[str, int] = {}
    for tool in tools:
        for match in label_pattern(tool).finditer(sentence):
            name = leaf_named(tool, match[0]).keys[0]
            found[name] = min(match.start(), found.get(name, match.start()))
    if not found:
        found = _misspelled(sentence, tools)
    return sorted(found, key=lambda name: (found[name], name))


def _misspelled(sentence: str, tools: Sequence[Tool]) -> dict[str, int]:
    words = re.findall(r"[^\W_]+", sentence.casefold())
    found: dict[str, int] = {}
    for tool in tools:
        for leaf in leaves(tool):
            size = len(leaf.label.split())
            if len(leaf.label) < 5:
                continue
            for start in range(len(words) - size + 1):
                pairs = zip(words[start : start + size], leaf.label.casefold().split(), strict=True)
                if all(fuzz.ratio(given, meant) >= _FUZZY_WORD for given, meant in pairs):
                    found.setdefault(leaf.keys[0], start)
    return found


def _fitting(named: Sequence[tuple[Facet, Sequence[str]]]) -> tuple[str, ...]:
    """The tools whose answer to the first facet is among the answers it names."""
    if not named:
        return ()
    facet, answers = named[0]
    return tuple(sorted(name for name, answer in facet.answers.items() if answer in answers))


def _groups(facet: Facet, answers: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(name for name, own in facet.answers.items() if own == answer) for answer in answers)


Ear = Callable[[str, Sequence[Tool], Sequence[Tool]], "Asked"]
"""Takes a reply, the tools that the words so far leave open and all that are shown; tells what the reply asks."""


def among(shown: Sequence[Tool], ear: Ear) -> Ear:
    """The ear of one who knows that all these are shown, whichever tools a reader has in mind."""
    return lambda reply, tools, _: ear(reply, tools, shown)


def by_the_word(reply: str, tools: Sequence[Tool], shown: Sequence[Tool]) -> Asked:
    """What a reply asks in the very words of the tools: the ear of whoever judges by words."""
    return understand(reply, tools)


def understand(reply: str, tools: Sequence[Tool]) -> Asked:
    """What an assistant's reply asks, read against these tools; kind `other` when nothing can be made of it.

    A separating question comes before values, values before a confirmation; a reply that says that no tool fits
    counts as that whatever else it holds.
    """
    return _understood(reply, sorted(tools, key=lambda tool: tool.name))


def _understood(reply: str, tools: Sequence[Tool]) -> Asked:
    known = _memory(tools)
    asked = known.get(reply)
    if asked is None:
        # Conversations run in threads, so nothing is looked up again that another may have thrown away.
        if len(known) > 256:
            known.clear()
        asked = known[reply] = _understand(reply, tuple(tools))
    return asked


@by_identity(2048)
def _memory(tools: Sequence[Tool]) -> dict[str, Asked]:
    """Replies already understood against these very tool objects."""
    return {}


def _understand(reply: str, tools: Sequence[Tool]) -> Asked:
    if _NONE_FITS.search(reply):
        return Asked("none_fits")
    named: list[tuple[Facet, list[str]]] = []
    parameters: list[str] = []
    described: set[str] = set()
    full = False
    for sentence in sentences(reply):
        if not _ASKING.search(sentence):
            continue
        here = _facets_asked(sentence, tools) if len(tools) > 1 else []
        named.extend((facet, answers) for facet, answers, _ in here)
        full = full or any(each for _, _, each in here[:1])
        if not here and not _is_choice(sentence):
            parameters.extend(name for name in _parameters_asked(sentence, tools) if name not in parameters)
        if not here and len(tools) > 1 and not parameters and "?" in sentence:
            described.update(_described(sentence, tools))
    keys = tuple(dict.fromkeys(facet.key for facet, _ in named))
    if named:
        return Asked(
            "facet",
            keys,
            tuple(parameters),
            _fitting(named),
            tuple(named[0][1]),
            groups=_groups(*named[0]),
            in_full=full,
        )
    if described and not parameters:
        return Asked("facet", tuple(answers.facet.key for answers in answers_of(tools)), tools=tuple(sorted(described)))
    if _CONFIRMATION.search(reply) and not _asks_values(reply):
        return Asked("confirmation")
    if parameters:
        return Asked("arguments", parameters=tuple(parameters))
    if _CONFIRMATION.search(reply):
        return Asked("confirmation")
    return Asked("options") if _OPEN.search(reply) else Asked("other")


@by_identity(2048)
def _own_words(tools: Sequence[Tool]) -> dict[str, frozenset[str]]:
    """Tool name → words of its text that at most half of the tools use."""
    texts = {tool.name: meaning(tool.text) for tool in tools}
    counts = Counter(word for words in texts.values() for word in words)
    return {name: frozenset(word for word in words if counts[word] * 2 <= len(tools)) for name, words in texts.items()}


def _described(sentence: str, tools: Sequence[Tool]) -> set[str]:
    """The tools that a choice in other words than their names alludes to: "a prospect or an existing customer?"."""
    own = _own_words(tools)
    groups: list[frozenset[str]] = []
    for choice in _CHOICE.split(sentence):
        said = meaning(choice)
        scores = {name: len(said & words) for name, words in own.items()}
        best = max(scores.values())
        if best:
            groups.append(frozenset(name for name, score in scores.items() if score == best))
    return set(frozenset().union(*groups)) if len(set(groups)) > 1 else set()


def _is_choice(sentence: str) -> bool:
    """Whether a sentence offers tasks to choose from rather than asks for values, told without knowing the choices."""
    offers = _YES_NO.search(sentence) or _WHICH_OF.search(sentence)
    return bool(offers) and re.search(r"\bor\b|;", sentence) is not None and not _HANDING_OVER.search(sentence)


def _asks_values(reply: str) -> bool:
    """Whether a reply that seeks a confirmation also asks what something is."""
    return (
        re.search(r"\b(?:what (?:is|are|should|would)|which|tell me|give me|i (?:still )?need)\b", reply, re.I)
        is not None
    )

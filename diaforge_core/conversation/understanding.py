"""What an assistant's words ask of the user, whoever worded them: which tool, which values, a yes, or nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from rapidfuzz import fuzz

from ..catalog.facets import Facet
from ..catalog.leaves import leaves
from ..catalog.words import by_identity, meaning
from ..records.tool import Tool
from .labels import label_pattern, leaf_named
from .named_choices import CHOICE, YES_NO, answers_of, facets_named

AskedKind = Literal["facet", "arguments", "confirmation", "options", "none_fits", "other"]
Key = TypeVar("Key", bound=Hashable)
MOST_REMEMBERED = 256
"""Replies remembered of one set of tools."""
_FUZZY_WORD = 84
"""rapidfuzz ratio from which on each misspelled word is taken for its place in a parameter's label."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WHICH_OF = re.compile(r"\bwhich (?:of|one|area|comes|is it)\b|\bwhat shall it be\b", re.IGNORECASE)
_HANDING_OVER = re.compile(r"\b(?:provide|give|share|specify|supply|send|what (?:is|are))\b", re.IGNORECASE)
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
    r"\b(?:no (?:available |suitable |matching )?(?:tool|function|operation)\b|(?:do not|don't) have (?:a"
    r"|any) (?:\w+ )?(?:tool|function)"
    r"|(?:can't|cannot|can not|unable to|not able to|won't be able to) (?:help|do|assist|complete"
    r"|perform|handle|carry)"
    r"|nothing (?:i have|here|available) (?:fits|matches|can)|outside (?:of )?what i can)",
    re.IGNORECASE,
)
_NONE_OF = re.compile(
    r"\bnone of (?:the |my |these |those )?(?:\w+ )?(?:tools?|functions?|operations?|apis?|options?)\b", re.IGNORECASE
)
_NONE_OF_THOSE = re.compile(
    r"\bnone of (?:them|these|those|(?:the |my |these |those )?(?:\w+ )?choices?)\b"
    r" (?:fits?|match(?:es)?|works?|suits?|meets?|appl(?:y|ies))\b(?! without| until| to a)",
    re.IGNORECASE,
)
"""Who says so may mean tools, as long as nothing is asked besides."""
_CONDITION = re.compile(r"\b(?:if|or|whether|in case|unless)\b[^.,;:]*$", re.IGNORECASE)
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
    groups: tuple[tuple[str, ...], ...] = ()
    """The tools that each choice would leave, by name, in the order of the words; one where yes or no is asked."""


def sentences(text: str) -> list[str]:
    """The sentences of a text, by their end marks and by lines."""
    return [part for part in _SENTENCE.split(text) if part.strip()]


# --- understanding ---------------------------------------------------------------------------------------------------


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
    return remembered(_memory(tools), reply, lambda: _understand(reply, tuple(tools)))


def remembered(known: dict[Key, Asked], key: Key, make: Callable[[], Asked]) -> Asked:
    """What is known under the key, else what `make` gives, known from then on; too many are all forgotten."""
    asked = known.get(key)
    if asked is None:
        # Conversations run in threads, so nothing is looked up again that another may have thrown away.
        if len(known) > MOST_REMEMBERED:
            known.clear()
        asked = known[key] = make()
    return asked


@by_identity(2048)
def _memory(tools: Sequence[Tool]) -> dict[str, Asked]:
    """Replies already understood against these very tool objects."""
    return {}


def says_that_none_fits(reply: str) -> bool:
    """Whether a reply says that no tool does what is wanted."""
    if _NONE_FITS.search(reply):
        return True
    stated = [_NONE_OF] if "?" in reply else [_NONE_OF, _NONE_OF_THOSE]
    return any(_states(pattern, sentence) for sentence in sentences(reply) for pattern in stated)


def _states(pattern: re.Pattern[str], sentence: str) -> bool:
    """Whether a sentence states what the pattern says, and does not only ask or suppose it."""
    found = pattern.search(sentence)
    return (
        found is not None and not sentence.rstrip().endswith("?") and not _CONDITION.search(sentence[: found.start()])
    )


def seeks_confirmation(reply: str) -> bool:
    """Whether a reply asks for a yes and for nothing else."""
    return _CONFIRMATION.search(reply) is not None and not _asks_values(reply)


def chosen_in_full(reply: str, tools: Sequence[Tool]) -> Asked | None:
    """The separating question that a reply puts with its choices named in full; None where it puts none so."""
    asking = [sentence for sentence in sentences(reply) if _ASKING.search(sentence)] if len(tools) > 1 else []
    named = [found for sentence in asking for found in facets_named(sentence, tools)]
    return _separation(named, ()) if any(in_full for _, _, in_full in named) else None


def _separation(named: Sequence[tuple[Facet, Sequence[str], bool]], parameters: Sequence[str]) -> Asked:
    facet, options, _ = named[0]
    keys = tuple(dict.fromkeys(facet.key for facet, _, _ in named))
    groups = tuple(tuple(name for name, own in facet.answers.items() if own == option) for option in options)
    fitting = tuple(sorted(name for group in groups for name in group))
    return Asked("facet", keys, tuple(parameters), fitting, tuple(options), groups)


def _understand(reply: str, tools: Sequence[Tool]) -> Asked:
    if says_that_none_fits(reply):
        return Asked("none_fits")
    named: list[tuple[Facet, list[str], bool]] = []
    parameters: list[str] = []
    described: set[str] = set()
    for sentence in sentences(reply):
        if not _ASKING.search(sentence):
            continue
        here = facets_named(sentence, tools) if len(tools) > 1 else []
        named.extend(here)
        if not here and not _is_choice(sentence):
            parameters.extend(name for name in _parameters_asked(sentence, tools) if name not in parameters)
        if not here and len(tools) > 1 and not parameters and "?" in sentence:
            described.update(_described(sentence, tools))
    if named:
        return _separation(named, parameters)
    if described and not parameters:
        return Asked("facet", tuple(answers.facet.key for answers in answers_of(tools)), tools=tuple(sorted(described)))
    if seeks_confirmation(reply):
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
    for choice in CHOICE.split(sentence):
        said = meaning(choice)
        scores = {name: len(said & words) for name, words in own.items()}
        best = max(scores.values())
        if best:
            groups.append(frozenset(name for name, score in scores.items() if score == best))
    return set(frozenset().union(*groups)) if len(set(groups)) > 1 else set()


def _is_choice(sentence: str) -> bool:
    """Whether a sentence offers tasks to choose from rather than asks for values, told without knowing the choices."""
    offers = YES_NO.search(sentence) or _WHICH_OF.search(sentence)
    return bool(offers) and re.search(r"\bor\b|;", sentence) is not None and not _HANDING_OVER.search(sentence)


def _asks_values(reply: str) -> bool:
    """Whether a reply that seeks a confirmation also asks what something is."""
    return (
        re.search(r"\b(?:what (?:is|are|should|would)|which|tell me|give me|i (?:still )?need)\b", reply, re.I)
        is not None
    )

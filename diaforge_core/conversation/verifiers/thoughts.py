"""What a thought holds for settled, whoever words it: the tools it names or describes, whether it is done asking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ...catalog.profiles import profile
from ...catalog.words import by_identity, meaning
from ...records.tool import Tool
from ..understanding import sentences
from .words import name_words

_CLAUSE = re.compile(r"(?<=[.!?;:])\s+|\s+[—–-]\s+|\n|,\s+(?=(?:so|but|and|yet|while|whereas|though|because|since)\b)")
_RULED_OUT_BEFORE = re.compile(
    r"\b(?:not|isn'?t|n't|never|rather than|instead of|no longer|rul\w+ out|exclud\w+|eliminat\w+|neither|nor"
    r"|other than"
    r"|unlike|against|discarded|rejected)\s+(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_RULED_OUT_AFTER = re.compile(
    r"^\W*(?:\w+\W+){0,2}?(?:out\b|ruled\b|excluded|no longer|not\b|n't|doesn'?t|isn'?t|cannot|can'?t|wouldn'?t"
    r"|falls?\b"
    r"|drops?\b|gone\b|eliminated|wrong\b)",
    re.IGNORECASE,
)
_STILL_IN = re.compile(
    r"\b(?:cannot|can'?t|could not|not|n't|has yet to|have yet to) (?:yet )?be (?:ruled|excluded|eliminated"
    r"|dropped|discarded)",
    re.IGNORECASE,
)
_GUESS = re.compile(
    r"\b(?:could|may|might|maybe|perhaps|possibl\w+|either|if|whether|whichever|unless|seems?|probabl\w+|likely"
    r"|unclear"
    r"|not sure|ask\w*|so on)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:could|may|might|maybe|perhaps|possibl\w+|either|if|whether|unless|or|among|seems?|probabl\w+|likely"
    r"|unclear"
    r"|not sure|still possible|still open|candidates?|suppose|unless|ask\w*|question|tells? apart|distinguish\w*"
    r"|separat\w+|compared|other\w*|rest|both|several|first|before|remain possible|would)\b",
    re.IGNORECASE,
)
_LEAVES_OPEN = re.compile(
    r"\b(?:or|among|still possible|still open|candidates?|tells? apart|distinguish\w*|other\w*|both|several|would)\b",
    re.IGNORECASE,
)
_RULES_OUT = re.compile(
    r"\b(?:not|isn'?t|never|rather than|instead of|no longer|rul\w+ out|exclud\w+|eliminat\w+|drop\w*|neither"
    r"|nor|without"
    r"|unlike)\b|n't\b",
    re.IGNORECASE,
)
_STRONGLY = re.compile(
    r"\b(?:must be|has to be|can only (?:be|mean)|clearly|obviously|certainly|definitely|surely|no doubt|undoubtedly"
    r"|evidently|for sure|without (?:a )?doubt|only (?:be )?one|there is only one|settled|this is it|must mean"
    r"|(?:have |'ve )?(?:already )?decided|made up my mind|without asking|no need to ask|i(?:'m| am) (?:sure|certain)"
    r"|i (?:will|'ll) (?:just )?(?:call"
    r"|go with|take|use))\b",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(
    r"\b(?:better|safer|best|wiser) (?:to )?ask\b|\bi(?:'d| would| had better) (?:rather )?ask\b"
    r"|\ba (?:single )?question (?:will|would)\b|\b(?:is|are) (?:unclear|not said)\b"
    r"|\bstill (?:need|missing|lack|unclear|unknown|have to ask|open)|\b(?:is|are) (?:still |yet )?(?:missing"
    r"|lacking|unknown)\b"
    r"|\b(?:must|should|have to|need to|will|'ll|ought to|going to) (?:first )?(?:ask|find out|clarify)\b"
    r"|\b(?:cannot|can'?t|could not) (?:yet )?(?:tell|call|proceed|act|decide)\b|\b(?:isn'?t"
    r"|not) (?:yet )?(?:clear|known|decided)\b"
    r"|\b(?:don'?t|do not) (?:yet )?(?:know|have)\b.*\byet\b|\bneeds?\b.*\b(?:before|first)\b",
    re.IGNORECASE,
)
_NOT_SO = re.compile(
    r"\b(?:no|nothing|none|not|never|without|nobody|anything|any|was|were|had|been|no longer|until now)\b"
    r"|n't\b",
    re.IGNORECASE,
)
"""Before such a phrase it says the contrary, or how things were."""
_READY = re.compile(
    r"\b(?:everything|all(?: of it| that is needed| the values| values| required values)?) (?:required "
    r"|needed )?(?:is|are) "
    r"(?:now )?(?:known|given|there|in|complete|clear|settled)\b|\bnothing (?:\w+ ){0,2}?is (?:missing|open"
    r"|left|lacking)\b"
    r"|\bno (?:required |needed )?value is (?:missing|lacking|open)\b|\bthe last thing (?:that )?it need(?:s|ed)\b"
    r"|\bno (?:more|further) questions\b",
    re.IGNORECASE,
)
_CALLS_NOW = re.compile(
    r"\bi (?:will |can |'ll )?(?:now )?(?:make|place) the call\b|\bi (?:will |can |'ll )?(?:now )?call (?:it"
    r"|the tool|this|that)\b"
    r"|\bi call \w+ now\b",
    re.IGNORECASE,
)
_NOT_READY = re.compile(
    r"\b(?:but|except|only|just|yet|before|after|once|until|when|if|unless|without|cannot|can'?t|not|would|then"
    r"|so far"
    r"|apart|besides|optional|still)\b|n't\b",
    re.IGNORECASE,
)
_NAME_ONLY = re.compile(r"[a-z][A-Z]|\w[_./:]\w")
"""What a name has and a word has not."""
_PART = re.compile(r"[,;:]\s+|\s+[—–-]\s+")
_FIRST = re.compile(r"[.;]\s")
"""Where the first statement of a description ends."""
_TOLD = 0.7
"""Share of what a task is about that a sentence must hold to tell of that task."""
WORD_BY_WORD = 0.9
"""Share from which on a sentence repeats the document, so that words such as "or" in it are the document's."""


def clauses(text: str) -> list[str]:
    """The clauses of a thought."""
    return [part for part in _CLAUSE.split(text) if part.strip()]


def mentions(text: str, tools: Sequence[Tool]) -> Iterator[tuple[str, re.Match[str]]]:
    """Each place where the text names one of the tools, by cleaned or original name or by its last part."""
    low = text.casefold()
    for tool in tools:
        forms = _forms((tool,))
        if any(form.casefold() in low for form in forms):
            for found in _pattern(forms).finditer(text):
                yield tool.name, found


@by_identity(16_384)
def _forms(tools: Sequence[Tool]) -> tuple[str, ...]:
    """The ways to write the name of the one tool, longest first."""
    (tool,) = tools
    last = re.split(r"[./:]|(?<=[a-z])_(?=[A-Z])", tool.original_name)[-1]
    compound = last if re.search(r"[a-z][A-Z]|_", last) else ""
    words = name_words(tool.name)
    spaced = " ".join(words) if len(words) > 2 else ""
    return tuple(sorted({tool.name, tool.original_name, compound, spaced} - {""}, key=lambda form: (-len(form), form)))


def named_as_written(text: str, tools: Sequence[Tool]) -> set[str]:
    """Names of the tools whose name stands in the text as only a name is written, with its separators or capitals."""
    return {
        tool.name
        for tool in tools
        for form in {tool.name, tool.original_name}
        if form in text and _NAME_ONLY.search(form) and re.search(rf"(?<![\w.]){re.escape(form)}(?!\w)", text)
    }


@lru_cache(maxsize=16_384)
def _pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, forms))})(?!\w)", re.IGNORECASE)


def named(text: str, tools: Sequence[Tool]) -> tuple[set[str], set[str]]:
    """Names of the tools that the text speaks for, and of those that it only rules out."""
    favoured: set[str] = set()
    refused: set[str] = set()
    for name, found in mentions(text, tools):
        clause_start = max(text.rfind(mark, 0, found.start()) for mark in ".!?;,")
        before, after = text[clause_start + 1 : found.start()], text[found.end() : found.end() + 40]
        after = re.split(r"[.!?;,]|\b(?:and|but|so)\b", after)[0]
        out = _RULED_OUT_BEFORE.search(before) or (_RULED_OUT_AFTER.search(after) and not _STILL_IN.search(after))
        (refused if out else favoured).add(name)
    return favoured, refused - favoured


def settles_on(thought: str, tools: Sequence[Tool]) -> str:
    """The one tool, of several that are open, that a thought holds for the one that is meant; empty if it does not."""
    favoured, _ = named(thought, tools)
    if len(favoured) == 1:
        (name,) = favoured
        tool = [tool for tool in tools if tool.name == name]
        for clause in clauses(thought):
            if named(clause, tool)[0] and not _HEDGE.search(clause):
                return name
            if any(_STRONGLY.search(part) and named(part, tool)[0] for part in _unhedged(clause)):
                return name
    if favoured:
        return ""
    for sentence in sentences(thought):
        if _STRONGLY.search(sentence):
            share, told = told_of(sentence, tools)
            hedged = _GUESS if share >= WORD_BY_WORD else _HEDGE
            if len(told) == 1 and not hedged.search(sentence):
                return told.pop()
            for part in _unhedged(sentence):
                share, told = told_of(part, tools)
                if len(told) == 1:
                    return told.pop()
    return ""


def _unhedged(sentence: str) -> list[str]:
    """The parts of a sentence that leave nothing open, whatever the others say ("it is X, I only ask for form")."""
    return [part for part in _PART.split(sentence) if not (_GUESS.search(part) or _LEAVES_OPEN.search(part))]


@by_identity(4096)
def _tasks(tools: Sequence[Tool]) -> dict[str, tuple[frozenset[str], ...]]:
    """Tool name → what its task is about, as its name, its summary and its description have it."""
    return {
        tool.name: tuple(
            words
            for words in dict.fromkeys(map(meaning, (profile(tool).task, tool.summary, _FIRST.split(tool.text)[0])))
            if len(words) > 1
        )
        for tool in tools
    }


def told_of(sentence: str, tools: Sequence[Tool]) -> tuple[float, set[str]]:
    """The share of a task that a sentence tells, and the tools whose task that is; no tools where it tells of none."""
    said = meaning(sentence)
    scores: dict[str, tuple[float, int]] = {}
    for name, ways in _tasks(tools).items():
        scores[name] = max(((len(said & words) / len(words), len(said & words)) for words in ways), default=(0.0, 0))
    best = max(scores.values(), default=(0.0, 0))
    return best[0], {name for name, score in scores.items() if score == best} if best[0] >= _TOLD else set()


def tells_of_another(thought: str, tools: Sequence[Tool], called: str) -> str:
    """A tool whose task the thought tells without doubt, instead of that of the tool called; empty if there is none."""
    others: set[str] = set()
    for sentence in sentences(thought):
        share, told = told_of(sentence, tools)
        if called in told:
            return ""
        hedged = _GUESS if share >= WORD_BY_WORD else _HEDGE
        if not hedged.search(sentence) and (share >= WORD_BY_WORD or not _RULES_OUT.search(sentence)):
            others |= told
    return min(others, default="")


def is_unfinished(thought: str) -> bool:
    """Whether a thought says that something is still missing or must be asked."""
    return any(
        not _NOT_SO.search(clause[: found.start()])
        for clause in clauses(thought)
        for found in _UNFINISHED.finditer(clause)
    )


def is_ready(thought: str) -> bool:
    """Whether a thought says that nothing is open any more, or that it calls now."""
    return calls_now(thought) or _says(_READY, thought)


def calls_now(thought: str) -> bool:
    """Whether a thought says that it calls now."""
    return _says(_CALLS_NOW, thought)


def _says(pattern: re.Pattern[str], thought: str) -> bool:
    return any(pattern.search(sentence) and not _NOT_READY.search(sentence) for sentence in sentences(thought))

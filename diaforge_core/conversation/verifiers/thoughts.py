"""What a thought holds for settled, whoever words it: the tools it names or describes, whether it is done asking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ...catalog.profiles import profile
from ...catalog.words import by_identity, meaning
from ...records.tool import Tool

_CLAUSE = re.compile(r"(?<=[.!?;:])\s+|\s+[—–-]\s+|\n|,\s+(?=(?:so|but|and|yet|while|whereas|though|because|since)\b)")
_RULED_OUT_BEFORE = re.compile(
    r"\b(?:not|isn'?t|n't|never|rather than|instead of|no longer|rul\w+ out|exclud\w+|eliminat\w+|drop\w*|neither|nor"
    r"|without|other than|unlike|against|discard\w*|reject\w*|no)\s+(?:\w+\s+){0,3}$",
    re.IGNORECASE,
)
_RULED_OUT_AFTER = re.compile(
    r"^\W*(?:\w+\W+){0,2}?(?:out\b|ruled\b|excluded|no longer|not\b|n't|doesn'?t|isn'?t|cannot|can'?t|wouldn'?t"
    r"|falls?\b"
    r"|drops?\b|gone\b|eliminated|wrong\b)",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?:could|may|might|maybe|perhaps|possibl\w+|either|if|whether|unless|or|among|seems?|probabl\w+|likely"
    r"|unclear"
    r"|not sure|still possible|still open|candidates?|suppose|unless|ask\w*|question|tells? apart|distinguish\w*"
    r"|separat\w+|compared|other\w*|rest|both|several|first|before|remain possible|would)\b",
    re.IGNORECASE,
)
_COMMITS = re.compile(
    r"\b(?:must be|has to be|can only be|it'?s|it is|this is|that is|is (?:clearly|certainly|definitely"
    r"|obviously|surely"
    r"|the|what|meant|wanted|right)|clear\w*|obvious\w*|certain\w*|definite\w*|sure\w*|no doubt|undoubted\w*"
    r"|evident\w*"
    r"|(?:i|we|let'?s|let me)\b.{0,20}\b(?:call|use|take|go|pick|choose|run|settle|decide)|only|wants?|needs?"
    r"|settle\w*"
    r"|decid\w+|go(?:es|ing)? (?:for|with)|point\w* to|means?|fits?|leaves?|remains?|left|match\w*|the one|right tool"
    r"|conclude\w*|therefore|so)\b",
    re.IGNORECASE,
)
_STRONGLY = re.compile(
    r"\b(?:must be|has to be|can only (?:be|mean)|clearly|obviously|certainly|definitely|surely|no doubt|undoubtedly"
    r"|evidently|for sure|without (?:a )?doubt|there is only one|settled|i (?:will|'ll) (?:just )?(?:call"
    r"|go with|take|use))\b",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(
    r"\bstill (?:need|missing|lack|unclear|unknown|do not|don'?t|have to ask)|\b(?:is|are) (?:still "
    r"|yet )?(?:missing|lacking|unknown)\b"
    r"|\b(?:must|should|have to|need to|will|'ll|ought to|going to) (?:first )?(?:ask|find out|clarify)\b"
    r"|\b(?:cannot|can'?t|could not) (?:yet )?(?:tell|call|proceed|act)\b|\b(?:isn'?t|not) (?:yet )?(?:clear"
    r"|known|decided)\b",
    re.IGNORECASE,
)
_NOT_UNFINISHED = re.compile(
    r"\b(?:no|nothing|none|not|never|n't|without|anything|any|was|were|had|been|no longer|last|until now|before)\b",
    re.IGNORECASE,
)


def clauses(text: str) -> list[str]:
    """The clauses of a thought."""
    return [part for part in _CLAUSE.split(text) if part.strip()]


def mentions(text: str, tools: Sequence[Tool]) -> Iterator[tuple[str, re.Match[str]]]:
    """Each place where the text names one of the tools, by cleaned or original name or by its last part."""
    for tool in tools:
        if any(form in text for form in _forms(tool)):
            for found in re.finditer(_pattern(_forms(tool)), text):
                yield tool.name, found


def _forms(tool: Tool) -> tuple[str, ...]:
    """The ways to write a tool's name, longest first."""
    last = re.split(r"[./:]|(?<=[a-z])_(?=[A-Z])", tool.original_name)[-1]
    compound = last if re.search(r"[a-z][A-Z]|_", last) else ""
    return tuple(sorted({tool.name, tool.original_name, compound} - {""}, key=lambda form: (-len(form), form)))


@lru_cache(maxsize=16_384)
def _pattern(forms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, forms))})(?!\w)")


def named(text: str, tools: Sequence[Tool]) -> tuple[set[str], set[str]]:
    """Names of the tools that the text speaks for, and of those that it only rules out."""
    favoured: set[str] = set()
    refused: set[str] = set()
    for name, found in mentions(text, tools):
        clause_start = max(text.rfind(mark, 0, found.start()) for mark in ".!?;,")
        before, after = text[clause_start + 1 : found.start()], text[found.end() : found.end() + 40]
        after = re.split(r"[.!?;,]|\b(?:and|but|so)\b", after)[0]
        out = _RULED_OUT_BEFORE.search(before) or _RULED_OUT_AFTER.search(after)
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
    if favoured:
        return ""
    for clause in clauses(thought):
        if _STRONGLY.search(clause) and not _HEDGE.search(clause):
            return described(clause, tools)
    return ""


@by_identity(4096)
def _own_words(tools: Sequence[Tool]) -> dict[str, frozenset[str]]:
    """Tool name → what its task is about that no other of the tools is about."""
    said = {tool.name: meaning(profile(tool).task) | meaning(tool.summary) for tool in tools}
    return {
        name: frozenset(word for word in words if all(word not in said[other] for other in said if other != name))
        for name, words in said.items()
    }


def described(text: str, tools: Sequence[Tool]) -> str:
    """The one tool whose own words the text uses; empty when it uses those of none or of several."""
    said = meaning(text)
    fitting = [name for name, words in _own_words(tools).items() if said & words]
    return fitting[0] if len(fitting) == 1 else ""


def is_unfinished(thought: str) -> bool:
    """Whether a thought says that something is still missing or must be asked."""
    return any(_UNFINISHED.search(clause) and not _NOT_UNFINISHED.search(clause) for clause in clauses(thought))

"""What a turn holds only because its making went wrong: holes of a template, a thought said aloud, half a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .case import Case, Fault
from .words import fold

_HOLE = re.compile(
    r"\{\{?\s*[A-Za-z_][\w .-]*\}?\}|\[(?:[A-Z][A-Z_ ]{2,}|(?:insert|your|name|date|company)\b[^\]\n]{0,30})\]"
    r"|<(?:insert|your|name|date|company|user|customer|value)\b[^>\n]{0,30}>|(?<!\w)\$[A-Z_]{3,}\b"
    r"|(?<![\w-])(?:X{3,}|TODO|TBD|FIXME|[Ll]orem ipsum)(?![\w-])"
)
"""What a template leaves where nobody put a value in."""
_HOLE_SIGN = re.compile(r"[{\[<$]|XXX|TODO|TBD|FIXME|orem ipsum")
"""One of these is in every hole; to look for them is quicker."""
_WHOLE, _SENTENCE_WORDS = 3, 7
"""Words from which on a thought, or a sentence of one, stands in the reply by no accident."""
_LONG = 5
"""Words from which on a reply is a sentence that ends in a mark."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_BREAKS_OFF = re.compile(
    r"(?:\b(?:the|an?|and|or|to|of|for|with|your|my|our|is|are|does|do|did|has|have|was|were|should|would|if|whether"
    r"|what|which|from|by|at|as|than|that|this|these|those)|,)\W*$",
    re.IGNORECASE,
)
_TAIL = 20
"""Characters at the end of a reply that hold its last word."""


def left_over(case: Case) -> Iterator[Fault]:
    """Each turn that holds what nobody meant to say."""
    for index, turn in enumerate(case.turns):
        why = _hole(case, turn.reply) or _hole(case, turn.thought) or _loop(turn.reply)
        if turn.speaker == "assistant" and turn.call is None:
            why = why or _aloud(turn.thought, turn.reply) or _echo(case, index) or _broken(turn.reply)
        if why:
            yield Fault(why, index)


def _hole(case: Case, words: str) -> str:
    if not _HOLE_SIGN.search(words):
        return ""
    told = f"{case.scenario.gold_arguments} {[tool.text for tool in case.candidates]}"
    found = next((hole[0] for hole in _HOLE.finditer(words) if hole[0] not in told), "")
    return f"a hole was left open ({found})" if found else ""


def _loop(reply: str) -> str:
    """Whether a sentence comes twice."""
    parts = _SENTENCE.split(reply)
    said = [fold(part) for part in parts if len(part.split()) >= _WHOLE] if len(parts) > 1 else []
    return "the same sentence comes twice in one turn" if len(set(said)) < len(said) else ""


def _aloud(thought: str, reply: str) -> str:
    """Whether the reply holds the private thought, or a sentence of it, word by word."""
    said, whole = fold(reply), fold(thought)
    parts = [fold(part) for part in _SENTENCE.split(thought) if len(part.split()) >= _SENTENCE_WORDS]
    aloud = (len(whole.split()) >= _WHOLE and whole in said) or any(part in said for part in parts)
    return "the reply says the thought aloud" if aloud else ""


def _echo(case: Case, index: int) -> str:
    said = fold(case.turns[index].reply)
    return "the assistant only says back what the user said" if said == fold(case.turns[index - 1].reply) else ""


def _broken(reply: str) -> str:
    """Whether a reply ends in a word that wants another, or without the mark that one who begins in capitals sets."""
    words = reply.strip()
    if not (words[-1:].isalnum() or words.endswith(",")):
        return ""
    unmarked = words[:1].isupper() and len(words.split()) >= _LONG
    off = unmarked or _BREAKS_OFF.search(words[-_TAIL:])
    return "the reply breaks off in mid-sentence" if off else ""

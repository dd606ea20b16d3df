"""What a reply says sentence by sentence, however it is laid out: lists, headings, words set off, courtesies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from .understanding import sentences

_MARKS = re.compile(r"[*`#]{1,3}(?=\w)|(?<=[\w:.,?!)])[*`]{1,3}|^#+ ")
"""How words are set off."""
_BULLET = re.compile(
    r"^\s*(?:[^\w\s\"'“(\[¿¡?.]\ufe0f?|\d\ufe0f?\u20e3|\(?\d{1,2}[.):]|\[\w{1,2}\]|\(?[a-zA-Z][.)])\**\s+"
)
"""How an item of a list begins: with any mark, a number or a letter."""
_SET_OFF = re.compile(r"^\s*\*\*[^*]+\*\*\s*(?:[–—:-]|$)")
"""How an item begins that has its name set off instead."""
_HEADING = re.compile(
    r"^\W*(?:(?:the|these|some|further|other)\s+)?(?:required|optional|mandatory|needed|necessary|compulsory)"
    r"(?:\s+(?:details?|info(?:rmation)?|fields?|values?|parameters?|arguments?|items?))?\W*$",
    re.IGNORECASE,
)
"""A line that only says of what kind the items below are."""
_ASKS_ITSELF = re.compile(
    r"\b(?:what|which|who|whose|whom|when|where|why|how)\b.*\?"
    r"|(?:^|[:–—-]\s*)(?:is|are|do|does|did|should|shall|will|would|can|could|has|have|was|were)\b.*\?|\bor\b.*\?",
    re.IGNORECASE,
)
_WHETHER = re.compile(r"\W*whether\b", re.IGNORECASE)
_GOES_ON = re.compile(r"(?:[,;]|\b(?:and|or))\s*$")
_NAME_WORDS = 5
_HANDS_OVER = re.compile(
    r"\b(?:need|provide|give|share|specify|supply|send|tell me|let me (?:have|know)|missing|required|details?"
    r"|information|following(?: \w+)?:|to (?:do so|proceed|continue|complete))\b",
    re.IGNORECASE,
)
_OFFERS = re.compile(
    r"\b(?:which|choose|pick|select|options?|ways?|either|one of|prefer|can (?:help|do|assist|take care)|operations?"
    r"|actions?|applies|(?:would|do) you (?:like|want) to|what (?:you|is needed))\b",
    re.IGNORECASE,
)
_BEHIND_NAME = re.compile(
    r"\s+[–—-]\s+.*$|\s*\((?!s\)).*$|[.;]\s.*$|,\s+(?:should|if|in case|so|which|as)\b.*$", re.DOTALL
)
"""What explains an item behind its name."""
_BABBLE = 3
"""Times from which on the same sentence is a model going round in circles."""
_REMARK = re.compile(
    r"^\W*(?:(?:just|simply|please|kindly|you can|feel free to|then)\s+)*(?:reply|respond|type(?! of\b)|write back)\b"
    r"(?!.*\byes\b)"
    r"|\b(?:once|as soon as|when|after) (?:i|we|you|that|this|these|it)\b[^?]*\b(?:i|we)(?:'ll| will| can|'m able)\b"
    r"|\b(?:i|we)(?:'ll| will| can)\b[^?]*\b(?:as soon as|once) (?:i|we|you)\b"
    r"|\b(?:'s|is|was|are|be) all (?:that )?(?:i|we) need\b"
    r"|\bwith (?:that|this|these)\b[^?]*\b(?:i|we)(?:'ll| will| can)\b"
    r"|\bthank(?:s| you) in advance\b|\bno (?:worries|problem|rush)\b",
    re.IGNORECASE,
)
"""What is said around a question: how to answer, and what happens then."""
_GOES_AHEAD = re.compile(r"\b(?:go ahead|proceed|confirm|yes|ok|okay|correct|right)\b", re.IGNORECASE)
_AFTERWARDS = re.compile(
    r"(?:,?\s+so (?:that )?(?:i|we)\b|,?\s+in order (?:to|for)\b|,?\s+and (?:i|we|then i)(?:'ll| will| can)\b"
    r"|,\s+(?:please )?(?:so|then) (?:i|we) can\b)"
    r"(?![^?]*\b(?:or|need|require|have to|must|ask|can't|cannot|without|miss\w*)\b)[^?:]*"
    r"(?=[?.!]|$)",
    re.IGNORECASE,
)
"""What a question adds on what its answer is for."""
_BEFOREHAND = re.compile(
    r"^\W*(?:(?:in order )?to (?!wh|how\b|be honest|start)[a-z]+\b|so (?:that )?(?:i|we)\b|for (?:the|this|that)\b"
    r"|before (?:i|we)\b)(?![^,:?]*\b(?:or|you|need|require)\b)[^,:?\n]*[,:][ \t]+(?=\S+\s+\S)",
    re.IGNORECASE,
)
"""What a question says first on what its answer is for."""


def laid_out(text: str) -> list[str]:
    """The sentences of a text; what a lead-in lists line by line belongs to it, unless an item asks for itself."""
    found: list[str] = []
    lead, goes_on = -1, False
    for line in text.splitlines():
        plain = re.sub(r"\s+", " ", _MARKS.sub("", line)).strip()
        item = _BULLET.sub("", plain)
        if not re.search(r"\w", plain) or (found and item == plain and _HEADING.match(plain)):
            continue
        if not found or (item == plain and not _SET_OFF.match(line)):
            if "\n" in "".join(found[lead:]) and (line[:1].isspace() or plain[0] == "("):
                found[lead] += f" {plain}"  # the item above goes on
                continue
            found.extend(sentences(item))
            lead, goes_on = len(found) - 1, False
            continue
        if _asks_itself(item, goes_on):
            found.append(_GOES_ON.sub("", item))
        else:
            found[lead] += f"\n{item}"
        goes_on = goes_on or _GOES_ON.search(item) is not None
    return [_named_only(sentence) for sentence in found]


def _asks_itself(item: str, goes_on: bool) -> bool:
    """Whether an item of a list is a question of its own; in a list that goes on from line to line few are."""
    if _WHETHER.match(item):
        return True
    name, dash, rest = item.partition(" – ")
    is_named = bool(dash) and len(name.split()) < _NAME_WORDS and not re.search(r"\bor\b", rest)
    return not goes_on and not is_named and _ASKS_ITSELF.search(item) is not None


def _named_only(sentence: str) -> str:
    """A lead-in with the names of what it asks for, line by line, without what is said of each."""
    items = all_needed(sentence)
    named = (_BEHIND_NAME.sub("", item) or item for item in items)
    return "\n".join([sentence.partition("\n")[0], *named]) if items else sentence


def all_needed(sentence: str) -> list[str]:
    """What a sentence lists line by line, if it asks for all of that rather than for one of it."""
    lead, *items = sentence.split("\n")
    return items if _HANDS_OVER.search(lead) and not _OFFERS.search(lead) else []


def without_babble(said: list[str]) -> list[str]:
    """The sentences, each once; those that come again and again, and what is cut off of one, mean nothing."""
    times = Counter(said)
    babble = [sentence for sentence, number in times.items() if number >= _BABBLE]
    return [one for one in times if not any(again.startswith(one) for again in babble)]


def is_remark(sentence: str) -> bool:
    """Whether a sentence only says how to answer, or what will be done then."""
    return "?" not in sentence and _REMARK.search(sentence) is not None and not _GOES_AHEAD.search(sentence)


def to_the_point(sentence: str) -> tuple[str, str]:
    """A question without what it says on the purpose of its answer, and that."""
    said = list(_purposes(sentence))
    for purpose in said:
        sentence = sentence.replace(purpose, " ", 1)
    return sentence.strip(), " ".join(said)


def _purposes(sentence: str) -> Iterator[str]:
    for pattern in (_BEFOREHAND, _AFTERWARDS):
        found = pattern.search(sentence)
        if found and len(sentence.replace(found[0], " ").split()) > 1:
            yield found[0]

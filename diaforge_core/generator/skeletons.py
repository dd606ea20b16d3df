"""Texts without their values and their catalog's words: whether phrasing is varied, not only its filling."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..catalog.leaves import labels_of
from ..catalog.words import identifier_words, singular, word_set
from ..conversation.slips import undo
from ..records.dialogue import Dialogue
from ..records.tool import Catalog

BLANK = "_"
RUN = 8
"""Words from which on two texts share more than an idiom."""
_TOKEN = re.compile(r"[\w'’]+")
_NO_WORDS = re.compile(r"\"[^\"]*\"|“[^”]*”|«[^»]*»|\S+@\S+|https?://\S+|\S*\d\S*")
"""Quoted text, addresses and whatever holds a digit."""
_OPEN = word_set(
    "a an and are as at be but by can do for from has have how i if in into is it its me my no not of off on or our "
    "out over so some than that the their them then there this to under up we what when which who will with you your"
)
"""Words that hold sentences together; no catalog owns them."""
_GLUE = word_set(f"{BLANK} a an and or the")
"""What a mere list of catalog words is made of; a run of nothing else is no phrase."""
_CALENDAR = word_set(
    "january february march april june july august september october november december monday tuesday wednesday "
    "thursday friday saturday sunday"
)


@dataclass(frozen=True, slots=True)
class Commonest:
    """The sequence of words that the most dialogues hold, and their share, 0..1."""

    words: str = ""
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class PhraseDiversity:
    """How often a corpus says the same in the same words."""

    dialogues: int
    openings: int
    """Distinct first turns."""
    opening: Commonest
    user: Commonest
    """Of `RUN` words in a row, over the user's turns."""
    replies: Commonest
    thoughts: Commonest


def phrase_diversity(dialogues: Sequence[Dialogue], *catalogs: Catalog) -> PhraseDiversity:
    """The diversity of the dialogues' skeletons, keyboard slips undone; of their raw words without a catalog."""
    owned = frozenset[str]().union(*map(catalog_words, catalogs)) if catalogs else None
    texts = [_texts(dialogue, owned) for dialogue in dialogues]
    openings = Counter(user[0] for user, _, _ in texts if user)
    return PhraseDiversity(
        dialogues=len(dialogues),
        openings=len(openings),
        opening=_commonest(openings, len(dialogues)),
        user=commonest_run(user for user, _, _ in texts),
        replies=commonest_run(replies for _, replies, _ in texts),
        thoughts=commonest_run(thoughts for _, _, thoughts in texts),
    )


def commonest_run(corpus: Iterable[Sequence[str]], size: int = RUN) -> Commonest:
    """The run of `size` words that the most dialogues hold, each of them given as its texts; no run spans two texts."""
    counts: Counter[str] = Counter()
    dialogues = 0
    for texts in corpus:
        dialogues += 1
        counts.update({run for text in texts for run in _runs(text.split(), size)})
    return _commonest(counts, dialogues)


def skeleton(text: str, owned: frozenset[str], values: Iterable[str] = ()) -> str:
    """The lower-case words of `text`, each run of values and of `owned` words as one `BLANK`.

    Whatever is quoted, is an address or holds a digit counts as a value, and so does a month or a weekday.
    """
    for value in sorted(filter(None, values), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", f" {BLANK} ", text, flags=re.IGNORECASE)
    words = _TOKEN.findall(_NO_WORDS.sub(f" {BLANK} ", text).casefold())
    kept = (BLANK if _is_owned(word, owned) else word for word in words)
    return re.sub(rf"{BLANK}(?: {BLANK})+", BLANK, " ".join(kept))


def catalog_words(catalog: Catalog) -> frozenset[str]:
    """The words that the catalog's names, groups and parameters are made of, without those that any sentence needs."""
    names = (
        name
        for tool in catalog.tools
        for name in (tool.original_name, tool.name, tool.group, *tool.properties, *labels_of(tool).values())
    )
    words = {word.casefold() for name in names for word in identifier_words(name)}
    return frozenset(words | {singular(word) for word in words}) - _OPEN


def _texts(dialogue: Dialogue, owned: frozenset[str] | None) -> tuple[list[str], list[str], list[str]]:
    """The user's turns, the assistant's replies and its thoughts."""
    values = [str(value) for value in _atoms(dialogue.scenario.gold_arguments)] + [dialogue.scenario.persona.name]
    user = [undo(turn.reply) if owned is not None else turn.reply for turn in dialogue.turns if turn.speaker == "user"]
    replies = [turn.reply for turn in dialogue.turns if turn.speaker == "assistant" and turn.reply]
    thoughts = [turn.thought for turn in dialogue.turns if turn.speaker == "assistant" and turn.thought]
    user, replies, thoughts = (
        [" ".join(_TOKEN.findall(text.casefold())) if owned is None else skeleton(text, owned, values) for text in side]
        for side in (user, replies, thoughts)
    )
    return user, replies, thoughts


def _atoms(value: Any) -> Iterator[Any]:
    """Everything in nested objects and lists that is neither."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _atoms(inner)
    else:
        yield value


def _is_owned(word: str, owned: frozenset[str]) -> bool:
    return word == BLANK or word in _CALENDAR or word in owned or (word not in _OPEN and singular(word) in owned)


def _runs(words: Sequence[str], size: int) -> Iterator[str]:
    """Every `size` words in a row but those of a mere list."""
    runs = (words[at : at + size] for at in range(len(words) - size + 1))
    return (" ".join(run) for run in runs if not _GLUE.issuperset(run))


def _commonest(counts: Counter[str], total: int) -> Commonest:
    """The commonest one, ties by the alphabet."""
    if not counts:
        return Commonest()
    words, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return Commonest(words, count / total)

"""Dialogues that say what an earlier one said, marked so that each is kept once."""

from __future__ import annotations

import re
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ..records.dialogue import Dialogue, Verdict

VERIFIER = "duplicate"
"""Name of the verdict that a later near-duplicate gets."""
ALIKE = 0.8
"""Share of common word triples, of all that either has, from which on two dialogues say the same."""
SIZE = 3
"""Words in a row that are compared; single words are the catalog's, and a slip changes only three triples."""
_BLANK = "_"
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|_")
_VALUE = re.compile(r"\"[^\"]*\"|“[^”]*”|\S+@\S+|https?://\S+|\S*\d\S*")


def kept_once(dialogues: Iterable[Dialogue]) -> Iterator[Dialogue]:
    """The dialogues in their order; one that says what an earlier accepted one said comes with a verdict that says so.

    The earlier of two counts, so the order decides: give them in scenario order, all of a run at once.
    """
    seen = KeptOnce()
    return (seen.see(dialogue) for dialogue in dialogues)


class KeptOnce:
    """Remembers what accepted dialogues said; two are compared only if they are about the same tool."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._triples: list[array[int]] = []
        self._rare: dict[tuple[str, int], list[int]] = {}
        """Goal tool and one of the first triples of a dialogue → the dialogues so found, by number."""

    def see(self, dialogue: Dialogue) -> Dialogue:
        """The dialogue as it is, or with a failed verdict `duplicate` that names the earlier one.

        A dialogue that does not pass is neither marked nor remembered.
        """
        if not dialogue.passed:
            return dialogue
        triples = _triples(dialogue)
        earlier = self._find(dialogue.scenario.goal_tool, triples)
        if earlier is not None:
            verdict = Verdict(verifier=VERIFIER, passed=False, reason=f"says the same as dialogue {earlier}")
            return dialogue.model_copy(update={"verdicts": (*dialogue.verdicts, verdict)})
        self._remember(dialogue, triples)
        return dialogue

    def _find(self, goal: str, triples: array[int]) -> str | None:
        """Id of the first earlier dialogue that is alike; None if there is none.

        Two sets that share `ALIKE` of their members share one of the first few of each, whatever the fixed order.
        """
        shared = Counter(number for triple in _first(triples) for number in self._rare.get((goal, triple), ()))
        said = set(triples)
        for number in sorted(shared):
            other = self._triples[number]
            if min(len(other), len(said)) < ALIKE * max(len(other), len(said)):
                continue
            common = sum(triple in said for triple in other)
            if common >= ALIKE * (len(said) + len(other) - common):
                return self._ids[number]
        return None

    def _remember(self, dialogue: Dialogue, triples: array[int]) -> None:
        for triple in _first(triples):
            self._rare.setdefault((dialogue.scenario.goal_tool, triple), []).append(len(self._ids))
        self._ids.append(dialogue.id)
        self._triples.append(triples)


def _first(triples: array[int]) -> array[int]:
    """As many of the sorted triples as two alike sets cannot both lack."""
    return triples[: len(triples) - int(ALIKE * len(triples)) + 1]


def _triples(dialogue: Dialogue) -> array[int]:
    """The word triples of all public words without values, as sorted numbers, each once."""
    values = sorted({str(value) for value in _atoms(dialogue.scenario.gold_arguments)} - {""}, key=len, reverse=True)
    words: list[str] = []
    for turn in dialogue.turns:
        text = turn.reply
        for value in values:
            if value in text:
                text = text.replace(value, _BLANK)
        words += [turn.speaker, *_WORD.findall(_VALUE.sub(_BLANK, text).casefold())]
    ends = range(len(words) - SIZE + 1)
    return array("I", sorted({zlib.crc32(" ".join(words[at : at + SIZE]).encode()) for at in ends}))


def _atoms(value: Any) -> Iterator[Any]:
    """Every value in nested arguments that holds no other; a yes or no is no words of its own."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _atoms(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _atoms(inner)
    elif not isinstance(value, bool):
        yield value

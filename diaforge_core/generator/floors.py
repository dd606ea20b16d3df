"""Floors of variety: what a dataset must hold so that a model learns to ask, not to recite."""

from __future__ import annotations

from dataclasses import dataclass

from .diversity import Diversity
from .skeletons import Commonest, PhraseDiversity

FEWEST = 100
"""Dialogues from which on the floors are judged: below that a chance repetition breaks any of them."""
OPENINGS = 0.3
"""Distinct opening skeletons over dialogues: 1,500 of 5,000."""
OPENING = 0.005
"""Share of dialogues that may begin with one skeleton."""
PHRASE = 0.02
"""Share of dialogues that may hold one run of eight words."""
MATTR = 0.6
"""Distinct words in any hundred; written business talk lies between 0.65 and 0.75."""
CHANCE = 5
"""Dialogues that may share a phrase whatever their number."""


@dataclass(frozen=True, slots=True)
class Floor:
    """One number of a dataset against what it must be."""

    name: str
    value: float
    limit: float
    at_least: bool
    """Whether the value must be at least the limit; else at most."""
    judged: bool
    """False where there are too few dialogues to say."""
    example: str = ""
    """The words that the value is about, where there are such."""

    @property
    def holds(self) -> bool:
        """True where it is not judged."""
        return not self.judged or (self.value >= self.limit if self.at_least else self.value <= self.limit)


def floors(diversity: Diversity, phrases: PhraseDiversity) -> tuple[Floor, ...]:
    """Every number that has a floor or a ceiling, the words of openings first."""
    number = max(1, phrases.dialogues)
    judged = phrases.dialogues >= FEWEST

    def at_most(name: str, found: Commonest, share: float) -> Floor:
        return Floor(name, found.share, max(share, CHANCE / number), False, judged, found.words)

    return (
        Floor("distinct openings", phrases.openings / number, OPENINGS, True, judged),
        at_most("commonest opening", phrases.opening, OPENING),
        at_most("commonest phrase of users", phrases.user, PHRASE),
        at_most("commonest phrase of replies", phrases.replies, PHRASE),
        at_most("commonest phrase of thoughts", phrases.thoughts, PHRASE),
        Floor("distinct words in a hundred", diversity.mattr, MATTR, True, judged),
    )

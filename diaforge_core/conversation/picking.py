"""How a user words the answer to a question for a choice."""

from __future__ import annotations

import re

from ..catalog.profiles import Profile
from ..catalog.verbs import PREPOSITIONS

_FEWEST = 2
"""Words that stay of a shortened answer at least."""
_NONE_OF = re.compile(r"\bnone(?= of (?:these|those)\b)", re.IGNORECASE)
_ARTICLES = frozenset({"a", "an", "the", "new"})


def from_the_user(answer: str) -> str:
    """An answer as the assistant words it, from the user's mouth: "my own calendar"."""
    return re.sub(r"\byour\b", "my", answer.replace("yourself", "myself"))


def asked_of_you(answer: str) -> str:
    """What the user wants to do as what the assistant does for it: "show me a list of chats"."""
    return re.sub(r"\A(?:see|view) ", "show me ", answer)


def none_of(text: str, choices: int) -> str:
    """The text with "neither" for two choices and "none" for more; as it is where the choices were not told."""
    if choices > 2:
        return text.replace("neither", "none").replace("Neither", "None")
    return _NONE_OF.sub(lambda found: "Neither" if found[0][0] == "N" else "neither", text) if choices == 2 else text


def shortened(answer: str, most: int) -> str:
    """The answer up to a preposition, within `most` words; without its articles where nothing can be left out."""
    words = answer.split()
    ends = [place for place, word in enumerate(words[: most + 1]) if word in PREPOSITIONS and place > _FEWEST]
    if ends:
        return " ".join(words[: ends[-1]])
    return " ".join(word for word in words if word not in _ARTICLES)


def true_but(kind: str, answer: str, mine: Profile) -> tuple[str, str]:
    """What is true of the choice of a question of this kind, and what else is wanted; ("", "") where no more is."""
    if kind == "resource":
        return f"it's about {answer}", f"I need to {mine.act}"
    if kind == "action":
        return f"I need to {answer}", f"it's about {mine.thing}"
    places = {"scope": f"it's {answer}", "group": f"it's under {answer}"}
    return (places[kind], f"I need to {mine.task}") if kind in places else ("", "")

"""Words that the teacher's questions and thoughts share: verbs and things, numbers, and the forms they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..catalog.facets import Facet
from ..catalog.profiles import Profile, about, profile
from ..catalog.verbs import said
from ..catalog.words import singular
from ..records.tool import Tool
from .sentences import listed, lowered
from .wording import Wording

NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_SHORT = ("create", "update", "delete", "get", "list", "search")
"""Actions that a verb alone says."""


def number(words: Wording, count: int) -> str:
    """The number in letters or in digits."""
    return NUMBERS[count] if count < len(NUMBERS) and words.rng.random() < 0.7 else str(count)


def is_plural(label: str) -> bool:
    """Whether a label takes `are`."""
    last = label.split()[-1]
    return singular(last) != last


def be(labels: Sequence[str]) -> dict[str, str]:
    """The labels as a person lists them, with the forms of the verb that they take."""
    many = len(labels) > 1 or is_plural(labels[0])
    words = ("are", "were", " are", "these") if many else ("is", "was", "'s", "that")
    return {"labels": listed(labels), **dict(zip(("is", "was", "s", "that"), words, strict=True))}


def verbs(words: Wording) -> dict[str, str]:
    """Common action → the verb that is used for it this time."""
    return {action: lowered(words.phrase(f"ask_verb_{action}")) for action in _SHORT}


def is_common(item: Profile) -> bool:
    """Whether a verb and its object say all of what the tool does."""
    return item.action in _SHORT and item.task == said(item.action, item.resource)[0]


def objects(thing: str, actions: Sequence[str], *, led: bool = False) -> str:
    """What the actions work on: many where one of them does; `led` has an article in any case."""
    if not {"list", "search"} & set(actions):
        return about(thing)
    many = said("list", thing)[0].removeprefix("see a list of ")
    return f"the {many}" if led and many != thing else many


def briefly(words: Wording, facet: Facet, tools: Sequence[Tool]) -> list[str]:
    """The answers to a question about actions, each in as few words as say it, in a drawn order."""
    short = verbs(words)
    found = {
        facet.answers[tool.name]: _short(facet, profile(tool), short) for tool in tools if tool.name in facet.answers
    }
    return [found[option] or option for option in words.rng.sample(facet.options, len(facet.options))]


def _short(facet: Facet, item: Profile, short: Mapping[str, str]) -> str:
    """The verb, with its object in a question about tasks; empty where that would not say all."""
    if facet.key == "action" and item.act.endswith(" one") and item.act.count(" ") == 1:
        return item.act.removesuffix(" one")
    if not is_common(item):
        return ""
    return (
        short[item.action] if facet.key == "action" else f"{short[item.action]} {objects(item.resource, [item.action])}"
    )

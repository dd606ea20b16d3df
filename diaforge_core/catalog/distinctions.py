"""What is so of one tool and not of another, as plain sentences made of the document's own facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..records.tool import Tool
from .leaves import Leaf, leaves
from .profiles import about, profile
from .sampling import is_technical
from .words import identifier_words, meaning, plain_words, plural, shown, singular, with_article

MOST_NAMED = 4
"""Values named in one sentence; more are not read."""
_USE = {
    "create": "a new {one} is wanted",
    "update": "an existing {one} is to be changed",
    "delete": "{a} is to be removed",
    "get": "the details of one {one} are wanted",
    "list": "an overview of the {many} is wanted",
    "search": "one of the {many} is to be found",
}
"""Action → when a tool of it is the right one."""
_EFFECT = {
    "read": ("It only reads and changes nothing.", "says that it only reads"),
    "write": ("It changes what is stored.", "says that it makes a change"),
    "destructive": ("This is destructive: it cannot easily be undone.", "says that it is destructive"),
}
_UNSAYABLE = re.compile(r"it is (?!\w+ed\b)| value$")
"""Labels of identifiers such as `expires_at` or `until`, of which no noun could be made."""


@dataclass(frozen=True, slots=True)
class Distinction:
    """One thing that is so of a tool and not of the other."""

    sentence: str
    """As the description would say it."""
    told: str
    """What the sentence does for its reader: "names its product, Notify"."""
    tail: str = ""
    """The same as the end of a summary, such as "in Notify"; empty if it cannot be said there."""
    weak: bool = False
    """Whether it is so of many tools, so that it tells this one from few."""
    leads: bool = False
    """Whether it is said before the description's own sentences."""


def distinctions(tool: Tool, other: Tool) -> tuple[Distinction, ...]:
    """What is so of `tool` and not of `other`, in the order in which a description says it."""
    makers = (_action, _product, _owner, _address, _when, _effect, _needs, _takes, _version, _deprecated)
    return tuple(found for maker in makers for found in maker(tool, other))


def product(tool: Tool) -> str:
    """The product or area that the tool's group names, without the tool's own thing; empty if it names no more."""
    if " " in tool.group or tool.group.isupper():
        return tool.group
    words = [word for word in identifier_words(tool.group) if word != "api"]
    own = {singular(word) for word in _words(*_address_words(tool), profile(tool).resource)}
    while words and singular(words[-1]) in own:
        words.pop()
    return " ".join(word.upper() if shown([word]).isupper() else word.capitalize() for word in words)


def sentences(text: str) -> list[str]:
    """The sentences of a text."""
    return [one for one in re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip()) if one]


def says_no_more(tool: Tool) -> bool:
    """Whether the description starts by repeating the summary, or is empty."""
    first = next(iter(sentences(tool.description)), "")
    return bool(tool.summary) and first.rstrip(". ") in ("", tool.summary.rstrip(". "))


def _action(tool: Tool, other: Tool) -> Iterator[Distinction]:
    """What the tool does, where its description does not say it and its summary and owner do not either."""
    mine = profile(tool)
    says = _third_person(mine.task)
    first = next(iter(sentences(tool.description)), "")
    said = f"{tool.summary} {product(tool)} {' '.join(_owners(tool))}" if says_no_more(tool) else first
    if mine.task != profile(other).task and not meaning(says) <= meaning(said):
        yield Distinction(f"{says}.", "says first what it does", leads=True)


def _product(tool: Tool, other: Tool) -> Iterator[Distinction]:
    mine = product(tool)
    if mine and mine.casefold() != product(other).casefold():
        yield Distinction(f"This is part of {mine}.", f"names its product ({mine})", f"in {mine}")


def _owner(tool: Tool, other: Tool) -> Iterator[Distinction]:
    """The nearest thing in the address that the tool's own thing belongs to and the other's does not."""
    theirs = {meaning(owner) for owner in _owners(other)}
    mine = [owner for owner in _owners(tool) if meaning(owner) not in theirs]
    if mine:
        owner = with_article(mine[-1])
        thing = profile(tool).resource
        yield Distinction(
            f"The {thing} belongs to {owner}." if thing else f"It belongs to {owner}.",
            f"says that it belongs to {owner}",
            f"of {owner}",
        )


def _address(tool: Tool, other: Tool) -> Iterator[Distinction]:
    """The named steps of the address that only this tool has and that nothing else of it says."""
    known = {singular(word) for word in _words(*_address_words(other), profile(tool).resource, tool.group)}
    known.update(singular(word) for word in _words(*_owners(tool)))
    own = [part for part in _address_words(tool)[:-1] if not {singular(word) for word in _words(part)} & known]
    if own:
        kept = _and(own[-2:])
        yield Distinction(f"In the API it stands under {kept}.", f"says that it stands under {kept}")


def _when(tool: Tool, other: Tool) -> Iterator[Distinction]:
    mine = profile(tool)
    if mine.action in _USE and mine.action != profile(other).action and mine.resource:
        head, tail = _head_and_tail(mine.resource)
        many = f"{' '.join([*head.split()[:-1], plural(head.split()[-1])])}{tail}"
        use = _USE[mine.action].format(one=mine.resource, a=about(mine.resource), many=many)
        yield Distinction(f"Use it when {use}.", "says when it is the right one")


def _effect(tool: Tool, other: Tool) -> Iterator[Distinction]:
    """Whether it reads, changes or destroys; that it makes a change is no news beside a tool that destroys."""
    if tool.side_effect != other.side_effect and (tool.side_effect, other.side_effect) != ("write", "destructive"):
        yield Distinction(*_EFFECT[tool.side_effect], weak=True)


def _needs(tool: Tool, other: Tool) -> Iterator[Distinction]:
    labels = [leaf.label for leaf in _only_of(tool, other) if leaf.required][:MOST_NAMED]
    if labels:
        listed = _and([_the(label) for label in labels])
        yield Distinction(f"It needs {listed}.", f"names what only it needs ({listed})")


def _takes(tool: Tool, other: Tool) -> Iterator[Distinction]:
    found = [leaf for leaf in _only_of(tool, other) if not leaf.required and leaf.schema.get("type") != "boolean"]
    if found:
        listed = _and([_the(leaf.label) for leaf in found[:MOST_NAMED]])
        yield Distinction(f"It can also be given {listed}.", f"names what only it takes ({listed})")


def _version(tool: Tool, other: Tool) -> Iterator[Distinction]:
    mine, theirs = _version_of(tool), _version_of(other)
    if mine and theirs and mine != theirs and product(tool) == product(other):
        yield Distinction(f"This is version {mine} of the API.", f"names its version ({mine})")


def _deprecated(tool: Tool, other: Tool) -> Iterator[Distinction]:
    if tool.deprecated and not other.deprecated:
        yield Distinction("It is deprecated.", "says that it is deprecated")


def _only_of(tool: Tool, other: Tool) -> list[Leaf]:
    """The top-level values that a person states and that the other tool does not take, in the document's order."""
    labels = {frozenset(identifier_words(leaf.label)) for leaf in leaves(other)}
    return [
        leaf
        for leaf in leaves(tool)
        if len(leaf.keys) == 1
        and not is_technical(leaf.path, leaf.schema)
        and leaf.path not in other.properties
        and frozenset(identifier_words(leaf.label)) not in labels
        and not _UNSAYABLE.search(leaf.label)
    ]


def _owners(tool: Tool) -> list[str]:
    """The things in the address that an id follows, the tool's own thing left out, outermost first."""
    steps = [step for step in tool.path.split("/") if step]
    owners = [
        singular_phrase(plain_words(step))
        for step, following in pairwise(steps)
        if "{" not in step and "{" in following and following != steps[-1]
    ]
    return [owner for owner in owners if owner and owner != profile(tool).resource]


def singular_phrase(phrase: str) -> str:
    """A noun phrase with its last word in the singular."""
    *before, last = phrase.split() or [""]
    return " ".join([*before, singular(last)])


def _address_words(tool: Tool) -> list[str]:
    """The named steps of the address as words, versions and ids left out."""
    steps = [step.removesuffix(".json") for step in tool.path.split("/") if "{" not in step]
    return [words for words in map(plain_words, steps) if words]


def _words(*phrases: str) -> list[str]:
    return [word.lower() for phrase in phrases for word in plain_words(phrase).split()]


def _version_of(tool: Tool) -> str:
    found = re.search(r"/v(\d+)(?=[/.])", tool.path)
    return found[1] if found else ""


def _third_person(task: str) -> str:
    """ "remove a lead" → "Removes a lead"."""
    verb, _, rest = task.partition(" ")
    if verb == "see":
        return f"Shows {rest}".rstrip()
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        verb = verb[:-1] + "ies"
    else:
        verb += "es" if verb.endswith(("s", "x", "z", "sh", "ch", "o")) else "s"
    return f"{verb.capitalize()} {rest}".rstrip()


def _head_and_tail(resource: str) -> tuple[str, str]:
    """A noun phrase before its first preposition, and the rest."""
    head, gap, tail = re.match(r"(.+?)(?:( (?:by|for|in|from|to|of|on|with|at|per|into) )(.*))?$", resource).groups("")  # pyright: ignore[reportOptionalMemberAccess]
    return head, gap + tail


def _the(label: str) -> str:
    return label if label.startswith(("the ", "all ")) else f"the {label}"


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"

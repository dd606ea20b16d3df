"""What tells similar operations apart, put as questions that a business user can answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import combinations, permutations

from ..records.tool import Tool
from .leaves import labels_of, tellable
from .places import inside
from .profiles import Profile, profile
from .verbs import is_verb
from .words import by_identity, folded, meaning, plain_words, shown, singular, with_article

__all__ = ["Facet", "Profile", "answerable", "best_facet", "facets", "indistinguishable", "plain_words", "profile"]

_COMFORTABLE_OPTIONS = 5
"""More choices than this in one question are hard to take in."""
_COMFORTABLE_PLACES = 3
"""The same for places, which are long to say and alike."""
_COST = {"action": 0.0, "resource": 0.02, "task": 0.04, "group": 0.07, "scope": 0.08, "parameter": 0.25, "gist": 0.35}
"""How much less welcome each kind of question is, in candidates left open."""

_PARTS_OF_THE_WORLD = frozenset({"region", "zone"})
"""Places beside which a thing may be said to be worldwide."""
_ON_ITS_OWN = "standing on its own"
_MINE, _AT_MINE = "for yourself", "directly in your own account"
_EXTENTS = {"part": "change some details of an existing one", "whole": "replace an existing one as a whole"}
_MOST_ALIKE = 0.5
"""Share of common words from which on two lines of a document say too much the same to choose between."""
_DANGLING = 0.6
"""The same for "create a new one" where the tools work on different things: one of what?"""
_ONE_WITHIN_ANOTHER = 0.1
"""The same for "a message or a draft message", where the first may be meant to hold for both."""
_UNPLACED = 1.0
"""The same for places of which one is none, or is part of another: "inside a site or inside a site of a group"."""
_TRUE_OF_ANOTHER = 0.15
"""The same for places of which one is true of what lies deeper in it too."""
_TRUE_OF_ANOTHER_WITHIN = 0.5
"""The same where only the outermost places are offered."""
_DIRECTLY = 0.3
"""The same for "directly inside a site", which only who knows the addresses tells from "inside a list of a site"."""
_SAYS_THE_PLACE = 0.03
"""The same for areas that only repeat where a thing lies."""
_HALF_SAID = 0.05
"""The same for a question about the thing alone where different actions are possible."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One question that splits a set of tools, and what each tool's user would answer."""

    key: str
    """Stable name of the question, such as `action` or `parameter:email`."""
    question: str
    answers: dict[str, str] = field(hash=False)
    """Tool name → its answer; a tool that is missing here fits every answer."""
    parameter: str = ""
    """The parameter that the question is about, if it is about one."""

    @property
    def options(self) -> tuple[str, ...]:
        """The distinct answers in alphabetical order."""
        return tuple(sorted(set(self.answers.values())))


def as_listed(options: Sequence[str]) -> list[str]:
    """The options in the order in which they are said: what says of what it is stands last, or binds the others."""
    return sorted(options, key=lambda option: " of " in option)


def either(options: Sequence[str]) -> str:
    """The options as a person lists choices: "a, b or c"."""
    listed = as_listed(options)
    if len(listed) == 1:
        return listed[0]
    comma = "," if " of " in listed[-2] else ""
    return f"{', '.join(listed[:-1])}{comma} or {listed[-1]}"


def _splits(answers: dict[str, str]) -> bool:
    return len(set(answers.values())) > 1


def _word_facets(tools: Sequence[Tool]) -> list[Facet]:
    profiles = {tool.name: profile(tool) for tool in tools}
    things = {name: item.thing for name, item in profiles.items() if item.resource}
    manners, places = _extents(profiles), _places(profiles)
    wholes = {name: said.replace("one", profiles[name].resource, 1) for name, said in manners.items()}
    drafts = [
        ("action", _action_frame(profiles), {name: item.act for name, item in profiles.items()} | manners),
        ("resource", "Is this about {}?", things),
        ("task", "Do you want to {}?", {name: item.task for name, item in profiles.items()} | wholes),
        ("scope", "Is it {}?", _said_places(profiles, places, slice(0, 2))),
        ("scope:outermost", "Is it {}?", _said_places(profiles, places, slice(-1, None))),
        ("group", "Which area does this belong to: {}?", _areas(profiles)),
        ("gist", "Which of these fits best: {}?", _gists(profiles)),
    ]
    found: list[Facet] = []
    for key, frame, drafted in drafts:
        answers = _told_apart(drafted)
        if key in ("resource", "task"):
            answers = _without_owners(answers, profiles)
        if _splits(answers):
            options = sorted(set(answers.values()))
            listed = "; ".join(options) if key == "gist" else either(options)
            found.append(Facet(key, frame.format(listed), answers))
    return found


def _action_frame(profiles: dict[str, Profile]) -> str:
    """The question for an action; it names the thing when all tools share it."""
    shared = {item.thing for item in profiles.values()}
    thing = shared.pop() if len(shared) == 1 else ""
    if not thing and len({item.resource for item in profiles.values()}) == 1:
        thing = min(profiles.values(), key=lambda item: item.thing).thing
    return f"Regarding {thing}, do you want to {{}}?" if thing else "Do you want to {}?"


def _extents(profiles: dict[str, Profile]) -> dict[str, str]:
    """Tool name → how a change is said where other tools replace as a whole what it changes in part, or back."""
    found: dict[str, set[str]] = {}
    for item in profiles.values():
        if item.extent:
            found.setdefault(item.resource, set()).add(item.extent)
    both = {resource for resource, extents in found.items() if len(extents) > 1}
    return {name: _EXTENTS[item.extent] for name, item in profiles.items() if item.extent and item.resource in both}


def _places(profiles: dict[str, Profile]) -> dict[str, tuple[str, ...]]:
    """Tool name → the places that not all tools lie in, the nearest first; nothing for one whose address hides it."""
    chains = {name: item.within for name, item in profiles.items() if item.within is not None}
    shared = set.intersection(*map(set, chains.values())) if chains else set()
    if not _PARTS_OF_THE_WORLD & {place for chain in chains.values() for place in chain}:
        shared.add("global")
    return {name: tuple(place for place in chain if place not in shared) for name, chain in chains.items()}


def _said_places(profiles: dict[str, Profile], places: dict[str, tuple[str, ...]], part: slice) -> dict[str, str]:
    """Tool name → that part of its places in words, or where else it lies: right in the place that all share.

    Nothing where one lies nowhere and another in a mere area: who asks for it knows nothing of that.
    """
    known = frozenset(place for chain in places.values() for place in chain)
    said = {name: inside(chain[part], known) for name, chain in places.items() if chain}
    answers = {name: said.get(name) or _outside(profiles[name].within or (), known) for name in places}
    if any(" your " in answer for answer in answers.values()):
        answers = {name: _AT_MINE if answer == _MINE else answer for name, answer in answers.items()}
    options = set(answers.values())
    return {} if _ON_ITS_OWN in options and any(option.endswith(" area") for option in options) else answers


def _outside(within: Sequence[str], known: frozenset[str]) -> str:
    """How it is said that a thing lies in none of the known places, but in these."""
    shared = [place for place in within if place != "global" or place in known]
    if not shared:
        return _ON_ITS_OWN
    return _AT_MINE if shared[0] == "me" else f"directly {inside(shared[:1], frozenset())}"


def _areas(profiles: dict[str, Profile]) -> dict[str, str]:
    """Tool name → the area that it belongs to, by document or else by group; nothing unless every tool has one.

    An area that is one of the things themselves, or part of another area, is no answer to "which area?".
    """
    documents = {name: item.document for name, item in profiles.items()}
    shared = frozenset.intersection(*map(frozenset, documents.values())) if documents else frozenset()
    named = {name: shown([word for word in item if word not in shared]) for name, item in documents.items()}
    things = [_stems(item.resource) for item in profiles.values()]
    if all(named.values()) and _are_areas(set(named.values()), things):
        return named
    groups = {name: _unrepeated(item.group) for name, item in profiles.items()}
    heads = [words[-1:] for words in things]
    return groups if all(groups.values()) and _are_areas(set(groups.values()), things + heads) else {}


def _are_areas(areas: set[str], things: Sequence[tuple[str, ...]]) -> bool:
    """Whether each is a name of its own: no thing or more than a thing, no verb, and no part of another."""
    contents = {area: _stems(area) for area in areas}
    if any(set(one) < set(other) for one in contents.values() for other in contents.values()):
        return False
    return not any(
        area in ("me", "services") or _is_no_area(words) or any(thing and set(thing) <= set(words) for thing in things)
        for area, words in contents.items()
    )


def _is_no_area(words: Sequence[str]) -> bool:
    """Whether the words are an action or a quality: "insights create", "new"."""
    return (len(words) > 1 and is_verb(words[-1])) or words[-1] in ("new", "get", "existing", "preview")


def _stems(text: str) -> tuple[str, ...]:
    return tuple(singular(word) for word in text.casefold().split())


def _unrepeated(text: str) -> str:
    """The text without the words that only repeat the one before them ("sync sync map")."""
    words = text.split()
    kept = [word for before, word in zip(["", *words], words, strict=False) if singular(word) != singular(before)]
    return " ".join(kept)


def _gists(profiles: dict[str, Profile]) -> dict[str, str]:
    """Tool name → the document's own words, alike for versions of one operation; nothing where they are too alike."""
    by_identity: dict[tuple[str, ...], str] = {}
    for item in sorted(profiles.values(), key=lambda item: (len(item.gist), item.gist)):
        by_identity.setdefault(item.identity, item.gist)
    found = {name: by_identity[item.identity] for name, item in profiles.items() if by_identity[item.identity]}
    contents = [meaning(gist) for gist in sorted(set(found.values()))]
    pairs = combinations(contents, 2)
    return found if all(_say_different_things(one, other) for one, other in pairs) else {}


def _say_different_things(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether each says something that the other does not, and that is about half of it."""
    return min(len(one - other), len(other - one)) >= 1 and len(one & other) <= _MOST_ALIKE * len(one | other)


def _told_apart(answers: dict[str, str]) -> dict[str, str]:
    """The answers with those of one meaning made one, and those of none left out: no listener could tell them apart."""
    heard: dict[frozenset[str], str] = {}
    for answer in sorted(set(answers.values()), key=lambda answer: (len(answer), answer)):
        heard.setdefault(meaning(answer), answer)
    return {name: heard[meaning(answer)] for name, answer in answers.items() if meaning(answer)}


def _without_owners(answers: dict[str, str], profiles: dict[str, Profile]) -> dict[str, str]:
    """The answers with two made one of which the longer only names the other's place too, or has the same gist.

    An agreement acceptance is an acceptance that lies in an agreement.
    """
    contents = {answer: meaning(answer) for answer in answers.values()}
    owners = {name: meaning(" ".join(profiles[name].within or ())) for name in answers}
    same: dict[str, str] = {}
    for (name, short), (other, long) in permutations(answers.items(), 2):
        more = contents[long] - contents[short]
        twins = profiles[name].gist and profiles[name].gist == profiles[other].gist
        if contents[short] < contents[long] and (twins or more <= owners[name]):
            same[long] = short
    return {name: same.get(answer, answer) for name, answer in answers.items()}


def _parameter_facets(tools: Sequence[Tool]) -> list[Facet]:
    """One yes/no question per value that some tools cannot do without and others do not take."""
    tables = {tool.name: tellable(tool) for tool in tools}
    found: list[Facet] = []
    for label in sorted({label for table in tables.values() for label, needed in table.items() if needed}):
        answers: dict[str, str] = {}
        parameter = ""
        for tool in tools:
            if label not in tables[tool.name]:
                answers[tool.name] = f"no, there is no {label}"
            elif tables[tool.name][label]:
                answers[tool.name] = f"yes, there is {with_article(label)}"
                parameter = next(path for path, said in labels_of(tool).items() if said == label)
        if _splits(answers):
            question = f"Do you have {with_article(label)} for this?"
            found.append(Facet(f"parameter:{label}", question, answers, parameter))
    return found


@by_identity(4096)
def _facets(tools: Sequence[Tool]) -> tuple[Facet, ...]:
    return tuple(facet for facet in (*_word_facets(tools), *_parameter_facets(tools)))


def facets(tools: Sequence[Tool]) -> tuple[Facet, ...]:
    """Every question that splits these tools, in a fixed order; the same for any order of the tools."""
    return _facets(sorted(tools, key=lambda tool: tool.name))


def answerable(tools: Sequence[Tool]) -> tuple[Facet, ...]:
    """The questions of `facets` that a person can answer: none whose answer may be that a thing lies nowhere.

    Nor the one that reads the documents' own lines out, which are written for developers.
    """
    return tuple(facet for facet in facets(tools) if _ON_ITS_OWN not in facet.options and facet.key != "gist")


def left_open(facet: Facet, tools: Sequence[str]) -> float:
    """How many of the tools stay open on average once the question is answered, each being equally likely meant."""
    unanswered = sum(name not in facet.answers for name in tools)
    groups = Counter(facet.answers[name] for name in tools if name in facet.answers)
    known = sum(count * (count + unanswered) for count in groups.values())
    return (known + unanswered * len(tools)) / max(1, len(tools))


def _cost(facet: Facet, tools: Sequence[Tool]) -> float:
    options = len(set(facet.answers.values()))
    crowd = max(0, options - (_COMFORTABLE_PLACES if facet.key.startswith("scope") else _COMFORTABLE_OPTIONS))
    cost = _COST[facet.key.split(":")[0]] + 0.02 * options + 0.25 * crowd
    if facet.key == "action" and len({profile(tool).resource for tool in tools}) > 1:
        cost += _DANGLING
    elif facet.key == "resource":
        cost += _HALF_SAID * (len({profile(tool).action for tool in tools}) > 1)
    elif facet.key.startswith("scope"):
        cost += _ONE_WITHIN_ANOTHER * _place_is_a_thing(tools) + _UNPLACED * _is_hard_to_place(facet)
        overlaps = _TRUE_OF_ANOTHER if facet.key == "scope" else _TRUE_OF_ANOTHER_WITHIN
        cost += overlaps * _is_true_of_another(facet, tools)
        cost += _DIRECTLY * any(option.startswith("directly ") for option in facet.options)
    elif facet.key == "group":
        cost += _SAYS_THE_PLACE * any(folded(answer) in folded(tool.path) for tool in tools for answer in facet.options)
    if facet.key in ("resource", "task"):
        cost += _ONE_WITHIN_ANOTHER * _one_within_another(facet)
    return left_open(facet, [tool.name for tool in tools]) + cost


def _place_is_a_thing(tools: Sequence[Tool]) -> bool:
    """Whether the place of one tool's thing is what another works on: a page of a site beside the site."""
    things = {profile(tool).resource for tool in tools}
    places = {place.removeprefix("the ") for tool in tools for place in profile(tool).within or ()}
    return bool(things & places)


def _is_hard_to_place(facet: Facet) -> bool:
    """Whether an answer names no place, or one that another answer only says more of."""
    return _ON_ITS_OWN in facet.options or any(
        other.startswith(f"{one} ") for one in facet.options for other in facet.options
    )


def _is_true_of_another(facet: Facet, tools: Sequence[Tool]) -> bool:
    """Whether the whole place of one tool's thing holds another's too, which is said otherwise."""
    chains = {tool.name: set(profile(tool).within or ()) for tool in tools if tool.name in facet.answers}
    return any(
        chains[one] and chains[one] < chains[other] and facet.answers[one] != facet.answers[other]
        for one, other in permutations(chains, 2)
    )


def _one_within_another(facet: Facet) -> bool:
    """Whether what one answer says is true of another too: "a message or a draft message"."""
    contents = [meaning(answer) for answer in facet.options]
    return any(one < other for one in contents for other in contents)


@by_identity(4096)
def _best(tools: Sequence[Tool]) -> Facet | None:
    known = answerable(tools) or facets(tools)
    return min(known, key=lambda facet: (round(_cost(facet, tools), 6), facet.key), default=None)


def best_facet(tools: Sequence[Tool], but: Collection[str] = ()) -> Facet | None:
    """The question that leaves the fewest tools open, short and plain ones first; None when nothing separates them.

    `but` holds keys of questions that were asked in vain.
    """
    if but:
        left = [facet for facet in facets(tools) if facet.key not in but]
        return min(left, key=lambda facet: (round(_cost(facet, tools), 6), facet.key), default=None)
    return _best(sorted(tools, key=lambda tool: tool.name))


def information(facet: Facet, tools: Sequence[Tool]) -> float:
    """Bits that the answer tells about which of the tools is meant, each being equally likely."""
    left = left_open(facet, [tool.name for tool in tools])
    return math.log2(len(tools) / left) if tools and left else 0.0


def indistinguishable(a: Tool, b: Tool) -> bool:
    """Whether no question separates the two, so that no one could say which of them is meant."""
    return not any(a.name in facet.answers and b.name in facet.answers for facet in facets((a, b)))

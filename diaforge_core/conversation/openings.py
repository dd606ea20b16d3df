"""What an opening says of a request: enough to know what it is about, yet true of several tools (METHOD.md §2)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..catalog.facets import facets
from ..catalog.profiles import Profile, about, profile
from ..catalog.verbs import PREPOSITIONS, SAME_ACTION, split_head
from ..catalog.words import countable, identifier_words, meaning, plural, unique, with_article, word_set
from ..records.tool import Tool
from .discretion import says_name
from .sentences import attached
from .whereabouts import spots
from .wording import Wording

_SINGLE_OBJECT = ("update", "delete", "get")
"""Actions on one thing, so that two of them can share their object: "change or remove a lead"."""
_READS = frozenset(("get", "list", "search"))
_WORDED = (*_SINGLE_OBJECT, "create", "list", "search")
_ONE_SHARE = 1.0
"""Share of the openings that name one thing only, where one is what several candidates are about."""
_ENOUGH_FITS = 2
"""Candidates that a clue should be true of; more make it no vaguer to a listener."""
_AROUND_SHARE = 0.7
"""Share of the others that name what several candidates' things have to do with."""
_DILUTED = 0.62
"""What each word of two things counts, since only one of them is meant."""
_ACT_BESIDE_SEVERAL = 0.0
"""What naming the action counts where several things are named: it may not fit them all alike."""
_ONLY_PART = 1.0
"""Words that a part of the thing's name is worth less than a whole name, which other things may share too."""
_SINGULAR = 0.6
"""Share of the openings about a thing that speak of one, not of several."""
_SEVERAL_OURS = ("our", "some of our", "a few of our", "all our")
_ONE_OF_OURS = ("our", "one of our", "one of the")
"""Words before a thing in the plural, by what is to be done with it: none that says that what is new is there."""
_HALF = 0.4
"""Boldness from which on no long name is said, since it may be what gives the tool away."""
_SHORT = 4
"""Words of a long name that a person says who mixes it up with others."""
_SAYS_NOTHING = word_set(
    "detail details status state information info data count counts summary value entry child children"
)
"""Words that name no thing by themselves: nobody has "some of our details" to look after."""
_NO_ENDS = PREPOSITIONS | word_set("a an the and or")
"""Words that no noun phrase begins or ends with."""


@dataclass(frozen=True, slots=True)
class Clue:
    """What an opening gives away."""

    things: tuple[str, ...] = ()
    """What it may be about; several are alternatives."""
    actions: tuple[str, ...] = ()
    """What may be wanted; several are alternatives."""
    fits: int = 0
    """How many of the candidates it is true of."""


class Hints:
    """All clues to one goal tool among its tools that are true of at least two candidates."""

    def __init__(self, goal: Tool, tools: Sequence[Tool], candidates: Sequence[Tool]) -> None:
        self.goal = goal
        self.tools = tuple(tools)
        self.candidates = frozenset(tool.name for tool in candidates)
        self.mine: Profile = profile(goal)
        self._profiles = {tool.name: profile(tool) for tool in tools}
        self._things = {name: meaning(item.resource) for name, item in self._profiles.items()}

    def drawn(self, rng: random.Random, boldness: float, *, situated: bool = False) -> Clue:
        """One of the clues that say much and fit many; the emptier ones come more often with more `boldness`.

        `situated` asks for a situation that names no thing, where that is true of more candidates than any thing is.
        """
        if situated and self._act_fits_most:
            return self._act_fits_most
        most = min(_ENOUGH_FITS, len(self.candidates))
        scored = [
            (self._weight(clue) + min(clue.fits, most) + rng.random() * (1 + 3 * boldness), number, clue)
            for number, clue in enumerate(self._pool(rng, boldness))
        ]
        return max(scored)[2] if scored else Clue()

    def _pool(self, rng: random.Random, boldness: float) -> Sequence[Clue]:
        """The clues to draw from: mostly those that name one thing by its own name or the end of it."""
        if boldness >= _HALF:
            return [clue for clue in self.clues if all(len(thing.split()) <= _SHORT for thing in clue.things)]
        one = [clue for clue in self.clues if len(clue.things) == 1 and len(clue.actions) < 2 and self._heads(clue)]
        if one and rng.random() < _ONE_SHARE:
            return one
        around = [clue for clue in self.clues if self.is_around(clue)]
        if around and rng.random() < _AROUND_SHARE:
            return around
        two = [clue for clue in self.clues if len(clue.things) == 2 and len(clue.actions) < 2]
        akin = [clue for clue in two if clue.things[1] in self._akin]
        apart = [clue for clue in two if not self._overlaps(clue.things[1]) and "delete" not in clue.actions]
        return akin or around or apart or two or self.clues

    def _overlaps(self, thing: str) -> bool:
        """Whether the goal's thing and another are one a part or a kind of the other by their names."""
        mine, other = self._things[self.goal.name], meaning(thing)
        return mine <= other or other <= mine

    def is_around(self, clue: Clue) -> bool:
        """Whether the clue names only what the thing has to do with: the wireless of a "wireless command"."""
        return len(clue.things) == 1 and not clue.actions and not self._heads(clue)

    def _called_so(self, clue: Clue) -> int:
        """How many candidates' things are called so, and not only called by longer names that hold the word."""
        thing = clue.things[0]
        return sum(
            name in self.candidates
            and f" {item.resource}".endswith(f" {thing}")
            and (not clue.actions or item.action == clue.actions[0])
            for name, item in self._profiles.items()
        )

    def _heads(self, clue: Clue) -> bool:
        """Whether the thing is called by its own name, or by the end of it: "policy" for "timeout policy"."""
        return self.mine.resource == clue.things[0] or self.mine.resource.endswith(f" {clue.things[0]}")

    @cached_property
    def _act_fits_most(self) -> Clue | None:
        """The action alone, where more of the candidates share it than are about the thing."""
        fits = {clue.things: clue.fits for clue in self.clues if not clue.things or not clue.actions}
        acts = next((clue for clue in self.clues if not clue.things and len(clue.actions) == 1), None)
        named = max((number for things, number in fits.items() if len(things) == 1), default=0)
        return acts if acts and acts.fits > named else None

    def _weight(self, clue: Clue) -> float:
        """How much a clue says: the words of its things, those of alternatives and of parts of a name for less."""
        words = frozenset().union(*map(meaning, clue.things)) if clue.things else frozenset()
        part = len(clue.things) == 1 and clue.things[0] != self.mine.resource
        share = _DILUTED if len(clue.things) > 1 else 1.0
        acted = bool(clue.actions) * (1.0 if len(clue.things) < 2 else _ACT_BESIDE_SEVERAL)
        return len(words) * share + acted - _ONLY_PART * (part or not words)

    @cached_property
    def clues(self) -> tuple[Clue, ...]:
        """Every clue that fits the goal and two candidates, or the only one there is."""
        wanted = min(2, len(self.candidates))
        found = (
            Clue(things, actions, len(self._fitting(things, actions) & self.candidates))
            for things in self._thing_choices()
            for actions in self._action_choices(bool(things))
            if (things or actions) and self._each_meant(things, actions)
        )
        fitting = [clue for clue in found if clue.fits >= wanted]
        sayable = [clue for clue in fitting if self._is_sayable(clue)]
        return tuple([clue for clue in sayable if self._says_what_to_do(clue)] or sayable or fitting)

    def _says_what_to_do(self, clue: Clue) -> bool:
        """Whether the action is named, or left open by what fits: else a change would be made that nobody spoke of."""
        acts = {self._profiles[name].action for name in self._fits(clue)}
        one = len(clue.things) == 1 and not self.is_around(clue)
        return bool(clue.actions) or len(acts) > 1 or not (one or acts - _READS)

    def _is_sayable(self, clue: Clue) -> bool:
        """Whether a thing is called as another tool's is too, or named without an action by a part that is a thing.

        A place that only some of the things lie in is none: "to do with a site" leaves open whether this one does.
        """
        if len(clue.things) != 1:
            return True
        if self._heads(clue) or clue.actions:
            return self._heads(clue) and self._called_so(clue) >= min(2, len(self.candidates))
        part = clue.things[0]
        holds = [part in (self._profiles[name].within or ()) for name in self._fits(clue)]
        splits = any(holds) and not all(holds)
        return not splits and (all(holds) or any(part == item.resource for item in self._profiles.values()))

    def place(self, clue: Clue) -> str:
        """The area of all tools that the clue fits; empty where it says the thing over again, or the tool's name."""
        group = self.mine.group
        shared = bool(group) and all(self._profiles[name].group == group for name in self._fits(clue))
        return group if shared and group != "me" and not self._repeats(group) else ""

    def actions(self, clue: Clue) -> set[str]:
        """What may be done with the thing, as far as the clue leaves it open."""
        return {self._profiles[name].action for name in self._fits(clue)} | {self.mine.action}

    def _fits(self, clue: Clue) -> set[str]:
        """The names of the candidates that the clue is true of."""
        return self._fitting(clue.things, clue.actions) & self.candidates

    def _repeats(self, place: str) -> bool:
        """Whether a place is called by the words of a thing, or by the goal tool's name."""
        things = frozenset().union(*self._things.values())
        return bool(meaning(place) & things) or says_name(place, self.goal)

    def spot(self, clue: Clue) -> str:
        """Words for the nearest place of the goal's thing that others are in which the clue fits too; "" for none."""
        chains = [self._profiles[name].within or () for name in self._fits(clue)]
        named = frozenset().union(*map(meaning, clue.things))
        shared = (
            place
            for place in self.mine.within or ()
            if place != "me" and sum(place in chain for chain in chains) > 1 and not meaning(place) & named
        )
        place = next(shared, "")
        return spots(self.tools)[place] if place else ""

    def shared_verb(self, action: str) -> str:
        """The document's own verb for an action, such as "fetch", where all tools of the action are named with it."""
        verbs = {_verb_in(tool.original_name, action) for tool in self.tools if profile(tool).action == action}
        return verbs.pop() if len(verbs) == 1 else ""

    def areas(self, clue: Clue) -> tuple[str, ...]:
        """The areas that what the clue names may be in, the goal's first; none unless two, none that says a thing."""
        areas = next((facet.answers for facet in facets(self.tools) if facet.key == "group"), {})
        mine = areas.get(self.goal.name, "")
        near = {areas[name] for name in self._fits(clue) if name in areas}
        beside = near - {mine} if mine in near else set()
        others = sorted(area for area in beside if not self._repeats(area))
        if not mine or not others or self._repeats(mine):
            return ()
        return mine, *others

    def _thing_choices(self) -> Iterator[tuple[str, ...]]:
        yield ()
        yield from ((run,) for run in _runs(self.mine.resource))
        mine = self._things[self.goal.name]
        said = mine and _is_noun(self.mine.resource)
        others = dict.fromkeys(
            _short(item.resource)
            for name, item in self._profiles.items()
            if _is_noun(item.resource) and self._things[name] and self._things[name] != mine
        )
        if said and self.goal.name in self.candidates:
            yield from ((_short(self.mine.resource), other) for other in others)

    @cached_property
    def _akin(self) -> frozenset[str]:
        """What other tools' things are called that a person may mix up with the goal's."""
        return frozenset(_short(item.resource) for name, item in self._profiles.items() if self._is_akin(name))

    def _is_akin(self, name: str) -> bool:
        """Whether a person may mix up the goal's thing with another tool's: two of a kind, or in the same area.

        Nobody does a thing and a part or a kind of it, such as a bundle and a bundle clone.
        """
        mine, other = self._things[self.goal.name], self._things[name]
        if mine & other:
            heads = (split_head(item.resource)[0].split()[-1:] for item in (self.mine, self._profiles[name]))
            return len(set(map(tuple, heads))) == 1 and not mine <= other and not other <= mine
        return bool(self.mine.group) and self._profiles[name].group == self.mine.group

    def _action_choices(self, thing: bool) -> Iterator[tuple[str, ...]]:
        yield ()
        if not self.mine.action:
            return
        yield (self.mine.action,)
        if thing and self.mine.action in _SINGLE_OBJECT:
            others = {item.action for item in self._profiles.values()} - {self.mine.action}
            yield from ((self.mine.action, other) for other in _SINGLE_OBJECT if other in others)

    def _each_meant(self, things: Sequence[str], actions: Sequence[str]) -> bool:
        """Whether each of several alternatives is true of some candidate, so that none of them is an idle word."""
        if len(things) < 2 and len(actions) < 2:
            return True
        held = self.candidates | {self.goal.name}
        return all(
            any(
                name in held
                and (not thing or meaning(thing) <= self._things[name])
                and (not action or self._profiles[name].action == action)
                for name in self._profiles
            )
            for thing in (things or ("",))
            for action in (actions if len(actions) > 1 and len(things) < 2 else actions[:1] or ("",))
        )

    def _fitting(self, things: Sequence[str], actions: Sequence[str]) -> set[str]:
        """Names of the tools that such words are true of; nothing if the goal is none of them."""
        fits = set(self._profiles)
        if things:
            said = [meaning(thing) for thing in things]
            fits = {name for name in fits if any(choice <= self._things[name] for choice in said)}
        if actions:
            fits = {name for name in fits if self._profiles[name].action in actions}
        return fits if self.goal.name in fits else set()


def _verb_in(name: str, action: str) -> str:
    return next((word for word in identifier_words(name) if SAME_ACTION.get(word) == action), "")


def _short(resource: str) -> str:
    """The last words of a long name, which a person who is not sure of it would not say in full."""
    words = resource.split()
    return " ".join(words[-_SHORT:]) if len(words) > _SHORT + 1 and not _NO_ENDS & {*words} else resource


def _runs(resource: str) -> Iterator[str]:
    """The resource and its shorter runs of words that could be a noun phrase, the longest first."""
    words = resource.split()
    for size in range(len(words), 0, -1):
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            if _is_noun(" ".join(run)):
                yield " ".join(run)


def _is_noun(phrase: str) -> bool:
    """Whether the words could be a noun phrase: none of them dangles at an end."""
    words = phrase.lower().split()
    return (
        bool(words)
        and not {words[0], words[-1]} & _NO_ENDS
        and bool(meaning(phrase))
        and words[0] not in (_SAYS_NOTHING if len(words) == 1 else ())
    )


def several(thing: str) -> str:
    """A noun phrase in the plural: "labels of an instance" for "label of an instance"."""
    head, tail = split_head(thing)
    *before, last = head.split() or [""]
    return " ".join([*before, plural(last)]) + tail


def core_words(words: Wording, clue: Clue, hints: Hints, where: str = "", situation: str = "") -> str:
    """The clue as a request, with where the thing lies; nothing for one that says nothing.

    `situation` is the rule for an action whose thing is told by a value that is stated with it.
    """
    if hints.is_around(clue):
        text = words.phrase("open_around", around=f"to do with {about(clue.things[0])} {where}".strip())
        return attached(text, _hesitation(words, clue, hints, where))
    if clue.things:
        slots = _thing_slots(words, clue, hints)
        if clue.actions:
            text = words.phrase("open_do", do=f"{_done(words, clue, hints, slots)} {where}".strip())
        else:
            thing = slots["thing" if words.rng.random() < _SINGULAR else "our"]
            text = words.phrase("open_about", thing=f"{thing} {where}".strip())
    elif clue.actions:
        text = words.phrase("open_act", act=f"{_act(words, clue.actions[0], situation)} {where}".strip())
    else:
        return ""
    return attached(text, _hesitation(words, clue, hints, where))


def _hesitation(words: Wording, clue: Clue, hints: Hints, where: str) -> str:
    """What a person adds who is not sure of the word, of what to do, or of where the thing is kept."""
    if len(clue.things) > 1:  # who wants a thing removed knows what it is, if not by its name
        return words.plain("mixup") if "delete" not in clue.actions else ""
    if len(clue.actions) > 1:
        return words.plain("undecided")
    mine, *others = ("",) if where else (hints.areas(clue) or ("",))
    if not others:
        return ""
    places = [mine, words.rng.choice(others)]
    words.rng.shuffle(places)
    return words.plain("somewhere", places=" or ".join(places))


def _done(words: Wording, clue: Clue, hints: Hints, slots: dict[str, str]) -> str:
    """What is to be done, from its verb on."""
    if len(clue.actions) == 1:
        action = clue.actions[0]
        rule = f"do_{action}" if action in _WORDED else "do_other"
        if own := hints.shared_verb(action):
            slots["own"] = own
        return words.plain(rule, verb=" ".join(identifier_words(action)), **slots)
    verbs = [words.plain(f"verb_{action}") for action in clue.actions]
    words.rng.shuffle(verbs)
    act = words.plain("either_act", first=verbs[0], second=verbs[1])
    return f"{act} {slots['thing']}"


def _act(words: Wording, action: str, situation: str) -> str:
    rule = f"act_{action}" if action in _WORDED else "act_other"
    return words.plain(situation or rule, verb=" ".join(identifier_words(action)))


def _thing_slots(words: Wording, clue: Clue, hints: Hints) -> dict[str, str]:
    """The thing, or the things mixed up, in the forms that sentences need."""
    things = list(clue.things)
    words.rng.shuffle(things)
    mine = hints.mine
    only = mine.thing.startswith("the ")
    named = [mine.thing if thing == mine.resource else about(thing) for thing in things]
    fresh = list(map(_new, things))
    many = _either(words, list(map(several, things)))
    slots = {"thing": _either(words, named), "new": _either(words, fresh), "many": many, "our": f"our {many}"}
    if not only and not any(map(unique, things)) and all(countable(split_head(thing)[0]) for thing in things):
        slots["our"] = f"{words.rng.choice(_ours(hints.actions(clue)) if len(things) == 1 else ('our',))} {many}"
        slots |= {"things": many} if len(things) == 1 else {}
    elif only:
        slots["our"] = slots["thing"]
    return {name: said.replace("your own ", "my own ") for name, said in slots.items()}


def _ours(actions: set[str]) -> tuple[str, ...]:
    """Words that may stand before several of a thing that one of these actions is to be done with."""
    if actions <= {*_SINGLE_OBJECT}:
        return _ONE_OF_OURS
    return _SEVERAL_OURS if actions <= {"list", "search"} else ("our",)


def _new(thing: str) -> str:
    """A thing that is to be: "a new conversation with participants", "new content"."""
    head, tail = split_head(f"new {thing}")
    return with_article(head) + tail


def _either(words: Wording, said: Sequence[str]) -> str:
    """One thing, or the choice between two, each with its article: "a rate plan or a service"."""
    return said[0] if len(said) == 1 else words.plain("either_thing", first=said[0], second=said[1])

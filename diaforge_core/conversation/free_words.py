"""What a question in free words asks: which of the tools, by the choices it offers, and which values, unit by unit."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..catalog.words import by_identity, identifier_words
from ..records.tool import Tool
from .asked_values import EQUAL, EXPLAINED, IN_CASE, VALUE, WH, Part, ValueEar, split
from .ear import content, is_known
from .evidence import Scores, tool_bags
from .labels import label_pattern, labels_in, leaf_named
from .layout import all_needed, to_the_point
from .likeness import likeness

Group = tuple[str, ...]
_FEWEST = 0.2
"""Evidence that a choice must give for a tool."""
_NEAR = 0.8
"""Share of the best tool's evidence from which on another one may be meant as well."""
_NEAR_YES = 0.95
"""The same where a yes is asked for, which is mostly one to a single task."""
_SIBLING = 0.2
"""Evidence that a tool gets from being wholly like what another choice means."""

_EITHER_WORD = (
    r"\bor\b(?!\s+(?:not|so|else|no|is there|isn't (?:it|there))\b\W*(?:$|\?))|\bversus\b|\bvs\b\.?|\brather than\b"
)
_ANOTHER = (
    r"(?:(?:for|from|to|until|under|on|at|in|by|with|since|of) )?(?:what|which|who|whose|whom|when|where|why|how)\b"
    r"|(?:say|tell|give|let|send|is|are|do|does|did|should|shall|would|will|has|have|was|were|can|could|may|the"
    r"|your|its|his|her|their|any)\b"
)
"""How another question begins behind "and"."""
_EITHER = re.compile(_EITHER_WORD, re.IGNORECASE)
_CHOICE = re.compile(
    rf"[,;:?!]|{_EITHER_WORD}|\s[-–—]+\s|\n|…|(?=\b(?:and|plus) (?:also |then |please )?(?:{_ANOTHER}))|(?:^"
    rf"|(?<=\s))\(?\d{{1,2}}[.)](?=\s)",
    re.IGNORECASE,
)
_BESIDE_THE_POINT = re.compile(
    r"^\W*(?:when|if|before|once|after|as|since|while|regarding|concerning)\b(?!\W*$)", re.IGNORECASE
)
"""How a part begins that only says when or about what a choice is made."""
_AND = re.compile(r"^\W*(?:and|also|plus|as well as|then|but)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:^|(?<=\s))\(?\d{1,2}[.)](?=\s)")
_MEANS = re.compile(r"\b(by|with|via|for)\b[^,?]*, ?\1\b", re.IGNORECASE)
"""Choices without "or": "by name, by number?"."""
_CLOSED = 0.9
"""Weight of the evidence for a tool that the talk has ruled out, against 1 for one that is still open."""
_IS_THERE = re.compile(
    r"\b(?:already|existing|exists?|before|previous(?:ly)?|earlier|on file|on record|in the system|known to us"
    r"|old)\b",
    re.IGNORECASE,
)
"""How something is told from a new one."""
_TELLING = 0.35
"""Evidence from which on words tell more than that something is there."""
_LIKE, _UNLIKE = 4.0, 0.05
"""Evidence that likeness gives for a cosine of 1, and the cosine up to which it gives none by itself."""
_MOST_PARTS = 24
"""Parts of one sentence that are compared with one another."""
_LIKER = 0.05
"""Cosine by which a question must be more like one value than like the next for it to be meant."""
_FITS = 0.5
"""Evidence, of 1 for the best tool and the cosine beside it, from which on an item of a list may mean a tool."""
_CLEARLY_LIKE = 0.15
"""Cosine from which on a choice is like a tool rather than like any."""
_OPEN_FIRST = 0.85
"""Share of the best tool's evidence from which on one that is still open goes before it."""
_IN_CONTEXT = 0.5
"""Share of the evidence that the rest of a reply gives for one tool of a group below which another is left out."""
_EARLY = 6
"""Letters before which a question word leads its part."""
_HAVE = re.compile(
    r"\b(?:(?:you|they|he|she) (?:already |also |happen to )?(?:have|has|know|knows|got|hold)(?! to\b| in mind)"
    r"|at hand|available|handy)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\((?=[^()]*,)[^()]*\)")
"""Names in brackets that stand for one thing."""
_TAG = re.compile(
    r",?\s*\b(?:right|correct|yes|is it|isn't it|are they|aren't they|do you|don't you|does it|doesn't it"
    r"|is there|isn't there"
    r"|are you|is that|or not|or no|or is there|or isn't it|do they|don't they|are we|aren't we)\W*\?",
    re.IGNORECASE,
)
_SHOULD = re.compile(r"\W*should (?:it|they|this|that|these|those|he|she|the)\b", re.IGNORECASE)
_OR_SHOULD = re.compile(r"\bor should\b", re.IGNORECASE)
_FOR = re.compile(r"\W*for\b", re.IGNORECASE)
_FOR_ONE = re.compile(r"\b(?:is|are|be) (?:it |this |that |they )?(?:meant )?for\b", re.IGNORECASE)
_INDEFINITE = re.compile(r"\b(?:an?|one|whole|entire|complete|single|new|existing)\b", re.IGNORECASE)
_GIVE = re.compile(
    r"^\W*(?:(?:and|also|plus|then|so|please|kindly|just|but)\W+)*(?:(?:i|we|i'd|we'd|i'll|i would"
    r"|we would)\W+(?:\w+\W+){0,2}?)?"
    r"(?:tell|give|need|provide|send|say|name|let me|like to know|(?:would|could|can"
    r"|will) you\W+(?:\w+\W+){0,3}?(?:tell|give|send|provide))\b",
    re.IGNORECASE,
)
_LED = re.compile(
    r"^\W*(?:(?:and|also|plus|then|so|please|for|from|to|until|under|on|at|in|by|with|since|till|but|of|tell me|say"
    r"|finally|i need to know|let me know)\W+){0,4}(?:what|which|who|whose|whom|when|where|why|how)\b(?! about\b)",
    re.IGNORECASE,
)
"""How a part begins that asks for something."""
_REQUEST = re.compile(
    r"\b(?:tell|give|send|provide|share|specify|supply|enter|let me|(?:i|we)(?:'d|'ll| \w+)? need|please"
    r"|may i have|can i have|could i have"
    r"|(?:do|have|has|would) (?:you|they|he|she|we) (?:\w+ )?(?:have|got|know|happen)|(?:is|are|was"
    r"|were) (?:there|any))\b"
    r"|^\W*(?:and |any )",
    re.IGNORECASE,
)
"""What a question has that may ask for a value though yes would be an answer."""
_SAME_AGAIN = re.compile(r"\b(?P<choice>\w[\w ]{0,80}\w),? or (?P=choice)(?!\w)", re.IGNORECASE)
"""How one thing is offered as if it were two."""
_OR = re.compile(r"\bor\b(?![^()]*\))", re.IGNORECASE)
_POINTS_BACK = re.compile(
    r"\W*(?:(?:so|and|now|then|please|kindly|just|could you|can you|would you|let me know|tell me|specify|say|indicate"
    r"|choose|select|clarify|confirm)\W+)*(?:(?:the|an?)\W+(?:function|operation|tool|action|option)(?=\W*$)"
    r"|which\b\W*(?:one|of\b|(?:function|operation|tool|action|options?|ways?|case|procedure|process)"
    r"(?=\W*(?:$|would|do\b|should|shall|you|it is|applies|fits|to (?:use|call)))"
    r"|is it|is needed|applies|fits|would you (?:like|prefer)|do you (?:need|want|prefer|mean)"
    r"|should i|shall i|shall it|will it|would it|it is)|what (?:would you (?:like|prefer)|do you (?:want|need|prefer)"
    r"|shall it be))\b(?!.*\b(?:and|or)\b)",
    re.IGNORECASE,
)
"""A question that asks for one of what was offered, and names nothing."""
_WHICH = re.compile(r"\bwhich\b|\b(?:choose|select|specify|pick)\b", re.IGNORECASE)
_OFFERS_NAMES = re.compile(r"\bor\b|\||\n|:\s", re.IGNORECASE)
"""What a text has that offers the tools it names."""
_POINTS_AT_THEM = re.compile(r"\b(?:these|those|them)\b", re.IGNORECASE)
_AND_ALSO = re.compile(r"[,;\n]|\band\b", re.IGNORECASE)
_HAS_IT = re.compile(r"\b(?:i|we)(?:'ve| have| already| know)\b(?! not\b)", re.IGNORECASE)
_MACHINES_IDS = frozenset(["sid", "uid", "guid", "uuid"])
"""What programs call an ID."""
_CUT = 7
"""Letters below which a word that is no English one is one cut short."""
_IDENTIFIER = re.compile(r"(?<![\w.@/-])[A-Za-z]\w*(?:-\w+)*(?![\w@/]|\.\w)")
_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|am|be|been|do|does|did|has|have|had|will|would|shall|should|can|could|may|might|must"
    r"|you|we|they|it"
    r"|i|he|she|this|that)\b|n't\b|'re\b|'s\b",
    re.IGNORECASE,
)
_IS_SO = re.compile(r"^\W*(?:is|are|do|does|did|has|have|was|were|will|should|shall|so)\b", re.IGNORECASE)
_OF_WHAT = re.compile(
    r"^\W*(?:\w+\W+){0,2}?(?:when|where|why|how (?:many|much|long|often)|(?:which|what)(?: is the"
    r"| are the)? (?P<noun>(?!is|are|do|does|did|would|will|one)\w+))\b",
    re.IGNORECASE,
)
_WHETHER = re.compile(r"\b(?:whether|if|or)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a question in free words asks."""

    groups: tuple[Group, ...] = ()
    """The tools that each choice would leave; one where yes or no is asked."""
    parameters: tuple[str, ...] = ()


class Listener:
    """Takes in sentences that ask something, against the tools still open and all that are shown."""

    def __init__(self, tools: Sequence[Tool], shown: Sequence[Tool], talk: str = "") -> None:
        self._open = {tool.name for tool in tools}
        self._tools = tool_bags(shown)
        self._shown = shown
        self._ear = ValueEar(tools, shown)
        self._tools_by_name = {tool.name: tool for tool in shown}
        self._context = self._tools.silent
        self._before = talk
        self._talk = self._spoken_of(talk)

    def lists_values(self, text: str) -> bool:
        """Whether a text is nothing but names of values: "customer number and currency"."""
        return self._ear.lists(text)

    def hear(self, sentences: Sequence[str], beside: Sequence[str]) -> Heard:
        """What the sentences that ask something ask taken together.

        `beside` are the others, which may hold the choices: "I can cancel or move it. Which?"
        """
        groups: list[Group] = []
        texts: list[str] = []
        self._context = self._tools.score(
            content(f"{self._before} {_beside_the_choices(' '.join([*sentences, *beside]))}")
        )
        without: list[str] = []
        for sentence in sentences:
            chosen, left = self._choices(sentence)
            groups.extend(group for group in chosen if group not in groups)
            (texts if chosen else without).extend(left)
        if groups:
            return Heard(tuple(groups), self._asked_of(groups, [*texts, *_without_pointers(without)]))
        read = [self._yes_no(sentence) for sentence in without]
        alone = [group for group, _ in read if group]
        texts = [text for _, left in read for text in left]
        groups = self._told_apart(alone) or self._choices_beside(beside, _without_pointers(texts))
        if groups:
            return Heard(tuple(groups), self._asked_of(groups, _without_pointers(texts)))
        elsewhere, left = self._named_elsewhere(_without_pointers(texts) or texts)
        asked = tuple(dict.fromkeys([*self._ear.asked(left, [self._talk], self._before), *elsewhere]))
        return Heard(tuple(alone[:1]), asked)

    def by_name(self, heard: Heard, sentences: Sequence[str], beside: Sequence[str]) -> Heard:
        """What was heard, and instead what sentences name as programs do: tools to choose from, or values.

        `sentences` are those that ask something as they were written, `beside` the others, which may hold what is
        pointed at.
        """
        asks_which = any(_WHICH.search(sentence) for sentence in sentences)
        values = self._named_values(sentences)
        if not values and sentences and (not _without_pointers(sentences) or _POINTS_AT_THEM.search(sentences[-1])):
            values = self._named_values(beside)
        for told in (sentences, beside, [*beside, *sentences]) if sentences else ():
            offering = [text for text in told if asks_which or _OFFERS_NAMES.search(text)]
            groups = [group for text in offering for group in self._named_tools(text)]
            if len({name for group in groups for name in group}) > 1:
                return Heard(tuple(dict.fromkeys(groups)), values or self._asked_beside(groups, sentences))
        return Heard(heard.groups if len(heard.groups) > 1 else (), values) if values else heard

    def _asked_beside(self, groups: Sequence[Group], sentences: Sequence[str]) -> tuple[str, ...]:
        """The values asked for in sentences that name no tool and point at none of the choices."""
        texts = [text for text in _without_pointers(sentences) if not self._named_tools(text)]
        return self._asked_of(groups, texts)

    def _named_tools(self, text: str) -> list[Group]:
        """The tools that a text names, each alone or with those in brackets beside it."""
        names = _tools_by_code(self._shown)
        choices = _OR.split(text) if "(" in text else [text]
        found = [tuple(names[name] for name in _identifiers(choice, names)) for choice in choices]
        told = [group for group in found if group]
        return told if len(told) > 1 else [(name,) for group in told for name in group]

    def _named_values(self, sentences: Sequence[str]) -> tuple[str, ...]:
        """The values that sentences name as programs do, with what else they ask for; none where none is named so."""
        known = {value.name for value in self._ear.taken}
        named: dict[str, None] = {}
        plain: list[str] = []
        for sentence in sentences:
            said = _identifiers(sentence, known)
            offers = bool(self._named_tools(sentence)) or _EITHER.search(sentence) is not None
            if not any(map(_is_coded, said)):
                plain.extend([] if offers else [sentence])
                continue
            for unit in split(to_the_point(sentence)[0], _AND_ALSO):
                own = _identifiers(unit, known)
                if not own:
                    plain.extend([] if offers else [unit])
                elif not _HAS_IT.search(unit):
                    named |= dict.fromkeys(own)
        if not named:
            return ()
        beside = self._ear.asked(_without_pointers(plain), [self._talk], self._before)
        return tuple(dict.fromkeys([*named, *beside]))

    def still_open(self, sentences: Sequence[str]) -> tuple[str, ...]:
        """The one value that a tool cannot do without and that the talk has not given, if a question word fits it."""
        tools = self._open if len(self._open) == 1 else self._talk
        if len(tools) != 1 or not any(WH.search(sentence) for sentence in sentences):
            return ()
        found = self._ear.fitting(sentences, tools, self._before)
        if len(found) > 1:
            like = self._ear.likeness(" ".join(sentences))
            found.sort(key=lambda name: -like[name])
            return tuple(found[:1]) if like[found[0]] >= like[found[1]] + _LIKER else ()
        return tuple(found)

    def _named_elsewhere(self, texts: Sequence[str]) -> tuple[list[str], list[str]]:
        """The values that texts call by names of several words that only ruled out tools have, and the rest."""
        own = {value.name for value in self._ear.taken}
        opened = [tool for tool in self._shown if tool.name in self._open]
        found: list[str] = []

        def taken(tool: Tool, match: re.Match[str]) -> str:
            name = leaf_named(tool, match[0]).keys[0]
            if name in own or len(match[0].split()) < 2 or any(labels_in(match[0], opened)):
                return match[0]
            words = content(match[0])
            if any(all(value.words.intersection(word) for word in words) for value in self._ear.taken):
                return match[0]  # it means one of ours
            found.append(name)
            return " "

        left = list(texts)
        for tool in self._shown:
            if tool.name not in self._open:
                left = [label_pattern(tool).sub(partial(taken, tool), text) for text in left]
        return found, left

    def _asked_of(self, groups: Sequence[Group], texts: Sequence[str]) -> tuple[str, ...]:
        """The values that the texts ask for beside a choice between these groups, whether or not those are open."""
        named = self._open.union(*groups)
        ear = self._ear if named == self._open else ValueEar([t for t in self._shown if t.name in named], self._shown)
        return tuple(ear.asked(texts, groups, self._before))

    def beside(self, sentences: Sequence[str], groups: Sequence[Group]) -> tuple[str, ...]:
        """The values that are asked for beside a choice between these groups of tools."""
        texts = [text for sentence in sentences for text in self._without_offers(sentence)]
        return self._asked_of(groups, texts)

    def _without_offers(self, sentence: str) -> list[str]:
        if not (_EITHER.search(sentence) or _listing(sentence)):
            return [sentence]
        return [part.text for part in self._of_values(self._parts(sentence), sentence)]

    def _parts(self, sentence: str) -> list[Part]:
        """The parts of a sentence of which some may be choices: the items of a list, else what "or" parts."""
        items = sentence.split("\n")[1:]
        texts = items if len(items) > 1 else split(_LISTED.sub(_joined, _behind_lead(sentence)), _CHOICE)
        return [self._ear.part(text) for text in texts[:_MOST_PARTS]]

    def _choices_beside(self, beside: Sequence[str], asking: Sequence[str]) -> list[Group]:
        """The groups of tools offered beside a question that has nothing of its own to choose from."""
        if self._ear.asked(asking):
            return []
        return next((found for sentence in beside if (found := self._choices(sentence)[0])), [])

    def _spoken_of(self, talk: str) -> frozenset[str]:
        """The open tools that the talk so far speaks of more than of others; none where it speaks of none."""
        told = zip(self._tools.names, self._tools.score(content(talk)), strict=True)
        scores = {name: score for name, score in told if name in self._open}
        best = max(scores.values(), default=0.0)
        return frozenset(name for name, score in scores.items() if score >= max(_FEWEST, _NEAR * best))

    # --- which tool --------------------------------------------------------------------------------------------------

    def _choices(self, sentence: str) -> tuple[list[Group], list[str]]:
        """The groups of tools that a sentence offers to choose from, and the parts of it that ask something else."""
        if listed := all_needed(sentence):
            lead = sentence.partition("\n")[0]
            return [], [*([lead] if any(labels_in(lead, self._shown)) else []), "\n".join(listed)]
        if len(self._tools.names) < 2 or not (
            _EITHER.search(sentence) or _listing(sentence) or _MEANS.search(sentence)
        ):
            return [], [sentence]
        parts = list({part.text.strip().casefold(): part for part in reversed(self._parts(sentence))}.values())[::-1]
        if self._ear.of_choices(parts):
            return [], [sentence]
        values = self._of_values(parts, sentence)
        offers = [part for part in parts if part not in values and _is_offer(part.text)]
        if len(offers) == 1 and _SAME_AGAIN.search(sentence):
            return [], [part.text for part in values]
        groups = self._groups(offers, sentence)
        is_list = _listing(sentence) or (": " in sentence and len(offers) > 2)
        if is_list and len(groups) < len(offers):
            groups = self._one_each(offers) or groups
        if len(groups) < 2 and _EITHER.search(sentence):
            groups = self._liked(offers)
        return (groups, [part.text for part in values]) if len(groups) > 1 else ([], [sentence])

    def _one_each(self, parts: Sequence[Part]) -> list[Group]:
        """The tools of a list that offers each only once, as they fit together best; none where one fits badly."""
        from scipy.optimize import linear_sum_assignment

        if len(parts) > len(self._tools.names):
            return []
        likes = [likeness(part.text, self._shown) for part in parts]
        told = [
            [score / (max(part.tools) or 1.0) + max(0.0, like) for score, like in zip(part.tools, liked, strict=True)]
            for part, liked in zip(parts, likes, strict=True)
        ]
        clear = (
            (max(part.tools) >= _FEWEST and part.explained >= EXPLAINED) or max(liked) >= _CLEARLY_LIKE
            for part, liked in zip(parts, likes, strict=True)
        )
        if not all(clear):
            return []
        pairs = list(zip(*linear_sum_assignment(told, maximize=True), strict=True))
        fits = all(told[row][column] >= _FITS for row, column in pairs)
        return [(self._tools.names[column],) for _, column in pairs] if fits else []

    def _liked(self, parts: Sequence[Part]) -> list[Group]:
        """The tool that each of a few choices is most like, where words tell too little; none if not all are clear."""
        found: list[Group] = []
        for part in parts:
            ranked = sorted(zip(likeness(part.text, self._shown), self._tools.names, strict=True), reverse=True)
            (best, name), (second, _) = ranked[:2]
            if best < _CLEARLY_LIKE or best - second < _LIKER or name not in self._open:
                return []
            found.append((name,))
        return self._told_apart(found) if len(set(found)) == len(parts) else []

    def _group(self, part: Part, beside: Sequence[Part] = ()) -> Group:
        """The tools that a part of a choice means, rather than those that the parts beside it mean."""
        if max(part.tools, default=0.0) < _FEWEST or part.explained < EXPLAINED:
            return ()
        scores = self._against(part, beside)
        best, least = max(scores), _NEAR if beside else _NEAR_YES
        of_open = [score if name in self._open else 0.0 for name, score in zip(self._tools.names, scores, strict=True)]
        if max(of_open) >= _OPEN_FIRST * best:
            scores, best = tuple(of_open), max(of_open)
        group = tuple(name for name, score in zip(self._tools.names, scores, strict=True) if score >= least * best > 0)
        return group if len(group) < len(self._tools.names) else ()

    def _against(self, part: Part, beside: Sequence[Part]) -> Scores:
        """The evidence for each tool, more for what is like that which is meant beside it."""
        own = {
            name: score if name in self._open else _CLOSED * score
            for name, score in zip(self._tools.names, part.tools, strict=True)
        }
        meant = [name for other in beside if max(other.tools) >= _FEWEST for name in self._first(other)]
        return tuple(score and score + _SIBLING * self._likeness(name, meant) for name, score in own.items())

    def _as_a_whole(self, part: Part) -> Part:
        """A question that is one part, with its words and what it is like as its evidence."""
        like = likeness(part.text, self._shown) if part.words else self._tools.silent
        if max(part.tools) >= _FEWEST and part.explained >= EXPLAINED:
            told = (score + _LIKE * max(0.0, each) for score, each in zip(part.tools, like, strict=True))
            return replace(part, tools=tuple(told))
        told = tuple(_LIKE * max(0.0, each - _UNLIKE) for each in like)
        return replace(part, tools=told, explained=1.0) if max(told) >= _FEWEST else part

    def _first(self, part: Part) -> list[str]:
        best = max(part.tools)
        return [name for name, score in zip(self._tools.names, part.tools, strict=True) if score >= EQUAL * best]

    def _likeness(self, name: str, others: Sequence[str]) -> float:
        return max((self._tools.alike(name, other) for other in others if other != name), default=0.0)

    def _groups(self, parts: Sequence[Part], sentence: str) -> list[Group]:
        """What each part of a choice means, all told apart."""
        if _HAVE.search(sentence) and (held := self._held(parts)):
            return held
        found = [self._group(part, [*parts[:place], *parts[place + 1 :]]) for place, part in enumerate(parts)]
        groups = self._told_apart(self._with_the_rest(parts, self._parted_each(parts, found)))
        if any(_IS_THERE.search(part.text) for part in parts):
            return groups
        return [self._paired(group, [name for other in groups if other != group for name in other]) for group in groups]

    def _with_the_rest(self, parts: Sequence[Part], groups: Sequence[Group]) -> list[Group]:
        """The groups, where something new is offered beside what is there: all the rest."""
        found = list(groups)
        for place, part in enumerate(parts):
            others = {name for other in (*groups[:place], *groups[place + 1 :]) for name in other}
            own = self._tools.score(content(_IS_THERE.sub(" ", part.text)))
            if others and _IS_THERE.search(part.text) and max(own) < _TELLING:
                found[place] = tuple(n for n in self._tools.names if n in self._open and n not in others)
        return [group for group in found if group]

    def _parted_each(self, parts: Sequence[Part], groups: Sequence[Group]) -> list[Group]:
        """The groups, each tool of several of them left in the one that speaks of it most rather than of others."""
        share = {
            (place, name): part.tools[self._tools.names.index(name)] / max(part.tools)
            for place, (part, group) in enumerate(zip(parts, groups, strict=True))
            for name in group
        }
        best = {name: max(each for (_, other), each in share.items() if other == name) for _, name in share}
        return [
            tuple(name for name in group if share[place, name] >= EQUAL * best[name]) or group
            for place, group in enumerate(groups)
        ]

    def _paired(self, group: Group, others: Sequence[str]) -> Group:
        """Of the tools that a choice may mean, those that do, or work on, the same as the other choices."""
        in_context = self._by_context(group)
        for word_of, most in ((_first_word, len(others)), (_last_word, 1)):
            mine = {name: word_of(self._tools_by_name[name]) for name in in_context}
            theirs = {word_of(self._tools_by_name[name]) for name in others}
            shared = set(mine.values()) & theirs
            if len(shared) == 1 and len(theirs) <= most:
                return tuple(name for name, word in mine.items() if word in shared)
        return in_context

    def _by_context(self, group: Group) -> Group:
        """The tools of a group that the rest of the reply speaks of, if it speaks of some more than of others."""
        scores = [self._context[self._tools.names.index(name)] for name in group]
        best = max(scores, default=0.0)
        if best < _FEWEST:
            return group
        return tuple(name for name, score in zip(group, scores, strict=True) if score >= _IN_CONTEXT * best)

    def _held(self, parts: Sequence[Part]) -> list[Group]:
        """The tools that each value needs which a part of a choice names, if those are different ones."""
        found: list[Group] = []
        for part in parts:
            best = max(part.values, default=0.0)
            if best >= _FEWEST:
                takers = self._ear.taken[part.values.index(best)].needed_by
                found.append(tuple(name for name in self._tools.names if name in takers))
        return self._told_apart([group for group in found if group])

    def _of_values(self, parts: Sequence[Part], sentence: str) -> list[Part]:
        """The parts beside a choice that ask for values rather than offer a tool, or say in which case they do."""
        found: list[Part] = []
        for place, part in enumerate(parts):
            behind = place > 0 and parts[place - 1] in found and self._ear.is_named(part)
            beside = _AND.match(part.text) or any(_AND.match(other.text) for other in parts[place + 1 : place + 2])
            requests = not _listing(sentence) and self._is_request(part)
            led = _LED.match(part.text) and (beside or self._is_specific(part))
            behind = behind or (place > 0 and _AND.match(part.text) is not None and self._ear.is_named(part))
            if behind or led or self._is_condition(part, parts[:place], sentence) or requests:
                found.append(part)
        return found

    def _is_condition(self, part: Part, before: Sequence[Part], sentence: str) -> bool:
        """Whether a part only says in which case something is asked; "should it be …" and "is it for this or" ask."""
        if not IN_CASE.match(part.text):
            return False
        if _SHOULD.match(part.text) and (not before or _OR_SHOULD.search(sentence)):
            return False
        if not before:
            return True
        return not (_FOR.match(part.text) and _FOR_ONE.search(before[-1].text))

    def _is_specific(self, part: Part) -> bool:
        """Whether a part asks when, where, why, how many, or which of what a value is called by."""
        found = _OF_WHAT.match(part.text)
        if not found:
            return False
        noun = {word[0] for word in content(found["noun"] or "")}
        return not found["noun"] or any(noun & value.label for value in self._ear.taken)

    def _is_request(self, part: Part) -> bool:
        named = max(self._ear.scores(part), default=0.0) >= VALUE
        return named and _GIVE.match(part.text) is not None and not _WHETHER.search(part.text)

    def _yes_no(self, sentence: str) -> tuple[Group, list[str]]:
        """The tools that a yes would leave, or the sentence where it asks for values all the same."""
        bare = _TAG.sub(" ", sentence)
        part = self._ear.part(bare)
        if WH.search(sentence) or len(self._tools.names) < 2 or self._ear.by_label(part):
            return (), [sentence]
        if self._ear.of_choices([self._ear.part(text) for text in split(sentence, _CHOICE)]):
            return (), [sentence]
        if "?" not in sentence and not _IS_SO.match(sentence):
            return (), [sentence]
        group, told = self._by_context(self._group(self._as_a_whole(part))), max(part.tools)
        if self._open == set(group):
            return (), [sentence]
        if _REQUEST.search(sentence) or not _CLAUSE.search(sentence):
            asks = self._ear.is_named(part) and not (_INDEFINITE.search(sentence) and group)
            return ((), [sentence]) if asks or not group else (group, [])
        flags = max(self._ear.flags(part), default=0.0)
        return ((), [sentence]) if flags >= VALUE and (flags >= told or not group) else (group, [])

    def _told_apart(self, groups: Sequence[Group]) -> list[Group]:
        """The distinct groups without what another says more exactly; one that holds all others is only context."""
        distinct = list(dict.fromkeys(groups))
        every = {name for group in distinct for name in group}
        kept = [group for group in distinct if len(distinct) < 3 or set(group) != every]
        found: list[Group] = []
        for group in kept:
            inner = {name for other in kept if set(other) < set(group) for name in other}
            found.append(tuple(name for name in group if name not in inner) or group)
        return found if len(found) > 1 else []


def _without_pointers(sentences: Sequence[str]) -> list[str]:
    """The sentences without those that only point at choices: "which one would you like?"."""
    return [sentence for sentence in sentences if not _POINTS_BACK.match(sentence)]


def _is_coded(name: str) -> bool:
    """Whether no person would write a name so: `first_day`, `firstDay`, `FirstDay`, `qty`."""
    return (
        "_" in name
        or name.casefold() in _MACHINES_IDS
        or re.search(r"[a-z][A-Z]", name) is not None
        or (len(name) < _CUT and not is_known(name.casefold()))
    )


def _identifiers(text: str, known: Collection[str]) -> list[str]:
    """The known names that a text has, as programs write them, in its order; what no person would write in any case."""
    ways = {name.casefold(): name for name in known if _is_coded(name)} | {name: name for name in known}
    said = (found[0] for found in _IDENTIFIER.finditer(text))
    return [ways.get(word) or ways[word.casefold()] for word in said if word in ways or word.casefold() in ways]


@by_identity(2048)
def _tools_by_code(tools: Sequence[Tool]) -> dict[str, str]:
    """How programs write each tool's name → the tool, for names that no person would write so."""
    return {name: tool.name for tool in tools for name in (tool.name, tool.original_name) if _is_coded(name)}


def _first_word(tool: Tool) -> str:
    """What a tool does, as the first word of its name says."""
    return (identifier_words(tool.name) or (tool.name,))[0]


def _last_word(tool: Tool) -> str:
    """What a tool works on, as the last word of its name says."""
    return (identifier_words(tool.name) or (tool.name,))[-1]


def _beside_the_choices(reply: str) -> str:
    """The parts of a reply that offer nothing."""
    return " ".join(
        part
        for sentence in re.split(r"(?<=[.!?])\s+", reply)
        for part in ([sentence] if not _EITHER.search(sentence) else split(sentence, _CHOICE))
        if not (_EITHER.search(sentence) and _is_offer(part))
    )


def _listing(sentence: str) -> bool:
    """Whether a sentence lists what to choose from, line by line or by numbers."""
    return sentence.count("\n") > 1 or (len(split(sentence, _CHOICE)) > 2 and _NUMBERED.search(sentence) is not None)


def _is_offer(text: str) -> bool:
    """Whether a part of a choice may be one of the things to choose from."""
    wh = WH.search(text)
    return not (wh and wh.start() < _EARLY) and not _BESIDE_THE_POINT.search(text)


def _behind_lead(sentence: str) -> str:
    """A sentence without what stands before a colon, if choices stand behind it."""
    lead, _, rest = sentence.partition(":")
    return rest if _EITHER.search(rest) and not _EITHER.search(lead) else sentence


def _joined(listed: re.Match[str]) -> str:
    return listed[0].replace(",", " ")

"""The scripted user: vague at first, truthful when asked, in character, and never ahead of its information stages."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from ..catalog.facets import Facet, facets
from ..catalog.leaves import leaves
from ..catalog.profiles import profile
from ..catalog.verbs import split_head
from ..catalog.words import countable, plural, with_article, word_set
from ..records.base import derived_seed
from ..records.dialogue import Evidence, Turn
from ..records.scenario import Bank, Persona, Scenario
from ..records.tool import Tool
from .discretion import QUOTED_WORDS, Discretion
from .hearing import ear_of
from .openings import Clue, Hints, core_words
from .picking import asked_of_you, from_the_user, none_of, shortened, true_but
from .reading import Reading, read, spoken_parts, takes_back
from .restated import misstated
from .sentences import ORDINALS, attached, follow, lowered, sentence
from .slips import with_slips
from .spoken_values import same
from .stated_values import stated
from .understanding import Asked, among
from .value_words import ValueWords
from .weariness import NOT_UNDERSTOOD, asked_again, unclear
from .wording import Wording

_DRAWS = 12
"""Wordings tried for one turn before the plainest one is taken."""
_PLAIN_FROM = 6
"""Draw from which on a turn is worded without flourishes."""
_MOST_IN_OPENING = 3
"""Values that a person puts into a first sentence."""
_PLACE_SHARE = 0.95
"""Share of the openings that say which area the thing is of, where that gives nothing away."""
_SCOPE_SHARE = 0.6
"""The same for what the thing lies in."""
_PEOPLE = word_set("customer contact person employee candidate full first last")
"""Words of a label for somebody's name."""


class _Draft(Wording):
    """The words of one draw of a turn."""

    def __init__(self, bank: Bank, *seed: object, **person: Any) -> None:
        super().__init__(bank, *seed, **person)
        self.meant: list[str] = []
        """Paths of the values that the turn states."""


class ScriptedUser:
    """Plays one scenario's user; the same scenario, tools and trial always give the same words for the same turns.

    Every turn is drawn until its public words read back to what was meant and give nothing away, so a reader that
    has only the words is never misled by them.
    """

    family = "scripted"

    def __init__(self, scenario: Scenario, tools: Sequence[Tool], trial: int = 0) -> None:
        self.scenario = scenario
        self.tools = tuple(tools)
        by_name = {tool.name: tool for tool in tools}
        self.goal = by_name[scenario.goal_tool]
        self.candidates = tuple(by_name[name] for name in scenario.candidates)
        self.trial = trial
        self._ear = among(self.candidates, ear_of(scenario.bank))
        self._style = "terse" if scenario.dial == "terse" else scenario.persona.style
        self._parts = spoken_parts(self.goal, scenario.gold_arguments)
        self._leaves = {leaf.path: leaf for leaf in leaves(self.goal)}
        self._values = ValueWords(self._leaves, self._style)
        self._discretion = Discretion(scenario, self.goal, self._parts)
        self._facts, self._traits = facts_of(scenario.persona), traits_of(scenario.persona)

    # --- turns -------------------------------------------------------------------------------------------------------

    def opening(self) -> Turn:
        """The vague request: what it says fits at least two of the candidates, and no name is in it."""
        plain = ""
        for draw in range(_DRAWS):
            text = self._opening_words(self._wording("opening", draw), draw)
            plain = plain or text
            if self._may_open(text):
                return self._turn(text, "opens vaguely", 1)
        for draw in range(_DRAWS):
            text = sentence(self._wording("blank", draw).phrase("open_blank"))
            if self._may_open(text):
                return self._turn(text, "opens without a clue", 1)
        return self._turn(plain, "opens vaguely", 1)

    def answer(self, turns: Sequence[Turn]) -> Turn:
        """The answer to the last turn, an assistant's reply, at this point of the conversation."""
        number = 1 + sum(turn.speaker == "user" for turn in turns)
        asked = self._asked(turns)
        text, note = "", ""
        for draw in range(_DRAWS):
            words = self._wording("answer", number, draw)
            text, note = self._reply(words, asked, turns, number, plainest=draw >= _PLAIN_FROM)
            kept = not self.leaks(text) and not self._too_early(text, number)
            if kept and self._reads_back(text, asked, turns, words.meant):
                break
        return self._turn(text, note, number, turns)

    def leaks(self, text: str, *, opening: bool = False) -> bool:
        """Whether the words hold the goal's name or quote its description (METHOD.md §2, check 5)."""
        return self._discretion.leaks(text, opening=opening)

    def _turn(self, text: str, note: str, number: int, turns: Sequence[Turn] = ()) -> Turn:
        """The turn, with a slip of the keyboard where the person makes one and the words mean the same with it."""
        rng = random.Random(derived_seed("slips", self.scenario.seed, self.trial, number))
        if rng.random() < self.scenario.persona.typos:
            values = [span for tool in self.tools for span in stated(text, tool, self._asked_for(turns)).spans]
            slipped = with_slips(text, rng, values)
            if slipped != text and self._means_the_same(slipped, text, turns):
                text = slipped
        return Turn(speaker="user", reply=text, note=note)

    def _means_the_same(self, one: str, other: str, turns: Sequence[Turn]) -> bool:
        """Whether two wordings of the next turn establish the same tools and values."""
        first, second = (
            read(self.tools, [*turns, Turn(speaker="user", reply=text)], self._ear) for text in (one, other)
        )
        told = [{path: found.value for path, found in each.values.items()} for each in (first, second)]
        return first.open_tools == second.open_tools and told[0] == told[1] and first.deferred == second.deferred

    def _asked_for(self, turns: Sequence[Turn]) -> tuple[str, ...]:
        return self._asked(turns).parameters if turns else ()

    def _wording(self, *place: object) -> _Draft:
        scenario = self.scenario
        seed = (scenario.seed, self.trial, *place)
        return _Draft(scenario.bank, *seed, style=self._style, traits=self._traits, facts=self._facts)

    def _asked(self, turns: Sequence[Turn]) -> Asked:
        """What the last reply asks, read among the tools shown that the words so far leave open."""
        still = self._still(turns)
        among_these = [tool for tool in still if tool in self.candidates] or still
        return ear_of(self.scenario.bank, turns[:-1])(turns[-1].reply, among_these, self.candidates)

    def _still(self, turns: Sequence[Turn]) -> Sequence[Tool]:
        """The tools that the words before the last reply leave open; all of them when those rule everything out."""
        still = read(self.tools, turns[:-1], self._ear).open_tools
        return [tool for tool in self.tools if tool.name in still] or self.tools

    # --- the opening -------------------------------------------------------------------------------------------------

    @cached_property
    def _hints(self) -> Hints:
        return Hints(self.goal, self.tools, self.candidates)

    def _opening_words(self, words: _Draft, draw: int) -> str:
        """One draw of the opening; later draws say less beside the point, and the last ones state no values."""
        stated_now = self._due_in_opening() if draw < _DRAWS - 3 else []
        situation = self._situation(stated_now)
        clue = self._hints.drawn(words.rng, boldness=draw / _DRAWS, situated=bool(situation))
        named = bool(clue.things or clue.actions)
        where = self._where(words, clue)
        text = core_words(words, clue, self._hints, where, situation) if named else where or words.phrase("open_blank")
        text = sentence(self._flourished(words, text) if draw < _PLAIN_FROM else text)
        stated_now = self._common(stated_now, [Turn(speaker="user", reply=text)])
        if self.scenario.dial == "impatient":
            text = f"{text} {words.phrase('impatient').strip()}"
        return self._with_values(words, text, stated_now, opening=True)

    def _common(self, paths: Sequence[str], turns: Sequence[Turn]) -> list[str]:
        """Those of the values that every tool could take which the words leave open, so that none decides."""
        left = set(read(self.tools, turns, self._ear).open_tools)
        taken = [{leaf.label: leaf.schema for leaf in leaves(tool)} for tool in self.tools if tool.name in left]
        return [
            path
            for path in paths
            if all(
                (schema := each.get(self._leaves[path].label)) is not None
                and self._parts[path] in schema.get("enum", (self._parts[path],))
                for each in taken
            )
        ]

    def _flourished(self, words: _Draft, text: str) -> str:
        """The request behind a greeting and before a reason; an occasion only where the sentence still runs."""
        text = follow(words.phrase("hello"), text)
        why = words.plain("open_why")
        return text if why.startswith(",") and text.endswith((".", "?", "!")) else attached(text, why)

    def _situation(self, paths: Sequence[str]) -> str:
        """The rule for a request that somebody's stated name makes clear: "add somebody new"; else ""."""
        labels = [self._leaves[path].label.split() for path in paths if isinstance(self._parts[path], str)]
        named = any(label[-1] == "name" and _PEOPLE & {*label} for label in labels)
        return "act_person" if named and profile(self.goal).action == "create" else ""

    def _where(self, words: _Draft, clue: Clue) -> str:
        """Where the thing lies, as far as other tools' things lie there too; said in most openings."""
        hints = self._hints
        place = hints.place(clue)
        if not (clue.things or clue.actions):
            return words.phrase("open_place_only", place=place) if place else ""
        if place and words.rng.random() < _PLACE_SHARE:
            return words.plain("open_place", place=place)
        told = hints.areas(clue) or hints.is_around(clue) or words.rng.random() >= _SCOPE_SHARE
        return "" if told else hints.spot(clue)

    def _due_in_opening(self) -> list[str]:
        """Paths of stage-one values whose label several tools share, so that naming it does not give the tool away."""
        shared = Counter(leaf.label for tool in self.tools for leaf in leaves(tool))
        held = self._first_value() if self.scenario.dial == "answers_other_first" else ()
        mine = [path for path in self._due(1) if path not in held]
        due = [path for path in mine if shared[self._leaves[path].label] >= 2]
        tops = {self._top(path) for path in mine if path not in due}
        return self._whole([path for path in due if self._top(path) not in tops], _MOST_IN_OPENING)

    def _whole(self, paths: Sequence[str], most: int) -> list[str]:
        """The first paths up to about `most`, an object always with all its parts."""
        kept: list[str] = []
        for path in paths:
            if len(kept) < most or self._top(path) == self._top(kept[-1]):
                kept.append(path)
        return kept

    def _may_open(self, text: str) -> bool:
        """Whether the words are vague enough, true, and nobody's name or secret."""
        return self._fits_several(text) and not self.leaks(text, opening=True) and not self._too_early(text, 1)

    def _fits_several(self, text: str) -> bool:
        turn = [Turn(speaker="user", reply=text)]
        reading = read(self.tools, turn)
        possible = self.goal.name in reading.open_tools or not self.scenario.solvable
        if not possible or len(reading.open_tools) < min(2, len(self.tools)):
            return False
        seen = reading if self.scenario.solvable else read(self.candidates, turn)
        return len(seen.open_tools) >= min(2, len(self.candidates)) and self._values_true(reading, first=True)

    # --- answers -----------------------------------------------------------------------------------------------------

    def _reply(
        self, words: _Draft, asked: Asked, turns: Sequence[Turn], number: int, *, plainest: bool
    ) -> tuple[str, str]:
        """One draw of the reply and the note on what was understood."""
        text, note = self._to_the_point(words, asked, turns, number, plainest=plainest)
        text = self._disturbed(words, text, turns, number)
        if self._stands_wrong(turns) and not self._has_value(text, asked, turns):
            text = f"{text} {self._taken_back(words)}"
        again = "" if plainest else asked_again(turns, impatient=self.scenario.dial == "impatient")
        return (f"{text} {sentence(words.phrase(again))}" if again else text), note

    def _to_the_point(
        self, words: _Draft, asked: Asked, turns: Sequence[Turn], number: int, *, plainest: bool
    ) -> tuple[str, str]:
        if asked.kind == "facet":
            text = self._facet_reply(words, asked, turns, number, plainest)
            return text, f"understood: asks {', '.join(asked.facets)}"
        if asked.kind == "arguments":
            if not self.scenario.solvable and self._cornered(turns):
                return sentence(words.phrase("wrong_way")), "understood: asks values, but no tool fits"
            text = self._values_reply(words, asked, turns, number, plainest)
            return text, f"understood: asks {', '.join(asked.parameters)}"
        if asked.kind == "confirmation":
            return self._confirmation_reply(words, turns), "understood: asks for a confirmation"
        if asked.kind == "options":
            return self._free_reply(words, turns, number), "understood: asks what is wanted"
        return self._lost(words, turns), NOT_UNDERSTOOD

    def _lost(self, words: _Draft, turns: Sequence[Turn]) -> str:
        """What is said to a question that makes no sense."""
        return sentence(words.phrase(unclear(turns, impatient=self.scenario.dial == "impatient")))

    def _cornered(self, turns: Sequence[Turn]) -> bool:
        """Whether a question for values can only mean that a wrong tool was settled on."""
        return len(read(self.candidates, turns[:-1], self._ear).open_tools) <= 1

    def _facet(self, asked: Asked, turns: Sequence[Turn]) -> Facet | None:
        """The question to answer: the first asked one that the goal has an answer to."""
        known = {facet.key: facet for tools in (self.candidates, self._still(turns)) for facet in facets(tools)}
        found = [known[key] for key in asked.facets if key in known and self.goal.name in known[key].answers]
        offered = [facet for facet in found if facet.answers[self.goal.name] in asked.options]
        return next(iter(offered or found), None)

    def _facet_reply(self, words: _Draft, asked: Asked, turns: Sequence[Turn], number: int, plainest: bool) -> str:
        facet = self._facet(asked, turns)
        if facet is None:
            return self._lost(words, turns) if self.scenario.solvable else sentence(words.phrase("pick_none"))
        answer = facet.answers[self.goal.name]
        offered = self._offered(asked, facet)
        if not offered or (not self.scenario.solvable and self._would_corner(turns, answer, facet)):
            true = self._true_but(words, facet) if offered else ""
            none = true or words.phrase("pick_none")
            return sentence(none_of(none, len(asked.options)))
        core = self._picked(words, facet, answer, asked, plainest)
        core = self._mind_changed(words, facet, asked, turns, core)
        hurried = self.scenario.dial == "impatient" and number == 2
        text = sentence(core if hurried else follow(words.phrase("ack"), core))
        due = [path for path in self._due(1 if number == 2 else number - 1) if not self._said(path, turns)]
        due = list(dict.fromkeys([*due, *self._sorted_out(asked, number)[0]]))
        if facet.parameter and self.scenario.dial == "two_values":
            due = list(dict.fromkeys([*due, *self._due_of(facet.parameter, number), *self._both(number)]))
        after = [*turns, Turn(speaker="user", reply=text)]
        due = self._common([path for path in due if not self._said(path, turns)], after)
        paths = self._whole(due, _MOST_IN_OPENING + 1)
        return self._with_values(words, text, paths if self.scenario.solvable else [])

    def _offered(self, asked: Asked, facet: Facet) -> bool:
        """Whether a question offers what is needed, or leaves it open."""
        if not self.scenario.solvable or not asked.groups:
            answer = facet.answers[self.goal.name]
            return answer in asked.options or facet.key.startswith("parameter:") or len(asked.options) < 2
        return len(asked.groups) < 2 or any(self.goal.name in group for group in asked.groups)

    def _true_but(self, words: _Draft, facet: Facet) -> str:
        """A true answer with what rules all of the choices out; "" where that would give the tool away."""
        said, why = true_but(facet.key.split(":")[0], facet.answers[self.goal.name], profile(self.goal))
        text = words.phrase("pick_none_but", said=from_the_user(said), why=why) if said else ""
        return "" if self.leaks(text) else text

    def _would_corner(self, turns: Sequence[Turn], answer: str, facet: Facet) -> bool:
        """Without a right tool: whether a plain answer would leave one wrong tool as if it were right."""
        text = answer if facet.key.startswith("parameter:") else f"I mean {answer}."
        after = read(self.candidates, [*turns, Turn(speaker="user", reply=text)], self._ear)
        return len(after.open_tools) == 1

    def _picked(self, words: _Draft, facet: Facet, answer: str, asked: Asked, plainest: bool) -> str:
        """The words for one answer to a separating question."""
        kind = facet.key.split(":")[0]
        if kind == "parameter":
            return words.phrase("pick_yes" if answer.startswith("yes") else "pick_no")
        slots = {}
        if answer in asked.options and len(asked.options) > 1 and asked.facets[:1] == (facet.key,):
            slots["ordinal"] = ORDINALS[min(asked.options.index(answer), len(ORDINALS) - 1)]
        if kind == "gist" or plainest:
            if slots and (kind == "gist" or words.rng.random() < 0.5):
                return words.phrase("pick_ordinal", **slots)
            answer = self._unquoted(answer)
        rule = {"resource": "pick_noun", "scope": "pick_place", "group": "pick_group"}.get(kind, "pick_verb")
        said = answer if plainest else self._paraphrased(words, kind, answer)
        said = from_the_user(said)
        return words.phrase(rule, answer=said, asked=asked_of_you(said), **slots)

    def _unquoted(self, answer: str) -> str:
        """The answer, or as much of it as quotes nothing."""
        return shortened(answer, QUOTED_WORDS - 1) if self.leaks(answer) else answer

    def _paraphrased(self, words: _Draft, kind: str, answer: str) -> str:
        """The answer in other words where the bank has some: "add a new lead" for "create a new lead"."""
        mine = profile(self.goal)
        if kind not in ("action", "task") or not words.says(f"say_{mine.action}"):
            return answer
        if not countable(split_head(mine.resource)[0]):
            return answer
        thing = mine.resource if kind == "task" else "one"
        if thing != "one" and (with_article(thing) == thing or mine.thing.startswith("the ")):
            return answer
        one, many = ("one", "them") if thing == "one" else (with_article(thing), f"the {plural(thing)}")
        said = {"new": f"a new {thing}", "existing": f"an existing {thing}", "one": one, "many": many}
        return words.plain(f"say_{mine.action}", **said)

    def _values_reply(self, words: _Draft, asked: Asked, turns: Sequence[Turn], number: int, plainest: bool) -> str:
        """Gives what is asked and due, puts off what is not due, leaves out what there is no value for."""
        due, later, unknown = self._sorted_out(asked, number)
        reading = self._reading(turns[:-1])
        volunteered = [path for path in self._due(number) if not self._said(path, turns) and path not in due]
        waiting = [path for path in volunteered if self._top(path) in reading.deferred]
        optional = [path for path in volunteered if path not in waiting]
        alone = len(due) == 1 and not (waiting or optional or later or unknown)
        if alone and not plainest and due[0] != self._slipping():
            return self._finish(words, sentence(self._values.bare(words, due[0], self._parts[due[0]])))
        sentences: list[str] = []
        if due or waiting:
            sentences.append(follow(words.phrase("give"), self._stated(words, [*due, *waiting])))
        if optional and (due or waiting or not later):
            sentences.append(follow(words.phrase("also"), self._stated(words, optional)))
        if later:
            sentences.append(sentence(words.phrase("defer", labels=self._values.labels(later))))
        if unknown:
            sentences.append(sentence(words.phrase("decline", labels=self._values.labels(unknown))))
        if not sentences:
            return self._lost(words, turns)
        return self._finish(words, " ".join(sentences))

    def _finish(self, words: _Draft, text: str) -> str:
        closing = words.phrase("closing").strip()
        return f"{text}{chr(10) if chr(10) in text else ' '}{closing}" if closing else text

    def _with_values(self, words: _Draft, text: str, paths: Sequence[str], *, opening: bool = False) -> str:
        if not paths:
            return text
        said = self._stated(words, paths, opening=opening)
        return f"{text}{'' if said.startswith(chr(10)) else ' '}{said}"

    def _confirmation_reply(self, words: _Draft, turns: Sequence[Turn]) -> str:
        wrong = misstated(turns[-1].reply, self._parts, self._leaves)
        if wrong:
            return follow(words.phrase("confirm_no"), self._stated(words, wrong))
        if not self.scenario.solvable or self.goal.name not in read(self.candidates, turns[:-1], self._ear).open_tools:
            return sentence(words.phrase("wrong_way"))
        return sentence(words.phrase("confirm_yes"))

    def _free_reply(self, words: _Draft, turns: Sequence[Turn], number: int) -> str:
        """More about what is wanted, for a question that offers no choices: the task, else what sets it apart."""
        told = set(self._reading(turns[:-1]).asked_facets)
        known = [facet for facet in facets(self.tools) if self.goal.name in facet.answers and ":" not in facet.key]
        if not known:
            return self._with_values(words, sentence(words.phrase("confirm_yes")), self._due(number)[:2])
        facet = next((facet for facet in known if facet.key == "task" and "task" not in told), known[-1])
        answer = self._unquoted(facet.answers[self.goal.name])
        if not self.scenario.solvable and self._would_corner(turns, answer, facet):
            return sentence(words.phrase("wrong_way"))
        rule = {"resource": "pick_noun", "scope": "pick_place", "group": "pick_group"}.get(facet.key, "pick_verb")
        said = from_the_user(answer)
        return sentence(words.phrase(rule, answer=said, asked=asked_of_you(said)))

    # --- the dials ---------------------------------------------------------------------------------------------------

    def _disturbed(self, words: _Draft, text: str, turns: Sequence[Turn], number: int) -> str:
        """The text with what the person's behaviour puts before or behind it."""
        dial, event = self.scenario.dial, self.scenario.event
        if dial == "impatient" and number == 2:
            return f"{words.phrase('impatient').strip()} {text}"
        if dial == "digresses" and event and number == event.turn:
            return f"{text} {words.phrase('digress').strip()}"
        if dial == "answers_other_first" and event and number == event.turn:
            first = [path for path in self._first_value() if not self._said(path, turns) and path in self._due(number)]
            if first and not self._has_value(text, self._asked(turns), turns):
                return f"{follow(words.phrase('first_values'), self._stated(words, first))} {text}"
            return f"{words.phrase('first_this').strip()} {text}"
        return text

    def _first_value(self) -> tuple[str, ...]:
        """The value that is given before what was asked for, if any."""
        event = self.scenario.event
        return tuple(path for path in event.values if path in self._parts) if event and self.scenario.solvable else ()

    def _both(self, number: int) -> list[str]:
        """The two values that are given at once, if both may be."""
        event = self.scenario.event
        both = [path for path in event.values if path in self._due(number)] if event else []
        return both if len(both) > 1 else []

    def _mind_changed(self, words: _Draft, facet: Facet, asked: Asked, turns: Sequence[Turn], core: str) -> str:
        """The answer behind that of another tool, taken back, where the person changes its mind at this question."""
        event = self.scenario.event
        if self.scenario.dial != "changes_mind" or not event or not self.scenario.solvable:
            return core
        first = facet.answers.get(event.tool, "")
        fits = first in asked.options and first != facet.answers[self.goal.name]
        before = any(takes_back(turn.reply) for turn in turns if turn.speaker == "user")
        if not fits or before or facet.key.startswith(("parameter:", "gist")):
            return core
        said = from_the_user(self._unquoted(first))
        return words.phrase("changed_mind", first=said, second=lowered(core))

    def _slipping(self) -> str:
        """The path of the value that is said wrongly at first; "" for none."""
        event = self.scenario.event
        slips = self.scenario.dial == "corrects" and event and event.wrong is not None and self.scenario.solvable
        return event.values[0] if slips and event and event.values and event.values[0] in self._parts else ""

    def _stated(self, words: _Draft, paths: Sequence[str], *, opening: bool = False) -> str:
        """The values with their labels as sentences; one said wrongly is taken back, at once or in the next turn."""
        slip = self._slipping()
        event = self.scenario.event
        words.meant.extend(paths)
        if slip not in paths or not event:
            return self._values.clauses(words, [(path, self._parts[path]) for path in paths])
        if opening:
            said = [(path, event.wrong if path == slip else self._parts[path]) for path in paths]
            return self._values.clauses(words, said)
        wrong = self._values.clauses(words, [(slip, event.wrong)])
        right = self._values.clauses(words, [(path, self._parts[path]) for path in [slip, *_without(paths, slip)]])
        return f"{wrong} {follow(words.phrase('misspoke'), right)}"

    def _stands_wrong(self, turns: Sequence[Turn]) -> bool:
        """Whether a value said wrongly has not been taken back yet."""
        slip, event = self._slipping(), self.scenario.event
        found = self._reading(turns).values.get(slip) if slip and event else None
        return found is not None and event is not None and same(found.value, event.wrong)

    def _has_value(self, text: str, asked: Asked, turns: Sequence[Turn]) -> bool:
        """Whether the words give the value that the person's behaviour is about."""
        event = self.scenario.event
        told = {value[0] for value in stated(text, self.goal, asked.parameters).values}
        return bool(event and told & set(event.values))

    def _taken_back(self, words: _Draft) -> str:
        slip = self._slipping()
        right = self._values.clauses(words, [(slip, self._parts[slip])])
        return follow(words.phrase("misspoke_before", label=self._leaves[slip].label), right)

    # --- values ------------------------------------------------------------------------------------------------------

    def _top(self, path: str) -> str:
        return self._leaves[path].keys[0]

    def _due(self, number: int) -> list[str]:
        """Paths of all values that may be revealed by user turn `number`, in the schema's order."""
        return [path for path in self._parts if self.scenario.stage_of(self._top(path)) <= number]

    def _due_of(self, parameter: str, number: int) -> list[str]:
        return [path for path in self._due(number) if self._top(path) == parameter]

    def _said(self, path: str, turns: Sequence[Turn]) -> bool:
        found = self._reading(turns).values.get(path)
        return found is not None and (same(found.value, self._parts[path]) or path == self._slipping())

    def _reading(self, turns: Sequence[Turn]) -> Reading:
        return read((self.goal,), turns, self._ear)

    def _sorted_out(self, asked: Asked, number: int) -> tuple[list[str], list[str], list[str]]:
        """What was asked for, as paths that are due, paths that are not yet, and names that there is no value for."""
        wanted = [name for name in asked.parameters if name in self.goal.properties]
        mine = [path for path in self._parts if self._top(path) in wanted]
        due = [path for path in mine if self.scenario.stage_of(self._top(path)) <= number]
        later = [path for path in mine if path not in due]
        held = {self._top(path) for path in mine}
        return due, later, [name for name in wanted if name not in held]

    # --- what may be said --------------------------------------------------------------------------------------------

    def _values_true(self, reading: Reading, *, first: bool = False) -> bool:
        """Whether the words give the goal tool the user's own values only; what it misspoke may stand at `first`."""
        event = self.scenario.event
        return all(
            same(evidence.value, self._parts[path])
            or (first and event is not None and path == self._slipping() and same(evidence.value, event.wrong))
            if path in self._parts
            else self._inside(path, evidence)
            for path, evidence in reading.values.items()
            if path in self._leaves
        )

    def _inside(self, path: str, evidence: Evidence) -> bool:
        value: Any = self.scenario.gold_arguments
        for key in self._leaves[path].keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value is not None and same(value, evidence.value)

    def _reads_back(self, text: str, asked: Asked, turns: Sequence[Turn], meant: Sequence[str]) -> bool:
        """Whether the words, read with all that was said before, say what is meant and keep the goal possible."""
        after = [*turns, Turn(speaker="user", reply=text)]
        mine = read((self.goal,), after, self._ear)
        if not self._values_true(mine) or not all(path in mine.values for path in meant):
            return False
        if asked.kind == "arguments":
            number = sum(turn.speaker == "user" for turn in after)
            due, _, _ = self._sorted_out(asked, number)
            told = all(path in mine.values for path in due)
            if not told and self.scenario.solvable:
                return False
        seen = read(self.candidates, after, self._ear).open_tools
        if self.scenario.solvable:
            before = read(self.candidates, turns[:-1], self._ear).open_tools
            return self.goal.name in seen or self.goal.name not in before
        return asked.kind != "facet" or len(seen) != 1

    def _too_early(self, text: str, number: int) -> bool:
        return self._discretion.too_early(text, number)


def facts_of(persona: Persona) -> dict[str, str]:
    """What a person says of itself, by the slots of the wording banks."""
    department = f"the {persona.department}" if persona.department.endswith("Office") else persona.department
    return {
        "first_name": persona.name.split()[0],
        "full_name": persona.name,
        "department": department,
        "a_role": with_article(persona.role),
    }


def traits_of(persona: Persona) -> tuple[str, ...]:
    """The traits that add entries to the rules of the wording banks, such as "human_resources"."""
    named = (persona.department, persona.seniority)
    return tuple(re.sub(r"\W+", "_", name.lower()) for name in named if name)


def _without(paths: Sequence[str], path: str) -> Iterable[str]:
    return (other for other in paths if other != path)

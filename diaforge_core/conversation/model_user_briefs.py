"""What a model that plays the user is told for one turn: the truth that may be said now, and nothing beyond it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from ..catalog.leaves import leaves
from ..catalog.profiles import profile
from ..catalog.words import meaning
from ..records.base import derived_seed
from ..records.dialogue import Turn
from ..records.scenario import DialEvent, Scenario
from .model_user_checks import UserWords
from .prompts import sanitise
from .reading import read
from .sentences import ORDINALS
from .spoken_values import spoken
from .understanding import Asked

_SHORT = 5
"""Words of an offered choice that never quote a description."""
_SHOWN = 6
"""Other requests that an opening must fit too and that are named to the model."""
STYLES = {
    "plain": "You write plain, ordinary sentences.",
    "terse": "You write as few words as possible, often no whole sentence.",
    "chatty": "You are talkative and friendly.",
    "formal": "You write formally and politely.",
    "hurried": "You are in a hurry; short, quick, lower case is fine.",
}
_DIALS = {
    "terse": "Use as few words as possible.",
    "impatient": "You are impatient and let it show in a few words.",
    "digresses": "Add half a sentence about something else in your day, without any number or name.",
}


def persona_lines(scenario: Scenario) -> str:
    """Who the user is and how they write."""
    who = scenario.persona
    rank = f"{who.seniority} " if who.seniority else ""
    style = STYLES.get(who.style, f"Your way of writing is {who.style}.")
    return f"You are {who.name}, {rank}{who.role} in {who.department}. {style}"


class Briefs:
    """Tells the model of one scenario's user what it may say."""

    def __init__(self, words: UserWords, trial: int) -> None:
        self.words = words
        self.scenario = words.scenario
        self.trial = trial

    def opening(self) -> list[str]:
        """What a vague first message may give away."""
        lines = [
            f"You open the conversation. Say only, in your own words, that you {self._hint()}.",
            "Be vague on purpose: your message must fit each of these requests equally well, so name none of them:",
            *(f"- {task}" for task in self._tasks()),
        ]
        due = [path for path in self.words.due(1) if self._is_shared(path)][:1]
        if due:
            lines += ["You may add:", *self._values(due)]
        return [*lines, *self._dial(1)]

    def answer(self, turns: Sequence[Turn]) -> list[str]:
        """The truth about what was asked, as far as it may be told now."""
        number = 1 + sum(turn.speaker == "user" for turn in turns)
        asked = self.words.asked(turns)
        return [*self._truth(asked, turns, number), *self._dial(number, asked, turns)]

    def _truth(self, asked: Asked, turns: Sequence[Turn], number: int) -> Iterator[str]:
        match asked.kind:
            case "facet":
                yield from self._choice(asked, turns)
            case "arguments" if self.words.is_cornered(turns):
                yield self._wrong_way()
            case "arguments":
                yield from self._given(asked, turns, number)
            case "confirmation":
                yield from self._confirmed(turns)
            case "options" if not self.scenario.solvable and self._corners(self._task(), turns, parameter=False):
                yield self._wrong_way()
            case "options":
                yield f"You need to {self._task()}. Say so in your own words, without any name of a tool."
            case _:
                yield "You did not understand that. Say so and ask what exactly they need to know."

    def _wrong_way(self) -> str:
        return f"They have the wrong thing in mind, you need to {self._task()}. Say that it is the wrong thing."

    # --- which tool --------------------------------------------------------------------------------------------------

    def _choice(self, asked: Asked, turns: Sequence[Turn]) -> Iterator[str]:
        facet = next(iter(self.words.facets(turns)), None)
        if facet is None:
            yield f"You need to {self._task()}. Say which of the choices that is, or that it is none of them."
            return
        truth = facet.answers[self.words.goal.name]
        parameter = facet.key.startswith("parameter:")
        offered = truth in asked.options or parameter or len(asked.options) < 2
        if not offered or (not self.scenario.solvable and self._corners(truth, turns, parameter)):
            yield "What you need is none of the choices offered. Say that none of them is it, and nothing more."
        elif parameter:
            yield f"The truth about {facet.key.partition(':')[2]}: {truth}. Answer with a clear yes or no."
        else:
            truth = self._sayable(asked, turns, truth)
            yield f"The choice that is true: {truth}. Say that it is this one, in these or nearly these words."

    def _sayable(self, asked: Asked, turns: Sequence[Turn], truth: str) -> str:
        """The truth in words that may be said: as it was offered, cut short, by its place, or for another question."""
        others = [facet.answers[self.words.goal.name] for facet in self.words.facets(turns)[1:]]
        place = asked.options.index(truth) if truth in asked.options else len(ORDINALS)
        by_place = [f"the {ORDINALS[place]} one"] if place < len(ORDINALS) else []
        for said in (truth, " ".join(truth.split()[:_SHORT]), *by_place, *others):
            if not self.words.fault(self.words.said(f"I mean {said}.", turns), turns):
                return said
        return truth

    def _corners(self, truth: str, turns: Sequence[Turn], parameter: bool) -> bool:
        """Without a right tool: whether the truth would leave one wrong tool as if it were right."""
        said = truth if parameter else f"I mean {truth}."
        after = read(self.words.candidates, [*turns, Turn(speaker="user", reply=said)], self.words.ear)
        return len(after.open_tools) == 1

    def _task(self) -> str:
        return sanitise(profile(self.words.goal).task or self.scenario.goal)

    def _tasks(self) -> list[str]:
        """The goal's own request and others that are near it, in an order that says nothing."""
        others = [tool for tool in self.words.tools if tool is not self.words.goal]
        near = [tool for tool in others if tool.name in self.scenario.distractors] or others
        tasks = list(dict.fromkeys(profile(tool).task for tool in [self.words.goal, *near[: _SHOWN - 1]]))
        random.Random(derived_seed("tasks", self.scenario.seed)).shuffle(tasks)
        return [sanitise(task) for task in tasks]

    def _hint(self) -> str:
        """The clue that most of the other tools share and that is vague enough: the thing, the action or the area."""
        mine = profile(self.words.goal)
        others = [profile(tool) for tool in self.words.tools if tool is not self.words.goal]
        shared = {
            f"need something done about {mine.thing}": sum(
                bool(mine.resource) and meaning(mine.resource) <= meaning(other.resource) for other in others
            ),
            f"want to {mine.action} something": sum(other.action == mine.action for other in others),
            f"need help in {mine.group}": sum(bool(mine.group) and other.group == mine.group for other in others),
        }
        clues = sorted((clue for clue in shared if shared[clue]), key=lambda clue: -shared[clue])
        fitting = (clue for clue in clues if not self.words.fault(self.words.said(f"I {clue}.", ()), ()))
        return sanitise(next(fitting, "need help with a task in one of the company's systems"))

    # --- values ------------------------------------------------------------------------------------------------------

    def _given(self, asked: Asked, turns: Sequence[Turn], number: int) -> Iterator[str]:
        due, later, unknown = self.words.asked_for(asked, number)
        if due:
            yield "Give these, each value written exactly as here and with its label:"
            yield from self._values(due)
        if later:
            yield f"You do not have the {self._labels(later)} at hand yet: say that you still have to look it up."
        if unknown:
            yield f"For {', '.join(unknown)} you have no preference: say that it can be left out."
        if not (due or later or unknown):
            yield f"You know nothing about that; you need to {self._task()}. Say that this is not what you need."

    def _confirmed(self, turns: Sequence[Turn]) -> Iterator[str]:
        wrong = self.words.claimed_wrong(turns[-1].reply)
        if wrong:
            yield "They restated something wrongly. Say no and give what is right, written exactly as here:"
            yield from self._values(wrong)
        elif not self.scenario.solvable:
            yield self._wrong_way()
        else:
            yield "All of it is right. Say yes, they may go ahead."

    def _is_shared(self, path: str) -> bool:
        """Whether several tools take a value of this name, so that giving it does not give the tool away."""
        label = self.words.leaves[path].label
        return sum(any(leaf.label == label for leaf in leaves(tool)) for tool in self.words.candidates) >= 2

    def _values(self, paths: Sequence[str]) -> list[str]:
        return [f"- {self.words.leaves[path].label}: {self._said(path)}" for path in paths]

    def _said(self, path: str) -> str:
        return spoken(self.words.leaves[path].schema, self.words.parts[path], self._rng(path))

    def _rng(self, path: str) -> random.Random:
        return random.Random(derived_seed("said", self.scenario.seed, self.trial, path))

    def _labels(self, paths: Sequence[str]) -> str:
        return ", ".join(self.words.leaves[path].label for path in paths)

    # --- behaviour ---------------------------------------------------------------------------------------------------

    def _dial(self, number: int, asked: Asked | None = None, turns: Sequence[Turn] = ()) -> Iterator[str]:
        """What the scenario's behaviour asks of this turn."""
        dial, event = self.scenario.dial, self.scenario.event
        if dial in _DIALS:
            if event is None or number == event.turn:
                yield _DIALS[dial]
        elif event is not None and asked is not None and number >= event.turn:
            due = [path for path in event.values if path in self.words.due(number)]
            if dial == "corrects":
                yield from self._slip(event, asked, due, turns, number)
            elif dial == "changes_mind":
                yield from self._other_choice(event, asked, turns)
            elif due and number == event.turn:
                yield "Before your answer, also give, each value written exactly as here and with its label:"
                yield from self._values(due)

    def _slip(
        self, event: DialEvent, asked: Asked, due: Sequence[str], turns: Sequence[Turn], number: int
    ) -> Iterator[str]:
        given = [path for path in due if path in self.words.asked_for(asked, number)[0]]
        if asked.kind != "arguments" or not given:
            return
        wrong = spoken(self.words.leaves[given[0]].schema, event.wrong, self._rng(given[0]))
        if not any(wrong in turn.reply for turn in turns):
            label = self.words.leaves[given[0]].label
            yield f"First give the {label} wrongly as {wrong}, then write `sorry, I mean` and all of it right."

    def _other_choice(self, event: DialEvent, asked: Asked, turns: Sequence[Turn]) -> Iterator[str]:
        facet = next(iter(self.words.facets(turns)), None) if asked.kind == "facet" else None
        if facet is None or facet.key.startswith("parameter:") or self._chose(turns):
            return
        truth, other = facet.answers[self.words.goal.name], facet.answers.get(event.tool, "")
        if other and other != truth and truth in asked.options:
            yield f"First choose `{other}`, then write `no wait, I mean` and the true choice."

    def _chose(self, turns: Sequence[Turn]) -> bool:
        return any("no wait" in turn.reply for turn in turns if turn.speaker == "user")

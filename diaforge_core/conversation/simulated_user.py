"""The scripted user: vague at first, truthful when asked, in character, and never ahead of its information stages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ..catalog.facets import Facet, facets
from ..catalog.leaves import Leaf, leaves
from ..catalog.profiles import about, profile
from ..catalog.words import folded, identifier_words, meaning, singular, with_article
from ..records.dialogue import Evidence, Turn
from ..records.scenario import Scenario
from ..records.tool import Tool
from .reading import Reading, read, spoken_parts
from .spoken_values import heard, same, spoken
from .understanding import Asked, understand
from .wording import Wording

QUOTED_WORDS = 6
"""Consecutive words of a description from which on a turn quotes it (METHOD.md §2, check 5)."""
_DRAWS = 12
"""Wordings tried for one turn before the plainest one is taken."""
_MOST_IN_OPENING = 3
"""Values that a person puts into a first sentence."""
_FEW = 3
"""An action or a thing is a clue if at least one in so many of the other tools shares it; else the area is."""
_TELLING = 4
"""Characters from which on a value in free text is no accident."""
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_CLUE_ACTIONS = ("create", "update", "delete", "get", "list", "search")


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
        self._style = "terse" if scenario.dial == "terse" else scenario.persona.style
        self._parts = spoken_parts(self.goal, scenario.gold_arguments)
        self._leaves = {leaf.path: leaf for leaf in leaves(self.goal)}

    # --- turns -------------------------------------------------------------------------------------------------------

    def opening(self) -> Turn:
        """The vague request: what it says fits at least two of the candidates, and no name is in it."""
        plain = ""
        for draw in range(_DRAWS):
            words = self._wording("opening", draw)
            text = self._opening_words(words, vague=draw >= _DRAWS // 2, values=draw < _DRAWS - 3)
            plain = text
            if self._fits_several(text) and not self.leaks(text, opening=True) and not self._too_early(text, 1):
                return Turn(speaker="user", reply=text, note="opens vaguely")
        for draw in range(_DRAWS):
            text = _sentence(self._wording("blank", draw).phrase("open_blank"))
            if self._fits_several(text) and not self.leaks(text, opening=True):
                return Turn(speaker="user", reply=text, note="opens without a clue")
        return Turn(speaker="user", reply=plain, note="opens vaguely")

    def answer(self, turns: Sequence[Turn]) -> Turn:
        """The answer to the last turn, an assistant's reply, at this point of the conversation."""
        number = 1 + sum(turn.speaker == "user" for turn in turns)
        asked = self._asked(turns)
        text, note = "", ""
        for draw in range(_DRAWS):
            words = self._wording("answer", number, draw)
            text, note = self._reply(words, asked, turns, number, plainest=draw >= _DRAWS // 2)
            if self._reads_back(text, asked, turns) and not self.leaks(text) and not self._too_early(text, number):
                break
        return Turn(speaker="user", reply=text, note=note)

    def _wording(self, *place: object) -> Wording:
        scenario = self.scenario
        return Wording(scenario.bank, scenario.seed, self.trial, *place, style=self._style)

    def _asked(self, turns: Sequence[Turn]) -> Asked:
        """What the last reply asks, read among the tools that the words so far leave open."""
        return understand(turns[-1].reply, self._still(turns))

    def _still(self, turns: Sequence[Turn]) -> Sequence[Tool]:
        """The tools that the words before the last reply leave open; all of them when those rule everything out."""
        still = read(self.tools, turns[:-1]).open_tools
        return [tool for tool in self.tools if tool.name in still] or self.tools

    # --- the opening -------------------------------------------------------------------------------------------------

    def _opening_words(self, words: Wording, *, vague: bool, values: bool) -> str:
        thing, action, place = self._clue(vague)
        if action and thing:
            core = words.phrase("open_act_thing", act=self._act(words, action), thing=thing)
        elif action:
            core = words.phrase("open_act", act=self._act(words, action))
        elif thing:
            core = words.phrase("open_thing", thing=thing)
        elif place:
            core, place = words.phrase("open_thing", thing=with_article(f"{place} matter")), ""
        else:
            core = words.phrase("open_blank")
        where = words.phrase("open_place", place=place) if place else ""
        text = _follow(words.phrase("hello"), core)
        for tail in (where, words.phrase("open_why")):
            text = _follow(text, _lowered(tail))
        stated = self._due_in_opening() if values else []
        text = _sentence(text)
        if stated:
            text = f"{text} {self._clauses(words, stated)}"
        if self.scenario.dial == "impatient":
            text = f"{text} {words.phrase('impatient').strip()}"
        return text

    def _act(self, words: Wording, action: str) -> str:
        rule = f"act_{action}" if action in _CLUE_ACTIONS else "act_other"
        return _lowered(words.phrase(rule, verb=" ".join(identifier_words(action))))

    def _clue(self, vague: bool) -> tuple[str, str, str]:
        """Words for the thing, the action and the area that several of the tools share with the goal; "" for none."""
        mine = profile(self.goal)
        others = [profile(tool) for tool in self.tools if tool is not self.goal]
        thing, with_thing = self._shared_thing()
        with_action = sum(item.action == mine.action for item in others)
        with_place = sum(item.group == mine.group for item in others) if mine.group else 0
        fits = {"thing": with_thing, "action": with_action, "place": with_place if not vague else 0}
        best = max(("action", "thing"), key=lambda clue: fits[clue])
        if fits[best] * _FEW < len(others):
            best = max(fits, key=lambda clue: fits[clue])
        if fits[best] < 1:
            return "", "", ""
        chosen = {best}
        for clue in ("thing", "action", "place"):
            together = sum(self._shares(item, {*chosen, clue}, thing) for item in others)
            if not vague and together >= max(1, fits[best]):
                chosen.add(clue)
        return (
            about(thing) if "thing" in chosen else "",
            mine.action if "action" in chosen else "",
            mine.group if "place" in chosen and not _says_name(mine.group, self.goal) else "",
        )

    def _shares(self, item: Any, clues: set[str], thing: str) -> bool:
        mine = profile(self.goal)
        return (
            ("thing" not in clues or meaning(thing) <= meaning(item.resource))
            and ("action" not in clues or item.action == mine.action)
            and ("place" not in clues or item.group == mine.group)
        )

    def _shared_thing(self) -> tuple[str, int]:
        """The longest run of the goal's thing that most other tools' things hold too, and how many of them do."""
        words = profile(self.goal).resource.split()
        runs = [words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1)]
        others = [meaning(profile(tool).resource) for tool in self.tools if tool is not self.goal]
        best = ("", 0)
        for run in sorted(runs, key=lambda run: -len(run)):
            said = meaning(" ".join(run))
            count = sum(said <= other for other in others) if said else 0
            if count > best[1]:
                best = (" ".join(run), count)
        return best

    def _due_in_opening(self) -> list[str]:
        """Paths of stage-one values whose label several tools share, so that naming it does not give the tool away."""
        shared = Counter(leaf.label for tool in self.tools for leaf in leaves(tool))
        due = [path for path in self._due(1) if shared[self._leaves[path].label] >= 2]
        tops = {self._top(path) for path in self._due(1) if path not in due}
        return self._whole([path for path in due if self._top(path) not in tops], _MOST_IN_OPENING)

    def _whole(self, paths: Sequence[str], most: int) -> list[str]:
        """The first paths up to about `most`, an object always with all its parts."""
        kept: list[str] = []
        for path in paths:
            if len(kept) < most or self._top(path) == self._top(kept[-1]):
                kept.append(path)
        return kept

    def _fits_several(self, text: str) -> bool:
        reading = read(self.tools, [Turn(speaker="user", reply=text)])
        wanted = min(2, len(self.tools))
        seen = read(self.candidates, [Turn(speaker="user", reply=text)])
        return (
            self.goal.name in reading.open_tools
            and len(reading.open_tools) >= wanted
            and len(seen.open_tools) >= min(2, len(self.candidates))
            and self._values_true(reading)
        )

    # --- answers -----------------------------------------------------------------------------------------------------

    def _reply(
        self, words: Wording, asked: Asked, turns: Sequence[Turn], number: int, *, plainest: bool
    ) -> tuple[str, str]:
        """One draw of the reply and the note on what was understood."""
        if asked.kind == "facet":
            return self._facet_reply(
                words, asked, turns, number, plainest
            ), f"understood: asks {', '.join(asked.facets)}"
        if asked.kind == "arguments":
            if not self.scenario.solvable and self._cornered(turns):
                return _sentence(words.phrase("wrong_way")), "understood: asks values, but no tool fits"
            return self._values_reply(
                words, asked, turns, number, plainest
            ), f"understood: asks {', '.join(asked.parameters)}"
        if asked.kind == "confirmation":
            return self._confirmation_reply(words, turns), "understood: asks for a confirmation"
        if asked.kind == "options":
            return self._free_reply(words, turns, number), "understood: asks what is wanted"
        return _sentence(words.phrase("not_understood")), "not understood"

    def _cornered(self, turns: Sequence[Turn]) -> bool:
        return len(read(self.candidates, turns[:-1]).open_tools) <= 1

    def _facet(self, asked: Asked, turns: Sequence[Turn]) -> Facet | None:
        """The question to answer: the first asked one that the goal has an answer to."""
        known = {facet.key: facet for facet in facets(self._still(turns))}
        found = [known[key] for key in asked.facets if key in known and self.goal.name in known[key].answers]
        offered = [facet for facet in found if facet.answers[self.goal.name] in asked.options]
        return next(iter(offered or found), None)

    def _facet_reply(self, words: Wording, asked: Asked, turns: Sequence[Turn], number: int, plainest: bool) -> str:
        facet = self._facet(asked, turns)
        if facet is None:
            return _sentence(words.phrase("not_understood"))
        answer = facet.answers[self.goal.name]
        offered = answer in asked.options or facet.key.startswith("parameter:") or len(asked.options) < 2
        if not offered or (not self.scenario.solvable and self._would_corner(turns, answer, facet)):
            none = words.phrase("pick_none")
            return _sentence(_none_of_many(none) if len(asked.options) > 2 else none)
        core = self._picked(words, facet, answer, asked, plainest)
        if self.scenario.dial == "changes_mind" and number == 2 and not plainest:
            core = self._mind_changed(words, facet, answer, asked, core)
        text = self._flavoured(words, _follow(words.phrase("ack"), core), number)
        due = [path for path in self._due(1 if number == 2 else number - 1) if not self._said(path, turns)]
        if facet.parameter and self.scenario.dial == "two_values":
            due = list(dict.fromkeys([*due, *self._due_of(facet.parameter, number)]))
        return self._with_values(words, text, self._whole(due, _MOST_IN_OPENING + 1) if self.scenario.solvable else [])

    def _would_corner(self, turns: Sequence[Turn], answer: str, facet: Facet) -> bool:
        """Without a right tool: whether a plain answer would leave one wrong tool as if it were right."""
        text = self._plain_pick(facet, answer)
        after = read(self.candidates, [*turns, Turn(speaker="user", reply=text)])
        return len(after.open_tools) == 1

    def _plain_pick(self, facet: Facet, answer: str) -> str:
        return answer if facet.key.startswith("parameter:") else f"I mean {answer}."

    def _picked(self, words: Wording, facet: Facet, answer: str, asked: Asked, plainest: bool) -> str:
        kind = facet.key.split(":")[0]
        if kind == "parameter":
            return words.phrase("pick_yes" if answer.startswith("yes") else "pick_no")
        if kind == "gist" or plainest:
            if answer in asked.options and len(asked.options) > 1 and (kind == "gist" or words.rng.random() < 0.5):
                place = asked.options.index(answer)
                return words.phrase("pick_ordinal", ordinal=_ORDINALS[min(place, len(_ORDINALS) - 1)])
            answer = " ".join(answer.split()[: QUOTED_WORDS - 1])
        rule = {"resource": "pick_noun", "scope": "pick_place", "group": "pick_group"}.get(kind, "pick_verb")
        return words.phrase(rule, answer=answer if plainest else self._paraphrased(words, kind, answer))

    def _paraphrased(self, words: Wording, kind: str, answer: str) -> str:
        """The answer in other words where the bank has some: "add a new lead" for "create a new lead"."""
        mine = profile(self.goal)
        if kind not in ("action", "task") or not words.says(f"say_{mine.action}"):
            return answer
        thing = mine.resource if kind == "task" else "one"
        if thing != "one" and with_article(thing) == thing:
            return answer
        one = with_article(thing) if thing != "one" else "one"
        return _lowered(
            words.phrase(f"say_{mine.action}", new=f"a new {thing}", existing=f"an existing {thing}", one=one)
        )

    def _mind_changed(self, words: Wording, facet: Facet, answer: str, asked: Asked, core: str) -> str:
        others = [option for option in asked.options if option != answer]
        if not others or facet.key.startswith("parameter:"):
            return core
        first = words.rng.choice(others)
        return words.phrase(
            "changed_mind", first=_lowered(" ".join(first.split()[: QUOTED_WORDS - 1])), second=_lowered(core)
        )

    def _values_reply(self, words: Wording, asked: Asked, turns: Sequence[Turn], number: int, plainest: bool) -> str:
        """Gives what is asked and due, puts off what is not due, leaves out what there is no value for."""
        due, later, unknown = self._sorted_out(asked, number)
        reading = self._reading(turns[:-1])
        volunteered = [path for path in self._due(number) if not self._said(path, turns) and path not in due]
        waiting = [path for path in volunteered if self._top(path) in reading.deferred]
        optional = [path for path in volunteered if path not in waiting]
        if not plainest and len(due) == 1 and not waiting and not optional and not later and not unknown:
            value = self._spoken(words, due[0])
            bare, lead = words.phrase("bare", value=value), words.phrase("give")
            text = f"{lead} {bare}" if bare.startswith(value) else _follow(lead, bare)
            return self._finish(words, self._flavoured(words, text.strip(), number), number)
        sentences: list[str] = []
        stated = [*due, *waiting]
        if stated:
            sentences.append(_follow(words.phrase("give"), self._clauses(words, stated, number)))
        if optional and (due or waiting or not later):
            sentences.append(_follow(words.phrase("also"), self._clauses(words, optional)))
        if later:
            sentences.append(_sentence(words.phrase("defer", labels=self._labels(later))))
        if unknown:
            sentences.append(_sentence(words.phrase("decline", labels=self._labels(unknown))))
        if not sentences:
            return _sentence(words.phrase("not_understood"))
        return self._finish(words, self._flavoured(words, " ".join(map(_sentence, sentences)), number), number)

    def _finish(self, words: Wording, text: str, number: int) -> str:
        closing = words.phrase("closing").strip()
        if self.scenario.dial == "digresses" and number % 2 == 1:
            closing = words.phrase("digress").strip()
        return f"{text if text.endswith(('.', '!', '?')) or not closing else text + '.'} {closing}".strip()

    def _flavoured(self, words: Wording, text: str, number: int) -> str:
        """The text with the dial's own way put before it."""
        rule = {"impatient": "impatient", "answers_other_first": "first_this"}.get(self.scenario.dial or "")
        if rule and number == 2:
            return f"{words.phrase(rule).strip()} {_sentence(text.strip())}"
        return _sentence(text.strip())

    def _with_values(self, words: Wording, text: str, paths: Sequence[str]) -> str:
        return f"{_sentence(text)} {self._clauses(words, paths)}" if paths else _sentence(text)

    def _confirmation_reply(self, words: Wording, turns: Sequence[Turn]) -> str:
        wrong = [
            path
            for path, evidence in self._claimed(turns[-1].reply).items()
            if path in self._parts and not same(evidence, self._parts[path])
        ]
        if wrong:
            return _follow(words.phrase("confirm_no"), self._clauses(words, wrong))
        if not self.scenario.solvable:
            return _sentence(words.phrase("wrong_way"))
        if self.goal.name not in read(self.candidates, turns[:-1]).open_tools:
            return _sentence(words.phrase("wrong_way"))
        return _sentence(words.phrase("confirm_yes"))

    def _claimed(self, reply: str) -> dict[str, Any]:
        """The values that an assistant restates, read as if a user had said them."""
        reading = read((self.goal,), [Turn(speaker="user", reply=reply)])
        return {path: evidence.value for path, evidence in reading.values.items()}

    def _free_reply(self, words: Wording, turns: Sequence[Turn], number: int) -> str:
        """More about what is wanted, for a question that offers no choices: the task, else what sets it apart."""
        told = set(self._reading(turns[:-1]).asked_facets)
        known = [facet for facet in facets(self.tools) if self.goal.name in facet.answers and ":" not in facet.key]
        if not known:
            return self._with_values(words, words.phrase("confirm_yes"), self._due(number)[:2])
        facet = next((facet for facet in known if facet.key == "task" and "task" not in told), known[-1])
        answer = " ".join(facet.answers[self.goal.name].split()[: QUOTED_WORDS - 1])
        if not self.scenario.solvable and self._would_corner(turns, answer, facet):
            return _sentence(words.phrase("wrong_way"))
        rule = {"resource": "pick_noun", "scope": "pick_place", "group": "pick_group"}.get(facet.key, "pick_verb")
        return _sentence(words.phrase(rule, answer=answer))

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
        return found is not None and same(found.value, self._parts[path])

    def _reading(self, turns: Sequence[Turn]) -> Reading:
        return read((self.goal,), turns)

    def _sorted_out(self, asked: Asked, number: int) -> tuple[list[str], list[str], list[str]]:
        """What was asked for, as paths that are due, paths that are not yet, and names that there is no value for."""
        wanted = [name for name in asked.parameters if name in self.goal.properties]
        mine = [path for path in self._parts if self._top(path) in wanted]
        due = [path for path in mine if self.scenario.stage_of(self._top(path)) <= number]
        later = [path for path in mine if path not in due]
        held = {self._top(path) for path in mine}
        return due, later, [name for name in wanted if name not in held]

    def _label(self, path: str) -> str:
        return self._leaves[path].label

    def _labels(self, paths: Sequence[str]) -> str:
        labels = [self._label(path) for path in paths]
        return labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} and {labels[-1]}"

    def _spoken(self, words: Wording, path: str) -> str:
        return spoken(self._leaves[path].schema, self._parts[path], words.rng)

    def _clauses(self, words: Wording, paths: Sequence[str], number: int = 0) -> str:
        """The values with their labels as sentences; the dial may state one wrongly first and take it back."""
        said = [self._clause(words, self._leaves[path], self._spoken(words, path)) for path in paths]
        said = [_lowered(clause) for clause in said]
        text = said[0] if len(said) == 1 else f"{', '.join(said[:-1])}{words.rng.choice((' and ', ', and '))}{said[-1]}"
        if number and self.scenario.dial == "corrects":
            text = self._corrected(words, paths, text)
        return _sentence(text if self._style in ("terse", "hurried") else text[:1].upper() + text[1:])

    def _clause(self, words: Wording, leaf: Leaf, value: str) -> str:
        many = singular(leaf.label.split()[-1]) != leaf.label.split()[-1]
        verb = "are" if many else "is"
        return words.phrase("clause", label=leaf.label, value=value, **{"is": verb, "value_is": verb})

    def _corrected(self, words: Wording, paths: Sequence[str], text: str) -> str:
        path = next((path for path in paths if _slip(self._parts[path]) is not None), "")
        if not path:
            return text
        wrong = _slip(self._parts[path])
        leaf = self._leaves[path]
        slipped = spoken(leaf.schema, wrong, words.rng)
        back = heard(leaf.schema, slipped)
        if not back or not same(back[0], wrong):
            return text
        mistaken = _lowered(self._clause(words, leaf, slipped))
        return f"{mistaken}. {_follow(words.phrase('misspoke'), text)}"

    # --- what may be said --------------------------------------------------------------------------------------------

    def _values_true(self, reading: Reading) -> bool:
        """Whether all that the words give the goal tool are the user's own values."""
        return all(
            same(evidence.value, self._parts[path]) if path in self._parts else self._inside(path, evidence)
            for path, evidence in reading.values.items()
            if path in self._leaves
        )

    def _inside(self, path: str, evidence: Evidence) -> bool:
        value: Any = self.scenario.gold_arguments
        for key in self._leaves[path].keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value is not None and same(value, evidence.value)

    def _reads_back(self, text: str, asked: Asked, turns: Sequence[Turn]) -> bool:
        """Whether the words, read with all that was said before, say what is true and keep the goal possible."""
        after = [*turns, Turn(speaker="user", reply=text)]
        mine = read((self.goal,), after)
        if not self._values_true(mine):
            return False
        if asked.kind == "arguments":
            number = sum(turn.speaker == "user" for turn in after)
            due, _, _ = self._sorted_out(asked, number)
            told = all(path in mine.values for path in due)
            if not told and self.scenario.solvable:
                return False
        seen = read(self.candidates, after).open_tools
        if self.scenario.solvable:
            before = read(self.candidates, turns[:-1]).open_tools
            return self.goal.name in seen or self.goal.name not in before
        return asked.kind != "facet" or len(seen) != 1

    def _too_early(self, text: str, number: int) -> bool:
        """Whether the words hold a value whose stage has not come, even by accident."""
        due = " ".join(str(self._parts[path]).casefold() for path in self._due(number))
        low = text.casefold()
        for path, value in self._parts.items():
            said = str(value).casefold()
            telling = isinstance(value, str | int | float) and not isinstance(value, bool) and len(said) >= _TELLING
            if not telling or self.scenario.stage_of(self._top(path)) <= number or said in due:
                continue
            if re.search(rf"(?<![\w.@-]){re.escape(said)}(?![\w@-])", low):
                return True
        return False

    def leaks(self, text: str, *, opening: bool = False) -> bool:
        """Whether the words hold the goal's name or quote its description (METHOD.md §2, check 5)."""
        words = re.findall(r"[^\W_]+", text.casefold())
        return any(_holds_name(words, name, opening) for name in _names_of(self.goal)) or _quotes(words, self.goal.text)


def _names_of(tool: Tool) -> set[str]:
    return {tool.name, tool.original_name, re.split(r"[./:]", tool.original_name)[-1]} - {""}


def _says_name(text: str, tool: Tool) -> bool:
    return folded(text) in {folded(name) for name in _names_of(tool)}


def _holds_name(words: Sequence[str], name: str, opening: bool) -> bool:
    parts = re.findall(r"[^\W_]+", " ".join(identifier_words(name)))
    if len(parts) <= 2 and not opening:
        return False
    wanted = folded(name)
    for start in range(len(words)):
        run = ""
        for word in words[start:]:
            run += word
            if run == wanted:
                return True
            if len(run) >= len(wanted):
                break
    return False


def _quotes(words: Sequence[str], text: str) -> bool:
    source = re.findall(r"[^\W_]+", text.casefold())
    runs = {tuple(source[start : start + QUOTED_WORDS]) for start in range(len(source) - QUOTED_WORDS + 1)}
    return any(tuple(words[start : start + QUOTED_WORDS]) in runs for start in range(len(words) - QUOTED_WORDS + 1))


def _slip(value: Any) -> Any:
    """A wrong value of the same kind that a person could say by mistake; None where a slip is hard to imagine."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and re.fullmatch(r"[\w.+-]+@[\w.-]+", value):
        return f"x{value}"
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z]+ [A-Za-z]+", value):
        return f"{value.split()[0]} {value.split()[1]}s"
    return None


def _none_of_many(text: str) -> str:
    """`neither` is for two."""
    return text.replace("neither", "none").replace("Neither", "None")


def _lowered(text: str) -> str:
    """The text with a first letter that opened a sentence lowered; names, acronyms and "I" as they are."""
    first = text.split()[0] if text.split() else ""
    if first in ("I", "I'd", "I'm", "I've", "I'll") or first[1:] != first[1:].lower() or not first[:1].isalpha():
        return text
    return text[:1].lower() + text[1:]


def _follow(lead: str, core: str) -> str:
    """The core behind a lead-in, in lower case unless that ended a sentence; punctuation joins without a space."""
    lead = lead.strip()
    if not lead or not core:
        return lead or core
    if core.startswith((",", ".", ";")):
        return f"{lead}{core}"
    return f"{lead} {core if lead.endswith(('.', '!', '?')) else _lowered(core)}"


def _sentence(text: str) -> str:
    """The text with single spaces and an end mark; a quoted or bracketed end keeps its mark outside."""
    text = re.sub(r"(?<=\S) {2,}", " ", text).strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."

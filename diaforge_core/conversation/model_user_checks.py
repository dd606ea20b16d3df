"""Whether words may be put into the user's mouth at one point of a conversation, told without any model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..catalog.facets import Facet, facets
from ..catalog.leaves import leaves
from ..records.base import canonical_json
from ..records.dialogue import Dialogue, Turn
from ..records.scenario import Scenario
from ..records.tool import Tool
from .hearing import ear_of
from .reading import Reading, read, spoken_parts
from .spoken_values import same
from .understanding import Asked, among
from .verifiers import Case, check_leak

MOST_WORDS = 90
"""The longest of 2,000 scripted user turns has 74 words; a longer one is a letter."""
_MARKUP = re.compile(
    r"‹|</?(?:think|tool_call|tool_response)\b|<\|im_|```|\{\s*\"|^\s*(?:assistant|system|tool|user)\s*:",
    re.IGNORECASE | re.MULTILINE,
)
"""What no speaker writes; `‹` stands where a control token was."""
_FOREIGN = re.compile(
    rf"{_MARKUP.pattern}|\bas an ai\b|\b(?:how (?:can|may) i (?:help|assist)"
    r"|i(?:'m| am) (?:an? )?(?:ai|assistant|language model)\b"
    r"|(?:i(?:'d| would) be|i'm|i am) (?:happy|glad|here) to (?:help|assist)"
    r"|is there anything else i can|none of (?:the|my) (?:available )?tools)",
    re.IGNORECASE | re.MULTILINE,
)
"""What only the other side, or a machine, would write."""
CODE = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w|\b\d{5,}\b|\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])\w[\w-]{4,}\b")
"""Words that nobody says by chance: an address, a long number, a code of letters and digits."""


@dataclass(frozen=True, slots=True)
class Said:
    """One user turn, read with all that was said before it."""

    text: str
    mine: Reading
    """With the goal tool alone in mind."""
    seen: Reading
    """Among the candidates."""

    @property
    def meaning(self) -> tuple[Any, ...]:
        """What the words establish; equal for two ways to say one thing."""
        return (
            self.seen.open_tools,
            _values(self.mine),
            _values(self.seen),
            tuple(sorted(self.seen.deferred)),
            tuple(sorted(self.seen.declined)),
            self.seen.confirmed,
        )


def _values(reading: Reading) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((path, canonical_json(found.value)) for path, found in reading.values.items()))


@dataclass(frozen=True, slots=True)
class _Point:
    """One point of a conversation, the same for all drafts of the turn that follows."""

    turns: Sequence[Turn]
    still: Sequence[Tool]
    """The tools that the words before the last reply leave open; all of them when those rule everything out."""
    before: tuple[str, ...]
    """The candidates among them by name, none when those rule everything out."""
    asked: Asked
    """What the last reply asks, read among `still`."""


class UserWords:
    """Reads and judges what the user of one scenario says."""

    def __init__(self, scenario: Scenario, tools: Sequence[Tool]) -> None:
        """`tools` holds the candidates and the goal tool."""
        by_name = {tool.name: tool for tool in tools}
        self.scenario = scenario
        self.tools = tuple(tools)
        self.goal = by_name[scenario.goal_tool]
        self.candidates = tuple(by_name[name] for name in scenario.candidates)
        self.parts = spoken_parts(self.goal, scenario.gold_arguments)
        """Dotted path → value of all that the user may say."""
        self.leaves = {leaf.path: leaf for leaf in leaves(self.goal)}
        self.ear = among(self.candidates, ear_of(scenario.bank))
        self._known: _Point | None = None

    # --- reading -----------------------------------------------------------------------------------------------------

    def said(self, text: str, turns: Sequence[Turn]) -> Said:
        """The text read as the turn after `turns`."""
        after = [*turns, Turn(speaker="user", reply=text)]
        return Said(text, read((self.goal,), after, self.ear), read(self.candidates, after, self.ear))

    def asked(self, turns: Sequence[Turn]) -> Asked:
        """What the last turn, an assistant's reply, asks, read among the tools that the words so far leave open."""
        return self._point(turns).asked

    def facets(self, turns: Sequence[Turn]) -> list[Facet]:
        """The separating questions asked that the goal tool has an answer to, those first that offer it."""
        point = self._point(turns)
        known = {facet.key: facet for facet in facets(point.still)}
        asked = [known[key] for key in point.asked.facets if key in known]
        found = [facet for facet in asked if self.goal.name in facet.answers]
        return sorted(found, key=lambda facet: facet.answers[self.goal.name] not in point.asked.options)

    def _point(self, turns: Sequence[Turn]) -> _Point:
        if self._known is None or self._known.turns is not turns:
            left = read(self.tools, turns[:-1], self.ear).open_tools
            still = [tool for tool in self.tools if tool.name in left] or self.tools
            before = read(self.candidates, turns[:-1], self.ear).open_tools
            self._known = _Point(turns, still, before, self.ear(turns[-1].reply, still, self.candidates))
        return self._known

    # --- what may be said --------------------------------------------------------------------------------------------

    def top(self, path: str) -> str:
        """The parameter that a dotted path is part of."""
        return self.leaves[path].keys[0]

    def due(self, number: int) -> list[str]:
        """Paths of all values that may be revealed by the user's turn `number`, in the schema's order."""
        return [path for path in self.parts if self.scenario.stage_of(self.top(path)) <= number]

    def asked_for(self, asked: Asked, number: int) -> tuple[list[str], list[str], list[str]]:
        """What is asked for: paths that are due, paths that are not yet, parameters that there is no value for."""
        wanted = [name for name in asked.parameters if name in self.goal.properties]
        mine = [path for path in self.parts if self.top(path) in wanted]
        due = [path for path in self.due(number) if path in mine]
        held = {self.top(path) for path in mine}
        return due, [path for path in mine if path not in due], [name for name in wanted if name not in held]

    def is_cornered(self, turns: Sequence[Turn]) -> bool:
        """Without a right tool: whether the words so far leave one wrong tool as if it were right."""
        return not self.scenario.solvable and len(self._point(turns).before) <= 1

    def claimed_wrong(self, reply: str) -> list[str]:
        """Paths of the values that an assistant restates wrongly."""
        restated = read((self.goal,), [Turn(speaker="user", reply=reply)]).values
        return [path for path, found in restated.items() if path in self.parts and not self.holds(path, found.value)]

    def holds(self, path: str, value: Any) -> bool:
        """Whether the scenario gives the user this value there, as a whole or as a part."""
        if path in self.parts:
            return same(value, self.parts[path])
        held: Any = self.scenario.gold_arguments
        for key in self.leaves[path].keys if path in self.leaves else ():
            held = held.get(key) if isinstance(held, dict) else None
        return held is not None and same(held, value)

    # --- what is wrong -----------------------------------------------------------------------------------------------

    def fault(self, said: Said, turns: Sequence[Turn]) -> str:
        """Why the words may not be said as the turn after `turns`; empty when they may."""
        return self.unsayable(said, turns) or (self._off_point(said, turns) if turns else self._not_vague(said))

    def unsayable(self, said: Said, turns: Sequence[Turn]) -> str:
        """What is wrong with the words whatever was asked: their form, a leak, a value too early or out of nowhere."""
        return form_fault(said.text) or self._leak(said, turns) or next(self._untrue(said, turns), "")

    def _leak(self, said: Said, turns: Sequence[Turn]) -> str:
        after = (*turns, Turn(speaker="user", reply=said.text))
        fault = next(check_leak(Case(Dialogue(id="draft", scenario=self.scenario, turns=after), self.tools)), None)
        return fault.reason if fault and fault.turn == len(turns) else ""

    def _untrue(self, said: Said, turns: Sequence[Turn]) -> Iterator[str]:
        for path, found in said.mine.values.items():
            if found.turn == len(turns) and path in self.leaves and not self.holds(path, found.value):
                yield f"{path} is given as {found.value!r}, which it is not"
        heard = " ".join(turn.reply for turn in turns)
        event = self.scenario.event.wrong if self.scenario.event else ""
        known = f"{self.scenario.gold_arguments} {self.scenario.goal} {event} {heard}".casefold().replace(",", "")
        for code in CODE.findall(said.text.replace(",", "")):
            if code.casefold() not in known:
                yield f"{code!r} comes out of nowhere"

    def _not_vague(self, said: Said) -> str:
        if self.scenario.solvable and self.goal.name not in said.seen.open_tools:
            return "the opening rules out the tool that is needed"
        if len(said.seen.open_tools) < min(2, len(self.candidates)):
            return "the opening fits one tool only"
        return ""

    def _off_point(self, said: Said, turns: Sequence[Turn]) -> str:
        """What is wrong with the words as an answer to the last turn."""
        before, asked = self._point(turns).before, self._point(turns).asked
        if self.scenario.solvable and self.goal.name in before and self.goal.name not in said.seen.open_tools:
            return "the answer rules out the tool that is needed"
        match asked.kind:
            case "facet":
                return self._not_separating(said, turns, before)
            case "arguments":
                return self._not_given(said, asked, turns)
            case "confirmation":
                return self._not_confirming(said, turns)
        return ""

    def _not_separating(self, said: Said, turns: Sequence[Turn], before: Sequence[str]) -> str:
        left = said.seen.open_tools
        if not self.scenario.solvable:
            return "the answer leaves one wrong tool as if it were right" if len(left) == 1 else ""
        if len(left) >= len(before) > 1 and self.facets(turns):
            return "the answer does not say which of them is meant"
        return ""

    def _not_given(self, said: Said, asked: Asked, turns: Sequence[Turn]) -> str:
        if self.is_cornered(turns) and any(found.turn == len(turns) for found in said.seen.values.values()):
            return "the answer goes along with a wrong tool"
        if not self.scenario.solvable:
            return ""
        number = 1 + sum(turn.speaker == "user" for turn in turns)
        due, _, _ = self.asked_for(asked, number)
        missing = [path for path in due if path not in said.mine.values]
        return f"the answer does not give {', '.join(missing)}" if missing else ""

    def _not_confirming(self, said: Said, turns: Sequence[Turn]) -> str:
        if not self.scenario.solvable:
            return ""
        wrong = self.claimed_wrong(turns[-1].reply)
        if wrong and any(path not in said.mine.values or said.mine.values[path].turn != len(turns) for path in wrong):
            return "the answer does not correct what was restated wrongly"
        return "" if wrong or said.seen.confirmed else "the answer does not confirm"


def form_fault(text: str, *, assistant: bool = False) -> str:
    """What is wrong with the form of a speaker's words; empty when nothing is."""
    if not re.search(r"\w", text):
        return "nothing is said"
    if len(text.split()) > MOST_WORDS:
        return f"more than {MOST_WORDS} words"
    foreign = (_MARKUP if assistant else _FOREIGN).search(text)
    return f"not this side's own voice: {foreign[0]!r}" if foreign else ""

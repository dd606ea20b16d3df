"""Planned by script, worded by a model: a turn's words are replaced only where they still mean what was planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ModelError, Unanswered
from ..records.base import derived_seed
from ..records.dialogue import Turn
from ..records.scenario import Scenario
from ..records.tool import Tool
from .chat_models import ChatModel, Completion
from .labels import label_pattern, leaf_named
from .model_user import draft_text
from .model_user_briefs import persona_lines
from .model_user_checks import CODE, UserWords, form_fault
from .prompts import Message, sanitise
from .reading import read
from .simulated_user import ScriptedUser
from .structured import candidates, read_object
from .understanding import Asked, understand
from .view import Assistant, View

WORDING_TEMPERATURE = 0.8
WORDING_TOKENS = 300
TRIES = 2
"""Wordings of one turn that are asked for before the script's own words stay."""
MOST_LONGER = 3.0
"""Times the planned words, and `_FEW_WORDS` on top, that a wording may be long."""
_FEW_WORDS = 15
_SAY = {"type": "string"}
_RULES = """\
You reword one message of a conversation so that it sounds like a real person at work. Say exactly what it says: add \
nothing, leave out nothing, ask nothing else. Keep every name, number, date, code, choice and label letter by letter, \
and each value behind its label. Never name a tool, a function or an API."""
_THINK_RULES = """\
You reword what an assistant thinks to itself before it acts. Keep the reason and what follows from it; name exactly \
the same tools and fields, letter by letter, and nothing that is not there."""
_TAKE_BACK = ("corrects", "changes_mind")
"""Behaviours that say something else first."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What came of the tries to word one turn."""

    parts: Mapping[str, str]
    """The words accepted, by name; empty when the script's own stay."""
    note: str
    seconds: float
    tokens: int


class Worder:
    """Asks a chat model for other words; every side that is worded by it shares one."""

    def __init__(self, model: ChatModel, spec: str) -> None:
        self.model = model
        self.spec = spec

    def words(
        self,
        messages: Sequence[Message],
        parts: Mapping[str, str],
        seed: int,
        fault: Callable[[Mapping[str, str]], str],
    ) -> Wording:
        """Other words for the parts of a turn, the first that `fault` finds nothing wrong with.

        Unanswered goes through, as no turn of the run could be worded then; another failure leaves the own words.
        """
        schema = _schema(parts)
        seconds, tokens, reasons = 0.0, 0, []
        for attempt in range(TRIES):
            try:
                said = self._ask(messages, schema, derived_seed("words", seed, attempt))
            except Unanswered:
                raise
            except ModelError as problem:
                reasons.append(str(problem))
                break
            seconds, tokens = seconds + said.seconds, tokens + said.tokens
            worded = _parts_of(said.text, parts, schema)
            reason = fault(worded) if worded else "it is not in the asked form"
            if not reason:
                return Wording(worded, f"worded by {self.spec}", seconds, tokens)
            reasons.append(reason)
        return Wording({}, f"own words kept: {'; '.join(dict.fromkeys(reasons))}", seconds, tokens)

    def _ask(self, messages: Sequence[Message], schema: Mapping[str, Any], seed: int) -> Completion:
        return candidates(self.model, messages, 1, schema=schema, seed=seed, max_tokens=WORDING_TOKENS)[0]


class WordedUser:
    """A planned user side in a model's words."""

    family = "worded"

    def __init__(
        self, plan: ScriptedUser, worder: Worder, scenario: Scenario, tools: Sequence[Tool], trial: int = 0
    ) -> None:
        """`plan` is the user side that decides what each turn means."""
        self.plan = plan
        self.worder = worder
        self.scenario = scenario
        self.trial = trial
        self.spec = f"{plan.family} worded by {worder.spec}"
        self._words = UserWords(scenario, tools)

    def opening(self) -> Turn:
        """The planned opening, reworded where the words read back to the same."""
        return self._reworded(self.plan.opening(), ())

    def answer(self, turns: Sequence[Turn]) -> Turn:
        """The planned answer, reworded where the words read back to the same."""
        return self._reworded(self.plan.answer(turns), turns)

    def _reworded(self, planned: Turn, turns: Sequence[Turn]) -> Turn:
        if self._may_take_back(turns):
            return _noted(planned, "own words kept: a slip may be taken back here")
        before = self._words.said(planned.reply, turns)
        found = [found for found in before.mine.values.values() if found.turn == len(turns)]
        kept = [planned.reply[value.start : value.end] for value in found]

        def fault(worded: Mapping[str, str]) -> str:
            after = self._words.said(worded["say"], turns)
            lost = [value for value in kept if value not in after.text]
            if lost:
                return f"it does not say {lost[0]!r} letter by letter"
            if after.meaning != before.meaning:
                return "it reads differently"
            return self._words.unsayable(after, turns) or too_long(after.text, planned.reply)

        seed = derived_seed("user", self.scenario.seed, self.trial, len(turns))
        messages = user_request(self.scenario, planned, turns)
        return _turn(planned, self.worder.words(messages, _parts(planned), seed, fault))

    def _may_take_back(self, turns: Sequence[Turn]) -> bool:
        """Whether the scenario has a slip that is taken back from here on: an event that other words could lose."""
        event = self.scenario.event
        number = 1 + sum(turn.speaker == "user" for turn in turns)
        return self.scenario.dial in _TAKE_BACK and event is not None and number >= event.turn


class WordedAssistant:
    """A planned assistant side in a model's words: its questions, and its thoughts; a call stays as it is."""

    def __init__(self, plan: Assistant, worder: Worder) -> None:
        """`plan` is the assistant that decides what each turn does."""
        self.plan = plan
        self.worder = worder
        self.spec = f"{plan.spec} worded by {worder.spec}"

    def act(self, view: View, seed: int) -> Turn:
        """The planned turn, reworded where it still asks and thinks the same."""
        planned, still = self.plan.act(view, seed), _open(view)

        def fault(worded: Mapping[str, str]) -> str:
            wrong = _thought_fault(worded.get("thought", ""), planned, view, still)
            return wrong or (_reply_fault(worded["say"], planned, view, still) if planned.reply else "")

        messages = assistant_request(planned, view.turns)
        return _turn(planned, self.worder.words(messages, _parts(planned), seed, fault))


def user_request(scenario: Scenario, planned: Turn, turns: Sequence[Turn]) -> list[Message]:
    """The request for other words of a user turn."""
    asked = f"The other side just said: {turns[-1].reply}" if turns else "It opens the conversation."
    return _messages(_RULES, f"{persona_lines(scenario)}\n{asked}", _parts(planned))


def assistant_request(planned: Turn, turns: Sequence[Turn]) -> list[Message]:
    """The request for other words of an assistant turn."""
    rules = f"{_THINK_RULES} {_RULES}" if planned.reply else _THINK_RULES
    return _messages(rules, f"The user just said: {turns[-1].reply if turns else ''}", _parts(planned))


def _parts(planned: Turn) -> dict[str, str]:
    """What of a turn can be said in other words."""
    parts = {"thought": planned.thought, "say": planned.reply}
    return {name: text for name, text in parts.items() if text}


def _reply_fault(text: str, planned: Turn, view: View, still: Sequence[Tool]) -> str:
    """Why a reply may not stand for the planned one; empty when it asks the same."""
    for tools in (still, view.tools):
        if _demand(understand(text, tools)) != _demand(understand(planned.reply, tools)):
            return "it asks something else"
    named = _named(text, view) - _named(planned.reply, view)
    if named:
        return f"it names {sorted(named)[0]}"
    return form_fault(text, assistant=True) or _new_code(text, planned, view) or too_long(text, planned.reply)


def _thought_fault(text: str, planned: Turn, view: View, still: Sequence[Tool]) -> str:
    """Why a thought may not stand for the planned one; empty when it speaks of the same tools and values."""
    if _named(text, view) != _named(planned.thought, view):
        return "the thought names other tools"
    if len(still) == 1:
        mine, said = _labels(text, still[0]), f"{planned.thought}\n{planned.reply}"
        if not _labels(planned.thought, still[0]) <= mine <= _labels(said, still[0]):
            return "the thought speaks of other values"
    return form_fault(text, assistant=True) or _new_code(text, planned, view) or too_long(text, planned.thought)


def _demand(asked: Asked) -> tuple[Any, ...]:
    return asked.kind, asked.facets[:1], frozenset(asked.parameters), frozenset(asked.options), asked.tools


def _open(view: View) -> Sequence[Tool]:
    """The tools that the user's words leave open; all of them when those rule everything out."""
    still = read(view.tools, view.turns).open_tools
    return [tool for tool in view.tools if tool.name in still] or view.tools


def _named(text: str, view: View) -> set[str]:
    names = {name for tool in view.tools for name in (tool.name, tool.original_name)}
    return {name for name in names if _stands_in(name, text)}


def _stands_in(name: str, text: str) -> bool:
    """Whether the name stands in the text as a whole; no pattern, as the names of a catalog are too many to keep."""
    at = text.find(name)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(name) : at + len(name) + 1]
        if not (before.isalnum() or before in ("_", ".")) and not (after.isalnum() or after == "_"):
            return True
        at = text.find(name, at + 1)
    return False


def _labels(text: str, tool: Tool) -> set[str]:
    return {leaf_named(tool, found[0]).path for found in label_pattern(tool).finditer(text)}


def _new_code(text: str, planned: Turn, view: View) -> str:
    """A number, address or code that nobody has given and no tool is called by."""
    known = " ".join([planned.thought, planned.reply, *(turn.reply for turn in view.turns)]).casefold()
    new = next((code for code in CODE.findall(text) if code.casefold() not in known), "")
    return f"{new!r} comes out of nowhere" if new else ""


def too_long(text: str, planned: str) -> str:
    """What is wrong with the length of words that stand for the planned ones; empty when nothing is."""
    return "it rambles" if len(text.split()) > MOST_LONGER * len(planned.split()) + _FEW_WORDS else ""


def _schema(parts: Mapping[str, str]) -> dict[str, Any]:
    properties = dict.fromkeys(parts, _SAY)
    return {"type": "object", "properties": properties, "required": list(parts), "additionalProperties": False}


def _messages(rules: str, around: str, parts: Mapping[str, str]) -> list[Message]:
    said = "\n".join(
        f"{'The thought' if name == 'thought' else 'The message'}: {sanitise(text)}" for name, text in parts.items()
    )
    form = ", ".join(f'"{name}": "…"' for name in parts)
    asked = f"{sanitise(around)}\n{said}\nAnswer with one JSON object: {{{form}}}"
    return [{"role": "system", "content": rules}, {"role": "user", "content": asked}]


def _parts_of(text: str, parts: Mapping[str, str], schema: Mapping[str, Any]) -> dict[str, str]:
    """The words of each part; of one part also plain text; nothing if a part is missing or empty."""
    if len(parts) == 1 and "say" in parts:
        found = {"say": draft_text(text)}
    else:
        found, problems = read_object(text, schema)
        found = {} if problems else {name: sanitise(" ".join(str(found[name]).split())) for name in parts}
    return found if found and all(found.values()) else {}


def _turn(planned: Turn, made: Wording) -> Turn:
    changed = {
        "thought": made.parts.get("thought", planned.thought),
        "reply": made.parts.get("say", planned.reply),
        "seconds": planned.seconds + made.seconds,
        "tokens": planned.tokens + made.tokens,
    }
    return _noted(Turn.model_validate(planned.model_dump() | changed), made.note)


def _noted(turn: Turn, note: str) -> Turn:
    return turn.model_copy(update={"note": f"{turn.note}; {note}" if turn.note else note})

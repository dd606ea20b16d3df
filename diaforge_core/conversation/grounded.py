"""Grounded decoding: a turn that gives a tool a value that nobody said is written again, without that value.

What a call or a draft of one holds must stand in the user's words or in what a tool answered, in any form that check 4
of the cascade knows, and words said once are one value only. Where something close to the value was said, that may take
its place; else it is missing, and is left out or asked for. Choices from a list, and what is either so or not, are for
the model to tell: people say them in many words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz

from ..catalog.arguments import fits
from ..catalog.leaves import Leaf, leaves
from ..catalog.words import meaning
from ..records.dialogue import Turn
from ..records.tool import Tool
from .notes import noted_call
from .verifiers.moments import dates, times
from .verifiers.sayings import said_at
from .view import View

Keys = tuple[str, ...]
Held = Mapping[tuple[str, Keys], tuple[Any, ...]]
"""Tool and keys of one of its values → what that may be; nothing for what is missing."""
_NEAR, _NEAR_LENGTH = 85, 5
"""rapidfuzz ratio from which on words are a value that was written over wrongly, and characters it must have."""
_TAKEN = "\u01c1"
"""Stands for each character of words that are a value already: a letter, so that they part what stands round them."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(\S*)")
_WORD = re.compile(r"\S+")
_EDGES = '.,;:!?"“”()'


def grounded(write: Callable[[Sequence[Tool]], Turn], view: View) -> Turn:
    """The first turn that holds no value that nobody said; `write` gives one while these tools are in view.

    Its time and tokens are those of all tries. There is an end to them: each leaves some value fewer ways to be.
    """
    held: dict[tuple[str, Keys], tuple[Any, ...]] = {}
    seconds, tokens = 0.0, 0
    while True:
        turn = write(narrowed(view.tools, held))
        seconds, tokens = seconds + turn.seconds, tokens + turn.tokens
        found = {place: values for place, values in unsaid(turn, view).items() if held.get(place) != ()}
        if not found:
            return Turn(**turn.model_dump() | {"seconds": seconds, "tokens": tokens})
        held |= {place: () if place in held else values for place, values in found.items()}


def unsaid(turn: Turn, view: View) -> dict[tuple[str, Keys], tuple[Any, ...]]:
    """Tool and keys of each value in the turn's call, or in the draft of one, that nobody said, with what may stand
    there instead."""
    call = turn.call or noted_call(turn.thought)
    tool = next((tool for tool in view.tools if call and tool.name == call.name), None)
    if call is None or tool is None:
        return {}
    said = _Said(view)
    given = sorted(_given(tool, call.arguments), key=lambda each: _doubt(*each))
    loose = [(leaf, value) for leaf, value in given if not said.takes(value, leaf)]
    return {(tool.name, leaf.keys): said.near(value) for leaf, value in loose}


def narrowed(tools: Sequence[Tool], held: Held) -> Sequence[Tool]:
    """The tools, which take nothing else where values are held; the very same where none are."""
    if not held:
        return tools
    return [_narrowed(tool, {keys: held[name, keys] for name, keys in held if name == tool.name}) for tool in tools]


def _narrowed(tool: Tool, held: Mapping[Keys, tuple[Any, ...]]) -> Tool:
    parameters = tool.parameters
    for keys, values in held.items():
        parameters = _with_choices(parameters, keys, values)
    return tool.model_copy(update={"parameters": parameters}) if held else tool


def _with_choices(schema: Mapping[str, Any], keys: Keys, values: tuple[Any, ...]) -> dict[str, Any]:
    if not keys:
        return {"enum": list(values)}
    part = (schema.get("properties") or {}).get(keys[0])
    inner = _with_choices(part if isinstance(part, Mapping) else {}, keys[1:], values)
    return {**schema, "properties": {**(schema.get("properties") or {}), keys[0]: inner}}


def _given(tool: Tool, arguments: Mapping[str, Any]) -> Iterator[tuple[Leaf, Any]]:
    """Each value of a call that people say word for word, with its place in the tool."""
    every = leaves(tool)
    wholes = {leaf.keys[:-1] for leaf in every}
    for leaf in every:
        value: Any = arguments
        for key in leaf.keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        told = value is None or value == leaf.schema.get("default")  # which is as good as nothing
        if not told and leaf.keys not in wholes and not _is_choice(leaf.schema):
            yield leaf, value


def _is_choice(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    parts = [schema.get("items"), *(part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key) or ())]
    return "enum" in schema or "const" in schema or any(map(_is_choice, parts))


def _doubt(leaf: Leaf, value: Any) -> tuple[int, int, bool]:
    """How easily the words could be meant for another place: of two that were said once, the surer one has them."""
    formed = not isinstance(value, str) or bool({"format", "pattern"} & leaf.schema.keys())
    return (not formed) if fits(leaf.schema, value) else 2, -len(str(value)), not leaf.required


class _Said:
    """What was said to the assistant, the last words first; words taken for a value are taken off."""

    def __init__(self, view: View) -> None:
        self._today = view.setting.today
        self._words = [turn.reply for turn in reversed(view.turns) if turn.speaker != "assistant"]

    def takes(self, value: Any, leaf: Leaf) -> bool:
        """Whether the value is said, and for nothing else."""
        if isinstance(value, Mapping):
            return all(self.takes(part, leaf) for part in value.values())
        if isinstance(value, list):
            return all(self.takes(part, leaf) for part in value)
        if isinstance(value, bool) or value is None:
            return True
        if isinstance(value, str) and (told := meaning(value)) and told <= meaning(leaf.label):
            return False
        for place, words in enumerate(self._words):
            span = said_at(value, words, self._today)
            if span:
                self._take(place, self._own(value, span, words))
                return True
        return False

    def near(self, value: Any) -> tuple[Any, ...]:
        """What was said that this value may have been meant for, in the value's own form."""
        if not isinstance(value, str):
            return ()
        moment = _MOMENT.fullmatch(value)
        if moment or _DAY.fullmatch(value):
            found = [each for words in self._words for each in self._moments(words, moment[3] if moment else None)]
            return tuple(dict.fromkeys(found))
        found = [each for words in self._words for each in _windows(words, len(value.split()))]
        ratio, best = max(((fuzz.ratio(value, each), each) for each in found), default=(0.0, ""))
        return (best,) if _NEAR <= ratio < 100 and len(value) >= _NEAR_LENGTH else ()

    def _own(self, value: Any, span: tuple[int, int], words: str) -> tuple[int, int]:
        """The part of the words that no other value can be: of a moment its time, since days are shared."""
        moment = _MOMENT.fullmatch(value) if isinstance(value, str) else None
        if moment:
            return max((at for time, at in times(words) if time == moment[2]), default=(0, 0))
        if span[1] - span[0] > 2 * len(str(value)) + 12:  # said in other words, within a sentence that says more
            return 0, 0
        return span

    def _take(self, place: int, span: tuple[int, int]) -> None:
        start, end = span
        words = self._words[place]
        self._words[place] = words[:start] + _TAKEN * (end - start) + words[end:]

    def _moments(self, words: str, rest: str | None) -> Iterator[str]:
        """The days that words give, or, with what stands behind the time of day, the times on the days before them."""
        days = [(span, day) for day, span in dates(words, self._today)]
        if rest is None:
            yield from (day.isoformat() for _, day in days)
            return
        for time, at in times(words):
            before = [span for span, _ in days if span[0] <= at[0]]
            nearest = max(before, default=min((span for span, _ in days), default=None))
            yield from (f"{day.isoformat()}T{time}{rest}" for span, day in days if span == nearest)


def _windows(words: str, size: int) -> Iterator[str]:
    """Each run of about as many words, without what stands round it and without words that are taken."""
    found = [word.span() for word in _WORD.finditer(words)]
    for more in range(max(1, size - 1), size + 2):
        for first in range(len(found) - more + 1):
            text = words[found[first][0] : found[first + more - 1][1]].strip(_EDGES)
            if text and _TAKEN not in text:
                yield text

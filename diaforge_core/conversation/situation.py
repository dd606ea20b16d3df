"""What a conversation has come to, as far as anyone can tell who sees only what an assistant sees."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..catalog.leaves import leaves
from ..catalog.words import meaning
from ..records.tool import Tool
from .labels import label_pattern
from .reading import Reading, read_each, stated
from .spoken_values import same
from .understanding import Asked, sentences, understand
from .view import View

_TOOK_BACK = re.compile(
    r"\b(?:no,? wait|scratch that|hang on|hold on|mixed (?:that|it|them) up|strike that|on second thoughts?"
    r"|changed my mind|forget that|not that)\b",
    re.IGNORECASE,
)
_ABOUT_THE_TALK = re.compile(
    r"\b(?:look|check|find|moment|leave|left|yet|later|second|dig|preference|thank\w*|thx|cheers|wait|misspoke"
    r"|correct\w*|wrong|none|neither|not)\b",
    re.IGNORECASE,
)
"""Words of a sentence that does bear on the task, be it without a value."""
_ASIDE = 5
"""Words from which on a sentence without any bearing on the task is more than a flourish."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the public words have come to, and what the last of them changed."""

    view: View
    reading: Reading
    tools: tuple[Tool, ...]
    """Still possible and not refused, in the order shown."""
    heard: tuple[Tool, ...]
    """All that are still possible, among which a reply is understood."""
    before: int
    """How many were possible before the user's last turn; all of them before the first."""
    asked: Asked | None
    """What the last reply asked; None in the beginning."""
    earlier: Reading | None
    """What was established before the user's last turn."""

    @property
    def said(self) -> str:
        """The user's last words."""
        return next((turn.reply for turn in reversed(self.view.turns) if turn.speaker == "user"), "")

    @property
    def first(self) -> bool:
        """Whether the assistant has not spoken yet."""
        return self.asked is None

    @property
    def narrowed(self) -> bool:
        """Whether the user's last words ruled some tools out, but not all."""
        return 0 < len(self.heard) < self.before

    @property
    def stuck(self) -> bool:
        """Whether a separating question was answered without ruling anything out."""
        return self.asked is not None and self.asked.kind in ("facet", "options") and len(self.heard) == self.before

    @property
    def refused(self) -> bool:
        """Whether a call was not accepted."""
        return any(turn.call for turn in self.view.turns)

    @property
    def took_back(self) -> bool:
        """Whether the user gave one answer about the tool and at once another."""
        return bool(self.asked and self.asked.kind == "facet" and self.narrowed and _TOOK_BACK.search(self.said))

    @property
    def questions(self) -> int:
        """How many turns the assistant has had."""
        return sum(turn.speaker == "assistant" for turn in self.view.turns)

    def corrected(self, tool: Tool) -> list[str]:
        """Labels of the tool's values that the user's last words put right, in the schema's order."""
        now, old = self.reading.values, self.earlier.values if self.earlier else {}
        asked = self.asked.parameters if self.asked and self.asked.kind == "arguments" else ()
        turn: dict[str, list[object]] = {}
        for path, value, _, _ in stated(self.said, tool, asked).values:
            turn.setdefault(path, []).append(value)
        return [
            leaf.label
            for leaf in leaves(tool)
            if leaf.path in turn
            and (
                any(not same(value, turn[leaf.path][-1]) for value in turn[leaf.path])
                or (leaf.path in old and leaf.path in now and not same(old[leaf.path].value, now[leaf.path].value))
            )
        ]

    def aside(self, tool: Tool) -> bool:
        """Whether the user's last words hold a sentence that has no bearing on the task."""
        if self.asked is None:
            return False
        spans = stated(self.said, tool, self.asked.parameters).spans
        offered = frozenset().union(*map(meaning, self.asked.options))
        place = 0
        for sentence in sentences(self.said):
            start = self.said.index(sentence, place)
            place = start + len(sentence)
            used = any(start < end and begin < place for begin, end in spans)
            if not used and not meaning(sentence) & offered and _is_idle(sentence, tool):
                return True
        return False


def survey(view: View) -> Situation:
    """The situation that the view's turns have led to."""
    readings = read_each(view.tools, view.turns)
    now = readings[-1]
    refused = {turn.call.name for turn in view.turns if turn.call}
    heard = _named(view.tools, now.open_tools)
    replies = [index for index, turn in enumerate(view.turns) if turn.speaker == "assistant" and turn.call is None]
    earlier = readings[replies[-1] - 1] if replies and replies[-1] else None
    were = _named(view.tools, earlier.open_tools) if earlier else view.tools
    return Situation(
        view=view,
        reading=now,
        tools=tuple(tool for tool in heard if tool.name not in refused),
        heard=heard,
        before=len(were),
        asked=understand(view.turns[replies[-1]].reply, were or view.tools) if replies else None,
        earlier=earlier,
    )


def _named(tools: Sequence[Tool], names: Sequence[str]) -> tuple[Tool, ...]:
    return tuple(tool for tool in tools if tool.name in names)


def _is_idle(sentence: str, tool: Tool) -> bool:
    """Whether a sentence of some length speaks neither of a value nor of the talk itself."""
    told = re.search(r"\d|[\"“@:]", sentence) or _ABOUT_THE_TALK.search(sentence)
    return len(sentence.split()) >= _ASIDE and not told and not label_pattern(tool).search(sentence)

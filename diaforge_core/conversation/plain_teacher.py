"""The scripted teacher for small models: it acts as the other one does, in few words that are always put alike.

A thought is a working note: each open tool with the answer that means it; or the tool with its call as far as it is
known, so that the call itself is a copy. A model of a hundred million parameters has no room for many ways to say one
thing; what it must learn is what to say.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..catalog.facets import Facet, answerable, as_listed, best_facet, either
from ..catalog.leaves import Leaf, leaves
from ..catalog.profiles import profile
from ..records.dialogue import Turn
from ..records.tool import Tool
from .notes import NONE_OPEN, draft_note, open_note
from .reading import missing
from .sentences import listed
from .situation import Situation, survey
from .spoken_values import spoken
from .teacher import Teacher, question_of, splits_alike
from .teacher_words import be
from .understanding import Asked, understand
from .view import View, calling, replying

_AT_ONCE = 6
"""Values that one question asks for at most."""


class PlainTeacher:
    """Asks once for all that separates the open tools, once for all that is missing, then calls."""

    spec = "scripted:plain"

    def act(self, view: View, seed: int) -> Turn:
        """The next turn; the seed counts only where plain words would not do and the varied teacher speaks instead."""
        seen = survey(view)
        turn = _completes(seen, seen.tools[0]) if len(seen.tools) == 1 else _separates(seen)
        return turn or Teacher().act(view, seed)


def _separates(seen: Situation) -> Turn | None:
    """The question that settles which of the open tools is meant, or the refusal.

    The first one offers every tool: to leave out what the opening rules out gains little, and whoever leaves out one
    too many has lost.
    """
    for tools in (seen.view.tools, seen.tools) if seen.first and seen.tools else (seen.tools,):
        facet = _question(seen, tools) if tools else None
        if facet is None:
            continue
        reply = facet.question if facet.parameter else f"Which one do you want: {either(_options(facet, tools))}?"
        understood = _heard(reply, seen)
        if facet.key in understood.facets and splits_alike(understood, facet, seen.heard):
            return replying(_open(facet, tools), reply)
    if seen.tools and not (seen.asked is not None and seen.asked.kind == "options"):
        return None
    return replying(NONE_OPEN, "None of the tools fits that.")


def _question(seen: Situation, tools: Sequence[Tool]) -> Facet | None:
    """The question about the whole task where that settles all at once and nobody was asked in vain, else the best."""
    if seen.stuck:
        return question_of(seen)
    for facet in answerable(tools):
        if facet.key == "task" and len(facet.options) == len(tools):
            return facet
    return best_facet(tools)


def _options(facet: Facet, tools: Sequence[Tool]) -> list[str]:
    return list(dict.fromkeys(facet.answers[tool.name] for tool in tools if tool.name in facet.answers))


def _open(facet: Facet, tools: Sequence[Tool]) -> str:
    """Each tool with the answer that means it, in the order in which the question offers them."""
    order = as_listed(_options(facet, tools))
    offered = sorted(
        (tool for tool in tools if tool.name in facet.answers), key=lambda t: order.index(facet.answers[t.name])
    )
    return open_note((tool.name, facet.answers[tool.name]) for tool in offered)


def _completes(seen: Situation, tool: Tool) -> Turn | None:
    values = seen.reading.values
    paths = missing(tool, values)
    if paths:
        return _asks_values(seen, tool, paths)
    demanded = seen.view.setting.confirm_destructive and tool.side_effect == "destructive"
    if demanded and not seen.reading.confirmation_asked:
        reply = f"I will {profile(tool).task}{_read_back(seen, tool)}. Shall I go ahead?"
        understood = _heard(reply, seen).kind == "confirmation"
        return replying(draft_note(tool, values, (), to_confirm=True), reply) if understood else None
    return calling(tool, seen.view, draft_note(tool, values, ()))


def _asks_values(seen: Situation, tool: Tool, paths: Sequence[str]) -> Turn | None:
    by_path = {leaf.path: leaf for leaf in leaves(tool)}
    asked = [by_path[path] for path in paths][:_AT_ONCE]
    labels = [leaf.label for leaf in asked]
    reply = f"What {be(labels)['is']} the {listed(labels)}?"
    understood = _heard(reply, seen)
    if understood.kind != "arguments" or {*understood.parameters} != {leaf.keys[0] for leaf in asked}:
        return None
    return replying(draft_note(tool, seen.reading.values, paths), reply)


def _read_back(seen: Situation, tool: Tool) -> str:
    known: list[Leaf] = [leaf for leaf in leaves(tool) if leaf.path in seen.reading.values]
    values = seen.reading.values
    said = [f"{leaf.label}: {spoken(leaf.schema, values[leaf.path].value, random.Random(0))}" for leaf in known]
    return "; " + "; ".join(said) if said else ""


def _heard(reply: str, seen: Situation) -> Asked:
    return understand(reply, seen.heard)

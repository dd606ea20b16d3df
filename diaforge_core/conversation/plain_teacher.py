"""The scripted teacher for small models: it acts as the other one does, in few words that are always put alike.

A thought is a working note: which tools are open; or the tool with its call as far as it is known, so that the call
itself is a copy. A model of a hundred million parameters has no room for many ways to say one thing; what it must learn
is what to say.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

from ..catalog.facets import Facet, answerable, best_facet, either
from ..catalog.leaves import Leaf, leaves
from ..catalog.profiles import profile
from ..records.dialogue import Evidence, Turn
from ..records.tool import Tool
from .reading import assemble, missing
from .sentences import listed
from .situation import Situation, survey
from .spoken_values import spoken
from .teacher import Teacher, question_of, splits_alike
from .teacher_words import be
from .understanding import Asked, understand
from .view import View, calling, replying

_GAP = "\0"
"""Stands for a value that is missing."""
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
    """The question that settles which of the open tools is meant, or the refusal."""
    facet = _question(seen) if seen.tools else None
    if facet:
        tools = [tool for tool in seen.tools if tool.name in facet.answers]
        options = list(dict.fromkeys(facet.answers[tool.name] for tool in tools))
        reply = facet.question if facet.parameter else f"Which one do you want: {either(options)}?"
        understood = _heard(reply, seen)
        if facet.key not in understood.facets or not splits_alike(understood, facet, seen.heard):
            return None
        return replying(_open(seen), reply)
    if seen.tools and not (seen.asked is not None and seen.asked.kind == "options"):
        return None
    return replying("Open: none.", "None of the tools fits that.")


def _question(seen: Situation) -> Facet | None:
    """The question about the whole task where that settles all at once and nobody was asked in vain, else the best."""
    if not seen.stuck:
        for facet in answerable(seen.tools):
            if facet.key == "task" and len(facet.options) == len(seen.tools):
                return facet
        return best_facet(seen.tools)
    return question_of(seen)


def _open(seen: Situation) -> str:
    return f"Open: {', '.join(tool.name for tool in seen.tools)}."


def _completes(seen: Situation, tool: Tool) -> Turn | None:
    paths = missing(tool, seen.reading.values)
    if paths:
        return _asks_values(seen, tool, paths)
    demanded = seen.view.setting.confirm_destructive and tool.side_effect == "destructive"
    if demanded and not seen.reading.confirmation_asked:
        reply = f"I will {profile(tool).task}{_read_back(seen, tool)}. Shall I go ahead?"
        understood = _heard(reply, seen).kind == "confirmation"
        return replying(f"{_note(seen, tool, ())} To be confirmed.", reply) if understood else None
    return calling(tool, seen.view, _note(seen, tool, ()))


def _asks_values(seen: Situation, tool: Tool, paths: Sequence[str]) -> Turn | None:
    by_path = {leaf.path: leaf for leaf in leaves(tool)}
    asked = [by_path[path] for path in paths][:_AT_ONCE]
    labels = [leaf.label for leaf in asked]
    reply = f"What {be(labels)['is']} the {listed(labels)}?"
    understood = _heard(reply, seen)
    if understood.kind != "arguments" or {*understood.parameters} != {leaf.keys[0] for leaf in asked}:
        return None
    return replying(_note(seen, tool, paths), reply)


def _note(seen: Situation, tool: Tool, paths: Sequence[str]) -> str:
    """The tool with the call as far as it is known: what the user gave, and a question mark for what is missing."""
    gaps = {path: Evidence(parameter=path, value=_GAP, turn=0, start=0, end=0) for path in paths}
    draft = json.dumps(assemble(tool, {**seen.reading.values, **gaps}), ensure_ascii=False)
    return f"Tool: {tool.name} {draft.replace(json.dumps(_GAP), '?')}."


def _read_back(seen: Situation, tool: Tool) -> str:
    known: list[Leaf] = [leaf for leaf in leaves(tool) if leaf.path in seen.reading.values]
    values = seen.reading.values
    said = [f"{leaf.label}: {spoken(leaf.schema, values[leaf.path].value, random.Random(0))}" for leaf in known]
    return "; " + "; ".join(said) if said else ""


def _heard(reply: str, seen: Situation) -> Asked:
    return understand(reply, seen.heard)

"""The scripted teacher that writes training data: it sees what a model sees, asks, and acts when it knows enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..catalog.facets import Facet, best_facet, facets
from ..catalog.leaves import Leaf, leaves
from ..records.dialogue import Turn
from ..records.tool import Tool
from .reading import missing
from .situation import Situation, survey
from .spoken_values import kinds
from .teacher_questions import ask_openly, ask_values, ask_which, confirm, refuse
from .teacher_thoughts import all_alike, asking_values, calling_it, confirming, refusing, while_several
from .understanding import Asked, understand
from .view import View, calling, replying
from .wording import Wording

ASKED_AT_ONCE = 3
"""Values that one question asks for at most; more would be a form, not a question."""
ASKED_IN_VAIN = 3
"""Questions from which on another without an answer is followed by an open one, and that by giving up."""
PATIENCE = 6
"""Turns after which a person wants to see the end; from then on all that is missing is asked for at once."""
_DRAWS = 6
"""Wordings tried until one is understood as it is meant."""


class Teacher:
    """Asks what separates the open tools best, then for what is missing, then calls; sees only what a model sees."""

    spec = "scripted:oracle"

    def act(self, view: View, seed: int) -> Turn:
        """The next turn; the same view and seed always give the same words."""
        words = Wording("generation", "teacher", seed, len(view.turns))
        seen = survey(view)
        if len(seen.tools) == 1:
            return _completes(words, seen, seen.tools[0])
        facet = question_of(seen) if seen.tools else None
        if facet:
            return _separates(words, seen, facet)
        opened = seen.asked is not None and seen.asked.kind == "options"
        if not seen.tools or opened:
            reply = _understood(lambda plain: refuse(words), lambda asked: asked.kind == "none_fits", seen.heard)
            return replying(refusing(words, seen), reply)
        reply = _understood(lambda plain: ask_openly(words), lambda asked: asked.kind == "options", seen.heard)
        return replying(all_alike(words, seen), reply)


def question_of(seen: Situation) -> Facet | None:
    """The best separating question, another than those that the user had no answer to; None when there is none.

    Who could not answer several is asked no more of them.
    """
    if not seen.stuck:
        return best_facet(seen.tools)
    return best_facet(seen.tools, but=seen.reading.asked_facets) if seen.questions < ASKED_IN_VAIN else None


def _separates(words: Wording, seen: Situation, facet: Facet) -> Turn:
    reply = _understood(
        lambda plain: ask_which(words, seen, facet, plain=plain),
        lambda asked: facet.key in asked.facets and splits_alike(asked, facet, seen.heard),
        seen.heard,
    )
    return replying(while_several(words, seen, facet), reply)


def splits_alike(asked: Asked, meant: Facet, tools: Sequence[Tool]) -> bool:
    """Whether what a listener answers first tells the tools apart as the question that is meant does."""
    first = next(facet for facet in facets(tools) if facet.key == asked.facets[0])
    pairs = {(first.answers.get(tool.name), meant.answers.get(tool.name)) for tool in tools}
    kinds = len({one for one, _ in pairs}), len({other for _, other in pairs})
    return set(asked.options) == set(first.options) and kinds == (len(pairs), len(pairs))


def _completes(words: Wording, seen: Situation, tool: Tool) -> Turn:
    paths = missing(tool, seen.reading.values)
    if paths:
        return _asks_values(words, seen, tool, paths)
    demanded = seen.view.setting.confirm_destructive and tool.side_effect == "destructive"
    if demanded and not seen.reading.confirmation_asked:
        reply = _understood(
            lambda plain: confirm(words, seen, tool), lambda asked: asked.kind == "confirmation", seen.heard
        )
        return replying(confirming(words, seen, tool), reply)
    return calling(tool, seen.view, calling_it(words, seen, tool))


def _asks_values(words: Wording, seen: Situation, tool: Tool, paths: Sequence[str]) -> Turn:
    """Asks for some of what is missing: first what was never put off."""
    by_path = {leaf.path: leaf for leaf in leaves(tool)}
    wanted = [by_path[path] for path in paths]
    fresh = [leaf for leaf in wanted if leaf.keys[0] not in seen.reading.deferred]
    asked = _at_once(fresh or wanted, seen.questions)
    names = {leaf.keys[0] for leaf in asked}
    reply = _understood(
        lambda plain: ask_values(words, seen, tool, asked, again=not fresh, plain=plain),
        lambda said: said.kind == "arguments" and set(said.parameters) == names,
        seen.heard,
    )
    rest = len({leaf.keys[0] for leaf in wanted} - names)
    thought = asking_values(words, seen, tool, [_in_thought(leaf) for leaf in asked], rest, again=not fresh)
    return replying(thought, reply)


def _in_thought(leaf: Leaf) -> str:
    """The value's name as a noun: what is answered by yes or no is a setting."""
    return f"{leaf.label} setting" if kinds(leaf.schema) == ("boolean",) else leaf.label


def _at_once(wanted: Sequence[Leaf], turns: int) -> list[Leaf]:
    """The values that a person would ask for together: a few that are related, and none alone left over."""
    left = max(1, PATIENCE - turns)
    most = max(ASKED_AT_ONCE, -(-len(wanted) // left))
    if len(wanted) <= most:
        return list(wanted)
    first = wanted[0]
    related = [leaf for leaf in wanted if _kind(leaf) == _kind(first)]
    if len(related) < 2:
        related = list(wanted)
    return related[: most - 1 if len(wanted) == most + 1 else most]


def _kind(leaf: Leaf) -> tuple[str, ...]:
    """What values have in common that are asked for together: the object they are part of, or that they are keys."""
    return leaf.keys[:-1] or (("ID",) if leaf.label.endswith(" ID") else ())


def _understood(draw: Callable[[bool], str], meant: Callable[[Asked], bool], tools: Sequence[Tool]) -> str:
    """The first draw that a listener takes as it is meant; the last ones are drawn plain."""
    reply = ""
    for attempt in range(_DRAWS):
        reply = draw(attempt >= _DRAWS // 2)
        if meant(understand(reply, tools)):
            break
    return reply

"""The scripted baselines: assistants that act without asking, or ask without acting, to mark what guessing is worth."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from ..catalog.embedding import embed
from ..catalog.words import by_identity
from ..records.dialogue import Turn, public_words
from ..records.tool import Tool
from .candidates import text_vectors
from .view import View, calling, replying

Choice = Callable[[View, int], Tool]


class Caller:
    """A baseline that calls one tool at once with the values it reads, and says that none fits if that is refused."""

    def __init__(self, spec: str, choose: Choice, thought: str) -> None:
        self.spec = spec
        self._choose = choose
        self._thought = thought

    def act(self, view: View, seed: int) -> Turn:
        """The one call, or the end after it was refused."""
        if any(turn.call for turn in view.turns):
            return replying("The call was not accepted.", "None of the available tools fits your request.")
        return calling(self._choose(view, seed), view, self._thought)


class Eager:
    """Calls at once, nearest tool first, and after a refusal the next nearest, without ever asking."""

    spec = "scripted:eager"

    def act(self, view: View, seed: int) -> Turn:
        """The next call; a reply that nothing is left to try once every tool was called."""
        called = {turn.call.name for turn in view.turns if turn.call}
        left = [tool for tool in _by_closeness(view) if tool.name not in called]
        if not left:
            return replying("Every tool was tried.", "None of the available tools fits your request.")
        return calling(left[0], view, "I call what sounds nearest to the request.")


class Cautious:
    """Never calls: it keeps asking to hear more."""

    spec = "scripted:cautious"

    def act(self, view: View, seed: int) -> Turn:
        """A question that commits to nothing."""
        return replying("I would rather not act yet.", "Could you tell me more about what you need?")


@by_identity(512)
def _vectors(tools: Sequence[Tool]) -> np.ndarray:
    return text_vectors(tools)


def _by_closeness(view: View) -> list[Tool]:
    """The tools by how near their text is to the opening, nearest first, ties in the order shown."""
    opening = next((public_words(turn) for turn in view.turns if turn.speaker == "user"), "")
    scores = np.round(_vectors(view.tools) @ embed([opening])[0], 4)
    order = np.argsort(-scores, kind="stable")
    return [view.tools[int(place)] for place in order]


def _central(view: View, seed: int) -> Tool:
    vectors = _vectors(view.tools)
    scores = np.round((vectors @ vectors.T).sum(axis=1), 4)
    return view.tools[int(np.argmax(scores))]


def _drawn(view: View, seed: int) -> Tool:
    return random.Random(seed).choice(view.tools)


def _nearest(view: View, seed: int) -> Tool:
    return _by_closeness(view)[0]


def _first(view: View, seed: int) -> Tool:
    return view.tools[0]


class RandomCaller(Caller):
    """Calls one tool drawn by the seed, then stops."""

    def __init__(self) -> None:
        super().__init__("scripted:random", _drawn, "I pick one of the tools by chance.")


class First(Caller):
    """Calls the tool shown first, then stops."""

    def __init__(self) -> None:
        super().__init__("scripted:first", _first, "I take the first tool.")


class Central(Caller):
    """Calls the tool that is nearest to all others, then stops."""

    def __init__(self) -> None:
        super().__init__("scripted:central", _central, "I take the tool that is most like the others.")


class Nearest(Caller):
    """Calls the tool whose text is nearest to the opening, then stops."""

    def __init__(self) -> None:
        super().__init__("scripted:nearest", _nearest, "I take the tool that sounds most like the request.")

"""The scripted assistants: the teacher that writes training data, and the baselines that mark floor and ceiling."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..catalog.embedding import embed
from ..catalog.facets import Facet, best_facet, either
from ..catalog.leaves import leaves
from ..catalog.profiles import about, profile
from ..catalog.words import by_identity, singular, with_article
from ..errors import ModelError
from ..records.dialogue import Turn, public_words
from ..records.scenario import Setting
from ..records.tool import Tool, ToolCall
from .candidates import text_vectors
from .reading import Reading, assemble, missing, read
from .spoken_values import spoken
from .wording import Wording

MOST_ASKED_AT_ONCE = 6
"""Values that one question asks for at most; more would be a form, not a question."""


@dataclass(frozen=True, slots=True)
class View:
    """All that an assistant may see of a conversation."""

    tools: tuple[Tool, ...]
    """In the order shown."""
    setting: Setting
    turns: tuple[Turn, ...]


class Assistant(Protocol):
    """The assistant side of a rollout."""

    spec: str

    def act(self, view: View, seed: int) -> Turn:
        """The next turn: a thought with a reply or a call."""
        ...


def _reply(thought: str, reply: str, note: str = "") -> Turn:
    return Turn(speaker="assistant", thought=thought, reply=reply, note=note)


def _call(tool: Tool, view: View, thought: str) -> Turn:
    """A call with the values that the words give this tool."""
    values = read((tool,), view.turns).values
    return Turn(speaker="assistant", thought=thought, call=ToolCall(name=tool.name, arguments=assemble(tool, values)))


def listed(items: Sequence[str]) -> str:
    """Items as a person lists them: "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


class Teacher:
    """Asks what separates the open tools best, then for what is missing, then calls; sees only what a model sees."""

    spec = "scripted:oracle"

    def act(self, view: View, seed: int) -> Turn:
        """The next turn; the same view and seed always give the same words."""
        words = Wording("generation", "teacher", seed, len(view.turns))
        reading = read(view.tools, view.turns)
        refused = {turn.call.name for turn in view.turns if turn.call}
        open_tools = [tool for tool in view.tools if tool.name in reading.open_tools and tool.name not in refused]
        if not open_tools:
            return self._gives_up(words, view)
        if len(open_tools) > 1:
            facet = best_facet(open_tools)
            if facet:
                return self._separates(words, facet, open_tools)
            asked = any(turn.speaker == "assistant" for turn in view.turns)
            return self._gives_up(words, view) if asked else self._asks_openly(words, open_tools)
        return self._completes(words, open_tools[0], reading, view)

    def _gives_up(self, words: Wording, view: View) -> Turn:
        names = listed([tool.name for tool in view.tools])
        return _reply(_sentence(words.phrase("think_none", names=names)), _sentence(words.phrase("none_fits")))

    def _asks_openly(self, words: Wording, tools: Sequence[Tool]) -> Turn:
        """For tools that no question of ours separates: the user may still know one of their own."""
        names = listed([tool.name for tool in tools])
        still = words.phrase("think_still", names=names, count=str(len(tools)))
        return _reply(f"{_sentence(still)} {_sentence(words.phrase('think_alike'))}", words.phrase("ask_open"))

    def _separates(self, words: Wording, facet: Facet, tools: Sequence[Tool]) -> Turn:
        names = [tool.name for tool in tools]
        kind = facet.key.split(":")[0]
        one = with_article(facet.key.partition(":")[2]) if kind == "parameter" else ""
        still = words.phrase("think_still", names=listed(names), count=str(len(names)))
        why = words.phrase("think_why", about=_lowered(words.phrase(f"about_{kind}", one=one)))
        return _reply(
            f"{_sentence(still)} {_sentence(why)}", _joined(words.phrase("lead"), self._question(words, facet, tools))
        )

    def _question(self, words: Wording, facet: Facet, tools: Sequence[Tool]) -> str:
        kind, options = facet.key.split(":")[0], list(facet.options)
        words.rng.shuffle(options)
        if kind == "parameter":
            return words.phrase("ask_have", one=with_article(facet.key.partition(":")[2]))
        if kind == "gist":
            return words.phrase("ask_gist", options="; ".join(options))
        shared = {profile(tool).resource for tool in tools}
        if kind == "action" and len(shared) == 1 and "" not in shared:
            return words.phrase("ask_verbs_about", thing=about(shared.pop()), options=either(options))
        rule = {"resource": "ask_nouns", "scope": "ask_place", "group": "ask_group"}.get(kind, "ask_verbs")
        return words.phrase(rule, options=either(options))

    def _completes(self, words: Wording, tool: Tool, reading: Reading, view: View) -> Turn:
        open_paths = missing(tool, reading.values)
        narrowed = words.phrase("think_narrowed", tool=tool.name)
        if open_paths:
            return self._asks_values(words, tool, reading, open_paths, narrowed, view)
        if view.setting.confirm_destructive and tool.side_effect == "destructive" and not reading.confirmation_asked:
            return self._confirms(words, tool, reading, narrowed)
        known = [leaf.label for leaf in leaves(tool) if leaf.path in reading.values]
        source = words.phrase("think_known", labels=listed(known)) if known else ""
        return _call(tool, view, f"{_sentence(narrowed)} {_sentence(words.phrase('think_ready') + _lowered(source))}")

    def _asks_values(
        self, words: Wording, tool: Tool, reading: Reading, paths: Sequence[str], narrowed: str, view: View
    ) -> Turn:
        tops = {leaf.path: leaf.keys[0] for leaf in leaves(tool)}
        fresh = [path for path in paths if tops[path] not in reading.deferred]
        again = not fresh
        asked = (fresh or list(paths))[:MOST_ASKED_AT_ONCE]
        known = {leaf.path: leaf.label for leaf in leaves(tool)}
        labels = [known[path] for path in asked]
        many = len(labels) > 1 or singular(labels[0].split()[-1]) != labels[0].split()[-1]
        slots = {"labels": listed(labels), "is": "are" if many else "is"}
        why = words.phrase("think_waiting" if again else "think_missing", **slots)
        first = not any(
            turn.speaker == "assistant" and "?" in turn.reply and reading.asked_parameters for turn in view.turns
        )
        lead = words.phrase("settled", task=profile(tool).task) if first else ""
        question = words.phrase("ask_again" if again else "ask_args", **slots)
        return _reply(f"{_sentence(narrowed)} {_sentence(why)}", _joined(lead, question))

    def _confirms(self, words: Wording, tool: Tool, reading: Reading, narrowed: str) -> Turn:
        by_path = {leaf.path: leaf for leaf in leaves(tool)}
        said = [
            f"the {by_path[path].label} is {spoken(by_path[path].schema, reading.values[path].value, words.rng)}"
            for path in by_path
            if path in reading.values
        ]
        restated = f"; {listed(said)}" if said else ""
        thought = f"{_sentence(narrowed)} {_sentence(words.phrase('think_confirm'))}"
        return _reply(thought, words.phrase("confirm", task=profile(tool).task, restated=restated))


def _joined(lead: str, question: str) -> str:
    lead = lead.strip()
    if not lead:
        return question
    return f"{lead} {_lowered(question) if lead.endswith((',', ':')) else question}"


def _lowered(text: str) -> str:
    first = text.split()[0] if text.split() else ""
    return text if first in ("I", "I'm") or first[1:] != first[1:].lower() else text[:1].lower() + text[1:]


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


# --- baselines -------------------------------------------------------------------------------------------------------

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
            return _reply("The call was not accepted.", "None of the available tools fits your request.")
        return _call(self._choose(view, seed), view, self._thought)


class Eager:
    """Calls at once, nearest tool first, and after a refusal the next nearest, without ever asking."""

    spec = "scripted:eager"

    def act(self, view: View, seed: int) -> Turn:
        """The next call; a reply that nothing is left to try once every tool was called."""
        called = {turn.call.name for turn in view.turns if turn.call}
        left = [tool for tool in _by_closeness(view) if tool.name not in called]
        if not left:
            return _reply("Every tool was tried.", "None of the available tools fits your request.")
        return _call(left[0], view, "I call what sounds nearest to the request.")


class Cautious:
    """Never calls: it keeps asking to hear more."""

    spec = "scripted:cautious"

    def act(self, view: View, seed: int) -> Turn:
        """A question that commits to nothing."""
        return _reply("I would rather not act yet.", "Could you tell me more about what you need?")


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


SCRIPTED: dict[str, Callable[[], Assistant]] = {
    "oracle": Teacher,
    "eager": Eager,
    "cautious": Cautious,
    "random": RandomCaller,
    "first": First,
    "central": Central,
    "nearest": Nearest,
}
"""The part of a model spec after `scripted:` → the assistant."""


def scripted_assistant(spec: str) -> Assistant:
    """The assistant of a spec such as `scripted:oracle` or `oracle`; ModelError with the known ones for another."""
    name = spec.removeprefix("scripted:")
    if name not in SCRIPTED:
        known = ", ".join(f"scripted:{known}" for known in SCRIPTED)
        raise ModelError(f"There is no scripted assistant '{spec}'. Known ones: {known}.")
    return SCRIPTED[name]()

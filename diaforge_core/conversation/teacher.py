"""The scripted teacher that writes training data: it sees what a model sees, asks, and acts when it knows enough."""

from __future__ import annotations

from collections.abc import Sequence

from ..catalog.facets import Facet, best_facet, either
from ..catalog.leaves import leaves
from ..catalog.profiles import about, profile
from ..catalog.words import singular, with_article
from ..records.dialogue import Turn
from ..records.tool import Tool
from .reading import Reading, missing, read
from .spoken_values import spoken
from .view import View, calling, listed, replying
from .wording import Wording

MOST_ASKED_AT_ONCE = 6
"""Values that one question asks for at most; more would be a form, not a question."""


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
        return replying(_sentence(words.phrase("think_none", names=names)), _sentence(words.phrase("none_fits")))

    def _asks_openly(self, words: Wording, tools: Sequence[Tool]) -> Turn:
        """For tools that no question of ours separates: the user may still know one of their own."""
        names = listed([tool.name for tool in tools])
        still = words.phrase("think_still", names=names, count=str(len(tools)))
        return replying(f"{_sentence(still)} {_sentence(words.phrase('think_alike'))}", words.phrase("ask_open"))

    def _separates(self, words: Wording, facet: Facet, tools: Sequence[Tool]) -> Turn:
        names = [tool.name for tool in tools]
        kind = facet.key.split(":")[0]
        one = with_article(facet.key.partition(":")[2]) if kind == "parameter" else ""
        still = words.phrase("think_still", names=listed(names), count=str(len(names)))
        why = words.phrase("think_why", about=_lowered(words.phrase(f"about_{kind}", one=one)))
        return replying(
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
        return calling(tool, view, f"{_sentence(narrowed)} {_sentence(words.phrase('think_ready') + _lowered(source))}")

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
        return replying(f"{_sentence(narrowed)} {_sentence(why)}", _joined(lead, question))

    def _confirms(self, words: Wording, tool: Tool, reading: Reading, narrowed: str) -> Turn:
        by_path = {leaf.path: leaf for leaf in leaves(tool)}
        said = [
            f"the {by_path[path].label} is {spoken(by_path[path].schema, reading.values[path].value, words.rng)}"
            for path in by_path
            if path in reading.values
        ]
        restated = f"; {listed(said)}" if said else ""
        thought = f"{_sentence(narrowed)} {_sentence(words.phrase('think_confirm'))}"
        return replying(thought, words.phrase("confirm", task=profile(tool).task, restated=restated))


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

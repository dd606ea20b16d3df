"""Why the teacher does what it does, put together from clauses that are each true of what an assistant sees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..catalog.facets import Facet, either
from ..catalog.leaves import leaves
from ..catalog.profiles import profile
from ..catalog.words import with_article
from ..records.tool import Tool
from .sentences import listed, lowered
from .situation import Situation
from .teacher_words import be, briefly, is_plural, number
from .wording import Wording

_MOST_NAMED = 3
"""Tools or values that a thought names; of more it tells the number."""
_NAMED = 0.6
"""Share of thoughts that name tools rather than count them, if they speak of them."""
_SAID_TWICE = 0.4
"""Share of those that need not say besides what tells them apart."""
_EXAMPLES = 0.7
"""Share of thoughts on many answers that give two of them for examples."""
_LENGTHS = (1, 2, 2, 2, 2, 3, 3, 3, 4)
"""How many clauses a thought has, drawn evenly; the ones that it cannot do without come on top."""


class Thought:
    """A thought in the making: clauses in the order of the reasoning, of which some are drawn."""

    def __init__(self, words: Wording) -> None:
        self._words = words
        self._clauses: list[tuple[str, bool, dict[str, str]]] = []

    def must(self, *rules: str, **slots: str) -> None:
        """One of these clauses is said."""
        self._clauses.append((self._words.rng.choice(rules), True, slots))

    def may(self, *rules: str, **slots: str) -> None:
        """One of these clauses may be said."""
        self._clauses.append((self._words.rng.choice(rules), False, slots))

    def said(self, names: dict[str, str] | None = None) -> str:
        """The thought in sentences; `names` are put in last, since a name keeps its first letter."""
        rng = self._words.rng
        room = max(0, rng.choice(_LENGTHS) - sum(must for _, must, _ in self._clauses))
        optional = [place for place, (_, must, _) in enumerate(self._clauses) if not must]
        kept = set(rng.sample(optional, min(room, len(optional))))
        text = ""
        held = {name: f"<{name}>" for name in names or ()}
        for place, (rule, must, slots) in enumerate(self._clauses):
            if must or place in kept:
                text = self._joined(text, self._words.phrase(rule, **slots, **held))
        for name, value in (names or {}).items():
            text = text.replace(f"<{name}>", value)
        return text if text.endswith((".", "!", "?")) else f"{text}."

    def _joined(self, text: str, clause: str) -> str:
        if not text:
            return clause
        point = self._words.rng.random()
        if clause.startswith(("So ", "Hence ", "Therefore ", "Thus ", "Which is why")) and point < 0.8:
            return f"{text}, {lowered(clause)}"
        if point < 0.15 and ";" not in text and ":" not in text:
            return f"{text}; {lowered(clause)}"
        return f"{text}. {clause}"


# --- while several tools are open ------------------------------------------------------------------------------------


def while_several(words: Wording, seen: Situation, facet: Facet) -> str:
    """Why this separating question: what is open, what tells it apart, what is at stake."""
    thought = Thought(words)
    _what_happened(thought, words, seen)
    kind = facet.key.split(":")[0]
    told, slots = _difference(words, seen.tools, facet)
    open_ones = "think_names" if words.rng.random() < _NAMED else "think_number"
    count = number(words, len(seen.tools))
    if open_ones == "think_names" and words.rng.random() < _SAID_TWICE:
        thought.must(open_ones)
        thought.may(told, **slots)
    else:
        thought.may(open_ones, count=count)
        thought.must(told, **slots)
    most = _left_at_most(facet, seen.tools)
    if most == 1:
        thought.may("think_settles")
    elif most < len(seen.tools):
        thought.may("think_halves", most=number(words, most))
    thought.may(_danger(seen.tools))
    _kept(thought, words, seen)
    about = words.phrase(f"about_{kind}", one=with_article(facet.key.partition(":")[2]))
    thought.must("think_ask", about=lowered(about))
    return thought.said(_names(words, seen.tools))


def all_alike(words: Wording, seen: Situation) -> str:
    """Why an open question: nothing that we could name tells the tools apart."""
    thought = Thought(words)
    thought.may("think_names", "think_number", count=number(words, len(seen.tools)))
    thought.must("think_alike")
    return thought.said(_names(words, seen.tools))


def _what_happened(thought: Thought, words: Wording, seen: Situation) -> None:
    """What the user's last words did to the set of tools."""
    total, count = len(seen.view.tools), len(seen.heard)
    slots = {
        "total": number(words, total),
        "count": number(words, count),
        "before": number(words, seen.before),
        "rest": number(words, total - count),
        "gone": number(words, seen.before - count),
    }
    if seen.refused:
        thought.may("think_refused")
    elif seen.first and count < total:
        thought.may("think_some", **slots)
    elif seen.first:
        thought.may("think_vague", **slots)
    elif seen.took_back:
        thought.must("think_back")
    elif seen.narrowed:
        thought.may("think_fewer", **slots)
    elif seen.stuck:
        thought.may("think_stuck", **slots)


def _difference(words: Wording, tools: Sequence[Tool], facet: Facet) -> tuple[str, dict[str, str]]:
    """The clause that says what tells the tools apart, and its words."""
    kind = facet.key.split(":")[0]
    if kind == "parameter":
        return "think_differ_parameter", {"one": with_article(facet.key.partition(":")[2])}
    options = briefly(words, facet, tools) if kind in ("action", "task") else list(facet.options)
    words.rng.shuffle(options)
    if len(options) > _MOST_NAMED and not (kind == "action" and all(len(option.split()) == 1 for option in options)):
        if words.rng.random() < _EXAMPLES:
            one, other = (f"to {option}" if kind in ("action", "task") else option for option in options[:2])
            return "think_many", {"one": one, "other": other, "kinds": number(words, len(options))}
        rest = number(words, len(options) - 2)
        told = words.phrase("think_others", one=options[0], other=options[1], rest=rest)
        return f"think_differ_{kind}", {"options": lowered(told)}
    return f"think_differ_{kind}", {"options": either(options)}


def _left_at_most(facet: Facet, tools: Sequence[Tool]) -> int:
    """How many tools are open after the least telling answer."""
    groups = Counter(facet.answers[tool.name] for tool in tools if tool.name in facet.answers)
    return max(groups.values()) + sum(tool.name not in facet.answers for tool in tools)


def _danger(tools: Sequence[Tool]) -> str:
    """The clause that says what a wrong guess would do."""
    effects = [tool.side_effect for tool in tools]
    if "destructive" in effects:
        return "think_danger_all" if set(effects) == {"destructive"} else "think_danger_one"
    return "think_danger_read" if set(effects) == {"read"} else "think_danger_write"


def _kept(thought: Thought, words: Wording, seen: Situation) -> None:
    """What the user has told already that no tool needs to be known for."""
    labels = list(
        dict.fromkeys(leaf.label for tool in seen.tools for leaf in leaves(tool) if leaf.path in seen.reading.values)
    )
    if len(labels) > 1:
        thought.may("think_kept_many", known=number(words, len(labels)))
    elif labels:
        thought.may("think_kept", **be(labels))


# --- once one tool is left -------------------------------------------------------------------------------------------


def asking_values(words: Wording, seen: Situation, tool: Tool, labels: Sequence[str], rest: int, again: bool) -> str:
    """Why these values are asked for: what the tool needs, what is known, what is still to come."""
    thought = Thought(words)
    _which(thought, words, seen, tool)
    _corrections(thought, words, seen, tool)
    later = [label for label in _put_off(seen, tool) if label not in labels]
    if again:
        thought.must("think_waiting", **be(labels))
        return thought.said({"tool": tool.name})
    _known(thought, words, _required_known(seen, tool), "think_have")
    if later and not is_plural(later[0]):
        thought.may("think_deferred", later=later[0])
    if len(labels) > _MOST_NAMED or (len(labels) > 1 and words.rng.random() < 0.4):
        thought.must("think_missing_many", n=number(words, len(labels) + rest))
    else:
        thought.must("think_missing", **be(labels))
    if rest:
        thought.may("think_rest", rest=number(words, rest))
    elif any(not leaf.required for leaf in leaves(tool)):
        thought.may("think_optional")
    thought.may("think_ask_value")
    return thought.said({"tool": tool.name})


def confirming(words: Wording, seen: Situation, tool: Tool) -> str:
    """Why the call is confirmed before it is made."""
    thought = Thought(words)
    _which(thought, words, seen, tool)
    _corrections(thought, words, seen, tool)
    thought.must("think_confirm")
    return thought.said({"tool": tool.name})


def calling_it(words: Wording, seen: Situation, tool: Tool) -> str:
    """Why the tool can be called now: it is the one left, what it needs is known and from where."""
    thought = Thought(words)
    _which(thought, words, seen, tool)
    _corrections(thought, words, seen, tool)
    if seen.reading.confirmation_asked:
        thought.must("think_confirmed") if seen.reading.confirmed else thought.may("think_ready")
    elif tool.required:
        thought.must("think_ready")
    else:
        thought.must("think_nothing_needed")
    known = [leaf.label for leaf in leaves(tool) if leaf.path in seen.reading.values]
    _known(thought, words, known, "think_source")
    if not seen.reading.confirmation_asked:
        thought.may(f"think_safe_{tool.side_effect}")
    thought.may("think_call")
    return thought.said({"tool": tool.name})


def refusing(words: Wording, seen: Situation) -> str:
    """Why nothing is called."""
    thought = Thought(words)
    if seen.heard:
        thought.must("think_refused" if seen.refused else "think_unsettled")
    else:
        thought.must("think_none")
    thought.may("think_none_why")
    return thought.said()


def _which(thought: Thought, words: Wording, seen: Situation, tool: Tool) -> None:
    """How it is known that this tool is meant."""
    if seen.took_back:
        thought.must("think_back")
    if seen.first:
        thought.may("think_plain")
    elif seen.narrowed:
        thought.must("think_narrowed", task=profile(tool).task)
    else:
        thought.may("think_stays")
    if seen.aside(tool):
        thought.may("think_aside")


def _corrections(thought: Thought, words: Wording, seen: Situation, tool: Tool) -> None:
    labels = seen.corrected(tool)
    if labels:
        thought.must("think_corrected", **be(labels[:1]))


def _known(thought: Thought, words: Wording, labels: Sequence[str], rule: str) -> None:
    if len(labels) > 1:
        thought.may(f"{rule}_many", known=number(words, len(labels)))
    elif labels and not is_plural(labels[0]):
        thought.may(rule, **be(labels))


def _required_known(seen: Situation, tool: Tool) -> list[str]:
    needed = set(tool.required)
    return [leaf.label for leaf in leaves(tool) if leaf.path in seen.reading.values and leaf.keys[0] in needed]


def _put_off(seen: Situation, tool: Tool) -> list[str]:
    return [leaf.label for leaf in leaves(tool) if len(leaf.keys) == 1 and leaf.keys[0] in seen.reading.deferred]


def _names(words: Wording, tools: Sequence[Tool]) -> dict[str, str]:
    """The tools as a thought lists them: all of a few, else two and how many more."""
    names = [tool.name for tool in tools]
    if len(names) > _MOST_NAMED:
        names = [*words.rng.sample(names, 2), f"{number(words, len(names) - 2)} more"]
    return {"names": listed(names), "names_or": listed(names, "or")}

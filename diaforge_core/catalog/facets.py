"""What tells similar operations apart, put as questions that a business user can answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..records.tool import Tool
from .leaves import labels_of
from .profiles import Profile, about, profile
from .words import by_identity, meaning, plain_words, with_article

__all__ = ["Facet", "Profile", "best_facet", "facets", "indistinguishable", "plain_words", "profile"]

_COMFORTABLE_OPTIONS = 5
"""More choices than this in one question are hard to take in."""
_COST = {"action": 0.0, "resource": 0.02, "task": 0.04, "scope": 0.08, "parameter": 0.12, "group": 0.1, "gist": 0.3}
"""How much less welcome each kind of question is, in candidates left open."""

_DANGLING = 0.6
"""The same for "create a new one" where the tools work on different things: one of what?"""
_HALF_SAID = 0.05
"""The same for a question about the thing alone where different actions are possible."""


@dataclass(frozen=True, slots=True)
class Facet:
    """One question that splits a set of tools, and what each tool's user would answer."""

    key: str
    """Stable name of the question, such as `action` or `parameter:email`."""
    question: str
    answers: dict[str, str] = field(hash=False)
    """Tool name → its answer; a tool that is missing here fits every answer."""
    parameter: str = ""
    """The parameter that the question is about, if it is about one."""

    @property
    def options(self) -> tuple[str, ...]:
        """The distinct answers in alphabetical order."""
        return tuple(sorted(set(self.answers.values())))


def either(options: Sequence[str]) -> str:
    """The options as a person lists choices: "a, b or c"."""
    listed = list(options)
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} or {listed[-1]}"


def _splits(answers: dict[str, str]) -> bool:
    return len(set(answers.values())) > 1


def _word_facets(tools: Sequence[Tool]) -> list[Facet]:
    profiles = {tool.name: profile(tool) for tool in tools}
    things = {name: about(item.resource) for name, item in profiles.items() if item.resource}
    scopes = {name: _belongs(item.scope) for name, item in profiles.items()}
    groups = {name: item.group for name, item in profiles.items() if item.group}
    gists = {name: item.gist for name, item in profiles.items() if item.gist}
    drafts = [
        ("action", _action_frame(profiles), {name: item.act for name, item in profiles.items()}),
        ("resource", "Is this about {}?", things),
        ("task", "Do you want to {}?", {name: item.task for name, item in profiles.items()}),
        ("scope", "Is it {}?", scopes),
        ("group", "Which area does this belong to: {}?", groups),
        ("gist", "Which of these fits best: {}?", gists),
    ]
    found: list[Facet] = []
    for key, frame, drafted in drafts:
        answers = _told_apart(drafted)
        if _splits(answers) and not (key == "group" and len(groups) < len(tools)):
            options = sorted(set(answers.values()))
            listed = "; ".join(options) if key == "gist" else either(options)
            found.append(Facet(key, frame.format(listed), answers))
    return found


def _action_frame(profiles: dict[str, Profile]) -> str:
    """The question for an action; it names the thing when all tools share it."""
    shared = {item.resource for item in profiles.values()}
    thing = about(shared.pop()) if len(shared) == 1 else ""
    return f"Regarding {thing}, do you want to {{}}?" if thing else "Do you want to {}?"


def _belongs(scope: str) -> str:
    return f"inside {with_article(scope)}" if scope else "standing on its own"


def _told_apart(answers: dict[str, str]) -> dict[str, str]:
    """The answers with those of one meaning made one, and those of none left out: no listener could tell them apart."""
    heard: dict[frozenset[str], str] = {}
    for answer in sorted(set(answers.values()), key=lambda answer: (len(answer), answer)):
        heard.setdefault(meaning(answer), answer)
    return {name: heard[meaning(answer)] for name, answer in answers.items() if meaning(answer)}


def _parameter_facets(tools: Sequence[Tool]) -> list[Facet]:
    """One yes/no question per value that some tools cannot do without and others do not take."""
    wanted: Counter[str] = Counter()
    for tool in tools:
        labels = labels_of(tool)
        wanted.update(labels[name] for name in tool.required)
    found: list[Facet] = []
    for label in sorted(wanted):
        answers: dict[str, str] = {}
        parameter = ""
        for tool in tools:
            owned = {said: path for path, said in labels_of(tool).items()}
            if label not in owned:
                answers[tool.name] = f"no, there is no {label}"
            elif owned[label] in tool.required:
                answers[tool.name] = f"yes, there is {with_article(label)}"
                parameter = owned[label]
        if _splits(answers):
            question = f"Do you have {with_article(label)} for this?"
            found.append(Facet(f"parameter:{label}", question, answers, parameter))
    return found


@by_identity(4096)
def _facets(tools: Sequence[Tool]) -> tuple[Facet, ...]:
    return tuple(facet for facet in (*_word_facets(tools), *_parameter_facets(tools)))


def facets(tools: Sequence[Tool]) -> tuple[Facet, ...]:
    """Every question that splits these tools, in a fixed order; the same for any order of the tools."""
    return _facets(sorted(tools, key=lambda tool: tool.name))


def left_open(facet: Facet, tools: Sequence[str]) -> float:
    """How many of the tools stay open on average once the question is answered, each being equally likely meant."""
    unanswered = sum(name not in facet.answers for name in tools)
    groups = Counter(facet.answers[name] for name in tools if name in facet.answers)
    known = sum(count * (count + unanswered) for count in groups.values())
    return (known + unanswered * len(tools)) / max(1, len(tools))


def _cost(facet: Facet, tools: Sequence[Tool]) -> float:
    options = len(set(facet.answers.values()))
    crowd = max(0, options - _COMFORTABLE_OPTIONS)
    cost = _COST[facet.key.split(":")[0]] + 0.02 * options + 0.25 * crowd
    if facet.key == "action" and len({profile(tool).resource for tool in tools}) > 1:
        cost += _DANGLING
    elif facet.key == "resource" and len({profile(tool).action for tool in tools}) > 1:
        cost += _HALF_SAID
    return left_open(facet, [tool.name for tool in tools]) + cost


@by_identity(4096)
def _best(tools: Sequence[Tool]) -> Facet | None:
    return min(facets(tools), key=lambda facet: (round(_cost(facet, tools), 6), facet.key), default=None)


def best_facet(tools: Sequence[Tool]) -> Facet | None:
    """The question that leaves the fewest tools open, short and plain ones first; None when nothing separates them."""
    return _best(sorted(tools, key=lambda tool: tool.name))


def information(facet: Facet, tools: Sequence[Tool]) -> float:
    """Bits that the answer tells about which of the tools is meant, each being equally likely."""
    left = left_open(facet, [tool.name for tool in tools])
    return math.log2(len(tools) / left) if tools and left else 0.0


def indistinguishable(a: Tool, b: Tool) -> bool:
    """Whether no question separates the two, so that no one could say which of them is meant."""
    return not any(a.name in facet.answers and b.name in facet.answers for facet in facets((a, b)))

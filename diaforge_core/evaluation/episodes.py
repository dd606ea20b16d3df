"""What each conversation contributes to the metrics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..catalog.ambiguity import RISK, ambiguity
from ..catalog.arguments import byte_equal
from ..catalog.neighbours import to_nearest
from ..conversation.text_statistics import tokens
from ..conversation.verifiers import Case, leaves, question_fault
from ..records.nearness import bin_of
from ..records.scenario import Scenario
from ..records.tool import Catalog, Tool
from ..records.trace import Trace
from .outcomes import calls_of, goal_call, gold_at, grade
from .user_audit import at_fault, case_of

UNDERSTOOD = frozenset({"facet", "options", "arguments", "confirmation"})
"""Kinds of assistant turns that ask something the user could tell."""
LEAST_RISK = min(RISK.values())
"""Weight of a call to a tool that does not exist: it changes nothing, as a reading tool."""


@dataclass(frozen=True, slots=True)
class Episode:
    """What one trace contributes to the metrics."""

    scenario: str
    cluster: str
    tier: str
    candidates: int
    closeness: str
    """Bin of the closeness of the goal tool to the nearest of the other candidates; empty where there is none."""
    dial: str
    side_effect: str
    """Of the goal tool."""
    solvable: bool
    outcome: str
    calls: int
    goal_calls: int
    risk: float
    """Of the worst call to a wrong tool, from 0 (none) to 1 (destructive)."""
    key_precision: float
    key_recall: float
    byte_right: bool
    lucky: bool
    """Whether two or more candidates fitted the words when the goal tool was called."""
    questions: int
    redundant: int
    relevant: int
    """Understood questions that pass the relevance check."""
    understood: int
    choices: int
    """Understood questions that ask which of two or more open tools is meant."""
    gain: float
    """Sum of what each of them gains, from 0 to 1; see `question_gain`."""
    not_understood: int
    extra_turns: int
    words: tuple[str, ...]
    """Word tokens of the assistant's replies."""
    marks: frozenset[str]
    user_at_fault: bool
    """Whether the audit blames the simulated user."""
    fault: str
    """Who is to blame by a person's word, `agent`, `user` or `gold`; else `user` where the audit says so; or empty."""
    simulator: str


def goal_clusters(traces: Iterable[Trace], tools: Mapping[str, Tool]) -> dict[str, str]:
    """Goal tool → first name of its cluster of near-duplicates among the goal tools of these traces."""
    goals = sorted({trace.scenario.goal_tool for trace in traces} & tools.keys())
    if len(goals) < 2:
        return {}
    found = ambiguity(Catalog(name="goal tools", tools=tuple(tools[name] for name in goals)))
    return {name: cluster.tools[0] for cluster in found.clusters for name in cluster.tools}


def episodes_of(
    traces: Iterable[Trace],
    tools: Mapping[str, Tool],
    clusters: Mapping[str, str],
    faults: Mapping[str, str] = MappingProxyType({}),
) -> list[Episode]:
    """One episode a trace, in the same order; a goal tool that `clusters` does not name stands alone.

    `faults` holds who is to blame by a person's word, by the trace's id.
    """
    bins: dict[tuple[str, tuple[str, ...]], str] = {}
    episodes = []
    for trace in traces:
        place = trace.scenario.goal_tool, trace.scenario.candidates
        if place not in bins:
            bins[place] = bin_of(_nearest(trace.scenario, tools))
        episodes.append(_episode(trace, tools, clusters, bins[place], faults.get(trace.id, "")))
    return episodes


def _nearest(scenario: Scenario, tools: Mapping[str, Tool]) -> float | None:
    """Closeness of the goal tool to the nearest of the other candidates; None where one of them is not known."""
    goal, others = scenario.goal_tool, [name for name in scenario.candidates if name != scenario.goal_tool]
    if any(name not in tools for name in (goal, *others)):
        return None
    return to_nearest(tools[goal], [tools[name] for name in others])


def _risk(trace: Trace, tools: Mapping[str, Tool]) -> float:
    """What the worst call to a wrong tool would do, as `RISK` weighs it."""
    wrong = [call.name for call in calls_of(trace) if call.name != trace.scenario.goal_tool]
    return max((RISK[tools[name].side_effect] if name in tools else LEAST_RISK for name in wrong), default=0.0)


def _episode(trace: Trace, tools: Mapping[str, Tool], clusters: Mapping[str, str], near: str, said: str) -> Episode:
    trace = trace if trace.outcome else grade(trace, tools)
    scenario = trace.scenario
    names = dict.fromkeys([*scenario.candidates, scenario.goal_tool])
    case = case_of(trace, [tools[name] for name in names if name in tools])
    found = goal_call(trace) if scenario.solvable else None
    gold = gold_at(trace, found[0], tools[scenario.goal_tool]) if found else {}
    given = found[1].arguments if found else {}
    asked = {index: asked.kind for index, asked in case.asked.items() if asked.kind != "none_fits"}
    understood = [index for index, kind in asked.items() if kind in UNDERSTOOD]
    choices = [index for index in understood if case.asked[index].groups and len(case.open_before(index)) >= 2]
    return Episode(
        scenario=scenario.id,
        cluster=clusters.get(scenario.goal_tool, scenario.goal_tool),
        tier=scenario.tier,
        candidates=len(scenario.candidates),
        closeness=near,
        dial=scenario.dial or "",
        side_effect=tools[scenario.goal_tool].side_effect if scenario.goal_tool in tools else "",
        solvable=scenario.solvable,
        outcome=trace.outcome,
        calls=len(calls_of(trace)),
        goal_calls=int(found is not None),
        risk=_risk(trace, tools),
        key_precision=_overlap(given.keys() & gold.keys(), given.keys()),
        key_recall=_overlap(given.keys() & gold.keys(), gold.keys()),
        byte_right=found is not None and byte_equal(given, gold),
        lucky=found is not None and len(case.open_before(found[0])) >= 2,
        questions=len(asked),
        redundant=sum(_is_redundant(case, index) for index in understood),
        relevant=sum(question_fault(case, index) is None for index in understood),
        understood=len(understood),
        choices=len(choices),
        gain=sum(question_gain(case.open_before(index), case.asked[index].groups) for index in choices),
        not_understood=len(asked) - len(understood),
        extra_turns=len(case.asked) - scenario.questions_needed,
        words=tuple(word for index in case.asked for word in tokens(trace.turns[index].reply)),
        marks=frozenset(mark.kind for mark in trace.audit),
        user_at_fault=at_fault(trace),
        fault=said or ("user" if at_fault(trace) else ""),
        simulator=trace.user,
    )


def question_gain(still_open: Collection[str], groups: Iterable[Collection[str]]) -> float:
    """How many of the open tools the answer rules out on average, over what the best question would: one that leaves
    a single tool whatever is meant (METHOD.md §6, question quality). From 0 to 1; needs two open tools.

    `groups` are the tools that each choice leaves; who means a tool in none of them says so, and leaves all of those.
    """
    tools = set(still_open)
    offered = [tools.intersection(group) for group in groups]
    rest = tools.difference(*offered)
    left = [min((len(group) for group in offered if tool in group), default=len(rest)) for tool in tools]
    return (len(tools) - sum(left) / len(left)) / (len(tools) - 1)


def _overlap(shared: Iterable[str], of: Iterable[str]) -> float:
    """The share of `of` that is shared; 1 where there is nothing to get wrong."""
    whole = len(set(of))
    return len(set(shared)) / whole if whole else 1.0


def _is_redundant(case: Case, index: int) -> bool:
    """Whether the words before turn `index` had settled something that it asks.

    A value that was asked for and deferred is not known, so asking for it again is not redundant.
    """
    asked = case.asked[index]
    if asked.kind in ("facet", "options"):
        return len(case.open_before(index)) < 2
    if asked.kind == "confirmation":
        return any(earlier < index and case.asked[earlier].kind == "confirmation" for earlier in case.asked)
    values = case.readings[index - 1].values
    gold = case.scenario.gold_arguments
    return any(
        name in values or (name in gold and all(path in values for path, _ in leaves(gold[name], name)))
        for name in asked.parameters
    )

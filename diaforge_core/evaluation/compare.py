"""Two assistants on the same scenarios: what separates them, and whether that is more than chance (METHOD.md §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import DataError
from ..records.dialogue import Turn
from ..records.tool import Tool
from ..records.trace import Trace
from .breakdowns import BREAKDOWNS, grouped
from .episodes import Episode, episodes_of, goal_clusters
from .metrics import HEADLINES, METRICS, Metric, units
from .statistics import (
    Interval,
    Unit,
    mcnemar,
    paired_bootstrap,
    paired_difference,
    ratio,
    scenarios_to_decide,
)

DifferenceKind = Literal["asked", "called early", "other tool", "other argument", "user", "ended"]


@dataclass(frozen=True, slots=True)
class Difference:
    """How much larger a metric is for A than for B."""

    value: float
    low: float
    high: float
    p: float
    """Two-sided; the chance of a difference at least this large between equals."""

    @property
    def decided(self) -> bool:
        """Whether the 95 % interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scenario ids by who was right; with several trials a scenario is right if more than half of them are."""

    both_right: tuple[str, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    both_wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What separates A from B on the scenarios that both were evaluated on."""

    difference: dict[str, Difference | None]
    """Metric key → A minus B; None where it was not measured for both."""
    by: dict[str, dict[str, dict[str, Difference | None]]]
    """Breakdown → group → headline metric → A minus B within the group; only groups that occur."""
    verdict: str
    """One or two sentences in plain words."""
    pairs: Pairs
    scenarios: int
    """Scenarios that both were evaluated on."""
    unpaired: int
    """Scenarios that only one of them was evaluated on; they are left out."""
    more_needed: int | None
    """Further scenarios after which the difference in accuracy, if it stays as large, would be seen four times in five.

    0 where it is decided; None where no number of scenarios in reach would decide.
    """


def compare(traces_a: Iterable[Trace], traces_b: Iterable[Trace], tools: Mapping[str, Tool]) -> Comparison:
    """A against B, paired by scenario and trial; refuses (DataError) two sets that share no scenario.

    One trial: exact McNemar p and Newcombe's paired interval for plain yes-or-no metrics. Else, and for other metrics,
    a paired bootstrap over tool clusters. Trials that only one side has are left out.
    """
    list_a, list_b = list(traces_a), list(traces_b)
    shared = {_place(trace) for trace in list_a} & {_place(trace) for trace in list_b}
    if not shared:
        raise DataError(
            "These two sets of traces share no scenario, so they cannot be compared. "
            "Evaluate both models on the same scenarios."
        )
    name_a, name_b = _names(list_a[0], list_b[0])
    all_scenarios = {trace.scenario.id for trace in (*list_a, *list_b)}
    clusters = goal_clusters([*list_a, *list_b], tools)
    a = _paired(list_a, shared, tools, clusters)
    b = _paired(list_b, shared, tools, clusters)
    difference = {key: _difference(metric, a, b) for key, metric in METRICS.items()}
    more = _more_needed(a, b, difference["acc"])
    scenarios = {scenario for scenario, _ in shared}
    return Comparison(
        difference=difference,
        by={name: _within(name, a, b) for name in BREAKDOWNS},
        verdict=_verdict(difference, a, b, (name_a, name_b), more),
        pairs=_pairs(a, b),
        scenarios=len(scenarios),
        unpaired=len(all_scenarios - scenarios),
        more_needed=more,
    )


def first_differing_turn(a: Trace, b: Trace) -> int | None:
    """Index of the first turn whose public words or call differ or that one trace lacks; None if they agree."""
    for index, (one, other) in enumerate(zip(a.turns, b.turns, strict=False)):
        if _public(one) != _public(other):
            return index
    return None if len(a.turns) == len(b.turns) else min(len(a.turns), len(b.turns))


def difference_kind(a: Trace, b: Trace) -> DifferenceKind | None:
    """What the first difference is, told of the side that does worse there; None if the traces agree.

    "called early": one called where the other still asked. "asked": both asked, but not the same, or one asked where
    the other made the right call. "user": the user's words differ. "ended": one had ended.
    """
    index = first_differing_turn(a, b)
    if index is None:
        return None
    if index >= min(len(a.turns), len(b.turns)):
        return "ended"
    one, other = a.turns[index], b.turns[index]
    if one.speaker == "user" or other.speaker == "user":
        return "user"
    if one.call and other.call:
        return "other tool" if one.call.name != other.call.name else "other argument"
    if one.call or other.call:
        caller = a if one.call else b
        return "asked" if caller.outcome == "right" and index == len(caller.turns) - 1 else "called early"
    return "asked"


def _place(trace: Trace) -> tuple[str, int]:
    return trace.scenario.id, trace.trial


def _names(a: Trace, b: Trace) -> tuple[str, str]:
    return (a.assistant, b.assistant) if a.assistant != b.assistant else ("A", "B")


def _paired(
    traces: Sequence[Trace],
    shared: set[tuple[str, int]],
    tools: Mapping[str, Tool],
    clusters: Mapping[str, str],
) -> list[Episode]:
    """The episodes of the shared scenarios and trials, in the order of both so that positions match."""
    latest = {_place(trace): trace for trace in traces if _place(trace) in shared}
    return episodes_of([latest[place] for place in sorted(latest)], tools, clusters)


def _difference(metric: Metric, a: Sequence[Episode], b: Sequence[Episode]) -> Difference | None:
    units_a, units_b = units(metric.key, a), units(metric.key, b)
    one_trial = len({episode.scenario for episode in a}) == len(a)
    plain = metric.binary and one_trial and all(unit.below == 1 for unit in (*units_a.values(), *units_b.values()))
    if plain:
        return _plain_difference([(units_a[name].above, units_b[name].above) for name in units_a])
    return _drawn_difference([units_a[name] for name in units_a], [units_b[name] for name in units_a])


def _within(breakdown: str, a: Sequence[Episode], b: Sequence[Episode]) -> dict[str, dict[str, Difference | None]]:
    """Group → the headline differences on its scenarios."""
    found = {}
    for group, members in grouped(breakdown, a).items():
        scenarios = {episode.scenario for episode in members}
        others = [episode for episode in b if episode.scenario in scenarios]
        found[group] = {key: _difference(METRICS[key], members, others) for key in HEADLINES}
    return found


def _plain_difference(pairs: Sequence[tuple[float, float]]) -> Difference | None:
    """Of yes-or-no outcomes, one trial a scenario."""
    if not pairs:
        return None
    both = sum(one == other == 1 for one, other in pairs)
    only_a = sum(one > other for one, other in pairs)
    only_b = sum(one < other for one, other in pairs)
    interval = paired_difference(both, only_a, only_b, len(pairs) - both - only_a - only_b)
    return Difference((only_a - only_b) / len(pairs), interval.low, interval.high, mcnemar(only_a, only_b))


def _drawn_difference(units_a: Sequence[Unit], units_b: Sequence[Unit]) -> Difference | None:
    """Of means, by paired bootstrap; where draws do not differ, the value alone and the p of a sign test."""
    value_a, value_b = ratio(units_a), ratio(units_b)
    if value_a is None or value_b is None:
        return None
    value = value_a - value_b
    interval, p = paired_bootstrap(units_a, units_b) or (Interval(value, value), _sign_test(units_a, units_b))
    return Difference(value, min(interval.low, value), max(interval.high, value), p)


def _sign_test(units_a: Sequence[Unit], units_b: Sequence[Unit]) -> float:
    """The exact two-sided p of as many scenarios in favour of one side; scenarios without a measure count for none."""
    measured = [(ratio([one]), ratio([other])) for one, other in zip(units_a, units_b, strict=True)]
    pairs = [(one, other) for one, other in measured if one is not None and other is not None]
    return mcnemar(sum(one > other for one, other in pairs), sum(one < other for one, other in pairs))


def _right_shares(episodes: Sequence[Episode]) -> dict[str, float]:
    """Solvable scenario → share of its trials that were right."""
    return {name: unit.above for name, unit in units("acc", episodes).items()}


def _pairs(a: Sequence[Episode], b: Sequence[Episode]) -> Pairs:
    right_a, right_b = _right_shares(a), _right_shares(b)

    def ids(for_a: bool, for_b: bool) -> tuple[str, ...]:
        return tuple(name for name in right_a if (right_a[name] > 0.5, right_b[name] > 0.5) == (for_a, for_b))

    return Pairs(ids(True, True), ids(True, False), ids(False, True), ids(False, False))


def _more_needed(a: Sequence[Episode], b: Sequence[Episode], accuracy: Difference | None) -> int | None:
    if accuracy is None:
        return None
    if accuracy.decided:
        return 0
    right_a, right_b = _right_shares(a), _right_shares(b)
    needed = scenarios_to_decide([right_a[name] - right_b[name] for name in right_a])
    return None if needed is None else max(1, needed - len(right_a))


def _verdict(
    difference: Mapping[str, Difference | None],
    a: Sequence[Episode],
    b: Sequence[Episode],
    names: tuple[str, str],
    more: int | None,
) -> str:
    accuracy = difference["acc"]
    if accuracy is None:
        return _no_tool_verdict(difference["refusal"], names)
    shares_a, shares_b = _right_shares(a), _right_shares(b)
    n = len(shares_a)
    right_a, right_b = sum(shares_a.values()) / n, sum(shares_b.values()) / n
    if not accuracy.decided:
        return _undecided(names, accuracy, right_a, right_b, n, more)
    better, worse, high, low = (*names, right_a, right_b) if accuracy.value > 0 else (*names[::-1], right_b, right_a)
    return (
        f"{better} is right more often than {worse}: {high:.0%} against {low:.0%} of {_scenarios(n)}, "
        f"{_points(accuracy)}.{_false_calls(difference['ftr'], names)}"
    )


def _undecided(
    names: tuple[str, str], accuracy: Difference, right_a: float, right_b: float, n: int, more: int | None
) -> str:
    seen = f"{right_a:.0%} against {right_b:.0%} right on {_scenarios(n)}, {_points(accuracy)}"
    if abs(accuracy.value) < 1e-9:
        advice = "No difference was seen, so no number of scenarios can be named that would decide."
    elif more is None:
        advice = "The difference is too small for any number of scenarios in reach to decide."
    else:
        advice = f"If it stays this large, about {more} more scenarios would decide."
    return f"There is not enough evidence to tell {names[0]} from {names[1]}: {seen}. {advice}"


def _no_tool_verdict(refusal: Difference | None, names: tuple[str, str]) -> str:
    if refusal is None:
        return "There is not enough evidence: no shared scenario was measured for both."
    if not refusal.decided:
        return f"There is not enough evidence to tell {names[0]} from {names[1]} in right refusals: {_points(refusal)}."
    better, worse = names if refusal.value > 0 else names[::-1]
    return f"{better} refuses rightly more often than {worse}: {_points(refusal)}."


def _false_calls(ftr: Difference | None, names: tuple[str, str]) -> str:
    """A second sentence where the number of wrong calls differs for certain."""
    if ftr is None or not ftr.decided:
        return ""
    riskier = names[0] if ftr.value > 0 else names[1]
    return f" {riskier} makes wrong calls more often: {_points(ftr)}."


def _chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _points(difference: Difference) -> str:
    low, high = sorted((abs(difference.low), abs(difference.high)))
    if difference.decided:
        return (
            f"a difference of {abs(difference.value) * 100:.0f} points (95 % interval {low * 100:.0f} to "
            f"{high * 100:.0f}, {_chance(difference.p)})"
        )
    return (
        f"a difference of {difference.value * 100:+.0f} points (95 % interval {difference.low * 100:+.0f} to "
        f"{difference.high * 100:+.0f})"
    )


def _scenarios(n: int) -> str:
    return f"{n} scenario" if n == 1 else f"{n} scenarios"


def _public(turn: Turn) -> tuple[object, ...]:
    """What the other side sees of a turn."""
    return turn.speaker, turn.reply, turn.call.name if turn.call else None, turn.call and turn.call.arguments

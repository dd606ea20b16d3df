"""Every metric of METHOD.md §4, each with its interval, over graded traces."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..conversation.text_statistics import moving_average_ttr, ngram_diversity, type_token_ratio
from ..errors import DataError
from ..records.tool import Tool
from ..records.trace import Trace
from .breakdowns import BREAKDOWNS, grouped
from .episodes import Episode, episodes_of, goal_clusters
from .outcomes import NO_TOOL_OUTCOMES, OUTCOMES
from .statistics import Z95, Unit, cluster_bootstrap, pass_k, ratio, wilson

About = Literal["solvable", "no_tool", "all"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a number means."""

    key: str
    title: str
    description: str
    """One sentence for reports and help texts; says over what it is counted."""
    better: Literal["high", "low"]
    about: About
    """The scenarios in its denominator: with a right tool in view, without one, or both."""
    share: bool = True
    """Whether it lies between 0 and 1."""
    binary: bool = False
    """Whether each scenario of one trial is a plain yes or no, so that Wilson's interval applies."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    """Equal to the value where no two scenarios differ and the number is no share."""
    high: float
    n: int
    """Scenarios it is measured on."""


NOT_THE_MODELS = frozenset({"user", "gold"})
"""Faults that are not the assistant's."""
Values = dict[str, Estimate | None]
"""Metric key → its estimate; None where it was not measured."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """What a set of traces shows about one assistant."""

    values: Values
    outcomes: dict[str, int]
    """Episodes with a right tool in view by outcome; every outcome is a key, and they add up to all those episodes."""
    no_tool_outcomes: dict[str, int]
    """The same for episodes without a right tool in view."""
    by: dict[str, dict[str, Values]]
    """Breakdown (see `BREAKDOWNS`) → group → numbers; only groups that occur, the corpus-level numbers left out."""
    byte_strict_acc: Estimate | None
    """Accuracy when arguments must equal the gold ones to the byte."""
    pass_k_by_k: dict[int, float]
    """pass^k for each k up to the number of trials."""
    without_user_faults: Values
    """`values` without the episodes in which the audit blames the simulated user."""
    without_faults: Values
    """`values` without the episodes whose fault is the user's or the gold data's; a person's word outdoes the audit."""
    blamed: dict[str, int]
    """Who is to blame → episodes, by people's word or else the audit's."""
    user_faults: dict[str, int]
    """Episodes with at least one mark of the user's audit, by kind."""
    not_understood: int
    """Assistant turns whose question the scripted user could not understand."""
    scenarios: int
    episodes: int
    trials: int
    """The most trials that a scenario has."""
    simulators: tuple[str, ...]
    """Families of simulated users in the traces."""


METRICS: dict[str, Metric] = {
    metric.key: metric
    for metric in (
        Metric("acc", "Accuracy", "Share of episodes whose final call is the right tool with the right arguments.",
               "high", "solvable", binary=True),
        Metric("tool_accuracy", "Tool accuracy", "Share of episodes whose final call names the right tool.",
               "high", "solvable", binary=True),
        Metric("ftr", "False calls", "Share of episodes with any call to a wrong tool.",
               "low", "solvable", binary=True),
        Metric("risk", "Risk of false calls", "Mean weight of the worst wrong call of an episode: 1 where it destroys, "
               "0.8 where it writes, 0.4 where it reads or the tool does not exist, 0 without one.", "low", "solvable"),
        Metric("tar", "Abstention", "Share of episodes without a call though one was right.",
               "low", "solvable", binary=True),
        Metric("tcp", "Call precision", "Calls to the right tool over all calls.", "high", "solvable"),
        Metric("tcr", "Call recall", "Episodes that call the right tool over all episodes.",
               "high", "solvable", binary=True),
        Metric("pkp", "Argument precision", "Share of the given argument names that belong, where the right tool is "
               "called.", "high", "solvable"),
        Metric("pkr", "Argument recall", "Share of the needed argument names that are given, where the right tool is "
               "called.", "high", "solvable"),
        Metric("conv_rel", "Relevant questions", "Share of the understood questions that separate tools still open, "
               "ask for a missing required value or are the one confirmation.", "high", "solvable"),
        Metric("gain", "Question gain", "Of the tools still open, the share that an answer to a question which names "
               "choices rules out on average, over that of the best question.", "high", "solvable"),
        Metric("conv_rel_judge", "Relevant questions, judged", "The same by a judge model; not measured without one.",
               "high", "solvable"),
        Metric("ttr", "Type-token ratio", "Distinct words over all words of the assistant; falls with length.",
               "high", "all"),
        Metric("mattr", "Moving type-token ratio", "Mean type-token ratio over runs of 100 words.", "high", "all"),
        Metric("ngd", "N-gram diversity", "Distinct over all n-grams of the assistant's words, n = 1 to 4.",
               "high", "all"),
        Metric("pass_k", "All trials right", "Chance that all trials of a scenario are right (pass^k, k = trials).",
               "high", "solvable"),
        Metric("refusal", "Right refusals", "Share of scenarios without a right tool in which it said that none fits.",
               "high", "no_tool", binary=True),
        Metric("wrong_call", "Calls though none fits", "Share of scenarios without a right tool with any call.",
               "low", "no_tool", binary=True),
        Metric("questions", "Questions", "Questions asked per episode.", "low", "solvable", share=False),
        Metric("redundant", "Redundant questions", "Questions per episode that ask what the words had settled.",
               "low", "solvable", share=False),
        Metric("effort", "Extra turns", "Assistant turns before the right call, beyond the fewest that the scenario "
               "needs.", "low", "solvable", share=False),
        Metric("lucky", "Lucky calls", "Share of the right calls made while two or more tools still fitted the words.",
               "low", "solvable", binary=True),
    )
}  # fmt: skip
"""Metric key → what it means, in the order of reports."""
ALIASES: dict[str, str] = {"success_rate": "acc", "false_positives": "ftr", "abstention_rate": "tar"}
"""Names of the project's brief → metric key."""


def metric(name: str) -> Metric:
    """The metric of this key or alias; DataError that lists the known names if there is none."""
    found = METRICS.get(ALIASES.get(name, name))
    if found is None:
        raise DataError(unknown_metrics([name]))
    return found


def unknown_metrics(names: Sequence[str]) -> str:
    """The message for names that are no metric."""
    known = ", ".join([*METRICS, *ALIASES])
    plural = "is not a metric" if len(names) == 1 else "are not metrics"
    return f"{', '.join(repr(name) for name in names)} {plural}. Known: {known}."


def measure(
    traces: Iterable[Trace], tools: Mapping[str, Tool], faults: Mapping[str, str] = MappingProxyType({})
) -> Measurements:
    """All numbers of these traces of one assistant; ungraded ones are graded first.

    `tools` holds the catalog's tools by name; `faults` who is to blame by a person's word (`agent`, `user`, `gold`), by
    the trace's id. Intervals: Wilson's for a yes or no per scenario with one trial, else a
    bootstrap over clusters of near-duplicate goal tools (METHOD.md §4 "Trials and intervals").
    """
    listed = list(traces)
    episodes = episodes_of(listed, tools, goal_clusters(listed, tools), faults)
    blameless = [episode for episode in episodes if not episode.user_at_fault]
    fair = [episode for episode in episodes if episode.fault not in NOT_THE_MODELS]
    trials = Counter(episode.scenario for episode in episodes)
    return Measurements(
        values=_values(episodes) | _corpus_values(episodes),
        outcomes=_counted(episodes, OUTCOMES, solvable=True),
        no_tool_outcomes=_counted(episodes, NO_TOOL_OUTCOMES, solvable=False),
        by={
            name: {group: _values(members) for group, members in grouped(name, episodes).items()} for name in BREAKDOWNS
        },
        byte_strict_acc=_estimate(_BYTE_STRICT, episodes, lambda episode: (float(episode.byte_right), 1.0)),
        pass_k_by_k=_pass_k_by_k(episodes),
        without_user_faults=_values(blameless) | _corpus_values(blameless),
        without_faults=_values(fair),
        blamed=dict(sorted(Counter(episode.fault for episode in episodes if episode.fault).items())),
        user_faults=dict(sorted(Counter(kind for episode in episodes for kind in episode.marks).items())),
        not_understood=sum(episode.not_understood for episode in episodes),
        scenarios=len(trials),
        episodes=len(episodes),
        trials=max(trials.values(), default=0),
        simulators=tuple(sorted({episode.simulator for episode in episodes})),
    )


HEADLINES = ("acc", "tool_accuracy", "ftr", "risk", "tar", "refusal", "wrong_call")
"""What is told of a baseline, or of a difference within a group."""


def headlines(traces: Iterable[Trace], tools: Mapping[str, Tool]) -> Values:
    """The headline numbers of these traces alone."""
    listed = list(traces)
    return _values(episodes_of(listed, tools, goal_clusters(listed, tools)), HEADLINES)


Parts = tuple[float, float]
"""What an episode adds above and below the line of a ratio."""

_PARTS: dict[str, Callable[[Episode], Parts]] = {
    "acc": lambda e: (float(e.outcome == "right"), 1.0),
    "tool_accuracy": lambda e: (float(e.goal_calls > 0), 1.0),
    "ftr": lambda e: (float(e.calls > e.goal_calls), 1.0),
    "risk": lambda e: (e.risk, 1.0),
    "tar": lambda e: (float(e.outcome in ("turn_limit", "abstained")), 1.0),
    "tcp": lambda e: (float(e.goal_calls), float(e.calls)),
    "tcr": lambda e: (float(e.goal_calls > 0), 1.0),
    "pkp": lambda e: (e.key_precision * e.goal_calls, float(e.goal_calls)),
    "pkr": lambda e: (e.key_recall * e.goal_calls, float(e.goal_calls)),
    "conv_rel": lambda e: (float(e.relevant), float(e.understood)),
    "gain": lambda e: (e.gain, float(e.choices)),
    "refusal": lambda e: (float(e.outcome == "refused"), 1.0),
    "wrong_call": lambda e: (float(e.outcome == "wrong_call"), 1.0),
    "questions": lambda e: (float(e.questions), 1.0),
    "redundant": lambda e: (float(e.redundant), 1.0),
    "effort": lambda e: (float(e.extra_turns), 1.0) if e.outcome == "right" else (0.0, 0.0),
    "lucky": lambda e: (float(e.lucky), 1.0) if e.outcome == "right" else (0.0, 0.0),
}
_BYTE_STRICT = Metric("byte_strict_acc", "", "", "high", "solvable", binary=True)


def units(key: str, episodes: Sequence[Episode]) -> dict[str, Unit]:
    """Scenario → what it contributes to the metric, as means over its trials; empty where that is not defined."""
    if key == "pass_k":
        return _all_right_units(episodes)
    return _units(METRICS[key], episodes, _PARTS[key]) if key in _PARTS else {}


def _units(metric: Metric, episodes: Sequence[Episode], parts: Callable[[Episode], Parts]) -> dict[str, Unit]:
    by_scenario: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        if metric.about == "all" or episode.solvable == (metric.about == "solvable"):
            by_scenario[episode.scenario].append(episode)
    out: dict[str, Unit] = {}
    for name, trials in by_scenario.items():
        above, below = zip(*(parts(episode) for episode in trials), strict=True)
        out[name] = Unit(trials[0].cluster, math.fsum(above) / len(trials), math.fsum(below) / len(trials))
    return out


def _values(episodes: Sequence[Episode], keys: Sequence[str] = tuple(METRICS)) -> Values:
    """Every metric among `keys` that is a ratio over scenarios, in their order."""
    out: Values = {}
    for key in keys:
        metric = METRICS[key]
        if key == "pass_k":
            out[key] = _all_trials_right(episodes)
        elif key in _PARTS:
            out[key] = _estimate(metric, episodes, _PARTS[key])
        elif metric.about != "all":
            out[key] = None
    return out


def _estimate(metric: Metric, episodes: Sequence[Episode], parts: Callable[[Episode], Parts]) -> Estimate | None:
    found = [unit for unit in _units(metric, episodes, parts).values() if unit.below]
    one_trial = len({episode.scenario for episode in episodes}) == len(episodes)
    return _with_interval(metric, found, plain=metric.binary and one_trial)


def _with_interval(metric: Metric, found: Sequence[Unit], *, plain: bool) -> Estimate | None:
    """The ratio with Wilson's interval where each scenario is a yes or no, else with a bootstrap over tool clusters.

    Where a bootstrap sees no spread (all alike), a share gets Wilson's interval over its scenarios.
    """
    value = ratio(found)
    if value is None:
        return None
    interval = None if plain else cluster_bootstrap(found)
    if interval is None and metric.share:
        interval = wilson(value * len(found), len(found))
    low, high = (interval.low, interval.high) if interval else (value, value)
    return Estimate(value, min(low, value), max(high, value), len(found))


def _all_trials_right(episodes: Sequence[Episode]) -> Estimate | None:
    found = list(_all_right_units(episodes).values())
    return _with_interval(METRICS["pass_k"], found, plain=all(unit.above in (0, 1) for unit in found))


def _all_right_units(episodes: Sequence[Episode]) -> dict[str, Unit]:
    """pass^k of each scenario, k being the fewest trials that a scenario has."""
    counts = _successes(episodes)
    k = min((n for _, n, _ in counts.values()), default=0)
    return {name: Unit(cluster, pass_k(n, c, k), 1.0) for name, (c, n, cluster) in counts.items()}


def _pass_k_by_k(episodes: Sequence[Episode]) -> dict[int, float]:
    counts = _successes(episodes).values()
    trials = min((n for _, n, _ in counts), default=0)
    return {k: math.fsum(pass_k(n, c, k) for c, n, _ in counts) / len(counts) for k in range(1, trials + 1)}


def _successes(episodes: Sequence[Episode]) -> dict[str, tuple[int, int, str]]:
    """Scenario with a right tool in view → right trials, trials, cluster."""
    by_scenario: dict[str, list[Episode]] = defaultdict(list)
    for episode in episodes:
        if episode.solvable:
            by_scenario[episode.scenario].append(episode)
    return {
        name: (sum(episode.outcome == "right" for episode in trials), len(trials), trials[0].cluster)
        for name, trials in by_scenario.items()
    }


_CORPUS: dict[str, Callable[[Sequence[str]], float]] = {
    "ttr": type_token_ratio,
    "mattr": moving_average_ttr,
    "ngd": ngram_diversity,
}
_FOLDS = 10
"""Parts of the delete-a-group jackknife."""


def _corpus_values(episodes: Sequence[Episode]) -> Values:
    """Numbers that a text has as a whole, with a jackknife interval: resampling would repeat words and lower them."""
    by_scenario: dict[str, list[str]] = defaultdict(list)
    for episode in episodes:
        by_scenario[episode.scenario] += episode.words
    texts = [words for words in by_scenario.values() if words]
    return {key: _jackknifed(number, texts) for key, number in _CORPUS.items()}


def _jackknifed(number: Callable[[Sequence[str]], float], texts: Sequence[list[str]]) -> Estimate | None:
    if not texts:
        return None
    folds = min(_FOLDS, len(texts))
    value = number([word for text in texts for word in text])
    left_out = (
        [
            number([word for place, text in enumerate(texts) if place % folds != fold for word in text])
            for fold in range(folds)
        ]
        if folds > 1
        else [value]
    )
    mean = math.fsum(left_out) / len(left_out)
    error = math.sqrt((folds - 1) / folds * math.fsum((each - mean) ** 2 for each in left_out))
    return Estimate(value, max(0.0, value - Z95 * error), min(1.0, value + Z95 * error), len(texts))


def _counted(episodes: Sequence[Episode], outcomes: Sequence[str], *, solvable: bool) -> dict[str, int]:
    seen = Counter(episode.outcome for episode in episodes if episode.solvable == solvable)
    return {outcome: seen[outcome] for outcome in outcomes}
